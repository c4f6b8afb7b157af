package clients

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	v1 "k8s.io/api/core/v1"
	resourcev1 "k8s.io/api/resource/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

const (
	deviceDriver = "dra.example.com"

	// Names of DeviceClasses: all of the driver's devices, the fast ones, and those that pods get who ask for an extended resource.
	anyDevice, fastDevice, plainDevice = "any", "fast", "plain"

	plainResource = "example.com/plain" // means plainDevice
)

// devices gives nodes devices, and the probe one or two claims for some; others have some already.
func (c chance) devices(s *scenario) {
	named := plainResource
	mine := resourcev1.DeviceSelector{CEL: &resourcev1.CELDeviceSelector{Expression: fmt.Sprintf("device.driver == %q", deviceDriver)}}
	class := func(name string, selectors ...resourcev1.DeviceSelector) *resourcev1.DeviceClass {
		return &resourcev1.DeviceClass{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: resourcev1.DeviceClassSpec{Selectors: selectors}}
	}
	plain := class(plainDevice, mine)
	plain.Spec.ExtendedResourceName = &named
	s.others = append(s.others, plain, class(anyDevice, mine),
		class(fastDevice, mine, resourcev1.DeviceSelector{CEL: &resourcev1.CELDeviceSelector{Expression: fmt.Sprintf("device.attributes[%q].speed >= 2", deviceDriver)}}))
	var slices []*resourcev1.ResourceSlice
	for _, n := range s.nodes {
		if !c.in(4) {
			slices = append(slices, c.deviceSlice(n.Name, func(spec *resourcev1.ResourceSliceSpec) { spec.NodeName = &n.Name }))
		}
	}
	if c.in(3) {
		slices = append(slices, c.deviceSlice("network", func(spec *resourcev1.ResourceSliceSpec) {
			if c.in(2) {
				spec.AllNodes = new(bool)
				*spec.AllNodes = true
				return
			}
			spec.NodeSelector = &v1.NodeSelector{NodeSelectorTerms: []v1.NodeSelectorTerm{{
				MatchExpressions: []v1.NodeSelectorRequirement{{Key: v1.LabelTopologyZone, Operator: v1.NodeSelectorOpIn, Values: []string{"z1", "z2"}}}}}}
		}))
	}
	for _, slice := range slices {
		s.others = append(s.others, slice)
		for _, d := range slice.Spec.Devices {
			if c.in(4) {
				s.others = append(s.others, c.heldClaim(slice, d))
			}
		}
	}
	for i := range 1 + c.IntN(2) {
		name := fmt.Sprintf("devices-%d", i)
		claim := &resourcev1.ResourceClaim{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: schedulingNamespace}, Spec: resourcev1.ResourceClaimSpec{Devices: c.deviceClaim()}}
		s.others = append(s.others, claim)
		s.probe.Spec.ResourceClaims = append(s.probe.Spec.ResourceClaims, v1.PodResourceClaim{Name: name, ResourceClaimName: &name})
		to := &s.probe.Spec.Containers[0].Resources
		to.Claims = append(to.Claims, v1.ResourceClaim{Name: name})
	}
	if c.in(5) {
		r := &s.probe.Spec.Containers[0].Resources
		if r.Limits == nil {
			r.Limits = v1.ResourceList{}
		}
		r.Requests[plainResource] = resource.MustParse(pick(c, "1", "2"))
		r.Limits[plainResource] = r.Requests[plainResource]
	}
}

// deviceSlice is a pool of up to four devices, which may be parts of one.
func (c chance) deviceSlice(pool string, place func(*resourcev1.ResourceSliceSpec)) *resourcev1.ResourceSlice {
	slice := &resourcev1.ResourceSlice{ObjectMeta: metav1.ObjectMeta{Name: "slice-" + pool},
		Spec: resourcev1.ResourceSliceSpec{Driver: deviceDriver, Pool: resourcev1.ResourcePool{Name: pool, Generation: 1, ResourceSliceCount: 1}}}
	place(&slice.Spec)
	if c.in(15) {
		slice.Spec.Pool.ResourceSliceCount = 2 // the other is not there yet
	}
	for i := range c.IntN(5) {
		slice.Spec.Devices = append(slice.Spec.Devices, c.device(fmt.Sprintf("d%d", i)))
	}
	return slice
}

func (c chance) device(name string) resourcev1.Device {
	speed, model, version := int64(1+c.IntN(3)), pick(c, "a", "b"), pick(c, "1.0.0", "1.2.0", "2.0.0")
	d := resourcev1.Device{Name: name,
		Attributes: map[resourcev1.QualifiedName]resourcev1.DeviceAttribute{"model": {StringValue: &model}, "version": {VersionValue: &version}},
		Capacity:   map[resourcev1.QualifiedName]resourcev1.DeviceCapacity{"memory": {Value: *c.size()}},
	}
	if !c.in(8) {
		d.Attributes["speed"] = resourcev1.DeviceAttribute{IntValue: &speed}
	}
	if c.in(6) {
		d.Taints = []resourcev1.DeviceTaint{{Key: "hot", Value: "yes", Effect: pick(c, resourcev1.DeviceTaintEffectNoSchedule, resourcev1.DeviceTaintEffectNoExecute)}}
	}
	if c.in(5) {
		shared := true
		d.AllowMultipleAllocations = &shared
		if c.in(2) {
			least, step := resource.MustParse("1Gi"), resource.MustParse("512Mi")
			d.Capacity["memory"] = resourcev1.DeviceCapacity{Value: resource.MustParse("5Gi"),
				RequestPolicy: &resourcev1.CapacityRequestPolicy{Default: &least, ValidRange: &resourcev1.CapacityRequestPolicyRange{Min: &least, Step: &step}}}
		}
	}
	return d
}

