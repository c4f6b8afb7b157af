package controllers

import (
	"slices"
	"sync"
	"time"

	"kubelite/api"
)

// replicaSetStatus counts the pods. changesIn is when the next ready pod becomes available by the mere passing of
// minReadySeconds, 0 if none will.
func replicaSetStatus(rs *api.ReplicaSet, active, terminating []*api.Pod, actErr error, now time.Time) (status api.ReplicaSetStatus, changesIn time.Duration) {
	status = rs.Status
	status.Conditions = slices.Clone(rs.Status.Conditions)
	status.Replicas = int32(len(active))
	status.FullyLabeledReplicas, status.ReadyReplicas, status.AvailableReplicas = 0, 0, 0
	for _, pod := range active {
		if hasLabels(pod.Labels, rs.Spec.Template.Labels) {
			status.FullyLabeledReplicas++
		}
		if _, ready := podReady(pod); !ready {
			continue
		}
		status.ReadyReplicas++
		in, available := podAvailable(pod, rs.Spec.MinReadySeconds, now)
		if available {
			status.AvailableReplicas++
		} else if in > 0 && (changesIn == 0 || in < changesIn) {
			changesIn = in
		}
	}
	status.TerminatingReplicas = api.Ptr(int32(len(terminating)))
	status.ObservedGeneration = rs.Generation
	setReplicaFailure(&status, len(active)-int(replicas(rs)), actErr, now)
	return status, changesIn
}

// setReplicaFailure keeps the condition ReplicaFailure for as long as the last attempt failed. Its message is that
// of the first failure: one that changed with every attempt would be written with every attempt.
func setReplicaFailure(status *api.ReplicaSetStatus, tooMany int, actErr error, now time.Time) {
	isFailure := func(c api.ReplicaSetCondition) bool { return c.Type == api.ReplicaSetReplicaFailure }
	exists := slices.ContainsFunc(status.Conditions, isFailure)
	switch {
	case actErr == nil && exists:
		status.Conditions = slices.DeleteFunc(status.Conditions, isFailure)
	case actErr != nil && !exists:
		reason := "FailedCreate"
		if tooMany > 0 {
			reason = "FailedDelete"
		}
		status.Conditions = append(status.Conditions, api.ReplicaSetCondition{
			Type: api.ReplicaSetReplicaFailure, Status: api.ConditionTrue, Reason: reason, Message: actErr.Error(),
			LastTransitionTime: api.Time{Time: now.Truncate(time.Second)},
		})
	}
}

// hasLabels tells whether labels contain all those wanted.
func hasLabels(labels, wanted map[string]string) bool {
	for key, value := range wanted {
		if got, ok := labels[key]; !ok || got != value {
			return false
		}
	}
	return true
}

// onlyCountsChanged tells that a new status says nothing that somebody waits for: the same spec was observed, and
// only the numbers moved.
func onlyCountsChanged(old, status api.ReplicaSetStatus) bool {
	return old.ObservedGeneration == status.ObservedGeneration && len(old.Conditions) == len(status.Conditions)
}

// A pacer spaces out the reports about large ReplicaSets. 5,000 pods that become ready one after the other would
// make 5,000 statuses, each of which wakes the Deployment's controller and everybody who watches; a report every
// quarter of a second says the same. Three pods are reported without delay.
type pacer struct {
	mu sync.Mutex
	// next is the earliest time of the next report; guarded by mu
	next map[api.Key]time.Time
}

const (
	reportPerPod   = 50 * time.Microsecond
	maxReportPause = 250 * time.Millisecond
)

func newPacer() *pacer { return &pacer{next: map[api.Key]time.Time{}} }

// due tells whether a report may be written now.
func (p *pacer) due(key api.Key, now time.Time) bool { return p.wait(key, now) <= 0 }

// wait is the time until a report may be written.
func (p *pacer) wait(key api.Key, now time.Time) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.next[key].Sub(now)
}

// done starts the pause after a report about so many pods.
func (p *pacer) done(key api.Key, now time.Time, pods int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.next[key] = now.Add(min(time.Duration(pods)*reportPerPod, maxReportPause))
}

// forget drops a ReplicaSet that is gone.
func (p *pacer) forget(key api.Key) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.next, key)
}
