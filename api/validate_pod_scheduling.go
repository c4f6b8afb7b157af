package api

import (
	"fmt"
	"slices"
	"strings"
)

// Where a pod may run: affinity, tolerations, topology spread.

func (l *ErrorList) checkAffinity(path Path, a *Affinity) {
	if na := a.NodeAffinity; na != nil {
		*l = append(*l, ValidateNodeAffinity(path.Child("nodeAffinity"), na)...)
	}
	if pa := a.PodAffinity; pa != nil {
		l.podAffinityTerms(path.Child("podAffinity"), pa.RequiredDuringSchedulingIgnoredDuringExecution, pa.PreferredDuringSchedulingIgnoredDuringExecution)
	}
	if pa := a.PodAntiAffinity; pa != nil {
		l.podAffinityTerms(path.Child("podAntiAffinity"), pa.RequiredDuringSchedulingIgnoredDuringExecution, pa.PreferredDuringSchedulingIgnoredDuringExecution)
	}
}

// ValidateNodeAffinity lists the mistakes in rules about nodes, a pod's or those of a scheduler's profile.
func ValidateNodeAffinity(path Path, na *NodeAffinity) (l ErrorList) {
	if required := na.RequiredDuringSchedulingIgnoredDuringExecution; required != nil {
		l.nodeSelector(path.Child("requiredDuringSchedulingIgnoredDuringExecution"), required)
	}
	for i := range na.PreferredDuringSchedulingIgnoredDuringExecution {
		term := &na.PreferredDuringSchedulingIgnoredDuringExecution[i]
		path := path.Child("preferredDuringSchedulingIgnoredDuringExecution").Index(i)
		l.weight(path, term.Weight)
		// A preference for a label value that cannot exist is merely never met, so values are not checked.
		l.nodeSelectorTerm(path.Child("preference"), &term.Preference, false)
	}
	return l
}

func (l *ErrorList) weight(path Path, weight int32) {
	if weight < 1 || weight > 100 {
		l.add(path.Child("weight").Invalid(weight, "must be in the range 1-100"))
	}
}

func (l *ErrorList) nodeSelector(path Path, selector *NodeSelector) {
	terms := path.Child("nodeSelectorTerms")
	if len(selector.NodeSelectorTerms) == 0 {
		l.add(terms.Required("must have at least one node selector term"))
	}
	for i := range selector.NodeSelectorTerms {
		l.nodeSelectorTerm(terms.Index(i), &selector.NodeSelectorTerms[i], true)
	}
}

func (l *ErrorList) nodeSelectorTerm(path Path, term *NodeSelectorTerm, checkValues bool) {
	for i := range term.MatchExpressions {
		l.nodeSelectorRequirement(path.Child("matchExpressions").Index(i), &term.MatchExpressions[i], checkValues)
	}
	for i := range term.MatchFields {
		l.nodeFieldRequirement(path.Child("matchFields").Index(i), &term.MatchFields[i])
	}
}

func (l *ErrorList) nodeSelectorRequirement(path Path, r *NodeSelectorRequirement, checkValues bool) {
	switch r.Operator {
	case NodeSelectorOpIn, NodeSelectorOpNotIn:
		if len(r.Values) == 0 {
			l.add(path.Child("values").Required("must be specified when `operator` is 'In' or 'NotIn'"))
		}
	case NodeSelectorOpExists, NodeSelectorOpDoesNotExist:
		if len(r.Values) > 0 {
			l.add(path.Child("values").Forbidden("may not be specified when `operator` is 'Exists' or 'DoesNotExist'"))
		}
	case NodeSelectorOpGt, NodeSelectorOpLt:
		if len(r.Values) != 1 {
			l.add(path.Child("values").Required("must be specified single value when `operator` is 'Lt' or 'Gt'"))
		}
	default:
		l.add(path.Child("operator").Invalid(string(r.Operator), "not a valid selector operator"))
	}
	l.format(path, "key", r.Key, IsQualifiedName)
	if checkValues {
		l.labelValues(path.Child("values"), r.Values)
	}
}

