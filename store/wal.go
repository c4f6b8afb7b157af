package store

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

// wal is the write-ahead log: the file that makes a write durable with one sequential write and one fdatasync,
// where a B+tree would need several. It is read only after a crash, to redo what bbolt has not got yet.
//
// It is a row of segments, files of a fixed size named for the first frame in them:
//
//	wal/0000000000000001.wal   frames 1..812
//	wal/000000000000032d.wal   frames 813..           <- appended to
//	wal/spare                                         <- used up; becomes the next segment
//
// Space is allocated when a segment is made, zeros are written ahead of the frames, and used-up segments are used again.
// So appending changes neither the size of a file nor its block map, and fdatasync has only the data to wait for.
//
// A frame is one group commit (commit.go), padded to 8 bytes:
//
//	+--------+-------+--------+--------+---------
//	| length | crc32 | number | synced | payload      crc32 covers all that follows it, and length
//	+--------+-------+--------+--------+---------
//
// Number counts frames over all segments. It tells a frame from what a reused segment held before, which has a
// lower number. Synced is the newest frame that was known to be on disk when this one was written: see tail.
type wal struct {
	dir         string
	segmentSize int64

	// Used by the committer alone.
	file    *os.File
	offset  int64
	written int64  // up to where the segment has been written before, with zeros at least
	number  uint64 // newest frame
	synced  uint64 // newest frame known to be on disk

	mu       sync.Mutex
	segments []uint64 // first frames, oldest first; guarded by mu
}

const (
	frameHeader = 24
	frameAlign  = 8
	spareName   = "spare"
	zerosAhead  = 256 << 10
)

var zeros [zerosAhead]byte

func segmentName(first uint64) string { return fmt.Sprintf("%016x.wal", first) }

// openWAL finds the segments. Then come replay and start.
func openWAL(dir string, segmentSize int64) (*wal, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	w := &wal{dir: dir, segmentSize: segmentSize}
	for _, e := range entries {
		var first uint64
		if name, ok := strings.CutSuffix(e.Name(), ".wal"); !ok || len(name) != 16 {
			continue
		} else if _, err := fmt.Sscanf(name, "%x", &first); err != nil {
			continue
		}
		w.segments = append(w.segments, first)
	}
	slices.Sort(w.segments)
	return w, nil
}

// replay calls apply with every frame that is newer than applied, in order. It must be called before start.
// A frame that was not completely written when the machine stopped ends the log: nobody was told it was durable.
// A damaged frame that somebody was told about is an error: going on without it would lose acknowledged writes.
func (w *wal) replay(applied uint64, apply func(frame uint64, payload []byte) error) error {
	w.number = applied
	for i, first := range w.segments {
		if first > w.number+1 {
			return fmt.Errorf("write-ahead log: frames %d to %d are missing before %s", w.number+1, first-1, segmentName(first))
		}
		last := i == len(w.segments)-1
		next, err := w.replaySegment(first, last, applied, apply)
		if err != nil {
			return fmt.Errorf("write-ahead log: %s: %w", segmentName(first), err)
		}
		w.number = max(w.number, next-1)
	}
	return nil
}

