// Package scheduler decides which node runs which pod.
//
//	pods without a node ──▶ queue ──▶ one pod, the cache
//	                          ▲            │
//	                          │         PreFilter, Filter   which nodes can run it?
//	        a change that helps            │
//	                          │          Score              which of them is best?
//	                          │            │
//	        ledger ◀── the results ── decision ──▶ Reserve, PreBind, Bind: POST pods/x/binding
//
// What a node must have, and what makes one good, is the business of plugins, one in each plugin_*.go; profile.go lists them.
// The decision is pure: a pod and the cache in, a decision out. The loop around it is thin. It sees the cluster through
// informers and acts by few writes: the Binding, the condition of a pod that fits nowhere, victims of preemption, claims that
// wait for their first consumer, claims that get devices (package devices finds them). It must not know what a kubelet is, nor
// start anything.
//
// Start reading at scheduleOne in scheduler.go, then find in cycle.go, then defaultPlugins in profile.go; of the plugins
// nodeUnschedulable is the shortest, podTopologySpread the one with a picture. The chapter is docs/06-scheduler.md.
//
// In real Kubernetes this is pkg/scheduler: schedule_one.go is the loop, framework/plugins/ the plugins, and backend/ the cache
// and the queue. There a cycle asks about sixteen nodes at a time, on a snapshot that is copied from a cache; here it asks
// about one after the other on the cache itself, which stands still meanwhile.
package scheduler
