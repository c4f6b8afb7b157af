package proxy

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/netip"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"kubelite/api"
	"kubelite/client"
	"kubelite/proxy/endpoints"
	"kubelite/proxy/nft"
)

// The proxy's loop, for one service:
//
//	desired    planService: what the rules should be, from the service and its EndpointSlices
//	actual     what the writer has put into the kernel
//	converge   write what differs, as one batch; then forget connections that lead to endpoints that are gone
//
// A change of pods or of policies concerns the rules of all policies at once; they have a key of their own.

// Config is what a proxy needs to run.
type Config struct {
	Client  *client.Client
	Logger  *slog.Logger
	Table   string // the name of its tables in the kernel, one for each cluster on the machine
	Network Network
	Healthz string // address that answers /healthz and /livez once the rules are in force; "": none
}

// Proxy writes the rules of one cluster.
type Proxy struct {
	cfg      Config
	log      *slog.Logger
	client   *client.Client
	services *client.Informer[*api.Service]
	slices   *client.Informer[*api.EndpointSlice]
	nodes    *client.Informer[*api.Node]
	pods     *client.Informer[*api.Pod]
	spaces   *client.Informer[*api.Namespace]
	policies *client.Informer[*api.NetworkPolicy]
	queue    *client.Queue // of services
	podQueue *client.Queue // of one key: whatever is planned from pods

	events *client.Recorder

	rules         *nft.Writer
	frames        *nft.Writer // of the bridge family; nil where IP rules see all packets
	loopback      *loopback
	health        health
	serviceHealth *serviceHealth

	mu    sync.Mutex
	shown map[api.Key]string // what the ledger was told of a service; guarded by mu
}

// workers is how many services are planned at once. They share batches: the more there are, the fewer batches.
const workers = 16

// Run keeps the rules up to date until ctx ends. The rules stay in force then: a proxy that is restarted must not cut
// anybody off. Clean removes them.
func Run(ctx context.Context, cfg Config) error {
	p := newProxy(cfg)
	group, ctx := errgroup.WithContext(ctx)
	for _, run := range []func(context.Context) error{p.services.Run, p.slices.Run, p.nodes.Run, p.pods.Run, p.spaces.Run, p.policies.Run} {
		group.Go(func() error { return run(ctx) })
	}
	group.Go(func() error { return p.run(ctx) })
	return group.Wait()
}

// Clean removes what proxies with this table have left in the kernel.
func Clean(table string) error {
	return errors.Join(nft.NewWriter(nft.IP, table).Remove(), nft.NewWriter(nft.Bridge, table).Remove())
}

// ours selects the services that are not left to another proxy, which the label would name, as kube-proxy does.
const ours = "!service.kubernetes.io/service-proxy-name"

