package printers

import (
	"cmp"
	"strings"
	"time"

	"kubelite/api"
)

// Events are one resource under two names: v1 and events.k8s.io/v1 are two spellings of the same fields, so both
// are shown alike.

// Event are the columns of Event.
var Event = columns(func(e *api.Event, now time.Time) []any {
	line := eventLine{
		involved: &e.InvolvedObject, reason: e.Reason, message: e.Message, eventType: e.Type, name: e.Name,
		component: cmp.Or(e.Source.Component, e.ReportingController), instance: cmp.Or(e.Source.Host, e.ReportingInstance),
		first: e.FirstTimestamp.Time, last: e.LastTimestamp.Time, at: e.EventTime.Time, count: e.Count,
	}
	if e.Series != nil {
		line.series, line.seriesLast, line.count = true, e.Series.LastObservedTime.Time, e.Series.Count
	}
	return line.cells(now)
}, eventColumnDefinitions...)

// EventsEvent are the columns of EventsEvent.
var EventsEvent = columns(func(e *api.EventsEvent, now time.Time) []any {
	line := eventLine{
		involved: &e.Regarding, reason: e.Reason, message: e.Note, eventType: e.Type, name: e.Name,
		component: cmp.Or(e.DeprecatedSource.Component, e.ReportingController), instance: cmp.Or(e.DeprecatedSource.Host, e.ReportingInstance),
		first: e.DeprecatedFirstTimestamp.Time, last: e.DeprecatedLastTimestamp.Time, at: e.EventTime.Time, count: e.DeprecatedCount,
	}
	if e.Series != nil {
		line.series, line.seriesLast, line.count = true, e.Series.LastObservedTime.Time, e.Series.Count
	}
	return line.cells(now)
}, eventColumnDefinitions...)

var eventColumnDefinitions = []api.TableColumnDefinition{
	text("Last Seen", "When it happened the last time."),
	text("Type", "Normal or Warning."),
	text("Reason", "Short, machine-readable reason."),
	text("Object", "What it happened to."),
	wide("Subobject", "Part of the object that it happened to."),
	wide("Source", "Component that reported it."),
	text("Message", "What happened, in words."),
	wide("First Seen", "When it happened the first time."),
	wide("Count", "How often it happened."),
	{Name: "Name", Type: "string", Format: "name", Description: NameColumn.Description, Priority: 1},
}

// eventLine is an event of either spelling, ready to be shown.
type eventLine struct {
	involved                         *api.ObjectReference
	reason, message, eventType, name string
	component, instance              string
	first, last, at                  time.Time // at: set by writers of the newer spelling instead of first and last
	series                           bool      // repeats are counted in the newer way
	seriesLast                       time.Time
	count                            int32
}

func (l *eventLine) cells(now time.Time) []any {
	first := Age(l.first, now)
	if l.first.IsZero() {
		first = Age(l.at, now)
	}
	last := Age(l.last, now)
	if l.last.IsZero() {
		last = first
	}
	if l.series {
		last = Age(l.seriesLast, now)
	} else if l.count == 0 {
		l.count = 1 // the newer spelling counts only from the second time on
	}
	object := strings.ToLower(l.involved.Kind)
	if l.involved.Name != "" {
		object += "/" + l.involved.Name
	}
	source := l.component
	if l.instance != "" {
		source += ", " + l.instance
	}
	return []any{last, l.eventType, l.reason, object, l.involved.FieldPath, source, strings.TrimSpace(l.message), first, l.count, l.name}
}
