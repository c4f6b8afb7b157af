package sessions

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"kubelite/api"
	"kubelite/client"
)

// TestKilledComponentsComeBack kills every component of a cluster without a chance to say goodbye, while somebody writes
// all the time. Each comes back, the Deployment is whole again, and nothing that the API server has acknowledged is lost.
func TestKilledComponentsComeBack(t *testing.T) {
	c := startCluster(t)
	run(t, c.command("create", "deployment", "web", "--image=kubelite-hello:v1", "--replicas=3"))
	run(t, c.command("rollout", "status", "deployment/web", "--timeout=60s"))

	cfg, err := client.LoadKubeconfig(c.env["KUBECONFIG"], "")
	require.NoError(t, err)
	cfg.FailFast = true // an unanswered write is no acknowledged one
	server, err := client.New(cfg)
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	writing, stopWriting := context.WithCancel(ctx)
	acknowledged := make(chan []string)
	go func() { acknowledged <- writeUntil(writing, server) }()

	for _, component := range []string{"scheduler", "controllers", "kubelet-node-1", "kubelet-node-2", "apiserver"} {
		before := c.pid(t, component)
		require.NoError(t, syscall.Kill(before, syscall.SIGKILL))
		eventually(t, component+" runs again", func() bool {
			pid, err := strconv.Atoi(string(c.read(component)))
			return err == nil && pid != before && syscall.Kill(pid, 0) == nil
		})
		// It works again, too: a pod is deleted, made anew, placed and started.
		eventually(t, "a pod is deleted", func() bool {
			return c.command("delete", "pod", "-l", "app=web", "--limit=1", "--grace-period=1").Run() == nil
		})
		eventually(t, "the deployment is whole", func() bool {
			out, err := c.command("get", "deployment", "web").CombinedOutput()
			return err == nil && strings.Contains(string(out), "3/3")
		})
	}

	stopWriting()
	names := <-acknowledged
	require.NotEmpty(t, names)
	maps, err := client.Of[*api.ConfigMap](server).List(ctx, "default", client.ListOptions{})
	require.NoError(t, err)
	for _, name := range names {
		require.True(t, slices.ContainsFunc(maps.Items, func(m *api.ConfigMap) bool { return m.Name == name }), "%s was acknowledged and is gone", name)
	}
}

// writeUntil creates config maps until ctx ends and returns the names of those that the server said it has.
func writeUntil(ctx context.Context, server *client.Client) (acknowledged []string) {
	for i := 0; ctx.Err() == nil; i++ {
		name := fmt.Sprintf("written-%d", i)
		m := &api.ConfigMap{ObjectMeta: api.ObjectMeta{Namespace: "default", Name: name}}
		if _, err := client.Of[*api.ConfigMap](server).Create(ctx, m); err == nil {
			acknowledged = append(acknowledged, name)
		}
		select {
		case <-ctx.Done():
		case <-time.After(2 * time.Millisecond): // a load, not a flood
		}
	}
	return acknowledged
}

// command is kubectl-lite on the cluster.
func (c *cluster) command(args ...string) *exec.Cmd {
	cmd := exec.Command(c.env["KUBECTL_LITE"], args...)
	cmd.Env = append(os.Environ(), "KUBECONFIG="+c.env["KUBECONFIG"])
	return cmd
}

func (c *cluster) read(component string) []byte {
	b, err := os.ReadFile(filepath.Join(c.env["KUBELITE_HOME"], c.env["PROFILE"], "run", component+".pid"))
	if err != nil {
		return nil // between two lives of the component there is none
	}
	return b
}

func (c *cluster) pid(t *testing.T, component string) int {
	t.Helper()
	pid, err := strconv.Atoi(string(c.read(component)))
	require.NoError(t, err, "%s does not run", component)
	return pid
}

// eventually waits for something that nobody can tell us of, a minute at most.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("never came to be: %s", what)
		}
	}
}
