// Package controllers holds the control loops of the cluster: what `kube-controller-manager` is in real Kubernetes.
//
// Every loop has the same shape. It is told which object to look at, never what happened to it; it compares what is
// wanted with what there is, and takes a step towards it:
//
//	API server ──watch──▶ Informer ──key──▶ Queue ──▶ Reconcile ──write──▶ API server
//	     ▲                                               desired − actual = plan      │
//	     └────────────────────── the write is an event for the next loop ◀────────────┘
//
// So a Deployment becomes pods without any loop calling another: deployment.go writes a ReplicaSet, whose event wakes
// replicaset.go, which writes pods, whose events wake the scheduler, and later, as they become ready, replicaset.go
// again, whose status wakes deployment.go.
//
// Work that ends is the business of job.go, and of cronjob.go, which makes Jobs by the clock; statefulset.go keeps pods
// that have names of their own, daemonset.go one on every node; disruption.go counts how many pods may be evicted.
//
// A node that comes gets a range of addresses for its pods from nodeipam.go. A node that dies is the business of
// nodelifecycle.go, which hears that it is silent, nodetaints.go, which says so in taints, tainteviction.go, which
// empties it, and podgc.go, which buries what is left.
//
// Storage is the business of claimbinder.go, which finds volumes for claims, localprovisioner.go, which makes some,
// volumereclaim.go, which follows them to their end, and volumeprotection.go, which keeps that from coming too early.
// Claims for devices are made by resourceclaim.go and taken back by resourceclaim_release.go; devicetainteviction.go takes pods off
// devices that are not fit for use. certificates.go signs what somebody has approved.
//
// The loops know nothing of containers or the store, and nothing of each other. They import api and client.
//
// Start reading at ReplicaSetController.Reconcile, then DeploymentController.Reconcile, then
// GarbageCollector.Reconcile. Chapter 5 of the book, docs/05-controllers.md, walks through them.
//
// In real Kubernetes this is pkg/controller: deployment, replicaset, statefulset, daemon, job, cronjob, disruption,
// endpoint, endpointslice, endpointslicemirroring, nodeipam, nodelifecycle, tainteviction, podgc, resourcequota, resourceclaim, devicetainteviction,
// volume/pvcprotection and pvprotection, volume/persistentvolume, volume/ephemeral, namespace, garbagecollector,
// certificates, serviceaccount and certificates/rootcacertpublisher, started from cmd/kube-controller-manager/app.
// Differences: the garbage collector has one queue where upstream has three, because its decisions are all taken from
// the present state of its graph; decisions about ReplicaSets and Jobs wait until a controller's own writes are in its
// cache; and every write says why.
package controllers
