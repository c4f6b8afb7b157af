package controllers

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"kubelite/api"
	"kubelite/client"
)

// The Job loop.
//
//	desired    spec.completions pods that have succeeded, at most spec.parallelism at a time
//	actual     the Job's pods, and those that status has counted already
//	converge   count what has ended; decide whether the Job as a whole has; else make the pods that are missing
//
// A pod that has ended may be deleted at any time, by a person or with its node. So that it is counted exactly once, each
// pod carries a finalizer, and counting takes three writes, any of which may be the last before a crash:
//
//	1. the pod's UID goes into status.uncountedTerminatedPods     (now it cannot be forgotten)
//	2. the finalizer is taken from the pod                        (now it may be deleted)
//	3. the UID leaves the list, and the counter goes up           (now it cannot be counted again)
//
// job_outcome.go decides whether a Job is done, job_pods.go which pods to make and to delete, job_count.go does the
// counting.

// JobController runs Jobs.
type JobController struct {
	client       *client.Client
	jobs         *client.Informer[*api.Job]
	pods         *client.Informer[*api.Pod]
	events       *client.Recorder
	log          *slog.Logger
	queue        *client.Queue // of Jobs
	strays       *client.Queue // of pods that carry the finalizer and have no Job to count them
	expectations *expectations // pods that were made and deleted
	released     *expectations // pods whose finalizer was taken
	written      *ownWrites    // statuses of Jobs
	backoffs     *jobBackoffs
}

// NewJobController subscribes to the Jobs and pods of the shared caches.
func NewJobController(c *client.Client, caches *Caches, log *slog.Logger) *JobController {
	j := &JobController{
		client: c, jobs: caches.Jobs, pods: caches.Pods, log: log,
		events: client.NewRecorder(c, "job-controller", ""),
		queue:  client.NewQueue("job"), strays: client.NewQueue("job-strays"),
		expectations: newExpectations(), released: newExpectations(), written: newOwnWrites(), backoffs: newJobBackoffs(),
	}
	caches.Jobs.OnChange(j.jobChanged)
	caches.Pods.OnChange(j.podChanged)
	return j
}

// Run reconciles until ctx ends.
func (j *JobController) Run(ctx context.Context) error {
	if err := waitForSync(ctx, j.jobs, j.pods); err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return j.queue.Run(ctx, 5, j.Reconcile, j.log) })
	group.Go(func() error { return j.strays.Run(ctx, 1, j.releaseStray, j.log) })
	return group.Wait()
}

func (j *JobController) jobChanged(old, job *api.Job, revision int64) {
	if old != nil && (job == nil || job.UID != old.UID) {
		j.forget(old.Key())
		j.queueStrays(old, revision)
	}
	if job == nil {
		return
	}
	if api.JobFinished(job) != "" {
		j.queueStrays(job, revision) // normally there are none
	}
	j.queue.Add(job.Key(), revision)
}

func (j *JobController) forget(key api.Key) {
	j.expectations.forget(key)
	j.released.forget(key)
	j.written.forget(key)
	j.backoffs.forget(key)
}

func (j *JobController) queueStrays(job *api.Job, revision int64) {
	for _, pod := range j.pods.ByIndex(byController, string(job.UID)) {
		if isTracked(pod) {
			j.strays.Add(pod.Key(), revision)
		}
	}
}

// podChanged runs for every change of every pod, in order. It crosses off expectations, and queues who must look.
func (j *JobController) podChanged(old, pod *api.Pod, revision int64) {
	switch {
	case old != nil && pod != nil && old.UID != pod.UID:
		j.podChanged(old, nil, revision)
		j.podChanged(nil, pod, revision)
		return
	case pod == nil:
		if job := j.jobOf(old); job != nil {
			j.expectations.deletionObserved(job.Key(), old.UID)
			j.released.deletionObserved(job.Key(), old.UID)
			j.queue.Add(job.Key(), revision)
		}
		return
	}
	if old != nil {
		if lost := j.jobOf(old); lost != nil && !api.IsControlledBy(pod, lost) {
			j.queue.Add(lost.Key(), revision)
		}
	}
	job := j.jobOf(pod)
	if job == nil {
		if isTracked(pod) {
			j.strays.Add(pod.Key(), revision)
		}
		if api.ControllerOf(pod) == nil {
			j.queueAdopters(pod, revision)
		}
		return
	}
	if old == nil {
		j.expectations.creationsObserved(job.Key(), 1)
	}
	if pod.DeletionTimestamp != nil {
		j.expectations.deletionObserved(job.Key(), pod.UID)
	}
	if !isTracked(pod) {
		j.released.deletionObserved(job.Key(), pod.UID)
	}
	if old == nil || jobPodChangeMatters(old, pod) {
		j.queue.Add(job.Key(), revision)
	}
}

