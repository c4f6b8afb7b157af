package controllers

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"kubelite/api"
	"kubelite/client"
)

// The loop that removes pods which nobody else would.
//
//	desired    no pod whose node is gone; none being deleted that never had a node, or whose node is out of service;
//	           no more than 12,500 that have ended
//	actual     the pods, and the nodes they are on
//	converge   call such a pod failed, and delete it without waiting for a kubelet: none will answer
//
// It looks every 20 seconds. That a node is not in the cache may mean that the cache is behind; so a node must be missing
// for 40 seconds, and the API server must say so too, before its pods are taken for lost.

const (
	podGCPeriod            = 20 * time.Second
	missingNodeQuarantine  = 40 * time.Second
	endedPodsThreshold     = 12500
	podReasonEvicted       = "Evicted"
	podGCCondition         = "DeletionByPodGC"
	podGCConditionOrphaned = "PodGC: node no longer exists"
)

// PodGC deletes what is left of pods.
type PodGC struct {
	client *client.Client
	pods   *client.Informer[*api.Pod]
	nodes  *client.Informer[*api.Node]
	log    *slog.Logger

	missing map[string]time.Time // nodes that pods name and that are not there, and since when; of Run's goroutine only
}

// NewPodGC reads the pods and nodes of the shared caches.
func NewPodGC(c *client.Client, caches *Caches, log *slog.Logger) *PodGC {
	return &PodGC{client: c, pods: caches.Pods, nodes: caches.Nodes, log: log, missing: map[string]time.Time{}}
}

// Run looks again and again until ctx ends.
func (g *PodGC) Run(ctx context.Context) error {
	if err := waitForSync(ctx, g.pods, g.nodes); err != nil {
		return err
	}
	tick := time.NewTicker(podGCPeriod)
	defer tick.Stop()
	for {
		if err := g.collect(client.WithTimer(ctx, "pod garbage collection"), time.Now()); err != nil && ctx.Err() == nil {
			g.log.WarnContext(ctx, "not all pods could be removed, will retry", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// collect is one look at all pods.
func (g *PodGC) collect(ctx context.Context, now time.Time) error {
	pods := g.pods.List("", nil)
	lost, err := g.lostNodes(ctx, pods, now)
	plan := planPodGC(pods, lost, func(name string) *api.Node {
		node, _ := g.nodes.Get(api.Key{Name: name})
		return node
	})
	_, removeErr := inParallel(len(plan), func(i int) error {
		return g.remove(client.Because(ctx, "%s: remove the pod by force", plan[i].why), plan[i])
	})
	return errors.Join(err, removeErr)
}

// lostNodes are the nodes that pods name and that have been gone for long enough to be sure.
func (g *PodGC) lostNodes(ctx context.Context, pods []*api.Pod, now time.Time) (lost map[string]bool, err error) {
	named := map[string]bool{}
	for _, pod := range pods {
		if name := pod.Spec.NodeName; name != "" {
			if _, there := g.nodes.Get(api.Key{Name: name}); !there {
				named[name] = true
			}
		}
	}
	for name := range g.missing {
		if !named[name] {
			delete(g.missing, name) // it came back, or its pods are gone
		}
	}
	lost = map[string]bool{}
	for name := range named {
		since, known := g.missing[name]
		if !known {
			g.missing[name] = now
		}
		if !known || now.Sub(since) < missingNodeQuarantine {
			continue
		}
		switch _, getErr := client.Of[*api.Node](g.client).Get(ctx, "", name); {
		case api.IsNotFound(getErr):
			lost[name] = true
		case getErr != nil:
			err = errors.Join(err, getErr)
		}
	}
	return lost, err
}

// lostPod is a pod to remove, and the reason.
type lostPod struct {
	pod      *api.Pod
	why      string
	orphaned bool
}

// remove calls the pod failed, unless it has ended, so that whoever counts pods does not take it for running, and
// deletes it at once.
func (g *PodGC) remove(ctx context.Context, lost lostPod) error {
	pod := lost.pod
	var err error
	if !podEnded(pod) {
		err = patchPodStatus(ctx, g.client, pod, func(s *api.PodStatus) {
			s.Phase, s.ObservedGeneration = api.PodFailed, pod.Generation
			if lost.orphaned {
				setPodCondition(s, disruptionTarget(pod, podGCCondition, podGCConditionOrphaned), time.Now())
			}
		})
	}
	if err == nil {
		err = client.Of[*api.Pod](g.client).Delete(ctx, pod.Namespace, pod.Name, api.DeleteOptions{
			GracePeriodSeconds: api.Ptr(int64(0)), Preconditions: &api.Preconditions{UID: &pod.UID},
		})
	}
	if api.IsNotFound(err) || api.IsConflict(err) {
		return nil // gone, and perhaps another one has its name
	}
	return err
}

// planPodGC says which pods to remove. node returns nil for nodes that are not known.
func planPodGC(pods []*api.Pod, lost map[string]bool, node func(name string) *api.Node) []lostPod {
	var plan []lostPod
	var ended []*api.Pod
	for _, pod := range pods {
		n := node(pod.Spec.NodeName)
		switch {
		case lost[pod.Spec.NodeName]:
			plan = append(plan, lostPod{pod: pod, why: "node " + pod.Spec.NodeName + " no longer exists", orphaned: true})
		case pod.DeletionTimestamp != nil && pod.Spec.NodeName == "":
			plan = append(plan, lostPod{pod: pod, why: "it is being deleted and never had a node"})
		case pod.DeletionTimestamp != nil && n != nil && nodeReadiness(n) != api.ConditionTrue && hasTaintKey(n, taintOutOfService):
			plan = append(plan, lostPod{pod: pod, why: "it is being deleted and node " + n.Name + " is out of service"})
		case podEnded(pod):
			ended = append(ended, pod)
		}
	}
	if over := len(ended) - endedPodsThreshold; over > 0 {
		slices.SortFunc(ended, endedPodsOrder)
		for _, pod := range ended[:over] {
			plan = append(plan, lostPod{pod: pod, why: "too many pods have ended"})
		}
	}
	return plan
}

// endedPodsOrder puts first what is worth least: evicted pods, which somebody has replaced, then the oldest.
func endedPodsOrder(a, b *api.Pod) int {
	rank := func(p *api.Pod) int {
		if p.Status.Phase == api.PodFailed && p.Status.Reason == podReasonEvicted {
			return 0
		}
		return 1
	}
	return cmp.Or(rank(a)-rank(b), a.CreationTimestamp.Compare(b.CreationTimestamp.Time), cmp.Compare(a.Name, b.Name))
}

func hasTaintKey(node *api.Node, key string) bool {
	return slices.ContainsFunc(node.Spec.Taints, func(t api.Taint) bool { return t.Key == key })
}
