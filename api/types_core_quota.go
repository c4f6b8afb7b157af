package api

// ResourceQuota bounds what the objects of a namespace may use together.
type ResourceQuota struct {
	TypeMeta `json:",inline"`
	// Standard object metadata.
	ObjectMeta `json:"metadata,omitempty" pb:"1"`
	// What is allowed.
	Spec ResourceQuotaSpec `json:"spec,omitempty" pb:"2"`
	// What is enforced and what is used. The API server charges it with every write; the quota controller keeps it right.
	Status ResourceQuotaStatus `json:"status,omitempty" pb:"3"`
}

// ResourceQuotaSpec is what a namespace may use.
type ResourceQuotaSpec struct {
	// The most of each resource: "requests.cpu", "pods", or "count/deployments.apps" for the number of any kind.
	Hard ResourceList `json:"hard,omitempty" pb:"1"`
	// Which objects count: those that all scopes match. Default: all. It cannot change.
	Scopes []ResourceQuotaScope `json:"scopes,omitempty" pb:"2" list:"atomic"`
	// Which objects count, by scopes with values. Objects must match the scopes too.
	ScopeSelector *ScopeSelector `json:"scopeSelector,omitempty" pb:"3"`
}

// ScopeSelector matches objects that meet all of its requirements.
type ScopeSelector struct {
	// The requirements.
	MatchExpressions []ScopedResourceSelectorRequirement `json:"matchExpressions,omitempty" pb:"1" list:"atomic"`
}

// ScopedResourceSelectorRequirement is one requirement of a scope selector.
type ScopedResourceSelectorRequirement struct {
	// The scope that is looked at.
	ScopeName ResourceQuotaScope `json:"scopeName" pb:"1"`
	// In, NotIn, Exists or DoesNotExist. Only PriorityClass and VolumeAttributesClass have values; the others must exist.
	Operator ScopeSelectorOperator `json:"operator" pb:"2"`
	// The values, for In and NotIn.
	Values []string `json:"values,omitempty" pb:"3" list:"atomic"`
}

// ResourceQuotaScope is a property of pods and claims by which a quota chooses what it counts.
type ResourceQuotaScope string

const (
	ResourceQuotaScopeTerminating               ResourceQuotaScope = "Terminating"               // pods with a deadline
	ResourceQuotaScopeNotTerminating            ResourceQuotaScope = "NotTerminating"            // pods without one
	ResourceQuotaScopeBestEffort                ResourceQuotaScope = "BestEffort"                // pods that ask for nothing
	ResourceQuotaScopeNotBestEffort             ResourceQuotaScope = "NotBestEffort"             // pods that ask for something
	ResourceQuotaScopePriorityClass             ResourceQuotaScope = "PriorityClass"             // pods of a priority class
	ResourceQuotaScopeCrossNamespacePodAffinity ResourceQuotaScope = "CrossNamespacePodAffinity" // pods that look for pods elsewhere
	ResourceQuotaScopeVolumeAttributesClass     ResourceQuotaScope = "VolumeAttributesClass"     // claims of a class
)

// ScopeSelectorOperator says how a scope is compared with values.
type ScopeSelectorOperator string

const (
	ScopeSelectorOpIn           ScopeSelectorOperator = "In"
	ScopeSelectorOpNotIn        ScopeSelectorOperator = "NotIn"
	ScopeSelectorOpExists       ScopeSelectorOperator = "Exists"
	ScopeSelectorOpDoesNotExist ScopeSelectorOperator = "DoesNotExist"
)

// ResourceQuotaStatus is what is enforced and what is used.
type ResourceQuotaStatus struct {
	// The limits that are enforced: those of the spec when usage was last counted.
	Hard ResourceList `json:"hard,omitempty" pb:"1"`
	// How much is used.
	Used ResourceList `json:"used,omitempty" pb:"2"`
}

// LimitRange bounds what each single object of a namespace may ask for, and fills in what containers leave out.
type LimitRange struct {
	TypeMeta `json:",inline"`
	// Standard object metadata.
	ObjectMeta `json:"metadata,omitempty" pb:"1"`
	// The bounds.
	Spec LimitRangeSpec `json:"spec,omitempty" pb:"2"`
}

// LimitRangeSpec is the bounds for objects of a namespace.
type LimitRangeSpec struct {
	// One item for each type of object.
	Limits []LimitRangeItem `json:"limits" pb:"1" list:"atomic"`
}

// LimitRangeItem bounds objects of one type.
type LimitRangeItem struct {
	// Pod, Container or PersistentVolumeClaim.
	Type LimitType `json:"type" pb:"1"`
	// The most that may be asked for, and be a limit.
	Max ResourceList `json:"max,omitempty" pb:"2"`
	// The least that must be asked for, and be a limit.
	Min ResourceList `json:"min,omitempty" pb:"3"`
	// The limit of containers that have none. Default: max.
	Default ResourceList `json:"default,omitempty" pb:"4"`
	// The request of containers that have none. Default: the default limit, else min.
	DefaultRequest ResourceList `json:"defaultRequest,omitempty" pb:"5"`
	// How many times the request the limit may be.
	MaxLimitRequestRatio ResourceList `json:"maxLimitRequestRatio,omitempty" pb:"6"`
}

// LimitType is a type of object that a LimitRange bounds.
type LimitType string

const (
	LimitTypePod                   LimitType = "Pod"
	LimitTypeContainer             LimitType = "Container"
	LimitTypePersistentVolumeClaim LimitType = "PersistentVolumeClaim"
)

// ComponentStatus says whether a part of the control plane is well. Deprecated.
type ComponentStatus struct {
	TypeMeta `json:",inline"`
	// Standard object metadata. The name is the component's.
	ObjectMeta `json:"metadata,omitempty" pb:"1"`
	// What was found when it was asked.
	Conditions []ComponentCondition `json:"conditions,omitempty" pb:"2" patch:"merge" mergeKey:"type" list:"map" mapKeys:"type"`
}

// ComponentCondition is the state of a component in one respect.
type ComponentCondition struct {
	// Healthy.
	Type ComponentConditionType `json:"type" pb:"1"`
	// True, False or Unknown.
	Status ConditionStatus `json:"status" pb:"2"`
	// What the component said.
	Message string `json:"message,omitempty" pb:"3"`
	// Why it could not be asked.
	Error string `json:"error,omitempty" pb:"4"`
}

// ComponentConditionType names a respect in which components are looked at.
type ComponentConditionType string

// ComponentHealthy is the only one there is.
const ComponentHealthy ComponentConditionType = "Healthy"