// heldClaim has a device.
func (c chance) heldClaim(slice *resourcev1.ResourceSlice, d resourcev1.Device) *resourcev1.ResourceClaim {
	result := resourcev1.DeviceRequestAllocationResult{Request: "one", Driver: deviceDriver, Pool: slice.Spec.Pool.Name, Device: d.Name}
	if d.AllowMultipleAllocations != nil {
		result.ConsumedCapacity = map[resourcev1.QualifiedName]resource.Quantity{"memory": d.Capacity["memory"].Value}
		share := types.UID("6a7cd6a5-2a6b-4b5c-8c1d-5a3b6e9f0a11")
		result.ShareID = &share
	}
	return &resourcev1.ResourceClaim{
		ObjectMeta: metav1.ObjectMeta{Name: "held-" + slice.Spec.Pool.Name + "-" + d.Name, Namespace: schedulingNamespace},
		Spec: resourcev1.ResourceClaimSpec{Devices: resourcev1.DeviceClaim{Requests: []resourcev1.DeviceRequest{{Name: "one", Exactly: &resourcev1.ExactDeviceRequest{
			DeviceClassName: anyDevice, AllocationMode: resourcev1.DeviceAllocationModeExactCount, Count: 1}}}}},
		Status: resourcev1.ResourceClaimStatus{Allocation: &resourcev1.AllocationResult{Devices: resourcev1.DeviceAllocationResult{Results: []resourcev1.DeviceRequestAllocationResult{result}}},
			ReservedFor: []resourcev1.ResourceClaimConsumerReference{{Resource: "pods", Name: "somebody", UID: "0"}}},
	}
}

// deviceClaim asks for devices in one or two requests.
func (c chance) deviceClaim() (claim resourcev1.DeviceClaim) {
	for i := range 1 + c.IntN(2) {
		r := resourcev1.DeviceRequest{Name: fmt.Sprintf("r%d", i)}
		if c.in(3) {
			for j := range 1 + c.IntN(3) {
				e := c.exactRequest()
				r.FirstAvailable = append(r.FirstAvailable, resourcev1.DeviceSubRequest{Name: fmt.Sprintf("s%d", j), DeviceClassName: e.DeviceClassName, Selectors: e.Selectors,
					AllocationMode: e.AllocationMode, Count: e.Count, Tolerations: e.Tolerations, Capacity: e.Capacity})
			}
		} else {
			r.Exactly = c.exactRequest()
		}
		claim.Requests = append(claim.Requests, r)
	}
	if c.in(3) {
		attribute := resourcev1.FullyQualifiedName(deviceDriver + "/" + pick(c, "model", "speed", "version"))
		if c.in(2) {
			claim.Constraints = append(claim.Constraints, resourcev1.DeviceConstraint{MatchAttribute: &attribute})
		} else {
			claim.Constraints = append(claim.Constraints, resourcev1.DeviceConstraint{DistinctAttribute: &attribute})
		}
	}
	return claim
}

func (c chance) exactRequest() *resourcev1.ExactDeviceRequest {
	r := &resourcev1.ExactDeviceRequest{DeviceClassName: pick(c, anyDevice, anyDevice, fastDevice, "unknown"), AllocationMode: resourcev1.DeviceAllocationModeExactCount, Count: int64(1 + c.IntN(2))}
	if c.in(6) {
		r.AllocationMode, r.Count = resourcev1.DeviceAllocationModeAll, 0
	}
	if c.in(3) {
		r.Selectors = []resourcev1.DeviceSelector{{CEL: &resourcev1.CELDeviceSelector{Expression: fmt.Sprintf(pick(c,
			`device.attributes[%q].model == "a"`,
			`device.attributes[%q].version.isGreaterThan(semver("1.1.0"))`,
			`device.capacity[%q].memory.compareTo(quantity("2Gi")) >= 0`,
			`has(device.attributes[%[1]q].speed) && device.attributes[%[1]q].speed == 1`,
			`device.allowMultipleAllocations && device.driver == %q`,
			`device.attributes[%q].missing == 1`,
		), deviceDriver)}}}
	}
	if c.in(3) {
		r.Tolerations = []resourcev1.DeviceToleration{{Key: "hot", Operator: resourcev1.DeviceTolerationOpExists}}
	}
	if c.in(4) {
		r.Capacity = &resourcev1.CapacityRequirements{Requests: map[resourcev1.QualifiedName]resource.Quantity{"memory": *c.size()}}
	}
	return r
}

// allocated tells which devices a scheduler gave to the claims.
func (r *rivals) allocated(t *testing.T, s *scenario) (lines []string) {
	for _, o := range s.others {
		drawn, ok := o.(*resourcev1.ResourceClaim)
		if !ok || drawn.Status.Allocation != nil {
			continue
		}
		claim, err := r.client.ResourceV1().ResourceClaims(drawn.Namespace).Get(t.Context(), drawn.Name, metav1.GetOptions{})
		require.NoError(t, err)
		if claim.Status.Allocation != nil {
			claim.Status.Allocation.AllocationTimestamp = nil
			for i := range claim.Status.Allocation.Devices.Results {
				claim.Status.Allocation.Devices.Results[i].ShareID = nil // by chance
			}
		}
		text, err := json.Marshal(claim.Status.Allocation)
		require.NoError(t, err)
		lines = append(lines, fmt.Sprintf("%s gets %s", claim.Name, text))
	}
	return lines
}
