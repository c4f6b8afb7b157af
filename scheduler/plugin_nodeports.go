package scheduler

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

type portFilter []hostPort

// Filter rejects nodes on which one of the ports is taken.
func (f portFilter) Filter(n *nodeInfo) *status {
	for _, want := range f {
		for i := range n.ports {
			if conflict(want, n.ports[i].hostPort) {
				return portTaken
			}
		}
	}
	return nil
}

// conflict tells whether two pods cannot have these ports of one node. A port on every address is taken on each of them.
func conflict(a, b hostPort) bool {
	every := func(ip string) bool { return ip == "" || ip == "0.0.0.0" }
	return a.port == b.port && a.protocol == b.protocol && (a.ip == b.ip || every(a.ip) || every(b.ip))
}

// Hints are nodes that come, and pods that go and give a port back.
func (*nodePorts) Hints() []hint {
	return []hint{
		{on: nodeAdded},
		{on: podGone, helps: func(p *podInfo, e *clusterEvent) bool {
			for _, freed := range hostPorts(gone(e)) {
				for _, want := range p.ports {
					if conflict(want, freed) {
						return true
					}
				}
			}
			return false
		}},
	}
}
