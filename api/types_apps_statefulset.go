package api

// StatefulSet keeps pods that have names of their own: web-0, web-1, ... Each keeps its name, its host name and its
// storage when it is made anew.
type StatefulSet struct {
	TypeMeta `json:",inline"`
	// Standard object metadata.
	ObjectMeta `json:"metadata,omitempty" pb:"1"`
	// What is wanted. The user writes it.
	Spec StatefulSetSpec `json:"spec,omitempty" pb:"2"`
	// What is. The stateful set controller writes it.
	Status StatefulSetStatus `json:"status,omitempty" pb:"3"`
}

// StatefulSetSpec is what a StatefulSet should be like. Of it only replicas, template, updateStrategy, minReadySeconds,
// ordinals, revisionHistoryLimit and persistentVolumeClaimRetentionPolicy can change.
type StatefulSetSpec struct {
	// How many pods there should be. Default: 1.
	Replicas *int32 `json:"replicas,omitempty" pb:"1"`
	// Which pods are the StatefulSet's. It must match the template's labels.
	Selector *LabelSelector `json:"selector" pb:"2"`
	// What the pods are like; each gets its name, host name and storage besides. Only restartPolicy Always is allowed.
	Template PodTemplateSpec `json:"template" pb:"3"`
	// Storage that each pod gets for itself: a claim named after the template and the pod. They take the place of the
	// pod template's volumes of the same name.
	VolumeClaimTemplates []PersistentVolumeClaim `json:"volumeClaimTemplates,omitempty" pb:"4" list:"atomic"`
	// The headless Service under which pods get names in the DNS: web-0.SERVICE. The user makes it.
	ServiceName string `json:"serviceName" pb:"5" api:"optional"`
	// OrderedReady makes pods one after the other, each when the one before is ready, and ends them in the reverse
	// order. Parallel waits for nothing. Default: OrderedReady.
	PodManagementPolicy PodManagementPolicyType `json:"podManagementPolicy,omitempty" pb:"6"`
	// How old pods are replaced by new ones.
	UpdateStrategy StatefulSetUpdateStrategy `json:"updateStrategy,omitempty" pb:"7"`
	// How many old revisions are kept to roll back to. Default: 10.
	RevisionHistoryLimit *int32 `json:"revisionHistoryLimit,omitempty" pb:"8"`
	// For how many seconds a new pod must be ready before it counts as available. Default: 0.
	MinReadySeconds int32 `json:"minReadySeconds,omitempty" pb:"9"`
	// What becomes of the claims of pods that go. Default: they stay.
	PersistentVolumeClaimRetentionPolicy *StatefulSetPersistentVolumeClaimRetentionPolicy `json:"persistentVolumeClaimRetentionPolicy,omitempty" pb:"10"`
	// Where the numbers of the pods begin. Default: 0.
	Ordinals *StatefulSetOrdinals `json:"ordinals,omitempty" pb:"11"`
}

// PodManagementPolicyType names whether a StatefulSet's pods wait for each other.
type PodManagementPolicyType string

const (
	OrderedReadyPodManagement PodManagementPolicyType = "OrderedReady"
	ParallelPodManagement     PodManagementPolicyType = "Parallel"
)

// StatefulSetUpdateStrategy says how old pods are replaced by new ones.
type StatefulSetUpdateStrategy struct {
	// RollingUpdate replaces pods one after the other, from the highest number down; OnDelete waits until somebody
	// deletes them. Default: RollingUpdate.
	Type StatefulSetUpdateStrategyType `json:"type,omitempty" pb:"1"`
	// Which pods, and how many at a time; only for RollingUpdate.
	RollingUpdate *RollingUpdateStatefulSetStrategy `json:"rollingUpdate,omitempty" pb:"2"`
}

// StatefulSetUpdateStrategyType names a way to replace pods.
type StatefulSetUpdateStrategyType string

const (
	RollingUpdateStatefulSetStrategyType StatefulSetUpdateStrategyType = "RollingUpdate"
	OnDeleteStatefulSetStrategyType      StatefulSetUpdateStrategyType = "OnDelete"
)

