package api

// Job runs pods until enough of them have ended well.
type Job struct {
	TypeMeta `json:",inline"`
	// Standard object metadata. Empty labels are taken from the template.
	ObjectMeta `json:"metadata,omitempty" pb:"1"`
	// What is wanted. The user writes it.
	Spec JobSpec `json:"spec,omitempty" pb:"2"`
	// What is. The job controller writes it.
	Status JobStatus `json:"status,omitempty" pb:"3"`
}

// Names that Jobs and their pods carry.
const (
	// JobNameLabel and JobControllerUIDLabel are on every pod of a Job; their older forms are there too.
	JobNameLabel                = "batch.kubernetes.io/job-name"
	JobControllerUIDLabel       = "batch.kubernetes.io/controller-uid"
	LegacyJobNameLabel          = "job-name"
	LegacyJobControllerUIDLabel = "controller-uid"
	// JobCompletionIndexAnnotation is which part of an Indexed Job a pod works on; a label says it too.
	JobCompletionIndexAnnotation = "batch.kubernetes.io/job-completion-index"
	// JobTrackingFinalizer keeps a pod until the Job has counted how it ended.
	JobTrackingFinalizer = "batch.kubernetes.io/job-tracking"
	// JobIndexFailureCountAnnotation is how often earlier pods of the same index failed.
	JobIndexFailureCountAnnotation = "batch.kubernetes.io/job-index-failure-count"
	// JobIndexIgnoredFailureCountAnnotation is how many of their failures the pod failure policy did not count.
	JobIndexIgnoredFailureCountAnnotation = "batch.kubernetes.io/job-index-ignored-failure-count"
	// CronJobScheduledTimestampAnnotation is when a CronJob's Job was due.
	CronJobScheduledTimestampAnnotation = "batch.kubernetes.io/cronjob-scheduled-timestamp"
	// JobControllerName in spec.managedBy means this cluster's own controller.
	JobControllerName = "kubernetes.io/job-controller"
)

// JobSpec is what a Job should do.
type JobSpec struct {
	// How many pods may run at the same time. Towards the end there are fewer: never more than are still needed.
	// Default: 1.
	Parallelism *int32 `json:"parallelism,omitempty" pb:"1"`
	// How many pods must succeed. Absent: the success of any one pod is the success of the Job, and no new pods are
	// made after it. Default: 1 where parallelism is absent too.
	Completions *int32 `json:"completions,omitempty" pb:"2"`
	// For how many seconds, from status.startTime, the Job may be active before it is ended as failed. A suspended
	// Job's time stands still, and starts anew when it is resumed. Default: no limit.
	ActiveDeadlineSeconds *int64 `json:"activeDeadlineSeconds,omitempty" pb:"3"`
	// What failures of pods mean, by exit code or condition. Not with restartPolicy OnFailure. Default: each counts
	// against backoffLimit. Cannot change.
	PodFailurePolicy *PodFailurePolicy `json:"podFailurePolicy,omitempty" pb:"11"`
	// When the Job has succeeded before all its indexes have. Only for Indexed Jobs. Cannot change.
	SuccessPolicy *SuccessPolicy `json:"successPolicy,omitempty" pb:"16"`
	// How many failures are borne before the Job as a whole has failed. Default: 6, or no limit where
	// backoffLimitPerIndex is set.
	BackoffLimit *int32 `json:"backoffLimit,omitempty" pb:"7"`
	// How many failures of one index are borne before that index has failed. Only for Indexed Jobs. Cannot change.
	BackoffLimitPerIndex *int32 `json:"backoffLimitPerIndex,omitempty" pb:"12"`
	// How many indexes may fail before the Job as a whole has. Only with backoffLimitPerIndex. Default: no limit; every
	// index gets its chance.
	MaxFailedIndexes *int32 `json:"maxFailedIndexes,omitempty" pb:"13"`
	// Which pods are the Job's. The API server writes it, unless manualSelector is true. Cannot change.
	Selector *LabelSelector `json:"selector,omitempty" pb:"4"`
	// True where the user writes selector and template labels, and sees to it that they are unique. Default: false,
	// the API server adds labels that only this Job has.
	ManualSelector *bool `json:"manualSelector,omitempty" pb:"5"`
	// What the pods are like. Only restartPolicy Never and OnFailure are allowed.
	Template PodTemplateSpec `json:"template" pb:"6"`
	// After how many seconds a finished Job is deleted. Default: never.
	TTLSecondsAfterFinished *int32 `json:"ttlSecondsAfterFinished,omitempty" pb:"8"`
	// NonIndexed: any pod's success is as good as another's. Indexed: there is work for every index from 0 to
	// completions-1, and the Job is complete when a pod has succeeded for each. Default: NonIndexed. Cannot change.
	CompletionMode *CompletionMode `json:"completionMode,omitempty" pb:"9"`
	// True to have no pods: those that run are ended, without counting as failed. Default: false.
	Suspend *bool `json:"suspend,omitempty" pb:"10"`
	// TerminatingOrFailed: a pod is replaced as soon as it is on its way out. Failed: only when it has ended. Default:
	// TerminatingOrFailed, or Failed where there is a podFailurePolicy, which allows nothing else.
	PodReplacementPolicy *PodReplacementPolicy `json:"podReplacementPolicy,omitempty" pb:"14"`
	// The controller that sees to the Job, as a path below a domain. Absent or kubernetes.io/job-controller: the
	// cluster's own; it keeps its hands off any other. Cannot change.
	ManagedBy *string `json:"managedBy,omitempty" pb:"15"`
}

