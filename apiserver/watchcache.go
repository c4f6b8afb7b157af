package apiserver

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync"
	"sync/atomic"

	"kubelite/store"
)

// watchCache holds every object in memory, as encoded bytes, and the last events of each kind. All lists and watches
// are served from it, so any number of clients costs the store one watch.
//
//	store ──one watch of "/"──> run ──> kindCache "pods"     ──feeds──> watchers
//	                                └─> kindCache "services" ──feeds──> watchers
//
// It trails the store by a moment. Who needs to see a certain revision calls waitFor: a write does so before it
// answers (the writer then reads its own write), a list without a resourceVersion before it reads.
type watchCache struct {
	// kinds by key prefix: "/pods/". The map never changes; a kind that comes or goes makes a new one.
	kinds atomic.Pointer[map[string]*kindCache]
	// applying is held while events are taken in, and while a kind is filled: it gets all events behind what it was
	// filled with.
	applying sync.Mutex
	// revision is how far the cache is: every event up to it has been applied and handed to the feeds.
	revision atomic.Int64

	mu       sync.Mutex
	advanced chan struct{} // guarded by mu; closed and replaced each time revision moves

	// hints are the attributes of objects that this server is writing just now, so that they need not be decoded
	// again when the event comes back. Guarded by hintMu.
	hintMu sync.Mutex
	hints  map[int64]hint
}

type hint struct {
	key        string
	attributes *attributes
}

// historyLimit is how many events a kind keeps for watchers that come back with an old resourceVersion. Older ones
// are replayed from the store.
const historyLimit = 512

// kindCache is the part of the cache that holds one kind.
type kindCache struct {
	res *Resource

	// Invariant: sorted holds the same as byKey. All fields are guarded by mu; slices handed out are copies, entries
	// themselves never change.
	mu     sync.RWMutex
	sorted sortedEntries
	byKey  map[string]*entry
	bytes  int64 // of the objects, as they are stored
	// changed is the revision of the last event of this kind, or the one it was filled at.
	changed int64
	// history holds the last events; all events after historyStart are in it.
	history      []*watchEvent
	historyStart int64
	feeds        map[feedKey]*feed
	// observe, if it is set, is told of every change before anybody can read it. It must be quick.
	observe func(ev *watchEvent)
	// byIndex holds the entries by the field res.Index, once somebody has asked (indexed).
	byIndex map[string]map[string]*entry

	compressed compressedBlocks // of big lists; has its own lock
}

// watchEvent is one change of one object. prev is the object before (nil when it was created), next after; of a
// deletion, next is the final state with the deletion's revision.
type watchEvent struct {
	revision   int64
	deleted    bool
	prev, next *entry
	// gone is prev with this event's resourceVersion, for watchers whose selector it no longer matches.
	gone atomic.Pointer[entry]
}

func newWatchCache(resources []*Resource) *watchCache {
	c := &watchCache{advanced: make(chan struct{}), hints: map[int64]hint{}}
	kinds := map[string]*kindCache{}
	for _, res := range resources {
		if res.View == nil && !res.neverStored() {
			kinds[res.prefix] = newKindCache(res)
		}
	}
	c.kinds.Store(&kinds)
	return c
}

func newKindCache(res *Resource) *kindCache {
	return &kindCache{res: res, byKey: map[string]*entry{}, feeds: map[feedKey]*feed{}}
}

// all are the kinds that the cache holds now.
func (c *watchCache) all() map[string]*kindCache { return *c.kinds.Load() }

// kind is where the objects of a resource are.
func (c *watchCache) kind(res *Resource) *kindCache {
	if kc := c.all()[res.prefix]; kc != nil {
		return kc
	}
	return newKindCache(res) // it was dropped a moment ago: nothing is there
}

// fill reads everything at one revision. Events after it are run's.
func (c *watchCache) fill(ctx context.Context, s store.Store) error {
	revision := s.Revision()
	for _, kc := range c.all() {
		if err := kc.fill(ctx, s, kc.res, revision); err != nil {
			return err
		}
	}
	c.advance(revision)
	return nil
}

