package store

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
)

// watchChunk is how many revisions a watcher takes at a time.
const watchChunk = 1024

func missing(revision int64) error {
	return fmt.Errorf("revision %d is missing: %w", revision, errMalformed)
}

// Watch: a watcher is a cursor over the log of revisions, not a queue that the committer fills. Each pulls at its
// own pace, from memory while it keeps up and from bbolt when it does not, so replay of history and live events are
// one and the same loop, and no gap can open between them.
//
//	revision   1 ......... 8,000 ......... 9,100 ......... 9,400
//	           └─ compacted ─┘└─── bbolt ────┘└─ memtables ──┘
//	           ✗ closed       ▲ slow one                     ▲ watcher that keeps up: waits for changed
func (s *engine) Watch(ctx context.Context, prefix string, from int64) (<-chan []Event, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if from < s.compacted {
		return nil, ErrCompacted
	}
	select {
	case <-s.closing:
		return nil, ErrClosed
	default:
	}
	from = max(from, firstRevision) // revision 1 was made by nobody
	out := make(chan []Event)
	s.watchers.Add(1)
	go func() {
		defer s.watchers.Done()
		defer close(out)
		s.watch(ctx, prefix, from, out)
	}()
	return out, nil
}

func (s *engine) watch(ctx context.Context, prefix string, from int64, out chan<- []Event) {
	for {
		events, seen, changed, err := s.eventsAfter(from, prefix)
		if err != nil {
			// ErrCompacted is the watcher's own slowness, and the closed channel tells it. Anything else
			// (bbolt cannot be read) the watcher will hear of when it lists again.
			if !errors.Is(err, ErrCompacted) {
				s.log.Error("watch ended", "prefix", prefix, "rv", from, "error", err)
			}
			return
		}
		from = seen
		if len(events) > 0 {
			select {
			case out <- events:
			case <-ctx.Done():
				return
			case <-s.closing:
				return
			}
		}
		select {
		case <-changed: // nil, so never ready, unless all has been seen; then it says when there is more
		case <-ctx.Done():
			return
		case <-s.closing:
			return
		}
	}
}

// closedChannel is always ready to be received from.
var closedChannel = func() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

// eventsAfter returns the next events behind from that match prefix, the revision up to which it has looked, and
// a channel that is closed as soon as there is more.
func (s *engine) eventsAfter(from int64, prefix string) (events []Event, seen int64, more <-chan struct{}, err error) {
	s.mu.RLock()
	if from >= s.last.revision {
		defer s.mu.RUnlock()
		return nil, from, s.changed, nil
	}
	next, ok := s.active.from(from + 1)
	if !ok {
		next, ok = s.frozen.from(from + 1)
	}
	if ok {
		s.mu.RUnlock()
		next = next[:min(len(next), watchChunk)]
		return matching(next, prefix), next[len(next)-1].ModRevision, closedChannel, nil
	}
	r, err := s.newReader() // under mu: what is in no memtable any more is in this snapshot
	compacted := s.compacted
	s.mu.RUnlock()
	if err != nil {
		return nil, 0, nil, err
	}
	defer r.close()
	if from < compacted {
		return nil, 0, nil, ErrCompacted
	}
	events, seen, err = r.history(from, prefix)
	return events, seen, closedChannel, err
}

// matching returns the events under prefix; all of them, uncopied, if every one is.
func matching(events []Event, prefix string) []Event {
	n := 0
	for n < len(events) && strings.HasPrefix(events[n].Key, prefix) {
		n++
	}
	if n == len(events) {
		return events
	}
	var out []Event
	for i := range events {
		if i < n || i > n && strings.HasPrefix(events[i].Key, prefix) {
			out = append(out, events[i])
		}
	}
	return out
}

// history reads the next chunk of events behind from out of bbolt.
func (r *reader) history(from int64, prefix string) (events []Event, seen int64, err error) {
	c := r.tx.Bucket(bucketRevisions).Cursor()
	seen = from
	k, v := c.Seek(revisionKey(from + 1))
	for ; k != nil && seen < from+watchChunk; k, v = c.Next() {
		revision := int64(binary.BigEndian.Uint64(k))
		if revision != seen+1 { // behind the compacted revision there are no holes
			return nil, 0, missing(seen + 1)
		}
		d := decoder{b: v}
		e, prev := d.event(revision)
		if d.err != nil {
			return nil, 0, fmt.Errorf("revision %d: %w", revision, d.err)
		}
		seen = revision
		if !strings.HasPrefix(e.Key, prefix) {
			continue
		}
		e.Value = keep(e.Value)
		if prev > 0 {
			p, _, err := readEvent(r.tx, prev)
			if err != nil {
				return nil, 0, err
			}
			if p == nil {
				return nil, 0, missing(prev)
			}
			e.Prev = &p.KeyValue
		}
		events = append(events, e)
	}
	if seen == from {
		return nil, 0, missing(from + 1)
	}
	return events, seen, nil
}