func newProxy(cfg Config) *Proxy {
	p := &Proxy{
		cfg: cfg, log: cfg.Logger, client: cfg.Client,
		services: client.NewInformer[*api.Service](cfg.Client, client.InformerOptions{LabelSelector: ours}),
		slices:   client.NewInformer[*api.EndpointSlice](cfg.Client, client.InformerOptions{LabelSelector: "!" + api.LabelHeadlessService}),
		nodes:    client.NewInformer[*api.Node](cfg.Client, client.InformerOptions{}),
		pods:     client.NewInformer[*api.Pod](cfg.Client, client.InformerOptions{}),
		spaces:   client.NewInformer[*api.Namespace](cfg.Client, client.InformerOptions{}),
		policies: client.NewInformer[*api.NetworkPolicy](cfg.Client, client.InformerOptions{}),
		queue:    client.NewQueue("proxy"), podQueue: client.NewQueue("proxy-pods"),
		events: client.NewRecorder(cfg.Client, "kube-proxy", ""),
		rules:  nft.NewWriter(nft.IP, cfg.Table), loopback: newLoopback(cfg.Logger),
		shown: map[api.Key]string{},
	}
	p.serviceHealth = newServiceHealth(cfg.Network.Gateway, &p.health)
	if !cfg.Network.Bridged {
		p.frames = nft.NewWriter(nft.Bridge, cfg.Table)
	}
	p.slices.AddIndex(byService, func(slice *api.EndpointSlice) []string { return []string{slice.Service().String()} })
	p.services.Enqueue(p.queue, func(svc *api.Service) []api.Key { return []api.Key{svc.Key()} })
	p.slices.Enqueue(p.queue, func(slice *api.EndpointSlice) []api.Key { return []api.Key{slice.Service()} })
	p.nodes.OnChange(func(old, node *api.Node, revision int64) {
		if old != nil && node != nil && old.Spec.PodCIDR == node.Spec.PodCIDR && old.Labels[api.LabelZone] == node.Labels[api.LabelZone] {
			return // a heartbeat
		}
		for _, svc := range p.services.List("", nil) {
			p.queue.Add(svc.Key(), revision)
		}
	})
	p.pods.OnChange(func(old, pod *api.Pod, revision int64) {
		if concernsNetwork(old, pod) {
			p.podQueue.Add(allPods, revision)
		}
	})
	p.spaces.OnChange(func(_, _ *api.Namespace, revision int64) { p.podQueue.Add(allPods, revision) })
	p.policies.OnChange(func(_, _ *api.NetworkPolicy, revision int64) { p.podQueue.Add(allPods, revision) })
	return p
}

// byService is the index of slices by their service.
const byService = "service"

// allPods is the one key of podQueue.
var allPods = api.Key{Name: "all"}

// concernsNetwork tells changes of a pod that rules depend on from others, which are more.
func concernsNetwork(old, pod *api.Pod) bool {
	if old == nil || pod == nil {
		return true
	}
	return old.Status.PodIP != pod.Status.PodIP || old.Status.Phase != pod.Status.Phase || !maps.Equal(old.Labels, pod.Labels)
}

func (p *Proxy) run(ctx context.Context) error {
	for _, synced := range []func(context.Context) error{
		p.services.WaitForSync, p.slices.WaitForSync, p.nodes.WaitForSync, p.pods.WaitForSync, p.spaces.WaitForSync, p.policies.WaitForSync,
	} {
		if err := synced(ctx); err != nil {
			return nil // ctx has ended
		}
	}
	if err := p.health.wrote(allPods, time.Now(), p.first()); err != nil {
		return err
	}
	p.log.Info("rules are in force", "table", p.cfg.Table, "services", p.services.Len(), "bridge", p.cfg.Network.Bridge, "bridged", p.cfg.Network.Bridged)
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return p.queue.Run(ctx, workers, p.Reconcile, p.log) })
	group.Go(func() error { return p.podQueue.Run(ctx, 1, p.reconcilePods, p.log) })
	group.Go(func() error { return p.loopback.run(ctx) })
	group.Go(func() error { return p.serviceHealth.run(ctx) })
	group.Go(func() error { return prepareBridge(ctx, p.cfg.Network, p.log) })
	group.Go(func() error { return p.watchRemovals(ctx, p.rules) })
	if p.frames != nil {
		group.Go(func() error { return p.watchRemovals(ctx, p.frames) })
	}
	if p.cfg.Healthz != "" {
		group.Go(func() error { return p.health.serve(ctx, p.cfg.Healthz) })
	}
	return group.Wait()
}

