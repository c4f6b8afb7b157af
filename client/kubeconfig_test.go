package client

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

const oneCluster = `
apiVersion: v1
kind: Config
current-context: here
clusters:
- name: c
  cluster: {server: "https://127.0.0.1:6443", certificate-authority: ca.pem}
contexts:
- name: here
  context: {cluster: c, user: u, namespace: work}
users:
- name: u
  user: {token: secret, client-key-data: a2V5}
`

func TestLoadKubeconfig(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "config")
	require.NoError(t, os.WriteFile(path, []byte(oneCluster), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "ca.pem"), []byte("PEM"), 0o600))

	cfg, err := LoadKubeconfig(path, "")
	require.NoError(t, err)
	require.Equal(t, "https://127.0.0.1:6443", cfg.Server)
	require.Equal(t, "PEM", string(cfg.CAData), "paths are relative to the file")
	require.Equal(t, "key", string(cfg.KeyData))
	require.Equal(t, "secret", cfg.Token)
	require.Equal(t, "work", cfg.Namespace)

	_, err = LoadKubeconfig(path, "elsewhere")
	require.EqualError(t, err, "context was not found for specified context: elsewhere")
	_, err = LoadKubeconfig(filepath.Join(dir, "none"), "")
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestKubeconfigsAreMerged(t *testing.T) {
	dir := t.TempDir()
	first, second := filepath.Join(dir, "a"), filepath.Join(dir, "b")
	require.NoError(t, os.WriteFile(first, []byte("clusters:\n- name: c\n  cluster: {server: \"https://first:1\"}\n"), 0o600))
	require.NoError(t, os.WriteFile(second, []byte(`
current-context: x
clusters: [{name: c, cluster: {server: "https://second:1"}}]
contexts: [{name: x, context: {cluster: c}}]
`), 0o600))
	t.Setenv("KUBECONFIG", first+":"+filepath.Join(dir, "missing")+":"+second)
	cfg, err := LoadKubeconfig("", "")
	require.NoError(t, err)
	require.Equal(t, "https://first:1", cfg.Server, "the first file that defines a name wins")

	t.Setenv("KUBECONFIG", filepath.Join(dir, "missing"))
	_, err = LoadKubeconfig("", "")
	require.ErrorIs(t, err, ErrNoKubeconfig)
}

func TestKubeconfigRefusesWhatItCannotDo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config")
	require.NoError(t, os.WriteFile(path, []byte(`
current-context: x
clusters: [{name: c, cluster: {server: "https://a:1"}}]
contexts: [{name: x, context: {cluster: c, user: u}}]
users: [{name: u, user: {exec: {command: login}}}]
`), 0o600))
	_, err := LoadKubeconfig(path, "")
	require.ErrorContains(t, err, "exec")
}
