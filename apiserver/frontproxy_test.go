package apiserver

import (
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A front proxy is believed by its authority and its name; a certificate of that authority is never a user's own.
func TestFrontProxy(t *testing.T) {
	root := &x509.Certificate{Raw: []byte("root")}
	a := &authenticator{tokens: map[string]*User{}, proxies: &frontProxy{roots: []*x509.Certificate{root}}}
	request := func(commonName string, by *x509.Certificate, header ...string) *http.Request {
		leaf := &x509.Certificate{NotAfter: time.Now().Add(time.Hour)}
		leaf.Subject.CommonName = commonName
		hr := &http.Request{Header: http.Header{}, TLS: &tls.ConnectionState{VerifiedChains: [][]*x509.Certificate{{leaf, by}}}}
		for i := 0; i < len(header); i += 2 {
			hr.Header.Add(header[i], header[i+1])
		}
		return hr
	}
	user, err := a.certificateUser(request("front-proxy-client", root, "X-Remote-User", "jane", "X-Remote-Group", "dev", "X-Remote-Extra-Acme.com%2fscope", "x"), time.Now())
	require.NoError(t, err)
	require.Equal(t, &User{Name: "jane", Groups: []string{"dev", "system:authenticated"}, Extra: map[string][]string{"acme.com/scope": {"x"}}}, user)

	user, err = a.certificateUser(request("somebody", root, "X-Remote-User", "jane"), time.Now())
	require.NoError(t, err)
	require.Nil(t, user, "no front proxy by its name, and no user by its authority")

	user, err = a.certificateUser(request("front-proxy-client", &x509.Certificate{Raw: []byte("other")}, "X-Remote-User", "jane"), time.Now())
	require.NoError(t, err)
	require.Equal(t, "front-proxy-client", user.Name, "a user of that name: headers mean nothing")
}

func TestUserOfCertificate(t *testing.T) {
	certificate := &x509.Certificate{Raw: []byte("x")}
	certificate.Subject.CommonName, certificate.Subject.Organization = "jane", []string{"dev"}
	extra := map[string][]string{"authentication.kubernetes.io/credential-id": {"X509SHA256=2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"}}
	user, err := subjectOf(certificate)
	require.NoError(t, err)
	require.Equal(t, &User{Name: "jane", Groups: []string{"dev", "system:authenticated"}, Extra: extra}, user)

	uid := pkix.AttributeTypeAndValue{Type: uidAttribute, Value: "u-1"}
	certificate.Subject.Names = []pkix.AttributeTypeAndValue{uid}
	user, err = subjectOf(certificate)
	require.NoError(t, err)
	require.Equal(t, "u-1", user.UID)
	certificate.Subject.Names = []pkix.AttributeTypeAndValue{uid, uid}
	_, err = subjectOf(certificate)
	require.Error(t, err)
}
