package api

func validateReplicationController(obj Object) ErrorList {
	var errs ErrorList
	spec, path := &obj.(*ReplicationController).Spec, Path("spec")
	errs.nonNegative(path, "minReadySeconds", int64(spec.MinReadySeconds))
	if len(spec.Selector) == 0 {
		errs.add(path.Child("selector").Required(""))
	}
	errs.nonNegative(path, "replicas", int64(Deref(spec.Replicas, 0)))
	path = path.Child("template")
	if spec.Template == nil {
		errs.add(path.Required(""))
		return errs
	}
	if !SelectorFromSet(spec.Selector).Matches(spec.Template.Labels) {
		errs.add(path.Child("metadata", "labels").Invalid(spec.Template.Labels, "`selector` does not match template `labels`"))
	}
	errs.podTemplateSpec(path, spec.Template)
	errs.runsForever(path, spec.Template, "ReplicationController")
	return errs
}

func validateReplicationControllerUpdate(obj, _ Object) ErrorList {
	return validateReplicationController(obj)
}

func validateReplicationControllerStatusUpdate(obj, _ Object) ErrorList {
	var errs ErrorList
	s, path := &obj.(*ReplicationController).Status, Path("status")
	errs.replicaCounts(path, s.Replicas, []replicaCount{
		{"fullyLabeledReplicas", s.FullyLabeledReplicas, true},
		{"readyReplicas", s.ReadyReplicas, true},
		{"availableReplicas", s.AvailableReplicas, true},
	})
	errs.nonNegative(path, "observedGeneration", s.ObservedGeneration)
	errs.availableAreReady(path, s.AvailableReplicas, s.ReadyReplicas)
	return errs
}
