package apiserver

import (
	"context"
	"fmt"
	"os"
	"time"

	"kubelite/api"
)

// eventRecorder writes the Events of the server's own loops, in the way of events.k8s.io: one that repeats is a series. (The
// other components have client.Recorder; the server is no client of itself.) It is for one goroutine.
type eventRecorder struct {
	controller string              // who tells, such as "ipallocator-repair-controller"
	last       map[string]recorded // by what makes an event the same as one before
}

type recorded struct {
	name string
	at   time.Time
}

// seriesEnds is how long an event can wait to be repeated: after that, the next one like it is a new event.
const seriesEnds = 6 * time.Minute

// record writes that something is wrong with an object. An event that cannot be written is lost, and the log says so.
func (e *eventRecorder) record(ctx context.Context, s *Server, on api.Object, reason, action, message string) {
	kind, meta := api.KindFor(on), on.GetObjectMeta()
	namespace := meta.Namespace
	if namespace == "" {
		namespace = namespaceDefault // events are namespaced, IPAddresses are not
	}
	now, same := time.Now(), fmt.Sprintf("%s %s/%s %s %s", kind.Kind, namespace, meta.Name, reason, message)
	before, repeated := e.last[same]
	if repeated {
		repeated = e.repeat(ctx, s, namespace, before.name)
	}
	if !repeated {
		before.name = fmt.Sprintf("%s.%x", meta.Name, now.UnixNano())
		host, err := os.Hostname()
		if err != nil {
			host = "unknown"
		}
		err = s.ensure(ctx, &api.Event{
			ObjectMeta: api.ObjectMeta{Namespace: namespace, Name: before.name},
			InvolvedObject: api.ObjectReference{
				Kind: kind.Kind, APIVersion: kind.APIVersion(), Namespace: meta.Namespace, Name: meta.Name, UID: meta.UID, ResourceVersion: meta.ResourceVersion,
			},
			Type: api.EventTypeWarning, Reason: reason, Action: action, Message: message, EventTime: api.NowMicro(),
			ReportingController: e.controller, ReportingInstance: e.controller + "-" + host,
		})
		if err != nil && ctx.Err() == nil {
			s.log.Warn("an event could not be written", "namespace", namespace, "name", meta.Name, "reason", reason, "error", err)
			return
		}
	}
	for key, r := range e.last {
		if now.Sub(r.at) > seriesEnds {
			delete(e.last, key)
		}
	}
	if e.last == nil {
		e.last = map[string]recorded{}
	}
	e.last[same] = recorded{before.name, now}
}

// repeat counts one more in an event's series, and tells whether the event is still there.
func (e *eventRecorder) repeat(ctx context.Context, s *Server, namespace, name string) bool {
	req := s.internalRequest(ctx, "update", resourceOf[*api.Event](s), namespace, name)
	_, err := s.update(ctx, req, func(old api.Object) (api.Object, error) {
		event := old.(*api.Event)
		if event.Series == nil {
			event.Series = &api.EventSeries{Count: 1}
		}
		event.Series.Count++
		event.Series.LastObservedTime = api.NowMicro()
		return event, nil
	})
	return err == nil
}
