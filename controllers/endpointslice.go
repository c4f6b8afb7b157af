package controllers

import (
	"context"
	"log/slog"
	"maps"
	"net/netip"
	"slices"
	"sync"

	"kubelite/api"
	"kubelite/client"
)

// The endpoint slice loop.
//
//	desired    for every Service with a selector: the pods that it selects, as endpoints, in slices
//	actual     the EndpointSlices that the loop keeps
//	converge   planSlices, then write
//
// Proxies read the slices and lead connections for the service's address to ready endpoints. Pods on their way out stay
// in as terminating: connections that they have may end in peace.

const sliceController = "endpointslice-controller.k8s.io"

// EndpointSliceController keeps the slices of Services with selectors.
type EndpointSliceController struct {
	services *client.Informer[*api.Service]
	pods     *client.Informer[*api.Pod]
	nodes    *client.Informer[*api.Node]
	keeper   *sliceKeeper
	triggers *triggerTimes
	events   *client.Recorder
	shared   sync.Map // keys of the services whose endpoints zones share
	log      *slog.Logger
	queue    *client.Queue
}

// NewEndpointSliceController subscribes to services, the pods behind them, the zones of nodes and the slices. Keys are services.
func NewEndpointSliceController(c *client.Client, caches *Caches, log *slog.Logger) *EndpointSliceController {
	e := &EndpointSliceController{
		services: caches.Services, pods: caches.Pods, nodes: caches.Nodes, triggers: newTriggerTimes(), log: log, queue: client.NewQueue("endpointslice"),
		events: client.NewRecorder(c, "endpoint-slice-controller", ""),
		keeper: &sliceKeeper{client: c, slices: caches.EndpointSlices, managedBy: sliceController, writes: newOwnWrites()},
	}
	caches.Services.Enqueue(e.queue, func(svc *api.Service) []api.Key { return []api.Key{svc.Key()} })
	onEndpointChange(caches, func(service api.Key, revision int64) { e.queue.Add(service, revision) })
	caches.Nodes.OnChange(func(old, now *api.Node, revision int64) {
		// A node comes before its pods, and goes after them.
		moved := old != nil && now != nil && old.Labels[api.LabelZone] != now.Labels[api.LabelZone]
		counts := old == nil || now == nil || nodeReadiness(old) != nodeReadiness(now)
		if !moved && !counts {
			return
		}
		for _, svc := range e.services.List("", nil) {
			if moved || sharesByZone(svc) {
				e.queue.Add(svc.Key(), revision)
			}
		}
	})
	e.keeper.follow(e.queue)
	return e
}

// Run reconciles until ctx ends.
func (e *EndpointSliceController) Run(ctx context.Context) error {
	if err := waitForSync(ctx, e.services, e.pods, e.nodes, e.keeper.slices); err != nil {
		return err
	}
	return e.queue.Run(ctx, 5, e.Reconcile, e.log)
}

// Reconcile makes the slices of the service that key names hold the pods that it selects.
func (e *EndpointSliceController) Reconcile(ctx context.Context, key api.Key) error {
	svc, ok := e.services.Get(key)
	if !ok {
		e.keeper.writes.forget(key)
		e.triggers.forget(key)
		e.shared.Delete(key)
		return nil // the garbage collector removes its slices
	}
	if svc.Spec.Type == api.ServiceTypeExternalName || svc.Spec.Selector == nil || svc.DeletionTimestamp != nil {
		return nil // others lead to it: DNS, or whoever writes its endpoints
	}
	existing, behind := e.keeper.of(key)
	if behind {
		return nil // the event that brings the cache up to date queues the service again
	}
	pods := e.pods.List(svc.Namespace, api.SelectorFromSet(svc.Spec.Selector))
	changedAt := e.triggers.since(svc, pods)
	desired := sliceGroups{}
	for _, family := range svc.Spec.IPFamilies {
		addressType := api.AddressType(family)
		groups := len(desired)
		for _, pod := range pods {
			if address, ok := endpointAddress(pod, family); ok && !podEnded(pod) {
				desired.add(addressType, slicePorts(svc, pod), podEndpoint(svc, pod, address, e.zoneOf(pod.Spec.NodeName)))
			}
		}
		if len(desired) == groups { // an empty slice shows that somebody looked
			desired.add(addressType, []api.DiscoveryEndpointPort{})
		}
		e.shareByZone(ctx, svc, addressType, desired)
	}
	plan := planSlices(existing, desired, serviceSlice(svc))
	for _, slice := range slices.Concat(plan.create, plan.update) {
		annotateTrigger(&slice.ObjectMeta, changedAt)
	}
	return e.keeper.apply(ctx, key, plan)
}

