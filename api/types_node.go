package api

// RuntimeClass names a way to run containers, such as in small virtual machines. A pod chooses one by
// runtimeClassName.
type RuntimeClass struct {
	TypeMeta `json:",inline"`
	// Standard object metadata.
	ObjectMeta `json:"metadata,omitempty" pb:"1"`
	// What the container runtime of the nodes calls it. A DNS label; it cannot change.
	Handler string `json:"handler" pb:"2"`
	// What a pod of this class needs beside its containers. Admission copies it into the pod.
	Overhead *Overhead `json:"overhead,omitempty" pb:"3"`
	// Which nodes can run pods of this class. Default: all of them.
	Scheduling *Scheduling `json:"scheduling,omitempty" pb:"4"`
}

// Overhead is what running a pod costs beside its containers.
type Overhead struct {
	// The same for every pod: cpu, memory and so on.
	PodFixed ResourceList `json:"podFixed,omitempty" pb:"1"`
}

// Scheduling says which nodes support a RuntimeClass.
type Scheduling struct {
	// Labels that the nodes have. They are merged into the pod's own node selector; a pod that contradicts them is
	// refused.
	NodeSelector map[string]string `json:"nodeSelector,omitempty" pb:"1" list:"atomic"`
	// Tolerations that are added to those of each pod, so that it may run on nodes set apart for this class.
	Tolerations []Toleration `json:"tolerations,omitempty" pb:"2" list:"atomic"`
}
