package kubelet

import (
	"testing"
	"time"

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

func TestPodsMayHaveWhatEvictionDoesNotKeep(t *testing.T) {
	k := &Kubelet{info: RuntimeInfo{CPUs: 2, Memory: 1 << 30, Storage: 1 << 20}}
	got := k.allocatable()
	assert.Equal(t, api.MustParse("2").Value(), got[api.ResourceCPU].Value())
	assert.Equal(t, api.MustParse("924Mi").Value(), got[api.ResourceMemory].Value(), "100 MiB are kept")
	assert.Zero(t, got[api.ResourceEphemeralStorage].Value(), "the disk is smaller than what is kept of it")
}

func TestNodesThatWereLateTogetherDoNotStayTogether(t *testing.T) {
	const nodes = 1000
	for _, test := range []struct {
		what      string
		next      func() time.Duration
		from, to  time.Duration
		atOneTime int // nodes that may come within the same hundredth of the range
	}{
		{"heartbeats", untilHeartbeat, 10 * time.Second, 10400 * time.Millisecond, 40},
		{"reports after a change", func() time.Duration { return untilReport(false) }, 150 * time.Second, 450 * time.Second, 40},
		{"regular reports, which are apart by then", func() time.Duration { return untilReport(true) }, 5 * time.Minute, 5*time.Minute + 1, nodes},
	} {
		together := map[time.Duration]int{}
		for range nodes {
			next := test.next()
			assert.True(t, test.from <= next && next < test.to, "%s: %s", test.what, next)
			together[100*(next-test.from)/(test.to-test.from)]++
		}
		for _, n := range together {
			assert.LessOrEqual(t, n, test.atOneTime, test.what)
		}
	}
}
