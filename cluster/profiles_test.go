package cluster

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"kubelite/client"
)

// kubelite runs one of the commands of this package, without a machine.
func kubelite(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	for _, cmd := range Commands(nil, "v0.0.0") {
		if cmd.Name() != args[0] {
			continue
		}
		cmd.SetOut(&out)
		cmd.SetErr(&out)
		cmd.SetArgs(args[1:])
		cmd.SilenceUsage, cmd.SilenceErrors = true, true
		err := cmd.Execute()
		return out.String(), err
	}
	t.Fatalf("no command %s", args[0])
	return "", nil
}

func TestTheActiveProfileIsWhatCommandsMean(t *testing.T) {
	home := t.TempDir()
	t.Setenv("KUBELITE_HOME", home)
	t.Setenv("KUBECONFIG", filepath.Join(home, "config"))
	ok := func(want string, args ...string) {
		t.Helper()
		out, err := kubelite(t, args...)
		require.NoError(t, err, "%v", args)
		require.Equal(t, want, out, "%v", args)
	}
	fails := func(want string, args ...string) {
		t.Helper()
		_, err := kubelite(t, args...)
		require.EqualError(t, err, want, "%v", args)
	}
	ok("kubelite\n", "profile")
	fails(`no cluster was found: `+"`kubelite start` makes one", "profile", "list")
	fails(`profile "work" not found: `+"`kubelite start --profile work` makes it", "profile", "work")
	fails(`profile "kubelite" does not exist in `+home+": start it first", "ip")

	p := Profile{Name: "work", Home: home}
	require.NoError(t, p.create())
	config := &Config{Profile: "work", Version: "v0.0.0", Port: 7443, Runtime: RuntimeSimulated, Nodes: []Node{{Name: "node-1"}}}
	require.NoError(t, config.save(p))
	ok("kubelite profile was successfully set to work\n", "profile", "work")
	ok("work\n", "profile")
	ok("127.0.0.1\n", "ip")
	ok("127.0.0.1\n", "ip", "--node", "node-1")
	fails(`no node "node-9"; there are [node-1]`, "ip", "--node", "node-9")
	ok("PROFILE   RUNTIME     SERVER                   VERSION   STATUS    NODES   ACTIVE\n"+
		"work      simulated   https://127.0.0.1:7443   v0.0.0    Stopped   1       *\n", "profile", "list")
	fails(`profile "kubelite" does not exist in `+home+": start it first", "ip", "--profile", "kubelite")
	fails(`profile "work" is not running`, "pause")
	fails(`profile "work" is not paused`, "unpause")

	// The context of kubectl follows, once it is there.
	require.NoError(t, client.WriteKubeconfig(p.Kubeconfig(), map[string]any{
		"contexts": []any{named("work", "context", map[string]any{"cluster": "work", "user": "work"})},
	}))
	ok("\"work\" context has been updated to point to 127.0.0.1:7443\nCurrent context is \"work\"\n", "update-context")
	ok("No changes required for the \"work\" context\nCurrent context is \"work\"\n", "update-context")
	ok("kubelite profile was successfully set to kubelite\n", "profile", "kubelite")
	ok("kubelite\n", "profile")
	ok("kubelite profile was successfully set to work\n", "profile", "work")

	// A profile that is deleted is not meant any more, and kubectl forgets it, even if $KUBECONFIG has another value by then.
	merged := os.Getenv("KUBECONFIG")
	require.FileExists(t, merged)
	t.Setenv("KUBECONFIG", filepath.Join(home, "other"))
	ok("profile \"work\" deleted\n", "delete")
	ok("kubelite\n", "profile")
	require.NoFileExists(t, merged)
}

func TestDockerEnvPrintsOnlyComments(t *testing.T) {
	home := t.TempDir()
	t.Setenv("KUBELITE_HOME", home)
	p := Profile{Name: "kubelite", Home: home}
	require.NoError(t, p.create())
	for runtime, want := range map[string]string{RuntimeDocker: "the Docker daemon of this machine", RuntimeSimulated: "are simulated"} {
		require.NoError(t, (&Config{Runtime: runtime}).save(p))
		for shell, mark := range map[string]string{"bash": "#", "fish": "#", "cmd": "REM"} {
			out, err := kubelite(t, "docker-env", "--shell", shell)
			require.NoError(t, err)
			require.Contains(t, out, want)
			for line := range bytes.Lines([]byte(out)) {
				require.True(t, bytes.HasPrefix(line, []byte(mark+" ")), "%s", line)
			}
		}
	}
}

func TestVersion(t *testing.T) {
	for _, test := range []struct {
		want string
		args []string
	}{
		{"kubelite version: v0.0.0\nkubernetes version: v1.36.3\n", []string{"version"}},
		{"v0.0.0\n", []string{"version", "--short"}},
		{`{"kubeliteVersion":"v0.0.0","kubernetesVersion":"v1.36.3"}` + "\n", []string{"version", "-o", "json"}},
		{"kubeliteVersion: v0.0.0\nkubernetesVersion: v1.36.3\n", []string{"version", "-o", "yaml"}},
	} {
		out, err := kubelite(t, test.args...)
		require.NoError(t, err)
		require.Equal(t, test.want, out)
	}
}

func TestTheEndOfALog(t *testing.T) {
	for _, test := range []struct {
		n          int
		text, want string
	}{
		{1, "", ""}, {1, "a", "a"}, {1, "a\n", "a\n"}, {1, "a\nb\n", "b\n"}, {2, "a\nb\nc", "b\nc"}, {3, "a\nb\n", "a\nb\n"}, {2, "\n\n\n", "\n\n"},
	} {
		require.Equal(t, test.want, string(lastLines([]byte(test.text), test.n)), "%d of %q", test.n, test.text)
	}
}
