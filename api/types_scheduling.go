package api

// PriorityClass gives a name to a priority. Pods name the class; when there is no room, pods of lower priority make
// way.
type PriorityClass struct {
	TypeMeta `json:",inline"`
	// Standard object metadata.
	ObjectMeta `json:"metadata,omitempty" pb:"1"`
	// The priority of the pods of this class: the higher, the more important. It cannot change. Users may go up to one
	// billion; what is above belongs to the system.
	Value int32 `json:"value" pb:"2" api:"optional"`
	// Whether this is the class of pods that name none. Only one class may be. Default: false.
	GlobalDefault bool `json:"globalDefault,omitempty" pb:"3"`
	// What the class is for, for people.
	Description string `json:"description,omitempty" pb:"4"`
	// Whether pods of this class push out less important ones: PreemptLowerPriority or Never. It cannot change. Default:
	// PreemptLowerPriority.
	PreemptionPolicy *PreemptionPolicy `json:"preemptionPolicy,omitempty" pb:"5"`
}
