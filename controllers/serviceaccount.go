package controllers

import (
	"context"
	"log/slog"

	"kubelite/api"
	"kubelite/client"
)

// The service account loop.
//
//	desired    a ServiceAccount named "default" in every active namespace
//	actual     the cache of service accounts
//	converge   create the missing one
//
// A pod that names no service account runs as "default", and is refused while there is none. That makes this the
// first loop whose work a new cluster, or a new namespace, waits for.

const defaultServiceAccount = "default"

// ServiceAccountController gives every namespace its default ServiceAccount.
type ServiceAccountController struct {
	client          *client.Client
	namespaces      *client.Informer[*api.Namespace]
	serviceAccounts *client.Informer[*api.ServiceAccount]
	log             *slog.Logger
	queue           *client.Queue
}

// NewServiceAccountController subscribes to namespaces and service accounts. Keys are names of namespaces.
func NewServiceAccountController(c *client.Client, caches *Caches, log *slog.Logger) *ServiceAccountController {
	s := &ServiceAccountController{
		client: c, namespaces: caches.Namespaces, serviceAccounts: caches.ServiceAccounts, log: log,
		queue: client.NewQueue("serviceaccount"),
	}
	caches.Namespaces.Enqueue(s.queue, func(ns *api.Namespace) []api.Key { return []api.Key{{Name: ns.Name}} })
	caches.ServiceAccounts.OnChange(func(old, now *api.ServiceAccount, revision int64) {
		if now == nil { // deleted: if it was that one, it comes back
			s.queue.Add(api.Key{Name: old.Namespace}, revision)
		}
	})
	return s
}

// Run reconciles until ctx ends.
func (s *ServiceAccountController) Run(ctx context.Context) error {
	if err := waitForSync(ctx, s.namespaces, s.serviceAccounts); err != nil {
		return err
	}
	return s.queue.Run(ctx, 1, s.Reconcile, s.log)
}

// Reconcile creates the default ServiceAccount of the namespace that key names, if it is missing.
func (s *ServiceAccountController) Reconcile(ctx context.Context, key api.Key) error {
	ns, ok := s.namespaces.Get(key)
	if !ok || ns.Status.Phase == api.NamespaceTerminating || ns.DeletionTimestamp != nil {
		return nil // nothing can be created in it any more
	}
	if _, exists := s.serviceAccounts.Get(api.Key{Namespace: ns.Name, Name: defaultServiceAccount}); exists {
		return nil
	}
	ctx = client.Because(ctx, "namespace %s has no service account %q: create it", ns.Name, defaultServiceAccount)
	_, err := client.Of[*api.ServiceAccount](s.client).Create(ctx, &api.ServiceAccount{
		ObjectMeta: api.ObjectMeta{Namespace: ns.Name, Name: defaultServiceAccount},
	})
	if api.IsAlreadyExists(err) || api.IsNotFound(err) || namespaceTerminating(err) {
		return nil // the cache was behind
	}
	return err
}
