package controllers

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"kubelite/api"
	"kubelite/client"
)

// The loop that keeps new pods off nodes in trouble.
//
//	desired    a NoSchedule taint for each condition of a node that new pods should not meet, and for `kubectl cordon`
//	actual     the node's taints
//	converge   add what is missing, take away what has become untrue; taints of other names are left alone
//
// So the scheduler has to know nothing of conditions, and a pod that must run all the same says so by a toleration.

// NodeTaints keeps the taints of nodes in step with their conditions.
type NodeTaints struct {
	client *client.Client
	nodes  *client.Informer[*api.Node]
	log    *slog.Logger
	queue  *client.Queue
}

// NewNodeTaints subscribes to the nodes of the shared caches.
func NewNodeTaints(c *client.Client, caches *Caches, log *slog.Logger) *NodeTaints {
	t := &NodeTaints{client: c, nodes: caches.Nodes, log: log, queue: client.NewQueue("nodetaints")}
	caches.Nodes.OnChange(func(_, node *api.Node, revision int64) {
		if node == nil {
			return
		}
		if add, remove := conditionTaints(node); len(add)+len(remove) > 0 { // most events are heartbeats
			t.queue.Add(node.Key(), revision)
		}
	})
	return t
}

// Run reconciles until ctx ends.
func (t *NodeTaints) Run(ctx context.Context) error {
	if err := waitForSync(ctx, t.nodes); err != nil {
		return err
	}
	return t.queue.Run(ctx, 8, t.Reconcile, t.log)
}

// Reconcile makes the node's taints say what its conditions do.
func (t *NodeTaints) Reconcile(ctx context.Context, key api.Key) error {
	node, ok := t.nodes.Get(key)
	if !ok {
		return nil
	}
	add, remove := conditionTaints(node)
	if len(add)+len(remove) == 0 {
		return nil
	}
	ctx = client.Because(ctx, "the conditions of node %s changed: taints %s to add, %s to take away", key.Name, taintNames(add), taintNames(remove))
	return swapTaints(ctx, t.client, node, add, remove)
}

// The names of taints that the control plane gives.
const (
	taintNotReady           = "node.kubernetes.io/not-ready"
	taintUnreachable        = "node.kubernetes.io/unreachable"
	taintMemoryPressure     = "node.kubernetes.io/memory-pressure"
	taintDiskPressure       = "node.kubernetes.io/disk-pressure"
	taintPIDPressure        = "node.kubernetes.io/pid-pressure"
	taintNetworkUnavailable = "node.kubernetes.io/network-unavailable"
	taintUnschedulable      = "node.kubernetes.io/unschedulable"
	taintOutOfService       = "node.kubernetes.io/out-of-service"
)

var (
	taintNotReadyExecute    = api.Taint{Key: taintNotReady, Effect: api.TaintEffectNoExecute}
	taintUnreachableExecute = api.Taint{Key: taintUnreachable, Effect: api.TaintEffectNoExecute}
)

// taintOfCondition names the taint that goes with a condition in a status.
var taintOfCondition = map[api.NodeConditionType]map[api.ConditionStatus]string{
	api.NodeReady:              {api.ConditionFalse: taintNotReady, api.ConditionUnknown: taintUnreachable},
	api.NodeMemoryPressure:     {api.ConditionTrue: taintMemoryPressure},
	api.NodeDiskPressure:       {api.ConditionTrue: taintDiskPressure},
	api.NodePIDPressure:        {api.ConditionTrue: taintPIDPressure},
	api.NodeNetworkUnavailable: {api.ConditionTrue: taintNetworkUnavailable},
}

// conditionTaints says which NoSchedule taints a node lacks and which it has without a reason.
func conditionTaints(node *api.Node) (add, remove []api.Taint) {
	wanted := map[string]bool{}
	for i := range node.Status.Conditions {
		c := &node.Status.Conditions[i]
		if key := taintOfCondition[c.Type][c.Status]; key != "" {
			wanted[key] = true
		}
	}
	if node.Spec.Unschedulable {
		wanted[taintUnschedulable] = true
	}
	// The API server gives a new node the first of these (its conditions are not known yet), and this takes it away.
	for _, key := range []string{taintNotReady, taintUnreachable, taintMemoryPressure, taintDiskPressure, taintPIDPressure, taintNetworkUnavailable, taintUnschedulable} {
		taint := api.Taint{Key: key, Effect: api.TaintEffectNoSchedule}
		switch has := hasAnyTaint(node, []api.Taint{taint}); {
		case wanted[key] && !has:
			add = append(add, taint)
		case !wanted[key] && has && (key != taintNotReady || nodeReadiness(node) != ""):
			remove = append(remove, taint)
		}
	}
	return add, remove
}

// swapTaints adds taints to a node and takes others away, in one write. If somebody else wrote the node first, an event
// or the next look brings us back.
func swapTaints(ctx context.Context, c *client.Client, node *api.Node, add, remove []api.Taint) error {
	taints, changed := withTaints(node.Spec.Taints, add, remove, time.Now())
	if !changed {
		return nil
	}
	update := *node
	update.Spec.Taints = taints
	_, err := client.Of[*api.Node](c).Update(ctx, &update)
	if api.IsNotFound(err) {
		return nil
	}
	return err
}

// withTaints is the list without some taints and with others, which get the time.
func withTaints(taints, add, remove []api.Taint, now time.Time) (result []api.Taint, changed bool) {
	for _, taint := range taints {
		if slices.ContainsFunc(remove, func(r api.Taint) bool { return sameTaint(r, taint) }) {
			changed = true
			continue
		}
		result = append(result, taint)
	}
	for _, taint := range add {
		if slices.ContainsFunc(result, func(t api.Taint) bool { return sameTaint(t, taint) }) {
			continue
		}
		taint.TimeAdded = api.Ptr(timeOf(now))
		result, changed = append(result, taint), true
	}
	return result, changed
}

// sameTaint ignores the value: a node has one taint of a name for each effect.
func sameTaint(a, b api.Taint) bool { return a.Key == b.Key && a.Effect == b.Effect }

func hasAnyTaint(node *api.Node, taints []api.Taint) bool {
	return slices.ContainsFunc(node.Spec.Taints, func(t api.Taint) bool {
		return slices.ContainsFunc(taints, func(wanted api.Taint) bool { return sameTaint(t, wanted) })
	})
}

func taintNames(taints []api.Taint) []string {
	names := []string{}
	for _, t := range taints {
		names = append(names, t.Key+":"+string(t.Effect))
	}
	return names
}
