package kubelet

import (
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"

	"kubelite/api"
)

// statusView is all that a pod's status is worked out from.
type statusView struct {
	pod     *api.Pod
	seen    *RuntimePod
	last    *api.PodStatus           // as reported before: times and things the runtime has forgotten come from it
	waiting map[string]waitingReason // why containers that should run do not
	probes  func(containerID string) probeResults
	stopped bool        // everything has been stopped for good
	failure *podFailure // why the kubelet ended the pod, if it did

	restartingAll         bool   // all containers are removed because one of them asked for it; worked out here
	deferred, resizeError string // what is in the way of a resize, if anything
	hostIP                string
	runtime               string // scheme of container ids
	now                   time.Time
}

// waitingReason is the reason and message of a container's waiting state: CrashLoopBackOff, ErrImagePull, ...
type waitingReason struct{ Reason, Message string }

// podFailure is why the kubelet itself ended a pod.
type podFailure struct {
	Reason, Message string
	rejected        bool          // it was never let in: nothing is known of its containers
	disruption      string        // not empty: it ended for the sake of others, which is not to be counted against it, and why
	grace           time.Duration // what its containers get to end; 0 is what the pod says
}

const (
	deadlineReason  = "DeadlineExceeded"
	deadlineMessage = "Pod was active on the node longer than the specified deadline"

	unknownReason  = "ContainerStatusUnknown"
	unknownMessage = "The container could not be located when the pod was terminated"
)

// computeStatus says in the API's words what has become of a pod. It changes nothing and asks nobody: what it
// returns differs from the last status only where the pod does.
func computeStatus(v statusView) api.PodStatus {
	if v.last.Phase.Ended() && v.last.ContainerStatuses == nil && len(v.pod.Spec.Containers) > 0 {
		return *v.last // it was turned away: there is nothing more to tell
	}
	s := api.PodStatus{
		ObservedGeneration: v.pod.Generation,
		StartTime:          v.last.StartTime,
		QOSClass:           api.PodQOS(&v.pod.Spec),
		HostIP:             v.hostIP, HostIPs: []api.HostIP{{IP: v.hostIP}},
		PodIP: v.last.PodIP, PodIPs: v.last.PodIPs,
		// What others write into the status stays.
		NominatedNodeName: v.pod.Status.NominatedNodeName, ResourceClaimStatuses: v.pod.Status.ResourceClaimStatuses,
		ExtendedResourceClaimStatus:          v.pod.Status.ExtendedResourceClaimStatus,
		NodeAllocatableResourceClaimStatuses: v.pod.Status.NodeAllocatableResourceClaimStatuses,
	}
	if s.StartTime == nil {
		s.StartTime = &api.Time{Time: v.now.Truncate(time.Second)}
	}
	ip := v.last.PodIP // a pod that has ended still shows the address it had
	if v.pod.Spec.HostNetwork {
		ip = v.hostIP
	} else if sandbox := v.seen.Sandbox(); sandbox != nil && sandbox.IP != "" {
		ip = sandbox.IP
	}
	if ip != "" {
		s.PodIP, s.PodIPs = ip, []api.PodIP{{IP: ip}}
	}
	v.restartingAll = restartsAll(v.pod, v.seen, v.last)
	s.InitContainerStatuses = v.containerStatuses(v.pod.Spec.InitContainers, true)
	s.ContainerStatuses = v.containerStatuses(v.pod.Spec.Containers, false)
	for i := range v.pod.Spec.EphemeralContainers {
		status := v.containerStatus(ephemeral(v.pod, i), false)
		status.Ready, status.Started = false, nil // nobody waits for it
		s.EphemeralContainerStatuses = append(s.EphemeralContainerStatuses, status)
	}
	// By name, as upstream sorts them; init containers keep the order they run in.
	sort.SliceStable(s.ContainerStatuses, func(i, j int) bool { return s.ContainerStatuses[i].Name < s.ContainerStatuses[j].Name })

	s.Phase = v.phase(&s)
	total := api.PodTotal(&v.pod.Spec)
	s.Resources, s.AllocatedResources = v.whole(total), total.Requests
	if s.Phase == v.last.Phase {
		s.Reason, s.Message = v.last.Reason, v.last.Message
	}
	if v.failure != nil && v.stopped {
		s.Phase, s.Reason, s.Message = api.PodFailed, v.failure.Reason, v.failure.Message
		if v.failure.rejected {
			s.InitContainerStatuses, s.ContainerStatuses, s.EphemeralContainerStatuses = nil, nil, nil
			s.Resources, s.AllocatedResources = nil, nil
			return s
		}
	}
	s.Conditions = v.conditions(&s)
	return s
}

