package controllers

import (
	"context"
	"log/slog"
	"time"

	"kubelite/api"
	"kubelite/client"
)

// The loop that cleans up finished Jobs.
//
//	desired    no Job longer than spec.ttlSecondsAfterFinished after it has finished
//	actual     the condition Complete or Failed, and when it came
//	converge   wait for the rest of the time, then delete the Job and its pods

// TTLController deletes Jobs some time after they have finished.
type TTLController struct {
	client *client.Client
	jobs   *client.Informer[*api.Job]
	log    *slog.Logger
	queue  *client.Queue
}

// NewTTLController subscribes to the Jobs of the shared caches that finished and have a time to live.
func NewTTLController(c *client.Client, caches *Caches, log *slog.Logger) *TTLController {
	t := &TTLController{client: c, jobs: caches.Jobs, log: log, queue: client.NewQueue("ttl")}
	caches.Jobs.OnChange(func(_, job *api.Job, revision int64) {
		if job != nil && job.DeletionTimestamp == nil && !expiry(job).IsZero() {
			t.queue.Add(job.Key(), revision)
		}
	})
	return t
}

// Run reconciles until ctx ends.
func (t *TTLController) Run(ctx context.Context) error {
	if err := waitForSync(ctx, t.jobs); err != nil {
		return err
	}
	return t.queue.Run(ctx, 1, t.Reconcile, t.log)
}

// Reconcile deletes a Job whose time is up.
func (t *TTLController) Reconcile(ctx context.Context, key api.Key) error {
	job, ok := t.jobs.Get(key)
	if !ok || job.DeletionTimestamp != nil {
		return nil
	}
	at := expiry(job)
	if at.IsZero() {
		return nil
	}
	if left := time.Until(at); left > 0 {
		t.queue.AddAfter(key, left, "ttlSecondsAfterFinished")
		return nil
	}
	// The version is a precondition: somebody may just be giving the Job more time.
	ctx = client.Because(ctx, "finished %d seconds ago: delete", *job.Spec.TTLSecondsAfterFinished)
	err := client.Of[*api.Job](t.client).Delete(ctx, job.Namespace, job.Name, api.DeleteOptions{
		PropagationPolicy: api.Ptr(api.DeletePropagationForeground),
		Preconditions:     &api.Preconditions{UID: &job.UID, ResourceVersion: &job.ResourceVersion},
	})
	if api.IsNotFound(err) || api.IsConflict(err) {
		return nil // it changed or went: its event brings us back
	}
	return err
}

// expiry is when a Job is to be deleted, the zero time if never or not known yet.
func expiry(job *api.Job) time.Time {
	finished := job.Status.Condition(api.JobFinished(job))
	if finished == nil || job.Spec.TTLSecondsAfterFinished == nil {
		return time.Time{}
	}
	return finished.LastTransitionTime.Add(time.Duration(*job.Spec.TTLSecondsAfterFinished) * time.Second)
}
