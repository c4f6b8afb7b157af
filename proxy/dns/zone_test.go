package dns

import (
	"slices"
	"strings"
	"testing"

	"github.com/miekg/dns"
	"github.com/stretchr/testify/require"

	"kubelite/api"
)

// fakeCaches are a cluster with a service, a headless one with two pods, one of them ready, and one elsewhere.
type fakeCaches struct {
	services []*api.Service
	slices   []*api.EndpointSlice
}

func exampleCaches() fakeCaches {
	named := func(name string, spec api.ServiceSpec) *api.Service {
		return &api.Service{ObjectMeta: api.ObjectMeta{Name: name, Namespace: "shop"}, Spec: spec}
	}
	ports := []api.ServicePort{{Name: "http", Protocol: api.ProtocolTCP, Port: 80}}
	return fakeCaches{
		services: []*api.Service{
			named("cart", api.ServiceSpec{ClusterIP: "10.96.0.20", ClusterIPs: []string{"10.96.0.20"}, Ports: ports}),
			named("db", api.ServiceSpec{ClusterIP: "None", ClusterIPs: []string{"None"}, Ports: ports}),
			named("search", api.ServiceSpec{Type: api.ServiceTypeExternalName, ExternalName: "search.example.com"}),
		},
		slices: []*api.EndpointSlice{{
			ObjectMeta: api.ObjectMeta{Namespace: "shop", Labels: map[string]string{api.LabelServiceName: "db"}},
			Ports:      []api.DiscoveryEndpointPort{{Name: api.Ptr("http"), Protocol: api.Ptr(api.ProtocolTCP), Port: api.Ptr[int32](8080)}},
			Endpoints: []api.Endpoint{
				{Addresses: []string{"10.244.1.5"}, Hostname: api.Ptr("db-0")},
				{Addresses: []string{"10.244.1.6"}},
				{Addresses: []string{"10.244.1.7"}, Conditions: api.EndpointConditions{Ready: api.Ptr(false)}},
			},
		}},
	}
}

func (c fakeCaches) service(namespace, name string) (*api.Service, bool) {
	i := slices.IndexFunc(c.services, func(s *api.Service) bool { return s.Namespace == namespace && s.Name == name })
	if i < 0 {
		return nil, false
	}
	return c.services[i], true
}

func (c fakeCaches) slicesOf(namespace, name string) []*api.EndpointSlice {
	return slices.DeleteFunc(slices.Clone(c.slices), func(s *api.EndpointSlice) bool {
		return s.Namespace != namespace || s.Labels[api.LabelServiceName] != name
	})
}

func (c fakeCaches) hasNamespace(name string) bool { return name == "shop" }

func (c fakeCaches) serviceAt(ip string) (*api.Service, bool) {
	i := slices.IndexFunc(c.services, func(s *api.Service) bool { return s.Spec.ClusterIP == ip })
	if i < 0 {
		return nil, false
	}
	return c.services[i], true
}

func (c fakeCaches) endpointAt(ip string) (*api.EndpointSlice, *api.Endpoint, bool) {
	for _, s := range c.slices {
		for i := range s.Endpoints {
			if s.Endpoints[i].Addresses[0] == ip {
				return s, &s.Endpoints[i], true
			}
		}
	}
	return nil, nil, false
}

func TestAnswers(t *testing.T) {
	z := zone{domain: "cluster.local.", caches: exampleCaches()}
	const none, missing = "nothing", "no such name"
	for _, c := range []struct {
		name  string
		qtype uint16
		want  string
	}{
		{"cart.shop.svc", dns.TypeA, "A 10.96.0.20"},
		{"cart.shop.svc", dns.TypeAAAA, none},
		{"cart.shop.svc", dns.TypeSRV, "SRV 0 100 80 cart.shop.svc.cluster.local."},
		{"_http._tcp.cart.shop.svc", dns.TypeSRV, "SRV 0 100 80 cart.shop.svc.cluster.local."},
		{"_http._udp.cart.shop.svc", dns.TypeSRV, missing},
		{"nobody.shop.svc", dns.TypeA, missing},
		{"cart.nowhere.svc", dns.TypeA, missing},
		{"db.shop.svc", dns.TypeA, "A 10.244.1.5, A 10.244.1.6"},
		{"db-0.db.shop.svc", dns.TypeA, "A 10.244.1.5"},
		{"10-244-1-6.db.shop.svc", dns.TypeA, "A 10.244.1.6"},
		{"db-7.db.shop.svc", dns.TypeA, missing},
		{"_http._tcp.db.shop.svc", dns.TypeSRV, "SRV 0 50 8080 db-0.db.shop.svc.cluster.local., SRV 0 50 8080 10-244-1-6.db.shop.svc.cluster.local."},
		{"search.shop.svc", dns.TypeA, "CNAME search.example.com."},
		{"10-244-1-5.shop.pod", dns.TypeA, "A 10.244.1.5"},
		{"10-244-1-5.nowhere.pod", dns.TypeA, missing},
		{"not-an-address.shop.pod", dns.TypeA, missing},
		{"shop.svc", dns.TypeA, none},
		{"svc", dns.TypeA, none},
		{"dns-version", dns.TypeTXT, `TXT "1.1.0"`},
	} {
		a := z.answer(c.name+".cluster.local.", c.qtype)
		got := missing
		if a.exists {
			got = none
		}
		if len(a.records) > 0 {
			got = text(a.records)
		}
		require.Equal(t, c.want, got, "%s %s", c.name, dns.TypeToString[c.qtype])
	}
	require.Equal(t, "PTR cart.shop.svc.cluster.local.", text(z.reverse("20.0.96.10.in-addr.arpa.")))
	require.Equal(t, "PTR db-0.db.shop.svc.cluster.local.", text(z.reverse("5.1.244.10.in-addr.arpa.")))
	require.Empty(t, z.reverse("1.1.1.1.in-addr.arpa."))
}

func text(records []dns.RR) string {
	var all []string
	for _, r := range records {
		all = append(all, strings.Join(strings.Fields(r.String())[3:], " "))
	}
	return strings.Join(all, ", ")
}
