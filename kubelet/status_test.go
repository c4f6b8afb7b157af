package kubelet

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"kubelite/api"
)

func computed(v statusView) api.PodStatus {
	if v.last == nil {
		v.last = &api.PodStatus{}
	}
	if v.probes == nil {
		v.probes = healthy
	}
	v.now, v.hostIP, v.runtime = noon, "192.168.0.7", "docker"
	return computeStatus(v)
}

func TestPhase(t *testing.T) {
	backoff := map[string]waitingReason{"a": {reasonCrashLoopBackOff, "back-off 10s"}}
	deadOne := runtimePod(exited("a", 0))
	deadOne.Sandboxes[0].Ready = false
	tests := []struct {
		name string
		view statusView
		want api.PodPhase
	}{
		{"nothing there yet", statusView{pod: testPod("a"), seen: &RuntimePod{}}, api.PodPending},
		{"one runs, one is missing", statusView{pod: testPod("a", "b"), seen: runtimePod(running("a"))}, api.PodPending},
		{"all run", statusView{pod: testPod("a", "b"), seen: runtimePod(running("a"), running("b"))}, api.PodRunning},
		{"one crashed and will be back", statusView{pod: testPod("a"), seen: runtimePod(exited("a", 1)), waiting: backoff}, api.PodRunning},
		{"init runs", statusView{pod: withInit(testPod("a"), "init"), seen: runtimePod(running("init"))}, api.PodPending},
		{"init failed for good", statusView{pod: withPolicy(withInit(testPod("a"), "init"), api.RestartPolicyNever), seen: runtimePod(exited("init", 1))}, api.PodFailed},
		{"init failed and will be back", statusView{pod: withInit(testPod("a"), "init"), seen: runtimePod(exited("init", 1))}, api.PodPending},
		{"sidecar runs, main is missing", statusView{pod: withSidecar(testPod("a"), "proxy"), seen: runtimePod(running("proxy"))}, api.PodPending},
		{"ended well, its sandbox still there", statusView{pod: withPolicy(testPod("a"), api.RestartPolicyNever), seen: runtimePod(exited("a", 0)), last: &api.PodStatus{Phase: api.PodRunning}}, api.PodRunning},
		{"ended well and stopped", statusView{pod: withPolicy(testPod("a"), api.RestartPolicyNever), seen: deadOne, stopped: true}, api.PodSucceeded},
		{"ended badly and stopped", statusView{pod: withPolicy(testPod("a", "b"), api.RestartPolicyNever), seen: runtimePod(exited("a", 1), exited("b", 0)), stopped: true}, api.PodFailed},
		{"stopped before it ran", statusView{pod: testPod("a"), seen: &RuntimePod{}, stopped: true}, api.PodFailed},
		{"no way back", statusView{pod: testPod("a"), seen: runtimePod(running("a")), last: &api.PodStatus{Phase: api.PodSucceeded}}, api.PodSucceeded},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) { require.Equal(t, test.want, computed(test.view).Phase) })
	}
}

func TestStatusOfARunningPod(t *testing.T) {
	c := attempt(1, running("a"))
	c.ImageID = "sha256:1"
	s := computed(statusView{pod: testPod("a"), seen: runtimePod(c, exited("a", 3))})

	require.Equal(t, "10.244.1.2", s.PodIP)
	require.Equal(t, []api.PodIP{{IP: "10.244.1.2"}}, s.PodIPs)
	require.Equal(t, "192.168.0.7", s.HostIP)
	require.Equal(t, api.PodQOSBestEffort, s.QOSClass)
	require.Equal(t, noon, s.StartTime.Time)
	require.Equal(t, int64(1), s.ObservedGeneration)

	a := s.ContainerStatuses[0]
	require.True(t, a.Ready)
	require.True(t, *a.Started)
	require.Equal(t, int32(1), a.RestartCount)
	require.Equal(t, "docker://a-1", a.ContainerID)
	require.Equal(t, "sha256:1", a.ImageID)
	require.Equal(t, noon.Add(-time.Minute), a.State.Running.StartedAt.Time)
	require.Equal(t, int32(3), a.LastTerminationState.Terminated.ExitCode)

	var types []api.PodConditionType
	for _, c := range s.Conditions {
		types = append(types, c.Type)
		require.Equal(t, api.ConditionTrue, c.Status, c.Type)
	}
	require.Equal(t, []api.PodConditionType{api.PodReadyToStartContainers, api.PodInitialized, api.PodReady, api.ContainersReady, api.PodScheduled}, types)
}

