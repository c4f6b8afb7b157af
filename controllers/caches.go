package controllers

import (
	"context"

	"kubelite/api"
	"kubelite/client"
)

// Caches are the local copies of objects that the loops share: each kind is watched once, however many loops read it.
type Caches struct {
	Pods        *client.Informer[*api.Pod]
	ReplicaSets *client.Informer[*api.ReplicaSet]
	Deployments *client.Informer[*api.Deployment]
	Namespaces  *client.Informer[*api.Namespace]
	Nodes       *client.Informer[*api.Node]

	ReplicationControllers *client.Informer[*api.ReplicationController]
	StatefulSets           *client.Informer[*api.StatefulSet]
	DaemonSets             *client.Informer[*api.DaemonSet]
	Jobs                   *client.Informer[*api.Job]
	CronJobs               *client.Informer[*api.CronJob]
	Autoscalers            *client.Informer[*api.HorizontalPodAutoscaler]
	DisruptionBudgets      *client.Informer[*api.PodDisruptionBudget]
	VolumeClaims           *client.Informer[*api.PersistentVolumeClaim]
	ResourceClaims         *client.Informer[*api.ResourceResourceClaim]
	ResourceClaimTemplates *client.Informer[*api.ResourceClaimTemplate]
	ResourceSlices         *client.Informer[*api.ResourceSlice]
	ControllerRevisions    *client.Informer[*api.ControllerRevision]
	Services               *client.Informer[*api.Service]
	Endpoints              *client.Informer[*api.Endpoints]
	EndpointSlices         *client.Informer[*api.EndpointSlice]
	Volumes                *client.Informer[*api.PersistentVolume]
	ResourceQuotas         *client.Informer[*api.ResourceQuota]
	ServiceCIDRs           *client.Informer[*api.ServiceCIDR]
	IPAddresses            *client.Informer[*api.IPAddress]
	ClusterRoles           *client.Informer[*api.ClusterRole]
	ServiceAccounts        *client.Informer[*api.ServiceAccount]
	// NodeLeases are the Leases by which kubelets say that they are alive.
	NodeLeases     *client.Informer[*api.Lease]
	StorageClasses *client.Informer[*api.StorageClass]

	AttributesClasses *client.Informer[*api.VolumeAttributesClass]

	CertificateRequests *client.Informer[*api.CertificateSigningRequest]

	// These hold a part of their kind: the ConfigMaps of a name, and the Secrets with tokens.
	RootCAs         *client.Informer[*api.ConfigMap]
	TokenSecrets    *client.Informer[*api.Secret]
	ClusterInfos    *client.Informer[*api.ConfigMap]
	BootstrapTokens *client.Informer[*api.Secret]

	all   []cache
	whole map[string]graphSource // by resource, "replicasets.apps": the kinds that are held whole
}

// cache is what all of them are, whatever they hold.
type cache interface {
	runner
	WaitForSync(ctx context.Context) error
}

// graphSource is a cache from which the garbage collector can learn of every object of a kind.
type graphSource interface {
	cache
	feed(g *graph)
}

