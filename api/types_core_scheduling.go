package api

// PreemptionPolicy says whether a pod may push others off a node.
type PreemptionPolicy string

const (
	PreemptLowerPriority PreemptionPolicy = "PreemptLowerPriority"
	PreemptNever         PreemptionPolicy = "Never"
)

// NodeSelector chooses nodes: those that meet at least one of its terms.
type NodeSelector struct {
	// The terms.
	NodeSelectorTerms []NodeSelectorTerm `json:"nodeSelectorTerms" pb:"1" list:"atomic"`
}

// NodeSelectorTerm is a list of requirements that must all hold. An empty one matches no node.
type NodeSelectorTerm struct {
	// Requirements on labels.
	MatchExpressions []NodeSelectorRequirement `json:"matchExpressions,omitempty" pb:"1" list:"atomic"`
	// Requirements on fields; only metadata.name is known.
	MatchFields []NodeSelectorRequirement `json:"matchFields,omitempty" pb:"2" list:"atomic"`
}

// NodeSelectorRequirement is one condition on one label or field.
type NodeSelectorRequirement struct {
	// The label or field.
	Key string `json:"key" pb:"1"`
	// In, NotIn, Exists, DoesNotExist, Gt or Lt.
	Operator NodeSelectorOperator `json:"operator" pb:"2"`
	// The values to compare with; a single number for Gt and Lt, none for Exists and DoesNotExist.
	Values []string `json:"values,omitempty" pb:"3" list:"atomic"`
}

// NodeSelectorOperator compares a label with values.
type NodeSelectorOperator string

const (
	NodeSelectorOpIn           NodeSelectorOperator = "In"
	NodeSelectorOpNotIn        NodeSelectorOperator = "NotIn"
	NodeSelectorOpExists       NodeSelectorOperator = "Exists"
	NodeSelectorOpDoesNotExist NodeSelectorOperator = "DoesNotExist"
	NodeSelectorOpGt           NodeSelectorOperator = "Gt"
	NodeSelectorOpLt           NodeSelectorOperator = "Lt"
)

// Affinity says where a pod likes to be, and beside whom.
type Affinity struct {
	// On which nodes.
	NodeAffinity *NodeAffinity `json:"nodeAffinity,omitempty" pb:"1"`
	// Near which pods.
	PodAffinity *PodAffinity `json:"podAffinity,omitempty" pb:"2"`
	// Away from which pods.
	PodAntiAffinity *PodAntiAffinity `json:"podAntiAffinity,omitempty" pb:"3"`
}

// PodAffinity says near which pods a pod must or likes to be.
type PodAffinity struct {
	// Terms that must all hold when the pod is scheduled; it stays if they cease to.
	RequiredDuringSchedulingIgnoredDuringExecution []PodAffinityTerm `json:"requiredDuringSchedulingIgnoredDuringExecution,omitempty" pb:"1" list:"atomic"`
	// Terms that count for a node, each with its weight.
	PreferredDuringSchedulingIgnoredDuringExecution []WeightedPodAffinityTerm `json:"preferredDuringSchedulingIgnoredDuringExecution,omitempty" pb:"2" list:"atomic"`
}

// PodAntiAffinity says away from which pods a pod must or likes to be.
type PodAntiAffinity struct {
	// Terms none of which may hold when the pod is scheduled; it stays if they begin to.
	RequiredDuringSchedulingIgnoredDuringExecution []PodAffinityTerm `json:"requiredDuringSchedulingIgnoredDuringExecution,omitempty" pb:"1" list:"atomic"`
	// Terms that count against a node, each with its weight.
	PreferredDuringSchedulingIgnoredDuringExecution []WeightedPodAffinityTerm `json:"preferredDuringSchedulingIgnoredDuringExecution,omitempty" pb:"2" list:"atomic"`
}

// WeightedPodAffinityTerm is a preference with its weight.
type WeightedPodAffinityTerm struct {
	// From 1 to 100.
	Weight int32 `json:"weight" pb:"1"`
	// The preference.
	PodAffinityTerm PodAffinityTerm `json:"podAffinityTerm" pb:"2"`
}

// PodAffinityTerm chooses pods, and says what "near" them means.
type PodAffinityTerm struct {
	// Which pods, by their labels. Absent: none.
	LabelSelector *LabelSelector `json:"labelSelector,omitempty" pb:"1"`
	// In which namespaces. Default: the pod's own.
	Namespaces []string `json:"namespaces,omitempty" pb:"2" list:"atomic"`
	// Nodes with the same value of this label are near each other.
	TopologyKey string `json:"topologyKey" pb:"3"`
	// In which further namespaces, by their labels. Empty: all.
	NamespaceSelector *LabelSelector `json:"namespaceSelector,omitempty" pb:"4"`
	// Labels in which the chosen pods must equal this one.
	MatchLabelKeys []string `json:"matchLabelKeys,omitempty" pb:"5" list:"atomic"`
	// Labels in which the chosen pods must differ from this one.
	MismatchLabelKeys []string `json:"mismatchLabelKeys,omitempty" pb:"6" list:"atomic"`
}

