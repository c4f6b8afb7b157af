package scheduler

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"kubelite/api"
)

func gpuClass() *api.DeviceClass { return &api.DeviceClass{ObjectMeta: api.ObjectMeta{Name: "gpu"}} }

// gpusOn publishes devices of a node, each with an attribute model.
func gpusOn(node, model string, names ...string) *api.ResourceSlice {
	s := &api.ResourceSlice{ObjectMeta: api.ObjectMeta{Name: node}, Spec: api.ResourceSliceSpec{
		Driver: "gpu.example.com", NodeName: &node, Pool: api.ResourcePool{Name: node, ResourceSliceCount: 1},
	}}
	for _, name := range names {
		d := api.Device{Name: name, Attributes: map[api.QualifiedName]api.DeviceAttribute{}}
		if model != "" {
			d.Attributes["model"] = api.DeviceAttribute{StringValue: &model}
		}
		s.Spec.Devices = append(s.Spec.Devices, d)
	}
	return s
}

// gpuClaim asks for one device.
func gpuClaim(name string, changes ...func(*api.ResourceResourceClaim)) *api.ResourceResourceClaim {
	c := &api.ResourceResourceClaim{ObjectMeta: api.ObjectMeta{Namespace: "default", Name: name, UID: api.UID(name), ResourceVersion: "5"}}
	c.Spec.Devices.Requests = []api.DeviceRequest{{Name: "gpu", Exactly: &api.ExactDeviceRequest{DeviceClassName: "gpu", AllocationMode: api.DeviceAllocationModeExactCount, Count: 1}}}
	for _, change := range changes {
		change(c)
	}
	return c
}

func ofModel(model string) func(*api.ResourceResourceClaim) {
	return func(c *api.ResourceResourceClaim) {
		c.Spec.Devices.Requests[0].Exactly.Selectors = []api.DeviceSelector{{CEL: &api.CELDeviceSelector{
			Expression: fmt.Sprintf("device.attributes['gpu.example.com'].model == %q", model),
		}}}
	}
}

// given makes a claim that has a device of a node.
func given(node, device string) func(*api.ResourceResourceClaim) {
	return func(c *api.ResourceResourceClaim) {
		c.Status.Allocation = &api.AllocationResult{
			Devices: api.DeviceAllocationResult{Results: []api.DeviceRequestAllocationResult{{Request: "gpu", Driver: "gpu.example.com", Pool: node, Device: device}}},
			NodeSelector: &api.NodeSelector{NodeSelectorTerms: []api.NodeSelectorTerm{{
				MatchFields: []api.NodeSelectorRequirement{{Key: "metadata.name", Operator: api.NodeSelectorOpIn, Values: []string{node}}},
			}}},
		}
	}
}

func claiming(claims ...string) func(*api.Pod) {
	return func(p *api.Pod) {
		for _, name := range claims {
			p.Spec.ResourceClaims = append(p.Spec.ResourceClaims, api.PodResourceClaim{Name: name, ResourceClaimName: &name})
		}
	}
}

func TestDynamicResources(t *testing.T) {
	two := func() *world {
		return worldOf(node("n1"), node("n2")).with(gpuClass(), gpusOn("n1", "a", "gpu-0"), gpusOn("n2", "b", "gpu-0", "gpu-1"))
	}
	for name, test := range map[string]struct {
		world *world
		pod   *api.Pod
		want  string
	}{
		"the node that has the device": {two().with(gpuClaim("c", ofModel("a"))), pod(nil, claiming("c")), "n1"},
		"where the claim's device is":  {two().with(gpuClaim("c", given("n1", "gpu-0"))), pod(nil, claiming("c")), "n1"},
		"where there is one left":      {two().with(gpuClaim("other", given("n1", "gpu-0")), gpuClaim("c")), pod(nil, claiming("c")), "n2"},
		"two claims":                   {two().with(gpuClaim("c"), gpuClaim("d")), pod(nil, claiming("c", "d")), "n2"},
		"none left": {
			two().with(gpuClaim("other", given("n1", "gpu-0")), gpuClaim("c", ofModel("a"))), pod(nil, claiming("c")),
			"0/2 nodes are available: 2 cannot allocate all claims.",
		},
		"two claims, each with a device of another node": {
			two().with(gpuClaim("c", given("n1", "gpu-0")), gpuClaim("d", given("n2", "gpu-0"))), pod(nil, claiming("c", "d")),
			"0/2 nodes are available: 2 resourceclaim not available on the node.",
		},
		"no such claim": {two(), pod(nil, claiming("c")), `0/2 nodes are available: resourceclaim.resource.k8s.io "c" not found.`},
		"no such class": {
			worldOf(node("n1")).with(gpuClaim("c")), pod(nil, claiming("c")), "0/1 nodes are available: request gpu: device class gpu does not exist.",
		},
		"a selector that fails on one node, though another would do": {
			worldOf(node("n1"), node("n2")).with(gpuClass(), gpusOn("n1", "", "gpu-0"), gpusOn("n2", "a", "gpu-0"), gpuClaim("c", ofModel("a"))), pod(nil, claiming("c")),
			`running "DynamicResources" filter plugin: claim default/c: selector #0: CEL runtime error: no such key: model`,
		},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, test.want, test.world.outcome(test.pod)) })
	}
}

