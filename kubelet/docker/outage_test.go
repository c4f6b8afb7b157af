package docker

import (
	"context"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"kubelite/api"
	"kubelite/client"
	"kubelite/kubelet"
	"kubelite/test/story"
)

// cable is the only way from a runtime to the daemon. It can be cut, as when the daemon is restarted: what goes through it
// breaks off, and nobody answers until it is mended.
type cable struct {
	t      *testing.T
	socket string // what the runtime connects to
	daemon string // where the daemon listens

	mu       sync.Mutex
	listener net.Listener // nil while cut; guarded by mu
	open     []net.Conn   // guarded by mu
}

// layCable makes $DOCKER_HOST the near end of a cable to the daemon that was there before.
func layCable(t *testing.T) *cable {
	t.Helper()
	direct, err := connect()
	require.NoError(t, err)
	daemon, isSocket := strings.CutPrefix(direct.DaemonHost(), "unix://")
	require.NoError(t, direct.Close())
	if !isSocket {
		t.Skip("the Docker daemon is not behind a socket of this machine")
	}
	c := &cable{t: t, socket: filepath.Join(t.TempDir(), "docker.sock"), daemon: daemon}
	c.mend()
	t.Cleanup(c.cut)
	t.Setenv("DOCKER_HOST", "unix://"+c.socket)
	return c
}

func (c *cable) mend() {
	l, err := net.Listen("unix", c.socket)
	require.NoError(c.t, err)
	c.mu.Lock()
	c.listener = l
	c.mu.Unlock()
	go func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return // it was cut
			}
			far, err := net.Dial("unix", c.daemon)
			if err != nil {
				near.Close()
				continue
			}
			c.mu.Lock()
			c.open = append(c.open, near, far)
			c.mu.Unlock()
			go pass(far, near)
			go pass(near, far)
		}
	}()
}

// pass copies one direction, and the end of it.
func pass(to, from net.Conn) {
	_, _ = io.Copy(to, from) // that it broke is what the test is about
	_ = to.(*net.UnixConn).CloseWrite()
}

func (c *cable) cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.listener == nil {
		return
	}
	c.listener.Close()
	for _, conn := range c.open {
		conn.Close()
	}
	c.listener, c.open = nil, nil
}

// TestTheDaemonGoesAndComesBack cuts a kubelet off its daemon while pods run, come and die. It says that it cannot do its
// work; when it can again it catches up, and leaves alone what need not be touched.
func TestTheDaemonGoesAndComesBack(t *testing.T) {
	requireDocker(t)
	h := story.Start(t, 0)
	direct, err := connect() // people's own way to the daemon
	require.NoError(t, err)
	defer direct.Close()
	wire := layCable(t)
	r := newRuntime(t)
	t.Cleanup(func() {
		wire.cut()
		wire.mend() // for what tidies up
	})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		done <- kubelet.Run(ctx, kubelet.Config{
			Client: h.As("system:node:n1", "system:nodes"), NodeName: "n1", NodeIP: "127.0.0.1", PodCIDR: nodeRange(t, r),
			Runtime: r, RootDir: t.TempDir(), Version: api.KubernetesVersion,
		})
	}()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-done)
	})
	h.Eventually(h.NodesReady(1))

	pods := client.Of[*api.Pod](h.Client)
	create := func(name string) {
		pod := api.New[*api.Pod]()
		pod.Namespace, pod.Name = "default", name
		pod.Spec.NodeName = "n1"
		pod.Spec.TerminationGracePeriodSeconds = api.Ptr[int64](0)
		pod.Spec.Containers = []api.Container{{Name: "c", Image: testImage, ImagePullPolicy: api.PullNever}}
		h.Eventually(func() error {
			_, err := pods.Create(h.Ctx, pod)
			return err
		})
	}
	running := func(name string, restarts int32) (containerID string) {
		t.Helper()
		h.Eventually(func() error {
			p, err := pods.Get(h.Ctx, "default", name)
			if err != nil {
				return err
			}
			if s := p.Status.ContainerStatuses; len(s) == 1 && s[0].Ready && s[0].RestartCount == restarts {
				containerID = strings.TrimPrefix(s[0].ContainerID, "docker://")
				return nil
			}
			return fmt.Errorf("%s: want it to run after %d restarts, have %+v", name, restarts, p.Status)
		})
		return containerID
	}
	nodeIs := func(ready api.ConditionStatus, message string) {
		t.Helper()
		h.Eventually(func() error {
			node, err := client.Of[*api.Node](h.Client).Get(h.Ctx, "", "n1")
			if err != nil {
				return err
			}
			if c := node.Status.Condition(api.NodeReady); c == nil || c.Status != ready || c.Message != message {
				return fmt.Errorf("want Ready %s: %s, have %+v", ready, message, c)
			}
			return nil
		})
	}
	create("spared")
	create("killed")
	spared, killed := running("spared", 0), running("killed", 0)

	wire.cut()
	nodeIs(api.ConditionFalse, "container runtime is down")
	require.NoError(t, direct.ContainerKill(h.Ctx, killed, "KILL"))
	create("late")

	wire.mend()
	nodeIs(api.ConditionTrue, "kubelet is posting ready status")
	running("killed", 1)
	running("late", 0)
	require.Equal(t, spared, running("spared", 0), "nobody had a reason to touch it")
	seen, err := r.ListPods(h.Ctx)
	require.NoError(t, err)
	require.Len(t, seen, 3)
	require.False(t, slices.ContainsFunc(seen, func(p *kubelet.RuntimePod) bool { return len(p.Sandboxes) != 1 }), "one sandbox each")
}
