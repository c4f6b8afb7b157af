package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"kubelite/client"
	"kubelite/cluster"
	"kubelite/lab"
)

// components lets a lab stop and start what the profile runs.
type components struct{ profile cluster.Profile }

func (c components) Stop(ctx context.Context, name string) error {
	return cluster.StopComponent(ctx, c.profile, name)
}

func (c components) Start(ctx context.Context, name string) error {
	return cluster.StartComponent(ctx, c.profile, name)
}

// labSession is the lab that the arguments name, or the one that was started last, on the cluster that the flags name.
func labSession(cmd *cobra.Command, c *client.Client, args []string) (*lab.Session, error) {
	l, err := chosenLab(cmd.Context(), c, args)
	if err != nil {
		return nil, err
	}
	p, err := cluster.FlaggedProfile(cmd)
	if err != nil {
		return nil, err
	}
	// Programs of learners use kubectl-lite, and solutions are kubelite itself: both are found beside this one, if nowhere else.
	if self, err := os.Executable(); err == nil {
		if err := os.Setenv("PATH", os.Getenv("PATH")+string(os.PathListSeparator)+filepath.Dir(self)); err != nil {
			return nil, err
		}
	}
	admin, err := client.LoadKubeconfig(p.Kubeconfig(), "")
	if err != nil {
		return nil, err
	}
	return &lab.Session{Client: c, Lab: l, Place: lab.Place{
		Components: components{p}, Dir: p.Path("labs", l.Name), Server: admin.Server, CA: admin.CAData,
	}}, nil
}

// beforeDash is a lab's name, if there is one, and the command after "--".
func beforeDash(cmd *cobra.Command, args []string) (name, command []string, err error) {
	at := cmd.ArgsLenAtDash()
	if at < 0 {
		at = len(args)
	}
	if name, command = args[:at], args[at:]; len(name) > 1 {
		return nil, nil, fmt.Errorf("one lab at a time, and your program's command after --: %v", args)
	}
	return name, command, nil
}

func checkCommand() *cobra.Command {
	var faults bool
	var only string
	cmd := cluster.ClientCommand("check [NAME] [-- COMMAND...]", "Tell what is done and what is not, of the lab that was started last or the one named", lab.Agent, cobra.ArbitraryArgs,
		func(cmd *cobra.Command, c *client.Client, args []string) error {
			name, command, err := beforeDash(cmd, args)
			if err != nil {
				return err
			}
			s, err := labSession(cmd, c, name)
			if err != nil {
				return err
			}
			if s.Lab.Program != nil {
				return tryProgram(cmd.Context(), s, command, faults, only, cmd.OutOrStdout())
			}
			if faults || only != "" || len(command) > 0 {
				return fmt.Errorf("lab %s wants no program: kubelite lab check %s", s.Lab.Name, s.Lab.Name)
			}
			return checkLab(cmd.Context(), s, cmd.OutOrStdout())
		})
	cmd.Long = cmd.Short + `.

In a lab of the sort "write" it lets the lab's steps happen and judges what your program makes of them. After -- comes the
command that starts it; without one it is a program that you have started yourself (kubelite lab run).`
	cmd.Flags().BoolVar(&faults, "faults", false, `of a lab of the sort "write": not only when all goes well, but also with stale reads, missed events, crashes, and a second copy`)
	cmd.Flags().StringVar(&only, "only", "", "one of these alone: basic, late, stale, missed, crash, twice")
	cmd.Example = "  kubelite lab check\n  kubelite lab check own-scheduler -- python3 scheduler.py\n  kubelite lab check --faults -- python3 scheduler.py"
	cmd.ValidArgsFunction = completeLabs
	return cmd
}

func runCommand() *cobra.Command {
	cmd := cluster.ClientCommand("run [NAME] -- COMMAND...", "Run your program in the place of the component, in the foreground", lab.Agent, cobra.MinimumNArgs(1),
		func(cmd *cobra.Command, c *client.Client, args []string) error {
			name, command, err := beforeDash(cmd, args)
			if err != nil {
				return err
			}
			if len(command) == 0 {
				return errors.New("say how your program is started, after --: kubelite lab run -- python3 scheduler.py")
			}
			s, err := labSession(cmd, c, name)
			if err != nil {
				return err
			}
			if s.Lab.Program == nil {
				return fmt.Errorf("lab %s wants no program", s.Lab.Name)
			}
			program := exec.CommandContext(cmd.Context(), command[0], command[1:]...) //nolint:gosec // the learner's own
			program.Env = append(os.Environ(), s.Environment(1)...)
			program.Stdin, program.Stdout, program.Stderr = cmd.InOrStdin(), cmd.OutOrStdout(), cmd.ErrOrStderr()
			return program.Run()
		})
	cmd.Example = "  kubelite lab run -- python3 scheduler.py\n  kubelite lab run own-scheduler -- kubectl-lite auth whoami"
	cmd.ValidArgsFunction = completeLabs
	return cmd
}

