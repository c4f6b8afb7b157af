package proxy

import (
	"flag"
	"maps"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"kubelite/api"
	"kubelite/proxy/endpoints"
	"kubelite/proxy/nft"
)

var update = flag.Bool("update", false, "rewrite the expected rules")

// testNetwork has two nodes, in two zones.
func testNetwork() (Network, map[string]nodePlace) {
	n := Network{
		Bridge: "br-test", Gateway: netip.MustParseAddr("10.244.0.1"), Pods: netip.MustParsePrefix("10.244.0.0/16"), Bridged: true,
		Virtual: []netip.Prefix{netip.MustParsePrefix("10.96.0.0/16"), netip.MustParsePrefix("10.104.0.0/16")},
	}
	return n, map[string]nodePlace{
		"node-1": {pods: netip.MustParsePrefix("10.244.1.0/24"), zone: "east"}, "node-2": {pods: netip.MustParsePrefix("10.244.2.0/24"), zone: "west"},
	}
}

// objects is a manifest of testdata, sorted by kind.
type objects struct {
	services   []*api.Service
	slices     []*api.EndpointSlice
	policies   []*api.NetworkPolicy
	pods       []*api.Pod
	namespaces []*api.Namespace
}

func readObjects(t *testing.T, file string) (o objects) {
	t.Helper()
	manifest, err := os.ReadFile(file)
	require.NoError(t, err)
	for _, document := range api.SplitYAML(manifest) {
		content, err := api.YAMLToJSON(document)
		require.NoError(t, err)
		var meta api.TypeMeta
		require.NoError(t, api.UnmarshalJSON(content, &meta))
		var obj api.Object
		switch meta.Kind {
		case "Service":
			o.services = append(o.services, &api.Service{})
			obj = o.services[len(o.services)-1]
		case "EndpointSlice":
			o.slices = append(o.slices, &api.EndpointSlice{})
			obj = o.slices[len(o.slices)-1]
		case "NetworkPolicy":
			o.policies = append(o.policies, &api.NetworkPolicy{})
			obj = o.policies[len(o.policies)-1]
		case "Pod":
			o.pods = append(o.pods, &api.Pod{})
			obj = o.pods[len(o.pods)-1]
		case "Namespace":
			o.namespaces = append(o.namespaces, &api.Namespace{})
			obj = o.namespaces[len(o.namespaces)-1]
		default:
			t.Fatalf("%s: kind %q", file, meta.Kind)
		}
		_, err = api.UnmarshalJSONStrict(content, obj)
		require.NoError(t, err)
	}
	return o
}

