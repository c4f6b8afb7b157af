package api

// TopologySelectorTerm says where in the cluster volumes may be made. All of its expressions must hold.
type TopologySelectorTerm struct {
	// Labels that the place must have.
	MatchLabelExpressions []TopologySelectorLabelRequirement `json:"matchLabelExpressions,omitempty" pb:"1" list:"atomic"`
}

// TopologySelectorLabelRequirement wants a label to have one of some values.
type TopologySelectorLabelRequirement struct {
	// The label's key.
	Key string `json:"key" pb:"1"`
	// The values, any of which will do.
	Values []string `json:"values" pb:"2" list:"atomic"`
}
