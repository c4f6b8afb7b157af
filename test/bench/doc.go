// Command bench measures the control plane from outside, as its clients see it, and prints one table: `make bench`.
//
// It starts a cluster of simulated nodes in a temporary directory, so that nothing but the control plane is measured. With
// -kubeconfig it measures any other Kubernetes API server with the same requests instead, which is how the second column
// of docs/performance.md was made: run both, one after the other, on the same machine, several times.
//
// With -node it measures a kubelet instead: pods beside `docker run` of what they are made of, side by side and one by one, and what a
// kubelet takes whose pods only run. With -network it measures what service addresses and names cost, between pods that run this program. With -scale
// it measures a cluster of thousands of simulated nodes.
package main
