package devices

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"kubelite/api"
)

const driver = "gpu.example.com"

// published is a Cluster of some slices and classes.
type published struct {
	slices  []*api.ResourceSlice
	classes []*api.DeviceClass
}

func (p *published) Class(name string) (*api.DeviceClass, bool) {
	for _, c := range p.classes {
		if c.Name == name {
			return c, true
		}
	}
	return nil, false
}

func (p *published) OnNode(node string) []*api.ResourceSlice {
	return p.where(func(s *api.ResourceSlice) bool { return api.Deref(s.Spec.NodeName, "") == node })
}

func (p *published) Shared() []*api.ResourceSlice {
	return p.where(func(s *api.ResourceSlice) bool { return s.Spec.NodeName == nil })
}

func (p *published) OfPool(driver, pool string) []*api.ResourceSlice {
	return p.where(func(s *api.ResourceSlice) bool { return s.Spec.Driver == driver && s.Spec.Pool.Name == pool })
}

func (p *published) where(ok func(*api.ResourceSlice) bool) []*api.ResourceSlice {
	return slices.DeleteFunc(slices.Clone(p.slices), func(s *api.ResourceSlice) bool { return !ok(s) })
}

// slice has devices for node n1, in a pool of that name and of one slice.
func slice(name string, change func(*api.ResourceSliceSpec), list ...api.Device) *api.ResourceSlice {
	s := &api.ResourceSlice{ObjectMeta: api.ObjectMeta{Name: name}, Spec: api.ResourceSliceSpec{
		Driver: driver, NodeName: api.Ptr("n1"), Pool: api.ResourcePool{Name: "n1", ResourceSliceCount: 1}, Devices: list,
	}}
	if change != nil {
		change(&s.Spec)
	}
	return s
}

// gpu is a device of a model, on a board.
func gpu(name, model string, board int64) api.Device {
	return api.Device{Name: name, Attributes: map[api.QualifiedName]api.DeviceAttribute{"model": {StringValue: &model}, "board": {IntValue: &board}}}
}

func gpus(from, to int) (list []api.Device) {
	for i := from; i < to; i++ {
		list = append(list, gpu(fmt.Sprintf("gpu-%d", i), "a", int64(i)))
	}
	return list
}

func claim(name string, requests ...api.DeviceRequest) *api.ResourceResourceClaim {
	return &api.ResourceResourceClaim{
		ObjectMeta: api.ObjectMeta{Namespace: "default", Name: name},
		Spec:       api.ResourceClaimSpec{Devices: api.DeviceClaim{Requests: requests}},
	}
}

func with(c *api.ResourceResourceClaim, rules ...api.DeviceConstraint) *api.ResourceResourceClaim {
	c.Spec.Devices.Constraints = rules
	return c
}

func exactly(name string, count int64, change func(*api.ExactDeviceRequest)) api.DeviceRequest {
	e := &api.ExactDeviceRequest{DeviceClassName: "gpu", AllocationMode: api.DeviceAllocationModeExactCount, Count: count}
	if change != nil {
		change(e)
	}
	return api.DeviceRequest{Name: name, Exactly: e}
}

func all(e *api.ExactDeviceRequest) { e.AllocationMode, e.Count = api.DeviceAllocationModeAll, 0 }

func model(m string) []api.DeviceSelector {
	return []api.DeviceSelector{{CEL: &api.CELDeviceSelector{Expression: fmt.Sprintf(`device.attributes["%s"].model == %q`, driver, m)}}}
}

func ofModel(m string) func(*api.ExactDeviceRequest) {
	return func(e *api.ExactDeviceRequest) { e.Selectors = model(m) }
}

func capacity(name, amount string) *api.CapacityRequirements {
	return &api.CapacityRequirements{Requests: map[api.QualifiedName]api.Quantity{api.QualifiedName(name): api.MustParse(amount)}}
}

// sharedGPU may be used by several claims, each for some of its memory: 8Gi in steps of 2Gi, 2Gi if they don't say.
func sharedGPU() api.Device {
	d := gpu("gpu-0", "a", 0)
	least, step := api.MustParse("2Gi"), api.MustParse("2Gi")
	d.AllowMultipleAllocations = api.Ptr(true)
	d.Capacity = map[api.QualifiedName]api.DeviceCapacity{"memory": {
		Value: api.MustParse("8Gi"),
		RequestPolicy: &api.CapacityRequestPolicy{
			Default: &least, ValidRange: &api.CapacityRequestPolicyRange{Min: &least, Step: &step},
		},
	}}
	return d
}

