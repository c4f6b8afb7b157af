package kubelet

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"kubelite/api"
)

// A pod that the cluster cannot live without is not turned away because the node is full: less important ones go. The scheduler does
// so for the pods that it places (scheduler/preemption.go); this is for those that come past it: static pods, and those whose nodeName
// somebody else has written. See upstream's pkg/kubelet/preemption.

// makeRoom ends pods so that a critical one may run, if the node is short of resources and nothing else speaks against it. It gives
// back what still does. The place is the critical pod's at once; those that had it get their own time to end. k.giving is held.
func (k *Kubelet) makeRoom(ctx context.Context, pod *api.Pod, here []*api.Pod, refusals []refusal) []refusal {
	if others := slices.DeleteFunc(slices.Clone(refusals), func(r refusal) bool { return r.resource != "" }); len(others) > 0 {
		return others
	}
	victims, rest := pickVictims(pod, here, refusals)
	if len(rest) > 0 {
		return []refusal{{reason: "UnexpectedAdmissionError", message: "Unexpected error while attempting to recover from admission failure: " +
			"preemption: error finding a set of pods to preempt: no set of running pods found to reclaim resources: " + listShortages(rest)}}
	}
	for _, victim := range victims {
		k.end(ctx, victim, &podFailure{Reason: "Preempting", Message: "Preempted in order to admit critical pod",
			disruption: "Pod was preempted by Kubelet to accommodate a critical pod."})
	}
	return nil
}

// pickVictims picks the pods that go for a critical one: as few as possible and, of those that serve as well, the ones that ask for
// least. Guaranteed pods go only if all the others together do not suffice, burstable ones only if those that ask for nothing do not.
// rest is what even all that may go would leave short: then nobody goes.
func pickVictims(pod *api.Pod, here []*api.Pod, short []refusal) (victims []*api.Pod, rest []refusal) {
	byQOS := map[api.PodQOSClass][]*api.Pod{}
	var all []*api.Pod
	for _, other := range here {
		if other.UID != pod.UID && mayPreempt(pod, other) {
			qos := api.PodQOS(&other.Spec)
			byQOS[qos] = append(byQOS[qos], other)
			all = append(all, other)
		}
	}
	if rest = without(short, all); len(rest) > 0 {
		return nil, rest
	}
	bestEffort, burstable := byQOS[api.PodQOSBestEffort], byQOS[api.PodQOSBurstable]
	guaranteed := nearest(byQOS[api.PodQOSGuaranteed], without(short, slices.Concat(bestEffort, burstable)))
	some := nearest(burstable, without(short, slices.Concat(bestEffort, guaranteed)))
	few := nearest(bestEffort, without(short, slices.Concat(some, guaranteed)))
	return slices.Concat(few, some, guaranteed), nil
}

// mayPreempt tells whether a pod may take the place of another.
func mayPreempt(pod, other *api.Pod) bool {
	if isCritical(pod) && !isCritical(other) {
		return true
	}
	return pod.Spec.Priority != nil && other.Spec.Priority != nil && *pod.Spec.Priority > *other.Spec.Priority
}

// nearest takes one pod after the other until nothing is short: always the one after which the least is, measured by how large a part of
// each shortage stays.
func nearest(pods []*api.Pod, short []refusal) (taken []*api.Pod) {
	pods = slices.Clone(pods)
	distance := func(pod *api.Pod) (sum float64) {
		for _, s := range without(short, []*api.Pod{pod}) {
			was := short[slices.IndexFunc(short, func(r refusal) bool { return r.resource == s.resource })]
			part := float64(s.missing) / float64(was.missing)
			sum += part * part
		}
		return sum
	}
	for len(short) > 0 && len(pods) > 0 {
		best := slices.MinFunc(pods, func(a, b *api.Pod) int {
			return cmp.Or(cmp.Compare(distance(a), distance(b)),
				cmp.Compare(requested(a, api.ResourceMemory), requested(b, api.ResourceMemory)),
				cmp.Compare(requested(a, api.ResourceCPU), requested(b, api.ResourceCPU)))
		})
		taken, short = append(taken, best), without(short, []*api.Pod{best})
		pods = slices.DeleteFunc(pods, func(p *api.Pod) bool { return p == best })
	}
	return taken
}

// without is what would still be short if pods were gone.
func without(short []refusal, pods []*api.Pod) (rest []refusal) {
	for _, s := range short {
		for _, pod := range pods {
			s.missing -= requested(pod, s.resource)
		}
		if s.missing > 0 {
			rest = append(rest, s)
		}
	}
	return rest
}

// requested is how much of a resource a pod that is gone leaves to others.
func requested(pod *api.Pod, name api.ResourceName) int64 {
	if name == api.ResourcePods {
		return 1
	}
	return amount(name, given(pod)[name])
}

func listShortages(short []refusal) string {
	text := "["
	for _, s := range short {
		text += fmt.Sprintf("(res: %v, q: %d), ", s.resource, s.missing)
	}
	return text + "]"
}