// What one pod's claim is promised, the next one's does not get, until the promise is withdrawn or the claim is gone.
func TestPreemptionWhereAFilterFails(t *testing.T) {
	w := worldOf(node("a")).with(gpuClass(), gpusOn("a", "", "gpu-0"), gpuClaim("c", ofModel("large"))).run("a", pod(list("cpu", "4"), ofPriority(1)))
	c := w.cycle(pod(list("cpu", "1"), claiming("c"), ofPriority(2)))
	require.Empty(t, c.find().Node)
	result := (&defaultPreemption{kit: w.kit, args: w.args.preemption}).PostFilter(t.Context(), c)
	require.Equal(t, &postFilterResult{last: true, keep: true,
		message: `preemption: running "DynamicResources" filter plugin: claim default/c: selector #0: CEL runtime error: no such key: model`}, result)
}

func TestPromisedDevices(t *testing.T) {
	w := worldOf(node("n1")).with(gpuClass(), gpusOn("n1", "a", "gpu-0"), gpuClaim("c"), gpuClaim("d"))
	w.kit.tell = w.cache.tell
	first := w.cycle(pod(nil, claiming("c")))
	require.Equal(t, "n1", first.find().Node)
	plugin := devicesFilterOf(first).plugin
	require.Nil(t, plugin.Reserve(first, w.cache.byName["n1"]))
	require.True(t, plugin.PreBindPreFlight(first.pod))

	require.Equal(t, "0/1 nodes are available: 1 cannot allocate all claims.", w.outcome(pod(nil, claiming("d"))))
	require.Equal(t, "0/1 nodes are available: resource claim default/c is in the process of being allocated.", w.outcome(pod(nil, claiming("c"))))

	// The informer shows an older state: the promise stands.
	w.kit.held.show(gpuClaim("c"))
	require.Equal(t, "0/1 nodes are available: 1 cannot allocate all claims.", w.outcome(pod(nil, claiming("d"))))

	plugin.Unreserve(t.Context(), first.pod)
	w.cache.end()
	require.Equal(t, "n1", w.outcome(pod(nil, claiming("d"))))

	// A pod that is bound has nothing to take back.
	second := w.cycle(pod(nil, claiming("d")))
	require.Equal(t, "n1", second.find().Node)
	plugin = devicesFilterOf(second).plugin
	require.Nil(t, plugin.Reserve(second, w.cache.byName["n1"]))
	w.kit.held.written(gpuClaim("d", given("n1", "gpu-0")), "d")
	plugin.PostBind(second.pod)
	require.False(t, plugin.PreBindPreFlight(second.pod))
	plugin.Unreserve(t.Context(), second.pod)
	w.cache.end()
	require.Equal(t, "0/1 nodes are available: 1 cannot allocate all claims.", w.outcome(pod(nil, claiming("c"))))
	w.kit.held.forget("d")

	// A claim that has the device is gone.
	w.kit.held.show(gpuClaim("c", given("n1", "gpu-0")))
	require.Equal(t, "0/1 nodes are available: 1 cannot allocate all claims.", w.outcome(pod(nil, claiming("d"))))
	w.kit.held.forget("c")
	require.Equal(t, "n1", w.outcome(pod(nil, claiming("d"))))
}

func withDevices(requests ...string) api.Container {
	return api.Container{Name: "c" + requests[0], Resources: api.ResourceRequirements{Requests: list(requests[1:]...)}}
}

// A resource that a class stands for is met by devices, where the node has none of its own.
func TestExtendedResourcesMetByDevices(t *testing.T) {
	class := gpuClass()
	class.Spec.ExtendedResourceName = api.Ptr("example.com/gpu")
	pluggedIn := node("n1", func(n *api.Node) { n.Status.Allocatable["example.com/gpu"] = api.MustParse("1") })
	p := pod(list("example.com/gpu", "2"))
	require.Equal(t, "n2", worldOf(pluggedIn, node("n2")).with(class, gpusOn("n2", "a", "gpu-0", "gpu-1")).outcome(p))
	require.Equal(t, "n1", worldOf(pluggedIn, node("n2")).with(class, gpusOn("n2", "a", "gpu-0")).outcome(pod(list("example.com/gpu", "1"))))
	require.Equal(t, "0/2 nodes are available: 1 Insufficient example.com/gpu, 1 cannot allocate all claims.",
		worldOf(pluggedIn, node("n2")).with(class, gpusOn("n2", "a", "gpu-0")).outcome(p))
	require.Equal(t, "0/1 nodes are available: 1 Insufficient example.com/gpu.", worldOf(node("n2")).with(gpuClass(), gpusOn("n2", "a", "gpu-0")).outcome(p))
}

