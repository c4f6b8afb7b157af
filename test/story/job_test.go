package story

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"kubelite/api"
	"kubelite/client"
)

// job makes a Job whose pods run for a moment and end with an exit code.
func job(name string, exitCode int, change func(spec *api.JobSpec)) *api.Job {
	j := api.New[*api.Job]()
	j.Name = name
	j.Spec.Template.Annotations = map[string]string{"simulated.kubelite.io/run-seconds": "0.1", "simulated.kubelite.io/exit-code": fmt.Sprint(exitCode)}
	j.Spec.Template.Spec = api.PodSpec{RestartPolicy: api.RestartPolicyNever, Containers: []api.Container{{Name: "work", Image: "work:v1"}}}
	if change != nil {
		change(&j.Spec)
	}
	return j
}

// ends waits for a Job to be Complete or Failed, and returns it.
func (h *Harness) ends(name string, how api.JobConditionType) *api.Job {
	h.T.Helper()
	var j *api.Job
	h.Eventually(func() (err error) {
		if j, err = client.Of[*api.Job](h.Client).Get(h.Ctx, "default", name); err != nil {
			return err
		}
		if end := api.JobFinished(j); end != how {
			return fmt.Errorf("job %s: want %s, have %q: %+v", name, how, end, j.Status)
		}
		return nil
	})
	return j
}

func TestJobRunsUntilEnoughPodsHaveSucceeded(t *testing.T) {
	h := Start(t, 1)
	Apply(h, job("five", 0, func(s *api.JobSpec) { s.Completions, s.Parallelism = api.Ptr[int32](5), api.Ptr[int32](2) }))
	done := h.ends("five", api.JobComplete)
	require.EqualValues(t, 5, done.Status.Succeeded)
	require.Zero(t, done.Status.Active+done.Status.Failed)
	require.True(t, done.Status.HasCondition(api.JobSuccessCriteriaMet))
	require.NotNil(t, done.Status.CompletionTime)
	for _, p := range h.Pods("job-name=five") {
		require.Empty(t, p.Finalizers, "a pod that is counted may go")
	}
}

func TestIndexedJobSucceedsOnceForEachIndex(t *testing.T) {
	h := Start(t, 1)
	Apply(h, job("parts", 0, func(s *api.JobSpec) {
		s.Completions, s.Parallelism, s.CompletionMode = api.Ptr[int32](4), api.Ptr[int32](4), api.Ptr(api.IndexedCompletion)
	}))
	require.Equal(t, "0-3", h.ends("parts", api.JobComplete).Status.CompletedIndexes)
	hosts := map[string]bool{}
	for _, p := range h.Pods("job-name=parts") {
		hosts[p.Spec.Hostname] = true
	}
	require.Equal(t, map[string]bool{"parts-0": true, "parts-1": true, "parts-2": true, "parts-3": true}, maps.Clone(hosts))
}

func TestJobFails(t *testing.T) {
	h := Start(t, 1)
	Apply(h, job("no-second-try", 1, func(s *api.JobSpec) { s.BackoffLimit = api.Ptr[int32](0) }))
	Apply(h, job("hopeless", 42, func(s *api.JobSpec) {
		s.PodFailurePolicy = &api.PodFailurePolicy{Rules: []api.PodFailurePolicyRule{{
			Action:      api.PodFailurePolicyActionFailJob,
			OnExitCodes: &api.PodFailurePolicyOnExitCodesRequirement{Operator: api.PodFailurePolicyOnExitCodesOpIn, Values: []int32{42}},
		}}}
	}))
	Apply(h, job("slow", 0, func(s *api.JobSpec) {
		s.Template.Annotations["simulated.kubelite.io/run-seconds"] = "600"
		s.Template.Spec.TerminationGracePeriodSeconds = api.Ptr[int64](1)
		s.ActiveDeadlineSeconds = api.Ptr[int64](1)
	}))
	for name, reason := range map[string]string{
		"no-second-try": api.JobReasonBackoffLimitExceeded, "hopeless": api.JobReasonPodFailurePolicy, "slow": api.JobReasonDeadlineExceeded,
	} {
		failed := h.ends(name, api.JobFailed)
		require.Equal(t, reason, failed.Status.Condition(api.JobFailed).Reason, name)
		require.EqualValues(t, 1, failed.Status.Failed, name)
	}
}

