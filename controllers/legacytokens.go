package controllers

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"kubelite/api"
	"kubelite/api/tokens"
	"kubelite/client"
)

// The loop that cleans up forgotten tokens.
//
//	desired    no token that was made for an account by itself, and that nobody has used for a year
//	actual     the cache of token secrets, which say when they were used, and of the accounts that list them
//	converge   first make it worth nothing, and delete it a year later: whoever misses it has time to say so
//
// Clusters before v1.24 made such a token for every account, and listed it there. One that somebody made himself is his, and stays. See
// upstream's pkg/controller/serviceaccount/legacy_serviceaccount_token_cleaner.go.

const (
	defaultLegacyTokenCleanUpPeriod = 365 * 24 * time.Hour
	day                             = 24 * time.Hour
)

// LegacyTokenCleaner marks and deletes the tokens.
type LegacyTokenCleaner struct {
	client   *client.Client
	period   time.Duration
	secrets  *client.Informer[*api.Secret]
	accounts *client.Informer[*api.ServiceAccount]
	pods     *client.Informer[*api.Pod]
	log      *slog.Logger
	queue    *client.Queue
}

// NewLegacyTokenCleaner subscribes to token secrets of the shared caches. A token is forgotten after period; 0: upstream's year.
func NewLegacyTokenCleaner(c *client.Client, caches *Caches, period time.Duration, log *slog.Logger) *LegacyTokenCleaner {
	if period == 0 {
		period = defaultLegacyTokenCleanUpPeriod
	}
	l := &LegacyTokenCleaner{client: c, period: period, secrets: caches.TokenSecrets, accounts: caches.ServiceAccounts, pods: caches.Pods,
		log: log, queue: client.NewQueue("legacytokens")}
	caches.TokenSecrets.Enqueue(l.queue, func(s *api.Secret) []api.Key { return []api.Key{s.Key()} })
	return l
}

// Run reconciles until ctx ends.
func (l *LegacyTokenCleaner) Run(ctx context.Context) error {
	if err := waitForSync(ctx, l.secrets, l.accounts, l.pods); err != nil {
		return err
	}
	return l.queue.Run(ctx, 1, l.Reconcile, l.log)
}

// Reconcile marks or deletes the secret that key names, if its token is forgotten.
func (l *LegacyTokenCleaner) Reconcile(ctx context.Context, key api.Key) error {
	secret, ok := l.secrets.Get(key)
	if !ok || secret.DeletionTimestamp != nil {
		return nil
	}
	l.queue.AddAfter(key, day, "a look each day") // nothing happens when a token is not used
	now := time.Now().UTC()
	if !forgotten(secret, now.Add(-l.period)) || !l.madeByItself(secret) || l.mounted(secret) {
		return nil
	}
	if long, err := l.trackedFor(ctx, now); err != nil || !long {
		return err
	}
	secrets, last := client.Of[*api.Secret](l.client), now.Add(-l.period).Format(time.DateOnly)
	invalid := secret.Labels[tokens.LabelInvalidSince]
	if _, err := time.Parse(time.DateOnly, invalid); err != nil {
		today := now.Format(time.DateOnly)
		patch, err := api.MarshalJSON(map[string]any{"metadata": map[string]any{
			"resourceVersion": secret.ResourceVersion, // what the cache does not show yet may be such a label
			"labels":          map[string]string{tokens.LabelInvalidSince: today},
		}})
		if err != nil {
			return err
		}
		ctx = client.Because(ctx, "nobody has used the token in secret %s for %s: make it invalid", key, l.period)
		_, err = secrets.Patch(ctx, key.Namespace, key.Name, api.MergePatchType, patch)
		return ignoreConflict(err)
	}
	if invalid >= last {
		return nil
	}
	ctx = client.Because(ctx, "the token in secret %s has been invalid since %s: delete it", key, invalid)
	err := secrets.Delete(ctx, key.Namespace, key.Name, api.DeleteOptions{Preconditions: &api.Preconditions{ResourceVersion: &secret.ResourceVersion}})
	if api.IsConflict(err) || api.IsNotFound(err) {
		return nil
	}
	return err
}

// forgotten tells whether a token was neither made nor used since a time. A day that cannot be read may be any.
func forgotten(secret *api.Secret, since time.Time) bool {
	if !secret.CreationTimestamp.Before(since) {
		return false
	}
	used, known := secret.Labels[tokens.LabelLastUsed]
	if !known {
		return true
	}
	_, err := time.Parse(time.DateOnly, used)
	return err == nil && used < since.Format(time.DateOnly)
}

// madeByItself tells whether the account of a token lists its secret.
func (l *LegacyTokenCleaner) madeByItself(secret *api.Secret) bool {
	account, ok := l.accounts.Get(api.Key{Namespace: secret.Namespace, Name: secret.Annotations[accountNameAnnotation]})
	return ok && isOfAccount(secret, account) && account.Lists(secret.Name)
}

// mounted tells whether a pod names a secret.
func (l *LegacyTokenCleaner) mounted(secret *api.Secret) (found bool) {
	for _, pod := range l.pods.List(secret.Namespace, nil) {
		pod.References(func(plural, name string) { found = found || plural == "secrets" && name == secret.Name })
	}
	return found
}

// trackedFor tells whether uses have been noted for so long that a token without any is forgotten.
func (l *LegacyTokenCleaner) trackedFor(ctx context.Context, now time.Time) (long bool, err error) {
	m, err := client.Of[*api.ConfigMap](l.client).Get(ctx, api.NamespaceSystem, tokens.TrackingConfigMap)
	if err != nil {
		return false, err
	}
	since, err := time.Parse(time.DateOnly, m.Data["since"])
	if err != nil {
		return false, fmt.Errorf("the ConfigMap %s: %w", tokens.TrackingConfigMap, err)
	}
	return !now.Before(since.Add(day + l.period)), nil
}
