package controllers

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"kubelite/api"
)

// Whether a Job has come to its end. Everything here is a pure function of the Job and its pods.

// A jobPass is what one pass over a Job knows. It begins as what the caches say, and follows what the pass does.
type jobPass struct {
	job        *api.Job // a copy: the pass writes its status
	before     *api.JobStatus
	pods       []*api.Pod
	activePods []*api.Pod
	now        time.Time

	active, ready, terminating int32
	succeeded, failed          int32 // with those that have ended and are not in a counter yet

	// Only Indexed Jobs have these.
	indexed           bool
	completedBefore   api.JobIndexes
	completedIndexes  api.JobIndexes
	failedIndexes     api.JobIndexes
	lastFailed        map[int32]*api.Pod // by index: the failed pod whose counts its successor inherits
	limitPerIndex     bool
	backoff           jobBackoff
	uncountedUIDs     map[api.UID]bool
	replaceOnlyFailed bool
}

// observeJob makes the pass. The Job that it holds is a copy.
func observeJob(cached *api.Job, pods []*api.Pod, backoff jobBackoff, now time.Time) *jobPass {
	job := api.DeepCopy(cached)
	p := &jobPass{job: job, before: &cached.Status, pods: pods, now: now, uncountedUIDs: map[api.UID]bool{}, lastFailed: map[int32]*api.Pod{}}
	p.indexed = api.Deref(job.Spec.CompletionMode, "") == api.IndexedCompletion
	p.limitPerIndex = p.indexed && job.Spec.BackoffLimitPerIndex != nil
	p.replaceOnlyFailed = job.Spec.PodFailurePolicy != nil || api.Deref(job.Spec.PodReplacementPolicy, "") == api.PodReplacementFailed
	if job.Status.UncountedTerminatedPods == nil {
		job.Status.UncountedTerminatedPods = &api.UncountedTerminatedPods{}
	}
	uncounted := job.Status.UncountedTerminatedPods
	for _, uid := range slices.Concat(uncounted.Succeeded, uncounted.Failed) {
		p.uncountedUIDs[uid] = true
	}
	var succeeded, failed []*api.Pod // those that this pass is the first to see
	ignored := 0
	for _, pod := range pods {
		if podActive(pod) {
			p.activePods = append(p.activePods, pod)
			if _, ready := podReady(pod); ready {
				p.ready++
			}
		}
		if podTerminating(pod) {
			p.terminating++
		}
		if !isTracked(pod) || p.uncountedUIDs[pod.UID] || p.indexed && !p.validIndex(podIndex(pod)) {
			continue
		}
		if pod.Status.Phase == api.PodSucceeded {
			succeeded = append(succeeded, pod)
		} else if p.podFailed(pod) {
			failed = append(failed, pod)
			if match := matchFailure(job.Spec.PodFailurePolicy, pod); match.action == api.PodFailurePolicyActionIgnore {
				ignored++
			}
		}
	}
	p.active = int32(len(p.activePods))
	p.succeeded = job.Status.Succeeded + int32(len(succeeded)+len(uncounted.Succeeded))
	p.failed = job.Status.Failed + int32(len(failed)-ignored+len(uncounted.Failed))
	p.backoff = backoff.after(succeeded, failed)
	if job.Status.StartTime == nil && !isSuspended(job) {
		job.Status.StartTime = api.Ptr(timeOf(now))
	}
	if p.indexed {
		p.observeIndexes()
	}
	return p
}

