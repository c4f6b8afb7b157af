package api

// KubernetesVersion is the version of Kubernetes whose API and behaviour this is. Clients compare it with their own.
const KubernetesVersion = "v1.36.3"

// Version is kubelite's own version. The linker sets it in releases.
var Version = "v0.1.0"
