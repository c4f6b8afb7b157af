package scheduler

import (
	"sync"

	"kubelite/api"
)

// nodeInfo is a node and the sum of what runs on it: all that filters and scores look at.
type nodeInfo struct {
	node        *api.Node // nil while pods are known on a node that is not, or no longer
	allocatable resources
	allowedPods int64

	pods      int64
	requested resources           // what the pods asked for: decides whether another one fits
	scored    resources           // the same with the usual amounts for pods that asked for nothing: decides how full it looks
	ports     map[hostPort]string // host ports in use, and by which pod
}

// hostPort is a port of the node that a pod takes for itself.
type hostPort struct {
	ip       string // "" and "0.0.0.0" mean every address
	protocol api.Protocol
	port     int32
}

// placed is a pod that counts on a node.
type placed struct {
	node     string
	requests resources
	ports    []hostPort
}

// cache keeps the nodes with their sums, from two informers and from the scheduler's own decisions.
//
//	decide ─▶ assume ─▶ bind ─────────────▶ API server
//	             │                              │
//	   the room is taken              informer shows the pod
//	   from here on                   on its node: setPod replaces the assumption
type cache struct {
	mu    sync.Mutex
	nodes map[string]*nodeInfo // guarded by mu
	pods  map[api.UID]placed   // guarded by mu; assumed ones too
}

func newCache() *cache {
	return &cache{nodes: map[string]*nodeInfo{}, pods: map[api.UID]placed{}}
}

// setNode takes in a node's newest state, nil for one that is gone. roomier tells that a pod which did not fit before
// may fit now.
func (c *cache) setNode(old, node *api.Node) (roomier bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if node == nil {
		info := c.node(old.Name)
		info.node = nil
		c.dropIfEmpty(old.Name, info)
		return false
	}
	info := c.node(node.Name)
	roomier = info.node == nil || schedulingDiffers(info.node, node)
	info.node = node
	info.allocatable = asResources(node.Status.Allocatable)
	info.allowedPods = 0
	if q, ok := node.Status.Allocatable[api.ResourcePods]; ok {
		info.allowedPods = q.Value()
	}
	return roomier
}

// schedulingDiffers tells whether anything that filters look at changed. A heartbeat does not count.
func schedulingDiffers(old, node *api.Node) bool {
	return old.Spec.Unschedulable != node.Spec.Unschedulable ||
		!api.Equal(old.Spec.Taints, node.Spec.Taints) ||
		!api.Equal(old.Labels, node.Labels) ||
		!api.Equal(old.Status.Allocatable, node.Status.Allocatable)
}

// setPod takes in a pod's newest state, nil for one that is gone. roomier tells that it gave up its place.
func (c *cache) setPod(old, pod *api.Pod) (roomier bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if pod == nil || isTerminal(pod) {
		if pod == nil {
			pod = old
		}
		return c.remove(pod.UID)
	}
	if pod.Spec.NodeName != "" {
		c.place(pod, pod.Spec.NodeName)
	}
	return false
}

// isTerminal tells that a pod has ended for good: it takes no room any more.
func isTerminal(pod *api.Pod) bool {
	return pod.Status.Phase == api.PodSucceeded || pod.Status.Phase == api.PodFailed
}

// assume counts the pod on the node before the API server says so.
func (c *cache) assume(pod *api.Pod, node string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.place(pod, node)
}

// forget takes back an assumption whose binding failed.
func (c *cache) forget(pod *api.Pod) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.remove(pod.UID)
}

// isPlaced tells whether the pod counts on a node, assumed or bound.
func (c *cache) isPlaced(uid api.UID) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, ok := c.pods[uid]
	return ok
}

// view calls f with every known node. f must not keep them, nor call the cache.
func (c *cache) view(f func(nodes map[string]*nodeInfo)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f(c.nodes)
}

// place counts a pod on a node, once. Call with mu held.
func (c *cache) place(pod *api.Pod, node string) {
	if was, ok := c.pods[pod.UID]; ok && was.node == node {
		return // a pod's requests cannot change while it runs
	}
	c.remove(pod.UID)
	p := placed{node: node, requests: podRequests(pod), ports: hostPorts(pod)}
	c.pods[pod.UID] = p
	info := c.node(node)
	info.pods++
	info.requested.add(p.requests, 1)
	info.scored.add(p.requests.forScoring(), 1)
	for _, port := range p.ports {
		if info.ports == nil {
			info.ports = map[hostPort]string{}
		}
		info.ports[port] = pod.Key().String()
	}
}

// remove takes a pod off its node. Call with mu held.
func (c *cache) remove(uid api.UID) (removed bool) {
	p, ok := c.pods[uid]
	if !ok {
		return false
	}
	delete(c.pods, uid)
	info := c.node(p.node)
	info.pods--
	info.requested.add(p.requests, -1)
	info.scored.add(p.requests.forScoring(), -1)
	for _, port := range p.ports {
		delete(info.ports, port)
	}
	c.dropIfEmpty(p.node, info)
	return true
}

// node returns the sums of a node, zero ones if it is new: pods may be seen before their node is.
func (c *cache) node(name string) *nodeInfo {
	info := c.nodes[name]
	if info == nil {
		info = &nodeInfo{}
		c.nodes[name] = info
	}
	return info
}

func (c *cache) dropIfEmpty(name string, info *nodeInfo) {
	if info.node == nil && info.pods == 0 {
		delete(c.nodes, name)
	}
}

// hostPorts lists the node's ports that a pod takes.
func hostPorts(pod *api.Pod) []hostPort {
	var ports []hostPort
	for i := range pod.Spec.Containers {
		for _, p := range pod.Spec.Containers[i].Ports {
			if p.HostPort > 0 {
				ports = append(ports, hostPort{ip: p.HostIP, protocol: p.Protocol, port: p.HostPort})
			}
		}
	}
	return ports
}
