package kubectllite

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"kubelite/api"
)

// historyOptions are the flags of history.
type historyOptions struct {
	output   string
	revision int64
	limit    int
	field    string
	secrets  bool
}

func newHistory(s *session) *cobra.Command {
	var o historyOptions
	cmd := &cobra.Command{
		Use:               "history KIND/NAME",
		Short:             "Show every write to an object: who, when, why, and what it changed",
		ValidArgsFunction: s.completeObjects(),
		Long: `Show every write to an object, the newest last: its revision, its time, who made it, by which rule and for which causes, and
what it changed as a unified diff of the YAML without metadata.managedFields and metadata.resourceVersion. It shows objects
that are gone, too, and earlier ones of the same name.

The server keeps the objects of some minutes and, for longer, the records of those writes that still explain something: the
oldest writes may be shown without what they changed.`,
		Example: `  kubectl-lite history deployment/web
  # Who changed the number of replicas?
  kubectl-lite history deployment/web --field .spec.replicas
  # One write, and the object as it left it
  kubectl-lite history deployment/web --revision 812
  kubectl-lite get deployment/web --at 812 -o yaml`,
		Args: cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return s.history(cmd.Context(), &o, args)
		},
	}
	f := cmd.Flags()
	f.StringVarP(&o.output, "output", "o", "", "Output format. One of: (json, yaml). A list of the ledger's records, each with the object as the write left it.")
	completeFormats(cmd, historyFormats)
	f.Int64Var(&o.revision, "revision", 0, "Show only the write that made this revision")
	f.IntVar(&o.limit, "limit", 0, "Show only so many of the newest writes (0: all)")
	f.StringVar(&o.field, "field", "", "Show only this field, a JSONPath such as '.spec.replicas', and the writes that changed it")
	f.BoolVar(&o.secrets, "show-secrets", false, "If true, do not mask secret values in the diffs.")
	return cmd
}

var historyFormats = []string{"json", "yaml"}

// historyEntry is a write with the object before and after it.
type historyEntry struct {
	record                            *api.LedgerRecord
	before, after                     object // nil: it was not there, or, if it is unreadable, nobody knows any more
	unreadableBefore, unreadableAfter bool
	edits                             []edit // from the one to the other, all of them; none: they are equal
}

// compacted says that what the write changed cannot be told any more.
func (e *historyEntry) compacted() bool { return e.unreadableBefore || e.unreadableAfter }

func (s *session) history(ctx context.Context, o *historyOptions, args []string) error {
	if o.output != "" && !slices.Contains(historyFormats, o.output) {
		return fmt.Errorf("unable to match a printer suitable for the output format %q, allowed formats are: %s", o.output, strings.Join(historyFormats, ","))
	}
	field, err := parseField(o.field)
	if err != nil {
		return err
	}
	l, sub, err := s.ledgerRecords(ctx, args)
	if err != nil {
		return err
	}
	limit := o.limit
	if field != nil {
		limit = 0 // which of them are the newest to change the field is to be found out
	}
	writes, err := sub.writes(o.revision, limit)
	if err != nil {
		return err
	}
	entries, err := s.historyEntries(ctx, sub, writes)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if sub.resource.Resource() == "secrets" && !o.secrets && o.output == "" {
			e.mask()
		}
		if err := e.compare(field); err != nil {
			return err
		}
	}
	if field != nil {
		entries = slices.DeleteFunc(entries, func(e *historyEntry) bool { return !e.compacted() && len(e.edits) == 0 })
	}
	if o.limit > 0 && len(entries) > o.limit {
		entries = entries[len(entries)-o.limit:]
	}
	switch o.output {
	case "":
		for i, e := range entries {
			if i > 0 {
				fmt.Fprintln(s.Out)
			}
			printHistory(s.Out, e, field != nil)
		}
	default:
		if err := s.writeHistory(o.output, entries); err != nil {
			return err
		}
	}
	if !slices.ContainsFunc(entries, (*historyEntry).compacted) {
		return nil
	}
	moment, err := l.moment(ctx, 0)
	if err != nil {
		return err
	}
	fmt.Fprintln(s.Err, remaining(moment, time.Now()))
	return nil
}

// writes are the records of writes: of one revision, or the newest.
func (sub *subject) writes(revision int64, limit int) ([]*api.LedgerRecord, error) {
	if revision != 0 {
		r, err := sub.asked(revision)
		return []*api.LedgerRecord{r}, err
	}
	var writes []*api.LedgerRecord
	for i := range sub.records {
		if !isDecision(&sub.records[i]) {
			writes = append(writes, &sub.records[i])
		}
	}
	if limit > 0 && len(writes) > limit {
		writes = writes[len(writes)-limit:]
	}
	return writes, nil
}

