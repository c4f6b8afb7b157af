package clients

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// fullCluster is what all checks share: a cluster of two simulated nodes, and the clients that had to be built.
type fullCluster struct {
	home, kubeconfig string
	kubelite         string
	kubectl          string
	kubectlLite      string
	ours             bool // false: somebody else's cluster
}

const profile = "compat"

// kubectlVersion is one of the versions of kubectl that the sessions are tried with; dir has the module that it is built
// from, whose go.mod says the version.
type kubectlVersion struct{ version, dir string }

// The first is what all other checks use. The last is the oldest that kubelite is meant for.
var kubectls = []kubectlVersion{{"1.36.3", "../kubectl"}, {"1.32.3", "../kubectl132"}}

// program is where it is built.
func (v kubectlVersion) program() string {
	if v == kubectls[0] {
		return filepath.Join(filepath.Dir(shared.kubectl), "kubectl")
	}
	return filepath.Join(filepath.Dir(shared.kubectl), "kubectl-"+v.version, "kubectl")
}

var shared *fullCluster

func TestMain(m *testing.M) {
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "compat:", err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (code int, err error) {
	bin, err := filepath.Abs("../../../bin")
	if err != nil {
		return 1, err
	}
	shared = &fullCluster{kubelite: filepath.Join(bin, "kubelite"), kubectl: filepath.Join(bin, "clients", "kubectl"),
		kubectlLite: filepath.Join(bin, "kubectl-lite"), kubeconfig: os.Getenv("COMPAT_KUBECONFIG")}
	for program, dir := range map[string]string{shared.kubelite: "./cmd/kubelite", shared.kubectlLite: "./cmd/kubectl-lite"} {
		if err := build("../../..", program, "", dir); err != nil {
			return 1, err
		}
	}
	for _, v := range kubectls {
		if err := v.build(); err != nil {
			return 1, err
		}
	}
	if shared.kubeconfig == "" {
		shared.ours = true
		if err := shared.start("--nodes", "2", "--runtime", "simulated"); err != nil {
			return 1, err
		}
		defer func() { err = errors.Join(err, shared.delete()) }()
	}
	return m.Run(), nil
}

// build makes a static program.
func build(dir, out, ldflags string, packages ...string) error {
	cmd := exec.Command("go", append([]string{"build", "-ldflags", "-s -w " + ldflags, "-o", out}, packages...)...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "CGO_ENABLED=0")
	return output(cmd)
}

// build makes it say the version that upstream's release says.
func (v kubectlVersion) build() error {
	var flags []string
	minor := strings.Split(v.version, ".")[1]
	for _, pkg := range []string{"k8s.io/component-base/version", "k8s.io/client-go/pkg/version"} {
		flags = append(flags, "-X "+pkg+".gitVersion=v"+v.version, "-X "+pkg+".gitMajor=1", "-X "+pkg+".gitMinor="+minor)
	}
	return build(v.dir, v.program(), strings.Join(flags, " "), ".")
}

// output runs a command whose output matters only if it fails.
func output(cmd *exec.Cmd) error {
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", strings.Join(cmd.Args, " "), err, out)
	}
	return nil
}

func (c *fullCluster) start(flags ...string) error {
	home, err := os.MkdirTemp("", "kubelite-compat-")
	if err != nil {
		return err
	}
	c.home, c.kubeconfig = home, filepath.Join(home, profile, "kubeconfig")
	return c.command(append([]string{"start", "--port", "0", "--no-merge"}, flags...)...)
}

// newCluster is another one, until the test ends.
func newCluster(t *testing.T, flags ...string) *fullCluster {
	t.Helper()
	c := &fullCluster{kubelite: shared.kubelite}
	require.NoError(t, c.start(flags...))
	t.Cleanup(func() { require.NoError(t, c.delete()) })
	return c
}

func (c *fullCluster) delete() error {
	return errors.Join(c.command("delete"), os.RemoveAll(c.home))
}

// command runs `kubelite` on the cluster.
func (c *fullCluster) command(args ...string) error {
	return output(exec.Command(c.kubelite, append(args, "--home", c.home, "--profile", profile)...))
}

// config is how client-go finds the cluster.
func (c *fullCluster) config(t *testing.T) *rest.Config {
	t.Helper()
	config, err := clientcmd.BuildConfigFromFlags("", c.kubeconfig)
	require.NoError(t, err)
	return config
}

// hurried is config for tests that ask a lot: as fast as can be, and without a word.
func (c *fullCluster) hurried(t *testing.T) *rest.Config {
	t.Helper()
	config := c.config(t)
	config.QPS, config.Burst, config.WarningHandler = 1000, 1000, rest.NoWarnings{}
	return config
}

// check runs one check of one client and prints its line.
func check(t *testing.T, client, what string, f func(t *testing.T)) {
	t.Helper()
	verdict := "FAILED"
	if t.Run(what, f) {
		verdict = "ok"
	}
	fmt.Printf("%-24s %-64s %s\n", client, what, verdict)
}
