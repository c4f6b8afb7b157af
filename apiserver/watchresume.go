package apiserver

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"kubelite/api"
	"kubelite/store"
)

// A client that comes back names the last revision that it has seen. What has happened since is sent first: from
// memory, or from the store's history, or not at all if compaction has taken it.

// resume subscribes behind the revision that the client names, after sending what it has missed. A nil place means
// that this cannot be; the client has been told.
func (wt *watcher) resume(ctx context.Context) (*batch, error) {
	wt.sent = wt.options.revision
	wt.header()
	for {
		missed, place := wt.kc.resume(wt.feed, wt.sent)
		if place != nil {
			for _, ev := range missed {
				wt.deliver(ev)
			}
			wt.flush()
			return place, nil
		}
		if err := wt.replay(ctx); err != nil {
			wt.fail(err)
			return nil, nil
		}
	}
}

// resume subscribes to a feed, if all events after a revision are still at hand, and returns these.
func (kc *kindCache) resume(key feedKey, after int64) (missed []*watchEvent, place *batch) {
	kc.mu.Lock()
	defer kc.mu.Unlock()
	if after < kc.historyStart {
		return nil, nil
	}
	i, _ := slices.BinarySearchFunc(kc.history, after+1, func(ev *watchEvent, revision int64) int { return cmp.Compare(ev.revision, revision) })
	return kc.history[i:len(kc.history):len(kc.history)], kc.subscribe(key)
}

// replay sends events from the store's history until what follows is at hand in memory.
func (wt *watcher) replay(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	// Of all kinds: every revision has an event, so we know how far we are even if this kind has none.
	batches, err := wt.server.store.Watch(ctx, "/", wt.sent)
	if err != nil {
		return err
	}
	for events := range batches {
		for i := range events {
			if se := &events[i]; strings.HasPrefix(se.Key, wt.sel.res.prefix) {
				wt.deliver(newWatchEvent(wt.sel.res.storedRow(), se))
			}
		}
		wt.sent = max(wt.sent, events[len(events)-1].ModRevision)
		wt.flush()
		if wt.kc.remembers(wt.sent) {
			return nil
		}
	}
	return cmp.Or(ctx.Err(), store.ErrCompacted) // it took so long that compaction was faster
}

func newWatchEvent(res *Resource, se *store.Event) *watchEvent {
	ev := &watchEvent{revision: se.ModRevision, deleted: se.Type == store.Delete, next: newEntry(res, &se.KeyValue)}
	if se.Prev != nil {
		ev.prev = newEntry(res, se.Prev)
	}
	return ev
}

// remembers tells whether all events after a revision are at hand.
func (kc *kindCache) remembers(revision int64) bool {
	kc.mu.RLock()
	defer kc.mu.RUnlock()
	return revision >= kc.historyStart
}

// fail tells the client why its watch ends, in an ERROR event: the answer has begun already.
func (wt *watcher) fail(err error) {
	if errors.Is(err, context.Canceled) {
		return
	}
	if errors.Is(err, store.ErrCompacted) {
		err = api.NewExpired("too old resource version: %d (%d)", wt.options.revision, wt.server.store.CompactedRevision())
	}
	if b, err := wt.encoder.appendError(*wt.held(), statusOf(err)); err == nil {
		*wt.buffer = b
		wt.flush()
	}
	wt.gone = true
}
