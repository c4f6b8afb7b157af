package scheduler

import (
	"maps"
	"slices"

	"kubelite/api"
)

// A pod that fits nowhere waits for something to change. But most changes cannot help it: a pod that lacks a toleration
// gains nothing from a pod that ends. So each plugin says which changes may turn its no into a yes (its hints), and a pod
// is tried again when one of the plugins that rejected it sees such a change.

// clusterEvent is a change that may help somebody.
type clusterEvent struct {
	what     happening
	old, new api.Object // nil where there is none
	revision int64
	timer    string // the clock that stands behind it, where no write does
}

// happening is a set of kinds of changes.
type happening uint32

const (
	podAssigned        happening = 1 << iota // a pod counts on a node now
	podGone                                  // a pod that counted on a node is gone, or its nomination is
	podRelabelled                            // labels of a pod on a node
	podShrunk                                // a pod on a node asks for less
	podItself                                // the waiting pod's own spec or labels
	nodeAdded                                // a node came
	nodeGone                                 // a node went, and perhaps the emptiest domain with it
	nodeAllocatable                          // what it has to offer
	nodeRelabelled                           // its labels
	nodeTaints                               // cordoned or uncordoned as well
	nodeFeatures                             // what it says it can do
	claimChanged                             // a PersistentVolumeClaim came or changed
	volumeChanged                            // a PersistentVolume
	classChanged                             // a StorageClass
	driverChanged                            // what a driver of volumes says: of itself, of a node, of its room; or an attachment
	deviceClaimChanged                       // a ResourceClaim came or changed
	deviceClassChanged                       // a DeviceClass
	deviceSliceChanged                       // a ResourceSlice: what a driver of devices says
)

// hint is an interest of a plugin in some kinds of changes.
type hint struct {
	on happening
	// helps tells whether the change may let the pod pass; nil means always.
	helps func(p *podInfo, e *clusterEvent) bool
}

// nodeEvent says what about a node changed that a scheduler cares for; a heartbeat is nothing.
func nodeEvent(old, node *api.Node) (what happening) {
	switch {
	case old == nil:
		return nodeAdded
	case node == nil:
		return nodeGone
	}
	if !maps.Equal(old.Labels, node.Labels) {
		what |= nodeRelabelled
	}
	if old.Spec.Unschedulable != node.Spec.Unschedulable || !api.Equal(old.Spec.Taints, node.Spec.Taints) {
		what |= nodeTaints
	}
	if !api.Equal(old.Status.Allocatable, node.Status.Allocatable) {
		what |= nodeAllocatable
	}
	if !slices.Equal(old.Status.DeclaredFeatures, node.Status.DeclaredFeatures) {
		what |= nodeFeatures
	}
	return what
}

// assignedPodEvent says what about a pod on a node changed: old or pod is nil where it came or went.
func assignedPodEvent(old, pod *api.Pod) (what happening) {
	counts := func(p *api.Pod) bool { return p != nil && p.Spec.NodeName != "" && !p.Status.Phase.Ended() }
	switch {
	case pod == nil && old.Spec.NodeName != "", counts(old) && !counts(pod): // an informer that leaves ended pods out says gone
		return podGone
	case !counts(pod):
		return 0
	case !counts(old):
		return podAssigned
	}
	if !maps.Equal(old.Labels, pod.Labels) {
		what |= podRelabelled
	}
	before, after := podRequests(old), podRequests(pod)
	if !before.equal(&after) {
		what |= podShrunk
	}
	return what
}

// waitingPodChanged tells whether a pod without a node changed in a way that a decision may look at.
func waitingPodChanged(old, pod *api.Pod) bool {
	return old.Generation != pod.Generation || !maps.Equal(old.Labels, pod.Labels) || !api.Equal(old.Spec, pod.Spec) ||
		!api.Equal(old.Status.ResourceClaimStatuses, pod.Status.ResourceClaimStatuses)
}
