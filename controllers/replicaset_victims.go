package controllers

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"time"

	"kubelite/api"
)

// podDeletionCost is the annotation by which a user says which pod is cheap to lose: the lower, the sooner.
const podDeletionCost = "controller.kubernetes.io/pod-deletion-cost"

// chooseVictims picks the n pods whose loss hurts least. related are all pods of the ReplicaSet's owner (of a
// Deployment: of all its revisions), which tells how crowded each node is.
//
// Rules, the first that tells two pods apart decides:
//  1. not assigned to a node before assigned
//  2. Pending before Unknown before Running
//  3. not ready before ready
//  4. lower deletion cost before higher
//  5. on a node with more related pods before fewer
//  6. ready for a shorter time before longer, in powers of two
//  7. more restarts before fewer
//  8. created later before earlier, in powers of two
//
// Powers of two in 6 and 8 (1 to 2 minutes is the same as 1 to 2 minutes) with the UID as the tie breaker make the
// choice a little random: always deleting the youngest would, after a scale-up that filled a fresh zone, empty
// that zone again.
func chooseVictims(pods, related []*api.Pod, n int, now time.Time) []*api.Pod {
	if n >= len(pods) {
		return pods
	}
	crowd := map[string]int{}
	for _, pod := range related {
		if podActive(pod) {
			crowd[pod.Spec.NodeName]++
		}
	}
	candidates := make([]victim, len(pods))
	for i, pod := range pods {
		candidates[i] = newVictim(pod, crowd[pod.Spec.NodeName], now)
	}
	slices.SortStableFunc(candidates, compareVictims)
	victims := make([]*api.Pod, n)
	for i := range victims {
		victims[i] = candidates[i].pod
	}
	return victims
}

// victim is a pod with what the rules look at, so that a sort of thousands looks it up once.
type victim struct {
	pod                *api.Pod
	assigned, ready    bool
	phase              int
	cost               int32
	crowd              int
	readyAge, age      int64 // powers of two; see ageRank
	readySince         time.Time
	restarts, sidecars int32
}

func newVictim(pod *api.Pod, crowd int, now time.Time) victim {
	v := victim{pod: pod, assigned: pod.Spec.NodeName != "", crowd: crowd, cost: deletionCost(pod)}
	switch pod.Status.Phase {
	case api.PodUnknown:
		v.phase = 1
	case api.PodRunning:
		v.phase = 2
	}
	if since, ready := podReady(pod); ready {
		v.ready, v.readySince, v.readyAge = true, since, ageRank(since, now)
	}
	v.restarts, v.sidecars = podRestarts(pod)
	v.age = ageRank(pod.CreationTimestamp.Time, now)
	return v
}

func compareVictims(a, b victim) int {
	if a.assigned != b.assigned {
		return falseFirst(a.assigned)
	}
	if a.phase != b.phase {
		return cmp.Compare(a.phase, b.phase)
	}
	if a.ready != b.ready {
		return falseFirst(a.ready)
	}
	if a.cost != b.cost {
		return cmp.Compare(a.cost, b.cost)
	}
	if a.crowd != b.crowd {
		return cmp.Compare(b.crowd, a.crowd)
	}
	if a.ready && !a.readySince.Equal(b.readySince) {
		return cmp.Or(cmp.Compare(a.readyAge, b.readyAge), cmp.Compare(a.pod.UID, b.pod.UID))
	}
	if c := cmp.Or(cmp.Compare(b.restarts, a.restarts), cmp.Compare(b.sidecars, a.sidecars)); c != 0 {
		return c
	}
	if !a.pod.CreationTimestamp.Equal(b.pod.CreationTimestamp.Time) {
		return cmp.Or(cmp.Compare(a.age, b.age), cmp.Compare(a.pod.UID, b.pod.UID))
	}
	return 0
}

func falseFirst(a bool) int {
	if a {
		return 1
	}
	return -1
}

// ageRank is the binary logarithm of the time since then. A time that is not set counts as younger than anything.
func ageRank(then, now time.Time) int64 {
	if then.IsZero() {
		return math.MinInt64
	}
	age := now.Sub(then)
	if age <= 0 {
		return -1
	}
	return int64(math.Log2(float64(age)))
}

// deletionCost reads the annotation. Anything that is not a plain number counts as 0, and so do "+1" and "01".
func deletionCost(pod *api.Pod) int32 {
	value := pod.Annotations[podDeletionCost]
	cost, err := strconv.ParseInt(value, 10, 32)
	if err != nil || value[0] == '+' || (value[0] == '0' && value != "0") {
		return 0
	}
	return int32(cost)
}
