// Package scheduler decides which node runs which pod.
//
//	pods without a node ──▶ queue ──▶ snapshot of the nodes
//	                                      │
//	                                   filter      which nodes can run it? (filter.go)
//	                                      │
//	                                    score      which of them is best?  (score.go)
//	                                      │
//	        ledger ◀── the results ── decision ──▶ bind: POST pods/x/binding
//
// The decision is a pure function, decide, over a snapshot; the loop around it is thin. It sees pods and nodes through
// informers and acts by one write, the Binding: it must not know what a kubelet is, nor start anything.
//
// Between the decision and the moment its own informer shows the bound pod, the pod counts as assumed (cache.go), so that
// the next decision does not give the same room away twice.
//
// Start reading at Reconcile in scheduler.go, then decide, then fits.
//
// In real Kubernetes this is pkg/scheduler: schedule_one.go is the loop, framework/plugins/ the filters and scores, and
// backend/cache the assumed pods. There the plugins are configured by profiles, pods that fit nowhere may preempt others,
// and large clusters look at a sample of their nodes; here every node is looked at, which 64-bit arithmetic does in a tenth
// of a millisecond for a thousand of them.
package scheduler
