package api

import (
	"encoding/json"
	"strconv"
	"strings"
)

// Deployments, ReplicaSets and ControllerRevisions.

func validateDeployment(obj Object) ErrorList {
	var errs ErrorList
	spec, path := &obj.(*Deployment).Spec, Path("spec")
	errs.nonNegative(path, "replicas", int64(Deref(spec.Replicas, 0)))
	errs.workload(path, spec.Selector, &spec.Template)
	errs.deploymentStrategy(path.Child("strategy"), &spec.Strategy)
	errs.nonNegative(path, "minReadySeconds", int64(spec.MinReadySeconds))
	errs.nonNegative(path, "revisionHistoryLimit", int64(Deref(spec.RevisionHistoryLimit, 0)))
	if deadline := spec.ProgressDeadlineSeconds; deadline != nil {
		errs.nonNegative(path, "progressDeadlineSeconds", int64(*deadline))
		if *deadline <= spec.MinReadySeconds {
			// A pod becomes available after minReadySeconds at the earliest: the deadline would always be missed.
			errs.add(path.Child("progressDeadlineSeconds").Invalid(*deadline, "must be greater than minReadySeconds"))
		}
	}
	return errs
}

func validateDeploymentUpdate(obj, old Object) ErrorList {
	errs := validateDeployment(obj)
	errs.selectorKept(obj.(*Deployment).Spec.Selector, old.(*Deployment).Spec.Selector)
	return errs
}

func validateReplicaSet(obj Object) ErrorList {
	var errs ErrorList
	spec, path := &obj.(*ReplicaSet).Spec, Path("spec")
	errs.nonNegative(path, "replicas", int64(Deref(spec.Replicas, 0)))
	errs.nonNegative(path, "minReadySeconds", int64(spec.MinReadySeconds))
	errs.workload(path, spec.Selector, &spec.Template)
	return errs
}

func validateReplicaSetUpdate(obj, old Object) ErrorList {
	errs := validateReplicaSet(obj)
	errs.selectorKept(obj.(*ReplicaSet).Spec.Selector, old.(*ReplicaSet).Spec.Selector)
	return errs
}

// workload checks what kinds that make pods from a template share: the selector must find the pods that the template
// makes, and the pods must be of the sort that runs until told otherwise.
func (l *ErrorList) workload(path Path, selector *LabelSelector, template *PodTemplateSpec) {
	at := path.Child("selector")
	if selector == nil {
		l.add(at.Required(""))
	} else {
		l.labelSelector(at, selector)
		if len(selector.MatchLabels)+len(selector.MatchExpressions) == 0 {
			l.add(at.Invalid(selector, "empty selector is invalid for deployment"))
		}
	}
	matcher, err := LabelSelectorAsSelector(selector)
	if err != nil {
		l.add(at.Invalid(selector, "invalid label selector"))
		return
	}
	path = path.Child("template")
	if !matcher.Empty() && !matcher.Matches(template.Labels) {
		l.add(path.Child("metadata", "labels").Invalid(template.Labels, "`selector` does not match template `labels`"))
	}
	l.podTemplateSpec(path, template)
	l.runsForever(path, template, "ReplicaSet")
}

// runsForever wants pods that are restarted whenever they end, and have no time at which they must.
func (l *ErrorList) runsForever(path Path, template *PodTemplateSpec, kind string) {
	oneOf(l, path.Child("spec"), "restartPolicy", template.Spec.RestartPolicy, RestartPolicyAlways)
	if template.Spec.ActiveDeadlineSeconds != nil {
		l.add(path.Child("spec", "activeDeadlineSeconds").Forbidden("activeDeadlineSeconds in " + kind + " is not Supported"))
	}
}

// selectorKept: pods that were found by the old selector would be left behind by another one.
func (l *ErrorList) selectorKept(selector, old *LabelSelector) {
	l.immutable("spec", "selector", selector, old)
}

func (l *ErrorList) deploymentStrategy(path Path, s *DeploymentStrategy) {
	at := path.Child("rollingUpdate")
	switch s.Type {
	case RecreateDeploymentStrategyType:
		if s.RollingUpdate != nil {
			l.add(at.Forbidden("may not be specified when strategy `type` is 'Recreate'"))
		}
	case RollingUpdateDeploymentStrategyType:
		if s.RollingUpdate == nil {
			l.add(at.Required("this should be defaulted and never be nil"))
			return
		}
		unavailable, surge := Deref(s.RollingUpdate.MaxUnavailable, IntOrString{}), Deref(s.RollingUpdate.MaxSurge, IntOrString{})
		l.countOrPercent(at, "maxUnavailable", unavailable)
		l.countOrPercent(at, "maxSurge", surge)
		if countOrPercentValue(unavailable) == 0 && countOrPercentValue(surge) == 0 {
			// Neither one pod less nor one more is allowed: there is no first step.
			l.add(at.Child("maxUnavailable").Invalid(unavailable, "may not be 0 when `maxSurge` is 0"))
		}
		l.atMostAll(at, "maxUnavailable", unavailable)
	default:
		unsupported := path.NotSupported(goNames{s}, string(RecreateDeploymentStrategyType), string(RollingUpdateDeploymentStrategyType))
		l.add(unsupported)
	}
}

