package apiserver

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"kubelite/api"
)

// Each story begins with one Service that is as it should be, changes something, and says what is found.
func TestServiceRepairPlan(t *testing.T) {
	now := time.Now()
	address := netip.MustParseAddr("10.96.0.9")
	service := func(name string) *api.Service {
		return &api.Service{
			ObjectMeta: api.ObjectMeta{Namespace: "default", Name: name},
			Spec: api.ServiceSpec{
				Type: api.ServiceTypeNodePort, ClusterIP: address.String(), ClusterIPs: []string{address.String()},
				Ports: []api.ServicePort{
					{Name: "dns", Protocol: api.ProtocolUDP, Port: 53, NodePort: 30053}, {Name: "dns-tcp", Protocol: api.ProtocolTCP, Port: 53, NodePort: 30053},
				},
			},
		}
	}
	shown := func(svc *api.Service, address string, age time.Duration) *api.IPAddress {
		obj := serviceIPAddress(svc, netip.MustParseAddr(address))
		obj.UID, obj.CreationTimestamp = "u", api.Time{Time: now.Add(-age)}
		return obj
	}
	own := address.String()
	for name, story := range map[string]struct {
		change func(state *serviceState, svc *api.Service)
		// reason (or none) and message, what is done, and how long it must have stood
		want []string
	}{
		"all is well": {func(*serviceState, *api.Service) {}, nil},
		"no IPAddress": {
			func(state *serviceState, _ *api.Service) { delete(state.shown, own) },
			[]string{"ClusterIPNotAllocated: Cluster IP [IPv4]: 10.96.0.9 is not allocated; repairing | create | 1s"},
		},
		"an IPAddress of something else": {
			func(state *serviceState, _ *api.Service) {
				state.shown[own].Spec.ParentRef = &api.ParentReference{Group: "gateway.networking.k8s.io", Resource: "gateways", Name: "g"}
			},
			[]string{"ClusterIPNotAllocated: the ClusterIP [IPv4]: 10.96.0.9 for Service default/web has a wrong reference; repairing | remove create | 1s"},
		},
		"an IPAddress of a Service that is not there": {
			func(state *serviceState, _ *api.Service) { state.shown[own] = shown(service("other"), own, time.Hour) },
			[]string{"ClusterIPNotAllocated: the ClusterIP [IPv4]: 10.96.0.9 for Service default/web has a wrong reference; repairing | remove create | 1s"},
		},
		"other labels": {
			func(state *serviceState, _ *api.Service) {
				state.shown[own].Labels[api.LabelIPAddressManagedBy] = "somebody"
			},
			[]string{": IPAddress 10.96.0.9 does not have the labels of Service default/web; repairing | remove create | 1s"},
		},
		"out of range": {
			func(state *serviceState, _ *api.Service) {
				state.ranges = []netip.Prefix{netip.MustParsePrefix("10.97.0.0/16")}
			},
			[]string{"ClusterIPOutOfRange: Cluster IP [IPv4]: 10.96.0.9 is not within any configured Service CIDR; please recreate service | tell | 1s"},
		},
		"two Services with one address and one port": {
			func(state *serviceState, _ *api.Service) { state.services = append(state.services, service("copy")) },
			[]string{
				"ClusterIPAlreadyAllocated: Cluster IP [IPv4]:10.96.0.9 was assigned to multiple services; please recreate service | tell | 1s",
				"PortAlreadyAllocated: Port 30053 was assigned to multiple services; please recreate service | tell | 1s",
			},
		},
		"two Services with one address, which has no IPAddress": {
			func(state *serviceState, svc *api.Service) {
				delete(state.shown, own)
				other := service("copy")
				other.Spec.Ports = nil
				state.services = append(state.services, other)
			},
			[]string{
				"ClusterIPNotAllocated: Cluster IP [IPv4]: 10.96.0.9 is not allocated; repairing | create | 1s",
				"ClusterIPAlreadyAllocated: Cluster IP [IPv4]:10.96.0.9 was assigned to multiple services; please recreate service | tell | 1s",
			},
		},
		"the Service is gone, long ago": {
			func(state *serviceState, _ *api.Service) {
				state.shown["10.96.0.10"] = shown(service("gone"), "10.96.0.10", time.Hour)
			},
			[]string{"IPAddressNotAllocated: IPAddress: 10.96.0.10 for Service default/gone appears to have leaked: cleaning up | remove | 1s"},
		},
		"the Service is not there yet": {
			func(state *serviceState, _ *api.Service) {
				state.shown["10.96.0.10"] = shown(service("new"), "10.96.0.10", 10*time.Second)
			},
			[]string{"IPAddressNotAllocated: IPAddress: 10.96.0.10 for Service default/new appears to have leaked: cleaning up | remove | 50s"},
		},
		"an address that its Service does not have": {
			func(state *serviceState, svc *api.Service) {
				state.shown["10.96.0.10"] = shown(svc, "10.96.0.10", time.Hour)
			},
			[]string{"IPAddressWrongReference: IPAddress: 10.96.0.10 for Service default/web has a wrong reference; cleaning up | remove | 1s"},
		},
		"others keep addresses of their own": {
			func(state *serviceState, svc *api.Service) {
				state.shown["10.96.0.10"] = shown(service("gone"), "10.96.0.10", time.Hour)
				state.shown["10.96.0.10"].Labels = nil
			},
			nil,
		},
		"not accounted for": {
			func(state *serviceState, _ *api.Service) { clear(state.addresses); clear(state.ports) },
			[]string{
				": Cluster IP [IPv4]: 10.96.0.9 is not accounted for; repairing | account | 1s",
				"PortNotAllocated: Port 30053 is not allocated; repairing | account | 1s",
			},
		},
		"a port that is none": {
			func(state *serviceState, svc *api.Service) {
				svc.Spec.Ports, svc.Spec.HealthCheckNodePort = nil, 80
				clear(state.ports)
			},
			[]string{"PortOutOfRange: Port 80 is not within the port range 30000-32767; please recreate service | tell | 1s"},
		},
		"leaked": {
			func(state *serviceState, _ *api.Service) {
				state.addresses[netip.MustParseAddr("10.96.0.10")], state.ports[30001] = true, true
			},
			[]string{
				": the address 10.96.0.10 appears to have leaked: cleaning up | account | 6m0s",
				": the node port 30001 appears to have leaked: cleaning up | account | 6m0s",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			svc := service("web")
			state := serviceState{
				services: []*api.Service{svc}, shown: map[string]*api.IPAddress{own: shown(svc, own, time.Hour)},
				ranges:    []netip.Prefix{netip.MustParsePrefix("10.96.0.0/16")},
				addresses: map[netip.Addr]bool{address: true}, ports: map[int32]bool{30053: true},
			}
			story.change(&state, svc)
			var got []string
			for _, f := range planServiceRepairs(state, now) {
				var does []string
				for what, yes := range map[string]bool{"remove": f.remove != "", "tell": f.forPerson, "account": f.account != nil} {
					if yes {
						does = append(does, what)
					}
				}
				if f.create != nil {
					does = append(does, "create")
				}
				got = append(got, fmt.Sprintf("%s: %s | %s | %s", f.reason, f.message, strings.Join(does, " "), f.patience.Round(time.Second)))
			}
			require.Equal(t, story.want, got)
		})
	}
}

