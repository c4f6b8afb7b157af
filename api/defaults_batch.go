package api

import "math"

// Defaults of Jobs and CronJobs.
const (
	defaultJobBackoffLimit            = 6
	defaultSuccessfulJobsHistoryLimit = 3
	defaultFailedJobsHistoryLimit     = 1
)

func defaultJob(obj Object) {
	job := obj.(*Job)
	spec := &job.Spec
	if spec.Completions == nil && spec.Parallelism == nil {
		spec.Completions = Ptr[int32](1)
	}
	if spec.Parallelism == nil {
		spec.Parallelism = Ptr[int32](1)
	}
	if spec.BackoffLimit == nil {
		spec.BackoffLimit = Ptr[int32](defaultJobBackoffLimit)
		if spec.BackoffLimitPerIndex != nil {
			spec.BackoffLimit = Ptr[int32](math.MaxInt32)
		}
	}
	if len(job.Labels) == 0 && spec.Template.Labels != nil {
		// The very same map: what will be added to the template, the labels that only this Job has, is the Job's too.
		job.Labels = spec.Template.Labels
	}
	if spec.CompletionMode == nil {
		spec.CompletionMode = Ptr(NonIndexedCompletion)
	}
	if spec.Suspend == nil {
		spec.Suspend = Ptr(false)
	}
	if spec.PodReplacementPolicy == nil {
		spec.PodReplacementPolicy = Ptr(PodReplacementTerminatingOrFailed)
		if spec.PodFailurePolicy != nil {
			spec.PodReplacementPolicy = Ptr(PodReplacementFailed)
		}
	}
	if spec.ManualSelector == nil {
		spec.ManualSelector = Ptr(false)
	}
	defaultJobTemplate(spec)
}

// defaultCronJob leaves most of the Job in it alone: that gets its defaults when it is made.
func defaultCronJob(obj Object) {
	spec := &obj.(*CronJob).Spec
	if spec.ConcurrencyPolicy == "" {
		spec.ConcurrencyPolicy = AllowConcurrent
	}
	if spec.Suspend == nil {
		spec.Suspend = Ptr(false)
	}
	if spec.SuccessfulJobsHistoryLimit == nil {
		spec.SuccessfulJobsHistoryLimit = Ptr[int32](defaultSuccessfulJobsHistoryLimit)
	}
	if spec.FailedJobsHistoryLimit == nil {
		spec.FailedJobsHistoryLimit = Ptr[int32](defaultFailedJobsHistoryLimit)
	}
	defaultJobTemplate(&spec.JobTemplate.Spec)
}

func defaultJobTemplate(spec *JobSpec) {
	if spec.PodFailurePolicy != nil {
		for i := range spec.PodFailurePolicy.Rules {
			patterns := spec.PodFailurePolicy.Rules[i].OnPodConditions
			for j := range patterns {
				if patterns[j].Status == "" {
					patterns[j].Status = ConditionTrue
				}
			}
		}
	}
	defaultPodSpec(&spec.Template.Spec)
}
