package store

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"slices"

	"go.etcd.io/bbolt"
)

// ledger is the ledger's three buckets in one transaction: the records, and the two indexes that find them.
type ledger struct {
	records, byKey, byCause *bbolt.Bucket
}

func openLedger(tx *bbolt.Tx) ledger {
	l := ledger{tx.Bucket(bucketLedger), tx.Bucket(bucketLedgerByKey), tx.Bucket(bucketLedgerByCause)}
	l.records.FillPercent = 1 // like revisions, ids only grow
	return l
}

func (l ledger) put(r *row) error {
	b := appendRow(make([]byte, 0, len(r.key)+len(r.data)+9*len(r.causes)+32), r)
	if err := l.records.Put(ledgerKey(r.id), b); err != nil {
		return err
	}
	if err := l.byKey.Put(byKeyKey(r.key, r.id), nil); err != nil {
		return err
	}
	for _, cause := range r.causes {
		if err := l.byCause.Put(byCauseKey(cause, r.id), nil); err != nil {
			return err
		}
	}
	return nil
}

// get returns the record called id; nil if there is none.
func (l ledger) get(id recordID) (*row, error) {
	v := l.records.Get(ledgerKey(id))
	if v == nil {
		return nil, nil
	}
	r, err := decodeRow(id, v)
	if err != nil {
		return nil, err
	}
	r.data = keep(r.data)
	return &r, nil
}

func (l ledger) delete(r *row) error {
	if err := l.records.Delete(ledgerKey(r.id)); err != nil {
		return err
	}
	if err := l.byKey.Delete(byKeyKey(r.key, r.id)); err != nil {
		return err
	}
	for _, cause := range r.causes {
		if err := l.byCause.Delete(byCauseKey(cause, r.id)); err != nil {
			return err
		}
	}
	return nil
}

func decodeRow(id recordID, v []byte) (row, error) {
	d := decoder{b: v}
	r := d.row(id.revision)
	if d.err != nil || r.id != id {
		return row{}, fmt.Errorf("ledger record %d.%d: %w", id.revision, id.sequence, errMalformed)
	}
	return r, nil
}

func (s *engine) Records(ctx context.Context, query RecordQuery) ([][]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.RLock()
	r, err := s.newReader()
	if err != nil {
		s.mu.RUnlock()
		return nil, err
	}
	defer r.close()
	m, err := readMeta(r.tx)
	if err != nil {
		s.mu.RUnlock()
		return nil, err
	}
	// The snapshot may already hold what the frozen memtable still has: take only what is newer than it.
	recent := slices.Concat(r.frozen.rowsAfter(m.last), r.active.rowsAfter(m.last))
	s.mu.RUnlock()

	// Newest first, so that a limit keeps the newest.
	var out [][]byte
	full := func() bool { return query.Limit > 0 && len(out) == query.Limit }
	for i := len(recent) - 1; i >= 0 && !full(); i-- {
		if query.matches(&recent[i]) {
			out = append(out, recent[i].data)
		}
	}
	l := openLedger(r.tx)
	bucket, prefix := query.index(l)
	c := bucket.Cursor()
	for k := seekLast(c, prefix); k != nil && bytes.HasPrefix(k, prefix) && !full(); k, _ = c.Prev() {
		id := recordIDOf(k)
		if id.revision < query.Since {
			break
		}
		row, err := l.get(id)
		if err != nil {
			return nil, err
		}
		if row == nil {
			return nil, fmt.Errorf("ledger record %v is missing: %w", recordIDOf(k), errMalformed)
		}
		out = append(out, row.data)
	}
	slices.Reverse(out)
	return out, nil
}

func (q RecordQuery) matches(r *row) bool {
	switch {
	case q.Key != "":
		return r.key == q.Key
	case q.Revision != 0:
		return r.id.revision == q.Revision
	case q.Cause != 0:
		return slices.Contains(r.causes, q.Cause)
	}
	return r.id.revision >= q.Since
}

// index says which bucket answers the query, and what its keys start with.
func (q RecordQuery) index(l ledger) (*bbolt.Bucket, []byte) {
	switch {
	case q.Key != "":
		return l.byKey, append([]byte(q.Key), 0)
	case q.Revision != 0:
		return l.records, revisionKey(q.Revision)
	case q.Cause != 0:
		return l.byCause, binary.BigEndian.AppendUint64(nil, uint64(q.Cause))
	}
	return l.records, nil
}

// seekLast moves to the last key that starts with prefix, or to the last key before where such keys would be.
func seekLast(c *bbolt.Cursor, prefix []byte) []byte {
	// "prefix FF FF ..." is behind all keys that start with prefix: none has 16 bytes of FF there, for
	// the revision that follows is less than 2^63.
	k, _ := c.Seek(append(bytes.Clone(prefix), bytes.Repeat([]byte{0xff}, 16)...))
	if k == nil {
		k, _ = c.Last()
	} else {
		k, _ = c.Prev()
	}
	return k
}
