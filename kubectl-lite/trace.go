package kubectllite

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"kubelite/api"
)

// newTrace makes the command that walks from an object forward to all that came of it.
func newTrace(s *session) *cobra.Command {
	var output string
	var events bool
	cmd := &cobra.Command{
		Use:   "trace TYPE/NAME",
		Short: "Show all that came of an object, with times",
		Long: `Walks the ledger from the writes to an object forward: what was done because of them, and because of that, as a tree. Times
are relative to the first write. Events are left out unless asked for, they change nothing.`,
		Example: "  kubectl-lite trace deployment/web",
		Args:    cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if output != "" && output != "json" {
				return fmt.Errorf("--output %q: only json is known", output)
			}
			return s.trace(cmd.Context(), args, output, events)
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", "", "json: every record of the tree")
	cmd.Flags().BoolVar(&events, "events", false, "Show the Events that were written, too")
	return cmd
}

func (s *session) trace(ctx context.Context, args []string, output string, events bool) error {
	objects, err := s.selectObjects(ctx, &selection{}, args, false)
	if err != nil {
		return err
	}
	l, err := s.openLedger(ctx)
	if err != nil {
		return err
	}
	t := &tracer{ledger: l, events: events, seen: map[int64]bool{}}
	for i := range objects {
		history, err := l.of(ctx, &objects[i])
		if err != nil {
			return err
		}
		history = ofPresent(history)
		if len(history) == 0 {
			return fmt.Errorf("the ledger knows nothing of %s", objects[i].display())
		}
		t.start = history[0].Time
		// What the cluster wrote to the object comes up below what caused it; only origins start a tree of their own.
		for j := range history {
			if len(history[j].Causes) == 0 {
				if err := t.walk(ctx, &history[j], 0); err != nil {
					return err
				}
			}
		}
	}
	if output == "json" {
		e := json.NewEncoder(s.Out)
		e.SetIndent("", "  ")
		return e.Encode(t.records)
	}
	for _, line := range t.lines {
		fmt.Fprintln(s.Out, strings.TrimRight(line, " "))
	}
	return nil
}

// tracer walks the tree of consequences. A write with several causes hangs below the first of them that is reached.
type tracer struct {
	ledger  *ledger
	events  bool
	start   api.MicroTime
	seen    map[int64]bool
	lines   []string
	records []api.LedgerRecord
}

func (t *tracer) walk(ctx context.Context, r *api.LedgerRecord, depth int) error {
	if r.Verb != decided {
		if t.seen[r.Revision] {
			return nil
		}
		t.seen[r.Revision] = true
	}
	t.records = append(t.records, *r)
	agent, _, _ := strings.Cut(r.Agent, " ")
	t.lines = append(t.lines, fmt.Sprintf("%8s  %s%-*s  %-16s %s%s",
		since(r.Time, t.start), strings.Repeat("  ", depth), max(52-2*depth, 1), t.ledger.what(r), agent, r.Reason, place(r)))
	if r.Verb == decided {
		return nil // nothing was written, so nothing came of it
	}
	next, err := t.ledger.causedBy(ctx, r.Revision)
	if err != nil {
		return err
	}
	slices.SortStableFunc(next, func(a, b api.LedgerRecord) int { return a.Time.Compare(b.Time.Time) })
	for i := range next {
		if next[i].Object.Resource == "events" && !t.events {
			continue
		}
		if err := t.walk(ctx, &next[i], depth+1); err != nil {
			return err
		}
	}
	return nil
}
