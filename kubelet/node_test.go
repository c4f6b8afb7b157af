package kubelet

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"kubelite/api"
)

func TestExtendedResourcesThatOthersAdvertiseStay(t *testing.T) {
	one, two := api.NewQuantity(1, api.DecimalSI), api.NewQuantity(2, api.DecimalSI)
	got := withExtended(api.ResourceList{api.ResourceCPU: one}, api.ResourceList{
		api.ResourceCPU: two, api.ResourceEphemeralStorage: two, "example.com/dongle": two,
	})
	assert.Equal(t, api.ResourceList{api.ResourceCPU: one, "example.com/dongle": two}, got, "what the kubelet measures is its own word")
}
