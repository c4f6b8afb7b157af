package apiserver

import (
	"context"
	"errors"
	"time"

	"kubelite/api"
	"kubelite/store"
)

// Events are news, and news gets old: an hour after it was last written, an Event is deleted. etcd has leases for this;
// here it is enough to remember which revision the store had when: what has a revision from more than an hour ago was
// written more than an hour ago. After a restart the clock begins anew, which gives old news another hour.

const (
	eventTTL      = time.Hour
	eventInterval = time.Minute
)

// expireEvents deletes old Events until ctx ends.
func (s *Server) expireEvents(ctx context.Context) error {
	ticker := time.NewTicker(eventInterval)
	defer ticker.Stop()
	var minutes []int64 // the store's revision at each of the last minutes, oldest first
	for {
		minutes = append(minutes, s.store.Revision())
		if len(minutes) > int(eventTTL/eventInterval) {
			s.deleteEventsUntil(ctx, minutes[0])
			minutes = minutes[1:]
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// deleteEventsUntil deletes the Events that were last written at a revision or before.
func (s *Server) deleteEventsUntil(ctx context.Context, revision int64) {
	ctx = withClock(ctx, "event-ttl")
	res := resourceOf[*api.Event](s)
	entries, _ := s.cache.kind(res).list(res.prefix, "")
	for _, e := range entries {
		if e.revision > revision {
			continue
		}
		obj, err := e.object(res)
		if err != nil {
			continue // what cannot be read is for a person to look at
		}
		req := s.internalRequest(ctx, "delete", res, e.namespace, e.name)
		_, err = s.remove(ctx, req, e, obj, nil)
		switch {
		case errors.Is(err, store.ErrConflict), errors.Is(err, store.ErrKeyNotFound): // written just now: news again
		case err != nil && ctx.Err() == nil:
			s.log.Warn("an old event could not be deleted", "namespace", e.namespace, "name", e.name, "error", err)
		}
	}
}