// NewCaches makes the copies, with the indexes that the loops use. They are empty until run.
func NewCaches(c *client.Client) *Caches {
	caches := &Caches{whole: map[string]graphSource{}}
	caches.Pods = wholeKind[*api.Pod](caches, c)
	caches.ReplicaSets = wholeKind[*api.ReplicaSet](caches, c)
	caches.Deployments = wholeKind[*api.Deployment](caches, c)
	caches.Namespaces = wholeKind[*api.Namespace](caches, c)
	caches.Nodes = wholeKind[*api.Node](caches, c)
	caches.ReplicationControllers = wholeKind[*api.ReplicationController](caches, c)
	caches.StatefulSets = wholeKind[*api.StatefulSet](caches, c)
	caches.DaemonSets = wholeKind[*api.DaemonSet](caches, c)
	caches.Jobs = wholeKind[*api.Job](caches, c)
	caches.CronJobs = wholeKind[*api.CronJob](caches, c)
	caches.Autoscalers = wholeKind[*api.HorizontalPodAutoscaler](caches, c)
	caches.DisruptionBudgets = wholeKind[*api.PodDisruptionBudget](caches, c)
	caches.VolumeClaims = wholeKind[*api.PersistentVolumeClaim](caches, c)
	caches.ResourceClaims = wholeKind[*api.ResourceResourceClaim](caches, c)
	caches.ResourceClaimTemplates = wholeKind[*api.ResourceClaimTemplate](caches, c)
	caches.ResourceSlices = wholeKind[*api.ResourceSlice](caches, c)
	caches.ControllerRevisions = wholeKind[*api.ControllerRevision](caches, c)
	caches.Services = wholeKind[*api.Service](caches, c)
	caches.Endpoints = wholeKind[*api.Endpoints](caches, c)
	caches.EndpointSlices = wholeKind[*api.EndpointSlice](caches, c)
	caches.Volumes = wholeKind[*api.PersistentVolume](caches, c)
	caches.ResourceQuotas = wholeKind[*api.ResourceQuota](caches, c)
	caches.ServiceCIDRs = wholeKind[*api.ServiceCIDR](caches, c)
	caches.IPAddresses = wholeKind[*api.IPAddress](caches, c)
	caches.ClusterRoles = wholeKind[*api.ClusterRole](caches, c)
	caches.ServiceAccounts = wholeKind[*api.ServiceAccount](caches, c)
	caches.StorageClasses = wholeKind[*api.StorageClass](caches, c)
	caches.AttributesClasses = wholeKind[*api.VolumeAttributesClass](caches, c)
	caches.CertificateRequests = wholeKind[*api.CertificateSigningRequest](caches, c)
	caches.NodeLeases = partOf[*api.Lease](caches, c, client.InformerOptions{Namespace: leaseNamespace})
	caches.RootCAs = partOf[*api.ConfigMap](caches, c, client.InformerOptions{FieldSelector: "metadata.name=" + rootCAConfigMap})
	caches.TokenSecrets = partOf[*api.Secret](caches, c, client.InformerOptions{FieldSelector: "type=" + string(api.SecretTypeServiceAccountToken)})
	caches.ClusterInfos = partOf[*api.ConfigMap](caches, c, client.InformerOptions{Namespace: api.NamespacePublic, FieldSelector: "metadata.name=" + clusterInfoConfigMap})
	caches.BootstrapTokens = partOf[*api.Secret](caches, c, client.InformerOptions{Namespace: "kube-system", FieldSelector: "type=" + string(api.SecretTypeBootstrapToken)})

	caches.Pods.AddIndex(byController, controllerIndex[*api.Pod])
	caches.Pods.AddIndex(byClaim, podClaimIndex)
	caches.Pods.AddIndex(byNode, podNodeIndex)
	caches.Pods.AddIndex(byResourceClaim, podResourceClaimIndex)
	caches.Pods.AddIndex(byClaimTemplate, podClaimTemplateIndex)
	caches.ResourceClaims.AddIndex(byController, controllerIndex[*api.ResourceResourceClaim])
	caches.ResourceSlices.AddIndex(byPool, slicePoolIndex)
	caches.EndpointSlices.AddIndex(byServiceName, sliceServiceIndex)
	caches.ReplicaSets.AddIndex(byController, controllerIndex[*api.ReplicaSet])
	caches.ReplicationControllers.AddIndex(byController, controllerIndex[*api.ReplicationController])
	caches.Jobs.AddIndex(byController, controllerIndex[*api.Job])
	caches.ControllerRevisions.AddIndex(byController, controllerIndex[*api.ControllerRevision])
	return caches
}

// wholeKind adds a copy of all objects of a kind.
func wholeKind[T api.Object](caches *Caches, c *client.Client) *client.Informer[T] {
	informer := partOf[T](caches, c, client.InformerOptions{})
	caches.whole[api.KindOf[T]().Resource()] = graphFeeder[T]{informer}
	return informer
}

// partOf adds a copy of those that opts select.
func partOf[T api.Object](caches *Caches, c *client.Client, opts client.InformerOptions) *client.Informer[T] {
	informer := client.NewInformer[T](c, opts)
	caches.all = append(caches.all, informer)
	return informer
}

// waitForSync waits until the given caches hold what the server had when they started. A loop that decided before
// would take everything it has not read yet for missing.
func waitForSync(ctx context.Context, caches ...interface{ WaitForSync(context.Context) error }) error {
	for _, cache := range caches {
		if err := cache.WaitForSync(ctx); err != nil {
			return err
		}
	}
	return nil
}
