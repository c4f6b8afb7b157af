package scheduler

import (
	"slices"
	"strings"

	"kubelite/api"
)

// affinityTerm is one rule of a pod about other pods: "with pods like these, as near as this topology". It is compiled
// from the API's form once per pod.
type affinityTerm struct {
	topologyKey       string
	namespaces        []string     // where those pods are
	namespaceSelector api.Selector // nil: the listed namespaces only
	selector          api.Selector
	id                string // equal terms of different pods have equal ids
}

type weightedTerm struct {
	*affinityTerm
	weight int32
}

// podAffinityTerms are all the rules of a pod about others.
type podAffinityTerms struct {
	required, requiredAnti   []*affinityTerm
	preferred, preferredAnti []weightedTerm
}

func affinityTermsOf(pod *api.Pod) (t podAffinityTerms) {
	a := pod.Spec.Affinity
	if a == nil {
		return t
	}
	if a.PodAffinity != nil {
		t.required = requiredTerms(pod, a.PodAffinity.RequiredDuringSchedulingIgnoredDuringExecution)
		t.preferred = preferredTerms(pod, a.PodAffinity.PreferredDuringSchedulingIgnoredDuringExecution)
	}
	if a.PodAntiAffinity != nil {
		t.requiredAnti = requiredTerms(pod, a.PodAntiAffinity.RequiredDuringSchedulingIgnoredDuringExecution)
		t.preferredAnti = preferredTerms(pod, a.PodAntiAffinity.PreferredDuringSchedulingIgnoredDuringExecution)
	}
	return t
}

func requiredTerms(pod *api.Pod, terms []api.PodAffinityTerm) (compiled []*affinityTerm) {
	for i := range terms {
		compiled = append(compiled, newAffinityTerm(pod, &terms[i]))
	}
	return compiled
}

func preferredTerms(pod *api.Pod, terms []api.WeightedPodAffinityTerm) (compiled []weightedTerm) {
	for i := range terms {
		compiled = append(compiled, weightedTerm{newAffinityTerm(pod, &terms[i].PodAffinityTerm), terms[i].Weight})
	}
	return compiled
}

// newAffinityTerm compiles a term. The API server has merged matchLabelKeys into the selector, and let no selector pass
// that does not compile.
func newAffinityTerm(pod *api.Pod, t *api.PodAffinityTerm) *affinityTerm {
	term := &affinityTerm{topologyKey: t.TopologyKey, namespaces: t.Namespaces, selector: api.SelectorOrNothing(t.LabelSelector)}
	if t.NamespaceSelector != nil {
		term.namespaceSelector = api.SelectorOrNothing(t.NamespaceSelector)
	} else if len(t.Namespaces) == 0 {
		term.namespaces = []string{pod.Namespace}
	}
	term.id = strings.Join([]string{term.topologyKey, term.podsID()}, "\x00")
	return term
}

// podsID tells terms apart by the pods they mean, whatever the topology.
func (t *affinityTerm) podsID() string {
	names := slices.Sorted(slices.Values(t.namespaces))
	namespaceSelector := "-"
	if t.namespaceSelector != nil {
		namespaceSelector = t.namespaceSelector.String()
	}
	selector := t.selector.String()
	if !t.selector.Empty() && selector == "" {
		selector = "nothing"
	}
	return strings.Join([]string{strings.Join(names, ","), namespaceSelector, selector}, "\x00")
}

// matches tells whether the term means a pod; namespaceLabels are those of the pod's namespace.
func (t *affinityTerm) matches(pod *api.Pod, namespaceLabels map[string]string) bool {
	return (slices.Contains(t.namespaces, pod.Namespace) || t.namespaceSelector != nil && t.namespaceSelector.Matches(namespaceLabels)) &&
		t.selector.Matches(pod.Labels)
}

// termCounts sums up what the pods of a node ask of others: equal terms of a thousand replicas are one entry.
type termCounts []termCount

type termCount struct {
	term     *affinityTerm
	count    int64 // pods, or the sum of the weights of those that prefer
	required int64 // among preferences, the pods that insist: what that is worth, the profile says
	pods     int64
}

// add counts a pod's term, with its weight or as a required one; pods is 1, or -1 to take it off again.
func (c *termCounts) add(t *affinityTerm, amount, required, pods int64) {
	for i := range *c {
		entry := &(*c)[i]
		if entry.term.id != t.id {
			continue
		}
		entry.count += amount
		entry.required += required
		if entry.pods += pods; entry.pods == 0 {
			*c = slices.Delete(*c, i, i+1)
		}
		return
	}
	*c = append(*c, termCount{term: t, count: amount, required: required, pods: pods})
}

// meanings remembers which terms of others mean a pod: a thousand nodes have the same few terms.
type meanings struct {
	pod             *api.Pod
	namespaceLabels map[string]string
	known           map[string]bool // by the term's id
}

func newMeanings(pod *api.Pod, namespaceLabels map[string]string) *meanings {
	return &meanings{pod: pod, namespaceLabels: namespaceLabels, known: map[string]bool{}}
}

// mean tells whether the term means the pod.
func (m *meanings) mean(t *affinityTerm) bool {
	yes, known := m.known[t.id]
	if !known {
		yes = t.matches(m.pod, m.namespaceLabels)
		m.known[t.id] = yes
	}
	return yes
}
