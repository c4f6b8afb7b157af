package story

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"kubelite/api"
	"kubelite/client"
)

func TestApprovedRequestYieldsACertificateThatWorks(t *testing.T) {
	h := Start(t, 0)
	key := newKey(t)
	request := func(name, signer string, subject pkix.Name) *api.CertificateSigningRequest {
		return certificateRequest(t, key, name, signer, subject)
	}
	csrs := client.Of[*api.CertificateSigningRequest](h.Client)
	jane := Apply(h, request("jane", "kubernetes.io/kube-apiserver-client", pkix.Name{CommonName: "jane"}))
	jane.Status.Conditions = []api.CertificateSigningRequestCondition{{Type: api.CertificateApproved, Status: api.ConditionTrue, Reason: "KubectlApprove"}}
	_, err := csrs.UpdateSubresource(h.Ctx, jane, "approval")
	require.NoError(t, err)
	h.Eventually(h.certificateIssued("jane"))
	jane, err = csrs.Get(h.Ctx, "", "jane")
	require.NoError(t, err)

	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	ca, err := os.ReadFile(h.pki.CertFile("ca"))
	require.NoError(t, err)
	c, err := client.New(&client.Config{Server: h.url, CAData: ca, CertData: jane.Status.Certificate, KeyData: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}), Agent: "jane"})
	require.NoError(t, err)
	_, err = client.Of[*api.Pod](c).List(h.Ctx, "default", client.ListOptions{})
	require.True(t, api.IsForbidden(err), "%v", err)
	require.ErrorContains(t, err, `User "jane"`)

	// Nobody has to approve a node's request for a certificate of its own.
	start := client.WithTimer(h.Ctx, "kubelet start") // no kubelet does this by itself: we do it in a node's name
	_, err = client.Of[*api.CertificateSigningRequest](h.As("system:node:n1", "system:nodes")).Create(start,
		request("n1", "kubernetes.io/kube-apiserver-client-kubelet", pkix.Name{CommonName: "system:node:n1", Organization: []string{"system:nodes"}}))
	require.NoError(t, err)
	_, err = client.Of[*api.ClusterRoleBinding](h.Client).Create(h.Ctx, &api.ClusterRoleBinding{
		ObjectMeta: api.ObjectMeta{Name: "nodes-renew"}, RoleRef: api.RoleRef{APIGroup: "rbac.authorization.k8s.io", Kind: "ClusterRole", Name: "system:certificates.k8s.io:certificatesigningrequests:selfnodeclient"},
		Subjects: []api.Subject{{Kind: "Group", APIGroup: "rbac.authorization.k8s.io", Name: "system:nodes"}},
	})
	require.NoError(t, err)
	_, err = client.Of[*api.CertificateSigningRequest](h.As("system:node:n1", "system:nodes")).Create(start,
		request("n1-again", "kubernetes.io/kube-apiserver-client-kubelet", pkix.Name{CommonName: "system:node:n1", Organization: []string{"system:nodes"}}))
	require.NoError(t, err)
	h.Eventually(h.certificateIssued("n1-again"))
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	return key
}

// certificateRequest asks for a client's certificate that is good for an hour.
func certificateRequest(t *testing.T, key *ecdsa.PrivateKey, name, signer string, subject pkix.Name) *api.CertificateSigningRequest {
	t.Helper()
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: subject}, key)
	require.NoError(t, err)
	return &api.CertificateSigningRequest{ObjectMeta: api.ObjectMeta{Name: name}, Spec: api.CertificateSigningRequestSpec{
		Request: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}), SignerName: signer,
		Usages: []api.KeyUsage{api.UsageDigitalSignature, api.UsageClientAuth}, ExpirationSeconds: api.Ptr(int32(3600)),
	}}
}

func (h *Harness) certificateIssued(name string) Check {
	return func() error {
		csr, err := client.Of[*api.CertificateSigningRequest](h.Client).Get(h.Ctx, "", name)
		if err == nil && len(csr.Status.Certificate) == 0 {
			return fmt.Errorf("request %s has no certificate: %+v", name, csr.Status.Conditions)
		}
		return err
	}
}