// part is a partition of a card of which there are 4 slices.
func part(name, slices string) api.Device {
	d := gpu(name, "a", 0)
	d.ConsumesCounters = []api.DeviceCounterConsumption{{CounterSet: "card", Counters: map[string]api.Counter{"slices": {Value: api.MustParse(slices)}}}}
	return d
}

func card() *api.ResourceSlice {
	return slice("counters", func(s *api.ResourceSliceSpec) {
		s.NodeName, s.AllNodes, s.Pool.ResourceSliceCount = nil, api.Ptr(true), 2
		s.SharedCounters = []api.CounterSet{{Name: "card", Counters: map[string]api.Counter{"slices": {Value: api.MustParse("4")}}}}
	})
}

func twoSlices(s *api.ResourceSliceSpec) { s.Pool.ResourceSliceCount = 2 }

// inUse is an allocation of whole devices of pool n1.
func inUse(names ...string) *api.AllocationResult {
	a := &api.AllocationResult{}
	for _, name := range names {
		a.Devices.Results = append(a.Devices.Results, api.DeviceRequestAllocationResult{Driver: driver, Pool: "n1", Device: name})
	}
	return a
}

func TestAllocate(t *testing.T) {
	firstOf := func(name string, alternatives ...api.DeviceSubRequest) api.DeviceRequest {
		return api.DeviceRequest{Name: name, FirstAvailable: alternatives}
	}
	alternative := func(name string, count int64, m string) api.DeviceSubRequest {
		return api.DeviceSubRequest{Name: name, DeviceClassName: "gpu", AllocationMode: api.DeviceAllocationModeExactCount, Count: count, Selectors: model(m)}
	}
	tainted := gpu("gpu-0", "a", 0)
	tainted.Taints = []api.DeviceTaint{{Key: "broken", Effect: api.DeviceTaintEffectNoSchedule}}
	board := api.Ptr(api.FullyQualifiedName(driver + "/board"))
	tests := map[string]struct {
		slices []*api.ResourceSlice
		held   *api.AllocationResult
		claims []*api.ResourceResourceClaim
		want   string // request=device of each claim, claims apart by "|"; "" if there is not enough
		fails  string
	}{
		"the first that fits": {
			slices: []*api.ResourceSlice{slice("s", nil, gpu("gpu-0", "a", 0), gpu("gpu-1", "b", 0))},
			claims: []*api.ResourceResourceClaim{claim("c", exactly("r", 1, ofModel("b")))},
			want:   "r=gpu-1",
		},
		"not what others have": {
			slices: []*api.ResourceSlice{slice("s", nil, gpus(0, 3)...)}, held: inUse("gpu-0"),
			claims: []*api.ResourceResourceClaim{claim("c", exactly("r", 1, nil)), claim("d", exactly("r", 1, nil))},
			want:   "r=gpu-1|r=gpu-2",
		},
		"too few": {
			slices: []*api.ResourceSlice{slice("s", nil, gpus(0, 3)...)}, held: inUse("gpu-0"),
			claims: []*api.ResourceResourceClaim{claim("c", exactly("r", 3, nil))},
		},
		"an administrator looks at what others have": {
			slices: []*api.ResourceSlice{slice("s", nil, gpus(0, 2)...)}, held: inUse("gpu-0", "gpu-1"),
			claims: []*api.ResourceResourceClaim{claim("c", exactly("r", 2, func(e *api.ExactDeviceRequest) { e.AdminAccess = api.Ptr(true) }))},
			want:   "r=gpu-0,r=gpu-1",
		},
		"a first request gives way to a second": {
			slices: []*api.ResourceSlice{slice("s", nil, gpu("gpu-0", "a", 0), gpu("gpu-1", "b", 0))},
			claims: []*api.ResourceResourceClaim{claim("c", exactly("any", 1, nil), exactly("a", 1, ofModel("a")))},
			want:   "any=gpu-1,a=gpu-0",
		},
		"all of them": {
			slices: []*api.ResourceSlice{slice("s", nil, gpu("gpu-0", "a", 0), gpu("gpu-1", "b", 0), gpu("gpu-2", "a", 0))},
			claims: []*api.ResourceResourceClaim{claim("c", exactly("r", 0, func(e *api.ExactDeviceRequest) { all(e); e.Selectors = model("a") }))},
			want:   "r=gpu-0,r=gpu-2",
		},
		"all of them, but one is in use": {
			slices: []*api.ResourceSlice{slice("s", nil, gpus(0, 3)...)}, held: inUse("gpu-1"),
			claims: []*api.ResourceResourceClaim{claim("c", exactly("r", 0, all))},
		},
		"all of none": {
			slices: []*api.ResourceSlice{slice("s", nil, gpus(0, 3)...)},
			claims: []*api.ResourceResourceClaim{claim("c", exactly("r", 0, func(e *api.ExactDeviceRequest) { all(e); e.Selectors = model("z") }))},
		},
		"all of a pool that is not complete": {
			slices: []*api.ResourceSlice{slice("s", twoSlices, gpus(0, 3)...)},
			claims: []*api.ResourceResourceClaim{claim("c", exactly("r", 0, all))},
			fails:  "claim default/c, request r: asks for all devices, but resource pool gpu.example.com/n1 is currently being updated",
		},
		"a pool that is not complete": {
			slices: []*api.ResourceSlice{slice("s", twoSlices, gpus(0, 3)...)},
			claims: []*api.ResourceResourceClaim{claim("c", exactly("r", 1, nil))},
		},
		"a newer generation": {
			slices: []*api.ResourceSlice{slice("s", nil, gpus(0, 1)...), slice("t", func(s *api.ResourceSliceSpec) { s.Pool.Generation = 1 }, gpus(1, 2)...)},
			claims: []*api.ResourceResourceClaim{claim("c", exactly("r", 1, nil))},
			want:   "r=gpu-1",
		},
		"a pool that contradicts itself": {
			slices: []*api.ResourceSlice{slice("s", twoSlices, gpus(0, 1)...), slice("t", twoSlices, gpus(0, 1)...)},
			claims: []*api.ResourceResourceClaim{claim("c", exactly("r", 1, nil))},
			fails:  "invalid resource pools were encountered",
		},
		"another node's": {
			slices: []*api.ResourceSlice{slice("s", func(s *api.ResourceSliceSpec) { s.NodeName = api.Ptr("n2") }, gpus(0, 1)...)},
			claims: []*api.ResourceResourceClaim{claim("c", exactly("r", 1, nil))},
		},
		"the first alternative": {
			slices: []*api.ResourceSlice{slice("s", nil, gpu("gpu-0", "a", 0), gpu("gpu-1", "b", 0))},
			claims: []*api.ResourceResourceClaim{claim("c", firstOf("r", alternative("big", 1, "b"), alternative("small", 1, "a")))},
			want:   "r/big=gpu-1",
		},
		"the second alternative": {
			slices: []*api.ResourceSlice{slice("s", nil, gpus(0, 2)...)},
			claims: []*api.ResourceResourceClaim{claim("c", firstOf("r", alternative("big", 1, "b"), alternative("small", 2, "a")))},
			want:   "r/small=gpu-0,r/small=gpu-1",
		},
		"an alternative with fewer devices, since a claim can be given 32": {
			slices: []*api.ResourceSlice{slice("s", nil, gpus(0, 40)...)},
			claims: []*api.ResourceResourceClaim{claim("c", firstOf("r", alternative("many", 31, "a"), alternative("few", 1, "a")), exactly("two", 2, nil))},
			want:   "r/few=gpu-0,two=gpu-1,two=gpu-2",
		},
		"more than 32": {
			slices: []*api.ResourceSlice{slice("s", nil, gpus(0, 40)...)},
			claims: []*api.ResourceResourceClaim{claim("c", exactly("r", 33, nil))},
			fails:  "claim default/c: number of requested devices 33 exceeds the claim limit of 32",
		},
		"on one board": {
			slices: []*api.ResourceSlice{slice("s", nil, gpu("gpu-0", "a", 0), gpu("gpu-1", "a", 1), gpu("gpu-2", "a", 1))},
			claims: []*api.ResourceResourceClaim{with(claim("c", exactly("r", 2, nil)), api.DeviceConstraint{MatchAttribute: board})},
			want:   "r=gpu-1,r=gpu-2",
		},
		"each on another board": {
			slices: []*api.ResourceSlice{slice("s", nil, gpu("gpu-0", "a", 0), gpu("gpu-1", "a", 0), gpu("gpu-2", "a", 1), gpu("gpu-3", "a", 2), gpu("gpu-4", "a", 1))},
			claims: []*api.ResourceResourceClaim{with(claim("c", exactly("r", 3, nil)), api.DeviceConstraint{Requests: []string{"r"}, DistinctAttribute: board})},
			want:   "r=gpu-0,r=gpu-2,r=gpu-3",
		},
		"all of them, which a constraint does not allow": {
			slices: []*api.ResourceSlice{slice("s", nil, gpu("gpu-0", "a", 0), gpu("gpu-1", "a", 1))},
			claims: []*api.ResourceResourceClaim{with(claim("c", exactly("r", 0, all)), api.DeviceConstraint{MatchAttribute: board})},
			fails:  "claim default/c, request r: cannot add device gpu.example.com/n1/gpu-1 because a claim constraint would not be satisfied",
		},
		"what others have may lack an attribute": {
			slices: []*api.ResourceSlice{slice("s", nil, api.Device{Name: "gpu-0"}, gpu("gpu-1", "a", 0))}, held: inUse("gpu-0"),
			claims: []*api.ResourceResourceClaim{claim("c", exactly("r", 1, ofModel("a")))},
			want:   "r=gpu-1",
		},
		"a taint": {
			slices: []*api.ResourceSlice{slice("s", nil, tainted)},
			claims: []*api.ResourceResourceClaim{claim("c", exactly("r", 1, nil))},
		},
		"a taint that does not matter": {
			slices: []*api.ResourceSlice{slice("s", nil, tainted)},
			claims: []*api.ResourceResourceClaim{claim("c", exactly("r", 1, func(e *api.ExactDeviceRequest) {
				e.Tolerations = []api.DeviceToleration{{Key: "broken", Operator: api.DeviceTolerationOpExists}}
			}))},
			want: "r=gpu-0",
		},
		"shares of a device, rounded up to what it gives out": {
			slices: []*api.ResourceSlice{slice("s", nil, sharedGPU())},
			claims: []*api.ResourceResourceClaim{
				claim("c", exactly("r", 1, func(e *api.ExactDeviceRequest) { e.Capacity = capacity("memory", "3Gi") })), claim("d", exactly("r", 1, nil)),
				claim("e", exactly("r", 1, nil)),
			},
			want: "r=gpu-0(4Gi)|r=gpu-0(2Gi)|r=gpu-0(2Gi)",
		},
		"more than is left of a device": {
			slices: []*api.ResourceSlice{slice("s", nil, sharedGPU())},
			claims: []*api.ResourceResourceClaim{
				claim("c", exactly("r", 1, func(e *api.ExactDeviceRequest) { e.Capacity = capacity("memory", "7Gi") })), claim("d", exactly("r", 1, nil)),
			},
		},
		"a capacity that it does not have": {
			slices: []*api.ResourceSlice{slice("s", nil, sharedGPU())},
			claims: []*api.ResourceResourceClaim{claim("c", exactly("r", 1, func(e *api.ExactDeviceRequest) { e.Capacity = capacity("cores", "1") }))},
		},
		"parts of a card": {
			slices: []*api.ResourceSlice{card(), slice("s", twoSlices, part("whole", "4"), part("half-0", "2"), part("half-1", "2"))}, held: inUse("half-0"),
			claims: []*api.ResourceResourceClaim{claim("c", exactly("r", 1, nil))},
			want:   "r=half-1",
		},
		"more parts than a card has": {
			slices: []*api.ResourceSlice{card(), slice("s", twoSlices, part("half-0", "2"), part("half-1", "2"), part("half-2", "2"))}, held: inUse("half-0"),
			claims: []*api.ResourceResourceClaim{claim("c", exactly("r", 2, nil))},
		},
		"parts of a card that there is not": {
			slices: []*api.ResourceSlice{slice("s", nil, part("half-0", "2"))},
			claims: []*api.ResourceResourceClaim{claim("c", exactly("r", 1, nil))},
			fails:  "invalid resource pools were encountered",
		},
		"an attribute that a device lacks": {
			slices: []*api.ResourceSlice{slice("s", nil, api.Device{Name: "gpu-0"})},
			claims: []*api.ResourceResourceClaim{claim("c", exactly("r", 1, ofModel("a")))},
			fails:  "claim default/c: selector #0: CEL runtime error: no such key: model",
		},
		"no such class": {
			slices: []*api.ResourceSlice{slice("s", nil, gpus(0, 1)...)},
			claims: []*api.ResourceResourceClaim{claim("c", exactly("r", 1, func(e *api.ExactDeviceRequest) { e.DeviceClassName = "tpu" }))},
			fails:  `claim default/c, request r: could not retrieve device class tpu: deviceclass.resource.k8s.io "tpu" not found`,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			cluster := &published{slices: test.slices, classes: []*api.DeviceClass{{ObjectMeta: api.ObjectMeta{Name: "gpu"}}}}
			held := NewHeld()
			if test.held != nil {
				held.Add(test.held)
			}
			node := &api.Node{ObjectMeta: api.ObjectMeta{Name: "n1"}}
			results, err := NewAllocator(cluster, held, NewSelectors()).Allocate(t.Context(), node, test.claims)
			if test.fails != "" {
				require.EqualError(t, err, test.fails)
				return
			}
			require.NoError(t, err)
			require.Equal(t, test.want, inShort(results))
		})
	}
}

