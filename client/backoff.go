package client

import (
	"context"
	"math/rand/v2"
	"time"
)

// backoff is how long to wait after each failure in a row: twice as long each time, up to a limit, and a random part
// more, so that a thousand clients that lost the same server do not come back in the same instant.
type backoff struct {
	first, limit time.Duration
	failures     int
}

func (b *backoff) next() time.Duration {
	wait := exponential(b.first, b.limit, b.failures)
	b.failures++
	return wait + rand.N(wait+1)
}

func (b *backoff) reset() { b.failures = 0 }

// exponential is first·2ⁿ, at most limit.
func exponential(first, limit time.Duration, n int) time.Duration {
	for ; n > 0 && first < limit; n-- {
		first *= 2
	}
	return min(first, limit)
}

// Wait waits, not at all for d <= 0. It returns false if ctx has ended.
func Wait(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}
