package kubelet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"kubelite/api"
)

// A pod that runs may be given more or less cpu and memory, by a write to its resize subresource. The spec says at once
// what it is to have. What it has is in the status, and the two meet in steps that everybody can watch:
//
//	spec changes ──▶ does it fit on the node? ──no──▶ condition PodResizePending (Deferred), tried again later
//	                          │ yes                    the pod goes on with what its status says it has
//	                          ▼
//	      condition PodResizeInProgress ──▶ the runtime changes the containers ──▶ condition gone, status as the spec
//	                                        or restarts them, as resizePolicy says

// ContainerResources are what the kernel is told about a container's cpu and memory.
type ContainerResources struct {
	MemoryLimit int64 // bytes; 0 is no limit
	CPUShares   int64 // the weight that it has when all want cpu
	CPUQuota    int64 // microseconds of cpu in each CPUPeriod; 0 is no limit
}

// CPUPeriod is how often a container's cpu quota is filled up again, in microseconds.
const CPUPeriod = 100_000

// The least that the kernel takes.
const minCPUShares, minCPUQuota = 2, 1000

// limitOf is how much of a resource a container may use: its own limit, or that of the pod where it has none.
func limitOf(pod *api.Pod, c *api.Container, name api.ResourceName) (limit api.Quantity, ok bool) {
	if limit, ok = c.Resources.Limits[name]; (!ok || limit.IsZero()) && pod.Spec.Resources != nil {
		if whole, set := pod.Spec.Resources.Limits[name]; set {
			return whole, true
		}
	}
	return limit, ok
}

// kernelResources turns a container's requests and limits into what the kernel enforces: a memory ceiling, a cpu
// ceiling, and a share of the cpu when all want it.
func kernelResources(pod *api.Pod, c *api.Container) ContainerResources {
	memory, _ := limitOf(pod, c, api.ResourceMemory)
	cpu, _ := limitOf(pod, c, api.ResourceCPU)
	request := c.Resources.Requests[api.ResourceCPU]
	milli := request.MilliValue()
	if milli == 0 {
		milli = cpu.MilliValue()
	}
	r := ContainerResources{MemoryLimit: memory.Value(), CPUShares: max(milli*1024/1000, minCPUShares)}
	if limit := cpu.MilliValue(); limit > 0 {
		r.CPUQuota = max(limit*CPUPeriod/1000, minCPUQuota)
	}
	return r
}

// resizeStep changes what a running container has.
type resizeStep struct {
	ID           string
	Container    *api.Container
	Resources    ContainerResources
	LowersMemory bool // below what it may use now
}

// planResize plans to give a running container what it is to have: as it runs, or by a restart if its policy says so
// for what changes.
func (v *podView) planResize(plan *podPlan, c *api.Container, running *RuntimeContainer) {
	want := kernelResources(v.pod, c)
	if running.Resources == nil {
		return
	}
	if needsItsRequest(c, running, v.status) || restartsOnResize(c, *running.Resources, want) {
		v.kill(plan, c, running, fmt.Sprintf("Container %s resize requires restart", c.Name))
		return
	}
	if *running.Resources == want {
		return
	}
	lowers := want.MemoryLimit != 0 && (running.Resources.MemoryLimit == 0 || want.MemoryLimit < running.Resources.MemoryLimit)
	plan.Resize = append(plan.Resize, resizeStep{running.ID, c, want, lowers})
}

// needsItsRequest tells whether a running container has begun with another request of memory than it is to have now, and is
// to be restarted for the new one. The kernel knows nothing of such a request: what it began with is in its status.
func needsItsRequest(c *api.Container, running *RuntimeContainer, status *api.PodStatus) bool {
	if !restartsFor(c, api.ResourceMemory) {
		return false
	}
	reported := containerStatus(status, c.Name)
	if reported == nil || reported.Resources == nil || !strings.HasSuffix(reported.ContainerID, running.ID) {
		return false
	}
	was, is := reported.Resources.Requests[api.ResourceMemory], c.Resources.Requests[api.ResourceMemory]
	return was.Cmp(is) != 0
}