// containerStatuses gives every container of the spec its status.
func (v *statusView) containerStatuses(containers []api.Container, init bool) []api.ContainerStatus {
	var statuses []api.ContainerStatus
	for i := range containers {
		statuses = append(statuses, v.containerStatus(&containers[i], init))
	}
	return statuses
}

// containerStatus tells one container's state, the state before it, and whether it is ready.
func (v *statusView) containerStatus(c *api.Container, init bool) api.ContainerStatus {
	newest := v.seen.Newest(c.Name)
	s := api.ContainerStatus{Name: c.Name, Image: c.Image}
	old := containerStatus(v.last, c.Name)
	for _, m := range c.VolumeMounts {
		mount := api.VolumeMountStatus{Name: m.Name, MountPath: m.MountPath, ReadOnly: m.ReadOnly}
		if m.ReadOnly {
			mount.RecursiveReadOnly = api.Ptr(api.RecursiveReadOnlyDisabled)
		}
		s.VolumeMounts = append(s.VolumeMounts, mount)
	}
	switch {
	case newest != nil:
		s.ContainerID = v.runtime + "://" + newest.ID
		s.Image, s.ImageID = newest.Image, newest.ImageID
		s.RestartCount = int32(newest.Attempt)
		s.Resources, s.AllocatedResources = &c.Resources, c.Resources.Requests
		if old != nil && old.Resources != nil && v.outdated(c, newest) {
			s.Resources = old.Resources // until it has what it was given
		}
		if s.User = newest.User; old != nil && old.ContainerID == s.ContainerID && old.User != nil {
			s.User = old.User // who it began as: a process may change that
		}
		s.State = v.state(newest)
		if previous := v.seen.Previous(c.Name); previous != nil && previous.State == ContainerExited {
			s.LastTerminationState = v.state(previous)
		} else if old != nil && newest.Attempt > 0 {
			s.LastTerminationState = lastState(old, s.ContainerID)
		}
	case old != nil && old.State.Terminated != nil && !v.restartingAll:
		s = *old // it ended, and its remains have been cleaned away
	case old != nil:
		s.RestartCount, s.LastTerminationState = old.RestartCount, old.LastTerminationState
		if old.ContainerID != "" && v.pod.DeletionTimestamp == nil {
			s.RestartCount++ // it has been removed: its next start is a restart
		}
		s.State = v.notStarted()
		switch {
		case v.restartingAll && old.State.Waiting == nil:
			s.State, s.LastTerminationState = restartedWithAll()
		case old.State.Running != nil:
			s.LastTerminationState = lostContainer(old)
		}
	default:
		s.State = v.notStarted()
	}

	// A container that is to run but cannot is waiting, and says why.
	if reason, ok := v.waiting[c.Name]; ok && s.State.Running == nil && v.shouldStart(c, newest) {
		if s.State.Terminated != nil {
			s.LastTerminationState = s.State
		}
		s.State = api.ContainerState{Waiting: &api.ContainerStateWaiting{Reason: reason.Reason, Message: reason.Message}}
	}
	if v.stopped && s.State.Terminated == nil && (!init || s.State.Running != nil) && v.initializedOnce() {
		s.State = api.ContainerState{Terminated: &api.ContainerStateTerminated{Reason: unknownReason, Message: unknownMessage, ExitCode: 137}}
	}
	v.readiness(c, &s, newest, init)
	return s
}

// state translates the runtime's word on one attempt.
func (v *statusView) state(c *RuntimeContainer) api.ContainerState {
	switch c.State {
	case ContainerRunning:
		return api.ContainerState{Running: &api.ContainerStateRunning{StartedAt: seconds(c.StartedAt)}}
	case ContainerExited:
		return api.ContainerState{Terminated: &api.ContainerStateTerminated{
			ExitCode: int32(c.ExitCode), Reason: c.Reason, Message: c.Message,
			StartedAt: seconds(c.StartedAt), FinishedAt: seconds(c.FinishedAt), ContainerID: v.runtime + "://" + c.ID,
		}}
	}
	return v.notStarted()
}

// notStarted is the state of a container before its first start.
func (v *statusView) notStarted() api.ContainerState {
	reason := "ContainerCreating"
	if len(v.pod.Spec.InitContainers) > 0 {
		reason = "PodInitializing"
	}
	return api.ContainerState{Waiting: &api.ContainerStateWaiting{Reason: reason}}
}

