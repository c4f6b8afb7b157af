package api

type Deployment struct {
	TypeMeta   `json:",inline"`
	ObjectMeta `json:"metadata,omitempty" pb:"1"`
	Spec       DeploymentSpec   `json:"spec,omitempty" pb:"2"`
	Status     DeploymentStatus `json:"status,omitempty" pb:"3"`
}

type DeploymentSpec struct {
	Replicas                *int32             `json:"replicas,omitempty" pb:"1"`
	Selector                *LabelSelector     `json:"selector" pb:"2"`
	Template                PodTemplateSpec    `json:"template" pb:"3"`
	Strategy                DeploymentStrategy `json:"strategy,omitempty" pb:"4" patch:"retainKeys"`
	MinReadySeconds         int32              `json:"minReadySeconds,omitempty" pb:"5"`
	RevisionHistoryLimit    *int32             `json:"revisionHistoryLimit,omitempty" pb:"6"`
	Paused                  bool               `json:"paused,omitempty" pb:"7"`
	ProgressDeadlineSeconds *int32             `json:"progressDeadlineSeconds,omitempty" pb:"9"`
}

type DeploymentStrategy struct {
	Type          DeploymentStrategyType   `json:"type,omitempty" pb:"1"`
	RollingUpdate *RollingUpdateDeployment `json:"rollingUpdate,omitempty" pb:"2"`
}

type DeploymentStrategyType string

const (
	RecreateDeploymentStrategyType      DeploymentStrategyType = "Recreate"
	RollingUpdateDeploymentStrategyType DeploymentStrategyType = "RollingUpdate"
)

type RollingUpdateDeployment struct {
	MaxUnavailable *IntOrString `json:"maxUnavailable,omitempty" pb:"1"`
	MaxSurge       *IntOrString `json:"maxSurge,omitempty" pb:"2"`
}

type DeploymentStatus struct {
	ObservedGeneration  int64                 `json:"observedGeneration,omitempty" pb:"1"`
	Replicas            int32                 `json:"replicas,omitempty" pb:"2"`
	UpdatedReplicas     int32                 `json:"updatedReplicas,omitempty" pb:"3"`
	ReadyReplicas       int32                 `json:"readyReplicas,omitempty" pb:"7"`
	AvailableReplicas   int32                 `json:"availableReplicas,omitempty" pb:"4"`
	UnavailableReplicas int32                 `json:"unavailableReplicas,omitempty" pb:"5"`
	TerminatingReplicas *int32                `json:"terminatingReplicas,omitempty" pb:"9"`
	Conditions          []DeploymentCondition `json:"conditions,omitempty" pb:"6" patch:"merge" mergeKey:"type" list:"map" mapKeys:"type"`
	CollisionCount      *int32                `json:"collisionCount,omitempty" pb:"8"`
}

type DeploymentConditionType string

const (
	DeploymentAvailable      DeploymentConditionType = "Available"
	DeploymentProgressing    DeploymentConditionType = "Progressing"
	DeploymentReplicaFailure DeploymentConditionType = "ReplicaFailure"
)

type DeploymentCondition struct {
	Type               DeploymentConditionType `json:"type" pb:"1"`
	Status             ConditionStatus         `json:"status" pb:"2"`
	LastUpdateTime     Time                    `json:"lastUpdateTime,omitempty" pb:"6"`
	LastTransitionTime Time                    `json:"lastTransitionTime,omitempty" pb:"7"`
	Reason             string                  `json:"reason,omitempty" pb:"4"`
	Message            string                  `json:"message,omitempty" pb:"5"`
}

type ReplicaSet struct {
	TypeMeta   `json:",inline"`
	ObjectMeta `json:"metadata,omitempty" pb:"1"`
	Spec       ReplicaSetSpec   `json:"spec,omitempty" pb:"2"`
	Status     ReplicaSetStatus `json:"status,omitempty" pb:"3"`
}

type ReplicaSetSpec struct {
	Replicas        *int32          `json:"replicas,omitempty" pb:"1"`
	MinReadySeconds int32           `json:"minReadySeconds,omitempty" pb:"4"`
	Selector        *LabelSelector  `json:"selector" pb:"2"`
	Template        PodTemplateSpec `json:"template,omitempty" pb:"3"`
}

type ReplicaSetStatus struct {
	Replicas             int32                 `json:"replicas" pb:"1"`
	FullyLabeledReplicas int32                 `json:"fullyLabeledReplicas,omitempty" pb:"2"`
	ReadyReplicas        int32                 `json:"readyReplicas,omitempty" pb:"4"`
	AvailableReplicas    int32                 `json:"availableReplicas,omitempty" pb:"5"`
	TerminatingReplicas  *int32                `json:"terminatingReplicas,omitempty" pb:"7"`
	ObservedGeneration   int64                 `json:"observedGeneration,omitempty" pb:"3"`
	Conditions           []ReplicaSetCondition `json:"conditions,omitempty" pb:"6" patch:"merge" mergeKey:"type" list:"map" mapKeys:"type"`
}

type ReplicaSetConditionType string

const (
	ReplicaSetReplicaFailure ReplicaSetConditionType = "ReplicaFailure"
)

type ReplicaSetCondition struct {
	Type               ReplicaSetConditionType `json:"type" pb:"1"`
	Status             ConditionStatus         `json:"status" pb:"2"`
	LastTransitionTime Time                    `json:"lastTransitionTime,omitempty" pb:"3"`
	Reason             string                  `json:"reason,omitempty" pb:"4"`
	Message            string                  `json:"message,omitempty" pb:"5"`
}

type ControllerRevision struct {
	TypeMeta   `json:",inline"`
	ObjectMeta `json:"metadata,omitempty" pb:"1"`
	Data       RawExtension `json:"data,omitempty" pb:"2"`
	Revision   int64        `json:"revision" pb:"3"`
}
