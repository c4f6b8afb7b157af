package kubectllite

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"kubelite/api"
	"kubelite/client"
)

// ledger reads the server's records of why things happened. It keeps what it has read: chains share their beginnings.
type ledger struct {
	session *session
	writes  map[int64]*api.LedgerRecord // by revision; nil: not in the ledger any more
}

func (s *session) ledger() *ledger { return &ledger{session: s, writes: map[int64]*api.LedgerRecord{}} }

var errNoLedger = errors.New("this server keeps no ledger: only kubelite's can say who changed what, when and why")

func (l *ledger) ask(ctx context.Context, name, value string, answer any) error {
	resp, err := l.session.do(ctx, client.Request{Path: api.LedgerPath, Query: url.Values{name: {value}}})
	if api.IsNotFound(err) {
		return errNoLedger
	}
	if err != nil {
		return err
	}
	return api.UnmarshalJSON(resp.Body, answer)
}

func (l *ledger) query(ctx context.Context, name, value string) ([]api.LedgerRecord, error) {
	var list api.LedgerRecordList
	err := l.ask(ctx, name, value, &list)
	return list.Items, err
}

// moment returns the revision that it was so long ago, and how far back the past can be read.
func (l *ledger) moment(ctx context.Context, ago time.Duration) (*api.LedgerMoment, error) {
	var m api.LedgerMoment
	return &m, l.ask(ctx, "ago", ago.String(), &m)
}

// of returns everything recorded about an object, oldest first.
func (l *ledger) of(ctx context.Context, r *client.APIResource, namespace, name string) ([]api.LedgerRecord, error) {
	path := r.Resource() + "/"
	if r.Namespaced {
		path += namespace + "/"
	}
	records, err := l.query(ctx, "object", path+name)
	for i := range records {
		l.remember(&records[i])
	}
	return records, err
}

// write returns the record of the write that made a revision, nil if it is compacted.
func (l *ledger) write(ctx context.Context, revision int64) (*api.LedgerRecord, error) {
	if record, ok := l.writes[revision]; ok {
		return record, nil
	}
	records, err := l.query(ctx, "revision", strconv.FormatInt(revision, 10))
	if err != nil {
		return nil, err
	}
	l.writes[revision] = nil
	for i := range records {
		l.remember(&records[i])
	}
	return l.writes[revision], nil
}

// effects returns what a revision caused, in order.
func (l *ledger) effects(ctx context.Context, revision int64) ([]api.LedgerRecord, error) {
	return l.query(ctx, "cause", strconv.FormatInt(revision, 10))
}

// remember notes a write. A decision bears the revision at which it was made, which is somebody else's write.
func (l *ledger) remember(r *api.LedgerRecord) {
	if !isDecision(r) {
		l.writes[r.Revision] = r
	}
}

func isDecision(r *api.LedgerRecord) bool { return r.Verb == "decide" }

// lifetime keeps the records of the object's present life, or of its last one: a name may have been used before.
func lifetime(records []api.LedgerRecord) []api.LedgerRecord {
	start := 0
	for i := range records {
		if records[i].Verb == "create" && records[i].Subresource == "" {
			start = i
		}
	}
	return records[start:]
}

// subject is the object that why, trace or history is about.
type subject struct {
	resource        *client.APIResource
	namespace, name string
	records         []api.LedgerRecord
}

// ledgerSubject finds the object of the arguments, with what is recorded about its present life, or its last one.
func (s *session) ledgerSubject(ctx context.Context, args []string) (*ledger, *subject, error) {
	l, sub, err := s.ledgerRecords(ctx, args)
	if err == nil {
		sub.records = lifetime(sub.records)
	}
	return l, sub, err
}

// ledgerRecords finds the object of the arguments, with everything that is recorded under its name.
func (s *session) ledgerRecords(ctx context.Context, args []string) (*ledger, *subject, error) {
	r, name, err := s.one(ctx, args)
	if err != nil {
		return nil, nil, err
	}
	l := s.ledger()
	sub := &subject{resource: r, namespace: s.scope(r), name: name}
	records, err := l.of(ctx, r, sub.namespace, name)
	if err != nil {
		return nil, nil, err
	}
	if len(records) == 0 {
		// Never was there, or so long ago that the ledger was compacted.
		if _, err := s.getObject(ctx, r, sub.namespace, name); err != nil {
			return nil, nil, err
		}
		return nil, nil, fmt.Errorf("the ledger holds nothing about %s any more", displayName(r, name))
	}
	sub.records = records
	return l, sub, nil
}

// node is one step of a chain of causes, or of effects.
type node struct {
	Record *api.LedgerRecord `json:"record,omitempty"`
	// Note stands where there is no record, or more to say: an origin, a compacted revision.
	Note     string  `json:"note,omitempty"`
	Revision int64   `json:"revision,omitempty"`
	Children []*node `json:"children,omitempty"`
}

// describeRecord is a record's first line: what was done.
func describeRecord(r *api.LedgerRecord) string {
	verb := r.Verb
	if r.Subresource != "" {
		verb += " " + r.Subresource + " of"
	}
	if isDecision(r) {
		verb = "decided about"
	}
	return verb + " " + objectName(&r.Object)
}

// objectName is "pods default/web-1", as short as can be typed again: "pod/web-1 in default" reads worse in a tree.
func objectName(o *api.LedgerObject) string {
	resource := o.Resource
	if o.Group != "" {
		resource += "." + o.Group
	}
	if o.Namespace == "" {
		return resource + "/" + o.Name
	}
	return resource + " " + o.Namespace + "/" + o.Name
}

// actor is who did it: the user the server knows, and the program it said it was.
func actor(r *api.LedgerRecord) string {
	switch {
	case r.Agent == "":
		return r.User
	case r.User == "" || strings.HasSuffix(r.User, r.Agent):
		return r.Agent
	}
	return r.Agent + " as " + r.User
}

// because is the rule's words and place, and what set it off where no event did.
func because(r *api.LedgerRecord) string {
	var parts []string
	if r.Reason != "" {
		parts = append(parts, r.Reason)
	}
	if r.Timer != "" {
		parts = append(parts, "set off by a clock: "+r.Timer)
	}
	text := strings.Join(parts, "; ")
	if r.Rule != "" {
		text += "  (" + r.Rule + ")"
	}
	return strings.TrimSpace(text)
}

// causeList is "caused by rev 12, 15 and 3 more".
func causeList(r *api.LedgerRecord) string {
	if len(r.Causes) == 0 {
		return ""
	}
	var revisions []string
	for _, revision := range r.Causes {
		revisions = append(revisions, strconv.FormatInt(revision, 10))
	}
	text := "caused by rev " + strings.Join(revisions, ", ")
	if r.MoreCauses > 0 {
		text += fmt.Sprintf(" and %d more", r.MoreCauses)
	}
	return text
}

// relevantCauses orders a record's causes for a reader: what somebody wanted before what a component reported, the
// newest first among equals.
func relevantCauses(records []*api.LedgerRecord) {
	rank := func(r *api.LedgerRecord) int {
		switch {
		case r.Subresource == "status" || r.Object.Resource == "events" || r.Object.Resource == "leases":
			return 1
		}
		return 0
	}
	slices.SortStableFunc(records, func(a, b *api.LedgerRecord) int {
		if d := rank(a) - rank(b); d != 0 {
			return d
		}
		return int(b.Revision - a.Revision)
	})
}
