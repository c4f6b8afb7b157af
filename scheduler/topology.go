package scheduler

// topology divides the nodes into the domains of one label key: zones, or single hosts.
type topology struct {
	domainOf []int32 // by a node's position; -1 for one without the label
	domains  int
	shape    uint64
}

// topology returns the domains of a label key, worked out anew only when nodes came, went or changed their labels.
func (c *cache) topology(key string) *topology {
	t := c.topologies[key]
	if t == nil {
		t = &topology{}
		c.topologies[key] = t
	}
	if t.domainOf != nil && t.shape == c.shape && len(t.domainOf) == len(c.nodes) {
		return t
	}
	*t = topology{domainOf: make([]int32, len(c.nodes)), shape: c.shape}
	ids := map[string]int32{}
	for i, n := range c.nodes {
		value, ok := n.node.Labels[key]
		if !ok {
			t.domainOf[i] = -1
			continue
		}
		id, known := ids[value]
		if !known {
			id = int32(len(ids))
			ids[value] = id
		}
		t.domainOf[i] = id
	}
	t.domains = len(ids)
	return t
}

// podCounts remembers how many pods on each node something matches, so that a question which every replica of a
// Deployment asks anew looks only at the nodes that changed since.
type podCounts struct {
	counts      []int32
	generations []uint64
	shape       uint64
	lastAsked   uint64
}

// maxPodCounts bounds the memory. Forgetting costs a count, nothing more.
const maxPodCounts = 128

// countPods returns, by the nodes' positions, how many pods matches is true of. Equal keys must mean equal questions.
func (c *cache) countPods(key string, matches func(p *podInfo) bool) []int32 {
	k := c.counts[key]
	if k == nil {
		c.forgetOldestCount()
		k = &podCounts{}
		c.counts[key] = k
	}
	k.lastAsked = c.generation
	if k.shape != c.shape || len(k.counts) != len(c.nodes) {
		*k = podCounts{counts: make([]int32, len(c.nodes)), generations: make([]uint64, len(c.nodes)), shape: c.shape, lastAsked: c.generation}
	}
	for i, n := range c.nodes {
		if k.generations[i] == n.generation {
			continue
		}
		var count int32
		for _, p := range n.pods {
			if matches(p) {
				count++
			}
		}
		k.counts[i], k.generations[i] = count, n.generation
	}
	return k.counts
}

func (c *cache) forgetOldestCount() {
	if len(c.counts) < maxPodCounts {
		return
	}
	oldest, at := "", ^uint64(0)
	for key, k := range c.counts {
		if k.lastAsked <= at {
			oldest, at = key, k.lastAsked
		}
	}
	delete(c.counts, oldest)
}

// forgetCounts makes all counts be done anew.
func (c *cache) forgetCounts() { c.counts = map[string]*podCounts{} }
