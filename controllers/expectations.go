package controllers

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"kubelite/api"
	"kubelite/client"
)

// expectationsTimeout is how long a controller waits for the events of its own writes. Only a lost event makes it
// wait that long, and a controller that waited for ever would be worse than one that looks again too early.
const expectationsTimeout = 5 * time.Minute

// expectedLag is how long a cache is behind at most times.
const expectedLag = 20 * time.Millisecond

// tellAfter is how long a wait for one's own writes may last before it goes into the ledger. Normally it is over in
// milliseconds and nobody asks.
const tellAfter = 2 * time.Second

// expectations remember what a controller of pods has asked for and its cache does not show yet. Without them
// a controller that is faster than its watch creates everything twice:
//
//	controller   sees 0 pods, creates 3 ....... sees 1 pod (2 events are still on their way), creates 2: 5 pods
//	cache        0 ............................ 1 ................... 2 ... 3
//
// So it writes down "3 creations to come" before the first create, the watch handler crosses them off, and as long
// as something is left, the controller changes nothing. Creations are counted, because a pod has no name before it
// exists; deletions are kept by UID, because a deletion is announced twice: once when the deletion timestamp
// appears, once when the pod is gone.
type expectations struct {
	mu sync.Mutex
	// guarded by mu
	byOwner map[api.Key]*expectation
}

type expectation struct {
	creations int // may fall below 0: a create that failed for us may have happened all the same
	deletions map[api.UID]struct{}
	since     time.Time
}

func newExpectations() *expectations {
	return &expectations{byOwner: map[api.Key]*expectation{}}
}

// expect is called before the requests are sent: their events may overtake the answers.
func (e *expectations) expect(owner api.Key, creations int, deletions []*api.Pod, now time.Time) {
	uids := make(map[api.UID]struct{}, len(deletions))
	for _, pod := range deletions {
		uids[pod.UID] = struct{}{}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.byOwner[owner] = &expectation{creations: creations, deletions: uids, since: now}
}

// creationsObserved crosses off n creations: the watch showed them, or they failed and never will be shown.
func (e *expectations) creationsObserved(owner api.Key, n int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if x := e.byOwner[owner]; x != nil {
		x.creations -= n
	}
}

// deletionObserved crosses off one deletion.
func (e *expectations) deletionObserved(owner api.Key, pod api.UID) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if x := e.byOwner[owner]; x != nil {
		delete(x.deletions, pod)
	}
}

// forget drops everything about an owner that is gone, so that one made anew under its name starts clean.
func (e *expectations) forget(owner api.Key) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.byOwner, owner)
}

// pending returns what the owner's controller still waits to see, and since when. It is false when there is
// nothing, or when the wait has been too long to be believed.
func (e *expectations) pending(owner api.Key, now time.Time) (creations, deletions int, since time.Time, waiting bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	x := e.byOwner[owner]
	if x == nil || now.Sub(x.since) > expectationsTimeout {
		return 0, 0, time.Time{}, false
	}
	creations, deletions = max(x.creations, 0), len(x.deletions)
	return creations, deletions, x.since, creations+deletions > 0
}

// await tells whether the cache lags behind what the owner's controller has done.
func (e *expectations) await(ctx context.Context, owner api.Object, queue *client.Queue, c *client.Client, log *slog.Logger) bool {
	key, now := owner.GetObjectMeta().Key(), time.Now()
	creations, deletions, since, waiting := e.pending(key, now)
	if waiting && putOffSince(ctx, queue, key, since, now) {
		tell(client.Because(ctx, "wait: %d creations and %d deletions asked for are not in the cache yet", creations, deletions), c, log, owner)
	}
	return waiting
}

// putOffSince puts off what waits for the events of its own writes: until they must be lost, and before that once until it is
// time to tell of the wait. long says that it is.
func putOffSince(ctx context.Context, queue *client.Queue, key api.Key, since, now time.Time) (long bool) {
	if waited := now.Sub(since); waited < tellAfter {
		queue.PutOff(ctx, key, tellAfter-waited, "expectations")
		return false
	}
	queue.PutOff(ctx, key, time.Until(since.Add(expectationsTimeout+time.Second)), "expectations")
	return true
}

// withoutDeleted drops the pods whose deletion was asked for and is not in the cache yet. A status must not count
// them: a Deployment that reads "3 available" would take another one away, and fall below its minimum.
func (e *expectations) withoutDeleted(owner api.Key, pods []*api.Pod) []*api.Pod {
	e.mu.Lock()
	defer e.mu.Unlock()
	x := e.byOwner[owner]
	if x == nil || len(x.deletions) == 0 {
		return pods
	}
	left := make([]*api.Pod, 0, len(pods))
	for _, pod := range pods {
		if _, deleted := x.deletions[pod.UID]; !deleted {
			left = append(left, pod)
		}
	}
	return left
}

// ownWrites remembers which version of which object a controller wrote last, until the cache shows it. It is the
// expectation of a controller that updates objects instead of counting them: a Deployment's controller that scales
// a ReplicaSet down, and decides again before its cache shows the smaller one, counts replicas that are on their
// way out. Compare-and-swap protects the one object that is written; this protects decisions about one object that
// rest on the size of another.
type ownWrites struct {
	mu sync.Mutex
	// guarded by mu
	byOwner map[api.Key]map[api.Key]ownWrite
}

type ownWrite struct {
	revision int64
	at       time.Time
}

func newOwnWrites() *ownWrites {
	return &ownWrites{byOwner: map[api.Key]map[api.Key]ownWrite{}}
}

// wrote remembers the version that a write for owner made of obj.
func (w *ownWrites) wrote(owner api.Key, obj api.Object, now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.byOwner[owner] == nil {
		w.byOwner[owner] = map[api.Key]ownWrite{}
	}
	w.byOwner[owner][obj.GetObjectMeta().Key()] = ownWrite{revision: obj.GetObjectMeta().Revision(), at: now}
}

// deleted tells that the object is gone: nobody needs to wait to see it.
func (w *ownWrites) deleted(owner, obj api.Key) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.byOwner[owner], obj)
}

// forget drops everything about an owner that is gone.
func (w *ownWrites) forget(owner api.Key) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.byOwner, owner)
}

// pending names an object that the cache shows in an older version than was written, or not at all. cached returns
// the revision in the cache, 0 for an object that is not there.
func (w *ownWrites) pending(owner api.Key, cached func(api.Key) int64, now time.Time) (obj api.Key, waiting bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for key, write := range w.byOwner[owner] {
		if cached(key) < write.revision && now.Sub(write.at) < expectationsTimeout {
			return key, true
		}
		delete(w.byOwner[owner], key)
	}
	return api.Key{}, false
}

// revisionIn tells the revision of an object in a cache, 0 if it is not there.
func revisionIn[T api.Object](cache *client.Informer[T]) func(api.Key) int64 {
	return func(key api.Key) int64 {
		if obj, ok := cache.Get(key); ok {
			return obj.GetObjectMeta().Revision()
		}
		return 0
	}
}
