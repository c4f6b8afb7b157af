// Package dns answers the names of a cluster: services, the pods behind them, addresses. It runs as a pod in kube-system,
// behind the address that every pod has as its name server.
//
//	question ──▶ Server ──▶ in the cluster's domain? ─ yes ─▶ zone.answer: from the informers' caches, which watches keep
//	                              │ no
//	                              └▶ forward: the name servers of the machine
//
// zone.answer is a pure function of the caches. Nothing is polled: a service has its name as soon as the watch tells.
//
// Start reading at zone.answer. The book: docs/21-dns.md. In real Kubernetes this is CoreDNS, a project of its own, with its
// plugin kubernetes; the names are those of its specification (kubernetes/dns, docs/specification.md).
package dns