// countOrPercent checks a number of pods, or a share of them.
func (l *ErrorList) countOrPercent(path Path, field string, v IntOrString) {
	if v.Type != StringForm {
		l.nonNegative(path, field, int64(v.IntVal))
		return
	}
	for _, message := range IsValidPercent(v.StrVal) {
		l.add(path.Child(field).Invalid(v, message))
	}
}

// atMostAll: no share is more than the whole.
func (l *ErrorList) atMostAll(path Path, field string, v IntOrString) {
	if v.Type == StringForm && countOrPercentValue(v) > 100 {
		l.add(path.Child(field).Invalid(v, "must not be greater than 100%"))
	}
}

// countOrShare checks a number of pods, or a share of them that is no more than the whole. Nil is fine.
func (l *ErrorList) countOrShare(path Path, field string, v *IntOrString) {
	if v != nil {
		l.countOrPercent(path, field, *v)
		l.atMostAll(path, field, *v)
	}
}

// countOrPercentValue is the number in "25%" or in 25. What is neither counts as 0.
func countOrPercentValue(v IntOrString) int {
	if v.Type != StringForm {
		return int(v.IntVal)
	}
	n, _ := strconv.Atoi(strings.TrimSuffix(v.StrVal, "%")) // not a number: reported already
	return n
}

func validateDeploymentStatusUpdate(obj, oldObj Object) ErrorList {
	var errs ErrorList
	s, path := &obj.(*Deployment).Status, Path("status")
	errs.replicaCounts(path, s.Replicas, []replicaCount{
		{"updatedReplicas", s.UpdatedReplicas, true},
		{"readyReplicas", s.ReadyReplicas, true},
		{"availableReplicas", s.AvailableReplicas, true},
		{"unavailableReplicas", s.UnavailableReplicas, false},
		{"terminatingReplicas", Deref(s.TerminatingReplicas, 0), false},
		{"collisionCount", Deref(s.CollisionCount, 0), false},
	})
	errs.nonNegative(path, "observedGeneration", s.ObservedGeneration)
	errs.availableAreReady(path, s.AvailableReplicas, s.ReadyReplicas)

	errs.collisionsKept(s.CollisionCount, oldObj.(*Deployment).Status.CollisionCount)
	return errs
}

// collisionsKept: names of ReplicaSets and revisions are made from the count of collisions so far, so counting back
// would make old names again.
func (l *ErrorList) collisionsKept(count, was *int32) {
	if now := Deref(count, 0); was != nil && now < *was {
		l.add(Path("status.collisionCount").Invalid(now, "cannot be decremented"))
	}
}

func validateReplicaSetStatusUpdate(obj, _ Object) ErrorList {
	var errs ErrorList
	s, path := &obj.(*ReplicaSet).Status, Path("status")
	errs.replicaCounts(path, s.Replicas, []replicaCount{
		{"fullyLabeledReplicas", s.FullyLabeledReplicas, true},
		{"readyReplicas", s.ReadyReplicas, true},
		{"availableReplicas", s.AvailableReplicas, true},
		{"terminatingReplicas", Deref(s.TerminatingReplicas, 0), false},
	})
	errs.nonNegative(path, "observedGeneration", s.ObservedGeneration)
	errs.availableAreReady(path, s.AvailableReplicas, s.ReadyReplicas)
	return errs
}

// replicaCount is one number of a status; part: it counts some of all replicas.
type replicaCount struct {
	field string
	count int32
	part  bool
}

func (l *ErrorList) replicaCounts(path Path, replicas int32, counts []replicaCount) {
	l.nonNegative(path, "replicas", int64(replicas))
	for _, c := range counts {
		l.nonNegative(path, c.field, int64(c.count))
		if c.part && c.count > replicas {
			l.add(path.Child(c.field).Invalid(c.count, "cannot be greater than status.replicas"))
		}
	}
}

func (l *ErrorList) availableAreReady(path Path, available, ready int32) {
	if available > ready {
		l.add(path.Child("availableReplicas").Invalid(available, "cannot be greater than readyReplicas"))
	}
}

func validateControllerRevision(obj Object) ErrorList {
	var errs ErrorList
	revision, path := obj.(*ControllerRevision), Path("data")
	errs.nonNegative("", "revision", revision.Revision)
	var data any
	if len(revision.Data.Raw) == 0 {
		errs.add(path.Required("data is mandatory"))
	} else if err := json.Unmarshal(revision.Data.Raw, &data); err != nil {
		errs.add(path.Invalid("<value omitted>", "error parsing data: "+err.Error()))
	} else if data == nil {
		errs.add(path.Required("data is mandatory"))
	} else if _, isObject := data.(map[string]any); !isObject {
		errs.add(path.Required("data must be a valid JSON object"))
	}
	return errs
}

// validateControllerRevisionUpdate: only the number may change. History is not rewritten.
func validateControllerRevisionUpdate(obj, old Object) ErrorList {
	var errs ErrorList
	revision := obj.(*ControllerRevision)
	errs.nonNegative("", "revision", revision.Revision)
	errs.immutable("", "data", revision.Data, old.(*ControllerRevision).Data)
	return errs
}
