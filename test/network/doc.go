// Package network sends real packets through the rules of the real proxy: no container, no Docker, no right over this machine. The
// test runs in a network namespace of its own, in which it is root: a machine with a bridge. Each pod is one more namespace,
// connected to that bridge as Docker would.
//
//	pod 10.244.1.2 ──veth──┐
//	pod 10.244.1.3 ──veth──┼── bridge 10.244.0.1 ── this process: API server, controllers, proxy, and the tests' own connections
//	pod 10.244.2.2 ──veth──┘
//
// Where a kernel gives no such namespaces the tests say so and are skipped.
package network
