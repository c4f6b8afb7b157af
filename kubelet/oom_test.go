package kubelet

import (
	"testing"

	"github.com/stretchr/testify/require"

	"kubelite/api"
)

func TestOOMScoreAdj(t *testing.T) {
	memory := func(q string) api.ResourceList { return api.ResourceList{api.ResourceMemory: api.MustParse(q)} }
	asking := func(requests ...string) *api.Pod {
		pod := withSidecar(testPod("a", "b"), "proxy")
		for i, request := range requests {
			pod.Spec.Containers[i].Resources.Requests = memory(request)
		}
		return pod
	}
	whole := asking("1Gi", "1Gi")
	whole.Spec.Resources = &api.ResourceRequirements{Requests: memory("5Gi")}
	guaranteed := testPod("a")
	guaranteed.Spec.Containers[0].Resources = api.ResourceRequirements{
		Limits:   api.ResourceList{api.ResourceMemory: api.MustParse("1Gi"), api.ResourceCPU: api.MustParse("1")},
		Requests: api.ResourceList{api.ResourceMemory: api.MustParse("1Gi"), api.ResourceCPU: api.MustParse("1")},
	}
	critical := asking("1Gi")
	critical.Spec.PriorityClassName = api.SystemNodeCritical
	for _, test := range []struct {
		name      string
		pod       *api.Pod
		container string
		want      int
	}{
		{"guaranteed", guaranteed, "a", -997},
		{"the node cannot do without it", critical, "b", -997},
		{"best effort", testPod("a"), "a", 1000},
		{"an eighth of the machine", asking("1Gi"), "a", 875},
		{"nearly nothing", asking("1"), "a", 999},
		{"everything", asking("8Gi"), "a", 3},
		{"a sidecar stays as long as those that it serves", asking("1Gi", "2Gi"), "proxy", 875},
		{"what the pod asks for beyond its containers is theirs in equal parts", whole, "a", 750},
	} {
		require.Equal(t, test.want, oomScoreAdj(test.pod, findContainer(test.pod, test.container), 8<<30), test.name)
	}
}

func TestLimitsOfThePodAreThoseOfItsContainers(t *testing.T) {
	pod := testPod("a", "b")
	pod.Spec.Resources = &api.ResourceRequirements{Limits: api.ResourceList{api.ResourceMemory: api.MustParse("64Mi"), api.ResourceCPU: api.MustParse("2")}}
	pod.Spec.Containers[1].Resources.Limits = api.ResourceList{api.ResourceMemory: api.MustParse("32Mi")}

	require.Equal(t, ContainerResources{MemoryLimit: 64 << 20, CPUQuota: 200_000, CPUShares: 2048}, kernelResources(pod, &pod.Spec.Containers[0]))
	require.Equal(t, ContainerResources{MemoryLimit: 32 << 20, CPUQuota: 200_000, CPUShares: 2048}, kernelResources(pod, &pod.Spec.Containers[1]))
	value, err := (&Kubelet{}).resourceValue(pod, &pod.Spec.Containers[0], &api.ResourceFieldSelector{Resource: "limits.memory"})
	require.NoError(t, err)
	require.Equal(t, "67108864", value)
}
