package kubelet

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"kubelite/api"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

// testPod makes a pod of main containers by name.
func testPod(containers ...string) *api.Pod {
	pod := &api.Pod{ObjectMeta: api.ObjectMeta{Namespace: "default", Name: "web", UID: "u1", Generation: 1}}
	pod.Spec.RestartPolicy = api.RestartPolicyAlways
	for _, name := range containers {
		pod.Spec.Containers = append(pod.Spec.Containers, api.Container{Name: name, Image: name + ":1"})
	}
	return pod
}

func withInit(pod *api.Pod, names ...string) *api.Pod {
	for _, name := range names {
		pod.Spec.InitContainers = append(pod.Spec.InitContainers, api.Container{Name: name, Image: name + ":1"})
	}
	return pod
}

func withSidecar(pod *api.Pod, name string) *api.Pod {
	pod.Spec.InitContainers = append(pod.Spec.InitContainers, api.Container{
		Name: name, Image: name + ":1", RestartPolicy: api.Ptr(api.ContainerRestartPolicyAlways),
	})
	return pod
}

func withPolicy(pod *api.Pod, policy api.RestartPolicy) *api.Pod {
	pod.Spec.RestartPolicy = policy
	return pod
}

// runtimePod makes what the runtime has: a sandbox "s0" that is ready, and containers, newest first.
func runtimePod(containers ...*RuntimeContainer) *RuntimePod {
	return &RuntimePod{UID: "u1", Sandboxes: []*Sandbox{{ID: "s0", Ready: true, IP: "10.244.1.2"}}, Containers: containers}
}

func inDeadSandbox(pod *RuntimePod) *RuntimePod {
	pod.Sandboxes[0].Ready = false
	return pod
}

func running(name string) *RuntimeContainer {
	return &RuntimeContainer{
		ID: name + "-0", SandboxID: "s0", Name: name, State: ContainerRunning, StartedAt: noon.Add(-time.Minute), Image: name + ":1",
		Hash: hashContainer(&api.Container{Name: name, Image: name + ":1"}),
	}
}

func exited(name string, code int) *RuntimeContainer {
	c := running(name)
	c.State, c.ExitCode, c.FinishedAt, c.Reason = ContainerExited, code, noon.Add(-time.Second), "Error"
	if code == 0 {
		c.Reason = "Completed"
	}
	return c
}

func attempt(n int, c *RuntimeContainer) *RuntimeContainer {
	c.Attempt, c.ID = n, c.Name+"-"+string(rune('0'+n))
	return c
}

func healthy(string) probeResults { return probeResults{liveness: probeSuccess} }

// planned is a plan in few words, for the table.
type planned struct {
	terminate string
	sandbox   bool
	attempt   int
	kill      []string
	resize    []string
	start     []string // "name/attempt"
	hold      []string // "name until"
	remove    []string
}

func summarize(p podPlan) planned {
	out := planned{terminate: p.Terminate, sandbox: p.NewSandbox, attempt: p.Attempt, remove: p.Remove}
	for _, k := range p.Kill {
		out.kill = append(out.kill, k.ID+": "+k.Message)
	}
	for _, s := range p.Start {
		out.start = append(out.start, s.Container.Name+"/"+string(rune('0'+s.Attempt)))
	}
	for _, r := range p.Resize {
		out.resize = append(out.resize, fmt.Sprintf("%s to %d", r.ID, r.Resources.CPUQuota))
	}
	for _, h := range p.Hold {
		out.hold = append(out.hold, h.Container.Name+" until "+h.Until.Format("15:04:05"))
	}
	return out
}

// debugged is the pod with an ephemeral container.
func debugged(p *api.Pod, target string) *api.Pod {
	p.Spec.EphemeralContainers = []api.EphemeralContainer{{
		EphemeralContainerCommon: api.EphemeralContainerCommon{Name: "debugger", Image: "d:1"}, TargetContainerName: target,
	}}
	return p
}

// resized is the pod with a cpu limit for its first container, which restarts when one of the resources changes.
func resized(p *api.Pod, cpu string, restarts ...api.ResourceName) *api.Pod {
	c := &p.Spec.Containers[0]
	c.Resources.Limits = api.ResourceList{api.ResourceCPU: api.MustParse(cpu)}
	for _, name := range restarts {
		c.ResizePolicy = append(c.ResizePolicy, api.ContainerResizePolicy{ResourceName: name, RestartPolicy: api.RestartContainer})
	}
	return p
}