func restartsOnResize(c *api.Container, have, want ContainerResources) bool {
	memory, cpu := have.MemoryLimit != want.MemoryLimit, have.CPUQuota != want.CPUQuota || have.CPUShares != want.CPUShares
	return memory && restartsFor(c, api.ResourceMemory) || cpu && restartsFor(c, api.ResourceCPU)
}

// restartsFor tells whether a container wants to begin anew when it gets more or less of a resource.
func restartsFor(c *api.Container, name api.ResourceName) bool {
	return slices.Contains(c.ResizePolicy, api.ContainerResizePolicy{ResourceName: name, RestartPolicy: api.RestartContainer})
}

// outdated tells whether a container, which is there, runs with other resources than it is to have.
func (v *statusView) outdated(c *api.Container, newest *RuntimeContainer) bool {
	return newest.State == ContainerRunning && newest.Resources != nil &&
		(*newest.Resources != kernelResources(v.pod, c) || needsItsRequest(c, newest, v.last))
}

// resizing tells whether a container that runs has not yet got what the pod is to have.
func (v *statusView) resizing() bool {
	return slices.ContainsFunc(v.seen.Running(), func(running *RuntimeContainer) bool {
		c := findContainer(v.pod, running.Name)
		return c != nil && !isEphemeral(v.pod, c.Name) && v.outdated(c, running)
	})
}

// whole is what the pod as a whole has, of the total that its spec says of the pod or its containers sum up to. As a control group
// around it would, a pod that is known to run has cpu and memory, and a limit only where it says so or each of its containers has one. While a
// container waits for what it is to have, the pod has what it had; so does a pod that has ended.
func (v *statusView) whole(total api.ResourceRequirements) *api.ResourceRequirements {
	had, told := v.last.Resources, api.Deref(v.pod.Spec.Resources, api.ResourceRequirements{})
	switch {
	case had != nil && v.last.Phase.Ended():
		return had
	case v.pod.Status.Phase != api.PodRunning:
		return &total
	case had != nil && v.resizing():
		return had
	}
	grouped := func(list, told api.ResourceList) api.ResourceList {
		return api.PickResources(list, append(slices.Collect(maps.Keys(told)), api.ResourceCPU, api.ResourceMemory))
	}
	has := api.ResourceRequirements{Requests: grouped(total.Requests, told.Requests), Limits: grouped(total.Limits, told.Limits)}
	maps.DeleteFunc(has.Limits, func(name api.ResourceName, _ api.Quantity) bool { return !v.limited(name) })
	return &has
}

// limited tells whether the pod as a whole has a limit of a resource.
func (v *statusView) limited(name api.ResourceName) bool {
	spec := &v.pod.Spec
	if spec.Resources != nil {
		if limit := spec.Resources.Limits[name]; !limit.IsZero() {
			return true
		}
	}
	unlimited := func(c api.Container) bool { limit := c.Resources.Limits[name]; return limit.IsZero() }
	return !slices.ContainsFunc(spec.Containers, unlimited) && !slices.ContainsFunc(spec.InitContainers, unlimited)
}

// deferredPeriod is when a resize that did not fit is tried again, if nothing makes room for it before.
const deferredPeriod = 10 * time.Second

// resize gives running containers what they are to have. What the runtime refuses is shown in the status, and tried again.
func (w *podWorker) resize(ctx context.Context, pod *api.Pod, steps []resizeStep) error {
	w.resizeError = ""
	for _, step := range steps {
		err := w.k.fitsInto(ctx, pod, step)
		if err == nil {
			err = w.k.runtime.UpdateContainer(ctx, step.ID, step.Resources)
		}
		if err != nil {
			w.resizeError = err.Error()
			w.event(ctx, pod, "", eventWarning, "ResizeError", "%s", resizeMessage(pod, "Pod resize error", err.Error()))
			return fmt.Errorf("resize container %s: %w", step.Container.Name, err)
		}
	}
	return nil
}

