package kubelet

import (
	"fmt"
	"hash/fnv"
	"slices"
	"time"

	"kubelite/api"
)

// podView is all that a plan is made from: what the pod should be, what is there, and what the worker remembers.
type podView struct {
	pod      *api.Pod
	gone     bool           // the API has the pod no more
	seen     *RuntimePod    // what the runtime has of it
	killed   []killStep     // what was stopped in this very look, to be started again
	status   *api.PodStatus // what was reported last
	backoffs map[string]backoff
	probes   func(containerID string) probeResults
	failure  *podFailure // why the kubelet ends it, if it does
	now      time.Time
}

// over says why the pod must not run any longer, "" if it may.
func (v *podView) over() string {
	switch {
	case v.gone:
		return "the pod is gone from the API"
	case v.pod.DeletionTimestamp != nil:
		return "the pod is being deleted"
	case v.pod.Status.Phase.Ended():
		return fmt.Sprintf("the pod's phase is %s", v.pod.Status.Phase)
	case v.status.Phase.Ended():
		return fmt.Sprintf("the pod's phase is %s", v.status.Phase)
	}
	if deadline := v.deadline(); !deadline.IsZero() && !v.now.Before(deadline) && v.failure == nil {
		v.failure = &podFailure{Reason: deadlineReason, Message: deadlineMessage}
	}
	if v.failure != nil {
		return v.failure.Message
	}
	return ""
}

// deadline is when activeDeadlineSeconds will be over, the zero time if the pod has none.
func (v *podView) deadline() time.Time {
	if v.pod.Spec.ActiveDeadlineSeconds == nil || v.status.StartTime == nil {
		return time.Time{}
	}
	return v.status.StartTime.Add(time.Duration(*v.pod.Spec.ActiveDeadlineSeconds) * time.Second)
}

// finished tells that every container ran and none may run again: a new sandbox would have nothing to do.
func (v *podView) finished() bool {
	for i := range v.pod.Spec.Containers {
		c := &v.pod.Spec.Containers[i]
		last := v.seen.Newest(c.Name)
		if last == nil || last.State != ContainerExited || mayRestart(v.pod, c, last.ExitCode) {
			return false
		}
	}
	return true
}

// mayNotReturn tells that the pod's sandbox has died after containers ran in it, and that none of them may run again.
func (v *podView) mayNotReturn() bool {
	return v.pod.Spec.RestartPolicy == api.RestartPolicyNever && len(v.seen.Sandboxes) > 0 && len(v.seen.Containers) > 0
}

// planInit walks the init containers in order. An ordinary one must end well before the next starts; a sidecar
// (restartPolicy Always) must only have started, and runs as long as the pod does.
func (v *podView) planInit(plan *podPlan, sandbox *Sandbox) (initialized, failed bool) {
	// Main containers in this sandbox prove that initialization was over once; it does not happen again, even when
	// the dead init containers have been cleaned away.
	initialized = slices.ContainsFunc(v.pod.Spec.Containers, func(c api.Container) bool {
		return v.inSandbox(sandbox, c.Name) != nil
	})
	for i := range v.pod.Spec.InitContainers {
		c := &v.pod.Spec.InitContainers[i]
		sidecar := c.IsSidecar()
		if initialized && !sidecar {
			continue
		}
		// Init containers of an older sandbox do not count: a new sandbox initializes anew.
		last := v.inSandbox(sandbox, c.Name)
		switch {
		case last == nil || last.State == ContainerCreated:
			v.startOrHold(plan, c)
			if !initialized {
				return false, false
			}
		case last.State == ContainerRunning && !sidecar:
			v.planResize(plan, c, last)
			return false, false // wait for it to end
		case last.State == ContainerRunning:
			if message := v.unhealthy(c, last); message != "" {
				v.kill(plan, c, last, "Init container "+message)
			} else {
				v.planResize(plan, c, last)
			}
			if !initialized && !v.started(c, last) {
				return false, false
			}
		case sidecar:
			v.startOrHold(plan, c)
			if !initialized {
				return false, false
			}
		case last.ExitCode == 0:
			// done: on to the next
		case !mayRestart(v.pod, c, last.ExitCode):
			return false, true
		default:
			v.startOrHold(plan, c)
			return false, false
		}
	}
	return true, false
}

