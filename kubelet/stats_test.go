package kubelet

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestResourceMetrics(t *testing.T) {
	pods := byPod([]ContainerStats{
		{Pod: "u1", Namespace: "default", PodName: "web", Name: "b", Time: noon, StartedAt: noon.Add(-time.Minute), CPU: 1500 * time.Millisecond, WorkingSet: 2048},
		{Pod: "u1", Namespace: "default", PodName: "web", Time: noon},
		{Pod: "u1", Namespace: "default", PodName: "web", Name: "a", Time: noon, StartedAt: noon.Add(-time.Minute), CPU: time.Second, WorkingSet: 1024},
	})
	text := resourceMetrics(pods, 9*time.Second, 4096, noon, true)
	for _, line := range []string{
		`container_cpu_usage_seconds_total{container="a",namespace="default",pod="web"} 1 1767355200000`,
		`container_memory_working_set_bytes{container="b",namespace="default",pod="web"} 2048 1767355200000`,
		`pod_cpu_usage_seconds_total{namespace="default",pod="web"} 2.5 1767355200000`,
		`pod_memory_working_set_bytes{namespace="default",pod="web"} 3072 1767355200000`,
		`node_cpu_usage_seconds_total 9 1767355200000`,
		`node_memory_working_set_bytes 4096 1767355200000`,
		`# TYPE container_cpu_usage_seconds_total counter`,
		`resource_scrape_error 0`,
	} {
		require.Contains(t, text, line+"\n")
	}
	require.Contains(t, resourceMetrics(nil, 9*time.Second, 4096, noon, false), "resource_scrape_error 1\n", "not everything was measured")
}

func TestUsageRates(t *testing.T) {
	var r usageRates
	require.Zero(t, r.cores("c", noon, time.Second))
	require.Zero(t, r.cores("c", noon.Add(time.Second), 2*time.Second), "too soon to say")
	require.Equal(t, 0.5, r.cores("c", noon.Add(10*time.Second), 6*time.Second))
	require.Zero(t, r.cores("c", noon.Add(20*time.Second), 0), "it was started again")
}
