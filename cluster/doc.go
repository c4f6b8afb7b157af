// Package cluster starts, stops and deletes a whole local cluster: what minikube and kind do.
//
//	kubelite start
//	   │  config.go      which port, nodes, runtime, addresses  ─▶ <home>/<profile>/cluster.json
//	   │  pki.go         a CA, a certificate for each component ─▶ pki/
//	   │  kubeconfig.go  how each component finds the API       ─▶ kubeconfig, pki/*.conf
//	   │  machine.go     Docker network and our own image
//	   └▶ supervisor.go  one detached process that runs every component as a child and
//	                     restarts the ones that die           ─▶ run/*.pid, logs/*.log
//
// It knows the components only by their command lines: it starts processes and talks to the API server as any
// other client does. It must not import a component, nor the Docker client: what it needs of the container daemon
// it asks for through Machine, which the kubelet's Docker package implements.
//
// Start reading at Start, then Supervise, then NewPKI.
//
// In real Kubernetes this is kubeadm (cmd/kubeadm/app/phases) plus systemd, which restarts the kubelet, which in turn
// runs the control plane as static pods. Here the supervisor plays both parts.
package cluster
