package kubelet

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"kubelite/api"
	"kubelite/client"
)

// Fleet is what many kubelets in one process share, so that thousands of simulated nodes cost little: one watch of all
// pods that have a node, handed on to the kubelet of that node, one of the Services, one of the Nodes, and one HTTPS
// server.
//
//	API server ──one watch──▶ Fleet ──▶ kubelet of n1
//	                            ├─────▶ kubelet of n2
//	                            └─────▶ ...
//
// A real kubelet may see the pods of its own node only, and watches these. Who runs a fleet must be allowed to see all.
type Fleet struct {
	pods     *client.Informer[*api.Pod]
	services *client.Informer[*api.Service]
	nodes    *client.Informer[*api.Node]
	looks    *looks        // at what pods mount
	port     int32         // of the server that answers for all
	apiSlots chan struct{} // one for each write about a pod at a time, of all nodes together: Leases must not wait behind them

	mu       sync.Mutex
	kubelets map[string]*Kubelet                                // by node; guarded by mu
	handlers map[string]func(old, pod *api.Pod, revision int64) // by node; guarded by mu
}

const (
	byNode         = "node"
	maxFleetWrites = FleetConnections / 2
	// FleetConnections are enough to keep an API server busy, and all kubelets of a fleet share them. With more it would do
	// hardly more, but requests would wait in the server, and those of everybody else among them.
	FleetConnections = 48
	// fleetManifestPeriod is upstream's figure, for folders that hardly anybody fills.
	fleetManifestPeriod = 20 * time.Second
	// fleetRelistPeriod is long, since a simulated runtime does not forget to tell.
	fleetRelistPeriod = time.Minute
)

// NewFleet makes a fleet whose server listens on this port of its nodes' address.
func NewFleet(c *client.Client, port int32) *Fleet {
	f := &Fleet{
		pods:     client.NewInformer[*api.Pod](c, client.InformerOptions{FieldSelector: "spec.nodeName!="}),
		services: client.NewInformer[*api.Service](c, client.InformerOptions{}),
		nodes:    client.NewInformer[*api.Node](c, client.InformerOptions{}),
		looks:    newLooks(c),
		port:     port, apiSlots: make(chan struct{}, maxFleetWrites), kubelets: map[string]*Kubelet{}, handlers: map[string]func(old, pod *api.Pod, revision int64){},
	}
	f.pods.AddIndex(byNode, func(pod *api.Pod) []string { return []string{pod.Spec.NodeName} })
	f.pods.OnChange(func(old, pod *api.Pod, revision int64) {
		name := ""
		if pod != nil {
			name = pod.Spec.NodeName
		} else {
			name = old.Spec.NodeName
		}
		f.mu.Lock()
		defer f.mu.Unlock()
		if handle := f.handlers[name]; handle != nil {
			handle(old, pod, revision)
		}
	})
	f.nodes.OnChange(func(old, node *api.Node, _ int64) {
		if node == nil || node.Spec.PodCIDR == "" || old != nil && old.Spec.PodCIDR != "" {
			return
		}
		f.mu.Lock()
		k := f.kubelets[node.Name]
		f.mu.Unlock()
		if k != nil {
			select {
			case k.lookAtNode <- struct{}{}:
			default: // it is going to look anyway
			}
		}
	})
	return f
}

// Run keeps the shared copies up to date and answers on the listener until ctx ends. The files are those of a kubelet's
// server.
func (f *Fleet) Run(ctx context.Context, l net.Listener, certFile, keyFile, clientCA string) error {
	tlsConfig, err := serverTLS(certFile, keyFile, clientCA)
	if err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return serveTLS(ctx, l, tlsConfig, f) })
	g.Go(func() error { return f.services.Run(ctx) })
	g.Go(func() error { return f.nodes.Run(ctx) })
	g.Go(func() error { return f.pods.Run(ctx) })
	return g.Wait()
}

// ServeHTTP answers for the kubelet that the request is for.
func (f *Fleet) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	k, err := f.kubeletFor(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusNotFound)
		return
	}
	k.Handler().ServeHTTP(w, r)
}

