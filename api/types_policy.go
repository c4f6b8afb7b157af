package api

// Eviction asks for a pod to be deleted, as `kubectl drain` does, unless that would disrupt its application more
// than is allowed. It is posted to the pod's eviction subresource.
type Eviction struct {
	TypeMeta `json:",inline"`
	// Name and namespace of the pod.
	ObjectMeta `json:"metadata,omitempty" pb:"1"`
	// How to delete the pod. Defaults to the pod's own grace period.
	DeleteOptions *DeleteOptions `json:"deleteOptions,omitempty" pb:"2"`
}

// PodDisruptionBudget says how many pods of an application must stay up when pods are evicted.
type PodDisruptionBudget struct {
	TypeMeta `json:",inline"`
	// Standard object metadata.
	ObjectMeta `json:"metadata,omitempty" pb:"1"`
	// What is wanted. The user writes it.
	Spec PodDisruptionBudgetSpec `json:"spec,omitempty" pb:"2"`
	// What is. The disruption controller writes it, and the API server when it lets an eviction through.
	Status PodDisruptionBudgetStatus `json:"status,omitempty" pb:"3"`
}

// PodDisruptionBudgetSpec is the limit: either minAvailable or maxUnavailable.
type PodDisruptionBudgetSpec struct {
	// How many pods must still be healthy after an eviction, as a number or a percentage, rounded up.
	MinAvailable *IntOrString `json:"minAvailable,omitempty" pb:"1"`
	// Which pods the budget is for. Empty: all of the namespace. Absent: none.
	Selector *LabelSelector `json:"selector,omitempty" pb:"2" patch:"replace"`
	// How many pods may be unhealthy after an eviction, as a number or a percentage, rounded up. It needs to know how
	// many pods there should be, from the object that controls them.
	MaxUnavailable *IntOrString `json:"maxUnavailable,omitempty" pb:"3"`
	// When pods that run but are not ready may be evicted. IfHealthyBudget: while enough others are healthy.
	// AlwaysAllow: always. Default: IfHealthyBudget.
	UnhealthyPodEvictionPolicy *UnhealthyPodEvictionPolicyType `json:"unhealthyPodEvictionPolicy,omitempty" pb:"4"`
}

// UnhealthyPodEvictionPolicyType names when pods that are not ready may be evicted.
type UnhealthyPodEvictionPolicyType string

const (
	IfHealthyBudget UnhealthyPodEvictionPolicyType = "IfHealthyBudget"
	AlwaysAllow     UnhealthyPodEvictionPolicyType = "AlwaysAllow"
)

// PodDisruptionBudgetStatus is what the controller last saw of the pods, and what was evicted since.
type PodDisruptionBudgetStatus struct {
	// The generation that this status speaks of. Nothing is evicted while it is behind.
	ObservedGeneration int64 `json:"observedGeneration,omitempty" pb:"1"`
	// Pods that the API server let be evicted and that the controller has not seen go yet, and since when. After two
	// minutes they count as there again.
	DisruptedPods map[string]Time `json:"disruptedPods,omitempty" pb:"2"`
	// How many pods may be evicted now.
	DisruptionsAllowed int32 `json:"disruptionsAllowed" pb:"3" api:"optional"`
	// How many pods are healthy.
	CurrentHealthy int32 `json:"currentHealthy" pb:"4" api:"optional"`
	// How many pods must be healthy.
	DesiredHealthy int32 `json:"desiredHealthy" pb:"5" api:"optional"`
	// How many pods there are or should be.
	ExpectedPods int32 `json:"expectedPods" pb:"6" api:"optional"`
	// DisruptionAllowed: whether pods may be evicted now, and if not, why not.
	Conditions []Condition `json:"conditions,omitempty" pb:"7" patch:"merge" mergeKey:"type" list:"map" mapKeys:"type"`
}

// The condition of a PodDisruptionBudget and its reasons.
const (
	DisruptionAllowedCondition = "DisruptionAllowed"
	SufficientPodsReason       = "SufficientPods"
	InsufficientPodsReason     = "InsufficientPods"
	SyncFailedReason           = "SyncFailed" // the controller cannot tell how many pods there should be
)

// CauseTypeDisruptionBudget is the cause of a refused eviction: a PodDisruptionBudget.
const CauseTypeDisruptionBudget CauseType = "DisruptionBudget"