// lastState is how the attempt before containerID ended, from the status reported before.
func lastState(old *api.ContainerStatus, containerID string) api.ContainerState {
	switch {
	case old.ContainerID == containerID:
		return old.LastTerminationState
	case old.State.Terminated != nil:
		return old.State
	case old.State.Running != nil:
		return lostContainer(old)
	}
	return old.LastTerminationState
}

// lostContainer is the end of a container that ran and then was not there any more: nobody knows how it ended.
func lostContainer(old *api.ContainerStatus) api.ContainerState {
	return api.ContainerState{Terminated: &api.ContainerStateTerminated{
		Reason: unknownReason, ExitCode: 137, ContainerID: old.ContainerID,
		Message: "The container could not be located when the pod was deleted.  The container used to be Running",
	}}
}

// shouldStart tells whether a container that does not run is meant to.
func (v *statusView) shouldStart(c *api.Container, newest *RuntimeContainer) bool {
	if v.pod.DeletionTimestamp != nil || v.stopped {
		return false
	}
	return newest == nil || newest.State == ContainerCreated || newest.State == ContainerExited && mayRestart(v.pod, c, newest.ExitCode)
}

// initializedOnce tells whether the main containers have had their chance to start.
func (v *statusView) initializedOnce() bool {
	return len(v.pod.Spec.InitContainers) == 0 || slices.ContainsFunc(v.pod.Spec.Containers, func(c api.Container) bool {
		old := containerStatus(v.last, c.Name)
		return v.seen.Newest(c.Name) != nil || old != nil && (old.State.Waiting == nil || old.LastTerminationState.Terminated != nil)
	})
}

// readiness sets started and ready. A container without probes is both from the moment it runs; an init container
// is ready when it has done its work.
func (v *statusView) readiness(c *api.Container, s *api.ContainerStatus, newest *RuntimeContainer, init bool) {
	started := false
	if s.State.Running != nil && newest != nil {
		probes := v.probes(newest.ID)
		started = c.StartupProbe == nil || probes.startup == probeSuccess
		s.Ready = started && !newest.NotReady && (c.ReadinessProbe == nil || probes.readiness == probeSuccess)
	}
	if init && !c.IsSidecar() {
		s.Ready = s.State.Terminated != nil && s.State.Terminated.ExitCode == 0
	}
	s.Started = &started
}

// phase sums the container states up in one word. Upstream's getPhase is the reference.
func (v *statusView) phase(s *api.PodStatus) api.PodPhase {
	for _, p := range []api.PodPhase{v.last.Phase, v.pod.Status.Phase} {
		if p.Ended() {
			return p // there is no way back
		}
	}
	if v.initFailed(s) {
		return api.PodFailed
	}
	initializing, sidecarsRunning := false, 0
	for i := range v.pod.Spec.InitContainers {
		cs := &s.InitContainerStatuses[i]
		switch ended := lastEnd(cs); {
		case v.pod.Spec.InitContainers[i].IsSidecar():
			if cs.State.Running != nil {
				sidecarsRunning++
			}
			initializing = initializing || ended == nil && !*cs.Started && !v.initializedOnce()
		case ended == nil:
			initializing = true
		}
	}
	running, waiting, stopped, succeeded, final := sidecarsRunning, 0, 0, 0, 0
	for i := range v.pod.Spec.Containers {
		c := &v.pod.Spec.Containers[i]
		cs := containerStatus(s, c.Name)
		ended := lastEnd(cs)
		switch {
		case cs.State.Running != nil:
			running++
		case ended == nil:
			waiting++
		default:
			stopped++
			if ended.ExitCode == 0 {
				succeeded++
			}
			if !mayRestart(v.pod, c, int(ended.ExitCode)) {
				final++
			}
		}
	}
	switch {
	case v.stopped && running == 0 && waiting == 0 && !initializing && stopped == succeeded:
		return api.PodSucceeded
	case v.stopped:
		return api.PodFailed
	case initializing || waiting > 0:
		return api.PodPending
	case running > 0 || final < stopped:
		return api.PodRunning // or about to be again
	case v.last.Phase == "":
		return api.PodPending
	default:
		return v.last.Phase // the containers are done, but the pod ends only when its sandbox is stopped too
	}
}