// askedFor is the status of a pod whose container began with a request of memory.
func askedFor(name, memory string) *api.PodStatus {
	return &api.PodStatus{ContainerStatuses: []api.ContainerStatus{{
		Name: name, ContainerID: "docker://" + name + "-0", Resources: &api.ResourceRequirements{Requests: api.ResourceList{api.ResourceMemory: api.MustParse(memory)}},
	}}}
}

func having(c *RuntimeContainer, shares, quota int64) *RuntimeContainer {
	c.Resources = &ContainerResources{CPUShares: shares, CPUQuota: quota}
	return c
}

// onExit is the pod with a rule for the exit code of its first container, which would else not run again.
func onExit(p *api.Pod, code int32, action api.ContainerRestartRuleAction) *api.Pod {
	c := &p.Spec.Containers[0]
	c.RestartPolicy = api.Ptr(api.ContainerRestartPolicyNever)
	c.RestartPolicyRules = []api.ContainerRestartRule{{
		Action:    action,
		ExitCodes: &api.ContainerRestartRuleOnExitCodes{Operator: api.ContainerRestartRuleOnExitCodesOpIn, Values: []int32{code}},
	}}
	return p
}

func TestPlanPod(t *testing.T) {
	deadSandbox := inDeadSandbox(runtimePod(running("a")))
	deadDone := inDeadSandbox(runtimePod(exited("a", 0)))
	reinit := runtimePod(exited("init", 0), exited("a", 1))
	reinit.Sandboxes = append([]*Sandbox{{ID: "s1", Attempt: 1, Ready: true}}, reinit.Sandboxes...)

	deleted := testPod("a")
	deleted.DeletionTimestamp = &api.Time{Time: noon}
	failed := testPod("a")
	failed.Status.Phase = api.PodFailed
	late := testPod("a")
	late.Spec.ActiveDeadlineSeconds = api.Ptr[int64](60)
	changed := testPod("a")
	changed.Spec.Containers[0].Image = "a:2"

	onExit42 := onExit(testPod("a"), 42, api.ContainerRestartRuleActionRestart)
	allOnExit42 := onExit(withSidecar(withInit(testPod("a", "b"), "init"), "proxy"), 42, api.ContainerRestartRuleActionRestartAllContainers)
	initResized := withInit(testPod("a"), "init")
	initResized.Spec.InitContainers[0].Resources.Limits = api.ResourceList{api.ResourceCPU: api.MustParse("500m")}
	allRestarting := &api.PodStatus{Conditions: []api.PodCondition{{Type: api.AllContainersRestarting, Status: api.ConditionTrue}}}

	created := running("a")
	created.State = ContainerCreated
	livenessFails := func(string) probeResults { return probeResults{liveness: probeFailure} }

	tests := []struct {
		name string
		view podView
		want planned
	}{
		{"a new pod gets a sandbox and its containers",
			podView{pod: testPod("a", "b"), seen: &RuntimePod{}},
			planned{sandbox: true, start: []string{"a/0", "b/0"}}},
		{"nothing to do when all runs",
			podView{pod: testPod("a"), seen: runtimePod(running("a"))},
			planned{}},
		{"only what is missing is started",
			podView{pod: testPod("a", "b"), seen: runtimePod(running("a"))},
			planned{start: []string{"b/0"}}},
		{"a container that was made but never started is made again",
			podView{pod: testPod("a"), seen: runtimePod(created)},
			planned{start: []string{"a/1"}}},

		{"a sandbox that died is the end of a pod that runs once",
			podView{pod: withPolicy(testPod("a"), api.RestartPolicyNever), seen: inDeadSandbox(runtimePod(running("a")))},
			planned{terminate: "its sandbox has died, and it may not be restarted"}},
		{"unless nothing ever ran in it",
			podView{pod: withPolicy(testPod("a"), api.RestartPolicyNever), seen: inDeadSandbox(runtimePod())},
			planned{sandbox: true, attempt: 1, start: []string{"a/0"}}},
		{"the first crash is restarted at once",
			podView{pod: testPod("a"), seen: runtimePod(exited("a", 1))},
			planned{start: []string{"a/1"}}},
		{"restartPolicy Always restarts success, too",
			podView{pod: testPod("a"), seen: runtimePod(exited("a", 0))},
			planned{start: []string{"a/1"}}},
		{"a container that keeps crashing is held back",
			podView{pod: testPod("a", "b"), seen: runtimePod(attempt(1, exited("a", 1)), running("b")),
				backoffs: map[string]backoff{"a": {delay: 20 * time.Second, updated: noon.Add(-time.Minute)}}},
			planned{hold: []string{"a until 12:00:19"}}},
		{"and started when its time is over",
			podView{pod: testPod("a"), seen: runtimePod(attempt(3, exited("a", 1))),
				backoffs: map[string]backoff{"a": {delay: time.Second, updated: noon.Add(-time.Minute)}}},
			planned{start: []string{"a/4"}}},
		{"one that was stopped just now is held back by how the one before it ended",
			podView{pod: testPod("a"), seen: runtimePod(attempt(2, exited("a", 137)), attempt(1, exited("a", 1))), killed: []killStep{{ID: attempt(2, exited("a", 137)).ID}},
				backoffs: map[string]backoff{"a": {delay: 20 * time.Second, updated: noon.Add(-time.Minute)}}},
			planned{hold: []string{"a until 12:00:19"}}},
		{"and not at all if there was none",
			podView{pod: testPod("a"), seen: runtimePod(exited("a", 137)), killed: []killStep{{ID: exited("a", 137).ID}},
				backoffs: map[string]backoff{"a": {delay: 20 * time.Second, updated: noon.Add(-time.Minute)}}},
			planned{start: []string{"a/1"}}},
		{"a container that somebody removed counts as restarted",
			podView{pod: testPod("a"), seen: runtimePod(), status: &api.PodStatus{
				ContainerStatuses: []api.ContainerStatus{{Name: "a", RestartCount: 2, ContainerID: "docker://x"}}}},
			planned{start: []string{"a/3"}}},

		{"OnFailure restarts failure",
			podView{pod: withPolicy(testPod("a", "b"), api.RestartPolicyOnFailure), seen: runtimePod(exited("a", 1), exited("b", 0))},
			planned{start: []string{"a/1"}}},
		{"OnFailure ends with success",
			podView{pod: withPolicy(testPod("a"), api.RestartPolicyOnFailure), seen: runtimePod(exited("a", 0))},
			planned{terminate: "all containers have ended"}},
		{"Never ends with failure",
			podView{pod: withPolicy(testPod("a"), api.RestartPolicyNever), seen: runtimePod(exited("a", 1))},
			planned{terminate: "all containers have ended"}},
		{"Never waits for the others",
			podView{pod: withPolicy(testPod("a", "b"), api.RestartPolicyNever), seen: runtimePod(exited("a", 1), running("b"))},
			planned{}},
		{"a container's own rule overrides its policy",
			podView{pod: onExit42, seen: runtimePod(exited("a", 42))},
			planned{start: []string{"a/1"}}},
		{"a rule for another exit code does not",
			podView{pod: onExit42, seen: runtimePod(exited("a", 1))},
			planned{terminate: "all containers have ended"}},
		{"a rule may restart all containers: they are removed, and the one that asks for it goes last",
			podView{pod: allOnExit42, seen: runtimePod(exited("a", 42), running("b"), running("proxy"), exited("init", 0))},
			planned{kill: []string{"b-0: Stopping container b: all containers are restarted", "proxy-0: Stopping container proxy: all containers are restarted"},
				remove: []string{"b-0", "proxy-0", "init-0", "a-0"}}},
		{"not for another exit code",
			podView{pod: allOnExit42, seen: runtimePod(exited("a", 1), running("b"), running("proxy"), exited("init", 0))},
			planned{}},
		{"a kubelet that was at it when it died goes on",
			podView{pod: allOnExit42, seen: runtimePod(running("proxy")), status: allRestarting},
			planned{kill: []string{"proxy-0: Stopping container proxy: all containers are restarted"}, remove: []string{"proxy-0"}}},
		{"and when all are gone the pod is initialized anew, in its sandbox",
			podView{pod: allOnExit42, seen: runtimePod(), status: allRestarting},
			planned{start: []string{"init/0"}}},
		{"each of its starts is a restart",
			podView{pod: allOnExit42, seen: runtimePod(), status: &api.PodStatus{InitContainerStatuses: []api.ContainerStatus{{Name: "init", RestartCount: 1}}}},
			planned{start: []string{"init/1"}}},

		{"an ephemeral container starts, before the others are ready for it",
			podView{pod: debugged(withInit(testPod("a"), "init"), ""), seen: runtimePod(running("init"))},
			planned{start: []string{"debugger/0"}}},
		{"but not before the container that it wants to look into",
			podView{pod: debugged(testPod("a"), "a"), seen: runtimePod(created)},
			planned{start: []string{"a/1"}}},
		{"and only once",
			podView{pod: debugged(testPod("a"), "a"), seen: runtimePod(running("a"), exited("debugger", 1))},
			planned{}},
		{"whoever removed it",
			podView{pod: debugged(testPod("a"), "a"), seen: runtimePod(running("a")), status: &api.PodStatus{
				EphemeralContainerStatuses: []api.ContainerStatus{{Name: "debugger", ContainerID: "docker://x"}}}},
			planned{}},

		{"a container that has what it is to have is left alone",
			podView{pod: resized(testPod("a"), "500m"), seen: runtimePod(having(running("a"), 512, 50_000))},
			planned{}},
		{"a resize happens while it runs",
			podView{pod: resized(testPod("a"), "500m"), seen: runtimePod(having(running("a"), 256, 25_000))},
			planned{resize: []string{"a-0 to 50000"}}},
		{"or by a restart, if its policy says so for what changes",
			podView{pod: resized(testPod("a"), "500m", api.ResourceCPU), seen: runtimePod(having(running("a"), 256, 25_000))},
			planned{kill: []string{"a-0: Container a resize requires restart"}}},
		{"but not for what does not change",
			podView{pod: resized(testPod("a"), "500m", api.ResourceMemory), seen: runtimePod(having(running("a"), 256, 25_000))},
			planned{resize: []string{"a-0 to 50000"}}},
		{"so it does of an init container, which need not end before",
			podView{pod: initResized, seen: runtimePod(having(running("init"), 256, 25_000))},
			planned{resize: []string{"init-0 to 50000"}}},
		{"a request of memory, of which the kernel knows nothing, counts as a change, too",
			podView{pod: resized(testPod("a"), "500m", api.ResourceMemory), seen: runtimePod(having(running("a"), 512, 50_000)), status: askedFor("a", "1Gi")},
			planned{kill: []string{"a-0: Container a resize requires restart"}}},
		{"and is left alone without such a policy",
			podView{pod: resized(testPod("a"), "500m", api.ResourceCPU), seen: runtimePod(having(running("a"), 512, 50_000)), status: askedFor("a", "1Gi")},
			planned{}},

		{"a dead sandbox takes everything with it",
			podView{pod: testPod("a"), seen: deadSandbox},
			planned{sandbox: true, attempt: 1, start: []string{"a/1"}}},
		{"no new sandbox where there is nothing left to run",
			podView{pod: withPolicy(testPod("a"), api.RestartPolicyNever), seen: deadDone},
			planned{terminate: "all containers have ended"}},
		{"a new sandbox initializes anew",
			podView{pod: withInit(testPod("a"), "init"), seen: reinit},
			planned{start: []string{"init/1"}}},

		{"init containers come first, one by one",
			podView{pod: withInit(testPod("a"), "i1", "i2"), seen: &RuntimePod{}},
			planned{sandbox: true, start: []string{"i1/0"}}},
		{"while one runs nothing else does",
			podView{pod: withInit(testPod("a"), "i1", "i2"), seen: runtimePod(running("i1"))},
			planned{}},
		{"then the next",
			podView{pod: withInit(testPod("a"), "i1", "i2"), seen: runtimePod(exited("i1", 0))},
			planned{start: []string{"i2/0"}}},
		{"then the main containers",
			podView{pod: withInit(testPod("a"), "i1", "i2"), seen: runtimePod(exited("i2", 0), exited("i1", 0))},
			planned{start: []string{"a/0"}}},
		{"a failed init container is tried again",
			podView{pod: withInit(testPod("a"), "i1"), seen: runtimePod(exited("i1", 1))},
			planned{start: []string{"i1/1"}}},
		{"unless the policy is Never: the pod has failed",
			podView{pod: withPolicy(withInit(testPod("a"), "i1"), api.RestartPolicyNever), seen: runtimePod(exited("i1", 1))},
			planned{terminate: "an init container failed and may not run again"}},
		{"initialized pods do not mind that init containers are gone",
			podView{pod: withInit(testPod("a"), "i1"), seen: runtimePod(running("a"))},
			planned{}},

		{"a sidecar only has to have started",
			podView{pod: withSidecar(testPod("a"), "proxy"), seen: runtimePod(running("proxy"))},
			planned{start: []string{"a/0"}}},
		{"a sidecar that ended is restarted beside the others",
			podView{pod: withSidecar(testPod("a"), "proxy"), seen: runtimePod(running("a"), exited("proxy", 0))},
			planned{start: []string{"proxy/1"}}},
		{"sidecars do not keep a pod alive",
			podView{pod: withPolicy(withSidecar(testPod("a"), "proxy"), api.RestartPolicyNever), seen: runtimePod(exited("a", 0), running("proxy"))},
			planned{terminate: "all containers have ended"}},

		{"another image means another container",
			podView{pod: changed, seen: runtimePod(running("a"))},
			planned{kill: []string{"a-0: Container a definition changed, will be restarted"}}},
		{"a failed liveness probe means a restart",
			podView{pod: testPod("a"), seen: runtimePod(running("a")), probes: livenessFails},
			planned{kill: []string{"a-0: Container a failed liveness probe, will be restarted"}}},
		{"or the end, where the policy is Never",
			podView{pod: withPolicy(testPod("a"), api.RestartPolicyNever), seen: runtimePod(running("a")), probes: livenessFails},
			planned{terminate: "what runs is unhealthy, and may not be restarted"}},
		{"of that container alone, where another one runs",
			podView{pod: withPolicy(testPod("a", "b"), api.RestartPolicyNever), seen: runtimePod(running("a"), running("b")),
				probes: func(id string) probeResults {
					if id == "a-0" {
						return livenessFails(id)
					}
					return probeResults{}
				}},
			planned{kill: []string{"a-0: Container a failed liveness probe"}}},

		{"a deleted pod ends",
			podView{pod: deleted, seen: runtimePod(running("a"))},
			planned{terminate: "the pod is being deleted"}},
		{"a pod that is gone ends",
			podView{pod: testPod("a"), gone: true, seen: runtimePod(running("a"))},
			planned{terminate: "the pod is gone from the API"}},
		{"a pod that somebody called failed ends",
			podView{pod: failed, seen: runtimePod(running("a"))},
			planned{terminate: "the pod's phase is Failed"}},
		{"a pod past its deadline ends",
			podView{pod: late, seen: runtimePod(running("a")), status: &api.PodStatus{StartTime: &api.Time{Time: noon.Add(-time.Minute)}}},
			planned{terminate: deadlineMessage}},

		{"of the dead, the newest two stay",
			podView{pod: testPod("a"), seen: runtimePod(attempt(3, running("a")), attempt(2, exited("a", 1)), attempt(1, exited("a", 1)), exited("a", 1))},
			planned{remove: []string{"a-1", "a-0"}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			v := test.view
			v.now = noon
			if v.status == nil {
				v.status = &api.PodStatus{}
			}
			if v.probes == nil {
				v.probes = healthy
			}
			require.Equal(t, test.want, summarize(planPod(v)))
		})
	}
}

