package story

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	kubectllite "kubelite/kubectl-lite"
)

// terminal is where an administrator types commands.
type terminal struct {
	h     *Harness
	flags []string // that lead to this cluster and no other
}

func (h *Harness) terminal() *terminal {
	h.T.Helper()
	require.NoError(h.T, h.pki.Client("commandline", "kubernetes-admin", "system:masters"))
	config := filepath.Join(h.dir, "kubeconfig")
	text := fmt.Sprintf("clusters: [{name: c, cluster: {server: %q}}]\ncontexts: [{name: c, context: {cluster: c}}]\ncurrent-context: c\n", h.url)
	require.NoError(h.T, os.WriteFile(config, []byte(text), 0o600))
	return &terminal{h, []string{"--kubeconfig", config, "--certificate-authority", h.pki.CertFile("ca"),
		"--client-certificate", h.pki.CertFile("commandline"), "--client-key", h.pki.KeyFile("commandline")}}
}

// run runs kubectl-lite.
func (t *terminal) run(ctx context.Context, streams kubectllite.Streams, args ...string) (code int) {
	return kubectllite.Run(ctx, slices.Concat(t.flags, args), streams)
}

// try runs a command with some input.
func (t *terminal) try(stdin string, args ...string) (code int, stdout, stderr string) {
	var out, errOut bytes.Buffer
	code = t.run(t.h.Ctx, kubectllite.Streams{In: strings.NewReader(stdin), Out: &out, Err: &errOut}, args...)
	return code, out.String(), errOut.String()
}

// ok is a command that must succeed; it returns what it printed.
func (t *terminal) ok(args ...string) string {
	t.h.T.Helper()
	code, stdout, stderr := t.try("", args...)
	require.Zero(t.h.T, code, "%v: %s", args, stderr)
	return stdout
}

