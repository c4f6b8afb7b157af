package api

const (
	defaultCPUUtilization    = 80 // percent
	defaultScaleUpPods       = 4
	defaultScalingPercent    = 100
	defaultScalingPeriod     = 15 // seconds
	defaultScaleUpStableTime = 0
)

func defaultHorizontalPodAutoscalerV1(obj Object) {
	old := obj.(*AutoscalingV1HorizontalPodAutoscaler)
	if old.Spec.MinReplicas == nil {
		old.Spec.MinReplicas = Ptr[int32](1)
	}
	var others []v1MetricSpec
	if readAnnotation(old.Annotations, annotationHPAMetrics, &others); old.Spec.TargetCPUUtilizationPercentage == nil && len(others) == 0 {
		old.Spec.TargetCPUUtilizationPercentage = Ptr[int32](defaultCPUUtilization)
	}
}

func defaultHorizontalPodAutoscaler(obj Object) {
	spec := &obj.(*HorizontalPodAutoscaler).Spec
	if spec.MinReplicas == nil {
		spec.MinReplicas = Ptr[int32](1)
	}
	if len(spec.Metrics) == 0 {
		spec.Metrics = []MetricSpec{cpuMetric(defaultCPUUtilization)}
	}
	behavior := spec.Behavior
	if behavior == nil {
		return // the controller has its own idea of an autoscaler without any
	}
	percent := HPAScalingPolicy{PercentScalingPolicy, defaultScalingPercent, defaultScalingPeriod}
	if behavior.ScaleUp == nil {
		behavior.ScaleUp = &HPAScalingRules{}
	}
	if behavior.ScaleUp.StabilizationWindowSeconds == nil {
		behavior.ScaleUp.StabilizationWindowSeconds = Ptr[int32](defaultScaleUpStableTime)
	}
	defaultScalingRules(behavior.ScaleUp, HPAScalingPolicy{PodsScalingPolicy, defaultScaleUpPods, defaultScalingPeriod}, percent)
	if behavior.ScaleDown == nil {
		behavior.ScaleDown = &HPAScalingRules{}
	}
	defaultScalingRules(behavior.ScaleDown, percent)
}

func defaultScalingRules(rules *HPAScalingRules, policies ...HPAScalingPolicy) {
	if rules.SelectPolicy == nil {
		rules.SelectPolicy = Ptr(MaxChangePolicySelect)
	}
	if rules.Policies == nil {
		rules.Policies = policies
	}
}

func cpuMetric(utilization int32) MetricSpec {
	return MetricSpec{Type: ResourceMetricSourceType, Resource: &ResourceMetricSource{
		Name: ResourceCPU, Target: MetricTarget{Type: UtilizationMetricType, AverageUtilization: &utilization},
	}}
}
