package api

import (
	"maps"
	"slices"
)

// What a pod uses: of what its spec says, and of what it has while that is changed.

func requestsOf(r *ResourceRequirements) ResourceList { return r.Requests }
func limitsOf(r *ResourceRequirements) ResourceList   { return r.Limits }

// podResources sums up requests or limits of a pod: of its containers, or what the pod as a whole says instead.
func podResources(spec *PodSpec, list func(*ResourceRequirements) ResourceList) ResourceList {
	sum := aggregateContainers(spec, list)
	if spec.Resources != nil {
		for name, q := range list(spec.Resources) {
			if isPodLevelResource(name) {
				sum[name] = q
			}
		}
	}
	return sum
}

// PodRequests is what a pod asks for, without the overhead of running it.
func PodRequests(spec *PodSpec) ResourceList { return podResources(spec, requestsOf) }

// PodLimits is what a pod may use at most, without the overhead of running it.
func PodLimits(spec *PodSpec) ResourceList { return podResources(spec, limitsOf) }

// PodTotal is what a pod asks for and may use at most, running it included: that makes no limit where there is none.
func PodTotal(spec *PodSpec) ResourceRequirements {
	total := ResourceRequirements{Requests: PodRequests(spec), Limits: PodLimits(spec)}
	for name, q := range spec.Overhead {
		if limit := total.Limits[name]; !limit.IsZero() {
			total.Limits[name] = limit.Add(q)
		}
	}
	addResources(total.Requests, spec.Overhead)
	return total
}

// ResourcesHeld is a pod's spec with what the pod and its containers have on the node where that is more than what they ask
// for: a resize to less gives nothing back before it is done. One that the node has refused takes nothing more either.
func ResourcesHeld(pod *Pod) *PodSpec {
	if len(pod.Status.ContainerStatuses) == 0 && len(pod.Status.InitContainerStatuses) == 0 && pod.Status.Resources == nil {
		return &pod.Spec // no node has it yet
	}
	pending := pod.Status.Condition(PodResizePending)
	refused := pending != nil && pending.Reason == string(PodResizeStatusInfeasible)
	held := func(asked *ResourceRequirements, has *ResourceRequirements, setAside ResourceList) ResourceRequirements {
		requests, limits := ResourceList{}, ResourceList{}
		if !refused {
			maxResources(requests, asked.Requests)
			maxResources(limits, asked.Limits)
		}
		maxResources(requests, has.Requests)
		maxResources(requests, setAside)
		maxResources(limits, has.Limits)
		return ResourceRequirements{Requests: requests, Limits: limits}
	}
	spec := pod.Spec
	heldBy := func(containers []Container, statuses []ContainerStatus, counts func(*Container) bool) []Container {
		copied := false
		for i := range containers {
			at := slices.IndexFunc(statuses, func(s ContainerStatus) bool { return s.Name == containers[i].Name })
			if at < 0 || statuses[at].Resources == nil || !counts(&containers[i]) {
				continue
			}
			if !copied {
				containers, copied = slices.Clone(containers), true
			}
			containers[i].Resources = held(&containers[i].Resources, statuses[at].Resources, statuses[at].AllocatedResources)
		}
		return containers
	}
	spec.Containers = heldBy(spec.Containers, pod.Status.ContainerStatuses, func(*Container) bool { return true })
	spec.InitContainers = heldBy(spec.InitContainers, pod.Status.InitContainerStatuses, (*Container).IsSidecar)
	if spec.Resources != nil && pod.Status.Resources != nil {
		whole := held(spec.Resources, pod.Status.Resources, pod.Status.AllocatedResources)
		for _, lists := range [][2]ResourceList{{whole.Requests, spec.Resources.Requests}, {whole.Limits, spec.Resources.Limits}} {
			maps.DeleteFunc(lists[0], func(name ResourceName, _ Quantity) bool { _, asked := lists[1][name]; return !asked })
		}
		spec.Resources = &whole
	}
	return &spec
}
