package apiserver

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gorilla/mux"

	"kubelite/api"
	"kubelite/apiserver/gate"
	"kubelite/cel"
)

// The endpoints of the gate; api/gate.go says what there is. They are paths, not resources: what they hold is not stored.

// maxGateWait bounds how long somebody waits for news.
const maxGateWait = time.Minute

// serveGate answers the state of the gate; with ?after=N&wait=30s it waits for news first.
func (s *Server) serveGate(w http.ResponseWriter, hr *http.Request) {
	req := requestFrom(hr.Context())
	after, wait, err := readWait(req)
	if err != nil {
		s.respond(w, req, nil, err)
		return
	}
	if wait > 0 {
		s.awaitNews(hr.Context(), req, after, min(wait, maxGateWait))
	}
	s.sendJSON(w, req, http.StatusOK, s.debugger.State())
}

func readWait(req *Request) (after int64, wait time.Duration, err error) {
	if text := req.Query().Get("after"); text != "" {
		if after, err = strconv.ParseInt(text, 10, 64); err != nil {
			return 0, 0, api.NewBadRequest("after: %q is not a number", text)
		}
	}
	if text := req.Query().Get("wait"); text != "" {
		if wait, err = time.ParseDuration(text); err != nil || wait < 0 {
			return 0, 0, api.NewBadRequest("wait: %q is not a duration", text)
		}
	}
	return after, wait, nil
}

// awaitNews waits as those do who are held: outside.
func (s *Server) awaitNews(ctx context.Context, req *Request, after int64, wait time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	go func() { // nobody who waits keeps the server from stopping
		select {
		case <-s.stopping:
			cancel()
		case <-ctx.Done():
		}
	}()
	req.seat.Outside(func() { s.debugger.Wait(ctx, after) })
}

// serveStep lets one held write through, and answers what became of it.
func (s *Server) serveStep(w http.ResponseWriter, hr *http.Request) {
	req := requestFrom(hr.Context())
	var which api.GateStep
	err := readGateBody(req, &which)
	if err == nil {
		err = s.checkSelection(&which.GateSelection)
	}
	if err != nil {
		s.respond(w, req, nil, err)
		return
	}
	passed, ok, err := s.debugger.Step(hr.Context(), &which)
	if err == nil && !ok {
		err = gateNotFound("no such write is held")
	}
	if err != nil {
		s.respond(w, req, nil, err)
		return
	}
	s.sendJSON(w, req, http.StatusOK, passed)
}

