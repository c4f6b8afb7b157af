package scheduler

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// cycle is one attempt to find a node for one pod: a pure decision on the cache, which stands still for it. find is the
// whole of it; what it came to is in its decision.
type cycle struct {
	pod       *podInfo
	profile   *profile
	cache     *cache
	nominator *nominator

	filters  []nodeFilter // of the plugins that have something to say about this pod
	statuses []*status    // by node position: why not; nil for nodes that passed or were not looked at
	decision *decision
}

// find chooses a node for the pod, or says why there is none.
func (c *cycle) find() *decision {
	d := &decision{Nodes: len(c.cache.nodes), rejections: map[string]int{}, rejectedBy: map[string]bool{}}
	c.decision = d
	if d.Nodes == 0 {
		d.preFilter = "no nodes available to schedule pods"
		return d
	}
	nodes, st := c.preFilter() // 1. each plugin looks at the pod
	if st != nil {
		d.reject(st)
		return d
	}
	feasible := c.extenderFilter(c.filter(nodes)) // 2. and at each node: can it?
	d.Feasible = len(feasible)
	if d.Feasible == 0 {
		d.rejectedNodes(c)
		return d
	}
	ranked := c.score(feasible) // 3. of those that can, which is the best?
	d.Node = ranked[0].node.name
	d.list(c, ranked)
	return d
}

// only makes the cycle's outcome a no from the one node that was left.
func (c *cycle) only(n *nodeInfo, st *status) *cycle {
	d := &decision{Nodes: 1, Looked: 1, rejections: map[string]int{}, rejectedBy: map[string]bool{st.plugin: true}}
	for _, r := range st.reasons {
		d.rejections[r]++
	}
	d.Results = []nodeResult{{Node: n.name, Filter: st.plugin, Reasons: st.reasons}}
	c.decision = d
	return c
}

// preFilter collects what will look at each node, and the nodes worth looking at.
func (c *cycle) preFilter() (nodes []*nodeInfo, st *status) {
	var narrowedBy []string
	var names map[string]bool // nil: all
	for _, p := range c.profile.filters {
		f, st := p.PreFilter(c)
		if st != nil {
			return nil, st
		}
		if f == nil {
			continue
		}
		c.filters = append(c.filters, f)
		if narrow, ok := f.(narrowFilter); ok {
			if only := narrow.Nodes(); only != nil {
				narrowedBy = append(narrowedBy, p.Name())
				names = intersect(names, only)
			}
		}
	}
	if names == nil {
		return c.cache.nodes, nil
	}
	if len(names) == 0 {
		return nil, reject(narrowedBy[0], unresolvable, fmt.Sprintf("node(s) didn't satisfy plugin(s) %v simultaneously", narrowedBy))
	}
	c.decision.otherNodes = fmt.Sprintf("node(s) didn't satisfy plugin(s) %v", narrowedBy)
	for _, name := range narrowedBy {
		c.decision.rejectedBy[name] = true
	}
	for name := range names {
		if n := c.cache.byName[name]; n != nil && n.node != nil {
			nodes = append(nodes, n)
		}
	}
	slices.SortFunc(nodes, func(a, b *nodeInfo) int { return a.position - b.position })
	return nodes, nil
}

func intersect(names map[string]bool, only []string) map[string]bool {
	both := map[string]bool{}
	for _, name := range only {
		if names == nil || names[name] {
			both[name] = true
		}
	}
	return both
}

// filter returns nodes that can run the pod: all of a small cluster's, enough to choose from in a large one. It begins
// where the last cycle ended, so that every node gets its turn.
func (c *cycle) filter(nodes []*nodeInfo) []*nodeInfo {
	c.statuses = c.profile.statuses(len(c.cache.nodes))
	if name := c.nominator.nodeOf[c.pod.pod.UID]; name != "" { // the node was cleared for it: look no further if it will do
		if n := c.cache.byName[name]; n != nil && n.node != nil && c.fits(c.filters, n) == nil {
			c.decision.Looked = 1
			return []*nodeInfo{n}
		}
	}
	enough := c.profile.enough(len(nodes))
	feasible := c.profile.feasible[:0]
	start := 0
	if len(nodes) == len(c.cache.nodes) {
		start = c.profile.nextStart % len(nodes)
	}
	looked := 0
	for ; looked < len(nodes) && len(feasible) < enough; looked++ {
		n := nodes[(start+looked)%len(nodes)]
		if st := c.fits(c.filters, n); st != nil {
			c.statuses[n.position] = st
			if st.verdict == failed { // something is wrong with the pod: it is not to get another node, where nobody would notice
				return nil
			}
			continue
		}
		feasible = append(feasible, n)
	}
	if len(nodes) == len(c.cache.nodes) {
		c.profile.nextStart = start + looked
	}
	c.profile.feasible = feasible
	c.decision.Looked = looked
	return feasible
}

