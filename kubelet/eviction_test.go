package kubelet

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"kubelite/api"
)

func TestRankForEviction(t *testing.T) {
	with := func(name string, priority int32, request string) *api.Pod {
		pod := testPod("a")
		pod.Name, pod.Spec.Priority = name, &priority
		if request != "" {
			pod.Spec.Containers[0].Resources.Requests = api.ResourceList{api.ResourceMemory: api.MustParse(request)}
		}
		return pod
	}
	pods := []*api.Pod{
		with("within its request", 0, "100"), with("important", 10, ""), with("a little over", 0, "50"), with("far over", 0, ""),
	}
	var names []string
	for _, pod := range rankForEviction(pods, api.ResourceMemory, func(*api.Pod) int64 { return 60 }) {
		names = append(names, pod.Name)
	}
	require.Equal(t, []string{"far over", "a little over", "important", "within its request"}, names)
}

func TestEvictionMessage(t *testing.T) {
	stats := &podStats{containers: []ContainerStats{{Name: "a", WorkingSet: 64 << 20}}}
	require.Equal(t, "The node was low on resource: memory. Threshold quantity: 100Mi, available: 50Mi. "+
		"Container a was using 64Mi, request is 0, has larger consumption of memory. ",
		evictionMessage(testPod("a"), stats, api.ResourceMemory, 100<<20, 50<<20))
}

func TestPressureOutlivesItsCause(t *testing.T) {
	k := &Kubelet{pressure: map[api.NodeConditionType]time.Time{}}
	require.False(t, k.setPressure(api.NodeMemoryPressure, false, noon))
	require.True(t, k.setPressure(api.NodeMemoryPressure, true, noon))
	require.False(t, k.setPressure(api.NodeMemoryPressure, false, noon.Add(time.Minute)))
	reason, message := k.pressureOn(testPod("a"))
	require.Equal(t, "Evicted", reason)
	require.Equal(t, "The node had condition: [MemoryPressure]. ", message)
	asking := testPod("a")
	asking.Spec.Containers[0].Resources.Requests = api.ResourceList{api.ResourceMemory: api.MustParse("1Mi")}
	reason, _ = k.pressureOn(asking)
	require.Empty(t, reason, "only those suffer that ask for no memory")
	require.True(t, k.setPressure(api.NodeMemoryPressure, false, noon.Add(pressureStays)))
	reason, _ = k.pressureOn(testPod("a"))
	require.Empty(t, reason)
}
