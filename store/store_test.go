package store

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// harness is a store in a temporary directory, with shorthands that fail the test on error.
type harness struct {
	*engine
	t       testing.TB
	dir     string
	options Options
}

// newHarness opens a store. Every test runs in three places where data may be: in memory, because nothing is filled
// into bbolt by itself, and, with everywhere, in bbolt and on both sides of a restart.
func newHarness(t testing.TB, options Options) *harness {
	h := &harness{t: t, dir: t.TempDir(), options: options}
	if h.options.FillInterval == 0 {
		h.options.FillInterval = time.Hour
	}
	h.open()
	t.Cleanup(func() { require.NoError(t, h.Close()) })
	return h
}

func (h *harness) open() {
	e, err := open(h.dir, h.options)
	require.NoError(h.t, err)
	h.engine = e
}

func (h *harness) reopen() {
	require.NoError(h.t, h.Close())
	h.open()
}

// flush makes the filler do its work now, and waits for it.
func (h *harness) flush() {
	h.t.Helper()
	// Nothing can be compacted at revision 0, but to find that out the filler must be free.
	h.kick <- struct{}{}
	require.ErrorIs(h.t, h.Compact(h.t.Context(), -1), ErrCompacted)
	require.Eventually(h.t, func() bool {
		h.mu.RLock()
		defer h.mu.RUnlock()
		return h.frozen == nil && h.active.empty()
	}, 10*time.Second, time.Millisecond)
}

func (h *harness) create(key, value string) *KeyValue {
	h.t.Helper()
	kv, err := h.Create(h.t.Context(), key, Bytes([]byte(value)), nil)
	require.NoError(h.t, err)
	return kv
}

