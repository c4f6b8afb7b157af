// Package kubelet makes one node's pods real. The API says which pods the node has; the kubelet starts, watches and
// ends their containers through a Runtime, and tells the API what became of them.
//
//	API server ──pods of this node──▶ podWorker ──sandbox, containers──▶ Runtime (kubelet/docker, kubelet/simulated)
//	     ▲                             │      ▲                             │
//	     └──────── status, events ─────┘      └──── something changed ──────┘
//
// Each pod has a worker (podworker.go). It looks at what should be and what is, makes a plan, and carries it out; it
// keeps nothing that it could not find out again, so a kubelet may be killed at any time. Beside that the kubelet
// keeps its Node's status true (node.go), renews the Lease that says it is alive (lease.go), probes containers
// (probes.go), serves their logs to the API server (server.go) and carries conversations with them (stream.go).
//
// It must not know any other component, nor where else pods run. Only kubelet/docker knows Docker.
//
// Start reading at planPod, then podWorker.sync, then Run. Chapter 7 of the book tells the same in prose.
//
// In real Kubernetes this is pkg/kubelet: kubelet.go (syncPod), pod_workers.go, kuberuntime/kuberuntime_manager.go
// (computePodActions is planPod), status/, prober/, nodestatus/, and the runtime is another process behind the
// Container Runtime Interface.
package kubelet
