package kubectllite

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"kubelite/api"
	"kubelite/client"
)

// Rewind: a command sees the cluster as it was. The API has one read of the past, a list that names the revision it wants
// exactly; all other reads are made of that one, below all that a command does, so that none of them needs to know:
//
//	list of pods       ──▶ list of pods, resourceVersion=812, resourceVersionMatch=Exact
//	get of pod web-1   ──▶ the same, fieldSelector=metadata.name=web-1, and its only item is the answer
//	what is served     ──▶ as it is now

const atUsage = "Show the past: the state at a revision (812), or so long ago (5m). How far back that goes is the server's, commonly 5 to 6 minutes. Ages are counted from now."

// atRevision marks all reads made with the context as reads of a revision.
func atRevision(ctx context.Context, revision int64) context.Context {
	return context.WithValue(ctx, rewoundKey{}, revision)
}

type rewoundKey struct{}

// rewind makes the context of a command with --at: a revision, or how long ago. Without it the present is meant.
func (s *session) rewind(ctx context.Context, at string) (context.Context, error) {
	if at == "" {
		return ctx, nil
	}
	revision, ago, err := parseAt(at)
	if err != nil {
		return nil, err
	}
	moment, err := s.ledger().moment(ctx, ago)
	switch {
	case revision > 0 && (errors.Is(err, errNoLedger) || api.IsForbidden(err)):
		return atRevision(ctx, revision), nil // any Kubernetes may still have it, and says so if it has not
	case err != nil:
		return nil, err
	case revision > moment.Revision && ago == 0:
		return nil, api.NewTooLargeResourceVersion(revision, moment.Revision, 0)
	case revision == 0:
		revision = moment.Revision
	}
	if revision < moment.OldestRevision {
		return nil, api.NewExpired("The resourceVersion for the provided list is too old. %s", remaining(moment, time.Now()))
	}
	return atRevision(ctx, revision), nil
}

// parseAt reads the value of --at: 812, or 5m.
func parseAt(text string) (revision int64, ago time.Duration, err error) {
	if revision, err = strconv.ParseInt(text, 10, 64); err == nil && revision > 0 {
		return revision, 0, nil
	}
	if ago, err = time.ParseDuration(text); err == nil && ago > 0 {
		return 0, ago, nil
	}
	return 0, 0, fmt.Errorf("invalid argument %q for \"--at\" flag: must be a revision such as 812, or a duration such as 5m", text)
}

// remaining says how much of the past is still there.
func remaining(m *api.LedgerMoment, now time.Time) string {
	text := fmt.Sprintf("What is still there begins at revision %d", m.OldestRevision)
	if !m.OldestTime.IsZero() {
		text += fmt.Sprintf(", %s ago", api.HumanDuration(now.Sub(m.OldestTime.Time)))
	}
	return text + "."
}

// rewound sends the requests of a rewound context as reads of its revision.
type rewound struct {
	base string // path of the server's URL
	next http.RoundTripper
}

// RoundTrip sends one request.
func (t *rewound) RoundTrip(r *http.Request) (*http.Response, error) {
	revision, ok := r.Context().Value(rewoundKey{}).(int64)
	if !ok || r.Method != http.MethodGet {
		return t.next.RoundTrip(r)
	}
	path := parseReadPath(strings.TrimPrefix(r.URL.Path, t.base))
	switch {
	case path == nil:
		return t.next.RoundTrip(r)
	case path.subresource:
		return nil, fmt.Errorf("%s: only objects can be read as they were", r.URL.Path)
	}
	past := r.Clone(r.Context())
	past.URL.Path = t.base + path.collection
	past.URL.RawQuery = pastQuery(r.URL.Query(), revision, path.name).Encode()
	resp, err := t.next.RoundTrip(past)
	if err != nil || path.name == "" || resp.StatusCode != http.StatusOK {
		return resp, err
	}
	body, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	if err != nil {
		return nil, err
	}
	if body, err = onlyItem(body); err != nil {
		return nil, err
	}
	if body == nil {
		kind := &api.Kind{GroupVersion: api.GroupVersion{Group: path.group}, Plural: path.resource}
		if body, err = api.MarshalJSON(api.NewNotFound(kind, path.name).ErrStatus); err != nil {
			return nil, err
		}
		resp.StatusCode, resp.Status = http.StatusNotFound, "404 Not Found"
	}
	resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	return resp, nil
}

// readPath is what a path of the API leads to: a collection, or one object of it.
type readPath struct {
	group, resource  string
	collection, name string
	subresource      bool
}

// parseReadPath takes a path apart; nil: it leads to no objects.
func parseReadPath(path string) *readPath {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	var p readPath
	var at int // where the resource stands
	switch {
	case parts[0] == "api":
		at = 2
	case parts[0] == "apis" && len(parts) > 1:
		at, p.group = 3, parts[1]
	default:
		return nil
	}
	if len(parts) > at+2 && parts[at] == "namespaces" && !slices.Contains([]string{"status", "finalize"}, parts[at+2]) {
		at += 2
	}
	if len(parts) <= at {
		return nil
	}
	p.resource, p.collection = parts[at], "/"+strings.Join(parts[:at+1], "/")
	if len(parts) > at+1 {
		p.name = parts[at+1]
	}
	p.subresource = len(parts) > at+2
	return &p
}

// pastQuery turns the query of a read into that of a list at a revision. A token to go on with has the revision in it.
func pastQuery(query url.Values, revision int64, name string) url.Values {
	if name != "" {
		query.Set("fieldSelector", "metadata.name="+name)
	}
	if query.Get("continue") == "" {
		query.Set("resourceVersion", strconv.FormatInt(revision, 10))
		query.Set("resourceVersionMatch", string(api.ResourceVersionMatchExact))
	}
	return query
}

// onlyItem is the one object in a list, nil if there is none. A table stays what it is: its rows are the object's.
func onlyItem(list []byte) ([]byte, error) {
	o, err := parseObject(list)
	if err != nil {
		return nil, err
	}
	if o.kind() == "Table" {
		if rows, _ := o["rows"].([]any); len(rows) == 0 {
			return nil, nil
		}
		return list, nil
	}
	items, _ := o.items()
	if len(items) == 0 {
		return nil, nil
	}
	return items[0].json(), nil
}

// objectAt is an object as it was at a revision, nil if it was not there.
func (s *session) objectAt(ctx context.Context, r *client.APIResource, namespace, name string, revision int64) (object, error) {
	o, err := s.getObject(atRevision(ctx, revision), r, namespace, name)
	if api.IsNotFound(err) {
		return nil, nil
	}
	return o, err
}