const webManifest = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {tier: front}}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: web, image: "web:v1"}]
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {colour: blue}
`

func TestCommandLine(t *testing.T) {
	h := Start(t, 1)
	term := h.terminal()

	t.Run("apply says what it did, and leaves others' fields alone", func(t *testing.T) {
		h.T = t
		apply := func(manifest string) string {
			code, stdout, stderr := term.try(manifest, "apply", "-f", "-")
			require.Zero(t, code, stderr)
			return stdout
		}
		require.Equal(t, "deployment.apps/web created\nconfigmap/settings created\n", apply(webManifest))
		require.Equal(t, "deployment.apps/web unchanged\nconfigmap/settings unchanged\n", apply(webManifest))
		require.Equal(t, "deployment.apps/web scaled\n", term.ok("scale", "deployment/web", "--replicas=3"))
		unsized := strings.Replace(strings.Replace(webManifest, "  replicas: 2\n", "", 1), ", labels: {tier: front}", "", 1)
		require.Equal(t, "deployment.apps/web configured\nconfigmap/settings unchanged\n", apply(unsized))
		require.Equal(t, "", term.ok("get", "deployment", "web", "-o", "jsonpath={.metadata.labels.tier}"), "what the manifest no longer has is removed")
		require.Equal(t, "1", term.ok("get", "deployment", "web", "-o", "jsonpath={.spec.replicas}"), "the replicas were the manifest's, too")
		apply(webManifest)
		require.Contains(t, term.ok("rollout", "status", "deployment/web"), "deployment \"web\" successfully rolled out\n")
	})

	t.Run("why leads from a pod to who asked for it, trace the other way", func(t *testing.T) {
		h.T = t
		asked := strings.ReplaceAll(strings.Split(webManifest, "---")[0], "web", "asked")
		code, _, stderr := term.try(asked, "apply", "-f", "-")
		require.Zero(t, code, stderr)
		term.ok("rollout", "status", "deployment/asked")
		pod := strings.Fields(term.ok("get", "pods", "-l", "app=asked", "-o", "name"))[0]
		why := term.ok("why", pod)
		for _, part := range []string{
			pod + " is there because", "create pods default/" + strings.TrimPrefix(pod, "pod/"), "(controllers/replicaset.go:",
			"create replicasets.apps default/asked-", "create deployments.apps default/asked", "kubectl-lite apply -f -  (kubectl-lite/apply.go:",
			"here it began: kubectl-lite as kubernetes-admin asked for it", "Since then:", "create binding", "node n1: fits",
		} {
			require.Contains(t, why, part)
		}
		require.Contains(t, term.ok("why", pod, "-o", "json"), `"because": {`)
		trace := term.ok("trace", "deployment/asked")
		require.Contains(t, trace, "+0.000s")
		require.Contains(t, trace, "kubectl-lite apply -f -")
		require.Contains(t, trace, "container asked started: Running")
	})

	t.Run("a pod that fits nowhere gets each node's reason", func(t *testing.T) {
		h.T = t
		code, _, stderr := term.try(`{"apiVersion":"v1","kind":"Pod","metadata":{"name":"picky"},"spec":{"nodeSelector":{"disk":"gold"},"containers":[{"name":"c","image":"i"}]}}`, "create", "-f", "-")
		require.Zero(t, code, stderr)
		h.Eventually(func() error {
			if why := term.ok("why", "pod/picky"); !strings.Contains(why, "node n1: node(s) didn't match Pod's node affinity/selector") {
				return fmt.Errorf("why says\n%s", why)
			}
			return nil
		})
		require.Equal(t, "pod \"picky\" deleted from default namespace\n", term.ok("delete", "pod", "picky"))
	})

	t.Run("delete takes as many as it is told, waits, and the rest heals", func(t *testing.T) {
		h.T = t
		deleted := term.ok("delete", "pod", "-l", "app=web", "--limit=1", "--now")
		require.Equal(t, 1, strings.Count(deleted, "\n"))
		h.Eventually(h.PodsReady("app=web", 2)) // the Deployment says so, too, before it has heard of what happened
		term.ok("wait", "--for=jsonpath={.status.readyReplicas}=2", "deployment/web")
		require.Len(t, strings.Fields(term.ok("get", "pods", "-l", "app=web", "-o", "name")), 2)
	})

	t.Run("rollouts go forward and back", func(t *testing.T) {
		h.T = t
		require.Equal(t, "deployment.apps/web image updated\n", term.ok("set", "image", "deployment/web", "web=web:v2"))
		term.ok("rollout", "status", "deployment/web")
		require.Regexp(t, `deployment.apps/web \nREVISION  CHANGE-CAUSE\n\d  +<none>\n\d  +<none>\n`, term.ok("rollout", "history", "deployment/web"))
		require.Equal(t, "deployment.apps/web rolled back\n", term.ok("rollout", "undo", "deployment/web"))
		require.Equal(t, "web:v1", term.ok("get", "deploy", "web", "-o", "jsonpath={.spec.template.spec.containers[0].image}"))
	})

	t.Run("a watch prints changes as rows below each other", func(t *testing.T) {
		h.T = t
		ctx, stop := context.WithCancel(h.Ctx)
		defer stop()
		out := &lineWatch{lines: make(chan string, 100)}
		done := make(chan int)
		go func() {
			done <- term.run(ctx, kubectllite.Streams{Out: out, Err: out}, "get", "configmap", "-w", "--field-selector=metadata.name=watched")
		}()
		term.ok("create", "configmap", "watched", "--from-literal=a=b")
		require.Equal(t, "NAME      DATA   AGE", <-out.lines)
		require.Regexp(t, `^watched   1      \d+s$`, <-out.lines)
		stop()
		require.Zero(t, <-done)
	})

	t.Run("mistakes end with 1 and a sentence", func(t *testing.T) {
		h.T = t
		for _, test := range []struct{ stdin, args, want string }{
			{"", "get pod nope", `Error from server (NotFound): pods "nope" not found`},
			{"", "get foo", `error: the server doesn't have a resource type "foo"`},
			{"", "delete pods", `error: resource(s) were provided, but no name was specified`},
			{"", "apply -f /nonexistent", `error: the path "/nonexistent" does not exist`},
			{"", "set image deployment/web nope=x", `error: unable to find container named "nope"`},
			{"", "wait --for=condition=Nonsense deployment/web --timeout=0s", `error: condition not met for deployments/web`},
			{"kind: Podd\napiVersion: v1\nmetadata: {name: a}", "apply -f -", `no matches for kind "Podd" in version "v1"`},
			{"a: b\n c: d", "apply -f -", "error: error parsing STDIN: error converting YAML to JSON: yaml: line 2: mapping values are not allowed in this context"},
			{strings.Replace(webManifest, "replicas:", "replicass:", 1), "apply -f -", `unknown field "spec.replicass"`},
			{"", "create deployment web --image=i", `error: failed to create deployment: deployments.apps "web" already exists`},
		} {
			code, _, stderr := term.try(test.stdin, strings.Fields(test.args)...)
			require.Equal(t, 1, code, test.args)
			require.Contains(t, stderr, test.want)
		}
	})
}

// lineWatch hands on what is written line by line.
type lineWatch struct {
	mu    sync.Mutex
	rest  string
	lines chan string
}

// Write takes in output.
func (w *lineWatch) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.rest += string(b)
	for {
		line, rest, ok := strings.Cut(w.rest, "\n")
		if !ok {
			return len(b), nil
		}
		w.lines <- line
		w.rest = rest
	}
}
