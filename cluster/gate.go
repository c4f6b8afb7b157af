package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"kubelite/api"
	"kubelite/client"
)

// The commands of the gate, a debugger for control loops: pause WHAT, break, held, step and resume. What they mean by WHAT is
// in gate_choice.go; what they ask the API server for, in client/gate.go.

const whatWords = `WHAT says who, what and how, in any order: a component or a control loop (scheduler, kubelet-node-1, deployment-controller), a type
of objects or one of them (pods, deployment/web), and verbs (create, update, patch, delete). All of these must fit.`

// gateCommand makes a command that talks with the gate.
func gateCommand(use, short string, run func(cmd *cobra.Command, c *client.Client, args []string) error) *cobra.Command {
	return ClientCommand(use, short, "kubelite", cobra.ArbitraryArgs, run)
}

// holdCommand makes pause also hold writes, if it is told which.
func holdCommand(freeze *cobra.Command) *cobra.Command {
	var flags choiceFlags
	var condition, format string
	hold := gateCommand("", "", func(cmd *cobra.Command, c *client.Client, args []string) error {
		if err := checkOutput(format); err != nil {
			return err
		}
		ch, err := readChoice(cmd.Context(), c, args, &flags)
		if err != nil {
			return err
		}
		if cmd.Flags().Changed("namespaces") {
			ch.namespaces, _ = cmd.Flags().GetStringSlice("namespaces") // it is one of pause's own flags
		}
		rules, err := addRules(cmd.Context(), c, ch, api.GateRule{Condition: condition})
		if err != nil {
			return err
		}
		if format == "json" {
			return printJSON(cmd.OutOrStdout(), rules)
		}
		for i := range rules {
			fmt.Fprintf(cmd.OutOrStdout(), "rule %d holds %s\n", rules[i].ID, describedRule(&rules[i]))
		}
		_, err = fmt.Fprintln(cmd.OutOrStdout(), "kubelite held shows what waits, step lets one write through, resume all.")
		return err
	})
	cmd, wholeCluster := freeze, freeze.RunE
	cmd.Use, cmd.Args = "pause [WHAT...]", cobra.ArbitraryArgs
	cmd.Long = "Without arguments: freeze a cluster. Its components and the pods of the system take no processor time until kubelite unpause.\n\n" +
		"With arguments: hold writes at the API server's gate until they are let through, one by one (kubelite step) or all (kubelite\nresume). Signs of life pass, and so does what you do yourself.\n\n" + whatWords
	flags.add(cmd)
	cmd.Flags().StringVar(&condition, "if", "", "with WHAT: hold only writes of which this is true: an expression in CEL of object, oldObject and request")
	cmd.Flags().StringVarP(&format, "output", "o", "", "with WHAT: json, or nothing for a sentence")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args)+len(flags.by) == 0 {
			return wholeCluster(cmd, args)
		}
		return hold.RunE(cmd, args)
	}
	return cmd
}

// addRules makes a rule for everything that is chosen.
func addRules(ctx context.Context, c *client.Client, ch *choice, like api.GateRule) ([]api.GateRule, error) {
	if len(ch.numbers) > 0 {
		return nil, fmt.Errorf("%d: a number means nothing here", ch.numbers[0])
	}
	if len(ch.actors)+len(ch.objects) == 0 {
		return nil, errors.New("say whose writes, or writes of which type of objects")
	}
	var rules []api.GateRule
	for _, s := range ch.selections() {
		rule := like
		rule.GateSelection = s
		added, err := c.Gate().AddRule(ctx, rule)
		if err != nil {
			return nil, err
		}
		rules = append(rules, *added)
	}
	return rules, nil
}

