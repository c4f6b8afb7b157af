package store

import (
	"time"

	"go.etcd.io/bbolt"
)

// fillLoop moves what the log has made durable on into bbolt, in large batches: a commit of bbolt waits for the
// disk twice, so it must not happen once per write. Compactions run here too, because bbolt has one writer at a time.
func (s *engine) fillLoop() {
	defer close(s.filled)
	s.resumeSweep()
	timer := time.NewTicker(s.options.FillInterval)
	defer timer.Stop()
	for {
		select {
		case <-s.kick:
		case <-timer.C:
			s.trim()
		case c := <-s.compactions:
			c.done <- s.compact(c.revision)
			continue
		case <-s.committed:
			s.tryFill() // so that the next start has nothing to redo
			return
		}
		s.tryFill()
	}
}

// trim gives back the memory of bbolt's mapped file that a burst of reads or writes has touched: a store that rests
// should cost nothing. The filler may do this, because only it makes bbolt map its file anew.
func (s *engine) trim() {
	err := s.db.View(func(tx *bbolt.Tx) error {
		return unmapPages(s.db.Info().Data, uintptr(tx.Size()))
	})
	if err != nil {
		s.log.Debug("memory of the database was not given back", "error", err)
	}
}

func (s *engine) tryFill() {
	if err := s.fill(); err != nil && s.Err() == nil {
		s.log.Error("segments of the write-ahead log are not removed", "error", err)
	}
}

// fill writes the active memtable into bbolt. Meanwhile the committer goes on with an empty one, and readers look
// in both.
func (s *engine) fill() error {
	s.mu.Lock()
	t := s.frozen // still here if the last attempt failed
	if t == nil && !s.active.empty() {
		t = s.active
		s.frozen, s.active = t, newMemtable()
	}
	s.mu.Unlock()
	if t == nil {
		return nil
	}
	if err := s.db.Update(func(tx *bbolt.Tx) error { return writeTable(tx, t) }); err != nil {
		return s.fail(err)
	}
	s.mu.Lock()
	s.frozen = nil
	s.room.Broadcast()
	s.mu.Unlock()
	return s.wal.release(t.frame)
}

// writeTable writes a memtable, and where bbolt stands with it, in one transaction.
func writeTable(tx *bbolt.Tx, t *memtable) error {
	m, err := readMeta(tx)
	if err != nil {
		return err
	}
	revisions, keys := tx.Bucket(bucketRevisions), tx.Bucket(bucketKeys)
	revisions.FillPercent = 1 // revisions only grow: no page will need room in the middle
	for i := range t.events {
		e := &t.events[i]
		b := appendEvent(make([]byte, 0, len(e.Key)+len(e.Value)+32), e)
		if err := revisions.Put(revisionKey(e.ModRevision), b); err != nil {
			return err
		}
		if err := keys.Put(versionKey(e.Key, e.ModRevision), []byte{byte(e.Type)}); err != nil {
			return err
		}
	}
	ledger := openLedger(tx)
	for i := range t.rows {
		if err := ledger.put(&t.rows[i]); err != nil {
			return err
		}
	}
	m.frame, m.last = t.frame, t.last
	m.records += int64(len(t.rows))
	return writeMeta(tx, m)
}
