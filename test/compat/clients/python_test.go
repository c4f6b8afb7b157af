package clients

import (
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestPython runs a program of the Python client, where that is installed (Debian: python3-kubernetes).
func TestPython(t *testing.T) {
	python := "/usr/bin/python3" // Debian's, which has Debian's packages, whatever else is called python3
	if _, err := os.Stat(python); err != nil {
		python = "python3"
	}
	if out, err := exec.Command(python, "-c", "import kubernetes").CombinedOutput(); err != nil {
		fmt.Printf("%-24s skipped: the package kubernetes of Python cannot be imported\n", "python")
		t.Skipf("no Python client: %v\n%s", err, out)
	}
	check(t, "python", "lists, creates, patches, watches and deletes", func(t *testing.T) {
		namespace := fmt.Sprintf("python-%d", time.Now().Unix())
		out, err := exec.Command(python, "../python/walk.py", shared.kubeconfig, namespace).CombinedOutput()
		require.NoError(t, err, "%s", out)
		require.Equal(t, "ok\n", string(out))
	})
}
