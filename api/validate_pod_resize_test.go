package api

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPodResize(t *testing.T) {
	pod := func(change func(*Pod)) *Pod {
		p := New[*Pod]()
		p.Namespace, p.Name, p.UID, p.ResourceVersion = "default", "web", "u", "1"
		amounts := func(cpu, memory string) ResourceList {
			return ResourceList{ResourceCPU: MustParse(cpu), ResourceMemory: MustParse(memory)}
		}
		p.Spec.Containers = []Container{{Name: "a", Image: "a", Resources: ResourceRequirements{Limits: amounts("1", "1Gi"), Requests: amounts("500m", "512Mi")}}, {Name: "b", Image: "b"}}
		p.Spec.InitContainers = []Container{{Name: "i", Image: "i"}}
		KindFor(p).Default(p)
		if change != nil {
			change(p)
		}
		return p
	}
	limit := func(name ResourceName, amount string) func(*Pod) {
		return func(p *Pod) { p.Spec.Containers[0].Resources.Limits[name] = MustParse(amount) }
	}
	for _, c := range []struct {
		name   string
		change func(*Pod)
		want   []string
	}{
		{"nothing", nil, nil},
		{"more cpu", limit(ResourceCPU, "2"), nil},
		{"less memory", limit(ResourceMemory, "600Mi"), nil},
		{"a limit less than the request", limit(ResourceMemory, "1Mi"), []string{`spec.containers[0].resources.requests: Invalid value: "512Mi": must be less than or equal to memory limit of 1Mi`}},
		{"a limit gone", func(p *Pod) { delete(p.Spec.Containers[0].Resources.Limits, ResourceMemory) },
			[]string{"spec.containers[0].resources.limits: Forbidden: resource limits cannot be removed"}},
		{"one container less", func(p *Pod) { p.Spec.Containers = p.Spec.Containers[:1] },
			[]string{"spec.containers: Forbidden: containers may not be added or removed on resize"}},
		{"a resource that is neither", limit("ephemeral-storage", "1Gi"), []string{"spec: Forbidden: only cpu and memory resources are mutable"}},
		{"something else", func(p *Pod) { p.Spec.Containers[1].Image = "c" }, []string{"spec: Forbidden: only cpu and memory resources are mutable"}},
		{"something of the pod", func(p *Pod) { p.Spec.ServiceAccountName = "x" }, []string{"spec: Forbidden: only cpu and memory resources are mutable"}},
		{"another order", func(p *Pod) { p.Spec.Containers[0], p.Spec.Containers[1] = p.Spec.Containers[1], p.Spec.Containers[0] },
			[]string{"spec.containers[0].name: Forbidden: containers may not be renamed or reordered on resize", "spec.containers[1].name: Forbidden: containers may not be renamed or reordered on resize"}},
	} {
		require.ElementsMatch(t, c.want, messages(ValidatePodResize(pod(c.change), pod(nil))), c.name)
	}

	alone := func(p *Pod) { p.Spec.Containers, p.Spec.InitContainers = p.Spec.Containers[:1], nil }
	guaranteed := pod(func(p *Pod) {
		alone(p)
		p.Spec.Containers[0].Resources.Requests = p.Spec.Containers[0].Resources.Limits
		p.Status.QOSClass = PodQOSBurstable
	})
	require.Equal(t, []string{`spec: Invalid value: "Burstable": Pod QOS Class may not change as a result of resizing`}, messages(ValidatePodResize(guaranteed, pod(alone))))

	old := pod(nil)
	old.Status.ContainerStatuses = []ContainerStatus{{Name: "a", State: ContainerState{Running: &ContainerStateRunning{}}}}
	require.Equal(t, []string{"spec: Forbidden: Pod running on node without support for resize"}, messages(ValidatePodResize(pod(nil), old)))
	old = pod(nil)
	old.Annotations = map[string]string{annotationMirrorPod: "x"}
	require.Equal(t, []string{": Forbidden: static pods cannot be resized"}, messages(ValidatePodResize(pod(nil), old)))
}
