package apiserver

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"kubelite/api"
)

// Names that every Kubernetes cluster knows.
const (
	userAnonymous         = "system:anonymous"
	groupMasters          = "system:masters"
	groupNodes            = "system:nodes"
	groupAuthenticated    = "system:authenticated"
	groupUnauthenticated  = "system:unauthenticated"
	userNodePrefix        = "system:node:"
	userScheduler         = "system:kube-scheduler"
	userControllerManager = "system:kube-controller-manager"
)

// authenticator answers "who is it?". A caller shows a client certificate (subject CN is the user, each O a group)
// or a bearer token. One that shows nothing is anonymous, which is good enough only for the paths by which load
// balancers and installers ask whether the server is up. One that shows something wrong is turned away even there.
type authenticator struct {
	tokens  map[string]*User
	proxies *frontProxy
}

var errInvalidToken = errors.New("invalid bearer token")

// newAuthenticator reads the token file, if there is one.
func newAuthenticator(tokenFile string) (*authenticator, error) {
	a := &authenticator{tokens: map[string]*User{}, proxies: &frontProxy{}}
	if tokenFile == "" {
		return a, nil
	}
	f, err := os.Open(tokenFile)
	if err != nil {
		return nil, fmt.Errorf("load the token file: %w", err)
	}
	defer f.Close()
	if a.tokens, err = readTokens(f); err != nil {
		return nil, fmt.Errorf("load the token file %s: %w", tokenFile, err)
	}
	return a, nil
}

// readTokens reads lines of token,user,uid and optionally groups, which are one quoted column: "group1,group2".
func readTokens(r io.Reader) (map[string]*User, error) {
	tokens := map[string]*User{}
	lines := csv.NewReader(r)
	lines.FieldsPerRecord = -1
	for {
		record, err := lines.Read()
		if err == io.EOF {
			return tokens, nil
		}
		if err != nil {
			return nil, err
		}
		line, _ := lines.FieldPos(0)
		if len(record) < 3 {
			return nil, fmt.Errorf("line %d: at least the 3 columns token, user and uid are needed, found %d", line, len(record))
		}
		token := record[0]
		if token == "" {
			return nil, fmt.Errorf("line %d: the token is empty", line)
		}
		if _, ok := tokens[token]; ok {
			return nil, fmt.Errorf("line %d: the token is there twice", line)
		}
		user := &User{Name: record[1], UID: record[2]}
		if len(record) >= 4 && record[3] != "" {
			user.Groups = strings.Split(record[3], ",")
		}
		user.Groups = append(user.Groups, groupAuthenticated)
		tokens[token] = user
	}
}

// certificateUser tells who sent a request, if they showed a certificate. Neither user nor error: nobody was named.
func (a *authenticator) certificateUser(hr *http.Request, now time.Time) (*User, error) {
	if hr.TLS != nil && len(hr.TLS.VerifiedChains) > 0 {
		// The TLS handshake has checked the chain. It can be long ago: connections outlive certificates.
		subject := hr.TLS.VerifiedChains[0][0]
		if now.After(subject.NotAfter) {
			return nil, errors.New("the client certificate has expired")
		}
		if a.proxies.signed(hr.TLS.VerifiedChains[0]) {
			if user := a.proxies.user(hr, subject); user != nil {
				return user, nil
			}
		} else if subject.Subject.CommonName != "" {
			return connectionOf(hr.Context()).subject(subject)
		}
	}
	return nil, nil
}

// uidAttribute is what a certificate has its user's uid in, if it has any: a number of Kubernetes' own.
var uidAttribute = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 57683, 2}

// subjectOf is whom a certificate is about. Its extra says which certificate it was, for the audit log.
func subjectOf(certificate *x509.Certificate) (*User, error) {
	user := &User{
		Name: certificate.Subject.CommonName, Groups: append(slices.Clone(certificate.Subject.Organization), groupAuthenticated),
		Extra: map[string][]string{extraCredentialID: {fmt.Sprintf("X509SHA256=%x", sha256.Sum256(certificate.Raw))}},
	}
	for _, attribute := range certificate.Subject.Names {
		if !attribute.Type.Equal(uidAttribute) {
			continue
		}
		uid, _ := attribute.Value.(string)
		if uid == "" || user.UID != "" {
			return nil, errors.New("a certificate has one uid that is not empty, or none")
		}
		user.UID = uid
	}
	return user, nil
}

// bearerToken is the token of an Authorization header, "" if it has none.
func bearerToken(header string) string {
	scheme, token, _ := strings.Cut(strings.TrimSpace(header), " ")
	if !strings.EqualFold(scheme, "bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

// anonymousMay tells which paths answer callers without a name.
func anonymousMay(path string) bool {
	for _, open := range []string{"/healthz", "/livez", "/readyz"} {
		if path == open || strings.HasPrefix(path, open+"/") {
			return true
		}
	}
	return path == "/version" || path == "/version/"
}

// authenticate is the step of the chain that sets Request.User, or answers 401.
func (s *Server) authenticate(_ http.ResponseWriter, req *Request) error {
	hr, now := req.HTTP, time.Now()
	user, err := s.authn.certificateUser(hr, now)
	if token := bearerToken(hr.Header.Get("Authorization")); user == nil && err == nil && token != "" {
		user, _, err = s.tokenUser(hr.Context(), token, s.tokens.audiences, now)
	}
	if user == nil && err == nil && anonymousMay(hr.URL.Path) {
		user = &User{Name: userAnonymous, Groups: []string{groupUnauthenticated}}
	}
	if user == nil {
		s.log.Debug("request refused", "code", http.StatusUnauthorized, "path", hr.URL.Path, "error", err)
		return api.NewUnauthorized()
	}
	req.User = user
	return nil
}
