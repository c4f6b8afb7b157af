package controllers

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"

	"kubelite/api"
)

// Subsets are how Endpoints list addresses: ports that have the same addresses share one.

// addressesByPort is which addresses each port has.
type addressesByPort struct {
	addresses    map[string]api.EndpointAddress       // by IP and pod
	ready        map[api.EndpointPort]map[string]bool // the addresses of a port, or of {} without ports, and whether they are
	appProtocols map[api.EndpointPort]*string         // pointers do not compare as what they point to
}

func newAddressesByPort() *addressesByPort {
	return &addressesByPort{addresses: map[string]api.EndpointAddress{}, ready: map[api.EndpointPort]map[string]bool{}, appProtocols: map[api.EndpointPort]*string{}}
}

// put adds an address to a port. One that is put twice is what it was at first, and ready if it was both times.
func (a *addressesByPort) put(port api.EndpointPort, address api.EndpointAddress, ready bool) {
	key := address.IP + "/"
	if address.TargetRef != nil {
		key += string(address.TargetRef.UID)
	}
	if _, known := a.addresses[key]; !known {
		a.addresses[key] = address
	}
	appProtocol := port.AppProtocol
	port.AppProtocol = nil
	a.appProtocols[port] = appProtocol
	if a.ready[port] == nil {
		a.ready[port] = map[string]bool{}
	}
	if before, known := a.ready[port][key]; !known || before {
		a.ready[port][key] = ready
	}
}

// subsets groups the ports that have the same addresses, in the same state.
func (a *addressesByPort) subsets() (subsets []api.EndpointSubset) {
	grouped := map[string]*api.EndpointSubset{}
	for port, keys := range a.ready {
		sorted := slices.Sorted(maps.Keys(keys))
		var id strings.Builder
		for _, key := range sorted {
			id.WriteString(key + strconv.FormatBool(keys[key]) + ";")
		}
		subset := grouped[id.String()]
		if subset == nil {
			subset = &api.EndpointSubset{}
			grouped[id.String()] = subset
			for _, key := range sorted {
				if keys[key] {
					subset.Addresses = append(subset.Addresses, a.addresses[key])
				} else {
					subset.NotReadyAddresses = append(subset.NotReadyAddresses, a.addresses[key])
				}
			}
		}
		if port != (api.EndpointPort{}) {
			port.AppProtocol = a.appProtocols[port]
			subset.Ports = append(subset.Ports, port)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(grouped)) {
		subset := grouped[id]
		slices.SortFunc(subset.Ports, func(a, b api.EndpointPort) int {
			return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Port, b.Port), cmp.Compare(a.Protocol, b.Protocol))
		})
		subsets = append(subsets, *subset)
	}
	return subsets
}

// repack groups anew what somebody wrote: it may name an address twice.
//
// Upstream: pkg/api/v1/endpoints/util.go, RepackSubsets.
func repack(subsets []api.EndpointSubset) []api.EndpointSubset {
	all := newAddressesByPort()
	for _, subset := range subsets {
		ports := subset.Ports
		if len(ports) == 0 {
			ports = []api.EndpointPort{{}}
		}
		for _, port := range ports {
			for _, address := range subset.Addresses {
				all.put(port, address, true)
			}
			for _, address := range subset.NotReadyAddresses {
				all.put(port, address, false)
			}
		}
	}
	return all.subsets()
}

// planSubsets are the addresses of a service's pods, and whether there were more than fit.
func planSubsets(svc *api.Service, pods []*api.Pod) (subsets []api.EndpointSubset, truncated bool) {
	family := api.IPv4Protocol
	if len(svc.Spec.IPFamilies) > 0 {
		family = svc.Spec.IPFamilies[0]
	}
	all := newAddressesByPort()
	for _, pod := range pods {
		ip, ok := endpointAddress(pod, family)
		if !ok || podEnded(pod) || pod.DeletionTimestamp != nil && !svc.Spec.PublishNotReadyAddresses {
			continue
		}
		address := api.EndpointAddress{IP: ip, TargetRef: podReference(pod)}
		if pod.Spec.NodeName != "" {
			address.NodeName = &pod.Spec.NodeName
		}
		if hasHostname(svc, pod) {
			address.Hostname = pod.Spec.Hostname
		}
		_, ready := podReady(pod)
		ready = ready || svc.Spec.PublishNotReadyAddresses
		if len(svc.Spec.Ports) == 0 && !api.HasClusterIP(svc) {
			all.put(api.EndpointPort{}, address, ready) // a headless service may have none
		}
		for i := range svc.Spec.Ports {
			p := &svc.Spec.Ports[i]
			if number, ok := podPort(pod, p); ok {
				all.put(api.EndpointPort{Name: p.Name, Port: number, Protocol: p.Protocol, AppProtocol: p.AppProtocol}, address, ready)
			}
		}
	}
	return truncateSubsets(all.subsets())
}

// truncateSubsets keeps as many addresses as fit, ready ones first.
func truncateSubsets(subsets []api.EndpointSubset) (kept []api.EndpointSubset, truncated bool) {
	room := maxEndpoints
	take := func(list *[]api.EndpointAddress) {
		if len(*list) > room {
			*list, truncated = (*list)[:room], true
		}
		room -= len(*list)
	}
	for i := range subsets {
		take(&subsets[i].Addresses)
	}
	for i := range subsets {
		take(&subsets[i].NotReadyAddresses)
	}
	return slices.DeleteFunc(subsets, func(s api.EndpointSubset) bool { return len(s.Addresses)+len(s.NotReadyAddresses) == 0 }), truncated
}