// first writes all rules in one step, in place of what an earlier proxy left.
func (p *Proxy) first() error {
	fragments := map[string]nft.Fragment{"base": planBase(p.cfg.Network)}
	for _, svc := range p.services.List("", nil) {
		fragments[svc.Key().String()] = p.plan(svc, p.slicesOf(svc.Key()))
	}
	pods, policies := p.planPods()
	fragments["pods"], fragments["policies"] = pods, policies
	err := p.rules.Rebuild(fragments)
	if errors.Is(err, os.ErrPermission) {
		return fmt.Errorf("write packet rules: %w: the proxy's container was not given the capability NET_ADMIN over this machine's network; a Docker daemon without root, or a security profile, withholds it", err)
	}
	if err != nil {
		return fmt.Errorf("write packet rules: %w", err)
	}
	if p.frames == nil {
		return nil
	}
	// With no policies nothing would be asked of the kernel, so ask with a rule that needs what theirs need.
	if err := p.frames.Rebuild(map[string]nft.Fragment{"policies": planFrames(probe())}); err != nil {
		p.log.Warn("network policies are not enforced where one pod reaches another directly: this kernel neither shows bridged packets to IP rules (net.bridge.bridge-nf-call-iptables=1) nor tracks connections over bridges (nf_conntrack_bridge)", "error", err)
		p.frames = nil
		return nil
	}
	return p.frames.Rebuild(map[string]nft.Fragment{"policies": planFrames(policies)})
}

// probe is the least that policies need.
func probe() nft.Fragment {
	var f nft.Fragment
	f.AddChain("policies", nft.Rule{nft.IsReply{}, nft.Accept})
	return f
}

// slicesOf are the EndpointSlices of a service.
func (p *Proxy) slicesOf(service api.Key) []*api.EndpointSlice {
	return p.slices.ByIndex(byService, service.String())
}

func (p *Proxy) plan(svc *api.Service, endpointSlices []*api.EndpointSlice) nft.Fragment {
	nodes := map[string]nodePlace{}
	for _, node := range p.nodes.List("", nil) {
		if pods, err := netip.ParsePrefix(node.Spec.PodCIDR); err == nil {
			nodes[node.Name] = nodePlace{pods: pods, zone: node.Labels[api.LabelZone]}
		}
	}
	return planService(p.cfg.Network, svc, endpointSlices, nodes)
}

// Reconcile makes the rules in the kernel those of the service that key names.
func (p *Proxy) Reconcile(ctx context.Context, key api.Key) error {
	svc, ok := p.services.Get(key)
	if !ok {
		p.loopback.set(key, nil)
		_ = p.serviceHealth.set(key, 0, 0) // to close a port does not fail
		p.mu.Lock()
		delete(p.shown, key)
		p.mu.Unlock()
		return p.health.wrote(key, time.Now(), p.rules.Set(key.String(), nft.Fragment{}))
	}
	endpointSlices := p.slicesOf(key)
	fragment := p.plan(svc, endpointSlices)
	if err := p.health.wrote(key, time.Now(), p.rules.Set(key.String(), fragment)); err != nil {
		return fmt.Errorf("write the rules of service %s: %w", key, err)
	}
	p.loopback.set(key, frontsOf(p.cfg.Network, svc, endpointSlices))
	if err := forgetStale(p.cfg.Network, svc, endpointSlices); err != nil {
		p.log.Warn("connections to endpoints that are gone may linger", "service", key.String(), "error", err)
	}
	unanswered := p.serviceHealth.set(key, svc.Spec.HealthCheckNodePort, readyAddresses(endpointSlices))
	if unanswered != nil {
		p.events.Event(ctx, svc, api.EventTypeWarning, "FailedToStartServiceHealthcheck", "%v", unanswered)
	}
	return errors.Join(unanswered, p.show(ctx, svc, endpointSlices, fragment))
}

// show tells the ledger what was done, for those who ask why packets go where they go.
func (p *Proxy) show(ctx context.Context, svc *api.Service, endpointSlices []*api.EndpointSlice, fragment nft.Fragment) error {
	if !isRouted(svc) {
		return nil
	}
	text := nft.Text(nft.IP, p.cfg.Table, fragment)
	p.mu.Lock()
	same := p.shown[svc.Key()] == text
	p.shown[svc.Key()] = text
	p.mu.Unlock()
	if same {
		return nil
	}
	ready := map[netip.Addr]bool{}
	for i := range svc.Spec.Ports {
		for _, e := range endpoints.Of(&svc.Spec.Ports[i], endpointSlices) {
			ready[e.To.Addr()] = true
		}
	}
	reason := client.Because(ctx, "%d endpoints take connections: packets for %s are led to them", len(ready), svc.Spec.ClusterIP)
	if len(ready) == 0 {
		reason = client.Because(ctx, "no endpoint takes connections: packets for %s are refused", svc.Spec.ClusterIP)
	}
	return p.client.Decide(reason, svc, map[string]any{"rules": strings.Split(strings.TrimSpace(strings.ReplaceAll(text, "\t", "  ")), "\n")})
}

