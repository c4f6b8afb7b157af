package sessions

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

var update = flag.Bool("update", false, "rewrite the expected output of the sessions")

func TestMain(m *testing.M) {
	// testscript puts programs named like these before the real ones, so find those first.
	if os.Getenv("REAL_PATH") == "" {
		kubectl, err := exec.LookPath("kubectl")
		if err != nil {
			kubectl = ""
		}
		if err := errors.Join(os.Setenv("REAL_PATH", os.Getenv("PATH")), os.Setenv("REAL_KUBECTL", kubectl)); err != nil {
			panic(err)
		}
	}
	testscript.Main(cleaning{m}, map[string]func(){
		"kubectl-lite": func() { normalised(os.Getenv("KUBECTL_LITE")) },
		"kubectl":      func() { normalised(os.Getenv("REAL_KUBECTL"), "-n", os.Getenv("NAMESPACE")) },
		"kubelite":     func() { normalised(os.Getenv("KUBELITE")) },
	})
}

// cleaning runs the tests, and removes what all of them shared.
type cleaning struct{ m *testing.M }

func (c cleaning) Run() int {
	defer os.RemoveAll(programs)
	return c.m.Run()
}

// programs is where the programs are built, once for all clusters.
var programs = filepath.Join(os.TempDir(), fmt.Sprintf("kubelite-sessions-%d", os.Getpid()))

var built = sync.OnceValues(func() ([]byte, error) {
	build := exec.Command("go", "build", "-o", programs+"/", "./cmd/kubelite", "./cmd/kubectl-lite")
	build.Dir, build.Env = "../..", append(os.Environ(), "CGO_ENABLED=0") // static: it becomes an image without a C library
	return build.CombinedOutput()
})

// TestSessions starts one cluster, runs every session on it side by side, and checks that deleting it leaves nothing.
func TestSessions(t *testing.T) {
	c := startCluster(t)
	if c.docker { // one of the sessions runs an operator, which is a module of its own
		run(t, exec.Command("../../examples/operator/images.sh"))
	}
	c.run(t, "../../examples")
}

// TestBySection does the same with the sessions about single kinds, on a cluster of simulated nodes: its pods need none of the
// images that the manifests name.
func TestBySection(t *testing.T) {
	startCluster(t, "--runtime", "simulated").run(t, "../../examples/by-section")
}

// run runs every session of a folder, each in a namespace of its own.
func (c *cluster) run(t *testing.T, dir string) {
	var count atomic.Int64
	testscript.Run(t, testscript.Params{
		Dir:           dir,
		UpdateScripts: *update,
		Setup: func(env *testscript.Env) error {
			namespace := fmt.Sprintf("session-%d", count.Add(1))
			env.Setenv("NAMESPACE", namespace)
			examples, err := filepath.Abs("../../examples")
			if err != nil {
				return err
			}
			env.Setenv("EXAMPLES", examples)
			for key, value := range c.env {
				env.Setenv(key, value)
			}
			if out, err := c.kubectlLite("create", "namespace", namespace); err != nil {
				return fmt.Errorf("%w: %s", err, out)
			}
			// The session's own kubeconfig says its namespace, so that nobody has to type -n.
			config, err := os.ReadFile(c.env["KUBECONFIG"])
			if err != nil {
				return err
			}
			own := bytes.Replace(config, []byte("    user: "), []byte("    namespace: "+namespace+"\n    user: "), 1)
			file := filepath.Join(env.WorkDir, "kubeconfig")
			env.Setenv("KUBECONFIG", file)
			env.Defer(func() {
				if out, err := c.kubectlLite("delete", "namespace", namespace, "--wait=false"); err != nil {
					t.Errorf("delete namespace %s: %v: %s", namespace, err, out)
				}
			})
			return os.WriteFile(file, own, 0o600)
		},
		Condition: func(cond string) (bool, error) {
			switch cond {
			case "docker":
				return c.docker, nil
			case "busybox":
				return c.docker && exec.Command("docker", "image", "inspect", "kubelite-busybox:v1").Run() == nil, nil
			case "kubectl":
				return c.env["REAL_KUBECTL"] != "", nil
			}
			return false, fmt.Errorf("unknown condition %s", cond)
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){"until": until, "let": let, "cluster": c.own},
	})
}

