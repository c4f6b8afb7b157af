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