func TestSuspendedJobHasNoPods(t *testing.T) {
	h := Start(t, 1)
	jobs := client.Of[*api.Job](h.Client)
	suspend := func(on bool) {
		_, err := jobs.Patch(h.Ctx, "default", "pause", api.MergePatchType, []byte(fmt.Sprintf(`{"spec":{"suspend":%v}}`, on)))
		require.NoError(t, err)
	}
	Apply(h, job("pause", 0, func(s *api.JobSpec) {
		s.Template.Annotations["simulated.kubelite.io/run-seconds"] = "600"
		s.Template.Spec.TerminationGracePeriodSeconds = api.Ptr[int64](0)
	}))
	h.Eventually(h.PodsReady("job-name=pause", 1))
	suspend(true)
	h.Eventually(h.PodsReady("job-name=pause", 0))
	h.Eventually(func() error {
		j, err := jobs.Get(h.Ctx, "default", "pause")
		if err == nil && (!j.Status.HasCondition(api.JobSuspended) || j.Status.StartTime != nil || j.Status.Failed != 0) {
			err = fmt.Errorf("not suspended: %+v", j.Status)
		}
		return err
	})
	suspend(false)
	h.Eventually(h.PodsReady("job-name=pause", 1))
}

func TestFinishedJobIsDeletedAfterAWhile(t *testing.T) {
	h := Start(t, 1)
	Apply(h, job("brief", 0, func(s *api.JobSpec) { s.TTLSecondsAfterFinished = api.Ptr[int32](0) }))
	h.Eventually(func() error {
		if _, err := client.Of[*api.Job](h.Client).Get(h.Ctx, "default", "brief"); !api.IsNotFound(err) {
			return fmt.Errorf("still there: %v", err)
		}
		return equal("pods", 0, len(h.Pods("job-name=brief")))
	})
}

// A pod of a Job that is deleted behind its back is gone when the Job is: nothing is left to count it.
func TestPodsOfADeletedJobCanGo(t *testing.T) {
	h := Start(t, 1)
	Apply(h, job("gone", 0, func(s *api.JobSpec) {
		s.Template.Annotations["simulated.kubelite.io/run-seconds"] = "600"
		s.Template.Spec.TerminationGracePeriodSeconds = api.Ptr[int64](0)
	}))
	h.Eventually(h.PodsReady("job-name=gone", 1))
	require.NoError(t, client.Of[*api.Job](h.Client).Delete(h.Ctx, "default", "gone", api.DeleteOptions{PropagationPolicy: api.Ptr(api.DeletePropagationBackground)}))
	h.Eventually(func() error {
		page, err := client.Of[*api.Pod](h.Client).List(h.Ctx, "default", client.ListOptions{LabelSelector: "job-name=gone"})
		if err != nil {
			return err
		}
		return equal("pods", 0, len(page.Items))
	})
}

func TestCronJobMakesJobsByTheClock(t *testing.T) {
	h := Start(t, 1)
	cron := api.New[*api.CronJob]()
	cron.Name = "tick"
	cron.Spec = api.CronJobSpec{Schedule: "@every 1s", JobTemplate: api.JobTemplateSpec{Spec: job("", 0, nil).Spec}}
	cron.Spec.SuccessfulJobsHistoryLimit = api.Ptr[int32](1)
	Apply(h, cron)
	h.Eventually(func() error {
		c, err := client.Of[*api.CronJob](h.Client).Get(h.Ctx, "default", "tick")
		if err == nil && (c.Status.LastScheduleTime == nil || c.Status.LastSuccessfulTime == nil) {
			err = fmt.Errorf("nothing has run: %+v", c.Status)
		}
		return err
	})
}

func TestReplicationControllerReplacesPods(t *testing.T) {
	h := Start(t, 1)
	rc := api.New[*api.ReplicationController]()
	rc.Name = "old"
	rc.Spec.Replicas = api.Ptr[int32](2)
	rc.Spec.Template = api.Ptr(deployment("old", 1, "web:v1").Spec.Template)
	Apply(h, rc)
	h.Eventually(h.PodsReady("app=old", 2))
	victim := h.Pods("app=old")[0]
	require.Equal(t, "ReplicationController", api.ControllerOf(victim).Kind)
	require.NoError(t, client.Of[*api.Pod](h.Client).Delete(h.Ctx, "default", victim.Name, api.DeleteOptions{}))
	h.Eventually(h.PodsReady("app=old", 2))
	h.Eventually(func() error {
		got, err := client.Of[*api.ReplicationController](h.Client).Get(h.Ctx, "default", "old")
		if err != nil {
			return err
		}
		return equal("available", 2, int(got.Status.AvailableReplicas))
	})
}

