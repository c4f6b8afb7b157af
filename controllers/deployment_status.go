package controllers

import (
	"fmt"
	"math"
	"slices"
	"time"

	"kubelite/api"
)

// What a Deployment says about itself. The counts come from the status of its ReplicaSets; the conditions say in
// words what `rollout status` waits for:
//
//	Available       enough pods are available, whatever the template
//	Progressing     the rollout moves; False when nothing happened for progressDeadlineSeconds
//	ReplicaFailure  some ReplicaSet could not create or delete a pod

// statusOf adds up the ReplicaSets, and sets the condition Available.
func statusOf(r *rollout, now time.Time) api.DeploymentStatus {
	all := r.all()
	status := api.DeploymentStatus{
		ObservedGeneration:  r.d.Generation,
		CollisionCount:      r.d.Status.CollisionCount,
		Conditions:          slices.Clone(r.d.Status.Conditions),
		TerminatingReplicas: sumTerminating(all),
	}
	for _, rs := range all {
		status.Replicas += rs.Status.Replicas
		status.ReadyReplicas += rs.Status.ReadyReplicas
		status.AvailableReplicas += rs.Status.AvailableReplicas
	}
	if r.new != nil {
		status.UpdatedReplicas = r.new.Status.Replicas
	}
	status.UnavailableReplicas = max(sumReplicas(all)-status.AvailableReplicas, 0)

	if status.AvailableReplicas >= wanted(r.d)-maxUnavailable(r.d) {
		setCondition(&status, newCondition(api.DeploymentAvailable, api.ConditionTrue, "MinimumReplicasAvailable", "Deployment has minimum availability.", now))
	} else {
		setCondition(&status, newCondition(api.DeploymentAvailable, api.ConditionFalse, "MinimumReplicasUnavailable", "Deployment does not have minimum availability.", now))
	}
	return status
}

// sumTerminating is nil while some ReplicaSet that reports at all does not report this: half a sum would mislead.
func sumTerminating(sets []*api.ReplicaSet) *int32 {
	sum := int32(0)
	for _, rs := range sets {
		switch {
		case rs.Status.TerminatingReplicas != nil:
			sum += *rs.Status.TerminatingReplicas
		case rs.Status.ObservedGeneration != 0:
			return nil
		}
	}
	return &sum
}

// estimateProgress sets the conditions Progressing and ReplicaFailure.
func estimateProgress(r *rollout, status *api.DeploymentStatus, now time.Time) {
	setReplicaFailureFrom(r, status)
	if !hasProgressDeadline(r.d) {
		removeCondition(status, api.DeploymentProgressing)
		return
	}
	current := conditionOf(r.d.Status, api.DeploymentProgressing)
	if status.Replicas == status.UpdatedReplicas && current != nil && current.Reason == "NewReplicaSetAvailable" {
		return // the rollout was over before; a pod that is missing now is no lack of progress
	}
	what := fmt.Sprintf("Deployment %q", r.d.Name)
	if r.new != nil {
		what = fmt.Sprintf("ReplicaSet %q", r.new.Name)
	}
	switch {
	case complete(r.d, *status):
		setCondition(status, newCondition(api.DeploymentProgressing, api.ConditionTrue, "NewReplicaSetAvailable", what+" has successfully progressed.", now))
	case progressing(r.d.Status, *status):
		progress := newCondition(api.DeploymentProgressing, api.ConditionTrue, "ReplicaSetUpdated", what+" is progressing.", now)
		if current != nil && current.Status == api.ConditionTrue {
			progress.LastTransitionTime = current.LastTransitionTime
		}
		// Removed first, because setCondition leaves one with the same reason alone, and lastUpdateTime is what the
		// deadline counts from.
		removeCondition(status, api.DeploymentProgressing)
		setCondition(status, progress)
	case timedOut(r.d, *status, now):
		setCondition(status, newCondition(api.DeploymentProgressing, api.ConditionFalse, "ProgressDeadlineExceeded", what+" has timed out progressing.", now))
	}
}

// setReplicaFailureFrom copies the ReplicaSets' condition ReplicaFailure, that of the new one if it has it.
func setReplicaFailureFrom(r *rollout, status *api.DeploymentStatus) {
	sets := r.all()
	slices.Reverse(sets) // the new one comes last
	for _, rs := range sets {
		for _, c := range rs.Status.Conditions {
			if c.Type == api.ReplicaSetReplicaFailure {
				setCondition(status, api.DeploymentCondition{
					Type: api.DeploymentReplicaFailure, Status: c.Status, Reason: c.Reason, Message: c.Message,
					LastTransitionTime: c.LastTransitionTime, LastUpdateTime: c.LastTransitionTime,
				})
				return
			}
		}
	}
	removeCondition(status, api.DeploymentReplicaFailure)
}

