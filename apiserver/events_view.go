package apiserver

import (
	"context"

	"kubelite/api"
)

// Events exist under two groups: v1, which grew by itself, and events.k8s.io/v1, which has better names. They are the
// same objects: stored as v1, shown as either.
var eventsEventView = &View{
	Of: api.KindOf[*api.Event](),
	ToStored: func(_ context.Context, obj api.Object) (api.Object, error) {
		e := obj.(*api.EventsEvent)
		event := &api.Event{
			ObjectMeta: e.ObjectMeta, InvolvedObject: e.Regarding, Reason: e.Reason, Message: e.Note,
			Source: e.DeprecatedSource, FirstTimestamp: e.DeprecatedFirstTimestamp, LastTimestamp: e.DeprecatedLastTimestamp,
			Count: e.DeprecatedCount, Type: e.Type, EventTime: e.EventTime, Action: e.Action, Related: e.Related,
			ReportingController: e.ReportingController, ReportingInstance: e.ReportingInstance,
		}
		if e.Series != nil {
			event.Series = &api.EventSeries{Count: e.Series.Count, LastObservedTime: e.Series.LastObservedTime}
		}
		api.SetTypeMeta(event)
		return event, nil
	},
	FromStored: func(_ context.Context, objs []api.Object) ([]api.Object, error) {
		for i, obj := range objs {
			objs[i] = eventsEventOf(obj.(*api.Event))
		}
		return objs, nil
	},
	FieldNames: map[string]string{
		"reason": "reason", "type": "type", "reportingController": "reportingComponent",
		"regarding.kind": "involvedObject.kind", "regarding.namespace": "involvedObject.namespace",
		"regarding.name": "involvedObject.name", "regarding.uid": "involvedObject.uid",
		"regarding.apiVersion": "involvedObject.apiVersion", "regarding.resourceVersion": "involvedObject.resourceVersion",
		"regarding.fieldPath": "involvedObject.fieldPath",
	},
}

func eventsEventOf(e *api.Event) *api.EventsEvent {
	event := &api.EventsEvent{
		ObjectMeta: e.ObjectMeta, Regarding: e.InvolvedObject, Reason: e.Reason, Note: e.Message,
		DeprecatedSource: e.Source, DeprecatedFirstTimestamp: e.FirstTimestamp, DeprecatedLastTimestamp: e.LastTimestamp,
		DeprecatedCount: e.Count, Type: e.Type, EventTime: e.EventTime, Action: e.Action, Related: e.Related,
		ReportingController: e.ReportingController, ReportingInstance: e.ReportingInstance,
	}
	if e.Series != nil {
		event.Series = &api.EventsEventSeries{Count: e.Series.Count, LastObservedTime: e.Series.LastObservedTime}
	}
	api.SetTypeMeta(event)
	return event
}
