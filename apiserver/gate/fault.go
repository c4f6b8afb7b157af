package gate

import (
	"context"
	"slices"
	"sync/atomic"
	"time"

	"kubelite/api"
)

// faults are those at work. The list is replaced as a whole, so that a request looks at it without a lock.
type faults struct {
	all      []*fault
	replaced chan struct{} // closed when there is another list
}

// fault is a fault at work.
type fault struct {
	api.Fault
	writes atomic.Int64 // updates and patches that it might have struck
	struck atomic.Int64 // how often it has
	end    *time.Timer  // nil: it does not end by itself
}

func (f *fault) shown() api.Fault {
	shown := f.Fault
	shown.Count = f.struck.Load()
	return shown
}

func (g *Gate) allFaults() []*fault {
	if now := g.faults.Load(); now != nil {
		return now.all
	}
	return nil
}

// setFaults replaces the list. The caller holds mu.
func (g *Gate) setFaults(all []*fault) {
	var next *faults // nil if there are none
	if len(all) > 0 {
		next = &faults{all, make(chan struct{})}
	}
	if before := g.faults.Swap(next); before != nil {
		close(before.replaced)
	}
	g.change()
}

// AddFault begins a fault.
func (g *Gate) AddFault(wanted api.Fault) api.Fault {
	g.mu.Lock()
	defer g.mu.Unlock()
	f := &fault{Fault: wanted}
	f.ID, f.Since, f.Until, f.Count = g.nextID(), api.NowMicro(), api.MicroTime{}, 0
	if lasts := wanted.For.Duration; lasts > 0 {
		f.Until = api.MicroTime{Time: f.Since.Add(lasts)}
		id := f.ID
		f.end = time.AfterFunc(lasts, func() { g.EndFault(id) })
	}
	g.setFaults(append(slices.Clone(g.allFaults()), f))
	if f.Cut {
		g.cut(f)
	}
	return f.Fault
}

// EndFault ends a fault, 0: all. false: there is no such fault.
func (g *Gate) EndFault(id int64) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	var left []*fault
	found := id == 0
	for _, f := range g.allFaults() {
		if id != 0 && f.ID != id {
			left = append(left, f)
			continue
		}
		found = true
		if f.end != nil {
			f.end.Stop()
		}
	}
	if found {
		g.setFaults(left)
	}
	return found
}

// cut ends what the sender has under way: watches, and writes that are held. The caller holds mu.
func (g *Gate) cut(f *fault) {
	for s := range g.streams {
		if f.cuts(s.request) {
			f.struck.Add(1)
			s.wasCut.Store(true)
			s.end()
		}
	}
	for _, w := range slices.Clone(g.held) {
		if f.cuts(&w.Request) {
			f.struck.Add(1)
			w.cut = true
			g.release(w)
		}
	}
}

// cuts tells whether the fault cuts the sender of a request off.
func (f *fault) cuts(r *Request) bool { return f.Cut && concerns(&f.GateSelection, r) }

// IsCut tells whether the sender is cut off, and counts it.
func (g *Gate) IsCut(r *Request) bool {
	for _, f := range g.allFaults() {
		if f.cuts(r) {
			f.struck.Add(1)
			return true
		}
	}
	return false
}

// Conflicts tells whether a write is to be answered as if another writer had been faster.
func (g *Gate) Conflicts(r *Request) bool {
	if r.verb() != "update" && r.verb() != "patch" {
		return false
	}
	for _, f := range g.allFaults() {
		if f.Conflicts.Of > 0 && selectsWrite(&f.GateSelection, r) && f.Conflicts.Takes(f.writes.Add(1)) {
			f.struck.Add(1)
			return true
		}
	}
	return false
}

// Staleness is how old a state the sender of a get or list is shown.
func (g *Gate) Staleness(r *Request) (most time.Duration) {
	for _, f := range g.allFaults() {
		if old := f.StaleReads.Duration; old > 0 && selects(&f.GateSelection, r) {
			f.struck.Add(1)
			most = max(most, old)
		}
	}
	return most
}

// Stream is what goes wrong with one watch.
type Stream struct {
	gate    *Gate
	request *Request
	end     context.CancelFunc
	wasCut  atomic.Bool

	// Of the watch's goroutine only:

	seen *faults // the list when it was last looked at
	mine []*streamFault
	// Lost: the watch has missed events by a fault that has ended. Nothing will tell its client of them any more.
	Lost bool
}

// streamFault counts events: each watch for itself, so that it does not depend on others which of them are struck.
type streamFault struct {
	*fault
	events int64
	lost   bool // some of them
}

// Open notes a watch. end ends it, for the case that its sender is cut off.
func (g *Gate) Open(r *Request, end context.CancelFunc) *Stream {
	s := &Stream{gate: g, request: r, end: end}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.streams == nil {
		g.streams = map[*Stream]struct{}{}
	}
	g.streams[s] = struct{}{}
	return s
}

// Close forgets a watch. It tells whether it was cut off.
func (s *Stream) Close() (wasCut bool) {
	s.gate.mu.Lock()
	defer s.gate.mu.Unlock()
	delete(s.gate.streams, s)
	return s.wasCut.Load()
}

// Faulty tells whether something goes wrong with the watch, or has just ceased to. While nothing does anywhere, it is one
// atomic load.
func (s *Stream) Faulty() bool {
	now := s.gate.faults.Load()
	if now != s.seen {
		s.look(now)
	}
	return len(s.mine) > 0 || s.Lost
}

// look finds the faults that concern the watch, and keeps the count of those that did before.
func (s *Stream) look(now *faults) {
	before := s.mine
	s.seen, s.mine = now, nil
	if now != nil {
		for _, f := range now.all {
			if (f.DelayWatch.Duration > 0 || f.DropWatch.Of > 0 || f.DuplicateWatch.Of > 0) && concerns(&f.GateSelection, s.request) {
				s.mine = append(s.mine, &streamFault{fault: f})
			}
		}
	}
	for _, old := range before {
		if i := slices.IndexFunc(s.mine, func(f *streamFault) bool { return f.fault == old.fault }); i >= 0 {
			s.mine[i] = old
		} else if old.lost {
			s.Lost = true
		}
	}
}

// Changed is closed when other faults are at work than when Faulty last looked; nil if none were.
func (s *Stream) Changed() <-chan struct{} {
	if s.seen == nil {
		return nil
	}
	return s.seen.replaced
}

// Misses tells whether the client has not been sent everything, by a fault that may still be at work.
func (s *Stream) Misses() bool {
	return s.Lost || slices.ContainsFunc(s.mine, func(f *streamFault) bool { return f.lost })
}

// Delay is how much later so many events arrive.
func (s *Stream) Delay(events int) (most time.Duration) {
	for _, f := range s.mine {
		if f.DelayWatch.Duration > 0 {
			f.struck.Add(int64(events))
			most = max(most, f.DelayWatch.Duration)
		}
	}
	return most
}

// Times is how often an event about an object arrives: not at all, once, or twice.
func (s *Stream) Times(namespace, name string) int {
	times := 1
	for _, f := range s.mine {
		if !isAbout(&f.GateSelection, namespace, name) {
			continue
		}
		f.events++
		drops, doubles := f.DropWatch.Takes(f.events), f.DuplicateWatch.Takes(f.events)
		switch {
		case drops:
			f.lost, times = true, 0
		case doubles && times == 1:
			times = 2
		}
		if drops || doubles {
			f.struck.Add(1)
		}
	}
	return times
}
