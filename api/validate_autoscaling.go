package api

import (
	"errors"
	"fmt"
	"strings"
)

// Both versions of HorizontalPodAutoscalers: the rules are those of the present form, which the old one is turned into.

const (
	maxScalingPeriod       = 1800 // seconds
	maxStabilizationWindow = 3600 // seconds
)

func validateHorizontalPodAutoscalerV1(obj Object) ErrorList {
	return validateHorizontalPodAutoscaler(HorizontalPodAutoscalerFromV1(obj.(*AutoscalingV1HorizontalPodAutoscaler)))
}

func validateHorizontalPodAutoscalerV1Update(obj, old Object) ErrorList {
	return validateHorizontalPodAutoscalerUpdate(HorizontalPodAutoscalerFromV1(obj.(*AutoscalingV1HorizontalPodAutoscaler)),
		HorizontalPodAutoscalerFromV1(old.(*AutoscalingV1HorizontalPodAutoscaler)))
}

func validateHorizontalPodAutoscalerV1StatusUpdate(obj, _ Object) ErrorList {
	return validateHorizontalPodAutoscalerStatusUpdate(HorizontalPodAutoscalerFromV1(obj.(*AutoscalingV1HorizontalPodAutoscaler)), nil)
}

func validateHorizontalPodAutoscaler(obj Object) ErrorList {
	return validateAutoscalerSpec(&obj.(*HorizontalPodAutoscaler).Spec, nil)
}

func validateHorizontalPodAutoscalerUpdate(obj, old Object) ErrorList {
	return validateAutoscalerSpec(&obj.(*HorizontalPodAutoscaler).Spec, &old.(*HorizontalPodAutoscaler).Spec)
}

func validateHorizontalPodAutoscalerStatusUpdate(obj, _ Object) ErrorList {
	var errs ErrorList
	status := &obj.(*HorizontalPodAutoscaler).Status
	errs.nonNegative("status", "currentReplicas", int64(status.CurrentReplicas))
	errs.nonNegative("status", "desiredReplicas", int64(status.DesiredReplicas))
	return errs
}

// validateAutoscalerSpec: old is nil for a new object; what is wrong in it already does not have to be put right.
func validateAutoscalerSpec(spec, old *HorizontalPodAutoscalerSpec) ErrorList {
	var errs ErrorList
	path := Path("spec")
	lowest := int32(1)
	if old != nil && old.MinReplicas != nil && *old.MinReplicas == 0 {
		lowest = 0
	}
	if spec.MinReplicas != nil && *spec.MinReplicas < lowest {
		errs.add(path.Child("minReplicas").Invalid(*spec.MinReplicas, fmt.Sprintf("must be greater than or equal to %d", lowest)))
	}
	if spec.MaxReplicas == 0 {
		errs.add(path.Child("maxReplicas").Required("must be set and greater than 0"))
	} else if spec.MaxReplicas < 0 {
		errs.add(path.Child("maxReplicas").Invalid(spec.MaxReplicas, "must be greater than or equal to 1"))
	}
	if spec.MinReplicas != nil && spec.MaxReplicas < *spec.MinReplicas {
		errs.add(path.Child("maxReplicas").Invalid(spec.MaxReplicas, "must be greater than or equal to `minReplicas`"))
	}
	target := &spec.ScaleTargetRef
	checkVersion := needGroup
	if old != nil && old.ScaleTargetRef.APIVersion == target.APIVersion && old.ScaleTargetRef.Kind == target.Kind {
		checkVersion = nil
	} else if target.Kind == "ReplicationController" {
		checkVersion = anyGroup
	}
	errs.crossVersionReference(path.Child("scaleTargetRef"), target, checkVersion)
	errs.metricSpecs(path.Child("metrics"), spec, old)
	if b := spec.Behavior; b != nil {
		errs.scalingRules(path.Child("behavior", "scaleUp"), b.ScaleUp)
		errs.scalingRules(path.Child("behavior", "scaleDown"), b.ScaleDown)
	}
	return errs
}

// needGroup and anyGroup check an apiVersion.
func needGroup(apiVersion string) error {
	if err := anyGroup(apiVersion); err != nil {
		return err
	}
	if ParseGroupVersion(apiVersion).Group == "" {
		return errors.New("apiVersion must specify API group")
	}
	return nil
}

