package cluster

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"

	"kubelite/client"
)

// PKI is the cluster's certificate authority and the directory where it keeps what it signs. Whoever holds a
// certificate of this CA is who the certificate says: common name is the user, organisations are the groups.
type PKI struct {
	dir  string
	name string // of the authority's own files: "ca"
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// Certificates last as long as a local cluster reasonably may; kubeadm's last one year and are renewed by upgrades.
const (
	caLifetime   = 10 * 365 * 24 * time.Hour
	certLifetime = 5 * 365 * 24 * time.Hour
)

// NewPKI opens the CA in dir, or makes one at the first start.
func NewPKI(dir string) (*PKI, error) { return openAuthority(dir, "ca", "kubelite-ca") }

// NewFrontProxyPKI is NewPKI for the authority of front proxies. It is another one, because its certificates say that
// their holder may speak for anybody.
func NewFrontProxyPKI(dir string) (*PKI, error) {
	return openAuthority(dir, "front-proxy-ca", "kubelite-front-proxy-ca")
}

func openAuthority(dir, name, commonName string) (*PKI, error) {
	p := &PKI{dir: dir, name: name}
	var err error
	p.cert, p.key, err = p.load(name)
	if errors.Is(err, os.ErrNotExist) {
		return p, p.createCA(commonName)
	}
	if err != nil {
		return nil, fmt.Errorf("open the certificate authority: %w", err)
	}
	return p, nil
}

// CertFile is where the named certificate lives, KeyFile its key.
func (p *PKI) CertFile(name string) string { return filepath.Join(p.dir, name+".crt") }

// KeyFile is where the named certificate's private key lives; only its owner may read it.
func (p *PKI) KeyFile(name string) string { return filepath.Join(p.dir, name+".key") }

// Client issues a certificate that says who its holder is, unless it is there already.
func (p *PKI) Client(name, user string, groups ...string) error {
	return p.issue(name, &x509.Certificate{
		Subject:     pkix.Name{CommonName: user, Organization: groups},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
}

// Server issues a certificate for a listener that is reached by the given names and addresses. One that is there but
// lacks any of them is replaced.
func (p *PKI) Server(name, commonName string, dns []string, ips []net.IP) error {
	if old, _, err := p.load(name); err == nil && !coversAll(old, dns, ips) {
		if err := os.Remove(p.CertFile(name)); err != nil {
			return err
		}
	}
	return p.issue(name, &x509.Certificate{
		Subject:     pkix.Name{CommonName: commonName},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames:    dns, IPAddresses: ips,
	})
}

// coversAll tells whether a certificate is good for every name and address.
func coversAll(cert *x509.Certificate, dns []string, ips []net.IP) bool {
	for _, name := range dns {
		if cert.VerifyHostname(name) != nil {
			return false
		}
	}
	for _, ip := range ips {
		if cert.VerifyHostname(ip.String()) != nil {
			return false
		}
	}
	return true
}

// SigningKey makes a key without a certificate, unless it is there already: that of service account tokens.
func (p *PKI) SigningKey(name string) error {
	if _, err := os.Stat(p.KeyFile(name)); err == nil {
		return nil
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return fmt.Errorf("make the key %s: %w", name, err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	return client.ReplaceFile(p.KeyFile(name), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600)
}

func (p *PKI) createCA(commonName string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return fmt.Errorf("make the certificate authority: %w", err)
	}
	template := &x509.Certificate{
		Subject: pkix.Name{CommonName: commonName}, BasicConstraintsValid: true, IsCA: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	p.cert, p.key = template, key
	p.cert, err = p.sign(p.name, template, key, caLifetime)
	return err
}

// issue makes a key and a certificate for it, signed by the CA, unless there is a valid one.
func (p *PKI) issue(name string, template *x509.Certificate) error {
	if old, _, err := p.load(name); err == nil && time.Now().Before(old.NotAfter.Add(-30*24*time.Hour)) {
		return nil
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return fmt.Errorf("make the key of %s: %w", name, err)
	}
	template.KeyUsage = x509.KeyUsageDigitalSignature
	_, err = p.sign(name, template, key, certLifetime)
	return err
}

// sign completes a template, signs it with the CA's key and writes the pair: the key first, so that a certificate on
// disk always has its key.
func (p *PKI) sign(name string, template *x509.Certificate, key *ecdsa.PrivateKey, lifetime time.Duration) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, err
	}
	template.SerialNumber = serial
	template.NotBefore = time.Now().Add(-time.Minute) // clocks of containers may lag a little
	template.NotAfter = template.NotBefore.Add(lifetime)
	der, err := x509.CreateCertificate(rand.Reader, template, p.cert, &key.PublicKey, p.key)
	if err != nil {
		return nil, fmt.Errorf("sign the certificate of %s: %w", name, err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	keyPEM := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})
	certPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	if err := errors.Join(client.ReplaceFile(p.KeyFile(name), keyPEM, 0o600), client.ReplaceFile(p.CertFile(name), certPEM, 0o644)); err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}

// load reads a certificate and its key.
func (p *PKI) load(name string) (*x509.Certificate, *ecdsa.PrivateKey, error) {
	certDER, err := readPEM(p.CertFile(name))
	if err != nil {
		return nil, nil, err
	}
	keyDER, err := readPEM(p.KeyFile(name))
	if err != nil {
		return nil, nil, err
	}
	cert, err := x509.ParseCertificate(certDER)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", p.CertFile(name), err)
	}
	key, err := x509.ParsePKCS8PrivateKey(keyDER)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", p.KeyFile(name), err)
	}
	ec, ok := key.(*ecdsa.PrivateKey)
	if !ok {
		return nil, nil, fmt.Errorf("%s: not an ECDSA key", p.KeyFile(name))
	}
	return cert, ec, nil
}

func readPEM(file string) ([]byte, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(b)
	if block == nil {
		return nil, fmt.Errorf("%s: no PEM block", file)
	}
	return block.Bytes, nil
}

// token returns the secret in file, a random one made at the first call.
func token(file string) (string, error) {
	b, err := os.ReadFile(file)
	if err == nil {
		return string(b), nil
	}
	if !errors.Is(err, os.ErrNotExist) {
		return "", err
	}
	secret := make([]byte, 32)
	if _, err := rand.Read(secret); err != nil {
		return "", err
	}
	t := hex.EncodeToString(secret)
	return t, client.ReplaceFile(file, []byte(t), 0o600)
}
