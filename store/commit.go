package store

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"strings"
)

const (
	maxBatch = 256      // operations in one group commit
	maxFrame = 1 << 20  // bytes in one group commit, not counting its last operation
	maxKey   = 16 << 10 // bytes in a key; bbolt can do 32 KiB
)

// op is a write, or a ledger record of a decision, on its way through the committer.
type op struct {
	kind     opKind
	key      string
	expected int64
	value    Value
	record   *Record

	// The answer; set by the committer before it sends to done.
	kv       *KeyValue
	revision int64
	err      error
	done     chan struct{}
}

type opKind uint8

const (
	opCreate opKind = iota
	opUpdate
	opDelete
	opRecord
)

func (s *engine) Create(ctx context.Context, key string, value Value, record *Record) (*KeyValue, error) {
	o := &op{kind: opCreate, key: key, value: value, record: record}
	if err := s.submit(ctx, o); err != nil {
		return nil, err
	}
	return o.kv, nil
}

func (s *engine) Update(ctx context.Context, key string, expected int64, value Value, record *Record) (*KeyValue, error) {
	o := &op{kind: opUpdate, key: key, expected: expected, value: value, record: record}
	if err := s.submit(ctx, o); err != nil {
		return nil, err
	}
	return o.kv, nil
}

func (s *engine) Delete(ctx context.Context, key string, expected int64, value Value, record *Record) (*KeyValue, error) {
	o := &op{kind: opDelete, key: key, expected: expected, value: value, record: record}
	if err := s.submit(ctx, o); err != nil {
		return nil, err
	}
	return o.kv, nil
}

func (s *engine) Record(ctx context.Context, record Record) (int64, error) {
	o := &op{kind: opRecord, key: record.Key, record: &record}
	if err := s.submit(ctx, o); err != nil {
		return 0, err
	}
	return o.revision, nil
}

// submit hands o to the committer and waits for the answer. If it returns nil, o belongs to the caller again.
func (s *engine) submit(ctx context.Context, o *op) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := o.check(); err != nil {
		return err
	}
	o.done = make(chan struct{}, 1)
	select {
	case s.ops <- o:
	case <-ctx.Done():
		return ctx.Err()
	case <-s.closing:
		return ErrClosed
	}
	select {
	case <-o.done:
		return o.err
	case <-ctx.Done():
		return ctx.Err()
	case <-s.committed:
	}
	select { // the committer may have answered with its last breath
	case <-o.done:
		return o.err
	default:
		return ErrClosed
	}
}

// check refuses what cannot be stored, before it can get into the log, from where it would have to go into bbolt.
func (o *op) check() error {
	keys := []string{o.key}
	if o.record != nil {
		if o.record.Key != "" {
			keys = append(keys, o.record.Key)
		}
		for _, cause := range o.record.Causes {
			if cause <= 0 {
				return fmt.Errorf("ledger record of %q: %d is no revision", o.key, cause)
			}
		}
	}
	for _, key := range keys {
		if key == "" || len(key) > maxKey || strings.IndexByte(key, 0) >= 0 { // NUL ends keys, see layout.go
			return fmt.Errorf("key %.40q: must have 1 to %d bytes, none of them NUL", key, maxKey)
		}
	}
	return nil
}

// commitLoop is the one goroutine that changes anything, so that preconditions are decided in the order of
// revisions, and by nobody else.
func (s *engine) commitLoop() {
	defer close(s.committed)
	for {
		select {
		case first := <-s.ops:
			// Go runs whoever was woken last before all others, so a batch would be the one op that woke us. Those who are about to
			// send theirs go first.
			runtime.Gosched()
			s.commit(first)
		case <-s.closing:
			return
		}
	}
}

