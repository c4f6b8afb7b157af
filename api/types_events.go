package api

// EventsEvent tells people what happened to an object, in the form of the events.k8s.io group. It is the same
// object as the core group's Event, with other names for its fields.
type EventsEvent struct {
	TypeMeta `json:",inline"`
	// Standard object metadata. Events go away by themselves after an hour.
	ObjectMeta `json:"metadata" pb:"1" api:"optional"`
	// When it first happened.
	EventTime MicroTime `json:"eventTime" pb:"2"`
	// Set when it happened again: how often, and when last.
	Series *EventsEventSeries `json:"series,omitempty" pb:"3"`
	// Who tells: "kubernetes.io/kubelet".
	ReportingController string `json:"reportingController,omitempty" pb:"4"`
	// Which one of them.
	ReportingInstance string `json:"reportingInstance,omitempty" pb:"5"`
	// What was done, or failed to be done.
	Action string `json:"action,omitempty" pb:"6"`
	// Why, in one word of at most 128 characters.
	Reason string `json:"reason,omitempty" pb:"7"`
	// The object that it is about.
	Regarding ObjectReference `json:"regarding,omitempty" pb:"8"`
	// Another object that matters here.
	Related *ObjectReference `json:"related,omitempty" pb:"9"`
	// What happened, for people; at most 1 kB.
	Note string `json:"note,omitempty" pb:"10"`
	// Normal or Warning.
	Type string `json:"type,omitempty" pb:"11"`
	// Who tells, in the core group's form.
	DeprecatedSource EventSource `json:"deprecatedSource,omitempty" pb:"12"`
	// When it first happened, in the core group's form.
	DeprecatedFirstTimestamp Time `json:"deprecatedFirstTimestamp,omitempty" pb:"13"`
	// When it last happened, in the core group's form.
	DeprecatedLastTimestamp Time `json:"deprecatedLastTimestamp,omitempty" pb:"14"`
	// How often it happened, in the core group's form.
	DeprecatedCount int32 `json:"deprecatedCount,omitempty" pb:"15"`
}

// EventsEventSeries counts repeats of one event.
type EventsEventSeries struct {
	// How often it has happened.
	Count int32 `json:"count" pb:"1"`
	// When it last happened.
	LastObservedTime MicroTime `json:"lastObservedTime" pb:"2"`
}
