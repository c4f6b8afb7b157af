package client

import (
	"container/heap"
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime/debug"
	"strconv"
	"sync"
	"time"

	"kubelite/api"
)

// Queue is the list of objects that a control loop has to look at. It holds keys, not events: a key added ten times
// before a worker gets to it is worked on once, and that one time sees all that happened.
//
//	Add ──▶ dirty, and in order ──▶ a worker takes it ──▶ processing ──▶ done
//	             ▲                                           │
//	             └── added again meanwhile: dirty, but not ──┘   Invariant: no key is processed by two workers at once.
//	                 handed out before done
//
// Each dirty key has the causes of all its Adds; the worker's context carries them on.
type Queue struct {
	name string

	mu         sync.Mutex
	ready      sync.Cond            // a key was added to order, or the queue closed
	order      []api.Key            // keys to hand out, first in, first out; guarded by mu
	dirty      map[api.Key]*Causes  // keys to work on, in order or (if processing) put there when done; guarded by mu
	processing map[api.Key]struct{} // guarded by mu
	failures   map[api.Key]int      // in a row; guarded by mu
	delayed    delayHeap            // guarded by mu
	delayedKey map[api.Key]*delay   // the same by key: one delay each; guarded by mu
	timer      *time.Timer          // fires at delayed[0].at; guarded by mu
	closed     bool                 // guarded by mu
	passes     uint64               // reconciles begun; guarded by mu
	process    string               // tells this process's reconcile ids from its predecessor's
}

// Back-off of a key that fails again and again: 5 ms, 10 ms, 20 ms, ... These are client-go's figures.
const (
	firstRetry = 5 * time.Millisecond
	lastRetry  = 1000 * time.Second
)

// NewQueue makes an empty queue. The name shows up in logs and reconcile ids.
func NewQueue(name string) *Queue {
	q := &Queue{
		name:       name,
		dirty:      map[api.Key]*Causes{},
		processing: map[api.Key]struct{}{},
		failures:   map[api.Key]int{},
		delayedKey: map[api.Key]*delay{},
		process:    strconv.FormatUint(uint64(rand.Uint32N(36*36*36)), 36),
	}
	q.ready.L = &q.mu
	return q
}

// Add asks for a look at an object because of the events with these revisions.
func (q *Queue) Add(key api.Key, revisions ...int64) {
	var causes Causes
	for _, revision := range revisions {
		causes.merge(CauseOf(revision))
	}
	q.add(key, causes)
}

// AddCauses is Add for causes that came from elsewhere, such as a context's.
func (q *Queue) AddCauses(key api.Key, causes Causes) { q.add(key, causes) }

// AddAfter asks for a look at an object when a while has passed, because of the named clock: "progress deadline". If the key
// already waits, the earlier time counts.
func (q *Queue) AddAfter(key api.Key, d time.Duration, timer string, revisions ...int64) {
	causes := Causes{Timer: timer}
	for _, r := range revisions {
		causes.Add(r)
	}
	q.addAfter(key, d, causes)
}

// PutOff is AddAfter for a pass that cannot do yet what it was to do: what caused it is the reason of the later one, too.
func (q *Queue) PutOff(ctx context.Context, key api.Key, d time.Duration, timer string) {
	q.AddAfter(key, d, timer, CausesOf(ctx)...)
}

// AddRateLimited asks for another look after a failure. The causes are those of the pass that failed: they have not had
// their effect yet.
func (q *Queue) AddRateLimited(key api.Key, causes Causes) {
	q.mu.Lock()
	n := q.failures[key]
	q.failures[key]++
	q.mu.Unlock()
	q.addAfter(key, exponential(firstRetry, lastRetry, n), causes)
}

// Forget ends a row of failures: the next one waits as briefly as the first.
func (q *Queue) Forget(key api.Key) {
	q.mu.Lock()
	defer q.mu.Unlock()
	delete(q.failures, key)
}

// Failures is how often in a row the key failed.
func (q *Queue) Failures(key api.Key) int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.failures[key]
}

// Len is how many keys wait for a worker, not counting delayed ones.
func (q *Queue) Len() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.order)
}

// Run gives each key to reconcile, in as many workers at once, until ctx ends; it returns when all workers have
// finished. A key whose pass returned an error, or panicked, comes again with exponential back-off.
//
// Reconcile's context carries the causes and an id of the pass.
func (q *Queue) Run(ctx context.Context, workers int, reconcile func(ctx context.Context, key api.Key) error, log *slog.Logger) error {
	stop := context.AfterFunc(ctx, q.close)
	defer stop()
	var wg sync.WaitGroup
	slots := make(chan struct{}, workers)
	for {
		slots <- struct{}{} // first a free worker, then work: as long as a key waits, more causes can join it
		key, causes, pass, ok := q.get()
		if !ok {
			break
		}
		wg.Go(func() { // made for this pass: of all the loops' workers, most have nothing to do
			defer func() { <-slots }()
			q.pass(ctx, key, causes, pass, reconcile, log)
		})
	}
	wg.Wait()
	return nil
}

