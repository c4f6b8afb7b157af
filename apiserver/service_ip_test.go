package apiserver

import (
	"net"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"

	"kubelite/api"
)

func testAllocator(t *testing.T, cidr string) *serviceAllocator {
	_, network, err := net.ParseCIDR(cidr)
	require.NoError(t, err)
	a, err := newServiceAllocator(network)
	require.NoError(t, err)
	return a
}

func serviceOf(change func(spec *api.ServiceSpec)) *api.Service {
	svc := &api.Service{ObjectMeta: api.ObjectMeta{Name: "web"}, Spec: api.ServiceSpec{
		Type: api.ServiceTypeClusterIP, Ports: []api.ServicePort{{Name: "http", Port: 80, Protocol: api.ProtocolTCP}},
		Selector: map[string]string{"app": "web"},
	}}
	if change != nil {
		change(&svc.Spec)
	}
	return svc
}

// begin is what the Begin hook does.
func begin(a *serviceAllocator, svc, before *api.Service) (func(bool), error) {
	normalizeService(svc, before)
	if before == nil {
		before = &api.Service{}
	}
	return a.begin(svc, before)
}

func TestServiceGetsAddress(t *testing.T) {
	a := testAllocator(t, "10.96.0.0/16")
	require.Equal(t, "10.96.0.1", a.first())
	svc := serviceOf(nil)
	done, err := begin(a, svc, nil)
	require.NoError(t, err)
	done(true)
	require.Equal(t, []string{svc.Spec.ClusterIP}, svc.Spec.ClusterIPs)
	require.True(t, a.own.cidr.Contains(addressesOf(svc)[0]))
	require.Equal(t, []api.IPFamily{api.IPv4Protocol}, svc.Spec.IPFamilies)
	require.Equal(t, api.IPFamilyPolicySingleStack, *svc.Spec.IPFamilyPolicy)

	// Its address is taken, until the write fails or the Service is gone.
	same := func(spec *api.ServiceSpec) { spec.ClusterIP = svc.Spec.ClusterIP }
	_, err = begin(a, serviceOf(same), nil)
	require.True(t, api.IsInvalid(err))
	require.Contains(t, err.Error(), `Service "web" is invalid: spec.clusterIPs: Invalid value: ["`+svc.Spec.ClusterIP+`"]: failed to allocate IP `+svc.Spec.ClusterIP+`: provided IP is already allocated`)
	a.release(addressesOf(svc), portsOf(svc))
	done, err = begin(a, serviceOf(same), nil)
	require.NoError(t, err)
	done(false)
	require.Empty(t, a.addresses)
}

func TestServiceAddressOutsideRange(t *testing.T) {
	a := testAllocator(t, "10.96.0.0/16")
	_, err := begin(a, serviceOf(func(spec *api.ServiceSpec) { spec.ClusterIP = "10.97.0.1" }), nil)
	require.ErrorContains(t, err, "failed to allocate IP 10.97.0.1: the provided network does not match the current range")
	_, err = begin(a, serviceOf(func(spec *api.ServiceSpec) { spec.ClusterIP = "fd00::1" }), nil)
	require.ErrorContains(t, err, "IPv6 is not configured on this cluster")
}

func TestServicesWithoutAddress(t *testing.T) {
	a := testAllocator(t, "10.96.0.0/16")
	headless := serviceOf(func(spec *api.ServiceSpec) { spec.ClusterIP = "None" })
	_, err := begin(a, headless, nil)
	require.NoError(t, err)
	require.Equal(t, []string{"None"}, headless.Spec.ClusterIPs)
	require.Equal(t, []api.IPFamily{api.IPv4Protocol}, headless.Spec.IPFamilies)

	outside := serviceOf(func(spec *api.ServiceSpec) { spec.ClusterIP, spec.Selector = "None", nil })
	_, err = begin(a, outside, nil)
	require.NoError(t, err)
	require.Equal(t, api.IPFamilyPolicyRequireDualStack, *outside.Spec.IPFamilyPolicy)
	require.Equal(t, []api.IPFamily{api.IPv4Protocol, api.IPv6Protocol}, outside.Spec.IPFamilies)

	external := serviceOf(func(spec *api.ServiceSpec) { spec.Type = api.ServiceTypeExternalName })
	_, err = begin(a, external, nil)
	require.NoError(t, err)
	require.Empty(t, external.Spec.ClusterIP)
	require.Nil(t, external.Spec.IPFamilyPolicy)
	require.Empty(t, a.addresses)
}