// commit is a group commit: while one batch waits for the disk, the next one gathers in s.ops. A lone writer pays
// for one fdatasync; sixteen writers share it.
//
//	writer A ──op──┐
//	writer B ──op──┼─▶ decide ─▶ log, one fdatasync ─▶ publish ─▶ answer A, B, C
//	writer C ──op──┘   (order)      (durable)         (visible)
func (s *engine) commit(first *op) {
	b := &s.batch
	err := s.startBatch(b)
	defer b.reset()

	// Step 1: decide. Take what is waiting, in order: check the precondition, give out the revision.
	for o := first; o != nil; o = b.next(s.ops) {
		b.ops = append(b.ops, o)
		if err == nil {
			err = b.decide(o)
		}
	}
	b.endReading()

	// Step 2: make it durable. Only writes are worth waiting for; see Store.Record.
	var frame uint64
	if err == nil && len(b.events)+len(b.rows) > 0 {
		if frame, err = s.wal.append(b.frame, len(b.events) > 0); err != nil {
			err = s.fail(err)
		}
	}
	// Step 3: make it visible. Not earlier: a reader must never see what a crash can take back.
	if frame > 0 {
		s.publish(b.events, b.rows, b.last, frame)
	}
	// Step 4: answer.
	for _, o := range b.ops {
		if err != nil {
			o.err = err
		}
		o.done <- struct{}{}
	}
}

// startBatch waits until the filler keeps up, and looks at where the store stands.
func (s *engine) startBatch(b *batch) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.failed == nil && s.frozen != nil && s.active.bytes > 4*s.options.FillBytes {
		s.room.Wait()
	}
	if s.failed != nil {
		return s.failed
	}
	var err error
	b.reader, err = s.newReader()
	b.last = s.last
	b.frame = append(b.frame, make([]byte, frameHeader)...)
	b.frame = binary.AppendUvarint(b.frame, uint64(s.last.revision))
	return err
}

// publish makes a batch visible to readers and watchers.
func (s *engine) publish(events []Event, rows []row, last recordID, frame uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.active.add(events, rows, last, frame)
	s.last = last
	if len(events) > 0 {
		close(s.changed)
		s.changed = make(chan struct{})
	}
	if s.active.bytes >= s.options.FillBytes && s.frozen == nil {
		select {
		case s.kick <- struct{}{}:
		default: // already told
		}
	}
}

// batch is one group commit in the making. The committer uses the same one again and again.
type batch struct {
	*reader        // the state before the batch
	ops     []*op  // to be answered, in order
	frame   []byte // for the log: header, revision before the batch, entries
	events  []Event
	rows    []row
	last    recordID
	written map[string]int // key -> its newest place in events: what a later op of the same batch must see
}

// next returns one more op if one is waiting and has room.
func (b *batch) next(ops <-chan *op) *op {
	if len(b.ops) >= maxBatch || len(b.frame) >= maxFrame {
		return nil
	}
	select {
	case o := <-ops:
		return o
	default:
		return nil
	}
}

// current returns the newest write to key, be it a deletion; nil if there is none.
func (b *batch) current(key string) (*Event, error) {
	if i, ok := b.written[key]; ok {
		return &b.events[i], nil
	}
	return b.versionAt(key, b.last.revision)
}

// decide checks o's precondition and, if it holds, gives o its revision and adds it to the frame. The error is for
// trouble with the store; that of the precondition goes into o.
func (b *batch) decide(o *op) error {
	if o.kind == opRecord {
		b.last.sequence++
		b.add(nil, newRow(o, b.last))
		o.revision = b.last.revision
		return nil
	}
	now, err := b.current(o.key)
	if err != nil {
		return err
	}
	exists := now != nil && now.Type != Delete
	switch {
	case o.kind == opCreate && exists:
		o.err = ErrKeyExists
	case o.kind != opCreate && !exists:
		o.err = ErrKeyNotFound
	case o.kind != opCreate && now.ModRevision != o.expected:
		o.err = ErrConflict
	}
	if o.err != nil {
		return nil
	}
	revision := b.last.revision + 1
	e := Event{Type: Put, KeyValue: KeyValue{Key: o.key, CreateRevision: revision, ModRevision: revision, Version: 1}}
	if o.value != nil {
		e.Value = o.value(revision)
	}
	if o.kind == opDelete {
		e.Type = Delete
	}
	if exists {
		prev := now.KeyValue // a copy: a pointer into a memtable would keep all of it in memory
		e.Prev, e.CreateRevision, e.Version = &prev, prev.CreateRevision, prev.Version+1
	}
	b.last = recordID{revision: revision}
	var r *row
	if o.record != nil {
		r = newRow(o, b.last)
	}
	b.add(&e, r)
	kv := e.KeyValue
	o.kv = &kv
	return nil
}

