package kubelet

import (
	"testing"

	"github.com/stretchr/testify/require"

	"kubelite/api"
)

func TestAdmission(t *testing.T) {
	node := &api.Node{ObjectMeta: api.ObjectMeta{Name: "n1", Labels: map[string]string{"disk": "ssd"}},
		Spec: api.NodeSpec{Taints: []api.Taint{{Key: "broken", Effect: api.TaintEffectNoExecute}, {Key: "new", Effect: api.TaintEffectNoSchedule}}}}
	allocatable := api.ResourceList{api.ResourceCPU: api.MustParse("2"), api.ResourceMemory: api.MustParse("1Gi"), api.ResourcePods: api.MustParse("2"), "example.com/dongle": api.MustParse("1")}
	other := testPod("b")
	other.UID = "b"
	other.Spec.Containers[0].Resources.Requests = api.ResourceList{api.ResourceCPU: api.MustParse("1500m")}
	other.Spec.Containers[0].Ports = []api.ContainerPort{{HostPort: 80, Protocol: api.ProtocolTCP}}
	for _, test := range []struct {
		name            string
		change          func(pod *api.Pod)
		others          []*api.Pod
		reason, message string
	}{
		{"fits", func(*api.Pod) {}, []*api.Pod{other}, "", ""},
		{"too many pods", func(*api.Pod) {}, []*api.Pod{other, other}, "OutOfpods", "Node didn't have enough resource: pods, requested: 1, used: 2, capacity: 2"},
		{"too much cpu", func(pod *api.Pod) {
			pod.Spec.Containers[0].Resources.Requests = api.ResourceList{api.ResourceCPU: api.MustParse("1")}
		}, []*api.Pod{other}, "OutOfcpu", "Node didn't have enough resource: cpu, requested: 1000, used: 1500, capacity: 2000"},
		{"too much of what others say the node has", func(pod *api.Pod) {
			pod.Spec.Containers[0].Resources.Requests = api.ResourceList{"example.com/dongle": api.MustParse("2")}
		}, nil, "OutOfexample.com/dongle", "Node didn't have enough resource: example.com/dongle, requested: 2, used: 0, capacity: 1"},
		{"something that is not the node's", func(pod *api.Pod) {
			pod.Spec.Containers[0].Resources.Requests = api.ResourceList{"example.com/license": api.MustParse("2")}
		}, nil, "", ""},
		{"pages that the node does not have", func(pod *api.Pod) {
			pod.Spec.Containers[0].Resources.Requests = api.ResourceList{"hugepages-2Mi": api.MustParse("2Mi")}
		}, nil, "OutOfhugepages-2Mi", "Node didn't have enough resource: hugepages-2Mi, requested: 2097152, used: 0, capacity: 0"},
		{"a taint that ends pods", func(pod *api.Pod) { pod.Spec.Tolerations = nil }, nil,
			"TaintToleration", "Predicate TaintToleration failed: node(s) had taints that the pod didn't tolerate"},
		{"made for another system", func(pod *api.Pod) { pod.Labels = map[string]string{"kubernetes.io/os": "windows"} }, nil,
			"PodOSSelectorNodeLabelDoesNotMatch", "Failed to admit pod as the `kubernetes.io/os` label doesn't match node label"},
		{"another kind of node", func(pod *api.Pod) { pod.Spec.NodeSelector = map[string]string{"disk": "tape"} }, nil,
			"NodeAffinity", "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector"},
		{"its port is taken", func(pod *api.Pod) {
			pod.Spec.Containers[0].Ports = []api.ContainerPort{{HostPort: 80, Protocol: api.ProtocolTCP, HostIP: "127.0.0.1"}}
		}, []*api.Pod{other}, "NodePorts", "Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports"},
		{"a kernel parameter of the machine", func(pod *api.Pod) {
			pod.Spec.SecurityContext = &api.PodSecurityContext{Sysctls: []api.Sysctl{{Name: "kernel.shm_rmid_forced", Value: "1"}, {Name: "kernel.msgmax", Value: "1"}}}
		}, nil, "SysctlForbidden", `forbidden sysctl: "kernel.msgmax" not allowlisted`},
		{"of the machine's network", func(pod *api.Pod) {
			pod.Spec.HostNetwork = true
			pod.Spec.SecurityContext = &api.PodSecurityContext{Sysctls: []api.Sysctl{{Name: "net/ipv4/tcp_syncookies", Value: "1"}}}
		}, nil, "SysctlForbidden", `forbidden sysctl: "net.ipv4.tcp_syncookies" not allowed with host net enabled`},
	} {
		t.Run(test.name, func(t *testing.T) {
			pod := testPod("a")
			pod.Spec.Tolerations = []api.Toleration{{Key: "broken", Operator: api.TolerationOpExists}}
			test.change(pod)
			refusals := append(admission(pod, node, test.others, allocatable), refusal{}) // nothing, if nothing else
			require.Equal(t, test.reason, refusals[0].reason)
			require.Equal(t, test.message, refusals[0].message)
		})
	}
}

func TestWantsAppArmor(t *testing.T) {
	profile := func(kind api.AppArmorProfileType) *api.AppArmorProfile { return &api.AppArmorProfile{Type: kind} }
	unconfined, runtimes := profile(api.AppArmorProfileTypeUnconfined), profile(api.AppArmorProfileTypeRuntimeDefault)
	for _, tt := range []struct {
		name            string
		whole, own      *api.AppArmorProfile
		want, forAnInit bool
	}{
		{name: "nobody asks"},
		{name: "the pod does", whole: runtimes, want: true},
		{name: "its container does", own: runtimes, want: true},
		{name: "nobody wants any", whole: unconfined},
		{name: "its only container wants none", whole: runtimes, own: unconfined},
		{name: "an init container has what the pod says", whole: runtimes, own: unconfined, forAnInit: true, want: true},
	} {
		pod := testPod("a")
		pod.Spec.SecurityContext = &api.PodSecurityContext{AppArmorProfile: tt.whole}
		pod.Spec.Containers[0].SecurityContext = &api.SecurityContext{AppArmorProfile: tt.own}
		if tt.forAnInit {
			withInit(pod, "i")
		}
		require.Equal(t, tt.want, wantsAppArmor(pod), tt.name)
	}
}