// TestPlan compares the rules for each manifest of testdata with those in the file beside it. What nft itself makes of them
// is asked where it is installed.
func TestPlan(t *testing.T) {
	manifests, err := filepath.Glob("testdata/*.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, manifests)
	for _, manifest := range manifests {
		t.Run(filepath.Base(manifest), func(t *testing.T) {
			n, nodes := testNetwork()
			o := readObjects(t, manifest)
			var fragments []nft.Fragment
			for _, svc := range o.services {
				own := slices.DeleteFunc(slices.Clone(o.slices), func(s *api.EndpointSlice) bool { return s.Service() != svc.Key() })
				fragments = append(fragments, planService(n, svc, own, nodes))
			}
			policies := planPolicies(n, o.policies, o.pods, o.namespaces)
			got := nft.Text(nft.IP, "kubelite", append(fragments, policies)...)
			golden := strings.TrimSuffix(manifest, ".yaml") + ".nft"
			if *update {
				require.NoError(t, os.WriteFile(golden, []byte(got), 0o644))
			}
			want, err := os.ReadFile(golden)
			require.NoError(t, err)
			require.Equal(t, string(want), got)
			complete := append(fragments, policies, planBase(n))
			checkSyntax(t, nft.Text(nft.IP, "kubelite", complete...))
		})
	}
}

// checkSyntax asks nft, in a network of its own, whether the rules are what it would write.
func checkSyntax(t *testing.T, rules string) {
	t.Helper()
	unshare, err := exec.LookPath("unshare")
	if err != nil {
		return
	}
	if _, err := exec.LookPath("nft"); err != nil {
		return
	}
	if exec.Command(unshare, "-rn", "true").Run() != nil {
		return
	}
	cmd := exec.Command(unshare, "-rn", "nft", "-c", "-f", "-")
	cmd.Stdin = strings.NewReader(rules)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
}

// TestFrames: the rules for bridged frames are those for packets, come to in another way.
func TestFrames(t *testing.T) {
	n, _ := testNetwork()
	o := readObjects(t, "testdata/policy-ingress.yaml")
	policies := planPolicies(n, o.policies, o.pods, o.namespaces)
	frames := planFrames(policies)
	require.Equal(t, "ether type ip jump policies", frames.Chains["policy-forward"].Rules[0].String())
	require.NotContains(t, frames.Chains, "policy-input")
	require.Equal(t, policies.Chains["ingress-of/10.244.1.5"], frames.Chains["ingress-of/10.244.1.5"])
	require.Empty(t, planFrames(nft.Fragment{}))
}

// TestUnroutedServices have no rules.
func TestUnroutedServices(t *testing.T) {
	n, nodes := testNetwork()
	for _, spec := range []api.ServiceSpec{
		{Type: api.ServiceTypeExternalName, ExternalName: "example.com"},
		{ClusterIP: api.ClusterIPNone, ClusterIPs: []string{api.ClusterIPNone}},
	} {
		spec.Ports = []api.ServicePort{{Port: 80}}
		require.Empty(t, planService(n, &api.Service{Spec: spec}, nil, nodes))
	}
}

func TestEndpointsOf(t *testing.T) {
	yes, no := api.Ptr(true), api.Ptr(false)
	slice := func(conditions ...api.EndpointConditions) []*api.EndpointSlice {
		s := &api.EndpointSlice{AddressType: api.AddressTypeIPv4, Ports: []api.DiscoveryEndpointPort{{Name: api.Ptr("http"), Port: api.Ptr[int32](8080)}}}
		for i, c := range conditions {
			s.Endpoints = append(s.Endpoints, api.Endpoint{Addresses: []string{netip.AddrFrom4([4]byte{10, 244, 1, byte(i)}).String()}, Conditions: c})
		}
		return []*api.EndpointSlice{s}
	}
	ready := api.EndpointConditions{Ready: yes, Serving: yes, Terminating: no}
	leaving := api.EndpointConditions{Ready: no, Serving: yes, Terminating: yes}
	gone := api.EndpointConditions{Ready: no, Serving: no, Terminating: yes}
	failing := api.EndpointConditions{Ready: no, Serving: no, Terminating: no}
	for name, c := range map[string]struct {
		port   api.ServicePort
		slices []*api.EndpointSlice
		want   []string
	}{
		"nothing said is ready":              {api.ServicePort{Name: "http"}, slice(api.EndpointConditions{}), []string{"10.244.1.0:8080"}},
		"ready ones alone":                   {api.ServicePort{Name: "http"}, slice(failing, ready, leaving, gone), []string{"10.244.1.1:8080"}},
		"none ready: those that still serve": {api.ServicePort{Name: "http"}, slice(failing, leaving, gone), []string{"10.244.1.1:8080"}},
		"none at all":                        {api.ServicePort{Name: "http"}, slice(failing, gone), nil},
		"another port":                       {api.ServicePort{Name: "metrics"}, slice(ready), nil},
		"another protocol":                   {api.ServicePort{Name: "http", Protocol: api.ProtocolUDP}, slice(ready), nil},
	} {
		var got []string
		for _, e := range endpoints.Of(&c.port, c.slices) {
			got = append(got, e.To.String())
		}
		require.Equal(t, c.want, got, name)
	}
}

func TestBlockRanges(t *testing.T) {
	for _, c := range []struct {
		block api.IPBlock
		want  []string
	}{
		{api.IPBlock{CIDR: "10.0.0.0/8"}, []string{"10.0.0.0-10.255.255.255"}},
		{api.IPBlock{CIDR: "10.0.0.0/8", Except: []string{"10.0.0.0/8"}}, nil},
		{api.IPBlock{CIDR: "10.0.0.0/30", Except: []string{"10.0.0.1/32"}}, []string{"10.0.0.0-10.0.0.0", "10.0.0.2-10.0.0.3"}},
		{api.IPBlock{CIDR: "0.0.0.0/0", Except: []string{"128.0.0.0/2", "0.0.0.0/32"}}, []string{"0.0.0.1-127.255.255.255", "192.0.0.0-255.255.255.255"}},
		{api.IPBlock{CIDR: "10.0.0.9/29"}, []string{"10.0.0.8-10.0.0.15"}},
		{api.IPBlock{CIDR: "fd00::/8"}, nil},
	} {
		var got []string
		for _, r := range blockRanges(&c.block) {
			got = append(got, r.first.String()+"-"+r.last.String())
		}
		require.Equal(t, c.want, got, c.block)
	}
}

func TestMergeRanges(t *testing.T) {
	block := func(cidr string) addressRange { return rangeOf(netip.MustParsePrefix(cidr)) }
	merged := mergeRanges([]addressRange{
		block("10.1.0.0/16"), block("10.0.0.0/8"), block("11.0.0.0/8"), block("255.0.0.0/8"), block("255.255.255.255/32"), block("13.0.0.0/8"),
	})
	require.Equal(t, []addressRange{
		{netip.MustParseAddr("10.0.0.0"), netip.MustParseAddr("11.255.255.255")}, // the kernel takes none that touch
		block("13.0.0.0/8"), block("255.0.0.0/8"),
	}, merged)
}

func TestMergePorts(t *testing.T) {
	number := func(first int, last int32) api.NetworkPolicyPort {
		p := api.NetworkPolicyPort{Port: api.Ptr(api.FromInt(first))}
		if last != 0 {
			p.EndPort = &last
		}
		return p
	}
	require.Equal(t, []portRange{{api.ProtocolTCP, 80, 91}, {api.ProtocolTCP, 443, 443}, {api.ProtocolUDP, 0, 65535}}, mergePorts([]api.NetworkPolicyPort{
		number(443, 0), number(90, 91), number(80, 89), {Protocol: api.Ptr(api.ProtocolUDP)}, {Port: api.Ptr(api.FromString("http"))},
	}))
}

func TestLongNamesStayApart(t *testing.T) {
	a, b := chainName(strings.Repeat("a", 300)+"1"), chainName(strings.Repeat("a", 300)+"2")
	require.NotEqual(t, a, b)
	require.LessOrEqual(t, len(a), longestName)
}

// TestFragmentsShareNothing plans two services and checks that replacing one leaves the other's elements.
func TestFragmentsShareNothing(t *testing.T) {
	n, nodes := testNetwork()
	o := readObjects(t, "testdata/node-port.yaml")
	one := planService(n, o.services[0], o.slices, nodes)
	other := api.DeepCopy(o.services[0])
	other.Name, other.Spec.ClusterIP, other.Spec.ClusterIPs = "other", "10.96.0.99", []string{"10.96.0.99"}
	two := planService(n, other, o.slices, nodes)
	for name := range maps.Keys(one.Chains) {
		require.NotContains(t, two.Chains, name)
	}
}

// TestPlanFronts: which service has a port of this machine's loopback, when several want it.
func TestPlanFronts(t *testing.T) {
	n, _ := testNetwork()
	ready := []*api.EndpointSlice{{
		AddressType: api.AddressTypeIPv4, Ports: []api.DiscoveryEndpointPort{{Name: api.Ptr(""), Port: api.Ptr(int32(8080)), Protocol: api.Ptr(api.ProtocolTCP)}},
		Endpoints: []api.Endpoint{{Addresses: []string{"10.244.1.5"}}},
	}}
	balancer := func(address string, port, node int32) *api.Service {
		svc := &api.Service{Spec: api.ServiceSpec{Type: api.ServiceTypeLoadBalancer, ClusterIP: "10.96.0.9", Ports: []api.ServicePort{{Port: port, NodePort: node, Protocol: api.ProtocolTCP}}}}
		svc.Status.LoadBalancer.Ingress = []api.LoadBalancerIngress{{IP: address}}
		return svc
	}
	wants := map[api.Key][]front{
		{Namespace: "a", Name: "web"}:  frontsOf(n, balancer("10.104.0.1", 80, 30080), ready),
		{Namespace: "b", Name: "web"}:  frontsOf(n, balancer("10.104.0.2", 80, 30081), ready),
		{Namespace: "c", Name: "far"}:  frontsOf(n, balancer("203.0.113.1", 81, 0), ready), // somebody else's address
		{Namespace: "d", Name: "none"}: frontsOf(n, balancer("10.104.0.3", 82, 30082), nil),
	}
	got := map[string]string{}
	for port, f := range planFronts(wants) {
		got[strconv.Itoa(int(port.number))] = f.to.String()
	}
	require.Equal(t, map[string]string{"80": "10.104.0.1:80", "30080": "10.244.0.1:30080", "30081": "10.244.0.1:30081"}, got)
}
