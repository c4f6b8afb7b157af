package docker

import (
	"fmt"
	"strconv"

	"github.com/docker/docker/api/types/filters"

	"kubelite/api"
	"kubelite/kubelet"
)

// What a container's labels tell. The names that start with io.kubernetes are those that dockershim used, so that
// tools which know them keep working.
const (
	labelProfile   = "io.kubelite.profile"
	labelNode      = "io.kubelite.node"
	labelIP        = "io.kubelite.pod.ip"
	labelImage     = "io.kubelite.image"     // as the user named it
	labelImageRef  = "io.kubelite.image.ref" // what it was when the container was made
	labelHandler   = "io.kubelite.runtime.handler"
	labelType      = "io.kubernetes.docker.type"
	labelPodName   = "io.kubernetes.pod.name"
	labelNamespace = "io.kubernetes.pod.namespace"
	labelPodUID    = "io.kubernetes.pod.uid"
	labelContainer = "io.kubernetes.container.name"
	labelAttempt   = "io.kubernetes.container.restartCount" // of a sandbox: which one it is
	labelHash      = "io.kubernetes.container.hash"
	labelSandbox   = "io.kubernetes.sandbox.id"

	typeSandbox   = "podsandbox"
	typeContainer = "container"
	sandboxName   = "POD" // in the place of a container's name
)

// podLabels are on everything of a pod.
func (r *Runtime) podLabels(s *kubelet.SandboxConfig, kind, container string, attempt int) map[string]string {
	return map[string]string{
		labelProfile: r.cfg.Profile, labelNode: r.cfg.Node, labelType: kind,
		labelPodName: s.Name, labelNamespace: s.Namespace, labelPodUID: string(s.UID),
		labelContainer: container, labelAttempt: strconv.Itoa(attempt),
	}
}

// ours selects the containers of this node.
func (r *Runtime) ours(more ...string) filters.Args {
	args := filters.NewArgs(filters.Arg("label", labelProfile+"="+r.cfg.Profile), filters.Arg("label", labelNode+"="+r.cfg.Node))
	for _, label := range more {
		args.Add("label", label)
	}
	return args
}

// attemptOf reads the restart count back.
func attemptOf(labels map[string]string) int {
	n, _ := strconv.Atoi(labels[labelAttempt]) // we wrote it
	return n
}

// containerName is how a container shows in `docker ps`: dockershim's form.
func containerName(container string, s *kubelet.SandboxConfig, attempt int) string {
	return fmt.Sprintf("k8s_%s_%s_%s_%s_%d", container, s.Name, s.Namespace, s.UID, attempt)
}

// podOf begins a RuntimePod from the labels of any of its containers.
func podOf(labels map[string]string) *kubelet.RuntimePod {
	return &kubelet.RuntimePod{UID: api.UID(labels[labelPodUID]), Namespace: labels[labelNamespace], Name: labels[labelPodName]}
}
