// Package client is how every component talks to the API server, and the only way they talk to each other: a
// REST client for typed objects, informers that keep a local copy of a kind up to date, work queues that feed
// control loops, leader election, and an event recorder.
//
// The data flow of every control loop in Kubernetes, and the file here that does each step:
//
//	API server ──list, watch──▶ Informer ──keys──▶ Queue ──one key──▶ Reconcile ──writes──▶ API server
//	             watch.go       informer.go        workqueue.go       (controllers/)        resource.go
//	                            cache.go
//
// What travels along with the keys is the answer to "why": the informer stamps a key with the revision of the
// event, the queue merges stamps when it coalesces keys, Reconcile finds them in its context, and rest.go sends
// them as headers with each write (causes.go). The API server writes them into its ledger.
//
// This package imports nothing of ours but api. It must not know what any component does with its objects.
//
// Start reading at Informer.Run, then Queue.Run, then Because.
//
// The book: docs/04-watch.md.
//
// In real Kubernetes this is k8s.io/client-go: tools/cache (reflector.go, shared_informer.go, store.go),
// util/workqueue, tools/leaderelection, tools/record and rest. Differences: informers hand handlers straight from the
// watch goroutine instead of through a DeltaFIFO and a buffer per listener, the three layered queues (plain, delaying,
// rate-limiting) are one type, and nothing there carries causes.
package client
