package kubectllite

import (
	"context"
	"fmt"

	"kubelite/api"
	"kubelite/client"
)

func describeHorizontalPodAutoscaler(_ context.Context, _ *client.Client, sh *sheet, o object) error {
	hpa, err := typed[*api.HorizontalPodAutoscaler](o)
	if err != nil {
		return err
	}
	sh.head(&hpa.ObjectMeta)
	sh.marks(&hpa.ObjectMeta)
	sh.line(0, "CreationTimestamp:\t%s", date(hpa.CreationTimestamp.Time))
	sh.line(0, "Reference:\t%s/%s", hpa.Spec.ScaleTargetRef.Kind, hpa.Spec.ScaleTargetRef.Name)
	sh.line(0, "Metrics:\t( current / target )")
	for i := range hpa.Spec.Metrics {
		var current *api.MetricStatus
		if i < len(hpa.Status.CurrentMetrics) {
			current = &hpa.Status.CurrentMetrics[i]
		}
		sh.line(1, "%s", metricLine(&hpa.Spec.Metrics[i], current))
	}
	sh.line(0, "Min replicas:\t%s", unset(hpa.Spec.MinReplicas))
	sh.line(0, "Max replicas:\t%d", hpa.Spec.MaxReplicas)
	if b := hpa.Spec.Behavior; b != nil {
		sh.line(0, "Behavior:")
		scalingRules(sh, "Scale Up", b.ScaleUp)
		scalingRules(sh, "Scale Down", b.ScaleDown)
	}
	sh.line(0, "%s pods:\t%d current / %d desired", hpa.Spec.ScaleTargetRef.Kind, hpa.Status.CurrentReplicas, hpa.Status.DesiredReplicas)
	if len(hpa.Status.Conditions) > 0 {
		sh.line(0, "Conditions:")
		sh.line(1, "Type\tStatus\tReason\tMessage")
		sh.line(1, "----\t------\t------\t-------")
		for _, c := range hpa.Status.Conditions {
			sh.line(1, "%v\t%v\t%v\t%v", c.Type, c.Status, c.Reason, c.Message)
		}
	}
	return nil
}

// metricLine is a metric with what it is now, and what it should be.
func metricLine(m *api.MetricSpec, now *api.MetricStatus) string {
	if now == nil {
		now = &api.MetricStatus{}
	}
	share := func(current *api.MetricValueStatus, target *api.MetricTarget) string {
		if target.AverageValue != nil {
			return fmt.Sprintf(":\t%s / %s", amountText(current, true), target.AverageValue.String())
		}
		text := "<unknown>"
		if current != nil && current.AverageUtilization != nil {
			text = fmt.Sprintf("%d%% (%s)", *current.AverageUtilization, amountText(current, true))
		}
		wanted := "<auto>"
		if target.AverageUtilization != nil {
			wanted = fmt.Sprintf("%d%%", *target.AverageUtilization)
		}
		return fmt.Sprintf("  (as a percentage of request):\t%s / %s", text, wanted)
	}
	amount := func(current *api.MetricValueStatus, target *api.MetricTarget) string {
		if target.AverageValue != nil {
			return fmt.Sprintf("(target average value):\t%s / %s", amountText(current, true), target.AverageValue.String())
		}
		return fmt.Sprintf("(target value):\t%s / %s", amountText(current, false), target.Value.String())
	}
	switch m.Type {
	case api.ResourceMetricSourceType:
		var current *api.MetricValueStatus
		if now.Resource != nil {
			current = &now.Resource.Current
		}
		return fmt.Sprintf("resource %s on pods%s", m.Resource.Name, share(current, &m.Resource.Target))
	case api.ContainerResourceMetricSourceType:
		var current *api.MetricValueStatus
		if now.ContainerResource != nil {
			current = &now.ContainerResource.Current
		}
		return fmt.Sprintf("resource %s of container %q on pods%s", m.ContainerResource.Name, m.ContainerResource.Container, share(current, &m.ContainerResource.Target))
	case api.PodsMetricSourceType:
		var current *api.MetricValueStatus
		if now.Pods != nil {
			current = &now.Pods.Current
		}
		return fmt.Sprintf("%q on pods:\t%s / %s", m.Pods.Metric.Name, amountText(current, true), m.Pods.Target.AverageValue.String())
	case api.ObjectMetricSourceType:
		var current *api.MetricValueStatus
		if now.Object != nil {
			current = &now.Object.Current
		}
		return fmt.Sprintf("%q on %s/%s %s", m.Object.Metric.Name, m.Object.DescribedObject.Kind, m.Object.DescribedObject.Name, amount(current, &m.Object.Target))
	case api.ExternalMetricSourceType:
		var current *api.MetricValueStatus
		if now.External != nil {
			current = &now.External.Current
		}
		return fmt.Sprintf("%q %s", m.External.Metric.Name, amount(current, &m.External.Target))
	}
	return fmt.Sprintf("<unknown metric type %q>", m.Type)
}

func amountText(v *api.MetricValueStatus, average bool) string {
	switch {
	case v == nil || average && v.AverageValue == nil || !average && v.Value == nil:
		return "<unknown>"
	case average:
		return v.AverageValue.String()
	}
	return v.Value.String()
}

func scalingRules(sh *sheet, label string, rules *api.HPAScalingRules) {
	if rules == nil {
		return
	}
	sh.line(1, "%s:", label)
	if rules.StabilizationWindowSeconds != nil {
		sh.line(2, "Stabilization Window: %d seconds", *rules.StabilizationWindowSeconds)
	}
	if len(rules.Policies) == 0 {
		return
	}
	policy := "Max"
	if rules.SelectPolicy != nil {
		policy = string(*rules.SelectPolicy)
	}
	sh.line(2, "Select Policy: %s", policy)
	sh.line(2, "Policies:")
	for _, p := range rules.Policies {
		sh.line(3, "- Type: %s\tValue: %d\tPeriod: %d seconds", p.Type, p.Value, p.PeriodSeconds)
	}
}