func (p *jobPass) observeIndexes() {
	completions := api.Deref(p.job.Spec.Completions, 0)
	p.completedBefore = readIndexes(p.job.Status.CompletedIndexes, completions)
	p.completedIndexes = p.completedBefore
	p.failedIndexes = readIndexes(api.Deref(p.job.Status.FailedIndexes, ""), completions)
	for _, pod := range p.pods {
		index := podIndex(pod)
		if !p.validIndex(index) || !isTracked(pod) {
			continue
		}
		if pod.Status.Phase == api.PodSucceeded {
			p.completedIndexes = p.completedIndexes.With(index)
		} else if p.limitPerIndex && p.indexFailed(pod) {
			p.failedIndexes = p.failedIndexes.With(index)
		}
	}
	p.succeeded = p.completedIndexes.Len()
	if !p.limitPerIndex {
		return
	}
	running := map[int32]bool{}
	for _, pod := range p.activePods {
		running[podIndex(pod)] = true
	}
	for _, pod := range p.pods {
		index := podIndex(pod)
		if !p.validIndex(index) || !isTracked(pod) || !p.podFailed(pod) || running[index] || p.completedIndexes.Has(index) || p.failedIndexes.Has(index) {
			continue
		}
		last := p.lastFailed[index]
		if last == nil || failuresBefore(last) <= failuresBefore(pod) && !finishTime(pod).Before(finishTime(last)) {
			p.lastFailed[index] = pod
		}
	}
}

// ended follows the deletion of an active pod.
func (p *jobPass) ended(pod *api.Pod) {
	p.active--
	p.terminating++
	if _, ready := podReady(pod); ready {
		p.ready--
	}
}

// podFailed tells whether a pod counts as failed. Deleted pods do, for some will never be able to say how they ended;
// unless the Job wants to wait and see.
func (p *jobPass) podFailed(pod *api.Pod) bool {
	if pod.Status.Phase == api.PodFailed {
		return true
	}
	return !p.replaceOnlyFailed && pod.DeletionTimestamp != nil && pod.Status.Phase != api.PodSucceeded
}

// indexFailed tells whether the failure of a pod is the end of its index.
func (p *jobPass) indexFailed(pod *api.Pod) bool {
	if !p.podFailed(pod) {
		return false
	}
	switch matchFailure(p.job.Spec.PodFailurePolicy, pod).action {
	case api.PodFailurePolicyActionFailIndex:
		return true
	case api.PodFailurePolicyActionIgnore:
		return false
	}
	return annotatedCount(pod, api.JobIndexFailureCountAnnotation) >= *p.job.Spec.BackoffLimitPerIndex
}

// verdict is the condition that ends the Job, nil if the outcome is open. What was announced stays: a Job that has
// failed does not succeed after all.
func (p *jobPass) verdict() *api.JobCondition {
	spec, status := &p.job.Spec, &p.job.Status
	if status.HasCondition(api.JobSuccessCriteriaMet) {
		return status.Condition(api.JobSuccessCriteriaMet)
	}
	if status.HasCondition(api.JobFailureTarget) {
		target := status.Condition(api.JobFailureTarget)
		return p.condition(api.JobFailed, target.Reason, target.Message)
	}
	for _, pod := range p.pods {
		if letGo := pod.DeletionTimestamp != nil && !isTracked(pod); p.podFailed(pod) && !letGo { // how one ends that we delete is our doing
			if match := matchFailure(spec.PodFailurePolicy, pod); match.action == api.PodFailurePolicyActionFailJob {
				return p.condition(api.JobFailureTarget, api.JobReasonPodFailurePolicy, match.message)
			}
		}
	}
	switch {
	case p.failed > api.Deref(spec.BackoffLimit, math.MaxInt32) || p.restartedTooOften():
		return p.condition(api.JobFailureTarget, api.JobReasonBackoffLimitExceeded, "Job has reached the specified backoff limit")
	case p.deadlinePassed():
		return p.condition(api.JobFailureTarget, api.JobReasonDeadlineExceeded, "Job was active longer than specified deadline")
	}
	if !p.indexed {
		return nil
	}
	if failed := p.failedIndexes.Len(); p.limitPerIndex {
		switch {
		case spec.MaxFailedIndexes != nil && failed > *spec.MaxFailedIndexes:
			return p.condition(api.JobFailureTarget, api.JobReasonMaxFailedIndexesExceeded, "Job has exceeded the specified maximal number of failed indexes")
		case failed > 0 && failed+p.completedIndexes.Len() >= *spec.Completions:
			return p.condition(api.JobFailureTarget, api.JobReasonFailedIndexes, "Job has failed indexes")
		}
	}
	if rule := matchSuccess(spec.SuccessPolicy, p.completedIndexes, *spec.Completions); rule >= 0 {
		return p.condition(api.JobSuccessCriteriaMet, api.JobReasonSuccessPolicy, fmt.Sprintf("Matched rules at index %d", rule))
	}
	return nil
}

