package controllers

import (
	"testing"

	"github.com/stretchr/testify/require"

	"kubelite/api"
)

func TestRangeInUse(t *testing.T) {
	named := func(name string, cidrs ...string) *api.ServiceCIDR {
		return &api.ServiceCIDR{ObjectMeta: api.ObjectMeta{Name: name}, Spec: api.ServiceCIDRSpec{CIDRs: cidrs}}
	}
	for what, c := range map[string]struct {
		others    []*api.ServiceCIDR
		addresses []string
		want      string
	}{
		"nothing in it":            {nil, []string{"10.96.0.1"}, ""},
		"an address":               {nil, []string{"10.96.0.1", "10.200.0.7"}, "10.200.0.7"},
		"of the other family":      {nil, []string{"fd00::7"}, "fd00::7"},
		"also in another":          {[]*api.ServiceCIDR{named("b", "10.200.0.0/28")}, []string{"10.200.0.7"}, ""},
		"one of two is in another": {[]*api.ServiceCIDR{named("b", "10.200.0.0/28")}, []string{"10.200.0.7", "10.200.0.77"}, "10.200.0.77"},
		"inside of others":         {[]*api.ServiceCIDR{named("b", "10.0.0.0/8"), named("c", "fd00::/64")}, []string{"10.200.0.7"}, ""},
	} {
		t.Run(what, func(t *testing.T) {
			cidr := named("a", "10.200.0.0/24", "fd00::/112")
			var addresses []*api.IPAddress
			for _, name := range c.addresses {
				addresses = append(addresses, &api.IPAddress{ObjectMeta: api.ObjectMeta{Name: name}})
			}
			got, inUse := onlyIn(cidr, append(c.others, cidr), addresses)
			require.Equal(t, c.want, got)
			require.Equal(t, c.want != "", inUse)
		})
	}
}
