package controllers

import (
	"fmt"
	"sync"
	"time"

	"kubelite/api"
)

// daemonBackoffs remember when a pod of a DaemonSet failed last on each node, and how long to wait should it again. A new
// generation starts afresh: what made the old one fail may be mended.
type daemonBackoffs struct {
	mu sync.Mutex
	// guarded by mu
	byOwner map[api.UID]map[string]daemonBackoff // by "generation/node"
}

type daemonBackoff struct {
	since time.Time
	wait  time.Duration
}

func newDaemonBackoffs() *daemonBackoffs {
	return &daemonBackoffs{byOwner: map[api.UID]map[string]daemonBackoff{}}
}

// next is how long the failed pod on a node has to stay; 0 allows its deletion, and counts it as a failure.
func (b *daemonBackoffs) next(ds *api.DaemonSet, node string, now time.Time) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	owned := b.byOwner[ds.UID]
	if owned == nil {
		owned = map[string]daemonBackoff{}
		b.byOwner[ds.UID] = owned
	}
	key := fmt.Sprintf("%d/%s", ds.Status.ObservedGeneration, node)
	last, ever := owned[key]
	passed := now.Sub(last.since)
	switch {
	case ever && passed < last.wait:
		return last.wait - passed
	case !ever || passed > 2*daemonBackoffMost:
		owned[key] = daemonBackoff{now, daemonBackoffStart}
	default:
		owned[key] = daemonBackoff{now, min(2*last.wait, daemonBackoffMost)}
	}
	return 0
}

// forget drops a DaemonSet that is gone.
func (b *daemonBackoffs) forget(ds api.UID) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.byOwner, ds)
}
