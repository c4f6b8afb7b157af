package apiserver

import (
	"context"
	"errors"
	"net/http"
	"time"

	"kubelite/api"
	"kubelite/apiserver/gate"
	"kubelite/store"
)

// A fault is something that goes wrong in real clusters, seldom and when nobody looks; here, it goes wrong when somebody
// asks for it. Where each of them strikes:
//
//	conflicts, cut              before the request is served, here
//	stale reads                 where lists and gets choose the revision that they show
//	delayed, dropped and        where a watcher takes events from its feed
//	duplicated watch events

// strike lets a request go wrong: the error is its answer. One that is cut off gets none.
func (s *Server) strike(req *Request, asked *gate.Request) error {
	if s.debugger.IsCut(asked) {
		panic(http.ErrAbortHandler) // closes the connection
	}
	if req.Resource == nil {
		return nil
	}
	switch req.Verb {
	case "update", "patch", "create":
		if s.canBeHeld(req) && s.debugger.Conflicts(asked) {
			return s.overtake(req, asked)
		}
	case "get", "list":
		if req.Subresource != "" || req.Resource.neverStored() {
			return nil
		}
		if old := s.debugger.Staleness(asked); old > 0 {
			moment, err := s.momentAt(req.HTTP.Context(), time.Now().Add(-old))
			if err != nil {
				return err
			}
			req.stale = max(moment.Revision, moment.OldestRevision)
		}
	}
	return nil
}

// overtake is the other writer who is faster. A conflict that nobody caused would be a lie: a loop may rely on it that there is
// a newer version, and that an event tells of it. So the object is written as it is.
func (s *Server) overtake(req *Request, asked *gate.Request) error {
	ctx := req.HTTP.Context()
	other := s.internalRequest(ctx, "update", req.Resource, req.Namespace, req.Name)
	other.why = &why{agent: "apiserver", timer: "fault", reason: "a fault: another writer is faster than " + asked.Actor()}
	current, err := s.current(ctx, other)
	if err != nil {
		return err
	}
	row := req.Resource.storedRow()
	obj, err := current.object(row)
	if err != nil {
		return err
	}
	encoded, err := encode(obj)
	if err != nil {
		return err
	}
	kv, err := s.store.Update(ctx, current.key, current.revision, s.value(other, current.key, obj, encoded), s.record(other, obj))
	switch {
	case errors.Is(err, store.ErrConflict), errors.Is(err, store.ErrKeyNotFound): // somebody really was
	case err != nil:
		return err
	default:
		if err := s.cache.waitFor(ctx, kv.ModRevision); err != nil {
			return err
		}
	}
	return api.NewConflict(req.Resource.Kind, req.Name, errors.New(modified))
}

// readStale makes a list one of the past, unless it insists on something newer, or goes on with one.
func (o *listOptions) readStale(revision int64) {
	if o.continueToken != "" || o.match == api.ResourceVersionMatchExact || o.revision > revision {
		return
	}
	o.revision, o.match = revision, api.ResourceVersionMatchExact
}

// getStale is a get in the past.
func (s *Server) getStale(ctx context.Context, req *Request, atLeast int64) (*Answer, error) {
	kv, err := s.store.Get(ctx, req.Key(), max(req.stale, atLeast))
	switch {
	case errors.Is(err, store.ErrKeyNotFound):
		return nil, api.NewNotFound(req.Resource.Kind, req.Name)
	case err != nil:
		return nil, err
	}
	return &Answer{Code: http.StatusOK, JSON: kv.Value}, nil
}

// openStream notes a watch, so that faults find it. done is called when it has ended.
func (s *Server) openStream(req *Request) (stream *gate.Stream, ctx context.Context, done func()) {
	ctx, end := context.WithCancel(req.HTTP.Context())
	stream = s.debugger.Open(asGateSees(req), end)
	return stream, ctx, func() {
		end()
		if stream.Close() {
			panic(http.ErrAbortHandler) // cut off: no last word
		}
	}
}

// lateBatch is a link of the feed whose time has not come yet.
type lateBatch struct {
	*batch
	due time.Time
}

// followFaulty is follow while something goes wrong with the watch. It returns when nothing does any more, and where to go on.
// There are no bookmarks: they would tell how far the client should be.
func (wt *watcher) followFaulty(ctx context.Context, place *batch) *batch {
	var late []lateBatch // from place on
	newest := place      // the link behind them
	timer := time.NewTimer(0)
	defer timer.Stop()
	for wt.stream.Faulty() {
		if wt.stream.Lost {
			wt.expire()
			return place
		}
		now := time.Now()
		for newest.isReady() {
			late = append(late, lateBatch{newest, now.Add(wt.stream.Delay(len(newest.events)))})
			newest = newest.next
		}
		for len(late) > 0 && !now.Before(late[0].due) {
			for _, ev := range late[0].events {
				wt.deliverFaulty(ev)
			}
			place, late = late[0].next, late[1:]
		}
		if !wt.flush() {
			return place
		}
		if len(late) > 0 {
			timer.Reset(time.Until(late[0].due))
		}
		select {
		case <-newest.ready:
		case <-timer.C:
		case <-wt.stream.Changed():
		case <-ctx.Done():
			wt.gone = true
		case <-wt.server.stopping:
			wt.gone = true
		case <-wt.req.Resource.replaced:
			wt.gone = true
		}
		if wt.gone {
			if wt.stream.Misses() {
				wt.gone = false
				wt.expire() // or it would come back, and go on behind what it has missed
			}
			return place
		}
	}
	return place
}

// deliverFaulty delivers an event as often as the faults will have it.
func (wt *watcher) deliverFaulty(ev *watchEvent) {
	if ev.revision <= wt.sent {
		return
	}
	if eventType, _ := wt.tells(ev); eventType == "" {
		wt.sent = ev.revision
		return
	}
	before := wt.sent
	for range wt.stream.Times(ev.next.namespace, ev.next.name) {
		wt.sent = before
		wt.deliver(ev)
	}
	wt.sent = ev.revision
}

// expire ends a watch whose client has missed something: it has to list anew.
func (wt *watcher) expire() { wt.fail(store.ErrCompacted) }
