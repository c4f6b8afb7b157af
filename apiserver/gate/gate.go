package gate

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"

	"kubelite/api"
)

// Gate is the rules, what they hold, and the faults. The zero value is open.
type Gate struct {
	busy   atomic.Bool            // there are rules or faults
	faults atomic.Pointer[faults] // nil: there are none; replaced with mu held

	mu       sync.Mutex
	sequence int64
	changed  chan struct{} // closed at the next change; nil: nobody waits
	lastID   int64
	rules    []*rule
	held     []*Write
	passed   []*Write
	streams  map[*Stream]struct{}
}

type rule struct {
	api.GateRule
	condition Condition
}

// Condition looks at a write and what it would do.
type Condition func(w *Write) bool

// Write is a write that may have to wait.
type Write struct {
	Request
	// Held is what people are told of it. The gate fills in the ids and the outcome; guarded by its mu from Hold on.
	Held api.HeldWrite
	// Variables are what conditions see.
	Variables map[string]any

	gone chan struct{} // closed when it need not wait any more
	cut  bool          // because its client is cut off; set before gone is closed
	over chan struct{} // closed when the outcome is known, or never will be
}

// Why a write that waited does not go on.
var (
	ErrFull = errors.New("too many writes are held at the gate")
	ErrCut  = errors.New("the client is cut off")
)

// maxHeld bounds what a forgotten rule can collect. Those who are turned away come back.
const maxHeld = 1000

// Busy is false while the gate is open and nothing goes wrong: one atomic load is all that a request pays for it then.
func (g *Gate) Busy() bool { return g.busy.Load() }

// MayHold tells whether there is a rule that may select the request. What it would do, and sometimes its name, are not known yet.
func (g *Gate) MayHold(r *Request) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.ContainsFunc(g.rules, func(ru *rule) bool { return ru.selects(r) })
}

func (ru *rule) selects(r *Request) bool {
	if ru.Stopped != "" { // a break point that has been reached: all that this one does
		return selectsWrite(&api.GateSelection{Actor: ru.Stopped}, r)
	}
	return selectsWrite(&ru.GateSelection, r)
}

// holds tells whether the rule holds a write of which everything is known.
func (ru *rule) holds(w *Write) bool {
	return ru.selects(&w.Request) && (ru.condition == nil || ru.Stopped != "" || ru.condition(w))
}

// ruleFor finds the first rule that holds a write. The caller holds mu.
func (g *Gate) ruleFor(w *Write) *rule {
	for _, ru := range g.rules {
		if ru.holds(w) {
			return ru
		}
	}
	return nil
}

// Hold waits until a write may go on. held is false if it need not wait at all; else Passed is to be called when it has gone
// on and is done.
func (g *Gate) Hold(ctx context.Context, stopping <-chan struct{}, w *Write) (held bool, err error) {
	w.gone, w.over = make(chan struct{}), make(chan struct{})
	g.mu.Lock()
	ru := g.ruleFor(w)
	if ru == nil {
		g.mu.Unlock()
		return false, nil
	}
	if len(g.held) >= maxHeld {
		g.mu.Unlock()
		return false, ErrFull
	}
	if ru.Break && ru.Stopped == "" {
		ru.Stopped = w.Actor()
	}
	ru.Count++
	w.Held.ID, w.Held.HeldBy, w.Held.Actor = g.nextID(), ru.ID, w.Actor()
	g.held = append(g.held, w)
	g.change()
	g.mu.Unlock()

	select {
	case <-w.gone:
		if w.cut {
			err = ErrCut
		}
	case <-ctx.Done():
		err = ctx.Err()
	case <-stopping:
		err = errors.New("the server is stopping")
	}
	if err != nil {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.held = slices.DeleteFunc(g.held, func(other *Write) bool { return other == w })
		close(w.over)
		g.change()
	}
	return true, err
}

