package kubectllite

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"kubelite/api"
)

// whyOptions are the flags of why.
type whyOptions struct {
	output   string
	revision int64
	all      bool
	check    bool
	maxDepth int
}

func newWhy(s *session) *cobra.Command {
	var o whyOptions
	cmd := &cobra.Command{
		Use:               "why (KIND/NAME | --check)",
		Short:             "Show why an object is as it is: the chain of causes back to its origin",
		ValidArgsFunction: s.completeObjects(),
		Long: `Walk the ledger back from an object: who created it, which change of which other object made them do so, and so on
to the person or the clock where it began. Then what happened to the object since, and, for a pod that waits for a node,
what was said about each node.

With --check it reads the whole ledger, counts the writes of components whose chain leads to a person, a clock or a node's
observation, and shows those where one breaks.`,
		Example: "  kubectl-lite why pod/web-6d4cf56db6-x7v2p\n  kubectl-lite why deployment/web --revision 1234\n  kubectl-lite why --check",
		Args:    cobra.MaximumNArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case o.check && len(args) > 0:
				return errors.New("--check is about the whole ledger, not about one object")
			case o.check:
				return s.whyCheck(cmd.Context(), o.output)
			case len(args) == 0:
				return errors.New("name exactly one object, such as deployment/web")
			}
			return s.why(cmd.Context(), &o, args)
		},
	}
	f := cmd.Flags()
	f.StringVarP(&o.output, "output", "o", "", "Output format: json")
	f.Int64Var(&o.revision, "revision", 0, "Ask about the write that made this revision of the object, not about its creation")
	f.BoolVar(&o.all, "all", false, "Show all causes of each step, not only the few that matter most")
	f.BoolVar(&o.check, "check", false, "Check the whole ledger: does every write of a component have a complete chain of causes?")
	f.IntVar(&o.maxDepth, "depth", 20, "How many steps to go back at most")
	return cmd
}

func (s *session) why(ctx context.Context, o *whyOptions, args []string) error {
	l, sub, err := s.ledgerSubject(ctx, args)
	if err != nil {
		return err
	}
	first, err := sub.asked(o.revision)
	if err != nil {
		return err
	}
	w := &causeWalk{ledger: l, seen: map[int64]bool{}, maxDepth: o.maxDepth, breadth: shownCauses}
	if o.all {
		w.breadth = api.MaxLedgerCauses
	}
	root, err := w.walk(ctx, first, 0)
	if err != nil {
		return err
	}
	since := sub.after(first)
	switch o.output {
	case "json":
		return writeJSON(s.Out, map[string]any{"because": root, "since": since})
	case "":
		printWhy(s.Out, displayName(sub.resource, sub.name), root, since)
		return nil
	}
	return fmt.Errorf("--output must be 'json'")
}

// asked is the write that the question is about: the one of a revision, or the object's creation.
func (sub *subject) asked(revision int64) (*api.LedgerRecord, error) {
	for i := range sub.records {
		r := &sub.records[i]
		if !isDecision(r) && (revision == 0 || r.Revision == revision) {
			return r, nil
		}
	}
	if revision != 0 {
		return nil, fmt.Errorf("no write made revision %d of %s", revision, displayName(sub.resource, sub.name))
	}
	return &sub.records[0], nil // decisions only: its creation is compacted
}

// after is what was recorded about the object later.
func (sub *subject) after(first *api.LedgerRecord) []*api.LedgerRecord {
	var later []*api.LedgerRecord
	for i := range sub.records {
		if r := &sub.records[i]; r != first && r.Revision >= first.Revision {
			later = append(later, r)
		}
	}
	return later
}

// shownCauses is how many causes of one step a reader gets without asking for all.
const shownCauses = 4

// causeWalk goes back from a write to its causes, theirs, and so on. Each revision is explained once.
type causeWalk struct {
	ledger            *ledger
	seen              map[int64]bool
	maxDepth, breadth int
}

