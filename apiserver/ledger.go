package apiserver

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"kubelite/api"
	"kubelite/store"
)

// The ledger says why. Components send with every write what they acted on; the record is stored in the same
// transaction as the write, so that there is no write without a reason and no reason without its write. A write
// without causes is where a chain begins: a person, or a clock.
//
// Decisions that write nothing (a pod that fits no node) are recorded by POST /ledger.

// why is what a request's headers say about its cause.
type why struct {
	agent      string
	causes     []int64
	moreCauses int
	timer      string
	reconcile  string
	rule       string
	reason     string
	details    []byte
	asker      string // of what the server writes itself: on whose request
}

// causes is the step of the chain that reads the ledger headers of requests that write.
func (s *Server) causes(_ http.ResponseWriter, req *Request) (err error) {
	if method := req.HTTP.Method; method != http.MethodGet && method != http.MethodHead {
		req.why, err = readWhy(req.HTTP.Header)
	}
	return err
}

func readWhy(header http.Header) (*why, error) {
	y := &why{agent: header.Get("User-Agent"), reconcile: header.Get(api.HeaderReconcile), rule: header.Get(api.HeaderRule)}
	var err error
	if y.causes, y.moreCauses, err = parseCauses(header.Get(api.HeaderCauses)); err != nil {
		return nil, err
	}
	if y.timer, err = unescapeHeader(header, api.HeaderTimer); err != nil {
		return nil, err
	}
	if y.reason, err = unescapeHeader(header, api.HeaderReason); err != nil {
		return nil, err
	}
	if text := header.Get(api.HeaderDetails); text != "" {
		details, err := url.PathUnescape(text)
		if err != nil || len(details) > api.MaxLedgerDetails || !json.Valid([]byte(details)) {
			return nil, api.NewBadRequest("header %s: must be at most %d bytes of JSON, percent-encoded", api.HeaderDetails, api.MaxLedgerDetails)
		}
		y.details = []byte(details)
	}
	return y, nil
}

func unescapeHeader(header http.Header, name string) (string, error) {
	text, err := url.PathUnescape(header.Get(name))
	if err != nil {
		return "", api.NewBadRequest("header %s: %v", name, err)
	}
	return text, nil
}

// parseCauses reads "12,15,19;+4".
func parseCauses(text string) (causes []int64, more int, err error) {
	if text == "" {
		return nil, 0, nil
	}
	bad := api.NewBadRequest("header %s: %q is not a list of revisions", api.HeaderCauses, text)
	list, rest, ok := strings.Cut(text, ";+")
	if ok {
		if more, err = strconv.Atoi(rest); err != nil || more < 0 {
			return nil, 0, bad
		}
	}
	for part := range strings.SplitSeq(list, ",") {
		revision, err := strconv.ParseInt(part, 10, 64)
		if err != nil || revision <= 0 {
			return nil, 0, bad
		}
		causes = append(causes, revision)
	}
	if over := len(causes) - api.MaxLedgerCauses; over > 0 {
		causes, more = causes[:api.MaxLedgerCauses], more+over
	}
	return causes, more, nil
}

// record makes the ledger line of a write to an object.
func (s *Server) record(req *Request, obj api.Object) *store.Record {
	meta, row := obj.GetObjectMeta(), req.Resource.storedRow()
	line := req.ledgerLine(api.LedgerObject{Group: row.Group, Resource: row.Plural, Namespace: meta.Namespace, Name: meta.Name, UID: meta.UID})
	return &store.Record{Causes: line.Causes, Data: lineOf(&line)}
}

// ledgerLine is what the ledger says of a request that writes an object now.
func (r *Request) ledgerLine(object api.LedgerObject) api.LedgerRecord {
	y := r.why
	if y == nil {
		y = &why{}
	}
	line := api.LedgerRecord{
		Time: api.MicroTime{Time: time.Now()}, Agent: y.agent, Verb: r.Verb, Subresource: r.Subresource, Object: object,
		Causes: y.causes, MoreCauses: y.moreCauses, Timer: y.timer, Reconcile: y.reconcile, Rule: y.rule, Reason: y.reason,
		Details: api.RawExtension{Raw: y.details},
	}
	switch {
	case y.asker != "":
		line.User = y.asker
	case r.User != nil:
		line.User = r.User.Name
	}
	return line
}

// lineOf encodes a ledger line all but its revision, which the store knows.
func lineOf(line *api.LedgerRecord) store.Value {
	const hole = `{"revision":0`
	b, err := api.MarshalJSON(line)
	if err != nil { // strings, numbers and details that are valid JSON
		panic(fmt.Sprintf("apiserver: encode a ledger line: %v", err))
	}
	return func(revision int64) []byte {
		out := make([]byte, 0, len(b)+20)
		out = append(out, hole[:len(hole)-1]...)
		out = strconv.AppendInt(out, revision, 10)
		return append(out, b[len(hole):]...)
	}
}

