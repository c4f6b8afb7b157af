package apiserver

import (
	"context"
	"sort"
	"time"

	"kubelite/api"
	"kubelite/store"
)

// A read of the past names a revision, and a person thinks of a time. The ledger has both: every write has a record with
// its time, and compaction spares the records of all revisions that can still be read, but the oldest. So the revision of a
// time is found by bisection, in some twenty look-ups, and needs no index of its own.
//
//	compacted     5m ago       newest
//	   C ──────────●──────────────▶    the last write that is not later than the time asked for
//
// Clocks are not as strict as revisions: two writes at once may have their times the wrong way round, by so little
// that nobody who says "5m" can mean it.

// momentAgo answers ?ago=DURATION.
func (s *Server) momentAgo(ctx context.Context, text string) (*api.LedgerMoment, error) {
	ago, err := time.ParseDuration(text)
	if err != nil || ago < 0 {
		return nil, api.NewBadRequest("ago: %q is not a duration", text)
	}
	if ago == 0 { // whatever the clock says
		return s.momentAt(ctx, time.Time{})
	}
	return s.momentAt(ctx, time.Now().Add(-ago))
}

// momentAt finds the revision of a time; of the zero time, the newest.
func (s *Server) momentAt(ctx context.Context, then time.Time) (*api.LedgerMoment, error) {
	oldest, newest := max(s.store.CompactedRevision(), 1), s.store.Revision()
	m := &api.LedgerMoment{OldestRevision: oldest, Revision: newest}
	madeOldest, err := s.writtenAt(ctx, oldest, oldest)
	if err != nil {
		return nil, err
	}
	m.OldestTime = madeOldest
	if madeOldest.IsZero() {
		if m.OldestTime, err = s.writtenAt(ctx, oldest+1, newest); err != nil {
			return nil, err
		}
	}
	if then.IsZero() {
		return m, nil
	}
	later := sort.Search(int(newest-oldest), func(i int) bool {
		var made api.MicroTime
		if err == nil {
			made, err = s.writtenAt(ctx, oldest+1+int64(i), newest)
		}
		return made.After(then)
	})
	if err != nil {
		return nil, err
	}
	m.Revision = oldest + int64(later)
	if later == 0 && s.store.CompactedRevision() > 0 && (madeOldest.IsZero() || madeOldest.After(then)) {
		m.Revision = 0 // it was that one, or one before it
	}
	return m, nil
}

// writtenAt is when the first of the revisions from..to was made that has a record. None: the zero time.
func (s *Server) writtenAt(ctx context.Context, from, to int64) (api.MicroTime, error) {
	for revision := from; revision <= to; revision++ {
		lines, err := s.store.Records(ctx, store.RecordQuery{Revision: revision})
		if err != nil {
			return api.MicroTime{}, err
		}
		for _, line := range lines {
			var record api.LedgerRecord
			if err := api.UnmarshalJSON(line, &record); err != nil {
				return api.MicroTime{}, err
			}
			if record.Verb != "decide" { // a decision comes later than the write whose revision it bears
				return record.Time, nil
			}
		}
	}
	return api.MicroTime{}, nil
}
