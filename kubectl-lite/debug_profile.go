package kubectllite

import "kubelite/api"

// debugProfile is what a container may that is there to look around, of itself and of the node that it is on.
type debugProfile struct {
	plain        bool // no rights at all, whatever the container had
	restricted   bool // and what the restricted level of pod security asks for
	privileged   bool
	capabilities []api.Capability // in pods
	onNodes      []api.Capability
	namespaces   bool // the node's own: network, processes, communication between processes
	files        bool // the node's files at /host
	wholeCopies  bool // a copy loses nothing but its labels
}

var debugProfiles = map[string]*debugProfile{
	"legacy":     {namespaces: true, files: true, wholeCopies: true},
	"general":    {namespaces: true, files: true, capabilities: []api.Capability{"SYS_PTRACE"}},
	"baseline":   {plain: true},
	"restricted": {plain: true, restricted: true},
	"netadmin":   {namespaces: true, capabilities: []api.Capability{"NET_ADMIN", "NET_RAW"}, onNodes: []api.Capability{"NET_ADMIN", "NET_RAW"}},
	"sysadmin":   {namespaces: true, files: true, privileged: true},
}

// giveRights gives a container of a pod its rights.
func (p *debugProfile) giveRights(c *api.Container) { p.give(c, p.capabilities) }

func (p *debugProfile) give(c *api.Container, capabilities []api.Capability) {
	if p.plain {
		c.SecurityContext = nil
	}
	if !p.restricted && !p.privileged && len(capabilities) == 0 {
		return
	}
	if c.SecurityContext == nil {
		c.SecurityContext = &api.SecurityContext{}
	}
	rights := c.SecurityContext
	if p.restricted {
		rights.RunAsNonRoot, rights.AllowPrivilegeEscalation = api.Ptr(true), api.Ptr(false)
		rights.Capabilities = &api.Capabilities{Drop: []api.Capability{"ALL"}}
		rights.SeccompProfile = &api.SeccompProfile{Type: "RuntimeDefault"}
	}
	if p.privileged {
		rights.Privileged = api.Ptr(true)
	}
	if len(capabilities) > 0 {
		if rights.Capabilities == nil {
			rights.Capabilities = &api.Capabilities{}
		}
		rights.Capabilities.Add = append(rights.Capabilities.Add, capabilities...)
	}
}

// makeCopy takes from a copy what would have it mistaken for the original: labels by which services find it, probes that end
// its containers while somebody looks at them.
func (p *debugProfile) makeCopy(pod *api.Pod, keep kept) {
	if p.wholeCopies {
		pod.Labels = nil
		return
	}
	if !keep.labels {
		pod.Labels = nil
	}
	if !keep.annotations {
		pod.Annotations = nil
	}
	for i := range pod.Spec.Containers {
		c := &pod.Spec.Containers[i]
		if !keep.liveness {
			c.LivenessProbe = nil
		}
		if !keep.readiness {
			c.ReadinessProbe = nil
		}
		if !keep.startup {
			c.StartupProbe = nil
		}
	}
	if !keep.initContainers {
		pod.Spec.InitContainers = nil
	}
	if pod.Spec.ShareProcessNamespace == nil {
		pod.Spec.ShareProcessNamespace = api.Ptr(true)
	}
}

// openNode shows the node to a pod's only container.
func (p *debugProfile) openNode(spec *api.PodSpec, c *api.Container) {
	if p.namespaces {
		spec.HostNetwork, spec.HostPID, spec.HostIPC = true, true, true
	}
	if p.files {
		spec.Volumes = append(spec.Volumes, api.Volume{Name: "host-root", VolumeSource: api.VolumeSource{HostPath: &api.HostPathVolumeSource{Path: "/"}}})
		c.VolumeMounts = append(c.VolumeMounts, api.VolumeMount{Name: "host-root", MountPath: "/host"})
	}
	p.give(c, p.onNodes)
}
