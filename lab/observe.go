package lab

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"sync"
	"time"

	"kubelite/api"
	"kubelite/client"
)

// page is a list of objects of which nobody needs the Go types.
type page struct {
	Items []map[string]any `json:"items"`
}

// begin reads the lab's objects as they were at a revision, and if the server has forgotten that, at the oldest one that it
// still knows.
func (s *Session) begin(ctx context.Context, revision int64) (*history, error) {
	h := &history{begins: revision, first: map[string][]any{}}
	for _, kind := range s.Lab.kinds {
		objects, err := s.list(ctx, kind, s.namespace(), url.Values{
			"resourceVersion": {strconv.FormatInt(h.begins, 10)}, "resourceVersionMatch": {string(api.ResourceVersionMatchExact)},
		})
		if api.IsExpired(err) {
			now, err := s.now(ctx)
			if err != nil {
				return nil, err
			}
			return s.begin(ctx, now.OldestRevision)
		}
		if api.IsNotFound(err) && kind.Custom { // a custom resource that nobody has defined yet
			h.first[kind.Plural] = []any{}
			continue
		}
		if err != nil {
			return nil, err
		}
		h.first[kind.Plural] = objects
	}
	return h, nil
}

// list reads the objects of a kind.
func (s *Session) list(ctx context.Context, kind watched, namespace string, query url.Values) ([]any, error) {
	response, err := s.Client.Do(ctx, client.Request{Path: kind.path(namespace), Query: query})
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", kind.Resource(), err)
	}
	var list page
	if err := api.UnmarshalJSON(response.Body, &list); err != nil {
		return nil, fmt.Errorf("list %s: %w", kind.Resource(), err)
	}
	objects := []any{}
	for _, object := range list.Items {
		api.DropNulls(object) // whoever writes an expression thinks of fields that are not there, and should not have to of null as well
		objects = append(objects, object)
	}
	return objects, nil
}

// now asks the ledger for the newest revision and the oldest one that the server can still show.
func (s *Session) now(ctx context.Context) (now api.LedgerMoment, err error) {
	response, err := s.Client.Do(ctx, client.Request{Path: api.LedgerPath, Query: url.Values{"ago": {"0s"}}})
	if err != nil {
		return now, err
	}
	return now, api.UnmarshalJSON(response.Body, &now)
}

// lookEvery is the longest time between two looks, tryEvery that between two tries to watch what nobody has defined yet.
const lookEvery, tryEvery = time.Minute, time.Second

// follow adds to a history what has happened since its beginning, and calls changed for what there is after each batch of
// news, or after a minute without any, until changed says that it has seen enough. With toNow it ends when the present is
// reached, after one call.
func (s *Session) follow(ctx context.Context, h *history, toNow bool, changed func() (done bool, err error)) error {
	ctx, cancel := context.WithCancel(ctx)
	var watches sync.WaitGroup
	defer watches.Wait()
	defer cancel()
	seconds := 0
	if toNow {
		seconds = 1
	}
	news, failed := make(chan event, 100), make(chan error, len(s.Lab.kinds))
	for _, kind := range s.Lab.kinds {
		watches.Go(func() {
			failed <- s.watch(ctx, kind, h.begins, seconds, func(e event) {
				select {
				case news <- e:
				case <-ctx.Done():
				}
			})
		})
	}
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for running := len(s.Lab.kinds); running > 0; {
		if !toNow {
			if done, err := changed(); done || err != nil {
				return err
			}
		}
		select {
		case e := <-news:
			h.add(e)
			for waiting := true; waiting; { // what has come meanwhile is looked at together
				select {
				case e := <-news:
					h.add(e)
				default:
					waiting = false
				}
			}
		case err := <-failed:
			if running--; err != nil {
				return err
			}
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	for len(news) > 0 { // the watches have ended, and left these
		h.add(<-news)
	}
	_, err := changed()
	return err
}

// watch tells of the changes of one kind since a revision. The server is asked to end the watch after so many seconds, if not
// 0; its last word is then a bookmark, which says that nothing was left out.
func (s *Session) watch(ctx context.Context, kind watched, since int64, seconds int, tell func(event)) error {
	for ctx.Err() == nil {
		query := url.Values{"watch": {"true"}, "allowWatchBookmarks": {"true"}, "resourceVersion": {strconv.FormatInt(since, 10)}}
		if seconds > 0 {
			query.Set("timeoutSeconds", strconv.Itoa(seconds))
		}
		stream, err := s.Client.Stream(ctx, client.Request{Path: kind.path(s.namespace()), Query: query})
		if api.IsNotFound(err) && kind.Custom { // nobody has defined it yet
			if seconds > 0 || !client.Wait(ctx, tryEvery) {
				return nil
			}
			continue
		}
		if err != nil {
			return fmt.Errorf("watch %s: %w", kind.Resource(), err)
		}
		var last client.EventType
		since, last, err = readEvents(stream, kind.Kind, since, tell)
		stream.Close()
		if err != nil && ctx.Err() == nil {
			return err
		}
		if last == client.Bookmark && seconds > 0 {
			return nil
		}
	}
	return nil
}

// readEvents reads a watch to its end. It returns up to which revision it has come, and what came last.
func readEvents(stream io.Reader, kind *api.Kind, since int64, tell func(event)) (int64, client.EventType, error) {
	var last client.EventType
	err := client.EachEvent(kind.Resource(), stream, func(eventType client.EventType, content []byte) (err error) {
		var head struct {
			Metadata api.ObjectMeta `json:"metadata"`
		}
		e := event{plural: kind.Plural}
		if err := api.UnmarshalJSON(content, &head); err != nil {
			return err
		}
		if eventType != client.Deleted && eventType != client.Bookmark {
			if err := api.UnmarshalJSON(content, &e.object); err != nil {
				return err
			}
			api.DropNulls(e.object)
		}
		if e.revision, err = strconv.ParseInt(head.Metadata.ResourceVersion, 10, 64); err != nil {
			return fmt.Errorf("watch %s: %w", kind.Resource(), err)
		}
		e.uid = head.Metadata.UID
		since, last = e.revision, eventType
		if eventType != client.Bookmark {
			tell(e)
		}
		return nil
	})
	return since, last, err
}
