package controllers

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"kubelite/api"
)

func servicePod(name, ip string, ready bool, ports ...api.ContainerPort) *api.Pod {
	status := api.ConditionFalse
	if ready {
		status = api.ConditionTrue
	}
	return &api.Pod{
		ObjectMeta: api.ObjectMeta{Name: name, Namespace: "default", UID: api.UID(name), Labels: map[string]string{"app": "web"}},
		Spec:       api.PodSpec{NodeName: "n1", Containers: []api.Container{{Name: "c", Ports: ports}}},
		Status:     api.PodStatus{PodIPs: []api.PodIP{{IP: ip}}, Conditions: []api.PodCondition{{Type: api.PodReady, Status: status}}},
	}
}

func httpPort(n int32) api.ContainerPort {
	return api.ContainerPort{Name: "http", ContainerPort: n, Protocol: api.ProtocolTCP}
}

func webService(ports ...api.ServicePort) *api.Service {
	return &api.Service{
		ObjectMeta: api.ObjectMeta{Name: "web", Namespace: "default"},
		Spec:       api.ServiceSpec{ClusterIP: "10.96.0.9", IPFamilies: []api.IPFamily{api.IPv4Protocol}, Selector: map[string]string{"app": "web"}, Ports: ports},
	}
}

// A named port is another number in every pod, so the pods are in subsets of their own; a number is the same in all.
func TestSubsets(t *testing.T) {
	named := api.ServicePort{Name: "http", Port: 80, Protocol: api.ProtocolTCP, TargetPort: api.FromString("http")}
	number := api.ServicePort{Name: "admin", Port: 81, Protocol: api.ProtocolTCP, TargetPort: api.FromInt(9000)}
	pods := []*api.Pod{servicePod("a", "10.0.0.1", true, httpPort(8080)), servicePod("b", "10.0.0.2", true, httpPort(8081)), servicePod("c", "10.0.0.3", false)}
	text := func(subsets []api.EndpointSubset) (lines []string) {
		for _, s := range subsets {
			line := ""
			for _, a := range s.Addresses {
				line += a.IP + " "
			}
			for _, a := range s.NotReadyAddresses {
				line += "(" + a.IP + ") "
			}
			for _, p := range s.Ports {
				line += fmt.Sprint(p.Name, ":", p.Port, " ")
			}
			lines = append(lines, line)
		}
		return lines
	}
	subsets, _ := planSubsets(webService(named), pods)
	require.Equal(t, []string{"10.0.0.1 http:8080 ", "10.0.0.2 http:8081 "}, text(subsets), "a pod without the port is left out")
	subsets, _ = planSubsets(webService(number), pods)
	require.Equal(t, []string{"10.0.0.1 10.0.0.2 (10.0.0.3) admin:9000 "}, text(subsets))

	unready := webService(number)
	unready.Spec.PublishNotReadyAddresses = true
	subsets, _ = planSubsets(unready, pods)
	require.Equal(t, []string{"10.0.0.1 10.0.0.2 10.0.0.3 admin:9000 "}, text(subsets))

	headless := webService()
	headless.Spec.ClusterIP = "None"
	subsets, _ = planSubsets(headless, pods)
	require.Equal(t, []string{"10.0.0.1 10.0.0.2 (10.0.0.3) "}, text(subsets))

	many := make([]*api.Pod, 1200)
	for i := range many {
		many[i] = servicePod(fmt.Sprint("p", i), fmt.Sprintf("10.1.%d.%d", i/250, i%250), i >= 300)
	}
	subsets, truncated := planSubsets(webService(number), many)
	require.True(t, truncated)
	require.Len(t, subsets[0].Addresses, 900, "ready ones come first")
	require.Len(t, subsets[0].NotReadyAddresses, 100)
}