// planEphemeral plans to start the containers that were put into the running pod to look around. Each gets one start, at
// once: the pod may be debugged because it cannot finish its initialization.
func (v *podView) planEphemeral(plan *podPlan, sandbox *Sandbox) {
	for i := range v.pod.Spec.EphemeralContainers {
		c := ephemeral(v.pod, i)
		if reported := containerStatus(v.status, c.Name); v.seen.Newest(c.Name) != nil || reported != nil && reported.ContainerID != "" {
			continue
		}
		start := startStep{Container: c, Backoff: v.backoffs[c.Name]}
		if name := v.pod.Spec.EphemeralContainers[i].TargetContainerName; name != "" {
			target := v.inSandbox(sandbox, name)
			if target == nil || target.State != ContainerRunning {
				continue // when it runs we are asked again
			}
			start.TargetID = target.ID
		}
		plan.Start = append(plan.Start, start)
	}
}

// planContainer plans one main container and tells whether it is alive and may stay so, or will be.
func (v *podView) planContainer(plan *podPlan, c *api.Container, sandbox *Sandbox) bool {
	if running := v.inSandbox(sandbox, c.Name); running != nil && running.State == ContainerRunning {
		message := v.unhealthy(c, running)
		if message == "" {
			v.planResize(plan, c, running)
			return true
		}
		changed := running.Hash != hashContainer(c)
		if changed || v.pod.Spec.RestartPolicyOf(c) != api.RestartPolicyNever {
			v.kill(plan, c, running, "Container "+message+", will be restarted")
			return true
		}
		v.kill(plan, c, running, "Container "+message)
		return false
	}
	last := v.seen.Newest(c.Name)
	if last != nil && last.State == ContainerExited && !mayRestart(v.pod, c, last.ExitCode) {
		return false
	}
	v.startOrHold(plan, c)
	return true
}

// unhealthy says why a running container must be stopped, "" if it may go on.
func (v *podView) unhealthy(c *api.Container, running *RuntimeContainer) string {
	probes := v.probes(running.ID)
	switch {
	case running.Hash != hashContainer(c):
		return c.Name + " definition changed"
	case probes.liveness == probeFailure:
		return c.Name + " failed liveness probe"
	case probes.startup == probeFailure:
		return c.Name + " failed startup probe"
	}
	return ""
}

// started tells whether a running container is past its startup probe, if it has one.
func (v *podView) started(c *api.Container, running *RuntimeContainer) bool {
	return c.StartupProbe == nil || v.probes(running.ID).startup == probeSuccess
}

// kill plans to stop a running container; once it has ended, the next plan, at once, starts it again if it may run again.
func (v *podView) kill(plan *podPlan, c *api.Container, running *RuntimeContainer, message string) {
	grace := gracePeriod(v.pod)
	probes := v.probes(running.ID)
	for _, p := range []struct {
		failed bool
		probe  *api.Probe
	}{{probes.liveness == probeFailure, c.LivenessProbe}, {probes.startup == probeFailure, c.StartupProbe}} {
		if p.failed && p.probe != nil && p.probe.TerminationGracePeriodSeconds != nil {
			grace = time.Duration(*p.probe.TerminationGracePeriodSeconds) * time.Second
		}
	}
	plan.Kill = append(plan.Kill, killStep{ID: running.ID, Name: c.Name, Message: message, Grace: grace})
}

