package printers

import (
	"fmt"
	"strings"
	"time"

	"kubelite/api"
)

// The columns of kinds that make pods, or keep the templates that pods are made from.

// Deployment are the columns of Deployment.
var Deployment = columns(func(d *api.Deployment, now time.Time) []any {
	names, images := containersText(d.Spec.Template.Spec.Containers)
	selector := "<invalid>"
	if s, err := api.LabelSelectorAsSelector(d.Spec.Selector); err == nil {
		selector = s.String()
	}
	return []any{
		d.Name, fmt.Sprintf("%d/%d", d.Status.ReadyReplicas, api.Deref(d.Spec.Replicas, 1)),
		d.Status.UpdatedReplicas, d.Status.AvailableReplicas, Age(d.CreationTimestamp.Time, now), names, images, selector,
	}
},
	NameColumn,
	text("Ready", "Pods that are ready, out of those wanted."),
	text("Up-to-date", "Pods that are made from the current template."),
	text("Available", "Pods that have been ready for minReadySeconds."),
	ageColumn, containersColumn, imagesColumn, selectorColumn,
)

// ReplicaSet are the columns of ReplicaSet.
var ReplicaSet = columns(func(rs *api.ReplicaSet, now time.Time) []any {
	names, images := containersText(rs.Spec.Template.Spec.Containers)
	return []any{
		rs.Name, api.Deref(rs.Spec.Replicas, 1), rs.Status.Replicas, rs.Status.ReadyReplicas,
		Age(rs.CreationTimestamp.Time, now), names, images, api.FormatLabelSelector(rs.Spec.Selector),
	}
},
	NameColumn,
	integer("Desired", "Pods that are wanted."),
	integer("Current", "Pods that exist."),
	integer("Ready", "Pods that are ready."),
	ageColumn, containersColumn, imagesColumn, selectorColumn,
)

// ReplicationController are the columns of ReplicationController.
var ReplicationController = columns(func(rc *api.ReplicationController, now time.Time) []any {
	var names, images string
	if rc.Spec.Template != nil {
		names, images = containersText(rc.Spec.Template.Spec.Containers)
	}
	return []any{
		rc.Name, api.Deref(rc.Spec.Replicas, 0), rc.Status.Replicas, rc.Status.ReadyReplicas,
		Age(rc.CreationTimestamp.Time, now), names, images, labelsText(rc.Spec.Selector),
	}
}, ReplicaSet.Definitions...)

// StatefulSet are the columns of StatefulSet.
var StatefulSet = columns(func(s *api.StatefulSet, now time.Time) []any {
	names, images := containersText(s.Spec.Template.Spec.Containers)
	return []any{s.Name, fmt.Sprintf("%d/%d", s.Status.ReadyReplicas, api.Deref(s.Spec.Replicas, 0)), Age(s.CreationTimestamp.Time, now), names, images}
},
	NameColumn,
	text("Ready", "Pods that are ready, out of those wanted."),
	ageColumn, containersColumn, imagesColumn,
)

// DaemonSet are the columns of DaemonSet.
var DaemonSet = columns(func(d *api.DaemonSet, now time.Time) []any {
	names, images := containersText(d.Spec.Template.Spec.Containers)
	s := &d.Status
	return []any{
		d.Name, s.DesiredNumberScheduled, s.CurrentNumberScheduled, s.NumberReady, s.UpdatedNumberScheduled, s.NumberAvailable,
		labelsText(d.Spec.Template.Spec.NodeSelector), Age(d.CreationTimestamp.Time, now), names, images, api.FormatLabelSelector(d.Spec.Selector),
	}
},
	NameColumn,
	integer("Desired", "Nodes that should have the pod."),
	integer("Current", "Nodes that should have the pod and do."),
	integer("Ready", "Nodes on which it is ready."),
	integer("Up-to-date", "Nodes on which it is made from the current template."),
	integer("Available", "Nodes on which it has been ready for minReadySeconds."),
	text("Node Selector", "Labels of the nodes that should have the pod."),
	ageColumn, containersColumn, imagesColumn, selectorColumn,
)

// Job are the columns of Job.
var Job = columns(func(j *api.Job, now time.Time) []any {
	names, images := containersText(j.Spec.Template.Spec.Containers)
	return []any{
		j.Name, jobStatusText(j), jobCompletionsText(j), jobDurationText(&j.Status, now), Age(j.CreationTimestamp.Time, now),
		names, images, api.FormatLabelSelector(j.Spec.Selector),
	}
},
	NameColumn,
	text("Status", "How far the job has come."),
	text("Completions", "Pods that succeeded, out of those that must."),
	text("Duration", "Time from start to completion, or until now."),
	ageColumn, containersColumn, imagesColumn, selectorColumn,
)

