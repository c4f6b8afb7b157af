package api

// What components read out of a pod's and a node's status, and out of a pod's volumes: said once, since all of them ask.

// Ended tells that all containers of a pod of this phase have ended, and none will start again: it takes no room any more.
func (p PodPhase) Ended() bool { return p == PodSucceeded || p == PodFailed }

// Condition finds a condition, nil if it is not there.
func (s *PodStatus) Condition(t PodConditionType) *PodCondition {
	for i := range s.Conditions {
		if s.Conditions[i].Type == t {
			return &s.Conditions[i]
		}
	}
	return nil
}

// SetCondition puts a condition in its place. Unless its status changed, the time of its last change stays. The conditions
// are changed where they are: whoever shares them copies them first.
func (s *PodStatus) SetCondition(c PodCondition) {
	old := s.Condition(c.Type)
	if old == nil {
		s.Conditions = append(s.Conditions, c)
		return
	}
	if old.Status == c.Status {
		c.LastTransitionTime = old.LastTransitionTime
	}
	*old = c
}

// Condition finds a condition, nil if it is not there.
func (s *NodeStatus) Condition(t NodeConditionType) *NodeCondition {
	for i := range s.Conditions {
		if s.Conditions[i].Type == t {
			return &s.Conditions[i]
		}
	}
	return nil
}

// ClaimName is the claim that the volume of a pod stands for, "" for other volumes. That of an ephemeral volume is made for this
// pod, under a name of the pod's and the volume's.
func (v *Volume) ClaimName(pod string) string {
	switch {
	case v.PersistentVolumeClaim != nil:
		return v.PersistentVolumeClaim.ClaimName
	case v.Ephemeral != nil:
		return pod + "-" + v.Name
	}
	return ""
}
