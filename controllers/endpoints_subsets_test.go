package controllers

import (
	"testing"

	"github.com/stretchr/testify/require"

	"kubelite/api"
)

func TestRepack(t *testing.T) {
	address := func(ip string) api.EndpointAddress { return api.EndpointAddress{IP: ip} }
	named := api.EndpointAddress{IP: "10.0.0.1", Hostname: "other"}
	web, dns := api.EndpointPort{Name: "web", Port: 80}, api.EndpointPort{Name: "dns", Port: 53}
	h2c := api.EndpointPort{Name: "web", Port: 80, AppProtocol: api.Ptr("kubernetes.io/h2c")}
	type subsets = []api.EndpointSubset
	tests := map[string]struct{ written, want subsets }{
		"nothing": {},
		"ports with the same addresses are brought together": {
			written: subsets{{Addresses: []api.EndpointAddress{address("10.0.0.1")}, Ports: []api.EndpointPort{web}}, {Addresses: []api.EndpointAddress{address("10.0.0.1")}, Ports: []api.EndpointPort{dns}}},
			want:    subsets{{Addresses: []api.EndpointAddress{address("10.0.0.1")}, Ports: []api.EndpointPort{dns, web}}},
		},
		"a port in two subsets has the addresses of both": {
			written: subsets{{Addresses: []api.EndpointAddress{address("10.0.0.2")}, Ports: []api.EndpointPort{h2c}}, {Addresses: []api.EndpointAddress{address("10.0.0.1")}, Ports: []api.EndpointPort{h2c}}},
			want:    subsets{{Addresses: []api.EndpointAddress{address("10.0.0.1"), address("10.0.0.2")}, Ports: []api.EndpointPort{h2c}}},
		},
		"an address that is both ready and not is not, and is the first one": {
			written: subsets{{Addresses: []api.EndpointAddress{address("10.0.0.1")}, NotReadyAddresses: []api.EndpointAddress{named}, Ports: []api.EndpointPort{web}}},
			want:    subsets{{NotReadyAddresses: []api.EndpointAddress{address("10.0.0.1")}, Ports: []api.EndpointPort{web}}},
		},
		"without ports": {
			written: subsets{{Addresses: []api.EndpointAddress{address("10.0.0.1")}}},
			want:    subsets{{Addresses: []api.EndpointAddress{address("10.0.0.1")}}},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) { require.Equal(t, test.want, repack(test.written)) })
	}
}