// cluster is the cluster that the sessions share.
type cluster struct {
	docker  bool
	env     map[string]string
	started []byte // what `kubelite start` said
}

// clusters counts the clusters of this run, so that each gets a name of its own.
var clusters atomic.Int64

// startCluster builds the programs and starts a cluster of two nodes, on Docker unless the flags of `kubelite start` say otherwise.
func startCluster(t *testing.T, flags ...string) *cluster {
	t.Helper()
	if out, err := built(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	home := t.TempDir()
	profile := fmt.Sprintf("sessions-%d-%d", os.Getpid(), clusters.Add(1))
	simulated := slices.Contains(flags, "simulated")
	c := &cluster{docker: !simulated && exec.Command("docker", "info").Run() == nil, env: map[string]string{
		"KUBELITE": filepath.Join(programs, "kubelite"), "KUBECTL_LITE": filepath.Join(programs, "kubectl-lite"),
		"KUBELITE_HOME": home, "PROFILE": profile, "HOME": home,
		"KUBECONFIG": filepath.Join(home, profile, "kubeconfig"), "REAL_PATH": os.Getenv("REAL_PATH"), "REAL_KUBECTL": os.Getenv("REAL_KUBECTL"),
	}}
	switch {
	case c.docker:
		images := exec.Command("examples/images.sh")
		images.Dir = "../.."
		run(t, images)
	case simulated:
	case os.Getenv("CI") != "":
		t.Fatal("no Docker daemon answers, and CI must have one")
	default:
		t.Log("no Docker daemon answers: sessions run on simulated pods, and those that need containers are skipped")
	}
	t.Cleanup(func() {
		if t.Failed() {
			for _, component := range []string{"supervisor", "apiserver", "controllers", "scheduler", "metrics-server", "kubelet-node-1", "kubelet-node-2"} {
				out, _ := exec.Command(c.env["KUBELITE"], "logs", component, "--profile", profile, "--home", home).CombinedOutput()
				t.Logf("log of %s:\n%s", component, tail(out, 40))
			}
		}
		run(t, exec.Command(c.env["KUBELITE"], "delete", "--profile", profile, "--home", home))
		c.nothingLeft(t, home, profile)
	})
	c.started = run(t, exec.Command(c.env["KUBELITE"], append([]string{"start", "--nodes", "2", "--port", "0", "--no-merge", "--profile", profile, "--home", home}, flags...)...))
	return c
}

// own gives a session a cluster of its own, for what the others must not feel: nodes that come and go.
func (c *cluster) own(ts *testscript.TestScript, neg bool, args []string) {
	if neg {
		ts.Fatalf("usage: cluster [start flags]")
	}
	profile, home := fmt.Sprintf("own-%d-%d", os.Getpid(), clusters.Add(1)), c.env["KUBELITE_HOME"]
	kubelite := func(command string, more ...string) {
		out, err := exec.Command(c.env["KUBELITE"], append([]string{command, "--profile", profile, "--home", home}, more...)...).CombinedOutput()
		ts.Logf("%s", out)
		ts.Check(err)
	}
	ts.Defer(func() { kubelite("delete") })
	kubelite("start", append([]string{"--port", "0", "--no-merge"}, args...)...)
	ts.Setenv("PROFILE", profile)
	ts.Setenv("KUBECONFIG", filepath.Join(home, profile, "kubeconfig"))
	ts.Setenv("NAMESPACE", "default")
}

// nothingLeft checks the promise of `kubelite delete`.
func (c *cluster) nothingLeft(t *testing.T, home, profile string) {
	t.Helper()
	if _, err := os.Stat(filepath.Join(home, profile)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("delete left %s behind", filepath.Join(home, profile))
	}
	if processes, err := exec.Command("pgrep", "-f", filepath.Join(home, profile)).Output(); err == nil {
		t.Errorf("delete left processes behind: %s", processes)
	}
	if !c.docker {
		return
	}
	for _, what := range []string{"container", "network"} {
		args := []string{what, "ls", "-q", "--filter", "label=io.kubelite.profile=" + profile}
		if what == "container" {
			args = append(args, "-a")
		}
		if out, err := exec.Command("docker", args...).Output(); err != nil || len(out) > 0 {
			t.Errorf("delete left a %s behind: %s %v", what, out, err)
		}
	}
}

func (c *cluster) kubectlLite(args ...string) ([]byte, error) {
	return c.command(args...).CombinedOutput()
}

// run is a command that succeeds, and what it said.
func run(t *testing.T, cmd *exec.Cmd) []byte {
	t.Helper()
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %v\n%s", cmd.Args, err, out)
	}
	return out
}

