package apiserver

import (
	"context"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"kubelite/api"
	"kubelite/apiserver/gate"
)

// serveWatch serves GET ...?watch=1 for every kind: a stream of events, each with an object, until the client goes,
// the time is up, or the server stops. Where it begins follows from resourceVersion:
//
//	N            behind revision N: what the client has not seen yet. 410 Gone if that is no longer known
//	"" or "0"    with what is there now, as ADDED events, then what comes. The end of the first part is marked by a
//	             BOOKMARK with the annotation k8s.io/initial-events-end, for those who asked for bookmarks
//
// A watcher is the goroutine of its request, walking along a feed (feed.go). All watchers send the same bytes.
func (s *Server) serveWatch(w http.ResponseWriter, req *Request) (*Answer, error) {
	watch, err := s.newWatcher(w, req)
	if err != nil {
		return nil, err
	}
	stream, ctx, done := s.openStream(req)
	defer done()
	watch.stream = stream
	return nil, watch.run(ctx)
}

func (s *Server) newWatcher(w http.ResponseWriter, req *Request) (*watcher, error) {
	sel, options, err := readList(req)
	if err != nil {
		return nil, err
	}
	accept, err := req.negotiate()
	switch {
	case err != nil:
	case accept.media == mediaYAML:
		err = api.NewNotAcceptable([]string{mediaJSON + watchStream, mediaProtobuf + watchStream})
	case accept.as == "Table":
		_, err = includeObject(req) // a mistake is told before the stream begins
	}
	if err != nil {
		return nil, err
	}
	return &watcher{
		server: s, req: req, sel: sel, options: options, kc: s.cache.kind(sel.res), feed: sel.feed(),
		w: w, control: http.NewResponseController(w), conn: ownConnection(req.HTTP), encoder: newEventEncoder(req, accept),
	}, nil
}

// Clients that name no timeout are sent away after 30 to 60 minutes, at different times, so that after a restart of
// the server they do not come back all at once for ever.
const minWatchTimeout = 30 * time.Minute

// bookmarkInterval is how often an idle watch tells its client how far it is, if the client wants that. A client that
// has to come back then needs not start from a revision that compaction has taken.
const bookmarkInterval = time.Minute

// A watcher that cannot take in what is sent for this long, or is this many events behind, is dropped: the client
// comes back with the last resourceVersion that it saw, and is served from the store's history.
const (
	slowWatcherTimeout = 30 * time.Second
	slowWatcherEvents  = 50_000
)

// flushSize is how much is collected before it is sent while more is ready to be sent.
const flushSize = 64 << 10

// flushInterval is the least time from a write of so many events to a watcher until the next one: a write, and the waking of
// the client, costs many times what one more event in it does. An event that comes alone is written at once. Where more than
// one comes in a millisecond, nobody waits for a single one, and they gather for longer.
func flushInterval(events int) time.Duration {
	return min(max(4*time.Millisecond, time.Duration(events)*time.Millisecond), 12*time.Millisecond)
}

type watcher struct {
	server  *Server
	req     *Request
	sel     *selection
	options *listOptions
	kc      *kindCache
	feed    feedKey
	w       http.ResponseWriter
	control *http.ResponseController
	conn    *connection
	encoder *eventEncoder
	stream  *gate.Stream // what goes wrong with it on purpose

	// sent is the revision up to which the client has seen everything.
	sent    int64
	buffer  *[]byte   // what is to be written next; nil while there is nothing
	flushed time.Time // when there was something to write last, or would have been
	added   int       // events that led to it
	gone    bool      // the watch is over: a write failed, or there was an error to tell
	timer   *time.Timer
}

