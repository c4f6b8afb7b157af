package kubelet_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"kubelite/api"
	"kubelite/client"
	"kubelite/kubelet"
	"kubelite/kubelet/simulated"
	"kubelite/test/story"
)

// node is a kubelet on the simulated runtime that a test can stop and start again, as a supervisor would.
type node struct {
	h       *story.Harness
	dir     string
	client  *client.Client
	Runtime *simulated.Runtime
	stop    func()
}

func startNode(h *story.Harness) *node {
	n := &node{h: h, dir: h.T.TempDir(), client: h.As("system:node:n1", "system:nodes")}
	n.start()
	h.T.Cleanup(func() { n.stop() })
	h.Eventually(h.NodesReady(1))
	return n
}

func (n *node) start() {
	n.h.T.Helper()
	var err error
	n.Runtime, err = simulated.New(simulated.Config{Dir: filepath.Join(n.dir, "runtime")})
	require.NoError(n.h.T, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		done <- kubelet.Run(ctx, kubelet.Config{
			Client: n.client, NodeName: "n1", NodeIP: "127.0.0.1", Runtime: n.Runtime,
			RootDir: n.dir, Version: api.KubernetesVersion,
		})
	}()
	n.stop = func() {
		cancel()
		if err := <-done; err != nil {
			n.h.T.Errorf("kubelet ended: %v", err)
		}
		n.stop = func() {}
	}
}

// TestAKubeletThatCannotServeSaysSo: one of its parts fails while the others start, and what it failed of is not lost.
func TestAKubeletThatCannotServeSaysSo(t *testing.T) {
	h := story.Start(t, 0)
	runtime, err := simulated.New(simulated.Config{Dir: t.TempDir()})
	require.NoError(t, err)
	err = kubelet.Run(h.Ctx, kubelet.Config{Client: h.As("system:node:n1", "system:nodes"), NodeName: "n1", NodeIP: "127.0.0.1", Runtime: runtime,
		RootDir: t.TempDir(), Version: api.KubernetesVersion, Listen: "127.0.0.1:0", ServingCert: "nowhere.crt", ServingKey: "nowhere.key"})
	require.ErrorContains(t, err, "nowhere.crt")
	require.NoError(t, h.Ctx.Err(), "it ended by itself")
}

// pod makes a pod with one container that behaves as the annotations say.
func pod(name string, behaviour map[string]string, change ...func(*api.Pod)) *api.Pod {
	p := api.New[*api.Pod]()
	p.Namespace, p.Name, p.Annotations = "default", name, map[string]string{}
	for key, value := range behaviour {
		p.Annotations["simulated.kubelite.io/"+key] = value
	}
	p.Spec.NodeName = "n1"
	p.Spec.Containers = []api.Container{{Name: "c", Image: "app:1"}}
	for _, fn := range change {
		fn(p)
	}
	return p
}

func never(p *api.Pod) { p.Spec.RestartPolicy = api.RestartPolicyNever }

func create(h *story.Harness, p *api.Pod) {
	h.T.Helper()
	h.Eventually(func() error { // the namespace's service account comes a moment after the namespace
		_, err := client.Of[*api.Pod](h.Client).Create(h.Ctx, p)
		return err
	})
}

func get(h *story.Harness, name string) *api.Pod {
	h.T.Helper()
	p, err := client.Of[*api.Pod](h.Client).Get(h.Ctx, "default", name)
	require.NoError(h.T, err)
	return p
}

// status waits for the pod's only container to be as fn wants it.
func status(h *story.Harness, name string, what string, fn func(p *api.Pod, c *api.ContainerStatus) bool) *api.Pod {
	h.T.Helper()
	var p *api.Pod
	h.Eventually(func() (err error) {
		p = get(h, name)
		if len(p.Status.ContainerStatuses) == 1 && fn(p, &p.Status.ContainerStatuses[0]) {
			return nil
		}
		return fmt.Errorf("%s: want %s, have %+v", name, what, p.Status)
	})
	return p
}

func ready(p *api.Pod, c *api.ContainerStatus) bool {
	return p.Status.Phase == api.PodRunning && c.Ready
}

func nothingLeft(n *node) story.Check {
	return func() error {
		pods, err := n.Runtime.ListPods(context.Background())
		if err == nil && len(pods) > 0 {
			err = fmt.Errorf("the runtime still has %d pods", len(pods))
		}
		return err
	}
}

