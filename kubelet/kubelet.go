package kubelet

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"kubelite/api"
	"kubelite/client"
)

// Config is what a kubelet is told when it starts.
type Config struct {
	Client *client.Client
	Logger *slog.Logger

	NodeName string
	NodeIP   string            // where the node and its host-network pods are reached
	PodCIDR  string            // the range that the Node is registered with; "": the control plane gives it one
	Labels   map[string]string // of the Node, beside the standard ones
	Version  string            // that the Node shows: the API server's, "v1.36.3"
	MaxPods  int               // 110 unless set

	// Fleet is what the kubelet shares with others of its process; nil: it is alone.
	Fleet *Fleet

	Runtime Runtime
	RootDir string // volumes and other files of pods live below it

	// ManifestDir holds the manifests of static pods; "manifests" below RootDir unless set.
	ManifestDir string

	// Listen is the address of the HTTPS server. Only callers with a certificate signed by ClientCA get in.
	Listen                            string
	ServingCert, ServingKey, ClientCA string // files

	ClusterDNS    []string // name servers of pods; none: pods ask what the machine asks
	ClusterDomain string   // "cluster.local" unless set
}

// Kubelet is one node's agent. Run makes it.
type Kubelet struct {
	cfg      Config
	log      *slog.Logger
	client   *client.Client
	runtime  Runtime
	info     RuntimeInfo
	recorder *client.Recorder
	pods     podSource
	services serviceSource
	objects  objectReader
	looks    *looks
	tokens   *tokenCache
	prober   *prober
	rates    usageRates
	fetched  *fetchedImages

	// running ends when the kubelet does. It is kept here for what outlives the call that began it: probes, timers.
	running        context.Context
	working        sync.WaitGroup           // workers and probes
	pullSlots      chan struct{}            // one for each image pull at a time
	apiSlots       chan struct{}            // one for each write of a worker at a time
	manifestPeriod time.Duration            // how often the folder of static pods is looked at
	relistPeriod   time.Duration            // how often the whole runtime is
	listener       net.Listener             // of the server; nil without one
	node           atomic.Pointer[api.Node] // as the API had it last
	// lookAtNode tells a kubelet of a fleet that its node has got its range of addresses; others look for themselves.
	lookAtNode chan struct{}

	giving         sync.Mutex // held while a pod is given something of the node; taken before mu
	mu             sync.Mutex
	workers        map[api.UID]*podWorker // guarded by mu
	podCIDR        string                 // the range that the runtime was told, "" before; guarded by mu
	networkFailure error                  // why pods get no addresses; guarded by mu
	// pressure has, for what the machine is short of, when it last was; guarded by mu
	pressure map[api.NodeConditionType]time.Time
}

// Timing of the kubelet's own loops, all as upstream has them but the last: Docker tells us of changes itself, so
// looking again is only for what it forgot to tell.
const (
	heartbeatPeriod    = 10 * time.Second
	statusReportPeriod = 5 * time.Minute
	leaseDuration      = 40 * time.Second
	relistPeriod       = 5 * time.Second
)

// maxPulls bounds the images that are fetched at the same time, maxWrites the writes to the API: a thousand pods that
// start at once must not open a thousand connections.
const (
	maxPulls  = 3
	maxWrites = 16
)

// Run is a kubelet's life. It returns when ctx ends, with the node's containers left running: the next kubelet finds
// them again.
func Run(ctx context.Context, cfg Config) error {
	k, err := newKubelet(ctx, cfg)
	if err != nil {
		return err
	}
	if err := k.listenForServer(); err != nil {
		return err
	}
	if k.listener != nil {
		defer k.listener.Close() // the server has closed it already, if it came so far
	}
	stopped := ctx // and ctx, from here on, also ends when a part of us fails: that is no good end
	g, ctx := errgroup.WithContext(ctx)
	k.running = ctx
	defer k.working.Wait()

	// Step 1: know the machine, and make the node known.
	if err := k.waitForRuntime(ctx); err != nil {
		return endOf(stopped, err)
	}
	if err := k.register(ctx); err != nil {
		return endOf(stopped, err)
	}
	// Step 2: keep saying that we are here; answer who asks for logs.
	g.Go(func() error { return k.heartbeat(ctx) })
	g.Go(func() error { return k.renewLease(ctx) })
	g.Go(func() error { return k.serve(ctx) })

	// Step 3: learn which pods are ours. Each gets a worker. Services first: containers get their addresses.
	k.pods.OnChange(func(old, pod *api.Pod, revision int64) { k.podChanged(ctx, old, pod, revision) })
	g.Go(func() error { return k.services.Run(ctx) })
	if k.services.WaitForSync(ctx) != nil { // ctx has ended
		return endOf(stopped, g.Wait())
	}
	g.Go(func() error { return k.pods.Run(ctx) })
	if k.pods.WaitForSync(ctx) != nil { // ctx has ended
		return endOf(stopped, g.Wait())
	}
	static := map[string]*api.Pod{}
	k.readManifests(ctx, static) // before the first relist, which would take their containers for leftovers
	g.Go(func() error { return k.readManifestsForever(ctx, static) })
	k.log.Info("kubelet runs", "node", cfg.NodeName, "runtime", k.info.Name, "version", cfg.Version)

	// Step 4: learn what happens inside of them. The first relist also finds the pods that were deleted while we
	// were away.
	g.Go(func() error { return k.listen(ctx) })
	g.Go(func() error { return k.relistForever(ctx) })
	g.Go(func() error { return k.refreshForever(ctx) })
	g.Go(func() error { return k.evictForever(ctx) })
	g.Go(func() error { return k.collectImagesForever(ctx) })
	return endOf(stopped, g.Wait())
}