func anyGroup(apiVersion string) error {
	if strings.Count(apiVersion, "/") > 1 {
		return fmt.Errorf("unexpected GroupVersion string: %s", apiVersion)
	}
	return nil
}

func (l *ErrorList) crossVersionReference(path Path, ref *CrossVersionObjectReference, checkVersion func(string) error) {
	l.requiredFormat(path, "kind", ref.Kind, IsPathSegmentName)
	l.requiredFormat(path, "name", ref.Name, IsPathSegmentName)
	if checkVersion == nil {
		return
	}
	if err := checkVersion(ref.APIVersion); err != nil {
		l.add(path.Child("apiVersion").Invalid(ref.APIVersion, err.Error()))
	}
}

func (l *ErrorList) scalingRules(path Path, rules *HPAScalingRules) {
	if rules == nil {
		return
	}
	at := path.Child("stabilizationWindowSeconds")
	switch window := Deref(rules.StabilizationWindowSeconds, 0); {
	case window < 0:
		l.add(at.Invalid(window, "must be greater than or equal to zero"))
	case window > maxStabilizationWindow:
		l.add(at.Invalid(window, fmt.Sprintf("must be less than or equal to %d", maxStabilizationWindow)))
	}
	optionalOneOf(l, path, "selectPolicy", rules.SelectPolicy, DisabledPolicySelect, MaxChangePolicySelect, MinChangePolicySelect)
	if len(rules.Policies) == 0 {
		l.add(path.Child("policies").Required("must specify at least one Policy"))
	}
	for i := range rules.Policies {
		policy, path := &rules.Policies[i], path.Child("policies").Index(i)
		oneOf(l, path, "type", policy.Type, PercentScalingPolicy, PodsScalingPolicy)
		l.positive(path, "value", int64(policy.Value))
		l.positive(path, "periodSeconds", int64(policy.PeriodSeconds))
		if policy.PeriodSeconds > maxScalingPeriod {
			l.add(path.Child("periodSeconds").Invalid(policy.PeriodSeconds, fmt.Sprintf("must be less than or equal to %d", maxScalingPeriod)))
		}
	}
	if rules.Tolerance != nil && rules.Tolerance.Sign() < 0 {
		l.add(path.Child("tolerance").Invalid(rules.Tolerance.String(), "must be greater than or equal to 0"))
	}
}

func (l *ErrorList) metricSpecs(path Path, spec, old *HorizontalPodAutoscalerSpec) {
	checkVersion := anyGroup
	if old != nil {
		for i := range old.Metrics {
			if o := old.Metrics[i].Object; o != nil && anyGroup(o.DescribedObject.APIVersion) != nil {
				checkVersion = nil
			}
		}
	}
	// With no pod there is nothing to measure: only a metric that is not the pods' own can bring the first one back.
	wakes := false
	for i := range spec.Metrics {
		m := &spec.Metrics[i]
		wakes = wakes || m.Type == ObjectMetricSourceType || m.Type == ExternalMetricSourceType
		l.metricSpec(path.Index(i), m, checkVersion)
	}
	if spec.MinReplicas != nil && *spec.MinReplicas == 0 && !wakes {
		l.add(path.Forbidden("must specify at least one Object or External metric to support scaling to zero replicas"))
	}
}

// metricSpec checks the first source that is there, and that it is the one that the type names and the only one.
func (l *ErrorList) metricSpec(path Path, m *MetricSpec, checkVersion func(string) error) {
	types := []MetricSourceType{ContainerResourceMetricSourceType, ExternalMetricSourceType, ObjectMetricSourceType, PodsMetricSourceType, ResourceMetricSourceType}
	if m.Type == "" {
		l.add(path.Child("type").Required("must specify a metric source type"))
	}
	oneOf(l, path, "type", m.Type, types...)

	sources := []struct {
		field   string
		of      MetricSourceType
		present bool
		check   func(Path)
	}{
		{"object", ObjectMetricSourceType, m.Object != nil, func(p Path) { l.objectMetric(p, m.Object, checkVersion) }},
		{"external", ExternalMetricSourceType, m.External != nil, func(p Path) { l.externalMetric(p, m.External) }},
		{"pods", PodsMetricSourceType, m.Pods != nil, func(p Path) { l.podsMetric(p, m.Pods) }},
		{"resource", ResourceMetricSourceType, m.Resource != nil, func(p Path) { l.resourceMetric(p, m.Resource) }},
		{"containerResource", ContainerResourceMetricSourceType, m.ContainerResource != nil, func(p Path) { l.containerMetric(p, m.ContainerResource) }},
	}
	present := 0
	for _, source := range sources {
		if source.present {
			if present++; present == 1 {
				source.check(path.Child(source.field))
			}
		}
	}
	for _, source := range sources {
		switch {
		case source.of == m.Type && !source.present:
			l.add(path.Child(source.field).Required("must populate information for the given metric source"))
		case source.of != m.Type && source.present && present != 1:
			l.add(path.Child(source.field).Forbidden("must populate the given metric source only"))
		}
	}
}

