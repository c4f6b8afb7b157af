package store

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// crash copies the store's files as a crash at this moment would leave them, and returns a store over the copy.
// damage may change the copy before it is opened.
func (h *harness) crash(damage func(dir string)) (*harness, error) {
	after := &harness{t: h.t, dir: h.t.TempDir(), options: h.options}
	require.NoError(h.t, os.CopyFS(after.dir, os.DirFS(h.dir)))
	if damage != nil {
		damage(after.dir)
	}
	e, err := open(after.dir, after.options)
	if err == nil {
		after.engine = e
		h.t.Cleanup(func() { require.NoError(h.t, after.Close()) })
	}
	return after, err
}

// frames returns where the frames of a segment begin, and where the last one ends.
func frames(t *testing.T, path string) []int64 {
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	offsets := []int64{0}
	for at := int64(0); ; {
		h := parseHeader(b[at:])
		if h.length == 0 {
			return offsets
		}
		at += frameSize(int(h.length))
		offsets = append(offsets, at)
	}
}

func TestLogIsRedoneAfterCrash(t *testing.T) {
	h := newHarness(t, Options{})
	h.create("/in-bbolt", "1")
	h.create("/dead", "1")
	h.flush()
	h.update("/in-bbolt", 2, "2") // its version before is in bbolt
	h.update("/in-bbolt", 4, "3") // this one's is in the log
	h.delete("/dead", 3)
	h.create("/new", "1")
	want, err := h.Watch(t.Context(), "/", 1)
	require.NoError(t, err)

	after, err := h.crash(nil)
	require.NoError(t, err)
	require.EqualValues(t, 7, after.Revision())
	require.Equal(t, "/in-bbolt=3 /new=1", after.keys("/", 0))
	require.Equal(t, "/dead=1 /in-bbolt=2", after.keys("/", 4))
	got, err := after.Watch(t.Context(), "/", 1)
	require.NoError(t, err)
	require.Equal(t, take(t, want, 6), take(t, got, 6), "events, with the versions before")
	require.EqualValues(t, 8, after.create("/newer", "1").ModRevision)
}

// Whatever part of the last frame reaches the disk, the log ends before it, and goes on there.
func TestTornTail(t *testing.T) {
	h := newHarness(t, Options{SegmentBytes: 64 << 10})
	h.create("/a", "acknowledged")
	h.create("/b", strings.Repeat("torn", 20))
	segment := filepath.Join("wal", segmentName(1))
	ends := frames(t, filepath.Join(h.dir, segment))
	require.Len(t, ends, 3)
	begin, end := ends[1], ends[2]
	for cut := begin; cut < end; cut += 8 {
		t.Run(fmt.Sprint("cut at ", cut-begin), func(t *testing.T) {
			h := &harness{t: t, dir: h.dir, options: h.options}
			after, err := h.crash(func(dir string) {
				zero(t, filepath.Join(dir, segment), cut, end-cut)
			})
			require.NoError(t, err)
			require.Equal(t, "/a=acknowledged", after.keys("/", 0))
			require.EqualValues(t, 2, after.Revision())
			require.EqualValues(t, 3, after.create("/c", "next").ModRevision)
			after.reopen()
			require.Equal(t, "/a=acknowledged /c=next", after.keys("/", 0))
		})
	}
	t.Run("file too short", func(t *testing.T) {
		h := &harness{t: t, dir: h.dir, options: h.options}
		after, err := h.crash(func(dir string) {
			require.NoError(t, os.Truncate(filepath.Join(dir, segment), end-5))
		})
		require.NoError(t, err)
		require.Equal(t, "/a=acknowledged", after.keys("/", 0))
	})
}

func TestDamagedMiddleIsAnError(t *testing.T) {
	h := newHarness(t, Options{SegmentBytes: 64 << 10})
	h.create("/a", "1")
	h.create("/b", "acknowledged, and damaged later")
	h.create("/c", "1")
	segment := filepath.Join("wal", segmentName(1))
	ends := frames(t, filepath.Join(h.dir, segment))
	for at := ends[1]; at < ends[2]-8; at += 3 { // the last bytes may be padding
		_, err := h.crash(func(dir string) { flip(t, filepath.Join(dir, segment), at) })
		require.ErrorContains(t, err, fmt.Sprintf("frame 2 at byte %d is damaged, but frame 3 behind it is whole", ends[1]), "byte %d", at-ends[1])
	}
}

// A decision is not waited for, so a power cut may lose it while a later write, which was being written but was
// not acknowledged either, reached the disk. That is a torn tail, not damage.
func TestLostDecisionIsATornTail(t *testing.T) {
	h := newHarness(t, Options{SegmentBytes: 64 << 10})
	h.create("/a", "1")
	_, err := h.Record(t.Context(), Record{Key: "/a", Data: Bytes([]byte("decision"))})
	require.NoError(t, err)
	h.create("/b", "not acknowledged")
	segment := filepath.Join("wal", segmentName(1))
	ends := frames(t, filepath.Join(h.dir, segment))
	require.Len(t, ends, 4)
	after, err := h.crash(func(dir string) { zero(t, filepath.Join(dir, segment), ends[1], ends[2]-ends[1]) })
	require.NoError(t, err)
	require.Equal(t, "/a=1", after.keys("/", 0))
	// The frame behind the cut must not come back when the log has grown up to it again.
	after.create("/x", "1")
	again, err := after.crash(nil)
	require.NoError(t, err)
	require.Equal(t, "/a=1 /x=1", again.keys("/", 0))
}