// createMany creates /k/0000000, ..., by many writers at once, who share the waiting for the disk.
func (h *harness) createMany(n int, value string) {
	var wg sync.WaitGroup
	for w := range 32 {
		wg.Go(func() {
			for i := w; i < n; i += 32 {
				if _, err := h.Create(h.t.Context(), fmt.Sprintf("/k/%07d", i), Bytes([]byte(value)), nil); err != nil {
					h.t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}

func (h *harness) update(key string, expected int64, value string) *KeyValue {
	h.t.Helper()
	kv, err := h.Update(h.t.Context(), key, expected, Bytes([]byte(value)), nil)
	require.NoError(h.t, err)
	return kv
}

func (h *harness) delete(key string, expected int64) *KeyValue {
	h.t.Helper()
	kv, err := h.Delete(h.t.Context(), key, expected, Bytes([]byte("last words")), nil)
	require.NoError(h.t, err)
	return kv
}

// keys lists "key=value" under prefix at revision.
func (h *harness) keys(prefix string, revision int64) string {
	h.t.Helper()
	list, err := h.List(h.t.Context(), prefix, ListOptions{Revision: revision})
	require.NoError(h.t, err)
	var out []string
	for _, kv := range list.Items {
		out = append(out, kv.Key+"="+string(kv.Value))
	}
	return strings.Join(out, " ")
}

// everywhere runs check three times: with all data in memory, in bbolt, and after a restart.
func (h *harness) everywhere(check func(t *testing.T)) {
	t := h.t.(*testing.T)
	t.Run("in memory", check)
	h.flush()
	t.Run("in bbolt", check)
	h.reopen()
	t.Run("after restart", check)
}

func TestWritesAndReads(t *testing.T) {
	h := newHarness(t, Options{})
	ctx := t.Context()
	require.EqualValues(t, 1, h.Revision())

	a := h.create("/pods/a", "a1")
	require.Equal(t, &KeyValue{Key: "/pods/a", Value: []byte("a1"), CreateRevision: 2, ModRevision: 2, Version: 1}, a)
	h.create("/pods/b", "b1")
	a = h.update("/pods/a", a.ModRevision, "a2")
	require.Equal(t, &KeyValue{Key: "/pods/a", Value: []byte("a2"), CreateRevision: 2, ModRevision: 4, Version: 2}, a)
	gone := h.delete("/pods/b", 3)
	require.Equal(t, &KeyValue{Key: "/pods/b", Value: []byte("last words"), CreateRevision: 3, ModRevision: 5, Version: 2}, gone)
	h.create("/pods/b", "b2")
	h.create("/pods/ab", "ab1") // sorts between, and starts like, a key with several versions
	h.create("/podsecrets/x", "x1")

	h.everywhere(func(t *testing.T) {
		require.EqualValues(t, 8, h.Revision())
		for _, c := range []struct {
			key      string
			revision int64
			want     string
			err      error
		}{
			{"/pods/a", 0, "a2", nil},
			{"/pods/a", 1, "", ErrKeyNotFound},
			{"/pods/a", 2, "a1", nil},
			{"/pods/a", 3, "a1", nil},
			{"/pods/a", 4, "a2", nil},
			{"/pods/a", 8, "a2", nil},
			{"/pods/a", 9, "", ErrFutureRevision},
			{"/pods/b", 3, "b1", nil},
			{"/pods/b", 5, "", ErrKeyNotFound},
			{"/pods/b", 6, "b2", nil},
			{"/pods/", 0, "", ErrKeyNotFound},
			{"/pods/abc", 0, "", ErrKeyNotFound},
			{"/zzz", 0, "", ErrKeyNotFound},
		} {
			kv, err := h.Get(ctx, c.key, c.revision)
			require.ErrorIs(t, err, c.err, "%s at %d", c.key, c.revision)
			if err == nil {
				require.Equal(t, c.want, string(kv.Value), "%s at %d", c.key, c.revision)
			}
		}
		kv, err := h.Get(ctx, "/pods/b", 0)
		require.NoError(t, err)
		require.Equal(t, &KeyValue{Key: "/pods/b", Value: []byte("b2"), CreateRevision: 6, ModRevision: 6, Version: 1}, kv)

		require.Equal(t, "", h.keys("/pods/", 1))
		require.Equal(t, "/pods/a=a1 /pods/b=b1", h.keys("/pods/", 3))
		require.Equal(t, "/pods/a=a2", h.keys("/pods/", 5))
		require.Equal(t, "/pods/a=a2 /pods/ab=ab1 /pods/b=b2", h.keys("/pods/", 0))
		require.Equal(t, "/pods/a=a2 /pods/ab=ab1 /pods/b=b2 /podsecrets/x=x1", h.keys("", 0))
		_, err = h.List(ctx, "/", ListOptions{Revision: 9})
		require.ErrorIs(t, err, ErrFutureRevision)
	})
}

func TestPreconditions(t *testing.T) {
	h := newHarness(t, Options{})
	h.create("/a", "1")
	h.create("/dead", "1")
	h.delete("/dead", 3)
	value := Bytes([]byte("2"))
	h.everywhere(func(t *testing.T) {
		ctx := t.Context()
		_, err := h.Create(ctx, "/a", value, nil)
		require.ErrorIs(t, err, ErrKeyExists)
		for _, c := range []struct {
			key      string
			expected int64
			want     error
		}{{"/a", 1, ErrConflict}, {"/a", 0, ErrConflict}, {"/a", 3, ErrConflict}, {"/none", 2, ErrKeyNotFound}, {"/dead", 4, ErrKeyNotFound}} {
			_, err = h.Update(ctx, c.key, c.expected, value, nil)
			require.ErrorIs(t, err, c.want)
			_, err = h.Delete(ctx, c.key, c.expected, value, nil)
			require.ErrorIs(t, err, c.want)
		}
		for _, key := range []string{"", "a\x00b", strings.Repeat("k", maxKey+1)} {
			_, err = h.Create(ctx, key, value, nil)
			require.ErrorContains(t, err, "must have 1 to 16384 bytes, none of them NUL")
			_, err = h.Record(ctx, Record{Key: key})
			require.ErrorContains(t, err, "must have 1 to 16384 bytes, none of them NUL")
		}
		_, err = h.Create(ctx, "/b", value, &Record{Causes: []int64{2, 0}})
		require.ErrorContains(t, err, "0 is no revision")
		require.EqualValues(t, 4, h.Revision(), "a write that is refused makes no revision")
	})
}

func TestValueLearnsItsRevision(t *testing.T) {
	h := newHarness(t, Options{})
	says := func(revision int64) []byte { return fmt.Appendf(nil, "I am %d", revision) }
	kv, err := h.Create(t.Context(), "/a", says, nil)
	require.NoError(t, err)
	require.Equal(t, "I am 2", string(kv.Value))
	kv, err = h.Update(t.Context(), "/a", 2, says, nil)
	require.NoError(t, err)
	require.Equal(t, "I am 3", string(kv.Value))
}

func TestListPages(t *testing.T) {
	h := newHarness(t, Options{})
	for i := range 10 {
		h.create(fmt.Sprintf("/pods/%d", i), "old")
	}
	revision := h.Revision()
	h.flush()
	// From here on the pages must not change, whatever happens to the keys.
	h.update("/pods/3", 5, "new")
	h.delete("/pods/4", 6)
	h.create("/pods/35", "new")
	h.everywhere(func(t *testing.T) {
		var got []string
		after, remaining := "", int64(10)
		for {
			page, err := h.List(t.Context(), "/pods/", ListOptions{Limit: 3, After: after, Revision: revision})
			require.NoError(t, err)
			require.Equal(t, revision, page.Revision)
			for _, kv := range page.Items {
				require.Equal(t, "old", string(kv.Value))
				got = append(got, kv.Key)
			}
			remaining -= int64(len(page.Items))
			require.Equal(t, remaining, page.Remaining)
			require.Equal(t, remaining > 0, page.More)
			if !page.More {
				break
			}
			after = page.Items[len(page.Items)-1].Key
		}
		require.Len(t, got, 10)
		require.IsIncreasing(t, got)
		require.Equal(t, "/pods/3=new /pods/35=new", h.keys("/pods/3", 0))
		page, err := h.List(t.Context(), "/pods/", ListOptions{Limit: 4, After: "/pods/2"})
		require.NoError(t, err)
		require.Equal(t, "/pods/3", page.Items[0].Key)
		require.Equal(t, "/pods/35", page.Items[1].Key)
		require.Equal(t, "/pods/5", page.Items[2].Key)
		require.EqualValues(t, 3, page.Remaining)
	})
}

func TestContextEnds(t *testing.T) {
	h := newHarness(t, Options{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := h.Create(ctx, "/a", Bytes(nil), nil)
	require.ErrorIs(t, err, context.Canceled)
	_, err = h.Get(ctx, "/a", 0)
	require.ErrorIs(t, err, context.Canceled)
	_, err = h.List(ctx, "/a", ListOptions{})
	require.ErrorIs(t, err, context.Canceled)
	_, err = h.Watch(ctx, "/a", 1)
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorIs(t, h.Compact(ctx, 1), context.Canceled)
	require.EqualValues(t, 1, h.Revision())
}

func TestClosed(t *testing.T) {
	h := newHarness(t, Options{})
	h.create("/a", "1")
	events, err := h.Watch(t.Context(), "/", h.Revision())
	require.NoError(t, err)
	require.NoError(t, h.Close())
	_, open := <-events
	require.False(t, open)
	require.NoError(t, h.Close(), "a second Close is harmless")

	ctx := t.Context()
	_, err = h.Create(ctx, "/b", Bytes(nil), nil)
	require.ErrorIs(t, err, ErrClosed)
	_, err = h.Get(ctx, "/a", 0)
	require.ErrorIs(t, err, ErrClosed)
	_, err = h.List(ctx, "/a", ListOptions{})
	require.ErrorIs(t, err, ErrClosed)
	_, err = h.Records(ctx, RecordQuery{})
	require.ErrorIs(t, err, ErrClosed)
	_, err = h.Watch(ctx, "/a", 1)
	require.ErrorIs(t, err, ErrClosed)
	require.ErrorIs(t, h.Compact(ctx, 2), ErrClosed)
}

func TestOnlyOneProcess(t *testing.T) {
	h := newHarness(t, Options{})
	_, err := Open(h.dir, Options{})
	require.ErrorContains(t, err, "another process has it open")
}

// A reader that asks for "now" never sees less than a write that has already returned, wherever the write is on its
// way from memory to bbolt.
func TestReadsSeeReturnedWritesWhileFilling(t *testing.T) {
	h := newHarness(t, Options{FillBytes: 4 << 10})
	var last int64
	for i := range 400 {
		key := fmt.Sprintf("/k/%03d", i)
		kv := h.create(key, strings.Repeat("v", 100))
		last = kv.ModRevision
		got, err := h.Get(t.Context(), key, 0)
		require.NoError(t, err)
		require.Equal(t, kv, got)
		if i%20 == 0 {
			list, err := h.List(t.Context(), "/k/", ListOptions{})
			require.NoError(t, err)
			require.Len(t, list.Items, i+1)
		}
	}
	require.Equal(t, last, h.Revision())
}