// TestKubelet tells the stories of one node on the simulated runtime, one after the other.
func TestKubelet(t *testing.T) {
	h := story.Start(t, 0)
	n := startNode(h)
	for _, story := range []struct {
		name string
		tell func(t *testing.T, h *story.Harness, n *node)
	}{
		{"a pod runs and is deleted", aPodRunsAndIsDeleted},
		{"a crashing container is held back", aCrashingContainerIsHeldBack},
		{"a container that does not answer is started again", aContainerThatDoesNotAnswerIsStartedAgain},
		{"a pod that is not restarted ends", aPodThatIsNotRestartedEnds},
		{"init containers and sidecars run first", initContainersAndSidecarsRunFirst},
		{"one container's end restarts all of them", oneContainersEndRestartsAll},
		{"a restarted kubelet finds its pods", aRestartedKubeletFindsItsPods},
		{"readiness follows the annotation", readinessFollowsTheAnnotation},
		{"readiness is told while a pod ends", readinessIsToldWhileAPodEnds},
		{"a missing ConfigMap holds a pod back", aMissingConfigMapHoldsAPodBack},
		{"a deadline ends a pod", aDeadlineEndsAPod},
		{"the ledger says why a status was written", theLedgerSaysWhyAStatusWasWritten},
		{"a pod is resized while it runs", aPodIsResizedWhileItRuns},
		{"a whole pod is resized", aWholePodIsResized},
		{"of resizes that wait the most important goes first", ofResizesThatWaitTheMostImportantGoesFirst},
		{"a pod gets one more container to look around", aPodGetsOneMoreContainer},
		{"mounted objects are kept up to date", mountedObjectsAreKeptUpToDate},
		{"a claim leads to its volume", aClaimLeadsToItsVolume},
		{"a pod that does not fit is rejected", aPodThatDoesNotFitIsRejected},
		{"of pods that come at once those run that fit", ofPodsThatComeAtOnceThoseRunThatFit},
		{"a critical pod takes the place of another", aCriticalPodTakesThePlaceOfAnother},
		{"a manifest on the node runs and shows", aManifestOnTheNodeRunsAndShows},
		{"a volume that grows too large costs its pod", aVolumeThatGrowsTooLargeCostsItsPod},
	} {
		t.Run(story.name, func(t *testing.T) {
			story.tell(t, h, n)
			require.NoError(t, client.Of[*api.Pod](h.Client).DeleteCollection(h.Ctx, "default", api.DeleteOptions{}, client.ListOptions{}))
			h.Eventually(nothingLeft(n))
		})
	}
}

func aPodRunsAndIsDeleted(t *testing.T, h *story.Harness, n *node) {
	create(h, pod("web", nil))
	p := status(h, "web", "ready", ready)
	require.Regexp(t, `^10\.244\.0\.\d+$`, p.Status.PodIP)
	require.Equal(t, "127.0.0.1", p.Status.HostIP)

	require.NoError(t, client.Of[*api.Pod](h.Client).Delete(h.Ctx, "default", "web", api.DeleteOptions{}))
	h.Eventually(func() error {
		_, err := client.Of[*api.Pod](h.Client).Get(h.Ctx, "default", "web")
		if api.IsNotFound(err) {
			return nil
		}
		return errors.Join(err, errors.New("still there"))
	})
	require.NoError(t, nothingLeft(n)(), "the API may forget a pod only when nothing of it is left")
}

func aCrashingContainerIsHeldBack(t *testing.T, h *story.Harness, _ *node) {
	create(h, pod("crash", map[string]string{"run-seconds": "0", "exit-code": "3"}))
	p := status(h, "crash", "CrashLoopBackOff", func(_ *api.Pod, c *api.ContainerStatus) bool {
		return c.RestartCount == 1 && c.State.Waiting != nil && c.State.Waiting.Reason == "CrashLoopBackOff"
	})
	c := p.Status.ContainerStatuses[0]
	require.Equal(t, "back-off 10s restarting failed container=c pod=crash_default("+string(p.UID)+")", c.State.Waiting.Message)
	require.Equal(t, int32(3), c.LastTerminationState.Terminated.ExitCode)
	require.Equal(t, api.PodRunning, p.Status.Phase)
	events(h, "crash", "Pulled", "Created", "Started", "BackOff")
}

func aContainerThatDoesNotAnswerIsStartedAgain(t *testing.T, h *story.Harness, _ *node) {
	create(h, pod("cold", nil, func(p *api.Pod) {
		p.Spec.TerminationGracePeriodSeconds = api.Ptr[int64](1)
		p.Spec.Containers[0].Command = []string{"sh", "-c", "sleep 1000000"}
		p.Spec.Containers[0].LivenessProbe = &api.Probe{
			ProbeHandler:  api.ProbeHandler{Exec: &api.ExecAction{Command: []string{"cat", "/tmp/hot"}}},
			PeriodSeconds: 1, TimeoutSeconds: 30, FailureThreshold: 1,
		}
	}))
	status(h, "cold", "a restart", func(_ *api.Pod, c *api.ContainerStatus) bool { return c.RestartCount > 0 })
	events(h, "cold", "Unhealthy", "Killing")
}

// events waits until every one of the reasons, or messages, was told about the pod.
func events(h *story.Harness, name string, reasons ...string) {
	h.T.Helper()
	h.Eventually(func() error {
		page, err := client.Of[*api.Event](h.Client).List(h.Ctx, "default", client.ListOptions{FieldSelector: "involvedObject.name=" + name})
		if err != nil {
			return err
		}
		told := map[string]bool{"": true}
		for _, e := range page.Items {
			told[e.Reason], told[e.Message] = true, true
		}
		for _, r := range reasons {
			if !told[r] {
				return fmt.Errorf("no event %s among %v", r, told)
			}
		}
		return nil
	})
}