func TestConditionsSayWhatIsMissing(t *testing.T) {
	pod := withInit(testPod("a", "b"), "init")
	s := computed(statusView{pod: pod, seen: runtimePod(running("init"))})
	initialized := findCondition(s.Conditions, api.PodInitialized)
	require.Equal(t, "ContainersNotInitialized", initialized.Reason)
	require.Equal(t, "containers with incomplete status: [init]", initialized.Message)
	ready := findCondition(s.Conditions, api.PodReady)
	require.Equal(t, "ContainersNotReady", ready.Reason)
	require.Equal(t, "containers with unready status: [a b]", ready.Message)
	require.Equal(t, "PodInitializing", s.ContainerStatuses[0].State.Waiting.Reason)
	require.True(t, *s.InitContainerStatuses[0].Started)
	require.False(t, s.InitContainerStatuses[0].Ready)

	pod = testPod("a")
	pod.Spec.ReadinessGates = []api.PodReadinessGate{{ConditionType: "example.com/lb"}}
	s = computed(statusView{pod: pod, seen: runtimePod(running("a"))})
	require.Equal(t, "ReadinessGatesNotReady", findCondition(s.Conditions, api.PodReady).Reason)
	require.Equal(t, api.ConditionTrue, findCondition(s.Conditions, api.ContainersReady).Status)

	s = computed(statusView{pod: withPolicy(testPod("a"), api.RestartPolicyNever), seen: runtimePod(exited("a", 0)), stopped: true})
	require.Equal(t, "PodCompleted", findCondition(s.Conditions, api.PodReady).Reason)
	require.Equal(t, "PodCompleted", findCondition(s.Conditions, api.PodInitialized).Reason)

	s = computed(statusView{pod: testPod("a", "b"), seen: runtimePod(exited("a", 1)), stopped: true})
	require.Equal(t, api.PodFailed, s.Phase)
	require.Equal(t, "containers with unready status: [a b]", findCondition(s.Conditions, api.PodReady).Message, "b never ran")
	s = computed(statusView{pod: testPod("a"), seen: runtimePod(exited("a", 1)), stopped: true})
	require.Equal(t, "PodFailed", findCondition(s.Conditions, api.PodReady).Reason)
}

func TestConditionsKeepTheirTimeAndOthersConditions(t *testing.T) {
	pod := testPod("a")
	pod.Status.Conditions = []api.PodCondition{{Type: "example.com/lb", Status: api.ConditionTrue}}
	hour := api.Time{Time: noon.Add(-time.Hour)}
	last := &api.PodStatus{Conditions: []api.PodCondition{
		{Type: api.PodScheduled, Status: api.ConditionTrue, LastTransitionTime: hour},
		{Type: api.PodReady, Status: api.ConditionFalse, LastTransitionTime: hour},
	}}
	s := computed(statusView{pod: pod, seen: runtimePod(running("a")), last: last})
	require.NotNil(t, findCondition(s.Conditions, "example.com/lb"))
	require.Equal(t, hour, findCondition(s.Conditions, api.PodScheduled).LastTransitionTime)
	require.Equal(t, noon, findCondition(s.Conditions, api.PodReady).LastTransitionTime.Time)
}

