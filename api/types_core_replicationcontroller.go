package api

// ReplicationController keeps a number of pods of one template running. It is what there was before ReplicaSets, and
// works as they do.
type ReplicationController struct {
	TypeMeta `json:",inline"`
	// Standard object metadata. Empty labels are taken from the template.
	ObjectMeta `json:"metadata,omitempty" pb:"1"`
	// What is wanted. The user writes it.
	Spec ReplicationControllerSpec `json:"spec,omitempty" pb:"2"`
	// What is. The replication controller's controller writes it.
	Status ReplicationControllerStatus `json:"status,omitempty" pb:"3"`
}

// ReplicationControllerSpec is what a ReplicationController should be like.
type ReplicationControllerSpec struct {
	// How many pods there should be. Default: 1.
	Replicas *int32 `json:"replicas,omitempty" pb:"1"`
	// For how many seconds a pod must be ready before it counts as available. Default: 0.
	MinReadySeconds int32 `json:"minReadySeconds,omitempty" pb:"4"`
	// The labels that make a pod the ReplicationController's. They must be among the template's. Default: all of the
	// template's.
	Selector map[string]string `json:"selector,omitempty" pb:"2" list:"atomic"`
	// What new pods are like. A change does not touch those that exist. Only restartPolicy Always is allowed.
	Template *PodTemplateSpec `json:"template,omitempty" pb:"3"`
}

// ReplicationControllerStatus is what the controller last saw of a ReplicationController.
type ReplicationControllerStatus struct {
	// How many pods there are, less those that are ending.
	Replicas int32 `json:"replicas" pb:"1"`
	// How many of them have every label of the template.
	FullyLabeledReplicas int32 `json:"fullyLabeledReplicas,omitempty" pb:"2"`
	// How many of them are ready.
	ReadyReplicas int32 `json:"readyReplicas,omitempty" pb:"4"`
	// How many of them have been ready for minReadySeconds.
	AvailableReplicas int32 `json:"availableReplicas,omitempty" pb:"5"`
	// The generation that this status speaks of.
	ObservedGeneration int64 `json:"observedGeneration,omitempty" pb:"3"`
	// ReplicaFailure, when pods cannot be made or removed.
	Conditions []ReplicationControllerCondition `json:"conditions,omitempty" pb:"6" patch:"merge" mergeKey:"type" list:"map" mapKeys:"type"`
}

// ReplicationControllerConditionType names an aspect of a ReplicationController's state.
type ReplicationControllerConditionType string

const (
	ReplicationControllerReplicaFailure ReplicationControllerConditionType = "ReplicaFailure"
)

// ReplicationControllerCondition is one aspect of a ReplicationController's state and when it last changed.
type ReplicationControllerCondition struct {
	// ReplicaFailure.
	Type ReplicationControllerConditionType `json:"type" pb:"1"`
	// True, False or Unknown.
	Status ConditionStatus `json:"status" pb:"2"`
	// When status last changed.
	LastTransitionTime Time `json:"lastTransitionTime,omitempty" pb:"3"`
	// Why, in one word.
	Reason string `json:"reason,omitempty" pb:"4"`
	// Why, for people.
	Message string `json:"message,omitempty" pb:"5"`
}
