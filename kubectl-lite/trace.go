package kubectllite

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"kubelite/api"
)

// traceOptions are the flags of trace.
type traceOptions struct {
	output   string
	revision int64
	all      bool
	limit    int
}

func newTrace(s *session) *cobra.Command {
	var o traceOptions
	cmd := &cobra.Command{
		Use:               "trace KIND/NAME",
		Short:             "Show what a change of an object set off: the tree of its effects, with times",
		ValidArgsFunction: s.completeObjects(),
		Long: `Walk the ledger forward from a write to an object: what it made the control loops do, what that made others do, and
how long it all took. It begins at the last write that nothing caused, which is mostly what a person asked for last.
Left out, unless --all is given: events, leases, decisions to wait, and controllers' status reports that led to nothing.`,
		Example: "  kubectl-lite trace deployment/web",
		Args:    cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return s.trace(cmd.Context(), &o, args)
		},
	}
	f := cmd.Flags()
	f.StringVarP(&o.output, "output", "o", "", "Output format: json")
	f.Int64Var(&o.revision, "revision", 0, "Begin at the write that made this revision of the object")
	f.BoolVar(&o.all, "all", false, "Leave nothing out")
	f.IntVar(&o.limit, "limit", 1000, "How many effects to follow at most")
	return cmd
}

func (s *session) trace(ctx context.Context, o *traceOptions, args []string) error {
	l, sub, err := s.ledgerSubject(ctx, args)
	if err != nil {
		return err
	}
	first, err := sub.origin(o.revision)
	if err != nil {
		return err
	}
	w := &effectWalk{ledger: l, seen: map[int64]bool{first.Revision: true}, all: o.all, left: o.limit}
	root := &node{Record: first, Revision: first.Revision}
	if err := w.walk(ctx, root); err != nil {
		return err
	}
	if !o.all {
		root.prune()
	}
	switch o.output {
	case "json":
		return writeJSON(s.Out, root)
	case "":
		printTrace(s.Out, root, first.Time.Time, "", "")
		if w.left <= 0 {
			fmt.Fprintf(s.Out, "... and more: --limit %d was reached\n", o.limit)
		}
		return nil
	}
	return fmt.Errorf("--output must be 'json'")
}

// origin is the write to begin at: the one of a revision, or the last one that nothing caused, else the first.
func (sub *subject) origin(revision int64) (*api.LedgerRecord, error) {
	if revision != 0 {
		return sub.asked(revision)
	}
	var found *api.LedgerRecord
	for i := range sub.records {
		r := &sub.records[i]
		if !isDecision(r) && (found == nil || len(r.Causes) == 0 && r.Timer == "") {
			found = r
		}
	}
	if found == nil {
		return sub.asked(0)
	}
	return found, nil
}

// effectWalk goes forward, breadth first, so that a limit cuts the far ends and not whole branches. An effect of several
// causes stands below the first of them.
type effectWalk struct {
	ledger *ledger
	seen   map[int64]bool
	all    bool
	left   int
}

func (w *effectWalk) walk(ctx context.Context, root *node) error {
	for level := []*node{root}; len(level) > 0; {
		var next []*node
		for _, n := range level {
			effects, err := w.ledger.effects(ctx, n.Revision)
			if err != nil {
				return err
			}
			for i := range effects {
				r := &effects[i]
				if w.left <= 0 {
					return nil
				}
				if w.skip(r) {
					continue
				}
				w.left--
				child := &node{Record: r, Revision: r.Revision}
				n.Children = append(n.Children, child)
				if !isDecision(r) { // a decision causes nothing: it wrote nothing
					w.seen[r.Revision] = true
					next = append(next, child)
				}
			}
		}
		level = next
	}
	return nil
}

func (w *effectWalk) skip(r *api.LedgerRecord) bool {
	if !isDecision(r) && w.seen[r.Revision] {
		return true
	}
	noise := r.Object.Resource == "events" || r.Object.Resource == "leases"
	return noise && !w.all
}

// prune takes out what tells a reader little: decisions to wait, and reports of status that led to nothing. A pod's own
// status and its scheduling stay: they are what a reader waits for.
func (n *node) prune() {
	for _, child := range n.Children {
		child.prune()
	}
	n.Children = slices.DeleteFunc(n.Children, func(child *node) bool {
		r := child.Record
		return len(child.Children) == 0 && r.Object.Resource != "pods" && (isDecision(r) || r.Subresource == "status")
	})
}

// printTrace prints a node and its effects, each with the time since the beginning.
func printTrace(out io.Writer, n *node, began time.Time, lead, rest string) {
	r := n.Record
	offset := fmt.Sprintf("+%.3fs", r.Time.Sub(began).Seconds())
	fmt.Fprintf(out, "%s%s  rev %d  %s: %s\n", lead, offset, r.Revision, actor(r), describeRecord(r))
	below := rest + "   "
	if len(n.Children) > 0 {
		below = rest + "│  "
	}
	if text := because(r); text != "" {
		fmt.Fprintf(out, "%s%s\n", below, text)
	}
	for i, child := range n.Children {
		if i == len(n.Children)-1 {
			printTrace(out, child, began, rest+"└─ ", rest+"   ")
		} else {
			printTrace(out, child, began, rest+"├─ ", rest+"│  ")
		}
	}
}
