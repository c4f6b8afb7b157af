package apiserver

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"kubelite/api"
	"kubelite/api/tokens"
)

// serviceAccountTokens answers "whose token is it?" for the tokens that this server signs. A good signature is not
// enough: the account must still exist, and so must the pod, secret or node that the token is bound to.
type serviceAccountTokens struct {
	server *Server
	key    *tokens.Key
	// audiences are the names under which this server is meant.
	audiences []string

	mu sync.Mutex
	// known holds tokens whose signature is checked, by their hash, with what they were found to be bound to: a pod that
	// comes back with the same token costs a look into the watch cache. Guarded by mu.
	known map[[sha256.Size]byte]*knownToken
}

// knownToken is a token that was good. It is, as long as none of the objects has changed.
type knownToken struct {
	claims *tokens.Claims
	bound  []boundEntry
}

type boundEntry struct {
	res   *Resource
	key   string
	entry *entry
}

// maxKnownTokens bounds the memory. When it is reached all are forgotten, and checked again when they come back.
const maxKnownTokens = 10_000

var errInvalidated = errors.New("service account token has been invalidated")

// check reads a token. ErrNotOurs: it is none of this server's. The token itself never shows in an error.
func (t *serviceAccountTokens) check(ctx context.Context, token string, now time.Time) (*tokens.Claims, error) {
	hash := sha256.Sum256([]byte(token))
	t.mu.Lock()
	known := t.known[hash]
	t.mu.Unlock()
	if known != nil && now.Before(known.claims.ExpiresAt.Time) && t.unchanged(known) {
		return known.claims, nil
	}
	claims, err := t.key.Read(token, now)
	if err != nil {
		return nil, err
	}
	if claims.Legacy { // each use counts, so it is not among the known ones
		claims.Audience = t.audiences
		return claims, t.checkLegacy(ctx, token, claims, now)
	}
	bound, err := t.checkBound(ctx, claims, now)
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.known) >= maxKnownTokens {
		clear(t.known)
	}
	t.known[hash] = &knownToken{claims, bound}
	return claims, nil
}

// unchanged tells that every object is the very version that was checked.
func (t *serviceAccountTokens) unchanged(k *knownToken) bool {
	for _, b := range k.bound {
		if b.entry == nil || t.server.cache.kind(b.res).get(b.key) != b.entry {
			return false
		}
	}
	return true
}

// checkBound looks for what the token names.
func (t *serviceAccountTokens) checkBound(ctx context.Context, claims *tokens.Claims, now time.Time) (bound []boundEntry, err error) {
	k := &claims.Kubernetes
	// A little slack, as upstream: what ends may still say goodbye.
	gone := func(meta *api.ObjectMeta) bool {
		return meta.DeletionTimestamp != nil && meta.DeletionTimestamp.Time.Before(now.Add(-time.Minute))
	}
	find := func(res *Resource, namespace, name string) (*api.ObjectMeta, error) {
		key := res.key(namespace, name)
		bound = append(bound, boundEntry{res, key, t.server.cache.kind(res).get(key)})
		obj, err := t.server.readObject(ctx, res, namespace, name)
		if err != nil {
			return nil, err
		}
		return obj.GetObjectMeta(), nil
	}
	account, err := find(resourceOf[*api.ServiceAccount](t.server), k.Namespace, k.ServiceAccount.Name)
	switch {
	case err != nil:
		return nil, err
	case string(account.UID) != k.ServiceAccount.UID:
		return nil, fmt.Errorf("service account UID (%s) does not match claim (%s)", account.UID, k.ServiceAccount.UID)
	case gone(account):
		return nil, fmt.Errorf("service account %s/%s has been deleted", k.Namespace, k.ServiceAccount.Name)
	case claims.Subject != api.ServiceAccountUser(k.Namespace, k.ServiceAccount.Name):
		return nil, errors.New("sub claim is invalid")
	}
	mustExist := func(what string, res *Resource, namespace string, ref *tokens.Ref) error {
		meta, err := find(res, namespace, ref.Name)
		switch {
		case err != nil:
			return errInvalidated
		case string(meta.UID) != ref.UID:
			return fmt.Errorf("%s UID (%s) does not match service account %s ref claim (%s)", what, meta.UID, what, ref.UID)
		case gone(meta):
			return errInvalidated
		}
		return nil
	}
	switch {
	case k.Secret != nil:
		err = mustExist("secret", resourceOf[*api.Secret](t.server), k.Namespace, k.Secret)
	case k.Pod != nil:
		err = mustExist("pod", resourceOf[*api.Pod](t.server), k.Namespace, k.Pod)
	case k.Node != nil:
		err = mustExist("node", resourceOf[*api.Node](t.server), "", k.Node)
	}
	return bound, err
}

// user is the user that a token's claims describe.
func (t *serviceAccountTokens) user(claims *tokens.Claims) *User {
	k := &claims.Kubernetes
	u := &User{
		Name: api.ServiceAccountUser(k.Namespace, k.ServiceAccount.Name), UID: k.ServiceAccount.UID,
		Groups: append(api.ServiceAccountGroups(k.Namespace), groupAuthenticated), Extra: map[string][]string{},
	}
	if k.Pod != nil {
		u.Extra[extraPodName], u.Extra[extraPodUID] = []string{k.Pod.Name}, []string{k.Pod.UID}
	}
	if k.Node != nil {
		u.Extra[extraNodeName] = []string{k.Node.Name}
		if k.Node.UID != "" {
			u.Extra[extraNodeUID] = []string{k.Node.UID}
		}
	}
	if claims.ID != "" {
		u.Extra[extraCredentialID] = []string{"JTI=" + claims.ID}
	}
	return u
}

// meantFor returns those of the wanted audiences that the token is meant for.
func meantFor(claims *tokens.Claims, wanted []string) (both []string) {
	for _, audience := range wanted {
		if slices.Contains(claims.Audience, audience) {
			both = append(both, audience)
		}
	}
	return both
}

func newServiceAccountTokens(s *Server) (t *serviceAccountTokens, err error) {
	t = &serviceAccountTokens{server: s, audiences: []string{s.config.ServiceAccountIssuer}, known: map[[sha256.Size]byte]*knownToken{}}
	if s.config.ServiceAccountKeyFile == "" {
		t.key, err = tokens.NewKey(s.config.ServiceAccountIssuer)
	} else {
		t.key, err = tokens.LoadKey(s.config.ServiceAccountIssuer, s.config.ServiceAccountKeyFile)
	}
	return t, err
}
