package api

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Jobs and CronJobs. What a Job's status may say is in validate_job_status.go.

// Limits that keep the text forms of a Job's indexes short enough to be stored.
const (
	maxIndexedParallelism    = 100_000
	maxFailedIndexes         = 100_000
	manyCompletions          = 100_000
	maxParallelismWhenMany   = 10_000
	maxFailedIndexesWhenMany = 10_000

	maxFailurePolicyRules      = 20
	maxFailurePolicyExitCodes  = 255
	maxFailurePolicyConditions = 20
	maxSuccessPolicyRules      = 20
	maxSucceededIndexesBytes   = 64 << 10
	maxManagedByBytes          = 63

	// maxCronJobName leaves room for the eleven characters that tell the Jobs of a CronJob apart.
	maxCronJobName = 63 - 11
)

func validateJob(obj Object) ErrorList { return validateJobLabeled(obj.(*Job), true) }

// validateJobLabeled: newLabels is false for Jobs from before the labels had a prefix.
func validateJobLabeled(job *Job, newLabels bool) ErrorList {
	var errs ErrorList
	spec, path := &job.Spec, Path("spec")
	errs.generatedSelector(job, newLabels)
	errs.jobSpec(path, spec)
	if spec.Selector == nil {
		errs.add(path.Child("selector").Required(""))
	}
	errs.labelSelector(path.Child("selector"), spec.Selector)
	if selector, err := LabelSelectorAsSelector(spec.Selector); err == nil && !selector.Matches(spec.Template.Labels) {
		errs.add(path.Child("template", "metadata", "labels").Invalid(spec.Template.Labels, "`selector` does not match template `labels`"))
	}
	if completions := Deref(spec.Completions, 0); isIndexed(spec) && completions > 0 {
		if highest := fmt.Sprintf("%s-%d", job.Name, completions-1); len(IsDNS1123Label(highest)) > 0 { // its host name
			errs.add(metadata.Child("name").Invalid(job.Name, "will not able to create pod with invalid DNS label: "+highest))
		}
	}
	return errs
}

func isIndexed(spec *JobSpec) bool { return Deref(spec.CompletionMode, "") == IndexedCompletion }

// generatedSelector checks that the labels which only this Job has are where the API server puts them, for the user
// may have written others there.
func (l *ErrorList) generatedSelector(job *Job, newLabels bool) {
	if Deref(job.Spec.ManualSelector, false) || job.Spec.Selector == nil {
		return
	}
	if job.UID == "" {
		l.add(metadata.Child("uid").Required(""))
	}
	expected := map[string]string{LegacyJobControllerUIDLabel: string(job.UID), LegacyJobNameLabel: job.Name}
	order := []string{LegacyJobControllerUIDLabel, LegacyJobNameLabel}
	if newLabels {
		expected[JobControllerUIDLabel], expected[JobNameLabel] = string(job.UID), job.Name
		order = append(order, JobControllerUIDLabel, JobNameLabel)
	}
	labels := job.Spec.Template.Labels
	for _, key := range order {
		at, want := Path("spec.template.metadata.labels").Key(key), fmt.Sprintf("must be '%s'", expected[key])
		if value, ok := labels[key]; !ok {
			l.add(at.Required(want))
		} else if value != expected[key] {
			l.add(at.Invalid(labels, want))
		}
	}
	if selector, err := LabelSelectorAsSelector(job.Spec.Selector); err == nil && !selector.Matches(expected) {
		l.add(Path("spec.selector").Invalid(job.Spec.Selector, "`selector` not auto-generated"))
	}
}

