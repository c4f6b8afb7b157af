package controllers

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"kubelite/api"
	"kubelite/client"
)

// The CronJob loop.
//
//	desired    a Job for each time that the schedule names, as far as suspend, the deadline and concurrencyPolicy allow
//	actual     the Jobs whose controller reference names this CronJob, and status.lastScheduleTime
//	converge   make the Job that is due, if there is one; delete finished Jobs beyond the history limits
//
// A Job's name is the CronJob's and the minute that it was due: making it twice is not possible, whatever happens between
// the creation and the note of it in status.

// CronJobController makes Jobs by the clock.
type CronJobController struct {
	client   *client.Client
	cronJobs *client.Informer[*api.CronJob]
	jobs     *client.Informer[*api.Job]
	events   *client.Recorder
	log      *slog.Logger
	queue    *client.Queue
	written  *ownWrites
}

// NewCronJobController subscribes to the CronJobs and Jobs of the shared caches.
func NewCronJobController(c *client.Client, caches *Caches, log *slog.Logger) *CronJobController {
	cj := &CronJobController{
		client: c, cronJobs: caches.CronJobs, jobs: caches.Jobs, log: log,
		events: client.NewRecorder(c, "cronjob-controller", ""),
		queue:  client.NewQueue("cronjob"), written: newOwnWrites(),
	}
	caches.CronJobs.OnChange(cj.cronJobChanged)
	caches.Jobs.OnChange(cj.jobChanged)
	return cj
}

// Run reconciles until ctx ends.
func (c *CronJobController) Run(ctx context.Context) error {
	if err := waitForSync(ctx, c.cronJobs, c.jobs); err != nil {
		return err
	}
	return c.queue.Run(ctx, 5, c.Reconcile, c.log)
}

func (c *CronJobController) cronJobChanged(old, cron *api.CronJob, revision int64) {
	if cron == nil {
		c.written.forget(old.Key())
		return
	}
	if old != nil && (old.Spec.Schedule != cron.Spec.Schedule || !api.Equal(old.Spec.TimeZone, cron.Spec.TimeZone)) {
		// By the new schedule a Job may have been due in the past. Nobody asked for it then: wait for the next time.
		if schedule, err := parseSchedule(cron); err == nil {
			c.queue.AddAfter(cron.Key(), untilNext(cron, schedule, time.Now()), "schedule", revision)
			return
		}
	}
	c.queue.Add(cron.Key(), revision)
}

func (c *CronJobController) jobChanged(old, job *api.Job, revision int64) {
	for _, j := range []*api.Job{old, job} {
		if j == nil {
			continue
		}
		if ref := api.ControllerOf(j); ref != nil && ref.Kind == "CronJob" {
			c.queue.Add(api.Key{Namespace: j.Namespace, Name: ref.Name}, revision)
		}
	}
}

// Reconcile makes the Job that is due, and tidies up.
func (c *CronJobController) Reconcile(ctx context.Context, key api.Key) error {
	cached, ok := c.cronJobs.Get(key)
	if !ok {
		return nil // deleted: the garbage collector removes the Jobs
	}
	if _, waiting := c.written.pending(key, func(api.Key) int64 { return cached.Revision() }, time.Now()); waiting {
		return nil // the event of that write brings us back
	}
	cron := api.DeepCopy(cached)
	jobs := c.jobs.ByIndex(byController, string(cron.UID))
	c.removeOld(ctx, cron, jobs)
	err := c.followJobs(ctx, cron, jobs)
	if err == nil && cron.DeletionTimestamp == nil {
		err = c.startDue(ctx, cron, time.Now())
	}
	return errors.Join(err, c.report(ctx, cached, cron))
}

// removeOld deletes the oldest of the finished Jobs that are more than are to be kept.
func (c *CronJobController) removeOld(ctx context.Context, cron *api.CronJob, jobs []*api.Job) {
	for _, history := range []struct {
		end  api.JobConditionType
		keep *int32
	}{{api.JobComplete, cron.Spec.SuccessfulJobsHistoryLimit}, {api.JobFailed, cron.Spec.FailedJobsHistoryLimit}} {
		if history.keep == nil {
			continue
		}
		var ended []*api.Job
		for _, job := range jobs {
			if api.JobFinished(job) == history.end && job.DeletionTimestamp == nil {
				ended = append(ended, job)
			}
		}
		slices.SortFunc(ended, oldestFirst)
		for _, job := range ended[:max(len(ended)-int(*history.keep), 0)] {
			ctx := client.Because(ctx, "%d %s jobs, %d are kept: delete the oldest", len(ended), strings.ToLower(string(history.end)), *history.keep)
			_ = c.deleteJob(ctx, cron, job) // it is said in an event, and tried again at the next change
		}
	}
}

