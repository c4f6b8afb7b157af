package kubelet

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"kubelite/api"
)

// What of the node pods have been given: of its cpu, memory and disk. A pod gets its part when it is let in, and more or less of it when
// its spec asks for that later. What it has been given counts when others ask, whatever its spec says by now. All of it is in the pods'
// status, for a kubelet that starts again. Decisions are made one at a time, or two pods that come at once would be given the same.

// give gives a pod what it asks for of the node, or says why it must not run there. Of two pods that come at once and do not
// both fit, one is given its part first, and the other one does not fit any more.
func (w *podWorker) give(ctx context.Context, pod *api.Pod, node *api.Node) (reason, message string) {
	w.k.giving.Lock()
	defer w.k.giving.Unlock()
	allocatable := w.k.allocatable()
	if node != nil {
		allocatable = withExtended(allocatable, node.Status.Capacity)
	}
	here := w.k.admitted()
	refusals := admission(pod, node, here, allocatable)
	if isCritical(pod) {
		refusals = w.k.makeRoom(ctx, pod, here, refusals)
	}
	if len(refusals) > 0 {
		return refusals[0].reason, refusals[0].message
	}
	w.given = api.PodTotal(&pod.Spec).Requests
	return "", ""
}

// admitted are copies of the pods that have been given something of the node, with that in their status, where it may still be
// missing. k.giving is held.
func (k *Kubelet) admitted() []*api.Pod {
	all := k.pods.List("", nil)
	k.mu.Lock()
	defer k.mu.Unlock()
	var admitted []*api.Pod
	for _, pod := range all {
		w := k.workers[pod.UID]
		given := w != nil && w.given != nil
		if pod.Status.Phase.Ended() || !given && pod.Status.StartTime == nil || // the kubelet that ran before this one may have let it in
			w != nil && w.evicted.Load() != nil { // it makes room
			continue
		}
		known := *pod
		if given {
			known.Status.AllocatedResources = w.given
		}
		admitted = append(admitted, &known)
	}
	return admitted
}

// shortages are the resources that the node does not have enough of for a pod beside the others of those that are here. An extended
// resource that the node does not have at all is not its own but the cluster's, which the scheduler has looked after.
func shortages(pod *api.Pod, here []*api.Pod, allocatable api.ResourceList) (short []refusal) {
	judge := func(name api.ResourceName, wanted int64, of func(given api.ResourceList) int64) {
		used, has := int64(0), allocatable[name]
		for _, other := range here {
			if other.UID != pod.UID {
				used += of(given(other))
			}
		}
		if missing := used + wanted - amount(name, has); wanted > 0 && missing > 0 {
			short = append(short, refusal{"OutOf" + string(name), fmt.Sprintf("Node didn't have enough resource: %s, requested: %d, used: %d, capacity: %d",
				name, wanted, used, amount(name, has)), name, missing})
		}
	}
	judge(api.ResourcePods, 1, func(api.ResourceList) int64 { return 1 })
	requests := api.PodTotal(&pod.Spec).Requests
	native := []api.ResourceName{api.ResourceCPU, api.ResourceMemory, api.ResourceEphemeralStorage}
	others := slices.DeleteFunc(slices.Sorted(maps.Keys(requests)), func(name api.ResourceName) bool { return slices.Contains(native, name) })
	for _, name := range slices.Concat(native, others) {
		if _, ok := allocatable[name]; ok || !strings.Contains(string(name), "/") {
			judge(name, amount(name, requests[name]), func(given api.ResourceList) int64 { return amount(name, given[name]) })
		}
	}
	return short
}

// amount is a quantity of a resource as a number in its unit, which for cpu is a thousandth of one.
func amount(name api.ResourceName, q api.Quantity) int64 {
	if name == api.ResourceCPU {
		return q.MilliValue()
	}
	return q.Value()
}

// given is what a pod has been given of the node.
func given(pod *api.Pod) api.ResourceList {
	if pod.Status.AllocatedResources != nil {
		return pod.Status.AllocatedResources
	}
	return api.PodTotal(&pod.Spec).Requests
}

