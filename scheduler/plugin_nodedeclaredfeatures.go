package scheduler

import (
	"slices"

	"kubelite/api"
)

// nodeDeclaredFeatures keeps pods that need something new off nodes whose kubelets do not say that they can do it: in a
// cluster of several versions an older kubelet would take the pod and leave a part of its spec undone.
type nodeDeclaredFeatures struct{}

func (*nodeDeclaredFeatures) Name() string { return "NodeDeclaredFeatures" }

var undeclaredFeature = reject("NodeDeclaredFeatures", unresolvable, "node(s) didn't match Pod's required features")

// PreFilter has nothing against any node if the pod needs nothing new.
func (*nodeDeclaredFeatures) PreFilter(c *cycle) (nodeFilter, *status) {
	if !c.pod.pod.Spec.CanRestartAllContainers() {
		return nil, nil
	}
	return featureFilter{api.FeatureRestartAllContainers}, nil
}

// featureFilter is the name of the feature that a node must have.
type featureFilter struct{ name string }

// Filter rejects nodes without the feature.
func (f featureFilter) Filter(n *nodeInfo) *status {
	if !slices.Contains(n.node.Status.DeclaredFeatures, f.name) {
		return undeclaredFeature
	}
	return nil
}

// Hints are nodes that come or say that they can do more.
func (*nodeDeclaredFeatures) Hints() []hint { return []hint{{on: nodeAdded | nodeFeatures}} }
