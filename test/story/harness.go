package story

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"kubelite/api"
	"kubelite/api/tokens"
	"kubelite/apiserver"
	"kubelite/client"
	"kubelite/cluster"
	"kubelite/controllers"
	"kubelite/kubelet"
	"kubelite/kubelet/simulated"
	"kubelite/store"
)

// Harness is a cluster for one test. It ends with the test, and with a look at what its controllers did, and why: see invariants.go and chains.go.
type Harness struct {
	T      *testing.T
	Ctx    context.Context
	Client *client.Client // an administrator

	dir   string
	pki   *cluster.PKI
	url   string
	log   *slog.Logger
	nodes map[string]context.CancelFunc
	store store.Store

	stopControllers context.CancelFunc
	options         []func(*controllers.Config)
	stopped         []string                      // the control loops that are switched off; see components.go
	components      map[string]context.CancelFunc // the scheduler, and controllers that run without these loops
	wg              sync.WaitGroup
}

// Start brings a cluster up with nodes n1, n2, ... and returns when all of them are Ready. Options change how the
// controllers run.
func Start(t *testing.T, nodes int, options ...func(*controllers.Config)) *Harness {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	h := &Harness{T: t, Ctx: ctx, dir: t.TempDir(), nodes: map[string]context.CancelFunc{}, options: options, components: map[string]context.CancelFunc{}, log: slog.New(slog.NewTextHandler(logWriter(t), nil))}
	t.Cleanup(func() {
		h.checkInvariants()
		h.checkChains()
		cancel()
		h.wg.Wait()
	})
	var err error
	h.pki, err = cluster.NewPKI(h.dir)
	require.NoError(t, err)
	loopback := []net.IP{net.IPv4(127, 0, 0, 1)}
	require.NoError(t, h.pki.Server("apiserver", "kube-apiserver", []string{"localhost"}, loopback))
	require.NoError(t, h.pki.SigningKey("sa"))
	require.NoError(t, h.pki.Client("kubelet-client", "kube-apiserver-kubelet-client", "system:masters"))

	h.startAPIServer()
	h.Client = h.As("kubernetes-admin", "system:masters")
	h.drawLateWatches()
	h.stopControllers = h.runToEnd("controllers", h.controllers(h.As("system:kube-controller-manager"), options...))
	for i := range nodes {
		h.StartNode(fmt.Sprintf("n%d", i+1))
	}
	h.Eventually(h.NodesReady(nodes))
	h.startScheduler() // so that it knows all of them when the first pod comes
	return h
}

// controllers is that component, with a client of its own.
func (h *Harness) controllers(c *client.Client, options ...func(*controllers.Config)) func(context.Context) error {
	return func(ctx context.Context) error {
		ca, err := os.ReadFile(h.pki.CertFile("ca"))
		if err != nil {
			return err
		}
		key, err := os.ReadFile(h.pki.KeyFile("ca"))
		if err != nil {
			return err
		}
		tokenKey, err := tokens.LoadKey("", h.pki.KeyFile("sa"))
		if err != nil {
			return err
		}
		cfg := controllers.Config{SigningKey: key, TokenKey: tokenKey, Client: c, Logger: h.log, RootCA: ca, VolumeDir: h.volumeDir(), ClusterCIDRs: []netip.Prefix{netip.MustParsePrefix("10.244.0.0/16")}}
		for _, option := range options {
			option(&cfg)
		}
		return controllers.Run(ctx, cfg)
	}
}

func (h *Harness) volumeDir() string { return filepath.Join(h.dir, "volumes") }

// logWriter is where components' logs go: stderr with -v, nowhere without. testing's own log may not be written to after
// the test, and goroutines end a little later.
func logWriter(*testing.T) io.Writer {
	if testing.Verbose() {
		return os.Stderr
	}
	return io.Discard
}

func (h *Harness) startAPIServer() {
	h.T.Helper()
	db, err := store.Open(filepath.Join(h.dir, "store"), store.Options{})
	require.NoError(h.T, err)
	h.store = db
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(h.T, err)
	address := l.Addr().String()
	require.NoError(h.T, l.Close())
	h.url = "https://" + address
	server, err := apiserver.New(apiserver.Config{
		Store: db, Listen: []string{address}, Logger: h.log, Version: api.KubernetesVersion, CompactionInterval: time.Hour, // the whole history is looked at in the end
		CertFile: h.pki.CertFile("apiserver"), KeyFile: h.pki.KeyFile("apiserver"), ClientCAFile: h.pki.CertFile("ca"),
		ServiceAccountKeyFile: h.pki.KeyFile("sa"),
		KubeletClientCertFile: h.pki.CertFile("kubelet-client"), KubeletClientKeyFile: h.pki.KeyFile("kubelet-client"), KubeletCAFile: h.pki.CertFile("ca"),
	})
	require.NoError(h.T, err)
	h.run("apiserver", func(ctx context.Context) error { return errors.Join(server.Run(ctx), db.Close()) })
}

// run runs a component until the test ends.
func (h *Harness) run(name string, component func(ctx context.Context) error) context.CancelFunc {
	ctx, cancel := context.WithCancel(h.Ctx)
	h.wg.Go(func() {
		if err := component(ctx); err != nil && !errors.Is(err, context.Canceled) && h.Ctx.Err() == nil {
			h.T.Errorf("%s ended: %v", name, err)
		}
	})
	return cancel
}

