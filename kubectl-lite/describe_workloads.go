package kubectllite

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"kubelite/api"
	"kubelite/client"
)

// head writes what most sheets begin with.
func (s *sheet) head(meta *api.ObjectMeta) {
	s.line(0, "Name:\t%s", meta.Name)
	s.line(0, "Namespace:\t%s", meta.Namespace)
}

func (s *sheet) marks(meta *api.ObjectMeta) {
	s.labels("Labels", meta.Labels)
	s.annotations("Annotations", meta.Annotations)
}

// unset writes a value, or that there is none.
func unset[T any](v *T) string {
	if v == nil {
		return "<unset>"
	}
	return fmt.Sprint(*v)
}

// boolText is how describe writes a choice.
func boolText(v *bool) string {
	if v == nil {
		return "<unset>"
	}
	return map[bool]string{true: "True", false: "False"}[*v]
}

// podsStatus counts the phases of the pods that a controller owns.
func podsStatus(ctx context.Context, c *client.Client, sh *sheet, owner api.Object, selector api.Selector) error {
	pods, err := client.Of[*api.Pod](c).List(ctx, owner.GetObjectMeta().Namespace, client.ListOptions{LabelSelector: selector.String()})
	if err != nil {
		return err
	}
	phases := map[api.PodPhase]int{}
	for _, pod := range pods.Items {
		if api.IsControlledBy(pod, owner) {
			phases[pod.Status.Phase]++
		}
	}
	sh.line(0, "Pods Status:\t%d Running / %d Waiting / %d Succeeded / %d Failed",
		phases[api.PodRunning], phases[api.PodPending], phases[api.PodSucceeded], phases[api.PodFailed])
	return nil
}

func describeStatefulSet(ctx context.Context, c *client.Client, sh *sheet, o object) error {
	set, err := typed[*api.StatefulSet](o)
	if err != nil {
		return err
	}
	selector, err := api.LabelSelectorAsSelector(set.Spec.Selector)
	if err != nil {
		return err
	}
	sh.head(&set.ObjectMeta)
	sh.line(0, "CreationTimestamp:\t%s", date(set.CreationTimestamp.Time))
	sh.line(0, "Selector:\t%s", selector)
	sh.marks(&set.ObjectMeta)
	sh.line(0, "Replicas:\t%d desired | %d total", api.Deref(set.Spec.Replicas, 1), set.Status.Replicas)
	sh.line(0, "Update Strategy:\t%s", set.Spec.UpdateStrategy.Type)
	if ru := set.Spec.UpdateStrategy.RollingUpdate; ru != nil && ru.Partition != nil {
		sh.line(1, "Partition:\t%d", *ru.Partition)
		if ru.MaxUnavailable != nil {
			sh.line(1, "MaxUnavailable:\t%s", ru.MaxUnavailable.String())
		}
	}
	if err := podsStatus(ctx, c, sh, set, selector); err != nil {
		return err
	}
	describePodTemplate(sh, &set.Spec.Template)
	if len(set.Spec.VolumeClaimTemplates) == 0 {
		sh.line(0, "Volume Claims:\t<none>")
		return nil
	}
	sh.line(0, "Volume Claims:")
	for i := range set.Spec.VolumeClaimTemplates {
		claim := &set.Spec.VolumeClaimTemplates[i]
		sh.line(1, "Name:\t%s", claim.Name)
		sh.line(1, "StorageClass:\t%s", api.Deref(claim.Spec.StorageClassName, ""))
		sh.labels("  Labels", claim.Labels)
		sh.annotations("  Annotations", claim.Annotations)
		size, has := claim.Spec.Resources.Requests[api.ResourceStorage]
		sh.line(1, "Capacity:\t%s", map[bool]string{true: size.String(), false: "<default>"}[has])
		sh.line(1, "Access Modes:\t%s", listText(texts(claim.Spec.AccessModes)))
	}
	return nil
}

func texts[T ~string](items []T) []string {
	var all []string
	for _, item := range items {
		all = append(all, string(item))
	}
	return all
}

func describeDaemonSet(ctx context.Context, c *client.Client, sh *sheet, o object) error {
	set, err := typed[*api.DaemonSet](o)
	if err != nil {
		return err
	}
	selector, err := api.LabelSelectorAsSelector(set.Spec.Selector)
	if err != nil {
		return err
	}
	sh.head(&set.ObjectMeta)
	sh.line(0, "Selector:\t%s", selector)
	sh.line(0, "Node-Selector:\t%s", formatMap(set.Spec.Template.Spec.NodeSelector))
	sh.marks(&set.ObjectMeta)
	status := &set.Status
	sh.line(0, "Desired Number of Nodes Scheduled: %d", status.DesiredNumberScheduled)
	sh.line(0, "Current Number of Nodes Scheduled: %d", status.CurrentNumberScheduled)
	sh.line(0, "Number of Nodes Scheduled with Up-to-date Pods: %d", status.UpdatedNumberScheduled)
	sh.line(0, "Number of Nodes Scheduled with Available Pods: %d", status.NumberAvailable)
	sh.line(0, "Number of Nodes Misscheduled: %d", status.NumberMisscheduled)
	if err := podsStatus(ctx, c, sh, set, selector); err != nil {
		return err
	}
	describePodTemplate(sh, &set.Spec.Template)
	return nil
}

