package controllers

import (
	"sync"
	"time"

	"kubelite/api"
)

// jobBackoff is how often pods of a Job have failed since one last succeeded, and when the last did.
type jobBackoff struct {
	failures int32
	last     time.Time
}

// after takes in pods that have ended. A success wipes out the failures before it.
func (b jobBackoff) after(succeeded, failed []*api.Pod) jobBackoff {
	var success time.Time
	for _, pod := range succeeded {
		if t := finishTime(pod); t.After(success) {
			success = t
		}
	}
	if len(succeeded) > 0 {
		b = jobBackoff{}
	}
	for _, pod := range failed {
		t := finishTime(pod)
		if len(succeeded) > 0 && !t.After(success) {
			continue
		}
		b.failures++
		if t.After(b.last) {
			b.last = t
		}
	}
	return b
}

// remaining is the time until the next pod may be made.
func (b jobBackoff) remaining(now time.Time) time.Duration {
	if b.failures == 0 {
		return 0
	}
	wait := jobBackoffStart
	for i := int32(1); i < b.failures && wait < jobBackoffMost; i++ {
		wait *= 2
	}
	return max(min(wait, jobBackoffMost)-now.Sub(b.last), 0)
}

// jobBackoffs remember the back-off of each Job. A controller that starts anew begins without: it costs one pod that
// comes too early.
type jobBackoffs struct {
	mu sync.Mutex
	// guarded by mu
	byJob map[api.Key]jobBackoff
}

func newJobBackoffs() *jobBackoffs { return &jobBackoffs{byJob: map[api.Key]jobBackoff{}} }

func (b *jobBackoffs) get(job api.Key) jobBackoff {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.byJob[job]
}

func (b *jobBackoffs) set(job api.Key, backoff jobBackoff) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.byJob[job] = backoff
}

func (b *jobBackoffs) forget(job api.Key) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.byJob, job)
}
