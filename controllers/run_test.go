package controllers

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"log/slog"
	"math/big"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kubelite/api"
	"kubelite/api/tokens"
	"kubelite/client"
)

// TestEveryLoopCanBeNamed sees to it that each control loop has a name by which it can be switched off, and each name a loop.
func TestEveryLoopCanBeNamed(t *testing.T) {
	c, err := client.New(&client.Config{Server: "http://127.0.0.1:1"})
	require.NoError(t, err)
	ca, key := authority(t)
	file := filepath.Join(t.TempDir(), "sa.key")
	require.NoError(t, os.WriteFile(file, key, 0o600))
	tokenKey, err := tokens.LoadKey("", file)
	require.NoError(t, err)
	cfg := Config{
		Client: c, Logger: slog.New(slog.DiscardHandler), RootCA: ca, SigningKey: key, TokenKey: tokenKey, VolumeDir: t.TempDir(),
		ClusterCIDRs: []netip.Prefix{netip.MustParsePrefix("10.244.0.0/16")}, LoadBalancers: netip.MustParsePrefix("10.104.0.0/16"),
	}
	names := func(selection ...string) (names []string) {
		cfg.Controllers = selection
		loops, err := newLoops(cfg, NewCaches(c))
		require.NoError(t, err)
		for _, l := range loops {
			names = append(names, l.name)
		}
		slices.Sort(names)
		return slices.Compact(names)
	}
	assert.Equal(t, api.ControllerNames(), names())
	assert.Equal(t, []string{"job-controller"}, names("job"))
	assert.NotContains(t, names("*", "-job-controller"), "job-controller")
	cfg.Controllers = api.ControllerSelection{"jobs"}
	_, err = newLoops(cfg, NewCaches(c))
	assert.Error(t, err)
}

// authority is a certificate that signs itself, and its key, in PEM.
func authority(t *testing.T) (cert, key []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	require.NoError(t, err)
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	require.NoError(t, err)
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})
}
