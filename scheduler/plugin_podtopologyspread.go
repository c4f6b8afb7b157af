package scheduler

import (
	"slices"

	"kubelite/api"
)

// podTopologySpread spreads a group of pods evenly over zones, nodes, or whatever a label divides the nodes into.
//
//	zone a  ●●●   with maxSkew 1 the next pod may go to b or c:   a  ●●●●   would be 4 - 2 = 2 more
//	zone b  ●●    a may have at most one more than the            b  ●●●
//	zone c  ●●    emptiest zone has                               c  ●●
//
// Constraints that say DoNotSchedule filter, those that say ScheduleAnyway score (plugin_podtopologyspread_score.go).
type podTopologySpread struct {
	kit      *kit
	defaults []api.TopologySpreadConstraint // for pods that have none of their own
	// systemDefaults tells that nobody configured these: nodes without a zone can still be compared by host.
	systemDefaults bool
}

func newPodTopologySpread(k *kit, args *PodTopologySpreadArgs) *podTopologySpread {
	if args.DefaultingType == systemDefaulting {
		return &podTopologySpread{kit: k, defaults: defaultSpread(), systemDefaults: true}
	}
	return &podTopologySpread{kit: k, defaults: args.DefaultConstraints}
}

func (*podTopologySpread) Name() string { return "PodTopologySpread" }

var (
	skewed        = reject("PodTopologySpread", unschedulable, "node(s) didn't match pod topology spread constraints")
	noSpreadLabel = reject("PodTopologySpread", unresolvable, "node(s) didn't match pod topology spread constraints (missing required label)")
)

// spreadConstraint is a compiled constraint.
type spreadConstraint struct {
	topologyKey                string
	maxSkew, minDomains        int64
	selector                   api.Selector
	honorAffinity, honorTaints bool // a node that the pod cannot run on for that reason counts for nothing
}

// constraints compiles the pod's constraints of one kind, or the profile's for a pod that has none.
func (p *podTopologySpread) constraints(pod *api.Pod, action api.UnsatisfiableConstraintAction) (compiled []spreadConstraint) {
	source, selector := pod.Spec.TopologySpreadConstraints, api.Selector(nil)
	if len(source) == 0 {
		source = p.defaults
		if !slices.ContainsFunc(source, func(c api.TopologySpreadConstraint) bool { return c.WhenUnsatisfiable == action }) {
			return nil
		}
		if selector = p.ownersSelector(pod); selector.Empty() {
			return nil
		}
	}
	for i := range source {
		c := &source[i]
		if c.WhenUnsatisfiable != action {
			continue
		}
		compiled = append(compiled, spreadConstraint{
			topologyKey: c.TopologyKey, maxSkew: int64(c.MaxSkew), minDomains: int64(api.Deref(c.MinDomains, 1)),
			selector:      selector,
			honorAffinity: api.Deref(c.NodeAffinityPolicy, api.NodeInclusionPolicyHonor) == api.NodeInclusionPolicyHonor,
			honorTaints:   api.Deref(c.NodeTaintsPolicy, api.NodeInclusionPolicyIgnore) == api.NodeInclusionPolicyHonor,
		})
		if selector == nil {
			compiled[len(compiled)-1].selector = constraintSelector(pod, c)
		}
	}
	return compiled
}

// constraintSelector is the constraint's selector with the pod's own values of matchLabelKeys.
func constraintSelector(pod *api.Pod, c *api.TopologySpreadConstraint) api.Selector {
	selector := api.SelectorOrNothing(c.LabelSelector)
	same := map[string]string{}
	for _, key := range c.MatchLabelKeys {
		if value, ok := pod.Labels[key]; ok {
			same[key] = value
		}
	}
	if len(same) == 0 {
		return selector
	}
	return allOf{api.SelectorFromSet(same), selector}
}

// includes tells whether a node's pods count for the constraint.
func (c *spreadConstraint) includes(pod *api.Pod, n *nodeInfo) bool {
	return (!c.honorAffinity || api.FitsNode(&pod.Spec, n.node)) && (!c.honorTaints || taintFilter{pod}.Filter(n) == nil)
}

// podsPerNode counts, by position, the pods that the constraint means. Those on their way out do not count.
func (c *spreadConstraint) podsPerNode(cache *cache, namespace string) []int32 {
	return cache.countPods("spread\x00"+namespace+"\x00"+c.selector.String(), func(p *podInfo) bool { return c.means(p.pod, namespace) })
}

func (c *spreadConstraint) means(pod *api.Pod, namespace string) bool {
	return pod.DeletionTimestamp == nil && pod.Namespace == namespace && !c.selector.Empty() && c.selector.Matches(pod.Labels)
}