func newRow(o *op, id recordID) *row {
	r := &row{id: id, key: o.record.Key, causes: o.record.Causes}
	if r.key == "" {
		r.key = o.key
	}
	if o.record.Data != nil {
		r.data = o.record.Data(id.revision)
	}
	return r
}

// An entry of a frame starts with a byte that says what follows.
const (
	hasEvent = 1 << iota
	hasRow
)

// add appends an entry to the frame: a write, the record of a decision, or a write with its record. One frame is
// written whole or not at all, so the two can never be parted.
func (b *batch) add(e *Event, r *row) {
	var what byte
	if e != nil {
		what |= hasEvent
	}
	if r != nil {
		what |= hasRow
	}
	b.frame = append(b.frame, what)
	if e != nil {
		b.frame = appendEvent(b.frame, e)
		b.written[e.Key] = len(b.events)
		b.events = append(b.events, *e)
	}
	if r != nil {
		b.frame = appendRow(b.frame, r)
		b.rows = append(b.rows, *r)
	}
}

// endReading lets go of the read transaction before the long wait for the disk.
func (b *batch) endReading() {
	if b.reader != nil {
		b.reader.close()
		b.reader = nil
	}
}

// reset makes the batch ready for the next use. It lets go of everything that would keep values in memory.
func (b *batch) reset() {
	b.endReading()
	clear(b.ops)
	clear(b.events)
	clear(b.rows)
	clear(b.written)
	b.ops, b.events, b.rows, b.frame = b.ops[:0], b.events[:0], b.rows[:0], b.frame[:0]
	if cap(b.frame) > maxFrame/4 {
		b.frame = nil // a burst is over some time
	}
}

// redo applies a frame that was found in the write-ahead log: the same as publish, but what was decided then is
// taken as decided.
func (s *engine) redo(frame uint64, payload []byte) error {
	s.mu.Lock()
	r, err := s.newReader()
	s.mu.Unlock()
	if err != nil {
		return err
	}
	defer r.close()
	d := decoder{b: payload}
	if base := d.int64(); d.err == nil && base != s.last.revision {
		return fmt.Errorf("it follows revision %d, but the store is at %d", base, s.last.revision)
	}
	var events []Event
	var rows []row
	last := s.last
	for len(d.b) > 0 {
		what := d.byte()
		if what&hasEvent != 0 {
			last = recordID{revision: last.revision + 1}
			e, prev := d.event(last.revision)
			e.Value = keep(e.Value)
			if prev > 0 {
				if e.Prev, err = previous(r, events, e.Key, prev); err != nil {
					return err
				}
			}
			events = append(events, e)
		}
		if what&hasRow != 0 {
			row := d.row(last.revision)
			row.data = keep(row.data)
			last = row.id
			rows = append(rows, row)
		}
	}
	if d.err != nil {
		return d.err
	}
	s.publish(events, rows, last, frame)
	return nil
}

// previous finds the version of key that was written at revision, in events or before them.
func previous(r *reader, events []Event, key string, revision int64) (*KeyValue, error) {
	for i := len(events) - 1; i >= 0; i-- {
		if events[i].ModRevision == revision {
			prev := events[i].KeyValue
			return &prev, nil
		}
	}
	e, err := r.versionAt(key, revision)
	if err != nil || e == nil || e.ModRevision != revision {
		return nil, errors.Join(err, fmt.Errorf("the version of %q at revision %d is missing", key, revision))
	}
	prev := e.KeyValue
	return &prev, nil
}
