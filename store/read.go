package store

import (
	"bytes"
	"context"
	"errors"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

// reader sees one consistent state of the store: bbolt through a transaction, and over it the memtables.
type reader struct {
	tx             *bbolt.Tx
	frozen, active *memtable
}

// newReader is called with mu held (for reading at least), so that memtables and bbolt fit together: nothing leaves
// a memtable before it is in bbolt. The active memtable may be read while mu is held, or by the committer.
func (s *engine) newReader() (*reader, error) {
	tx, err := s.db.Begin(false)
	if errors.Is(err, bolterrors.ErrDatabaseNotOpen) {
		err = ErrClosed
	}
	if err != nil {
		return nil, err
	}
	return &reader{tx: tx, frozen: s.frozen, active: s.active}, nil
}

// close ends the transaction, which lets bbolt reuse the pages that only it could see.
func (r *reader) close() {
	_ = r.tx.Rollback() // a read transaction has nothing to lose
}

// versionAt returns the newest write to key that is not newer than revision; nil if there is none.
func (r *reader) versionAt(key string, revision int64) (*Event, error) {
	if e := r.inMemory(key, revision); e != nil {
		return e, nil
	}
	return versionAt(r.tx, key, revision)
}

// inMemory is versionAt without bbolt. The memtables hold the newest writes, so what is found is the answer.
func (r *reader) inMemory(key string, revision int64) *Event {
	if e := r.active.versionAt(key, revision); e != nil {
		return e
	}
	return r.frozen.versionAt(key, revision)
}

// readable turns the revision that a caller asked for into the one to read at. The caller holds mu.
func (s *engine) readable(revision int64) (int64, error) {
	switch {
	case revision == 0:
		return s.last.revision, nil
	case revision < s.compacted:
		return 0, ErrCompacted
	case revision > s.last.revision:
		return 0, ErrFutureRevision
	}
	return revision, nil
}

func (s *engine) Get(ctx context.Context, key string, revision int64) (*KeyValue, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	e, err := s.get(key, revision)
	if err != nil {
		return nil, err
	}
	if e == nil || e.Type == Delete {
		return nil, ErrKeyNotFound
	}
	kv := e.KeyValue
	return &kv, nil
}

func (s *engine) get(key string, revision int64) (*Event, error) {
	s.mu.RLock()
	at, err := s.readable(revision)
	if err != nil {
		s.mu.RUnlock()
		return nil, err
	}
	r, err := s.newReader()
	if err != nil {
		s.mu.RUnlock()
		return nil, err
	}
	defer r.close()
	e := r.inMemory(key, at)
	s.mu.RUnlock()
	if e != nil {
		return e, nil
	}
	return versionAt(r.tx, key, at)
}

func (s *engine) List(ctx context.Context, prefix string, opts ListOptions) (*ListResult, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.RLock()
	at, err := s.readable(opts.Revision)
	if err != nil {
		s.mu.RUnlock()
		return nil, err
	}
	r, err := s.newReader()
	if err != nil {
		s.mu.RUnlock()
		return nil, err
	}
	defer r.close()
	recent := overlay(r.frozen, r.active, prefix, opts.After, at)
	s.mu.RUnlock() // the rest needs no lock: events in recent never change, and bbolt has given us a snapshot

	result := &ListResult{Revision: at}
	add := func(revision int64, recent *Event) error {
		if opts.Limit > 0 && len(result.Items) == opts.Limit {
			result.More = true
			result.Remaining++
			return nil
		}
		e := recent
		if e == nil {
			var err error
			if e, _, err = readEvent(r.tx, revision); err != nil {
				return err
			}
			if e == nil {
				return missing(revision)
			}
		}
		result.Items = append(result.Items, e.KeyValue)
		return nil
	}
	if err := merge(ctx, r.tx, prefix, opts.After, at, recent, add); err != nil {
		return nil, err
	}
	return result, nil
}

// merge walks the keys under prefix and behind after that exist at revision, in order. It calls visit with what is
// known of the newest version: an event of recent, or else the revision under which bbolt has it.
func merge(ctx context.Context, tx *bbolt.Tx, prefix, after string, at int64, recent []*Event, visit func(int64, *Event) error) error {
	// emit passes on bbolt's version of key, behind the recent ones that come before it in order.
	emit := func(key []byte, revision int64, alive bool) error {
		for len(recent) > 0 && (key == nil || recent[0].Key < string(key)) {
			e := recent[0]
			recent = recent[1:]
			if e.Type != Delete {
				if err := visit(e.ModRevision, e); err != nil {
					return err
				}
			}
		}
		if key == nil {
			return nil
		}
		if len(recent) > 0 && recent[0].Key == string(key) {
			return nil // the next call emits the newer one
		}
		if !alive {
			return nil
		}
		return visit(revision, nil)
	}

	c := tx.Bucket(bucketKeys).Cursor()
	start := prefix
	if after >= prefix && after != "" {
		start = after + "\x01" // behind all "after NUL revision"; no key contains NUL
	}
	// Versions of one key come together, oldest first: the last one that is not newer than at is the one we want.
	var key []byte
	var found int64
	var alive bool
	n := 0
	for k, v := c.Seek([]byte(start)); k != nil && bytes.HasPrefix(k, []byte(prefix)); k, v = c.Next() {
		if n++; n%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		name, revision := splitVersionKey(k)
		if revision > at {
			continue
		}
		if key != nil && !bytes.Equal(name, key) {
			if err := emit(key, found, alive); err != nil {
				return err
			}
		}
		key, found, alive = name, revision, EventType(v[0]) != Delete
	}
	if key != nil {
		if err := emit(key, found, alive); err != nil {
			return err
		}
	}
	return emit(nil, 0, false)
}
