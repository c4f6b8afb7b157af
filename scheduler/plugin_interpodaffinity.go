package scheduler

import (
	"maps"
	"slices"
	"strings"

	"kubelite/api"
)

// interPodAffinity places pods near others, or away from them: "with pods like these, in the same zone", "not on a node with one
// of my own". Required rules filter, preferred ones score.
//
// Rules bind both sides: a pod that is kept away by nobody's rule of its own may be by the anti-affinity of one that runs
// already, and preferences of running pods count for the new one too.
//
// The cost of a decision must not grow with the number of pods. So the new pod's rules are counted per node and remembered
// (topology.go), and those of running pods are summed up per node as they come and go (nodeInfo.antiAffinity).
type interPodAffinity struct {
	namespaces lister[*api.Namespace]
	args       InterPodAffinityArgs
}

func (*interPodAffinity) Name() string { return "InterPodAffinity" }

var (
	noAffinity       = reject("InterPodAffinity", unresolvable, "node(s) didn't match pod affinity rules")
	hasAntiAffinity  = reject("InterPodAffinity", unschedulable, "node(s) didn't match pod anti-affinity rules")
	othersKeptItAway = reject("InterPodAffinity", unschedulable, "node(s) didn't satisfy existing pods anti-affinity rules")
)

// PreFilter counts, for each domain, the pods that the new pod's rules mean and those whose rules mean the new pod.
func (p *interPodAffinity) PreFilter(c *cycle) (nodeFilter, *status) {
	f := &podAffinityFilter{plugin: p, cache: c.cache, pod: c.pod, labels: p.namespaceLabels(c.pod.pod.Namespace)}
	f.existing = p.existingAntiAffinity(c, f.labels)
	if terms := c.pod.affinity.required; len(terms) > 0 {
		ids := make([]string, len(terms))
		for i, t := range terms {
			ids[i] = t.podsID()
		}
		counts := c.cache.countPods("affinity\x00"+strings.Join(ids, "\x01"), func(other *podInfo) bool { return p.matchesAll(terms, other.pod) })
		for _, t := range terms {
			f.affinity = append(f.affinity, domainCountsOf(c.cache.topology(t.topologyKey), counts))
		}
		f.selfMatches = p.matchesAll(terms, c.pod.pod)
	}
	for _, t := range c.pod.affinity.requiredAnti {
		counts := c.cache.countPods("affinity\x00"+t.podsID(), func(other *podInfo) bool { return p.matches(t, other.pod) })
		f.anti = append(f.anti, domainCountsOf(c.cache.topology(t.topologyKey), counts))
	}
	if f.existing == nil && f.affinity == nil && f.anti == nil {
		return nil, nil
	}
	return f, nil
}

// existingAntiAffinity counts, by topology key, the running pods in each domain that keep the pod away.
func (p *interPodAffinity) existingAntiAffinity(c *cycle, labels map[string]string) map[string]domainCounts {
	var by map[string]domainCounts
	terms := newMeanings(c.pod.pod, labels)
	for n := range c.cache.withAny.antiAffinity {
		for i := range n.antiAffinity {
			t := n.antiAffinity[i].term
			if !terms.mean(t) || n.position < 0 {
				continue
			}
			if by == nil {
				by = map[string]domainCounts{}
			}
			counts, ok := by[t.topologyKey]
			if !ok {
				counts = domainCountsOf(c.cache.topology(t.topologyKey), nil)
				by[t.topologyKey] = counts
			}
			counts.add(n, n.antiAffinity[i].count)
		}
	}
	return by
}

func (p *interPodAffinity) namespaceLabels(name string) map[string]string {
	if ns, ok := p.namespaces.Get(api.Key{Name: name}); ok {
		return ns.Labels
	}
	return nil
}

// matches tells whether a term means a pod. Only a namespace selector needs to know the namespace's labels.
func (p *interPodAffinity) matches(t *affinityTerm, pod *api.Pod) bool {
	var labels map[string]string
	if t.namespaceSelector != nil {
		labels = p.namespaceLabels(pod.Namespace)
	}
	return t.matches(pod, labels)
}

func (p *interPodAffinity) matchesAll(terms []*affinityTerm, pod *api.Pod) bool {
	for _, t := range terms {
		if !p.matches(t, pod) {
			return false
		}
	}
	return true
}

// podAffinityFilter holds the counts of one pod.
type podAffinityFilter struct {
	plugin      *interPodAffinity
	cache       *cache
	pod         *podInfo
	labels      map[string]string       // of its namespace
	existing    map[string]domainCounts // by topology key: pods whose rules keep it away
	affinity    []domainCounts          // by its terms: pods that all of them mean
	anti        []domainCounts          // by its terms: pods that the term means
	selfMatches bool                    // its affinity means itself
}

// Filter checks the pod's own rules, then those of others.
func (f *podAffinityFilter) Filter(n *nodeInfo) *status {
	switch {
	case !f.nearOthers(n):
		return noAffinity
	case slices.ContainsFunc(f.anti, func(d domainCounts) bool { return d.of(n) > 0 }):
		return hasAntiAffinity
	}
	for _, d := range f.existing {
		if d.of(n) > 0 {
			return othersKeptItAway
		}
	}
	return nil
}