func breakCommand() *cobra.Command {
	var flags choiceFlags
	var condition, format string
	wait := true
	cmd := gateCommand("break WHAT...", "Let everything run until the first write that you mean, then hold it and whatever its writer does next", func(cmd *cobra.Command, c *client.Client, args []string) error {
		if err := checkOutput(format); err != nil {
			return err
		}
		ctx := cmd.Context()
		ch, err := readChoice(ctx, c, args, &flags)
		if err != nil {
			return err
		}
		rules, err := addRules(ctx, c, ch, api.GateRule{Condition: condition, Break: true})
		if err != nil {
			return err
		}
		if !wait {
			if format == "json" {
				return printJSON(cmd.OutOrStdout(), rules)
			}
			for i := range rules {
				fmt.Fprintf(cmd.OutOrStdout(), "rule %d will hold %s\n", rules[i].ID, describedRule(&rules[i]))
			}
			return nil
		}
		if format == "" {
			fmt.Fprintf(cmd.ErrOrStderr(), "Waiting for %s (Ctrl-C takes the break point away).\n", described(&rules[0].GateSelection))
		}
		held, err := c.Gate().AwaitHeld(ctx, func(w *api.HeldWrite) bool {
			return slices.ContainsFunc(rules, func(r api.GateRule) bool { return r.ID == w.HeldBy })
		})
		if err != nil {
			gone, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
			defer cancel()
			for _, r := range rules {
				if dropped := c.Gate().DropRule(gone, r.ID); dropped != nil && !api.IsNotFound(dropped) {
					err = errors.Join(err, dropped)
				}
			}
			if ctx.Err() != nil {
				return errors.New("the break point was not reached")
			}
			return err
		}
		if format == "json" {
			return printJSON(cmd.OutOrStdout(), held)
		}
		printWrite(cmd.OutOrStdout(), held)
		_, err = fmt.Fprintf(cmd.OutOrStdout(), "-> held, and so is all that %s does from now on: kubelite step, kubelite resume\n", held.Actor)
		return err
	})
	cmd.Long = "Let everything run until the first write that you mean, then hold it, and show it. From then on its writer is paused: step goes from\n" +
		"write to write, resume lets it run. The break point is used up by that.\n\n" + whatWords
	flags.add(cmd)
	flags.addNamespace(cmd)
	cmd.Flags().StringVar(&condition, "if", "", "stop only at a write of which this is true: an expression in CEL of object, oldObject and request")
	cmd.Flags().BoolVar(&wait, "wait", true, "wait until the break point is reached")
	cmd.Flags().StringVarP(&format, "output", "o", "", "json, or nothing for a text")
	return cmd
}

