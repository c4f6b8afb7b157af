package store

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

// Options tune a store. The zero value is right for everything but tests.
type Options struct {
	Logger *slog.Logger // default: discards

	// FillBytes and FillInterval say when writes move from memory and the write-ahead log into bbolt: when there
	// are so many bytes of them, or when so much time has passed. Default: 1 MiB, 5 s.
	FillBytes    int
	FillInterval time.Duration
	// SegmentBytes is the size of a file of the write-ahead log. Default: 16 MiB.
	SegmentBytes int64
	// LedgerRecordsPerKey is how many of the newest ledger records compaction leaves to a key that exists, and
	// LedgerRecords how many it leaves in all. Default: 16 and 100,000.
	LedgerRecordsPerKey int
	LedgerRecords       int64
}

// engine is the Store on one machine: a write-ahead log for durability, bbolt for everything else. See doc.go.
type engine struct {
	options Options
	log     *slog.Logger
	db      *bbolt.DB
	wal     *wal

	ops         chan *op         // to the committer
	kick        chan struct{}    // to the filler: enough is waiting
	compactions chan *compaction // to the filler
	closing     chan struct{}    // closed by Close
	committed   chan struct{}    // closed when the committer has ended
	filled      chan struct{}    // closed when the filler has ended
	broken      chan struct{}    // closed when failed is set
	watchers    sync.WaitGroup   // goroutines of Watch
	closeOnce   func() error     // Close, once
	batch       batch            // used by the committer alone

	mu        sync.RWMutex
	room      sync.Cond     // on mu: frozen has become nil, or failed is set
	active    *memtable     // guarded by mu; only the committer adds to it
	frozen    *memtable     // guarded by mu; nil while nothing is being filled
	last      recordID      // guarded by mu: newest revision and decision that reads can see
	compacted int64         // guarded by mu
	failed    error         // guarded by mu: why the store refuses writes
	changed   chan struct{} // guarded by mu: closed, and replaced, when last moves
}

// Open opens the store in dir, which it makes if need be. Only one process may have a store open: a second one waits
// a moment, then fails. After a crash, Open redoes from the write-ahead log what bbolt has not got.
func Open(dir string, options Options) (Store, error) {
	s, err := open(dir, options)
	if err != nil {
		return nil, fmt.Errorf("open store %s: %w", dir, err)
	}
	return s, nil
}

func open(dir string, options Options) (*engine, error) {
	began := time.Now()
	options.FillBytes = cmp.Or(options.FillBytes, 1<<20)
	options.FillInterval = cmp.Or(options.FillInterval, 5*time.Second)
	options.SegmentBytes = cmp.Or(options.SegmentBytes, 16<<20)
	options.LedgerRecordsPerKey = cmp.Or(options.LedgerRecordsPerKey, 16)
	options.LedgerRecords = cmp.Or(options.LedgerRecords, 100_000)
	s := &engine{
		options: options, log: options.Logger,
		ops:         make(chan *op, maxBatch),
		kick:        make(chan struct{}, 1),
		compactions: make(chan *compaction),
		closing:     make(chan struct{}),
		committed:   make(chan struct{}),
		filled:      make(chan struct{}),
		broken:      make(chan struct{}),
		active:      newMemtable(),
		changed:     make(chan struct{}),
		batch:       batch{written: map[string]int{}},
	}
	s.room.L = &s.mu
	s.closeOnce = sync.OnceValue(s.close)
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}

	// Step 1: bbolt, whose file lock keeps other processes out.
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	m, err := s.openDB(filepath.Join(dir, "store.db"))
	if err != nil {
		return nil, err
	}
	// Step 2: the log. What bbolt lacks goes through memory into bbolt, after which the log starts empty.
	replayed, err := s.openLog(filepath.Join(dir, "wal"), m)
	if err == nil {
		err = syncDir(dir)
	}
	if err != nil {
		return nil, errors.Join(err, s.db.Close())
	}
	// Step 3: the two goroutines that own all changes from here on.
	go s.commitLoop()
	go s.fillLoop()
	s.log.Info("store opened", "rv", s.last.revision, "replayed", replayed, "took", time.Since(began))
	return s, nil
}

// openDB opens the bbolt file and makes the buckets on first use.
func (s *engine) openDB(path string) (meta, error) {
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{
		Timeout: time.Second, // to wait for another process that is just ending
		// The freelist as a map makes finding free pages quick in a file with many; stored with every commit,
		// it spares Open a walk through the whole file.
		FreelistType: bbolt.FreelistMapType,
		// Address space, not memory: growing the file within it needs no new mapping, for which all readers
		// would have to stop.
		InitialMmapSize: 256 << 20,
	})
	if errors.Is(err, bolterrors.ErrTimeout) {
		return meta{}, errors.New("another process has it open")
	}
	if err != nil {
		return meta{}, err
	}
	s.db = db
	var m meta
	err = db.View(func(tx *bbolt.Tx) error {
		var err error
		m, err = readMeta(tx)
		if err == nil && tx.Bucket(bucketMeta) == nil {
			err = errNoBuckets
		}
		return err
	})
	if errors.Is(err, errNoBuckets) {
		err = db.Update(func(tx *bbolt.Tx) error {
			for _, name := range allBuckets {
				if _, err := tx.CreateBucketIfNotExists(name); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err != nil {
		return meta{}, errors.Join(err, db.Close())
	}
	s.last, s.compacted = m.last, m.compacted
	return m, nil
}

var errNoBuckets = errors.New("no buckets")

// openLog replays the write-ahead log and makes it ready for appending. It returns how many frames it redid.
func (s *engine) openLog(dir string, m meta) (int, error) {
	w, err := openWAL(dir, s.options.SegmentBytes)
	if err != nil {
		return 0, err
	}
	s.wal = w
	if m.frame > 0 && len(w.segments) == 0 {
		return 0, errors.New("write-ahead log: no segments, but the store was in use: restore the data directory from a copy")
	}
	replayed := 0
	err = w.replay(m.frame, func(frame uint64, payload []byte) error {
		replayed++
		return s.redo(frame, payload)
	})
	if err != nil {
		return 0, err
	}
	if err := s.fill(); err != nil {
		return 0, err
	}
	return replayed, w.start()
}

func (s *engine) Revision() int64 {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.last.revision
}

func (s *engine) CompactedRevision() int64 {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.compacted
}

func (s *engine) Failed() <-chan struct{} { return s.broken }

func (s *engine) Err() error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.failed
}

func (s *engine) Close() error { return s.closeOnce() }

// close ends the goroutines in the order in which they feed each other.
func (s *engine) close() error {
	close(s.closing)
	<-s.committed // no more writes
	<-s.filled    // all writes are in bbolt, unless the disk failed
	s.watchers.Wait()
	return errors.Join(s.wal.close(), s.db.Close())
}

// fail stops all writing for good: after a failed write or sync nobody knows what is on disk. Reads go on.
// It returns what every write will return from now on.
func (s *engine) fail(err error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failed == nil {
		s.failed = fmt.Errorf("%w: its disk failed: %w", ErrClosed, err)
		s.log.Error("the store stops writing", "error", err)
		close(s.broken)
	}
	s.room.Broadcast()
	return s.failed
}

// syncDir makes the names in a directory durable: without it, a file that was made or renamed can be gone after a
// power cut although its contents were synced.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil // cannot open a directory, and needs no such thing
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

var _ Store = (*engine)(nil)
