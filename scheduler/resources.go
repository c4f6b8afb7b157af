package scheduler

import (
	"maps"
	"strings"

	"kubelite/api"
)

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

// of is the amount of one resource.
func (r *resources) of(name api.ResourceName) int64 {
	switch name {
	case api.ResourceCPU:
		return r.milliCPU
	case api.ResourceMemory:
		return r.memory
	case api.ResourceEphemeralStorage:
		return r.ephemeral
	}
	return r.other[name]
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
		if r.other[name] += sign * amount; r.other[name] == 0 {
			delete(r.other, name)
		}
	}
}

// raise makes each amount at least o's.
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

func (r *resources) equal(o *resources) bool {
	return r.milliCPU == o.milliCPU && r.memory == o.memory && r.ephemeral == o.ephemeral && maps.Equal(r.other, o.other)
}

// Containers that request nothing still use something: scoring counts them with these, so that they spread as well. The
// figures are upstream's, pkg/scheduler/util/pod_resources.go.
const (
	assumedMilliCPU = 100
	assumedMemory   = 200 * 1024 * 1024
)

// podRequests is what a pod needs at its hungriest moment. Containers run together, so their requests add up. Init
// containers run before them, one after the other, so only the largest counts; but those that restart always (sidecars)
// keep running beside all that come later.
//
// It follows k8s.io/component-helpers/resource.PodRequests.
func podRequests(pod *api.Pod) resources { return sumRequests(api.ResourcesHeld(pod), false) }

// sumRequests is what a pod needs with such a spec; assumeUsual puts the usual amounts for containers that name none.
func sumRequests(spec *api.PodSpec, assumeUsual bool) resources {
	var total, sidecars, largestInit resources
	request := func(c *api.Container) resources {
		need := asResources(c.Resources.Requests)
		if !assumeUsual {
			return need
		}
		if _, named := c.Resources.Requests[api.ResourceCPU]; !named {
			need.milliCPU = assumedMilliCPU
		}
		if _, named := c.Resources.Requests[api.ResourceMemory]; !named {
			need.memory = assumedMemory
		}
		return need
	}
	for i := range spec.InitContainers {
		c := &spec.InitContainers[i]
		need := request(c)
		if c.IsSidecar() {
			total.add(need, 1)
			sidecars.add(need, 1)
			largestInit.raise(sidecars)
			continue
		}
		need.add(sidecars, 1)
		largestInit.raise(need)
	}
	for i := range spec.Containers {
		total.add(request(&spec.Containers[i]), 1)
	}
	total.raise(largestInit)
	if spec.Resources != nil { // a request of the whole pod stands for those of its containers
		whole := asResources(spec.Resources.Requests)
		for name := range spec.Resources.Requests {
			switch {
			case name == api.ResourceCPU:
				total.milliCPU = whole.milliCPU
			case name == api.ResourceMemory:
				total.memory = whole.memory
			case strings.HasPrefix(string(name), "hugepages-"):
				total.add(resources{other: map[api.ResourceName]int64{name: whole.other[name] - total.other[name]}}, 1)
			}
		}
	}
	total.add(asResources(spec.Overhead), 1)
	return total
}
