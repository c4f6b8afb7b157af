// Package apiserver is kube-apiserver: the REST API in front of the store. Every other component, and every client,
// knows the cluster only through it.
//
//	           ┌──────────────── routes.go: the chain ────────────────┐
//	request ──>│ recover info log authenticate audit throttle authorize gate │
//	           └──────────────────────────┬──────────────────────────┘
//	                one handler per verb, for all kinds (create.go, update.go, ...)
//	                                      │ writes                  │ reads
//	                                      v                         v
//	                                    store ──events──> watch cache ──feeds──> watchers
//
// Kinds differ only in their row of the table in resources.go. Objects are stored as the JSON that clients get, so that
// a read copies bytes.
//
// It must not know what any kind is for: no controller logic, no scheduling, nothing of containers.
//
// Start reading at routes, then (*Server).create, then (*watcher).run. The book's chapters are docs/03-apiserver.md and
// docs/04-watch.md.
//
// Real Kubernetes: k8s.io/apiserver is the generic part (pkg/endpoints/handlers are the verbs, pkg/registry/generic
// the steps of a write, pkg/storage/cacher the watch cache), kubernetes/pkg/registry has the strategies. It stores
// protobuf and has a watch, and a cache, per kind.
package apiserver