// jobOf is the Job that the pod's controller reference names, nil if it is not there.
func (j *JobController) jobOf(pod *api.Pod) *api.Job {
	ref := api.ControllerOf(pod)
	if ref == nil || ref.Kind != "Job" {
		return nil
	}
	job, ok := j.jobs.Get(api.Key{Namespace: pod.Namespace, Name: ref.Name})
	if !ok || job.UID != ref.UID {
		return nil
	}
	return job
}

func (j *JobController) queueAdopters(pod *api.Pod, revision int64) {
	for _, job := range j.jobs.List(pod.Namespace, nil) {
		selector, err := api.LabelSelectorAsSelector(job.Spec.Selector)
		if err == nil && !selector.Empty() && selector.Matches(pod.Labels) && api.JobFinished(job) == "" {
			j.queue.Add(job.Key(), revision)
		}
	}
}

// Reconcile brings a Job one step further.
func (j *JobController) Reconcile(ctx context.Context, key api.Key) error {
	job, ok := j.jobs.Get(key) // 1. desired state, and what is counted so far
	if !ok || api.JobFinished(job) != "" || !isOurs(job) {
		j.backoffs.forget(key)
		return nil
	}
	if j.awaitOwnWrites(ctx, job) {
		return nil // what is not in the cache yet would be done again
	}
	pods, err := j.ownedPods(ctx, job) // 2. actual state, by controller reference
	if err != nil {
		return err
	}
	pass := observeJob(job, pods, j.backoffs.get(key), time.Now())
	verdict := pass.verdict() // 3. is the outcome known? a pure function
	var actErr error
	if verdict != nil {
		if actErr = j.endPods(ctx, pass, verdict); pass.active > 0 {
			verdict = nil // not before no pod is left that could still succeed
		}
	} else {
		if job.DeletionTimestamp == nil {
			actErr = j.managePods(ctx, pass) // 4. act
		}
		verdict = pass.completed()
		if verdict == nil && job.DeletionTimestamp == nil {
			j.reportSuspension(ctx, pass)
		}
	}
	if at := pass.deadline(); at > 0 {
		j.queue.AddAfter(key, at, "activeDeadlineSeconds")
	}
	return errors.Join(actErr, j.count(ctx, pass, verdict)) // 5. count, report
}

// isOurs tells whether no other controller is to manage the Job.
func isOurs(job *api.Job) bool {
	return api.Deref(job.Spec.ManagedBy, api.JobControllerName) == api.JobControllerName
}

// awaitOwnWrites tells whether the caches lag behind what this controller has done.
func (j *JobController) awaitOwnWrites(ctx context.Context, job *api.Job) bool {
	key, now := job.Key(), time.Now()
	cached := func(api.Key) int64 { return job.Revision() }
	creations, deletions, since, waiting := j.expectations.pending(key, now)
	_, removals, sinceRelease, releasing := j.released.pending(key, now)
	if releasing && (!waiting || sinceRelease.Before(since)) {
		since = sinceRelease
	}
	_, writing := j.written.pending(key, cached, now)
	if !waiting && !releasing {
		return writing // the event of that write is certain to come
	}
	if putOffSince(ctx, j.queue, key, since, now) {
		ctx = client.Because(ctx, "wait: %d creations, %d deletions and %d finalizers taken are not in the cache yet", creations, deletions, removals)
		tell(ctx, j.client, j.log, job)
	}
	return true
}