func aPodThatIsNotRestartedEnds(_ *testing.T, h *story.Harness, _ *node) {
	create(h, pod("good", map[string]string{"run-seconds": "0.05"}, never))
	create(h, pod("bad", map[string]string{"run-seconds": "0.05", "exit-code": "1"}, never))
	status(h, "good", "Succeeded", func(p *api.Pod, _ *api.ContainerStatus) bool { return p.Status.Phase == api.PodSucceeded })
	status(h, "bad", "Failed", func(p *api.Pod, _ *api.ContainerStatus) bool { return p.Status.Phase == api.PodFailed })
}

func initContainersAndSidecarsRunFirst(t *testing.T, h *story.Harness, _ *node) {
	create(h, pod("app", nil, func(p *api.Pod) {
		p.Spec.InitContainers = []api.Container{
			{Name: "prepare", Image: "app:1"}, {Name: "proxy", Image: "app:1", RestartPolicy: api.Ptr(api.ContainerRestartPolicyAlways)},
		}
	}))
	p := status(h, "app", "ready", ready)
	require.Equal(t, "Completed", p.Status.InitContainerStatuses[0].State.Terminated.Reason)
	require.NotNil(t, p.Status.InitContainerStatuses[1].State.Running)
}

func oneContainersEndRestartsAll(t *testing.T, h *story.Harness, _ *node) {
	create(h, pod("again", nil, never, func(p *api.Pod) {
		c := &p.Spec.Containers[0]
		c.RestartPolicy = api.Ptr(api.ContainerRestartPolicyNever)
		c.RestartPolicyRules = []api.ContainerRestartRule{{
			Action:    api.ContainerRestartRuleActionRestartAllContainers,
			ExitCodes: &api.ContainerRestartRuleOnExitCodes{Operator: api.ContainerRestartRuleOnExitCodesOpIn, Values: []int32{42}},
		}}
		c.Command = []string{"sh", "-c", "if [ -f /mnt/once ]; then sleep 1000; else touch /mnt/once; exit 42; fi"}
		c.VolumeMounts = []api.VolumeMount{{Name: "work", MountPath: "/mnt"}}
		p.Spec.Volumes = []api.Volume{{Name: "work", VolumeSource: api.VolumeSource{EmptyDir: &api.EmptyDirVolumeSource{}}}}
		p.Spec.InitContainers = []api.Container{
			{Name: "prepare", Image: "app:1"}, {Name: "proxy", Image: "app:1", RestartPolicy: api.Ptr(api.ContainerRestartPolicyAlways)},
		}
	}))
	p := status(h, "again", "ready after a restart", func(p *api.Pod, c *api.ContainerStatus) bool { return ready(p, c) && c.RestartCount > 0 })
	for _, c := range append(p.Status.InitContainerStatuses, p.Status.ContainerStatuses...) {
		require.Equal(t, int32(1), c.RestartCount, c.Name)
		require.Equal(t, "RestartingAllContainers", c.LastTerminationState.Terminated.Reason, c.Name)
	}
	require.Equal(t, api.ConditionFalse, p.Status.Condition(api.AllContainersRestarting).Status)
	events(h, "again", "Killing")
}

func aRestartedKubeletFindsItsPods(t *testing.T, h *story.Harness, n *node) {
	for _, name := range []string{"stays", "deleted", "forced"} {
		create(h, pod(name, nil))
	}
	before := status(h, "stays", "ready", ready)
	status(h, "deleted", "ready", ready)
	status(h, "forced", "ready", ready)

	n.stop()
	pods := client.Of[*api.Pod](h.Client)
	require.NoError(t, pods.Delete(h.Ctx, "default", "deleted", api.DeleteOptions{}))
	require.NoError(t, pods.Delete(h.Ctx, "default", "forced", api.DeleteOptions{GracePeriodSeconds: api.Ptr[int64](0)}))
	n.start()

	h.Eventually(func() error {
		list, err := n.Runtime.ListPods(h.Ctx)
		if err == nil && (len(list) != 1 || list[0].Name != "stays") {
			err = fmt.Errorf("pods that were deleted while the kubelet was away: %d are there", len(list))
		}
		return err
	})
	after := get(h, "stays")
	require.Equal(t, before.Status, after.Status, "the pod did not notice")
	h.Eventually(func() error { // the API has waited for the kubelet, and is told last
		_, err := pods.Get(h.Ctx, "default", "deleted")
		if api.IsNotFound(err) {
			return nil
		}
		return errors.Join(err, errors.New("the deleted pod is still there"))
	})
}