func TestExtendedRequests(t *testing.T) {
	always := api.ContainerRestartPolicyAlways
	sidecar := withDevices("1", "example.com/gpu", "1")
	sidecar.RestartPolicy = &always
	for name, test := range map[string]struct {
		init, containers []api.Container
		requests, uses   []string
	}{
		"one": {nil, []api.Container{withDevices("0", "cpu", "1", "example.com/gpu", "2")}, []string{"container-0-request-1=2"}, []string{"c0:container-0-request-1"}},
		"side by side": {
			nil, []api.Container{withDevices("0", "example.com/gpu", "2"), withDevices("1", "cpu", "1"), withDevices("2", "example.com/gpu", "1")},
			[]string{"container-0-request-0=2", "container-2-request-0=1"}, []string{"c0:container-0-request-0", "c2:container-2-request-0"},
		},
		"an init container uses what comes later": {
			[]api.Container{withDevices("0", "example.com/gpu", "1"), sidecar}, []api.Container{withDevices("2", "example.com/gpu", "1")},
			[]string{"container-1-request-0=1", "container-2-request-0=1"}, []string{"c0:container-1-request-0", "c1:container-1-request-0", "c2:container-2-request-0"},
		},
		"the hungriest init container": {
			[]api.Container{withDevices("0", "example.com/gpu", "2"), withDevices("1", "example.com/gpu", "4")}, []api.Container{withDevices("2", "example.com/gpu", "1")},
			[]string{"container-1-request-0=3", "container-2-request-0=1"},
			[]string{"c0:container-2-request-0", "c0:container-1-request-0", "c1:container-2-request-0", "c1:container-1-request-0", "c2:container-2-request-0"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			requests, uses := extendedRequests(&api.Pod{Spec: api.PodSpec{InitContainers: test.init, Containers: test.containers}}, map[api.ResourceName]string{"example.com/gpu": "gpu"})
			var short, who []string
			for _, r := range requests {
				short = append(short, fmt.Sprintf("%s=%d", r.Name, r.Exactly.Count))
			}
			for _, u := range uses {
				who = append(who, u.ContainerName+":"+u.RequestName)
			}
			require.Equal(t, test.requests, short)
			require.Equal(t, test.uses, who)
		})
	}
}

// The node whose devices meet a request's better alternative is better.
func TestAlternativesScore(t *testing.T) {
	c := gpuClaim("c")
	alternative := func(name string) api.DeviceSubRequest {
		return api.DeviceSubRequest{
			Name: name, DeviceClassName: "gpu", AllocationMode: api.DeviceAllocationModeExactCount, Count: 1,
			Selectors: []api.DeviceSelector{{CEL: &api.CELDeviceSelector{Expression: fmt.Sprintf("device.attributes['gpu.example.com'].model == %q", name)}}},
		}
	}
	c.Spec.Devices.Requests = []api.DeviceRequest{{Name: "gpu", FirstAvailable: []api.DeviceSubRequest{alternative("a"), alternative("b")}}}
	w := worldOf(node("n1"), node("n2")).with(gpuClass(), gpusOn("n1", "b", "gpu-0"), gpusOn("n2", "a", "gpu-0"), c)
	p := pod(nil, claiming("c"))
	require.Equal(t, map[string]int64{"n1": 174, "n2": 200}, w.scoresOf("DynamicResources", p))
	require.Equal(t, "n2", w.outcome(p))
}

// A device with binding conditions is ready when all are true, and never if a failure condition is.
func TestDevicesReady(t *testing.T) {
	claim := gpuClaim("c", given("n1", "gpu-0"))
	r := &claim.Status.Allocation.Devices.Results[0]
	r.BindingConditions, r.BindingFailureConditions = []string{"Attached", "Ready"}, []string{"Failed"}
	for _, test := range []struct {
		conditions []string
		ready      bool
		fails      string
	}{
		{nil, false, ""},
		{[]string{"Attached"}, false, ""},
		{[]string{"Attached", "Ready"}, true, ""},
		{[]string{"Attached", "Failed"}, false, `device binding failed: claim=c, reason=Said, message="by a test"`},
	} {
		status := api.AllocatedDeviceStatus{Driver: "gpu.example.com", Pool: "n1", Device: "gpu-0"}
		for _, c := range test.conditions {
			status.Conditions = append(status.Conditions, api.Condition{Type: c, Status: api.ConditionTrue, Reason: "Said", Message: "by a test"})
		}
		claim.Status.Devices = []api.AllocatedDeviceStatus{status}
		ready, err := devicesReady(claim)
		require.Equal(t, test.ready, ready, test.conditions)
		if test.fails != "" {
			require.EqualError(t, err, test.fails)
		} else {
			require.NoError(t, err)
		}
	}
}
