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
