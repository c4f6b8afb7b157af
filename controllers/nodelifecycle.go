package controllers

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"kubelite/api"
	"kubelite/client"
)

// The node lifecycle loop.
//
//	desired    the Node tells whether its kubelet is alive, and where it is not, pods are asked to leave
//	actual     when this process last saw the node's Lease or its status change
//	converge   after a grace period without a sign of life write Unknown, call the node's pods not ready, and taint it
//
// A machine that loses its power cannot say so. What tells is silence:
//
//	kubelet      ♥ ....10 s.... ♥ ....10 s.... ♥  ✗ power cut
//	this loop                                  │◀──── grace period, 50 s ────▶│ Ready=Unknown, pods not ready
//	                                                                          │ taint unreachable:NoExecute
//	tainteviction.go                                                          │◀── tolerationSeconds, 300 s ──▶│ pods deleted
//
// The heartbeats' own times are not compared with our clock: the node's clock may be wrong. It counts only that a
// heartbeat is another one than before, and when we noticed.
//
// It works on all nodes at once, every few seconds, and not by keys: silence makes no event, and how fast pods may be
// driven away depends on how many nodes fail together (nodelifecycle_zones.go).

// The timing is upstream's.
const (
	nodeMonitorPeriod             = 5 * time.Second
	defaultNodeMonitorGracePeriod = 50 * time.Second
	nodeStartupGracePeriod        = 60 * time.Second // for a node that has never told its state
)

const leaseNamespace = "kube-node-lease"

// NodeLifecycle watches over the nodes.
type NodeLifecycle struct {
	client *client.Client
	nodes  *client.Informer[*api.Node]
	leases *client.Informer[*api.Lease]
	pods   *client.Informer[*api.Pod]
	events *client.Recorder
	log    *slog.Logger
	grace  time.Duration

	// Of Run's goroutine only:

	health map[string]*nodeHealth // by node
	zones  map[string]*zone
	halted bool // no node at all is ready: the fault is ours, rather than that of them all
}

// NewNodeLifecycle reads the nodes, leases and pods of the shared caches. A grace period of 0 is the usual one.
func NewNodeLifecycle(c *client.Client, caches *Caches, grace time.Duration, log *slog.Logger) *NodeLifecycle {
	if grace == 0 {
		grace = defaultNodeMonitorGracePeriod
	}
	return &NodeLifecycle{
		client: c, nodes: caches.Nodes, leases: caches.NodeLeases, pods: caches.Pods, log: log, grace: grace,
		events: client.NewRecorder(c, "node-controller", ""),
		health: map[string]*nodeHealth{}, zones: map[string]*zone{},
	}
}

