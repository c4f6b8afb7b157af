package cluster

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestWhatIsStartedRelaxedHandsItsSlackOn(t *testing.T) {
	var said bytes.Buffer
	relaxed := exec.Command("sh", "-c", "cat /proc/self/timerslack_ns; exit $?") // cat is the shell's child
	relaxed.Stdout = &said
	require.NoError(t, startRelaxed(relaxed))
	require.NoError(t, relaxed.Wait())
	assert.Equal(t, "1000000", strings.TrimSpace(said.String()))

	others, err := exec.Command("cat", "/proc/self/timerslack_ns").Output()
	require.NoError(t, err)
	assert.Equal(t, "50000", strings.TrimSpace(string(others)), "we ourselves are as before")
}
