package api

// HorizontalPodAutoscaler changes the number of replicas of an object by what its pods have to do.
type HorizontalPodAutoscaler struct {
	TypeMeta `json:",inline"`
	// Standard object metadata.
	ObjectMeta `json:"metadata,omitempty" pb:"1"`
	// What is wanted. The user writes it.
	Spec HorizontalPodAutoscalerSpec `json:"spec,omitempty" pb:"2" api:"required"`
	// What is. The autoscaling controller writes it.
	Status HorizontalPodAutoscalerStatus `json:"status,omitempty" pb:"3"`
}

// HorizontalPodAutoscalerSpec is what to scale, between which limits and by what.
type HorizontalPodAutoscalerSpec struct {
	// The object to scale: any that has a scale subresource.
	ScaleTargetRef CrossVersionObjectReference `json:"scaleTargetRef" pb:"1"`
	// The fewest replicas. Default: 1.
	MinReplicas *int32 `json:"minReplicas,omitempty" pb:"2"`
	// The most replicas. Not below minReplicas.
	MaxReplicas int32 `json:"maxReplicas" pb:"3"`
	// What to scale by. Each metric asks for a number of replicas, and the largest wins. Default: 80% of the CPU that
	// the pods request.
	Metrics []MetricSpec `json:"metrics,omitempty" pb:"4" list:"atomic"`
	// How fast to scale. Default: up by four pods or to the double, whichever is more, every 15 seconds; down to the
	// largest number of replicas that was asked for in the last five minutes.
	Behavior *HorizontalPodAutoscalerBehavior `json:"behavior,omitempty" pb:"5"`
}

// CrossVersionObjectReference names an object in the same namespace.
type CrossVersionObjectReference struct {
	// Its kind.
	Kind string `json:"kind" pb:"1"`
	// Its name.
	Name string `json:"name" pb:"2"`
	// Group and version of its kind.
	APIVersion string `json:"apiVersion,omitempty" pb:"3"`
}

// MetricSpec is one metric to scale by: a type and the field of that name.
type MetricSpec struct {
	// Object, Pods, Resource, ContainerResource or External.
	Type MetricSourceType `json:"type" pb:"1"`
	// A metric of one object, such as the requests per second of an Ingress.
	Object *ObjectMetricSource `json:"object,omitempty" pb:"2"`
	// A metric that every pod has; the average counts.
	Pods *PodsMetricSource `json:"pods,omitempty" pb:"3"`
	// The CPU or memory that the pods use.
	Resource *ResourceMetricSource `json:"resource,omitempty" pb:"4"`
	// The CPU or memory that one container of each pod uses.
	ContainerResource *ContainerResourceMetricSource `json:"containerResource,omitempty" pb:"7"`
	// A metric from outside the cluster, such as the length of a queue.
	External *ExternalMetricSource `json:"external,omitempty" pb:"5"`
}

// MetricSourceType names where a metric comes from.
type MetricSourceType string

const (
	ObjectMetricSourceType            MetricSourceType = "Object"
	PodsMetricSourceType              MetricSourceType = "Pods"
	ResourceMetricSourceType          MetricSourceType = "Resource"
	ContainerResourceMetricSourceType MetricSourceType = "ContainerResource"
	ExternalMetricSourceType          MetricSourceType = "External"
)

// HorizontalPodAutoscalerBehavior says how fast to scale, in each direction.
type HorizontalPodAutoscalerBehavior struct {
	// Up.
	ScaleUp *HPAScalingRules `json:"scaleUp,omitempty" pb:"1"`
	// Down.
	ScaleDown *HPAScalingRules `json:"scaleDown,omitempty" pb:"2"`
}

// HPAScalingRules says how fast to scale in one direction.
type HPAScalingRules struct {
	// For how many seconds earlier recommendations count: the most cautious of them is followed. 0 to 3600. Default: 0
	// for up, 300 for down.
	StabilizationWindowSeconds *int32 `json:"stabilizationWindowSeconds,omitempty" pb:"3"`
	// Which of the policies counts: Max, the one that allows the largest change, Min, or Disabled to not scale in this
	// direction. Default: Max.
	SelectPolicy *ScalingPolicySelect `json:"selectPolicy,omitempty" pb:"1"`
	// The limits. Default: for up four pods or 100% in 15 seconds, for down 100% in 15 seconds.
	Policies []HPAScalingPolicy `json:"policies,omitempty" pb:"2" list:"atomic"`
	// How far from its target a metric may be before anything happens, as a share: 0.05 is 5%. Default: the
	// controller's, 10%.
	Tolerance *Quantity `json:"tolerance,omitempty" pb:"4"`
}