func TestPlanSlices(t *testing.T) {
	port := []api.DiscoveryEndpointPort{{Name: api.Ptr(""), Port: api.Ptr[int32](80), Protocol: api.Ptr(api.ProtocolTCP)}}
	endpoint := func(i int, ready bool) api.Endpoint {
		return api.Endpoint{Addresses: []string{fmt.Sprintf("10.0.%d.%d", i/250, i%250)}, Conditions: api.EndpointConditions{Ready: &ready}}
	}
	desired := func(endpoints ...api.Endpoint) sliceGroups {
		g := sliceGroups{}
		g.add(api.AddressTypeIPv4, port, endpoints...)
		return g
	}
	like := serviceSlice(webService())
	named := func(plan slicePlan) []*api.EndpointSlice {
		for i, slice := range plan.create {
			slice.Name = fmt.Sprint("web-", i)
		}
		return plan.create
	}
	all := make([]api.Endpoint, 250)
	for i := range all {
		all[i] = endpoint(i, true)
	}
	plan := planSlices(nil, desired(all...), like)
	require.Len(t, plan.create, 3, "100, 100 and 50")
	existing := named(plan)
	require.Equal(t, "web", existing[0].Labels[api.LabelServiceName])

	require.Equal(t, slicePlan{}, planSlices(existing, desired(all...), like), "nothing changed")

	all[120] = endpoint(120, false)
	plan = planSlices(existing, desired(all...), like)
	require.Len(t, plan.update, 1, "one slice is sent for one pod")
	require.Empty(t, plan.create)
	require.Len(t, plan.update[0].Endpoints, 100)

	plan = planSlices(existing, desired(append(all[1:], endpoint(700, true), endpoint(701, true))...), like)
	require.Empty(t, plan.create)
	require.Len(t, plan.update, 3, "the first lost one and takes one, the second has the one that is not ready, the third has room")

	plan = planSlices(existing, desired(all[:100]...), like)
	require.Len(t, plan.delete, 2)
	require.Empty(t, plan.update)

	empty := sliceGroups{}
	empty.add(api.AddressTypeIPv4, []api.DiscoveryEndpointPort{})
	plan = planSlices(existing, empty, like)
	require.Len(t, plan.delete, 2)
	require.Empty(t, plan.create)
	require.Len(t, plan.update, 1, "an empty slice shows that somebody looked: one that was there")
	none := plan.update[0]
	require.Empty(t, none.Endpoints)
	require.Empty(t, none.Ports)
	require.Equal(t, slicePlan{}, planSlices([]*api.EndpointSlice{none}, empty, like))

	plan = planSlices([]*api.EndpointSlice{none}, desired(all[:150]...), like)
	require.Len(t, plan.create, 1, "50 that have no room")
	require.Empty(t, plan.delete)
	require.Len(t, plan.update, 1, "the empty slice gets ports and endpoints at once")
	require.Equal(t, none.Key(), plan.update[0].Key())
	require.Equal(t, existing[0].Ports, plan.update[0].Ports)
	require.Equal(t, 150, len(plan.update[0].Endpoints)+len(plan.create[0].Endpoints))

	relabelled := webService()
	relabelled.Labels = map[string]string{"tier": "front"}
	plan = planSlices(existing[:1], desired(all[:100]...), serviceSlice(relabelled))
	require.Len(t, plan.update, 1)
	require.Equal(t, "front", plan.update[0].Labels["tier"])
}

func TestHintsFor(t *testing.T) {
	svc, pod := webService(), servicePod("p", "10.0.0.1", true)
	pod.Spec.NodeName = "n1"
	hints := func(distribution, zone string) *api.EndpointHints {
		svc.Spec.TrafficDistribution = &distribution
		return podEndpoint(svc, pod, "10.0.0.1", zone).Hints
	}
	require.Nil(t, podEndpoint(svc, pod, "10.0.0.1", "z1").Hints, "the service has no wish")
	inZone := []api.ForZone{{Name: "z1"}}
	require.Equal(t, &api.EndpointHints{ForZones: inZone}, hints("PreferSameZone", "z1"))
	require.Equal(t, &api.EndpointHints{ForZones: inZone}, hints("PreferClose", "z1"), "its old name")
	require.Nil(t, hints("PreferSameZone", ""), "the node is in none")
	require.Equal(t, &api.EndpointHints{ForZones: inZone, ForNodes: []api.ForNode{{Name: "n1"}}}, hints("PreferSameNode", "z1"))
	require.Equal(t, &api.EndpointHints{ForNodes: []api.ForNode{{Name: "n1"}}}, hints("PreferSameNode", ""))
	require.Equal(t, api.Ptr("z1"), podEndpoint(svc, pod, "10.0.0.1", "z1").Zone)

	pod = servicePod("p", "10.0.0.1", false)
	require.Nil(t, hints("PreferSameZone", "z1"), "nobody is led to it")
}