// CompletionMode names a way to count a Job's successes.
type CompletionMode string

const (
	NonIndexedCompletion CompletionMode = "NonIndexed"
	IndexedCompletion    CompletionMode = "Indexed"
)

// PodReplacementPolicy names the moment at which a Job replaces a pod.
type PodReplacementPolicy string

const (
	PodReplacementTerminatingOrFailed PodReplacementPolicy = "TerminatingOrFailed"
	PodReplacementFailed              PodReplacementPolicy = "Failed"
)

// PodFailurePolicy says what failures of pods mean for their Job.
type PodFailurePolicy struct {
	// The rules; the first that fits a failed pod decides. Where none does, the failure counts against backoffLimit. At
	// most 20.
	Rules []PodFailurePolicyRule `json:"rules" pb:"1" list:"atomic"`
}

// PodFailurePolicyRule is a sort of failure and what it means. It has either exit codes or conditions, not both.
type PodFailurePolicyRule struct {
	// FailJob fails the whole Job, FailIndex the pod's index, Ignore makes another pod as if nothing had been, Count
	// counts the failure.
	Action PodFailurePolicyAction `json:"action" pb:"1"`
	// The exit codes that the rule fits.
	OnExitCodes *PodFailurePolicyOnExitCodesRequirement `json:"onExitCodes,omitempty" pb:"2"`
	// The pod conditions that the rule fits; one is enough. At most 20.
	OnPodConditions []PodFailurePolicyOnPodConditionsPattern `json:"onPodConditions,omitempty" pb:"3" list:"atomic"`
}

// PodFailurePolicyAction names what a failure means.
type PodFailurePolicyAction string

const (
	PodFailurePolicyActionFailJob   PodFailurePolicyAction = "FailJob"
	PodFailurePolicyActionFailIndex PodFailurePolicyAction = "FailIndex"
	PodFailurePolicyActionIgnore    PodFailurePolicyAction = "Ignore"
	PodFailurePolicyActionCount     PodFailurePolicyAction = "Count"
)

// PodFailurePolicyOnExitCodesRequirement fits pods by the exit codes of their containers. Containers that ended well do
// not count.
type PodFailurePolicyOnExitCodesRequirement struct {
	// The container to look at. Default: all, init containers too.
	ContainerName *string `json:"containerName,omitempty" pb:"1"`
	// In fits where an exit code is among the values, NotIn where one is not.
	Operator PodFailurePolicyOnExitCodesOperator `json:"operator" pb:"2"`
	// The exit codes, in increasing order, 1 to 255 of them. 0 is not allowed with In.
	Values []int32 `json:"values" pb:"3" list:"set"`
}

// PodFailurePolicyOnExitCodesOperator compares an exit code with a set.
type PodFailurePolicyOnExitCodesOperator string

const (
	PodFailurePolicyOnExitCodesOpIn    PodFailurePolicyOnExitCodesOperator = "In"
	PodFailurePolicyOnExitCodesOpNotIn PodFailurePolicyOnExitCodesOperator = "NotIn"
)

// PodFailurePolicyOnPodConditionsPattern fits pods that have a condition.
type PodFailurePolicyOnPodConditionsPattern struct {
	// Type of the condition.
	Type PodConditionType `json:"type" pb:"1"`
	// Status that the condition must have. Default: True.
	Status ConditionStatus `json:"status" pb:"2" api:"optional"`
}

