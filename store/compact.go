package store

import (
	"context"
	"encoding/binary"
	"fmt"
	"time"

	"go.etcd.io/bbolt"
)

// sweepChunk is how many revisions one transaction of a sweep covers. Between two of them the filler does its own
// work if it has fallen behind.
const sweepChunk = 2000

// compaction is a request to the filler, which owns all changes to bbolt.
type compaction struct {
	revision int64
	done     chan error
}

func (s *engine) Compact(ctx context.Context, revision int64) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	c := &compaction{revision: revision, done: make(chan error, 1)}
	select {
	case s.compactions <- c:
	case <-ctx.Done():
		return ctx.Err()
	case <-s.closing:
		return ErrClosed
	}
	select {
	case err := <-c.done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	case <-s.filled:
	}
	select {
	case err := <-c.done:
		return err
	default:
		return ErrClosed
	}
}

// compact has three steps; a crash between any two of them loses nothing and leaves nothing half-done.
//
//	                       compacted
//	revisions of key a   1 ── 5 ──│── 9        5 stays: it is what a read at the compacted revision sees
//	             key b   2 ── 3d  │            both go: b was deleted (d) before it
//	             key c   4 ───────│── 7d       4 stays, and goes in a later compaction, when 7 is behind it
func (s *engine) compact(revision int64) error {
	s.mu.RLock()
	compacted, newest := s.compacted, s.last.revision
	s.mu.RUnlock()
	if revision <= compacted {
		return ErrCompacted
	}
	if revision > newest {
		return ErrFutureRevision
	}
	// Step 1: everything up to revision must be in bbolt before it can be removed from there.
	if err := s.fill(); err != nil {
		return err
	}
	// Step 2: draw the line, durably. From here on nobody reads below it, so nobody can see step 3 at work.
	err := s.db.Update(func(tx *bbolt.Tx) error {
		m, err := readMeta(tx)
		if err != nil {
			return err
		}
		m.compacted = revision
		return writeMeta(tx, m)
	})
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.compacted = revision
	s.mu.Unlock()
	// Step 3: remove what nobody can see.
	return s.sweep()
}

// resumeSweep finishes the sweep that the last process did not.
func (s *engine) resumeSweep() {
	if err := s.sweep(); err != nil {
		s.log.Error("compaction left old versions behind; the next one tries again", "error", err)
	}
}

// sweep removes, chunk by chunk, the versions and ledger records that the compacted revision has made useless.
func (s *engine) sweep() error {
	began := time.Now()
	for {
		done, err := s.sweepChunk()
		if err != nil || done {
			s.log.Debug("history swept", "rv", s.CompactedRevision(), "took", time.Since(began))
			return err
		}
		select {
		case <-s.closing:
			return ErrClosed // resumeSweep goes on where this ends
		case <-s.kick:
			if err := s.fill(); err != nil {
				return err
			}
		default:
		}
	}
}

// sweepChunk plans on a snapshot, then removes. Nobody else writes to bbolt, so the plan stays true. (To plan and
// remove in one transaction would not do: walking backwards, a bbolt cursor stops at a page that this transaction
// has emptied.)
func (s *engine) sweepChunk() (done bool, err error) {
	var plan *sweepPlan
	err = s.db.View(func(tx *bbolt.Tx) error {
		plan, err = s.planSweep(tx)
		return err
	})
	if err != nil || plan == nil {
		return true, err
	}
	return false, s.db.Update(plan.carryOut)
}

// sweepPlan is what one chunk of a sweep will do.
type sweepPlan struct {
	meta     meta // as it will be
	versions []version
	records  map[recordID]*row
}

// planSweep returns nil if there is nothing left to do.
func (s *engine) planSweep(tx *bbolt.Tx) (*sweepPlan, error) {
	m, err := readMeta(tx)
	if err != nil || m.swept >= m.compacted {
		return nil, err
	}
	to := min(m.swept+sweepChunk, m.compacted)
	versions, err := uselessVersions(tx, m.swept, to)
	if err != nil {
		return nil, err
	}
	records, err := s.uselessRecords(tx, m.swept, to, versions, m.records)
	if err != nil {
		return nil, err
	}
	m.swept = to
	m.records -= int64(len(records))
	return &sweepPlan{meta: m, versions: versions, records: records}, nil
}

func (p *sweepPlan) carryOut(tx *bbolt.Tx) error {
	revisions, keys := tx.Bucket(bucketRevisions), tx.Bucket(bucketKeys)
	for _, v := range p.versions {
		if err := revisions.Delete(revisionKey(v.revision)); err != nil {
			return err
		}
		if err := keys.Delete(versionKey(v.key, v.revision)); err != nil {
			return err
		}
	}
	ledger := openLedger(tx)
	for _, r := range p.records {
		if err := ledger.delete(r); err != nil {
			return err
		}
	}
	return writeMeta(tx, p.meta)
}

// version names one version of a key.
type version struct {
	key      string
	revision int64
	deletion bool
}

// uselessVersions visits the writes with from < revision <= to. Each of them has made the version before it
// invisible, and a deletion itself too. So the work is proportional to what was written, not to what is stored.
func uselessVersions(tx *bbolt.Tx, from, to int64) ([]version, error) {
	var garbage []version
	c := tx.Bucket(bucketRevisions).Cursor()
	for k, v := c.Seek(revisionKey(from + 1)); k != nil; k, v = c.Next() {
		revision := int64(binary.BigEndian.Uint64(k))
		if revision > to {
			break
		}
		d := decoder{b: v}
		e, prev := d.event(revision)
		if d.err != nil {
			return nil, fmt.Errorf("revision %d: %w", revision, d.err)
		}
		if prev > 0 {
			garbage = append(garbage, version{key: e.Key, revision: prev})
		}
		if e.Type == Delete {
			garbage = append(garbage, version{key: e.Key, revision: revision, deletion: true})
		}
	}
	return garbage, nil
}
