package scheduler

import "kubelite/api"

// resources is an amount of each resource in plain integers: thousandths of a CPU, bytes, pieces. Filters run for every
// node and pod, so they must not do decimal arithmetic.
type resources struct {
	milliCPU  int64
	memory    int64
	ephemeral int64
	other     map[api.ResourceName]int64 // huge pages, extended resources; nil for most pods
}

// asResources converts a resource list of the API. "pods" is counted by the cache and left out.
func asResources(list api.ResourceList) resources {
	var r resources
	for name, quantity := range list {
		switch name {
		case api.ResourceCPU:
			r.milliCPU = quantity.MilliValue()
		case api.ResourceMemory:
			r.memory = quantity.Value()
		case api.ResourceEphemeralStorage:
			r.ephemeral = quantity.Value()
		case api.ResourcePods:
		default:
			if r.other == nil {
				r.other = map[api.ResourceName]int64{}
			}
			r.other[name] = quantity.Value()
		}
	}
	return r
}

// add adds o, sign times: 1 adds, -1 takes away.
func (r *resources) add(o resources, sign int64) {
	r.milliCPU += sign * o.milliCPU
	r.memory += sign * o.memory
	r.ephemeral += sign * o.ephemeral
	for name, amount := range o.other {
		if r.other == nil {
			r.other = map[api.ResourceName]int64{}
		}
		r.other[name] += sign * amount
	}
}

// raise makes r at least o in every resource.
func (r *resources) raise(o resources) {
	r.milliCPU = max(r.milliCPU, o.milliCPU)
	r.memory = max(r.memory, o.memory)
	r.ephemeral = max(r.ephemeral, o.ephemeral)
	for name, amount := range o.other {
		if r.other == nil {
			r.other = map[api.ResourceName]int64{}
		}
		r.other[name] = max(r.other[name], amount)
	}
}

// podRequests is what a pod needs at its hungriest moment. Containers run together, so their requests add up. Init
// containers run before them, one after the other, so only the largest counts; but those that restart always (sidecars)
// keep running beside all that come later.
//
// It follows k8s.io/component-helpers/resource.PodRequests.
func podRequests(pod *api.Pod) resources {
	var total, sidecars, largestInit resources
	for i := range pod.Spec.InitContainers {
		c := &pod.Spec.InitContainers[i]
		need := asResources(c.Resources.Requests)
		if api.Deref(c.RestartPolicy, "") == api.ContainerRestartPolicyAlways {
			total.add(need, 1)
			sidecars.add(need, 1)
			largestInit.raise(sidecars)
			continue
		}
		need.add(sidecars, 1)
		largestInit.raise(need)
	}
	for i := range pod.Spec.Containers {
		total.add(asResources(pod.Spec.Containers[i].Resources.Requests), 1)
	}
	total.raise(largestInit)
	if pod.Spec.Resources != nil { // a request of the whole pod stands for those of its containers
		for name := range pod.Spec.Resources.Requests {
			one := asResources(api.ResourceList{name: pod.Spec.Resources.Requests[name]})
			switch name {
			case api.ResourceCPU:
				total.milliCPU = one.milliCPU
			case api.ResourceMemory:
				total.memory = one.memory
			}
		}
	}
	total.add(asResources(pod.Spec.Overhead), 1)
	return total
}

// Pods that request nothing still use something: scoring counts them with these, so that they spread as well. The
// figures are upstream's, pkg/scheduler/util/pod_resources.go.
const (
	assumedMilliCPU = 100
	assumedMemory   = 200 * 1024 * 1024
)

// forScoring is r with the usual amounts in place of nothing.
func (r resources) forScoring() resources {
	if r.milliCPU == 0 {
		r.milliCPU = assumedMilliCPU
	}
	if r.memory == 0 {
		r.memory = assumedMemory
	}
	return r
}