// fitsInto refuses to give a container less memory than it uses: the kernel would kill it.
func (k *Kubelet) fitsInto(ctx context.Context, pod *api.Pod, step resizeStep) error {
	if !step.LowersMemory {
		return nil
	}
	all, err := k.runtime.Stats(ctx)
	i := slices.IndexFunc(all, func(s ContainerStats) bool { return s.Pod == pod.UID && s.Name == step.Container.Name })
	switch limit := step.Resources.MemoryLimit; {
	case i < 0: // that others cannot be measured, which is an error, too, does not matter
		return errors.Join(fmt.Errorf("cannot decrease memory limits: missing container %q memory usage", step.Container.Name), err)
	case all[i].Memory >= limit:
		return fmt.Errorf("cannot decrease memory limits: attempting to set container %q memory limit (%d) below current usage (%d)",
			step.Container.Name, limit, all[i].Memory)
	}
	return nil
}

// resizeConditions are there only while a resize is under way.
func (v *statusView) resizeConditions() (conditions []api.PodCondition) {
	if v.deferred != "" {
		conditions = append(conditions, api.PodCondition{Type: api.PodResizePending, Status: api.ConditionTrue, Reason: "Deferred", Message: v.deferred})
	}
	if !v.stopped && v.resizing() {
		c := api.PodCondition{Type: api.PodResizeInProgress, Status: api.ConditionTrue}
		if v.resizeError != "" {
			c.Reason, c.Message = "Error", v.resizeError
		}
		conditions = append(conditions, c)
	}
	return conditions
}

// tellResize makes events of what the conditions say.
func (w *podWorker) tellResize(ctx context.Context, pod *api.Pod, old, new *api.PodStatus) {
	pending, wasPending := findCondition(new.Conditions, api.PodResizePending), findCondition(old.Conditions, api.PodResizePending)
	if pending != nil && (wasPending == nil || wasPending.ObservedGeneration != pending.ObservedGeneration) {
		w.event(ctx, pod, "", eventWarning, "ResizeDeferred", "%s", resizeMessage(pod, "Pod resize Deferred", pending.Message))
	}
	running, wasRunning := findCondition(new.Conditions, api.PodResizeInProgress), findCondition(old.Conditions, api.PodResizeInProgress)
	switch {
	case running != nil && wasRunning == nil:
		w.event(ctx, pod, "", eventNormal, "ResizeStarted", "%s", resizeMessage(pod, "Pod resize started", ""))
	case running == nil && wasRunning != nil && !new.Phase.Ended():
		w.event(ctx, pod, "", eventNormal, "ResizeCompleted", "%s", resizeMessage(pod, "Pod resize completed", ""))
	}
}

// resizeMessage says what the pod is to have, in the form that programs read, too.
func resizeMessage(pod *api.Pod, prefix, problem string) string {
	type allocation struct {
		Name      string                   `json:"name"`
		Resources api.ResourceRequirements `json:"resources"`
	}
	summary := struct {
		InitContainers []allocation `json:"initContainers,omitempty"`
		Containers     []allocation `json:"containers,omitempty"`
		Generation     int64        `json:"generation"`
		Error          string       `json:"error,omitempty"`
	}{Generation: pod.Generation, Error: problem}
	for i := range pod.Spec.InitContainers {
		summary.InitContainers = append(summary.InitContainers, allocation{pod.Spec.InitContainers[i].Name, pod.Spec.InitContainers[i].Resources})
	}
	for i := range pod.Spec.Containers {
		summary.Containers = append(summary.Containers, allocation{pod.Spec.Containers[i].Name, pod.Spec.Containers[i].Resources})
	}
	b, err := json.Marshal(summary)
	if err != nil {
		return prefix
	}
	return prefix + ": " + string(b)
}