// jobSpec checks what holds for a Job and for the Job in a CronJob.
func (l *ErrorList) jobSpec(path Path, spec *JobSpec) {
	for _, number := range []struct {
		field string
		value *int32
	}{
		{"parallelism", spec.Parallelism}, {"completions", spec.Completions}, {"backoffLimit", spec.BackoffLimit},
		{"ttlSecondsAfterFinished", spec.TTLSecondsAfterFinished}, {"backoffLimitPerIndex", spec.BackoffLimitPerIndex},
		{"maxFailedIndexes", spec.MaxFailedIndexes},
	} {
		l.nonNegative(path, number.field, int64(Deref(number.value, 0)))
	}
	l.nonNegative(path, "activeDeadlineSeconds", Deref(spec.ActiveDeadlineSeconds, 0))
	if spec.MaxFailedIndexes != nil && spec.BackoffLimitPerIndex == nil {
		l.add(path.Child("backoffLimitPerIndex").Required("when maxFailedIndexes is specified"))
	}
	if spec.ManagedBy != nil {
		l.domainPrefixedPath(path.Child("managedBy"), *spec.ManagedBy)
		if len(*spec.ManagedBy) > maxManagedByBytes {
			l.add(path.Child("managedBy").TooLong(maxManagedByBytes))
		}
	}
	optionalOneOf(l, path, "completionMode", spec.CompletionMode, NonIndexedCompletion, IndexedCompletion)
	l.jobIndexes(path, spec)
	if spec.PodFailurePolicy != nil {
		l.podFailurePolicy(path.Child("podFailurePolicy"), spec)
	}
	if spec.SuccessPolicy != nil {
		l.successPolicy(path.Child("successPolicy"), spec)
	}
	if spec.PodFailurePolicy != nil {
		optionalOneOf(l, path, "podReplacementPolicy", spec.PodReplacementPolicy, PodReplacementFailed)
	} else {
		optionalOneOf(l, path, "podReplacementPolicy", spec.PodReplacementPolicy, PodReplacementFailed, PodReplacementTerminatingOrFailed)
	}
	l.podTemplateSpec(path.Child("template"), &spec.Template)
	at := path.Child("template", "spec", "restartPolicy")
	switch policy := spec.Template.Spec.RestartPolicy; {
	case policy == RestartPolicyAlways || policy == "": // the default of pods, which would never end
		l.add(at.Required(fmt.Sprintf("valid values: %q, %q", RestartPolicyOnFailure, RestartPolicyNever)))
	case policy != RestartPolicyOnFailure && policy != RestartPolicyNever:
		l.add(at.NotSupported(string(policy), string(RestartPolicyOnFailure), string(RestartPolicyNever)))
	case spec.PodFailurePolicy != nil && policy != RestartPolicyNever:
		l.add(at.Invalid(string(policy), fmt.Sprintf("only %q is supported when podFailurePolicy is specified", RestartPolicyNever)))
	}
}

// jobIndexes checks what only Indexed Jobs have, and that others have none of it.
func (l *ErrorList) jobIndexes(path Path, spec *JobSpec) {
	if Deref(spec.CompletionMode, NonIndexedCompletion) == NonIndexedCompletion {
		if spec.BackoffLimitPerIndex != nil {
			l.add(path.Child("backoffLimitPerIndex").Invalid(*spec.BackoffLimitPerIndex, "requires indexed completion mode"))
		}
		if spec.MaxFailedIndexes != nil {
			l.add(path.Child("maxFailedIndexes").Invalid(*spec.MaxFailedIndexes, "requires indexed completion mode"))
		}
	}
	if !isIndexed(spec) {
		return
	}
	completions, parallelism, failed := Deref(spec.Completions, 0), Deref(spec.Parallelism, 0), Deref(spec.MaxFailedIndexes, 0)
	if spec.Completions == nil {
		l.add(path.Child("completions").Required("when completion mode is Indexed"))
	}
	if parallelism > maxIndexedParallelism {
		l.add(path.Child("parallelism").Invalid(parallelism, fmt.Sprintf("must be less than or equal to %d when completion mode is Indexed", maxIndexedParallelism)))
	}
	if spec.Completions != nil && failed > completions {
		l.add(path.Child("maxFailedIndexes").Invalid(failed, "must be less than or equal to completions"))
	}
	if failed > maxFailedIndexes {
		l.add(path.Child("maxFailedIndexes").Invalid(failed, fmt.Sprintf("must be less than or equal to %d", maxFailedIndexes)))
	}
	if completions <= manyCompletions || spec.BackoffLimitPerIndex == nil {
		return
	}
	const whenMany = "must be less than or equal to %d when completions are above %d and used with backoff limit per index"
	if spec.MaxFailedIndexes == nil {
		l.add(path.Child("maxFailedIndexes").Required(fmt.Sprintf("must be specified when completions is above %d", manyCompletions)))
	}
	if parallelism > maxParallelismWhenMany {
		l.add(path.Child("parallelism").Invalid(parallelism, fmt.Sprintf(whenMany, maxParallelismWhenMany, manyCompletions)))
	}
	if failed > maxFailedIndexesWhenMany {
		l.add(path.Child("maxFailedIndexes").Invalid(failed, fmt.Sprintf(whenMany, maxFailedIndexesWhenMany, manyCompletions)))
	}
}