// serveLedger answers what is in the ledger (GET) and takes decisions (POST).
func (s *Server) serveLedger(w http.ResponseWriter, hr *http.Request) {
	req := requestFrom(hr.Context())
	if hr.Method == http.MethodPost {
		code, err := s.recordDecision(hr.Context(), req)
		if err != nil {
			s.respond(w, req, nil, err)
			return
		}
		w.WriteHeader(code)
		return
	}
	if ago := req.Query().Get("ago"); ago != "" {
		moment, err := s.momentAgo(hr.Context(), ago)
		if err != nil {
			s.respond(w, req, nil, err)
			return
		}
		body, _ := api.MarshalJSON(moment) // numbers and a time
		send(w, mediaJSON, http.StatusOK, body)
		return
	}
	query, err := s.ledgerQuery(req)
	if err != nil {
		s.respond(w, req, nil, err)
		return
	}
	lines, err := s.store.Records(hr.Context(), query)
	if err != nil {
		s.respond(w, req, nil, err)
		return
	}
	body := []byte(`{"items":[`)
	for i, line := range lines {
		if i > 0 {
			body = append(body, ',')
		}
		body = append(body, line...)
	}
	send(w, mediaJSON, http.StatusOK, append(body, "]}"...))
}

// ledgerQuery reads ?object=pods/default/web, ?revision=12, ?cause=12, ?from=12, and limit.
func (s *Server) ledgerQuery(req *Request) (query store.RecordQuery, err error) {
	values := req.Query()
	for name, into := range map[string]*int64{"revision": &query.Revision, "cause": &query.Cause, "from": &query.From} {
		if text := values.Get(name); text != "" {
			if *into, err = strconv.ParseInt(text, 10, 64); err != nil || *into <= 0 {
				return query, api.NewBadRequest("%s: %q is not a revision", name, text)
			}
		}
	}
	if text := values.Get("limit"); text != "" {
		if query.Limit, err = strconv.Atoi(text); err != nil || query.Limit < 0 {
			return query, api.NewBadRequest("limit: %q is not a number", text)
		}
	}
	if object := values.Get("object"); object != "" {
		query.Key, err = s.ledgerKey(object)
	}
	return query, err
}

// ledgerKey finds the store's key of RESOURCE[.GROUP]/[NAMESPACE/]NAME.
func (s *Server) ledgerKey(object string) (string, error) {
	name, rest, _ := strings.Cut(object, "/")
	for _, res := range s.rows() {
		if res.Resource() != name || res.neverStored() {
			continue
		}
		if parts := strings.Count(rest, "/"); rest == "" || (parts == 1) != res.Namespaced || parts > 1 {
			break
		}
		return res.prefix + rest, nil
	}
	return "", api.NewBadRequest("object: %q is not RESOURCE[.GROUP]/[NAMESPACE/]NAME of a known resource", object)
}

// recordDecision takes in a decision that wrote nothing. The body is a LedgerRecord; who sent it, and when, the server
// knows better.
func (s *Server) recordDecision(ctx context.Context, req *Request) (code int, err error) {
	body, err := readBody(req.HTTP)
	if err != nil {
		return 0, err
	}
	var line api.LedgerRecord
	if err := api.UnmarshalJSON(body, &line); err != nil {
		return 0, api.NewBadRequest("the body is no ledger record: %v", err)
	}
	object := line.Object.Resource
	if line.Object.Group != "" {
		object += "." + line.Object.Group
	}
	if line.Object.Namespace != "" {
		object += "/" + line.Object.Namespace
	}
	key, err := s.ledgerKey(object + "/" + line.Object.Name)
	if err != nil {
		return 0, err
	}
	if i := slices.IndexFunc(line.Causes, func(revision int64) bool { return revision <= 0 }); i >= 0 {
		return 0, api.NewBadRequest("causes: %d is not a revision", line.Causes[i])
	}
	if over := len(line.Causes) - api.MaxLedgerCauses; over > 0 {
		line.Causes, line.MoreCauses = line.Causes[:api.MaxLedgerCauses], line.MoreCauses+over
	}
	line.Revision, line.Time, line.Verb = 0, api.MicroTime{Time: time.Now()}, "decide"
	line.User = req.User.Name
	if line.Agent == "" {
		line.Agent = req.why.agent
	}
	if _, err := s.store.Record(ctx, store.Record{Key: key, Causes: line.Causes, Data: lineOf(&line)}); err != nil {
		return 0, fmt.Errorf("record a decision about %s: %w", key, err)
	}
	return http.StatusNoContent, nil
}