func TestMissingSegments(t *testing.T) {
	h := newHarness(t, Options{SegmentBytes: 4 << 10})
	for i := range 20 {
		h.create(fmt.Sprintf("/k/%02d", i), strings.Repeat("v", 500))
	}
	segments := h.wal.segments
	require.Greater(t, len(segments), 2)
	after, err := h.crash(nil)
	require.NoError(t, err)
	require.EqualValues(t, 21, after.Revision())
	for _, i := range []int{0, 1} {
		_, err = h.crash(func(dir string) {
			require.NoError(t, os.Remove(filepath.Join(dir, "wal", segmentName(segments[i]))))
		})
		require.ErrorContains(t, err, "are missing before")
	}
	h.flush()
	_, err = h.crash(func(dir string) { require.NoError(t, os.RemoveAll(filepath.Join(dir, "wal"))) })
	require.ErrorContains(t, err, "no segments, but the store was in use")
}

// Segments are used again, and what they held before is never taken for new.
func TestSegmentsAreReused(t *testing.T) {
	h := newHarness(t, Options{SegmentBytes: 4 << 10, FillBytes: 2 << 10})
	for i := range 300 {
		h.create(fmt.Sprintf("/k/%03d", i), strings.Repeat("v", 200))
		if i%50 == 0 {
			h.flush() // files must not change while they are copied
			h.create(fmt.Sprintf("/in-log/%03d", i), "v")
			after, err := h.crash(nil)
			require.NoError(t, err)
			require.EqualValues(t, h.Revision(), after.Revision())
		}
	}
	h.flush()
	files, err := os.ReadDir(filepath.Join(h.dir, "wal"))
	require.NoError(t, err)
	require.LessOrEqual(t, len(files), 2, "the one that is written to, and the spare")
}

func TestValueLargerThanASegment(t *testing.T) {
	h := newHarness(t, Options{SegmentBytes: 4 << 10})
	h.create("/small", "1")
	h.create("/large", strings.Repeat("v", 100_000))
	h.create("/small2", "2")
	after, err := h.crash(nil)
	require.NoError(t, err)
	kv, err := after.Get(t.Context(), "/large", 0)
	require.NoError(t, err)
	require.Len(t, kv.Value, 100_000)
	require.EqualValues(t, 4, after.Revision())
}

func TestFailedDiskStopsWritesOnly(t *testing.T) {
	h := newHarness(t, Options{})
	h.create("/a", "1")
	good := h.wal.file
	bad, err := os.Open(good.Name()) // read-only: writing fails
	if err != nil {                  // the segment was renamed since it was opened
		bad, err = os.Open(filepath.Join(h.dir, "wal", segmentName(1)))
	}
	require.NoError(t, err)
	h.wal.file = bad
	_, err = h.Create(t.Context(), "/b", Bytes(nil), nil)
	require.ErrorIs(t, err, ErrClosed)
	require.ErrorContains(t, err, "its disk failed")
	<-h.Failed()
	require.Equal(t, err, h.Err())
	h.wal.file = good
	_, err = h.Create(t.Context(), "/b", Bytes(nil), nil)
	require.ErrorContains(t, err, "its disk failed", "there is no way back but a restart")
	require.Equal(t, "/a=1", h.keys("/", 0))
	require.NoError(t, bad.Close())
}

func TestFrameSize(t *testing.T) {
	for length, want := range map[int]int64{0: 24, 1: 32, 8: 32, 9: 40} {
		require.Equal(t, want, frameSize(length))
	}
}

func TestDecoderRefusesGarbage(t *testing.T) {
	e := Event{Type: Put, KeyValue: KeyValue{Key: "/a", Value: []byte("value"), CreateRevision: 2, ModRevision: 9, Version: 3},
		Prev: &KeyValue{ModRevision: 7}}
	r := row{id: recordID{9, 0}, key: "/a", causes: []int64{3, 4}, data: []byte("why")}
	whole := appendRow(appendEvent(nil, &e), &r)
	d := decoder{b: whole}
	gotEvent, prev := d.event(9)
	gotRow := d.row(9)
	require.NoError(t, d.err)
	require.EqualValues(t, 7, prev)
	gotEvent.Prev = e.Prev
	require.Equal(t, e, gotEvent)
	require.Equal(t, r, gotRow)
	for n := range whole {
		d := decoder{b: whole[:n]}
		d.event(9)
		d.row(9)
		require.Error(t, d.err, "cut at %d", n)
	}
	d = decoder{b: binary.AppendUvarint([]byte{byte(Put), 1, 1, 0}, 1<<62)}
	d.event(1)
	require.ErrorIs(t, d.err, errMalformed)
}

func zero(t *testing.T, path string, at, n int64) {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	require.NoError(t, err)
	defer f.Close()
	_, err = f.WriteAt(make([]byte, n), at)
	require.NoError(t, err)
}

func flip(t *testing.T, path string, at int64) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	require.NoError(t, err)
	defer f.Close()
	b := make([]byte, 1)
	_, err = f.ReadAt(b, at)
	require.NoError(t, err)
	b[0] ^= 0x40
	_, err = f.WriteAt(b, at)
	require.NoError(t, err)
}
