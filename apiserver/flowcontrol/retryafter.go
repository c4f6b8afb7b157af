package flowcontrol

import "time"

// retryAfter is how long clients that are turned away at a level should wait: as TCP does, twice as long when many are, a second
// less when few are.
type retryAfter struct {
	seconds int   // 0: nobody was turned away yet
	raised  int64 // when it was doubled, in Unix seconds
	dropped []second
}

// second is how many requests were turned away within a second.
type second struct {
	unix  int64
	count int
}

const maxRetryAfter = 32

// drop notes that a request is turned away, and returns how many seconds its client should wait.
func (r *retryAfter) drop(now time.Time) int {
	r.seconds = max(r.seconds, 1)
	unix := now.Unix()
	if n := len(r.dropped); n > 0 && r.dropped[n-1].unix == unix {
		r.dropped[n-1].count++
		return r.seconds
	}
	r.reconsider(unix)
	r.dropped = append(r.dropped, second{unix, 1})
	return r.seconds
}

// reconsider looks back, as far as clients are told to wait.
func (r *retryAfter) reconsider(unix int64) {
	for len(r.dropped) > 0 && unix-r.dropped[0].unix > maxRetryAfter {
		r.dropped = r.dropped[1:]
	}
	recently := 0
	for _, s := range r.dropped {
		if unix-s.unix <= int64(r.seconds) {
			recently += s.count
		}
	}
	switch {
	case recently >= 3*r.seconds && unix-r.raised >= int64(r.seconds):
		r.seconds, r.raised = min(2*r.seconds, maxRetryAfter), unix
	case recently < r.seconds && r.seconds > 1:
		r.seconds--
	}
}