// pass is one reconcile and what follows from its outcome.
func (q *Queue) pass(ctx context.Context, key api.Key, causes Causes, pass uint64, reconcile func(context.Context, api.Key) error, log *slog.Logger) {
	defer q.done(key)
	id := q.name + "-" + q.process + "-" + strconv.FormatUint(pass, 36)
	err := recovered(func() error {
		return reconcile(withReconcile(ctx, id, causes, func() Causes { return q.late(key) }), key)
	})
	switch {
	case err == nil:
		q.Forget(key)
		return
	case ctx.Err() != nil: // cut short, not failed; the next process lists everything again
		return
	case api.IsConflict(err): // somebody else wrote first: that is what resource versions are for
		log.Debug("reconcile met a conflict, will retry", "queue", q.name, "namespace", key.Namespace, "name", key.Name, "error", err)
	default:
		log.Error("reconcile failed, will retry", "queue", q.name, "namespace", key.Namespace, "name", key.Name, "error", err)
	}
	q.AddRateLimited(key, causes)
}

// recovered turns a panic into an error: one object that a loop cannot bear must not stop it for all others.
func recovered(fn func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
		}
	}()
	return fn()
}

func (q *Queue) add(key api.Key, causes Causes) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.addLocked(key, causes)
}

func (q *Queue) addLocked(key api.Key, causes Causes) {
	if q.closed {
		return
	}
	if pending, ok := q.dirty[key]; ok {
		pending.merge(causes)
		return
	}
	causes = causes.clone()
	q.dirty[key] = &causes
	if _, busy := q.processing[key]; !busy {
		q.order = append(q.order, key)
		q.ready.Signal()
	}
}

// get waits for a key and takes it. ok is false once the queue is closed.
func (q *Queue) get() (key api.Key, causes Causes, pass uint64, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.order) == 0 && !q.closed {
		q.ready.Wait()
	}
	if q.closed {
		return api.Key{}, Causes{}, 0, false
	}
	key = q.order[0]
	q.order[0] = api.Key{} // let go of the strings
	if q.order = q.order[1:]; len(q.order) == 0 {
		q.order = nil
	}
	causes = *q.dirty[key]
	delete(q.dirty, key)
	q.processing[key] = struct{}{}
	q.passes++
	return key, causes, q.passes, true
}

// late is what has come in for a key while it is being processed.
func (q *Queue) late(key api.Key) Causes {
	inFlight.settle()
	q.mu.Lock()
	defer q.mu.Unlock()
	if pending := q.dirty[key]; pending != nil {
		return pending.clone()
	}
	return Causes{}
}

func (q *Queue) done(key api.Key) {
	q.mu.Lock()
	defer q.mu.Unlock()
	delete(q.processing, key)
	if _, again := q.dirty[key]; again && !q.closed {
		q.order = append(q.order, key)
		q.ready.Signal()
	}
}

func (q *Queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	if q.timer != nil {
		q.timer.Stop()
	}
	q.ready.Broadcast()
}

// delay is a key that waits for its time.
type delay struct {
	key    api.Key
	causes Causes
	at     time.Time
	index  int // in the heap
}

func (q *Queue) addAfter(key api.Key, d time.Duration, causes Causes) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return
	}
	if d <= 0 {
		q.addLocked(key, causes)
		return
	}
	at := time.Now().Add(d)
	if waiting, ok := q.delayedKey[key]; ok {
		waiting.causes.merge(causes)
		if at.Before(waiting.at) {
			waiting.at = at
			heap.Fix(&q.delayed, waiting.index)
		}
	} else {
		waiting := &delay{key: key, causes: causes.clone(), at: at}
		q.delayedKey[key] = waiting
		heap.Push(&q.delayed, waiting)
	}
	q.setTimer()
}

// setTimer makes the one timer fire for the first of the delayed keys. Called with mu held.
func (q *Queue) setTimer() {
	if len(q.delayed) == 0 {
		return
	}
	in := time.Until(q.delayed[0].at)
	if q.timer == nil {
		q.timer = time.AfterFunc(in, q.fire)
		return
	}
	q.timer.Reset(in)
}

// fire moves the keys whose time has come.
func (q *Queue) fire() {
	q.mu.Lock()
	defer q.mu.Unlock()
	now := time.Now()
	for len(q.delayed) > 0 && !q.delayed[0].at.After(now) {
		due := heap.Pop(&q.delayed).(*delay)
		delete(q.delayedKey, due.key)
		q.addLocked(due.key, due.causes)
	}
	if !q.closed {
		q.setTimer()
	}
}

// delayHeap orders delays by time, for container/heap.
type delayHeap []*delay

func (h delayHeap) Len() int           { return len(h) }
func (h delayHeap) Less(i, j int) bool { return h[i].at.Before(h[j].at) }
func (h delayHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}

// Push is called by container/heap.
func (h *delayHeap) Push(x any) {
	d := x.(*delay)
	d.index = len(*h)
	*h = append(*h, d)
}

// Pop is called by container/heap.
func (h *delayHeap) Pop() any {
	old := *h
	last := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	return last
}
