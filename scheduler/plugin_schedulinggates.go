package scheduler

import (
	"fmt"

	"kubelite/api"
)

// schedulingGates keeps pods out of the queue while anything is on their list of gates. Whoever put a gate there takes it
// off when the pod may go: a quota system, say, or one that waits for a whole group of pods. The condition that says so,
// PodScheduled with the reason SchedulingGated, is the API server's.
type schedulingGates struct{}

func (*schedulingGates) Name() string { return "SchedulingGates" }

// PreEnqueue rejects pods that have gates.
func (*schedulingGates) PreEnqueue(pod *api.Pod) *status {
	if len(pod.Spec.SchedulingGates) == 0 {
		return nil
	}
	var gates []string
	for _, g := range pod.Spec.SchedulingGates {
		gates = append(gates, g.Name)
	}
	return reject("SchedulingGates", unresolvable, fmt.Sprintf("waiting for scheduling gates: %v", gates))
}