// PreFilter counts the pods in each domain, if the pod has constraints that must hold.
func (p *podTopologySpread) PreFilter(c *cycle) (nodeFilter, *status) {
	constraints := p.constraints(c.pod.pod, api.DoNotSchedule)
	if len(constraints) == 0 {
		return nil, nil
	}
	f := &spreadFilter{pod: c.pod.pod, constraints: make([]spreadDomains, len(constraints))}
	for i, constraint := range constraints {
		f.constraints[i] = spreadDomains{
			spreadConstraint: constraint,
			pods:             domainCountsOf(c.cache.topology(constraint.topologyKey), nil),
			self:             constraint.selector.Matches(c.pod.pod.Labels),
		}
	}
	for i := range f.constraints {
		d := &f.constraints[i]
		d.eligible = make([]bool, d.pods.topology.domains)
		counts := d.podsPerNode(c.cache, c.pod.pod.Namespace)
		for position, n := range c.cache.nodes {
			if f.hasAllKeys(n) && d.includes(c.pod.pod, n) {
				d.eligible[d.pods.topology.domainOf[position]] = true
				d.pods.add(n, int64(counts[position]))
			}
		}
		d.findMinimum()
	}
	return f, nil
}

// spreadFilter holds the counts of one pod.
type spreadFilter struct {
	pod         *api.Pod
	constraints []spreadDomains
}

// spreadDomains is a constraint with what there is in each domain.
type spreadDomains struct {
	spreadConstraint
	pods     domainCounts
	eligible []bool // by domain: it has a node that counts
	minimum  int64  // of the eligible domains
	self     bool   // the pod counts itself
}

// findMinimum looks for the emptiest domain. Where there are fewer domains than there should be, the missing ones are empty.
func (d *spreadDomains) findMinimum() {
	var domains int64
	d.minimum = 1<<31 - 1
	for i, eligible := range d.eligible {
		if eligible {
			domains++
			d.minimum = min(d.minimum, d.pods.counts[i])
		}
	}
	if domains < d.minDomains {
		d.minimum = 0
	}
}

func (f *spreadFilter) hasAllKeys(n *nodeInfo) bool {
	for i := range f.constraints {
		if !f.constraints[i].pods.has(n) {
			return false
		}
	}
	return true
}

// Filter rejects nodes whose domain would have too many more than the emptiest.
func (f *spreadFilter) Filter(n *nodeInfo) *status {
	for i := range f.constraints {
		d := &f.constraints[i]
		if !d.pods.has(n) {
			return noSpreadLabel
		}
		with := d.pods.of(n)
		if d.self {
			with++
		}
		if with-d.minimum > d.maxSkew {
			return skewed
		}
	}
	return nil
}

// Clone copies the counts.
func (f *spreadFilter) Clone() nodeFilter {
	clone := &spreadFilter{pod: f.pod, constraints: slices.Clone(f.constraints)}
	for i := range clone.constraints {
		clone.constraints[i].pods = clone.constraints[i].pods.clone()
	}
	return clone
}

// AddPod counts one pod more.
func (f *spreadFilter) AddPod(p *podInfo, n *nodeInfo) { f.count(p, n, 1) }

// RemovePod counts one less.
func (f *spreadFilter) RemovePod(p *podInfo, n *nodeInfo) { f.count(p, n, -1) }

func (f *spreadFilter) count(p *podInfo, n *nodeInfo, sign int64) {
	if p.pod.Namespace != f.pod.Namespace || !f.hasAllKeys(n) {
		return
	}
	for i := range f.constraints {
		d := &f.constraints[i]
		if d.selector.Matches(p.pod.Labels) && p.pod.DeletionTimestamp == nil && d.includes(f.pod, n) {
			d.pods.add(n, sign)
			d.findMinimum()
		}
	}
}

// Hints are pods of the group that come, go or change labels, and nodes that come, go, or change labels or taints.
func (p *podTopologySpread) Hints() []hint {
	return []hint{
		{on: podAssigned | podGone | podRelabelled, helps: func(waiting *podInfo, e *clusterEvent) bool {
			means := func(obj api.Object) bool {
				pod, _ := obj.(*api.Pod)
				if pod == nil || pod.Namespace != waiting.pod.Namespace {
					return false
				}
				return slices.ContainsFunc(p.constraints(waiting.pod, api.DoNotSchedule), func(c spreadConstraint) bool { return c.selector.Matches(pod.Labels) })
			}
			if e.what&podRelabelled != 0 {
				return means(e.old) != means(e.new)
			}
			return means(e.old) || means(e.new)
		}},
		{on: nodeAdded | nodeGone | nodeRelabelled | nodeTaints},
	}
}