func jobStatusText(j *api.Job) string {
	for _, condition := range []api.JobConditionType{
		api.JobComplete, api.JobFailed, "", api.JobSuspended, api.JobFailureTarget, api.JobSuccessCriteriaMet,
	} {
		if condition == "" {
			if j.DeletionTimestamp != nil {
				return "Terminating"
			}
		} else if j.Status.HasCondition(condition) {
			return string(condition)
		}
	}
	return "Running"
}

// jobCompletionsText is "2/5", or "1/1 of 3" where the success of any of three pods is enough.
func jobCompletionsText(j *api.Job) string {
	if j.Spec.Completions != nil {
		return fmt.Sprintf("%d/%d", j.Status.Succeeded, *j.Spec.Completions)
	}
	if parallelism := api.Deref(j.Spec.Parallelism, 0); parallelism > 1 {
		return fmt.Sprintf("%d/1 of %d", j.Status.Succeeded, parallelism)
	}
	return fmt.Sprintf("%d/1", j.Status.Succeeded)
}

func jobDurationText(status *api.JobStatus, now time.Time) string {
	if status.StartTime == nil {
		return ""
	}
	if status.CompletionTime != nil {
		now = status.CompletionTime.Time
	}
	return api.HumanDuration(now.Sub(status.StartTime.Time))
}

// CronJob are the columns of CronJob.
var CronJob = columns(func(c *api.CronJob, now time.Time) []any {
	names, images := containersText(c.Spec.JobTemplate.Spec.Template.Spec.Containers)
	last := "<none>"
	if c.Status.LastScheduleTime != nil {
		last = Age(c.Status.LastScheduleTime.Time, now)
	}
	suspend := "<unset>"
	if c.Spec.Suspend != nil {
		suspend = title(*c.Spec.Suspend)
	}
	return []any{
		c.Name, c.Spec.Schedule, api.Deref(c.Spec.TimeZone, "<none>"), suspend, len(c.Status.Active), last,
		Age(c.CreationTimestamp.Time, now), names, images, api.FormatLabelSelector(c.Spec.JobTemplate.Spec.Selector),
	}
},
	NameColumn,
	text("Schedule", "When jobs are made, in cron's form."),
	text("Timezone", "Time zone of the schedule."),
	api.TableColumnDefinition{Name: "Suspend", Type: "boolean", Description: "Whether no more jobs are made."},
	integer("Active", "Jobs that run now."),
	text("Last Schedule", "Time since a job was last due."),
	ageColumn, containersColumn, imagesColumn, selectorColumn,
)

// title is True or False.
func title(b bool) string {
	if b {
		return "True"
	}
	return "False"
}

// ControllerRevision are the columns of ControllerRevision.
var ControllerRevision = columns(func(r *api.ControllerRevision, now time.Time) []any {
	controller := "<none>"
	if ref := api.ControllerOf(r); ref != nil {
		controller = strings.ToLower(ref.Kind)
		if group := api.ParseGroupVersion(ref.APIVersion).Group; group != "" {
			controller += "." + group
		}
		controller += "/" + ref.Name
	}
	return []any{r.Name, controller, r.Revision, Age(r.CreationTimestamp.Time, now)}
},
	NameColumn,
	text("Controller", "What this is a revision of."),
	text("Revision", "Number of the revision: the highest is the newest."),
	ageColumn,
)

// PodTemplate are the columns of PodTemplate.
var PodTemplate = columns(func(t *api.PodTemplate, _ time.Time) []any {
	names, images := containersText(t.Template.Spec.Containers)
	return []any{t.Name, names, images, labelsText(t.Template.Labels)}
},
	NameColumn,
	text("Containers", "Names of the containers in the template."),
	text("Images", "Images of the containers in the template."),
	text("Pod Labels", "Labels that pods made from the template carry."),
)

// Scale are the columns of Scale.
var Scale = columns(func(s *api.Scale, now time.Time) []any {
	return []any{s.Name, s.Spec.Replicas, s.Status.Replicas, Age(s.CreationTimestamp.Time, now)}
},
	NameColumn,
	integer("Desired", "Pods that are wanted."),
	integer("Available", "Pods that exist."),
	ageColumn,
)
