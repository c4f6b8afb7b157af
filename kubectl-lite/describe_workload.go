package kubectllite

import (
	"context"
	"fmt"
	"strings"

	"kubelite/api"
	"kubelite/client"
)

func describeDeployment(ctx context.Context, c *client.Client, sh *sheet, o object) error {
	d, err := typed[*api.Deployment](o)
	if err != nil {
		return err
	}
	selector, err := api.LabelSelectorAsSelector(d.Spec.Selector)
	if err != nil {
		return err
	}
	sh.head(&d.ObjectMeta)
	sh.line(0, "CreationTimestamp:\t%s", date(d.CreationTimestamp.Time))
	sh.marks(&d.ObjectMeta)
	sh.line(0, "Selector:\t%s", selector)
	sh.line(0, "Replicas:\t%d desired | %d updated | %d total | %d available | %d unavailable", api.Deref(d.Spec.Replicas, 1),
		d.Status.UpdatedReplicas, d.Status.Replicas, d.Status.AvailableReplicas, d.Status.UnavailableReplicas)
	sh.line(0, "StrategyType:\t%s", d.Spec.Strategy.Type)
	sh.line(0, "MinReadySeconds:\t%d", d.Spec.MinReadySeconds)
	if ru := d.Spec.Strategy.RollingUpdate; ru != nil {
		sh.line(0, "RollingUpdateStrategy:\t%s max unavailable, %s max surge",
			api.Deref(ru.MaxUnavailable, api.FromInt(0)).String(), api.Deref(ru.MaxSurge, api.FromInt(0)).String())
	}
	describePodTemplate(sh, &d.Spec.Template)
	var rows [][3]string
	for _, cond := range d.Status.Conditions {
		rows = append(rows, [3]string{string(cond.Type), string(cond.Status), cond.Reason})
	}
	sh.conditionTable(rows)
	sets, err := replicaSetsOf(ctx, c, d)
	if err != nil {
		return err
	}
	if len(sets) > 0 {
		var old, current []*api.ReplicaSet
		newest := newReplicaSet(d, sets)
		for _, rs := range sets {
			if rs == newest {
				current = append(current, rs)
			} else {
				old = append(old, rs)
			}
		}
		sh.line(0, "OldReplicaSets:\t%s", formatReplicaSets(old))
		sh.line(0, "NewReplicaSet:\t%s", formatReplicaSets(current))
	}
	return nil
}

func formatReplicaSets(sets []*api.ReplicaSet) string {
	var all []string
	for _, rs := range sets {
		all = append(all, fmt.Sprintf("%s (%d/%d replicas created)", rs.Name, rs.Status.Replicas, api.Deref(rs.Spec.Replicas, 1)))
	}
	return joined(all, ", ")
}

func describeReplicaSet(ctx context.Context, c *client.Client, sh *sheet, o object) error {
	rs, err := typed[*api.ReplicaSet](o)
	if err != nil {
		return err
	}
	selector, err := api.LabelSelectorAsSelector(rs.Spec.Selector)
	if err != nil {
		return err
	}
	sh.head(&rs.ObjectMeta)
	sh.line(0, "Selector:\t%s", api.FormatLabelSelector(rs.Spec.Selector))
	sh.marks(&rs.ObjectMeta)
	describeController(sh, rs)
	sh.line(0, "Replicas:\t%d current / %d desired", rs.Status.Replicas, api.Deref(rs.Spec.Replicas, 1))
	if err := podsStatus(ctx, c, sh, rs, selector); err != nil {
		return err
	}
	describePodTemplate(sh, &rs.Spec.Template)
	var rows [][3]string
	for _, cond := range rs.Status.Conditions {
		rows = append(rows, [3]string{string(cond.Type), string(cond.Status), cond.Reason})
	}
	sh.conditionTable(rows)
	return nil
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
	sh.line(0, "Active Jobs:\t%s", joined(active, ", "))
	return nil
}