func TestServiceGivesUpAFamily(t *testing.T) {
	a := testAllocator(t, "10.96.0.0/16")
	before := serviceOf(func(spec *api.ServiceSpec) { spec.ClusterIP, spec.Selector = clusterIPNone, nil }) // points outside: it has both
	_, err := begin(a, before, nil)
	require.NoError(t, err)
	require.Equal(t, []api.IPFamily{api.IPv4Protocol, api.IPv6Protocol}, before.Spec.IPFamilies)

	single := api.DeepCopy(before)
	single.Spec.IPFamilyPolicy = api.Ptr(api.IPFamilyPolicySingleStack)
	_, err = begin(a, single, before)
	require.NoError(t, err)
	require.Equal(t, []api.IPFamily{api.IPv4Protocol}, single.Spec.IPFamilies)

	silent := api.DeepCopy(before)
	silent.Spec.IPFamilies = silent.Spec.IPFamilies[:1]
	_, err = begin(a, silent, before)
	require.ErrorContains(t, err, "must be 'SingleStack' to release the secondary IP family")

	wrong := api.DeepCopy(before)
	wrong.Spec.IPFamilies = []api.IPFamily{"IPv5"}
	_, err = begin(a, wrong, before)
	require.ErrorContains(t, err, `spec.ipFamilies[0]: Unsupported value: "IPv5"`, "what no cluster has comes before what this one has not")
}

func TestNodePorts(t *testing.T) {
	a := testAllocator(t, "10.96.0.0/16")
	svc := serviceOf(func(spec *api.ServiceSpec) {
		spec.Type = api.ServiceTypeNodePort
		spec.Ports = []api.ServicePort{
			{Name: "dns", Port: 53, Protocol: api.ProtocolUDP}, {Name: "dns-tcp", Port: 53, Protocol: api.ProtocolTCP},
			{Name: "http", Port: 80, Protocol: api.ProtocolTCP, NodePort: 30080},
		}
	})
	done, err := begin(a, svc, nil)
	require.NoError(t, err)
	done(true)
	require.GreaterOrEqual(t, svc.Spec.Ports[0].NodePort, int32(firstRandomNodePort))
	require.Equal(t, svc.Spec.Ports[0].NodePort, svc.Spec.Ports[1].NodePort, "one number for both protocols")
	require.Len(t, a.ports, 2)

	for port, want := range map[int32]string{30080: "provided port is already allocated", 80: "provided port is not in the valid range. The range of valid ports is 30000-32767"} {
		_, err = begin(a, serviceOf(func(spec *api.ServiceSpec) {
			spec.Type, spec.Ports[0].NodePort = api.ServiceTypeNodePort, port
		}), nil)
		require.ErrorContains(t, err, want)
		require.ErrorContains(t, err, "spec.ports[0].nodePort: Invalid value: ")
		require.Len(t, a.addresses, 1, "what was taken is given back")
	}

	// An update shares none.
	svc.UID = "u"
	both := serviceOf(func(spec *api.ServiceSpec) {
		spec.Type = api.ServiceTypeNodePort
		spec.Ports = []api.ServicePort{{Name: "u", Port: 54, Protocol: api.ProtocolUDP}, {Name: "t", Port: 54, Protocol: api.ProtocolTCP}}
	})
	done, err = begin(a, both, svc)
	require.NoError(t, err)
	done(false)
	require.NotEqual(t, both.Spec.Ports[0].NodePort, both.Spec.Ports[1].NodePort)

	// An update that says nothing of ports and addresses keeps them ...
	update := serviceOf(func(spec *api.ServiceSpec) {
		spec.Type, spec.Ports = api.ServiceTypeNodePort, []api.ServicePort{{Name: "http", Port: 81, Protocol: api.ProtocolTCP}}
	})
	done, err = begin(a, update, svc)
	require.NoError(t, err)
	prepareServiceUpdate(update, svc)
	done(true)
	require.EqualValues(t, 30080, update.Spec.Ports[0].NodePort)
	require.Equal(t, svc.Spec.ClusterIP, update.Spec.ClusterIP)
	require.Equal(t, map[int32]bool{30080: true}, a.ports, "the port of dns is free again")

	// ... and a change of type frees what the new type has not.
	closed := api.DeepCopy(update)
	closed.Spec.Type = api.ServiceTypeClusterIP
	done, err = begin(a, closed, update)
	require.NoError(t, err)
	prepareServiceUpdate(closed, update)
	done(true)
	require.Zero(t, closed.Spec.Ports[0].NodePort)
	require.Empty(t, a.ports)

	name := api.DeepCopy(closed)
	name.Spec.Type = api.ServiceTypeExternalName
	done, err = begin(a, name, closed)
	require.NoError(t, err)
	prepareServiceUpdate(name, closed)
	done(true)
	require.Empty(t, name.Spec.ClusterIPs)
	require.Empty(t, a.addresses)
}

