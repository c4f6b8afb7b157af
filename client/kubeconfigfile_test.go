package client

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestKubeconfigFiles(t *testing.T) {
	dir := t.TempDir()
	file, link := filepath.Join(dir, "new", "config"), filepath.Join(dir, "link")
	_, err := ReadKubeconfig(file)
	require.ErrorIs(t, err, os.ErrNotExist)
	require.NoError(t, WriteKubeconfig(file, map[string]any{"kind": "Config", "unknown": []any{"kept"}}))
	require.NoError(t, os.Symlink(file, link))

	read, err := ReadKubeconfig(link)
	require.NoError(t, err)
	require.Equal(t, map[string]any{"kind": "Config", "unknown": []any{"kept"}}, read)
	read["current-context"] = "here"
	require.NoError(t, WriteKubeconfig(link, read))

	to, err := os.Readlink(link)
	require.NoError(t, err, "a link is still a link")
	require.Equal(t, file, to)
	info, err := os.Stat(file)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	read, err = ReadKubeconfig(file)
	require.NoError(t, err)
	require.Equal(t, "here", read["current-context"])
	entries, err := os.ReadDir(filepath.Dir(file))
	require.NoError(t, err)
	require.Len(t, entries, 1, "nothing else is left behind")

	require.NoError(t, os.WriteFile(file, []byte("\n"), 0o600))
	read, err = ReadKubeconfig(file)
	require.NoError(t, err)
	require.Empty(t, read)
	require.NoError(t, os.WriteFile(file, []byte("a: [b"), 0o600))
	_, err = ReadKubeconfig(file)
	require.Error(t, err)
}

func TestKubeconfigPaths(t *testing.T) {
	t.Setenv("HOME", "/home/ann")
	for list, want := range map[string][]string{
		"":       {"/home/ann/.kube/config"},
		":":      {"/home/ann/.kube/config"},
		"/a::/b": {"/a", "/b"},
	} {
		t.Setenv("KUBECONFIG", list)
		require.Equal(t, want, KubeconfigPaths(), list)
	}
}
