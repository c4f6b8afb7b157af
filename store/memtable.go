package store

import (
	"cmp"
	"slices"
	"sort"
	"strings"
)

// memtable holds what is durable in the write-ahead log but not yet in bbolt: the newest few seconds of writes.
// Reads look here first, and watchers that keep up read nothing else.
//
// The store has at most two: active, which the committer appends to, and frozen, which is being filled into bbolt
// and no longer changes.
type memtable struct {
	events []Event          // consecutive revisions; append-only, so a part once cut out stays valid
	byKey  map[string][]int // key -> its places in events, oldest first
	rows   []row            // ledger records by id
	frame  uint64           // the newest frame of the log that is in here
	last   recordID         // the store's newest revision and decision behind that frame
	bytes  int              // rough size, to decide when it is time to fill
}

func newMemtable() *memtable { return &memtable{byKey: map[string][]int{}} }

func (t *memtable) empty() bool { return len(t.events) == 0 && len(t.rows) == 0 }

const entryOverhead = 200 // what a memtable entry costs beside its value, roughly

// add takes in one frame of the log.
func (t *memtable) add(events []Event, rows []row, last recordID, frame uint64) {
	for i := range events {
		e := &events[i]
		t.byKey[e.Key] = append(t.byKey[e.Key], len(t.events))
		t.events = append(t.events, *e)
		t.bytes += len(e.Key) + len(e.Value) + entryOverhead
	}
	for i := range rows {
		t.rows = append(t.rows, rows[i])
		t.bytes += len(rows[i].data) + entryOverhead
	}
	t.frame, t.last = frame, last
}

// versionAt returns the newest write to key that is not newer than revision; nil if the table has none.
// A nil table is empty.
func (t *memtable) versionAt(key string, revision int64) *Event {
	if t == nil {
		return nil
	}
	places := t.byKey[key]
	for i := len(places) - 1; i >= 0; i-- { // the newest is what is nearly always asked for
		if e := &t.events[places[i]]; e.ModRevision <= revision {
			return e
		}
	}
	return nil
}

// from returns the events with revisions from first on, and whether the table reaches that far back.
func (t *memtable) from(first int64) ([]Event, bool) {
	if t == nil || len(t.events) == 0 || first < t.events[0].ModRevision {
		return nil, false
	}
	i := min(first-t.events[0].ModRevision, int64(len(t.events)))
	return t.events[i:len(t.events):len(t.events)], true
}

// overlay returns the newest write to each key under prefix and behind after that the tables know at revision, in
// key order. newer wins over older.
func overlay(older, newer *memtable, prefix, after string, revision int64) []*Event {
	var out []*Event
	collect := func(t, hiddenBy *memtable) {
		if t == nil {
			return
		}
		for key := range t.byKey {
			if !strings.HasPrefix(key, prefix) || key <= after && after != "" || hiddenBy.versionAt(key, revision) != nil {
				continue
			}
			if e := t.versionAt(key, revision); e != nil {
				out = append(out, e)
			}
		}
	}
	collect(newer, nil)
	collect(older, newer)
	slices.SortFunc(out, func(a, b *Event) int { return cmp.Compare(a.Key, b.Key) })
	return out
}

// rowsAfter returns the records behind id.
func (t *memtable) rowsAfter(id recordID) []row {
	if t == nil {
		return nil
	}
	i := sort.Search(len(t.rows), func(i int) bool { return t.rows[i].id.after(id) })
	return t.rows[i:len(t.rows):len(t.rows)]
}