// run is the life of a watch. An error means that nothing was sent yet.
func (wt *watcher) run(ctx context.Context) error {
	timeout := time.Duration(wt.options.timeoutSeconds) * time.Second
	if timeout <= 0 {
		timeout = minWatchTimeout + rand.N(minWatchTimeout)
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()

	var place *batch
	var err error
	if initial := api.Deref(wt.options.initialEvents, false); initial || wt.options.revision == 0 {
		place, err = wt.begin(ctx, initial)
	} else {
		place, err = wt.resume(ctx)
	}
	if err != nil || place == nil {
		return err
	}
	defer wt.kc.unsubscribe(wt.feed)
	wt.req.leaveSeat() // what comes now is little at a time
	wt.follow(ctx, place)
	return nil
}

// header starts the answer. The next flush sends it, with events or without, so that the client knows that the watch stands.
func (wt *watcher) header() {
	header := wt.w.Header()
	header["Content-Type"] = []string{wt.encoder.contentType()}
	wt.req.writeWarnings(header)
	wt.w.WriteHeader(http.StatusOK)
	wt.held()
}

// begin subscribes, and sends what is there as ADDED events if the client wants it.
func (wt *watcher) begin(ctx context.Context, initial bool) (*batch, error) {
	s := wt.server
	var err error
	switch {
	case wt.options.revision > 0:
		err = s.waitForRevision(ctx, wt.options.revision)
	case wt.options.resourceVersion == "":
		err = s.cache.waitFor(ctx, s.store.Revision())
	}
	if err != nil {
		return nil, err
	}
	// Both under one lock: what is in the list is in no event to come, and the other way round.
	wt.kc.mu.Lock()
	entries, revision, _ := wt.kc.read(s.cache, wt.sel, "")
	place := wt.kc.subscribe(wt.feed)
	wt.kc.mu.Unlock()

	wt.sent = revision
	wt.header()
	if initial {
		for _, e := range entries {
			if wt.sel.matches(e) {
				wt.add(eventAdded, e)
			}
		}
		if wt.options.bookmarks {
			wt.addBookmark(true)
		}
	}
	wt.flush()
	return place, nil
}

// follow sends what comes, until the watch ends.
func (wt *watcher) follow(ctx context.Context, place *batch) {
	var bookmarks <-chan time.Time
	if wt.options.bookmarks {
		ticker := time.NewTicker(bookmarkInterval)
		defer ticker.Stop()
		bookmarks = ticker.C
	}
	for !wt.gone {
		if wt.stream.Faulty() {
			place = wt.followFaulty(ctx, place)
			continue
		}
		select {
		case <-place.ready:
			if wt.stream.Faulty() { // since we wait
				continue
			}
			time.Sleep(flushInterval(wt.added) - time.Since(wt.flushed))
			wt.added = 0
			// Take all that is there before sending: under load the writes get bigger, not more.
			for ready := true; ready; ready = place.isReady() {
				for _, ev := range place.events {
					wt.deliver(ev)
				}
				place = place.next
			}
			if !wt.flush() || wt.kc.behind(wt.feed, place) > slowWatcherEvents {
				return
			}
		case <-bookmarks:
			wt.progress(place)
		case <-ctx.Done():
			wt.progress(place) // the last word: from here the client can go on
			return
		case <-wt.server.stopping:
			wt.progress(place)
			return
		case <-wt.req.Resource.replaced: // the custom resource has changed, or is gone
			wt.progress(place)
			return
		}
	}
}

// isReady tells whether a link of a feed has its events.
func (b *batch) isReady() bool {
	select {
	case <-b.ready:
		return true
	default:
		return false
	}
}

// behind counts the events of a feed that a watcher has not taken yet.
func (kc *kindCache) behind(key feedKey, place *batch) int64 {
	kc.mu.RLock()
	defer kc.mu.RUnlock()
	return kc.feeds[key].tail.sequence - place.sequence
}

// progress sends a bookmark if the client wants them. The cache's revision is read first: if the feed is empty after
// that, the client has seen everything up to it.
func (wt *watcher) progress(place *batch) {
	revision := wt.server.cache.revision.Load()
	if !wt.options.bookmarks || place.isReady() {
		return
	}
	wt.sent = max(wt.sent, revision)
	wt.addBookmark(false)
	wt.flush()
}

// The types of watch events.
const (
	eventAdded    = "ADDED"
	eventModified = "MODIFIED"
	eventDeleted  = "DELETED"
	eventBookmark = "BOOKMARK"
	eventError    = "ERROR"
)

// deliver sends an event if the selection has to do with it. To a watcher, an object that begins to match was added,
// and one that matches no more was deleted.
func (wt *watcher) deliver(ev *watchEvent) {
	if ev.revision <= wt.sent {
		return
	}
	wt.sent = ev.revision
	if eventType, e := wt.tells(ev); eventType != "" {
		wt.add(eventType, e)
	}
}

// tells is what an event is to this watcher; "": nothing.
func (wt *watcher) tells(ev *watchEvent) (eventType string, e *entry) {
	before := ev.prev != nil && wt.sel.matches(ev.prev)
	after := !ev.deleted && wt.sel.matches(ev.next)
	switch {
	case after && before:
		return eventModified, ev.next
	case after:
		return eventAdded, ev.next
	case before && ev.deleted:
		return eventDeleted, ev.next
	case before:
		return eventDeleted, ev.goneEntry()
	}
	return "", nil
}

// watchBuffers are shared by all watchers: an idle one holds none. They begin with room for a bookmark or a few events.
var watchBuffers = sync.Pool{New: func() any { b := make([]byte, 0, 4<<10); return &b }}

func putWatchBuffer(b *[]byte) {
	if cap(*b) <= 4*flushSize {
		*b = (*b)[:0]
		watchBuffers.Put(b)
	}
}

// held is the buffer of what is to be written next.
func (wt *watcher) held() *[]byte {
	if wt.buffer == nil {
		wt.buffer = watchBuffers.Get().(*[]byte)
	}
	return wt.buffer
}

// add sends an event. If the object cannot be shown, the watch ends: one that went on without it would leave its client with
// a wrong picture for good. The client begins anew, and finds out at the list.
func (wt *watcher) add(eventType string, e *entry) {
	if wt.gone {
		return
	}
	b, err := wt.encoder.append(*wt.held(), eventType, e)
	if err != nil {
		wt.server.log.Error("an object cannot be encoded for its watchers", "key", e.key, "error", err)
		wt.fail(err)
		return
	}
	*wt.buffer = b
	wt.added++
	if len(b) >= flushSize {
		wt.flush()
	}
}

func (wt *watcher) addBookmark(initialEnd bool) {
	b, err := wt.encoder.appendBookmark(*wt.held(), wt.sent, initialEnd)
	if err == nil {
		*wt.buffer = b
	}
}

// flush sends the buffer; without one, nothing was for this watcher. false: the client is gone, or too slow.
func (wt *watcher) flush() bool {
	if wt.gone {
		return false
	}
	if wt.buffer != nil {
		// Not a deadline for each write: setting one costs more than the write. The timer fires only for one that hangs.
		guard := wt.guard()
		if err := wt.conn.together(wt.write); err != nil {
			wt.gone = true
		}
		guard.Stop()
	}
	wt.flushed = time.Now()
	return !wt.gone
}

func (wt *watcher) write() error {
	_, err := wt.w.Write(*wt.buffer)
	putWatchBuffer(wt.buffer)
	wt.buffer = nil
	if err != nil {
		return err
	}
	return wt.control.Flush()
}

// guard starts a timer that makes a hanging write fail.
func (wt *watcher) guard() *time.Timer {
	if wt.timer == nil {
		wt.timer = time.AfterFunc(wt.server.slowWatcher, func() {
			// The past is a deadline that ends a write at once. A connection that knows no deadlines has no writes that hang.
			_ = wt.control.SetWriteDeadline(time.Unix(1, 0))
		})
	} else {
		wt.timer.Reset(wt.server.slowWatcher)
	}
	return wt.timer
}