// conditions answers the yes-or-no questions about a pod. Conditions that are not the kubelet's stay as they are.
func (v *statusView) conditions(s *api.PodStatus) []api.PodCondition {
	var conditions []api.PodCondition
	for _, c := range v.pod.Status.Conditions {
		if !slices.Contains(kubeletConditions, c.Type) {
			conditions = append(conditions, c)
		}
	}
	containersReady := v.containersReady(s)
	ready := containersReady
	ready.Type = api.PodReady
	if ready.Status == api.ConditionTrue {
		if message := v.readinessGates(conditions); message != "" {
			ready.Status, ready.Reason, ready.Message = api.ConditionFalse, "ReadinessGatesNotReady", message
		}
	}
	sandbox := condition(api.PodReadyToStartContainers, v.seen.Sandbox() != nil)
	own := []api.PodCondition{sandbox, v.initialized(s), ready, containersReady, condition(api.PodScheduled, true)}
	if v.failure != nil && v.failure.disruption != "" && findCondition(conditions, api.DisruptionTarget) == nil {
		own = append(own, api.PodCondition{Type: api.DisruptionTarget, Status: api.ConditionTrue, Reason: "TerminationByKubelet", Message: v.failure.disruption})
	}
	if v.pod.Spec.CanRestartAllContainers() {
		own = append(own, v.allContainersRestarting(s))
	}
	own = append(own, v.resizeConditions()...)
	conditions = slices.Grow(conditions, len(own)) // no more than that: they stay in memory as long as the pod
	for _, c := range own {
		c.ObservedGeneration = v.pod.Generation
		c.LastTransitionTime = seconds(v.now)
		if old := findCondition(v.last.Conditions, c.Type); old != nil {
			c.LastProbeTime = old.LastProbeTime
			if old.Status == c.Status {
				c.LastTransitionTime = old.LastTransitionTime
			}
		}
		conditions = append(conditions, c)
	}
	return conditions
}

// kubeletConditions are the conditions that the kubelet owns.
var kubeletConditions = []api.PodConditionType{
	api.PodReadyToStartContainers, api.PodInitialized, api.PodReady, api.ContainersReady, api.PodScheduled,
	api.PodResizePending, api.PodResizeInProgress, api.AllContainersRestarting,
}

// containersReady is true when every container is.
func (v *statusView) containersReady(s *api.PodStatus) api.PodCondition {
	c := condition(api.ContainersReady, false)
	switch s.Phase {
	case api.PodSucceeded:
		c.Reason = "PodCompleted"
		return c
	case api.PodFailed:
		if !v.stoppedWaiting(s) {
			c.Reason = "PodFailed"
			return c
		}
	}
	var unready []string
	for i := range v.pod.Spec.InitContainers {
		if cs := &s.InitContainerStatuses[i]; v.pod.Spec.InitContainers[i].IsSidecar() && !cs.Ready {
			unready = append(unready, cs.Name)
		}
	}
	for i := range v.pod.Spec.Containers {
		if name := v.pod.Spec.Containers[i].Name; !containerStatus(s, name).Ready {
			unready = append(unready, name)
		}
	}
	if len(unready) > 0 {
		c.Reason, c.Message = "ContainersNotReady", fmt.Sprintf("containers with unready status: %s", unready)
		return c
	}
	return condition(api.ContainersReady, true)
}

// stoppedWaiting tells whether a pod was stopped, for no failure of its own, that had containers which never ran. Upstream calls such a pod
// failed only after it has said this of its containers.
func (v *statusView) stoppedWaiting(s *api.PodStatus) bool {
	return v.stopped && v.failure == nil && !v.initFailed(s) && slices.ContainsFunc(s.ContainerStatuses, func(c api.ContainerStatus) bool {
		waits := c.State.Waiting != nil || c.State.Terminated != nil && c.State.Terminated.Reason == unknownReason
		return waits && c.LastTerminationState.Terminated == nil
	})
}

// initFailed tells whether an init container ended badly and may not run again.
func (v *statusView) initFailed(s *api.PodStatus) bool {
	for i := range v.pod.Spec.InitContainers {
		c, ended := &v.pod.Spec.InitContainers[i], lastEnd(&s.InitContainerStatuses[i])
		if ended == nil || c.IsSidecar() || ended.ExitCode == 0 || ended.Reason == restartingAllReason {
			continue
		}
		if !mayRestart(v.pod, c, int(ended.ExitCode)) {
			return true
		}
	}
	return false
}

