package scheduler

import "kubelite/api"

// nodeUnschedulable keeps pods off cordoned nodes, unless they tolerate the taint that a cordon amounts to.
type nodeUnschedulable struct{}

func (*nodeUnschedulable) Name() string { return "NodeUnschedulable" }

// unschedulableTaint is how `kubectl cordon` looks to a toleration.
var (
	unschedulableTaint = api.Taint{Key: "node.kubernetes.io/unschedulable", Effect: api.TaintEffectNoSchedule}
	wasUnschedulable   = reject("NodeUnschedulable", unresolvable, "node(s) were unschedulable")
)

// PreFilter has nothing against any node if the pod tolerates a cordon.
func (*nodeUnschedulable) PreFilter(c *cycle) (nodeFilter, *status) {
	if api.Tolerates(c.pod.pod.Spec.Tolerations, &unschedulableTaint) {
		return nil, nil
	}
	return cordonFilter{}, nil
}

type cordonFilter struct{}

// Filter rejects cordoned nodes.
func (cordonFilter) Filter(n *nodeInfo) *status {
	if n.node.Spec.Unschedulable {
		return wasUnschedulable
	}
	return nil
}

// Hints are nodes that come or are uncordoned.
func (*nodeUnschedulable) Hints() []hint {
	return []hint{{on: nodeAdded | nodeTaints, helps: func(_ *podInfo, e *clusterEvent) bool {
		return !e.new.(*api.Node).Spec.Unschedulable
	}}}
}
