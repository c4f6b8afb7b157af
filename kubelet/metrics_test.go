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
	text := resourceMetrics(pods, 9*time.Second, 4096, noon, true).String()
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
	require.Contains(t, resourceMetrics(nil, 9*time.Second, 4096, noon, false).String(), "resource_scrape_error 1\n", "not everything was measured")
}

func TestContainerMetrics(t *testing.T) {
	pods := byPod([]ContainerStats{
		{Pod: "u1", Namespace: "default", PodName: "web", Time: noon, Received: 7, Sent: 8},
		{Pod: "u1", Namespace: "default", PodName: "web", Name: "a", Time: noon, StartedAt: noon.Add(-time.Minute), CPU: time.Second, Memory: 2048, WorkingSet: 1024, RSS: 512},
		{Pod: "u2", Namespace: "default", PodName: "gone", Name: "a", Time: noon, CPU: time.Second},
	})
	running := []*RuntimePod{{
		UID: "u1", Sandboxes: []*Sandbox{{ID: "5a", Ready: true}}, Containers: []*RuntimeContainer{{ID: "c2", Name: "a", Image: "web:v1"}, {ID: "c1", Name: "a"}},
	}}
	text := containerMetrics(pods, running, 9*time.Second, 4096, noon).String()
	for _, line := range []string{
		`container_cpu_usage_seconds_total{container="",cpu="total",id="/",image="",name="",namespace="",pod=""} 9 1767355200000`,
		`container_cpu_usage_seconds_total{container="a",cpu="total",id="/c2",image="web:v1",name="c2",namespace="default",pod="web"} 1 1767355200000`,
		`container_memory_usage_bytes{container="a",id="/c2",image="web:v1",name="c2",namespace="default",pod="web"} 2048 1767355200000`,
		`container_memory_working_set_bytes{container="a",id="/c2",image="web:v1",name="c2",namespace="default",pod="web"} 1024 1767355200000`,
		`container_memory_rss{container="a",id="/c2",image="web:v1",name="c2",namespace="default",pod="web"} 512 1767355200000`,
		`container_network_receive_bytes_total{container="",id="/5a",image="",name="5a",namespace="default",pod="web",interface="eth0"} 7 1767355200000`,
		`container_network_transmit_bytes_total{container="",id="/5a",image="",name="5a",namespace="default",pod="web",interface="eth0"} 8 1767355200000`,
	} {
		require.Contains(t, text, line+"\n")
	}
	require.NotContains(t, text, "gone", "it has ended since it was measured")
}
