package controllers

import (
	"context"
	"log/slog"
	"maps"
	"net/netip"

	"kubelite/api"
	"kubelite/client"
)

// The endpoint slice mirroring loop.
//
//	desired    slices that say what Endpoints say, for Services without a selector
//	actual     the EndpointSlices that the loop keeps
//	converge   planSlices, then write
//
// Who runs a database outside of the cluster makes a Service without a selector and writes its Endpoints by hand. Proxies
// read slices only, so the Endpoints are mirrored into slices.

const (
	mirrorController         = "endpointslicemirroring-controller.k8s.io"
	annotationLeader         = "control-plane.alpha.kubernetes.io/leader" // Endpoints that were a lock, once
	annotationLastApplied    = "kubectl.kubernetes.io/last-applied-configuration"
	maxMirroredEndpointsEach = 1000 // of one subset
)

// EndpointSliceMirror keeps slices for Endpoints that people write.
type EndpointSliceMirror struct {
	services  *client.Informer[*api.Service]
	endpoints *client.Informer[*api.Endpoints]
	keeper    *sliceKeeper
	events    *client.Recorder
	log       *slog.Logger
	queue     *client.Queue
}

// NewEndpointSliceMirror subscribes to Endpoints, services and slices. Keys are Endpoints.
func NewEndpointSliceMirror(c *client.Client, caches *Caches, log *slog.Logger) *EndpointSliceMirror {
	m := &EndpointSliceMirror{
		services: caches.Services, endpoints: caches.Endpoints, log: log, queue: client.NewQueue("endpointslicemirroring"),
		events: client.NewRecorder(c, "endpoint-slice-mirroring-controller", ""),
		keeper: &sliceKeeper{client: c, slices: caches.EndpointSlices, managedBy: mirrorController, writes: newOwnWrites()},
	}
	caches.Endpoints.Enqueue(m.queue, func(e *api.Endpoints) []api.Key { return []api.Key{e.Key()} })
	caches.Services.Enqueue(m.queue, func(svc *api.Service) []api.Key { return []api.Key{svc.Key()} })
	m.keeper.follow(m.queue)
	return m
}

// Run reconciles until ctx ends.
func (m *EndpointSliceMirror) Run(ctx context.Context) error {
	if err := waitForSync(ctx, m.services, m.endpoints, m.keeper.slices); err != nil {
		return err
	}
	return m.queue.Run(ctx, 5, m.Reconcile, m.log)
}

// Reconcile makes slices say what the Endpoints that key names say, if those are to be mirrored.
func (m *EndpointSliceMirror) Reconcile(ctx context.Context, key api.Key) error {
	existing, behind := m.keeper.of(key)
	if behind {
		return nil // the event that brings the cache up to date queues the key again
	}
	endpoints, ok := m.endpoints.Get(key)
	svc, hasService := m.services.Get(key)
	if !ok || !hasService || svc.Spec.Selector != nil || !mirrored(endpoints) {
		return m.keeper.apply(ctx, key, slicePlan{delete: existing})
	}
	groups, skipped := mirrorGroups(endpoints)
	if skipped > 0 {
		m.events.Event(ctx, endpoints, api.EventTypeWarning, "TooManyAddressesToMirror",
			"A max of %d addresses can be mirrored to EndpointSlices per Endpoints subset. %d addresses were skipped", maxMirroredEndpointsEach, skipped)
	}
	return m.keeper.apply(ctx, key, planSlices(existing, groups, mirrorSlice(endpoints)))
}

// mirrored tells whether Endpoints want to be mirrored.
func mirrored(endpoints *api.Endpoints) bool {
	_, lock := endpoints.Annotations[annotationLeader]
	return endpoints.Labels[api.LabelSkipMirror] != "true" && !lock
}

// mirrorSlice is what all slices of some Endpoints have in common.
func mirrorSlice(endpoints *api.Endpoints) *api.EndpointSlice {
	labels, annotations := maps.Clone(endpoints.Labels), maps.Clone(endpoints.Annotations)
	if labels == nil {
		labels = map[string]string{}
	}
	if annotations == nil {
		annotations = map[string]string{} // slices have those of the Endpoints, and no others
	}
	labels[api.LabelServiceName], labels[api.LabelEndpointSliceManagedBy] = endpoints.Name, mirrorController
	delete(annotations, annotationLastApplied)
	delete(annotations, api.AnnotationLastChangeTrigger)
	return &api.EndpointSlice{ObjectMeta: api.ObjectMeta{
		GenerateName: endpoints.Name + "-", Namespace: endpoints.Namespace, Labels: labels, Annotations: annotations,
		OwnerReferences: []api.OwnerReference{api.NewControllerRef(endpoints)},
	}}
}

// mirrorGroups are the addresses of Endpoints as endpoints of slices, and how many were too many.
func mirrorGroups(endpoints *api.Endpoints) (groups sliceGroups, skipped int) {
	groups = sliceGroups{}
	subsets := repack(endpoints.Subsets)
	for i := range subsets {
		subset := &subsets[i]
		ports := make([]api.DiscoveryEndpointPort, len(subset.Ports))
		for j := range subset.Ports {
			p := &subset.Ports[j]
			ports[j] = api.DiscoveryEndpointPort{Name: &p.Name, Port: &p.Port, Protocol: &p.Protocol, AppProtocol: p.AppProtocol}
		}
		room := maxMirroredEndpointsEach
		add := func(addresses []api.EndpointAddress, ready bool) {
			for _, address := range addresses {
				ip, err := netip.ParseAddr(address.IP)
				if err != nil {
					continue // an old one, from before addresses were checked
				}
				if room == 0 {
					skipped++
					continue
				}
				room--
				addressType := api.AddressTypeIPv4
				if ip.Is6() {
					addressType = api.AddressTypeIPv6
				}
				endpoint := api.Endpoint{
					Addresses: []string{ip.String()}, Conditions: api.EndpointConditions{Ready: &ready},
					TargetRef: address.TargetRef, NodeName: address.NodeName,
				}
				if address.Hostname != "" {
					endpoint.Hostname = &address.Hostname
				}
				groups.add(addressType, ports, endpoint)
			}
		}
		add(subset.Addresses, true)
		add(subset.NotReadyAddresses, false)
	}
	return groups, skipped
}
