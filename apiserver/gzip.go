package apiserver

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"hash/crc32"
	"hash/maphash"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Big lists are compressed for clients that take it: half the work of a list is to encrypt it, and to decrypt it again.
// But compressing two megabytes for every list would be more work than it saves. So a list is cut into blocks of
// objects, each compressed by itself and kept, and the next list compresses only the blocks in which something has
// changed:
//
//	gzip header | head of the list | block | , | block | , | block | ]} | end | checksum
//	              as it is           kept         kept         new
//
// This works because a deflate stream may be glued together from parts that do not refer to each other, and so may its
// checksum (checksum.go). Where a block begins is decided by the object's key alone, so that a new object in the middle
// moves no other border.

// gzipThreshold is from how many bytes on lists are compressed, as upstream.
const gzipThreshold = 128 << 10

// blockObjects is how many objects a block has on average; blockBytes is where a block ends at the latest.
const (
	blockObjects = 64
	blockBytes   = 256 << 10
)

func acceptsGzip(hr *http.Request) bool {
	return strings.Contains(hr.Header.Get("Accept-Encoding"), "gzip")
}

// compressedBlocks keeps the blocks of one kind that lists have used lately: those that are in use, and not what they were
// before an object in them changed.
type compressedBlocks struct {
	mu sync.Mutex
	// recent are the blocks used since the last turn, earlier those of the turn before. A list that uses an earlier one
	// makes it a recent one; the rest goes at the next turn. Guarded by mu.
	recent, earlier map[blockKey]*compressedBlock
	size            int // guarded by mu: bytes of the recent ones
}

// What one kind may keep as recent: for each object about what a pod comes to, compressed among others like it, so that lists
// of different namespaces do not drive out each other's blocks.
const (
	minCompressedRoom   = 8 << 20
	compressedPerObject = 256
)

// compressedRoom is how many bytes of blocks a kind of so many objects may keep as recent.
func compressedRoom(objects int) int { return max(minCompressedRoom, objects*compressedPerObject) }

type blockKey struct {
	first, last int64
	count       int
}

// compressedBlock is some objects of a list, with commas between. Revisions tell which: no two versions of any
// objects have the same.
type compressedBlock struct {
	revisions []int64
	compress  sync.Once // who comes while a block is being compressed waits for it
	deflated  []byte    // set by compress
	sum       checksum  // of what deflated stands for; set by compress
	size      int       // bytes, 0 until it is compressed; guarded by the mu of what keeps it
}

// is tells whether the block stands for these entries. There may be no block.
func (b *compressedBlock) is(entries []*entry) bool {
	return b != nil && slices.EqualFunc(b.revisions, entries, func(revision int64, e *entry) bool { return revision == e.revision })
}

// turn drops the blocks that were not used since the last turn.
func (c *compressedBlocks) turn() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.turnLocked()
}

func (c *compressedBlocks) turnLocked() { c.recent, c.earlier, c.size = nil, c.recent, 0 }

// forget drops all blocks.
func (c *compressedBlocks) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.recent, c.earlier, c.size = nil, nil, 0
}

// get returns the entries compressed, and the checksum of what they were before. It keeps about room bytes.
func (c *compressedBlocks) get(entries []*entry, skip, room int) ([]byte, checksum) {
	block := c.block(entries, room)
	block.compress.Do(func() {
		block.deflated, block.sum = deflate(entries, skip)
		c.mu.Lock()
		defer c.mu.Unlock()
		block.size = len(block.deflated) + 8*len(block.revisions)
		c.size += block.size
	})
	return block.deflated, block.sum
}

// block finds the block of these entries, or makes one that is yet to be compressed.
func (c *compressedBlocks) block(entries []*entry, room int) *compressedBlock {
	key := blockKey{entries[0].revision, entries[len(entries)-1].revision, len(entries)}
	c.mu.Lock()
	defer c.mu.Unlock()
	if block := c.recent[key]; block.is(entries) {
		return block
	}
	block := c.earlier[key]
	if !block.is(entries) {
		block = &compressedBlock{revisions: make([]int64, len(entries))}
		for i, e := range entries {
			block.revisions[i] = e.revision
		}
	}
	if c.size > room {
		c.turnLocked()
	}
	if c.recent == nil {
		c.recent = map[blockKey]*compressedBlock{}
	}
	c.recent[key] = block
	c.size += block.size
	return block
}

