package apiserver

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"time"

	"kubelite/api"
	"kubelite/api/tokens"
)

// A token of the old kind stands in a Secret, which the token controller has filled. It does not expire: what ends it is
// that the Secret goes, or no longer holds this very token. Such tokens get forgotten, so their use is tracked in
// labels of the Secret (tokens.LabelLastUsed), and another label makes one worth nothing (tokens.LabelInvalidSince).

// checkLegacy is checkBound for a token of the old kind.
func (t *serviceAccountTokens) checkLegacy(ctx context.Context, token string, claims *tokens.Claims, now time.Time) error {
	k := &claims.Kubernetes
	if claims.Subject != api.ServiceAccountUser(k.Namespace, k.ServiceAccount.Name) {
		return errors.New("sub claim is invalid")
	}
	secret, err := read[*api.Secret](ctx, t.server, k.Namespace, k.Secret.Name)
	switch {
	case err != nil, secret.DeletionTimestamp != nil:
		return errors.New("Token has been invalidated")
	case subtle.ConstantTimeCompare(secret.Data["token"], []byte(token)) == 0:
		return errors.New("Token does not match server's copy")
	}
	account, err := read[*api.ServiceAccount](ctx, t.server, k.Namespace, k.ServiceAccount.Name)
	switch {
	case err != nil:
		return err
	case account.DeletionTimestamp != nil:
		return fmt.Errorf("ServiceAccount %s/%s has been deleted", k.Namespace, k.ServiceAccount.Name)
	case string(account.UID) != k.ServiceAccount.UID:
		return fmt.Errorf("ServiceAccount UID (%s) does not match claim (%s)", account.UID, k.ServiceAccount.UID)
	}
	t.trackUse(ctx, secret, now)
	if secret.Labels[tokens.LabelInvalidSince] != "" {
		return fmt.Errorf("the token in secret %s/%s for service account %s/%s has been marked invalid. Use tokens from the TokenRequest API or manually created secret-based tokens, or remove the '%s' label from the secret to temporarily allow use of this token",
			k.Namespace, secret.Name, k.Namespace, account.Name, tokens.LabelInvalidSince)
	}
	// Secrets that an account lists were made for it by clusters before v1.24, nobody asked for them.
	if account.Lists(secret.Name) {
		if req := requestFrom(ctx); req != nil {
			req.Warn("Use tokens from the TokenRequest API or manually created secret-based tokens instead of auto-generated secret-based tokens.")
		}
	}
	return nil
}

// trackUse writes the day into the Secret's label. A clock that is ahead by a little, of another server, is believed. The
// request goes on whether or not it works.
func (t *serviceAccountTokens) trackUse(ctx context.Context, secret *api.Secret, now time.Time) {
	today, tomorrow := now.UTC().Format(time.DateOnly), now.UTC().AddDate(0, 0, 1).Format(time.DateOnly)
	if last := secret.Labels[tokens.LabelLastUsed]; last == today || last == tomorrow {
		return
	}
	s := t.server
	ctx = withAsker(ctx, "system:serviceaccount:"+secret.Namespace+":"+secret.Annotations["kubernetes.io/service-account.name"])
	req := s.internalRequest(ctx, "update", resourceOf[*api.Secret](s), secret.Namespace, secret.Name)
	req.why.reason = "its token was used: note the day"
	_, err := s.update(ctx, req, s.tracked(ctx, req, func(old api.Object) (api.Object, error) {
		meta := old.GetObjectMeta()
		if meta.UID != secret.UID {
			return nil, api.NewConflict(req.Resource.Kind, secret.Name, errors.New("it is another one"))
		}
		if meta.Labels == nil {
			meta.Labels = map[string]string{}
		}
		meta.Labels[tokens.LabelLastUsed] = today
		return old, nil
	}))
	if err != nil {
		s.log.Warn("could not note the use of a token", "namespace", secret.Namespace, "name", secret.Name, "error", err)
	}
}

// tokenTracking says since when the use of tokens is tracked: the day of the cluster's first start.
func tokenTracking(now time.Time) *api.ConfigMap {
	return &api.ConfigMap{
		ObjectMeta: api.ObjectMeta{Namespace: namespaceSystem, Name: tokens.TrackingConfigMap},
		Data:       map[string]string{"since": now.UTC().Format(time.DateOnly)},
	}
}
