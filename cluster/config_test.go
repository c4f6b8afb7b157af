package cluster

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNodesAreNumbered(t *testing.T) {
	c := &Config{Runtime: RuntimeDocker, PodCIDR: netip.MustParsePrefix("10.244.0.0/16")}
	require.NoError(t, c.setNodes(2))
	require.NoError(t, c.addNode("spare"))
	require.Equal(t, []string{"node-1", "node-2", "spare"}, nodeNames(c))

	// A node that is gone leaves a number, which the next one takes.
	c.Nodes = append(c.Nodes[:0:0], c.Nodes[0], c.Nodes[2])
	require.NoError(t, c.setNodes(3))
	require.Equal(t, []string{"node-1", "spare", "node-2"}, nodeNames(c))
}

func TestManySimulatedNodesAreAFleet(t *testing.T) {
	c := &Config{Runtime: RuntimeSimulated, PodCIDR: netip.MustParsePrefix("10.244.0.0/16")}
	require.NoError(t, c.setNodes(5000))
	require.Empty(t, c.Nodes)
	require.Equal(t, 1, c.Fleet.First)
	require.Equal(t, 5000, c.Fleet.Count)
	require.Len(t, nodeNames(c), 5000)
	require.Equal(t, "100.64.0.0/10", c.PodCIDR.String(), "large enough for all of them")
	require.NoError(t, c.setNodes(3), "it never shrinks")
	require.Equal(t, 5000, c.Fleet.Count)

	// A small cluster that grows keeps its nodes, and its addresses bound it.
	c = &Config{Runtime: RuntimeSimulated, PodCIDR: netip.MustParsePrefix("10.244.0.0/16")}
	require.NoError(t, c.setNodes(2))
	require.NoError(t, c.setNodes(20))
	require.Equal(t, &Fleet{First: 3, Count: 18, Port: c.Fleet.Port}, c.Fleet)
	require.ErrorContains(t, c.setNodes(1000), "enough for 256 nodes")
}