func (w *causeWalk) walk(ctx context.Context, r *api.LedgerRecord, depth int) (*node, error) {
	n := &node{Record: r, Revision: r.Revision}
	if !isDecision(r) {
		w.seen[r.Revision] = true
	}
	switch {
	case len(r.Causes) == 0:
		n.Note = originNote(r)
		return n, nil
	case depth == w.maxDepth:
		n.Note = "and further back; --depth shows more"
		return n, nil
	}
	var known []*api.LedgerRecord
	for _, revision := range r.Causes {
		cause, err := w.ledger.write(ctx, revision)
		if err != nil {
			return nil, err
		}
		if cause == nil {
			n.Children = append(n.Children, &node{Revision: revision, Note: "is compacted: nobody knows any more"})
			continue
		}
		known = append(known, cause)
	}
	relevantCauses(known)
	hidden := r.MoreCauses
	if over := len(known) - w.breadth; over > 0 {
		known, hidden = known[:w.breadth], hidden+over
	}
	for _, cause := range known {
		if w.seen[cause.Revision] {
			n.Children = append(n.Children, &node{Revision: cause.Revision, Note: describeRecord(cause) + ": see above"})
			continue
		}
		child, err := w.walk(ctx, cause, depth+1)
		if err != nil {
			return nil, err
		}
		n.Children = append(n.Children, child)
	}
	if hidden > 0 {
		n.Children = append(n.Children, &node{Note: fmt.Sprintf("and %d more causes", hidden)})
	}
	return n, nil
}

// originNote says what kind of beginning a write without causes is.
func originNote(r *api.LedgerRecord) string {
	switch {
	case r.Timer != "":
		return "here it began: a clock"
	case r.Reconcile != "":
		return "here it began: a control loop, with no event known to it"
	}
	return "here it began: " + actor(r) + " asked for it"
}

// printWhy prints the chain as a tree, then the object's later life line by line.
func printWhy(out io.Writer, name string, root *node, since []*api.LedgerRecord) {
	fmt.Fprintf(out, "%s is there because\n\n", name)
	printCauses(out, root, "", "")
	var decisions, writes []*api.LedgerRecord
	for _, r := range since {
		if isDecision(r) {
			decisions = append(decisions, r)
		} else {
			writes = append(writes, r)
		}
	}
	if len(writes) > 0 {
		fmt.Fprintf(out, "\nSince then:\n\n")
		for _, r := range writes {
			printLater(out, r)
		}
	}
	if len(decisions) > 0 {
		fmt.Fprintf(out, "\nDecided without writing to it:\n\n")
		for _, r := range decisions {
			printLater(out, r)
		}
		printPacketRules(out, decisions)
	}
}

const clock = "15:04:05.000"

// when is a record's time, with the date if it is not today's.
func when(r *api.LedgerRecord) string {
	t, now := r.Time.Local(), time.Now()
	if t.Format(time.DateOnly) != now.Format(time.DateOnly) {
		return t.Format(time.DateOnly + " " + clock)
	}
	return t.Format(clock)
}

// printCauses prints a node and its causes below it. lead is what stands before the node's first line, rest before
// all further ones.
func printCauses(out io.Writer, n *node, lead, rest string) {
	below := rest
	if len(n.Children) > 0 {
		below += "│  "
	} else {
		below += "   "
	}
	switch r := n.Record; {
	case r == nil && n.Revision != 0:
		fmt.Fprintf(out, "%srev %d %s\n", lead, n.Revision, n.Note)
	case r == nil:
		fmt.Fprintf(out, "%s%s\n", lead, n.Note)
	default:
		fmt.Fprintf(out, "%srev %d  %s  %s: %s\n", lead, r.Revision, when(r), actor(r), describeRecord(r))
		for _, line := range recordLines(r) {
			fmt.Fprintf(out, "%s%s\n", below, line)
		}
		if n.Note != "" {
			fmt.Fprintf(out, "%s%s\n", below, n.Note)
		}
	}
	for i, child := range n.Children {
		if i == len(n.Children)-1 {
			printCauses(out, child, rest+"└─ ", rest+"   ")
		} else {
			printCauses(out, child, rest+"├─ ", rest+"│  ")
		}
	}
}

// printLater prints one event of an object's life: what, by whom, and why in a line of its own.
func printLater(out io.Writer, r *api.LedgerRecord) {
	what := r.Verb
	if r.Subresource != "" {
		what += " " + r.Subresource
	}
	fmt.Fprintf(out, "rev %d  %s  %s: %s\n", r.Revision, when(r), actor(r), what)
	for _, line := range recordLines(r) {
		fmt.Fprintln(out, "   "+line)
	}
}

// recordLines are what a record tells below its first line: the rule, what was found on each node, the causes.
func recordLines(r *api.LedgerRecord) []string {
	var lines []string
	if text := because(r); text != "" {
		lines = append(lines, strings.ReplaceAll(text, "\n", " "))
	}
	for _, result := range nodeResults(r) {
		lines = append(lines, "  "+result)
	}
	if text := causeList(r); text != "" {
		lines = append(lines, text)
	}
	return lines
}
