package api

import (
	"slices"
	"strconv"
)

// Which nodes a pod asks for, and which taints it puts up with. The scheduler decides by these rules, and so does every
// loop that has to know beforehand what the scheduler will say.

// Tolerates tells whether one of the tolerations matches the taint.
func Tolerates(tolerations []Toleration, taint *Taint) bool {
	return slices.ContainsFunc(tolerations, func(t Toleration) bool { return t.Matches(taint) })
}

// Matches tells whether the toleration is for this taint. An empty effect stands for all effects, an empty key with the
// operator Exists for all keys.
func (t *Toleration) Matches(taint *Taint) bool {
	if t.Effect != "" && t.Effect != taint.Effect || t.Key != "" && t.Key != taint.Key {
		return false
	}
	switch t.Operator {
	case "", TolerationOpEqual:
		return t.Key != "" && t.Value == taint.Value
	case TolerationOpExists:
		return true
	}
	return false
}

// Tolerates tells whether the taint of a device does not matter to a claim that has the toleration.
func (t *DeviceToleration) Tolerates(taint *DeviceTaint) bool {
	if t.Effect != "" && t.Effect != taint.Effect || t.Key != "" && t.Key != taint.Key {
		return false
	}
	return t.Operator == DeviceTolerationOpExists || t.Value == taint.Value
}

// FitsNode tells whether the node has every label of the pod's spec.nodeSelector and meets its required node affinity.
func FitsNode(spec *PodSpec, node *Node) bool {
	for key, value := range spec.NodeSelector {
		if has, ok := node.Labels[key]; !ok || has != value {
			return false
		}
	}
	if spec.Affinity == nil || spec.Affinity.NodeAffinity == nil {
		return true
	}
	return spec.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.Matches(node)
}

// Matches tells whether the node meets one of the terms. No selector at all matches every node.
func (s *NodeSelector) Matches(node *Node) bool {
	return s == nil || slices.ContainsFunc(s.NodeSelectorTerms, func(t NodeSelectorTerm) bool { return t.Matches(node) })
}

// Matches tells whether the node meets every requirement of the term. A term that asks for nothing matches nothing.
func (t *NodeSelectorTerm) Matches(node *Node) bool {
	for i := range t.MatchExpressions {
		value, has := node.Labels[t.MatchExpressions[i].Key]
		if !t.MatchExpressions[i].matches(value, has) {
			return false
		}
	}
	for i := range t.MatchFields { // metadata.name is the only field that may be asked for
		if !t.MatchFields[i].matches(node.Name, true) {
			return false
		}
	}
	return len(t.MatchExpressions)+len(t.MatchFields) > 0
}

func (r *NodeSelectorRequirement) matches(value string, has bool) bool {
	switch r.Operator {
	case NodeSelectorOpIn:
		return has && slices.Contains(r.Values, value)
	case NodeSelectorOpNotIn:
		return !has || !slices.Contains(r.Values, value)
	case NodeSelectorOpExists:
		return has
	case NodeSelectorOpDoesNotExist:
		return !has
	case NodeSelectorOpGt, NodeSelectorOpLt:
		if !has || len(r.Values) != 1 {
			return false
		}
		left, err1 := strconv.ParseInt(value, 10, 64)
		right, err2 := strconv.ParseInt(r.Values[0], 10, 64)
		if err1 != nil || err2 != nil {
			return false // a label that is no number is neither more nor less than one
		}
		return r.Operator == NodeSelectorOpGt && left > right || r.Operator == NodeSelectorOpLt && left < right
	}
	return false
}