// historyEntries reads the object around each write. What one write left is mostly what the next one found.
func (s *session) historyEntries(ctx context.Context, sub *subject, writes []*api.LedgerRecord) ([]*historyEntry, error) {
	read := func(revision int64) (o object, compacted bool, err error) {
		o, err = s.objectAt(ctx, sub.resource, sub.namespace, sub.name, revision)
		if api.IsExpired(err) {
			return nil, true, nil
		}
		if o != nil {
			dropManagedFields(o)
		}
		return o, false, err
	}
	var entries []*historyEntry
	for i, r := range writes {
		e := &historyEntry{record: r}
		var err error
		switch {
		case r.Verb == "create" && r.Subresource == "":
		case i > 0 && !entries[i-1].unreadableAfter:
			e.before = entries[i-1].after
		default:
			e.before, e.unreadableBefore, err = read(r.Revision - 1)
		}
		if err == nil {
			e.after, e.unreadableAfter, err = read(r.Revision)
		}
		if err != nil {
			return nil, err
		}
		entries = append(entries, e)
	}
	return entries, nil
}

// parseField reads a JSONPath as --sort-by does, nil if there is none.
func parseField(text string) (*api.JSONPath, error) {
	if text == "" {
		return nil, nil
	}
	return api.ParseJSONPath(text)
}

// mask hides a secret's values, yet shows which of them the write changed. The objects are others' too: copies are masked.
func (e *historyEntry) mask() {
	if e.before != nil {
		e.before = copyObject(e.before)
	}
	if e.after != nil {
		e.after = copyObject(e.after)
	}
	maskSecrets(e.before, e.after)
}

// compare finds what the write changed, of the whole object or of a field.
func (e *historyEntry) compare(field *api.JSONPath) error {
	if e.compacted() {
		return nil
	}
	before, err := historyText(e.before, field)
	if err != nil {
		return err
	}
	after, err := historyText(e.after, field)
	if err != nil || slices.Equal(before, after) {
		return err
	}
	e.edits = compareLines(before, after)
	return nil
}

// historyText is an object as lines of YAML, or what a field of it holds.
func historyText(o object, field *api.JSONPath) ([]string, error) {
	if o == nil {
		return nil, nil
	}
	var values []any
	if field != nil {
		values, _ = field.Values(map[string]any(o)) // an error says that there is nothing of the kind in it
	} else {
		o = copyObject(o)
		if meta, ok := o["metadata"].(map[string]any); ok {
			delete(meta, "resourceVersion") // changes with every write
		}
		values = []any{map[string]any(o)}
	}
	var lines []string
	for _, value := range values {
		text, err := api.MarshalYAML(value)
		if err != nil {
			return nil, err
		}
		lines = append(lines, strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")...)
	}
	return lines, nil
}

// printHistory prints a write.
func printHistory(out io.Writer, e *historyEntry, ofField bool) {
	printLater(out, e.record)
	switch {
	case e.compacted():
		fmt.Fprintln(out, "   what it changed is compacted: nobody knows any more")
		return
	case len(e.edits) == 0:
		fmt.Fprintln(out, "   nothing changed but metadata.managedFields and metadata.resourceVersion")
		return
	}
	if !ofField {
		fmt.Fprintf(out, "--- %s\n+++ %s\n", versionLabel(e.before), versionLabel(e.after))
	}
	writeUnified(out, e.edits)
}

// versionLabel names a version of the object, as diff names a file.
func versionLabel(o object) string {
	if o == nil {
		return "/dev/null"
	}
	return "revision " + o.text("metadata", "resourceVersion")
}

// writeHistory writes the history for programs: each record, and the object as the write left it, which is null where it is gone.
func (s *session) writeHistory(format string, entries []*historyEntry) error {
	items := []any{}
	for _, e := range entries {
		data, err := api.MarshalJSON(e.record)
		if err != nil {
			return err
		}
		record, err := parseObject(data)
		if err != nil {
			return err
		}
		item := map[string]any{"record": map[string]any(record), "object": nil}
		if e.after != nil {
			item["object"] = map[string]any(e.after)
		}
		if e.unreadableAfter {
			item["compacted"] = true
		}
		items = append(items, item)
	}
	if format == "json" {
		return writeJSON(s.Out, map[string]any{"items": items})
	}
	text, err := api.MarshalYAML(map[string]any{"items": items})
	if err != nil {
		return err
	}
	_, err = s.Out.Write(text)
	return err
}
