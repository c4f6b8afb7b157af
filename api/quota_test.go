package api

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// While a pod is resized it uses the most of what it asks for, what the node has set aside for it and what it has.
func TestQuotaUsageOfAResize(t *testing.T) {
	list := func(cpu string) ResourceList { return ResourceList{ResourceCPU: MustParse(cpu)} }
	tests := []struct {
		name             string
		asks             string
		allocated, has   string
		refused          bool
		requests, limits string
	}{
		{"has what it asks for", "1", "1", "1", false, "1", "1"},
		{"to less, not done yet", "1", "1", "2", false, "2", "2"},
		{"to less, not even set aside", "1", "3", "2", false, "3", "2"},
		{"to more", "3", "1", "1", false, "3", "3"},
		{"to more, and refused", "3", "1", "1", true, "1", "1"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			pod := New[*Pod]()
			pod.Spec.Containers = []Container{{Name: "c", Resources: ResourceRequirements{Requests: list(test.asks), Limits: list(test.asks)}}}
			pod.Status.ContainerStatuses = []ContainerStatus{{
				Name: "c", AllocatedResources: list(test.allocated), Resources: &ResourceRequirements{Requests: list(test.has), Limits: list(test.has)},
			}}
			if test.refused {
				pod.Status.Conditions = []PodCondition{{Type: "PodResizePending", Status: ConditionTrue, Reason: "Infeasible"}}
			}
			usage := QuotaUsage(KindOf[*Pod](), pod, time.Now())
			require.Equal(t, test.requests, usage[ResourceRequestsCPU].String())
			require.Equal(t, test.limits, usage[ResourceLimitsCPU].String())
			require.Equal(t, list(test.asks), pod.Spec.Containers[0].Resources.Requests, "the pod is as it was")
		})
	}
}

// A claim for devices uses of each class what it may come to: all that fit are the most that a claim can get, and of several ways
// to meet a request the one that takes most counts.
func TestQuotaUsageOfDevices(t *testing.T) {
	claim := New[*ResourceResourceClaim]()
	require.NoError(t, UnmarshalJSON([]byte(`{"spec":{"devices":{"requests":[
		{"name":"two","exactly":{"deviceClassName":"gold","allocationMode":"ExactCount","count":2}},
		{"name":"any","exactly":{"deviceClassName":"lead","allocationMode":"All"}},
		{"name":"ways","firstAvailable":[
			{"name":"a","deviceClassName":"gold","allocationMode":"ExactCount","count":3},
			{"name":"b","deviceClassName":"gold","allocationMode":"ExactCount","count":1},
			{"name":"c","deviceClassName":"iron","allocationMode":"ExactCount","count":4}]}]}}}`), claim))
	kind := KindOf[*ResourceResourceClaim]()
	hard := ResourceList{}
	for _, name := range []ResourceName{"count/resourceclaims.resource.k8s.io", "gold.deviceclass.resource.k8s.io/devices", "iron.deviceclass.resource.k8s.io/devices",
		"lead.deviceclass.resource.k8s.io/devices", "tin.deviceclass.resource.k8s.io/devices", "pods", "requests.storage"} {
		hard[name] = NewQuantity(100, DecimalSI)
	}
	used := map[ResourceName]string{}
	for name, q := range PickResources(QuotaUsage(kind, claim, time.Now()), QuotaTracks(kind, hard)) {
		used[name] = q.String()
	}
	require.Equal(t, map[ResourceName]string{"count/resourceclaims.resource.k8s.io": "1", "gold.deviceclass.resource.k8s.io/devices": "5",
		"iron.deviceclass.resource.k8s.io/devices": "4", "lead.deviceclass.resource.k8s.io/devices": "32"}, used)
	require.NotContains(t, QuotaTracks(kind, hard), ResourceName("pods"))
}
