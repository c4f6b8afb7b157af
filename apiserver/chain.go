package apiserver

import (
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"kubelite/api"
)

// The steps of the chain that are not about who may do what; authenticate is in authn.go, authorize in authz.go,
// the audit log in audit.go, causes in ledger.go, and gate in gate.go.

// recoverPanic turns a bug in one request into a 500. A handler that gives up on purpose panics with
// http.ErrAbortHandler, which ends the connection and nothing else.
func (s *Server) recoverPanic(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, hr *http.Request) {
		defer func() {
			p := recover()
			if p == nil {
				return
			}
			if err, ok := p.(error); ok && errors.Is(err, http.ErrAbortHandler) {
				panic(p)
			}
			s.log.Error("a request panicked", "method", hr.Method, "path", hr.URL.Path, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			s.respond(w, &Request{HTTP: hr, Verb: "panic"}, nil, api.NewInternalError(fmt.Errorf("panic: %v", p)))
		}()
		next.ServeHTTP(w, hr)
	})
}

// requestInfo puts what the request means into its context.
func (s *Server) requestInfo(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, hr *http.Request) {
		req := parseRequest(hr)
		req.auditID = or(hr.Header.Get(auditIDHeader), string(newUID()))
		w.Header()[auditIDHeader] = []string{req.auditID}
		w.Header()["Cache-Control"] = noCache // unless the handler knows better
		if req.IsResource {
			req.Resource = s.resource(req.Group, req.Version, req.Plural)
			if req.Resource != nil && !req.Resource.livesAt(req) {
				req.Resource = nil
			}
		}
		req.HTTP = hr.WithContext(withRequest(hr.Context(), req))
		next.ServeHTTP(w, req.HTTP)
	})
}

// livesAt tells whether the path names a place where such objects are: those of a namespaced kind are inside a
// namespace, the others are not. Collections of a namespaced kind can be read across all namespaces.
func (res *Resource) livesAt(req *Request) bool {
	if res.Namespaced {
		return req.Namespace != "" || req.Name == ""
	}
	return req.Namespace == "" || req.Plural == "namespaces"
}

// logRequest writes one line per request when it is over, and feeds the metrics.
func (s *Server) logRequest(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, hr *http.Request) {
		req, start, rec := requestFrom(hr.Context()), time.Now(), &recorder{ResponseWriter: w, code: http.StatusOK}
		next.ServeHTTP(rec, hr)
		took := time.Since(start)
		s.observe(req, rec.code, took)
		if s.log.Enabled(hr.Context(), -4) { // slog.LevelDebug; checked first because the arguments cost more than the check
			user := ""
			if req.User != nil {
				user = req.User.Name
			}
			s.log.Debug("request", "verb", req.Verb, "path", hr.URL.Path, "code", rec.code, "took", took, "user", user, "agent", hr.UserAgent())
		}
	})
}

// recorder remembers the code of the answer.
type recorder struct {
	http.ResponseWriter
	code int
}

func (r *recorder) WriteHeader(code int) {
	r.code = code
	r.ResponseWriter.WriteHeader(code)
}

// Flush sends what is buffered: streams need it.
func (r *recorder) Flush() {
	if f, ok := r.ResponseWriter.(http.Flusher); ok {
		f.Flush()
	}
}

// Unwrap lets http.ResponseController reach deadlines and the connection.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// inFlight counts the requests that are being served.
type inFlight struct {
	reads, writes       atomic.Int64
	maxReads, maxWrites int64
}

// throttle turns requests away when too many are being served, so that those inside still finish in time. Upstream
// shares its seats out fairly among users (API Priority and Fairness); this is the simpler rule it had before.
func (s *Server) throttle(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, hr *http.Request) {
		req := requestFrom(hr.Context())
		count, limit := &s.inFlight.reads, s.inFlight.maxReads
		switch {
		case req.longRunning() || (req.User != nil && req.User.InGroup("system:masters")):
			next.ServeHTTP(w, hr)
			return
		case hr.Method != http.MethodGet && hr.Method != http.MethodHead:
			count, limit = &s.inFlight.writes, s.inFlight.maxWrites
		}
		req.seat = count
		defer count.Add(-1)
		if count.Add(1) > limit {
			w.Header().Set("Retry-After", "1")
			s.respond(w, req, nil, api.NewTooManyRequests("too many requests, please try again later", 1))
			return
		}
		next.ServeHTTP(w, hr)
	})
}

// longRunning tells requests that stay open on purpose.
func (r *Request) longRunning() bool {
	if r.Verb == "watch" {
		return true
	}
	if r.Resource == nil || r.Subresource == "" {
		return false
	}
	sub := r.Resource.Subresources[r.Subresource]
	return sub != nil && sub.LongRunning
}

// serveNotFound answers paths that nothing lives at.
func (s *Server) serveNotFound(w http.ResponseWriter, hr *http.Request) {
	req := requestFrom(hr.Context())
	group := req.Group
	if !req.IsResource { // /api/v2, or /apis/apps/v9
		group = groupOfPath(hr.URL.Path)
	}
	if group == noGroup || !s.serves(group) {
		http.Error(w, "404 page not found", http.StatusNotFound)
		return
	}
	s.respond(w, req, nil, notFound())
}

// noGroup is the group of a path that is not about any; the core group is "".
const noGroup = "/"

// groupOfPath is the group that a path is about which leads to no resource.
func groupOfPath(path string) string {
	parts := strings.Split(strings.TrimSuffix(path, "/"), "/")
	switch {
	case len(parts) == 3 && parts[1] == "api":
		return ""
	case len(parts) == 4 && parts[1] == "apis":
		return parts[2]
	}
	return noGroup
}

// readOnly refuses all but GET where there is nothing to write.
func (s *Server) readOnly(serve http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, hr *http.Request) {
		if hr.Method != http.MethodGet {
			s.respond(w, requestFrom(hr.Context()), nil, errMethodNotAllowed())
			return
		}
		serve(w, hr)
	}
}

// notFound is for paths at which there could be nothing.
func notFound() *api.StatusError {
	err := api.NewGenericNotFound()
	err.ErrStatus.Details = &api.StatusDetails{}
	return err
}

// serves tells whether there is anything of a group.
func (s *Server) serves(group string) bool {
	return slices.ContainsFunc(s.rows(), func(res *Resource) bool { return res.Group == group })
}

func methodNotAllowed(*Server, http.ResponseWriter, *Request) (*Answer, error) {
	return nil, errMethodNotAllowed()
}

func errMethodNotAllowed() error {
	return &api.StatusError{ErrStatus: api.Status{
		TypeMeta: api.TypeMeta{Kind: "Status", APIVersion: "v1"}, Status: api.StatusFailure, Code: http.StatusMethodNotAllowed, Reason: api.StatusReasonMethodNotAllowed,
		Message: "the server does not allow this method on the requested resource", Details: &api.StatusDetails{},
	}}
}

func subresourceNotFound(*Server, http.ResponseWriter, *Request) (*Answer, error) {
	return nil, notFound()
}