// ownedPods lists the Job's pods, after adoption and release. Adoption brings the finalizer along.
func (j *JobController) ownedPods(ctx context.Context, job *api.Job) ([]*api.Pod, error) {
	selector, err := api.LabelSelectorAsSelector(job.Spec.Selector)
	if err != nil {
		return nil, fmt.Errorf("selector of %s: %w", api.Describe(job), err)
	}
	claim := claimer[*api.Pod]{
		resource: client.Of[*api.Pod](j.client), owner: job, selector: selector, finalizer: api.JobTrackingFinalizer,
		readOwner: func(ctx context.Context) (api.Object, error) {
			return client.Of[*api.Job](j.client).Get(ctx, job.Namespace, job.Name)
		},
	}
	return claim.claim(ctx, ownedAndOrphans(j.pods, job))
}

// endPods deletes what still runs of a Job whose outcome is known.
func (j *JobController) endPods(ctx context.Context, pass *jobPass, verdict *api.JobCondition) error {
	if len(pass.activePods) == 0 {
		return nil
	}
	ctx = client.Because(ctx, "%s, %s: end the %d pods that still run", verdict.Type, verdict.Reason, len(pass.activePods))
	return j.deletePods(ctx, pass, pass.activePods, false)
}

// managePods makes or deletes the pods that are missing or too many.
func (j *JobController) managePods(ctx context.Context, pass *jobPass) error {
	plan := planJobPods(pass)
	switch {
	case plan.wait > 0:
		j.queue.PutOff(ctx, pass.job.Key(), plan.wait, "backoff")
		ctx = client.Because(ctx, "wait: a pod failed, the next one may come in %s", plan.wait.Round(time.Second))
		tell(ctx, j.client, j.log, pass.job)
		return nil
	case len(plan.remove) > 0:
		ctx = client.Because(ctx, "%s: delete %d", plan.why, len(plan.remove))
		return j.deletePods(ctx, pass, plan.remove, true)
	case plan.create > 0:
		ctx = client.Because(ctx, "%s: create %d", plan.why, plan.create)
		return j.createPods(ctx, pass, plan)
	}
	return nil
}

func (j *JobController) createPods(ctx context.Context, pass *jobPass, plan jobPlan) error {
	job, key := pass.job, pass.job.Key()
	pods := client.Of[*api.Pod](j.client)
	j.expectations.expect(key, plan.create, nil, time.Now()) // before the first create: its event may be here before its answer
	created, err := slowStart(plan.create, slowStartBatch, func(i int) error {
		template := jobPod(job)
		if plan.indexes != nil {
			indexPod(template, job, plan.indexes[i], pass.lastFailed[plan.indexes[i]])
		}
		pod, err := pods.Create(ctx, template)
		switch {
		case err == nil:
			j.events.Event(ctx, job, api.EventTypeNormal, "SuccessfulCreate", "Created pod: %s", pod.Name)
		case !namespaceTerminating(err):
			j.events.Event(ctx, job, api.EventTypeWarning, "FailedCreate", "Error creating: %v", err)
		}
		return err
	})
	j.expectations.creationsObserved(key, plan.create-created) // the watch will not show what was refused or never tried
	pass.active += int32(created)
	j.log.InfoContext(ctx, "pods created", "kind", "Job", "namespace", job.Namespace, "name", job.Name, "wanted", plan.create, "created", created)
	if namespaceTerminating(err) {
		return nil
	}
	return err
}

