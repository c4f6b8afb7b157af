package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
)

// The same two encodings serve the write-ahead log and bbolt: one for a write (an Event), one for a ledger record
// (a row). Numbers are varints, because most are small; revisions in bucket keys are fixed and big-endian
// (layout.go), because those must sort.

// row is a ledger record as it is stored.
type row struct {
	id     recordID
	key    string
	causes []int64
	data   []byte
}

// recordID names a ledger record and orders it: the revision it is filed under, then the sequence among the records
// of that revision. The record of the write itself has sequence 0; decisions count from 1.
type recordID struct {
	revision int64
	sequence uint32
}

func (a recordID) after(b recordID) bool {
	return a.revision > b.revision || a.revision == b.revision && a.sequence > b.sequence
}

// appendEvent encodes a write. The revision is left out (the place where it is stored says it), and so is the
// version before: its revision is enough to find it again.
func appendEvent(b []byte, e *Event) []byte {
	b = append(b, byte(e.Type))
	b = binary.AppendUvarint(b, uint64(e.CreateRevision))
	b = binary.AppendUvarint(b, uint64(e.Version))
	b = binary.AppendUvarint(b, uint64(prevRevision(e)))
	b = appendBytes(b, e.Key)
	return appendBytes(b, e.Value)
}

// appendRow encodes a ledger record, without the revision it is filed under.
func appendRow(b []byte, r *row) []byte {
	b = binary.AppendUvarint(b, uint64(r.id.sequence))
	b = appendBytes(b, r.key)
	b = binary.AppendUvarint(b, uint64(len(r.causes)))
	for _, cause := range r.causes {
		b = binary.AppendUvarint(b, uint64(cause))
	}
	return appendBytes(b, r.data)
}

func appendBytes[T string | []byte](b []byte, v T) []byte {
	b = binary.AppendUvarint(b, uint64(len(v)))
	return append(b, v...)
}

func prevRevision(e *Event) int64 {
	if e.Prev == nil {
		return 0
	}
	return e.Prev.ModRevision
}

var errMalformed = errors.New("stored bytes are malformed")

// decoder reads what the append functions wrote. The first mistake sets err and makes all later reads return zero,
// so that callers check once, at the end.
type decoder struct {
	b   []byte
	err error
}

func (d *decoder) fail() {
	d.b, d.err = nil, errMalformed
}

func (d *decoder) byte() byte {
	if len(d.b) == 0 {
		d.fail()
		return 0
	}
	v := d.b[0]
	d.b = d.b[1:]
	return v
}

func (d *decoder) int64() int64 {
	v, n := binary.Uvarint(d.b)
	if n <= 0 || v > math.MaxInt64 {
		d.fail()
		return 0
	}
	d.b = d.b[n:]
	return int64(v)
}

// bytes returns a part of the input, not a copy.
func (d *decoder) bytes() []byte {
	n := d.int64()
	if n > int64(len(d.b)) {
		d.fail()
		return nil
	}
	v := d.b[:n:n]
	d.b = d.b[n:]
	return v
}

// event reads what appendEvent wrote, and the revision of the version before (0: none). Value is still a part of
// the input; see keep.
func (d *decoder) event(revision int64) (e Event, prev int64) {
	e.Type = EventType(d.byte())
	e.CreateRevision = d.int64()
	e.Version = d.int64()
	prev = d.int64()
	e.Key = string(d.bytes())
	e.Value = d.bytes()
	e.ModRevision = revision
	if e.Type != Put && e.Type != Delete {
		d.fail()
	}
	return e, prev
}

// row reads what appendRow wrote. Data is still a part of the input; see keep.
func (d *decoder) row(revision int64) row {
	r := row{id: recordID{revision: revision, sequence: uint32(d.int64())}}
	r.key = string(d.bytes())
	n := d.int64()
	if n > int64(len(d.b)) { // a cause takes a byte at least
		d.fail()
		return row{}
	}
	for range n {
		r.causes = append(r.causes, d.int64())
	}
	r.data = d.bytes()
	return r
}

// keep copies bytes that belong to a bbolt transaction or a read buffer, so that they outlive it.
func keep(b []byte) []byte {
	if b == nil {
		return nil
	}
	return bytes.Clone(b)
}
