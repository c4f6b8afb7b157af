package compat

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"kubelite/api"
	"kubelite/apiserver"
	"kubelite/cluster"
	"kubelite/store"
)

// startServer runs an API server with nothing in its store until the test ends. get decodes what it answers to a GET of its
// administrator.
func startServer(t *testing.T) (get func(path string, into any)) {
	dir := t.TempDir()
	pki, err := cluster.NewPKI(dir)
	require.NoError(t, err)
	require.NoError(t, pki.Server("apiserver", "kube-apiserver", []string{"localhost"}, []net.IP{net.IPv4(127, 0, 0, 1)}))
	require.NoError(t, pki.Client("admin", "kubernetes-admin", "system:masters"))
	free, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := free.Addr().String()
	require.NoError(t, free.Close())
	db, err := store.Open(filepath.Join(dir, "store"), store.Options{})
	require.NoError(t, err)
	server, err := apiserver.New(apiserver.Config{
		Store: db, Listen: []string{address}, Logger: slog.New(slog.DiscardHandler), Version: api.KubernetesVersion,
		CertFile: pki.CertFile("apiserver"), KeyFile: pki.KeyFile("apiserver"), ClientCAFile: pki.CertFile("ca"),
	})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- errors.Join(server.Run(ctx), db.Close()) }()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-ended)
	})

	certificate, err := tls.LoadX509KeyPair(pki.CertFile("admin"), pki.KeyFile("admin"))
	require.NoError(t, err)
	ca, err := os.ReadFile(pki.CertFile("ca"))
	require.NoError(t, err)
	roots := x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM(ca))
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, Certificates: []tls.Certificate{certificate}}}}
	fetch := func(path string) (int, []byte, error) {
		answer, err := client.Get("https://" + address + path)
		if err != nil {
			return 0, nil, err
		}
		defer answer.Body.Close()
		body, err := io.ReadAll(answer.Body)
		return answer.StatusCode, body, err
	}
	require.Eventually(t, func() bool {
		code, _, err := fetch("/readyz")
		return err == nil && code == http.StatusOK
	}, 30*time.Second, 5*time.Millisecond)
	return func(path string, into any) {
		code, body, err := fetch(path)
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, code, "%s", body)
		require.NoError(t, json.Unmarshal(body, into))
	}
}