// ScalingPolicySelect names which of several limits counts.
type ScalingPolicySelect string

const (
	MaxChangePolicySelect ScalingPolicySelect = "Max"
	MinChangePolicySelect ScalingPolicySelect = "Min"
	DisabledPolicySelect  ScalingPolicySelect = "Disabled"
)

// HPAScalingPolicy limits the change in a span of time.
type HPAScalingPolicy struct {
	// Pods or Percent.
	Type HPAScalingPolicyType `json:"type" pb:"1"`
	// How many pods, or how much of those there are.
	Value int32 `json:"value" pb:"2"`
	// The span of time, 1 to 1800 seconds.
	PeriodSeconds int32 `json:"periodSeconds" pb:"3"`
}

// HPAScalingPolicyType names what a limit is counted in.
type HPAScalingPolicyType string

const (
	PodsScalingPolicy    HPAScalingPolicyType = "Pods"
	PercentScalingPolicy HPAScalingPolicyType = "Percent"
)

// ObjectMetricSource is a metric of one object.
type ObjectMetricSource struct {
	// The object.
	DescribedObject CrossVersionObjectReference `json:"describedObject" pb:"1"`
	// The value to keep.
	Target MetricTarget `json:"target" pb:"2"`
	// The metric.
	Metric MetricIdentifier `json:"metric" pb:"3"`
}

// PodsMetricSource is a metric that every pod has.
type PodsMetricSource struct {
	// The metric.
	Metric MetricIdentifier `json:"metric" pb:"1"`
	// The average to keep.
	Target MetricTarget `json:"target" pb:"2"`
}

// ResourceMetricSource is the CPU or memory that pods use.
type ResourceMetricSource struct {
	// cpu or memory.
	Name ResourceName `json:"name" pb:"1"`
	// The average to keep.
	Target MetricTarget `json:"target" pb:"2"`
}

// ContainerResourceMetricSource is the CPU or memory that one container of each pod uses.
type ContainerResourceMetricSource struct {
	// cpu or memory.
	Name ResourceName `json:"name" pb:"1"`
	// The average to keep.
	Target MetricTarget `json:"target" pb:"2"`
	// Name of the container.
	Container string `json:"container" pb:"3"`
}

// ExternalMetricSource is a metric from outside the cluster.
type ExternalMetricSource struct {
	// The metric.
	Metric MetricIdentifier `json:"metric" pb:"1"`
	// The value to keep, in all or for each pod.
	Target MetricTarget `json:"target" pb:"2"`
}

// MetricIdentifier names a metric.
type MetricIdentifier struct {
	// Its name.
	Name string `json:"name" pb:"1"`
	// The labels to narrow it down by. Default: none.
	Selector *LabelSelector `json:"selector,omitempty" pb:"2"`
}

// MetricTarget is the value that a metric should have.
type MetricTarget struct {
	// Utilization, Value or AverageValue.
	Type MetricTargetType `json:"type" pb:"1"`
	// The value of the metric as a whole.
	Value *Quantity `json:"value,omitempty" pb:"2"`
	// The average over all pods.
	AverageValue *Quantity `json:"averageValue,omitempty" pb:"3"`
	// The average over all pods as a percentage of what they request. Only for resources.
	AverageUtilization *int32 `json:"averageUtilization,omitempty" pb:"4"`
}

// MetricTargetType names a form of a metric's value.
type MetricTargetType string

const (
	UtilizationMetricType  MetricTargetType = "Utilization"
	ValueMetricType        MetricTargetType = "Value"
	AverageValueMetricType MetricTargetType = "AverageValue"
)

// HorizontalPodAutoscalerStatus is what the controller last saw and did.
type HorizontalPodAutoscalerStatus struct {
	// The generation that this status speaks of.
	ObservedGeneration *int64 `json:"observedGeneration,omitempty" pb:"1"`
	// When the number of replicas was last changed.
	LastScaleTime *Time `json:"lastScaleTime,omitempty" pb:"2"`
	// How many replicas there are.
	CurrentReplicas int32 `json:"currentReplicas,omitempty" pb:"3"`
	// How many there should be.
	DesiredReplicas int32 `json:"desiredReplicas" pb:"4"`
	// The metrics as they were last read.
	CurrentMetrics []MetricStatus `json:"currentMetrics" pb:"5" list:"atomic" api:"optional"`
	// AbleToScale, ScalingActive and ScalingLimited.
	Conditions []HorizontalPodAutoscalerCondition `json:"conditions,omitempty" pb:"6" patch:"merge" mergeKey:"type" list:"map" mapKeys:"type"`
}

