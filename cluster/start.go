package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"kubelite/api"
	"kubelite/client"
)

// StartOptions is what `kubelite start` is told.
type StartOptions struct {
	Nodes   int
	Runtime string // auto, docker or simulated; decided at the first start and kept
	Port    int    // the next free one is taken when it is in use
	Wait    time.Duration
	Merge   bool // add the context to the user's kubeconfig
	Version string

	NodeCPUs   int    // of a simulated node
	NodeMemory string // of a simulated node: "16Gi"

	AuditPolicy *string // the file that says what the audit log is told; "": there shall be none; nil: as before
}

// Start brings the profile's cluster up, making it first if it is new, and returns when the API is ready and every
// node is Ready. Called on a running cluster it adds the nodes that are missing and changes nothing else; one that is paused
// goes on.
func Start(ctx context.Context, p Profile, machine Machine, opts StartOptions, pr *progress) error {
	if err := canSupervise(); err != nil {
		return err
	}
	if err := p.create(); err != nil {
		return fmt.Errorf("make the profile's directory: %w", err)
	}
	config, changed, err := decide(ctx, p, machine, opts, pr)
	if err != nil {
		return err
	}
	if opts.AuditPolicy != nil {
		other, err := config.setAudit(p, *opts.AuditPolicy)
		if err != nil {
			return err
		}
		changed = changed || other
	}
	if p.isPaused() {
		if err := Unpause(ctx, p, machine, nil, pr); err != nil {
			return err
		}
	}
	if config.Runtime == RuntimeDocker {
		pr.doing("Making the Docker network and the image %s", config.Image)
		if err := prepareMachine(ctx, config, machine); err != nil {
			return err
		}
		pr.done("Docker network %s, %s", config.Network, config.PodCIDR)
	}
	if !config.BalancerCIDR.IsValid() {
		config.setServiceRanges()
	}
	if config.MetricsPort == 0 {
		if config.MetricsPort, err = freePort(0); err != nil {
			return err
		}
		changed = true
	}
	if err := errors.Join(config.save(p), config.identities(p)); err != nil {
		return err
	}
	if supervisorPID(p) != 0 && changed {
		pr.doing("Stopping what runs")
		if err := Stop(ctx, p, machine); err != nil { // what runs is of another version, or does not know the new nodes
			return err
		}
	}
	proxySaid := fileSize(p.LogFile(proxyComponent))
	if err := launch(p); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, opts.Wait)
	defer cancel()
	pr.doing("Waiting for the API server")
	api, err := waitAPI(ctx, p)
	if err != nil {
		return fmt.Errorf("the API server is not ready after %v: %w; its log is %s", opts.Wait, err, p.LogFile("apiserver"))
	}
	pr.done("API server ready at %s", config.Server())
	if err := ensureStorageClass(ctx, api); err != nil {
		return err
	}
	for _, name := range config.Addons {
		pr.doing("Applying addon %s", name)
		a, err := addonNamed(name)
		if err == nil {
			err = a.apply(ctx, api, config, p)
		}
		if err != nil {
			return err
		}
	}
	pr.doing("Waiting for nodes: %s", strings.Join(abridged(nodeNames(config)), ", "))
	if err := waitNodes(ctx, api, nodeNames(config)); err != nil {
		return fmt.Errorf("not every node is Ready after %v: %w; the logs are in %s", opts.Wait, err, p.Path("logs"))
	}
	for _, name := range config.Components() { // nodes of a cluster that was stopped are Ready before anything else runs
		if !isStopped(p, name) {
			if err := waitComponent(ctx, p, name); err != nil {
				return err
			}
		}
	}
	pr.done("Nodes ready: %s", strings.Join(abridged(nodeNames(config)), ", "))
	if config.hasProxy() {
		pr.doing("Waiting for the rules of services")
		if err := waitProxy(ctx, p, config, proxySaid); err != nil {
			fmt.Fprintf(pr, " ! Addresses of services lead nowhere, and network policies are not enforced: %v\n", err)
		} else {
			pr.done("Services: addresses %s, node ports on %s and loopback", config.ServiceCIDR, config.nodeIP())
		}
	}
	if opts.Merge {
		file, err := mergeKubeconfig(p)
		if err != nil {
			return err
		}
		pr.done("kubectl uses context %q of %s", contextName(p), file)
	}
	return nil
}

