// Package compat compares kubelite's API machinery with that of Kubernetes itself: the same types, the same bytes on
// the wire, the same patches. It is a module of its own, so that the product never depends on what it is compared to.
package compat
