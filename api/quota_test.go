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
