package api

// Deployment keeps a number of equal pods running and replaces them step by step when their template changes.
type Deployment struct {
	TypeMeta `json:",inline"`
	// Standard object metadata.
	ObjectMeta `json:"metadata,omitempty" pb:"1"`
	// What is wanted. The user writes it.
	Spec DeploymentSpec `json:"spec,omitempty" pb:"2"`
	// What is. The deployment controller writes it.
	Status DeploymentStatus `json:"status,omitempty" pb:"3"`
}

// DeploymentSpec is what a Deployment should be like.
type DeploymentSpec struct {
	// How many pods there should be. Default: 1.
	Replicas *int32 `json:"replicas,omitempty" pb:"1"`
	// Which pods are the Deployment's. It must match the template's labels and cannot change.
	Selector *LabelSelector `json:"selector" pb:"2"`
	// What the pods are like. A change starts a rollout. Only restartPolicy Always is allowed.
	Template PodTemplateSpec `json:"template" pb:"3"`
	// How old pods are replaced by new ones.
	Strategy DeploymentStrategy `json:"strategy,omitempty" pb:"4" patch:"retainKeys"`
	// For how many seconds a new pod must be ready before it counts as available. Default: 0.
	MinReadySeconds int32 `json:"minReadySeconds,omitempty" pb:"5"`
	// How many old ReplicaSets are kept to roll back to. Default: 10.
	RevisionHistoryLimit *int32 `json:"revisionHistoryLimit,omitempty" pb:"6"`
	// True to hold rollouts back: changes of the template wait until it is false again.
	Paused bool `json:"paused,omitempty" pb:"7"`
	// After how many seconds without progress a rollout is reported as failed; it goes on all the same. Default: 600.
	ProgressDeadlineSeconds *int32 `json:"progressDeadlineSeconds,omitempty" pb:"9"`
}

// DeploymentStrategy says how old pods are replaced by new ones.
type DeploymentStrategy struct {
	// Recreate ends all old pods first; RollingUpdate goes step by step. Default: RollingUpdate.
	Type DeploymentStrategyType `json:"type,omitempty" pb:"1"`
	// The size of the steps; only for RollingUpdate.
	RollingUpdate *RollingUpdateDeployment `json:"rollingUpdate,omitempty" pb:"2"`
}

// DeploymentStrategyType names a way to replace pods.
type DeploymentStrategyType string

const (
	RecreateDeploymentStrategyType      DeploymentStrategyType = "Recreate"
	RollingUpdateDeploymentStrategyType DeploymentStrategyType = "RollingUpdate"
)

// RollingUpdateDeployment bounds the steps of a rolling update.
type RollingUpdateDeployment struct {
	// How many pods may be unavailable during the update, as a number or a percentage of replicas, rounded down.
	// Default: 25%. Not 0 if maxSurge is 0.
	MaxUnavailable *IntOrString `json:"maxUnavailable,omitempty" pb:"1"`
	// How many pods there may be above replicas during the update, as a number or a percentage, rounded up. Default:
	// 25%. Not 0 if maxUnavailable is 0.
	MaxSurge *IntOrString `json:"maxSurge,omitempty" pb:"2"`
}

// DeploymentStatus is what the controller last saw of a Deployment.
type DeploymentStatus struct {
	// The generation that this status speaks of.
	ObservedGeneration int64 `json:"observedGeneration,omitempty" pb:"1"`
	// How many pods there are that the selector matches, of all revisions. Ending ones do not count.
	Replicas int32 `json:"replicas,omitempty" pb:"2"`
	// How many of them have the present template.
	UpdatedReplicas int32 `json:"updatedReplicas,omitempty" pb:"3"`
	// How many of them are ready.
	ReadyReplicas int32 `json:"readyReplicas,omitempty" pb:"7"`
	// How many of them have been ready for minReadySeconds.
	AvailableReplicas int32 `json:"availableReplicas,omitempty" pb:"4"`
	// How many are still missing until all are available, whether they run or have yet to be made.
	UnavailableReplicas int32 `json:"unavailableReplicas,omitempty" pb:"5"`
	// How many pods are on their way out.
	TerminatingReplicas *int32 `json:"terminatingReplicas,omitempty" pb:"9"`
	// Available, Progressing and ReplicaFailure.
	Conditions []DeploymentCondition `json:"conditions,omitempty" pb:"6" patch:"merge" mergeKey:"type" list:"map" mapKeys:"type"`
	// How often the name of a new ReplicaSet was taken by another one; it goes into the hash that makes the next
	// name.
	CollisionCount *int32 `json:"collisionCount,omitempty" pb:"8"`
}

