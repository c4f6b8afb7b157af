package labs

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"kubelite/client"
	"kubelite/lab"
)

// cluster is one as a learner has it.
type cluster struct {
	profile  string
	programs string // the folder of kubelite and kubectl-lite
	env      []string
	client   *client.Client
}

// startCluster builds the programs and starts a cluster of two nodes. It is deleted with the test.
func startCluster(t *testing.T, runtime string) *cluster {
	t.Helper()
	home := t.TempDir()
	c := &cluster{profile: fmt.Sprintf("labs-%s-%d", runtime, os.Getpid()), programs: filepath.Join(home, "bin")}
	config := filepath.Join(home, c.profile, "kubeconfig")
	c.env = append(os.Environ(), "HOME="+home, "KUBELITE_HOME="+home, "KUBECONFIG="+config, "PATH="+c.programs+":"+os.Getenv("PATH"))
	build := exec.Command("go", "build", "-o", c.programs+"/", "./cmd/kubelite", "./cmd/kubectl-lite")
	build.Dir, build.Env = "../..", append(os.Environ(), "CGO_ENABLED=0") // static: it becomes an image without a C library
	out, err := build.CombinedOutput()
	require.NoError(t, err, "%s", out)
	t.Cleanup(func() { c.kubelite(t, "delete") })
	c.kubelite(t, "start", "--runtime", runtime, "--nodes", "2", "--port", "0", "--no-merge")
	cfg, err := client.LoadKubeconfig(config, "")
	require.NoError(t, err)
	c.client, err = client.New(cfg)
	require.NoError(t, err)
	return c
}

// kubelite runs a command of it that succeeds.
func (c *cluster) kubelite(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.Command(filepath.Join(c.programs, "kubelite"), append(args, "--profile", c.profile)...)
	cmd.Env = c.env
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "kubelite %v: %s", args, out)
	return string(out)
}

// script runs a lab's solution.sh or mistake.sh.
func (c *cluster) script(t *testing.T, script string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "sh", "-eux", "-c", script)
	cmd.Env = c.env
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
}

func (c *cluster) session(l *lab.Lab) *lab.Session { return &lab.Session{Client: c.client, Lab: l} }
