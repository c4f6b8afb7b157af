package printers

import (
	"cmp"
	"fmt"
	"strconv"
	"time"

	"kubelite/api"
)

// Pod squeeze a pod's state into one line. STATUS is the word people look at: not status.phase, but the
// most telling thing that any container has to say.
var Pod = &Columns{
	Definitions: []api.TableColumnDefinition{
		NameColumn,
		text("Ready", "Containers that are ready, out of those that should be."),
		text("Status", "The state of the pod, or of the container that holds it back."),
		text("Restarts", "How often containers were restarted, and when the last time was."),
		ageColumn,
		wide("IP", "Address of the pod."),
		wide("Node", "Node that the pod is bound to."),
		wide("Nominated Node", "Node that pods of lower priority are evicted from to make room for this one."),
		wide("Readiness Gates", "Extra conditions that are true, out of those that readiness needs."),
	},
	Row: func(obj api.Object) ([]any, []api.TableRowCondition) {
		pod := obj.(*api.Pod)
		return podCells(pod, time.Now()), podRowConditions(pod)
	},
}

// podRowConditions mark pods that have ended: nothing of them runs any more.
func podRowConditions(pod *api.Pod) []api.TableRowCondition {
	switch phase := pod.Status.Phase; phase {
	case api.PodSucceeded:
		return []api.TableRowCondition{{Type: api.RowCompleted, Status: api.ConditionTrue, Reason: string(phase), Message: "The pod has completed successfully."}}
	case api.PodFailed:
		return []api.TableRowCondition{{Type: api.RowCompleted, Status: api.ConditionTrue, Reason: string(phase), Message: "The pod failed."}}
	}
	return nil
}

func podCells(pod *api.Pod, now time.Time) []any {
	s := summarizePod(pod)
	restarts := strconv.Itoa(s.restarts)
	if s.restarts != 0 && !s.lastRestart.IsZero() {
		restarts = fmt.Sprintf("%d (%s ago)", s.restarts, Age(s.lastRestart, now))
	}
	ip := ""
	if len(pod.Status.PodIPs) > 0 {
		ip = pod.Status.PodIPs[0].IP
	}
	return []any{
		pod.Name, fmt.Sprintf("%d/%d", s.ready, s.total), s.status, restarts, Age(pod.CreationTimestamp.Time, now),
		orNone(ip), orNone(pod.Spec.NodeName), orNone(pod.Status.NominatedNodeName), readinessGatesText(pod),
	}
}

// podSummary is what a pod's line says about its containers.
type podSummary struct {
	ready, total int
	status       string
	restarts     int
	lastRestart  time.Time
}

// add counts the restarts of one container.
func (s *podSummary) add(c *api.ContainerStatus) {
	s.restarts += int(c.RestartCount)
	if t := c.LastTerminationState.Terminated; t != nil && t.FinishedAt.After(s.lastRestart) {
		s.lastRestart = t.FinishedAt.Time
	}
}

// summarizePod reads the containers' states in the order in which they hold a pod back: init containers one after
// the other, then all others at once.
func summarizePod(pod *api.Pod) podSummary {
	s := podSummary{status: cmp.Or(pod.Status.Reason, string(pod.Status.Phase)), total: len(pod.Spec.Containers)}
	for i := range pod.Status.Conditions {
		if c := &pod.Status.Conditions[i]; c.Type == api.PodScheduled && c.Reason == "SchedulingGated" {
			s.status = "SchedulingGated"
		}
	}

	// A sidecar is an init container that keeps running: it counts with the ordinary containers.
	sidecar := map[string]bool{}
	for i := range pod.Spec.InitContainers {
		if c := &pod.Spec.InitContainers[i]; c.IsSidecar() {
			sidecar[c.Name] = true
			s.total++
		}
	}

	// Restarts of init containers are of interest only as long as the pod initializes; those of sidecars always.
	sidecars := podSummary{}
	initializing := false
	for i := range pod.Status.InitContainerStatuses {
		c := &pod.Status.InitContainerStatuses[i]
		s.add(c)
		if sidecar[c.Name] {
			sidecars.add(c)
		}
		if c.State.Terminated != nil && c.State.Terminated.ExitCode == 0 {
			continue
		}
		if sidecar[c.Name] && api.Deref(c.Started, false) {
			if c.Ready {
				s.ready++
			}
			continue
		}
		s.status = "Init:" + initReason(c, i, len(pod.Spec.InitContainers))
		initializing = true
		break // those after it have not started
	}

	if !initializing || podConditionTrue(pod, api.PodInitialized) {
		s.restarts, s.lastRestart = sidecars.restarts, sidecars.lastRestart
		summarizeContainers(pod, &s)
	}

	if pod.DeletionTimestamp != nil {
		if pod.Status.Reason == "NodeLost" {
			s.status = "Unknown" // the node cannot tell whether the containers have stopped
		} else if !pod.Status.Phase.Ended() {
			s.status = "Terminating"
		}
	}
	return s
}

// initReason says how far the init container that is at work, the i-th of n, has come.
func initReason(c *api.ContainerStatus, i, n int) string {
	switch {
	case c.State.Terminated != nil:
		return terminatedReason(c.State.Terminated)
	case c.State.Waiting != nil && c.State.Waiting.Reason != "" && c.State.Waiting.Reason != "PodInitializing":
		return c.State.Waiting.Reason
	default:
		return fmt.Sprintf("%d/%d", i, n)
	}
}

func terminatedReason(t *api.ContainerStateTerminated) string {
	switch {
	case t.Reason != "":
		return t.Reason
	case t.Signal != 0:
		return fmt.Sprintf("Signal:%d", t.Signal)
	default:
		return fmt.Sprintf("ExitCode:%d", t.ExitCode)
	}
}

// summarizeContainers lets the first container that waits or has ended speak for the pod (hence from last to
// first). A pod of which one container completed and another still runs is not called Completed.
func summarizeContainers(pod *api.Pod, s *podSummary) {
	running, failure := false, ""
	for i := len(pod.Status.ContainerStatuses) - 1; i >= 0; i-- {
		c := &pod.Status.ContainerStatuses[i]
		s.add(c)
		switch {
		case c.State.Waiting != nil && c.State.Waiting.Reason != "":
			s.status = c.State.Waiting.Reason
		case c.State.Terminated != nil:
			s.status = terminatedReason(c.State.Terminated)
			if c.State.Terminated.ExitCode != 0 {
				failure = s.status
			}
		case c.Ready && c.State.Running != nil:
			running = true
			s.ready++
		}
	}
	if s.status != "Completed" {
		return
	}
	switch {
	case running && podConditionTrue(pod, api.PodReady):
		s.status = "Running"
	case failure != "":
		s.status = failure
	case running:
		s.status = "NotReady"
	}
}

func readinessGatesText(pod *api.Pod) string {
	if len(pod.Spec.ReadinessGates) == 0 {
		return "<none>"
	}
	open := 0
	for _, gate := range pod.Spec.ReadinessGates {
		if podConditionTrue(pod, gate.ConditionType) {
			open++
		}
	}
	return fmt.Sprintf("%d/%d", open, len(pod.Spec.ReadinessGates))
}

func podConditionTrue(pod *api.Pod, conditionType api.PodConditionType) bool {
	c := pod.Status.Condition(conditionType)
	return c != nil && c.Status == api.ConditionTrue
}