// replaySegment returns the number of the frame that would come next.
func (w *wal) replaySegment(first uint64, last bool, applied uint64, apply func(uint64, []byte) error) (uint64, error) {
	f, err := os.Open(filepath.Join(w.dir, segmentName(first)))
	if err != nil {
		return 0, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	var payload []byte
	r := bufio.NewReaderSize(f, 64<<10)
	next, offset := first, int64(0)
	for {
		h, body, ok := readFrame(r, info.Size()-offset, payload)
		if !ok || h.number != next {
			break
		}
		payload = body
		if h.number > applied {
			if err := apply(h.number, body); err != nil {
				return 0, fmt.Errorf("frame %d at byte %d: %w", h.number, offset, err)
			}
		}
		next, offset = next+1, offset+frameSize(len(body))
	}
	if last {
		return next, tail(f, offset, info.Size(), next)
	}
	return next, nil // if frames are missing here, the next segment's name tells
}

// tail decides why the frame called next could not be read at offset. If the log simply ends there, or the machine
// stopped while that frame was being written, nothing behind it was ever promised to anybody. But if a later frame
// is there that was written when next was known to be on disk, then next has been damaged since.
func tail(f *os.File, offset, size int64, next uint64) error {
	r := bufio.NewReaderSize(io.NewSectionReader(f, offset, size-offset), 64<<10)
	for at := offset; at+frameHeader <= size; at += frameAlign {
		b, err := r.Peek(frameHeader)
		if err != nil {
			return err
		}
		// Cheap tests first: nearly all of a segment's rest is zeros or older frames.
		if h := parseHeader(b); h.number > next && h.synced >= next && h.synced < h.number && int64(h.length) <= size-at-frameHeader {
			if _, _, ok := readFrame(io.NewSectionReader(f, at, size-at), size-at, nil); ok {
				return fmt.Errorf("frame %d at byte %d is damaged, but frame %d behind it is whole: restore the data directory from a copy", next, offset, h.number)
			}
		}
		if _, err := r.Discard(frameAlign); err != nil {
			return err
		}
	}
	return nil
}

type header struct {
	length, crc    uint32
	number, synced uint64
}

func parseHeader(b []byte) header {
	return header{
		length: binary.LittleEndian.Uint32(b), crc: binary.LittleEndian.Uint32(b[4:]),
		number: binary.LittleEndian.Uint64(b[8:]), synced: binary.LittleEndian.Uint64(b[16:]),
	}
}

// readFrame reads one frame of at most limit bytes; ok is false if there is no whole one. payload is a buffer to use.
func readFrame(r io.Reader, limit int64, payload []byte) (h header, body []byte, ok bool) {
	var b [frameHeader]byte
	if _, err := io.ReadFull(r, b[:]); err != nil {
		return header{}, nil, false
	}
	h = parseHeader(b[:])
	if h.number == 0 || int64(h.length) > limit-frameHeader {
		return header{}, nil, false
	}
	padded := int(frameSize(int(h.length)) - frameHeader)
	body = slices.Grow(payload[:0], padded)[:padded]
	if _, err := io.ReadFull(r, body); err != nil {
		return header{}, nil, false
	}
	body = body[:h.length]
	return h, body, frameSum(b[:], body) == h.crc
}

func frameSize(length int) int64 {
	return int64(frameHeader+length+frameAlign-1) &^ (frameAlign - 1)
}

// frameSum is the checksum of a frame: everything but the checksum itself.
func frameSum(head, body []byte) uint32 {
	castagnoli := crc32.MakeTable(crc32.Castagnoli) // made once, by whoever asks first
	sum := crc32.Update(0, castagnoli, head[:4])
	sum = crc32.Update(sum, castagnoli, head[8:frameHeader])
	return crc32.Update(sum, castagnoli, body)
}

// start makes an empty segment to append to, and removes those from before, which replay has read and the caller has
// filled into bbolt. The last of them must not be used again: behind its torn tail may lie a whole frame with a
// number that is about to be given out once more.
func (w *wal) start() error {
	old := w.segments
	w.segments = nil
	if err := w.addSegment(); err != nil {
		return err
	}
	w.synced = w.number
	for _, first := range old {
		if first != w.segments[0] { // that one has just been replaced
			if err := os.Remove(filepath.Join(w.dir, segmentName(first))); err != nil {
				return err
			}
		}
	}
	return nil
}

// addSegment makes the segment for the frames behind w.number, from the spare if there is one.
func (w *wal) addSegment() error {
	if w.file != nil {
		// The next segment's existence says that this one is complete.
		if err := syncData(w.file); err != nil {
			return err
		}
		w.synced = w.number
		if err := w.file.Close(); err != nil {
			return err
		}
		w.file = nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	spare := filepath.Join(w.dir, spareName)
	f, err := os.OpenFile(spare, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	written, err := w.prepare(f)
	if err == nil {
		err = os.Rename(spare, filepath.Join(w.dir, segmentName(w.number+1)))
	}
	if err == nil {
		err = syncDir(w.dir)
	}
	if err != nil {
		return errors.Join(err, f.Close())
	}
	w.file, w.offset, w.written = f, 0, written
	w.segments = append(w.segments, w.number+1)
	return nil
}

// prepare gives a new segment its space. It returns up to where the segment has been written before.
func (w *wal) prepare(f *os.File) (written int64, err error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	if info.Size() == w.segmentSize { // reused
		return w.segmentSize, nil
	}
	if err := f.Truncate(0); err != nil {
		return 0, err
	}
	if err := preallocate(f, w.segmentSize); err != nil {
		return 0, err
	}
	return 0, f.Sync()
}

// writeAhead writes zeros behind the frame that will end at end, if nothing has been written there yet. The first write
// to a block of allocated space changes the file's block map, which fdatasync then has to wait for as well: half as long
// again. Done for many blocks at once, it is hardly noticed.
func (w *wal) writeAhead(end int64) error {
	if end <= w.written || end >= w.segmentSize {
		return nil
	}
	n := min(zerosAhead, w.segmentSize-end)
	w.written = end + n
	_, err := w.file.WriteAt(zeros[:n], end)
	return err
}

// append writes one frame, of which frame[frameHeader:] is the payload; the caller leaves room for the header in
// front. With sync, it and all frames before are on disk when append returns. After an error the log is unusable:
// whether the frame will be there after a restart is unknown, and a second fdatasync would not tell.
func (w *wal) append(frame []byte, sync bool) (uint64, error) {
	length := len(frame) - frameHeader
	size := frameSize(length)
	if w.offset > 0 && w.offset+size > w.segmentSize {
		if err := w.addSegment(); err != nil {
			return 0, err
		}
	}
	for int64(len(frame)) < size {
		frame = append(frame, 0)
	}
	number := w.number + 1
	binary.LittleEndian.PutUint32(frame, uint32(length))
	binary.LittleEndian.PutUint64(frame[8:], number)
	binary.LittleEndian.PutUint64(frame[16:], w.synced)
	binary.LittleEndian.PutUint32(frame[4:], frameSum(frame[:frameHeader], frame[frameHeader:frameHeader+length]))
	if err := w.writeAhead(w.offset + size); err != nil {
		return 0, err
	}
	if _, err := w.file.WriteAt(frame, w.offset); err != nil {
		return 0, err
	}
	w.offset += size
	w.number = number
	if sync {
		if err := syncData(w.file); err != nil {
			return 0, err
		}
		w.synced = number
	}
	return number, nil
}

// release gives up the segments in which every frame is at most applied. The newest of them becomes the spare, the
// others are removed. It may run beside append.
func (w *wal) release(applied uint64) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for len(w.segments) > 1 && w.segments[1] <= applied+1 {
		path := filepath.Join(w.dir, segmentName(w.segments[0]))
		// Renaming replaces a spare that is there already. No need to sync the directory: if the rename is
		// lost, the next start finds the segment, sees that bbolt has it all, and removes it.
		if err := os.Rename(path, filepath.Join(w.dir, spareName)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		w.segments = w.segments[1:]
	}
	return nil
}

func (w *wal) close() error {
	if w.file == nil {
		return nil
	}
	// Without its unused end, the next start has less to look through.
	return errors.Join(w.file.Truncate(w.offset), w.file.Sync(), w.file.Close())
}