// startOrHold plans to start a container, or to wait if it ended too often.
func (v *podView) startOrHold(plan *podPlan, c *api.Container) {
	start := startStep{Container: c, Backoff: v.backoffs[c.Name]}
	last := v.seen.Newest(c.Name)
	if last != nil {
		start.Attempt = last.Attempt + 1
		ended := last
		if slices.ContainsFunc(v.killed, func(k killStep) bool { return k.ID == last.ID }) {
			ended = v.seen.Previous(c.Name) // as upstream, which starts it in one step with the kill
		}
		if ended != nil && ended.State == ContainerExited {
			if until := start.Backoff.until(ended.FinishedAt, v.now); !until.IsZero() {
				plan.Hold = append(plan.Hold, holdStep{Container: c, Delay: start.Backoff.delay, Until: until})
				plan.wakeAt(until)
				return
			}
			start.Backoff = start.Backoff.next(ended.FinishedAt, v.now)
		}
	} else if reported := containerStatus(v.status, c.Name); reported != nil {
		start.Attempt = int(reported.RestartCount)
		if reported.ContainerID != "" {
			start.Attempt++ // it has been removed since: that counts as a restart
		}
	}
	plan.Start = append(plan.Start, start)
}

func (p *podPlan) wakeAt(t time.Time) {
	if p.Next.IsZero() || t.Before(p.Next) {
		p.Next = t
	}
}

// inSandbox returns the newest attempt at a container if it belongs to the sandbox.
func (v *podView) inSandbox(sandbox *Sandbox, name string) *RuntimeContainer {
	if c := v.seen.Newest(name); c != nil && c.SandboxID == sandbox.ID {
		return c
	}
	return nil
}

// deadAttempts returns the dead containers that can go. Of each container the newest attempt and the one before it
// stay: `kubectl logs --previous` reads the latter.
func (v *podView) deadAttempts() []string {
	var ids []string
	count := map[string]int{}
	for _, c := range v.seen.Containers {
		count[c.Name]++
		if count[c.Name] > 2 && c.State != ContainerRunning {
			ids = append(ids, c.ID)
		}
	}
	return ids
}

// mayRestart tells whether a container may run again after it ended with the exit code.
func mayRestart(pod *api.Pod, c *api.Container, exitCode int) bool {
	return api.ShouldRestartContainer(&pod.Spec, c, int32(exitCode))
}

// isInit tells whether the pod has an init container of that name.
func isInit(pod *api.Pod, name string) bool {
	return slices.ContainsFunc(pod.Spec.InitContainers, func(c api.Container) bool { return c.Name == name })
}

// isEphemeral tells whether the pod has an ephemeral container of that name.
func isEphemeral(pod *api.Pod, name string) bool {
	return slices.ContainsFunc(pod.Spec.EphemeralContainers, func(c api.EphemeralContainer) bool { return c.Name == name })
}

// hashContainer identifies what of a running container's spec cannot change without a restart. Like upstream's it
// covers the name and the image only: the API refuses other changes to a running pod.
func hashContainer(c *api.Container) string {
	h := fnv.New32a()
	_, _ = h.Write([]byte(c.Name + "\x00" + c.Image)) // never fails
	return fmt.Sprintf("%08x", h.Sum32())
}

// minimumGrace is what a container gets to end by itself even where the grace period is 0.
const minimumGrace = 2 * time.Second

// gracePeriod is how long the pod's containers may take to end: what the deletion says, else what the spec says.
func gracePeriod(pod *api.Pod) time.Duration {
	seconds := api.Deref(pod.Spec.TerminationGracePeriodSeconds, 30)
	if pod.DeletionGracePeriodSeconds != nil {
		seconds = *pod.DeletionGracePeriodSeconds
	}
	return max(time.Duration(seconds)*time.Second, minimumGrace)
}

// containerStatus finds a container in a status, nil if it is not there.
func containerStatus(status *api.PodStatus, name string) *api.ContainerStatus {
	for _, list := range [][]api.ContainerStatus{status.InitContainerStatuses, status.ContainerStatuses, status.EphemeralContainerStatuses} {
		for i := range list {
			if list[i].Name == name {
				return &list[i]
			}
		}
	}
	return nil
}
