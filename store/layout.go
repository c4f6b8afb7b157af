package store

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"

	"go.etcd.io/bbolt"
)

// The buckets of the bbolt file. NUL never occurs in a key, so that "key NUL revision" sorts all versions of a key
// together, oldest first, and before the versions of any longer key.
//
//	meta           "state"                        -> meta
//	revisions      revision                       -> the write (codec.go#appendEvent): values are stored here, once
//	keys           key NUL revision               -> event type: which versions a key has, and whether it lives
//	ledger         revision sequence              -> the record (codec.go#appendRow)
//	ledgerByKey    key NUL revision sequence      -> nothing
//	ledgerByCause  cause revision sequence        -> nothing
//
// A key's versions are linked backwards too: each write names the revision of the version it replaced, which is
// what lets compaction do without an index in memory (compact.go).
var (
	bucketMeta          = []byte("meta")
	bucketRevisions     = []byte("revisions")
	bucketKeys          = []byte("keys")
	bucketLedger        = []byte("ledger")
	bucketLedgerByKey   = []byte("ledgerByKey")
	bucketLedgerByCause = []byte("ledgerByCause")

	allBuckets = [][]byte{bucketMeta, bucketRevisions, bucketKeys, bucketLedger, bucketLedgerByKey, bucketLedgerByCause}

	keyState = []byte("state")
)

// firstRevision is the revision of a store that was never written to: 0 is taken, it means "newest".
const firstRevision = 1

// maxRevision is greater than any revision: "newest", where a revision must be named.
const maxRevision = math.MaxInt64 - 1

// meta is where the bbolt file stands. It changes in the transaction whose effect it describes.
type meta struct {
	frame     uint64   // newest frame of the write-ahead log that has been filled in
	last      recordID // newest revision, and the sequence of the newest decision recorded at it
	compacted int64    // reads below fail
	swept     int64    // versions below are removed; less than compacted while a sweep is under way
	records   int64    // how many ledger records there are
}

func readMeta(tx *bbolt.Tx) (meta, error) {
	b := tx.Bucket(bucketMeta)
	if b == nil {
		return meta{last: recordID{revision: firstRevision}}, nil
	}
	v := b.Get(keyState)
	if v == nil {
		return meta{last: recordID{revision: firstRevision}}, nil
	}
	if len(v) != 6*8 {
		return meta{}, fmt.Errorf("bucket meta: %w", errMalformed)
	}
	n := func(i int) uint64 { return binary.BigEndian.Uint64(v[i*8:]) }
	return meta{
		frame:     n(0),
		last:      recordID{revision: int64(n(1)), sequence: uint32(n(2))},
		compacted: int64(n(3)),
		swept:     int64(n(4)),
		records:   int64(n(5)),
	}, nil
}

func writeMeta(tx *bbolt.Tx, m meta) error {
	v := make([]byte, 0, 6*8)
	for _, n := range []uint64{m.frame, uint64(m.last.revision), uint64(m.last.sequence),
		uint64(m.compacted), uint64(m.swept), uint64(m.records)} {
		v = binary.BigEndian.AppendUint64(v, n)
	}
	return tx.Bucket(bucketMeta).Put(keyState, v)
}

// Keys of the buckets.

func revisionKey(revision int64) []byte {
	return binary.BigEndian.AppendUint64(make([]byte, 0, 8), uint64(revision))
}

func versionKey(key string, revision int64) []byte {
	b := make([]byte, 0, len(key)+9)
	b = append(b, key...)
	b = append(b, 0)
	return binary.BigEndian.AppendUint64(b, uint64(revision))
}

func appendRecordID(b []byte, id recordID) []byte {
	b = binary.BigEndian.AppendUint64(b, uint64(id.revision))
	return binary.BigEndian.AppendUint32(b, id.sequence)
}

func ledgerKey(id recordID) []byte { return appendRecordID(make([]byte, 0, 12), id) }

func byKeyKey(key string, id recordID) []byte {
	b := make([]byte, 0, len(key)+13)
	b = append(b, key...)
	b = append(b, 0)
	return appendRecordID(b, id)
}

func byCauseKey(cause int64, id recordID) []byte {
	b := binary.BigEndian.AppendUint64(make([]byte, 0, 20), uint64(cause))
	return appendRecordID(b, id)
}

// splitVersionKey takes apart what versionKey made. The key is still a part of k.
func splitVersionKey(k []byte) (key []byte, revision int64) {
	n := len(k) - 9
	return k[:n], int64(binary.BigEndian.Uint64(k[n+1:]))
}

// recordIDOf reads the record id that the keys of all three ledger buckets end with.
func recordIDOf(k []byte) recordID {
	k = k[len(k)-12:]
	return recordID{revision: int64(binary.BigEndian.Uint64(k)), sequence: binary.BigEndian.Uint32(k[8:])}
}

// Reading the buckets.

// readEvent returns the write that made a revision, as stored; nil if there is none (any more).
func readEvent(tx *bbolt.Tx, revision int64) (e *Event, prev int64, err error) {
	v := tx.Bucket(bucketRevisions).Get(revisionKey(revision))
	if v == nil {
		return nil, 0, nil
	}
	d := decoder{b: v}
	ev, prev := d.event(revision)
	if d.err != nil {
		return nil, 0, fmt.Errorf("revision %d: %w", revision, d.err)
	}
	ev.Value = keep(ev.Value)
	return &ev, prev, nil
}

// versionAt returns the newest write to key that is not newer than revision; nil if there is none.
func versionAt(tx *bbolt.Tx, key string, revision int64) (*Event, error) {
	c := tx.Bucket(bucketKeys).Cursor()
	// Seek finds the first entry behind the one we want, so the one we want is the entry before it.
	k, _ := c.Seek(versionKey(key, revision+1))
	if k == nil {
		k, _ = c.Last()
	} else {
		k, _ = c.Prev()
	}
	if len(k) != len(key)+9 || !bytes.HasPrefix(k, []byte(key)) || k[len(key)] != 0 {
		return nil, nil
	}
	_, found := splitVersionKey(k)
	e, _, err := readEvent(tx, found)
	if err == nil && e == nil {
		err = fmt.Errorf("key %q: revision %d is missing", key, found)
	}
	return e, err
}
