package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"kubelite/client"
	"kubelite/cluster"
	"kubelite/lab"
)

// setUpTimeout is how long the set-up of a lab may take until it has come to rest: images may have to be fetched.
const setUpTimeout = 3 * time.Minute

// labCommand is about the labs: what there are, and one of them on the cluster at hand.
func labCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "lab", Short: "Learn by doing: tasks on your cluster, checked as you go", Args: cobra.NoArgs,
		Example: "  kubelite lab list\n  kubelite lab start first-pod\n  kubelite lab check",
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	list := cluster.ClientCommand("list", "Show which labs there are, and which you have started", "kubelite lab", cobra.NoArgs, func(cmd *cobra.Command, c *client.Client, _ []string) error {
		return listLabs(cmd.Context(), c, cmd.OutOrStdout())
	})
	list.Example = "  kubelite lab list"
	report := cluster.ClientCommand("report", "Write as JSON which labs were started and solved, and when", "kubelite lab", cobra.NoArgs, func(cmd *cobra.Command, c *client.Client, _ []string) error {
		return reportLabs(cmd.Context(), c, cmd.OutOrStdout())
	})
	report.Example = "  kubelite lab report > progress.json"
	cmd.AddCommand(list, report)

	action := func(name, short, example string, run func(ctx context.Context, s *lab.Session, out io.Writer) error) {
		use, args := name+" [NAME]", cobra.MaximumNArgs(1)
		if name == "start" {
			use, args = name+" NAME", cobra.ExactArgs(1)
		}
		c := cluster.ClientCommand(use, short, "kubelite lab", args, func(cmd *cobra.Command, c *client.Client, args []string) error {
			l, err := chosenLab(cmd.Context(), c, args)
			if err != nil {
				return err
			}
			return run(cmd.Context(), &lab.Session{Client: c, Lab: l}, cmd.OutOrStdout())
		})
		c.Example, c.ValidArgsFunction = "  "+example, completeLabs
		cmd.AddCommand(c)
	}
	action("start", "Set a lab up on the cluster, in a namespace of its own, and tell its story", "kubelite lab start first-pod", startLab)
	action("check", "Tell what is done and what is not, of the lab that was started last or the one named", "kubelite lab check", checkLab)
	action("hint", "Give a hint that fits what is there now", "kubelite lab hint", func(ctx context.Context, s *lab.Session, out io.Writer) error {
		outcome, err := s.Check(ctx)
		if err != nil {
			return err
		}
		hint := outcome.Hint
		switch {
		case outcome.Solved():
			hint = "You have solved it: there is nothing left to hint at."
		case hint == "":
			hint = "No hint fits. Read the task again: kubelite lab solution shows a way."
		}
		_, err = fmt.Fprintln(out, strings.TrimSpace(hint))
		return err
	})
	action("solution", "Show commands that solve a lab", "kubelite lab solution first-pod", func(_ context.Context, s *lab.Session, out io.Writer) error {
		_, err := io.WriteString(out, s.Lab.Solution)
		return err
	})
	action("reset", "Remove what a lab has on the cluster, and set it up again", "kubelite lab reset", func(ctx context.Context, s *lab.Session, out io.Writer) error {
		if err := s.Remove(ctx); err != nil {
			return err
		}
		return startLab(ctx, s, out)
	})
	action("remove", "Remove what a lab has on the cluster; that it was solved stays known", "kubelite lab remove first-pod", func(ctx context.Context, s *lab.Session, out io.Writer) error {
		ctx, cancel := context.WithTimeout(ctx, setUpTimeout)
		defer cancel()
		if err := s.Remove(ctx); err != nil {
			return err
		}
		_, err := fmt.Fprintf(out, "Removed lab %s.\n", s.Lab.Name)
		return err
	})
	action("watch", "Check again whenever something changes in the lab, until it is solved", "kubelite lab watch", watchLab)
	return cmd
}