func (l *ErrorList) podFailurePolicy(path Path, spec *JobSpec) {
	path = path.Child("rules")
	rules := spec.PodFailurePolicy.Rules
	if len(rules) > maxFailurePolicyRules {
		l.add(path.TooMany(len(rules), maxFailurePolicyRules))
	}
	containers := map[string]bool{}
	for i := range spec.Template.Spec.Containers {
		containers[spec.Template.Spec.Containers[i].Name] = true
	}
	for i := range spec.Template.Spec.InitContainers {
		containers[spec.Template.Spec.InitContainers[i].Name] = true
	}
	for i := range rules {
		rule, path := &rules[i], path.Index(i)
		if rule.Action == PodFailurePolicyActionFailIndex {
			if spec.BackoffLimitPerIndex == nil {
				l.add(path.Child("action").Invalid(string(rule.Action), "requires the backoffLimitPerIndex to be set"))
			}
		} else {
			oneOfNamed(l, path.Child("action"), rule.Action, PodFailurePolicyActionCount, PodFailurePolicyActionFailIndex,
				PodFailurePolicyActionFailJob, PodFailurePolicyActionIgnore)
		}
		if rule.OnExitCodes != nil {
			l.failureExitCodes(path.Child("onExitCodes"), rule.OnExitCodes, containers)
		}
		l.failureConditions(path.Child("onPodConditions"), rule.OnPodConditions)
		if rule.OnExitCodes != nil && len(rule.OnPodConditions) > 0 {
			l.add(path.Invalid(notShown{}, "specifying both OnExitCodes and OnPodConditions is not supported"))
		}
		if rule.OnExitCodes == nil && len(rule.OnPodConditions) == 0 {
			l.add(path.Invalid(notShown{}, "specifying one of OnExitCodes and OnPodConditions is required"))
		}
	}
}

// oneOfNamed is requiredOneOf for fields whose absence is answered with the list of choices.
func oneOfNamed[T ~string](l *ErrorList, path Path, value T, allowed ...T) {
	if value == "" {
		l.add(path.Required(fmt.Sprintf("valid values: %q", allowed)))
		return
	}
	oneOf(l, path, "", value, allowed...)
}

func (l *ErrorList) failureConditions(path Path, patterns []PodFailurePolicyOnPodConditionsPattern) {
	if len(patterns) > maxFailurePolicyConditions {
		l.add(path.TooMany(len(patterns), maxFailurePolicyConditions))
	}
	for i, pattern := range patterns {
		l.format(path.Index(i), "type", string(pattern.Type), IsQualifiedName)
		oneOfNamed(l, path.Index(i).Child("status"), pattern.Status, ConditionFalse, ConditionTrue, ConditionUnknown)
	}
}

func (l *ErrorList) failureExitCodes(path Path, codes *PodFailurePolicyOnExitCodesRequirement, containers map[string]bool) {
	oneOfNamed(l, path.Child("operator"), codes.Operator, PodFailurePolicyOnExitCodesOpIn, PodFailurePolicyOnExitCodesOpNotIn)
	if name := codes.ContainerName; name != nil && !containers[*name] {
		l.add(path.Child("containerName").Invalid(*name, "must be one of the container or initContainer names in the pod template"))
	}
	path = path.Child("values")
	if len(codes.Values) == 0 {
		l.add(path.Invalid(codes.Values, "at least one value is required"))
	} else if len(codes.Values) > maxFailurePolicyExitCodes {
		l.add(path.TooMany(len(codes.Values), maxFailurePolicyExitCodes))
	}
	seen := map[int32]bool{}
	for i, code := range codes.Values {
		if code == 0 && codes.Operator == PodFailurePolicyOnExitCodesOpIn {
			l.add(path.Index(i).Invalid(code, "must not be 0 for the In operator"))
		}
		if seen[code] {
			l.add(path.Index(i).Duplicate(code))
		}
		seen[code] = true
	}
	if !slices.IsSorted(codes.Values) {
		l.add(path.Invalid(codes.Values, "must be ordered"))
	}
}

