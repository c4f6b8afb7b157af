package api

import (
	"fmt"
)

// The status of a Job. Jobs may be managed by controllers that others wrote, so the API server holds all of them to the
// order of events that clients rely on: an outcome is announced before it is final, and what is final stays.
//
// Most rules apply only to what a write changes: what was wrong before may be the trace of a spec that has just changed,
// and must not keep a controller from putting it right.

func validateJobStatusUpdate(obj, oldObj Object) ErrorList {
	c := jobStatusCheck{job: obj.(*Job), old: oldObj.(*Job)}
	c.status, c.was = &c.job.Status, &c.old.Status
	c.counters()
	c.uncounted()
	c.conditions()
	c.outcome()
	c.times()
	c.indexes()
	return c.ErrorList
}

type jobStatusCheck struct {
	ErrorList
	job, old    *Job
	status, was *JobStatus
}

const jobStatusPath = Path("status")

// changed tells whether a condition became true, or stopped being so.
func (c *jobStatusCheck) changed(t JobConditionType) bool {
	return c.status.HasCondition(t) != c.was.HasCondition(t)
}

// finishedNow tells whether the Job is finished and the write makes it so, or changes what else is asked about.
func (c *jobStatusCheck) finishedNow(otherwise bool) bool {
	finished := JobFinished(c.job) != ""
	return finished && (JobFinished(c.old) == "" || otherwise)
}

func (c *jobStatusCheck) counters() {
	s, was, path := c.status, c.was, jobStatusPath
	c.nonNegative(path, "active", int64(s.Active))
	c.nonNegative(path, "succeeded", int64(s.Succeeded))
	c.nonNegative(path, "failed", int64(s.Failed))
	c.nonNegative(path, "ready", int64(Deref(s.Ready, 0)))
	c.nonNegative(path, "terminating", int64(Deref(s.Terminating, 0)))
	if c.finishedNow(s.Active != was.Active) && s.Active > 0 {
		c.add(path.Child("active").Invalid(s.Active, "active>0 is invalid for finished job"))
	}
	if c.finishedNow(!Equal(s.Terminating, was.Terminating)) && Deref(s.Terminating, 0) > 0 {
		c.add(path.Child("terminating").Invalid(*s.Terminating, "terminating>0 is invalid for finished job"))
	}
	if (!Equal(s.Ready, was.Ready) || s.Active != was.Active) && Deref(s.Ready, 0) > s.Active {
		c.add(path.Child("ready").Invalid(*s.Ready, "cannot set more ready pods than active"))
	}
	if s.Failed < was.Failed {
		c.add(path.Child("failed").Invalid(s.Failed, "cannot decrease the failed counter"))
	}
	elastic := isIndexed(&c.job.Spec) && Equal(c.job.Spec.Completions, c.job.Spec.Parallelism) // may shrink
	if s.Succeeded < was.Succeeded && !elastic {
		c.add(path.Child("succeeded").Invalid(s.Succeeded, "cannot decrease the succeeded counter"))
	}
}

func (c *jobStatusCheck) uncounted() {
	uncounted, path := c.status.UncountedTerminatedPods, jobStatusPath.Child("uncountedTerminatedPods")
	if uncounted == nil {
		return
	}
	seen := map[UID]bool{}
	for _, list := range []struct {
		field string
		uids  []UID
	}{{"succeeded", uncounted.Succeeded}, {"failed", uncounted.Failed}} {
		for i, uid := range list.uids {
			at := path.Child(list.field).Index(i)
			if uid == "" {
				c.add(at.Invalid(uid, "must not be empty"))
			} else if seen[uid] {
				c.add(at.Duplicate(uid))
			}
			seen[uid] = true
		}
	}
	if c.finishedNow(!Equal(uncounted, c.was.UncountedTerminatedPods)) && len(seen) > 0 {
		c.add(path.Invalid(goNames{uncounted}, "must be empty for finished job"))
	}
}

// conditions checks which conditions go together.
func (c *jobStatusCheck) conditions() {
	s := c.status
	complete, failed := s.HasCondition(JobComplete), s.HasCondition(JobFailed)
	met, target := s.HasCondition(JobSuccessCriteriaMet), s.HasCondition(JobFailureTarget)
	for _, rule := range []struct {
		broken  bool
		message string
	}{
		{complete && failed && (c.changed(JobComplete) || c.changed(JobFailed)), "cannot set Complete=True and Failed=true conditions"},
		{complete && target && (c.changed(JobComplete) || c.changed(JobFailureTarget)), "cannot set Complete=True and FailureTarget=true conditions"},
		{failed && !target && (c.changed(JobFailed) || !Equal(s.FailedIndexes, c.was.FailedIndexes)), "cannot set Failed=True condition without the FailureTarget=true condition"},
		{complete && !met && (c.changed(JobComplete) || c.changed(JobSuccessCriteriaMet)), "cannot set Complete=True condition without the SuccessCriteriaMet=true condition"},
		{met && failed, "cannot set SuccessCriteriaMet=True and Failed=true conditions"},
		{met && target, "cannot set SuccessCriteriaMet=True and FailureTarget=true conditions"},
		{c.job.Spec.SuccessPolicy != nil && !met && complete, "cannot set Complete=True for Job with SuccessPolicy unless SuccessCriteriaMet=True"},
	} {
		if rule.broken {
			c.add(jobStatusPath.Child("conditions").Invalid(notShown{}, rule.message))
		}
	}
}

