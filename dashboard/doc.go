// Package dashboard shows a cluster in a browser while it works: nodes and pods, who owns whom, who writes what and why, the
// past, the scheduler's verdicts, the way of a packet. It is a local process and a page:
//
//	browser ──HTTP, loopback──▶ door ──▶ page/      the page: HTML, CSS and ES modules, embedded as they are
//	                             │
//	                             ├──▶ stream        all watches of the page in one answer
//	                             ├──▶ upstream ──HTTPS──▶ API server: reads of objects, the ledger, the gate
//	                             └──▶ yaml          how people read objects
//
// The page knows everything that is shown here; the process knows only who may ask (door.go) and what may be asked for
// (upstream.go). It acts with the credentials of the person who started it, and has no rights of its own.
//
// Start reading at server.go#Server, door.go#door and page/js/main.js. Chapter 25 of the book is about it. Kubernetes has
// an add-on of this name, which is a web server inside the cluster, and `kubectl proxy --www`, which is closer to this.
package dashboard
