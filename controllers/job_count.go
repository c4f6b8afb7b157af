package controllers

import (
	"context"
	"slices"
	"time"

	"kubelite/api"
	"kubelite/client"
)

// maxUncounted bounds the pods that one pass counts, so that their UIDs fit into a status.
const maxUncounted = 500

// count counts the pods that have ended, and ends the Job once all are counted. See job.go for the order of the writes.
func (j *JobController) count(ctx context.Context, pass *jobPass, verdict *api.JobCondition) error {
	status := &pass.job.Status
	status.Active, status.Ready, status.Terminating = pass.active, &pass.ready, &pass.terminating

	tracked := map[api.UID]bool{}
	for _, pod := range pass.pods {
		if isTracked(pod) {
			tracked[pod.UID] = true
		}
	}
	settle(status, tracked)            // pods that lost their finalizer the last time
	release, all := pass.note(verdict) // pods that may lose it now
	final := pass.announce(verdict)

	if !api.Equal(*pass.before, *status) { // step 1
		if err := j.writeStatus(ctx, pass); err != nil {
			return ignoreConflict(err)
		}
		j.backoffs.set(pass.job.Key(), pass.backoff)
		status = &pass.job.Status
	}
	before := api.DeepCopy(status)
	err := j.releaseAll(ctx, pass, release, tracked) // step 2
	settle(status, tracked)                          // step 3
	finished := all && err == nil && pass.finish(final)
	if !api.Equal(before, status) {
		if writeErr := j.writeStatus(ctx, pass); writeErr != nil {
			return ignoreConflict(writeErr)
		}
	}
	if finished {
		j.tellFinished(ctx, pass.job, final)
	}
	return err
}

// ignoreConflict: the Job changed or went; the event of that is on its way and queues the key again.
func ignoreConflict(err error) error {
	if api.IsConflict(err) || api.IsNotFound(err) {
		return nil
	}
	return err
}

func (j *JobController) writeStatus(ctx context.Context, pass *jobPass) error {
	s := &pass.job.Status
	ctx = client.Because(ctx, "status: %d active, %d succeeded, %d failed, %d to be counted",
		s.Active, s.Succeeded, s.Failed, len(s.UncountedTerminatedPods.Succeeded)+len(s.UncountedTerminatedPods.Failed))
	written, err := client.Of[*api.Job](j.client).UpdateStatus(ctx, pass.job)
	if err != nil {
		return err
	}
	j.written.wrote(pass.job.Key(), written, time.Now())
	pass.job.ResourceVersion = written.ResourceVersion // the next write goes on from here
	return nil
}

// releaseAll takes the finalizers of the given pods, and crosses the pods off in tracked.
func (j *JobController) releaseAll(ctx context.Context, pass *jobPass, pods []*api.Pod, tracked map[api.UID]bool) error {
	if len(pods) == 0 {
		return nil
	}
	key := pass.job.Key()
	ctx = client.Because(ctx, "it has ended and is in the Job's status: take the finalizer away")
	j.released.expect(key, 0, pods, time.Now())
	errs := make([]error, len(pods))
	_, err := inParallel(len(pods), func(i int) error {
		errs[i] = j.release(ctx, pods[i])
		if api.IsNotFound(errs[i]) {
			errs[i] = nil // gone already: so is its finalizer
			j.released.deletionObserved(key, pods[i].UID)
		} else if errs[i] != nil {
			j.released.deletionObserved(key, pods[i].UID)
		}
		return errs[i]
	})
	for i, pod := range pods {
		if errs[i] == nil {
			delete(tracked, pod.UID)
		}
	}
	return err
}

func (j *JobController) tellFinished(ctx context.Context, job *api.Job, final *api.JobCondition) {
	if final.Type != api.JobComplete {
		j.events.Event(ctx, job, api.EventTypeWarning, final.Reason, "%s", final.Message)
		return
	}
	if job.Spec.Completions != nil && job.Status.Succeeded > *job.Spec.Completions {
		j.events.Event(ctx, job, api.EventTypeWarning, "TooManySucceededPods", "Too many succeeded pods running after completion count reached")
	}
	j.events.Event(ctx, job, api.EventTypeNormal, "Completed", "Job completed")
}

