package controllers

import (
	"context"
	"log/slog"
	"net/netip"
	"slices"
	"time"

	"kubelite/api"
	"kubelite/client"
)

// The loop of the ranges that services get their addresses from.
//
//	desired    a ServiceCIDR is Ready; one that is deleted stays until no service depends on it
//	actual     the ranges, and the IPAddresses that the API server keeps for services
//	converge   add the finalizer, report Ready; when it is deleted, report Ready=False while there are addresses that no other
//	           range has, then take the finalizer away
//
// The API server allocates from ranges that are Ready and not being deleted (apiserver/service_range.go).

const (
	serviceCIDRFinalizer = "networking.k8s.io/service-cidr-finalizer"
	ipAllocatorName      = "ipallocator.k8s.io" // who keeps the IPAddresses of services
)

// ofServices selects the addresses that services hold.
var ofServices = api.SelectorFromSet(map[string]string{api.LabelIPAddressManagedBy: ipAllocatorName})

// serviceCIDRGrace is how long a deleted range stays even if nothing is in it: an API server that has not heard of the deletion
// may still be giving an address away.
const serviceCIDRGrace = 10 * time.Second

// ServiceCIDRController reports which ranges are ready, and keeps those in use.
type ServiceCIDRController struct {
	client    *client.Client
	cidrs     *client.Informer[*api.ServiceCIDR]
	addresses *client.Informer[*api.IPAddress]
	log       *slog.Logger
	queue     *client.Queue
}

// NewServiceCIDRController subscribes to ranges and to addresses. Keys are ranges.
func NewServiceCIDRController(c *client.Client, caches *Caches, log *slog.Logger) *ServiceCIDRController {
	s := &ServiceCIDRController{client: c, cidrs: caches.ServiceCIDRs, addresses: caches.IPAddresses, log: log, queue: client.NewQueue("servicecidrs")}
	caches.ServiceCIDRs.Enqueue(s.queue, func(cidr *api.ServiceCIDR) []api.Key {
		keys := []api.Key{cidr.Key()}
		for _, other := range caches.ServiceCIDRs.List("", nil) { // one that goes may wait for one that comes
			if other.DeletionTimestamp != nil && other.Name != cidr.Name {
				keys = append(keys, other.Key())
			}
		}
		return keys
	})
	caches.IPAddresses.OnChange(func(_, now *api.IPAddress, revision int64) {
		if now != nil {
			return // a range waits for addresses to go
		}
		for _, cidr := range caches.ServiceCIDRs.List("", nil) {
			if cidr.DeletionTimestamp != nil {
				s.queue.Add(cidr.Key(), revision)
			}
		}
	})
	return s
}

// Run reconciles until ctx ends.
func (s *ServiceCIDRController) Run(ctx context.Context) error {
	if err := waitForSync(ctx, s.cidrs, s.addresses); err != nil {
		return err
	}
	return s.queue.Run(ctx, 1, s.Reconcile, s.log)
}

// Reconcile reports how the range that key names is, and lets a deleted one go when it is free.
func (s *ServiceCIDRController) Reconcile(ctx context.Context, key api.Key) error {
	cidr, ok := s.cidrs.Get(key)
	if !ok {
		return nil
	}
	if cidr.DeletionTimestamp == nil {
		if !slices.Contains(cidr.Finalizers, serviceCIDRFinalizer) {
			ctx = client.Because(ctx, "range %s has no finalizer: add it", key.Name)
			return setFinalizer(ctx, s.client, cidr, serviceCIDRFinalizer, true) // that event queues it again
		}
		return s.report(ctx, cidr, api.ConditionTrue, "", "Kubernetes Service CIDR is ready")
	}
	if address, inUse := onlyIn(cidr, s.cidrs.List("", nil), s.addresses.List("", ofServices)); inUse {
		ctx = client.Because(ctx, "range %s is deleted, and a service has %s of it: wait", key.Name, address)
		return s.report(ctx, cidr, api.ConditionFalse, "Terminating", "There are still IPAddresses referencing the ServiceCIDR, please remove them or create a new ServiceCIDR")
	}
	if wait := serviceCIDRGrace - time.Since(cidr.DeletionTimestamp.Time); wait > 0 {
		s.queue.PutOff(ctx, key, wait, "an address may just be given away")
		return nil
	}
	return setFinalizer(client.Because(ctx, "range %s is deleted, and no service needs it: let it go", key.Name), s.client, cidr, serviceCIDRFinalizer, false)
}

// report writes the condition, if it says something new.
func (s *ServiceCIDRController) report(ctx context.Context, cidr *api.ServiceCIDR, status api.ConditionStatus, reason, message string) error {
	is := func(c api.Condition) bool { return c.Type == api.ServiceCIDRReady }
	i := slices.IndexFunc(cidr.Status.Conditions, is)
	if i >= 0 {
		if c := cidr.Status.Conditions[i]; c.Status == status && c.Reason == reason && c.Message == message {
			return nil
		}
	}
	changed := api.DeepCopy(cidr)
	changed.Status.Conditions = append(slices.DeleteFunc(changed.Status.Conditions, is), api.Condition{
		Type: api.ServiceCIDRReady, Status: status, Reason: reason, Message: message, LastTransitionTime: api.Now(),
	})
	if status == api.ConditionTrue {
		ctx = client.Because(ctx, "range %s has its finalizer: it is ready", cidr.Name)
	}
	_, err := client.Of[*api.ServiceCIDR](s.client).UpdateStatus(ctx, changed)
	if api.IsConflict(err) || api.IsNotFound(err) {
		return nil // the event of that change queues the range again
	}
	return err
}

// onlyIn finds an address that would be in no range if this one were gone. A range whose blocks are all inside of others is
// needed by nobody.
func onlyIn(cidr *api.ServiceCIDR, cidrs []*api.ServiceCIDR, addresses []*api.IPAddress) (address string, inUse bool) {
	elsewhere := func(has func(block netip.Prefix) bool) bool {
		return slices.ContainsFunc(cidrs, func(other *api.ServiceCIDR) bool {
			return other.Name != cidr.Name && slices.ContainsFunc(prefixes(other), has)
		})
	}
	own := prefixes(cidr)
	if !slices.ContainsFunc(own, func(block netip.Prefix) bool {
		return !elsewhere(func(other netip.Prefix) bool { return other.Bits() <= block.Bits() && other.Contains(block.Addr()) })
	}) {
		return "", false
	}
	for _, obj := range addresses {
		ip, err := netip.ParseAddr(obj.Name)
		if err != nil {
			continue // validation lets no such name through
		}
		has := func(block netip.Prefix) bool { return block.Contains(ip) }
		if slices.ContainsFunc(own, has) && !elsewhere(has) {
			return obj.Name, true
		}
	}
	return "", false
}

func prefixes(cidr *api.ServiceCIDR) (list []netip.Prefix) {
	for _, text := range cidr.Spec.CIDRs {
		if block, err := netip.ParsePrefix(text); err == nil {
			list = append(list, block)
		}
	}
	return list
}
