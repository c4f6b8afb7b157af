// Package metrics is the metrics-server: it asks every node's kubelet what its pods use, and serves that as the API
// metrics.k8s.io, which `kubectl top` and HorizontalPodAutoscalers read.
//
//	kubelet /metrics/resource ──every 15s──▶ scraper ──two samples──▶ rates
//	                                                                   │
//	kubectl top ──▶ API server ──APIService v1beta1.metrics.k8s.io──▶ server
//
// Nothing is stored but the last two samples of each container: it is a thermometer, not a history. It is a client of the
// API server like any other, under the name of a service account of its own; kubelets are reached through the API server,
// and requests come from the API server alone, which has authorised them.
//
// Start reading at Run, then usage.observe. Chapter 15 of the book, docs/15-autoscaling.md, walks through it.
//
// In real Kubernetes this is the project metrics-server, an addon: pkg/scraper, pkg/storage and pkg/api there. It reaches
// the kubelets itself, and asks the API server about each request once more.
package metrics
