package controllers

import (
	"slices"
	"time"

	"kubelite/api"
)

// What a controller may conclude from a pod. All of it is read from the pod's status, which its kubelet writes.

// podActive tells whether the pod counts as a replica: it has not ended and nobody has asked it to.
func podActive(pod *api.Pod) bool {
	return !podEnded(pod) && pod.DeletionTimestamp == nil
}

// podTerminating tells whether the pod was asked to end and has not ended yet.
func podTerminating(pod *api.Pod) bool {
	return !podEnded(pod) && pod.DeletionTimestamp != nil
}

// podEnded tells whether all containers of the pod have ended and none will start again.
func podEnded(pod *api.Pod) bool {
	return pod.Status.Phase.Ended()
}

// podReady tells whether the pod may get traffic, and since when.
func podReady(pod *api.Pod) (since time.Time, ready bool) {
	if c := pod.Status.Condition(api.PodReady); c != nil {
		return c.LastTransitionTime.Time, c.Status == api.ConditionTrue
	}
	return time.Time{}, false
}

// podAvailable tells whether the pod has been ready for minReadySeconds. When it will be only later, in says how
// much later.
func podAvailable(pod *api.Pod, minReadySeconds int32, now time.Time) (in time.Duration, available bool) {
	since, ready := podReady(pod)
	if !ready {
		return 0, false
	}
	if minReadySeconds == 0 {
		return 0, true
	}
	if since.IsZero() {
		return 0, false
	}
	in = since.Add(time.Duration(minReadySeconds) * time.Second).Sub(now)
	return max(in, 0), in <= 0
}

// podRestarts returns the most restarts that any container of the pod has had, and any of its sidecars.
func podRestarts(pod *api.Pod) (containers, sidecars int32) {
	for i := range pod.Status.ContainerStatuses {
		containers = max(containers, pod.Status.ContainerStatuses[i].RestartCount)
	}
	for i := range pod.Status.InitContainerStatuses {
		status := &pod.Status.InitContainerStatuses[i]
		isSidecar := slices.ContainsFunc(pod.Spec.InitContainers, func(c api.Container) bool {
			return c.Name == status.Name && c.IsSidecar()
		})
		if isSidecar {
			sidecars = max(sidecars, status.RestartCount)
		}
	}
	return containers, sidecars
}

// byNode is the index of pods by the node that they were given to.
const byNode = "node"

func podNodeIndex(pod *api.Pod) []string {
	if pod.Spec.NodeName == "" {
		return nil
	}
	return []string{pod.Spec.NodeName}
}