func (l *ErrorList) successPolicy(path Path, spec *JobSpec) {
	if !isIndexed(spec) {
		l.add(path.Invalid(goNames{*spec.SuccessPolicy}, "requires indexed completion mode"))
		return
	}
	path = path.Child("rules")
	rules := spec.SuccessPolicy.Rules
	if len(rules) == 0 {
		l.add(path.Required("at least one rules must be specified when the successPolicy is specified"))
	}
	if len(rules) > maxSuccessPolicyRules {
		l.add(path.TooMany(len(rules), maxSuccessPolicyRules))
	}
	completions := Deref(spec.Completions, 0)
	for i, rule := range rules {
		path := path.Index(i)
		if rule.SucceededCount == nil && rule.SucceededIndexes == nil {
			l.add(path.Required("at least one of succeededCount or succeededIndexes must be specified"))
		}
		var indexes JobIndexes
		if text := rule.SucceededIndexes; text != nil {
			at := path.Child("succeededIndexes")
			if len(*text) > maxSucceededIndexesBytes {
				l.add(at.TooLong(maxSucceededIndexesBytes))
			}
			var err error
			if indexes, err = ParseJobIndexes(*text, completions); err != nil {
				l.add(at.Invalid(*text, "error parsing succeededIndexes: "+err.Error()))
			}
		}
		if rule.SucceededCount == nil {
			continue
		}
		count, at := *rule.SucceededCount, path.Child("succeededCount")
		l.nonNegative(at, "", int64(count))
		if count > completions {
			l.add(at.Invalid(count, fmt.Sprintf("must be less than or equal to %d (the number of specified completions)", completions)))
		}
		if rule.SucceededIndexes != nil && count > indexes.Len() {
			l.add(at.Invalid(count, fmt.Sprintf("must be less than or equal to %d (the number of indexes in the specified succeededIndexes field)", indexes.Len())))
		}
	}
}

func validateJobUpdate(obj, oldObj Object) ErrorList {
	job, old := obj.(*Job), oldObj.(*Job)
	_, hadName := old.Spec.Template.Labels[JobNameLabel]
	_, hadUID := old.Spec.Template.Labels[JobControllerUIDLabel]
	errs := validateJobLabeled(job, hadName && hadUID)
	path, spec, was := Path("spec"), &job.Spec, &old.Spec
	if !isIndexed(spec) {
		errs.immutable(path, "completions", spec.Completions, was.Completions)
	} else if spec.Completions != nil && !Equal(spec.Completions, was.Completions) && *spec.Completions != Deref(spec.Parallelism, 0) {
		// An Indexed Job may grow and shrink, if all its indexes run at once.
		errs.add(path.Child("completions").Invalid(*spec.Completions, "can only be modified in tandem with spec.parallelism"))
	}
	errs.immutable(path, "selector", spec.Selector, was.Selector)
	errs.jobTemplateKept(path.Child("template"), job, old)
	errs.immutable(path, "completionMode", spec.CompletionMode, was.CompletionMode)
	errs.immutableGoNames(path, "podFailurePolicy", spec.PodFailurePolicy, was.PodFailurePolicy)
	errs.immutable(path, "backoffLimitPerIndex", spec.BackoffLimitPerIndex, was.BackoffLimitPerIndex)
	errs.immutable(path, "managedBy", spec.ManagedBy, was.ManagedBy)
	errs.immutableGoNames(path, "successPolicy", spec.SuccessPolicy, was.SuccessPolicy)
	return errs
}

// immutableGoNames is immutable for values that upstream's messages show by their Go names.
func (l *ErrorList) immutableGoNames(path Path, field string, value, old any) {
	if !Equal(value, old) {
		l.add(path.at(field).Invalid(goNames{value}, fieldImmutable))
	}
}

// jobTemplateKept: pods of one Job must be alike. While it is suspended and has none, queueing systems may decide where
// they run and with how much.
func (l *ErrorList) jobTemplateKept(path Path, job, old *Job) {
	template, was := &job.Spec.Template, &old.Spec.Template
	idle := Deref(old.Spec.Suspend, false) && old.Status.Active == 0 && (old.Status.StartTime == nil || old.Status.HasCondition(JobSuspended))
	if !idle {
		if !Equal(template, was) {
			l.add(path.Invalid(internalTemplate{template}, fieldImmutable))
		}
		return
	}
	was = DeepCopy(was)
	affinity := Deref(was.Spec.Affinity, Affinity{})
	affinity.NodeAffinity = nil
	if template.Spec.Affinity != nil {
		affinity.NodeAffinity = template.Spec.Affinity.NodeAffinity
	}
	was.Spec.Affinity = &affinity
	if template.Spec.Affinity == nil && affinity == (Affinity{}) {
		was.Spec.Affinity = nil
	}
	was.Spec.NodeSelector, was.Spec.Tolerations = template.Spec.NodeSelector, template.Spec.Tolerations
	was.Spec.SchedulingGates = template.Spec.SchedulingGates
	sameResources(was.Spec.Containers, template.Spec.Containers)
	sameResources(was.Spec.InitContainers, template.Spec.InitContainers)
	if !Equal(template.Spec, was.Spec) {
		l.add(path.Child("spec").Invalid(goNames{toInternal(&template.Spec)}, fieldImmutable))
	}
}