func heldCommand() *cobra.Command {
	var format string
	watch := false
	cmd := gateCommand("held [WRITE...]", "Show what the gate holds: whose writes, which, why, and what would change", func(cmd *cobra.Command, c *client.Client, args []string) error {
		if err := checkOutput(format); err != nil {
			return err
		}
		ctx, out := cmd.Context(), cmd.OutOrStdout()
		ch, err := readChoice(ctx, c, args, &choiceFlags{})
		if err != nil {
			return err
		}
		if !ch.isEmpty() {
			return errors.New("only the numbers of held writes are known here")
		}
		if watch {
			return watchHeld(ctx, c, out, format)
		}
		state, err := c.Gate().State(ctx)
		if err != nil {
			return err
		}
		if len(ch.numbers) == 0 {
			if format == "json" {
				return printJSON(out, state)
			}
			return printGate(out, state)
		}
		for _, number := range ch.numbers {
			i := slices.IndexFunc(state.Held, func(w api.HeldWrite) bool { return w.ID == number })
			if i < 0 {
				return fmt.Errorf("no write #%d is held", number)
			}
			if format == "json" {
				err = printJSON(out, &state.Held[i])
			} else {
				printWrite(out, &state.Held[i])
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	cmd.Flags().BoolVarP(&watch, "watch", "w", false, "show each write when it comes, and go on until Ctrl-C")
	cmd.Flags().StringVarP(&format, "output", "o", "", "json, or nothing for a table")
	return cmd
}

// watchHeld prints each write once.
func watchHeld(ctx context.Context, c *client.Client, out io.Writer, format string) error {
	last := int64(0)
	for {
		held, err := c.Gate().AwaitHeld(ctx, func(w *api.HeldWrite) bool { return w.ID > last })
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			return err
		case format == "json":
			err = printJSON(out, held)
		default:
			printWrite(out, held)
		}
		if err != nil {
			return err
		}
		last = held.ID
	}
}

// stepping is a run of `kubelite step`.
type stepping struct {
	client *client.Client
	which  api.GateStep
	wait   time.Duration
}

func stepCommand() *cobra.Command {
	var flags choiceFlags
	var format string
	s := stepping{}
	cmd := gateCommand("step [WHAT...] [COUNT]", "Show the next held write, and let it through", func(cmd *cobra.Command, c *client.Client, args []string) error {
		if err := checkOutput(format); err != nil {
			return err
		}
		ctx, out := cmd.Context(), cmd.OutOrStdout()
		ch, err := readChoice(ctx, c, args, &flags)
		if err != nil {
			return err
		}
		selections := ch.selections()
		if len(selections) > 1 || len(ch.numbers) > 1 {
			return errors.New("step goes from write to write: name one writer, one type and one count at most")
		}
		count := int64(1)
		if len(ch.numbers) > 0 {
			count = ch.numbers[0]
		}
		if count < 1 || s.which.ID != 0 && len(ch.numbers) > 0 {
			return errors.New("the count must be at least 1, and --write names one alone")
		}
		s.client, s.which.GateSelection = c, selections[0]
		var passed []*api.HeldWrite
		for range count {
			w, err := s.step(ctx)
			if err != nil {
				return err
			}
			if passed = append(passed, w); format == "" {
				printWrite(out, w)
				printOutcome(out, w)
			}
		}
		if format == "json" {
			return printJSON(out, map[string]any{"items": passed})
		}
		return s.printNext(ctx, out)
	})
	cmd.Long = "Show the write that is held longest, let it through, and say what became of it; then, what is held next. If none is held, wait for one.\n\n" + whatWords
	flags.add(cmd)
	flags.addNamespace(cmd)
	cmd.Flags().Int64Var(&s.which.ID, "write", 0, "number of the write to let through (default the oldest)")
	cmd.Flags().DurationVar(&s.wait, "wait", 10*time.Second, "how long to wait for a write if none is held")
	cmd.Flags().StringVarP(&format, "output", "o", "", "json, or nothing for a text")
	return cmd
}

// step lets one write through, and waits for it if need be.
func (s *stepping) step(ctx context.Context) (*api.HeldWrite, error) {
	deadline := time.Now().Add(s.wait)
	for {
		state, err := s.client.Gate().State(ctx) // before the step: what comes in between is news then
		if err != nil {
			return nil, err
		}
		w, err := s.client.Gate().Step(ctx, s.which)
		if !api.IsNotFound(err) {
			return w, err
		}
		left := time.Until(deadline)
		switch {
		case len(state.Rules) == 0:
			return nil, errNothingPaused
		case s.which.ID != 0:
			return nil, fmt.Errorf("no write #%d is held", s.which.ID)
		case left <= 0:
			return nil, fmt.Errorf("nothing is held, and nothing came for %s", s.wait)
		}
		if _, err := s.client.Gate().Await(ctx, state.Sequence, left); err != nil {
			return nil, err
		}
	}
}

// untilNext is how long a loop is given to get from one write to its next, for the sake of the last line.
const untilNext = time.Second

// printNext says what is held now. A loop needs a moment to come to its next write.
func (s *stepping) printNext(ctx context.Context, out io.Writer) error {
	soon, cancel := context.WithTimeout(ctx, untilNext)
	defer cancel()
	next, err := s.client.Gate().AwaitHeld(soon, func(*api.HeldWrite) bool { return true })
	switch {
	case err == nil:
		_, err = fmt.Fprintln(out, "next: "+wants(next))
	case soon.Err() != nil && ctx.Err() == nil:
		_, err = fmt.Fprintln(out, "next: nothing is held now")
	}
	return err
}

func resumeCommand() *cobra.Command {
	var flags choiceFlags
	cmd := gateCommand("resume [WHAT... | RULE...]", "Let go on what the gate holds, and what is yet to come: all, or what you mean", func(cmd *cobra.Command, c *client.Client, args []string) error {
		ctx, out := cmd.Context(), cmd.OutOrStdout()
		ch, err := readChoice(ctx, c, args, &flags)
		if err != nil {
			return err
		}
		state, err := c.Gate().State(ctx)
		if err != nil {
			return err
		}
		dropped := 0
		for i := range state.Rules {
			r := &state.Rules[i]
			if !ch.means(r.ID, &r.GateSelection, r.Stopped) {
				continue
			}
			if err := c.Gate().DropRule(ctx, r.ID); err != nil && !api.IsNotFound(err) {
				return err
			}
			dropped++
			fmt.Fprintf(out, "rule %d is gone: %s\n", r.ID, describedRule(r))
		}
		if dropped > 0 {
			return nil
		}
		if len(args)+len(flags.by)+len(flags.on) > 0 {
			return errors.New("no rule is about that: kubelite held shows them")
		}
		_, err = fmt.Fprintln(out, "The gate is open: nothing is held.")
		return err
	})
	cmd.Long = "Drop rules of kubelite pause WHAT and kubelite break, and let through what they hold: all of them, or those that you name as you did\nthen, or by their numbers. A frozen cluster goes on with kubelite unpause.\n\n" + whatWords
	flags.add(cmd)
	flags.addNamespace(cmd)
	return cmd
}