// As returns a client with a certificate for the given user and groups.
func (h *Harness) As(user string, groups ...string) *client.Client {
	h.T.Helper()
	name := "client-" + fmt.Sprintf("%x", user)
	require.NoError(h.T, h.pki.Client(name, user, groups...))
	read := func(file string) []byte {
		b, err := os.ReadFile(file)
		require.NoError(h.T, err)
		return b
	}
	c, err := client.New(&client.Config{
		Server: h.url, CAData: read(h.pki.CertFile("ca")), CertData: read(h.pki.CertFile(name)), KeyData: read(h.pki.KeyFile(name)), Agent: user,
	})
	require.NoError(h.T, err)
	return c
}

// Kubeconfig is a file by which other programs reach the cluster as an administrator.
func (h *Harness) Kubeconfig() string {
	h.T.Helper()
	user := "client-" + fmt.Sprintf("%x", "kubernetes-admin")
	file := filepath.Join(h.dir, "admin.kubeconfig")
	require.NoError(h.T, client.WriteKubeconfig(file, map[string]any{
		"apiVersion": "v1", "kind": "Config", "current-context": "story",
		"clusters": []any{map[string]any{"name": "story", "cluster": map[string]any{"server": h.url, "certificate-authority": h.pki.CertFile("ca")}}},
		"users":    []any{map[string]any{"name": "admin", "user": map[string]any{"client-certificate": h.pki.CertFile(user), "client-key": h.pki.KeyFile(user)}}},
		"contexts": []any{map[string]any{"name": "story", "context": map[string]any{"cluster": "story", "user": "admin"}}},
	}))
	return file
}

// StartNode adds a simulated node.
func (h *Harness) StartNode(name string) {
	h.T.Helper()
	require.NoError(h.T, h.pki.Server("node-"+name, "system:node:"+name, []string{name}, []net.IP{net.IPv4(127, 0, 0, 1)}))
	runtime, err := simulated.New(simulated.Config{})
	require.NoError(h.T, err)
	c := h.As("system:node:"+name, "system:nodes")
	h.nodes[name] = h.run("kubelet "+name, func(ctx context.Context) error {
		return kubelet.Run(ctx, kubelet.Config{
			Client: c, Logger: h.log, NodeName: name, NodeIP: "127.0.0.1", Runtime: runtime,
			RootDir: filepath.Join(h.dir, name), Listen: "127.0.0.1:0", Version: api.KubernetesVersion,
			ServingCert: h.pki.CertFile("node-" + name), ServingKey: h.pki.KeyFile("node-" + name), ClientCA: h.pki.CertFile("ca"),
		})
	})
}

// KillNode ends a node's kubelet.
func (h *Harness) KillNode(name string) { h.nodes[name]() }

// Apply creates an object, or replaces the spec of the one that is there.
func Apply[T api.Object](h *Harness, obj T) T {
	h.T.Helper()
	meta := obj.GetObjectMeta()
	if meta.Namespace == "" && api.KindFor(obj).Namespaced {
		meta.Namespace = "default"
	}
	resource := client.Of[T](h.Client)
	created, err := resource.Create(h.Ctx, obj)
	for api.IsAlreadyExists(err) || api.IsConflict(err) { // a conflict: a controller wrote the status meanwhile
		var old T
		old, err = resource.Get(h.Ctx, meta.Namespace, meta.Name)
		require.NoError(h.T, err)
		meta.ResourceVersion = old.GetObjectMeta().ResourceVersion
		created, err = resource.Update(h.Ctx, obj)
	}
	require.NoError(h.T, err)
	return created
}

// Pods lists the pods of the default namespace that a label selector matches, less those that are ending.
func (h *Harness) Pods(selector string) []*api.Pod {
	h.T.Helper()
	page, err := client.Of[*api.Pod](h.Client).List(h.Ctx, "default", client.ListOptions{LabelSelector: selector})
	require.NoError(h.T, err)
	return slices.DeleteFunc(page.Items, func(p *api.Pod) bool { return p.DeletionTimestamp != nil })
}

// A Check returns nil when what it waits for is there, else what is missing.
type Check func() error

// Eventually waits for a check, a minute at most.
func (h *Harness) Eventually(check Check) {
	h.T.Helper()
	deadline := time.Now().Add(time.Minute)
	for {
		err := check()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			require.NoError(h.T, err, "never came to be")
		}
		time.Sleep(10 * time.Millisecond) // between two looks at what nobody can tell us of
	}
}

// NodesReady checks that so many nodes are Ready and take pods.
func (h *Harness) NodesReady(want int) Check {
	return func() error {
		page, err := client.Of[*api.Node](h.Client).List(h.Ctx, "", client.ListOptions{})
		if err != nil {
			return err
		}
		ready := 0
		for _, n := range page.Items {
			isNew := slices.ContainsFunc(n.Spec.Taints, func(t api.Taint) bool { return t.Key == "node.kubernetes.io/not-ready" })
			if !isNew && slices.ContainsFunc(n.Status.Conditions, func(c api.NodeCondition) bool { return c.Type == api.NodeReady && c.Status == api.ConditionTrue }) {
				ready++
			}
		}
		return equal("ready nodes", want, ready)
	}
}

// PodsReady checks that exactly so many pods match a selector, and that all of them are ready.
func (h *Harness) PodsReady(selector string, want int) Check {
	return func() error {
		pods := h.Pods(selector)
		ready := 0
		for _, p := range pods {
			if isReady(p) {
				ready++
			}
		}
		return errors.Join(equal("pods", want, len(pods)), equal("ready pods", want, ready))
	}
}

func isReady(p *api.Pod) bool {
	return slices.ContainsFunc(p.Status.Conditions, func(c api.PodCondition) bool { return c.Type == api.PodReady && c.Status == api.ConditionTrue })
}

func equal(what string, want, got int) error {
	if want != got {
		return fmt.Errorf("%s: want %d, have %d", what, want, got)
	}
	return nil
}
