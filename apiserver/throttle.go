package apiserver

import (
	"net/http"
	"strconv"
	"time"

	"github.com/gorilla/mux"

	"kubelite/api"
	"kubelite/apiserver/flowcontrol"
)

// throttle is the step of the chain that lets requests in as there is room for them, fairly: which one is next, package
// flowcontrol decides. Those that stay open on purpose are not its concern, except for the beginning of a watch.
func (s *Server) throttle(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, hr *http.Request) {
		req := requestFrom(hr.Context())
		if req.longRunning() && req.Verb != "watch" {
			next.ServeHTTP(w, hr)
			return
		}
		if !s.takeSeat(w, req) {
			return
		}
		defer req.leaveSeat()
		next.ServeHTTP(w, hr)
	})
}

// patience is how long a request may wait for a seat. If its client named a time, it is a quarter of that.
const patience = maxTimeout / 4

// takeSeat waits for a seat, or answers that there is none. The answer's headers say by which FlowSchema, in their UIDs: names
// are the administrators' own.
func (s *Server) takeSeat(w http.ResponseWriter, req *Request) bool {
	ctx, wait := req.HTTP.Context(), patience
	if deadline, ok := ctx.Deadline(); ok {
		wait = time.Until(deadline) / 4
	}
	t := s.flow.Admit(ctx, wait, req.digest(), func(most int) flowcontrol.Work { return s.workOf(req, most) })
	header := w.Header()
	header["X-Kubernetes-Pf-Flowschema-Uid"], header["X-Kubernetes-Pf-Prioritylevel-Uid"] = t.UIDs()
	if t.Rejected != "" {
		header.Set("Retry-After", strconv.Itoa(t.RetryAfter))
		http.Error(w, "Too many requests, please try again later.", http.StatusTooManyRequests)
		return false
	}
	req.seat = t
	return true
}

// leaveSeat makes room for the next request: this one is over, or it is a watch that has begun.
func (r *Request) leaveSeat() {
	if r.seat != nil {
		r.seat.Done()
		r.seat = nil
	}
}

func (r *Request) digest() flowcontrol.Digest {
	return flowcontrol.Digest{
		User: r.User.Name, Groups: r.User.Groups, Verb: r.Verb, Path: r.HTTP.URL.Path, IsResource: r.IsResource,
		Group: r.Group, Version: r.Version, Resource: r.Plural, Subresource: r.Subresource, Namespace: r.Namespace, Name: r.Name,
	}
}

// workOf estimates what a request will have to do: reading many objects is much, and so is telling many watchers of a change.
func (s *Server) workOf(req *Request, most int) flowcontrol.Work {
	if req.Resource == nil || req.Resource.neverStored() {
		return flowcontrol.One()
	}
	switch req.Verb {
	case "list", "watch":
		return flowcontrol.List(s.bytesToRead(req), most)
	case "create", "update", "patch", "delete":
		if req.Subresource != "token" { // which changes nothing
			return flowcontrol.Write(s.cache.kind(req.Resource.storedRow()).interested(req), most)
		}
	}
	return flowcontrol.One()
}

// bytesToRead guesses the size of the objects that a list or the beginning of a watch is about; of those that a selector leaves
// out, too: they have to be looked at.
func (s *Server) bytesToRead(req *Request) int64 {
	sel, options, err := readList(req)
	if err != nil || req.Verb == "watch" && !api.Deref(options.initialEvents, false) {
		return 0
	}
	objects, bytes := s.cache.kind(req.Resource.storedRow()).size()
	switch {
	case objects == 0:
		return 0
	case sel.name != "":
		return bytes / int64(objects)
	case options.limit > 0 && options.resourceVersion != "0": // which is answered with everything
		return bytes / int64(objects) * min(options.limit, int64(objects))
	}
	return bytes
}

// flowDebugging serves what requests wait and are served, for administrators, where upstream does.
func (s *Server) flowDebugging(r *mux.Router) {
	const under = "/debug/api_priority_and_fairness/"
	dump := func(write func(w http.ResponseWriter, hr *http.Request) error) http.HandlerFunc {
		return s.readOnly(func(w http.ResponseWriter, hr *http.Request) {
			if err := write(w, hr); err != nil { // the client has gone
				s.log.Debug("requests could not be shown", "error", err)
			}
		})
	}
	r.HandleFunc(under+"dump_priority_levels", dump(func(w http.ResponseWriter, _ *http.Request) error { return s.flow.DumpPriorityLevels(w) }))
	r.HandleFunc(under+"dump_queues", dump(func(w http.ResponseWriter, _ *http.Request) error { return s.flow.DumpQueues(w) }))
	r.HandleFunc(under+"dump_requests", dump(func(w http.ResponseWriter, hr *http.Request) error {
		return s.flow.DumpRequests(w, hr.URL.Query().Get("includeRequestDetails") != "")
	}))
}