// nearOthers tells whether there is, for each term, a pod in the node's domain. The first pod of a group that wants to be
// together cannot find one: if its terms mean itself, and nobody anywhere else, any domain will do.
func (f *podAffinityFilter) nearOthers(n *nodeInfo) bool {
	near, anywhere := true, false
	for _, d := range f.affinity {
		if !d.has(n) {
			return false
		}
		near = near && d.of(n) > 0
		anywhere = anywhere || d.any()
	}
	return near || !anywhere && f.selfMatches
}

// Clone copies the counts.
func (f *podAffinityFilter) Clone() nodeFilter {
	clone := *f
	clone.existing = maps.Clone(f.existing)
	for key, d := range clone.existing {
		clone.existing[key] = d.clone()
	}
	clone.affinity, clone.anti = cloneCounts(f.affinity), cloneCounts(f.anti)
	return &clone
}

// AddPod counts one pod more.
func (f *podAffinityFilter) AddPod(p *podInfo, n *nodeInfo) { f.count(p, n, 1) }

// RemovePod counts one less.
func (f *podAffinityFilter) RemovePod(p *podInfo, n *nodeInfo) { f.count(p, n, -1) }

func (f *podAffinityFilter) count(p *podInfo, n *nodeInfo, sign int64) {
	for _, t := range p.affinity.requiredAnti {
		if !t.matches(f.pod.pod, f.labels) {
			continue
		}
		d, ok := f.existing[t.topologyKey]
		if !ok {
			if f.existing == nil {
				f.existing = map[string]domainCounts{}
			}
			d = domainCountsOf(f.cache.topology(t.topologyKey), nil)
			f.existing[t.topologyKey] = d
		}
		d.add(n, sign)
	}
	if len(f.affinity) > 0 && f.plugin.matchesAll(f.pod.affinity.required, p.pod) {
		for _, d := range f.affinity {
			d.add(n, sign)
		}
	}
	for i, d := range f.anti {
		if f.plugin.matches(f.pod.affinity.requiredAnti[i], p.pod) {
			d.add(n, sign)
		}
	}
}

// domainCounts is a number of pods, or a score, for each domain of a topology.
type domainCounts struct {
	topology *topology
	counts   []int64
}

// domainCountsOf sums up what is counted by node; nil counts nothing.
func domainCountsOf(t *topology, byNode []int32) domainCounts {
	d := domainCounts{topology: t, counts: make([]int64, t.domains)}
	for i, count := range byNode {
		if domain := t.domainOf[i]; domain >= 0 {
			d.counts[domain] += int64(count)
		}
	}
	return d
}

// has tells whether the node is in any domain.
func (d domainCounts) has(n *nodeInfo) bool { return d.topology.domainOf[n.position] >= 0 }

// of is the count of the node's domain.
func (d domainCounts) of(n *nodeInfo) int64 {
	if domain := d.topology.domainOf[n.position]; domain >= 0 {
		return d.counts[domain]
	}
	return 0
}

func (d domainCounts) add(n *nodeInfo, amount int64) {
	if domain := d.topology.domainOf[n.position]; domain >= 0 {
		d.counts[domain] += amount
	}
}

func (d domainCounts) any() bool {
	return slices.ContainsFunc(d.counts, func(c int64) bool { return c != 0 })
}

func (d domainCounts) clone() domainCounts {
	return domainCounts{d.topology, slices.Clone(d.counts)}
}

func cloneCounts(all []domainCounts) []domainCounts {
	clones := make([]domainCounts, len(all))
	for i, d := range all {
		clones[i] = d.clone()
	}
	return clones
}

// Hints are pods that come where the pod wants company, go or change where it does not, and nodes that come or change labels.
func (p *interPodAffinity) Hints() []hint {
	return []hint{
		{on: podAssigned | podRelabelled | podGone, helps: p.podChangeHelps},
		{on: nodeAdded | nodeRelabelled},
	}
}

func (p *interPodAffinity) podChangeHelps(waiting *podInfo, e *clusterEvent) bool {
	old, _ := e.old.(*api.Pod)
	now, _ := e.new.(*api.Pod)
	a := &waiting.affinity
	switch {
	case e.what&podGone != 0: // one fewer that is avoided, or avoids; or none is left, so that the pod may be the first
		if p.meansAny(a.requiredAnti, old) || len(a.required) > 0 && p.matchesAll(a.required, old) {
			return true
		}
		return p.keptAwayBy(old, waiting)
	case e.what&podAssigned != 0:
		return len(a.required) > 0 && p.matchesAll(a.required, now)
	}
	if len(a.required) > 0 && p.matchesAll(a.required, old) != p.matchesAll(a.required, now) {
		return true
	}
	for _, t := range a.requiredAnti {
		if p.matches(t, old) && !p.matches(t, now) {
			return true
		}
	}
	return false
}

func (p *interPodAffinity) meansAny(terms []*affinityTerm, pod *api.Pod) bool {
	return slices.ContainsFunc(terms, func(t *affinityTerm) bool { return p.matches(t, pod) })
}

func (p *interPodAffinity) keptAwayBy(pod *api.Pod, waiting *podInfo) bool {
	labels := p.namespaceLabels(waiting.pod.Namespace)
	return slices.ContainsFunc(affinityTermsOf(pod).requiredAnti, func(t *affinityTerm) bool { return t.matches(waiting.pod, labels) })
}
