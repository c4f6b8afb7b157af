package scheduler

import "kubelite/api"

// nodeName lets a pod that names its node run there only. Such a pod normally needs no scheduler: its kubelet takes it.
type nodeName struct{}

func (*nodeName) Name() string { return "NodeName" }

var otherNodeName = reject("NodeName", unresolvable, "node(s) didn't match the requested node name")

// PreFilter has nothing against any node if the pod names none.
func (*nodeName) PreFilter(c *cycle) (nodeFilter, *status) {
	if name := c.pod.pod.Spec.NodeName; name != "" {
		return nameFilter(name), nil
	}
	return nil, nil
}

type nameFilter string

// Filter rejects all nodes but one.
func (name nameFilter) Filter(n *nodeInfo) *status {
	if n.name != string(name) {
		return otherNodeName
	}
	return nil
}

// Hints are the named node's coming.
func (*nodeName) Hints() []hint {
	return []hint{{on: nodeAdded, helps: func(p *podInfo, e *clusterEvent) bool {
		return p.pod.Spec.NodeName == e.new.(*api.Node).Name
	}}}
}
