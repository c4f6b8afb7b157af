package scheduler

import (
	"slices"

	"kubelite/api"
)

// nodeAffinity lets a pod choose nodes by their labels: spec.nodeSelector and required node affinity filter, preferred node
// affinity scores. A profile may add terms for all of its pods.
type nodeAffinity struct {
	added *api.NodeAffinity
}

func (*nodeAffinity) Name() string { return "NodeAffinity" }

var (
	affinityMismatch = reject("NodeAffinity", unresolvable, "node(s) didn't match Pod's node affinity/selector")
	enforcedMismatch = reject("NodeAffinity", unresolvable, "node(s) didn't match scheduler-enforced node affinity")
	affinityConflict = reject("NodeAffinity", unresolvable, "pod affinity terms conflict")
)

// PreFilter has nothing against any node if neither pod nor profile ask for anything. Terms that name nodes leave only those to
// look at: DaemonSets place their pods like that.
func (p *nodeAffinity) PreFilter(c *cycle) (nodeFilter, *status) {
	required := requiredNodeAffinity(c.pod.pod)
	if required == nil && len(c.pod.pod.Spec.NodeSelector) == 0 && p.addedRequired() == nil {
		return nil, nil
	}
	f := &affinityFilter{pod: c.pod.pod, added: p.addedRequired()}
	if required != nil {
		f.only = namedNodes(required.NodeSelectorTerms)
		if f.only != nil && len(f.only) == 0 {
			return nil, affinityConflict
		}
	}
	return f, nil
}

func (p *nodeAffinity) addedRequired() *api.NodeSelector {
	if p.added == nil {
		return nil
	}
	return p.added.RequiredDuringSchedulingIgnoredDuringExecution
}

type affinityFilter struct {
	pod   *api.Pod
	added *api.NodeSelector
	only  []string
}

// Nodes are those that every term names.
func (f *affinityFilter) Nodes() []string { return f.only }

// Filter rejects nodes with the wrong labels.
func (f *affinityFilter) Filter(n *nodeInfo) *status {
	switch {
	case !f.added.Matches(n.node):
		return enforcedMismatch
	case !api.FitsNode(&f.pod.Spec, n.node):
		return affinityMismatch
	}
	return nil
}

// namedNodes returns the nodes that terms allow by name; nil if some term allows others.
func namedNodes(terms []api.NodeSelectorTerm) []string {
	var all []string
	for i := range terms {
		var names []string
		named := false
		for _, r := range terms[i].MatchFields {
			if r.Key != "metadata.name" || r.Operator != api.NodeSelectorOpIn {
				continue
			}
			if !named {
				names, named = slices.Clone(r.Values), true
				continue
			}
			names = slices.DeleteFunc(names, func(name string) bool { return !slices.Contains(r.Values, name) })
		}
		if !named {
			return nil
		}
		all = append(all, names...)
	}
	if all == nil && len(terms) > 0 {
		all = []string{}
	}
	return all
}

// PreScore has an opinion if the pod or the profile prefer anything.
func (p *nodeAffinity) PreScore(c *cycle, _ []*nodeInfo) nodeScorer {
	var s preferenceScorer
	if a := c.pod.pod.Spec.Affinity; a != nil && a.NodeAffinity != nil {
		s = append(s, a.NodeAffinity.PreferredDuringSchedulingIgnoredDuringExecution...)
	}
	if p.added != nil {
		s = append(s, p.added.PreferredDuringSchedulingIgnoredDuringExecution...)
	}
	if len(s) == 0 {
		return nil
	}
	return s
}

type preferenceScorer []api.PreferredSchedulingTerm

// Score adds up the weights of the preferences that the node meets. One that asks for nothing is met by nobody.
func (s preferenceScorer) Score(n *nodeInfo) (sum int64) {
	for i := range s {
		if s[i].Preference.Matches(n.node) {
			sum += int64(s[i].Weight)
		}
	}
	return sum
}

// Normalize makes the highest sum 100.
func (preferenceScorer) Normalize(scores []int64, _ []*nodeInfo) { defaultNormalize(scores, false) }

// Hints are nodes that come or get labels, so that they match now.
func (p *nodeAffinity) Hints() []hint {
	return []hint{{on: nodeAdded | nodeRelabelled, helps: func(pod *podInfo, e *clusterEvent) bool {
		old, _ := e.old.(*api.Node)
		now := e.new.(*api.Node)
		return p.addedRequired().Matches(now) && api.FitsNode(&pod.pod.Spec, now) && (old == nil || !api.FitsNode(&pod.pod.Spec, old))
	}}}
}

func requiredNodeAffinity(pod *api.Pod) *api.NodeSelector {
	if a := pod.Spec.Affinity; a != nil && a.NodeAffinity != nil {
		return a.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution
	}
	return nil
}
