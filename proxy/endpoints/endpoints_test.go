package endpoints

import (
	"testing"

	"github.com/stretchr/testify/require"

	"kubelite/api"
)

func TestNear(t *testing.T) {
	// Of each endpoint the node and the zone that it is meant for, "-" for none.
	for _, c := range []struct {
		what, node, zone string
		endpoints        [][2]string
		want             []string
	}{
		{"no hints", "n1", "z1", [][2]string{{"-", "-"}, {"-", "-"}}, []string{"10.0.0.1", "10.0.0.2"}},
		{"one on the node", "n1", "z1", [][2]string{{"n1", "z1"}, {"n2", "z1"}, {"n3", "z2"}}, []string{"10.0.0.1"}},
		{"none on the node, one in the zone", "n4", "z2", [][2]string{{"n1", "z1"}, {"n2", "z1"}, {"n3", "z2"}}, []string{"10.0.0.3"}},
		{"none near", "n4", "z4", [][2]string{{"n1", "z1"}, {"n2", "z1"}}, []string{"10.0.0.1", "10.0.0.2"}},
		{"no zone known", "n4", "", [][2]string{{"n1", "z1"}, {"n2", "z1"}}, []string{"10.0.0.1", "10.0.0.2"}},
		{"one without a node: the zones decide", "n1", "z1", [][2]string{{"n1", "z1"}, {"-", "z2"}}, []string{"10.0.0.1"}},
		{"one without any", "n1", "z1", [][2]string{{"n1", "z1"}, {"-", "-"}}, []string{"10.0.0.1", "10.0.0.2"}},
		{"several in the zone", "n1", "z1", [][2]string{{"-", "z1"}, {"-", "z2"}, {"-", "z1"}}, []string{"10.0.0.1", "10.0.0.3"}},
	} {
		t.Run(c.what, func(t *testing.T) {
			slice := &api.EndpointSlice{AddressType: api.AddressTypeIPv4, Ports: []api.DiscoveryEndpointPort{{Name: api.Ptr(""), Port: api.Ptr[int32](80)}}}
			for i, meant := range c.endpoints {
				e := api.Endpoint{Addresses: []string{"10.0.0." + string(rune('1'+i))}, Hints: &api.EndpointHints{}}
				if meant[0] != "-" {
					e.Hints.ForNodes = []api.ForNode{{Name: meant[0]}}
				}
				if meant[1] != "-" {
					e.Hints.ForZones = []api.ForZone{{Name: meant[1]}}
				}
				slice.Endpoints = append(slice.Endpoints, e)
			}
			// It counts neither as an endpoint nor as one without hints.
			slice.Endpoints = append(slice.Endpoints, api.Endpoint{Addresses: []string{"10.0.0.9"}, Conditions: api.EndpointConditions{Ready: api.Ptr(false)}})
			var got []string
			for _, e := range Near(Of(&api.ServicePort{Port: 80}, []*api.EndpointSlice{slice}), c.node, c.zone) {
				got = append(got, e.To.Addr().String())
			}
			require.Equal(t, c.want, got)
		})
	}
}
