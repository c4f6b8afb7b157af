package flowcontrol

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// level is a priority level at work: its seats, who sits there, and the queues of those who wait.
//
// The queues take turns by fair queuing. Think of a server that works on all busy queues at the same time, at the same speed,
// and call progress the work, in seat-seconds, that it has done for each. A queue's next request would begin there at the
// queue's start and end at start plus its cost. The real server, which does one after the other, takes the request that would
// end first. So a queue of many, or of costly, requests gets as much done as any other, and no more.
type level struct {
	name string

	exempt bool // everything is served at once
	waits  *prometheus.HistogramVec
	most   atomic.Int64 // seats for one request

	mu   sync.Mutex // guards what is below
	gone bool       // from the configuration; it ends when it is idle

	limit       int // seats now
	queueCount  int // wanted; 0: who gets no seat is turned away
	handSize    int
	queueLength int

	queues   []*queue // more than queueCount until the last are empty
	waiters  []*queue // in which somebody waits
	busy     int      // queues in which somebody waits or is served
	progress float64
	moved    time.Time // when progress was brought up to date
	turn     int64     // counts requests that left a queue
	arrivals int64     // counts requests that went to one

	inUse     int // seats
	asked     int // seats that those who wait want
	executing map[*Ticket]struct{}

	demand demand
	share  share
	retry  retryAfter
	meters map[string]*meters // by schema
	counts struct{ dispatched, rejected, cancelled int64 }
}

// queue holds requests of a few flows, the oldest first.
type queue struct {
	index     int
	waiting   []*Ticket
	work      float64 // of those that wait
	executing int     // requests that came from here
	inUse     int     // seats, of theirs
	start     float64 // in terms of progress: when its next request would begin
	last      int64   // when it had its turn, for those who are equal
}

func (q *queue) busy() bool { return len(q.waiting) > 0 || q.executing > 0 }

// Ticket is a request's place: at first in a queue, then on seats.
type Ticket struct {
	// Rejected is why the request is turned away, in the word of upstream's metrics; "" means that it is to be served.
	Rejected string
	// RetryAfter is how many seconds a client that was turned away should wait.
	RetryAfter int

	schema  *flowSchema
	level   *level
	queue   *queue // nil at a level that has none
	work    Work
	digest  Digest
	flow    string
	arrived time.Time
	began   time.Time     // zero: it waits
	arrival float64       // progress at that time
	ready   chan struct{} // closed when it begins; nil if it did at once
	done    bool
}

// Why a request is turned away.
const (
	queueFull        = "queue-full"
	concurrencyLimit = "concurrency-limit"
	timedOut         = "time-out"
)

// admit returns when the request has its seats, or will get none. t has its schema, work, digest and flow.
func (l *level) admit(ctx context.Context, wait time.Duration, t *Ticket) {
	if !l.enter(t) {
		return
	}
	patience := time.NewTimer(wait)
	defer patience.Stop()
	select {
	case <-t.ready:
		return
	case <-patience.C:
	case <-ctx.Done():
	}
	l.leave(t)
}

// enter takes the request in, and tells whether it has to wait.
func (l *level) enter(t *Ticket) (waits bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	t.level, t.arrived, t.arrival = l, now, l.progress
	switch {
	case l.exempt, l.queueCount == 0 && l.fits(t):
		l.begin(t, now)
		return false
	case l.queueCount == 0:
		l.reject(t, concurrencyLimit, now)
		return false
	}
	q := l.choose(hashFlow(t.schema.name, t.flow))
	if l.inUse >= l.limit && len(q.waiting) >= l.queueLength {
		l.reject(t, queueFull, now)
		return false
	}
	l.enqueue(q, t)
	l.dispatch(now)
	if !t.began.IsZero() {
		return false
	}
	t.ready = make(chan struct{})
	return true
}

// now brings progress up to date: all busy queues got the same, as much as the seats that were wanted could do.
func (l *level) now() time.Time {
	now := time.Now()
	if l.busy == 0 {
		l.progress = 0 // nobody remembers an older value
	} else {
		l.progress += float64(min(l.inUse+l.asked, l.limit)) / float64(l.busy) * now.Sub(l.moved).Seconds()
	}
	l.moved = now
	return now
}

// choose is the queue of a flow's hand in which least is waiting; of equals, each gets its turn.
func (l *level) choose(hash uint64) *queue {
	var cards [maxHand]int
	hand := cards[:l.handSize]
	deal(hash, l.queueCount, hand)
	first := int(l.arrivals % int64(len(hand)))
	var best *queue
	for i := range hand {
		q := l.queues[hand[(first+i)%len(hand)]]
		if best == nil || q.work < best.work {
			best = q
		}
	}
	l.arrivals++
	return best
}

func (l *level) enqueue(q *queue, t *Ticket) {
	l.rouse(q)
	if len(q.waiting) == 0 {
		l.waiters = append(l.waiters, q)
	}
	t.queue = q
	q.waiting = append(q.waiting, t)
	q.work += t.work.cost()
	l.asked += t.work.width()
	t.schema.meters.wait(t, 1)
	q.bound()
	l.watchDemand()
}

// rouse notes that a queue is about to be busy. What it did before counts no more.
func (l *level) rouse(q *queue) {
	if !q.busy() {
		q.start = l.progress
		l.busy++
	}
}

