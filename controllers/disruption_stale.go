package controllers

import (
	"context"
	"log/slog"
	"time"

	"kubelite/api"
	"kubelite/client"
)

// The loop that takes back announcements which came to nothing.
//
//	desired    the condition DisruptionTarget is true of pods that are about to go, and of no others
//	actual     the condition, and since when; whether the pod is being deleted
//	converge   two minutes after an announcement that no deletion has followed, make it false
//
// Who evicts, preempts or drives out a pod first writes the condition, so that the pod's owner knows why it goes, and then
// deletes it. If it is killed in between, the pod lives on, and the first failure of its own would be taken for a
// disruption, which a Job does not count.

const (
	staleDisruptionAfter    = 2 * time.Minute
	podTerminationByKubelet = "TerminationByKubelet"
)

// StaleDisruptions resets the condition DisruptionTarget of pods that stay.
type StaleDisruptions struct {
	client *client.Client
	pods   *client.Informer[*api.Pod]
	log    *slog.Logger
	queue  *client.Queue
}

// NewStaleDisruptions subscribes to pods that have the condition. Keys are pods.
func NewStaleDisruptions(c *client.Client, caches *Caches, log *slog.Logger) *StaleDisruptions {
	s := &StaleDisruptions{client: c, pods: caches.Pods, log: log, queue: client.NewQueue("disruption-stale")}
	caches.Pods.OnChange(func(_, pod *api.Pod, revision int64) {
		if pod == nil {
			return
		}
		if in, announced := staleDisruptionIn(pod, time.Now()); announced {
			s.queue.AddAfter(pod.Key(), in, "DisruptionTarget", revision)
		}
	})
	return s
}

// Run reconciles until ctx ends.
func (s *StaleDisruptions) Run(ctx context.Context) error {
	if err := waitForSync(ctx, s.pods); err != nil {
		return err
	}
	return s.queue.Run(ctx, 1, s.Reconcile, s.log)
}

// Reconcile resets the condition if its time is over.
func (s *StaleDisruptions) Reconcile(ctx context.Context, key api.Key) error {
	pod, ok := s.pods.Get(key)
	if !ok {
		return nil
	}
	in, announced := staleDisruptionIn(pod, time.Now())
	if !announced {
		return nil
	}
	if in > 0 {
		s.queue.AddAfter(key, in, "DisruptionTarget")
		return nil
	}
	ctx = client.Because(ctx, "the pod was announced to go two minutes ago, and nobody has deleted it: take that back")
	err := patchPodStatus(ctx, s.client, pod, func(status *api.PodStatus) {
		condition := disruptionTarget(pod, "", "")
		condition.Status = api.ConditionFalse
		setPodCondition(status, condition, time.Now())
	})
	if api.IsNotFound(err) {
		return nil
	}
	return err
}

// staleDisruptionIn is how long the announcement of a pod's end may still stand. One by its kubelet stands for good: how
// long the pod takes to end is up to the pod.
func staleDisruptionIn(pod *api.Pod, now time.Time) (in time.Duration, announced bool) {
	c := pod.Status.Condition(api.DisruptionTarget)
	if c == nil || c.Status != api.ConditionTrue || c.Reason == podTerminationByKubelet || !podActive(pod) {
		return 0, false
	}
	return max(0, c.LastTransitionTime.Add(staleDisruptionAfter).Sub(now)), true
}