const ipAddresses = "/apis/networking.k8s.io/v1/ipaddresses"

// Somebody deletes the object of a Service's address: it comes back, and an event says so. The address is never given away.
func TestIPAddressComesBack(t *testing.T) {
	h := newHarness(t)
	const services = "/api/v1/namespaces/default/services"
	address := h.must("POST", services, `{"metadata":{"name":"web"},"spec":{"ports":[{"port":80}]}}`).at("spec.clusterIP").(string)
	w := h.watch(ipAddresses + "?watch=1&fieldSelector=metadata.name=" + address + "&resourceVersion=" + h.must("GET", ipAddresses, "").at("metadata.resourceVersion").(string))
	events := h.watch("/api/v1/namespaces/default/events?watch=1&fieldSelector=reason=ClusterIPNotAllocated&resourceVersion=0")
	for range 2 {
		h.must("DELETE", ipAddresses+"/"+address, "")
		w.sees("DELETED " + address)
		taken := h.fails(422, api.StatusReasonInvalid, "POST", services, `{"metadata":{"name":"thief"},"spec":{"clusterIP":"`+address+`","ports":[{"port":80}]}}`)
		require.Contains(t, taken, "provided IP is already allocated")
		back := w.sees("ADDED " + address)
		require.Equal(t, "web", at(back, "object.spec.parentRef.name"))
	}
	event := events.next()
	require.Equal(t, "ADDED", event["type"])
	require.Equal(t, "Cluster IP [IPv4]: "+address+" is not allocated; repairing", at(event, "object.message"))
	require.Equal(t, "ipallocator-repair-controller", at(event, "object.reportingComponent"))
	require.Equal(t, "ClusterIPAllocation", at(event, "object.action"))
	again := events.next()
	require.Equal(t, "MODIFIED", again["type"], "the second time is one more in a series")
	require.EqualValues(t, 2, at(again, "object.series.count"))

	// Relabelling it and then deleting it does not free the address either.
	h.must("PATCH", ipAddresses+"/"+address, `{"metadata":{"labels":{"`+api.LabelIPAddressManagedBy+`":"me"}}}`, "Content-Type", "application/merge-patch+json")
	w.sees("MODIFIED " + address)
	w.sees("DELETED " + address)
	back := w.sees("ADDED " + address)
	require.Equal(t, ipAllocatorName, at(back, "object.metadata.labels").(tree)[api.LabelIPAddressManagedBy])
}

// Who holds an address by an IPAddress of their own keeps it until they delete that.
func TestForeignIPAddress(t *testing.T) {
	h := newHarness(t)
	const services = "/api/v1/namespaces/default/services"
	mine := `{"metadata":{"name":"10.96.0.77"},"spec":{"parentRef":{"group":"example.com","resource":"gateways","name":"g"}}}`
	h.must("POST", ipAddresses, mine)
	h.fails(409, api.StatusReasonAlreadyExists, "POST", ipAddresses, mine)
	service := `{"metadata":{"name":"web"},"spec":{"clusterIP":"10.96.0.77","ports":[{"port":80}]}}`
	require.Contains(t, h.fails(422, api.StatusReasonInvalid, "POST", services, service), "provided IP is already allocated")
	h.must("DELETE", ipAddresses+"/10.96.0.77", "")
	h.must("POST", services, service)
}