// decide loads what earlier starts decided, or decides it now. changed tells that a running cluster must take note.
func decide(ctx context.Context, p Profile, machine Machine, opts StartOptions, out io.Writer) (config *Config, changed bool, err error) {
	if !p.exists() {
		config, err = newConfig(ctx, p, machine, opts, out)
		if err == nil {
			err = config.setNodes(opts.Nodes)
		}
		return config, true, err
	}
	config, err = loadConfig(p)
	if err != nil {
		return nil, false, err
	}
	if opts.Runtime != RuntimeAuto && opts.Runtime != config.Runtime {
		return nil, false, fmt.Errorf("profile %q runs on the %s runtime; delete it to start it on %s", p.Name, config.Runtime, opts.Runtime)
	}
	if config.Runtime == RuntimeSimulated {
		notice(out, "this cluster was made with simulated nodes")
	}
	before := len(nodeNames(config))
	changed = config.Version != opts.Version || before < opts.Nodes
	config.Version, config.Image = opts.Version, image(config.Runtime, opts.Version)
	return config, changed, config.setNodes(opts.Nodes)
}

// newConfig decides what a new cluster is like.
func newConfig(ctx context.Context, p Profile, machine Machine, opts StartOptions, out io.Writer) (*Config, error) {
	config := &Config{Profile: p.Name, Version: opts.Version, Runtime: opts.Runtime, NodeCPUs: opts.NodeCPUs, NodeMemory: opts.NodeMemory}
	if !slices.Contains([]string{RuntimeAuto, RuntimeDocker, RuntimeSimulated}, opts.Runtime) {
		return nil, fmt.Errorf("runtime %q: must be auto, docker or simulated", opts.Runtime)
	}
	if opts.Runtime != RuntimeSimulated {
		err := machine.Available(ctx)
		switch {
		case err == nil:
			config.Runtime = RuntimeDocker
		case opts.Runtime == RuntimeDocker:
			return nil, fmt.Errorf("no Docker daemon answers: %w", err)
		default:
			config.Runtime = RuntimeSimulated
			notice(out, "no Docker daemon answers, so nodes are simulated")
		}
	} else {
		notice(out, "simulated nodes, as asked")
	}
	config.Addons = defaultAddons(config.Runtime)
	config.PodCIDR = netip.MustParsePrefix("10.244.0.0/16")
	config.Image = image(config.Runtime, opts.Version)
	if config.Runtime == RuntimeDocker {
		config.Network = "kubelite-" + p.Name
	}
	var err error
	config.Port, err = freePort(opts.Port)
	return config, err
}

// notice says in one line that no containers run, and why: nobody should take simulated pods for real ones.
func notice(out io.Writer, why string) {
	fmt.Fprintf(out, " ! No containers run: %s. Pods get states, addresses and logs, but no processes.\n", why)
}

// image names the image that holds our own binary. Image tags know no '+'.
func image(runtime, version string) string {
	if runtime != RuntimeDocker {
		return ""
	}
	return "kubelite:" + strings.ReplaceAll(version, "+", "-")
}

// kubeProxyHealthz is where kube-proxy says how it is.
const kubeProxyHealthz = 10256

// prepareMachine makes what the nodes share on the Docker daemon.
func prepareMachine(ctx context.Context, config *Config, machine Machine) error {
	if err := machine.Available(ctx); err != nil {
		return fmt.Errorf("no Docker daemon answers: %w", err)
	}
	ranges := slices.Collect(podCIDRs)
	if config.Gateway.IsValid() {
		ranges = []netip.Prefix{config.PodCIDR} // nodes have parts of it, for good
	}
	cidr, gateway, err := machine.EnsureNetwork(ctx, config.Profile, config.Network, ranges)
	if err != nil {
		return fmt.Errorf("make the Docker network %s: %w", config.Network, err)
	}
	config.PodCIDR, config.Gateway = cidr, gateway
	if config.ProxyHealthz == 0 {
		// Nobody listens there until the proxy has written its rules, so of two clusters that are started side by side each needs a wish of its own.
		if config.ProxyHealthz, err = freePort(kubeProxyHealthz + int(config.ordinal())); err != nil {
			return err
		}
	}
	program, err := linuxExecutable()
	if err != nil {
		return err
	}
	if err := machine.EnsureImage(ctx, config.Image, program); err != nil {
		return fmt.Errorf("make the image %s: %w", config.Image, err)
	}
	return nil
}