// lastEnd is how a container ended: now, or before it came to wait for its next start. It is nil while it runs, and before it has.
func lastEnd(s *api.ContainerStatus) *api.ContainerStateTerminated {
	if s.State.Waiting != nil {
		return s.LastTerminationState.Terminated
	}
	return s.State.Terminated
}

// initialized is true when the init containers are done, and stays true.
func (v *statusView) initialized(s *api.PodStatus) api.PodCondition {
	c := condition(api.PodInitialized, true)
	if s.Phase == api.PodSucceeded {
		c.Reason = "PodCompleted"
		return c
	}
	if old := findCondition(v.last.Conditions, api.PodInitialized); old != nil && old.Status == api.ConditionTrue {
		return c
	}
	var incomplete []string
	for i := range v.pod.Spec.InitContainers {
		cs := &s.InitContainerStatuses[i]
		done := cs.Ready
		if v.pod.Spec.InitContainers[i].IsSidecar() {
			done = *cs.Started
		}
		if !done {
			incomplete = append(incomplete, cs.Name)
		}
	}
	if len(incomplete) > 0 {
		c.Status, c.Reason = api.ConditionFalse, "ContainersNotInitialized"
		c.Message = fmt.Sprintf("containers with incomplete status: %s", incomplete)
	}
	return c
}

// readinessGates says which of the conditions that the pod waits for are not true yet.
func (v *statusView) readinessGates(conditions []api.PodCondition) string {
	var missing []string
	for _, gate := range v.pod.Spec.ReadinessGates {
		c := findCondition(conditions, gate.ConditionType)
		switch {
		case c == nil:
			missing = append(missing, fmt.Sprintf("corresponding condition of pod readiness gate %q does not exist.", gate.ConditionType))
		case c.Status != api.ConditionTrue:
			missing = append(missing, fmt.Sprintf("the status of pod readiness gate %q is not \"True\", but %v", gate.ConditionType, c.Status))
		}
	}
	return strings.Join(missing, ", ")
}

func condition(t api.PodConditionType, is bool) api.PodCondition {
	status := api.ConditionFalse
	if is {
		status = api.ConditionTrue
	}
	return api.PodCondition{Type: t, Status: status}
}

func findCondition(conditions []api.PodCondition, t api.PodConditionType) *api.PodCondition {
	for i := range conditions {
		if conditions[i].Type == t {
			return &conditions[i]
		}
	}
	return nil
}

// seconds is t as the API keeps it.
func seconds(t time.Time) api.Time {
	if t.IsZero() {
		return api.Time{}
	}
	return api.Time{Time: t.Truncate(time.Second)}
}

// explainStatus says in one sentence what changed from one status to the next: the rule that the ledger keeps with
// the write. It returns "" when nothing did.
func explainStatus(old, new *api.PodStatus) string {
	if api.Equal(old, new) {
		return ""
	}
	var what []string
	for _, list := range [][]api.ContainerStatus{new.InitContainerStatuses, new.ContainerStatuses} {
		for i := range list {
			if s := explainContainer(containerStatus(old, list[i].Name), &list[i]); s != "" {
				what = append(what, s)
			}
		}
	}
	if len(what) == 0 && old.PodIP != new.PodIP {
		what = append(what, "address "+new.PodIP)
	}
	if len(what) == 0 {
		what = append(what, "conditions changed")
	}
	phase := string(new.Phase)
	if new.Reason != "" {
		phase += " (" + new.Reason + ")"
	}
	return strings.Join(what, ", ") + ": " + phase
}

// explainContainer says what happened to one container, "" for nothing.
func explainContainer(old, new *api.ContainerStatus) string {
	if old == nil {
		old = &api.ContainerStatus{}
	}
	name := "container " + new.Name
	switch running, ended, waiting := new.State.Running, new.State.Terminated, new.State.Waiting; {
	case running != nil && (old.State.Running == nil || old.ContainerID != new.ContainerID):
		if new.RestartCount > 0 {
			return fmt.Sprintf("%s started again (restart %d)", name, new.RestartCount)
		}
		return name + " started"
	case ended != nil && old.State.Terminated == nil:
		return fmt.Sprintf("%s ended with exit code %d", name, ended.ExitCode)
	case waiting != nil && (old.State.Waiting == nil || old.State.Waiting.Reason != waiting.Reason):
		return name + " waits: " + waiting.Reason
	case new.Ready && !old.Ready:
		return name + " is ready"
	case !new.Ready && old.Ready:
		return name + " is not ready"
	}
	return ""
}
