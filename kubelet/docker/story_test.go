package docker

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/stretchr/testify/require"

	"kubelite/api"
	"kubelite/client"
	"kubelite/kubelet"
	"kubelite/test/story"
)

// TestAPodSurvivesWhatPeopleDoWithDocker runs a kubelet on the Docker daemon and hurts its pod in every way.
func TestAPodSurvivesWhatPeopleDoWithDocker(t *testing.T) {
	requireDocker(t)
	h := story.Start(t, 0)
	r := newRuntime(t)
	c := h.As("system:node:n1", "system:nodes")
	root := t.TempDir()
	start := func() (stop func()) {
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan error, 1)
		go func() {
			done <- kubelet.Run(ctx, kubelet.Config{
				Client: c, NodeName: "n1", NodeIP: "127.0.0.1", PodCIDR: nodeRange(t, r), Runtime: r, RootDir: root, Version: api.KubernetesVersion,
			})
		}()
		return func() {
			cancel()
			require.NoError(t, <-done)
		}
	}
	stop := start()
	t.Cleanup(func() { stop() })
	h.Eventually(h.NodesReady(1))

	pod := api.New[*api.Pod]()
	pod.Namespace, pod.Name = "default", "web"
	pod.Spec.NodeName = "n1"
	pod.Spec.Containers = []api.Container{{Name: "web", Image: testImage, ImagePullPolicy: api.PullNever}}
	pods := client.Of[*api.Pod](h.Client)
	h.Eventually(func() error {
		_, err := pods.Create(h.Ctx, pod)
		return err
	})
	// running waits until the container runs in so many-th attempt.
	running := func(attempt int32) *api.Pod {
		t.Helper()
		var p *api.Pod
		h.Eventually(func() (err error) {
			if p, err = pods.Get(h.Ctx, "default", "web"); err != nil {
				return err
			}
			if s := p.Status.ContainerStatuses; len(s) == 1 && s[0].Ready && s[0].RestartCount == attempt {
				return nil
			}
			return fmt.Errorf("want attempt %d to run, have %+v", attempt, p.Status)
		})
		return p
	}
	// of finds the pod's containers on the daemon.
	of := func(p *api.Pod) *kubelet.RuntimePod {
		seen, err := r.PodStatus(h.Ctx, p.UID)
		require.NoError(t, err)
		return seen
	}
	p := running(0)

	// docker kill: noticed at once, restarted at once.
	began := time.Now()
	require.NoError(t, r.docker.ContainerKill(h.Ctx, of(p).Newest("web").ID, "KILL"))
	p = running(1)
	require.Less(t, time.Since(began), 10*time.Second)
	require.Equal(t, int32(137), p.Status.ContainerStatuses[0].LastTerminationState.Terminated.ExitCode)

	// A kubelet that restarts leaves the container alone.
	before := p.Status.ContainerStatuses[0].ContainerID
	stop()
	stop = start()
	h.Eventually(h.NodesReady(1))

	// docker rm -f of the sandbox: the pod gets another one, and keeps its name.
	first := of(p).Sandbox()
	require.Equal(t, "docker://"+of(p).Newest("web").ID, before)
	require.NoError(t, r.docker.ContainerRemove(h.Ctx, first.ID, container.RemoveOptions{Force: true}))
	h.Eventually(func() error {
		s := of(p).Sandbox()
		if s == nil || s.ID == first.ID {
			return fmt.Errorf("no new sandbox: %+v", s)
		}
		return nil
	})
	p = running(2)
	require.Equal(t, of(p).Sandbox().IP, p.Status.PodIP)

	// Deleting leaves nothing: no container, no file.
	require.NoError(t, pods.Delete(h.Ctx, "default", "web", api.DeleteOptions{}))
	h.Eventually(func() error {
		if _, err := pods.Get(h.Ctx, "default", "web"); !api.IsNotFound(err) {
			return fmt.Errorf("still there: %v", err)
		}
		return nil
	})
	require.True(t, of(p).Empty())
	left, err := os.ReadDir(root + "/pods")
	require.NoError(t, err)
	require.Empty(t, left)
}

// TestLastWords shows how a container's end gets into the pod's status.
func TestLastWords(t *testing.T) {
	requireDocker(t)
	h := story.Start(t, 0)
	r := newRuntime(t)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	c, root := h.As("system:node:n1", "system:nodes"), t.TempDir()
	go func() {
		done <- kubelet.Run(ctx, kubelet.Config{
			Client: c, NodeName: "n1", NodeIP: "127.0.0.1", PodCIDR: nodeRange(t, r), Runtime: r, RootDir: root, Version: api.KubernetesVersion,
		})
	}()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-done)
	})
	h.Eventually(h.NodesReady(1))
	pod := api.New[*api.Pod]()
	pod.Namespace, pod.Name = "default", "once"
	pod.Spec.NodeName, pod.Spec.RestartPolicy = "n1", api.RestartPolicyNever
	pod.Spec.Containers = []api.Container{
		{Name: "file", Image: testImage, Args: []string{"exit", "1"}, ImagePullPolicy: api.PullNever},
		{Name: "log", Image: testImage, Args: []string{"exit", "2"}, ImagePullPolicy: api.PullNever,
			TerminationMessagePath: "/dev/other", TerminationMessagePolicy: api.TerminationMessageFallbackToLogsOnError},
		{Name: "config", Image: testImage, Args: []string{"cat", "/etc/conf/$(KEY)", "/etc/hosts"}, ImagePullPolicy: api.PullNever,
			Env:          []api.EnvVar{{Name: "KEY", Value: "greeting"}},
			VolumeMounts: []api.VolumeMount{{Name: "conf", MountPath: "/etc/conf"}}},
	}
	pod.Spec.Volumes = []api.Volume{{Name: "conf", VolumeSource: api.VolumeSource{
		ConfigMap: &api.ConfigMapVolumeSource{LocalObjectReference: api.LocalObjectReference{Name: "conf"}}}}}
	cm := api.New[*api.ConfigMap]()
	cm.Namespace, cm.Name, cm.Data = "default", "conf", map[string]string{"greeting": "good day\n"}
	_, err := client.Of[*api.ConfigMap](h.Client).Create(h.Ctx, cm)
	require.NoError(t, err)
	pods := client.Of[*api.Pod](h.Client)
	h.Eventually(func() error {
		_, err := pods.Create(h.Ctx, pod)
		return err
	})
	var p *api.Pod
	h.Eventually(func() (err error) {
		if p, err = pods.Get(h.Ctx, "default", "once"); err == nil && p.Status.Phase != api.PodFailed {
			err = fmt.Errorf("want it to fail: %+v", p.Status)
		}
		return err
	})
	messages := map[string]string{}
	for _, s := range p.Status.ContainerStatuses {
		messages[s.Name] = s.State.Terminated.Message
	}
	require.Equal(t, "because", messages["file"])
	require.Contains(t, messages["log"], "out\n") // the order of the two streams is up to Docker
	require.Contains(t, messages["log"], "err\n")

	seen, err := r.PodStatus(h.Ctx, p.UID)
	require.NoError(t, err)
	out, _ := logs(t, r, seen.Newest("config").ID, kubelet.LogOptions{Tail: -1})
	require.Contains(t, out, "good day\n# Kubernetes-managed hosts file.\n")
	require.Contains(t, out, p.Status.PodIP+"\tonce\n")
}
