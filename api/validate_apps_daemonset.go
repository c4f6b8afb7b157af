package api

func validateDaemonSet(obj Object) ErrorList {
	var errs ErrorList
	spec, path := &obj.(*DaemonSet).Spec, Path("spec")
	at := path.Child("selector")
	errs.labelSelector(at, spec.Selector)
	if selector, err := LabelSelectorAsSelector(spec.Selector); err == nil && !selector.Matches(spec.Template.Labels) {
		errs.add(path.Child("template", "metadata", "labels").Invalid(spec.Template.Labels, "`selector` does not match template `labels`"))
	}
	if spec.Selector != nil && len(spec.Selector.MatchLabels)+len(spec.Selector.MatchExpressions) == 0 {
		errs.add(at.Invalid(spec.Selector, "empty selector is invalid for daemonset"))
	}
	errs.podTemplateSpec(path.Child("template"), &spec.Template)
	errs.runsForever(path.Child("template"), &spec.Template, "DaemonSet")
	errs.nonNegative(path, "minReadySeconds", int64(spec.MinReadySeconds))
	errs.daemonSetStrategy(path.Child("updateStrategy"), &spec.UpdateStrategy)
	errs.nonNegative(path, "revisionHistoryLimit", int64(Deref(spec.RevisionHistoryLimit, 0)))
	return errs
}

func (l *ErrorList) daemonSetStrategy(path Path, s *DaemonSetUpdateStrategy) {
	switch s.Type {
	case OnDeleteDaemonSetStrategyType:
		return
	case RollingUpdateDaemonSetStrategyType:
	default:
		l.add(path.NotSupported(goNames{s}, string(RollingUpdateDaemonSetStrategyType), string(OnDeleteDaemonSetStrategyType)))
		return
	}
	path = path.Child("rollingUpdate")
	if s.RollingUpdate == nil {
		l.add(path.Required(""))
		return
	}
	unavailable, surge := Deref(s.RollingUpdate.MaxUnavailable, IntOrString{}), Deref(s.RollingUpdate.MaxSurge, IntOrString{})
	l.countOrShare(path, "maxUnavailable", &unavailable)
	l.countOrShare(path, "maxSurge", &surge)
	// A node has either no pod for a while, or two.
	switch missing, extra := countOrPercentValue(unavailable) != 0, countOrPercentValue(surge) != 0; {
	case missing && extra:
		l.add(path.Child("maxSurge").Invalid(surge, "may not be set when maxUnavailable is non-zero"))
	case !missing && !extra:
		l.add(path.Child("maxUnavailable").Required("cannot be 0 when maxSurge is 0"))
	}
}

func validateDaemonSetUpdate(obj, old Object) ErrorList {
	var errs ErrorList
	errs.selectorKept(obj.(*DaemonSet).Spec.Selector, old.(*DaemonSet).Spec.Selector)
	return append(errs, validateDaemonSet(obj)...)
}

func validateDaemonSetStatusUpdate(obj, oldObj Object) ErrorList {
	var errs ErrorList
	s, path := &obj.(*DaemonSet).Status, Path("status")
	for _, c := range []struct {
		field string
		count int64
	}{
		{"currentNumberScheduled", int64(s.CurrentNumberScheduled)}, {"numberMisscheduled", int64(s.NumberMisscheduled)},
		{"desiredNumberScheduled", int64(s.DesiredNumberScheduled)}, {"numberReady", int64(s.NumberReady)},
		{"observedGeneration", s.ObservedGeneration}, {"updatedNumberScheduled", int64(s.UpdatedNumberScheduled)},
		{"numberAvailable", int64(s.NumberAvailable)}, {"numberUnavailable", int64(s.NumberUnavailable)},
		{"collisionCount", int64(Deref(s.CollisionCount, 0))},
	} {
		errs.nonNegative(path, c.field, c.count)
	}
	errs.collisionsKept(s.CollisionCount, oldObj.(*DaemonSet).Status.CollisionCount)
	return errs
}