// allocate gives a pod that runs here the resources that its spec asks for now. If the node does not have them, w.deferred says
// why, and the pod is returned as if it asked for what it has: a container that is restarted meanwhile gets no more either.
func (w *podWorker) allocate(ctx context.Context, pod *api.Pod) *api.Pod {
	w.deferred = ""
	if w.status.StartTime == nil {
		return pod // it is yet to be let in
	}
	w.k.giving.Lock()
	defer w.k.giving.Unlock()
	if former := formerly(pod, &w.status); former != nil {
		here := w.k.admitted()
		if asksMore(pod, former) {
			giveFirst(pod, here, w.k.allocatable())
		}
		if short := shortages(pod, here, w.k.allocatable()); len(short) > 0 {
			w.deferred, pod = short[0].message, former
		} else if asksMore(former, pod) {
			defer w.k.retryResizes(ctx) // there may be room for others now
		}
	}
	w.given = api.PodTotal(&pod.Spec).Requests
	return pod
}

// asksMore tells whether a pod asks for more of a resource than another.
func asksMore(pod, than *api.Pod) bool {
	is, was := api.PodTotal(&pod.Spec).Requests, api.PodTotal(&than.Spec).Requests
	return is[api.ResourceCPU].Cmp(was[api.ResourceCPU]) > 0 || is[api.ResourceMemory].Cmp(was[api.ResourceMemory]) > 0
}

// giveFirst notes of the pods that are here what those will be given whose resizes go before a pod's, if the node has it now.
func giveFirst(pod *api.Pod, here []*api.Pod, allocatable api.ResourceList) {
	var first []*api.Pod
	for _, other := range here {
		if other.UID != pod.UID && other.Status.Condition(api.PodResizePending) != nil && compareResizes(other, pod) < 0 {
			first = append(first, other)
		}
	}
	slices.SortFunc(first, compareResizes)
	for _, other := range first {
		if len(shortages(other, here, allocatable)) == 0 {
			other.Status.AllocatedResources = api.PodTotal(&other.Spec).Requests
		}
	}
}

// compareResizes orders pods that wait for more: the most important first, then those which are guaranteed what they ask for, then those
// that wait for longest. See upstream's pkg/kubelet/allocation#sortPendingResizes.
func compareResizes(a, b *api.Pod) int {
	guaranteed := func(pod *api.Pod) int {
		if api.PodQOS(&pod.Spec) == api.PodQOSGuaranteed {
			return 0
		}
		return 1
	}
	waits := func(pod *api.Pod) time.Time {
		if c := pod.Status.Condition(api.PodResizePending); c != nil {
			return c.LastTransitionTime.Time
		}
		return time.Now() // it comes just now
	}
	return cmp.Or(
		cmp.Compare(api.Deref(b.Spec.Priority, 0), api.Deref(a.Spec.Priority, 0)),
		cmp.Compare(guaranteed(a), guaranteed(b)),
		waits(a).Compare(waits(b)),
	)
}

// retryResizes looks again at the pods that wait for more: something has gone, or takes less.
func (k *Kubelet) retryResizes(ctx context.Context) {
	for _, pod := range k.pods.List("", nil) {
		if pod.Status.Condition(api.PodResizePending) != nil {
			k.wakePod(ctx, pod.UID)
		}
	}
}

// formerly is a pod as if it asked for what its status says that it has, nil if that is what it asks for.
func formerly(pod *api.Pod, status *api.PodStatus) *api.Pod {
	former := *pod
	former.Spec.Containers = formerResources(pod.Spec.Containers, status)
	former.Spec.InitContainers = formerResources(pod.Spec.InitContainers, status)
	if asked, has := pod.Spec.Resources, status.Resources; asked != nil && has != nil { // which says more than what a pod as a whole asks for
		former.Spec.Resources = &api.ResourceRequirements{
			Requests: api.PickResources(has.Requests, slices.Collect(maps.Keys(asked.Requests))),
			Limits:   api.PickResources(has.Limits, slices.Collect(maps.Keys(asked.Limits))),
		}
	}
	if api.Equal(former.Spec.Containers, pod.Spec.Containers) && api.Equal(former.Spec.InitContainers, pod.Spec.InitContainers) &&
		api.Equal(former.Spec.Resources, pod.Spec.Resources) {
		return nil
	}
	return &former
}

// formerResources is the containers with the resources that their status says they have.
func formerResources(containers []api.Container, status *api.PodStatus) []api.Container {
	former := slices.Clone(containers)
	for i := range former {
		if s := containerStatus(status, former[i].Name); s != nil && s.Resources != nil {
			former[i].Resources.Limits, former[i].Resources.Requests = s.Resources.Limits, s.Resources.Requests
		}
	}
	return former
}