// endOf turns the end of a context into a good end.
func endOf(ctx context.Context, err error) error {
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return nil
	}
	return err
}

func newKubelet(ctx context.Context, cfg Config) (*Kubelet, error) {
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.MaxPods == 0 {
		cfg.MaxPods = 110
	}
	if cfg.ClusterDomain == "" {
		cfg.ClusterDomain = "cluster.local"
	}
	root, err := filepath.Abs(cfg.RootDir)
	if err != nil {
		return nil, err
	}
	cfg.RootDir = root
	if cfg.ManifestDir == "" {
		cfg.ManifestDir = filepath.Join(root, "manifests")
	}
	if err := os.MkdirAll(filepath.Join(root, "pods"), 0o755); err != nil {
		return nil, fmt.Errorf("make the kubelet's directory: %w", err)
	}
	fetched, err := openFetchedImages(fetchedImagesFile(root))
	if err != nil {
		return nil, err
	}
	k := &Kubelet{
		cfg: cfg, log: cfg.Logger, client: cfg.Client, runtime: cfg.Runtime, running: ctx,
		recorder:       client.NewRecorder(cfg.Client, "kubelet", cfg.NodeName),
		objects:        objectReader{cfg.Client},
		looks:          newLooks(cfg.Client),
		tokens:         &tokenCache{client: cfg.Client, issued: map[api.UID][]issuedToken{}},
		fetched:        fetched,
		pullSlots:      make(chan struct{}, maxPulls),
		apiSlots:       make(chan struct{}, maxWrites),
		manifestPeriod: manifestPeriod,
		relistPeriod:   relistPeriod,
		workers:        map[api.UID]*podWorker{},
		pressure:       map[api.NodeConditionType]time.Time{},

		networkFailure: errNoPodCIDR,
		lookAtNode:     make(chan struct{}, 1),
	}
	k.prober = newProber(k)
	if cfg.Fleet != nil {
		cfg.Fleet.join(k)
		return k, nil
	}
	k.pods = client.NewInformer[*api.Pod](cfg.Client, client.InformerOptions{FieldSelector: "spec.nodeName=" + cfg.NodeName})
	k.services = client.NewInformer[*api.Service](cfg.Client, client.InformerOptions{})
	return k, nil
}

// waitForRuntime asks the runtime about itself until it answers: the daemon may start after us.
func (k *Kubelet) waitForRuntime(ctx context.Context) error {
	for {
		info, err := k.runtime.Info(ctx)
		if err == nil {
			k.info = info
			return nil
		}
		k.log.Warn("container runtime does not answer", "error", err)
		if !client.Wait(ctx, time.Second) {
			return ctx.Err()
		}
	}
}

// podChanged hands news from the API to the pod's worker.
func (k *Kubelet) podChanged(ctx context.Context, old, pod *api.Pod, revision int64) {
	if either := cmp.Or(pod, old); isMirror(either) {
		k.mirrorChanged(ctx, either, pod == nil, revision)
		return
	}
	if old != nil && (pod == nil || pod.UID != old.UID) {
		k.worker(old.UID).update(ctx, old, true, revision)
	}
	if pod != nil {
		k.worker(pod.UID).update(ctx, pod, false, revision)
	}
	if old != nil && !old.Status.Phase.Ended() && (pod == nil || pod.Status.Phase.Ended()) { // what it had is free now
		k.retryResizes(ctx)
	}
}

// worker returns the pod's worker, a new one for a new pod.
func (k *Kubelet) worker(uid api.UID) *podWorker {
	k.mu.Lock()
	defer k.mu.Unlock()
	w := k.workers[uid]
	if w == nil {
		w = &podWorker{k: k, uid: uid, waiting: map[string]waitingReason{}, backoffs: map[string]backoff{}, pulls: map[string]pull{}, answers: make(chan struct{}, 1)}
		k.workers[uid] = w
	}
	return w
}

// forget drops the worker of a pod of which nothing is left.
func (k *Kubelet) forget(w *podWorker) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.workers, w.uid)
}
