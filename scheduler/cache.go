package scheduler

import (
	"maps"
	"slices"
	"strings"
	"sync"

	"kubelite/api"
)

// cache is the picture of the cluster that decisions are made on: the nodes, each with its pods and their sums.
//
// It must stand still while the scheduling loop decides. What informers hear meanwhile goes to a list of news, which is worked
// in between two pods: a picture that is brought up to date, never made anew, whose cost does not depend on how many pods run.
//
//	informers ─────────▶ news ────────┐      ┌──▶ at once, while nothing is decided
//	                                  ▼      │
//	loop:    begin ─▶ decide ─▶ assume ─▶ end ─────── begin ─▶ decide ...
//	                               │
//	                               └─ the room is taken from here on; when an informer shows the pod
//	                                  on its node, that replaces the assumption
type cache struct {
	nodes   []*nodeInfo // in the order in which they are tried: one of each zone in turn
	byName  map[string]*nodeInfo
	pods    map[api.UID]placed // that count on a node, assumed ones too
	claims  map[api.Key]int    // PersistentVolumeClaims in use, by so many pods
	images  map[string]int     // how many nodes have an image, by normalized name
	withAny struct {           // nodes with pods that have rules about others
		antiAffinity, preferences map[*nodeInfo]struct{}
	}

	generation uint64 // counts changes of anything
	shape      uint64 // generation of the last change of the nodes themselves: which there are, their labels
	reorder    bool   // a node came or went, or changed its zone

	topologies map[string]*topology
	counts     map[string]*podCounts

	// Invariant: while deciding is false, all of the above is guarded by mu; while it is true, it belongs to the loop.
	mu       sync.Mutex
	deciding bool     // guarded by mu
	news     []func() // guarded by mu; in the order of their happening
}

// placed is where a pod counts.
type placed struct {
	node    *nodeInfo
	info    *podInfo
	assumed bool
}

func newCache() *cache {
	c := &cache{
		byName: map[string]*nodeInfo{}, pods: map[api.UID]placed{}, claims: map[api.Key]int{}, images: map[string]int{},
		topologies: map[string]*topology{}, counts: map[string]*podCounts{},
	}
	c.withAny.antiAffinity, c.withAny.preferences = map[*nodeInfo]struct{}{}, map[*nodeInfo]struct{}{}
	return c
}

// tell makes a change: at once, or after the decision that is being made. It may be called from anywhere but from a change.
func (c *cache) tell(change func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.deciding {
		c.news = append(c.news, change)
		return
	}
	change()
}

// begin makes the cache stand still.
func (c *cache) begin() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.deciding = true
	if c.reorder {
		c.order()
	}
}

// end works the news in, and lets changes through again.
func (c *cache) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, change := range c.news {
		change()
	}
	clear(c.news)
	c.news, c.deciding = c.news[:0], false
}

// setNode takes in a node's newest state, nil for one that is gone.
func (c *cache) setNode(old, node *api.Node) {
	if node == nil {
		if info := c.byName[old.Name]; info != nil && info.node != nil {
			c.countImages(info, -1)
			info.node, info.images, c.reorder = nil, nil, true
			c.changed(info)
			c.dropIfEmpty(info)
		}
		return
	}
	info := c.node(node.Name)
	was := info.node
	if was == nil || zoneOf(was) != zoneOf(node) {
		c.reorder = true
	}
	c.countImages(info, -1)
	info.setNode(node)
	c.countImages(info, 1)
	c.changed(info)
	if was == nil || !maps.Equal(was.Labels, node.Labels) {
		c.shape = c.generation
	}
}

func (c *cache) countImages(info *nodeInfo, sign int) {
	for name := range info.images {
		if c.images[name] += sign; c.images[name] == 0 {
			delete(c.images, name)
		}
	}
}

// order lists the nodes anew, one of each zone in turn, so that the first few hundred are a fair sample of all zones.
func (c *cache) order() {
	c.reorder = false
	zones := map[string][]*nodeInfo{}
	for _, info := range c.byName {
		info.position = -1
		if info.node != nil {
			zone := zoneOf(info.node)
			zones[zone] = append(zones[zone], info)
		}
	}
	names := slices.Sorted(maps.Keys(zones))
	for _, nodes := range zones {
		slices.SortFunc(nodes, func(a, b *nodeInfo) int { return strings.Compare(a.node.Name, b.node.Name) })
	}
	c.nodes = c.nodes[:0]
	for row, found := 0, true; found; row++ {
		found = false
		for _, name := range names {
			if row < len(zones[name]) {
				info := zones[name][row]
				info.position = len(c.nodes)
				c.nodes = append(c.nodes, info)
				found = true
			}
		}
	}
	c.generation++
	c.shape = c.generation
}