// RollingUpdateStatefulSetStrategy bounds a rolling update.
type RollingUpdateStatefulSetStrategy struct {
	// Pods with a number below it keep the old template. Default: 0.
	Partition *int32 `json:"partition,omitempty" pb:"1"`
	// How many pods may be unavailable during the update, as a number or a percentage, rounded down, but one at least. Not 0.
	// Default: pods are replaced one after the other, whether or not those with lower numbers are available.
	MaxUnavailable *IntOrString `json:"maxUnavailable,omitempty" pb:"2"`
}

// StatefulSetPersistentVolumeClaimRetentionPolicy says what becomes of the claims of pods that go.
type StatefulSetPersistentVolumeClaimRetentionPolicy struct {
	// What becomes of all claims when the StatefulSet is deleted: Retain or Delete. Default: Retain.
	WhenDeleted PersistentVolumeClaimRetentionPolicyType `json:"whenDeleted,omitempty" pb:"1"`
	// What becomes of the claims of the pods that are too many: Retain or Delete. Default: Retain.
	WhenScaled PersistentVolumeClaimRetentionPolicyType `json:"whenScaled,omitempty" pb:"2"`
}

// PersistentVolumeClaimRetentionPolicyType names what becomes of a claim.
type PersistentVolumeClaimRetentionPolicyType string

const (
	RetainPersistentVolumeClaimRetentionPolicyType PersistentVolumeClaimRetentionPolicyType = "Retain"
	DeletePersistentVolumeClaimRetentionPolicyType PersistentVolumeClaimRetentionPolicyType = "Delete"
)

// StatefulSetOrdinals says how pods are numbered.
type StatefulSetOrdinals struct {
	// The number of the first pod. Default: 0.
	Start int32 `json:"start" pb:"1" api:"optional"`
}

// StatefulSetStatus is what the controller last saw of a StatefulSet.
type StatefulSetStatus struct {
	// The generation that this status speaks of.
	ObservedGeneration int64 `json:"observedGeneration,omitempty" pb:"1"`
	// How many pods there are.
	Replicas int32 `json:"replicas" pb:"2"`
	// How many of them are ready.
	ReadyReplicas int32 `json:"readyReplicas,omitempty" pb:"3"`
	// How many of them are made from currentRevision.
	CurrentReplicas int32 `json:"currentReplicas,omitempty" pb:"4"`
	// How many of them are made from updateRevision.
	UpdatedReplicas int32 `json:"updatedReplicas,omitempty" pb:"5"`
	// The ControllerRevision that pods are updated from; the same as updateRevision when no update is under way.
	CurrentRevision string `json:"currentRevision,omitempty" pb:"6"`
	// The ControllerRevision of the present template.
	UpdateRevision string `json:"updateRevision,omitempty" pb:"7"`
	// How often the name of a new revision was taken by another one; it goes into the hash that makes the next name.
	CollisionCount *int32 `json:"collisionCount,omitempty" pb:"9"`
	// What else is to be said; the controller itself says nothing here.
	Conditions []StatefulSetCondition `json:"conditions,omitempty" pb:"10" patch:"merge" mergeKey:"type" list:"map" mapKeys:"type"`
	// How many of the pods have been ready for minReadySeconds.
	AvailableReplicas int32 `json:"availableReplicas" pb:"11" api:"optional"`
}

// StatefulSetConditionType names an aspect of a StatefulSet's state.
type StatefulSetConditionType string

// StatefulSetCondition is one aspect of a StatefulSet's state and when it last changed.
type StatefulSetCondition struct {
	// Which aspect.
	Type StatefulSetConditionType `json:"type" pb:"1"`
	// True, False or Unknown.
	Status ConditionStatus `json:"status" pb:"2"`
	// When status last changed.
	LastTransitionTime Time `json:"lastTransitionTime,omitempty" pb:"3"`
	// Why, in one word.
	Reason string `json:"reason,omitempty" pb:"4"`
	// Why, for people.
	Message string `json:"message,omitempty" pb:"5"`
}

// Labels of the pods that StatefulSets make.
const (
	LabelStatefulSetPodName = "statefulset.kubernetes.io/pod-name"
	LabelPodIndex           = "apps.kubernetes.io/pod-index"
)