// A server that drains, for as long as its preStop hook takes, says by its readiness probe that it takes no more work.
func readinessIsToldWhileAPodEnds(t *testing.T, h *story.Harness, n *node) {
	create(h, pod("draining", nil, func(p *api.Pod) {
		c := &p.Spec.Containers[0]
		c.ReadinessProbe = &api.Probe{PeriodSeconds: 1, FailureThreshold: 1, ProbeHandler: api.ProbeHandler{TCPSocket: &api.TCPSocketAction{Port: api.FromInt(80)}}}
		c.Lifecycle = &api.Lifecycle{PreStop: &api.LifecycleHandler{Sleep: &api.SleepAction{Seconds: 25}}}
	}))
	status(h, "draining", "ready", ready)
	require.NoError(t, client.Of[*api.Pod](h.Client).Delete(h.Ctx, "default", "draining", api.DeleteOptions{}))
	p := get(h, "draining")
	require.NotNil(t, p.DeletionTimestamp)
	require.True(t, p.Status.ContainerStatuses[0].Ready, "being deleted is no reason to be not ready")
	status(h, "draining", "not ready", func(p *api.Pod, c *api.ContainerStatus) bool {
		n.Runtime.UpdateAnnotations(p.UID, map[string]string{"simulated.kubelite.io/ready": "false"}) // again if the kubelet had yet to see the deletion: it passes the pod's own on
		return !c.Ready && c.State.Running != nil
	})
	require.NoError(t, client.Of[*api.Pod](h.Client).Delete(h.Ctx, "default", "draining", api.DeleteOptions{GracePeriodSeconds: api.Ptr[int64](1)})) // lost patience
	h.Eventually(nothingLeft(n))
}

func readinessFollowsTheAnnotation(t *testing.T, h *story.Harness, _ *node) {
	create(h, pod("web", nil))
	status(h, "web", "ready", ready)
	set := func(value string) {
		patch := `{"metadata":{"annotations":{"simulated.kubelite.io/ready":"` + value + `"}}}`
		_, err := client.Of[*api.Pod](h.Client).Patch(h.Ctx, "default", "web", api.MergePatchType, []byte(patch))
		require.NoError(t, err)
	}
	set("false")
	status(h, "web", "not ready", func(p *api.Pod, c *api.ContainerStatus) bool { return !c.Ready && c.State.Running != nil })
	set("true")
	status(h, "web", "ready", ready)
}

func aMissingConfigMapHoldsAPodBack(t *testing.T, h *story.Harness, _ *node) {
	create(h, pod("web", nil, func(p *api.Pod) {
		p.Spec.Volumes = []api.Volume{{Name: "conf", VolumeSource: api.VolumeSource{
			ConfigMap: &api.ConfigMapVolumeSource{LocalObjectReference: api.LocalObjectReference{Name: "later"}}}}}
		p.Spec.Containers[0].VolumeMounts = []api.VolumeMount{{Name: "conf", MountPath: "/conf"}}
	}))
	events(h, "web", "FailedMount")
	p := get(h, "web")
	require.Equal(t, "ContainerCreating", p.Status.ContainerStatuses[0].State.Waiting.Reason)
	cm := api.New[*api.ConfigMap]()
	cm.Namespace, cm.Name = "default", "later"
	_, err := client.Of[*api.ConfigMap](h.Client).Create(h.Ctx, cm)
	require.NoError(t, err)
	status(h, "web", "ready", ready)
}

func aDeadlineEndsAPod(t *testing.T, h *story.Harness, _ *node) {
	create(h, pod("slow", nil, func(p *api.Pod) { p.Spec.ActiveDeadlineSeconds = api.Ptr[int64](1) }))
	p := status(h, "slow", "Failed", func(p *api.Pod, _ *api.ContainerStatus) bool { return p.Status.Phase == api.PodFailed })
	require.Equal(t, "DeadlineExceeded", p.Status.Reason)
	require.NotNil(t, p.Status.ContainerStatuses[0].State.Terminated)
}

func theLedgerSaysWhyAStatusWasWritten(t *testing.T, h *story.Harness, _ *node) {
	create(h, pod("web", nil))
	p := status(h, "web", "ready", ready)
	resp, err := h.Client.Do(h.Ctx, client.Request{Path: api.LedgerPath, Query: map[string][]string{
		"resource": {"pods"}, "namespace": {"default"}, "name": {"web"}}})
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, resp.StatusCode)
	require.Contains(t, string(resp.Body), "container c started: Running")
	require.Contains(t, string(resp.Body), "kubelet/podworker.go:")
	require.Contains(t, string(resp.Body), string(p.UID))
}

func TestLogsThroughTheAPIServer(t *testing.T) {
	h := story.Start(t, 1) // a node with a server
	create(h, pod("web", map[string]string{"log-lines": "5"}))
	status(h, "web", "ready", ready)
	read := func(o api.PodLogOptions) string {
		stream, err := h.Client.Logs(h.Ctx, "default", "web", o)
		require.NoError(t, err)
		defer stream.Close()
		b, err := io.ReadAll(stream)
		require.NoError(t, err)
		return string(b)
	}
	all := "simulated container c: line 1 of 5\n"
	for i := 2; i <= 5; i++ {
		all += fmt.Sprintf("simulated container c: line %d of 5\n", i)
	}
	require.Equal(t, all, read(api.PodLogOptions{}))
	require.Equal(t, "simulated container c: line 5 of 5\n", read(api.PodLogOptions{TailLines: api.Ptr[int64](1)}))
	require.Equal(t, "simul", read(api.PodLogOptions{LimitBytes: api.Ptr[int64](5)}))
	require.Equal(t, "", read(api.PodLogOptions{Stream: api.Ptr("Stderr"), Container: "c"}))

	_, err := h.Client.Logs(h.Ctx, "default", "web", api.PodLogOptions{Previous: true})
	require.ErrorContains(t, err, `previous terminated container "c" in pod "web" not found`)

	// Following ends with the container.
	followed := make(chan string, 1)
	go func() { followed <- read(api.PodLogOptions{Follow: true}) }()
	select {
	case <-followed:
		t.Fatal("the container has not ended")
	case <-time.After(50 * time.Millisecond):
	}
	require.NoError(t, client.Of[*api.Pod](h.Client).Delete(h.Ctx, "default", "web", api.DeleteOptions{}))
	require.Equal(t, all, <-followed)
}