// chosenLab is the lab that is named, else the one that was started last.
func chosenLab(ctx context.Context, c *client.Client, args []string) (*lab.Lab, error) {
	all, err := lab.All()
	if err != nil {
		return nil, err
	}
	if len(args) > 0 {
		return lab.Named(all, args[0])
	}
	running, err := lab.Running(ctx, c)
	if err != nil {
		return nil, err
	}
	if len(running) == 0 {
		return nil, fmt.Errorf("no lab has been started: kubelite lab list shows which there are")
	}
	return lab.Named(all, running[0])
}

func completeLabs(_ *cobra.Command, args []string, prefix string) (fitting []cobra.Completion, _ cobra.ShellCompDirective) {
	all, err := lab.All()
	if err != nil || len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp // a shell has no place for an error
	}
	for _, l := range all {
		if strings.HasPrefix(l.Name, prefix) {
			fitting = append(fitting, l.Name)
		}
	}
	return fitting, cobra.ShellCompDirectiveNoFileComp
}

func listLabs(ctx context.Context, c *client.Client, out io.Writer) error {
	all, err := lab.All()
	if err != nil {
		return err
	}
	report, err := lab.NewReport(ctx, c, all)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(out, 0, 8, 3, ' ', 0)
	fmt.Fprintln(w, "NAME\tSORT\tSTATE\tNEEDS\tWHAT IT TEACHES")
	for i, l := range all {
		state := report.Labs[i].State
		if state == lab.NotStarted {
			state = ""
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", l.Name, l.Sort, state, l.Needs, l.Teaches)
	}
	return w.Flush()
}

func reportLabs(ctx context.Context, c *client.Client, out io.Writer) error {
	all, err := lab.All()
	if err != nil {
		return err
	}
	report, err := lab.NewReport(ctx, c, all)
	if err != nil {
		return err
	}
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(report)
}

func startLab(ctx context.Context, s *lab.Session, out io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, setUpTimeout)
	defer cancel()
	if err := s.Start(ctx); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, `%s
---
All of this is in the namespace %[2]s. To save typing -n %[2]s with every command:

    kubectl-lite config set-context --current --namespace %[2]s

Then: kubelite lab check, hint, solution, reset; and best from now on, in a second terminal: kubelite lab watch.
`, s.Lab.Story, s.Lab.Namespace())
	return err
}

func checkLab(ctx context.Context, s *lab.Session, out io.Writer) error {
	outcome, err := s.Check(ctx)
	if err != nil {
		return err
	}
	fmt.Fprint(out, report(outcome))
	if outcome.Solved() {
		return congratulate(s, out)
	}
	failed := 0
	for _, r := range outcome.Results {
		if !r.Passed {
			failed++
		}
	}
	return fmt.Errorf("lab %s: %d of %d checks fail; kubelite lab hint helps", s.Lab.Name, failed, len(outcome.Results))
}

// watchLab prints what the checks say whenever they say something else than before.
func watchLab(ctx context.Context, s *lab.Session, out io.Writer) error {
	said := ""
	err := s.Watch(ctx, func(outcome *lab.Outcome) bool {
		if text := report(outcome); text != said {
			said = text
			fmt.Fprintf(out, "%s\n%s\n", time.Now().Format(time.TimeOnly), text)
		}
		return outcome.Solved()
	})
	if err != nil {
		return ended(err)
	}
	return congratulate(s, out)
}

// report is a line for each check.
func report(outcome *lab.Outcome) string {
	var b strings.Builder
	for _, r := range outcome.Results {
		mark := "✗"
		if r.Passed {
			mark = "✓"
		}
		fmt.Fprintf(&b, " %s %s\n", mark, r.Message)
		if r.Found != "" {
			fmt.Fprintf(&b, "     %s\n", r.Found)
		}
	}
	if outcome.Missed {
		b.WriteString("   (For some time nobody looked, and the API server keeps history for five minutes only: what happened then is not known.\n" +
			"    kubelite lab watch, in a second terminal, looks all the time.)\n")
	}
	return b.String()
}

func congratulate(s *lab.Session, out io.Writer) error {
	_, err := fmt.Fprintf(out, "\nSolved.\n\n%s\n---\nTo clean up: kubelite lab remove %s\n", s.Lab.Debrief, s.Lab.Name)
	return err
}