func zoneOf(node *api.Node) string {
	return node.Labels[api.LabelRegion] + "\x00" + node.Labels[api.LabelZone]
}

// setPod takes in a pod's newest state, nil for one that is gone.
func (c *cache) setPod(old, pod *api.Pod) {
	switch {
	case pod == nil:
		c.remove(old.UID)
	case pod.Status.Phase.Ended():
		c.remove(pod.UID)
	case pod.Spec.NodeName != "":
		was, ok := c.pods[pod.UID]
		if !ok || was.node.name != pod.Spec.NodeName || differs(was.info.pod, pod) {
			c.place(newPodInfo(pod), pod.Spec.NodeName, false)
			return
		}
		// The sums stay as they are, but the pod is to be the newest: it says since when it runs, which preemption asks.
		now := *was.info
		now.pod = pod
		was.node.replacePod(was.info, &now)
		c.pods[pod.UID] = placed{node: was.node, info: &now} // assumed no more
	}
}

// differs tells whether anything changed of a placed pod that a decision about another one may look at.
func differs(old, pod *api.Pod) bool {
	if (old.DeletionTimestamp == nil) != (pod.DeletionTimestamp == nil) || !maps.Equal(old.Labels, pod.Labels) {
		return true
	}
	before, after := podRequests(old), podRequests(pod)
	return !before.equal(&after) || disruptedByScheduler(old) != disruptedByScheduler(pod)
}

// assume counts the pod on the node before the API server says so.
func (c *cache) assume(p *podInfo, node string) { c.place(p, node, true) }

// forget takes back an assumption whose binding failed. If the pod was bound all the same, it stays.
func (c *cache) forget(uid api.UID) {
	if c.pods[uid].assumed {
		c.remove(uid)
	}
}

// isPlaced tells whether the pod counts on a node, assumed or bound.
func (c *cache) isPlaced(uid api.UID) bool {
	_, ok := c.pods[uid]
	return ok
}

// place counts a pod on a node, and nowhere else.
func (c *cache) place(p *podInfo, node string, assumed bool) {
	c.remove(p.pod.UID)
	info := c.node(node)
	c.pods[p.pod.UID] = placed{node: info, info: p, assumed: assumed}
	info.addPod(p)
	for _, claim := range p.claims {
		c.claims[claim]++
	}
	c.changed(info)
}

// remove takes a pod off its node.
func (c *cache) remove(uid api.UID) {
	was, ok := c.pods[uid]
	if !ok {
		return
	}
	delete(c.pods, uid)
	was.node.removePod(uid)
	for _, claim := range was.info.claims {
		if c.claims[claim]--; c.claims[claim] == 0 {
			delete(c.claims, claim)
		}
	}
	c.changed(was.node)
	c.dropIfEmpty(was.node)
}

// changed stamps a node, so that what was worked out about it is worked out anew.
func (c *cache) changed(info *nodeInfo) {
	c.generation++
	info.generation = c.generation
	setMember(c.withAny.antiAffinity, info, len(info.antiAffinity) > 0 && info.node != nil)
	setMember(c.withAny.preferences, info, len(info.preferences) > 0 && info.node != nil)
}

func setMember(set map[*nodeInfo]struct{}, info *nodeInfo, member bool) {
	if member {
		set[info] = struct{}{}
	} else {
		delete(set, info)
	}
}

// node returns a node by name, one without pods if it is new: pods may be seen before their node is.
func (c *cache) node(name string) *nodeInfo {
	info := c.byName[name]
	if info == nil {
		info = &nodeInfo{name: name, position: -1}
		c.byName[name] = info
	}
	return info
}

func (c *cache) dropIfEmpty(info *nodeInfo) {
	if info.node == nil && len(info.pods) == 0 {
		delete(c.byName, info.name)
	}
}
