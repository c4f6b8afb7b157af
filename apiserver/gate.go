package apiserver

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"slices"

	"kubelite/api"
	"kubelite/apiserver/gate"
)

// The gate is a debugger for control loops. Every write comes through here last, when all that speaks against it has been
// said, so this is where it can be made to wait until somebody has looked at it:
//
//	a rule may select it ─▶ rehearse it ─▶ the rule does ─▶ wait, without a seat ─▶ carry it out ─▶ tell what became of it
//	                        (gate_rehearsal.go)             (gate/gate.go)
//
// Faults are requests that go wrong on purpose (gate_faults.go). While there are neither, a request pays one atomic load.

// gate is the step of the chain that lets a request go on, in time.
func (s *Server) gate(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, hr *http.Request) {
		if !s.debugger.Busy() {
			next.ServeHTTP(w, hr)
			return
		}
		s.gated(next, w, hr)
	})
}

// gated lets a request go on while there are rules or faults.
func (s *Server) gated(next http.Handler, w http.ResponseWriter, hr *http.Request) {
	req := requestFrom(hr.Context())
	asked := asGateSees(req)
	if err := s.strike(req, asked); err != nil {
		s.respond(w, req, nil, err)
		return
	}
	if !s.canBeHeld(req) || !s.debugger.MayHold(asked) {
		next.ServeHTTP(w, hr)
		return
	}
	s.hold(next, w, hr, req, asked)
}

// asGateSees is what rules and faults know of a request.
func asGateSees(req *Request) *gate.Request {
	asked := &gate.Request{
		User: req.User.Name, Agent: req.HTTP.UserAgent(), Administrator: req.User.InGroup(groupMasters), Verb: req.Verb, Subresource: req.Subresource, Name: req.Name,
	}
	if res := req.Resource; res != nil {
		asked.Resource, asked.Namespace = res.Resource(), req.objectNamespace()
	}
	return asked
}

// canBeHeld tells whether a request changes something that is stored here. A connection into a pod and a token change
// nothing, and a review is a question.
func (s *Server) canBeHeld(req *Request) bool {
	res := req.Resource
	return res != nil && gate.KnowsVerb(req.Verb) && !res.neverStored() && !s.aggregator.serves(res.GroupVersion) &&
		!req.connects() && req.Subresource != "token" && !slices.Contains(req.Query()["dryRun"], "All")
}

// hold rehearses a write and lets it wait if a rule selects it, then carries it out.
func (s *Server) hold(next http.Handler, w http.ResponseWriter, hr *http.Request, req *Request, asked *gate.Request) {
	body, err := readBody(hr) // all of it: only then net/http notices when the client goes away
	if err != nil {
		s.respond(w, req, nil, err)
		return
	}
	again := func() io.ReadCloser { return io.NopCloser(bytes.NewReader(body)) }
	write := s.rehearse(req, asked, again())
	hr.Body = again()
	if write == nil {
		next.ServeHTTP(w, hr)
		return
	}
	held, err := s.wait(hr.Context(), req, write)
	switch {
	case errors.Is(err, gate.ErrCut):
		panic(http.ErrAbortHandler)
	case errors.Is(err, gate.ErrFull):
		err = api.NewTooManyRequests(gate.ErrFull.Error(), 1)
	case errors.Is(err, context.DeadlineExceeded): // the client's own
	case err != nil:
		err = api.NewServiceUnavailable("the write was held at the gate: %v", err)
	}
	if err != nil {
		s.respond(w, req, nil, err)
		return
	}
	if !held {
		next.ServeHTTP(w, hr)
		return
	}
	rec := &recorder{ResponseWriter: w, code: http.StatusInternalServerError} // if the handler panics; a write always says its code
	req.effect = &effect{}
	defer func() {
		s.debugger.Passed(write, &api.WriteOutcome{Time: api.NowMicro(), Code: int32(rec.code), Revision: req.effect.revision.Load(), Message: req.effect.refusal})
	}()
	next.ServeHTTP(rec, hr)
}

// wait waits outside: who waits at the gate is not being served, and takes nobody's seat.
func (s *Server) wait(ctx context.Context, req *Request, write *gate.Write) (held bool, err error) {
	req.seat.Outside(func() { held, err = s.debugger.Hold(ctx, s.stopping, write) })
	return held, err
}