// fill makes the kind hold what the store has of it at a revision.
func (kc *kindCache) fill(ctx context.Context, s store.Store, res *Resource, revision int64) error {
	list, err := s.List(ctx, res.prefix, store.ListOptions{Revision: revision})
	if err != nil {
		return err
	}
	entries, byKey := make([]*entry, len(list.Items)), make(map[string]*entry, len(list.Items))
	for i := range list.Items {
		e := newEntry(res, &list.Items[i])
		entries[i], byKey[e.key] = e, e
	}
	kc.mu.Lock()
	defer kc.mu.Unlock()
	kc.res, kc.sorted, kc.byKey, kc.byIndex = res, newSortedEntries(entries), byKey, nil
	kc.bytes = 0
	for _, e := range entries {
		kc.bytes += int64(len(e.json))
		if kc.observe != nil {
			kc.observe(&watchEvent{revision: e.revision, next: e})
		}
	}
	// Not the newest entry's revision: something may have been deleted after that.
	kc.changed, kc.history, kc.historyStart = revision, nil, revision
	return nil
}

// fillKind adds a kind, or replaces what is known of it because its objects are to be read in another way, while events
// come in.
func (c *watchCache) fillKind(ctx context.Context, s store.Store, res *Resource) error {
	c.applying.Lock()
	defer c.applying.Unlock()
	kc := c.all()[res.prefix]
	if kc == nil {
		kc = newKindCache(res)
	}
	if err := kc.fill(ctx, s, res, c.revision.Load()); err != nil {
		return fmt.Errorf("fill the watch cache with %s: %w", res.Resource(), err)
	}
	kc.compressed.forget()
	kinds := maps.Clone(c.all())
	kinds[res.prefix] = kc
	c.kinds.Store(&kinds)
	return nil
}

// dropKind forgets a kind.
func (c *watchCache) dropKind(res *Resource) {
	c.applying.Lock()
	defer c.applying.Unlock()
	kinds := maps.Clone(c.all())
	delete(kinds, res.prefix)
	c.kinds.Store(&kinds)
}

// run applies the store's events until ctx ends. It returns an error if the store stops sending them.
func (c *watchCache) run(ctx context.Context, s store.Store) error {
	batches, err := s.Watch(ctx, "/", c.revision.Load())
	if err != nil {
		return fmt.Errorf("watch the store: %w", err)
	}
	for batch := range batches {
		c.apply(batch)
	}
	if ctx.Err() != nil {
		return nil
	}
	return errors.New("the store ended its watch")
}

// apply takes in a batch of events: all of them are visible before revision says so.
func (c *watchCache) apply(batch []store.Event) {
	c.applying.Lock()
	defer c.applying.Unlock()
	kinds := c.all()
	for start := 0; start < len(batch); {
		// Events of one kind that follow each other share a lock, and a wake-up of each watcher.
		prefix := keyPrefix(batch[start].Key)
		end := start + 1
		for end < len(batch) && strings.HasPrefix(batch[end].Key, prefix) {
			end++
		}
		if kc := kinds[prefix]; kc != nil {
			kc.apply(c, batch[start:end])
		}
		start = end
	}
	c.advance(batch[len(batch)-1].ModRevision)
}

func (c *watchCache) advance(revision int64) {
	c.revision.Store(revision)
	c.mu.Lock()
	close(c.advanced)
	c.advanced = make(chan struct{})
	c.mu.Unlock()
}

