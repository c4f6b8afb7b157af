// Package ingress leads HTTP requests from outside to pods, by host and path. It is a controller of Ingresses and the reverse
// proxy that they configure, in one process. It runs as a pod in ingress-nginx, behind a Service of type LoadBalancer.
//
//	Ingresses, IngressClasses, Services, ┐
//	EndpointSlices, Secrets              ┴─▶ build ─▶ table ─▶ swapped in one step, whatever requests are under way
//	request ──▶ Server ──▶ table.route: host, then path ──▶ backend: an endpoint in turn ──▶ pod
//
// build is a pure function of the objects, and a request is served by the table that was there when it came. Requests go
// straight to the addresses of pods, not to that of their service: so one that finds a pod gone can try the next.
//
// It takes the name of ingress-nginx, its class, its annotations and its habits, since that is what manifests are written for.
//
// Start reading at build, then Server.ServeHTTP, then Server.RoundTrip. The book: docs/23-ingress.md. In real Kubernetes this
// is a project of its own, kubernetes/ingress-nginx: a controller that writes a configuration for nginx.
package ingress