// patch changes a pod through one of its subresources.
func patch(h *story.Harness, name, subresource, text string) *api.Pod {
	h.T.Helper()
	p, err := client.Of[*api.Pod](h.Client).Patch(h.Ctx, "default", name, api.StrategicMergePatchType, []byte(text), subresource)
	require.NoError(h.T, err)
	return p
}

func aPodIsResizedWhileItRuns(t *testing.T, h *story.Harness, n *node) {
	create(h, pod("web", map[string]string{"memory": "20Mi"}, func(p *api.Pod) {
		p.Spec.Containers[0].Resources.Limits = api.ResourceList{api.ResourceCPU: api.MustParse("1"), api.ResourceMemory: api.MustParse("1Gi")}
	}))
	before := status(h, "web", "ready", ready)
	has := func(cpu string) func(*api.Pod, *api.ContainerStatus) bool {
		return func(p *api.Pod, c *api.ContainerStatus) bool {
			return c.Resources != nil && c.Resources.Limits[api.ResourceCPU].String() == cpu
		}
	}
	resized := patch(h, "web", "resize", `{"spec":{"containers":[{"name":"c","resources":{"limits":{"cpu":"2"},"requests":{"cpu":"2"}}}]}}`)
	require.Equal(t, before.Generation+1, resized.Generation)
	p := status(h, "web", "two cpus", has("2"))
	require.Equal(t, before.Status.ContainerStatuses[0].ContainerID, p.Status.ContainerStatuses[0].ContainerID, "it was not restarted")
	require.Zero(t, p.Status.ContainerStatuses[0].RestartCount)
	require.Equal(t, "2", p.Status.ContainerStatuses[0].AllocatedResources[api.ResourceCPU].String())

	// More than the node has left is not given. The pod goes on with what it has.
	create(h, pod("other", nil, asks("16")))
	status(h, "other", "ready", ready)
	patch(h, "web", "resize", `{"spec":{"containers":[{"name":"c","resources":{"limits":{"cpu":"20"},"requests":{"cpu":"20"}}}]}}`)
	p = status(h, "web", "a deferred resize", func(p *api.Pod, _ *api.ContainerStatus) bool {
		return slices.ContainsFunc(p.Status.Conditions, func(c api.PodCondition) bool {
			return c.Type == api.PodResizePending && c.Reason == "Deferred" && strings.Contains(c.Message, "Node didn't have enough resource: cpu, requested: 20000")
		})
	})
	require.True(t, has("2")(p, &p.Status.ContainerStatuses[0]))
	patch(h, "web", "resize", `{"spec":{"containers":[{"name":"c","resources":{"limits":{"cpu":"3"},"requests":{"cpu":"3"}}}]}}`)
	p = status(h, "web", "three cpus", has("3"))
	require.False(t, slices.ContainsFunc(p.Status.Conditions, func(c api.PodCondition) bool { return c.Type == api.PodResizePending }))

	// Nor is less memory given than it uses: that would kill it.
	patch(h, "web", "resize", `{"spec":{"containers":[{"name":"c","resources":{"limits":{"memory":"1Mi"},"requests":{"memory":"1Mi"}}}]}}`)
	p = status(h, "web", "a refused resize", func(p *api.Pod, _ *api.ContainerStatus) bool {
		c := p.Status.Condition(api.PodResizeInProgress)
		return c != nil && c.Reason == "Error"
	})
	require.Regexp(t, `memory limit \(1048576\) below current usage \(\d+\)$`, p.Status.Condition(api.PodResizeInProgress).Message)
	require.Equal(t, "1Gi", p.Status.ContainerStatuses[0].Resources.Limits[api.ResourceMemory].String(), "it goes on with what it has")
	events(h, "web", "ResizeError")
}

