package controllers

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"kubelite/api"
)

func testJob(change func(spec *api.JobSpec)) *api.Job {
	job := &api.Job{ObjectMeta: api.ObjectMeta{Namespace: "default", Name: "job", UID: "job-uid"}}
	job.Spec = api.JobSpec{Completions: api.Ptr[int32](3), Parallelism: api.Ptr[int32](2), BackoffLimit: api.Ptr[int32](6), Template: testTemplate("v1")}
	job.Spec.Template.Spec.RestartPolicy = api.RestartPolicyNever
	if change != nil {
		change(&job.Spec)
	}
	return job
}

func indexedJob(change func(spec *api.JobSpec)) *api.Job {
	return testJob(func(s *api.JobSpec) {
		s.CompletionMode = api.Ptr(api.IndexedCompletion)
		if change != nil {
			change(s)
		}
	})
}

func tracked(pod *api.Pod) { pod.Finalizers = []string{api.JobTrackingFinalizer} }

func leaving(pod *api.Pod) { pod.DeletionTimestamp = api.Ptr(at(0)) }

func index(i int) func(*api.Pod) {
	return func(pod *api.Pod) {
		pod.Annotations = map[string]string{api.JobCompletionIndexAnnotation: strconv.Itoa(i)}
	}
}

func failedTimes(n int) func(*api.Pod) {
	return func(pod *api.Pod) { pod.Annotations[api.JobIndexFailureCountAnnotation] = strconv.Itoa(n) }
}

// exited ends the pod's container at a time relative to testNow.
func exited(code int32, when time.Duration) func(*api.Pod) {
	return func(pod *api.Pod) {
		pod.Status.Phase = api.PodFailed
		if code == 0 {
			pod.Status.Phase = api.PodSucceeded
		}
		pod.Status.ContainerStatuses = []api.ContainerStatus{{Name: "web", State: api.ContainerState{
			Terminated: &api.ContainerStateTerminated{ExitCode: code, FinishedAt: at(when)},
		}}}
	}
}

func pods(list ...[]func(*api.Pod)) []*api.Pod {
	var out []*api.Pod
	for i, options := range list {
		out = append(out, testPod(fmt.Sprintf("p%d", i), append(options, tracked)...))
	}
	return out
}

type with = []func(*api.Pod)

func TestPlanJobPods(t *testing.T) {
	for name, test := range map[string]struct {
		job     *api.Job
		pods    []*api.Pod
		create  int
		indexes []int32
		remove  int
		wait    time.Duration
	}{
		"as many as may run":                    {job: testJob(nil), create: 2},
		"never more than are still needed":      {job: testJob(nil), pods: pods(with{exited(0, 0)}, with{exited(0, 0)}), create: 1},
		"those that run count":                  {job: testJob(nil), pods: pods(with{}), create: 1},
		"nothing to do":                         {job: testJob(nil), pods: pods(with{}, with{})},
		"too many":                              {job: testJob(nil), pods: pods(with{}, with{}, with{}), remove: 1},
		"suspended":                             {job: testJob(func(s *api.JobSpec) { s.Suspend = api.Ptr(true) }), pods: pods(with{}, with{}), remove: 2},
		"any success is the success of the Job": {job: testJob(func(s *api.JobSpec) { s.Completions = nil }), pods: pods(with{exited(0, 0)}, with{})},
		"a failed pod is replaced after ten seconds": {
			job: testJob(nil), pods: pods(with{exited(1, -4*time.Second)}), wait: 6 * time.Second,
		},
		"and then": {job: testJob(nil), pods: pods(with{exited(1, -11*time.Second)}), create: 2},
		"a pod on its way out is replaced at once": {
			job: testJob(nil), pods: pods(with{leaving, func(p *api.Pod) { p.DeletionTimestamp = api.Ptr(at(-time.Minute)) }}), create: 2,
		},
		"or when it has ended": {
			job: testJob(func(s *api.JobSpec) { s.PodReplacementPolicy = api.Ptr(api.PodReplacementFailed) }), pods: pods(with{leaving}), create: 1,
		},
		"the lowest indexes": {job: indexedJob(nil), pods: pods(with{index(0), exited(0, 0)}), create: 2, indexes: []int32{1, 2}},
		"one pod for an index, and none beyond": {
			job: indexedJob(nil), pods: pods(with{index(0)}, with{index(0)}, with{index(7)}), remove: 2,
		},
		"each index waits for itself": {
			job:  indexedJob(func(s *api.JobSpec) { s.BackoffLimitPerIndex = api.Ptr[int32](2) }),
			pods: pods(with{index(0), exited(1, 0)}), create: 1, indexes: []int32{1},
		},
	} {
		t.Run(name, func(t *testing.T) {
			plan := planJobPods(observeJob(test.job, test.pods, jobBackoff{}, testNow))
			require.Equal(t, test.create, plan.create)
			require.Equal(t, test.indexes, plan.indexes)
			require.Len(t, plan.remove, test.remove)
			require.Equal(t, test.wait, plan.wait)
		})
	}
}

