// Package devices decides which devices the claims of a pod are given on a node: the allocator of dynamic resource
// allocation (resource.k8s.io). It is a pure decision on what drivers publish and what other claims hold.
//
//	ResourceSlices ──▶ pools on the node ──▶ devices
//	                                           │  one request after the other takes one that fits;
//	claims ──▶ requests, with their classes ───┤  where the next request finds none, the last one
//	                                           │  takes another: a depth-first search
//	what other claims hold (Held) ─────────────┘
//	                                     ▼
//	                   an AllocationResult for each claim, or none
//
// It must not know of pods, and writes nothing: the plugin DynamicResources asks it node by node, and writes what came of it.
//
// Start reading at (*Allocator).Allocate, then search.device and search.take. What a device must be like is in request.go,
// which devices there are in pool.go; devices that are shared or parts of one another in capacity.go and counters.go.
//
// The book: "Scheduling". Real Kubernetes: k8s.io/dynamic-resource-allocation/structured.
package devices