// completed is the condition of a Job of whose pods enough have succeeded, nil for any other.
func (p *jobPass) completed() *api.JobCondition {
	if p.active > 0 {
		return nil
	}
	if want := p.job.Spec.Completions; want == nil && p.succeeded == 0 || want != nil && p.succeeded < *want {
		return nil
	}
	return p.condition(api.JobSuccessCriteriaMet, api.JobReasonCompletionsReached, "Reached expected number of succeeded pods")
}

func (p *jobPass) condition(t api.JobConditionType, reason, message string) *api.JobCondition {
	return &api.JobCondition{Type: t, Status: api.ConditionTrue, LastProbeTime: timeOf(p.now), LastTransitionTime: timeOf(p.now), Reason: reason, Message: message}
}

// setCondition writes a condition into the status and tells whether that changed it. A condition that never was true is
// not made false.
func (p *jobPass) setCondition(t api.JobConditionType, status api.ConditionStatus, reason, message string) bool {
	now := *p.condition(t, reason, message)
	now.Status = status
	if c := p.job.Status.Condition(t); c != nil {
		if c.Status == status && c.Reason == reason && c.Message == message {
			return false
		}
		*c = now
		return true
	}
	if status == api.ConditionFalse {
		return false
	}
	p.job.Status.Conditions = append(p.job.Status.Conditions, now)
	return true
}

// restartedTooOften: with restartPolicy OnFailure no pod ever fails, its containers are restarted in place.
func (p *jobPass) restartedTooOften() bool {
	if p.job.Spec.Template.Spec.RestartPolicy != api.RestartPolicyOnFailure {
		return false
	}
	var restarts int32
	for _, pod := range p.pods {
		if pod.Status.Phase == api.PodRunning || pod.Status.Phase == api.PodPending {
			restarts += podRestartSum(pod)
		}
	}
	return restarts > 0 && restarts >= api.Deref(p.job.Spec.BackoffLimit, math.MaxInt32)
}

func (p *jobPass) deadlinePassed() bool { return p.hasDeadline() && p.timeLeft() <= 0 }

// deadline is when the deadline will pass, 0 if there is none ahead.
func (p *jobPass) deadline() time.Duration {
	if !p.hasDeadline() {
		return 0
	}
	return max(p.timeLeft(), 0)
}

func (p *jobPass) hasDeadline() bool {
	return p.job.Spec.ActiveDeadlineSeconds != nil && p.job.Status.StartTime != nil && !isSuspended(p.job)
}

func (p *jobPass) timeLeft() time.Duration {
	allowed := time.Duration(*p.job.Spec.ActiveDeadlineSeconds) * time.Second
	return p.job.Status.StartTime.Add(allowed).Sub(p.now)
}

func (p *jobPass) validIndex(index int32) bool {
	return index >= 0 && index < api.Deref(p.job.Spec.Completions, 0)
}

func isSuspended(job *api.Job) bool { return api.Deref(job.Spec.Suspend, false) }

// failureMatch is what a pod failure policy says about a pod: Count where no rule fits.
type failureMatch struct {
	action  api.PodFailurePolicyAction
	message string // of FailJob
}

// matchFailure finds the first rule that fits a failed pod.
func matchFailure(policy *api.PodFailurePolicy, pod *api.Pod) failureMatch {
	if policy == nil {
		return failureMatch{action: api.PodFailurePolicyActionCount}
	}
	for i := range policy.Rules {
		rule := &policy.Rules[i]
		var what string
		if codes := rule.OnExitCodes; codes != nil {
			status := containerWithExitCode(pod, codes)
			if status == nil {
				continue
			}
			what = fmt.Sprintf("Container %s for pod %s/%s failed with exit code %d", status.Name, pod.Namespace, pod.Name, status.State.Terminated.ExitCode)
		} else {
			condition := matchingCondition(pod, rule.OnPodConditions)
			if condition == "" {
				continue
			}
			what = fmt.Sprintf("Pod %s/%s has condition %s", pod.Namespace, pod.Name, condition)
		}
		return failureMatch{rule.Action, fmt.Sprintf("%s matching %s rule at index %d", what, rule.Action, i)}
	}
	return failureMatch{action: api.PodFailurePolicyActionCount}
}

