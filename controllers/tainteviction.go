package controllers

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"kubelite/api"
	"kubelite/client"
)

// The loop that empties nodes.
//
//	desired    no pod on a node with a NoExecute taint that it does not tolerate, or no longer
//	actual     the taints of its node, and since when they are there
//	converge   delete the pod when its time is over: at once without a toleration, after tolerationSeconds with one
//
// Example: node n2 is unreachable since 12:00:00. The API server gave every pod a toleration of 300 seconds for that
// (unless the pod has one of its own), so at 12:05:00 its pods are deleted, and their owners make others elsewhere. When
// the node comes back before, it loses the taint, and nothing happens.
//
// A pod counts from the moment when the taint was added, or, if it came later, from when it was given to the node. The
// node lifecycle loop writes that moment into the taint, so that a restart of this process costs nobody time; for a
// taint without it (`kubectl taint` writes none) it is when this process noticed.

// TaintEviction deletes pods from nodes that they may not be on.
type TaintEviction struct {
	client *client.Client
	nodes  *client.Informer[*api.Node]
	pods   *client.Informer[*api.Pod]
	events *client.Recorder
	log    *slog.Logger
	queue  *client.Queue
	plan   evictionPlan

	mu      sync.Mutex
	tainted map[string][]api.Taint // NoExecute taints by node, each with its time; guarded by mu
}

// NewTaintEviction subscribes to the nodes and pods of the shared caches. Keys are pods.
func NewTaintEviction(c *client.Client, caches *Caches, log *slog.Logger) *TaintEviction {
	t := &TaintEviction{
		client: c, nodes: caches.Nodes, pods: caches.Pods, log: log,
		events: client.NewRecorder(c, "taint-eviction-controller", ""), queue: client.NewQueue("tainteviction"),
		tainted: map[string][]api.Taint{},
	}
	caches.Nodes.OnChange(t.nodeChanged)
	caches.Pods.OnChange(t.podChanged)
	return t
}

// Run reconciles until ctx ends.
func (t *TaintEviction) Run(ctx context.Context) error {
	if err := waitForSync(ctx, t.nodes, t.pods); err != nil {
		return err
	}
	return t.queue.Run(ctx, 8, t.Reconcile, t.log)
}

// nodeChanged remembers the taints first: a pod that appears a moment later must find them.
func (t *TaintEviction) nodeChanged(old, node *api.Node, revision int64) {
	if node == nil {
		t.mu.Lock()
		delete(t.tainted, old.Name)
		t.mu.Unlock()
		return
	}
	t.mu.Lock()
	before := t.tainted[node.Name]
	now := datedTaints(node.Spec.Taints, before, time.Now())
	if len(now) == 0 {
		delete(t.tainted, node.Name)
	} else {
		t.tainted[node.Name] = now
	}
	t.mu.Unlock()
	if api.Equal(before, now) {
		return
	}
	for _, pod := range t.pods.ByIndex(byNode, node.Name) {
		t.queue.Add(pod.Key(), revision)
	}
}

func (t *TaintEviction) podChanged(old, pod *api.Pod, revision int64) {
	if old != nil && pod != nil && old.Spec.NodeName == pod.Spec.NodeName && api.Equal(old.Spec.Tolerations, pod.Spec.Tolerations) {
		return
	}
	if pod == nil {
		pod = old
	}
	t.mu.Lock()
	tainted := len(t.tainted[pod.Spec.NodeName]) > 0
	t.mu.Unlock()
	if tainted || t.plan.has(pod.Key()) {
		t.queue.Add(pod.Key(), revision)
	}
}

// Reconcile deletes the pod if its time is over, and comes back then if it is not.
func (t *TaintEviction) Reconcile(ctx context.Context, key api.Key) error {
	var due time.Time
	var taint *api.Taint
	pod, ok := t.pods.Get(key)
	if ok {
		t.mu.Lock()
		taints := t.tainted[pod.Spec.NodeName]
		t.mu.Unlock()
		due, taint = evictionTime(taints, pod)
	}
	switch {
	case taint == nil:
		if t.plan.drop(key) {
			t.event(ctx, key, "Cancelling deletion of Pod %s", key)
		}
		return nil
	case time.Until(due) > 0:
		t.plan.add(key)
		t.queue.AddAfter(key, time.Until(due), "tolerationSeconds")
		tell(client.Because(ctx, "node %s has taint %s, which the pod tolerates until %s: wait", pod.Spec.NodeName, taint.Key, due.UTC().Format(time.TimeOnly)), t.client, t.log, pod)
		return nil
	}
	if t.plan.drop(key) && due.IsZero() { // it was to stay a while longer, and is not
		t.event(ctx, key, "Cancelling deletion of Pod %s", key)
	}
	t.event(ctx, key, "Marking for deletion Pod %s", key)
	ctx = client.Because(ctx, "node %s has taint %s, which the pod does not tolerate (any longer): delete", pod.Spec.NodeName, taint.Key)
	return evictPod(ctx, t.client, pod, "DeletionByTaintManager", "Taint manager: deleting due to NoExecute taint")
}

// event goes to the pod by its name alone, as upstream's do.
func (t *TaintEviction) event(ctx context.Context, key api.Key, format string, args ...any) {
	pod := api.ObjectReference{Kind: "Pod", APIVersion: "v1", Namespace: key.Namespace, Name: key.Name}
	t.events.EventOn(ctx, pod, api.EventTypeNormal, "TaintManagerEviction", format, args...)
}

// datedTaints are the NoExecute taints, each with the time from which it counts: its own, or the one it had before, or
// now.
func datedTaints(taints, before []api.Taint, now time.Time) (dated []api.Taint) {
	for _, taint := range taints {
		if taint.Effect != api.TaintEffectNoExecute {
			continue
		}
		if taint.TimeAdded == nil {
			taint.TimeAdded = api.Ptr(api.Time{Time: now})
			for _, b := range before {
				if b.Key == taint.Key && b.Value == taint.Value {
					taint.TimeAdded = b.TimeAdded
				}
			}
		}
		dated = append(dated, taint)
	}
	return dated
}

// evictionTime is when a pod has to leave, zero for at once, and the taint that drives it away: nil if none does. What it tolerates
// for a while counts from when it met the taint.
func evictionTime(taints []api.Taint, pod *api.Pod) (due time.Time, by *api.Taint) {
	for i := range taints {
		taint := &taints[i]
		since := taint.TimeAdded.Time
		if pod.CreationTimestamp.After(since) {
			since = pod.CreationTimestamp.Time
		}
		if c := pod.Status.Condition(api.PodScheduled); c != nil && c.LastTransitionTime.After(since) {
			since = c.LastTransitionTime.Time
		}
		tolerated := false
		for j := range pod.Spec.Tolerations {
			toleration := &pod.Spec.Tolerations[j]
			if !toleration.Matches(taint) {
				continue
			}
			tolerated = true // the first that matches counts
			if toleration.TolerationSeconds != nil {
				end := since.Add(time.Duration(max(0, *toleration.TolerationSeconds)) * time.Second)
				if by == nil || end.Before(due) {
					due, by = end, taint
				}
			}
			break
		}
		if !tolerated {
			return time.Time{}, taint
		}
	}
	return due, by
}
