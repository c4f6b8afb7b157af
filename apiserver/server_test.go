package apiserver

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"kubelite/store"
)

// writeCertificate makes a self-signed certificate that is server, client and authority in one.
func writeCertificate(t *testing.T, dir string, subject pkix.Name) (certFile, keyFile string) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: subject, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	certFile, keyFile = filepath.Join(dir, subject.CommonName+".crt"), filepath.Join(dir, subject.CommonName+".key")
	require.NoError(t, os.WriteFile(certFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	require.NoError(t, os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}), 0o600))
	return certFile, keyFile
}

// Run serves clients with certificates, over HTTP/1.1 even if they would rather speak HTTP/2, over HTTP/2 if they speak nothing
// else, and ends in order: open watches first.
func TestRunAndShutdown(t *testing.T) {
	speaking := func(one, two bool) *http.Protocols {
		p := new(http.Protocols)
		p.SetHTTP1(one)
		p.SetHTTP2(two)
		return p
	}
	for name, test := range map[string]struct {
		offers *http.Protocols
		speaks string
	}{
		"both":     {speaking(true, true), "HTTP/1.1"},
		"HTTP/1.1": {speaking(true, false), "HTTP/1.1"},
		"HTTP/2":   {speaking(false, true), "HTTP/2.0"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			certFile, keyFile := writeCertificate(t, dir, pkix.Name{CommonName: "admin", Organization: []string{"system:masters"}})
			st, err := store.Open(filepath.Join(dir, "data"), store.Options{})
			require.NoError(t, err)
			defer st.Close()
			free, err := net.Listen("tcp", "127.0.0.1:0")
			require.NoError(t, err)
			address := free.Addr().String()
			require.NoError(t, free.Close())
			s, err := New(Config{Store: st, Listen: []string{address}, CertFile: certFile, KeyFile: keyFile, ClientCAFile: certFile, Version: "v1.36.3"})
			require.NoError(t, err)
			ctx, stop := context.WithCancel(t.Context())
			ended := make(chan error, 1)
			go func() { ended <- s.Run(ctx) }()

			certificate, err := tls.LoadX509KeyPair(certFile, keyFile)
			require.NoError(t, err)
			authority := x509.NewCertPool()
			pemBytes, err := os.ReadFile(certFile)
			require.NoError(t, err)
			authority.AppendCertsFromPEM(pemBytes)
			transport := &http.Transport{TLSClientConfig: &tls.Config{Certificates: []tls.Certificate{certificate}, RootCAs: authority}, Protocols: test.offers}
			client := &http.Client{Transport: transport}
			url := "https://" + address
			require.Eventually(t, func() bool {
				res, err := client.Get(url + "/readyz")
				if err != nil {
					return false
				}
				defer res.Body.Close()
				return res.StatusCode == 200
			}, 10*time.Second, 10*time.Millisecond)

			res, err := client.Get(url + "/api/v1/namespaces?watch=1")
			require.NoError(t, err)
			defer res.Body.Close()
			require.Equal(t, test.speaks, res.Proto)
			require.Equal(t, 200, res.StatusCode, "the certificate says who it is")
			lines := bufio.NewScanner(res.Body)
			for range 4 { // the namespaces of every cluster
				require.True(t, lines.Scan())
			}
			stop()
			require.False(t, lines.Scan(), "the watch ends")
			require.NoError(t, lines.Err(), "and ends cleanly")
			require.NoError(t, <-ended)
			_, err = client.Get(url + "/readyz")
			require.Error(t, err)
		})
	}
}

// brokenStore is a store whose disk fails when it is told to.
type brokenStore struct {
	store.Store
	failed chan struct{}
}

func (s *brokenStore) Failed() <-chan struct{} { return s.failed }

func (s *brokenStore) Err() error {
	select {
	case <-s.failed:
		return errors.New("its disk failed: input/output error")
	default:
		return nil
	}
}

// A server whose store has stopped writing is of no use. It says so, and ends, so that whoever watches over it starts it again.
func TestRunEndsWithItsStore(t *testing.T) {
	dir := t.TempDir()
	certFile, keyFile := writeCertificate(t, dir, pkix.Name{CommonName: "admin"})
	st, err := store.Open(filepath.Join(dir, "data"), store.Options{})
	require.NoError(t, err)
	defer st.Close()
	broken := &brokenStore{Store: st, failed: make(chan struct{})}
	s, err := New(Config{Store: broken, Listen: []string{"127.0.0.1:0"}, CertFile: certFile, KeyFile: keyFile, ClientCAFile: certFile})
	require.NoError(t, err)
	require.NoError(t, storeCheck.check(s))
	ended := make(chan error, 1)
	go func() { ended <- s.Run(t.Context()) }()
	close(broken.failed)
	require.ErrorContains(t, <-ended, "its disk failed")
	require.ErrorContains(t, storeCheck.check(s), "its disk failed")
}

func TestNewNamesWhatIsWrong(t *testing.T) {
	s, err := New(Config{Listen: []string{"127.0.0.1:0"}, CertFile: "/nowhere/x.crt", KeyFile: "/nowhere/x.key"})
	if err == nil {
		err = s.Run(t.Context())
	}
	require.ErrorContains(t, err, "serving certificate")
}

// What is written is there after a restart.
func TestRestart(t *testing.T) {
	dir := t.TempDir()
	start := func() (*Server, func()) {
		st, err := store.Open(dir, store.Options{})
		require.NoError(t, err)
		s, err := New(Config{Store: st, Listen: []string{"127.0.0.1:6443"}})
		require.NoError(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		wait, err := s.Start(ctx)
		require.NoError(t, err)
		return s, func() {
			cancel()
			require.NoError(t, wait())
			require.NoError(t, st.Close())
		}
	}
	s, stop := start()
	revision := s.store.Revision()
	stop()
	s, stop = start()
	defer stop()
	require.Equal(t, revision, s.store.Revision(), "a second start finds everything in place")
}

// History is kept for the interval, and then let go.
func TestCompaction(t *testing.T) {
	st, err := store.Open(t.TempDir(), store.Options{})
	require.NoError(t, err)
	s, err := New(Config{Store: st, Listen: []string{"127.0.0.1:6443"}, CompactionInterval: 500 * time.Millisecond})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	wait, err := s.Start(ctx)
	require.NoError(t, err)
	revision := st.Revision()
	_, err = st.Create(ctx, "/elsewhere/x", store.Bytes(nil), nil)
	require.NoError(t, err)
	require.Eventually(t, func() bool { return st.CompactedRevision() > revision }, 10*time.Second, 10*time.Millisecond)
	cancel()
	require.NoError(t, wait())
	require.NoError(t, st.Close())
}