func containerWithExitCode(pod *api.Pod, codes *api.PodFailurePolicyOnExitCodesRequirement) *api.ContainerStatus {
	for _, statuses := range [][]api.ContainerStatus{pod.Status.ContainerStatuses, pod.Status.InitContainerStatuses} {
		for i := range statuses {
			end := statuses[i].State.Terminated
			if end == nil || end.ExitCode == 0 || codes.ContainerName != nil && *codes.ContainerName != statuses[i].Name {
				continue
			}
			if slices.Contains(codes.Values, end.ExitCode) == (codes.Operator == api.PodFailurePolicyOnExitCodesOpIn) {
				return &statuses[i]
			}
		}
	}
	return nil
}

func matchingCondition(pod *api.Pod, patterns []api.PodFailurePolicyOnPodConditionsPattern) api.PodConditionType {
	for i := range pod.Status.Conditions {
		c := &pod.Status.Conditions[i]
		for _, pattern := range patterns {
			if c.Type == pattern.Type && c.Status == pattern.Status {
				return c.Type
			}
		}
	}
	return ""
}

// matchSuccess is the number of the first rule of the policy that is met, -1 if none is.
func matchSuccess(policy *api.SuccessPolicy, completed api.JobIndexes, completions int32) int {
	if policy == nil || completed.Len() == 0 {
		return -1
	}
	for i, rule := range policy.Rules {
		count := completed.Len()
		if rule.SucceededIndexes != nil {
			wanted := readIndexes(*rule.SucceededIndexes, completions)
			if count = completed.CountIn(wanted); count > 0 && count == wanted.Len() {
				return i
			}
		}
		if rule.SucceededCount != nil && count >= *rule.SucceededCount {
			return i
		}
	}
	return -1
}

// readIndexes reads the text form, as far as it makes sense: a Job that became smaller forgets the indexes above.
func readIndexes(text string, completions int32) api.JobIndexes {
	set, err := api.ParseJobIndexes(text, math.MaxInt32)
	if err != nil {
		return nil // the API server stores no such text
	}
	return set.Below(completions)
}

// podIndex is the part of an Indexed Job that a pod works on, -1 if it does not say.
func podIndex(pod *api.Pod) int32 {
	index, err := strconv.ParseInt(pod.Annotations[api.JobCompletionIndexAnnotation], 10, 32)
	if err != nil || index < 0 {
		return -1
	}
	return int32(index)
}

// annotatedCount reads a number from an annotation, 0 if there is none.
func annotatedCount(pod *api.Pod, annotation string) int32 {
	count, err := strconv.ParseInt(pod.Annotations[annotation], 10, 32)
	if err != nil || count < 0 {
		return 0
	}
	return int32(count)
}

// failuresBefore is how many pods of this pod's index failed before it.
func failuresBefore(pod *api.Pod) int32 {
	return annotatedCount(pod, api.JobIndexFailureCountAnnotation) + annotatedCount(pod, api.JobIndexIgnoredFailureCountAnnotation)
}

// podRestartSum is how often containers of the pod were restarted, all together.
func podRestartSum(pod *api.Pod) (sum int32) {
	for i := range pod.Status.InitContainerStatuses {
		sum += pod.Status.InitContainerStatuses[i].RestartCount
	}
	for i := range pod.Status.ContainerStatuses {
		sum += pod.Status.ContainerStatuses[i].RestartCount
	}
	return sum
}

func timeOf(t time.Time) api.Time { return api.Time{Time: t.Truncate(time.Second)} }
