package api

// The two types of Events.
const (
	EventTypeNormal  = "Normal"
	EventTypeWarning = "Warning"
)

// Reasons of the condition PodScheduled.
const (
	PodReasonUnschedulable   = "Unschedulable"   // no node fits
	PodReasonSchedulingGated = "SchedulingGated" // spec.schedulingGates holds it back
)

// Namespaces that every cluster has.
const (
	NamespaceDefault   = "default"
	NamespaceSystem    = "kube-system"
	NamespacePublic    = "kube-public"
	NamespaceNodeLease = "kube-node-lease"
)

// Labels of nodes that say which machine it is, and where.
const (
	LabelHostname = "kubernetes.io/hostname"
	LabelZone     = "topology.kubernetes.io/zone"
	LabelRegion   = "topology.kubernetes.io/region"
)