func tail(b []byte, lines int) []byte {
	all := bytes.Split(b, []byte("\n"))
	return bytes.Join(all[max(0, len(all)-lines):], []byte("\n"))
}

// until repeats a command until its output matches. It is how a session waits for what it cannot name a condition of.
func until(ts *testscript.TestScript, neg bool, args []string) {
	at := -1
	for i, a := range args {
		if a == "--" {
			at = i
		}
	}
	if neg || at < 1 || at != len(args)-2 {
		ts.Fatalf("usage: until COMMAND... -- PATTERN")
	}
	pattern := regexp.MustCompile("(?m)" + args[at+1])
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute) // a dead node is noticed after one
	defer cancel()
	for {
		err := ts.Exec(args[0], args[1:at]...)
		out := ts.ReadFile("stdout")
		if err == nil && pattern.MatchString(out) {
			return
		}
		select {
		case <-ctx.Done():
			ts.Fatalf("%v never matched %q; last output:\n%s", args[:at], args[at+1], out)
		case <-time.After(100 * time.Millisecond): // between two looks, not instead of one
		}
	}
}

// let sets a variable to the first line that kubectl-lite prints, as it prints it: nothing is replaced.
func let(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 || args[1] != "kubectl-lite" {
		ts.Fatalf("usage: let NAME kubectl-lite ARGUMENTS...")
	}
	ts.Check(ts.Exec(ts.Getenv("KUBECTL_LITE"), args[2:]...))
	line, _, _ := strings.Cut(ts.ReadFile("stdout"), "\n")
	ts.Setenv(args[0], line)
}

// normalised runs a program with our arguments and prints what it says with the changing parts replaced.
func normalised(program string, prefix ...string) {
	if program == "" {
		fmt.Fprintln(os.Stderr, "the program is not installed")
		os.Exit(1)
	}
	cmd := exec.Command(program, append(prefix, os.Args[1:]...)...)
	var out, errOut bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, &out, &errOut
	cmd.Env = append(os.Environ(), "PATH="+os.Getenv("REAL_PATH")) // a program that starts its like must not find us
	err := cmd.Run()
	fmt.Print(normalise(out.String()))
	fmt.Fprint(os.Stderr, normalise(errOut.String()))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

var changing = []struct {
	pattern     *regexp.Regexp
	replacement string
}{
	{regexp.MustCompile(`\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b`), "<uid>"},
	{regexp.MustCompile(`\b(web|api|job|hello)-[bcdf-hj-np-tv-xz2456789]{5,10}-[bcdf-hj-np-tv-z2456789]{5}\b`), "$1-<hash>-<id>"},
	{regexp.MustCompile(`\b(web|api|job|hello)-[bcdf-hj-np-tv-xz2456789]{8,10}\b`), "$1-<hash>"},
	{regexp.MustCompile(`\b\d+\.\d+\.\d+\.\d+\b`), "<ip>"},
	{regexp.MustCompile(`\b\d+(\.\d+)?(ms|µs|s|m|h|d)(\d+s)?( ago)?\b`), "<age>$4"},
	{regexp.MustCompile(`\bsession-\d+\b`), "<namespace>"},
	{regexp.MustCompile(`[ \t]{2,}(\S)`), "   $1"},
	{regexp.MustCompile(`(?m)[ \t]+$`), ""},
}

func normalise(s string) string {
	for _, c := range changing {
		s = c.pattern.ReplaceAllString(s, c.replacement)
	}
	return strings.ReplaceAll(s, "\t", "   ")
}
