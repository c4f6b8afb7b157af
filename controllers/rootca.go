package controllers

import (
	"context"
	"log/slog"
	"maps"

	"kubelite/api"
	"kubelite/client"
)

// The root CA loop.
//
//	desired    a ConfigMap kube-root-ca.crt in every namespace, with the certificate that signed the API server's
//	actual     the cache of those
//	converge   create the missing one, repair the changed one
//
// Pods mount it beside their service account's token: it is how a program in a pod knows that it talks to the real
// API server.

const (
	rootCAConfigMap       = "kube-root-ca.crt"
	rootCAKey             = "ca.crt"
	descriptionAnnotation = "kubernetes.io/description"
	rootCADescription     = "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. " +
		"No other usage is guaranteed across distributions of Kubernetes clusters."
)

// RootCAPublisher puts the cluster's root certificate into every namespace.
type RootCAPublisher struct {
	client     *client.Client
	namespaces *client.Informer[*api.Namespace]
	configMaps *client.Informer[*api.ConfigMap]
	data       map[string]string
	log        *slog.Logger
	queue      *client.Queue
}

// NewRootCAPublisher subscribes to namespaces and to the ConfigMaps of that name. Keys are names of namespaces.
func NewRootCAPublisher(c *client.Client, caches *Caches, rootCA []byte, log *slog.Logger) *RootCAPublisher {
	p := &RootCAPublisher{
		client: c, namespaces: caches.Namespaces, configMaps: caches.RootCAs, log: log,
		data:  map[string]string{rootCAKey: string(rootCA)},
		queue: client.NewQueue("rootca"),
	}
	caches.Namespaces.Enqueue(p.queue, func(ns *api.Namespace) []api.Key { return []api.Key{{Name: ns.Name}} })
	caches.RootCAs.Enqueue(p.queue, func(cm *api.ConfigMap) []api.Key { return []api.Key{{Name: cm.Namespace}} })
	return p
}

// Run reconciles until ctx ends.
func (p *RootCAPublisher) Run(ctx context.Context) error {
	if err := waitForSync(ctx, p.namespaces, p.configMaps); err != nil {
		return err
	}
	return p.queue.Run(ctx, 1, p.Reconcile, p.log)
}

// Reconcile makes the ConfigMap of the namespace that key names hold the certificate and nothing else.
func (p *RootCAPublisher) Reconcile(ctx context.Context, key api.Key) error {
	ns, ok := p.namespaces.Get(key)
	if !ok || ns.Status.Phase == api.NamespaceTerminating || ns.DeletionTimestamp != nil {
		return nil
	}
	configMaps := client.Of[*api.ConfigMap](p.client)
	current, exists := p.configMaps.Get(api.Key{Namespace: ns.Name, Name: rootCAConfigMap})
	if !exists {
		ctx = client.Because(ctx, "namespace %s has no %s: create it", ns.Name, rootCAConfigMap)
		_, err := configMaps.Create(ctx, &api.ConfigMap{
			ObjectMeta: api.ObjectMeta{
				Namespace: ns.Name, Name: rootCAConfigMap,
				Annotations: map[string]string{descriptionAnnotation: rootCADescription},
			},
			Data: p.data,
		})
		if api.IsAlreadyExists(err) || api.IsNotFound(err) || namespaceTerminating(err) {
			return nil // the cache was behind
		}
		return err
	}
	if maps.Equal(current.Data, p.data) && current.Annotations[descriptionAnnotation] != "" {
		return nil
	}
	repaired := api.DeepCopy(current)
	repaired.Data = p.data
	setAnnotation(&repaired.ObjectMeta, descriptionAnnotation, rootCADescription)
	ctx = client.Because(ctx, "%s of namespace %s was changed: repair it", rootCAConfigMap, ns.Name)
	_, err := configMaps.Update(ctx, repaired)
	if api.IsConflict(err) || api.IsNotFound(err) {
		return nil // the event of that change queues the namespace again
	}
	return err
}