// SuccessPolicy says which successes are enough for an Indexed Job.
type SuccessPolicy struct {
	// The rules; once any is met, pods that still run are ended and the Job is complete. 1 to 20.
	Rules []SuccessPolicyRule `json:"rules" pb:"1" list:"atomic"`
}

// SuccessPolicyRule is a set of indexes, a number of them, or a number out of a set.
type SuccessPolicyRule struct {
	// The indexes that must have succeeded: "1,3-5,7".
	SucceededIndexes *string `json:"succeededIndexes,omitempty" pb:"1"`
	// How many indexes must have succeeded, of succeededIndexes if that is given.
	SucceededCount *int32 `json:"succeededCount,omitempty" pb:"2"`
}

// JobStatus is what the controller last saw of a Job.
type JobStatus struct {
	// SuccessCriteriaMet or FailureTarget once the outcome is known, Complete or Failed when the last pod is gone, and
	// Suspended. Only Suspended can become False again.
	Conditions []JobCondition `json:"conditions,omitempty" pb:"1" patch:"merge" mergeKey:"type" list:"atomic"`
	// When the controller first saw the Job, or last resumed it.
	StartTime *Time `json:"startTime,omitempty" pb:"2"`
	// When the Job was complete. Never set for failed ones.
	CompletionTime *Time `json:"completionTime,omitempty" pb:"3"`
	// How many pods are pending or running and not on their way out.
	Active int32 `json:"active,omitempty" pb:"4"`
	// How many pods succeeded.
	Succeeded int32 `json:"succeeded,omitempty" pb:"5"`
	// How many pods failed.
	Failed int32 `json:"failed,omitempty" pb:"6"`
	// How many pods are on their way out.
	Terminating *int32 `json:"terminating,omitempty" pb:"11"`
	// The indexes that succeeded: "1,3-5,7".
	CompletedIndexes string `json:"completedIndexes,omitempty" pb:"7"`
	// The indexes that failed for good. Only with backoffLimitPerIndex.
	FailedIndexes *string `json:"failedIndexes,omitempty" pb:"10"`
	// The pods that have ended and are in no counter yet. A pod is written here first, then loses its finalizer, then is
	// counted: so that none is counted twice or never, whatever step a crash comes after.
	UncountedTerminatedPods *UncountedTerminatedPods `json:"uncountedTerminatedPods,omitempty" pb:"8"`
	// How many of the active pods are ready.
	Ready *int32 `json:"ready,omitempty" pb:"9"`
}

// UncountedTerminatedPods are pods that have ended and are in no counter yet.
type UncountedTerminatedPods struct {
	// Those that succeeded.
	Succeeded []UID `json:"succeeded,omitempty" pb:"1" list:"set"`
	// Those that failed.
	Failed []UID `json:"failed,omitempty" pb:"2" list:"set"`
}

// JobConditionType names an aspect of a Job's state.
type JobConditionType string

const (
	JobSuspended          JobConditionType = "Suspended"          // no pods, by the user's wish
	JobSuccessCriteriaMet JobConditionType = "SuccessCriteriaMet" // it will be Complete when its last pod has ended
	JobFailureTarget      JobConditionType = "FailureTarget"      // it will be Failed when its last pod has ended
	JobComplete           JobConditionType = "Complete"
	JobFailed             JobConditionType = "Failed"
)

// Reasons of a Job's conditions.
const (
	JobReasonPodFailurePolicy         = "PodFailurePolicy"
	JobReasonBackoffLimitExceeded     = "BackoffLimitExceeded"
	JobReasonDeadlineExceeded         = "DeadlineExceeded"
	JobReasonMaxFailedIndexesExceeded = "MaxFailedIndexesExceeded"
	JobReasonFailedIndexes            = "FailedIndexes"
	JobReasonSuccessPolicy            = "SuccessPolicy"
	JobReasonCompletionsReached       = "CompletionsReached"
	JobReasonSuspended                = "JobSuspended"
	JobReasonResumed                  = "JobResumed"
)

