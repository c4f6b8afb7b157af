package api

type EventsEvent struct {
	TypeMeta                 `json:",inline"`
	ObjectMeta               `json:"metadata" pb:"1"`
	EventTime                MicroTime          `json:"eventTime" pb:"2"`
	Series                   *EventsEventSeries `json:"series,omitempty" pb:"3"`
	ReportingController      string             `json:"reportingController,omitempty" pb:"4"`
	ReportingInstance        string             `json:"reportingInstance,omitempty" pb:"5"`
	Action                   string             `json:"action,omitempty" pb:"6"`
	Reason                   string             `json:"reason,omitempty" pb:"7"`
	Regarding                ObjectReference    `json:"regarding,omitempty" pb:"8"`
	Related                  *ObjectReference   `json:"related,omitempty" pb:"9"`
	Note                     string             `json:"note,omitempty" pb:"10"`
	Type                     string             `json:"type,omitempty" pb:"11"`
	DeprecatedSource         EventSource        `json:"deprecatedSource,omitempty" pb:"12"`
	DeprecatedFirstTimestamp Time               `json:"deprecatedFirstTimestamp,omitempty" pb:"13"`
	DeprecatedLastTimestamp  Time               `json:"deprecatedLastTimestamp,omitempty" pb:"14"`
	DeprecatedCount          int32              `json:"deprecatedCount,omitempty" pb:"15"`
}

type EventsEventSeries struct {
	Count            int32     `json:"count" pb:"1"`
	LastObservedTime MicroTime `json:"lastObservedTime" pb:"2"`
}
