package kubelet

import "kubelite/api"

// oomScoreAdj says how soon the kernel kills a container when the machine, of so many bytes, has no memory left: the
// higher the sooner. It is upstream's formula (pkg/kubelet/qos): guaranteed pods and those the node cannot do without are
// nearly safe, best-effort ones go first, and between them goes first who asked for less.
func oomScoreAdj(pod *api.Pod, c *api.Container, machine int64) int {
	const guaranteed, bestEffort = -997, 1000
	qos := api.PodQOS(&pod.Spec)
	switch {
	case qos == api.PodQOSGuaranteed || pod.Spec.PriorityClassName == api.SystemNodeCritical:
		return guaranteed
	case qos == api.PodQOSBestEffort || machine == 0:
		return bestEffort
	}
	request := memoryOf(&c.Resources)
	if c.IsSidecar() && isInit(pod, c.Name) { // it must not go before those that it serves
		least := memoryOf(&pod.Spec.Containers[0].Resources)
		for i := range pod.Spec.Containers {
			least = min(least, memoryOf(&pod.Spec.Containers[i].Resources))
		}
		request = max(request, least)
	}
	request += sharedMemory(pod)
	return int(min(max(bestEffort-bestEffort*request/machine, bestEffort+guaranteed), bestEffort-1))
}

// sharedMemory is each container's part, in bytes, of what the pod as a whole asks for beyond its containers' own requests.
func sharedMemory(pod *api.Pod) int64 {
	if pod.Spec.Resources == nil {
		return 0
	}
	rest := memoryOf(pod.Spec.Resources)
	for i := range pod.Spec.Containers {
		rest -= memoryOf(&pod.Spec.Containers[i].Resources)
	}
	for i := range pod.Spec.InitContainers {
		if c := &pod.Spec.InitContainers[i]; c.IsSidecar() {
			rest -= memoryOf(&c.Resources)
		}
	}
	return max(rest, 0) / int64(len(pod.Spec.Containers)+len(pod.Spec.InitContainers))
}

func memoryOf(r *api.ResourceRequirements) int64 {
	q := r.Requests[api.ResourceMemory]
	return q.Value()
}