// deflateLevel is above upstream's 1: a block is compressed once and read often. A list of pods gets half as long, and its
// client decompresses it twice as fast; making it costs up to twice as much.
const deflateLevel = 4

// deflaters are expensive to make.
var deflaters = sync.Pool{New: func() any {
	w, err := flate.NewWriter(nil, deflateLevel)
	if err != nil {
		panic(err) // the level is a constant
	}
	return w
}}

// deflate compresses items. The result ends at a byte's border and is not the end of a stream.
func deflate(entries []*entry, skip int) ([]byte, checksum) {
	var out bytes.Buffer
	sum := crc32.NewIEEE()
	w := deflaters.Get().(*flate.Writer)
	defer deflaters.Put(w)
	w.Reset(&out)
	buffer := chunks.Get().(*[]byte)
	defer chunks.Put(buffer)
	b := (*buffer)[:0]
	size := 0
	write := func() { // into memory: cannot fail
		w.Write(b)
		sum.Write(b)
		size += len(b)
		b = b[:0]
	}
	for i, e := range entries {
		b = appendItem(b, e, i, skip)
		if len(b) > cap(*buffer)/2 {
			write()
		}
	}
	write()
	w.Flush()
	return bytes.Clone(out.Bytes()), newChecksum(sum.Sum32(), size)
}

// sendCompressed sends a list of stored objects, compressed.
func (s *Server) sendCompressed(w http.ResponseWriter, req *Request, p *page, head []byte, skip int) {
	kc := s.cache.kind(req.Resource)
	blocks, room := &kc.compressed, compressedRoom(kc.count())
	if req.Resource.View != nil { // what is kept is in the stored form
		blocks = &compressedBlocks{}
	}
	// The answer is first gathered, so that its length is known, then sent from a buffer that all lists share.
	parts, size, sum := [][]byte{gzipHeader}, len(gzipHeader), newChecksum(0, 0)
	add := func(part []byte, partSum checksum) {
		parts, size, sum = append(parts, part), size+len(part), sum.then(partSum)
	}
	plain := func(b []byte) { add(stored(b), newChecksum(crc32.ChecksumIEEE(b), len(b))) }
	plain(head)
	for start := 0; start < len(p.entries); {
		end := blockEnd(p.entries, start)
		if start > 0 {
			plain([]byte(","))
		}
		add(blocks.get(p.entries[start:end], skip, room))
		start = end
	}
	plain([]byte(listTail))
	end := binary.LittleEndian.AppendUint32(slices.Clone(deflateEnd), sum.crc)
	end = binary.LittleEndian.AppendUint32(end, sum.size)
	parts, size = append(parts, end), size+len(end)

	header := w.Header()
	header["Content-Encoding"], header["Vary"] = []string{"gzip"}, []string{"Accept-Encoding"}
	header["Content-Length"] = []string{strconv.Itoa(size)}
	w.WriteHeader(http.StatusOK)
	buffer := chunks.Get().(*[]byte)
	defer chunks.Put(buffer)
	b := (*buffer)[:0]
	for _, part := range parts {
		if len(b)+len(part) > cap(b) && len(b) > 0 {
			w.Write(b)
			b = b[:0]
		}
		b = append(b, part...)
	}
	w.Write(b)
}

var (
	gzipHeader = []byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255} // RFC 1952: deflate, no name, no time, any system
	deflateEnd = []byte{3, 0}                                 // RFC 1951: a last block with nothing in it

	keySeed = maphash.MakeSeed()
)

// blockEnd is where the block that begins at start ends.
func blockEnd(entries []*entry, start int) int {
	size := len(entries[start].json)
	for i := start + 1; i < len(entries); i++ {
		size += len(entries[i].json)
		if size > blockBytes || maphash.String(keySeed, entries[i].key)%blockObjects == 0 {
			return i
		}
	}
	return len(entries)
}

// stored is a block of a deflate stream that holds a few bytes as they are.
func stored(b []byte) []byte {
	out := binary.LittleEndian.AppendUint16([]byte{0}, uint16(len(b)))
	out = binary.LittleEndian.AppendUint16(out, ^uint16(len(b)))
	return append(out, b...)
}