func TestJobVerdict(t *testing.T) {
	codes := func(action api.PodFailurePolicyAction, values ...int32) func(s *api.JobSpec) {
		return func(s *api.JobSpec) {
			s.BackoffLimit = api.Ptr[int32](0)
			s.PodFailurePolicy = &api.PodFailurePolicy{Rules: []api.PodFailurePolicyRule{{Action: action,
				OnExitCodes: &api.PodFailurePolicyOnExitCodesRequirement{Operator: api.PodFailurePolicyOnExitCodesOpIn, Values: values}}}}
		}
	}
	started := func(job *api.Job, before time.Duration) *api.Job {
		job.Status.StartTime = api.Ptr(at(-before))
		return job
	}
	for name, test := range map[string]struct {
		job             *api.Job
		pods            []*api.Pod
		verdict, reason string
		message         string
	}{
		"open":               {job: testJob(nil), pods: pods(with{exited(1, 0)})},
		"failed too often":   {job: testJob(func(s *api.JobSpec) { s.BackoffLimit = api.Ptr[int32](0) }), pods: pods(with{exited(1, 0)}), verdict: "FailureTarget", reason: "BackoffLimitExceeded"},
		"a failure ignored":  {job: testJob(codes(api.PodFailurePolicyActionIgnore, 3)), pods: pods(with{exited(3, 0)})},
		"another is counted": {job: testJob(codes(api.PodFailurePolicyActionIgnore, 3)), pods: pods(with{exited(4, 0)}), verdict: "FailureTarget", reason: "BackoffLimitExceeded"},
		"a failure that is the end": {
			job: testJob(codes(api.PodFailurePolicyActionFailJob, 3)), pods: pods(with{exited(3, 0)}), verdict: "FailureTarget", reason: "PodFailurePolicy",
			message: "Container web for pod default/p0 failed with exit code 3 matching FailJob rule at index 0",
		},
		"a failure that was our own doing": {
			job: testJob(codes(api.PodFailurePolicyActionFailJob, 137)), pods: []*api.Pod{testPod("p0", leaving, exited(137, 0))},
		},
		"out of time": {job: started(testJob(func(s *api.JobSpec) { s.ActiveDeadlineSeconds = api.Ptr[int64](5) }), 5*time.Second), verdict: "FailureTarget", reason: "DeadlineExceeded"},
		"in time":     {job: started(testJob(func(s *api.JobSpec) { s.ActiveDeadlineSeconds = api.Ptr[int64](5) }), 4*time.Second)},
		"an index has failed, others go on": {
			job: indexedJob(func(s *api.JobSpec) { s.BackoffLimitPerIndex = api.Ptr[int32](1) }), pods: pods(with{index(0), failedTimes(1), exited(1, 0)}),
		},
		"all that can succeed have": {
			job:  indexedJob(func(s *api.JobSpec) { s.BackoffLimitPerIndex = api.Ptr[int32](1) }),
			pods: pods(with{index(0), failedTimes(1), exited(1, 0)}, with{index(1), exited(0, 0)}, with{index(2), exited(0, 0)}), verdict: "FailureTarget", reason: "FailedIndexes",
		},
		"too many indexes have failed": {
			job: indexedJob(func(s *api.JobSpec) {
				s.BackoffLimitPerIndex, s.MaxFailedIndexes = api.Ptr[int32](0), api.Ptr[int32](1)
			}),
			pods: pods(with{index(0), exited(1, 0)}, with{index(1), exited(1, 0)}), verdict: "FailureTarget", reason: "MaxFailedIndexesExceeded",
		},
		"enough indexes have succeeded": {
			job: indexedJob(func(s *api.JobSpec) {
				s.SuccessPolicy = &api.SuccessPolicy{Rules: []api.SuccessPolicyRule{{SucceededIndexes: api.Ptr("0,2")}, {SucceededIndexes: api.Ptr("0-1"), SucceededCount: api.Ptr[int32](1)}}}
			}),
			pods: pods(with{index(1), exited(0, 0)}), verdict: "SuccessCriteriaMet", reason: "SuccessPolicy", message: "Matched rules at index 1",
		},
	} {
		t.Run(name, func(t *testing.T) {
			verdict := api.Deref(observeJob(test.job, test.pods, jobBackoff{}, testNow).verdict(), api.JobCondition{})
			require.Equal(t, test.verdict, string(verdict.Type))
			require.Equal(t, test.reason, verdict.Reason)
			if test.message != "" {
				require.Equal(t, test.message, verdict.Message)
			}
		})
	}
}