func (l *ErrorList) objectMetric(path Path, m *ObjectMetricSource, checkVersion func(string) error) {
	l.crossVersionReference(path.Child("describedObject"), &m.DescribedObject, checkVersion)
	l.metricName(path.Child("metric"), &m.Metric)
	l.metricTarget(path.Child("target"), &m.Target)
	if m.Target.Value == nil && m.Target.AverageValue == nil {
		l.add(path.Child("target", "averageValue").Required("must set either a target value or averageValue"))
	}
}

func (l *ErrorList) externalMetric(path Path, m *ExternalMetricSource) {
	l.metricName(path.Child("metric"), &m.Metric)
	l.metricTarget(path.Child("target"), &m.Target)
	if m.Target.Value == nil && m.Target.AverageValue == nil {
		l.add(path.Child("target", "averageValue").Required("must set either a target value for metric or a per-pod target"))
	}
	if m.Target.Value != nil && m.Target.AverageValue != nil {
		l.add(path.Child("target", "value").Forbidden("may not set both a target value for metric and a per-pod target"))
	}
}

func (l *ErrorList) podsMetric(path Path, m *PodsMetricSource) {
	l.metricName(path.Child("metric"), &m.Metric)
	l.metricTarget(path.Child("target"), &m.Target)
	if m.Target.AverageValue == nil {
		l.add(path.Child("target", "averageValue").Required("must specify a positive target averageValue"))
	}
}

func (l *ErrorList) resourceMetric(path Path, m *ResourceMetricSource) {
	if m.Name == "" {
		l.add(path.Child("name").Required("must specify a resource name"))
	}
	l.resourceMetricTarget(path.Child("target"), &m.Target)
}

func (l *ErrorList) containerMetric(path Path, m *ContainerResourceMetricSource) {
	if m.Name == "" {
		l.add(path.Child("name").Required("must specify a resource name"))
	} else {
		l.containerResourceName(path.Child("name"), m.Name)
	}
	if m.Container == "" {
		l.add(path.Child("container").Required("must specify a container"))
	} else {
		l.format(path, "container", m.Container, IsDNS1123Label)
	}
	l.resourceMetricTarget(path.Child("target"), &m.Target)
}

func (l *ErrorList) resourceMetricTarget(path Path, target *MetricTarget) {
	l.metricTarget(path, target)
	if target.AverageUtilization == nil && target.AverageValue == nil {
		l.add(path.Child("averageUtilization").Required("must set either a target raw value or a target utilization"))
	}
	if target.AverageUtilization != nil && target.AverageValue != nil {
		l.add(path.Child("averageValue").Forbidden("may not set both a target raw value and a target utilization"))
	}
}

func (l *ErrorList) metricName(path Path, m *MetricIdentifier) {
	if m.Name == "" {
		l.add(path.Child("name").Required("must specify a metric name"))
	} else {
		l.format(path, "name", m.Name, IsPathSegmentName)
	}
}

func (l *ErrorList) metricTarget(path Path, target *MetricTarget) {
	switch target.Type {
	case UtilizationMetricType, ValueMetricType, AverageValueMetricType:
	default:
		if target.Type == "" {
			l.add(path.Child("type").Required("must specify a metric target type"))
		}
		l.add(path.Child("type").Invalid(string(target.Type), "must be either Utilization, Value, or AverageValue"))
	}
	if target.Value != nil && target.Value.Sign() != 1 {
		l.add(path.Child("value").Invalid(target.Value, "must be positive"))
	}
	if target.AverageValue != nil && target.AverageValue.Sign() != 1 {
		l.add(path.Child("averageValue").Invalid(target.AverageValue, "must be positive"))
	}
	if target.AverageUtilization != nil && *target.AverageUtilization < 1 {
		l.add(path.Child("averageUtilization").Invalid(*target.AverageUtilization, "must be greater than 0"))
	}
}