// Run looks at all nodes again and again until ctx ends.
func (n *NodeLifecycle) Run(ctx context.Context) error {
	if err := waitForSync(ctx, n.nodes, n.leases, n.pods); err != nil {
		return err
	}
	tick := time.NewTicker(min(nodeMonitorPeriod, n.grace/5))
	defer tick.Stop()
	for {
		if err := n.monitor(client.WithTimer(ctx, "node monitor")); err != nil && ctx.Err() == nil {
			n.log.WarnContext(ctx, "not all nodes could be looked after, will retry", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// monitor is one look at all nodes. What fails is left as it is: the next look finds it so.
func (n *NodeLifecycle) monitor(ctx context.Context) error {
	nodes := n.nodes.List("", nil)
	now := time.Now()
	n.meet(ctx, nodes, now) // 1. who is here
	silent := n.listen(nodes, now)
	_, err := inParallel(len(silent), func(i int) error { // 2. who gives no sign of life
		return n.declareUnknown(ctx, silent[i], now)
	})
	_, podsErr := inParallel(len(nodes), func(i int) error { // 3. their pods get no more traffic
		return n.markPodsNotReady(ctx, nodes[i])
	})
	n.judgeZones(ctx, nodes, now)              // 4. how bad is it, taken together
	taintErr := n.taintAll(ctx, nodes, now)    // 5. pods leave, not all at once
	return errors.Join(err, podsErr, taintErr) // a conflict among them is a kubelet that came back just now
}

// meet takes note of nodes that have come and gone.
func (n *NodeLifecycle) meet(ctx context.Context, nodes []*api.Node, now time.Time) {
	present := map[string]bool{}
	for _, node := range nodes {
		present[node.Name] = true
		if h := n.health[node.Name]; h != nil && h.uid == node.UID {
			continue
		}
		n.health[node.Name] = newNodeHealth(node, now)
		n.events.Event(ctx, node, api.EventTypeNormal, "RegisteredNode", "Node %s event: Registered Node %s in Controller", node.Name, node.Name)
	}
	for name, h := range n.health {
		if !present[name] {
			gone := api.ObjectReference{Kind: "Node", APIVersion: "v1", Name: name, UID: h.uid}
			n.events.EventOn(ctx, gone, api.EventTypeNormal, "RemovingNode", "Node %s event: Removing Node %s from Controller", name, name)
			delete(n.health, name)
		}
	}
}

// listen takes in every node's signs of life and returns the nodes that have been silent for too long and do not say so
// yet.
func (n *NodeLifecycle) listen(nodes []*api.Node, now time.Time) (silent []*api.Node) {
	for _, node := range nodes {
		lease, _ := n.leases.Get(api.Key{Namespace: leaseNamespace, Name: node.Name})
		h := n.health[node.Name]
		h.observe(node, lease, now)
		grace := n.grace
		if node.Status.Condition(api.NodeReady) == nil {
			grace = max(grace, nodeStartupGracePeriod)
		}
		if now.Sub(h.seen) > grace && nodeReadiness(node) != api.ConditionUnknown {
			silent = append(silent, node)
		}
	}
	return silent
}

// declareUnknown writes for a silent node that nothing is known of it.
func (n *NodeLifecycle) declareUnknown(ctx context.Context, node *api.Node, now time.Time) error {
	wasReady := nodeReadiness(node) == api.ConditionTrue
	update := *node
	update.Status.Conditions = unknownConditions(node, now)
	ctx = client.Because(ctx, "node %s has given no sign of life for %.0f s: its state is unknown", node.Name, now.Sub(n.health[node.Name].seen).Seconds())
	if _, err := client.Of[*api.Node](n.client).UpdateStatus(ctx, &update); err != nil {
		return ignoreConflict(err)
	}
	n.log.InfoContext(ctx, "node is silent", "node", node.Name)
	if wasReady {
		n.events.Event(ctx, node, api.EventTypeNormal, "NodeNotReady", "Node %s status is now: NodeNotReady", node.Name)
	}
	return nil
}

// markPodsNotReady takes the pods of a node of which nothing is known out of their Services: their kubelet, which would
// have to, cannot. A node that says itself that it is not ready looks after its pods.
func (n *NodeLifecycle) markPodsNotReady(ctx context.Context, node *api.Node) error {
	if nodeReadiness(node) != api.ConditionUnknown {
		return nil
	}
	var errs []error
	for _, pod := range n.pods.ByIndex(byNode, node.Name) {
		if _, ready := podReady(pod); !ready {
			continue
		}
		ctx := client.Because(ctx, "nothing is known of node %s: its pods are not ready", node.Name)
		err := patchPodStatus(ctx, n.client, pod, func(s *api.PodStatus) {
			condition := *s.Condition(api.PodReady)
			condition.Status = api.ConditionFalse
			setPodCondition(s, condition, time.Now())
		})
		switch {
		case api.IsNotFound(err):
		case err != nil:
			errs = append(errs, err)
		default:
			n.events.Event(ctx, pod, api.EventTypeWarning, "NodeNotReady", "Node is not ready")
		}
	}
	return errors.Join(errs...)
}