// Passed notes what became of a write that was held.
func (g *Gate) Passed(w *Write, outcome *api.WriteOutcome) {
	g.mu.Lock()
	defer g.mu.Unlock()
	w.Held.Outcome = outcome
	g.passed = append(g.passed, w)
	if over := len(g.passed) - api.MaxPassedWrites; over > 0 {
		g.passed = slices.Delete(g.passed, 0, over)
	}
	close(w.over)
	g.change()
}

// release lets a held write go on. The caller holds mu.
func (g *Gate) release(w *Write) {
	g.held = slices.DeleteFunc(g.held, func(other *Write) bool { return other == w })
	close(w.gone)
}

// Step lets one write through, and waits for what becomes of it. ok is false if none is held that is meant.
func (g *Gate) Step(ctx context.Context, which *api.GateStep) (passed api.HeldWrite, ok bool, err error) {
	g.mu.Lock()
	at := slices.IndexFunc(g.held, func(w *Write) bool {
		if which.ID != 0 {
			return w.Held.ID == which.ID
		}
		return meansAnything(&which.GateSelection) || selectsWrite(&which.GateSelection, &w.Request)
	})
	if at < 0 {
		g.mu.Unlock()
		return passed, false, nil
	}
	w := g.held[at]
	g.release(w)
	g.change()
	g.mu.Unlock()
	select {
	case <-w.over:
	case <-ctx.Done():
		return passed, true, ctx.Err()
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return w.Held, true, nil
}

// AddRule begins to hold what a rule selects.
func (g *Gate) AddRule(wanted api.GateRule, condition Condition) api.GateRule {
	g.mu.Lock()
	defer g.mu.Unlock()
	wanted.ID, wanted.Since, wanted.Stopped, wanted.Count = g.nextID(), api.NowMicro(), "", 0
	g.rules = append(g.rules, &rule{wanted, condition})
	g.change()
	return wanted
}

// DropRule drops a rule, 0: all. What no other rule holds goes on. false: there is no such rule.
func (g *Gate) DropRule(id int64) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	before := len(g.rules)
	g.rules = slices.DeleteFunc(g.rules, func(ru *rule) bool { return id == 0 || ru.ID == id })
	if id != 0 && len(g.rules) == before {
		return false
	}
	for _, w := range slices.Clone(g.held) {
		if slices.ContainsFunc(g.rules, func(ru *rule) bool { return ru.ID == w.Held.HeldBy }) {
			continue
		}
		if ru := g.ruleFor(w); ru != nil && (!ru.Break || ru.Stopped != "") {
			w.Held.HeldBy = ru.ID
			ru.Count++
			continue
		}
		g.release(w)
	}
	g.change()
	return true
}

// State is everything that there is to know.
func (g *Gate) State() *api.GateState {
	g.mu.Lock()
	defer g.mu.Unlock()
	state := &api.GateState{Sequence: g.sequence, Rules: []api.GateRule{}, Held: []api.HeldWrite{}, Passed: []api.HeldWrite{}, Faults: []api.Fault{}}
	for _, ru := range g.rules {
		state.Rules = append(state.Rules, ru.GateRule)
	}
	for _, w := range g.held {
		state.Held = append(state.Held, w.Held)
	}
	for _, w := range g.passed {
		state.Passed = append(state.Passed, w.Held)
	}
	for _, f := range g.allFaults() {
		state.Faults = append(state.Faults, f.shown())
	}
	return state
}

// Wait returns when the sequence is above a number, or ctx ends.
func (g *Gate) Wait(ctx context.Context, after int64) {
	for {
		g.mu.Lock()
		if g.sequence > after {
			g.mu.Unlock()
			return
		}
		if g.changed == nil {
			g.changed = make(chan struct{})
		}
		changed := g.changed
		g.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			return
		}
	}
}

// change tells those who wait that something is different now. The caller holds mu.
func (g *Gate) change() {
	g.sequence++
	g.busy.Store(len(g.rules)+len(g.allFaults()) > 0)
	if g.changed != nil {
		close(g.changed)
		g.changed = nil
	}
}

func (g *Gate) nextID() int64 {
	g.lastID++
	return g.lastID
}
