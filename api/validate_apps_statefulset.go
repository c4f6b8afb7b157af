package api

func validateStatefulSet(obj Object) ErrorList {
	spec := &obj.(*StatefulSet).Spec
	errs := validateStatefulSetSpec(spec, true)
	path := Path("spec")
	for i := range spec.VolumeClaimTemplates {
		errs.volumeClaimSpec(path.Child("volumeClaimTemplates").Index(i).Child("spec"), &spec.VolumeClaimTemplates[i].Spec)
	}
	if spec.ServiceName != "" {
		errs.format(path, "serviceName", spec.ServiceName, IsDNS1123Label)
	}
	return errs
}

// validateStatefulSetSpec checks what may be changed later, too. withTemplate is false where the template was wrong
// before, so that such a StatefulSet can still be scaled, or deleted.
func validateStatefulSetSpec(spec *StatefulSetSpec, withTemplate bool) ErrorList {
	var errs ErrorList
	path := Path("spec")
	switch spec.PodManagementPolicy {
	case OrderedReadyPodManagement, ParallelPodManagement:
	case "":
		errs.add(path.Child("podManagementPolicy").Required(""))
	default:
		errs.add(path.Child("podManagementPolicy").Invalid(string(spec.PodManagementPolicy), "must be 'OrderedReady' or 'Parallel'"))
	}
	errs.statefulSetStrategy(path.Child("updateStrategy"), &spec.UpdateStrategy)
	if policy := spec.PersistentVolumeClaimRetentionPolicy; policy != nil {
		const retain, remove = RetainPersistentVolumeClaimRetentionPolicyType, DeletePersistentVolumeClaimRetentionPolicyType
		at := path.Child("persistentVolumeClaimRetentionPolicy")
		oneOf(&errs, at, "whenDeleted", policy.WhenDeleted, retain, remove)
		oneOf(&errs, at, "whenScaled", policy.WhenScaled, retain, remove)
	}
	errs.nonNegative(path, "replicas", int64(Deref(spec.Replicas, 0)))
	errs.nonNegative(path, "minReadySeconds", int64(spec.MinReadySeconds))
	errs.nonNegative(path, "ordinals.start", int64(Deref(spec.Ordinals, StatefulSetOrdinals{}).Start))
	at := path.Child("selector")
	if spec.Selector == nil {
		errs.add(at.Required(""))
	} else {
		errs.labelSelector(at, spec.Selector)
		if len(spec.Selector.MatchLabels)+len(spec.Selector.MatchExpressions) == 0 {
			errs.add(at.Invalid(spec.Selector, "empty selector is invalid for statefulset"))
		}
	}
	path = path.Child("template")
	if selector, err := LabelSelectorAsSelector(spec.Selector); err != nil {
		errs.add(at.Invalid(spec.Selector, ""))
	} else {
		if !selector.Empty() && !selector.Matches(spec.Template.Labels) {
			errs.add(path.Child("metadata", "labels").Invalid(spec.Template.Labels, "`selector` does not match template `labels`"))
		}
		if withTemplate {
			errs.podTemplateSpec(path, statefulTemplate(spec))
		}
		errs.labels(path, "labels", spec.Template.Labels)
		errs.annotations(path, "annotations", spec.Template.Annotations)
	}
	errs.runsForever(path, &spec.Template, "StatefulSet")
	return errs
}

// statefulTemplate is the template as pods will have it: with a volume for each claim, and without the names that each
// pod gets for itself.
func statefulTemplate(spec *StatefulSetSpec) *PodTemplateSpec {
	template := spec.Template
	template.Spec.Hostname, template.Spec.Subdomain = "", ""
	if len(spec.VolumeClaimTemplates) == 0 {
		return &template
	}
	var volumes []Volume
	claimed := map[string]bool{}
	for i := range spec.VolumeClaimTemplates {
		name := spec.VolumeClaimTemplates[i].Name
		if !claimed[name] {
			volumes = append(volumes, Volume{Name: name, VolumeSource: VolumeSource{PersistentVolumeClaim: &PersistentVolumeClaimVolumeSource{ClaimName: name}}})
		}
		claimed[name] = true
	}
	for _, volume := range template.Spec.Volumes {
		if !claimed[volume.Name] {
			volumes = append(volumes, volume)
		}
	}
	template.Spec.Volumes = volumes
	return &template
}

func (l *ErrorList) statefulSetStrategy(path Path, s *StatefulSetUpdateStrategy) {
	rolling, at := s.RollingUpdate, path.Child("rollingUpdate")
	switch s.Type {
	case "":
		l.add(path.Required(""))
	case OnDeleteStatefulSetStrategyType:
		if rolling != nil {
			l.add(at.Invalid(goNames{rolling}, "only allowed for updateStrategy 'RollingUpdate'"))
		}
	case RollingUpdateStatefulSetStrategyType:
		if rolling == nil {
			return
		}
		l.nonNegative(at, "partition", int64(Deref(rolling.Partition, 0)))
		if v := rolling.MaxUnavailable; v != nil {
			l.countOrPercent(at, "maxUnavailable", *v)
			if countOrPercentValue(*v) == 0 {
				l.add(at.Child("maxUnavailable").Invalid(*v, "cannot be 0"))
			}
			l.atMostAll(at, "maxUnavailable", *v)
		}
	default:
		l.add(path.Invalid(goNames{*s}, "must be 'RollingUpdate' or 'OnDelete'"))
	}
}

func validateStatefulSetUpdate(obj, oldObj Object) ErrorList {
	before := DeepCopy(oldObj.(*StatefulSet))
	defaultStatefulSet(before) // an older server may have stored it without a default of today
	spec, old := &obj.(*StatefulSet).Spec, &before.Spec
	errs := validateStatefulSetSpec(spec, len(validateStatefulSetSpec(old, true)) == 0)
	kept := *spec
	kept.Replicas, kept.Template, kept.UpdateStrategy = old.Replicas, old.Template, old.UpdateStrategy
	kept.MinReadySeconds, kept.Ordinals, kept.RevisionHistoryLimit = old.MinReadySeconds, old.Ordinals, old.RevisionHistoryLimit
	kept.PersistentVolumeClaimRetentionPolicy = old.PersistentVolumeClaimRetentionPolicy
	if !Equal(kept, *old) {
		errs.add(Path("spec").Forbidden("updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', " +
			"'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"))
	}
	return errs
}

func validateStatefulSetStatusUpdate(obj, oldObj Object) ErrorList {
	var errs ErrorList
	s, path := &obj.(*StatefulSet).Status, Path("status")
	errs.replicaCounts(path, s.Replicas, []replicaCount{
		{"readyReplicas", s.ReadyReplicas, true},
		{"currentReplicas", s.CurrentReplicas, true},
		{"updatedReplicas", s.UpdatedReplicas, true},
		{"availableReplicas", s.AvailableReplicas, true},
		{"collisionCount", Deref(s.CollisionCount, 0), false},
	})
	errs.nonNegative(path, "observedGeneration", s.ObservedGeneration)
	if s.AvailableReplicas > s.ReadyReplicas {
		errs.add(path.Child("availableReplicas").Invalid(s.AvailableReplicas, "cannot be greater than status.readyReplicas"))
	}
	errs.collisionsKept(s.CollisionCount, oldObj.(*StatefulSet).Status.CollisionCount)
	return errs
}