// explainProgram tells the story of a lab that wants a program, what that finds, and how it is tried.
func explainProgram(s *lab.Session, out io.Writer) error {
	fmt.Fprintf(out, "%s\n---\n", s.Lab.Story)
	if replaced := s.Lab.Program.Replaces; len(replaced) > 0 {
		fmt.Fprintf(out, "Stopped until kubelite lab remove: %s.\n", strings.Join(replaced, ", "))
	}
	fmt.Fprintf(out, "Your program may be written in any language. To the API server it is %s. It finds in its environment:\n\n", s.Lab.Program.User)
	for _, variable := range s.Environment(1) {
		fmt.Fprintf(out, "    %s\n", variable)
	}
	_, err := fmt.Fprintf(out, `
First requests, with a shell in the program's place:

    kubelite lab run -- sh -c 'curl -s --cacert $LAB_CA --cert $LAB_CERT --key $LAB_KEY $LAB_SERVER/api/v1/pods'
    kubelite lab run -- kubectl-lite auth can-i --list

And then:

    kubelite lab check -- COMMAND            starts your program, lets things happen in the namespace %[1]s-basic, judges, ends it
    kubelite lab check --faults -- COMMAND   the same while things go wrong, one after the other
    kubelite lab hint, solution, reset, remove
`, s.Lab.Namespace())
	return err
}

// tryProgram tries the learner's program: when all goes well, and then, if that is wanted, with one fault after the other.
func tryProgram(ctx context.Context, s *lab.Session, command []string, faults bool, only string, out io.Writer) error {
	if err := s.Started(ctx); err != nil {
		return err
	}
	passed, tried := 0, 0
	all := s.Lab.Circumstances()
	for _, c := range all {
		if only != "" && c.Name != only || only == "" && !faults && c.Name != "basic" {
			continue
		}
		tried++
		fmt.Fprintf(out, "%s: %s\n", c.Name, c.Title)
		trial, err := s.Try(ctx, c, command)
		if err != nil {
			return fmt.Errorf("%s: %w", c.Name, err)
		}
		fmt.Fprint(out, report(trial.Outcome))
		if trial.Outcome.Solved() {
			passed++
			continue
		}
		return failedTrial(s, trial, out)
	}
	switch {
	case tried == 0:
		return fmt.Errorf("lab %s has no %q; it has %s", s.Lab.Name, only, circumstanceNames(all))
	case passed == len(all):
		if err := s.NoteSolved(ctx); err != nil {
			return err
		}
		return congratulate(s, out)
	}
	_, err := fmt.Fprintf(out, "\nThat works. Does it with faults, too? kubelite lab check --faults -- COMMAND (%s)\n", circumstanceNames(all))
	return err
}

func circumstanceNames(all []lab.Circumstance) string {
	var names []string
	for _, c := range all {
		names = append(names, c.Name)
	}
	return strings.Join(names, ", ")
}

// failedTrial shows what happened: the timeline here and as a page.
func failedTrial(s *lab.Session, trial *lab.Trial, out io.Writer) error {
	fmt.Fprintln(out)
	if err := trial.Timeline.WriteText(out); err != nil {
		return err
	}
	page := filepath.Join(s.Place.Dir, "timeline-"+trial.Circumstance.Name+".html")
	f, err := os.OpenFile(page, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	if err := errors.Join(trial.Timeline.WriteHTML(f), f.Close()); err != nil {
		return err
	}
	fmt.Fprintf(out, "\nAll of it, with reasons: %s\n", page)
	if output := s.ProgramOutput(1); output != "" {
		fmt.Fprintf(out, "What your program said: %s\n", output)
	}
	if hint := strings.TrimSpace(trial.Outcome.Hint); hint != "" {
		fmt.Fprintf(out, "Hint: %s\n", hint)
	}
	return fmt.Errorf("lab %s: your program does not pass when %s", s.Lab.Name, trial.Circumstance.Title)
}
