package controllers

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPlanLoadBalancerAddress(t *testing.T) {
	addresses := netip.MustParsePrefix("10.104.0.0/29")
	taken := func(texts ...string) map[netip.Addr]bool {
		m := map[netip.Addr]bool{}
		for _, text := range texts {
			m[netip.MustParseAddr(text)] = true
		}
		return m
	}
	for name, c := range map[string]struct {
		asked   string
		taken   map[netip.Addr]bool
		want    string
		problem string
	}{
		"the first":          {want: "10.104.0.1"},
		"the first free one": {taken: taken("10.104.0.1", "10.104.0.3"), want: "10.104.0.2"},
		"all taken": {taken: taken("10.104.0.1", "10.104.0.2", "10.104.0.3", "10.104.0.4", "10.104.0.5", "10.104.0.6"),
			problem: "all addresses of the range of load balancers are taken"},
		"the one asked for":     {asked: "10.104.0.5", want: "10.104.0.5"},
		"asked for, but taken":  {asked: "10.104.0.5", taken: taken("10.104.0.5"), problem: "spec.loadBalancerIP 10.104.0.5 belongs to another service"},
		"asked for, but not in": {asked: "203.0.113.1", problem: "spec.loadBalancerIP 203.0.113.1 is not in the range of load balancers, 10.104.0.0/29"},
	} {
		got, err := planLoadBalancerAddress(addresses, c.asked, c.taken)
		if c.problem != "" {
			require.EqualError(t, err, c.problem, name)
			continue
		}
		require.NoError(t, err, name)
		require.Equal(t, c.want, got.String(), name)
	}
}
