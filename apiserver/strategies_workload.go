package apiserver

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"kubelite/api"
)

// What is particular, when they are written, to the kinds that make pods.

var deploymentStrategy = Strategy{
	Resets:           map[string][]string{"status": {"spec", "metadata.labels"}},
	PrepareForCreate: func(obj api.Object) { obj.(*api.Deployment).Status = api.DeploymentStatus{} },
	PrepareForUpdate: func(obj, old api.Object) { obj.(*api.Deployment).Status = old.(*api.Deployment).Status },
	PrepareForStatusUpdate: func(obj, old api.Object) {
		obj.(*api.Deployment).Spec = old.(*api.Deployment).Spec
		obj.GetObjectMeta().Labels = old.GetObjectMeta().Labels
	},
	// Annotations count because the controller copies them to the ReplicaSets.
	Generation: func(obj api.Object) any {
		return []any{obj.(*api.Deployment).Spec, obj.GetObjectMeta().Annotations}
	},
	Warnings: warnPodOwner,
}

var replicaSetStrategy = Strategy{
	PrepareForCreate: func(obj api.Object) { obj.(*api.ReplicaSet).Status = api.ReplicaSetStatus{} },
	PrepareForUpdate: func(obj, old api.Object) { obj.(*api.ReplicaSet).Status = old.(*api.ReplicaSet).Status },
	PrepareForStatusUpdate: func(obj, old api.Object) {
		obj.(*api.ReplicaSet).Spec = old.(*api.ReplicaSet).Spec
	},
	Generation: func(obj api.Object) any { return obj.(*api.ReplicaSet).Spec },
	Warnings:   warnPodOwner,
}

// replicationControllerStrategy: deleting one without saying what to do about its pods leaves them, as it always has.
var replicationControllerStrategy = Strategy{
	PrepareForCreate: func(obj api.Object) {
		obj.(*api.ReplicationController).Status = api.ReplicationControllerStatus{}
	},
	PrepareForUpdate: func(obj, old api.Object) {
		obj.(*api.ReplicationController).Status = old.(*api.ReplicationController).Status
	},
	PrepareForStatusUpdate: func(obj, old api.Object) {
		obj.(*api.ReplicationController).Spec = old.(*api.ReplicationController).Spec
	},
	Generation:      func(obj api.Object) any { return obj.(*api.ReplicationController).Spec },
	Warnings:        warnPodOwner,
	OrphanByDefault: true,
}

var statefulSetStrategy = Strategy{
	PrepareForCreate:       func(obj api.Object) { obj.(*api.StatefulSet).Status = api.StatefulSetStatus{} },
	PrepareForUpdate:       func(obj, old api.Object) { obj.(*api.StatefulSet).Status = old.(*api.StatefulSet).Status },
	PrepareForStatusUpdate: func(obj, old api.Object) { obj.(*api.StatefulSet).Spec = old.(*api.StatefulSet).Spec },
	Generation:             func(obj api.Object) any { return obj.(*api.StatefulSet).Spec },
	Warnings: func(obj, old api.Object) []string {
		spec, warnings := &obj.(*api.StatefulSet).Spec, warnPodTemplate(obj, old)
		for i := range spec.VolumeClaimTemplates {
			path := api.Path("spec.volumeClaimTemplates").Index(i)
			if old != nil {
				path = path.Child("Spec") // as upstream says it
			}
			warnings = append(warnings, warnClaimSpec(path, &spec.VolumeClaimTemplates[i].Spec)...)
		}
		if api.Deref(spec.RevisionHistoryLimit, 0) < 0 {
			warnings = append(warnings, "spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended")
		}
		return warnings
	},
}

