package kubectllite

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"kubelite/api"
	"kubelite/client"
)

// ledger reads the server's records of what was done and why, each at most once.
type ledger struct {
	s        *session
	writes   map[int64]*api.LedgerRecord // by revision; nil for those that are gone
	singular map[string]string           // "pods" -> "pod", "deployments.apps" -> "deployment.apps"
}

func (s *session) openLedger(ctx context.Context) (*ledger, error) {
	resources, err := s.discover(ctx)
	if err != nil {
		return nil, err
	}
	l := &ledger{s: s, writes: map[int64]*api.LedgerRecord{}, singular: map[string]string{}}
	for i := range resources {
		r := &resources[i]
		name := displayName(r, "")
		l.singular[r.Resource()] = strings.TrimSuffix(name, "/")
	}
	return l, nil
}

func groupResource(group, resource string) string {
	if group == "" {
		return resource
	}
	return resource + "." + group
}

func (l *ledger) query(ctx context.Context, name, value string) ([]api.LedgerRecord, error) {
	resp, err := l.s.do(ctx, client.Request{Path: api.LedgerPath, Query: url.Values{name: {value}}})
	if err != nil {
		return nil, err
	}
	var list api.LedgerRecordList
	if err := json.Unmarshal(resp.Body, &list); err != nil {
		return nil, fmt.Errorf("read the ledger: %w", err)
	}
	return list.Items, nil
}

// of returns everything recorded about an object, oldest first.
func (l *ledger) of(ctx context.Context, m *manifest) ([]api.LedgerRecord, error) {
	key := m.resource.Resource() + "/"
	if m.object.namespace() != "" {
		key += m.object.namespace() + "/"
	}
	return l.query(ctx, "object", key+m.object.name())
}

// write returns the write that made a revision, nil if the ledger does not have it any more.
func (l *ledger) write(ctx context.Context, revision int64) (*api.LedgerRecord, error) {
	if r, ok := l.writes[revision]; ok {
		return r, nil
	}
	records, err := l.query(ctx, "revision", strconv.FormatInt(revision, 10))
	if err != nil {
		return nil, err
	}
	l.writes[revision] = nil
	for i := range records {
		if records[i].Verb != decided {
			l.writes[revision] = &records[i]
		}
	}
	return l.writes[revision], nil
}

// decided is the verb of a record that is no write.
const decided = "decide"

// causedBy returns what was done because of a revision.
func (l *ledger) causedBy(ctx context.Context, revision int64) ([]api.LedgerRecord, error) {
	return l.query(ctx, "cause", strconv.FormatInt(revision, 10))
}

// object names what a record is about: "pod/web-x".
func (l *ledger) object(r *api.LedgerRecord) string {
	resource := groupResource(r.Object.Group, r.Object.Resource)
	if singular := l.singular[resource]; singular != "" {
		resource = singular
	}
	return resource + "/" + r.Object.Name
}

// what says in a few words what was done: "create pod/web-x", "bind pod/web-x", "status of pod/web-x".
func (l *ledger) what(r *api.LedgerRecord) string {
	object := l.object(r)
	switch {
	case r.Verb == decided:
		return "no change of " + object
	case r.Subresource == "binding":
		return "bind " + object
	case r.Subresource != "":
		return r.Verb + " " + r.Subresource + " of " + object
	}
	return r.Verb + " " + object
}

// who names the program, and the user that the server knows it as.
func who(r *api.LedgerRecord) string {
	agent, _, _ := strings.Cut(r.Agent, " ") // "kubectl/v1.36.3 (linux/amd64) ..."
	if agent == "" || agent == r.User {
		return r.User
	}
	return fmt.Sprintf("%s (%s)", agent, r.User)
}

// origin says where a record without causes came from.
func origin(r *api.LedgerRecord) string {
	if r.Timer != "" {
		return "a clock: " + r.Timer
	}
	return "a request of " + r.User + ", which nothing in the cluster caused"
}

func clock(t api.MicroTime) string { return t.Local().Format("15:04:05.000") }

// since is how long after another moment something happened.
func since(t, start api.MicroTime) string {
	d := t.Sub(start.Time)
	if d < time.Second {
		return fmt.Sprintf("+%dms", d.Milliseconds())
	}
	return fmt.Sprintf("+%.1fs", d.Seconds())
}