// nodeFieldRequirement: of a node's fields only its name can be matched.
func (l *ErrorList) nodeFieldRequirement(path Path, r *NodeSelectorRequirement) {
	switch r.Operator {
	case NodeSelectorOpIn, NodeSelectorOpNotIn:
		if len(r.Values) != 1 {
			l.add(path.Child("values").Required("must be only one value when `operator` is 'In' or 'NotIn' for node field selector"))
		}
	default:
		l.add(path.Child("operator").Invalid(string(r.Operator), "not a valid selector operator"))
	}
	if r.Key != "metadata.name" {
		l.add(path.Child("key").Invalid(r.Key, "not a valid field selector key"))
		return
	}
	for i, value := range r.Values {
		l.format(path.Child("values").Index(i), "", value, IsDNS1123Subdomain)
	}
}

func (l *ErrorList) podAffinityTerms(path Path, required []PodAffinityTerm, preferred []WeightedPodAffinityTerm) {
	for i := range required {
		l.podAffinityTerm(path.Child("requiredDuringSchedulingIgnoredDuringExecution").Index(i), &required[i])
	}
	for i := range preferred {
		path := path.Child("preferredDuringSchedulingIgnoredDuringExecution").Index(i)
		l.weight(path, preferred[i].Weight)
		l.podAffinityTerm(path.Child("podAffinityTerm"), &preferred[i].PodAffinityTerm)
	}
}

func (l *ErrorList) podAffinityTerm(path Path, term *PodAffinityTerm) {
	l.labelSelector(path.Child("labelSelector"), term.LabelSelector)
	l.labelSelector(path.Child("namespaceSelector"), term.NamespaceSelector)
	for _, name := range term.Namespaces {
		l.format(path, "namespace", name, IsDNS1123Label)
	}
	l.matchLabelKeys(path, term.MatchLabelKeys, term.MismatchLabelKeys, term.LabelSelector)
	if term.TopologyKey == "" {
		l.add(path.Child("topologyKey").Required("can not be empty"))
	}
	l.format(path, "topologyKey", term.TopologyKey, IsQualifiedName)
}

// matchLabelKeys checks keys whose values are taken from the pod itself. PrepareNewPod has written them into the
// selector as expressions by now, so a key that is there twice was there before.
func (l *ErrorList) matchLabelKeys(path Path, match, mismatch []string, selector *LabelSelector) {
	l.labelKeys(path.Child("matchLabelKeys"), match, selector)
	l.labelKeys(path.Child("mismatchLabelKeys"), mismatch, selector)
	if selector != nil {
		seen := map[string]bool{}
		for key := range selector.MatchLabels {
			seen[key] = true
		}
		for i := range selector.MatchExpressions {
			key := selector.MatchExpressions[i].Key
			for at := len(match) - 1; at >= 0 && seen[key]; at-- {
				if match[at] == key {
					l.add(path.Index(at).Invalid(key, "exists in both matchLabelKeys and labelSelector"))
					break
				}
			}
			seen[key] = true
		}
	}
	for i, key := range match {
		if slices.Contains(mismatch, key) {
			l.add(path.Child("matchLabelKeys").Index(i).Invalid(key, "exists in both matchLabelKeys and mismatchLabelKeys"))
		}
	}
}

func (l *ErrorList) labelKeys(path Path, keys []string, selector *LabelSelector) {
	if len(keys) > 0 && selector == nil {
		l.add(path.Forbidden("must not be specified when labelSelector is not set"))
		return
	}
	for i, key := range keys {
		l.format(path.Index(i), "", key, IsQualifiedName)
	}
}

