package store

import (
	"context"
	"errors"
)

// Errors of a Store. They are compared with errors.Is: a method may wrap them to say which key or revision it was.
var (
	// ErrKeyExists: Create found the key.
	ErrKeyExists = errors.New("key already exists")
	// ErrKeyNotFound: the key does not exist at the revision asked for.
	ErrKeyNotFound = errors.New("key not found")
	// ErrConflict: the key exists, but somebody changed it since: its mod revision is not the expected one.
	ErrConflict = errors.New("mod revision differs from the expected one")
	// ErrCompacted: the revision asked for is older than what compaction has left. HTTP says 410 Gone.
	ErrCompacted = errors.New("revision has been compacted")
	// ErrFutureRevision: the store has not reached the revision asked for.
	ErrFutureRevision = errors.New("revision is in the future")
	// ErrClosed: the store is closed, or has stopped because its disk failed (the error then wraps the reason).
	ErrClosed = errors.New("store is closed")
)

// KeyValue is one version of one key. Value is shared with other callers: read it, never write to it.
type KeyValue struct {
	Key   string
	Value []byte
	// CreateRevision is the revision that created the key, ModRevision the one that made this version.
	// A key that was deleted and created again has a new CreateRevision.
	CreateRevision int64
	ModRevision    int64
	// Version counts the writes since the key was created, which made version 1.
	Version int64
}

// Value makes the bytes of a write once the store knows the write's revision, so that an object can carry its own
// resourceVersion. The store calls it once, from the one goroutine that orders all writes: it must be quick, must
// not call the store, and must not change the bytes afterwards. A nil Value makes no bytes.
type Value func(revision int64) []byte

// Bytes is a Value that does not depend on the revision.
func Bytes(b []byte) Value { return func(int64) []byte { return b } }

// Record is a line of the ledger: why something happened. The store knows only what it needs to find the line again
// (by key, by revision, by cause); Data is opaque to it.
type Record struct {
	// Key is the object that the line is about. Empty on a write means the key that is written.
	Key string
	// Causes are the revisions that made the writer act. Each is indexed, so that a trace can walk forward from it.
	Causes []int64
	// Data makes the line. A write passes its own revision; Store.Record the store's newest.
	Data Value
}

// ListOptions narrow a List.
type ListOptions struct {
	// Limit is the most items to return; 0 is no limit.
	Limit int
	// After is a key to start behind: the last key of the page before. Empty starts at the first key.
	After string
	// Revision to read at; 0 is the newest. A client that reads page after page names the revision of the first
	// page, so that all pages together are one consistent picture.
	Revision int64
}

// ListResult is one page of a List, in key order.
type ListResult struct {
	Items []KeyValue
	// Revision at which the list was read.
	Revision int64
	// More says that Limit cut the list; Remaining counts the keys behind the cut.
	More      bool
	Remaining int64
}

// RecordQuery picks ledger records. At most one of Key, Revision and Cause is set; with none, it means all records.
type RecordQuery struct {
	Key      string // records about this key
	Revision int64  // the record of the write that made this revision, and the decisions recorded at it
	Cause    int64  // records that name this revision among their causes
	Since    int64  // with none of these: records of this revision and later ones
	Limit    int    // keep only the newest Limit records; 0 keeps all
}

// EventType is what an Event did to its key.
type EventType uint8

// The event types. A Put with no Prev is a creation.
const (
	Put EventType = iota + 1
	Delete
)

// Event is one write, as a watcher sees it.
type Event struct {
	Type EventType
	// KeyValue is the version that the write made; of a Delete, the final state that the deleter left behind
	// (ModRevision is then the revision of the deletion).
	KeyValue
	// Prev is the version before; nil if the write created the key.
	Prev *KeyValue
}

// Store is a versioned key-value store in etcd's model: one counter, the revision, orders all writes of all keys,
// and every write adds one to it. All methods may be called from any number of goroutines.
//
// A write that has returned without error is on disk: no crash loses it. Reads see every write that has returned.
// If ctx ends while a write waits, the method returns ctx's error and the write may or may not happen.
type Store interface {
	// Get returns key as it was at revision (0: newest).
	// Errors: ErrKeyNotFound, ErrCompacted, ErrFutureRevision.
	Get(ctx context.Context, key string, revision int64) (*KeyValue, error)

	// List returns the keys that start with prefix, in order. Errors: ErrCompacted, ErrFutureRevision.
	List(ctx context.Context, prefix string, opts ListOptions) (*ListResult, error)

	// Create writes key if it does not exist, else fails with ErrKeyExists. With a record (which may be nil), the
	// ledger line becomes durable in the same instant as the write; so it is with Update and Delete.
	Create(ctx context.Context, key string, value Value, record *Record) (*KeyValue, error)

	// Update writes key if its mod revision is expected, which makes read-change-write safe without locks.
	// Errors: ErrKeyNotFound, ErrConflict.
	Update(ctx context.Context, key string, expected int64, value Value, record *Record) (*KeyValue, error)

	// Delete removes key if its mod revision is expected. value is the final state, kept in history for watchers.
	// It is what the result holds, with the revision of the deletion as ModRevision. Errors: ErrKeyNotFound, ErrConflict.
	Delete(ctx context.Context, key string, expected int64, value Value, record *Record) (*KeyValue, error)

	// Record adds a ledger line about a decision that wrote nothing. It makes no new revision and returns the
	// newest one, under which the line is filed. It outlives a crash of the process at once, and a power cut
	// from the next write (or a few seconds) on: a decision is no reason to make anybody wait for a disk.
	Record(ctx context.Context, record Record) (int64, error)

	// Records returns ledger lines, oldest first; they are shared, like a KeyValue's Value. Compaction has removed those it no longer needs; see Compact.
	Records(ctx context.Context, query RecordQuery) ([][]byte, error)

	// Watch sends every write under prefix with a revision greater than from, in order, with none missing and
	// none twice: history first, then live. Revision() as from means "from now on". The slices that arrive are
	// shared: read them, never write to them. The channel is closed when ctx ends, when the store closes, or when
	// the watcher is so slow that compaction has removed what it should see next (ctx.Err() is nil then: list
	// again, as a Kubernetes client does on 410 Gone). A watcher costs no memory however far behind it is.
	// Errors: ErrCompacted if from lies before the compacted revision.
	Watch(ctx context.Context, prefix string, from int64) (<-chan []Event, error)

	// Compact forgets history: reads at revisions before revision fail from now on, and versions that only they
	// could see are removed. Ledger records up to revision go too, except those that still explain something: the
	// recent ones of keys that exist, and whatever these name as causes, and so on back to the origin.
	// It returns when the space is free for reuse. Errors: ErrCompacted (already done), ErrFutureRevision.
	Compact(ctx context.Context, revision int64) error

	// Revision is the newest revision that reads can see. A new store is at 1, so that 0 can mean "newest".
	Revision() int64

	// CompactedRevision is the oldest revision that reads and watches can name; 0 while nothing was compacted.
	CompactedRevision() int64

	// Failed is closed when a write has failed. Then nobody knows what is on the disk: nothing is written any more, and Err
	// says why. Who opens the store again gets everything that was acknowledged.
	Failed() <-chan struct{}
	Err() error

	// Close stops everything, waits for it, and closes the files. Waiting writes fail with ErrClosed.
	Close() error
}