// daemonSetStrategy counts the changes of the template in an annotation, for clients from before revisions had names.
var daemonSetStrategy = Strategy{
	PrepareForCreate: func(obj api.Object) {
		ds := obj.(*api.DaemonSet)
		ds.Status = api.DaemonSetStatus{}
		api.SetTemplateGeneration(ds, max(templateGeneration(ds), 1))
	},
	PrepareForUpdate: func(obj, old api.Object) {
		ds, oldDS := obj.(*api.DaemonSet), old.(*api.DaemonSet)
		ds.Status = oldDS.Status
		n := templateGeneration(oldDS)
		if !api.Equal(ds.Spec.Template, oldDS.Spec.Template) {
			n++
		}
		api.SetTemplateGeneration(ds, n)
	},
	PrepareForStatusUpdate: func(obj, old api.Object) {
		obj.(*api.DaemonSet).Spec = old.(*api.DaemonSet).Spec
		api.SetTemplateGeneration(obj.(*api.DaemonSet), templateGeneration(old.(*api.DaemonSet)))
	},
	Generation: func(obj api.Object) any { return obj.(*api.DaemonSet).Spec },
	Warnings: func(obj, old api.Object) []string {
		if old != nil && templateGeneration(obj.(*api.DaemonSet)) == templateGeneration(old.(*api.DaemonSet)) {
			return nil
		}
		return warnPodTemplate(obj, old)
	},
}

func templateGeneration(ds *api.DaemonSet) int64 {
	n, _ := strconv.ParseInt(ds.Annotations[api.AnnotationTemplateGeneration], 10, 64) // what is no number counts as 0
	return n
}

var autoscalerStrategy = Strategy{
	PrepareForCreate: func(obj api.Object) {
		obj.(*api.HorizontalPodAutoscaler).Status = api.HorizontalPodAutoscalerStatus{}
	},
	PrepareForUpdate: func(obj, old api.Object) {
		obj.(*api.HorizontalPodAutoscaler).Status = old.(*api.HorizontalPodAutoscaler).Status
	},
	PrepareForStatusUpdate: func(obj, old api.Object) {
		obj.(*api.HorizontalPodAutoscaler).Spec = old.(*api.HorizontalPodAutoscaler).Spec
	},
}

// disruptionBudgetStrategy: a budget is not replaced unseen, for its status is a tally that evictions write too.
var disruptionBudgetStrategy = Strategy{
	PrepareForCreate: func(obj api.Object) {
		obj.(*api.PodDisruptionBudget).Status = api.PodDisruptionBudgetStatus{}
	},
	PrepareForUpdate: func(obj, old api.Object) {
		obj.(*api.PodDisruptionBudget).Status = old.(*api.PodDisruptionBudget).Status
	},
	PrepareForStatusUpdate: func(obj, old api.Object) {
		obj.(*api.PodDisruptionBudget).Spec = old.(*api.PodDisruptionBudget).Spec
	},
	Generation:        func(obj api.Object) any { return obj.(*api.PodDisruptionBudget).Spec },
	ConditionalUpdate: true,
}

// jobStrategy gives a Job labels that no other has, so that its pods are only its own. Deleting a Job without saying
// what to do about its pods leaves them, as it always has in this version of the API.
var jobStrategy = Strategy{
	PrepareForCreate: func(obj api.Object) {
		job := obj.(*api.Job)
		job.Status = api.JobStatus{}
		if !api.Deref(job.Spec.ManualSelector, false) {
			labelJob(job)
		}
	},
	PrepareForUpdate:       func(obj, old api.Object) { obj.(*api.Job).Status = old.(*api.Job).Status },
	PrepareForStatusUpdate: func(obj, old api.Object) { obj.(*api.Job).Spec = old.(*api.Job).Spec },
	Generation:             func(obj api.Object) any { return obj.(*api.Job).Spec },
	Warnings: func(obj, old api.Object) []string {
		job := obj.(*api.Job)
		if old != nil && job.Generation == old.(*api.Job).Generation {
			return nil
		}
		return slices.Concat(warnOwnerName(obj, old), warnJob("spec", &job.Spec), warnPodTemplate(obj, old))
	},
	OrphanByDefault: true,
	OrphanWarning: "child pods are preserved by default when jobs are deleted; " +
		"set propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this warning",
}

