package controllers

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"

	"kubelite/api"
	"kubelite/client"
)

// The load balancer loop. In a cloud it asks the provider for a machine that leads the world's connections to the nodes. Here
// there is no world and one machine: an address that the proxy redirects is a load balancer.
//
//	desired    every Service of type LoadBalancer and of no class has an address of the range
//	actual     status.loadBalancer
//	converge   give it the address that it asks for, or the first that no other has
//
// A service with a class belongs to whoever implements the class, and an address that somebody else gave is left alone. Who has
// which address stands in the services alone, so a deleted service leaves nothing to clean up, and needs no finalizer.

// LoadBalancerController gives addresses to Services of type LoadBalancer.
type LoadBalancerController struct {
	client    *client.Client
	services  *client.Informer[*api.Service]
	addresses netip.Prefix
	events    *client.Recorder
	log       *slog.Logger
	queue     *client.Queue
	// given is what the cache may not show yet. Of the one worker.
	given map[api.Key]netip.Addr
}

// NewLoadBalancerController subscribes to the Services of the shared caches.
func NewLoadBalancerController(c *client.Client, caches *Caches, addresses netip.Prefix, log *slog.Logger) *LoadBalancerController {
	l := &LoadBalancerController{
		client: c, services: caches.Services, addresses: addresses, events: client.NewRecorder(c, "service-controller", ""), log: log,
		queue: client.NewQueue("loadbalancer"), given: map[api.Key]netip.Addr{},
	}
	caches.Services.Enqueue(l.queue, func(svc *api.Service) []api.Key { return []api.Key{svc.Key()} })
	caches.Services.OnChange(func(old, now *api.Service, revision int64) {
		if old == nil || len(old.Status.LoadBalancer.Ingress) == 0 || now != nil && len(now.Status.LoadBalancer.Ingress) > 0 {
			return
		}
		for _, svc := range l.services.List("", nil) { // an address came free: somebody may wait for it
			if wantsLoadBalancer(svc) && len(svc.Status.LoadBalancer.Ingress) == 0 {
				l.queue.Add(svc.Key(), revision)
			}
		}
	})
	return l
}

// Run reconciles until ctx ends. One worker: two could give one address away twice.
func (l *LoadBalancerController) Run(ctx context.Context) error {
	if err := waitForSync(ctx, l.services); err != nil {
		return err
	}
	defer l.events.Flush()
	return l.queue.Run(ctx, 1, l.Reconcile, l.log)
}

// Reconcile gives the service that key names an address, if it wants one and has none.
func (l *LoadBalancerController) Reconcile(ctx context.Context, key api.Key) error {
	svc, ok := l.services.Get(key)
	if !ok || !wantsLoadBalancer(svc) || len(svc.Status.LoadBalancer.Ingress) > 0 {
		delete(l.given, key)
		return nil
	}
	l.events.Event(ctx, svc, api.EventTypeNormal, "EnsuringLoadBalancer", "Ensuring load balancer")
	address, err := planLoadBalancerAddress(l.addresses, svc.Spec.LoadBalancerIP, l.taken(key))
	if err != nil {
		l.events.Event(ctx, svc, api.EventTypeWarning, "SyncLoadBalancerFailed", "Error syncing load balancer: %v", err)
		return fmt.Errorf("give service %s an address: %w", key, err)
	}
	svc = api.DeepCopy(svc)
	svc.Status.LoadBalancer.Ingress = []api.LoadBalancerIngress{{IP: address.String(), IPMode: api.Ptr(api.LoadBalancerIPModeVIP)}}
	_, err = client.Of[*api.Service](l.client).UpdateStatus(client.Because(ctx, "a load balancer without an address: %s is free", address), svc)
	switch {
	case api.IsConflict(err), api.IsNotFound(err):
		return nil // it changed or went: its event brings us back
	case err != nil:
		return err
	}
	l.given[key] = address
	l.events.Event(ctx, svc, api.EventTypeNormal, "EnsuredLoadBalancer", "Ensured load balancer")
	return nil
}

// taken are the addresses of all other services.
func (l *LoadBalancerController) taken(but api.Key) map[netip.Addr]bool {
	taken := map[netip.Addr]bool{}
	for key, address := range l.given {
		taken[address] = key != but
	}
	for _, svc := range l.services.List("", nil) {
		for _, ingress := range svc.Status.LoadBalancer.Ingress {
			if a, err := netip.ParseAddr(ingress.IP); err == nil && svc.Key() != but {
				taken[a] = true
			}
		}
	}
	return taken
}

// wantsLoadBalancer tells whether a service is ours to give an address to.
func wantsLoadBalancer(svc *api.Service) bool {
	return svc.Spec.Type == api.ServiceTypeLoadBalancer && svc.Spec.LoadBalancerClass == nil && svc.DeletionTimestamp == nil
}

// planLoadBalancerAddress picks the address that is asked for, or the first of the range that is free. The first and the last
// of a range are no addresses of anybody.
func planLoadBalancerAddress(addresses netip.Prefix, asked string, taken map[netip.Addr]bool) (netip.Addr, error) {
	if asked != "" {
		a, err := netip.ParseAddr(asked)
		switch {
		case err != nil:
			return a, err
		case !addresses.Contains(a):
			return a, fmt.Errorf("spec.loadBalancerIP %s is not in the range of load balancers, %s", a, addresses)
		case taken[a]:
			return a, fmt.Errorf("spec.loadBalancerIP %s belongs to another service", a)
		}
		return a, nil
	}
	for a := addresses.Masked().Addr().Next(); addresses.Contains(a.Next()); a = a.Next() {
		if !taken[a] {
			return a, nil
		}
	}
	return netip.Addr{}, errors.New("all addresses of the range of load balancers are taken")
}