// settle moves the UIDs of pods that carry the finalizer no more from the list into the counters.
func settle(status *api.JobStatus, tracked map[api.UID]bool) {
	uncounted := *status.UncountedTerminatedPods
	settled := func(uids []api.UID, counter *int32) []api.UID {
		var left []api.UID
		for _, uid := range uids {
			if tracked[uid] {
				left = append(left, uid)
			} else {
				*counter++
			}
		}
		return left
	}
	uncounted.Succeeded = settled(uncounted.Succeeded, &status.Succeeded)
	uncounted.Failed = settled(uncounted.Failed, &status.Failed)
	status.UncountedTerminatedPods = &uncounted
}

// note writes pods that have ended into the status, and returns those that need their finalizer no longer. all is false
// if there were too many for one pass. Once there is a verdict every pod can go; one that had no chance to end counts as
// failed, unless the Job succeeded without it.
func (p *jobPass) note(verdict *api.JobCondition) (release []*api.Pod, all bool) {
	status := &p.job.Status
	uncounted := status.UncountedTerminatedPods
	completed, noted := p.completedBefore, len(uncounted.Succeeded)+len(uncounted.Failed)
	decided := verdict != nil
	failing := decided && verdict.Type != api.JobSuccessCriteriaMet
	pods := slices.Clone(p.pods)
	slices.SortStableFunc(pods, func(a, b *api.Pod) int { return int(podIndex(a)) - int(podIndex(b)) })
	all = true
	for _, pod := range pods {
		if !isTracked(pod) || !p.canRelease(pod, decided) {
			continue
		}
		if noted >= maxUncounted {
			all = false
			break
		}
		release = append(release, pod)
		index := podIndex(pod)
		switch {
		case p.uncountedUIDs[pod.UID]: // noted by an earlier pass
		case pod.Status.Phase == api.PodSucceeded && p.indexed:
			if p.validIndex(index) && !completed.Has(index) { // the set of indexes cannot count one twice: no UID is needed
				completed = completed.With(index)
				noted++
			}
		case pod.Status.Phase == api.PodSucceeded:
			uncounted.Succeeded = append(uncounted.Succeeded, pod.UID)
			noted++
		case p.podFailed(pod) || failing:
			if p.indexed && !p.validIndex(index) {
				continue
			}
			if matchFailure(p.job.Spec.PodFailurePolicy, pod).action != api.PodFailurePolicyActionIgnore {
				uncounted.Failed = append(uncounted.Failed, pod.UID)
				noted++
			}
		}
	}
	if p.indexed {
		status.CompletedIndexes, status.Succeeded = completed.String(), completed.Len()
		status.FailedIndexes = nil
		if p.limitPerIndex {
			status.FailedIndexes = api.Ptr(p.failedIndexes.String())
		}
	}
	return release, all
}

// canRelease tells whether a pod needs its finalizer no longer. A failed pod whose index is to be tried again keeps it
// until its successor is there, which inherits the counts that it carries.
func (p *jobPass) canRelease(pod *api.Pod, decided bool) bool {
	if p.job.DeletionTimestamp != nil || decided || pod.Status.Phase == api.PodSucceeded {
		return true
	}
	if !p.podFailed(pod) {
		return false
	}
	last := p.lastFailed[podIndex(pod)]
	return !p.limitPerIndex || last == nil || last.UID != pod.UID
}

// announce writes the verdict into the status before it is final, and returns the condition that will be.
func (p *jobPass) announce(verdict *api.JobCondition) (final *api.JobCondition) {
	if verdict == nil {
		return nil
	}
	if !p.job.Status.HasCondition(verdict.Type) && verdict.Type != api.JobFailed {
		p.job.Status.Conditions = append(p.job.Status.Conditions, *verdict)
	}
	t := api.JobFailed
	if verdict.Type == api.JobSuccessCriteriaMet {
		t = api.JobComplete
	}
	return p.condition(t, verdict.Reason, verdict.Message)
}

// finish makes the outcome final, if nothing is left to be counted or to end.
func (p *jobPass) finish(final *api.JobCondition) bool {
	status := &p.job.Status
	uncounted := status.UncountedTerminatedPods
	if final == nil || len(uncounted.Succeeded)+len(uncounted.Failed) > 0 || p.terminating > 0 {
		return false
	}
	p.setCondition(final.Type, final.Status, final.Reason, final.Message)
	if status.StartTime == nil { // it was suspended meanwhile, and what is over has begun
		status.StartTime = &final.LastTransitionTime
	}
	if final.Type == api.JobComplete {
		status.CompletionTime = &final.LastTransitionTime
	}
	return true
}