// reconcilePods makes the rules those of all pods and policies.
func (p *Proxy) reconcilePods(context.Context, api.Key) error {
	pods, policies := p.planPods()
	err := errors.Join(p.rules.Set("pods", pods), p.rules.Set("policies", policies))
	if p.frames != nil {
		err = errors.Join(err, p.frames.Set("policies", planFrames(policies)))
	}
	return p.health.wrote(allPods, time.Now(), err)
}

// planPods plans all that does not depend on services.
func (p *Proxy) planPods() (pods, policies nft.Fragment) {
	var onNetwork []*api.Pod
	var addresses []netip.Addr
	for _, pod := range p.pods.List("", nil) {
		if address, ok := addressOf(pod); ok {
			onNetwork, addresses = append(onNetwork, pod), append(addresses, address)
		}
	}
	return planHairpins(addresses), planPolicies(p.cfg.Network, p.policies.List("", nil), onNetwork, p.spaces.List("", nil))
}

// addressOf is the address that a pod has for itself, and while it has it.
func addressOf(pod *api.Pod) (netip.Addr, bool) {
	if pod.Spec.HostNetwork || pod.Status.Phase.Ended() {
		return netip.Addr{}, false
	}
	address, err := netip.ParseAddr(pod.Status.PodIP)
	return address, err == nil && address.Is4()
}

// watchRemovals puts back what other programs take out of our table.
func (p *Proxy) watchRemovals(ctx context.Context, w *nft.Writer) error {
	restore := make(chan bool, 1)
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		defer close(restore)
		return w.WatchRemovals(ctx, func(certain bool) {
			select {
			case restore <- certain:
			default: // it is going to look anyway
			}
		})
	})
	group.Go(func() error {
		for certain := range restore {
			// Whoever flushes tables flushes several: wait for the end, or the last one is restored too early.
			client.Wait(ctx, 20*time.Millisecond)
			if !certain {
				if complete, err := w.Complete(); err == nil && complete {
					continue
				}
			}
			p.log.Warn("somebody removed rules: writing them again", "table", p.cfg.Table)
			if err := w.Restore(); err != nil && ctx.Err() == nil {
				return err
			}
		}
		return nil
	})
	return group.Wait()
}

// frontsOf are the ports of a service that this machine has on loopback: those that lead somewhere, and the one that tells whether
// they do.
func frontsOf(n Network, svc *api.Service, endpointSlices []*api.EndpointSlice) []front {
	var all []front
	if number := uint16(svc.Spec.HealthCheckNodePort); number != 0 {
		all = append(all, front{localPort{api.ProtocolTCP, number}, netip.AddrPortFrom(n.Gateway, number)})
	}
	for i := range svc.Spec.Ports {
		port := &svc.Spec.Ports[i]
		if !isRouted(svc) || len(endpoints.Of(port, endpointSlices)) == 0 {
			continue
		}
		if port.NodePort != 0 {
			number := uint16(port.NodePort)
			all = append(all, front{localPort{port.Protocol, number}, netip.AddrPortFrom(n.Gateway, number)})
		}
		for _, address := range loadBalancerIPs(svc) {
			if n.isVirtual(address) {
				number := uint16(port.Port)
				all = append(all, front{localPort{port.Protocol, number}, netip.AddrPortFrom(address, number)})
			}
		}
	}
	return all
}