func aWholePodIsResized(t *testing.T, h *story.Harness, n *node) {
	create(h, pod("web", nil, func(p *api.Pod) {
		p.Spec.Resources = &api.ResourceRequirements{Limits: api.ResourceList{api.ResourceCPU: api.MustParse("1")}}
	}))
	has := func(cpu string) func(*api.Pod, *api.ContainerStatus) bool {
		return func(p *api.Pod, _ *api.ContainerStatus) bool {
			return p.Status.Resources != nil && p.Status.Resources.Limits[api.ResourceCPU].String() == cpu && p.Status.AllocatedResources[api.ResourceCPU].String() == cpu
		}
	}
	status(h, "web", "one cpu", has("1"))
	create(h, pod("other", nil, func(p *api.Pod) {
		p.Spec.Resources = &api.ResourceRequirements{Requests: api.ResourceList{api.ResourceCPU: api.MustParse("16")}}
	}))
	status(h, "other", "ready", ready)
	patch(h, "web", "resize", `{"spec":{"resources":{"limits":{"cpu":"20"},"requests":{"cpu":"20"}}}}`)
	p := status(h, "web", "a deferred resize", func(p *api.Pod, _ *api.ContainerStatus) bool { return p.Status.Condition(api.PodResizePending) != nil })
	require.Contains(t, p.Status.Condition(api.PodResizePending).Message, "requested: 20000, used: 16000")
	require.True(t, has("1")(p, nil))
	create(h, pod("third", nil, asks("10")))
	status(h, "third", "room beside what the first one has", ready)
	patch(h, "web", "resize", `{"spec":{"resources":{"limits":{"cpu":"3"},"requests":{"cpu":"3"}}}}`)
	status(h, "web", "three cpus", has("3"))
}

func ofResizesThatWaitTheMostImportantGoesFirst(t *testing.T, h *story.Harness, n *node) {
	class := api.New[*api.PriorityClass]()
	class.Name, class.Value = "important", 1000
	_, err := client.Of[*api.PriorityClass](h.Client).Create(h.Ctx, class)
	require.NoError(t, err)
	create(h, pod("big", nil, asks("20")))
	create(h, pod("a", nil, asks("1")))
	create(h, pod("b", nil, asks("1"), func(p *api.Pod) { p.Spec.PriorityClassName = "important" }))
	has := func(cpu string) func(*api.Pod, *api.ContainerStatus) bool {
		return func(p *api.Pod, c *api.ContainerStatus) bool {
			waits := p.Status.Condition(api.PodResizePending) != nil
			return c.Resources != nil && c.Resources.Requests[api.ResourceCPU].String() == cpu && waits == (cpu == "1")
		}
	}
	for _, name := range []string{"a", "b"} {
		status(h, name, "ready", ready)
		patch(h, name, "resize", `{"spec":{"containers":[{"name":"c","resources":{"requests":{"cpu":"20"}}}]}}`)
		status(h, name, "a deferred resize", has("1"))
	}
	remove := func(name string) {
		require.NoError(t, client.Of[*api.Pod](h.Client).Delete(h.Ctx, "default", name, api.DeleteOptions{GracePeriodSeconds: api.Ptr[int64](0)}))
	}
	remove("big")
	status(h, "b", "room for it", has("20"))
	status(h, "a", "a deferred resize", has("1"))
	remove("b")
	status(h, "a", "room for it", has("20"))
}

// asks makes a pod ask for cpu, of which the node has 32.
func asks(cpu string) func(*api.Pod) {
	return func(p *api.Pod) {
		p.Spec.Containers[0].Resources.Requests = api.ResourceList{api.ResourceCPU: api.MustParse(cpu)}
	}
}

func ofPodsThatComeAtOnceThoseRunThatFit(t *testing.T, h *story.Harness, n *node) {
	names := []string{"a", "b", "c", "d"}
	for _, name := range names {
		create(h, pod(name, nil, asks("12"), never))
	}
	h.Eventually(func() error {
		phases := map[api.PodPhase]int{}
		for _, name := range names {
			p := get(h, name)
			phases[p.Status.Phase]++
			if p.Status.Phase == api.PodFailed && p.Status.Reason != "OutOfcpu" {
				return fmt.Errorf("%s failed: %s", name, p.Status.Reason)
			}
		}
		if phases[api.PodRunning] != 2 || phases[api.PodFailed] != 2 {
			return fmt.Errorf("%v", phases)
		}
		return nil
	})
}

func aPodGetsOneMoreContainer(t *testing.T, h *story.Harness, n *node) {
	create(h, pod("web", nil))
	before := status(h, "web", "ready", ready)
	patched := patch(h, "web", "ephemeralcontainers",
		`{"metadata":{"labels":{"not":"changed"}},"spec":{"priority":7,"ephemeralContainers":[{"name":"look","image":"debug:1","targetContainerName":"c"}]}}`)
	require.Equal(t, before.Generation+1, patched.Generation)
	require.Empty(t, patched.Labels)
	p := status(h, "web", "a running ephemeral container", func(p *api.Pod, _ *api.ContainerStatus) bool {
		return len(p.Status.EphemeralContainerStatuses) == 1 && p.Status.EphemeralContainerStatuses[0].State.Running != nil
	})
	require.False(t, p.Status.EphemeralContainerStatuses[0].Ready, "nobody waits for it")
	require.Equal(t, api.PodRunning, p.Status.Phase)
	_, err := client.Of[*api.Pod](h.Client).Patch(h.Ctx, "default", "web", api.JSONPatchType, []byte(`[{"op":"remove","path":"/spec/ephemeralContainers/0"}]`), "ephemeralcontainers")
	require.True(t, api.IsInvalid(err), "it cannot be removed: %v", err)
}