// collectEarly makes Go collect garbage when there is a quarter of what is alive, in the environment of processes that start: what
// they make for good then lies close together. Later each decides for itself.
const collectEarly = "GOGC=25"

// keepStacks makes Go leave stacks as large as they have once been. It would halve those of which little is in use, at each
// collection, and a goroutine that grows its stack again reads what is known about every function on it: a few pages of the binary for
// each, in every process, all the time.
const keepStacks = "gcshrinkstackoff=1"

// environment is that of the supervisor, and of all components.
func environment() []string {
	settings := keepStacks
	if own := os.Getenv("GODEBUG"); own != "" {
		settings = own + "," + keepStacks
	}
	return append(os.Environ(), collectEarly, "GODEBUG="+settings)
}

// launch starts the supervisor in a session of its own, so that it outlives the terminal; one that runs is left alone.
func launch(p Profile) error {
	if supervisorPID(p) != 0 {
		return nil
	}
	if err := os.RemoveAll(p.pausedFile()); err != nil { // of a supervisor that was killed: what it had is gone
		return err
	}
	self, err := executable()
	if err != nil {
		return err
	}
	out, err := os.OpenFile(p.LogFile("supervisor"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer out.Close()
	cmd := exec.Command(self, "supervise", "--profile", p.Name, "--home", p.Home)
	cmd.Stdout, cmd.Stderr = out, out
	cmd.Env = environment()
	cmd.Dir = "/" // keep no directory of the user's busy
	cmd.SysProcAttr = ownSession()
	if err := startRelaxed(cmd); err != nil {
		return fmt.Errorf("start the supervisor: %w", err)
	}
	return cmd.Process.Release()
}

// waitAPI returns a client once the API server says that it is ready.
func waitAPI(ctx context.Context, p Profile) (*client.Client, error) {
	if err := p.checkNotPaused(); err != nil {
		return nil, err
	}
	c, err := p.admin(func(cfg *client.Config) { cfg.Agent = "kubelite" })
	if err != nil {
		return nil, err
	}
	return c, poll(ctx, func() error {
		_, err := c.Do(ctx, client.Request{Method: "GET", Path: "/readyz"})
		return err
	})
}

// waitNodes returns when every one of the nodes is Ready and takes pods.
func waitNodes(ctx context.Context, c *client.Client, names []string) error {
	return poll(ctx, func() error {
		page, err := client.Of[*api.Node](c).List(ctx, "", client.ListOptions{})
		if err != nil {
			return err
		}
		ready := map[string]bool{}
		for _, node := range page.Items {
			ready[node.Name] = nodeReady(node) && !startsOut(node)
		}
		for _, name := range names {
			if !ready[name] {
				return fmt.Errorf("node %s is not Ready", name)
			}
		}
		return nil
	})
}

// startsOut tells whether the node still has the taint of a new one, which a controller takes away when it has seen that
// it is Ready: until then no pod gets there.
func startsOut(node *api.Node) bool {
	return slices.ContainsFunc(node.Spec.Taints, func(t api.Taint) bool { return t.Key == "node.kubernetes.io/not-ready" })
}

func nodeReady(node *api.Node) bool {
	return slices.ContainsFunc(node.Status.Conditions, func(c api.NodeCondition) bool {
		return c.Type == api.NodeReady && c.Status == api.ConditionTrue
	})
}

func nodeNames(config *Config) []string {
	var names []string
	for _, n := range config.Nodes {
		names = append(names, n.Name)
	}
	if c := config.Fleet; c != nil {
		for i := c.First; i < c.First+c.Count; i++ {
			names = append(names, NodeName(i))
		}
	}
	return names
}

// abridged is a list that fits on a line.
func abridged(names []string) []string {
	if len(names) <= ownProcesses {
		return names
	}
	return []string{names[0], names[1], "...", names[len(names)-1]}
}

// poll calls check until it succeeds and returns its last error when ctx ends first.
func poll(ctx context.Context, check func() error) error {
	for {
		err := check()
		if err == nil {
			return nil
		}
		client.Wait(ctx, 20*time.Millisecond)
		if ctx.Err() != nil {
			return err
		}
	}
}