func TestZonesShareEndpoints(t *testing.T) {
	node := func(zone, cpu string, status api.ConditionStatus) *api.Node {
		n := &api.Node{ObjectMeta: api.ObjectMeta{Labels: map[string]string{}}}
		if zone != "" {
			n.Labels[api.LabelZone] = zone
		}
		n.Status.Allocatable = api.ResourceList{api.ResourceCPU: api.MustParse(cpu)}
		n.Status.Conditions = []api.NodeCondition{{Type: api.NodeReady, Status: status}}
		return n
	}
	ready := func(zone, cpu string) *api.Node { return node(zone, cpu, api.ConditionTrue) }
	controlPlane := ready("", "8")
	controlPlane.Labels["node-role.kubernetes.io/control-plane"] = ""
	halves := []*api.Node{ready("a", "4"), ready("b", "4")}
	unknown := "Insufficient Node information: allocatable CPU or zone not specified on one or more nodes"
	tests := map[string]struct {
		nodes   []*api.Node
		zones   string // of the endpoints, a letter each; "-": none
		want    string // that they are meant for
		problem string
	}{
		"each zone has its part":           {nodes: halves, zones: "aabb", want: "aabb"},
		"one has too many":                 {nodes: halves, zones: "aaab", want: "baab"},
		"one has none":                     {nodes: halves, zones: "aaaa", want: "bbaa"},
		"an odd one stays":                 {nodes: halves, zones: "aaaaaabbbbb", want: "aaaaaabbbbb"},
		"by processors":                    {nodes: []*api.Node{ready("a", "6"), ready("b", "2")}, zones: "aabb", want: "aaab"},
		"to two others":                    {nodes: []*api.Node{ready("a", "2"), ready("b", "2"), ready("c", "2")}, zones: "aaa", want: "bca"},
		"nodes that are not ready":         {nodes: append(halves, node("c", "4", api.ConditionUnknown), node("", "4", api.ConditionFalse)), zones: "aabb", want: "aabb"},
		"the control plane has none":       {nodes: append(halves, controlPlane), zones: "ab", want: "ab"},
		"endpoints where no node is ready": {nodes: halves, zones: "aabbcc", want: "aabbcc"},
		"a node in no zone":                {nodes: append(halves, ready("", "4")), zones: "ab", problem: unknown},
		"a node without processors":        {nodes: append(halves, ready("a", "0")), zones: "ab", problem: unknown},
		"one zone":                         {nodes: halves[:1], zones: "aa", problem: unknown},
		"too few":                          {nodes: halves, zones: "a", problem: "Insufficient number of endpoints (1 endpoints, 2 zones)"},
		"an endpoint in no zone":           {nodes: halves, zones: "aab-", problem: "One or more endpoints do not have a zone specified"},
		"an odd one that is too much":      {nodes: halves, zones: "aab", problem: "Unable to allocate minimum required endpoints to each zone without exceeding overload threshold (3 endpoints, 2 zones)"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var endpoints []*api.Endpoint
			for i, zone := range strings.Split(test.zones, "") {
				e := &api.Endpoint{Addresses: []string{fmt.Sprintf("10.0.0.%d", 10+i)}}
				if zone != "-" {
					e.Zone = &zone
				}
				endpoints = append(endpoints, e)
			}
			require.Equal(t, test.problem, shareOut(endpoints, processorShares(test.nodes)))
			meant := ""
			for _, e := range endpoints {
				if e.Hints != nil {
					meant += e.Hints.ForZones[0].Name
				}
			}
			require.Equal(t, test.want, meant)
		})
	}
}
