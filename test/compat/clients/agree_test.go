package clients

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/require"
	"k8s.io/client-go/dynamic"
)

// TestAgree does the same things on two clusters, one with our controllers and one with upstream's kube-controller-manager, and
// compares what they come to: the objects of a namespace, field by field, and what controllers' events say. It runs where TestControllers
// does, and takes minutes.
//
// A scenario in testdata/agree is steps, divided by empty lines, which are lines for a shell. The files that they need stand below.
// After each step the clusters are looked at when they have come to rest.
func TestAgree(t *testing.T) {
	programs := upstreamPrograms(t, "kube-controller-manager")
	files, err := filepath.Glob("testdata/agree/*.txtar")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	ours, theirs := newSide(t), newSide(t)
	theirs.takeUpstreams(t, programs)
	for _, file := range files {
		check(t, "controllers", title(t, file), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			require.NoError(t, err)
			namespace := strings.TrimSuffix(filepath.Base(file), ".txtar")
			var results [2][]picture
			var both sync.WaitGroup
			for i, s := range []*side{ours, theirs} {
				both.Go(func() { results[i] = s.play(t, namespace, archive) })
			}
			both.Wait()
			requireAlike(t, results[0], results[1])
		})
	}
}

// requireAlike tells where two clusters came to different things.
func requireAlike(t *testing.T, ours, theirs []picture) {
	t.Helper()
	require.Len(t, theirs, len(ours))
	for i, our := range ours {
		if their := theirs[i]; our.text != their.text {
			t.Errorf("%s\nonly upstream's:\n%s\nonly ours:\n%s", our.step, strings.Join(their.without(our), "\n"), strings.Join(our.without(their), "\n"))
		}
	}
}

// side is one of the clusters that are compared.
type side struct {
	*fullCluster
	client dynamic.Interface
	view   view
	tools  string // a folder with commands of the scenarios' own
}

// newSide is a cluster with three simulated nodes.
func newSide(t *testing.T) *side {
	return sideOf(t, newCluster(t, "--nodes", "3", "--runtime", "simulated"), ofControllers)
}

func sideOf(t *testing.T, c *fullCluster, view view) *side {
	t.Helper()
	client, err := dynamic.NewForConfig(c.hurried(t))
	require.NoError(t, err)
	return &side{fullCluster: c, client: client, view: view}
}

// picture is what a cluster looks like after a step.
type picture struct{ step, text string }

// without are the lines that another picture has not, or not as often.
func (p picture) without(other picture) (lines []string) {
	count := map[string]int{}
	for line := range strings.SplitSeq(other.text, "\n") {
		count[line]++
	}
	for line := range strings.SplitSeq(p.text, "\n") {
		if count[line]--; count[line] < 0 {
			lines = append(lines, "  "+line)
		}
	}
	return lines
}

// play runs a scenario in a namespace of its own, which it takes away in the end.
func (s *side) play(t *testing.T, namespace string, archive *txtar.Archive) (pictures []picture) {
	dir := t.TempDir()
	config, err := os.ReadFile(s.kubeconfig)
	require.NoError(t, err)
	kubeconfig := filepath.Join(dir, "kubeconfig")
	require.NoError(t, os.WriteFile(kubeconfig, config, 0o600))
	for _, f := range archive.Files {
		require.NoError(t, os.WriteFile(filepath.Join(dir, f.Name), f.Data, 0o600))
	}
	shell := func(step string) {
		cmd := exec.Command("sh", "-c", step)
		cmd.Dir = dir
		path := strings.Join([]string{s.tools, filepath.Dir(shared.kubectl), filepath.Dir(shared.kubelite), os.Getenv("PATH")}, string(os.PathListSeparator))
		cmd.Env = append(os.Environ(), "PATH="+path, "KUBECONFIG="+kubeconfig, "KUBELITE_HOME="+s.home, "NS="+namespace)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", step, err, out)
		}
	}
	shell(fmt.Sprintf("kubectl create namespace %[1]s && kubectl config set-context --current --namespace %[1]s && kubectl wait --for=create serviceaccount/default --timeout=30s", namespace))
	names := names{}
	for step := range strings.SplitSeq(string(archive.Comment), "\n\n") {
		step = strings.TrimSpace(step)
		shell(step)
		pictures = append(pictures, picture{step, s.atRest(t, namespace, names)})
	}
	shell("kubectl delete namespace " + namespace + " --timeout=60s")
	return pictures
}

// atRest describes the namespace when nothing has changed there for two seconds, or after 40.
func (s *side) atRest(t *testing.T, namespace string, names names) (text string) {
	began := time.Now()
	for changed, last := began, ""; time.Since(changed) < 2*time.Second && time.Since(began) < 40*time.Second; time.Sleep(150 * time.Millisecond) {
		var versions string
		versions, text = s.describe(t, namespace, names)
		if versions != last {
			changed, last = time.Now(), versions
		}
	}
	return text
}
