package apiserver

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"

	"kubelite/api"
)

// A front proxy asks in the name of others: it proves by a certificate of an authority of its own that it may, and says in
// headers who they are. This server is the front proxy of the API servers behind APIServices (aggregator.go); what they
// must know to believe it stands in a ConfigMap that all of them can read. And it believes such a proxy itself.

// frontProxyNames are the common names that a front proxy's certificate may have.
var frontProxyNames = []string{"front-proxy-client"}

// authenticationConfigMap is where other API servers find out whom to believe.
const authenticationConfigMap = "extension-apiserver-authentication"

// frontProxy knows the authorities of front proxies.
type frontProxy struct{ roots []*x509.Certificate }

// newFrontProxy reads the authorities; without a file nobody is believed.
func newFrontProxy(file string) (*frontProxy, error) {
	f := &frontProxy{}
	if file == "" {
		return f, nil
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("load the front proxies' authorities: %w", err)
	}
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		root, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("load the front proxies' authorities: %w", err)
		}
		f.roots = append(f.roots, root)
	}
	return f, nil
}

// signed tells whether a chain of certificates ends at an authority of front proxies. Such a certificate says nothing of
// users: its common name is no user's.
func (f *frontProxy) signed(chain []*x509.Certificate) bool {
	return slices.ContainsFunc(f.roots, chain[len(chain)-1].Equal)
}

// user is who a front proxy says has sent the request; nil if it says nothing, or is not one to be believed.
func (f *frontProxy) user(hr *http.Request, certificate *x509.Certificate) *User {
	name := strings.TrimSpace(hr.Header.Get("X-Remote-User"))
	if name == "" || !slices.Contains(frontProxyNames, certificate.Subject.CommonName) {
		return nil
	}
	user := &User{Name: name, UID: hr.Header.Get("X-Remote-Uid"), Groups: slices.Clone(hr.Header.Values("X-Remote-Group"))}
	if !slices.Contains(user.Groups, groupAuthenticated) {
		user.Groups = append(user.Groups, groupAuthenticated)
	}
	for header, values := range hr.Header {
		key, ok := strings.CutPrefix(header, "X-Remote-Extra-")
		if !ok {
			continue
		}
		key = strings.ToLower(key)
		if unescaped, err := url.PathUnescape(key); err == nil {
			key = unescaped
		}
		if user.Extra == nil {
			user.Extra = map[string][]string{}
		}
		user.Extra[key] = values
	}
	return user
}

// ensureAuthenticationConfigMap writes down whom this server believes, and how it names others to those behind it.
func (s *Server) ensureAuthenticationConfigMap(ctx context.Context) error {
	data := map[string]string{}
	if file := s.config.ClientCAFile; file != "" {
		pem, err := os.ReadFile(file)
		if err != nil {
			return fmt.Errorf("read the client authorities: %w", err)
		}
		data["client-ca-file"] = string(pem)
	}
	if file := s.config.RequestHeaderCAFile; file != "" {
		pem, err := os.ReadFile(file)
		if err != nil {
			return fmt.Errorf("read the front proxies' authorities: %w", err)
		}
		data["requestheader-client-ca-file"] = string(pem)
		data["requestheader-allowed-names"] = `["` + strings.Join(frontProxyNames, `","`) + `"]`
		data["requestheader-username-headers"] = `["X-Remote-User"]`
		data["requestheader-uid-headers"] = `["X-Remote-Uid"]`
		data["requestheader-group-headers"] = `["X-Remote-Group"]`
		data["requestheader-extra-headers-prefix"] = `["X-Remote-Extra-"]`
	}
	if len(data) == 0 {
		return nil
	}
	want := &api.ConfigMap{ObjectMeta: api.ObjectMeta{Namespace: namespaceSystem, Name: authenticationConfigMap}, Data: data}
	existing, err := read[*api.ConfigMap](ctx, s, want.Namespace, want.Name)
	if api.IsNotFound(err) {
		return s.ensure(ctx, want)
	}
	if err != nil || api.Equal(existing.Data, want.Data) {
		return err
	}
	req := s.internalRequest(ctx, "update", resourceOf[*api.ConfigMap](s), want.Namespace, want.Name)
	_, err = s.update(ctx, req, func(old api.Object) (api.Object, error) {
		old.(*api.ConfigMap).Data = data
		return old, nil
	})
	return err
}