func TestWaitingContainers(t *testing.T) {
	s := computed(statusView{pod: testPod("a"), seen: runtimePod(exited("a", 1)), waiting: map[string]waitingReason{"a": {reasonCrashLoopBackOff, "back-off 10s"}}})
	a := s.ContainerStatuses[0]
	require.Equal(t, "CrashLoopBackOff", a.State.Waiting.Reason)
	require.Equal(t, int32(1), a.LastTerminationState.Terminated.ExitCode)
	require.False(t, a.Ready)

	s = computed(statusView{pod: testPod("a"), seen: runtimePod(), waiting: map[string]waitingReason{"a": {reasonErrImagePull, "not found"}}})
	require.Equal(t, "ErrImagePull", s.ContainerStatuses[0].State.Waiting.Reason)
	require.Equal(t, api.PodPending, s.Phase)
}

func TestContainersThatVanished(t *testing.T) {
	ran := api.ContainerStatus{Name: "a", ContainerID: "docker://old", State: api.ContainerState{Running: &api.ContainerStateRunning{}}}
	last := &api.PodStatus{Phase: api.PodRunning, ContainerStatuses: []api.ContainerStatus{ran}}

	s := computed(statusView{pod: testPod("a"), seen: runtimePod(), last: last})
	require.Equal(t, unknownReason, s.ContainerStatuses[0].LastTerminationState.Terminated.Reason)
	require.Equal(t, api.PodRunning, s.Phase, "it will be back")

	s = computed(statusView{pod: testPod("a"), seen: runtimePod(attempt(1, running("a"))), last: last})
	require.Equal(t, "docker://old", s.ContainerStatuses[0].LastTerminationState.Terminated.ContainerID)

	s = computed(statusView{pod: testPod("a"), seen: &RuntimePod{}, last: last, stopped: true})
	require.Equal(t, unknownReason, s.ContainerStatuses[0].State.Terminated.Reason)
	require.Equal(t, api.PodFailed, s.Phase)
}

func TestAllContainersAreRestarted(t *testing.T) {
	pod := onExit(withInit(testPod("a", "b"), "init"), 42, api.ContainerRestartRuleActionRestartAllContainers)
	pod.Spec.RestartPolicy = api.RestartPolicyNever
	before := computed(statusView{pod: pod, seen: runtimePod(running("a"), running("b"), exited("init", 0))})
	require.Equal(t, api.ConditionFalse, before.Condition(api.AllContainersRestarting).Status)

	asked := computed(statusView{pod: pod, last: &before, seen: runtimePod(exited("a", 42), running("b"), exited("init", 0))})
	require.Equal(t, "RestartAllContainersStarted", asked.Condition(api.AllContainersRestarting).Reason)
	require.Equal(t, int32(42), asked.ContainerStatuses[0].State.Terminated.ExitCode)

	removed := computed(statusView{pod: pod, last: &asked, seen: runtimePod()})
	require.Equal(t, api.ConditionFalse, removed.Condition(api.AllContainersRestarting).Status)
	require.Equal(t, api.ConditionTrue, removed.Condition(api.PodInitialized).Status, "it has been initialized once")
	require.False(t, removed.Phase.Ended())
	for _, c := range append(removed.InitContainerStatuses, removed.ContainerStatuses...) {
		require.Equal(t, restartingAllReason, c.State.Waiting.Reason, c.Name)
		require.Equal(t, restartingAllReason, c.LastTerminationState.Terminated.Reason, c.Name)
		require.Equal(t, int32(1), c.RestartCount, c.Name)
	}

	again := computed(statusView{pod: pod, last: &removed, seen: runtimePod(attempt(1, running("init")))})
	require.Equal(t, api.PodPending, again.Phase)
	require.Equal(t, int32(1), again.InitContainerStatuses[0].RestartCount)
	require.Equal(t, restartingAllReason, again.InitContainerStatuses[0].LastTerminationState.Terminated.Reason)
	require.Equal(t, int32(1), again.ContainerStatuses[0].RestartCount)
}