// kubeletFor finds the kubelet that a request is for: the one through whose node's proxy it came, or that of the pod which the path
// names, such as /containerLogs/NAMESPACE/POD/... or /exec/NAMESPACE/POD/...
func (f *Fleet) kubeletFor(r *http.Request) (*Kubelet, error) {
	node := proxiedNode(r)
	if node == "" {
		parts := strings.SplitN(r.URL.Path, "/", 5)
		if len(parts) < 4 {
			return nil, errors.New("this server answers for many nodes: only paths that name a pod are known, or what came through a node's proxy")
		}
		pod, ok := f.pods.Get(api.Key{Namespace: parts[2], Name: parts[3]})
		if !ok {
			return nil, errors.New("pod does not exist")
		}
		node = pod.Spec.NodeName
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	k := f.kubelets[node]
	if k == nil {
		return nil, fmt.Errorf("node %q is not one of ours", node)
	}
	return k, nil
}

// proxiedNode is the node of a request that came through /api/v1/nodes/NODE/proxy/..., "" of another. The API server says in the
// header what it was asked for, as upstream's does.
func proxiedNode(r *http.Request) string {
	rest, ok := strings.CutPrefix(r.Header.Get("X-Forwarded-Uri"), "/api/v1/nodes/")
	if !ok {
		return ""
	}
	asked, _, _ := strings.Cut(rest, "/")
	_, node, _, _ := api.SplitSchemeNamePort(asked) // the API server has understood it
	return node
}

// podSource is where a kubelet learns which pods are its own: an informer, or its part of a fleet's.
type podSource interface {
	OnChange(fn func(old, pod *api.Pod, revision int64))
	Run(ctx context.Context) error
	WaitForSync(ctx context.Context) error
	Get(key api.Key) (*api.Pod, bool)
	List(namespace string, selector api.Selector) []*api.Pod
}

// serviceSource is where a kubelet learns of Services.
type serviceSource interface {
	Run(ctx context.Context) error
	WaitForSync(ctx context.Context) error
	List(namespace string, selector api.Selector) []*api.Service
}

// fleetPods is one node's part of a fleet's pods.
type fleetPods struct {
	fleet  *Fleet
	node   string
	handle func(old, pod *api.Pod, revision int64)
}

func (p *fleetPods) OnChange(fn func(old, pod *api.Pod, revision int64)) { p.handle = fn }

// Run hands over the pods that are there, and every change from then on.
func (p *fleetPods) Run(ctx context.Context) error {
	if err := p.fleet.pods.WaitForSync(ctx); err != nil {
		return nil // ctx has ended
	}
	p.fleet.mu.Lock() // an event that comes meanwhile waits, and says again what is known by then: no harm
	for _, pod := range p.fleet.pods.ByIndex(byNode, p.node) {
		p.handle(nil, pod, 0)
	}
	p.fleet.handlers[p.node] = p.handle
	p.fleet.mu.Unlock()
	<-ctx.Done()
	p.fleet.mu.Lock()
	defer p.fleet.mu.Unlock()
	delete(p.fleet.handlers, p.node)
	return nil
}

func (p *fleetPods) WaitForSync(ctx context.Context) error { return p.fleet.pods.WaitForSync(ctx) }

func (p *fleetPods) Get(key api.Key) (*api.Pod, bool) {
	pod, ok := p.fleet.pods.Get(key)
	if !ok || pod.Spec.NodeName != p.node {
		return nil, false
	}
	return pod, true
}

func (p *fleetPods) List(string, api.Selector) []*api.Pod {
	return p.fleet.pods.ByIndex(byNode, p.node)
}

// fleetServices are a fleet's Services, which the fleet runs.
type fleetServices struct{ *client.Informer[*api.Service] }

func (fleetServices) Run(ctx context.Context) error {
	<-ctx.Done()
	return nil
}

// join makes the kubelet one of the fleet.
func (f *Fleet) join(k *Kubelet) {
	k.apiSlots, k.manifestPeriod, k.relistPeriod = f.apiSlots, fleetManifestPeriod, fleetRelistPeriod
	k.looks = f.looks
	k.pods, k.services = &fleetPods{fleet: f, node: k.cfg.NodeName}, fleetServices{f.services}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.kubelets[k.cfg.NodeName] = k
}