// DeploymentConditionType names an aspect of a Deployment's state.
type DeploymentConditionType string

const (
	DeploymentAvailable      DeploymentConditionType = "Available"
	DeploymentProgressing    DeploymentConditionType = "Progressing"
	DeploymentReplicaFailure DeploymentConditionType = "ReplicaFailure"
)

// DeploymentCondition is one aspect of a Deployment's state and when it last changed.
type DeploymentCondition struct {
	// Available, Progressing or ReplicaFailure.
	Type DeploymentConditionType `json:"type" pb:"1"`
	// True, False or Unknown.
	Status ConditionStatus `json:"status" pb:"2"`
	// When the condition was last written.
	LastUpdateTime Time `json:"lastUpdateTime,omitempty" pb:"6"`
	// When status last changed.
	LastTransitionTime Time `json:"lastTransitionTime,omitempty" pb:"7"`
	// Why, in one word.
	Reason string `json:"reason,omitempty" pb:"4"`
	// Why, for people.
	Message string `json:"message,omitempty" pb:"5"`
}

// ReplicaSet keeps a number of pods of one template running. Deployments make them; people seldom do.
type ReplicaSet struct {
	TypeMeta `json:",inline"`
	// Standard object metadata. Empty labels are taken from the template.
	ObjectMeta `json:"metadata,omitempty" pb:"1"`
	// What is wanted.
	Spec ReplicaSetSpec `json:"spec,omitempty" pb:"2"`
	// What is. The replica set controller writes it.
	Status ReplicaSetStatus `json:"status,omitempty" pb:"3"`
}

// ReplicaSetSpec is what a ReplicaSet should be like.
type ReplicaSetSpec struct {
	// How many pods there should be. Default: 1.
	Replicas *int32 `json:"replicas,omitempty" pb:"1"`
	// For how many seconds a pod must be ready before it counts as available. Default: 0.
	MinReadySeconds int32 `json:"minReadySeconds,omitempty" pb:"4"`
	// Which pods are the ReplicaSet's. It must match the template's labels and cannot change.
	Selector *LabelSelector `json:"selector" pb:"2"`
	// What new pods are like. A change does not touch those that exist.
	Template PodTemplateSpec `json:"template,omitempty" pb:"3"`
}

// ReplicaSetStatus is what the controller last saw of a ReplicaSet.
type ReplicaSetStatus struct {
	// How many pods there are, less those that are ending.
	Replicas int32 `json:"replicas" pb:"1"`
	// How many of them have every label of the template.
	FullyLabeledReplicas int32 `json:"fullyLabeledReplicas,omitempty" pb:"2"`
	// How many of them are ready.
	ReadyReplicas int32 `json:"readyReplicas,omitempty" pb:"4"`
	// How many of them have been ready for minReadySeconds.
	AvailableReplicas int32 `json:"availableReplicas,omitempty" pb:"5"`
	// How many pods are on their way out.
	TerminatingReplicas *int32 `json:"terminatingReplicas,omitempty" pb:"7"`
	// The generation that this status speaks of.
	ObservedGeneration int64 `json:"observedGeneration,omitempty" pb:"3"`
	// ReplicaFailure, when pods cannot be made or removed.
	Conditions []ReplicaSetCondition `json:"conditions,omitempty" pb:"6" patch:"merge" mergeKey:"type" list:"map" mapKeys:"type"`
}

// ReplicaSetConditionType names an aspect of a ReplicaSet's state.
type ReplicaSetConditionType string

const (
	ReplicaSetReplicaFailure ReplicaSetConditionType = "ReplicaFailure"
)

// ReplicaSetCondition is one aspect of a ReplicaSet's state and when it last changed.
type ReplicaSetCondition struct {
	// ReplicaFailure.
	Type ReplicaSetConditionType `json:"type" pb:"1"`
	// True, False or Unknown.
	Status ConditionStatus `json:"status" pb:"2"`
	// When status last changed.
	LastTransitionTime Time `json:"lastTransitionTime,omitempty" pb:"3"`
	// Why, in one word.
	Reason string `json:"reason,omitempty" pb:"4"`
	// Why, for people.
	Message string `json:"message,omitempty" pb:"5"`
}

// ControllerRevision is a snapshot of an object's desired state that a controller keeps to return to. It cannot
// change once made.
type ControllerRevision struct {
	TypeMeta `json:",inline"`
	// Standard object metadata.
	ObjectMeta `json:"metadata,omitempty" pb:"1"`
	// The snapshot; only the controller that made it knows its form.
	Data RawExtension `json:"data,omitempty" pb:"2"`
	// The number of the snapshot; larger is newer.
	Revision int64 `json:"revision" pb:"3"`
}
