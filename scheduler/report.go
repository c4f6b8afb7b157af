package scheduler

import (
	"context"
	"fmt"

	"kubelite/api"
	"kubelite/client"
)

// outcome is what is said about a pod that got no node.
type outcome struct {
	reason    string // of its condition
	message   string
	nominate  bool // write the nomination, too
	nominated string
}

// unschedulable puts a pod that got no node where it waits for better times, and tells everybody who may ask why: the ledger
// gets the results of every node, the pod a condition, people an event.
func (s *Scheduler) unschedulable(ctx context.Context, a attempt, c *cycle) {
	d, pod := c.decision, a.info.pod
	o := &outcome{reason: api.PodReasonUnschedulable, message: d.message(), nominate: d.renominate, nominated: d.Nominated}
	switch {
	case s.stillWaits(pod) == nil:
		s.queue.decided(a.queued)
		return
	case d.failure != "":
		o.reason = "SchedulerError"
		s.queue.failed(a.queued)
	case len(d.rejectedBy) == 0: // no nodes: no plugin waits for anything
		s.queue.failed(a.queued)
	default:
		s.queue.rejected(a.queued, d.rejectors())
	}
	why := client.Because(ctx, "%s", d.why())
	if err := s.client.Decide(why, pod, d); err != nil {
		s.log.Warn("record a decision", "namespace", pod.Namespace, "name", pod.Name, "error", err)
	}
	s.report(why, pod, o)
}

// maxEventMessage is what an event's message may hold.
const maxEventMessage = 1024

// report writes the event, and the condition PodScheduled=False with the nomination, unless the pod says so already.
func (s *Scheduler) report(ctx context.Context, pod *api.Pod, o *outcome) {
	message := o.message
	if len(message) > maxEventMessage {
		message = message[:maxEventMessage-4] + " ..."
	}
	s.profiles[pod.Spec.SchedulerName].events.Event(ctx, pod, api.EventTypeWarning, "FailedScheduling", "%s", message)
	status := map[string]any{}
	if condition := unscheduledCondition(pod, o); condition != nil {
		status["conditions"] = []api.PodCondition{*condition}
	}
	if o.nominate && pod.Status.NominatedNodeName != o.nominated {
		status["nominatedNodeName"] = o.nominated
		if o.nominated == "" {
			status["nominatedNodeName"] = nil
		}
	}
	if len(status) == 0 {
		return
	}
	if err := s.patchStatus(ctx, pod, status); err != nil {
		s.log.Warn("report that a pod fits nowhere", "namespace", pod.Namespace, "name", pod.Name, "error", err)
	}
}

// unscheduledCondition returns the condition to write, nil if the pod has it.
func unscheduledCondition(pod *api.Pod, o *outcome) *api.PodCondition {
	condition := &api.PodCondition{
		Type: api.PodScheduled, Status: api.ConditionFalse, Reason: o.reason, Message: o.message,
		ObservedGeneration: pod.Generation, LastTransitionTime: api.Now(),
	}
	if c := pod.Status.Condition(api.PodScheduled); c != nil {
		if c.Status == condition.Status && c.Reason == condition.Reason && c.Message == condition.Message && c.ObservedGeneration == condition.ObservedGeneration {
			return nil
		}
		if c.Status == condition.Status {
			condition.LastTransitionTime = c.LastTransitionTime
		}
	}
	return condition
}

// patchStatus writes parts of a pod's status; it does not mind that the pod is gone. The uid makes sure that it is not another
// one of the same name.
func (s *Scheduler) patchStatus(ctx context.Context, pod *api.Pod, status map[string]any) error {
	patch, err := api.MarshalJSON(map[string]any{"metadata": map[string]any{"uid": pod.UID}, "status": status})
	if err != nil {
		return err
	}
	_, err = client.Of[*api.Pod](s.client).Patch(ctx, pod.Namespace, pod.Name, api.StrategicMergePatchType, patch, "status")
	if api.IsNotFound(err) || api.IsConflict(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("patch the status of pod %s: %w", pod.Key(), err)
	}
	return nil
}
