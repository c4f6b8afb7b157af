package client

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"kubelite/api"
)

// Recorder writes Events: what a component wants people to read about an object, `kubectl describe` shows them. An
// event that repeats is one object whose count grows.
//
// Recording never blocks a control loop and never fails it: events wait in a buffer, and when that is full they are
// lost. Nobody may depend on them; what must not get lost belongs into the object's status.
type Recorder struct {
	client *Client
	log    *slog.Logger
	source api.EventSource

	mu      sync.Mutex
	waiting []recordedEvent // guarded by mu
	sending bool            // guarded by mu: a goroutine is at work; it ends when there is nothing left
	hurry   bool            // guarded by mu: somebody waits for the last of them
	idle    *sync.Cond      // sending became false

	correlator *correlator // of the sending goroutine only
}

type recordedEvent struct {
	ctx   context.Context // carries the causes
	event *api.Event
}

const (
	// maxWaitingEvents is what a scheduler that binds thousands of pods at once gets ahead of its events.
	maxWaitingEvents = 16384
	// restAfterEvent is how many times as long as an event took the next one waits. A crowd of events must not take from the work
	// that they tell of more than a fifth of one request at a time.
	restAfterEvent = 4
	// maxRest is the longest wait: a server that is so slow does not get faster by it.
	maxRest = 50 * time.Millisecond
)

// NewRecorder makes a recorder for a component, such as "kubelet", that runs on a host; host may be "".
func NewRecorder(c *Client, component, host string) *Recorder {
	r := &Recorder{client: c, log: c.log, source: api.EventSource{Component: component, Host: host}, correlator: newCorrelator()}
	r.idle = sync.NewCond(&r.mu)
	return r
}

// Event records that something happened to an object. eventType is "Normal" or "Warning", reason one CamelCase word.
func (r *Recorder) Event(ctx context.Context, obj api.Object, eventType, reason, format string, args ...any) {
	r.EventOn(ctx, ReferenceTo(obj), eventType, reason, format, args...)
}

// EventOn is Event for a part of an object: the reference's fieldPath may name a container.
func (r *Recorder) EventOn(ctx context.Context, ref api.ObjectReference, eventType, reason, format string, args ...any) {
	now := time.Now()
	namespace := ref.Namespace
	if namespace == "" {
		namespace = "default" // events are namespaced, nodes are not
	}
	event := &api.Event{
		TypeMeta:            api.TypeMeta{Kind: "Event", APIVersion: "v1"},
		ObjectMeta:          api.ObjectMeta{Namespace: namespace, Name: eventName(ref.Name, now)},
		InvolvedObject:      ref,
		Type:                eventType,
		Reason:              reason,
		Message:             fmt.Sprintf(format, args...),
		Source:              r.source,
		ReportingController: r.source.Component,
		ReportingInstance:   r.source.Host,
		FirstTimestamp:      api.Time{Time: now.Truncate(time.Second)},
		LastTimestamp:       api.Time{Time: now.Truncate(time.Second)},
		Count:               1,
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.waiting) >= maxWaitingEvents {
		return
	}
	// The loop's context may end before its event is sent; its causes must not.
	r.waiting = append(r.waiting, recordedEvent{context.WithoutCancel(ctx), event})
	if !r.sending {
		r.sending = true
		go r.send()
	}
}

// Flush waits until everything recorded was sent or given up.
func (r *Recorder) Flush() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.hurry = true
	defer func() { r.hurry = false }()
	for r.sending {
		r.idle.Wait()
	}
}

// send works the buffer off and ends: an idle component has no goroutine for events.
func (r *Recorder) send() {
	for {
		r.mu.Lock()
		if len(r.waiting) == 0 {
			r.waiting, r.sending = nil, false
			r.idle.Broadcast()
			r.mu.Unlock()
			return
		}
		next := r.waiting[0]
		r.waiting[0] = recordedEvent{}
		r.waiting = r.waiting[1:]
		rest := len(r.waiting) > 0 && !r.hurry
		r.mu.Unlock()

		began := time.Now()
		if err := r.write(next.ctx, next.event); err != nil {
			r.log.Warn("event lost", "kind", next.event.InvolvedObject.Kind, "namespace", next.event.InvolvedObject.Namespace,
				"name", next.event.InvolvedObject.Name, "reason", next.event.Reason, "error", err)
		}
		if rest {
			time.Sleep(restAfter(time.Since(began)))
		}
	}
}

// restAfter is how long the next event waits after one that took so long.
func restAfter(took time.Duration) time.Duration { return min(restAfterEvent*took, maxRest) }

// write creates the event, or counts up the one that says the same.
func (r *Recorder) write(ctx context.Context, event *api.Event) error {
	event, patch := r.correlator.correlate(event, time.Now())
	if event == nil {
		return nil // too many about one object
	}
	events := Of[*api.Event](r.client)
	retry := backoff{first: 100 * time.Millisecond, limit: 5 * time.Second}
	for attempt := 1; ; attempt++ {
		var stored *api.Event
		var err error
		if patch != nil {
			stored, err = events.Patch(ctx, event.Namespace, event.Name, api.StrategicMergePatchType, patch)
		}
		if patch == nil || api.IsNotFound(err) { // events expire, then the count goes on in a new one
			event.ResourceVersion = ""
			stored, err = events.Create(ctx, event)
		}
		switch {
		case err == nil:
			r.correlator.wrote(stored)
			return nil
		case api.IsAlreadyExists(err), !unanswered(err), attempt == 8:
			return err
		}
		Wait(ctx, retry.next())
	}
}

// unanswered tells that the server could not be reached or could not cope: the same request may succeed later. What
// it refused once (a namespace that is being deleted) it will refuse again.
func unanswered(err error) bool {
	var status *api.StatusError
	return !errors.As(err, &status) || status.ErrStatus.Code >= http.StatusInternalServerError
}

// eventName is unique as long as one object does not get two events within a nanosecond.
func eventName(object string, at time.Time) string {
	return fmt.Sprintf("%s.%x", object, at.UnixNano())
}

// ReferenceTo names an object as Events and other objects do.
func ReferenceTo(obj api.Object) api.ObjectReference {
	kind, meta := api.KindFor(obj), obj.GetObjectMeta()
	return api.ObjectReference{
		Kind: kind.Kind, APIVersion: kind.APIVersion(), Namespace: meta.Namespace, Name: meta.Name,
		UID: meta.UID, ResourceVersion: meta.ResourceVersion,
	}
}