// dequeue takes a request out of its queue: it begins, or gives up.
func (l *level) dequeue(t *Ticket) {
	q := t.queue
	q.waiting = slices.DeleteFunc(q.waiting, func(other *Ticket) bool { return other == t })
	q.work -= t.work.cost()
	if len(q.waiting) == 0 {
		q.work = 0 // not what rounding left
		l.waiters = slices.DeleteFunc(l.waiters, func(other *queue) bool { return other == q })
	}
	l.asked -= t.work.width()
	t.schema.meters.wait(t, -1)
}

// bound keeps a queue from saving up: work that could have been done for it before its oldest request came is lost.
func (q *queue) bound() {
	if len(q.waiting) > 0 {
		q.start = max(q.start, q.waiting[0].arrival)
	}
}

// dispatch gives seats to those who wait, as long as there are seats.
func (l *level) dispatch(now time.Time) {
	for len(l.waiters) > 0 && l.inUse < l.limit {
		q := l.next()
		t := q.waiting[0]
		if !l.fits(t) {
			return // nobody overtakes it, or it would wait for ever
		}
		l.turn++
		q.last = l.turn
		l.dequeue(t)
		t.work.shrink(l.limit)
		l.begin(t, now)
		q.start += t.work.cost()
		q.bound()
		if t.ready != nil {
			close(t.ready)
		}
	}
}

// next is the queue whose next request would end first; of equals, the one that had its turn longest ago.
func (l *level) next() *queue {
	return slices.MinFunc(l.waiters, func(a, b *queue) int {
		switch endA, endB := a.start+a.waiting[0].work.cost(), b.start+b.waiting[0].work.cost(); {
		case endA < endB:
			return -1
		case endA > endB:
			return 1
		}
		return int(a.last - b.last)
	})
}

// fits tells whether a request can begin. One that is wider than the level waits until it is alone.
func (l *level) fits(t *Ticket) bool {
	return l.inUse+t.work.width() <= l.limit || t.work.width() > l.limit && len(l.executing) == 0
}

func (l *level) begin(t *Ticket, now time.Time) {
	t.began = now
	l.sit(t)
	l.counts.dispatched++
	t.schema.meters.dispatched++
	l.waited(t, now)
	l.watchDemand()
}

func (l *level) sit(t *Ticket) {
	l.executing[t] = struct{}{}
	t.schema.meters.executing++
	if t.queue != nil {
		t.queue.executing++
	}
	l.occupy(t, 1)
}

// rise ends a request's being served. Its seats are not free yet.
func (l *level) rise(t *Ticket) {
	delete(l.executing, t)
	t.schema.meters.executing--
	if q := t.queue; q != nil {
		q.executing--
		q.bound()
		l.settle(q)
	}
}

// occupy takes a request's seats, or with -1 gives them back.
func (l *level) occupy(t *Ticket, sign int) {
	l.inUse += sign * t.work.width()
	if t.queue != nil {
		t.queue.inUse += sign * t.work.width()
	}
	t.schema.meters.seats += sign * t.work.width()
}

func (l *level) reject(t *Ticket, why string, now time.Time) {
	t.Rejected, t.done = why, true
	t.RetryAfter = l.retry.drop(now)
	l.counts.rejected++
	t.schema.meters.rejected[why]++
	l.waited(t, now)
}

// leave gives up waiting, unless it is over already.
func (l *level) leave(t *Ticket) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	if !t.began.IsZero() {
		return
	}
	q := t.queue
	l.dequeue(t)
	q.bound()
	l.settle(q)
	l.counts.cancelled++
	l.reject(t, timedOut, now)
	l.watchDemand()
	l.dispatch(now) // those behind it may be narrower
}

// settle notes that a queue may have become idle, and drops queues at the end that nobody wants any more.
func (l *level) settle(q *queue) {
	if q.busy() {
		return
	}
	l.busy--
	l.trim()
}

func (l *level) trim() {
	for len(l.queues) > l.queueCount && !l.queues[len(l.queues)-1].busy() {
		l.queues = l.queues[:len(l.queues)-1]
	}
}

// Done gives the seats back. It may be called again.
func (t *Ticket) Done() {
	l := t.level
	l.mu.Lock()
	defer l.mu.Unlock()
	if t.done {
		return
	}
	t.done = true
	now := l.now()
	if q := t.queue; q != nil {
		q.start += seatSeconds(t.work.Seats, now.Sub(t.began)-guess) // now it is known
	}
	l.rise(t)
	if t.work.Linger > 0 {
		time.AfterFunc(t.work.Linger, func() {
			l.mu.Lock()
			defer l.mu.Unlock()
			l.free(t, l.now())
		})
		l.dispatch(now) // one that waits to be alone is, as far as work is concerned
		return
	}
	l.free(t, now)
}

func (l *level) free(t *Ticket, now time.Time) {
	l.occupy(t, -1)
	l.watchDemand()
	l.dispatch(now)
}

// Outside calls wait while the request gives up its seats: it waits for somebody who may take long. Then it takes them again at
// once, even if that is more than there are. A nil Ticket has none to give up.
func (t *Ticket) Outside(wait func()) {
	if t == nil || t.done {
		wait()
		return
	}
	l := t.level
	l.mu.Lock()
	left := l.now()
	l.rise(t)
	l.free(t, left)
	l.mu.Unlock()
	defer func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		t.began = t.began.Add(l.now().Sub(left)) // the queue does not pay for it
		if t.queue != nil {
			l.rouse(t.queue)
		}
		l.sit(t)
		l.watchDemand()
	}()
	wait()
}

func (l *level) watchDemand() { l.demand.set(float64(l.inUse+l.asked), l.moved) }
