package cluster

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"kubelite/api"
)

// What the commands of the gate print.

// checkOutput refuses formats that there are not.
func checkOutput(format string) error {
	if format != "" && format != "json" {
		return fmt.Errorf("-o %s: only json is known", format)
	}
	return nil
}

func printJSON(out io.Writer, value any) error {
	e := json.NewEncoder(out)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(value)
}

// described is a selection in words: "creations of pods in shop by replicaset-controller".
func described(s *api.GateSelection) string {
	text := "writes"
	if len(s.Verbs) > 0 {
		text = strings.Join(s.Verbs, ", ")
	}
	switch {
	case s.Name != "":
		text += " of " + s.Resource + "/" + s.Name
	case s.Resource != "":
		text += " of " + s.Resource
	}
	if s.Namespace != "" {
		text += " in " + s.Namespace
	}
	if s.Actor != "" {
		text += " by " + s.Actor
	}
	return text
}

// describedRule says what a rule holds.
func describedRule(r *api.GateRule) string {
	text := described(&r.GateSelection)
	if r.Condition != "" {
		text += " if " + r.Condition
	}
	switch {
	case r.Stopped != "":
		return fmt.Sprintf("writes by %s, stopped at: %s", r.Stopped, text)
	case r.Break:
		return "the first of: " + text
	}
	return text
}

// wants is a held write's first line.
func wants(w *api.HeldWrite) string {
	return fmt.Sprintf("#%d %s wants to %s", w.ID, w.Actor, action(&w.Record))
}

// action is "patch status of deployments.apps default/web".
func action(r *api.LedgerRecord) string {
	text := r.Verb
	if r.Subresource != "" {
		text += " " + r.Subresource + " of"
	}
	return text + " " + objectOf(r)
}

// objectOf is "deployments.apps default/web".
func objectOf(r *api.LedgerRecord) string {
	resource := r.Object.Resource
	if r.Object.Group != "" {
		resource += "." + r.Object.Group
	}
	name := r.Object.Name
	if r.Object.Namespace != "" {
		name = r.Object.Namespace + "/" + name
	}
	return resource + " " + name
}

// printWrite prints a held write as a person reads it: who wants what, why, and what would change.
func printWrite(out io.Writer, w *api.HeldWrite) {
	fmt.Fprintln(out, wants(w))
	r := &w.Record
	why := r.Reason
	if r.Timer != "" {
		why = strings.TrimPrefix(why+"; set off by a clock: "+r.Timer, "; ")
	}
	if r.Rule != "" {
		why += "  (" + r.Rule + ")"
	}
	if why != "" {
		fmt.Fprintln(out, "   "+strings.ReplaceAll(strings.TrimSpace(why), "\n", " "))
	}
	if len(r.Causes) > 0 {
		revisions := make([]string, len(r.Causes))
		for i, revision := range r.Causes {
			revisions[i] = strconv.FormatInt(revision, 10)
		}
		text := "caused by rev " + strings.Join(revisions, ", ")
		if r.MoreCauses > 0 {
			text += fmt.Sprintf(" and %d more", r.MoreCauses)
		}
		fmt.Fprintln(out, "   "+text)
	}
	if w.Refusal != "" {
		fmt.Fprintln(out, "   it would be refused: "+w.Refusal)
	}
	fmt.Fprint(out, w.Diff)
}

// printOutcome says what became of a write that was let through.
func printOutcome(out io.Writer, w *api.HeldWrite) {
	switch o := w.Outcome; {
	case o == nil:
		fmt.Fprintln(out, "-> let through, but whoever sent it has gone away")
	case o.Code >= 400:
		fmt.Fprintf(out, "-> let through, and refused: %s (%d)\n", o.Message, o.Code)
	case o.Revision == 0:
		fmt.Fprintln(out, "-> let through: nothing had to be changed any more")
	default:
		fmt.Fprintf(out, "-> let through: revision %d\n", o.Revision)
	}
}

// printGate prints the rules, and what they hold.
func printGate(out io.Writer, state *api.GateState) error {
	if len(state.Rules) == 0 {
		_, err := fmt.Fprintln(out, "The gate is open: nothing is held.")
		return err
	}
	w := tabwriter.NewWriter(out, 0, 8, 3, ' ', 0)
	fmt.Fprintln(w, "RULE\tHELD\tSINCE\tWHAT")
	for i := range state.Rules {
		r := &state.Rules[i]
		held := 0
		for _, h := range state.Held {
			if h.HeldBy == r.ID {
				held++
			}
		}
		fmt.Fprintf(w, "%d\t%d\t%s\t%s\n", r.ID, held, since(r.Since), describedRule(r))
	}
	if len(state.Held) > 0 {
		if err := w.Flush(); err != nil { // the next table has columns of its own
			return err
		}
		fmt.Fprintln(w, "\nWRITE\tRULE\tSINCE\tWHO WANTS WHAT")
		for i := range state.Held {
			h := &state.Held[i]
			fmt.Fprintf(w, "#%d\t%d\t%s\t%s: %s\n", h.ID, h.HeldBy, since(h.Record.Time), h.Actor, action(&h.Record))
		}
	}
	return w.Flush()
}

func since(t api.MicroTime) string { return time.Since(t.Time).Round(time.Second).String() }

// printFaults prints what goes wrong.
func printFaults(out io.Writer, faults []api.Fault) error {
	if len(faults) == 0 {
		_, err := fmt.Fprintln(out, "Nothing goes wrong on purpose.")
		return err
	}
	w := tabwriter.NewWriter(out, 0, 8, 3, ' ', 0)
	fmt.Fprintln(w, "FAULT\tSTRUCK\tLEFT\tWHO AND WHAT\tHOW")
	for i := range faults {
		f := &faults[i]
		left := "until cleared"
		if !f.Until.IsZero() {
			left = time.Until(f.Until.Time).Round(time.Second).String()
		}
		fmt.Fprintf(w, "%d\t%d\t%s\t%s\t%s\n", f.ID, f.Count, left, whose(&f.GateSelection), describedFault(f))
	}
	return w.Flush()
}

// whose is who and what a fault is about.
func whose(s *api.GateSelection) string {
	parts := slices.DeleteFunc([]string{s.Actor, strings.TrimSuffix(s.Resource+"/"+s.Name, "/"), s.Namespace, strings.Join(s.Verbs, ",")}, func(part string) bool { return part == "" })
	return strings.Join(parts, " ")
}

// describedFault says what goes wrong, in the words of the flags.
func describedFault(f *api.Fault) string {
	var parts []string
	span := func(name string, d api.Duration) {
		if d.Duration > 0 {
			parts = append(parts, name+" "+d.String())
		}
	}
	share := func(name string, s api.Share) {
		if s.Of > 0 {
			parts = append(parts, name+" "+s.String())
		}
	}
	span("delay-watch", f.DelayWatch)
	share("drop-watch", f.DropWatch)
	share("duplicate-watch", f.DuplicateWatch)
	span("stale-reads", f.StaleReads)
	share("conflicts", f.Conflicts)
	if f.Cut {
		parts = append(parts, "cut")
	}
	return strings.Join(parts, ", ")
}

var errNothingPaused = errors.New("nothing is paused, so nothing is held: kubelite pause WHAT, or kubelite break WHAT, first")