func TestDisruptionBudgetHoldsEvictionsBack(t *testing.T) {
	h := Start(t, 1)
	Apply(h, deployment("web", 3, "web:v1"))
	h.Eventually(h.PodsReady("app=web", 3))
	budget := api.New[*api.PodDisruptionBudget]()
	budget.Name = "web"
	budget.Spec = api.PodDisruptionBudgetSpec{MaxUnavailable: api.Ptr(api.FromInt(0)), Selector: &api.LabelSelector{MatchLabels: map[string]string{"app": "web"}}}
	Apply(h, budget)
	budgets := client.Of[*api.PodDisruptionBudget](h.Client)
	allows := func(n, healthy int) Check {
		return func() error {
			b, err := budgets.Get(h.Ctx, "default", "web")
			if err == nil && b.Status.ObservedGeneration != b.Generation {
				err = fmt.Errorf("not looked at yet: %+v", b.Status)
			}
			if err != nil {
				return err
			}
			return errors.Join(equal("disruptions allowed", n, int(b.Status.DisruptionsAllowed)), equal("healthy", healthy, int(b.Status.CurrentHealthy)))
		}
	}
	h.Eventually(allows(0, 3))
	err := h.evict(h.Pods("app=web")[0].Name)
	require.True(t, api.IsTooManyRequests(err), "%v", err)
	require.ErrorContains(t, err, "Cannot evict pod as it would violate the pod's disruption budget.")

	_, err = budgets.Patch(h.Ctx, "default", "web", api.MergePatchType, []byte(`{"spec":{"maxUnavailable":"50%"}}`))
	require.NoError(t, err)
	h.Eventually(allows(2, 3))
	require.NoError(t, h.evict(h.Pods("app=web")[0].Name))
	h.Eventually(h.PodsReady("app=web", 3))
	h.Eventually(allows(2, 3))
}

// TestTrackedPodsOfOthers: the finalizer by which Jobs count is taken from pods that no Job has, and left to pods of other
// owners.
func TestTrackedPodsOfOthers(t *testing.T) {
	h := Start(t, 1)
	web := deployment("web", 1, "web:v1")
	web.Spec.Template.Finalizers = []string{api.JobTrackingFinalizer}
	Apply(h, web)
	h.Eventually(h.PodsReady("app=web", 1))
	Apply(h, &api.Pod{ObjectMeta: api.ObjectMeta{Name: "stray", Finalizers: []string{api.JobTrackingFinalizer}}, Spec: api.PodSpec{Containers: []api.Container{{Name: "c", Image: "x"}}}})
	h.Eventually(func() error { return equal("finalizers", 0, len(h.Pod("stray").Finalizers)) })
	require.Equal(t, []string{api.JobTrackingFinalizer}, h.Pods("app=web")[0].Finalizers)
}

func (h *Harness) evict(pod string) error {
	eviction := api.New[*api.Eviction]()
	eviction.Name, eviction.Namespace = pod, "default"
	body, err := api.MarshalJSON(eviction)
	require.NoError(h.T, err)
	_, err = h.Client.Do(h.Ctx, client.Request{Method: http.MethodPost, Path: api.KindOf[*api.Pod]().Path("default", pod) + "/eviction", Body: body})
	return err
}

// TestPodIsCountedWhoseJobIsNotKnownYet: to the controllers a pod comes before its Job, and ends. It is no stray for that.
func TestPodIsCountedWhoseJobIsNotKnownYet(t *testing.T) {
	h := Start(t, 1)
	h.late("jobs", time.Second)
	j := Apply(h, job("counted", 0, nil))
	pod := &api.Pod{
		ObjectMeta: api.ObjectMeta{
			Name: "counted-by-hand", Labels: j.Spec.Template.Labels, Annotations: j.Spec.Template.Annotations,
			Finalizers: []string{api.JobTrackingFinalizer}, OwnerReferences: []api.OwnerReference{api.NewControllerRef(j)},
		},
		Spec: j.Spec.Template.Spec,
	}
	Apply(h, pod)
	require.EqualValues(t, 1, h.ends("counted", api.JobComplete).Status.Succeeded)
	require.Equal(t, []string{"counted-by-hand"}, names(h.Pods("batch.kubernetes.io/job-name=counted")))
}
