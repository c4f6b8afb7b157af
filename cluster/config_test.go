package cluster

import (
	"net/netip"
	"os"
	"path/filepath"
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

func TestAuditLogIsSwitchedOnAndOff(t *testing.T) {
	p := Profile{Name: "p", Home: t.TempDir()}
	require.NoError(t, p.create())
	file := filepath.Join(t.TempDir(), "policy.yaml")
	policy := func(text string) string {
		require.NoError(t, os.WriteFile(file, []byte("apiVersion: audit.k8s.io/v1\nkind: Policy\n"+text), 0o600))
		return file
	}
	c := &Config{}
	set := func(file string, want bool) {
		t.Helper()
		changed, err := c.setAudit(p, file)
		require.NoError(t, err)
		require.Equal(t, want, changed)
	}
	set("", false)
	_, err := c.setAudit(p, policy("rules: [{level: All}]"))
	require.ErrorContains(t, err, "rules[0].level: Unsupported value")
	require.Empty(t, c.auditFlags(p), "a mistake changes nothing")
	set(policy("rules: [{level: Metadata}]"), true)
	require.Contains(t, c.auditFlags(p), p.LogFile("audit"))
	set(file, false)
	set(policy("rules: [{level: Request}]"), true)
	set("", true)
	require.Empty(t, c.auditFlags(p))
	require.NoFileExists(t, p.auditPolicy())
}
