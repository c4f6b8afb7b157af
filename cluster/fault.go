package cluster

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"kubelite/api"
	"kubelite/client"
)

// faultCommand lets requests go wrong on purpose, by the same choice of whom and what as the gate's other commands.
func faultCommand() *cobra.Command {
	var flags choiceFlags
	var format string
	var fault api.Fault
	var lasts, delay, stale time.Duration
	cmd := gateCommand("fault WHAT...", "Let requests go wrong on purpose: watch events that come late or never, stale reads, conflicts, a component cut off", func(cmd *cobra.Command, c *client.Client, args []string) error {
		if len(args)+len(flags.by) == 0 {
			return cmd.Help()
		}
		if err := checkOutput(format); err != nil {
			return err
		}
		ch, err := readChoice(cmd.Context(), c, args, &flags)
		if err != nil {
			return err
		}
		if len(ch.numbers) > 0 {
			return fmt.Errorf("%d: a number means nothing here", ch.numbers[0])
		}
		fault.For, fault.DelayWatch, fault.StaleReads = api.Duration{Duration: lasts}, api.Duration{Duration: delay}, api.Duration{Duration: stale}
		watches := delay > 0 || fault.DropWatch.Of+fault.DuplicateWatch.Of > 0
		switch {
		case !watches && stale == 0 && fault.Conflicts.Of == 0 && !fault.Cut:
			return errors.New("say what goes wrong: --delay-watch, --drop-watch, --duplicate-watch, --stale-reads, --conflicts or --cut")
		case watches && len(ch.loops) > 0:
			return fmt.Errorf("%s writes under a name of its own, but its watches are those of all loops: fault controllers, and a type of objects", ch.loops[0])
		}
		var added []api.Fault
		for _, s := range ch.selections() {
			fault.GateSelection = s
			f, err := c.Gate().AddFault(cmd.Context(), fault)
			if err != nil {
				return err
			}
			added = append(added, *f)
		}
		if format == "json" {
			return printJSON(cmd.OutOrStdout(), added)
		}
		for i := range added {
			fmt.Fprintf(cmd.OutOrStdout(), "fault %d: %s: %s\n", added[i].ID, whose(&added[i].GateSelection), describedFault(&added[i]))
		}
		return nil
	})
	cmd.Long = `Let requests go wrong on purpose. Faults spare what administrators do, and are over when they are cleared, when their time is up, or
when the API server starts anew. A share such as 1/3 is one of each three; watches count their events, each for itself.

` + whatWords
	flags.add(cmd)
	flags.addNamespace(cmd)
	f := cmd.Flags()
	f.DurationVar(&delay, "delay-watch", 0, "watch events arrive so much later")
	f.Var((*shareFlag)(&fault.DropWatch), "drop-watch", "this share of watch events never arrives; when the fault is over, the watches that missed some end with 410 Gone")
	f.Var((*shareFlag)(&fault.DuplicateWatch), "duplicate-watch", "this share of watch events arrives twice")
	f.Lookup("duplicate-watch").NoOptDefVal = "1"
	f.DurationVar(&stale, "stale-reads", 0, "gets and lists show what was there so long ago")
	f.Var((*shareFlag)(&fault.Conflicts), "conflicts", "at this share of updates and patches another writer is faster: 409 Conflict")
	f.BoolVar(&fault.Cut, "cut", false, "cut it off: its connections are closed, and nothing is answered")
	f.DurationVar(&lasts, "for", 0, "how long the fault lasts (default until it is cleared)")
	f.StringVarP(&format, "output", "o", "", "json, or nothing for a sentence")

	list := gateCommand("list", "Show what goes wrong on purpose, and how often it has", func(cmd *cobra.Command, c *client.Client, _ []string) error {
		if err := checkOutput(format); err != nil {
			return err
		}
		state, err := c.Gate().State(cmd.Context())
		if err != nil {
			return err
		}
		if format == "json" {
			return printJSON(cmd.OutOrStdout(), state.Faults)
		}
		return printFaults(cmd.OutOrStdout(), state.Faults)
	})
	list.Args = cobra.NoArgs
	list.Flags().StringVarP(&format, "output", "o", "", "json, or nothing for a table")
	var cleared choiceFlags
	clearing := gateCommand("clear [WHAT... | FAULT...]", "Let everything go well again, or what you mean", func(cmd *cobra.Command, c *client.Client, args []string) error {
		ch, err := readChoice(cmd.Context(), c, args, &cleared)
		if err != nil {
			return err
		}
		state, err := c.Gate().State(cmd.Context())
		if err != nil {
			return err
		}
		ended := 0
		for i := range state.Faults {
			fault := &state.Faults[i]
			if !ch.means(fault.ID, &fault.GateSelection, "") {
				continue
			}
			if err := c.Gate().EndFault(cmd.Context(), fault.ID); err != nil && !api.IsNotFound(err) {
				return err
			}
			ended++
			fmt.Fprintf(cmd.OutOrStdout(), "fault %d is over: %s: %s\n", fault.ID, whose(&fault.GateSelection), describedFault(fault))
		}
		if ended == 0 && len(args)+len(cleared.by) > 0 {
			return errors.New("no fault is about that: kubelite fault list shows them")
		}
		if ended == 0 {
			_, err = fmt.Fprintln(cmd.OutOrStdout(), "Nothing goes wrong on purpose.")
		}
		return err
	})
	cleared.add(clearing)
	cleared.addNamespace(clearing)
	cmd.AddCommand(list, clearing)
	return cmd
}

// shareFlag is a flag such as 1/3.
type shareFlag api.Share

func (s *shareFlag) Set(text string) error {
	share, err := api.ParseShare(text)
	*s = shareFlag(share)
	return err
}

func (s *shareFlag) String() string {
	if s.Of == 0 {
		return ""
	}
	return api.Share(*s).String()
}

// Type is the word in the help.
func (s *shareFlag) Type() string { return "share" }
