package ingress

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"strings"
	"time"

	"kubelite/api"
)

// addTLS adds the certificate of a secret for the hosts that the Ingress names, or for all that the certificate is for. Where
// there is none the hosts are served with the default certificate: a client sees a wrong one, and learns of it, rather than nothing.
func (b *builder) addTLS(ingress *api.Ingress, entry *api.IngressTLS) {
	for _, host := range entry.Hosts {
		b.table.secure[strings.ToLower(host)] = true
	}
	if entry.SecretName == "" {
		return // the default certificate is meant
	}
	key := api.Key{Namespace: ingress.Namespace, Name: entry.SecretName}
	secret, ok := b.secret(key)
	if !ok {
		b.trouble(ingress, "SecretNotFound", "there is no secret %s of type %s: its hosts are served with the default certificate", key, api.SecretTypeTLS)
		return
	}
	certificate, err := tls.X509KeyPair(secret.Data["tls.crt"], secret.Data["tls.key"])
	if err != nil {
		b.trouble(ingress, "InvalidCertificate", "secret %s: %v: its hosts are served with the default certificate", key, err)
		return
	}
	hosts := entry.Hosts
	if len(hosts) == 0 {
		hosts = certificate.Leaf.DNSNames
	}
	for _, host := range hosts {
		name := strings.ToLower(host)
		b.table.secure[name] = true
		if err := certificate.Leaf.VerifyHostname(strings.Replace(name, "*", "any", 1)); err != nil {
			b.trouble(ingress, "InvalidCertificate", "secret %s: %v: %s is served with the default certificate", key, err, host)
			continue
		}
		if b.table.certificates[name] == nil {
			b.table.certificates[name] = &certificate
		}
	}
}

// certificate finds the one for the name that a client says it wants to talk to, nil if there is none.
func (t *table) certificate(name string) *tls.Certificate {
	name = strings.ToLower(name)
	if c := t.certificates[name]; c != nil {
		return c
	}
	return t.certificates[wildcard(name)]
}

// isSecure tells whether an Ingress asks for TLS for a host.
func (t *table) isSecure(name string) bool { return t.secure[name] || t.secure[wildcard(name)] }

// defaultCertificate is for clients that ask for a host without one. Nobody trusts it; its name says what it is.
func defaultCertificate() (*tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()),
		Subject:      pkix.Name{Organization: []string{"Acme Co"}, CommonName: "Kubernetes Ingress Controller Fake Certificate"},
		NotBefore:    now, NotAfter: now.AddDate(1, 0, 0), DNSNames: []string{"ingress.local"},
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
}
