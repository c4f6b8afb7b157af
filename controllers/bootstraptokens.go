package controllers

import (
	"context"
	"log/slog"
	"time"

	"kubelite/api"
	"kubelite/client"
)

// The loop that cleans up bootstrap tokens.
//
//	desired    no token after its expiration
//	actual     the cache of their Secrets, in kube-system
//	converge   wait for the rest of the time, then delete the Secret

// BootstrapTokenCleaner deletes bootstrap tokens that have expired. Nobody can log in with those any more; they are only in the way.
type BootstrapTokenCleaner struct {
	client  *client.Client
	secrets *client.Informer[*api.Secret]
	log     *slog.Logger
	queue   *client.Queue
}

// NewBootstrapTokenCleaner subscribes to the tokens of the shared caches.
func NewBootstrapTokenCleaner(c *client.Client, caches *Caches, log *slog.Logger) *BootstrapTokenCleaner {
	b := &BootstrapTokenCleaner{client: c, secrets: caches.BootstrapTokens, log: log, queue: client.NewQueue("bootstraptokens")}
	caches.BootstrapTokens.OnChange(func(_, secret *api.Secret, revision int64) {
		if secret != nil && secret.DeletionTimestamp == nil {
			b.queue.Add(secret.Key(), revision)
		}
	})
	return b
}

// Run reconciles until ctx ends.
func (b *BootstrapTokenCleaner) Run(ctx context.Context) error {
	if err := waitForSync(ctx, b.secrets); err != nil {
		return err
	}
	return b.queue.Run(ctx, 1, b.Reconcile, b.log)
}

// Reconcile deletes the Secret of a token whose time is up.
func (b *BootstrapTokenCleaner) Reconcile(ctx context.Context, key api.Key) error {
	secret, ok := b.secrets.Get(key)
	if !ok || secret.DeletionTimestamp != nil {
		return nil
	}
	at, expires := api.BootstrapTokenExpires(secret)
	if !expires {
		return nil
	}
	if left := time.Until(at); left > 0 {
		b.queue.AddAfter(key, left, "expiration")
		return nil
	}
	// The version is a precondition: somebody may just be giving the token more time.
	err := client.Of[*api.Secret](b.client).Delete(client.Because(ctx, "a bootstrap token has expired: delete"), secret.Namespace, secret.Name, api.DeleteOptions{
		Preconditions: &api.Preconditions{UID: &secret.UID, ResourceVersion: &secret.ResourceVersion},
	})
	if api.IsNotFound(err) || api.IsConflict(err) {
		return nil // it changed or went: its event brings us back
	}
	return err
}