// notePause marks the start and the end of a pause in the condition Progressing, so that the time of the pause does
// not count against the deadline.
func notePause(d *api.Deployment, now time.Time) {
	if !hasProgressDeadline(d) {
		return
	}
	current := conditionOf(d.Status, api.DeploymentProgressing)
	if current != nil && current.Reason == "ProgressDeadlineExceeded" {
		return // the failure is worth more than the pause
	}
	paused := current != nil && current.Reason == "DeploymentPaused"
	switch {
	case d.Spec.Paused && !paused:
		setCondition(&d.Status, newCondition(api.DeploymentProgressing, api.ConditionUnknown, "DeploymentPaused", "Deployment is paused", now))
	case !d.Spec.Paused && paused:
		setCondition(&d.Status, newCondition(api.DeploymentProgressing, api.ConditionUnknown, "DeploymentResumed", "Deployment is resumed", now))
	}
}

// complete tells whether the rollout is over: every pod is of the new template and available, and no other is left.
func complete(d *api.Deployment, status api.DeploymentStatus) bool {
	want := wanted(d)
	return status.UpdatedReplicas == want && status.Replicas == want && status.AvailableReplicas == want &&
		status.ObservedGeneration >= d.Generation
}

// progressing tells whether anything got better: more new pods, fewer old ones, more that are ready or available.
func progressing(old, status api.DeploymentStatus) bool {
	return status.UpdatedReplicas > old.UpdatedReplicas ||
		status.Replicas-status.UpdatedReplicas < old.Replicas-old.UpdatedReplicas ||
		status.ReadyReplicas > old.ReadyReplicas ||
		status.AvailableReplicas > old.AvailableReplicas
}

// timedOut tells whether nothing got better for progressDeadlineSeconds.
func timedOut(d *api.Deployment, status api.DeploymentStatus, now time.Time) bool {
	current := conditionOf(status, api.DeploymentProgressing)
	switch {
	case current == nil || current.Reason == "NewReplicaSetAvailable":
		return false // nothing to measure from
	case current.Reason == "ProgressDeadlineExceeded":
		return true
	}
	return now.After(current.LastUpdateTime.Add(progressDeadline(d)))
}

// checkProgressIn is when to look again whether the deadline has passed, 0 if there is nothing to wait for.
func checkProgressIn(d *api.Deployment, status api.DeploymentStatus, now time.Time) time.Duration {
	current := conditionOf(status, api.DeploymentProgressing)
	if !hasProgressDeadline(d) || current == nil || complete(d, status) ||
		current.Reason == "ProgressDeadlineExceeded" || current.Reason == "NewReplicaSetAvailable" {
		return 0
	}
	// One second more: the times in the status are cut to seconds.
	return max(current.LastUpdateTime.Add(progressDeadline(d)).Sub(now), 0) + time.Second
}

func progressDeadline(d *api.Deployment) time.Duration {
	return time.Duration(*d.Spec.ProgressDeadlineSeconds) * time.Second
}

// hasProgressDeadline tells whether lack of progress is to be noticed at all. The highest number means no.
func hasProgressDeadline(d *api.Deployment) bool {
	return d.Spec.ProgressDeadlineSeconds != nil && *d.Spec.ProgressDeadlineSeconds != math.MaxInt32
}

func newCondition(kind api.DeploymentConditionType, status api.ConditionStatus, reason, message string, now time.Time) api.DeploymentCondition {
	t := api.Time{Time: now.Truncate(time.Second)}
	return api.DeploymentCondition{Type: kind, Status: status, Reason: reason, Message: message, LastUpdateTime: t, LastTransitionTime: t}
}

func conditionOf(status api.DeploymentStatus, kind api.DeploymentConditionType) *api.DeploymentCondition {
	for i := range status.Conditions {
		if status.Conditions[i].Type == kind {
			return &status.Conditions[i]
		}
	}
	return nil
}

// setCondition adds or replaces a condition. One with the same status and reason stays as it is, times and message
// included; one with the same status keeps the time of its last transition.
func setCondition(status *api.DeploymentStatus, c api.DeploymentCondition) {
	if current := conditionOf(*status, c.Type); current != nil && current.Status == c.Status {
		if current.Reason == c.Reason {
			return
		}
		c.LastTransitionTime = current.LastTransitionTime
	}
	removeCondition(status, c.Type)
	status.Conditions = append(status.Conditions, c)
}

func removeCondition(status *api.DeploymentStatus, kind api.DeploymentConditionType) {
	status.Conditions = slices.DeleteFunc(slices.Clone(status.Conditions), func(c api.DeploymentCondition) bool { return c.Type == kind })
}