// waitFor returns when the cache has reached a revision, or with ctx's error.
func (c *watchCache) waitFor(ctx context.Context, revision int64) error {
	for c.revision.Load() < revision {
		c.mu.Lock()
		advanced := c.advanced
		c.mu.Unlock()
		if c.revision.Load() >= revision { // it may have moved before we took the channel
			return nil
		}
		select {
		case <-advanced:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// hint announces the attributes of a write that has just got its revision.
func (c *watchCache) hint(revision int64, key string, a *attributes) {
	c.hintMu.Lock()
	c.hints[revision] = hint{key, a}
	c.hintMu.Unlock()
}

func (c *watchCache) takeHint(revision int64, key string) *attributes {
	c.hintMu.Lock()
	defer c.hintMu.Unlock()
	h, ok := c.hints[revision]
	if !ok {
		return nil
	}
	delete(c.hints, revision)
	if h.key != key { // a write that failed after it was numbered
		return nil
	}
	return h.attributes
}

func (kc *kindCache) apply(c *watchCache, batch []store.Event) {
	kc.mu.Lock()
	defer kc.mu.Unlock()
	events := make([]watchEvent, len(batch)) // one allocation for the batch
	for i := range batch {
		se := &batch[i]
		e := newEntry(kc.res, &se.KeyValue)
		if a := c.takeHint(e.revision, e.key); a != nil {
			e.attributes.Store(a)
		}
		ev := &events[i]
		ev.revision, ev.deleted, ev.prev, ev.next = e.revision, se.Type == store.Delete, kc.byKey[e.key], e
		if ev.prev != nil {
			kc.bytes -= int64(len(ev.prev.json))
		}
		if ev.deleted {
			kc.remove(e.key)
		} else {
			kc.bytes += int64(len(e.json))
			kc.put(e)
		}
		if kc.observe != nil {
			kc.observe(ev)
		}
		if kc.byIndex != nil {
			kc.reindex(ev)
		}
		kc.remember(ev)
	}
	kc.changed = batch[len(batch)-1].ModRevision
	kc.publish(events)
}

func (kc *kindCache) put(e *entry) {
	kc.sorted.put(e)
	kc.byKey[e.key] = e
}

func (kc *kindCache) remove(key string) {
	kc.sorted.remove(key)
	delete(kc.byKey, key)
}

// remember keeps the event for watchers that resume. Half of the history is dropped at a time, so that it costs
// nothing per event.
func (kc *kindCache) remember(ev *watchEvent) {
	if len(kc.history) == historyLimit {
		half := historyLimit / 2
		kc.historyStart = kc.history[half-1].revision
		kc.history = append(make([]*watchEvent, 0, historyLimit), kc.history[half:]...)
	}
	kc.history = append(kc.history, ev)
}

// get returns one object, nil if there is none.
func (kc *kindCache) get(key string) *entry {
	kc.mu.RLock()
	defer kc.mu.RUnlock()
	return kc.byKey[key]
}

// list returns the objects whose keys start with prefix and are greater than after, in key order, and the revision
// of the kind's last change.
func (kc *kindCache) list(prefix, after string) (entries []*entry, changed int64) {
	kc.mu.RLock()
	defer kc.mu.RUnlock()
	return kc.rangeOf(prefix, after), kc.changed
}

// count is how many objects of the kind there are.
func (kc *kindCache) count() int {
	kc.mu.RLock()
	defer kc.mu.RUnlock()
	return len(kc.byKey)
}

// size is how many objects of the kind there are, and how large they are together.
func (kc *kindCache) size() (objects int, bytes int64) {
	kc.mu.RLock()
	defer kc.mu.RUnlock()
	return len(kc.byKey), kc.bytes
}

// lastChange is the revision of the kind's last change: what was made of its objects at that revision is still true.
func (kc *kindCache) lastChange() int64 {
	kc.mu.RLock()
	defer kc.mu.RUnlock()
	return kc.changed
}

// rangeOf are the entries whose keys start with prefix and are greater than after. The caller holds mu.
func (kc *kindCache) rangeOf(prefix, after string) []*entry {
	from := prefix
	if after != "" {
		from = max(from, after+"\x00") // the first key behind it
	}
	return kc.sorted.between(from, prefix+"\xff") // no key has such a byte
}

// goneEntry is what a watcher gets whose selector the object has left: the object as it last matched, with the
// revision of the event that took it away.
func (ev *watchEvent) goneEntry() *entry {
	if e := ev.gone.Load(); e != nil {
		return e
	}
	e := &entry{
		key: ev.prev.key, namespace: ev.prev.namespace, name: ev.prev.name,
		revision: ev.revision, json: splice(ev.prev.json).with(ev.revision),
	}
	ev.gone.Store(e)
	return e
}

// keyPrefix is "/pods/" of "/pods/default/web-1".
func keyPrefix(key string) string {
	if i := strings.IndexByte(key[1:], '/'); i >= 0 {
		return key[:i+2]
	}
	return key
}
