package api

type Scale struct {
	TypeMeta   `json:",inline"`
	ObjectMeta `json:"metadata,omitempty" pb:"1"`
	Spec       ScaleSpec   `json:"spec,omitempty" pb:"2"`
	Status     ScaleStatus `json:"status,omitempty" pb:"3"`
}

type ScaleSpec struct {
	Replicas int32 `json:"replicas,omitempty" pb:"1"`
}

type ScaleStatus struct {
	Replicas int32  `json:"replicas" pb:"1"`
	Selector string `json:"selector,omitempty" pb:"2"`
}
