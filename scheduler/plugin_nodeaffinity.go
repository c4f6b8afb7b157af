package scheduler

import (
	"slices"
	"strconv"

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
	case f.added != nil && !matchesAnyTerm(f.added.NodeSelectorTerms, n.node):
		return enforcedMismatch
	case !matchesNodeSelector(f.pod, n.node):
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
		if matchesTerm(&s[i].Preference, n.node) {
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
		if added := p.addedRequired(); added != nil && !matchesAnyTerm(added.NodeSelectorTerms, now) {
			return false
		}
		return matchesNodeSelector(pod.pod, now) && (old == nil || !matchesNodeSelector(pod.pod, old))
	}}}
}

func requiredNodeAffinity(pod *api.Pod) *api.NodeSelector {
	if a := pod.Spec.Affinity; a != nil && a.NodeAffinity != nil {
		return a.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution
	}
	return nil
}

// matchesNodeSelector tells whether the node has every label of spec.nodeSelector and meets one of the terms of the
// required node affinity.
func matchesNodeSelector(pod *api.Pod, node *api.Node) bool {
	for key, value := range pod.Spec.NodeSelector {
		if has, ok := node.Labels[key]; !ok || has != value {
			return false
		}
	}
	required := requiredNodeAffinity(pod)
	return required == nil || matchesAnyTerm(required.NodeSelectorTerms, node)
}

func matchesAnyTerm(terms []api.NodeSelectorTerm, node *api.Node) bool {
	for i := range terms {
		if matchesTerm(&terms[i], node) {
			return true
		}
	}
	return false
}

// matchesTerm tells whether a node meets every requirement of a term. A term that asks for nothing matches nothing.
func matchesTerm(term *api.NodeSelectorTerm, node *api.Node) bool {
	if len(term.MatchExpressions) == 0 && len(term.MatchFields) == 0 {
		return false
	}
	for i := range term.MatchExpressions {
		r := &term.MatchExpressions[i]
		value, has := node.Labels[r.Key]
		if !matchesRequirement(r, value, has) {
			return false
		}
	}
	for i := range term.MatchFields { // metadata.name is the only field that may be asked for
		if !matchesRequirement(&term.MatchFields[i], node.Name, true) {
			return false
		}
	}
	return true
}

func matchesRequirement(r *api.NodeSelectorRequirement, value string, has bool) bool {
	switch r.Operator {
	case api.NodeSelectorOpIn:
		return has && slices.Contains(r.Values, value)
	case api.NodeSelectorOpNotIn:
		return !has || !slices.Contains(r.Values, value)
	case api.NodeSelectorOpExists:
		return has
	case api.NodeSelectorOpDoesNotExist:
		return !has
	case api.NodeSelectorOpGt, api.NodeSelectorOpLt:
		if !has || len(r.Values) != 1 {
			return false
		}
		left, err1 := strconv.ParseInt(value, 10, 64)
		right, err2 := strconv.ParseInt(r.Values[0], 10, 64)
		if err1 != nil || err2 != nil {
			return false // a label that is no number is neither more nor less than one
		}
		return r.Operator == api.NodeSelectorOpGt && left > right || r.Operator == api.NodeSelectorOpLt && left < right
	}
	return false
}
