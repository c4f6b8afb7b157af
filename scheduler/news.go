package scheduler

import "sync"

// news wakes those who wait for something to change.
type news struct {
	mu   sync.Mutex
	next chan struct{} // closed by the next change; guarded by mu
}

func newNews() *news { return &news{next: make(chan struct{})} }

// wait returns a channel that is closed by the next change from now on.
func (n *news) wait() <-chan struct{} {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.next
}

// tell says that something changed.
func (n *news) tell() {
	n.mu.Lock()
	defer n.mu.Unlock()
	close(n.next)
	n.next = make(chan struct{})
}
