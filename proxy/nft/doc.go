// Package nft holds packet rules as data, shows them in nft's own syntax, and writes them to the kernel.
//
// The kernel's nf_tables has tables of chains and sets. A chain that names a hook is run for every packet that passes there;
// it looks at the packet, looks things up in sets and maps, and says what becomes of it: accept, drop, goto another chain.
//
//	Fragment ──▶ Writer.Set ──▶ what differs from before ──▶ one netlink batch: all of it comes into force, or nothing
//	    │
//	    └─▶ String: the same in nft's syntax, for golden files and for `kubectl-lite why`
//
// The rules of a cluster come in fragments, one for each service and a few others, so that a change of one service costs
// the same whether there are ten services or ten thousand. Fragments share maps, and each has elements of its own in them.
//
// This package must not know what a Service is. Start reading at Fragment, then Statement, then Writer.Set.
//
// The book: docs/20-services.md. In real Kubernetes this is sigs.k8s.io/knftables, which runs the nft program.
package nft
