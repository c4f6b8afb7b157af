package store

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.etcd.io/bbolt"
)

// count returns how many entries a bucket has.
func (h *harness) count(bucket []byte) (n int) {
	require.NoError(h.t, h.db.View(func(tx *bbolt.Tx) error {
		return tx.Bucket(bucket).ForEach(func(_, _ []byte) error { n++; return nil })
	}))
	return n
}

func TestCompact(t *testing.T) {
	h := newHarness(t, Options{})
	ctx := t.Context()
	h.create("/b", "b2")
	h.delete("/b", 2)
	h.create("/c", "c4")
	h.create("/a", "a5")
	h.update("/a", 5, "a6")
	h.delete("/c", 4)
	h.create("/b", "b8")
	h.update("/a", 6, "a9")

	require.ErrorIs(t, h.Compact(ctx, 10), ErrFutureRevision)
	require.NoError(t, h.Compact(ctx, 6))
	require.ErrorIs(t, h.Compact(ctx, 6), ErrCompacted)
	require.ErrorIs(t, h.Compact(ctx, 3), ErrCompacted)

	h.everywhere(func(t *testing.T) {
		require.EqualValues(t, 6, h.CompactedRevision())
		_, err := h.Get(ctx, "/a", 5)
		require.ErrorIs(t, err, ErrCompacted)
		_, err = h.List(ctx, "/", ListOptions{Revision: 5})
		require.ErrorIs(t, err, ErrCompacted)
		_, err = h.Watch(ctx, "/", 5)
		require.ErrorIs(t, err, ErrCompacted)
		require.Equal(t, "/a=a6 /c=c4", h.keys("/", 6))
		require.Equal(t, "/a=a6", h.keys("/", 7))
		require.Equal(t, "/a=a9 /b=b8", h.keys("/", 0))
		w, err := h.Watch(ctx, "/", 6)
		require.NoError(t, err)
		events := take(t, w, 3)
		require.Equal(t, "c4", string(events[0].Prev.Value))
		require.Equal(t, "a6", string(events[2].Prev.Value))
	})
	require.Equal(t, 5, h.count(bucketRevisions), "4, 6, 7, 8, 9")
	require.Equal(t, 5, h.count(bucketKeys))
	require.NoError(t, h.Compact(ctx, 9))
	require.Equal(t, "/a=a9 /b=b8", h.keys("/", 9))
	require.Equal(t, 2, h.count(bucketRevisions), "8, 9")
	require.Equal(t, 2, h.count(bucketKeys))
}

// The history of a key that changes all the time does not make the file grow: compaction gives the space back.
func TestCompactedSpaceIsUsedAgain(t *testing.T) {
	h := newHarness(t, Options{})
	kv := h.create("/lease", "")
	for range 3 {
		for range sweepChunk + 100 {
			kv = h.update("/lease", kv.ModRevision, "0123456789012345678901234567890123456789")
		}
		require.NoError(t, h.Compact(t.Context(), h.Revision()))
		require.Equal(t, 1, h.count(bucketRevisions))
	}
	var size int64
	require.NoError(t, h.db.View(func(tx *bbolt.Tx) error { size = tx.Size(); return nil }))
	require.Less(t, size, int64(4<<20))
}

// A reader that has begun keeps its picture, whatever a compaction removes meanwhile; and a sweep that a crash cut
// short is finished by the next start.
func TestSweepIsResumed(t *testing.T) {
	h := newHarness(t, Options{})
	kv := h.create("/a", "")
	for i := range sweepChunk + 100 {
		kv = h.update("/a", kv.ModRevision, fmt.Sprint(i))
	}
	h.flush()
	target := h.Revision() - 10
	after, err := h.crash(func(dir string) { // as if the process had died right behind step 2 of compact
		db, err := bbolt.Open(dir+"/store.db", 0o600, nil)
		require.NoError(t, err)
		require.NoError(t, db.Update(func(tx *bbolt.Tx) error {
			m, err := readMeta(tx)
			require.NoError(t, err)
			m.compacted = target
			return writeMeta(tx, m)
		}))
		require.NoError(t, db.Close())
	})
	require.NoError(t, err)
	require.Equal(t, target, after.CompactedRevision())
	require.Eventually(t, func() bool { return after.count(bucketRevisions) == 11 }, 10*time.Second, 5*time.Millisecond)
}