func (l *ErrorList) tolerations(path Path, tolerations []Toleration) {
	for i := range tolerations {
		t, path := &tolerations[i], path.Index(i)
		if t.Key != "" {
			l.format(path, "key", t.Key, IsQualifiedName)
		} else if t.Operator != TolerationOpExists {
			l.add(path.Child("operator").Invalid(string(t.Operator), "operator must be Exists when `key` is empty, which means \"match all values and all keys\""))
		}
		if t.TolerationSeconds != nil && t.Effect != TaintEffectNoExecute {
			l.add(path.Child("effect").Invalid(string(t.Effect), "effect must be 'NoExecute' when `tolerationSeconds` is set"))
		}
		switch t.Operator {
		case TolerationOpEqual, "":
			if messages := IsValidLabelValue(t.Value); messages != nil {
				l.add(path.Child("operator").Invalid(t.Value, strings.Join(messages, ";")))
			}
		case TolerationOpExists:
			if t.Value != "" {
				l.add(path.Child("operator").Invalid(t.Value, "value must be empty when `operator` is 'Exists'"))
			}
		case TolerationOpLt, TolerationOpGt:
			// Comparing taints by number is alpha upstream, and off.
			l.add(path.Child("operator").NotSupported(string(t.Operator), "Equal", "Exists", "Lt", "Gt"))
		default:
			l.add(path.Child("operator").NotSupported(string(t.Operator), "Equal", "Exists"))
		}
		if t.Effect != "" {
			l.taintEffect(path, t.Effect)
		}
	}
}

func (l *ErrorList) taintEffect(path Path, effect TaintEffect) {
	oneOf(l, path, "effect", effect, TaintEffectNoSchedule, TaintEffectPreferNoSchedule, TaintEffectNoExecute)
}

func (c *podCheck) checkTopologySpread() {
	constraints := c.spec.TopologySpreadConstraints
	for i := range constraints {
		tsc, path := &constraints[i], c.path.Child("topologySpreadConstraints").Index(i)
		c.positive(path, "maxSkew", int64(tsc.MaxSkew))
		if tsc.TopologyKey == "" {
			c.add(path.Child("topologyKey").Required("can not be empty"))
		}
		oneOf(&c.ErrorList, path, "whenUnsatisfiable", tsc.WhenUnsatisfiable, DoNotSchedule, ScheduleAnyway)
		if slices.ContainsFunc(constraints[i+1:], func(other TopologySpreadConstraint) bool {
			return other.TopologyKey == tsc.TopologyKey && other.WhenUnsatisfiable == tsc.WhenUnsatisfiable
		}) {
			c.add(path.Child("{topologyKey, whenUnsatisfiable}").Duplicate(fmt.Sprintf("{%s, %s}", tsc.TopologyKey, tsc.WhenUnsatisfiable)))
		}
		if tsc.MinDomains != nil {
			c.positive(path, "minDomains", int64(*tsc.MinDomains))
			if tsc.WhenUnsatisfiable != DoNotSchedule {
				c.add(path.Child("minDomains").Invalid(*tsc.MinDomains,
					"can only use minDomains if whenUnsatisfiable=DoNotSchedule, not "+string(tsc.WhenUnsatisfiable)))
			}
		}
		optionalOneOf(&c.ErrorList, path, "nodeAffinityPolicy", tsc.NodeAffinityPolicy, NodeInclusionPolicyHonor, NodeInclusionPolicyIgnore)
		optionalOneOf(&c.ErrorList, path, "nodeTaintsPolicy", tsc.NodeTaintsPolicy, NodeInclusionPolicyHonor, NodeInclusionPolicyIgnore)
		c.matchLabelKeys(path, tsc.MatchLabelKeys, nil, tsc.LabelSelector)
		c.labelSelector(path.Child("labelSelector"), tsc.LabelSelector)
	}
}

// nodeTaints checks a node's taints: key and effect together are what tolerations name, so they must be unique.
func (l *ErrorList) nodeTaints(path Path, taints []Taint) {
	for i := range taints {
		t, path := &taints[i], path.Index(i)
		l.format(path, "key", t.Key, IsQualifiedName)
		if messages := IsValidLabelValue(t.Value); messages != nil {
			l.add(path.Child("value").Invalid(t.Value, strings.Join(messages, ";")))
		}
		if l.required(path, "effect", string(t.Effect)) {
			l.taintEffect(path, t.Effect)
		}
		if slices.ContainsFunc(taints[:i], func(other Taint) bool { return other.Key == t.Key && other.Effect == t.Effect }) {
			duplicate := path.Duplicate(goNames{t})
			duplicate.Detail = "taints must be unique by key and effect pair"
			l.add(duplicate)
		}
	}
}
