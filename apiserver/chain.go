package apiserver

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/gorilla/mux"

	"kubelite/api"
)

// The steps of the chain that are not about who may do what; authenticate is in authn.go, authorize in authz.go,
// the audit log in audit.go, causes in ledger.go, throttle in throttle.go, and gate in gate.go.

// check makes a step of the chain from what only looks at a request: its error is the answer. A watch keeps its stack for as
// long as it lasts, and a step of this kind takes next to nothing of it.
func (s *Server) check(look func(w http.ResponseWriter, req *Request) error) mux.MiddlewareFunc {
	return func(next http.Handler) http.Handler {
		return &checked{server: s, look: look, next: next}
	}
}

type checked struct {
	server *Server
	look   func(w http.ResponseWriter, req *Request) error
	next   http.Handler
}

func (c *checked) ServeHTTP(w http.ResponseWriter, hr *http.Request) {
	if c.passes(w, requestFrom(hr.Context())) {
		c.next.ServeHTTP(w, hr)
	}
}

// passes answers if the request does not.
func (c *checked) passes(w http.ResponseWriter, req *Request) bool {
	err := c.look(w, req)
	if err != nil {
		c.server.respond(c.server.auditLog.stranger(w, req), req, nil, err)
	}
	return err == nil
}

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
		next.ServeHTTP(w, s.understand(w.Header(), hr).HTTP)
	})
}

// understand reads a request, and writes what every answer has into its header.
func (s *Server) understand(answer http.Header, hr *http.Request) *Request {
	req := parseRequest(hr)
	req.auditID = cmp.Or(hr.Header.Get(auditIDHeader), string(api.NewUID()))
	answer[auditIDHeader] = []string{req.auditID}
	answer["Cache-Control"] = noCache // unless the handler knows better
	if req.IsResource {
		req.Resource = s.resource(req.Group, req.Version, req.Plural)
		if req.Resource != nil && !req.Resource.livesAt(req) {
			req.Resource = nil
		}
	}
	req.HTTP = hr.WithContext(withRequest(hr.Context(), req))
	return req
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
		rec := &recorder{ResponseWriter: w, code: http.StatusOK, start: time.Now()}
		next.ServeHTTP(rec, hr)
		s.served(hr, rec.code, time.Since(rec.start))
	})
}

// served tells of a request that is over.
func (s *Server) served(hr *http.Request, code int, took time.Duration) {
	req := requestFrom(hr.Context())
	s.observe(req, code, took)
	if s.log.Enabled(hr.Context(), slog.LevelDebug) { // checked first because the arguments cost more than the check
		user := ""
		if req.User != nil {
			user = req.User.Name
		}
		s.log.Debug("request", "verb", req.Verb, "path", hr.URL.Path, "code", code, "took", took, "user", user, "agent", hr.UserAgent())
	}
}

// maxTimeout is how long a client may make the server try.
const maxTimeout = time.Minute

// deadline is the step of the chain that gives a request the time that its parameter "timeout" names. Without one it has as much
// as it needs: a write may be held at the gate.
func (s *Server) deadline(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, hr *http.Request) {
		req := requestFrom(hr.Context())
		if req.longRunning() {
			next.ServeHTTP(w, hr)
			return
		}
		if hr.ContentLength != 0 {
			hr.Body = newTimedBody(w, hr)
		}
		if req.Query().Get("timeout") == "" {
			next.ServeHTTP(w, hr)
			return
		}
		s.within(next, w, hr)
	})
}

// timedBody is the body of a request, which its client has to send within maxTimeout: a request that waits for it keeps its seat.
type timedBody struct {
	io.ReadCloser
	left    int64 // negative: nobody knows
	control *http.ResponseController
}

func newTimedBody(w http.ResponseWriter, hr *http.Request) *timedBody {
	b := &timedBody{hr.Body, hr.ContentLength, http.NewResponseController(w)}
	b.until(time.Now().Add(maxTimeout))
	return b
}

// Read reads on. When there is no more to come, the time is over: what else the connection brings may come late.
func (b *timedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if b.left -= int64(n); err != nil || b.left == 0 {
		b.until(time.Time{})
	}
	return n, err
}

func (b *timedBody) until(deadline time.Time) { _ = b.control.SetReadDeadline(deadline) } // who knows no deadlines never hangs

func (s *Server) within(next http.Handler, w http.ResponseWriter, hr *http.Request) {
	req := requestFrom(hr.Context())
	timeout, err := time.ParseDuration(req.Query().Get("timeout"))
	if err != nil {
		s.respond(w, req, nil, api.NewBadRequest("invalid timeout specified in the request URL - %v", err))
		return
	}
	if timeout <= 0 || timeout > maxTimeout {
		timeout = maxTimeout
	}
	ctx, cancel := context.WithTimeout(hr.Context(), timeout)
	defer cancel()
	req.HTTP = hr.WithContext(ctx)
	next.ServeHTTP(w, req.HTTP)
}

// recorder remembers the code of the answer, and when the request came.
type recorder struct {
	http.ResponseWriter
	code  int
	start time.Time
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

// longRunning tells requests that stay open on purpose. Of what another API server serves, the names tell.
func (r *Request) longRunning() bool {
	switch {
	case r.Verb == "watch":
		return true
	case !r.IsResource:
		return strings.HasPrefix(r.HTTP.URL.Path, "/debug/pprof/")
	case r.Resource == nil:
		return slices.Contains([]string{"attach", "exec", "log", "portforward", "proxy"}, r.Subresource)
	case r.Subresource == "":
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