func TestReadinessFollowsProbes(t *testing.T) {
	pod := testPod("a")
	pod.Spec.Containers[0].ReadinessProbe = &api.Probe{}
	pod.Spec.Containers[0].StartupProbe = &api.Probe{}
	for _, test := range []struct {
		probes         probeResults
		started, ready bool
	}{
		{probeResults{}, false, false},
		{probeResults{readiness: probeSuccess}, false, false},
		{probeResults{startup: probeSuccess}, true, false},
		{probeResults{startup: probeSuccess, readiness: probeSuccess}, true, true},
		{probeResults{startup: probeSuccess, readiness: probeFailure}, true, false},
	} {
		s := computed(statusView{pod: pod, seen: runtimePod(running("a")), probes: func(string) probeResults { return test.probes }})
		require.Equal(t, test.started, *s.ContainerStatuses[0].Started, test.probes)
		require.Equal(t, test.ready, s.ContainerStatuses[0].Ready, test.probes)
	}
}

func TestDeadlineExceeded(t *testing.T) {
	failure := &podFailure{Reason: deadlineReason, Message: deadlineMessage}
	s := computed(statusView{pod: testPod("a"), seen: runtimePod(exited("a", 0)), failure: failure, stopped: true})
	require.Equal(t, api.PodFailed, s.Phase)
	require.Equal(t, "DeadlineExceeded", s.Reason)

	// And it stays that way when looked at again.
	again := computed(statusView{pod: testPod("a"), seen: runtimePod(exited("a", 0)), last: &s, stopped: true})
	require.Equal(t, "DeadlineExceeded", again.Reason)
}

func TestAPodWhoseInitContainerFailsIsNotReadyBecauseItFailed(t *testing.T) {
	s := computed(statusView{pod: withPolicy(withInit(testPod("a"), "init"), api.RestartPolicyNever), seen: runtimePod(exited("init", 1)), stopped: true})
	require.Equal(t, api.PodFailed, s.Phase)
	require.Equal(t, "PodFailed", findCondition(s.Conditions, api.ContainersReady).Reason)
}

func TestQOSClass(t *testing.T) {
	list := func(cpu, memory string) api.ResourceList {
		l := api.ResourceList{}
		if cpu != "" {
			l[api.ResourceCPU] = api.MustParse(cpu)
		}
		if memory != "" {
			l[api.ResourceMemory] = api.MustParse(memory)
		}
		return l
	}
	for _, test := range []struct {
		requests, limits api.ResourceList
		want             api.PodQOSClass
	}{
		{nil, nil, api.PodQOSBestEffort},
		{list("100m", ""), nil, api.PodQOSBurstable},
		{list("1", "1Gi"), list("1", "1Gi"), api.PodQOSGuaranteed},
		{list("1000m", "1024Mi"), list("1", "1Gi"), api.PodQOSGuaranteed},
		{list("1", "1Gi"), list("2", "1Gi"), api.PodQOSBurstable},
		{list("1", "1Gi"), list("1", ""), api.PodQOSBurstable},
	} {
		pod := testPod("a")
		pod.Spec.Containers[0].Resources = api.ResourceRequirements{Requests: test.requests, Limits: test.limits}
		require.Equal(t, test.want, api.PodQOS(&pod.Spec), test)
	}
}

