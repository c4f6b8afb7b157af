package store

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// take receives exactly n events.
func take(t testing.TB, events <-chan []Event, n int) []Event {
	t.Helper()
	var out []Event
	timeout := time.After(20 * time.Second)
	for len(out) < n {
		select {
		case batch, ok := <-events:
			require.True(t, ok, "watch closed after %d of %d events", len(out), n)
			out = append(out, batch...)
		case <-timeout:
			require.FailNow(t, "events are missing", "got %d of %d", len(out), n)
		}
	}
	require.Len(t, out, n)
	return out
}

func TestWatchReplaysHistoryThenFollows(t *testing.T) {
	h := newHarness(t, Options{})
	h.create("/pods/a", "1")
	h.create("/nodes/n", "1")
	h.update("/pods/a", 2, "2")
	h.delete("/pods/a", 4)
	h.create("/pods/a", "3")
	a := func(value string, create, mod, version int64) KeyValue {
		return KeyValue{Key: "/pods/a", Value: []byte(value), CreateRevision: create, ModRevision: mod, Version: version}
	}
	a1, a2, a3 := a("1", 2, 2, 1), a("2", 2, 4, 2), a("3", 6, 6, 1)
	history := []Event{
		{Type: Put, KeyValue: a1},
		{Type: Put, KeyValue: a2, Prev: &a1},
		{Type: Delete, KeyValue: a("last words", 2, 5, 3), Prev: &a2},
		{Type: Put, KeyValue: a3},
	}
	h.everywhere(func(t *testing.T) {
		all, err := h.Watch(t.Context(), "/pods/", 0)
		require.NoError(t, err)
		require.Equal(t, history, take(t, all, len(history)))
		late, err := h.Watch(t.Context(), "/pods/", 4)
		require.NoError(t, err)
		require.Equal(t, history[2:], take(t, late, len(history)-2))
		now, err := h.Watch(t.Context(), "/pods/", h.Revision())
		require.NoError(t, err)
		future, err := h.Watch(t.Context(), "/pods/", h.Revision()+1)
		require.NoError(t, err)

		before := h.Revision()
		kv := h.create(fmt.Sprintf("/pods/live-%d", before), "1")
		gone := h.delete(kv.Key, kv.ModRevision)
		want := []Event{{Type: Put, KeyValue: *kv}, {Type: Delete, KeyValue: *gone, Prev: kv}}
		for _, w := range []<-chan []Event{all, late, now} {
			require.Equal(t, want, take(t, w, 2))
		}
		require.Equal(t, want[1:], take(t, future, 1))
		history = append(history, want...)
	})
}

// Watchers that begin anywhere, while writers write and the filler fills, see every revision behind their start
// exactly once and in order.
func TestWatchIsGapless(t *testing.T) {
	h := newHarness(t, Options{FillBytes: 8 << 10})
	const writers, each = 4, 400
	var writing sync.WaitGroup
	for w := range writers {
		writing.Go(func() {
			for i := range each {
				_, err := h.Create(t.Context(), fmt.Sprintf("/%d/%d", w, i), Bytes(make([]byte, 50)), nil)
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	var watching sync.WaitGroup
	for range 12 {
		from := rand.Int64N(h.Revision() + 1)
		events, err := h.Watch(t.Context(), "/", max(from, 1))
		require.NoError(t, err)
		watching.Go(func() {
			next := max(from, 1) + 1
			for next <= 1+writers*each {
				batch, ok := <-events
				if !ok {
					t.Errorf("closed before %d", next)
					return
				}
				for _, e := range batch {
					if e.ModRevision != next {
						t.Errorf("got revision %d, want %d", e.ModRevision, next)
						return
					}
					next++
				}
			}
		})
		h.create(fmt.Sprintf("/extra/%d", from), "") // moves the next start
		require.NoError(t, deleteNow(h, fmt.Sprintf("/extra/%d", from)))
	}
	writing.Wait()
	watching.Wait()
}

func deleteNow(h *harness, key string) error {
	kv, err := h.Get(h.t.Context(), key, 0)
	if err != nil {
		return err
	}
	_, err = h.Delete(h.t.Context(), key, kv.ModRevision, Bytes(nil), nil)
	return err
}

// A watcher that does not read holds nobody up and costs nothing; when what it should see next is compacted, its
// channel closes.
func TestSlowWatcherIsClosedByCompaction(t *testing.T) {
	h := newHarness(t, Options{})
	slow, err := h.Watch(t.Context(), "/", h.Revision())
	require.NoError(t, err)
	kept, err := h.Watch(t.Context(), "/", h.Revision())
	require.NoError(t, err)
	const n = 3 * watchChunk
	h.createMany(n, "v")
	take(t, kept, n)
	require.NoError(t, h.Compact(t.Context(), h.Revision()))
	h.create("/after", "v")
	require.Len(t, take(t, kept, 1), 1, "one that kept up goes on")

	got := 0
	for batch := range slow { // ends: the channel is closed
		got += len(batch)
	}
	require.Less(t, got, n)
	require.NoError(t, t.Context().Err())
	_, err = h.Watch(t.Context(), "/", 5)
	require.ErrorIs(t, err, ErrCompacted)
}

func TestWatchEndsWithContext(t *testing.T) {
	h := newHarness(t, Options{})
	ctx, cancel := context.WithCancel(t.Context())
	idle, err := h.Watch(ctx, "/", h.Revision())
	require.NoError(t, err)
	h.create("/a", "1")
	busy, err := h.Watch(ctx, "/", 1) // has an event to give that nobody takes
	require.NoError(t, err)
	take(t, idle, 1)
	cancel()
	_, ok := <-idle
	require.False(t, ok)
	for range busy { // may still hand over the event; must close
	}
}
