package tokens

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// Claims are what a token says.
type Claims struct {
	jwt.RegisteredClaims
	Kubernetes Kubernetes `json:"kubernetes.io"`
	// Legacy is set for a token of the old kind, which stands in a Secret; see SignLegacy.
	Legacy bool `json:"-"`
}

// Kubernetes is whose token it is, and what it lives and dies with.
type Kubernetes struct {
	Namespace      string           `json:"namespace,omitempty"`
	Node           *Ref             `json:"node,omitempty"`
	Pod            *Ref             `json:"pod,omitempty"`
	Secret         *Ref             `json:"secret,omitempty"`
	ServiceAccount Ref              `json:"serviceaccount,omitempty"`
	WarnAfter      *jwt.NumericDate `json:"warnafter,omitempty"`
}

// Ref names an object. The uid makes it this very one, not a later one of the same name.
type Ref struct {
	Name string `json:"name,omitempty"`
	UID  string `json:"uid,omitempty"`
}

// New makes claims for a subject that hold from now on. id tells tokens apart where they are used.
func New(subject, id string, audiences []string, now time.Time, lifetime time.Duration) *Claims {
	return &Claims{RegisteredClaims: jwt.RegisteredClaims{
		Subject: subject, ID: id, Audience: audiences,
		IssuedAt: jwt.NewNumericDate(now), NotBefore: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(now.Add(lifetime)),
	}}
}

// At is a moment as claims write it.
func At(t time.Time) *jwt.NumericDate { return jwt.NewNumericDate(t) }

// Key signs tokens and reads them.
type Key struct {
	issuer  string
	id      string
	private *ecdsa.PrivateKey
}

// NewKey makes a key that lives as long as the process, for servers that are given none.
func NewKey(issuer string) (*Key, error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make the key of service account tokens: %w", err)
	}
	return newKey(issuer, private)
}

// LoadKey reads a private key (PKCS 8, elliptic curve P-256, in PEM) from a file.
func LoadKey(issuer, file string) (*Key, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("load the key of service account tokens: %w", err)
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, fmt.Errorf("load the key of service account tokens: no PEM block in %s", file)
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("load the key of service account tokens from %s: %w", file, err)
	}
	private, ok := key.(*ecdsa.PrivateKey)
	if !ok || private.Curve != elliptic.P256() {
		return nil, fmt.Errorf("load the key of service account tokens: %s has no key of curve P-256", file)
	}
	return newKey(issuer, private)
}

func newKey(issuer string, private *ecdsa.PrivateKey) (*Key, error) {
	der, err := x509.MarshalPKIXPublicKey(&private.PublicKey)
	if err != nil {
		return nil, err
	}
	hash := sha256.Sum256(der)
	return &Key{issuer: issuer, id: base64.RawURLEncoding.EncodeToString(hash[:]), private: private}, nil
}

// Sign makes a token.
func (k *Key) Sign(c *Claims) (string, error) {
	c.Issuer = k.issuer
	return k.sign(c)
}

func (k *Key) sign(c jwt.Claims) (string, error) {
	token := jwt.NewWithClaims(jwt.SigningMethodES256, c)
	delete(token.Header, "typ")
	token.Header["kid"] = k.id
	return token.SignedString(k.private)
}

// The ways in which a token is no good, as upstream words them.
var (
	ErrExpired     = errors.New("service account token has expired")
	ErrNotValidYet = errors.New("service account token is not valid yet")
	// ErrNotOurs is a token of another issuer, or no token at all: somebody else may know it.
	ErrNotOurs = errors.New("not a token of this issuer")
)

// Read checks signature, issuer and times. Whom the token is meant for, and whether what it names still exists, is left
// to the caller.
func (k *Key) Read(token string, now time.Time) (*Claims, error) {
	var says jwt.RegisteredClaims
	if _, _, err := jwt.NewParser().ParseUnverified(token, &says); err != nil || says.Issuer != k.issuer && says.Issuer != LegacyIssuer {
		return nil, ErrNotOurs
	}
	if says.Issuer == LegacyIssuer {
		return k.readLegacy(token)
	}
	var claims Claims
	err := k.verify(token, &claims, jwt.WithIssuer(k.issuer), jwt.WithExpirationRequired(),
		jwt.WithTimeFunc(func() time.Time { return now }), jwt.WithLeeway(leeway))
	if err != nil {
		return nil, err
	}
	return &claims, nil
}

// verify reads the claims of a token that this key has signed.
func (k *Key) verify(token string, into jwt.Claims, options ...jwt.ParserOption) error {
	// The method is fixed: a token does not get to choose how it is checked.
	parser := jwt.NewParser(append(options, jwt.WithValidMethods([]string{"ES256"}))...)
	_, err := parser.ParseWithClaims(token, into, func(*jwt.Token) (any, error) { return &k.private.PublicKey, nil })
	switch {
	case err == nil:
		return nil
	case errors.Is(err, jwt.ErrTokenExpired):
		return ErrExpired
	case errors.Is(err, jwt.ErrTokenNotValidYet), errors.Is(err, jwt.ErrTokenUsedBeforeIssued):
		return ErrNotValidYet
	}
	return errors.New("invalid signature") // nothing of the token: it may be somebody's
}

// leeway is how far clocks may differ: a minute, as upstream.
const leeway = time.Minute

// KeySet is the public key in the form of /openid/v1/jwks, by which others check tokens without asking the API server.
func (k *Key) KeySet() any {
	type jwk struct {
		Use       string `json:"use"`
		Type      string `json:"kty"`
		ID        string `json:"kid"`
		Curve     string `json:"crv"`
		Algorithm string `json:"alg"`
		X         string `json:"x"`
		Y         string `json:"y"`
	}
	// The uncompressed form of a point: 4, then both coordinates.
	point, err := k.private.PublicKey.Bytes()
	if err != nil {
		panic(err) // the key was made or checked by this package
	}
	text := base64.RawURLEncoding.EncodeToString
	return map[string]any{"keys": []jwk{{"sig", "EC", k.id, "P-256", "ES256", text(point[1:33]), text(point[33:])}}}
}