func TestAllocatorRunsFull(t *testing.T) {
	a := testAllocator(t, "10.96.0.0/28")
	seen := map[string]bool{}
	for range 14 { // 16, less the network's own and the broadcast address
		svc := serviceOf(nil)
		_, err := begin(a, svc, nil)
		require.NoError(t, err)
		require.False(t, seen[svc.Spec.ClusterIP])
		seen[svc.Spec.ClusterIP] = true
	}
	_, err := begin(a, serviceOf(nil), nil)
	require.ErrorContains(t, err, "range is full")
}

// When one range is full the next one gives; a range that is not ready gives nothing.
func TestSeveralRanges(t *testing.T) {
	a := testAllocator(t, "10.96.0.0/28")
	cidr := func(name string, status api.ConditionStatus, blocks ...string) {
		obj := &api.ServiceCIDR{ObjectMeta: api.ObjectMeta{Name: name}, Spec: api.ServiceCIDRSpec{CIDRs: blocks}}
		if status != "" {
			obj.Status.Conditions = []api.Condition{{Type: api.ServiceCIDRReady, Status: status}}
		}
		a.setRanges(name, a.rangesOf(obj))
	}
	cidr("kubernetes", "", "10.96.0.0/28")
	cidr("a", "", "10.97.0.0/28")
	cidr("b", api.ConditionTrue, "10.98.0.0/28", "fd00::/112", "10.99.0.0/31")
	for i := range 28 {
		svc := serviceOf(nil)
		_, err := begin(a, svc, nil)
		require.NoError(t, err)
		require.Contains(t, svc.Spec.ClusterIP, []string{"10.96.", "10.98."}[i/14])
	}
	_, err := begin(a, serviceOf(nil), nil)
	require.ErrorContains(t, err, "range is full")
	cidr("a", api.ConditionTrue, "10.97.0.0/28")
	_, err = begin(a, serviceOf(nil), nil)
	require.NoError(t, err)

	cidr("kubernetes", api.ConditionFalse, "10.96.0.0/28")
	a.setRanges("b", nil)
	a.release([]netip.Addr{netip.MustParseAddr("10.96.0.3"), netip.MustParseAddr("10.98.0.3")}, nil)
	for _, address := range []string{"10.96.0.3", "10.98.0.3"} {
		_, err = begin(a, serviceOf(func(spec *api.ServiceSpec) { spec.ClusterIP = address }), nil)
		require.ErrorContains(t, err, "the provided network does not match the current range")
	}
}