func describeReplicationController(ctx context.Context, c *client.Client, sh *sheet, o object) error {
	rc, err := typed[*api.ReplicationController](o)
	if err != nil {
		return err
	}
	sh.head(&rc.ObjectMeta)
	sh.line(0, "Selector:\t%s", formatMap(rc.Spec.Selector))
	sh.marks(&rc.ObjectMeta)
	sh.line(0, "Replicas:\t%d current / %d desired", rc.Status.Replicas, api.Deref(rc.Spec.Replicas, 1))
	if err := podsStatus(ctx, c, sh, rc, api.SelectorFromSet(rc.Spec.Selector)); err != nil {
		return err
	}
	if rc.Spec.Template != nil {
		describePodTemplate(sh, rc.Spec.Template)
	}
	return nil
}

func describeJob(_ context.Context, _ *client.Client, sh *sheet, o object) error {
	job, err := typed[*api.Job](o)
	if err != nil {
		return err
	}
	selector, err := api.LabelSelectorAsSelector(job.Spec.Selector)
	if err != nil {
		return err
	}
	spec, status := &job.Spec, &job.Status
	sh.head(&job.ObjectMeta)
	sh.line(0, "Selector:\t%s", selector)
	sh.marks(&job.ObjectMeta)
	describeController(sh, job)
	if spec.Parallelism != nil {
		sh.line(0, "Parallelism:\t%d", *spec.Parallelism)
	}
	sh.line(0, "Completions:\t%s", unset(spec.Completions))
	if spec.CompletionMode != nil {
		sh.line(0, "Completion Mode:\t%s", *spec.CompletionMode)
	}
	if spec.Suspend != nil {
		sh.line(0, "Suspend:\t%v", *spec.Suspend)
	}
	if spec.BackoffLimit != nil {
		sh.line(0, "Backoff Limit:\t%v", *spec.BackoffLimit)
	}
	if spec.TTLSecondsAfterFinished != nil {
		sh.line(0, "TTL Seconds After Finished:\t%v", *spec.TTLSecondsAfterFinished)
	}
	if status.StartTime != nil {
		sh.line(0, "Start Time:\t%s", date(status.StartTime.Time))
	}
	if status.CompletionTime != nil {
		sh.line(0, "Completed At:\t%s", date(status.CompletionTime.Time))
	}
	if status.StartTime != nil && status.CompletionTime != nil {
		sh.line(0, "Duration:\t%s", api.HumanDuration(status.CompletionTime.Sub(status.StartTime.Time)))
	}
	if spec.ActiveDeadlineSeconds != nil {
		sh.line(0, "Active Deadline Seconds:\t%ds", *spec.ActiveDeadlineSeconds)
	}
	ready := ""
	if status.Ready != nil {
		ready = fmt.Sprintf(" (%d Ready)", *status.Ready)
	}
	sh.line(0, "Pods Statuses:\t%d Active%s / %d Succeeded / %d Failed", status.Active, ready, status.Succeeded, status.Failed)
	if api.Deref(spec.CompletionMode, "") == api.IndexedCompletion {
		indexes := status.CompletedIndexes
		switch {
		case indexes == "":
			indexes = "<none>"
		case len(indexes) > 50:
			indexes = indexes[:strings.LastIndex(indexes[:50], ",")+1] + "..."
		}
		sh.line(0, "Completed Indexes:\t%s", indexes)
	}
	describePodTemplate(sh, &spec.Template)
	return nil
}

func describeCronJob(_ context.Context, _ *client.Client, sh *sheet, o object) error {
	cron, err := typed[*api.CronJob](o)
	if err != nil {
		return err
	}
	spec, job := &cron.Spec, &cron.Spec.JobTemplate.Spec
	sh.head(&cron.ObjectMeta)
	sh.marks(&cron.ObjectMeta)
	sh.line(0, "Schedule:\t%s", spec.Schedule)
	sh.line(0, "Concurrency Policy:\t%s", spec.ConcurrencyPolicy)
	sh.line(0, "Suspend:\t%s", boolText(spec.Suspend))
	sh.line(0, "Time Zone:\t%s", unset(spec.TimeZone))
	sh.line(0, "Successful Job History Limit:\t%s", unset(spec.SuccessfulJobsHistoryLimit))
	sh.line(0, "Failed Job History Limit:\t%s", unset(spec.FailedJobsHistoryLimit))
	deadline := unset(spec.StartingDeadlineSeconds)
	if spec.StartingDeadlineSeconds != nil {
		deadline += "s"
	}
	sh.line(0, "Starting Deadline Seconds:\t%s", deadline)
	selector := "<unset>"
	if job.Selector != nil {
		selector = api.FormatLabelSelector(job.Selector)
	}
	sh.line(0, "Selector:\t%s", selector)
	sh.line(0, "Parallelism:\t%s", unset(job.Parallelism))
	sh.line(0, "Completions:\t%s", unset(job.Completions))
	if job.ActiveDeadlineSeconds != nil {
		sh.line(0, "Active Deadline Seconds:\t%ds", *job.ActiveDeadlineSeconds)
	}
	describePodTemplate(sh, &job.Template)
	last := "<unset>"
	if cron.Status.LastScheduleTime != nil {
		last = date(cron.Status.LastScheduleTime.Time)
	}
	sh.line(0, "Last Schedule Time:\t%s", last)
	var active []string
	for _, ref := range cron.Status.Active {
		active = append(active, ref.Name)
	}
	sh.line(0, "Active Jobs:\t%s", joinCommas(active))
	return nil
}

