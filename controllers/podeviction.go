package controllers

import (
	"context"
	"sync"
	"time"

	"kubelite/api"
	"kubelite/client"
)

// What the loops share that drive pods out: tainteviction.go and devicetainteviction.go at a time, podgc.go at once.

// evictionPlan knows the pods that are to be deleted later, so that it can be said of one that stays after all. The zero value
// is empty.
type evictionPlan struct {
	mu   sync.Mutex
	pods map[api.Key]struct{} // guarded by mu
}

func (p *evictionPlan) add(pod api.Key) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.pods == nil {
		p.pods = map[api.Key]struct{}{}
	}
	p.pods[pod] = struct{}{}
}

// drop takes a pod out of the plan, and tells whether it was in it.
func (p *evictionPlan) drop(pod api.Key) (was bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, was = p.pods[pod]
	delete(p.pods, pod)
	return was
}

func (p *evictionPlan) has(pod api.Key) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, has := p.pods[pod]
	return has
}

// evictPod says in the pod's status why it goes (a Job need not count that as a failure), and deletes it. A conflict is
// an error: whoever looks again sees whether another writer was faster, or another pod has the name.
func evictPod(ctx context.Context, c *client.Client, pod *api.Pod, reason, message string) error {
	err := patchPodStatus(ctx, c, pod, func(s *api.PodStatus) {
		setPodCondition(s, disruptionTarget(pod, reason, message), time.Now())
	})
	if err == nil {
		err = client.Of[*api.Pod](c).Delete(ctx, pod.Namespace, pod.Name, api.DeleteOptions{Preconditions: &api.Preconditions{UID: &pod.UID}})
	}
	if api.IsNotFound(err) {
		return nil
	}
	return err
}

// disruptionTarget is the condition of a pod that goes through no fault of its own.
func disruptionTarget(pod *api.Pod, reason, message string) api.PodCondition {
	return api.PodCondition{Type: api.DisruptionTarget, Status: api.ConditionTrue, ObservedGeneration: pod.Generation, Reason: reason, Message: message}
}
