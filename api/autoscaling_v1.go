package api

import (
	"encoding/json"
	"maps"
)

// autoscaling/v1 knows one metric, CPU, and neither behavior nor conditions. What it has no field for travels in
// annotations, in forms that were fields of old versions.
const (
	annotationHPAMetrics        = "autoscaling.alpha.kubernetes.io/metrics"
	annotationHPACurrentMetrics = "autoscaling.alpha.kubernetes.io/current-metrics"
	annotationHPAConditions     = "autoscaling.alpha.kubernetes.io/conditions"
	annotationHPABehavior       = "autoscaling.alpha.kubernetes.io/behavior"
)

var hpaAnnotations = []string{
	annotationHPAMetrics, annotationHPACurrentMetrics, annotationHPAConditions, annotationHPABehavior,
	"autoscaling.alpha.kubernetes.io/scale-down-tolerance", "autoscaling.alpha.kubernetes.io/scale-up-tolerance",
}

// HorizontalPodAutoscalerFromV1 makes the present form of an autoscaler in the old one. Annotations that cannot be read
// count as absent.
func HorizontalPodAutoscalerFromV1(old *AutoscalingV1HorizontalPodAutoscaler) *HorizontalPodAutoscaler {
	hpa := New[*HorizontalPodAutoscaler]()
	hpa.ObjectMeta = old.ObjectMeta
	hpa.Spec = HorizontalPodAutoscalerSpec{
		ScaleTargetRef: CrossVersionObjectReference(old.Spec.ScaleTargetRef),
		MinReplicas:    old.Spec.MinReplicas, MaxReplicas: old.Spec.MaxReplicas,
	}
	var metrics []v1MetricSpec
	readAnnotation(old.Annotations, annotationHPAMetrics, &metrics)
	for i := range metrics {
		hpa.Spec.Metrics = append(hpa.Spec.Metrics, metrics[i].present())
	}
	if cpu := old.Spec.TargetCPUUtilizationPercentage; cpu != nil {
		hpa.Spec.Metrics = append(hpa.Spec.Metrics, cpuMetric(*cpu))
	}
	var behavior HorizontalPodAutoscalerBehavior
	if readAnnotation(old.Annotations, annotationHPABehavior, &behavior); behavior != (HorizontalPodAutoscalerBehavior{}) {
		hpa.Spec.Behavior = &behavior
	}
	hpa.Status = HorizontalPodAutoscalerStatus{
		ObservedGeneration: old.Status.ObservedGeneration, LastScaleTime: old.Status.LastScaleTime,
		CurrentReplicas: old.Status.CurrentReplicas, DesiredReplicas: old.Status.DesiredReplicas,
	}
	var current []v1MetricStatus
	if readAnnotation(old.Annotations, annotationHPACurrentMetrics, &current) {
		for i := range current {
			hpa.Status.CurrentMetrics = append(hpa.Status.CurrentMetrics, current[i].present())
		}
	} else if used := old.Status.CurrentCPUUtilizationPercentage; used != nil {
		hpa.Status.CurrentMetrics = []MetricStatus{{Type: ResourceMetricSourceType, Resource: &ResourceMetricStatus{
			Name: ResourceCPU, Current: MetricValueStatus{AverageUtilization: used},
		}}}
	}
	readAnnotation(old.Annotations, annotationHPAConditions, &hpa.Status.Conditions)
	hpa.Annotations = withoutHPAAnnotations(old.Annotations)
	return hpa
}

// HorizontalPodAutoscalerToV1 makes the old form of an autoscaler.
func HorizontalPodAutoscalerToV1(hpa *HorizontalPodAutoscaler) *AutoscalingV1HorizontalPodAutoscaler {
	old := New[*AutoscalingV1HorizontalPodAutoscaler]()
	old.ObjectMeta = hpa.ObjectMeta
	old.Annotations = withoutHPAAnnotations(hpa.Annotations)
	old.Spec = AutoscalingV1HorizontalPodAutoscalerSpec{
		ScaleTargetRef: AutoscalingV1CrossVersionObjectReference(hpa.Spec.ScaleTargetRef),
		MinReplicas:    hpa.Spec.MinReplicas, MaxReplicas: hpa.Spec.MaxReplicas,
	}
	old.Status = AutoscalingV1HorizontalPodAutoscalerStatus{
		ObservedGeneration: hpa.Status.ObservedGeneration, LastScaleTime: hpa.Status.LastScaleTime,
		CurrentReplicas: hpa.Status.CurrentReplicas, DesiredReplicas: hpa.Status.DesiredReplicas,
	}
	var others []v1MetricSpec
	for i := range hpa.Spec.Metrics {
		m := &hpa.Spec.Metrics[i]
		if r := m.Resource; m.Type == ResourceMetricSourceType && r != nil && r.Name == ResourceCPU && r.Target.AverageUtilization != nil {
			if old.Spec.TargetCPUUtilizationPercentage == nil {
				old.Spec.TargetCPUUtilizationPercentage = r.Target.AverageUtilization
			}
			continue
		}
		others = append(others, v1MetricSpecOf(m))
	}
	// The CPU's status is kept here too: the field has no room for its raw value.
	var current []v1MetricStatus
	for i := range hpa.Status.CurrentMetrics {
		m := &hpa.Status.CurrentMetrics[i]
		if r := m.Resource; m.Type == ResourceMetricSourceType && r != nil && r.Name == ResourceCPU && r.Current.AverageUtilization != nil {
			old.Status.CurrentCPUUtilizationPercentage = r.Current.AverageUtilization
		}
		current = append(current, v1MetricStatusOf(m))
	}
	write := func(annotation string, present bool, value any) {
		data, err := json.Marshal(value)
		if !present || err != nil { // none of these types can fail
			return
		}
		annotations := maps.Clone(old.Annotations)
		if annotations == nil {
			annotations = map[string]string{}
		}
		annotations[annotation] = string(data)
		old.Annotations = annotations
	}
	write(annotationHPAMetrics, len(others) > 0, others)
	write(annotationHPACurrentMetrics, len(current) > 0, current)
	write(annotationHPABehavior, hpa.Spec.Behavior != nil, goNames{hpa.Spec.Behavior})
	write(annotationHPAConditions, len(hpa.Status.Conditions) > 0, hpa.Status.Conditions)
	return old
}

func readAnnotation(annotations map[string]string, name string, into any) bool {
	text, ok := annotations[name]
	return ok && json.Unmarshal([]byte(text), into) == nil
}

func withoutHPAAnnotations(annotations map[string]string) map[string]string {
	out := annotations
	for _, name := range hpaAnnotations {
		if _, ok := out[name]; ok {
			out = maps.Clone(out)
			delete(out, name)
		}
	}
	return out
}