func mountedObjectsAreKeptUpToDate(t *testing.T, h *story.Harness, n *node) {
	conf := api.New[*api.ConfigMap]()
	conf.Namespace, conf.Name, conf.Data = "default", "conf", map[string]string{"greeting": "hello"}
	maps := client.Of[*api.ConfigMap](h.Client)
	conf, err := maps.Create(h.Ctx, conf)
	require.NoError(t, err)
	create(h, pod("web", nil, func(p *api.Pod) {
		p.Labels = map[string]string{"tier": "one"}
		p.Spec.Volumes = append(p.Spec.Volumes,
			api.Volume{Name: "conf", VolumeSource: api.VolumeSource{ConfigMap: &api.ConfigMapVolumeSource{LocalObjectReference: api.LocalObjectReference{Name: "conf"}}}},
			api.Volume{Name: "info", VolumeSource: api.VolumeSource{DownwardAPI: &api.DownwardAPIVolumeSource{Items: []api.DownwardAPIVolumeFile{
				{Path: "labels", FieldRef: &api.ObjectFieldSelector{FieldPath: "metadata.labels"}}}}}})
	}))
	p := status(h, "web", "ready", ready)
	shows := func(volume, name, want string) {
		t.Helper()
		h.Eventually(func() error {
			b, err := os.ReadFile(filepath.Join(n.dir, "pods", string(p.UID), "volumes", volume, name))
			if err == nil && string(b) != want {
				err = fmt.Errorf("%s is %q, want %q", name, b, want)
			}
			return err
		})
	}
	shows("conf", "greeting", "hello")
	conf.Data["greeting"] = "good day"
	_, err = maps.Update(h.Ctx, conf)
	require.NoError(t, err)
	shows("conf", "greeting", "good day")

	patch(h, "web", "", `{"metadata":{"labels":{"tier":"two"}}}`)
	shows("info", "labels", `tier="two"`)

	// What was mounted stays when its object is deleted, and the pod goes on.
	require.NoError(t, maps.Delete(h.Ctx, "default", "conf", api.DeleteOptions{}))
	events(h, "web", "FailedMount")
	shows("conf", "greeting", "good day")
	require.True(t, ready(get(h, "web"), &get(h, "web").Status.ContainerStatuses[0]))
}

func aClaimLeadsToItsVolume(t *testing.T, h *story.Harness, n *node) {
	create(h, pod("web", nil, func(p *api.Pod) {
		p.Spec.Volumes = append(p.Spec.Volumes, api.Volume{Name: "data", VolumeSource: api.VolumeSource{
			PersistentVolumeClaim: &api.PersistentVolumeClaimVolumeSource{ClaimName: "data"}}})
	}))
	events(h, "web", "FailedMount", `Unable to attach or mount volumes: unmounted volumes=[data], unattached volumes=[], failed to process volumes=[data]: `+
		`error processing PVC default/data: failed to fetch PVC from API server: persistentvolumeclaims "data" not found`)

	storage := t.TempDir()
	modes := []api.PersistentVolumeAccessMode{api.ReadWriteOnce}
	size := api.ResourceList{api.ResourceStorage: api.MustParse("1Gi")}
	claim := api.New[*api.PersistentVolumeClaim]()
	claim.Namespace, claim.Name = "default", "data"
	claim.Spec.AccessModes, claim.Spec.Resources.Requests, claim.Spec.VolumeName = modes, size, "disk"
	_, err := client.Of[*api.PersistentVolumeClaim](h.Client).Create(h.Ctx, claim)
	require.NoError(t, err)
	volume := api.New[*api.PersistentVolume]()
	volume.Name, volume.Spec.AccessModes, volume.Spec.Capacity = "disk", modes, size
	volume.Spec.HostPath = &api.HostPathVolumeSource{Path: storage}
	_, err = client.Of[*api.PersistentVolume](h.Client).Create(h.Ctx, volume)
	require.NoError(t, err)

	p := status(h, "web", "ready", ready) // it heals when the cause is removed: the controllers bind the two
	link, err := os.Readlink(filepath.Join(n.dir, "pods", string(p.UID), "volumes", "data"))
	require.NoError(t, err)
	require.Equal(t, storage, link)
}

func aPodThatDoesNotFitIsRejected(t *testing.T, h *story.Harness, n *node) {
	create(h, pod("big", nil, func(p *api.Pod) {
		p.Spec.Containers[0].Resources.Requests = api.ResourceList{api.ResourceCPU: api.MustParse("33")}
	}))
	h.Eventually(func() error {
		if s := get(h, "big").Status; s.Phase != api.PodFailed || s.Reason != "OutOfcpu" ||
			s.Message != "Pod was rejected: Node didn't have enough resource: cpu, requested: 33000, used: 0, capacity: 32000" || s.ContainerStatuses != nil {
			return fmt.Errorf("want it rejected: %+v", s)
		}
		return nil
	})
	events(h, "big", "OutOfcpu")
}

