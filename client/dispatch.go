package client

import (
	"sync"
	"time"
)

// dispatches are the changes that a cache shows already and that have not reached the queues yet. They matter to the
// ledger: a pass of a control loop that reads such a change acts on it, and must name it as a cause.
//
//	informer:     cache shows rev 80 ──────────────▶ queue knows key, rev 80
//	control loop:        reads rev 80 ──▶ Because ──┄ waits ┄──▶ causes: what it was queued for, and 80
//
// The set is the process's and not a client's, because a context does not know through which clients it was fed.
type dispatches struct {
	mu      sync.Mutex
	running map[chan struct{}]struct{} // guarded by mu; closed at the end
}

var inFlight = dispatches{running: map[chan struct{}]struct{}{}}

// begin notes that a cache is about to show a change. The returned function notes that all handlers have run.
func (d *dispatches) begin() (end func()) {
	done := make(chan struct{})
	d.mu.Lock()
	d.running[done] = struct{}{}
	d.mu.Unlock()
	return func() {
		d.mu.Lock()
		delete(d.running, done)
		d.mu.Unlock()
		close(done)
	}
}

// settleLimit bounds the wait: a handler may wait for a lock that the caller of Because holds.
const settleLimit = 10 * time.Millisecond

// settle waits for the changes in flight now to reach the queues. They take microseconds.
func (d *dispatches) settle() {
	d.mu.Lock()
	var waits []chan struct{}
	for done := range d.running {
		waits = append(waits, done)
	}
	d.mu.Unlock()
	if len(waits) == 0 {
		return
	}
	limit := time.NewTimer(settleLimit)
	defer limit.Stop()
	for _, done := range waits {
		select {
		case <-done:
		case <-limit.C:
			return
		}
	}
}
