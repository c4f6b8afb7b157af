package printers

import (
	"time"

	"kubelite/api"
)

// The columns of the kinds that classes and flows are made of.

// PriorityClass are the columns of PriorityClass.
var PriorityClass = columns(func(c *api.PriorityClass, now time.Time) []any {
	return []any{c.Name, c.Value, c.GlobalDefault, Age(c.CreationTimestamp.Time, now), string(api.Deref(c.PreemptionPolicy, ""))}
},
	NameColumn,
	integer("Value", "The priority of pods of the class."),
	boolean("Global-Default", "Whether pods that name no class get this one."),
	ageColumn,
	text("PreemptionPolicy", "Whether its pods push out less important ones."),
)

// RuntimeClass are the columns of RuntimeClass.
var RuntimeClass = columns(func(c *api.RuntimeClass, now time.Time) []any {
	return []any{c.Name, c.Handler, Age(c.CreationTimestamp.Time, now)}
},
	NameColumn,
	text("Handler", "What the container runtime calls it."),
	ageColumn,
)

// FlowSchema are the columns of FlowSchema.
var FlowSchema = columns(func(f *api.FlowSchema, now time.Time) []any {
	method, missing := "<none>", "?"
	if f.Spec.DistinguisherMethod != nil {
		method = string(f.Spec.DistinguisherMethod.Type)
	}
	for _, c := range f.Status.Conditions {
		if c.Type == api.FlowSchemaConditionDangling {
			missing = string(c.Status)
			break
		}
	}
	return []any{f.Name, f.Spec.PriorityLevelConfiguration.Name, f.Spec.MatchingPrecedence, method, Age(f.CreationTimestamp.Time, now), missing}
},
	NameColumn,
	text("PriorityLevel", "Where the requests go."),
	text("MatchingPrecedence", "Of several schemas that match, the lowest is taken."),
	text("DistinguisherMethod", "What makes two requests part of one flow."),
	ageColumn,
	text("MissingPL", "Whether the priority level does not exist."),
)

// PriorityLevelConfiguration are the columns of PriorityLevelConfiguration.
var PriorityLevelConfiguration = columns(func(l *api.PriorityLevelConfiguration, now time.Time) []any {
	var shares, queues, hand, length any = "<none>", "<none>", "<none>", "<none>"
	if limited := l.Spec.Limited; limited != nil {
		shares = api.Deref(limited.NominalConcurrencyShares, 0)
		if q := limited.LimitResponse.Queuing; q != nil {
			queues, hand, length = q.Queues, q.HandSize, q.QueueLengthLimit
		}
	}
	return []any{l.Name, string(l.Spec.Type), shares, queues, hand, length, Age(l.CreationTimestamp.Time, now)}
},
	NameColumn,
	text("Type", "Exempt or Limited."),
	text("NominalConcurrencyShares", "The share of what the server can do."),
	text("Queues", "Over how many queues flows are spread."),
	text("HandSize", "Out of how many of them a request takes the shortest."),
	text("QueueLengthLimit", "How many requests may wait in one queue."),
	ageColumn,
)