// serviceSlice is what all slices of a service have in common.
func serviceSlice(svc *api.Service) *api.EndpointSlice {
	labels := maps.Clone(svc.Labels)
	if labels == nil {
		labels = map[string]string{}
	}
	delete(labels, api.LabelHeadlessService)
	if !api.HasClusterIP(svc) {
		labels[api.LabelHeadlessService] = ""
	}
	labels[api.LabelServiceName], labels[api.LabelEndpointSliceManagedBy] = svc.Name, sliceController
	return &api.EndpointSlice{ObjectMeta: api.ObjectMeta{
		GenerateName: svc.Name + "-", Namespace: svc.Namespace, Labels: labels, OwnerReferences: []api.OwnerReference{api.NewControllerRef(svc)},
	}}
}

// zoneOf is the zone that a node says it is in, "" if it says nothing.
func (e *EndpointSliceController) zoneOf(node string) string {
	n, ok := e.nodes.Get(api.Key{Name: node})
	if !ok {
		return ""
	}
	return n.Labels[api.LabelZone]
}

// podEndpoint is a pod, on a node in a zone, as an endpoint of a service.
func podEndpoint(svc *api.Service, pod *api.Pod, address, zone string) api.Endpoint {
	_, serving := podReady(pod)
	terminating := pod.DeletionTimestamp != nil
	endpoint := api.Endpoint{
		Addresses: []string{address},
		Conditions: api.EndpointConditions{
			Ready:   api.Ptr(svc.Spec.PublishNotReadyAddresses || serving && !terminating),
			Serving: &serving, Terminating: &terminating,
		},
		TargetRef: podReference(pod),
	}
	if pod.Spec.NodeName != "" {
		endpoint.NodeName = &pod.Spec.NodeName
	}
	if zone != "" {
		endpoint.Zone = &zone
	}
	if !sharesByZone(svc) {
		endpoint.Hints = hintsFor(svc.Spec.TrafficDistribution, &endpoint)
	}
	if hasHostname(svc, pod) {
		endpoint.Hostname = &pod.Spec.Hostname
	}
	return endpoint
}

// hintsFor says whose clients should use an endpoint, if its service wants them to stay near (trafficDistribution): those in its
// zone, or those on its node before those in its zone. Proxies do as the hints say as long as there is an endpoint for each client.
//
// Upstream: the module endpointslice, trafficdist/trafficdist.go.
func hintsFor(distribution *string, e *api.Endpoint) *api.EndpointHints {
	if distribution == nil || !*e.Conditions.Ready {
		return nil
	}
	var hints api.EndpointHints
	if e.Zone != nil {
		hints.ForZones = []api.ForZone{{Name: *e.Zone}}
	}
	if e.NodeName != nil && *distribution == api.ServiceTrafficDistributionPreferSameNode {
		hints.ForNodes = []api.ForNode{{Name: *e.NodeName}}
	}
	if hints.ForZones == nil && hints.ForNodes == nil {
		return nil
	}
	return &hints
}

// slicePorts are the ports of a service as a pod has them: a port that the service names may be another number in every
// pod, and missing in some.
func slicePorts(svc *api.Service, pod *api.Pod) []api.DiscoveryEndpointPort {
	ports := []api.DiscoveryEndpointPort{}
	for i := range svc.Spec.Ports {
		p := &svc.Spec.Ports[i]
		if number, ok := podPort(pod, p); ok {
			ports = append(ports, api.DiscoveryEndpointPort{Name: &p.Name, Port: &number, Protocol: &p.Protocol, AppProtocol: p.AppProtocol})
		}
	}
	return ports
}

// endpointAddress is the pod's address of a family.
func endpointAddress(pod *api.Pod, family api.IPFamily) (address string, ok bool) {
	for _, podIP := range pod.Status.PodIPs {
		if ip, err := netip.ParseAddr(podIP.IP); err == nil && ip.Is4() == (family == api.IPv4Protocol) {
			return ip.String(), true
		}
	}
	return "", false
}