// HorizontalPodAutoscalerConditionType names an aspect of an autoscaler's state.
type HorizontalPodAutoscalerConditionType string

const (
	ScalingActive  HorizontalPodAutoscalerConditionType = "ScalingActive"  // the metrics can be read
	AbleToScale    HorizontalPodAutoscalerConditionType = "AbleToScale"    // the object can be scaled
	ScalingLimited HorizontalPodAutoscalerConditionType = "ScalingLimited" // minReplicas or maxReplicas holds it
	ScaledToZero   HorizontalPodAutoscalerConditionType = "ScaledToZero"   // the autoscaler itself made it 0
)

// HorizontalPodAutoscalerCondition is one aspect of an autoscaler's state and when it last changed.
type HorizontalPodAutoscalerCondition struct {
	// AbleToScale, ScalingActive or ScalingLimited.
	Type HorizontalPodAutoscalerConditionType `json:"type" pb:"1"`
	// True, False or Unknown.
	Status ConditionStatus `json:"status" pb:"2"`
	// When status last changed.
	LastTransitionTime Time `json:"lastTransitionTime,omitempty" pb:"3"`
	// Why, in one word.
	Reason string `json:"reason,omitempty" pb:"4"`
	// Why, for people.
	Message string `json:"message,omitempty" pb:"5"`
}

// MetricStatus is a metric as it was last read: a type and the field of that name.
type MetricStatus struct {
	// Object, Pods, Resource, ContainerResource or External.
	Type MetricSourceType `json:"type" pb:"1"`
	// A metric of one object.
	Object *ObjectMetricStatus `json:"object,omitempty" pb:"2"`
	// A metric that every pod has.
	Pods *PodsMetricStatus `json:"pods,omitempty" pb:"3"`
	// The CPU or memory that the pods use.
	Resource *ResourceMetricStatus `json:"resource,omitempty" pb:"4"`
	// The CPU or memory that one container of each pod uses.
	ContainerResource *ContainerResourceMetricStatus `json:"containerResource,omitempty" pb:"7"`
	// A metric from outside the cluster.
	External *ExternalMetricStatus `json:"external,omitempty" pb:"5"`
}

// ObjectMetricStatus is a metric of one object, as it was last read.
type ObjectMetricStatus struct {
	// The metric.
	Metric MetricIdentifier `json:"metric" pb:"1"`
	// Its value.
	Current MetricValueStatus `json:"current" pb:"2"`
	// The object.
	DescribedObject CrossVersionObjectReference `json:"describedObject" pb:"3"`
}

// PodsMetricStatus is a metric that every pod has, as it was last read.
type PodsMetricStatus struct {
	// The metric.
	Metric MetricIdentifier `json:"metric" pb:"1"`
	// Its average.
	Current MetricValueStatus `json:"current" pb:"2"`
}

// ResourceMetricStatus is the CPU or memory that pods use, as it was last read.
type ResourceMetricStatus struct {
	// cpu or memory.
	Name ResourceName `json:"name" pb:"1"`
	// Its average.
	Current MetricValueStatus `json:"current" pb:"2"`
}

// ContainerResourceMetricStatus is the CPU or memory that one container of each pod uses, as it was last read.
type ContainerResourceMetricStatus struct {
	// cpu or memory.
	Name ResourceName `json:"name" pb:"1"`
	// Its average.
	Current MetricValueStatus `json:"current" pb:"2"`
	// Name of the container.
	Container string `json:"container" pb:"3"`
}

// ExternalMetricStatus is a metric from outside the cluster, as it was last read.
type ExternalMetricStatus struct {
	// The metric.
	Metric MetricIdentifier `json:"metric" pb:"1"`
	// Its value.
	Current MetricValueStatus `json:"current" pb:"2"`
}

// MetricValueStatus is the value of a metric, in the form that its target has.
type MetricValueStatus struct {
	// The metric as a whole.
	Value *Quantity `json:"value,omitempty" pb:"1"`
	// The average over all pods.
	AverageValue *Quantity `json:"averageValue,omitempty" pb:"2"`
	// The average over all pods as a percentage of what they request.
	AverageUtilization *int32 `json:"averageUtilization,omitempty" pb:"3"`
}