// serveGateList adds a rule or a fault, or removes one of them, or all.
func (s *Server) serveGateList(w http.ResponseWriter, hr *http.Request) {
	req, vars := requestFrom(hr.Context()), mux.Vars(hr)
	id, _ := strconv.ParseInt(strings.TrimPrefix(vars["id"], "/"), 10, 64) // the route knows that it is a number, or nothing
	var added any
	var err error
	switch rules := vars["list"] == "rules"; {
	case hr.Method == http.MethodDelete:
		found := false
		if rules {
			found = s.debugger.DropRule(id)
		} else {
			found = s.debugger.EndFault(id)
		}
		if found {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		err = gateNotFound(fmt.Sprintf("there is no %s %d", strings.TrimSuffix(vars["list"], "s"), id))
	case id != 0:
		err = errMethodNotAllowed()
	case rules:
		added, err = s.addRule(req)
	default:
		added, err = s.addFault(req)
	}
	if err != nil {
		s.respond(w, req, nil, err)
		return
	}
	s.sendJSON(w, req, http.StatusCreated, added)
}

func (s *Server) addRule(req *Request) (any, error) {
	var rule api.GateRule
	if err := readGateBody(req, &rule); err != nil {
		return nil, err
	}
	if rule.Actor == "" && rule.Resource == "" {
		return nil, api.NewBadRequest("a rule needs an actor or a resource: or everything would stop")
	}
	if err := s.checkSelection(&rule.GateSelection); err != nil {
		return nil, err
	}
	var condition gate.Condition
	if rule.Condition != "" {
		var err error
		if condition, err = compileCondition(rule.Condition); err != nil {
			return nil, err
		}
	}
	rule = s.debugger.AddRule(rule, condition)
	s.log.Info("writes are held at the gate", "rule", rule.ID, "actor", rule.Actor, "resource", rule.Resource, "break", rule.Break, "user", req.User.Name)
	return rule, nil
}

// compileCondition makes a condition of an expression. A write for which it is an error is not meant.
func compileCondition(text string) (gate.Condition, error) {
	env, err := expressionScope{}.env()
	if err != nil {
		return nil, err
	}
	e := compileExpression(env, text, cel.AnyBool)
	if e.err != nil {
		return nil, api.NewBadRequest("condition: %v", e.err)
	}
	return func(w *gate.Write) bool {
		if w.Variables == nil {
			return false
		}
		value, err := e.eval(context.Background(), w.Variables, cel.NewBudget(cel.MatchConditionsBudget))
		truth, _ := value.Bool()
		return err == nil && truth
	}, nil
}

func (s *Server) addFault(req *Request) (any, error) {
	var fault api.Fault
	if err := readGateBody(req, &fault); err != nil {
		return nil, err
	}
	if fault.Actor == "" && fault.Resource == "" {
		return nil, api.NewBadRequest("a fault needs an actor or a resource")
	}
	for name, span := range map[string]api.Duration{"delayWatch": fault.DelayWatch, "staleReads": fault.StaleReads, "for": fault.For} {
		if span.Duration < 0 {
			return nil, api.NewBadRequest("%s: must not be negative", name)
		}
	}
	if !fault.Cut && fault.DelayWatch.Duration+fault.StaleReads.Duration == 0 && fault.DropWatch.Of+fault.DuplicateWatch.Of+fault.Conflicts.Of == 0 {
		return nil, api.NewBadRequest("a fault needs something that goes wrong: delayWatch, dropWatch, duplicateWatch, staleReads, conflicts or cut")
	}
	if err := s.checkSelection(&fault.GateSelection); err != nil {
		return nil, err
	}
	fault = s.debugger.AddFault(fault)
	s.log.Info("a fault begins", "fault", fault.ID, "actor", fault.Actor, "resource", fault.Resource, "for", fault.For.Duration, "user", req.User.Name)
	return fault, nil
}

// checkSelection finds the resource that is meant, under whatever name, and refuses what cannot be meant.
func (s *Server) checkSelection(selection *api.GateSelection) error {
	for _, verb := range selection.Verbs {
		if !gate.KnowsVerb(verb) {
			return api.NewBadRequest("verbs: %q is none of create, update, patch, delete, deletecollection", verb)
		}
	}
	if selection.Resource == "" {
		if selection.Name != "" {
			return api.NewBadRequest("name: of what? A resource must be given, too")
		}
		return nil
	}
	res := s.resourceCalled(selection.Resource)
	if res == nil {
		return api.NewBadRequest("resource: the server has no resource type %q", selection.Resource)
	}
	if !res.Namespaced && selection.Namespace != "" {
		return api.NewBadRequest("namespace: %s are in none", res.Resource())
	}
	selection.Resource = res.Resource()
	return nil
}

// resourceCalled finds a resource by any of its names, with or without its group; nil if there is none.
func (s *Server) resourceCalled(name string) *Resource {
	wanted, group, hasGroup := strings.Cut(strings.ToLower(name), ".")
	for _, res := range s.rows() {
		if hasGroup && group != res.Group {
			continue
		}
		if wanted == res.Plural || wanted == res.Singular || wanted == strings.ToLower(res.Kind.Kind) || slices.Contains(res.ShortNames, wanted) {
			return res
		}
	}
	return nil
}

// readGateBody reads a body of JSON, in which nothing may be unknown: who misspells a field would hold up the wrong ones.
func readGateBody(req *Request, into any) error {
	body, err := readBody(req.HTTP)
	if err != nil {
		return err
	}
	if len(body) == 0 {
		return nil
	}
	mistakes, err := api.UnmarshalJSONStrict(body, into)
	if err == nil && len(mistakes) > 0 {
		err = mistakes[0]
	}
	if err != nil {
		return api.NewBadRequest("the body: %v", err)
	}
	return nil
}

func gateNotFound(message string) error {
	err := notFound()
	err.ErrStatus.Message = message
	return err
}

// sendJSON answers with what is not an object of the API.
func (s *Server) sendJSON(w http.ResponseWriter, req *Request, code int, value any) {
	body, err := api.MarshalJSON(value)
	if err != nil {
		s.respond(w, req, nil, err)
		return
	}
	send(w, mediaJSON, code, body)
}