// inShort writes allocations as request=device(share).
func inShort(results []api.AllocationResult) string {
	var claims []string
	for _, r := range results {
		var list []string
		for _, d := range r.Devices.Results {
			s := d.Request + "=" + d.Device
			for _, q := range d.ConsumedCapacity {
				s += "(" + q.String() + ")"
			}
			list = append(list, s)
		}
		claims = append(claims, strings.Join(list, ","))
	}
	return strings.Join(claims, "|")
}

// What is given says where it can be used, and what its drivers are to know.
func TestResult(t *testing.T) {
	opaque := func(parameters string) api.DeviceConfiguration {
		return api.DeviceConfiguration{Opaque: &api.OpaqueDeviceConfiguration{Driver: driver, Parameters: api.RawExtension{Raw: []byte(parameters)}}}
	}
	class := &api.DeviceClass{ObjectMeta: api.ObjectMeta{Name: "gpu"}, Spec: api.DeviceClassSpec{Config: []api.DeviceClassConfiguration{{DeviceConfiguration: opaque(`{"from":"class"}`)}}}}
	inZone := &api.NodeSelector{NodeSelectorTerms: []api.NodeSelectorTerm{{MatchExpressions: []api.NodeSelectorRequirement{{Key: "zone", Operator: api.NodeSelectorOpIn, Values: []string{"a"}}}}}}
	network := slice("s", func(s *api.ResourceSliceSpec) { s.NodeName, s.NodeSelector, s.Pool.Name = nil, inZone, "net" }, gpus(0, 2)...)
	node := &api.Node{ObjectMeta: api.ObjectMeta{Name: "n1", Labels: map[string]string{"zone": "a"}}}
	c := claim("c", exactly("one", 1, nil), exactly("two", 1, nil))
	c.Spec.Devices.Config = []api.DeviceClaimConfiguration{
		{DeviceConfiguration: opaque(`{"for":"all"}`)}, {Requests: []string{"two"}, DeviceConfiguration: opaque(`{"for":"two"}`)},
	}
	results, err := NewAllocator(&published{slices: []*api.ResourceSlice{network}, classes: []*api.DeviceClass{class}}, NewHeld(), NewSelectors()).
		Allocate(t.Context(), node, []*api.ResourceResourceClaim{c})
	require.NoError(t, err)
	require.Equal(t, inZone, results[0].NodeSelector)
	require.Equal(t, []api.DeviceAllocationConfiguration{
		{Source: api.AllocationConfigSourceClass, Requests: []string{"one", "two"}, DeviceConfiguration: opaque(`{"from":"class"}`)},
		{Source: api.AllocationConfigSourceClaim, DeviceConfiguration: opaque(`{"for":"all"}`)},
		{Source: api.AllocationConfigSourceClaim, Requests: []string{"two"}, DeviceConfiguration: opaque(`{"for":"two"}`)},
	}, results[0].Devices.Config)

	local := &published{slices: []*api.ResourceSlice{slice("s", nil, gpus(0, 1)...)}, classes: []*api.DeviceClass{class}}
	results, err = NewAllocator(local, NewHeld(), NewSelectors()).Allocate(t.Context(), node, []*api.ResourceResourceClaim{claim("c", exactly("r", 1, nil))})
	require.NoError(t, err)
	require.Equal(t, []api.NodeSelectorRequirement{{Key: "metadata.name", Operator: api.NodeSelectorOpIn, Values: []string{"n1"}}}, results[0].NodeSelector.NodeSelectorTerms[0].MatchFields)
}
