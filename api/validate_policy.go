package api

func validatePodDisruptionBudget(obj Object) ErrorList {
	var errs ErrorList
	spec, path := &obj.(*PodDisruptionBudget).Spec, Path("spec")
	if spec.MinAvailable != nil && spec.MaxUnavailable != nil {
		errs.add(path.Invalid(goNames{*spec}, "minAvailable and maxUnavailable cannot be both set"))
	}
	errs.countOrShare(path, "minAvailable", spec.MinAvailable)
	errs.countOrShare(path, "maxUnavailable", spec.MaxUnavailable)
	errs.labelSelector(path.Child("selector"), spec.Selector)
	optionalOneOf(&errs, path, "unhealthyPodEvictionPolicy", spec.UnhealthyPodEvictionPolicy, AlwaysAllow, IfHealthyBudget)
	return errs
}

func validatePodDisruptionBudgetUpdate(obj, _ Object) ErrorList {
	return validatePodDisruptionBudget(obj)
}

func validatePodDisruptionBudgetStatusUpdate(obj, _ Object) ErrorList {
	var errs ErrorList
	s, path := &obj.(*PodDisruptionBudget).Status, Path("status")
	errs.conditions(path.Child("conditions"), s.Conditions)
	errs.nonNegative(path, "disruptionsAllowed", int64(s.DisruptionsAllowed))
	errs.nonNegative(path, "currentHealthy", int64(s.CurrentHealthy))
	errs.nonNegative(path, "desiredHealthy", int64(s.DesiredHealthy))
	errs.nonNegative(path, "expectedPods", int64(s.ExpectedPods))
	return errs
}
