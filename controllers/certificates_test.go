package controllers

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"kubelite/api"
)

func kubeletRequest(change func(*x509.CertificateRequest)) *x509.CertificateRequest {
	request := &x509.CertificateRequest{Subject: pkix.Name{CommonName: "system:node:n1", Organization: []string{"system:nodes"}}}
	if change != nil {
		change(request)
	}
	return request
}

func TestSignersSignNothingOfEachOther(t *testing.T) {
	client := []api.KeyUsage{api.UsageDigitalSignature, api.UsageClientAuth}
	serving := []api.KeyUsage{api.UsageServerAuth, api.UsageKeyEncipherment, api.UsageDigitalSignature}
	named := func(r *x509.CertificateRequest) { r.DNSNames = []string{"n1"} }
	for name, tt := range map[string]struct {
		signer  string
		request *x509.CertificateRequest
		usages  []api.KeyUsage
		want    string
	}{
		"a kubelet's client":              {signer: signerKubeletClient, request: kubeletRequest(nil), usages: client},
		"of another organisation":         {signer: signerKubeletClient, request: kubeletRequest(func(r *x509.CertificateRequest) { r.Subject.Organization = []string{"system:masters"} }), usages: client, want: "subject organization is not system:nodes"},
		"of two organisations":            {signer: signerKubeletClient, request: kubeletRequest(func(r *x509.CertificateRequest) { r.Subject.Organization = []string{"system:nodes", "system:masters"} }), usages: client, want: "subject organization is not system:nodes"},
		"that is no node":                 {signer: signerKubeletClient, request: kubeletRequest(func(r *x509.CertificateRequest) { r.Subject.CommonName = "admin" }), usages: client, want: "subject common name does not begin with system:node:"},
		"with a name of a server":         {signer: signerKubeletClient, request: kubeletRequest(named), usages: client, want: "DNS subjectAltNames are not allowed"},
		"for serving":                     {signer: signerKubeletClient, request: kubeletRequest(nil), usages: serving, want: "usages did not match [client auth digital signature key encipherment]"},
		"a kubelet's server":              {signer: signerKubelet, request: kubeletRequest(named), usages: serving},
		"without a name":                  {signer: signerKubelet, request: kubeletRequest(nil), usages: serving, want: "DNS or IP subjectAltName is required"},
		"a client":                        {signer: signerClient, request: &x509.CertificateRequest{}, usages: client},
		"that serves":                     {signer: signerClient, request: &x509.CertificateRequest{}, usages: serving, want: "invalid usage for client certificate: server auth"},
		"that is none":                    {signer: signerClient, request: &x509.CertificateRequest{}, usages: []api.KeyUsage{api.UsageDigitalSignature}, want: "missing required usage for client certificate: client auth"},
		"anything, for the signer of old": {signer: signerLegacy, request: &x509.CertificateRequest{}, usages: []api.KeyUsage{api.UsageCodeSigning}},
	} {
		t.Run(name, func(t *testing.T) {
			err := signerChecks[tt.signer](tt.request, tt.usages)
			if tt.want == "" {
				require.NoError(t, err)
			} else {
				require.EqualError(t, err, tt.want)
			}
		})
	}
}

func TestCertificatesLastAsLongAsAskedWithinLimits(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	der, err := x509.CreateCertificateRequest(rand.Reader, kubeletRequest(nil), key)
	require.NoError(t, err)
	request, err := x509.ParseCertificateRequest(der)
	require.NoError(t, err)
	usages := []api.KeyUsage{api.UsageDigitalSignature, api.UsageClientAuth}
	for _, tt := range []struct {
		seconds         *int32
		authority, want time.Duration
	}{
		{nil, 10 * certificateLifetime, certificateLifetime - certificateBackdate},
		{api.Ptr(int32(3600)), 10 * certificateLifetime, time.Hour},
		{api.Ptr(int32(600)), 10 * certificateLifetime, 10 * time.Minute},
		{api.Ptr(int32(60)), 10 * certificateLifetime, 10 * time.Minute},
		{api.Ptr(int32(2_000_000_000)), 10 * certificateLifetime, certificateLifetime - certificateBackdate},
		{nil, 24 * time.Hour, 24 * time.Hour},
	} {
		cert, err := certificateFor(request, usages, tt.seconds, testNow.Add(tt.authority), testNow)
		require.NoError(t, err)
		require.Equal(t, testNow.Add(tt.want), cert.NotAfter)
		require.Equal(t, testNow.Add(-certificateBackdate), cert.NotBefore)
		require.Equal(t, x509.KeyUsageDigitalSignature, cert.KeyUsage)
		require.Equal(t, []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}, cert.ExtKeyUsage)
		require.False(t, cert.IsCA)
	}
	_, err = certificateFor(request, usages, nil, testNow.Add(-time.Second), testNow)
	require.ErrorContains(t, err, "the signer has expired")
}

func TestRequestsAreClearedAway(t *testing.T) {
	csr := func(age time.Duration, issued bool, conditions ...api.RequestConditionType) *api.CertificateSigningRequest {
		c := &api.CertificateSigningRequest{ObjectMeta: api.ObjectMeta{CreationTimestamp: at(-age)}}
		for _, condition := range conditions {
			c.Status.Conditions = append(c.Status.Conditions, api.CertificateSigningRequestCondition{Type: condition, Status: api.ConditionTrue, LastUpdateTime: at(-age)})
		}
		if issued {
			c.Status.Certificate = []byte("x")
		}
		return c
	}
	for name, tt := range map[string]struct {
		csr  *api.CertificateSigningRequest
		left time.Duration
	}{
		"waiting":         {csr(time.Hour, false), 23 * time.Hour},
		"waiting, old":    {csr(25*time.Hour, false), -time.Hour},
		"denied":          {csr(2*time.Hour, false, api.CertificateDenied), -time.Hour},
		"issued":          {csr(30*time.Minute, true, api.CertificateApproved), 30 * time.Minute},
		"never signed":    {csr(2*time.Hour, false, api.CertificateApproved), 22 * time.Hour},
		"refused to sign": {csr(2*time.Hour, false, api.CertificateApproved, api.CertificateFailed), -time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			left, _ := csrTimeLeft(tt.csr, testNow)
			require.Equal(t, tt.left, left)
		})
	}
}
