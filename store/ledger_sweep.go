package store

import (
	"bytes"
	"encoding/binary"

	"go.etcd.io/bbolt"
)

// ledgerSweep decides what compaction leaves of the ledger. "Why does this pod exist?" must have an answer as long
// as the pod does, although the revisions in that answer are long compacted: the pod was made because a ReplicaSet
// was scaled, that because a person changed a Deployment. So an old record stays while it still explains something:
//
//  1. It is about a key that exists, and is the record of its creation or one of the newest few about it.
//  2. A record that stays names its revision as a cause.
//
// This is garbage collection by reachability. Rule 1 gives the roots, rule 2 the references, and the index by cause
// tells whether a record is still referenced. Causes are older than their effects, so there are no cycles, and to
// look for references is enough. A limit on the whole bounds what rule 2 can hold on to.
type ledgerSweep struct {
	ledger
	tx     *bbolt.Tx
	to     int64 // records filed under later revisions stay anyway
	perKey int
	gone   map[recordID]*row // what is to be removed; the rows are without data
}

// uselessRecords looks at the keys that have records with from < revision <= to, or versions that go. count is how
// many records there are in all.
func (s *engine) uselessRecords(tx *bbolt.Tx, from, to int64, garbage []version, count int64) (map[recordID]*row, error) {
	w := &ledgerSweep{ledger: openLedger(tx), tx: tx, to: to, perKey: s.options.LedgerRecordsPerKey, gone: map[recordID]*row{}}
	touched := map[string]bool{}
	for _, g := range garbage {
		if g.deletion { // it may have been written without a record
			touched[g.key] = true
		}
	}
	c := w.records.Cursor()
	for k, v := c.Seek(revisionKey(from + 1)); k != nil && recordIDOf(k).revision <= to; k, v = c.Next() {
		r, err := decodeRow(recordIDOf(k), v)
		if err != nil {
			return nil, err
		}
		touched[r.key] = true
	}
	for key := range touched {
		if err := w.sweepKey(key); err != nil {
			return nil, err
		}
	}
	if err := w.trim(count - int64(len(w.gone)) - s.options.LedgerRecords); err != nil {
		return nil, err
	}
	return w.gone, nil
}

// sweepKey condemns the records about key that neither rule keeps.
func (w *ledgerSweep) sweepKey(key string) error {
	created, err := w.createdAt(key)
	if err != nil {
		return err
	}
	var old []recordID
	rank := 0
	prefix := append([]byte(key), 0)
	c := w.byKey.Cursor()
	for k := seekLast(c, prefix); k != nil && bytes.HasPrefix(k, prefix); k, _ = c.Prev() {
		id := recordIDOf(k)
		if id.revision <= w.to && !w.isRoot(id, rank, created) {
			old = append(old, id)
		}
		rank++
	}
	return w.condemn(old)
}

// createdAt returns the revision that created key; 0 if it does not exist.
func (w *ledgerSweep) createdAt(key string) (int64, error) {
	e, err := versionAt(w.tx, key, maxRevision)
	if err != nil || e == nil || e.Type == Delete {
		return 0, err
	}
	return e.CreateRevision, nil
}

// isRoot is rule 1. rank counts the newer records about the same key.
func (w *ledgerSweep) isRoot(id recordID, rank int, created int64) bool {
	if created == 0 || id.revision < created {
		return false // the key does not exist; or this was an earlier key of the same name
	}
	return rank < w.perKey || id == recordID{revision: created}
}

// isCause is rule 2.
func (w *ledgerSweep) isCause(id recordID) bool {
	if id.sequence > 0 {
		return false // a decision made no revision that could be a cause
	}
	prefix := binary.BigEndian.AppendUint64(nil, uint64(id.revision))
	c := w.byCause.Cursor()
	for k, _ := c.Seek(prefix); bytes.HasPrefix(k, prefix); k, _ = c.Next() {
		if w.gone[recordIDOf(k)] == nil {
			return true
		}
	}
	return false
}

// condemn marks those of the records that are no cause; with each that goes, its own causes may have lost the last
// record that kept them.
func (w *ledgerSweep) condemn(ids []recordID) error {
	for len(ids) > 0 {
		id := ids[len(ids)-1]
		ids = ids[:len(ids)-1]
		r, err := w.get(id)
		if err != nil {
			return err
		}
		if r == nil || w.gone[id] != nil || w.isCause(id) {
			continue
		}
		r.data = nil
		w.gone[id] = r
		for _, cause := range r.causes {
			kept, err := w.keptByKey(recordID{revision: cause})
			if err != nil {
				return err
			}
			if !kept {
				ids = append(ids, recordID{revision: cause})
			}
		}
	}
	return nil
}

// keptByKey says whether the record stays without being a cause (or is not there to be removed).
func (w *ledgerSweep) keptByKey(id recordID) (bool, error) {
	if id.revision > w.to {
		return true, nil
	}
	r, err := w.get(id)
	if err != nil || r == nil {
		return true, err
	}
	created, err := w.createdAt(r.key)
	if err != nil {
		return false, err
	}
	rank := 0
	prefix := append([]byte(r.key), 0)
	c := w.byKey.Cursor()
	for k := seekLast(c, prefix); k != nil && rank < w.perKey && recordIDOf(k) != id; k, _ = c.Prev() {
		rank++ // ends at id at the latest: its entry has this prefix
	}
	return w.isRoot(id, rank, created), nil
}

// trim condemns the oldest records, whatever they explain, until excess more are gone.
func (w *ledgerSweep) trim(excess int64) error {
	c := w.records.Cursor()
	for k, v := c.First(); k != nil && excess > 0; k, v = c.Next() {
		id := recordIDOf(k)
		if id.revision > w.to {
			return nil
		}
		if w.gone[id] != nil {
			continue
		}
		r, err := decodeRow(id, v)
		if err != nil {
			return err
		}
		r.data = nil
		w.gone[id] = &r
		excess--
	}
	return nil
}