// fits asks the filters about a node, with the room taken that is being cleared for more important pods. They may come or
// not, so the pod must fit without them, too: its affinity might be to one of them.
func (c *cycle) fits(filters []nodeFilter, n *nodeInfo) *status {
	if len(c.nominator.byNode) > 0 {
		if nominated := c.nominator.moreImportant(c.pod, n.name); len(nominated) > 0 {
			with, asked := n.clone(), cloneFilters(filters)
			for _, p := range nominated {
				addPod(asked, p, with)
			}
			if st := ask(asked, with); st != nil {
				return st
			}
		}
	}
	return ask(filters, n)
}

// ask asks the filters in order; the first no ends the look at the node.
func ask(filters []nodeFilter, n *nodeInfo) *status {
	for _, f := range filters {
		if st := f.Filter(n); st != nil {
			return st
		}
	}
	return nil
}

// cloneFilters makes filters that a "what if" may change.
func cloneFilters(filters []nodeFilter) []nodeFilter {
	clones := slices.Clone(filters)
	for i, f := range clones {
		if aware, ok := f.(podAwareFilter); ok {
			clones[i] = aware.Clone()
		}
	}
	return clones
}

func addPod(filters []nodeFilter, p *podInfo, n *nodeInfo) {
	n.addPod(p)
	for _, f := range filters {
		if aware, ok := f.(podAwareFilter); ok {
			aware.AddPod(p, n)
		}
	}
}

func removePod(filters []nodeFilter, p *podInfo, n *nodeInfo) {
	n.removePod(p.pod.UID)
	for _, f := range filters {
		if aware, ok := f.(podAwareFilter); ok {
			aware.RemovePod(p, n)
		}
	}
}

// rankedNode is a node with its score.
type rankedNode struct {
	node   *nodeInfo
	total  int64
	scores int // where its plugins' scores are in decision.scores
}

// score adds up what the plugins say, each with its weight, and returns the nodes best first, as far as anybody will ask: the
// highest score, of equals the one with the fewest pods, of equals the first by name.
func (c *cycle) score(nodes []*nodeInfo) []rankedNode {
	ranked := c.profile.ranked[:0]
	for i, n := range nodes {
		ranked = append(ranked, rankedNode{node: n, scores: i})
	}
	c.profile.ranked = ranked
	if len(nodes) == 1 {
		return ranked
	}
	d := c.decision
	for _, p := range c.profile.scores {
		scorer := p.PreScore(c, nodes)
		if scorer == nil {
			continue
		}
		scores := c.profile.scoreSlice(len(d.scores), len(nodes))
		for i, n := range nodes {
			scores[i] = scorer.Score(n)
		}
		if n, ok := scorer.(scoreNormalizer); ok {
			n.Normalize(scores, nodes)
		}
		for i := range scores {
			scores[i] *= p.weight
			ranked[i].total += scores[i]
		}
		d.Plugins = append(d.Plugins, p.Name())
		d.scores = append(d.scores, scores)
	}
	c.extenderScores(nodes, ranked)
	return best(ranked, maxResults)
}

// best moves the first few to the front, in order: nobody needs the rest sorted.
func best(ranked []rankedNode, few int) []rankedNode {
	short := make([]rankedNode, 0, few+1)
	for _, r := range ranked {
		if len(short) == few && compareRanked(r, short[few-1]) > 0 {
			continue
		}
		at, _ := slices.BinarySearchFunc(short, r, compareRanked)
		short = slices.Insert(short, at, r)
		short = short[:min(len(short), few)]
	}
	return short
}

func compareRanked(a, b rankedNode) int {
	return cmp.Or(cmp.Compare(b.total, a.total), cmp.Compare(len(a.node.pods), len(b.node.pods)), strings.Compare(a.node.name, b.node.name))
}