// NodeAffinity says on which nodes a pod must or likes to be.
type NodeAffinity struct {
	// What must hold when the pod is scheduled; it stays if it ceases to.
	RequiredDuringSchedulingIgnoredDuringExecution *NodeSelector `json:"requiredDuringSchedulingIgnoredDuringExecution,omitempty" pb:"1"`
	// Terms that count for a node, each with its weight.
	PreferredDuringSchedulingIgnoredDuringExecution []PreferredSchedulingTerm `json:"preferredDuringSchedulingIgnoredDuringExecution,omitempty" pb:"2" list:"atomic"`
}

// PreferredSchedulingTerm is a preference for nodes with its weight.
type PreferredSchedulingTerm struct {
	// From 1 to 100.
	Weight int32 `json:"weight" pb:"1"`
	// Which nodes.
	Preference NodeSelectorTerm `json:"preference" pb:"2"`
}

// Taint keeps pods off a node unless they tolerate it.
type Taint struct {
	// Its name.
	Key string `json:"key" pb:"1"`
	// Its value.
	Value string `json:"value,omitempty" pb:"2"`
	// NoSchedule, PreferNoSchedule or NoExecute; the last one also drives out pods that run already.
	Effect TaintEffect `json:"effect" pb:"3"`
	// When it was added.
	TimeAdded *Time `json:"timeAdded,omitempty" pb:"4"`
}

// TaintEffect says what a taint does to pods that do not tolerate it.
type TaintEffect string

const (
	TaintEffectNoSchedule       TaintEffect = "NoSchedule"
	TaintEffectPreferNoSchedule TaintEffect = "PreferNoSchedule"
	TaintEffectNoExecute        TaintEffect = "NoExecute"
)

// Toleration lets a pod onto nodes with certain taints.
type Toleration struct {
	// Name of the taint. Empty, with Exists: every taint.
	Key string `json:"key,omitempty" pb:"1"`
	// Equal compares the value, Exists does not; Lt and Gt compare numbers. Default: Equal.
	Operator TolerationOperator `json:"operator,omitempty" pb:"2"`
	// Value of the taint.
	Value string `json:"value,omitempty" pb:"3"`
	// Effect of the taint. Empty: every effect.
	Effect TaintEffect `json:"effect,omitempty" pb:"4"`
	// For a NoExecute taint, how long the pod may stay. Default: for ever.
	TolerationSeconds *int64 `json:"tolerationSeconds,omitempty" pb:"5"`
}

// TolerationOperator compares a toleration with a taint.
type TolerationOperator string

const (
	TolerationOpExists TolerationOperator = "Exists"
	TolerationOpEqual  TolerationOperator = "Equal"
	TolerationOpLt     TolerationOperator = "Lt"
	TolerationOpGt     TolerationOperator = "Gt"
)

// PodSchedulingGate holds back the scheduling of a pod.
type PodSchedulingGate struct {
	// Its name.
	Name string `json:"name" pb:"1"`
}

// PodSchedulingGroup names the pods that are scheduled together.
type PodSchedulingGroup struct {
	// Name of the PodGroup.
	PodGroupName *string `json:"podGroupName,omitempty" pb:"1"`
}

// UnsatisfiableConstraintAction says what happens to a pod that would be spread too unevenly.
type UnsatisfiableConstraintAction string

const (
	DoNotSchedule  UnsatisfiableConstraintAction = "DoNotSchedule"
	ScheduleAnyway UnsatisfiableConstraintAction = "ScheduleAnyway"
)

// NodeInclusionPolicy says whether nodes that the pod cannot run on count for spreading.
type NodeInclusionPolicy string

const (
	NodeInclusionPolicyIgnore NodeInclusionPolicy = "Ignore"
	NodeInclusionPolicyHonor  NodeInclusionPolicy = "Honor"
)

// TopologySpreadConstraint says how evenly pods must be spread over parts of the cluster.
type TopologySpreadConstraint struct {
	// How many pods more than in the emptiest part there may be.
	MaxSkew int32 `json:"maxSkew" pb:"1"`
	// Nodes with the same value of this label make up a part.
	TopologyKey string `json:"topologyKey" pb:"2"`
	// DoNotSchedule, or ScheduleAnyway to only prefer it.
	WhenUnsatisfiable UnsatisfiableConstraintAction `json:"whenUnsatisfiable" pb:"3"`
	// Which pods are counted.
	LabelSelector *LabelSelector `json:"labelSelector,omitempty" pb:"4"`
	// How many parts there should be at least.
	MinDomains *int32 `json:"minDomains,omitempty" pb:"5"`
	// Whether nodes that the pod's node affinity excludes count: Honor (no) or Ignore (yes). Default: Honor.
	NodeAffinityPolicy *NodeInclusionPolicy `json:"nodeAffinityPolicy,omitempty" pb:"6"`
	// Whether nodes with taints that it does not tolerate count: Honor (no) or Ignore (yes). Default: Ignore.
	NodeTaintsPolicy *NodeInclusionPolicy `json:"nodeTaintsPolicy,omitempty" pb:"7"`
	// Labels in which counted pods must equal this one.
	MatchLabelKeys []string `json:"matchLabelKeys,omitempty" pb:"8" list:"atomic"`
}

// Binding puts a pod on a node: the scheduler sends it to a subresource of the pod.
type Binding struct {
	TypeMeta `json:",inline"`
	// The pod's name and namespace.
	ObjectMeta `json:"metadata,omitempty" pb:"1"`
	// The node.
	Target ObjectReference `json:"target" pb:"2"`
}
