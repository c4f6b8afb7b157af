package api

// DaemonSet keeps one pod on every node that fits.
type DaemonSet struct {
	TypeMeta `json:",inline"`
	// Standard object metadata.
	ObjectMeta `json:"metadata,omitempty" pb:"1"`
	// What is wanted. The user writes it.
	Spec DaemonSetSpec `json:"spec,omitempty" pb:"2"`
	// What is. The daemon set controller writes it.
	Status DaemonSetStatus `json:"status,omitempty" pb:"3"`
}

// DaemonSetSpec is what a DaemonSet should be like.
type DaemonSetSpec struct {
	// Which pods are the DaemonSet's. It must match the template's labels and cannot change.
	Selector *LabelSelector `json:"selector" pb:"1"`
	// What the pods are like. Its node selector and affinity say which nodes get one. Only restartPolicy Always is
	// allowed.
	Template PodTemplateSpec `json:"template" pb:"2"`
	// How old pods are replaced by new ones.
	UpdateStrategy DaemonSetUpdateStrategy `json:"updateStrategy,omitempty" pb:"3"`
	// For how many seconds a new pod must be ready before it counts as available. Default: 0.
	MinReadySeconds int32 `json:"minReadySeconds,omitempty" pb:"4"`
	// How many old revisions are kept to roll back to. Default: 10.
	RevisionHistoryLimit *int32 `json:"revisionHistoryLimit,omitempty" pb:"6"`
}

// DaemonSetUpdateStrategy says how old pods are replaced by new ones.
type DaemonSetUpdateStrategy struct {
	// RollingUpdate replaces pods step by step; OnDelete waits until somebody deletes them. Default: RollingUpdate.
	Type DaemonSetUpdateStrategyType `json:"type,omitempty" pb:"1"`
	// The size of the steps; only for RollingUpdate.
	RollingUpdate *RollingUpdateDaemonSet `json:"rollingUpdate,omitempty" pb:"2"`
}

// DaemonSetUpdateStrategyType names a way to replace pods.
type DaemonSetUpdateStrategyType string

const (
	RollingUpdateDaemonSetStrategyType DaemonSetUpdateStrategyType = "RollingUpdate"
	OnDeleteDaemonSetStrategyType      DaemonSetUpdateStrategyType = "OnDelete"
)

// RollingUpdateDaemonSet bounds the steps of a rolling update. One of its fields is 0 and the other is not.
type RollingUpdateDaemonSet struct {
	// On how many nodes the pod may be missing during the update, as a number or a percentage of the nodes, rounded up.
	// Default: 1.
	MaxUnavailable *IntOrString `json:"maxUnavailable,omitempty" pb:"1"`
	// On how many nodes the new pod may run beside the old one until it is available, as a number or a percentage,
	// rounded up. Default: 0.
	MaxSurge *IntOrString `json:"maxSurge,omitempty" pb:"2"`
}

// DaemonSetStatus is what the controller last saw of a DaemonSet.
type DaemonSetStatus struct {
	// How many nodes have the pod and should.
	CurrentNumberScheduled int32 `json:"currentNumberScheduled" pb:"1"`
	// How many nodes have the pod and should not.
	NumberMisscheduled int32 `json:"numberMisscheduled" pb:"2"`
	// How many nodes should have the pod.
	DesiredNumberScheduled int32 `json:"desiredNumberScheduled" pb:"3"`
	// On how many of them it is ready.
	NumberReady int32 `json:"numberReady" pb:"4"`
	// The generation that this status speaks of.
	ObservedGeneration int64 `json:"observedGeneration,omitempty" pb:"5"`
	// On how many of them it has the present template.
	UpdatedNumberScheduled int32 `json:"updatedNumberScheduled,omitempty" pb:"6"`
	// On how many of them it has been ready for minReadySeconds.
	NumberAvailable int32 `json:"numberAvailable,omitempty" pb:"7"`
	// On how many of them it is missing or not available.
	NumberUnavailable int32 `json:"numberUnavailable,omitempty" pb:"8"`
	// How often the name of a new revision was taken by another one; it goes into the hash that makes the next name.
	CollisionCount *int32 `json:"collisionCount,omitempty" pb:"9"`
	// What else is to be said; the controller itself says nothing here.
	Conditions []DaemonSetCondition `json:"conditions,omitempty" pb:"10" patch:"merge" mergeKey:"type" list:"map" mapKeys:"type"`
}

// DaemonSetConditionType names an aspect of a DaemonSet's state.
type DaemonSetConditionType string

// DaemonSetCondition is one aspect of a DaemonSet's state and when it last changed.
type DaemonSetCondition struct {
	// Which aspect.
	Type DaemonSetConditionType `json:"type" pb:"1"`
	// True, False or Unknown.
	Status ConditionStatus `json:"status" pb:"2"`
	// When status last changed.
	LastTransitionTime Time `json:"lastTransitionTime,omitempty" pb:"3"`
	// Why, in one word.
	Reason string `json:"reason,omitempty" pb:"4"`
	// Why, for people.
	Message string `json:"message,omitempty" pb:"5"`
}

// Labels and annotations of the pods that StatefulSets and DaemonSets make.
const (
	// LabelControllerRevisionHash is on pods: the revision of the template that they were made from.
	LabelControllerRevisionHash = "controller-revision-hash"
	// AnnotationTemplateGeneration is on DaemonSets and counts the changes of their template. The API server writes it,
	// for clients from before revisions had names.
	AnnotationTemplateGeneration = "deprecated.daemonset.template.generation"
)
