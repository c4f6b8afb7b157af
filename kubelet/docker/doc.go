// Package docker runs pods on a Docker daemon: it is the kubelet's Runtime, what dockershim once was.
//
// Docker knows containers, not pods. A pod's sandbox is a container that does nothing but hold a network address;
// the pod's own containers join its network and its shared memory:
//
//	k8s_POD_web-1_default_<uid>_0     kubelite sandbox   --network kubelite-x --ip 10.244.1.7   --ipc shareable
//	k8s_web_web-1_default_<uid>_0     the user's image   --network container:<sandbox>          --ipc container:<sandbox>
//
// Labels on each container hold all that a restarted kubelet needs to know (labels.go); there is no file of state,
// not even for the addresses given away (usedAddresses). So `docker ps` always tells the truth, and whatever a person
// does with docker by hand is seen and put right.
//
// This package owns the Docker client library. It must not know the API server; Machine, beside the runtime, is what
// the cluster's lifecycle needs of the daemon.
//
// Start reading at Runtime.RunPodSandbox, then Runtime.CreateContainer, then Runtime.PodStatus.
//
// In real Kubernetes the kubelet speaks CRI over a socket with containerd or CRI-O; cri-dockerd is the adapter for
// Docker (its core/sandbox_run.go and core/container_create.go do what sandbox.go and container.go do here), and a
// CNI plugin hands out the addresses.
package docker