func TestPlanPodWakesForTheNearestOfItsClocks(t *testing.T) {
	pod := testPod("a")
	pod.Spec.ActiveDeadlineSeconds = api.Ptr[int64](600)
	v := podView{
		pod: pod, seen: runtimePod(attempt(1, exited("a", 1))), probes: healthy, now: noon,
		status:   &api.PodStatus{StartTime: &api.Time{Time: noon}},
		backoffs: map[string]backoff{"a": {delay: 10 * time.Second, updated: noon}},
	}
	require.Equal(t, noon.Add(9*time.Second), planPod(v).Next)
	v.backoffs = nil
	require.Equal(t, noon.Add(600*time.Second), planPod(v).Next)
}

func TestGracePeriod(t *testing.T) {
	pod := testPod("a")
	require.Equal(t, 30*time.Second, gracePeriod(pod))
	pod.Spec.TerminationGracePeriodSeconds = api.Ptr[int64](5)
	require.Equal(t, 5*time.Second, gracePeriod(pod))
	pod.DeletionGracePeriodSeconds = api.Ptr[int64](0)
	require.Equal(t, 2*time.Second, gracePeriod(pod), "even `kubectl delete --force` leaves a moment")
}

func TestStopOrderLeavesSidecarsForLast(t *testing.T) {
	pod := withSidecar(withSidecar(withInit(testPod("a", "b"), "init"), "logger"), "proxy")
	order := stopOrder(pod, []*RuntimeContainer{running("logger"), running("a"), running("proxy"), running("b")})
	var names [][]string
	for _, group := range order {
		var g []string
		for _, c := range group {
			g = append(g, c.Name)
		}
		names = append(names, g)
	}
	require.Equal(t, [][]string{{"a", "b"}, {"proxy"}, {"logger"}}, names)
}
