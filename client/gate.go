package client

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"kubelite/api"
)

// Gate is the server's gate: a debugger for control loops. See api/gate.go.
type Gate struct{ client *Client }

// Gate is how to reach it.
func (c *Client) Gate() Gate { return Gate{c} }

// State is everything that there is to know, at once.
func (g Gate) State(ctx context.Context) (*api.GateState, error) { return g.Await(ctx, 0, 0) }

// Await waits until the state's sequence is above a number, and no longer than so long, nor longer than half a minute: ask again.
func (g Gate) Await(ctx context.Context, after int64, wait time.Duration) (*api.GateState, error) {
	query := url.Values{}
	if wait > 0 {
		query = url.Values{"after": {strconv.FormatInt(after, 10)}, "wait": {min(wait, gateWait).String()}}
	}
	var state api.GateState
	return &state, g.do(ctx, Request{Path: api.GatePath, Query: query}, nil, &state)
}

// gateWait is how long one question for news waits at most.
const gateWait = 30 * time.Second

// AwaitHeld waits for a held write that is meant.
func (g Gate) AwaitHeld(ctx context.Context, meant func(*api.HeldWrite) bool) (*api.HeldWrite, error) {
	state, err := g.State(ctx)
	for err == nil {
		if i := slices.IndexFunc(state.Held, func(w api.HeldWrite) bool { return meant(&w) }); i >= 0 {
			return &state.Held[i], nil
		}
		state, err = g.Await(ctx, state.Sequence, gateWait)
	}
	return nil, err
}

// AddRule begins to hold writes.
func (g Gate) AddRule(ctx context.Context, rule api.GateRule) (*api.GateRule, error) {
	var added api.GateRule
	return &added, g.do(ctx, Request{Method: http.MethodPost, Path: api.GatePath + "/rules"}, rule, &added)
}

// DropRule ends a rule; 0: all.
func (g Gate) DropRule(ctx context.Context, id int64) error {
	return g.do(ctx, Request{Method: http.MethodDelete, Path: gateEntry("rules", id)}, nil, nil)
}

// Step lets one held write through and tells what became of it. The error is a NotFound if no such write is held.
func (g Gate) Step(ctx context.Context, which api.GateStep) (*api.HeldWrite, error) {
	var passed api.HeldWrite
	return &passed, g.do(ctx, Request{Method: http.MethodPost, Path: api.GatePath + "/step"}, which, &passed)
}

// AddFault lets requests go wrong.
func (g Gate) AddFault(ctx context.Context, fault api.Fault) (*api.Fault, error) {
	var added api.Fault
	return &added, g.do(ctx, Request{Method: http.MethodPost, Path: api.GatePath + "/faults"}, fault, &added)
}

// EndFault ends a fault; 0: all.
func (g Gate) EndFault(ctx context.Context, id int64) error {
	return g.do(ctx, Request{Method: http.MethodDelete, Path: gateEntry("faults", id)}, nil, nil)
}

func gateEntry(list string, id int64) string {
	path := api.GatePath + "/" + list
	if id != 0 {
		path += "/" + strconv.FormatInt(id, 10)
	}
	return path
}

func (g Gate) do(ctx context.Context, req Request, body, answer any) (err error) {
	if body != nil {
		if req.Body, err = api.MarshalJSON(body); err != nil {
			return err
		}
	}
	resp, err := g.client.Do(ctx, req)
	if err != nil || answer == nil {
		return err
	}
	if err := api.UnmarshalJSON(resp.Body, answer); err != nil {
		return fmt.Errorf("the gate's answer: %w", err)
	}
	return nil
}