// deletePods deletes pods. uncounted: nobody needs to know how they end, so their finalizers are taken first.
func (j *JobController) deletePods(ctx context.Context, pass *jobPass, victims []*api.Pod, uncounted bool) error {
	job, key := pass.job, pass.job.Key()
	pods := client.Of[*api.Pod](j.client)
	j.expectations.expect(key, 0, victims, time.Now())
	errs := make([]error, len(victims))
	_, err := inParallel(len(victims), func(i int) error {
		pod := victims[i]
		if uncounted && isTracked(pod) {
			errs[i] = j.release(ctx, pod)
		}
		if errs[i] == nil {
			errs[i] = pods.Delete(ctx, pod.Namespace, pod.Name, api.DeleteOptions{Preconditions: &api.Preconditions{UID: &pod.UID}})
		}
		switch {
		case errs[i] == nil:
			j.events.Event(ctx, job, api.EventTypeNormal, "SuccessfulDelete", "Deleted pod: %s", pod.Name)
		case api.IsNotFound(errs[i]) || api.IsConflict(errs[i]):
			errs[i] = nil // somebody else was faster
			j.expectations.deletionObserved(key, pod.UID)
		default:
			j.expectations.deletionObserved(key, pod.UID)
			j.events.Event(ctx, job, api.EventTypeWarning, "FailedDelete", "Error deleting: %v", errs[i])
		}
		return errs[i]
	})
	for i, pod := range victims {
		if errs[i] == nil {
			pass.ended(pod)
		}
	}
	j.log.InfoContext(ctx, "pods deleted", "kind", "Job", "namespace", job.Namespace, "name", job.Name, "wanted", len(victims))
	return err
}

// reportSuspension sets the condition Suspended. A resumed Job's time begins anew.
func (j *JobController) reportSuspension(ctx context.Context, pass *jobPass) {
	status := &pass.job.Status
	if isSuspended(pass.job) {
		if pass.setCondition(api.JobSuspended, api.ConditionTrue, api.JobReasonSuspended, "Job suspended") {
			j.events.Event(ctx, pass.job, api.EventTypeNormal, "Suspended", "Job suspended")
			status.StartTime = nil
		}
		return
	}
	if pass.setCondition(api.JobSuspended, api.ConditionFalse, api.JobReasonResumed, "Job resumed") {
		j.events.Event(ctx, pass.job, api.EventTypeNormal, "Resumed", "Job resumed")
		status.StartTime = api.Ptr(timeOf(pass.now))
	}
}

// releaseStray takes the finalizer from a pod that no Job will count any more.
func (j *JobController) releaseStray(ctx context.Context, key api.Key) error {
	pod, ok := j.pods.Get(key)
	if !ok || !isTracked(pod) {
		return nil
	}
	ref := api.ControllerOf(pod)
	if ref != nil && (ref.Kind != "Job" || ref.APIVersion != "batch/v1") {
		return nil // it is none of ours, whatever it carries
	}
	job := j.jobOf(pod)
	if ref != nil && job == nil { // the cache may be behind, and the pod's end would never be counted
		there, err := client.Of[*api.Job](j.client).Get(ctx, pod.Namespace, ref.Name)
		if err != nil && !api.IsNotFound(err) {
			return err
		}
		if err == nil && there.UID == ref.UID {
			job = there
		}
	}
	if job != nil && (api.JobFinished(job) == "" || !isOurs(job)) {
		return nil // its Job is there after all, or adopted it; or another controller counts
	}
	ctx = client.Because(ctx, "no Job counts this pod any more: take the finalizer away")
	err := j.release(ctx, pod)
	if api.IsNotFound(err) {
		return nil
	}
	return err
}

// release takes the tracking finalizer from a pod.
func (j *JobController) release(ctx context.Context, pod *api.Pod) error {
	patch := []byte(`{"metadata":{"uid":"` + string(pod.UID) + `","$deleteFromPrimitiveList/finalizers":["` + api.JobTrackingFinalizer + `"]}}`)
	_, err := client.Of[*api.Pod](j.client).Patch(ctx, pod.Namespace, pod.Name, api.StrategicMergePatchType, patch)
	return err
}

// isTracked tells whether the pod carries the finalizer, and so has not been counted.
func isTracked(pod *api.Pod) bool { return slices.Contains(pod.Finalizers, api.JobTrackingFinalizer) }

// jobPodChangeMatters tells whether a change of a pod can change what its Job does or reports.
func jobPodChangeMatters(old, pod *api.Pod) bool {
	_, wasReady := podReady(old)
	_, ready := podReady(pod)
	return wasReady != ready || old.Status.Phase != pod.Status.Phase || (old.DeletionTimestamp == nil) != (pod.DeletionTimestamp == nil) ||
		podRestartSum(old) != podRestartSum(pod) || isTracked(old) != isTracked(pod) ||
		!api.Equal(old.Labels, pod.Labels) || !api.Equal(old.OwnerReferences, pod.OwnerReferences)
}