// labelJob writes the labels and the selector of a Job. What the user wrote under the same names stays, for validation
// to complain about.
func labelJob(job *api.Job) {
	labels := maps.Clone(job.Spec.Template.Labels)
	if labels == nil {
		labels = map[string]string{}
	}
	for key, value := range map[string]string{
		api.JobNameLabel: job.Name, api.LegacyJobNameLabel: job.Name,
		api.JobControllerUIDLabel: string(job.UID), api.LegacyJobControllerUIDLabel: string(job.UID),
	} {
		if _, set := labels[key]; !set {
			labels[key] = value
		}
	}
	if len(job.Labels) == 0 || maps.Equal(job.Labels, job.Spec.Template.Labels) {
		job.Labels = labels // they were defaulted from the template's
	}
	job.Spec.Template.Labels = labels
	if job.Spec.Selector == nil {
		job.Spec.Selector = &api.LabelSelector{}
	}
	if job.Spec.Selector.MatchLabels == nil {
		job.Spec.Selector.MatchLabels = map[string]string{}
	}
	if _, set := job.Spec.Selector.MatchLabels[api.JobControllerUIDLabel]; !set {
		job.Spec.Selector.MatchLabels[api.JobControllerUIDLabel] = string(job.UID)
	}
}

// warnJob is about Jobs with more indexes than their status may be able to name.
func warnJob(path api.Path, spec *api.JobSpec) []string {
	indexed := api.Deref(spec.CompletionMode, "") == api.IndexedCompletion
	if indexed && api.Deref(spec.Completions, 0) > 100_000 && api.Deref(spec.Parallelism, 0) > 10_000 {
		return []string{string(path) + ": In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, " +
			"Kubernetes might not be able to track completedIndexes when a big number of indexes fail"}
	}
	return nil
}

var cronJobStrategy = Strategy{
	PrepareForCreate:       func(obj api.Object) { obj.(*api.CronJob).Status = api.CronJobStatus{} },
	PrepareForUpdate:       func(obj, old api.Object) { obj.(*api.CronJob).Status = old.(*api.CronJob).Status },
	PrepareForStatusUpdate: func(obj, old api.Object) { obj.(*api.CronJob).Spec = old.(*api.CronJob).Spec },
	Generation:             func(obj api.Object) any { return obj.(*api.CronJob).Spec },
	Warnings: func(obj, old api.Object) []string {
		job := obj.(*api.CronJob)
		var warnings []string
		if old == nil || job.Generation != old.(*api.CronJob).Generation {
			warnings = slices.Concat(warnOwnerName(obj, old), warnJob("spec.jobTemplate.spec", &job.Spec.JobTemplate.Spec), warnPodTemplate(obj, old))
		}
		if old != nil && strings.Contains(job.Spec.Schedule, "TZ") {
			warnings = append(warnings, fmt.Sprintf("cannot use TZ or CRON_TZ in %s, use timeZone instead, "+
				"see https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details", "spec.spec.schedule"))
		}
		return warnings
	},
}

// warnPodOwner is about what most kinds that make pods have in common.
func warnPodOwner(obj, old api.Object) []string {
	return append(warnOwnerName(obj, old), warnPodTemplate(obj, old)...)
}

func warnOwnerName(obj, old api.Object) []string {
	if old != nil {
		return nil
	}
	return warnName(obj.GetObjectMeta().Name, "this is used in Pod names and hostnames")
}

// The fields that selectors may ask for, by kind.

func replicationControllerFields(obj api.Object) map[string]string {
	return map[string]string{"status.replicas": strconv.Itoa(int(obj.(*api.ReplicationController).Status.Replicas))}
}

func jobFields(obj api.Object) map[string]string {
	return map[string]string{"status.successful": strconv.Itoa(int(obj.(*api.Job).Status.Succeeded))}
}
