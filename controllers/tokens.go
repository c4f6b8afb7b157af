package controllers

import (
	"context"
	"fmt"
	"log/slog"

	"kubelite/api"
	"kubelite/client"
)

// The token secret loop.
//
//	desired    every Secret of type kubernetes.io/service-account-token holds a token of the account that it names
//	actual     the cache of those secrets, and the accounts
//	converge   fill in what is missing; delete a secret whose account is gone
//
// Such secrets are the old way to a token that does not expire by itself, for programs outside of the cluster. Pods get
// tokens of their own, which the kubelet renews. The token here is bound to its secret: delete that, and it is worth nothing.

// The annotations by which a token secret and its service account find each other.
const (
	accountNameAnnotation = "kubernetes.io/service-account.name"
	accountUIDAnnotation  = "kubernetes.io/service-account.uid"
)

// tokenLifetime is the longest that can be asked for: 136 years.
const tokenLifetime = int64(1) << 32

// TokenController fills the secrets.
type TokenController struct {
	client  *client.Client
	rootCA  []byte
	secrets *client.Informer[*api.Secret]
	log     *slog.Logger
	queue   *client.Queue
}

// NewTokenController subscribes to token secrets, and no others. Their accounts are asked for one by one: there are few
// such secrets, and there may be many accounts. Keys are of secrets.
func NewTokenController(c *client.Client, caches *Caches, rootCA []byte, log *slog.Logger) *TokenController {
	t := &TokenController{client: c, rootCA: rootCA, secrets: caches.TokenSecrets, log: log, queue: client.NewQueue("tokens")}
	caches.TokenSecrets.Enqueue(t.queue, func(s *api.Secret) []api.Key { return []api.Key{s.Key()} })
	caches.ServiceAccounts.OnChange(func(old, now *api.ServiceAccount, revision int64) {
		if now != nil && old != nil {
			return // what counts is that it comes or goes
		}
		account := now
		if account == nil {
			account = old
		}
		for _, s := range t.secrets.List("", nil) {
			if s.Namespace == account.Namespace && s.Annotations[accountNameAnnotation] == account.Name {
				t.queue.Add(s.Key(), revision)
			}
		}
	})
	return t
}

// Run reconciles until ctx ends.
func (t *TokenController) Run(ctx context.Context) error {
	if err := waitForSync(ctx, t.secrets); err != nil {
		return err
	}
	return t.queue.Run(ctx, 1, t.Reconcile, t.log)
}

// Reconcile makes the secret that key names hold a token, or deletes it.
func (t *TokenController) Reconcile(ctx context.Context, key api.Key) error {
	cached, ok := t.secrets.Get(key)
	if !ok || cached.DeletionTimestamp != nil {
		return nil
	}
	name := cached.Annotations[accountNameAnnotation]
	account, err := client.Of[*api.ServiceAccount](t.client).Get(ctx, key.Namespace, name)
	uid := cached.Annotations[accountUIDAnnotation]
	if api.IsNotFound(err) || err == nil && uid != "" && uid != string(account.UID) {
		ctx = client.Because(ctx, "service account %s of token secret %s is gone: delete it", name, key)
		err = client.Of[*api.Secret](t.client).Delete(ctx, key.Namespace, key.Name, api.DeleteOptions{Preconditions: &api.Preconditions{UID: &cached.UID}})
		if api.IsNotFound(err) {
			return nil
		}
		return err
	}
	if err != nil {
		return err
	}
	secret := api.DeepCopy(cached)
	changed, err := t.fill(ctx, secret, account)
	if err != nil || !changed {
		return err
	}
	ctx = client.Because(ctx, "token secret %s is not filled: fill it", key)
	_, err = client.Of[*api.Secret](t.client).Update(ctx, secret)
	if api.IsNotFound(err) {
		return nil
	}
	return err
}

// fill puts in what is missing.
func (t *TokenController) fill(ctx context.Context, secret *api.Secret, account *api.ServiceAccount) (changed bool, err error) {
	if secret.Data == nil {
		secret.Data = map[string][]byte{}
	}
	set := func(key string, value []byte) {
		if string(secret.Data[key]) != string(value) {
			secret.Data[key], changed = value, true
		}
	}
	set("namespace", []byte(account.Namespace))
	if len(t.rootCA) > 0 {
		set("ca.crt", t.rootCA)
	}
	if secret.Annotations[accountUIDAnnotation] != string(account.UID) {
		secret.Annotations[accountUIDAnnotation], changed = string(account.UID), true
	}
	if len(secret.Data["token"]) > 0 {
		return changed, nil
	}
	request := &api.TokenRequest{Spec: api.TokenRequestSpec{
		ExpirationSeconds: api.Ptr(tokenLifetime),
		BoundObjectRef:    &api.BoundObjectReference{Kind: "Secret", APIVersion: "v1", Name: secret.Name, UID: secret.UID},
	}}
	token, err := t.client.CreateToken(ctx, account.Namespace, account.Name, request)
	if err != nil {
		return false, fmt.Errorf("token for secret %s: %w", secret.Key(), err)
	}
	set("token", []byte(token.Status.Token))
	return changed, nil
}
