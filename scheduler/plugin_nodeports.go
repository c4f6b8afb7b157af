package scheduler

import (
	"slices"

	"kubelite/api"
)

// nodePorts keeps two pods from taking the same port of a node.
type nodePorts struct{}

func (*nodePorts) Name() string { return "NodePorts" }

var portTaken = reject("NodePorts", unschedulable, "node(s) didn't have free ports for the requested pod ports")

// PreFilter has nothing against any node if the pod takes no port.
func (*nodePorts) PreFilter(c *cycle) (nodeFilter, *status) {
	if len(c.pod.ports) == 0 {
		return nil, nil
	}
	return portFilter(c.pod.ports), nil
}

type portFilter []api.ContainerPort

// Filter rejects nodes on which one of the ports is taken.
func (f portFilter) Filter(n *nodeInfo) *status {
	for j := range f {
		for i := range n.ports {
			if f[j].Collides(&n.ports[i].ContainerPort) {
				return portTaken
			}
		}
	}
	return nil
}

// Hints are nodes that come, and pods that go and give a port back.
func (*nodePorts) Hints() []hint {
	return []hint{
		{on: nodeAdded},
		{on: podGone, helps: func(p *podInfo, e *clusterEvent) bool {
			freed := api.HostPorts(gone(e))
			return slices.ContainsFunc(p.ports, func(want api.ContainerPort) bool {
				return slices.ContainsFunc(freed, func(free api.ContainerPort) bool { return want.Collides(&free) })
			})
		}},
	}
}