func oldestFirst(a, b *api.Job) int {
	if a.Status.StartTime == nil || b.Status.StartTime == nil {
		if (a.Status.StartTime == nil) != (b.Status.StartTime == nil) {
			return falseFirst(a.Status.StartTime == nil)
		}
	} else if order := a.Status.StartTime.Compare(b.Status.StartTime.Time); order != 0 {
		return order
	}
	return strings.Compare(a.Name, b.Name)
}

func (c *CronJobController) deleteJob(ctx context.Context, cron *api.CronJob, job *api.Job) error {
	err := client.Of[*api.Job](c.client).Delete(ctx, job.Namespace, job.Name, api.DeleteOptions{
		PropagationPolicy: api.Ptr(api.DeletePropagationBackground), Preconditions: &api.Preconditions{UID: &job.UID},
	})
	if err != nil && !api.IsNotFound(err) {
		c.events.Event(ctx, cron, api.EventTypeWarning, "FailedDelete", "Deleted job: %v", err)
		return err
	}
	setActive(cron, job.UID, nil)
	c.events.Event(ctx, cron, api.EventTypeNormal, "SuccessfulDelete", "Deleted job %s", job.Name)
	return nil
}

// followJobs brings the list of running Jobs up to date.
func (c *CronJobController) followJobs(ctx context.Context, cron *api.CronJob, jobs []*api.Job) error {
	known := map[api.UID]bool{}
	for _, job := range jobs {
		known[job.UID] = true
		end := api.JobFinished(job)
		switch active := isActive(cron, job.UID); {
		case end == "" && !active:
			c.events.Event(ctx, cron, api.EventTypeWarning, "UnexpectedJob", "Saw a job that the controller did not create or forgot: %s", job.Name)
		case end != "" && active:
			setActive(cron, job.UID, nil)
			c.events.Event(ctx, cron, api.EventTypeNormal, "SawCompletedJob", "Saw completed job: %s, condition: %s", job.Name, end)
		}
		last, at := cron.Status.LastSuccessfulTime, job.Status.CompletionTime
		if end == api.JobComplete && at != nil && (last == nil || at.After(last.Time)) {
			cron.Status.LastSuccessfulTime = at
		}
	}
	for _, ref := range slices.Clone(cron.Status.Active) {
		if known[ref.UID] {
			continue
		}
		// The cache may not have it yet: ask.
		if _, err := client.Of[*api.Job](c.client).Get(ctx, ref.Namespace, ref.Name); api.IsNotFound(err) {
			c.events.Event(ctx, cron, api.EventTypeNormal, "MissingJob", "Active job went missing: %s", ref.Name)
			setActive(cron, ref.UID, nil)
		} else if err != nil {
			return err
		}
	}
	return nil
}

// startDue makes the Job that is due, if there is one, and sets the clock for the next.
func (c *CronJobController) startDue(ctx context.Context, cron *api.CronJob, now time.Time) error {
	if zone := cron.Spec.TimeZone; zone != nil {
		if _, err := time.LoadLocation(*zone); err != nil {
			c.events.Event(ctx, cron, api.EventTypeWarning, "UnknownTimeZone", "invalid timeZone: %q: %v", *zone, err)
			return nil
		}
	}
	if api.Deref(cron.Spec.Suspend, false) {
		return nil
	}
	schedule, err := parseSchedule(cron)
	if err != nil {
		c.events.Event(ctx, cron, api.EventTypeWarning, "UnparseableSchedule", "unparseable schedule: %q : %v", cron.Spec.Schedule, err)
		return nil
	}
	if strings.Contains(cron.Spec.Schedule, "TZ") {
		c.events.Event(ctx, cron, api.EventTypeWarning, "UnsupportedSchedule", "CRON_TZ or TZ used in schedule %q is not officially supported, "+
			"see https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details", cron.Spec.Schedule)
	}
	due, missed, err := dueTime(cron, schedule, now)
	if err != nil {
		c.events.Event(ctx, cron, api.EventTypeWarning, "InvalidSchedule", "invalid schedule: %s : %v", cron.Spec.Schedule, err)
		return nil
	}
	if !due.IsZero() {
		if missed > manyMissed {
			c.events.Event(ctx, cron, api.EventTypeWarning, "TooManyMissedTimes", "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew")
		}
		if err := c.start(ctx, cron, due, now); err != nil {
			return err
		}
	}
	c.queue.AddAfter(cron.Key(), untilNext(cron, schedule, now), "schedule")
	return nil
}

