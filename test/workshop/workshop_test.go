// Package workshop unpacks what make workshop-bundle makes into an empty folder, and does there what the first participant does: without a network, and
// without anything of this machine's but a shell.
package workshop

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// bundle makes the archive for this machine, without images: simulated pods need none.
func bundle(t *testing.T) (archive, sums string) {
	t.Helper()
	out := t.TempDir()
	cmd := exec.Command("../../examples/workshop-bundle.sh")
	cmd.Env = append(os.Environ(), "OUT="+out, "PLATFORMS="+runtime.GOOS+"/"+runtime.GOARCH, "IMAGES=", "VERSION=v0.1.0-workshop")
	said, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", said)
	found, err := filepath.Glob(filepath.Join(out, "*.tar.gz"))
	require.NoError(t, err)
	require.Len(t, found, 1)
	text, err := os.ReadFile(filepath.Join(out, "SHA256SUMS"))
	require.NoError(t, err)
	return found[0], string(text)
}

// firstLab is what START-HERE.md says. A network of its own has nothing but loopback.
const firstLab = `
set -eu
if [ -n "$ALONE" ]; then ip link set lo up; fi
cd kubelite-workshop
sha256sum --check --quiet SHA256SUMS
export PATH="$PWD/bin:$PATH"
trap 'kubelite delete' EXIT
kubelite start --nodes 2 --runtime simulated --port 0
kubelite lab list
kubelite lab start first-pod
kubelite lab check && exit 1
sh docs/labs/01-first-pod/solution.sh
kubelite lab check
`

func TestWorkshopBundle(t *testing.T) {
	for _, program := range []string{"git", "tar", "gzip", "sha256sum"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("%s is missing", program)
		}
	}
	archive, sums := bundle(t)
	_, again := bundle(t)
	assert.Equal(t, sums, again, "the same sources make the same archive")

	dir := t.TempDir()
	said, err := exec.Command("tar", "-xzf", archive, "-C", dir).CombinedOutput()
	require.NoError(t, err, "%s", said)
	shell, alone := []string{"sh", "-c", firstLab}, ""
	if exec.Command("unshare", "-rn", "ip", "link", "set", "lo", "up").Run() == nil {
		shell, alone = append([]string{"unshare", "-rn"}, shell...), "1"
	} else {
		t.Log("no network of one's own can be made here: the first lab is solved with the machine's network")
	}
	cmd := exec.Command(shell[0], shell[1:]...)
	cmd.Dir = dir
	cmd.Env = []string{"HOME=" + filepath.Join(dir, "home"), "PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "ALONE=" + alone}
	require.NoError(t, os.Mkdir(filepath.Join(dir, "home"), 0o755))
	said, err = cmd.CombinedOutput()
	require.NoError(t, err, "%s", said)
	assert.Contains(t, string(said), "first-pod")
	t.Logf("%s", said)
}
