package scheduler

import "kubelite/api"

// taintToleration keeps pods off nodes whose taints they do not tolerate. PreferNoSchedule is a wish: nodes with fewer such
// taints score higher.
type taintToleration struct{}

func (*taintToleration) Name() string { return "TaintToleration" }

var untoleratedTaints = reject("TaintToleration", unresolvable, "node(s) had untolerated taint(s)")

// PreFilter looks at every node.
func (*taintToleration) PreFilter(c *cycle) (nodeFilter, *status) {
	return taintFilter{c.pod.pod}, nil
}

type taintFilter struct{ pod *api.Pod }

// Filter rejects nodes with a taint that keeps the pod away.
func (f taintFilter) Filter(n *nodeInfo) *status {
	for i := range n.taints {
		if !api.Tolerates(f.pod.Spec.Tolerations, &n.taints[i]) {
			return untoleratedTaints
		}
	}
	return nil
}

// toleratesAll tells whether no taint of the node keeps new pods like this one away.
func toleratesAll(pod *api.Pod, node *api.Node) bool {
	var n nodeInfo
	n.setNode(node)
	return taintFilter{pod}.Filter(&n) == nil
}

// PreScore has an opinion only where there are nodes with taints that wish.
func (*taintToleration) PreScore(c *cycle, nodes []*nodeInfo) nodeScorer {
	for _, n := range nodes {
		if len(n.softTaints) > 0 {
			return taintScorer{c.pod.pod}
		}
	}
	return nil
}

type taintScorer struct{ pod *api.Pod }

// Score counts the taints that would rather not have the pod.
func (s taintScorer) Score(n *nodeInfo) (intolerable int64) {
	for i := range n.softTaints {
		if !api.Tolerates(s.pod.Spec.Tolerations, &n.softTaints[i]) {
			intolerable++
		}
	}
	return intolerable
}

// Normalize makes the node with the fewest the best.
func (taintScorer) Normalize(scores []int64, _ []*nodeInfo) { defaultNormalize(scores, true) }

// Hints are nodes that come or lose taints, so that none is left which keeps the pod away.
func (*taintToleration) Hints() []hint {
	return []hint{{on: nodeAdded | nodeTaints, helps: func(p *podInfo, e *clusterEvent) bool {
		old, _ := e.old.(*api.Node)
		return toleratesAll(p.pod, e.new.(*api.Node)) && (old == nil || !toleratesAll(p.pod, old))
	}}}
}
