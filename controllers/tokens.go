package controllers

import (
	"context"
	"fmt"
	"log/slog"
	"slices"

	"kubelite/api"
	"kubelite/api/tokens"
	"kubelite/client"
)

// The token secret loop.
//
//	desired    every Secret of type kubernetes.io/service-account-token holds a token of the account that it names
//	           and no account lists one that is gone
//	actual     the cache of those secrets, and the accounts
//	converge   fill in what is missing; delete a secret whose account is gone; strike one that is gone off the account's list
//
// Such secrets are the old way to a token that does not expire by itself, for programs outside of the cluster. Pods get
// tokens of their own, which the kubelet renews. The token here is signed by this loop, with the API server's key, and good
// while its secret holds it: delete that, and it is worth nothing.

// The annotations by which a token secret and its service account find each other.
const (
	accountNameAnnotation = "kubernetes.io/service-account.name"
	accountUIDAnnotation  = "kubernetes.io/service-account.uid"
)

// TokenController fills the secrets.
type TokenController struct {
	client   *client.Client
	key      *tokens.Key
	rootCA   []byte
	secrets  *client.Informer[*api.Secret]
	accounts *client.Informer[*api.ServiceAccount]
	log      *slog.Logger
	queue    *client.Queue
}

// NewTokenController subscribes to token secrets, and no others. Whether an account is gone is asked of the API server, for
// the secret may have come first; the cache of accounts is for those that list a secret. Keys are of secrets.
func NewTokenController(c *client.Client, caches *Caches, key *tokens.Key, rootCA []byte, log *slog.Logger) *TokenController {
	t := &TokenController{client: c, key: key, rootCA: rootCA, secrets: caches.TokenSecrets, accounts: caches.ServiceAccounts, log: log, queue: client.NewQueue("tokens")}
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
	if err := waitForSync(ctx, t.secrets, t.accounts); err != nil {
		return err
	}
	return t.queue.Run(ctx, 1, t.Reconcile, t.log)
}

// Reconcile makes the secret that key names hold a token, or deletes it, or clears up after it.
func (t *TokenController) Reconcile(ctx context.Context, key api.Key) error {
	cached, ok := t.secrets.Get(key)
	switch {
	case !ok:
		return t.strikeOff(ctx, key)
	case cached.DeletionTimestamp != nil:
		return nil
	}
	name := cached.Annotations[accountNameAnnotation]
	account, err := client.Of[*api.ServiceAccount](t.client).Get(ctx, key.Namespace, name)
	if api.IsNotFound(err) || err == nil && !isOfAccount(cached, account) {
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
	changed, err := t.fill(secret, account)
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

// isOfAccount tells whether an account is the one that a token secret means, and not another one of that name since.
func isOfAccount(secret *api.Secret, account *api.ServiceAccount) bool {
	uid := secret.Annotations[accountUIDAnnotation]
	return uid == "" || uid == string(account.UID)
}

// strikeOff takes a secret that is gone off the list of the account that has it.
func (t *TokenController) strikeOff(ctx context.Context, key api.Key) error {
	for _, account := range t.accounts.List(key.Namespace, nil) {
		if !account.Lists(key.Name) {
			continue
		}
		account = api.DeepCopy(account)
		account.Secrets = slices.DeleteFunc(account.Secrets, func(ref api.ObjectReference) bool { return ref.Name == key.Name })
		ctx := client.Because(ctx, "secret %s is gone: service account %s need not list it", key, account.Name)
		if _, err := client.Of[*api.ServiceAccount](t.client).Update(ctx, account); err != nil && !api.IsNotFound(err) {
			return err
		}
	}
	return nil
}

// fill puts in what is missing.
func (t *TokenController) fill(secret *api.Secret, account *api.ServiceAccount) (changed bool, err error) {
	if secret.Data == nil {
		secret.Data = map[string][]byte{}
	}
	set := func(key string, value []byte) {
		if string(secret.Data[key]) != string(value) {
			secret.Data[key], changed = value, true
		}
	}
	if len(secret.Data["namespace"]) == 0 {
		set("namespace", []byte(account.Namespace))
	}
	if len(t.rootCA) > 0 {
		set("ca.crt", t.rootCA)
	}
	if secret.Annotations[accountUIDAnnotation] != string(account.UID) {
		secret.Annotations[accountUIDAnnotation], changed = string(account.UID), true
	}
	if len(secret.Data["token"]) > 0 {
		return changed, nil
	}
	token, err := t.key.SignLegacy(api.ServiceAccountUser(account.Namespace, account.Name), account.Namespace, tokens.Ref{Name: account.Name, UID: string(account.UID)}, secret.Name)
	if err != nil {
		return false, fmt.Errorf("token for secret %s: %w", secret.Key(), err)
	}
	set("token", []byte(token))
	return changed, nil
}