func TestResourcesOfAWholePod(t *testing.T) {
	list := func(cpu, memory string) api.ResourceList {
		return api.ResourceList{api.ResourceCPU: api.MustParse(cpu), api.ResourceMemory: api.MustParse(memory)}
	}
	reports := func(want string, s api.PodStatus) {
		t.Helper()
		text, err := api.MarshalJSON(map[string]any{"resources": s.Resources, "allocated": s.AllocatedResources})
		require.NoError(t, err)
		require.JSONEq(t, want, string(text))
	}
	pod := testPod("a", "b")
	pod.Spec.Containers[0].Resources = api.ResourceRequirements{Requests: list("100m", "1Gi"), Limits: list("1", "2Gi")}
	pod.Spec.Containers[1].Resources = api.ResourceRequirements{Requests: list("200m", "1Gi"), Limits: api.ResourceList{api.ResourceCPU: api.MustParse("1")}}
	both := runtimePod(running("a"), running("b"))
	reports(`{"allocated": {"cpu": "300m", "memory": "2Gi"}, "resources": {"requests": {"cpu": "300m", "memory": "2Gi"}, "limits": {"cpu": "2", "memory": "2Gi"}}}`,
		computed(statusView{pod: pod, seen: &RuntimePod{}}))
	// One that is known to run has no limit of memory if one of its containers has none, and nothing that is not cpu or memory.
	pod.Status.Phase = api.PodRunning
	pod.Spec.Containers[0].Resources.Requests["example.com/dongle"] = api.MustParse("1")
	reports(`{"allocated": {"cpu": "300m", "memory": "2Gi", "example.com/dongle": "1"}, "resources": {"requests": {"cpu": "300m", "memory": "2Gi"}, "limits": {"cpu": "2"}}}`,
		computed(statusView{pod: pod, seen: both}))
	delete(pod.Spec.Containers[0].Resources.Requests, "example.com/dongle")

	pod.Spec.Resources = &api.ResourceRequirements{Requests: api.ResourceList{api.ResourceMemory: api.MustParse("3Gi")}, Limits: api.ResourceList{api.ResourceMemory: api.MustParse("4Gi")}}
	whole := computed(statusView{pod: pod, seen: both})
	reports(`{"allocated": {"cpu": "300m", "memory": "3Gi"}, "resources": {"requests": {"cpu": "300m", "memory": "3Gi"}, "limits": {"cpu": "2", "memory": "4Gi"}}}`, whole)
	changing := statusView{pod: resized(pod, "2"), seen: runtimePod(having(running("a"), 102, 100_000), running("b")), last: &whole}
	require.Equal(t, whole.Resources, computed(changing).Resources, "until the container has what it is to have")
}

func TestExplainStatus(t *testing.T) {
	nothing := &api.PodStatus{}
	pending := computed(statusView{pod: testPod("a"), seen: &RuntimePod{}})
	run := computed(statusView{pod: testPod("a"), seen: runtimePod(running("a")), last: &pending})
	crashed := computed(statusView{pod: testPod("a"), seen: runtimePod(exited("a", 137)), last: &run})
	held := computed(statusView{pod: testPod("a"), seen: runtimePod(exited("a", 137)), last: &crashed, waiting: map[string]waitingReason{"a": {reasonCrashLoopBackOff, "x"}}})
	again := computed(statusView{pod: testPod("a"), seen: runtimePod(attempt(1, running("a")), exited("a", 137)), last: &held})

	require.Equal(t, "container a waits: ContainerCreating: Pending", explainStatus(nothing, &pending))
	require.Equal(t, "container a started: Running", explainStatus(&pending, &run))
	require.Equal(t, "container a ended with exit code 137: Running", explainStatus(&run, &crashed))
	require.Equal(t, "container a waits: CrashLoopBackOff: Running", explainStatus(&crashed, &held))
	require.Equal(t, "container a started again (restart 1): Running", explainStatus(&held, &again))
	require.Empty(t, explainStatus(&again, &again))
}

func TestARejectedPodStaysAsItIs(t *testing.T) {
	pod := testPod("a")
	view := statusView{pod: pod, seen: &RuntimePod{}, last: &api.PodStatus{}, probes: healthy, stopped: true, now: noon,
		failure: &podFailure{Reason: "OutOfcpu", Message: "Pod was rejected: no cpu", rejected: true}}
	rejected := computeStatus(view)
	require.Equal(t, api.PodFailed, rejected.Phase)
	require.Equal(t, "OutOfcpu", rejected.Reason)
	require.Nil(t, rejected.ContainerStatuses)

	// The next look does not know of the failure any more, and must not make up containers.
	view.failure, view.last = nil, &rejected
	require.Equal(t, rejected, computeStatus(view))
}