func joinCommas(words []string) string {
	if len(words) == 0 {
		return "<none>"
	}
	return strings.Join(words, ", ")
}

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

func describeDisruptionBudget(_ context.Context, _ *client.Client, sh *sheet, o object) error {
	pdb, err := typed[*api.PodDisruptionBudget](o)
	if err != nil {
		return err
	}
	sh.head(&pdb.ObjectMeta)
	if pdb.Spec.MinAvailable != nil {
		sh.line(0, "Min available:\t%s", pdb.Spec.MinAvailable.String())
	} else if pdb.Spec.MaxUnavailable != nil {
		sh.line(0, "Max unavailable:\t%s", pdb.Spec.MaxUnavailable.String())
	}
	selector := "<unset>"
	if pdb.Spec.Selector != nil {
		selector = api.FormatLabelSelector(pdb.Spec.Selector)
	}
	sh.line(0, "Selector:\t%s", selector)
	sh.line(0, "Status:")
	sh.line(2, "Allowed disruptions:\t%d", pdb.Status.DisruptionsAllowed)
	sh.line(2, "Current:\t%d", pdb.Status.CurrentHealthy)
	sh.line(2, "Desired:\t%d", pdb.Status.DesiredHealthy)
	sh.line(2, "Total:\t%d", pdb.Status.ExpectedPods)
	return nil
}

func describeQuota(_ context.Context, _ *client.Client, sh *sheet, o object) error {
	quota, err := typed[*api.ResourceQuota](o)
	if err != nil {
		return err
	}
	sh.head(&quota.ObjectMeta)
	if len(quota.Spec.Scopes) > 0 {
		scopes := texts(quota.Spec.Scopes)
		slices.Sort(scopes)
		sh.line(0, "Scopes:\t%s", strings.Join(scopes, ", "))
	}
	sh.line(0, "Resource\tUsed\tHard")
	sh.line(0, "--------\t----\t----")
	for _, name := range sortedKeys(quota.Status.Hard) {
		hard, used := quota.Status.Hard[name], quota.Status.Used[name]
		sh.line(0, "%v\t%v\t%v", name, used.String(), hard.String())
	}
	return nil
}

func describeLimitRange(_ context.Context, _ *client.Client, sh *sheet, o object) error {
	limits, err := typed[*api.LimitRange](o)
	if err != nil {
		return err
	}
	sh.head(&limits.ObjectMeta)
	sh.line(0, "Type\tResource\tMin\tMax\tDefault Request\tDefault Limit\tMax Limit/Request Ratio")
	sh.line(0, "----\t--------\t---\t---\t---------------\t-------------\t-----------------------")
	limitLines(sh, "", limits)
	return nil
}

// limitLines writes a row for each bound.
func limitLines(sh *sheet, indent string, limits *api.LimitRange) {
	for _, item := range limits.Spec.Limits {
		lists := []api.ResourceList{item.Min, item.Max, item.DefaultRequest, item.Default, item.MaxLimitRequestRatio}
		names := map[api.ResourceName]bool{}
		for _, list := range lists {
			for name := range list {
				names[name] = true
			}
		}
		for _, name := range sortedKeys(names) {
			cells := []string{string(item.Type), string(name)}
			for _, list := range lists {
				cell := "-"
				if amount, ok := list[name]; ok {
					cell = amount.String()
				}
				cells = append(cells, cell)
			}
			sh.line(0, "%s%s", indent, strings.Join(cells, "\t"))
		}
	}
}

func describePriorityClass(_ context.Context, _ *client.Client, sh *sheet, o object) error {
	class, err := typed[*api.PriorityClass](o)
	if err != nil {
		return err
	}
	sh.line(0, "Name:\t%s", class.Name)
	sh.line(0, "Value:\t%v", class.Value)
	sh.line(0, "GlobalDefault:\t%v", class.GlobalDefault)
	sh.line(0, "PreemptionPolicy:\t%s", api.Deref(class.PreemptionPolicy, ""))
	sh.line(0, "Description:\t%s", class.Description)
	sh.line(0, "Annotations:\t%s", formatMap(class.Annotations))
	return nil
}
