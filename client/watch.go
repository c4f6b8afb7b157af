package client

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"kubelite/api"
)

// EventType says what happened to a watched object.
type EventType string

// What a watch reports. An Error ends it.
const (
	Added    EventType = "ADDED"
	Modified EventType = "MODIFIED"
	Deleted  EventType = "DELETED"
	Bookmark EventType = "BOOKMARK" // nothing happened up to this resource version
	Error    EventType = "ERROR"
)

// InitialEventsEnd is the annotation of the bookmark that ends the initial events of a watch that asked for them.
const InitialEventsEnd = "k8s.io/initial-events-end"

// WatchEvent is one change of one object. For Deleted the object is in its last state, with the resource version of
// the deletion.
type WatchEvent[T api.Object] struct {
	Type   EventType
	Object T
}

// Watch is a running watch. Its channel must be read until it is closed, or the watch stopped.
type Watch[T api.Object] struct {
	events chan WatchEvent[T]
	stop   context.CancelFunc
	err    error // set before events is closed
}

// Watch begins to watch. Its end is not an error by itself: servers end watches now and then, and the caller goes on from the
// last resource version it saw.
func (r Resource[T]) Watch(ctx context.Context, namespace string, opts ListOptions) (*Watch[T], error) {
	ctx, stop := context.WithCancel(ctx)
	body, err := r.openWatch(ctx, namespace, opts)
	if err != nil {
		stop()
		return nil, err
	}
	w := &Watch[T]{events: make(chan WatchEvent[T], 16), stop: stop}
	go func() {
		defer stop()
		defer body.Close()
		defer close(w.events)
		w.err = r.eachEvent(body, func(e WatchEvent[T]) error {
			select {
			case w.events <- e:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
		if ctx.Err() != nil {
			w.err = nil // stopped on purpose
		}
	}()
	return w, nil
}

// Events is closed when the watch ends.
func (w *Watch[T]) Events() <-chan WatchEvent[T] { return w.events }

// Err tells why the watch ended: nil if the server or the caller just ended it. Valid once Events is closed.
func (w *Watch[T]) Err() error { return w.err }

// Stop ends the watch and its connection.
func (w *Watch[T]) Stop() { w.stop() }

func (r Resource[T]) openWatch(ctx context.Context, namespace string, opts ListOptions) (io.ReadCloser, error) {
	query := opts.Query()
	query.Set("watch", "true")
	return r.client.Stream(ctx, Request{Path: r.kind.Path(namespace, ""), Query: query})
}

// eachEvent reads a watch to its end, and decodes its objects.
func (r Resource[T]) eachEvent(stream io.Reader, fn func(WatchEvent[T]) error) error {
	return EachEvent(r.kind.Resource(), stream, func(eventType EventType, object []byte) error {
		obj := r.kind.New().(T)
		if err := api.ReadJSON(object, obj); err != nil {
			return fmt.Errorf("watch %s: %w", r.kind.Resource(), err)
		}
		return fn(WatchEvent[T]{Type: eventType, Object: obj})
	})
}

// EachEvent reads a watch to its end: fn gets the type and the JSON of each object, which is valid until it returns. An ERROR
// event is returned as the *api.StatusError that it holds, and what fn returns ends it, too. Other errors say that the watch
// was one of the resource, unless that is "".
func EachEvent(resource string, stream io.Reader, fn func(eventType EventType, object []byte) error) error {
	fail := func(err error) error {
		if resource == "" {
			return err
		}
		return fmt.Errorf("watch %s: %w", resource, err)
	}
	for lines := NewLineReader(stream); ; {
		line, err := lines.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fail(err)
		}
		eventType, object, err := splitWatchEvent(line)
		if err != nil {
			return fail(err)
		}
		if eventType == Error {
			status := &api.StatusError{}
			if err := api.UnmarshalJSON(object, &status.ErrStatus); err != nil {
				return fail(fmt.Errorf("unreadable error event: %w", err))
			}
			return status
		}
		if err := fn(eventType, object); err != nil {
			return err
		}
	}
}

// splitWatchEvent takes a line of a watch apart without decoding the object. Servers write the type first, so that no
// object is scanned twice.
func splitWatchEvent(line []byte) (EventType, []byte, error) {
	if rest, ok := bytes.CutPrefix(line, []byte(`{"type":"`)); ok {
		if eventType, rest, ok := bytes.Cut(rest, []byte(`","object":`)); ok && bytes.HasSuffix(rest, []byte("}")) {
			return EventType(eventType), rest[:len(rest)-1], nil
		}
	}
	var event struct {
		Type   EventType        `json:"type"`
		Object api.RawExtension `json:"object"`
	}
	if err := api.UnmarshalJSON(line, &event); err != nil {
		return "", nil, err
	}
	if event.Type == "" {
		return "", nil, errors.New("an event without a type")
	}
	return event.Type, event.Object.Raw, nil
}

// LineReader reads a stream of lines of any length with a small buffer, which grows for a long line and shrinks again.
type LineReader struct {
	r    *bufio.Reader
	long []byte
}

const (
	// quietLineBuffer is what a stream gets until the first line that does not fit: bookmarks do, and nothing else comes of
	// most kinds.
	quietLineBuffer = 512
	lineBuffer      = 4 << 10
	// keepLineBuffer is how large a buffer for long lines is kept between lines. Most objects fit.
	keepLineBuffer = 16 << 10
)

// NewLineReader reads lines from a stream.
func NewLineReader(stream io.Reader) *LineReader {
	return &LineReader{r: bufio.NewReaderSize(stream, quietLineBuffer)}
}

// Next returns the next line that is not empty, without its newline, io.EOF after the last one. It is valid until the
// next call. A last line that the stream broke off is an io.ErrUnexpectedEOF.
func (l *LineReader) Next() ([]byte, error) {
	for {
		line, err := l.r.ReadSlice('\n')
		if err == bufio.ErrBufferFull {
			if l.r.Size() < lineBuffer {
				l.r = bufio.NewReaderSize(l.r, lineBuffer) // passes the small one by
			}
			if cap(l.long) > keepLineBuffer {
				l.long = nil
			}
			l.long = append(l.long[:0], line...)
			for err == bufio.ErrBufferFull {
				line, err = l.r.ReadSlice('\n')
				l.long = append(l.long, line...)
			}
			line = l.long
		}
		if err == io.EOF && len(bytes.TrimSpace(line)) > 0 {
			return nil, io.ErrUnexpectedEOF
		}
		if err != nil {
			return nil, err
		}
		if line = bytes.TrimRight(line, "\r\n"); len(line) > 0 {
			return line, nil
		}
	}
}
