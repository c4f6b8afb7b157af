package clients

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/require"
)

// TestKubectl runs every session in testdata/kubectl with every version, in a namespace of its own. The first comment in a
// file says what it checks.
func TestKubectl(t *testing.T) {
	files, err := filepath.Glob("testdata/kubectl/*.txtar")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, v := range kubectls {
		for _, file := range files {
			check(t, "kubectl "+v.version, title(t, file), func(t *testing.T) { kubectlSession(t, v, file) })
		}
	}
}

func title(t *testing.T, file string) string {
	b, err := os.ReadFile(file)
	require.NoError(t, err)
	line, _, _ := strings.Cut(string(b), "\n")
	return strings.TrimRight(strings.TrimPrefix(line, "# "), ".")
}

var namespaces atomic.Int64

func kubectlSession(t *testing.T, v kubectlVersion, file string) {
	testscript.Run(t, testscript.Params{
		Files: []string{file},
		Setup: func(env *testscript.Env) error {
			namespace := fmt.Sprintf("kubectl-%d-%d", time.Now().Unix(), namespaces.Add(1))
			env.Setenv("NAMESPACE", namespace)
			env.Setenv("HOME", env.WorkDir)
			env.Setenv("KUBECTL", v.program())
			env.Setenv("PATH", filepath.Dir(v.program())+string(os.PathListSeparator)+env.Getenv("PATH"))
			kubectl := func(args ...string) error {
				return output(exec.Command(shared.kubectl, append(args, "--kubeconfig", shared.kubeconfig)...))
			}
			// The session's own kubeconfig names its namespace, so that nobody has to type -n.
			config, err := os.ReadFile(shared.kubeconfig)
			if err != nil {
				return err
			}
			own := filepath.Join(env.WorkDir, "kubeconfig")
			env.Setenv("KUBECONFIG", own)
			if err := os.WriteFile(own, config, 0o600); err != nil {
				return err
			}
			if err := output(exec.Command(shared.kubectl, "config", "set-context", "--current", "--namespace", namespace, "--kubeconfig", own)); err != nil {
				return err
			}
			env.Defer(func() {
				if err := kubectl("delete", "namespace", namespace, "--wait=false"); err != nil {
					t.Error(err)
				}
			})
			return kubectl("create", "namespace", namespace)
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){"eventually": eventually},
		// [ours] is false on somebody else's cluster; [kubectl:1.32] holds for that minor version of the client.
		Condition: func(cond string) (bool, error) {
			if minor, ok := strings.CutPrefix(cond, "kubectl:"); ok {
				return strings.HasPrefix(v.version, minor+"."), nil
			}
			if cond == "ours" {
				return shared.ours, nil
			}
			return false, fmt.Errorf("unknown condition %s", cond)
		},
	})
}

// eventually runs a command until its output contains a text, for what a controller does after the command that asks for
// it has ended: eventually TEXT kubectl get ...
func eventually(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 3 || args[1] != "kubectl" {
		ts.Fatalf("usage: eventually TEXT kubectl ...")
	}
	deadline := time.Now().Add(30 * time.Second)
	for {
		cmd := exec.Command(ts.Getenv("KUBECTL"), args[2:]...)
		cmd.Dir, cmd.Env = ts.MkAbs("."), append(os.Environ(), "KUBECONFIG="+ts.Getenv("KUBECONFIG"), "HOME="+ts.Getenv("HOME"))
		out, _ := cmd.CombinedOutput()
		if bytes.Contains(out, []byte(args[0])) != neg {
			return
		}
		if time.Now().After(deadline) {
			ts.Fatalf("still not %q:\n%s", args[0], out)
		}
		time.Sleep(50 * time.Millisecond) // between two looks
	}
}
