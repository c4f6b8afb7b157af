package docker

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/docker/docker/client"

	"kubelite/kubelet"
)

// Config says whose pods these are and where their addresses come from.
type Config struct {
	Profile string // the cluster: its name is a label of everything made
	Node    string // the node among those that share this daemon
	Network string // the bridge network of the cluster's pods

	PauseImage   string   // of sandboxes
	PauseCommand []string // what it runs: ["/kubelite", "sandbox"] unless set
	DialCommand  []string // connects its standard streams with a local port, the last argument: ["/kubelite", "dial"] unless set
	Logger       *slog.Logger
}

// Runtime runs one node's pods on the Docker daemon. It implements kubelet.Runtime.
type Runtime struct {
	cfg       Config
	docker    *client.Client
	log       *slog.Logger
	addresses kubelet.Addresses
	starting  chan struct{} // one for each container that is being made or started
	// bridgeIsFar: pods do not answer at their addresses, from where this process is.
	bridgeIsFar atomic.Bool
	storage     atomic.Pointer[string] // the daemon's directory, which need not be on this machine
	users       sync.Map               // *userFiles by the image's Ref; see user.go
}

var _ kubelet.Runtime = (*Runtime)(nil)

// maxStarts bounds what the daemon is asked to set up at the same time. It takes about half a second to plug a
// container into a network; hundreds at once would only make each of them slower, and time out.
const maxStarts = 8

// startTimeout bounds the making or starting of one container on a daemon that is busy.
const startTimeout = 2 * time.Minute

// New makes a runtime on the daemon that the environment names. It does not wait for it to answer. Info has to succeed
// before anything else is called: the client library agrees with the daemon on a version at its first request, and that
// one must be alone.
func New(_ context.Context, cfg Config) (*Runtime, error) {
	docker, err := connect()
	if err != nil {
		return nil, err
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if len(cfg.PauseCommand) == 0 {
		cfg.PauseCommand = []string{"/kubelite", "sandbox"}
	}
	if len(cfg.DialCommand) == 0 {
		cfg.DialCommand = []string{"/kubelite", "dial"}
	}
	return &Runtime{
		cfg: cfg, docker: docker, log: cfg.Logger, starting: make(chan struct{}, maxStarts),
	}, nil
}

// connect makes a client for $DOCKER_HOST or the socket that is there, speaking whatever version the daemon does.
func connect() (*client.Client, error) {
	options := []client.Opt{client.FromEnv, client.WithAPIVersionNegotiation()}
	if os.Getenv(client.EnvOverrideHost) == "" {
		if socket := findSocket(); socket != "" {
			options = append(options, client.WithHost("unix://"+socket))
		}
	}
	c, err := client.NewClientWithOpts(options...)
	if err != nil {
		return nil, fmt.Errorf("connect to Docker: %w", err)
	}
	return c, nil
}

// findSocket looks where Docker Desktop and its like put their socket when the usual place is empty.
func findSocket() string {
	home, err := os.UserHomeDir()
	if err != nil {
		return ""
	}
	for _, socket := range []string{"/var/run/docker.sock", filepath.Join(home, ".docker/run/docker.sock"), filepath.Join(home, ".colima/default/docker.sock")} {
		if _, err := os.Stat(socket); err == nil {
			return socket
		}
	}
	return ""
}

// UpdatePodCIDR says which part of the network the node's pods get their addresses from.
func (r *Runtime) UpdatePodCIDR(cidr string) error { return r.addresses.Update(cidr) }

// Close gives up the connections to the daemon.
func (r *Runtime) Close() error { return r.docker.Close() }

// Info asks the daemon what machine it runs on: with Docker Desktop that is a virtual one.
func (r *Runtime) Info(ctx context.Context) (kubelet.RuntimeInfo, error) {
	info, err := r.docker.Info(ctx)
	if err != nil {
		return kubelet.RuntimeInfo{}, fmt.Errorf("ask Docker about itself: %w", err)
	}
	r.storage.Store(&info.DockerRootDir)
	return kubelet.RuntimeInfo{
		Name: "docker", Version: info.ServerVersion,
		OSImage: info.OperatingSystem, KernelVersion: info.KernelVersion, Architecture: goArchitecture(info.Architecture),
		CPUs: info.NCPU, Memory: info.MemTotal, Storage: storageOf(info.DockerRootDir).Capacity,
		AppArmor: slices.ContainsFunc(info.SecurityOptions, func(o string) bool { return strings.HasPrefix(o, "name=apparmor") }),
	}, nil
}

// Status pings the daemon.
func (r *Runtime) Status(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	_, err := r.docker.Ping(ctx)
	return err
}

// goArchitecture translates the kernel's name of a processor into Go's, which Kubernetes uses.
func goArchitecture(kernel string) string {
	switch kernel {
	case "x86_64":
		return "amd64"
	case "aarch64":
		return "arm64"
	}
	return kernel
}

// begin waits until one more container may be set up, and returns a context in which it is set up to the end, even
// when the kubelet is told to stop: a daemon that is left alone in the middle of it can lose track of the network.
func (r *Runtime) begin(ctx context.Context) (setup context.Context, done func(), err error) {
	select {
	case r.starting <- struct{}{}:
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	}
	setup, cancel := context.WithTimeout(context.WithoutCancel(ctx), startTimeout)
	return setup, func() { cancel(); <-r.starting }, nil
}

// daemonError takes the client library's preface off an error: what is left is what users know from elsewhere.
func daemonError(err error) error {
	if err == nil {
		return nil
	}
	if text, ok := strings.CutPrefix(err.Error(), "Error response from daemon: "); ok {
		return &wordedError{text, err}
	}
	return err
}

type wordedError struct {
	text string
	err  error
}

func (e *wordedError) Error() string { return e.text }
func (e *wordedError) Unwrap() error { return e.err }