// Each pod is counted once, wherever the process stops.
func TestJobCountsEachPodOnce(t *testing.T) {
	job := testJob(nil)
	ended := pods(with{exited(0, 0)}, with{exited(1, 0)}, with{})
	pass := observeJob(job, ended, jobBackoff{}, testNow)
	release, all := pass.note(nil)
	require.True(t, all)
	require.Equal(t, ended[:2], release)
	status := &pass.job.Status
	require.Equal(t, &api.UncountedTerminatedPods{Succeeded: []api.UID{"p0-uid"}, Failed: []api.UID{"p1-uid"}}, status.UncountedTerminatedPods)
	require.Zero(t, status.Succeeded+status.Failed)

	// The process stops here; the next sees the list, and the finalizers.
	pass = observeJob(pass.job, ended, jobBackoff{}, testNow)
	require.EqualValues(t, 1, pass.succeeded)
	release, _ = pass.note(nil)
	require.Equal(t, ended[:2], release)
	require.Len(t, pass.job.Status.UncountedTerminatedPods.Succeeded, 1, "not noted twice")

	// It stops again when one finalizer is gone.
	settle(&pass.job.Status, map[api.UID]bool{"p1-uid": true})
	require.EqualValues(t, 1, pass.job.Status.Succeeded)
	require.Equal(t, []api.UID{"p1-uid"}, pass.job.Status.UncountedTerminatedPods.Failed)
	settle(&pass.job.Status, nil)
	require.EqualValues(t, 1, pass.job.Status.Failed)
	require.Equal(t, &api.UncountedTerminatedPods{}, pass.job.Status.UncountedTerminatedPods)
}

// A Job that is suspended has no start time, and one that is over must have one.
func TestWhatIsOverHasBegun(t *testing.T) {
	pass := observeJob(testJob(func(s *api.JobSpec) { s.Suspend = api.Ptr(true) }), nil, jobBackoff{}, testNow)
	require.Nil(t, pass.job.Status.StartTime)
	require.True(t, pass.finish(pass.condition(api.JobFailed, api.JobReasonPodFailurePolicy, "")))
	require.Equal(t, at(0), *pass.job.Status.StartTime)
}

func TestJobBackoff(t *testing.T) {
	for failures, want := range map[int32]time.Duration{0: 0, 1: 10 * time.Second, 2: 20 * time.Second, 4: 80 * time.Second, 30: 10 * time.Minute} {
		require.Equal(t, want, jobBackoff{failures: failures, last: testNow}.remaining(testNow), failures)
	}
	failed := pods(with{exited(1, -3*time.Minute)}, with{exited(1, -time.Minute)})
	b := jobBackoff{failures: 2, last: testNow.Add(-time.Hour)}.after(nil, failed)
	require.Equal(t, jobBackoff{failures: 4, last: testNow.Add(-time.Minute)}, b)
	b = b.after(pods(with{exited(0, -2*time.Minute)}), failed)
	require.Equal(t, jobBackoff{failures: 1, last: testNow.Add(-time.Minute)}, b, "a success wipes out what was before it")
}