func aCriticalPodTakesThePlaceOfAnother(t *testing.T, h *story.Harness, n *node) {
	critical := func(p *api.Pod) { p.Spec.PriorityClassName = "system-node-critical" }
	create(h, pod("small", nil, asks("8")))
	create(h, pod("large", nil, asks("20")))
	status(h, "small", "ready", ready)
	status(h, "large", "ready", ready)
	create(h, pod("critical", nil, asks("22"), critical))
	status(h, "critical", "ready", ready)
	s := status(h, "large", "ended", func(p *api.Pod, _ *api.ContainerStatus) bool { return p.Status.Phase == api.PodFailed }).Status
	require.Equal(t, "Preempting", s.Reason)
	require.Equal(t, "Preempted in order to admit critical pod", s.Message)
	require.Equal(t, "Pod was preempted by Kubelet to accommodate a critical pod.", s.Condition(api.DisruptionTarget).Message)
	events(h, "large", "Preempting")
	status(h, "small", "left alone", ready)

	create(h, pod("too-much", nil, asks("33"), critical))
	h.Eventually(func() error {
		if s := get(h, "too-much").Status; s.Reason != "UnexpectedAdmissionError" {
			return fmt.Errorf("want it rejected: %+v", s)
		}
		return nil
	})
	status(h, "small", "left alone still", ready)
}

func aManifestOnTheNodeRunsAndShows(t *testing.T, h *story.Harness, n *node) {
	dir := filepath.Join(n.dir, "manifests")
	require.NoError(t, os.MkdirAll(dir, 0o755))
	file := filepath.Join(dir, "web.yaml")
	manifest := "apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\nspec:\n  containers:\n    - name: c\n      image: %s\n"
	require.NoError(t, os.WriteFile(file, fmt.Appendf(nil, manifest, "app:1"), 0o644))
	running := func(image string) func(p *api.Pod, c *api.ContainerStatus) bool {
		return func(p *api.Pod, c *api.ContainerStatus) bool {
			return ready(p, c) && p.Spec.Containers[0].Image == image
		}
	}
	exists := func() error {
		_, err := client.Of[*api.Pod](h.Client).Get(h.Ctx, "default", "web-n1")
		return err
	}
	h.Eventually(exists)
	p := status(h, "web-n1", "ready", running("app:1"))
	require.Equal(t, "file", p.Annotations["kubernetes.io/config.source"])
	require.Equal(t, "Node", p.OwnerReferences[0].Kind)
	container := p.Status.ContainerStatuses[0].ContainerID

	// The API has no say: a deleted mirror comes back, and the containers know nothing of it. Nor of the kubelet's restart.
	require.NoError(t, client.Of[*api.Pod](h.Client).Delete(h.Ctx, "default", "web-n1", api.DeleteOptions{}))
	h.Eventually(func() error {
		if now, err := client.Of[*api.Pod](h.Client).Get(h.Ctx, "default", "web-n1"); err != nil || now.UID == p.UID {
			return fmt.Errorf("no new mirror: %v", err)
		}
		return nil
	})
	p = status(h, "web-n1", "ready again", running("app:1"))
	require.Equal(t, container, p.Status.ContainerStatuses[0].ContainerID)
	n.stop()
	n.start()
	require.Equal(t, container, status(h, "web-n1", "ready", running("app:1")).Status.ContainerStatuses[0].ContainerID)

	// Another manifest is another pod; none is none.
	require.NoError(t, os.WriteFile(file, fmt.Appendf(nil, manifest, "app:2"), 0o644))
	h.Eventually(func() error {
		now, err := client.Of[*api.Pod](h.Client).Get(h.Ctx, "default", "web-n1")
		if err != nil {
			return err
		}
		if now.Spec.Containers[0].Image != "app:2" || now.Status.Phase != api.PodRunning {
			return fmt.Errorf("not the new one yet: %+v", now.Status)
		}
		return nil
	})
	require.NoError(t, os.Remove(file))
	h.Eventually(func() error {
		if err := exists(); !api.IsNotFound(err) {
			return fmt.Errorf("still there: %v", err)
		}
		return nil
	})
}

func aVolumeThatGrowsTooLargeCostsItsPod(t *testing.T, h *story.Harness, n *node) {
	create(h, pod("web", nil, func(p *api.Pod) {
		p.Spec.Volumes = []api.Volume{{Name: "scratch", VolumeSource: api.VolumeSource{EmptyDir: &api.EmptyDirVolumeSource{SizeLimit: api.Ptr(api.MustParse("1Ki"))}}}}
	}))
	p := status(h, "web", "ready", ready)
	require.NoError(t, os.WriteFile(filepath.Join(n.dir, "pods", string(p.UID), "volumes", "scratch", "file"), make([]byte, 2048), 0o644))
	h.Eventually(func() error {
		if s := get(h, "web").Status; s.Phase != api.PodFailed || s.Reason != "Evicted" || s.Message != `Usage of EmptyDir volume "scratch" exceeds the limit "1Ki". ` {
			return fmt.Errorf("want it evicted: %+v", s)
		}
		return nil
	})
	events(h, "web", "Evicted")
	require.True(t, slices.ContainsFunc(get(h, "web").Status.Conditions, func(c api.PodCondition) bool {
		return c.Type == api.DisruptionTarget && c.Reason == "TerminationByKubelet"
	}))
}
