package scheduler

import (
	"testing"

	"github.com/stretchr/testify/require"

	"kubelite/api"
)

func TestPodRequests(t *testing.T) {
	always := api.ContainerRestartPolicyAlways
	container := func(cpu string, policy *api.ContainerRestartPolicy) api.Container {
		return api.Container{Resources: api.ResourceRequirements{Requests: list("cpu", cpu)}, RestartPolicy: policy}
	}
	tests := []struct {
		name             string
		init, containers []api.Container
		overhead         api.ResourceList
		want             int64 // thousandths of a CPU
	}{
		{name: "containers add up", containers: []api.Container{container("100m", nil), container("1", nil)}, want: 1100},
		{name: "the largest init container counts when it is larger", init: []api.Container{container("3", nil), container("2", nil)}, containers: []api.Container{container("1", nil)}, want: 3000},
		{name: "smaller init containers do not", init: []api.Container{container("1", nil)}, containers: []api.Container{container("2", nil)}, want: 2000},
		{name: "sidecars run beside containers", init: []api.Container{container("1", &always)}, containers: []api.Container{container("2", nil)}, want: 3000},
		{name: "an init container runs beside earlier sidecars only", init: []api.Container{container("1", &always), container("5", nil), container("9", &always)}, containers: []api.Container{container("1", nil)}, want: 11000},
		{name: "overhead comes on top", containers: []api.Container{container("1", nil)}, overhead: list("cpu", "250m"), want: 1250},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := &api.Pod{Spec: api.PodSpec{InitContainers: test.init, Containers: test.containers, Overhead: test.overhead}}
			require.Equal(t, test.want, podRequests(p).milliCPU)
		})
	}
}

func TestRequestsOfAPodThatIsResized(t *testing.T) {
	p := pod(list("cpu", "2"))
	p.Status.ContainerStatuses = []api.ContainerStatus{{Name: "c", AllocatedResources: list("cpu", "3"), Resources: &api.ResourceRequirements{Requests: list("cpu", "1", "memory", "1Gi")}}}
	require.Equal(t, int64(3000), podRequests(p).milliCPU, "the node has not given anything back yet")
	p.Spec.Containers[0].Resources.Requests = list("cpu", "64")
	require.Equal(t, int64(64000), podRequests(p).milliCPU, "it may get what it asks for")
	p.Status.Conditions = []api.PodCondition{{Type: "PodResizePending", Reason: "Infeasible"}}
	require.Equal(t, int64(3000), podRequests(p).milliCPU, "it will not")
	require.Equal(t, int64(1<<30), newPodInfo(p).nonZero.memory, "it has some, though it asks for none")

	p.Spec.Resources, p.Status.Conditions = &api.ResourceRequirements{Requests: list("cpu", "70")}, nil
	require.Equal(t, int64(70000), podRequests(p).milliCPU)
	p.Status.AllocatedResources, p.Status.Resources = list("cpu", "75"), &api.ResourceRequirements{Requests: list("cpu", "80")}
	require.Equal(t, int64(80000), podRequests(p).milliCPU, "the whole pod has more than it asks for")
}

func TestContainersWithoutRequestsCountForScoring(t *testing.T) {
	p := pod(nil)
	p.Spec.Containers = append(p.Spec.Containers, api.Container{Name: "d", Resources: api.ResourceRequirements{Requests: list("cpu", "1")}})
	r := newPodInfo(p).nonZero
	require.Equal(t, int64(1100), r.milliCPU)
	require.Equal(t, int64(2*assumedMemory), r.memory)
}
