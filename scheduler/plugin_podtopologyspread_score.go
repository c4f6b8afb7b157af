package scheduler

import (
	"math"

	"kubelite/api"
)

// defaultSpread is what pods of a Service or a controller get that have no constraints of their own: upstream's. It is a
// wish, and only nodes that have the labels are compared.
func defaultSpread() []api.TopologySpreadConstraint {
	return []api.TopologySpreadConstraint{
		{TopologyKey: api.LabelHostname, WhenUnsatisfiable: api.ScheduleAnyway, MaxSkew: 3},
		{TopologyKey: api.LabelZone, WhenUnsatisfiable: api.ScheduleAnyway, MaxSkew: 5},
	}
}

// PreScore counts the pods in each domain, if the pod has constraints that should hold.
func (p *podTopologySpread) PreScore(c *cycle, nodes []*nodeInfo) nodeScorer {
	constraints := p.constraints(c.pod.pod, api.ScheduleAnyway)
	if len(constraints) == 0 {
		return nil
	}
	s := &spreadScorer{needAll: len(c.pod.pod.Spec.TopologySpreadConstraints) > 0 || !p.systemDefaults}
	for _, constraint := range constraints {
		s.constraints = append(s.constraints, scoredSpread{spreadConstraint: constraint, pods: domainCountsOf(c.cache.topology(constraint.topologyKey), nil)})
	}
	candidates := 0
	for _, n := range nodes {
		if !s.ignores(n) {
			candidates++
		}
	}
	for i := range s.constraints {
		d := &s.constraints[i]
		d.perNode = d.podsPerNode(c.cache, c.pod.pod.Namespace)
		if d.topologyKey == api.LabelHostname { // each node is a domain of its own: its count is there already
			d.weight = math.Log(float64(candidates + 2))
			continue
		}
		offered := make([]bool, d.pods.topology.domains)
		domains, outside := 0, 0
		for _, n := range nodes {
			switch at := d.pods.topology.domainOf[n.position]; {
			case s.ignores(n):
			case at < 0:
				outside = 1 // the nodes without the label are one domain more, for which no node gets a score
			case !offered[at]:
				offered[at] = true
				domains++
			}
		}
		for position, n := range c.cache.nodes {
			if at := d.pods.topology.domainOf[position]; at >= 0 && offered[at] && d.perNode[position] > 0 && !s.ignores(n) && d.includes(c.pod.pod, n) {
				d.pods.counts[at] += int64(d.perNode[position])
			}
		}
		// A domain of a few counts more: among many, one pod more or less is no great difference.
		d.weight = math.Log(float64(domains + outside + 2))
	}
	return s
}

type spreadScorer struct {
	constraints []scoredSpread
	needAll     bool // nodes that lack one of the labels get nothing; else that constraint is skipped
}

type scoredSpread struct {
	spreadConstraint
	pods    domainCounts
	perNode []int32
	weight  float64
}

// ignores tells whether the node lacks a label that it would have to have.
func (s *spreadScorer) ignores(n *nodeInfo) bool {
	if !s.needAll {
		return false
	}
	for i := range s.constraints {
		if !s.constraints[i].pods.has(n) {
			return true
		}
	}
	return false
}

// Score is higher the more pods are in the node's domains; Normalize turns it round.
func (s *spreadScorer) Score(n *nodeInfo) int64 {
	if s.ignores(n) {
		return 0
	}
	var score float64
	for i := range s.constraints {
		d := &s.constraints[i]
		if !d.pods.has(n) {
			continue
		}
		pods := d.pods.of(n)
		if d.topologyKey == api.LabelHostname {
			pods = int64(d.perNode[n.position])
		}
		score += float64(pods)*d.weight + float64(d.maxSkew-1)
	}
	return int64(math.Round(score))
}

// Normalize makes the emptiest the best.
func (s *spreadScorer) Normalize(scores []int64, nodes []*nodeInfo) {
	lowest, highest := int64(math.MaxInt64), int64(0)
	for i, n := range nodes {
		if !s.ignores(n) {
			lowest, highest = min(lowest, scores[i]), max(highest, scores[i])
		}
	}
	for i, n := range nodes {
		switch {
		case s.ignores(n):
			scores[i] = 0
		case highest == 0:
			scores[i] = maxNodeScore
		default:
			scores[i] = maxNodeScore * (highest + lowest - scores[i]) / highest
		}
	}
}

// ownersSelector means the pods that belong with this one: those behind the same Services and of the same controller.
func (p *podTopologySpread) ownersSelector(pod *api.Pod) api.Selector {
	labels := map[string]string{}
	for _, s := range p.kit.services.List(pod.Namespace, nil) {
		if len(s.Spec.Selector) > 0 && api.SelectorFromSet(s.Spec.Selector).Matches(pod.Labels) {
			for k, v := range s.Spec.Selector {
				labels[k] = v
			}
		}
	}
	var owner *api.OwnerReference
	for i := range pod.OwnerReferences {
		if api.Deref(pod.OwnerReferences[i].Controller, false) {
			owner = &pod.OwnerReferences[i]
		}
	}
	if owner == nil {
		return api.SelectorFromSet(labels)
	}
	key := api.Key{Namespace: pod.Namespace, Name: owner.Name}
	var controllers *api.LabelSelector
	switch owner.APIVersion + " " + owner.Kind {
	case "v1 ReplicationController":
		if rc, ok := p.kit.replicationControllers.Get(key); ok {
			for k, v := range rc.Spec.Selector {
				labels[k] = v
			}
		}
	case "apps/v1 ReplicaSet":
		if rs, ok := p.kit.replicaSets.Get(key); ok {
			controllers = rs.Spec.Selector
		}
	case "apps/v1 StatefulSet":
		if set, ok := p.kit.statefulSets.Get(key); ok {
			controllers = set.Spec.Selector
		}
	}
	selector := api.SelectorFromSet(labels)
	if controllers == nil {
		return selector
	}
	return allOf{selector, api.SelectorOrNothing(controllers)}
}

// allOf picks what all of several selectors pick.
type allOf []api.Selector

// Matches asks each of them.
func (a allOf) Matches(labels map[string]string) bool {
	for _, s := range a {
		if !s.Matches(labels) {
			return false
		}
	}
	return true
}

// Empty tells that none of them restricts anything.
func (a allOf) Empty() bool {
	for _, s := range a {
		if !s.Empty() {
			return false
		}
	}
	return true
}

// String tells different ones apart.
func (a allOf) String() (text string) {
	for _, s := range a {
		text += s.String() + ";"
	}
	return text
}