// JobCondition is one aspect of a Job's state and when it last changed.
type JobCondition struct {
	// Suspended, SuccessCriteriaMet, FailureTarget, Complete or Failed.
	Type JobConditionType `json:"type" pb:"1"`
	// True, False or Unknown.
	Status ConditionStatus `json:"status" pb:"2"`
	// When the condition was last looked at.
	LastProbeTime Time `json:"lastProbeTime,omitempty" pb:"3"`
	// When status last changed.
	LastTransitionTime Time `json:"lastTransitionTime,omitempty" pb:"4"`
	// Why, in one word.
	Reason string `json:"reason,omitempty" pb:"5"`
	// Why, for people.
	Message string `json:"message,omitempty" pb:"6"`
}

// JobTemplateSpec is what a CronJob makes Jobs from.
type JobTemplateSpec struct {
	// Labels and annotations of the Jobs.
	ObjectMeta `json:"metadata,omitempty" pb:"1"`
	// What the Jobs do.
	Spec JobSpec `json:"spec,omitempty" pb:"2"`
}

// CronJob makes a Job whenever its schedule says so.
type CronJob struct {
	TypeMeta `json:",inline"`
	// Standard object metadata.
	ObjectMeta `json:"metadata,omitempty" pb:"1"`
	// What is wanted. The user writes it.
	Spec CronJobSpec `json:"spec,omitempty" pb:"2" api:"required"`
	// What is. The cron job controller writes it.
	Status CronJobStatus `json:"status,omitempty" pb:"3"`
}

// CronJobSpec is what a CronJob should do.
type CronJobSpec struct {
	// When, in five fields: minute, hour, day of the month, month, day of the week. Or one of @hourly, @daily, @weekly,
	// @monthly, @yearly and @every 1h30m.
	Schedule string `json:"schedule" pb:"1"`
	// The time zone that schedule is in, as the tz database names it: Europe/Berlin. Default: that of the controllers.
	TimeZone *string `json:"timeZone,omitempty" pb:"8"`
	// How many seconds late a Job may still start. A later one is skipped. Default: no limit.
	StartingDeadlineSeconds *int64 `json:"startingDeadlineSeconds,omitempty" pb:"2"`
	// What happens when the last Job still runs at the time of the next. Allow lets both run, Forbid skips the next,
	// Replace ends the last. Default: Allow.
	ConcurrencyPolicy ConcurrencyPolicy `json:"concurrencyPolicy,omitempty" pb:"3"`
	// True to make no more Jobs; those that run go on. Default: false.
	Suspend *bool `json:"suspend,omitempty" pb:"4"`
	// What the Jobs are like.
	JobTemplate JobTemplateSpec `json:"jobTemplate" pb:"5"`
	// How many Jobs that succeeded are kept. Default: 3.
	SuccessfulJobsHistoryLimit *int32 `json:"successfulJobsHistoryLimit,omitempty" pb:"6"`
	// How many Jobs that failed are kept. Default: 1.
	FailedJobsHistoryLimit *int32 `json:"failedJobsHistoryLimit,omitempty" pb:"7"`
}

// ConcurrencyPolicy names what a CronJob does about a Job that still runs.
type ConcurrencyPolicy string

const (
	AllowConcurrent   ConcurrencyPolicy = "Allow"
	ForbidConcurrent  ConcurrencyPolicy = "Forbid"
	ReplaceConcurrent ConcurrencyPolicy = "Replace"
)

// CronJobStatus is what the controller last saw of a CronJob.
type CronJobStatus struct {
	// The Jobs that run now.
	Active []ObjectReference `json:"active,omitempty" pb:"1" list:"atomic"`
	// When the last Job was due. It is the schedule's time, not the moment of its creation.
	LastScheduleTime *Time `json:"lastScheduleTime,omitempty" pb:"4"`
	// When a Job last succeeded.
	LastSuccessfulTime *Time `json:"lastSuccessfulTime,omitempty" pb:"5"`
}

// JobFinished tells whether a Job has come to its end: Complete or Failed, "" while it has not.
func JobFinished(job *Job) JobConditionType {
	for i := range job.Status.Conditions {
		c := &job.Status.Conditions[i]
		if (c.Type == JobComplete || c.Type == JobFailed) && c.Status == ConditionTrue {
			return c.Type
		}
	}
	return ""
}

// HasCondition tells whether the condition is True.
func (s *JobStatus) HasCondition(t JobConditionType) bool {
	c := s.Condition(t)
	return c != nil && c.Status == ConditionTrue
}

// Condition finds a condition, nil if there is none.
func (s *JobStatus) Condition(t JobConditionType) *JobCondition {
	for i := range s.Conditions {
		if s.Conditions[i].Type == t {
			return &s.Conditions[i]
		}
	}
	return nil
}
