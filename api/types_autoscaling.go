package api

// Scale is the number of replicas of an object, apart from the rest of it: what `kubectl scale` and autoscalers
// read and write.
type Scale struct {
	TypeMeta `json:",inline"`
	// Metadata of the scaled object.
	ObjectMeta `json:"metadata,omitempty" pb:"1"`
	// The number wanted.
	Spec ScaleSpec `json:"spec,omitempty" pb:"2"`
	// The number there is.
	Status ScaleStatus `json:"status,omitempty" pb:"3"`
}

// ScaleSpec is the number of replicas wanted.
type ScaleSpec struct {
	// The number. Default: 0.
	Replicas int32 `json:"replicas,omitempty" pb:"1"`
}

// ScaleStatus is the number of replicas there is.
type ScaleStatus struct {
	// How many pods there are.
	Replicas int32 `json:"replicas" pb:"1"`
	// The label selector that finds them, as text.
	Selector string `json:"selector,omitempty" pb:"2"`
}

// AutoscalingV1HorizontalPodAutoscaler changes the number of replicas of an object by the CPU that its pods use. What
// this older version has no field for is in annotations, so that nothing is lost when both versions are used.
type AutoscalingV1HorizontalPodAutoscaler struct {
	TypeMeta `json:",inline"`
	// Standard object metadata.
	ObjectMeta `json:"metadata,omitempty" pb:"1"`
	// What is wanted. The user writes it.
	Spec AutoscalingV1HorizontalPodAutoscalerSpec `json:"spec,omitempty" pb:"2" api:"required"`
	// What is. The autoscaling controller writes it.
	Status AutoscalingV1HorizontalPodAutoscalerStatus `json:"status,omitempty" pb:"3"`
}

// AutoscalingV1CrossVersionObjectReference names an object in the same namespace.
type AutoscalingV1CrossVersionObjectReference struct {
	// Its kind.
	Kind string `json:"kind" pb:"1"`
	// Its name.
	Name string `json:"name" pb:"2"`
	// Group and version of its kind.
	APIVersion string `json:"apiVersion,omitempty" pb:"3"`
}

// AutoscalingV1HorizontalPodAutoscalerSpec is what to scale, and between which limits.
type AutoscalingV1HorizontalPodAutoscalerSpec struct {
	// The object to scale: any that has a scale subresource.
	ScaleTargetRef AutoscalingV1CrossVersionObjectReference `json:"scaleTargetRef" pb:"1"`
	// The fewest replicas. Default: 1.
	MinReplicas *int32 `json:"minReplicas,omitempty" pb:"2"`
	// The most replicas. Not below minReplicas.
	MaxReplicas int32 `json:"maxReplicas" pb:"3"`
	// The CPU that pods should use on average, as a percentage of what they request. Default: 80, where nothing else
	// is scaled by.
	TargetCPUUtilizationPercentage *int32 `json:"targetCPUUtilizationPercentage,omitempty" pb:"4"`
}

// AutoscalingV1HorizontalPodAutoscalerStatus is what the controller last saw and did.
type AutoscalingV1HorizontalPodAutoscalerStatus struct {
	// The generation that this status speaks of.
	ObservedGeneration *int64 `json:"observedGeneration,omitempty" pb:"1"`
	// When the number of replicas was last changed.
	LastScaleTime *Time `json:"lastScaleTime,omitempty" pb:"2"`
	// How many replicas there are.
	CurrentReplicas int32 `json:"currentReplicas" pb:"3"`
	// How many there should be.
	DesiredReplicas int32 `json:"desiredReplicas" pb:"4"`
	// The CPU that pods use on average, as a percentage of what they request.
	CurrentCPUUtilizationPercentage *int32 `json:"currentCPUUtilizationPercentage,omitempty" pb:"5"`
}
