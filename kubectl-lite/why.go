package kubectllite

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"kubelite/api"
)

// newWhy makes the command that walks from an object back to the requests it came from.
func newWhy(s *session) *cobra.Command {
	var sel selection
	var output string
	cmd := &cobra.Command{
		Use:   "why TYPE/NAME",
		Short: "Say why an object is there and why it is as it is",
		Long: `Walks the ledger from an object back to where it came from. Every write is printed with its revision, its writer, the
rule that decided on it with its place in the source, and the writes that caused it, back to a person or a clock.

What a component decided not to do is there too: for a pod that is not scheduled, what each node lacks.`,
		Example: "  kubectl-lite why pod/web-6d4b75cb6d-hx2rz\n  kubectl-lite why pod -l app=web",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if output != "" && output != "json" {
				return fmt.Errorf("--output %q: only json is known", output)
			}
			return s.why(cmd.Context(), &sel, args, output)
		},
	}
	cmd.Flags().StringVarP(&sel.selector, "selector", "l", "", "Selector (label query) to filter on")
	cmd.Flags().StringVarP(&output, "output", "o", "", "json: every record of the chain")
	return cmd
}

func (s *session) why(ctx context.Context, sel *selection, args []string, output string) error {
	objects, err := s.selectObjects(ctx, sel, args, false)
	if err != nil {
		return err
	}
	if len(objects) == 0 {
		return fmt.Errorf("no resources found in %s namespace", s.namespace())
	}
	l, err := s.openLedger(ctx)
	if err != nil {
		return err
	}
	for i := range objects {
		if i > 0 && output == "" {
			fmt.Fprintln(s.Out)
		}
		if err := s.whyOne(ctx, l, &objects[i], output); err != nil {
			return err
		}
	}
	return nil
}

func (s *session) whyOne(ctx context.Context, l *ledger, m *manifest, output string) error {
	history, err := l.of(ctx, m)
	if err != nil {
		return err
	}
	history = ofPresent(history)
	if len(history) == 0 {
		return fmt.Errorf("the ledger knows nothing of %s", m.display())
	}
	w := &whyPrinter{ledger: l, out: s.Out, seen: map[int64]bool{}}
	if output == "json" {
		w.out = io.Discard
	}
	fmt.Fprintf(w.out, "%s\n", m.display())
	if err := w.chain(ctx, &history[0], 1); err != nil {
		return err
	}
	if len(history) > 1 {
		fmt.Fprintf(w.out, "\n  since then\n")
	}
	for i := range history[1:] {
		if err := w.later(ctx, &history[i+1]); err != nil {
			return err
		}
	}
	if output == "json" {
		e := json.NewEncoder(s.Out)
		e.SetIndent("", "  ")
		return e.Encode(w.records)
	}
	return nil
}

// ofPresent drops the records of earlier objects of the same name.
func ofPresent(history []api.LedgerRecord) []api.LedgerRecord {
	if len(history) == 0 {
		return nil
	}
	uid := history[len(history)-1].Object.UID
	for i, r := range history {
		if r.Object.UID == uid {
			return history[i:]
		}
	}
	return history
}

// whyPrinter prints chains of causes. A write that several others have as a cause is explained once.
type whyPrinter struct {
	ledger  *ledger
	out     io.Writer
	seen    map[int64]bool
	records []api.LedgerRecord
}

// chain prints a record and, below it, everything that it came from.
func (w *whyPrinter) chain(ctx context.Context, r *api.LedgerRecord, depth int) error {
	w.records = append(w.records, *r)
	if r.Verb != decided {
		w.seen[r.Revision] = true
	}
	w.line(depth, "%s   revision %d, %s", w.ledger.what(r), r.Revision, clock(r.Time))
	w.line(depth+1, "by %s", who(r))
	if r.Reason != "" {
		w.line(depth+1, "rule: %s%s", r.Reason, place(r))
	}
	w.details(r, depth+1)
	if len(r.Causes) == 0 {
		w.line(depth+1, "origin: %s", origin(r))
		return nil
	}
	return w.causes(ctx, r, depth+1)
}

func (w *whyPrinter) causes(ctx context.Context, r *api.LedgerRecord, depth int) error {
	var again []string
	for _, revision := range r.Causes {
		if w.seen[revision] {
			again = append(again, strconv.FormatInt(revision, 10))
			continue
		}
		cause, err := w.ledger.write(ctx, revision)
		if err != nil {
			return err
		}
		if cause == nil {
			w.line(depth, "because of revision %d, which the ledger does not have any more", revision)
			continue
		}
		w.line(depth, "because of")
		if err := w.chain(ctx, cause, depth+1); err != nil {
			return err
		}
	}
	if len(again) > 0 {
		w.line(depth, "because of revision %s, see above", strings.Join(again, ", "))
	}
	if r.MoreCauses > 0 {
		w.line(depth, "because of %d more", r.MoreCauses)
	}
	return nil
}

// later prints what happened to the object after its creation, a line each; the causes are named, and those that were not
// explained yet can be asked for with -o json.
func (w *whyPrinter) later(ctx context.Context, r *api.LedgerRecord) error {
	w.records = append(w.records, *r)
	w.line(2, "%s   revision %d, %s", w.ledger.what(r), r.Revision, clock(r.Time))
	reason := r.Reason
	if reason == "" {
		reason = "(no reason given)"
	}
	w.line(3, "%s: %s%s", who(r), reason, place(r))
	w.details(r, 3)
	var because []string
	for _, revision := range r.Causes {
		cause, err := w.ledger.write(ctx, revision)
		if err != nil {
			return err
		}
		if cause != nil {
			w.records = append(w.records, *cause)
			because = append(because, fmt.Sprintf("%s (%d)", w.ledger.what(cause), revision))
		}
	}
	switch {
	case len(because) > 0:
		w.line(3, "because of %s", strings.Join(because, ", "))
	case r.Timer != "":
		w.line(3, "because of a clock: %s", r.Timer)
	}
	return nil
}

func place(r *api.LedgerRecord) string {
	if r.Rule == "" {
		return ""
	}
	return "   [" + r.Rule + "]"
}

// details prints the scheduler's results, node by node. Other details are for programs.
func (w *whyPrinter) details(r *api.LedgerRecord, depth int) {
	var d struct {
		Results []struct {
			Node    string
			Score   int64
			Filter  string
			Reasons []string
		}
		More int
	}
	if len(r.Details.Raw) == 0 || json.Unmarshal(r.Details.Raw, &d) != nil {
		return
	}
	for _, n := range d.Results {
		if len(n.Reasons) > 0 {
			w.line(depth+1, "%s: %s [%s]", n.Node, strings.Join(n.Reasons, ", "), n.Filter)
		} else {
			w.line(depth+1, "%s: fits, score %d", n.Node, n.Score)
		}
	}
	if d.More > 0 {
		w.line(depth+1, "and %d more nodes", d.More)
	}
}

func (w *whyPrinter) line(depth int, format string, args ...any) {
	fmt.Fprintf(w.out, "%s%s\n", strings.Repeat("  ", depth), fmt.Sprintf(format, args...))
}
