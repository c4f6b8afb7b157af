package kubelet

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestUsageRates(t *testing.T) {
	var r usageRates
	require.Zero(t, r.cores("c", noon, time.Second))
	require.Zero(t, r.cores("c", noon.Add(time.Second), 2*time.Second), "too soon to say")
	require.Equal(t, 0.5, r.cores("c", noon.Add(10*time.Second), 6*time.Second))
	require.Zero(t, r.cores("c", noon.Add(20*time.Second), 0), "it was started again")
}
