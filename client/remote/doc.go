// Package remote is the client's end of a conversation with a container: exec, attach and port-forward. It speaks with
// what kubelet/streaming speaks with, through the API server, which passes the bytes on:
//
//	Command.Run   a WebSocket, v5.channel.k8s.io: each message begins with the number of its stream
//	Forward       a WebSocket, SPDY/3.1+portforward.k8s.io: a SPDY connection inside of it, two streams for each connection
//
// It must not know what a terminal is: callers bring readers, writers and sizes.
//
// Start reading at Command.Run, then Tunnel.Carry.
//
// The book: docs/07-kubelet.md.
//
// In real Kubernetes this is k8s.io/client-go/tools/remotecommand and tools/portforward.
package remote
