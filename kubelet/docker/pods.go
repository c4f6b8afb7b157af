package docker

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/events"

	"kubelite/api"
	"kubelite/kubelet"
)

// ListPods groups this node's containers by pod: one question to the daemon.
func (r *Runtime) ListPods(ctx context.Context) ([]*kubelet.RuntimePod, error) {
	list, err := r.docker.ContainerList(ctx, container.ListOptions{All: true, Filters: r.ours()})
	if err != nil {
		return nil, fmt.Errorf("list containers: %w", err)
	}
	byUID := map[string]*kubelet.RuntimePod{}
	var pods []*kubelet.RuntimePod
	for i := range list {
		c := &list[i]
		pod := byUID[c.Labels[labelPodUID]]
		if pod == nil {
			pod = podOf(c.Labels)
			byUID[c.Labels[labelPodUID]] = pod
			pods = append(pods, pod)
		}
		created := time.Unix(c.Created, 0)
		add(pod, c.ID, c.Labels, stateOf(c.State), created)
	}
	for _, pod := range pods {
		sortNewestFirst(pod)
	}
	return pods, nil
}

// PodStatus asks about each of the pod's containers.
func (r *Runtime) PodStatus(ctx context.Context, uid api.UID) (*kubelet.RuntimePod, error) {
	list, err := r.docker.ContainerList(ctx, container.ListOptions{All: true, Filters: r.ours(labelPodUID + "=" + string(uid))})
	if err != nil {
		return nil, fmt.Errorf("list the containers of a pod: %w", err)
	}
	pod := &kubelet.RuntimePod{UID: uid}
	for i := range list {
		if i == 0 {
			pod = podOf(list[i].Labels)
		}
		inspected, err := r.docker.ContainerInspect(ctx, list[i].ID)
		if errdefs.IsNotFound(err) {
			continue // gone since
		}
		if err != nil {
			return nil, fmt.Errorf("inspect a container: %w", err)
		}
		created := parseTime(inspected.Created)
		if c := add(pod, inspected.ID, inspected.Config.Labels, stateOf(inspected.State.Status), created); c != nil {
			describe(c, inspected.State)
			c.User = processUser(c.ID, inspected.State.Pid)
			c.Resources = resourcesOf(inspected.HostConfig.Resources)
		}
	}
	sortNewestFirst(pod)
	return pod, nil
}

// add puts a container into its pod, as its sandbox or as one of its containers, which is then returned.
func add(pod *kubelet.RuntimePod, id string, labels map[string]string, state kubelet.ContainerState, created time.Time) *kubelet.RuntimeContainer {
	if labels[labelType] == typeSandbox {
		pod.Sandboxes = append(pod.Sandboxes, &kubelet.Sandbox{
			ID: id, Attempt: attemptOf(labels), Ready: state == kubelet.ContainerRunning, IP: labels[labelIP], CreatedAt: created, RuntimeHandler: labels[labelHandler],
		})
		return nil
	}
	c := &kubelet.RuntimeContainer{
		ID: id, SandboxID: labels[labelSandbox], Name: labels[labelContainer], Attempt: attemptOf(labels), Hash: labels[labelHash],
		Image: labels[labelImage], ImageID: labels[labelImageRef], State: state, CreatedAt: created,
	}
	pod.Containers = append(pod.Containers, c)
	return c
}

// describe adds what Docker knows of a container's start and end.
func describe(c *kubelet.RuntimeContainer, s *container.State) {
	c.StartedAt = parseTime(s.StartedAt)
	switch {
	case c.State == kubelet.ContainerCreated && s.Error != "":
		// The start failed. Docker goes on calling it created, Kubernetes calls it ended; 128 is what containerd says.
		c.State, c.Reason, c.Message, c.ExitCode, c.FinishedAt = kubelet.ContainerExited, "StartError", s.Error, 128, c.CreatedAt
	case c.State != kubelet.ContainerExited:
	case s.OOMKilled:
		c.Reason = "OOMKilled"
	case s.ExitCode == 0:
		c.Reason = "Completed"
	default:
		c.Reason = "Error"
	}
	if c.State == kubelet.ContainerExited && c.Reason != "StartError" {
		c.ExitCode, c.Message, c.FinishedAt = s.ExitCode, s.Error, parseTime(s.FinishedAt)
	}
}

// stateOf translates Docker's states. A paused container has its processes still.
func stateOf(docker string) kubelet.ContainerState {
	switch docker {
	case container.StateRunning, container.StatePaused, container.StateRestarting:
		return kubelet.ContainerRunning
	case container.StateCreated:
		return kubelet.ContainerCreated
	}
	return kubelet.ContainerExited // exited, dead, removing
}

// sortNewestFirst orders by attempt: two attempts may have been made in the same second.
func sortNewestFirst(pod *kubelet.RuntimePod) {
	slices.SortFunc(pod.Sandboxes, func(a, b *kubelet.Sandbox) int {
		return cmp.Or(cmp.Compare(b.Attempt, a.Attempt), b.CreatedAt.Compare(a.CreatedAt))
	})
	slices.SortFunc(pod.Containers, func(a, b *kubelet.RuntimeContainer) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(b.Attempt, a.Attempt), b.CreatedAt.Compare(a.CreatedAt))
	})
}

func parseTime(s string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil || t.Year() <= 1 { // Docker's way to say never
		return time.Time{}
	}
	return t
}

// Events passes on what the daemon tells of this node's containers.
func (r *Runtime) Events(ctx context.Context, notify func(uid api.UID)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // ends the stream
	only := r.ours()
	only.Add("type", string(events.ContainerEventType))
	for _, action := range []events.Action{events.ActionStart, events.ActionDie, events.ActionDestroy} {
		only.Add("event", string(action))
	}
	messages, errs := r.docker.Events(ctx, events.ListOptions{Filters: only})
	for {
		select {
		case m := <-messages:
			notify(api.UID(m.Actor.Attributes[labelPodUID]))
		case err := <-errs:
			return err
		}
	}
}