// start makes the Job that was due, unless something is against it.
func (c *CronJobController) start(ctx context.Context, cron *api.CronJob, due, now time.Time) error {
	if deadline := cron.Spec.StartingDeadlineSeconds; deadline != nil && due.Add(time.Duration(*deadline)*time.Second).Before(now) {
		c.events.Event(ctx, cron, api.EventTypeWarning, "MissSchedule", "Missed scheduled time to start a job: %s", due.UTC().Format(time.RFC1123Z))
		return nil
	}
	job := jobFromTemplate(cron, due)
	last := cron.Status.LastScheduleTime
	if last != nil && last.Equal(due) || slices.ContainsFunc(cron.Status.Active, func(r api.ObjectReference) bool { return r.Name == job.Name }) {
		return nil // made already
	}
	if running := len(cron.Status.Active); running > 0 {
		switch cron.Spec.ConcurrencyPolicy {
		case api.ForbidConcurrent:
			c.events.Event(ctx, cron, api.EventTypeNormal, "JobAlreadyActive", "Not starting job because prior execution is running and concurrency policy is Forbid")
			tell(client.Because(ctx, "wait: %d jobs still run, and concurrencyPolicy is Forbid", running), c.client, c.log, cron)
			return nil
		case api.ReplaceConcurrent:
			if err := c.endRunning(client.Because(ctx, "the next job is due, and concurrencyPolicy is Replace: delete"), cron); err != nil {
				return err
			}
		}
	}
	ctx = client.Because(ctx, "a job was due at %s: create it", due.UTC().Format(time.RFC3339))
	created, err := client.Of[*api.Job](c.client).Create(ctx, job)
	switch {
	case namespaceTerminating(err):
		return nil
	case api.IsAlreadyExists(err):
		// A pass before this one made it and could not note it; or it is somebody else's.
		if created, err = client.Of[*api.Job](c.client).Get(ctx, job.Namespace, job.Name); err != nil || !api.IsControlledBy(created, cron) {
			return err
		}
	case err != nil:
		c.events.Event(ctx, cron, api.EventTypeWarning, "FailedCreate", "Error creating job: %v", err)
		return err
	default:
		c.events.Event(ctx, cron, api.EventTypeNormal, "SuccessfulCreate", "Created job %s", created.Name)
		c.log.InfoContext(ctx, "job created", "kind", "CronJob", "namespace", cron.Namespace, "name", cron.Name, "job", created.Name)
	}
	setActive(cron, created.UID, created)
	cron.Status.LastScheduleTime = &api.Time{Time: due}
	return nil
}

func (c *CronJobController) endRunning(ctx context.Context, cron *api.CronJob) error {
	for _, ref := range slices.Clone(cron.Status.Active) {
		job, err := client.Of[*api.Job](c.client).Get(ctx, ref.Namespace, ref.Name)
		if err != nil {
			c.events.Event(ctx, cron, api.EventTypeWarning, "FailedGet", "Get job: %v", err)
			return err
		}
		if err := c.deleteJob(ctx, cron, job); err != nil {
			return fmt.Errorf("replace %s: %w", api.Describe(job), err)
		}
	}
	return nil
}

func (c *CronJobController) report(ctx context.Context, cached, cron *api.CronJob) error {
	if api.Equal(cached.Status, cron.Status) {
		return nil
	}
	ctx = client.Because(ctx, "status: %d jobs run", len(cron.Status.Active))
	written, err := client.Of[*api.CronJob](c.client).UpdateStatus(ctx, cron)
	if api.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return err // what was made is found again by its name
	}
	c.written.wrote(cron.Key(), written, time.Now())
	return nil
}

func isActive(cron *api.CronJob, uid api.UID) bool {
	return slices.ContainsFunc(cron.Status.Active, func(r api.ObjectReference) bool { return r.UID == uid })
}

// setActive takes a Job off the list of those that run, and puts job on it if that is not nil.
func setActive(cron *api.CronJob, uid api.UID, job *api.Job) {
	active := slices.DeleteFunc(slices.Clone(cron.Status.Active), func(r api.ObjectReference) bool { return r.UID == uid })
	if job != nil {
		active = append(active, client.ReferenceTo(job))
	}
	cron.Status.Active = active
}

// jobFromTemplate makes the Job that was due.
func jobFromTemplate(cron *api.CronJob, due time.Time) *api.Job {
	template := api.DeepCopy(&cron.Spec.JobTemplate)
	annotations := maps.Clone(template.Annotations)
	if annotations == nil {
		annotations = map[string]string{}
	}
	zone, err := time.LoadLocation(api.Deref(cron.Spec.TimeZone, ""))
	if err != nil {
		zone = time.UTC // startDue has looked: it is known
	}
	annotations[api.CronJobScheduledTimestampAnnotation] = due.In(zone).Format(time.RFC3339)
	return &api.Job{
		ObjectMeta: api.ObjectMeta{
			Name: fmt.Sprintf("%s-%d", cron.Name, due.Unix()/60), Namespace: cron.Namespace,
			Labels: template.Labels, Annotations: annotations, OwnerReferences: []api.OwnerReference{api.NewControllerRef(cron)},
		},
		Spec: template.Spec,
	}
}