// sameResources gives containers the resources that those of the same place and name have.
func sameResources(containers, from []Container) {
	if len(containers) != len(from) {
		return
	}
	for i := range containers {
		if containers[i].Name == from[i].Name {
			containers[i].Resources = from[i].Resources
		}
	}
}

func validateCronJob(obj Object) ErrorList {
	job := obj.(*CronJob)
	errs := validateCronJobSpec(&job.Spec, nil)
	if len(job.Name) > maxCronJobName {
		errs.add(metadata.Child("name").Invalid(job.Name, fmt.Sprintf("must be no more than %d characters", maxCronJobName)))
	}
	return errs
}

func validateCronJobUpdate(obj, old Object) ErrorList {
	return validateCronJobSpec(&obj.(*CronJob).Spec, &old.(*CronJob).Spec)
}

func validateCronJobSpec(spec, old *CronJobSpec) ErrorList {
	var errs ErrorList
	path := Path("spec")
	if errs.required(path, "schedule", spec.Schedule) {
		errs.cronSchedule(path.Child("schedule"), spec, old)
	}
	errs.nonNegative(path, "startingDeadlineSeconds", Deref(spec.StartingDeadlineSeconds, 0))
	if old == nil || !Equal(spec.TimeZone, old.TimeZone) {
		errs.timeZone(path.Child("timeZone"), spec.TimeZone)
	}
	requiredOneOf(&errs, path, "concurrencyPolicy", spec.ConcurrencyPolicy, AllowConcurrent, ForbidConcurrent, ReplaceConcurrent)
	job, at := &spec.JobTemplate.Spec, path.Child("jobTemplate", "spec")
	errs.jobSpec(at, job)
	if job.Selector != nil {
		errs.add(at.Child("selector").Invalid(job.Selector, "`selector` will be auto-generated"))
	}
	if Deref(job.ManualSelector, false) {
		errs.add(at.Child("manualSelector").NotSupported(true, "nil", "false"))
	}
	errs.nonNegative(path, "successfulJobsHistoryLimit", int64(Deref(spec.SuccessfulJobsHistoryLimit, 0)))
	errs.nonNegative(path, "failedJobsHistoryLimit", int64(Deref(spec.FailedJobsHistoryLimit, 0)))
	return errs
}

func (l *ErrorList) cronSchedule(path Path, spec, old *CronJobSpec) {
	if _, err := ParseCronSchedule(spec.Schedule); err != nil {
		l.add(path.Invalid(spec.Schedule, err.Error()))
	}
	if !strings.Contains(spec.Schedule, "TZ") {
		return
	}
	// The library would read a zone from the schedule itself; only CronJobs that have one from old times keep it.
	had := old != nil && strings.Contains(old.Schedule, "TZ")
	if !had {
		l.add(path.Invalid(spec.Schedule, "cannot use TZ or CRON_TZ in schedule, use timeZone field instead"))
	} else if spec.TimeZone != nil {
		l.add(path.Invalid(spec.Schedule, "cannot use both timeZone field and TZ or CRON_TZ in schedule"))
	}
}

// timeZonePart is what stands between the slashes of Europe/Berlin.
var timeZonePart = Pattern(`^[A-Za-z.\-_0-9+]{1,14}$`)

func (l *ErrorList) timeZone(path Path, zone *string) {
	if zone == nil {
		return
	}
	if *zone == "" {
		l.add(path.Invalid(*zone, "timeZone must be nil or non-empty string"))
		return
	}
	for part := range strings.SplitSeq(*zone, "/") {
		if part == "." || part == ".." || strings.HasPrefix(part, "-") || !timeZonePart().MatchString(part) {
			l.add(path.Invalid(*zone, "unknown time zone "+*zone))
			return
		}
	}
	if strings.EqualFold(*zone, "Local") {
		l.add(path.Invalid(*zone, "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones"))
	}
	if _, err := time.LoadLocation(*zone); err != nil {
		l.add(path.Invalid(*zone, err.Error()))
	}
}
