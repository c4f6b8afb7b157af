package kubelet

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"kubelite/api"
)

func TestCompareResizes(t *testing.T) {
	waiting := func(name string, priority int32, since time.Time, resources api.ResourceRequirements) *api.Pod {
		pod := testPod(name)
		pod.UID = api.UID(name)
		pod.Spec.Priority = &priority
		pod.Spec.Containers[0].Resources = resources
		if !since.IsZero() {
			pod.Status.Conditions = []api.PodCondition{{Type: api.PodResizePending, Status: api.ConditionTrue, LastTransitionTime: api.Time{Time: since}}}
		}
		return pod
	}
	two := api.ResourceList{api.ResourceCPU: api.MustParse("2"), api.ResourceMemory: api.MustParse("1Gi")}
	early, late := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)
	burstable, guaranteed := api.ResourceRequirements{Requests: two}, api.ResourceRequirements{Requests: two, Limits: two}
	want := []*api.Pod{
		waiting("important", 5, late, burstable),
		waiting("guaranteed", 0, late, guaranteed),
		waiting("waits for longest", 0, early, burstable),
		waiting("waits", 0, late, burstable),
		waiting("comes now", 0, time.Time{}, burstable),
	}
	got := slices.Clone(want)
	slices.Reverse(got)
	slices.SortFunc(got, compareResizes)
	require.Equal(t, want, got)

	// With room for one, the others go without.
	allocatable := api.ResourceList{api.ResourceCPU: api.MustParse("6"), api.ResourceMemory: api.MustParse("20Gi"), api.ResourcePods: api.MustParse("10")}
	for _, pod := range want {
		pod.Status.AllocatedResources = api.ResourceList{api.ResourceCPU: api.MustParse("1")}
	}
	giveFirst(want[2], want, allocatable)
	require.Equal(t, "2", want[0].Status.AllocatedResources[api.ResourceCPU].String())
	require.Equal(t, "1", want[1].Status.AllocatedResources[api.ResourceCPU].String())
	require.Equal(t, []refusal{{"OutOfcpu", "Node didn't have enough resource: cpu, requested: 2000, used: 5000, capacity: 6000", api.ResourceCPU, 1000}},
		shortages(want[2], want, allocatable))
}
