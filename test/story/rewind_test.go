package story

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestRewind(t *testing.T) {
	h := Start(t, 1)
	term := h.terminal()
	code, _, stderr := term.try(webManifest, "apply", "-f", "-")
	require.Zero(t, code, stderr)
	term.ok("rollout", "status", "deployment/web")
	settled := term.ok("get", "configmap", "settings", "-o", "jsonpath={.metadata.resourceVersion}")
	two := strings.TrimSpace(term.ok("get", "pods", "-o", "name"))
	before := term.ok("get", "deployment", "web", "-o", "jsonpath={.metadata.resourceVersion}")
	term.ok("scale", "deployment/web", "--replicas=1")
	term.ok("rollout", "status", "deployment/web")
	term.ok("delete", "deployment/web", "--cascade=foreground")
	term.ok("delete", "configmap/settings")

	// Lists, tables, single objects and everything that describe looks up are of then.
	require.Equal(t, two, strings.TrimSpace(term.ok("get", "pods", "-o", "name", "--at", before)))
	require.Contains(t, term.ok("get", "deployments", "--at", before), "web    2/2")
	require.Contains(t, term.ok("get", "deployment/web", "--at", before), "web    2/2")
	require.Equal(t, "2", term.ok("get", "deployment", "web", "--at", before, "-o", "jsonpath={.spec.replicas}"))
	described := term.ok("describe", "deployment", "web", "--at", before)
	require.Contains(t, described, "2 desired | 2 updated | 2 total | 2 available")
	require.NotContains(t, described, "Scaled down", "that event came later")

	// What was not there yet, or never, is not found, in the words of the present.
	code, _, stderr = term.try("", "get", "deployment", "web", "--at", "1")
	require.Equal(t, 1, code)
	require.Equal(t, "Error from server (NotFound): deployments.apps \"web\" not found\n", stderr)
	require.Empty(t, term.ok("get", "deployment", "web", "--at", "10h", "--ignore-not-found"))

	// The history of what is gone, from its making to its end.
	history := term.ok("history", "deployment/web")
	for _, part := range []string{
		"kubectl-lite as kubernetes-admin: create\n   kubectl-lite apply -f -  (kubectl-lite/apply.go:", "--- /dev/null\n+++ revision ", "\n+  replicas: 2\n",
		"kubectl-lite scale deployment/web --replicas=1", "\n-  replicas: 2\n+  replicas: 1\n", "controllers/deployment", "+  readyReplicas: 2\n", "\n+++ /dev/null\n",
	} {
		require.Contains(t, history, part)
	}
	require.NotContains(t, history, "managedFields:")
	replicas := term.ok("history", "deployment/web", "--field", ".spec.replicas")
	require.Equal(t, 3, strings.Count(replicas, "@@ -"), "made, scaled, gone: %s", replicas)
	require.Contains(t, term.ok("history", "deployment/web", "-o", "json"), `"object": null`)
	require.Contains(t, term.ok("history", "configmap/settings", "--revision", settled, "-o", "yaml"), "colour: blue")

	// A secret's values stay hidden, unless somebody wants them.
	term.ok("create", "secret", "generic", "login", "--from-literal=password=one")
	require.NotContains(t, term.ok("history", "secret/login"), "b25l")
	require.Contains(t, term.ok("history", "secret/login", "--show-secrets"), "b25l")

	// What cannot be meant.
	code, _, stderr = term.try("", "get", "pods", "--at", "0")
	require.Equal(t, 1, code)
	require.Contains(t, stderr, `invalid argument "0" for "--at" flag`)
	code, _, stderr = term.try("", "get", "pods", "--at", "5m", "-w")
	require.Equal(t, 1, code)
	require.Contains(t, stderr, "--at cannot be used with --watch")
}

// TestRewindTooFar asks a server that has compacted what is wanted.
func TestRewindTooFar(t *testing.T) {
	h := Start(t, 0)
	term := h.terminal()
	compacted := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		require.Equal(t, "/ledger", r.URL.Path, "nothing else needs to be asked")
		revision := 900
		if r.URL.Query().Get("ago") != "0s" {
			revision = 0
		}
		fmt.Fprintf(w, `{"revision":%d,"oldestRevision":812,"oldestTime":%q}`, revision, time.Now().Add(-5*time.Minute).UTC().Format("2006-01-02T15:04:05.000000Z07:00"))
	}))
	defer compacted.Close()
	term.flags = []string{"--server", compacted.URL}
	for _, command := range []string{"get", "describe"} {
		for _, at := range []string{"811", "10h"} {
			code, _, stderr := term.try("", command, "pods", "--at", at)
			require.Equal(t, 1, code)
			require.Equal(t, "Error from server (Expired): The resourceVersion for the provided list is too old. What is still there begins at revision 812, 5m ago.\n", stderr)
		}
	}
}

// TestRewindElsewhere asks a server that knows nothing of a ledger.
func TestRewindElsewhere(t *testing.T) {
	h := Start(t, 0)
	term := h.terminal()
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/ledger" {
			http.NotFound(w, r)
			return
		}
		t.Errorf("unexpected request %s", r.URL)
	}))
	defer elsewhere.Close()
	term.flags = []string{"--server", elsewhere.URL}
	code, _, stderr := term.try("", "get", "pods", "--at", "5m")
	require.Equal(t, 1, code)
	require.Equal(t, "error: this server keeps no ledger: only kubelite's can say who changed what, when and why\n", stderr)
}
