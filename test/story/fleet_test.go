package story

import (
	"context"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"kubelite/api"
	"kubelite/client"
	"kubelite/kubelet"
	"kubelite/kubelet/simulated"
)

// startFleet runs nodes n1, n2, ... in one process, as `kubelite simulated-nodes` does.
func (h *Harness) startFleet(nodes int) {
	h.T.Helper()
	require.NoError(h.T, h.pki.Server("fleet", "fleet", []string{"localhost"}, []net.IP{net.IPv4(127, 0, 0, 1)}))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(h.T, err)
	c := h.As("fleet", "system:masters")
	fleet := kubelet.NewFleet(c, int32(l.Addr().(*net.TCPAddr).Port))
	h.run("fleet", func(ctx context.Context) error {
		return fleet.Run(ctx, l, h.pki.CertFile("fleet"), h.pki.KeyFile("fleet"), h.pki.CertFile("ca"))
	})
	for i := range nodes {
		name := fmt.Sprintf("n%d", i+1)
		runtime, err := simulated.New(simulated.Config{CPUs: 4, Memory: 8 << 30})
		require.NoError(h.T, err)
		h.nodes[name] = h.run("kubelet "+name, func(ctx context.Context) error {
			return kubelet.Run(ctx, kubelet.Config{
				Client: c.As("system:node:"+name, "system:nodes").Named("kubelet/" + name), Logger: h.log, Fleet: fleet, NodeName: name, NodeIP: "127.0.0.1",
				Runtime: runtime, RootDir: filepath.Join(h.dir, name), Version: api.KubernetesVersion,
			})
		})
	}
}

func TestManyNodesInOneProcess(t *testing.T) {
	const nodes, pods = 20, 40
	h := Start(t, 0)
	require.NoError(t, h.Stop(h.Ctx, "scheduler")) // so that it knows all of them when it begins
	h.startFleet(nodes)
	h.Eventually(h.NodesReady(nodes))
	require.NoError(t, h.Start(h.Ctx, "scheduler"))
	require.Equal(t, "4", h.node("n20").Status.Capacity[api.ResourceCPU].String())

	Apply(h, deployment("web", pods, "web:v1"))
	h.Eventually(h.PodsReady("app=web", pods))
	used := map[string]int{}
	for _, pod := range h.Pods("app=web") {
		used[pod.Spec.NodeName]++
	}
	require.Len(t, used, nodes, "every node has got its pods, and no other's: %v", used)

	// One server answers for all nodes.
	pod := h.Pods("app=web")[0]
	logs, err := h.Client.Logs(h.Ctx, "default", pod.Name, api.PodLogOptions{})
	require.NoError(t, err)
	defer logs.Close()
	text, err := io.ReadAll(logs)
	require.NoError(t, err)
	require.Contains(t, string(text), "simulated container")

	// What names no pod comes through the node's proxy, which tells whom it was asked for.
	port := h.node("n7").Status.DaemonEndpoints.KubeletEndpoint.Port
	for _, name := range []string{"n7", fmt.Sprintf("n7:%d", port), fmt.Sprintf("https:n7:%d", port)} {
		answer, err := h.Client.Do(h.Ctx, client.Request{Path: "/api/v1/nodes/" + name + "/proxy/pods"})
		require.NoError(t, err)
		var there api.List[api.Pod]
		require.NoError(t, api.UnmarshalJSON(answer.Body, &there))
		require.Len(t, there.Items, used["n7"])
		require.Equal(t, "n7", there.Items[0].Spec.NodeName)
	}

	// A node also tells what it is set to.
	answer, err := h.Client.Do(h.Ctx, client.Request{Path: "/api/v1/nodes/n7/proxy/configz"})
	require.NoError(t, err)
	var settings struct {
		Config struct {
			Port     int32             `json:"port"`
			MaxPods  int               `json:"maxPods"`
			Eviction map[string]string `json:"evictionHard"`
		} `json:"kubeletconfig"`
	}
	require.NoError(t, api.UnmarshalJSON(answer.Body, &settings))
	require.Equal(t, port, settings.Config.Port)
	require.Equal(t, 110, settings.Config.MaxPods)
	require.Equal(t, map[string]string{"memory.available": "100Mi", "nodefs.available": "1Gi"}, settings.Config.Eviction)
}