// outcome checks that what was announced is not taken back.
func (c *jobStatusCheck) outcome() {
	path := jobStatusPath.Child("conditions")
	for _, final := range []JobConditionType{JobFailed, JobComplete, JobFailureTarget} {
		if c.was.HasCondition(final) && !c.status.HasCondition(final) {
			c.add(path.Invalid(notShown{}, fmt.Sprintf("cannot disable the terminal %s=True condition", final)))
		}
	}
	if c.was.HasCondition(JobSuccessCriteriaMet) && !c.status.HasCondition(JobSuccessCriteriaMet) {
		c.add(path.Invalid(notShown{}, "cannot disable the SuccessCriteriaMet=True condition"))
	}
	if c.was.HasCondition(JobComplete) && !c.was.HasCondition(JobSuccessCriteriaMet) && c.status.HasCondition(JobSuccessCriteriaMet) {
		c.add(path.Invalid(notShown{}, "cannot set SuccessCriteriaMet=True for Job already has Complete=true conditions"))
	}
}

func (c *jobStatusCheck) times() {
	s, was, complete := c.status, c.was, c.status.HasCondition(JobComplete)
	start, completion := jobStatusPath.Child("startTime"), jobStatusPath.Child("completionTime")
	startChanged, completionChanged := !Equal(s.StartTime, was.StartTime), !Equal(s.CompletionTime, was.CompletionTime)
	if c.changed(JobComplete) || completionChanged {
		if s.CompletionTime != nil && !complete {
			c.add(completion.Invalid(s.CompletionTime, "cannot set completionTime when there is no Complete=True condition"))
		}
		if s.CompletionTime == nil && complete {
			c.add(completion.Required("completionTime is required for Complete jobs"))
		}
	}
	if (startChanged || completionChanged) && s.StartTime != nil && s.CompletionTime != nil && s.CompletionTime.Before(s.StartTime.Time) {
		c.add(completion.Invalid(s.CompletionTime, "must be equal to or after `startTime`"))
	}
	suspended := Deref(c.job.Spec.Suspend, false)
	nothingToDo := suspended && c.job.Spec.Completions != nil && *c.job.Spec.Completions == 0
	if c.finishedNow(startChanged) && s.StartTime == nil && !nothingToDo {
		c.add(start.Required("startTime is required for finished job"))
	}
	if completionChanged && s.CompletionTime != nil && was.CompletionTime != nil {
		c.add(completion.Invalid(s.CompletionTime, fieldImmutable))
	}
	now := s.Condition(JobSuspended)
	resumed := was.HasCondition(JobSuspended) && now != nil && now.Status == ConditionFalse
	if startChanged && was.StartTime != nil && !suspended && !resumed {
		c.add(start.Invalid(s.StartTime, "field is immutable for unsuspended job once set"))
	}
}

func (c *jobStatusCheck) indexes() {
	s, was, spec := c.status, c.was, &c.job.Spec
	completedPath, failedPath := jobStatusPath.Child("completedIndexes"), jobStatusPath.Child("failedIndexes")
	completedChanged, failedChanged := s.CompletedIndexes != was.CompletedIndexes, !Equal(s.FailedIndexes, was.FailedIndexes)
	completions := Deref(spec.Completions, 0)
	completed, err := ParseJobIndexes(s.CompletedIndexes, completions)
	if completedChanged && spec.Completions != nil && err != nil {
		c.add(completedPath.Invalid(s.CompletedIndexes, "error parsing completedIndexes: "+err.Error()))
	}
	if completedChanged && s.CompletedIndexes != "" && !isIndexed(spec) {
		c.add(completedPath.Invalid(s.CompletedIndexes, "cannot set non-empty completedIndexes when non-indexed completion mode"))
	}
	if s.FailedIndexes == nil {
		return
	}
	failed, err := ParseJobIndexes(*s.FailedIndexes, completions)
	if failedChanged && spec.Completions != nil && spec.BackoffLimitPerIndex != nil && err != nil {
		c.add(failedPath.Invalid(*s.FailedIndexes, "error parsing failedIndexes: "+err.Error()))
	}
	if failedChanged && spec.BackoffLimitPerIndex == nil {
		c.add(failedPath.Invalid(*s.FailedIndexes, "cannot set non-null failedIndexes when backoffLimitPerIndex is null"))
	}
	if common := completed.Overlap(failed); (failedChanged || completedChanged) && spec.Completions != nil && common >= 0 {
		c.add(failedPath.Invalid(*s.FailedIndexes, fmt.Sprintf("failedIndexes and completedIndexes overlap at index: %d", common)))
	}
}
