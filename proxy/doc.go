// Package proxy is the network of a cluster on Docker: it turns Services and NetworkPolicies into packet rules in the kernel.
// Upstream splits the two between kube-proxy and a network plugin.
//
//	Services, EndpointSlices ──▶ planService ──▶ nft.Fragment ──▶ nft.Writer ──▶ kernel     one fragment a service
//	Pods, NetworkPolicies    ──▶ planPolicies ─▶ nft.Fragment ──▶      ″
//
// One proxy serves all nodes of a cluster, since they share one machine: a packet's node is the one whose range its source
// address is in. The planners are pure functions, so what the rules are can be read in testdata/. No packet passes through
// this process, with one exception: node ports on loopback (loopback.go), from where the kernel redirects nothing.
//
// Below it are the addons, which run as pods: proxy/dns answers names, proxy/ingress routes HTTP. proxy/nft writes rules and
// knows no Services.
//
// Start reading at planService, then planPolicies, then Proxy.Run.
//
// The book: docs/20-services.md to docs/22-network-policy.md. In real Kubernetes this is pkg/proxy/nftables/proxier.go;
// NetworkPolicy is left to plugins such as Calico and Cilium.
package proxy
