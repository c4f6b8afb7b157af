package printers

import (
	"fmt"
	"strings"
	"time"

	"kubelite/api"
)

// The columns of what watches over pods that other kinds make: autoscalers and disruption budgets.

// HorizontalPodAutoscaler are the columns of HorizontalPodAutoscaler.
var HorizontalPodAutoscaler = columns(autoscalerCells,
	NameColumn,
	text("Reference", "What is scaled."),
	text("Targets", "Metrics that it is scaled by: what is, and what should be."),
	text("MinPods", "The fewest pods."),
	text("MaxPods", "The most pods."),
	text("Replicas", "Pods that there are."),
	ageColumn,
)

// AutoscalingV1HorizontalPodAutoscaler are the columns of HorizontalPodAutoscaler in autoscaling/v1.
var AutoscalingV1HorizontalPodAutoscaler = columns(func(old *api.AutoscalingV1HorizontalPodAutoscaler, now time.Time) []any {
	return autoscalerCells(api.HorizontalPodAutoscalerFromV1(old), now)
}, HorizontalPodAutoscaler.Definitions...)

func autoscalerCells(h *api.HorizontalPodAutoscaler, now time.Time) []any {
	lowest := "<unset>"
	if h.Spec.MinReplicas != nil {
		lowest = fmt.Sprint(*h.Spec.MinReplicas)
	}
	return []any{
		h.Name, h.Spec.ScaleTargetRef.Kind + "/" + h.Spec.ScaleTargetRef.Name, metricsText(h.Spec.Metrics, h.Status.CurrentMetrics),
		lowest, h.Spec.MaxReplicas, h.Status.CurrentReplicas, Age(h.CreationTimestamp.Time, now),
	}
}

// metricsText shows the first two metrics, "cpu: 40%/80%", and counts the others.
func metricsText(specs []api.MetricSpec, statuses []api.MetricStatus) string {
	const shown = 2
	var list []string
	for i := range specs[:min(len(specs), shown)] {
		status := api.MetricStatus{}
		if i < len(statuses) {
			status = statuses[i]
		}
		list = append(list, metricText(&specs[i], &status))
	}
	if len(specs) > shown {
		return fmt.Sprintf("%s + %d more...", strings.Join(list, ", "), len(specs)-shown)
	}
	return orNone(strings.Join(list, ", "))
}

func metricText(spec *api.MetricSpec, status *api.MetricStatus) string {
	var now *api.MetricValueStatus
	switch {
	case spec.External != nil:
		if status.External != nil {
			now = &status.External.Current
		}
		return valueText(&spec.External.Target, now)
	case spec.Pods != nil:
		if status.Pods != nil {
			now = &status.Pods.Current
		}
		return quantityText(average(now)) + "/" + quantityText(spec.Pods.Target.AverageValue)
	case spec.Object != nil:
		if status.Object != nil {
			now = &status.Object.Current
		}
		return valueText(&spec.Object.Target, now)
	case spec.Resource != nil:
		if status.Resource != nil {
			now = &status.Resource.Current
		}
		return resourceText(spec.Resource.Name, &spec.Resource.Target, now)
	case spec.ContainerResource != nil:
		if status.ContainerResource != nil {
			now = &status.ContainerResource.Current
		}
		return resourceText(spec.ContainerResource.Name, &spec.ContainerResource.Target, now)
	}
	return "<unknown type>"
}

func valueText(target *api.MetricTarget, now *api.MetricValueStatus) string {
	if target.AverageValue != nil {
		return quantityText(average(now)) + "/" + quantityText(target.AverageValue) + " (avg)"
	}
	var value *api.Quantity
	if now != nil {
		value = now.Value
	}
	return quantityText(value) + "/" + quantityText(target.Value)
}

func resourceText(name api.ResourceName, target *api.MetricTarget, now *api.MetricValueStatus) string {
	if target.AverageValue != nil {
		return fmt.Sprintf("%s: %s/%s", name, quantityText(average(now)), quantityText(target.AverageValue))
	}
	used, wanted := "<unknown>", "<auto>"
	if now != nil && now.AverageUtilization != nil {
		used = fmt.Sprintf("%d%%", *now.AverageUtilization)
	}
	if target.AverageUtilization != nil {
		wanted = fmt.Sprintf("%d%%", *target.AverageUtilization)
	}
	return fmt.Sprintf("%s: %s/%s", name, used, wanted)
}

func average(now *api.MetricValueStatus) *api.Quantity {
	if now == nil {
		return nil
	}
	return now.AverageValue
}

func quantityText(q *api.Quantity) string {
	if q == nil {
		return "<unknown>"
	}
	return q.String()
}

// PodDisruptionBudget are the columns of PodDisruptionBudget.
var PodDisruptionBudget = columns(func(b *api.PodDisruptionBudget, now time.Time) []any {
	limit := func(v *api.IntOrString) string {
		if v == nil {
			return "N/A"
		}
		return v.String()
	}
	return []any{
		b.Name, limit(b.Spec.MinAvailable), limit(b.Spec.MaxUnavailable), b.Status.DisruptionsAllowed, Age(b.CreationTimestamp.Time, now),
	}
},
	NameColumn,
	text("Min Available", "Pods that must stay healthy."),
	text("Max Unavailable", "Pods that may be unhealthy."),
	integer("Allowed Disruptions", "Pods that may be evicted now."),
	ageColumn,
)
