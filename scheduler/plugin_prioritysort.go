package scheduler

// prioritySort tries the more important pod first, and of equals the one that has waited longer.
type prioritySort struct{}

func (*prioritySort) Name() string { return "PrioritySort" }

// Less compares priorities, then times.
func (*prioritySort) Less(a, b *queuedPod) bool {
	if a.info.priority != b.info.priority {
		return a.info.priority > b.info.priority
	}
	return a.since.Before(b.since)
}
