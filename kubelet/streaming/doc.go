// Package streaming is how a conversation with a container travels over one HTTP connection: `kubectl exec`, `attach`
// and `port-forward`. It takes a request over, agrees on a protocol, and hands out plain readers and writers:
//
//	                  WebSocket: each message begins with the number of its stream  (channels.go)
//	one connection ──┤                                                                             ├──▶ Streams
//	                  SPDY/3.1: streams are part of the protocol                     (spdy.go)
//
// Everybody between the client and here passes bytes on without understanding them, the API server included: this is
// the only place that speaks either protocol.
//
//	           over WebSocket                                    over SPDY, header X-Stream-Protocol-Version
//	commands   [v4.][base64.]channel.k8s.io, v5.channel.k8s.io   v4, v3, v2 and plain channel.k8s.io
//	ports      SPDY/3.1+portforward.k8s.io (SPDY inside of it),  portforward.k8s.io
//	           v4.[base64.]channel.k8s.io
//	logs       binary.k8s.io, base64.binary.k8s.io
//
// It must not know what a pod, a container or a runtime is: callers give it a function that talks.
//
// Start reading at ServeCommand, then channels, then ServePorts. Chapter 7 of the book tells the same in prose.
//
// In real Kubernetes this is k8s.io/streaming (pkg/httpstream: wsstream, spdy) and k8s.io/cri-streaming
// (remotecommand, portforward), which run in the container runtime; API server and kubelet translate the newer
// WebSocket protocols into SPDY on the way (k8s.io/apiserver/pkg/util/proxy).
package streaming
