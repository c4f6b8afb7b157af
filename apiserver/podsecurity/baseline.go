package podsecurity

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"kubelite/api"
)

// The rules of the level baseline: nothing that is a known way out of a container.

var appArmorProfile = &check{Baseline, []form{{since: 0, find: findAppArmor}}}

const appArmorAnnotation = "container.apparmor.security.beta.kubernetes.io/"

func findAppArmor(meta *api.ObjectMeta, spec *api.PodSpec) *Violation {
	var who culprits
	var bad values
	allowed := func(p *api.AppArmorProfile) bool {
		if p == nil || p.Type == api.AppArmorProfileTypeRuntimeDefault || p.Type == api.AppArmorProfileTypeLocalhost {
			return true
		}
		bad.add(string(p.Type))
		return false
	}
	who.pod = !allowed(podContext(spec).AppArmorProfile)
	eachContainer(spec, func(c *api.Container, security *api.SecurityContext) {
		if !allowed(security.AppArmorProfile) {
			who.containers = append(who.containers, c.Name)
		}
	})
	text := who.String()
	var annotations []string
	for _, key := range slices.Sorted(maps.Keys(meta.Annotations)) {
		value := meta.Annotations[key]
		if strings.HasPrefix(key, appArmorAnnotation) && value != "" && value != "runtime/default" && !strings.HasPrefix(value, "localhost/") {
			annotations = append(annotations, fmt.Sprintf("%s=%q", key, value))
		}
	}
	if len(annotations) > 0 {
		if text != "" {
			text += " and "
		}
		text += plural(len(annotations), "annotation")
	}
	if text == "" {
		return nil
	}
	all := append([]string(bad), annotations...)
	return &Violation{plural(len(all), "forbidden AppArmor profile"), fmt.Sprintf("%s must not set AppArmor profile type to %s", text, quoted(all))}
}

var capabilitiesBaseline = &check{Baseline, []form{{since: 0, find: findCapabilities}}}

var usualCapabilities = strings.Fields(
	"AUDIT_WRITE CHOWN DAC_OVERRIDE FOWNER FSETID KILL MKNOD NET_BIND_SERVICE SETFCAP SETGID SETPCAP SETUID SYS_CHROOT")

func findCapabilities(_ *api.ObjectMeta, spec *api.PodSpec) *Violation {
	var who culprits
	var bad values
	eachContainer(spec, func(c *api.Container, security *api.SecurityContext) {
		if added := unusual(security.Capabilities, usualCapabilities, &bad); added {
			who.containers = append(who.containers, c.Name)
		}
	})
	if !who.any() {
		return nil
	}
	return &Violation{"non-default capabilities", fmt.Sprintf("%s must not include %s in securityContext.capabilities.add", &who, quoted(bad))}
}

// unusual tells whether a container asks for capabilities that are not allowed, and notes which.
func unusual(capabilities *api.Capabilities, allowed []string, bad *values) (added bool) {
	if capabilities == nil {
		return false
	}
	for _, c := range capabilities.Add {
		if !slices.Contains(allowed, string(c)) {
			bad.add(string(c))
			added = true
		}
	}
	return added
}

var hostNamespaces = &check{Baseline, []form{{since: 0, find: func(_ *api.ObjectMeta, spec *api.PodSpec) *Violation {
	var shared []string
	for _, n := range []struct {
		field string
		set   bool
	}{{"hostNetwork", spec.HostNetwork}, {"hostPID", spec.HostPID}, {"hostIPC", spec.HostIPC}} {
		if n.set {
			shared = append(shared, n.field+"=true")
		}
	}
	if len(shared) == 0 {
		return nil
	}
	return &Violation{"host namespaces", strings.Join(shared, ", ")}
}}}}

var hostPathVolumes = &check{Baseline, []form{{since: 0, find: func(_ *api.ObjectMeta, spec *api.PodSpec) *Violation {
	var volumes []string
	for i := range spec.Volumes {
		if spec.Volumes[i].HostPath != nil {
			volumes = append(volumes, spec.Volumes[i].Name)
		}
	}
	if len(volumes) == 0 {
		return nil
	}
	return &Violation{"hostPath volumes", plural(len(volumes), "volume") + " " + quoted(volumes)}
}}}}

var hostPorts = &check{Baseline, []form{{since: 0, find: func(_ *api.ObjectMeta, spec *api.PodSpec) *Violation {
	var who culprits
	var ports values
	eachContainer(spec, func(c *api.Container, _ *api.SecurityContext) {
		bad := false
		for _, port := range c.Ports {
			if port.HostPort != 0 {
				bad = true
				ports.add(strconv.Itoa(int(port.HostPort)))
			}
		}
		if bad {
			who.containers = append(who.containers, c.Name)
		}
	})
	if !who.any() {
		return nil
	}
	return &Violation{"hostPort", fmt.Sprintf("%s %s %s %s", &who, use(len(who.containers)), plural(len(ports), "hostPort"), strings.Join(ports, ", "))}
}}}}

// use is the verb for so many containers or volumes.
func use(n int) string {
	if n == 1 {
		return "uses"
	}
	return "use"
}

// hostProbes: a probe of another host makes the kubelet send requests to wherever the pod's author likes.
var hostProbes = &check{Baseline, []form{{since: 34, find: func(_ *api.ObjectMeta, spec *api.PodSpec) *Violation {
	var names, hosts values
	eachContainer(spec, func(c *api.Container, _ *api.SecurityContext) {
		look := func(get *api.HTTPGetAction, socket *api.TCPSocketAction) {
			if get != nil && get.Host != "" {
				names.add(c.Name)
				hosts.add(get.Host)
			}
			if socket != nil && socket.Host != "" {
				names.add(c.Name)
				hosts.add(socket.Host)
			}
		}
		for _, probe := range []*api.Probe{c.LivenessProbe, c.ReadinessProbe, c.StartupProbe} {
			if probe != nil {
				look(probe.HTTPGet, probe.TCPSocket)
			}
		}
		if c.Lifecycle != nil {
			for _, handler := range []*api.LifecycleHandler{c.Lifecycle.PostStart, c.Lifecycle.PreStop} {
				if handler != nil {
					look(handler.HTTPGet, handler.TCPSocket)
				}
			}
		}
	})
	if len(names) == 0 {
		return nil
	}
	return &Violation{"probe or lifecycle host", fmt.Sprintf("%s %s %s %s", containers(names), use(len(names)), plural(len(hosts), "probe or lifecycle host"), quoted(hosts))}
}}}}

var privileged = &check{Baseline, []form{{since: 0, find: func(_ *api.ObjectMeta, spec *api.PodSpec) *Violation {
	var who culprits
	eachContainer(spec, func(c *api.Container, security *api.SecurityContext) {
		if api.Deref(security.Privileged, false) {
			who.containers = append(who.containers, c.Name)
		}
	})
	if !who.any() {
		return nil
	}
	return &Violation{"privileged", fmt.Sprintf("%s must not set securityContext.privileged=true", &who)}
}}}}

var procMountBaseline = &check{Baseline, []form{{since: 0, find: findProcMount}, {since: 35, find: exceptOwnUsers(findProcMount)}}}

func findProcMount(_ *api.ObjectMeta, spec *api.PodSpec) *Violation {
	var who culprits
	var bad values
	eachContainer(spec, func(c *api.Container, security *api.SecurityContext) {
		if mount := security.ProcMount; mount != nil && *mount != api.DefaultProcMount {
			who.containers = append(who.containers, c.Name)
			bad.add(string(*mount))
		}
	})
	if !who.any() {
		return nil
	}
	return &Violation{"procMount", fmt.Sprintf("%s must not set securityContext.procMount to %s", &who, quoted(bad))}
}

var seLinuxOptions = &check{Baseline, []form{
	{since: 0, find: findSELinux("", "container_t", "container_init_t", "container_kvm_t")},
	{since: 31, find: findSELinux("", "container_t", "container_init_t", "container_kvm_t", "container_engine_t")},
}}

func findSELinux(types ...string) func(*api.ObjectMeta, *api.PodSpec) *Violation {
	return func(_ *api.ObjectMeta, spec *api.PodSpec) *Violation {
		var who culprits
		var bad values
		user, role := false, false
		allowed := func(o *api.SELinuxOptions) bool {
			if o == nil {
				return true
			}
			known := slices.Contains(types, o.Type)
			if !known {
				bad.add(o.Type)
			}
			user, role = user || o.User != "", role || o.Role != ""
			return known && o.User == "" && o.Role == ""
		}
		who.pod = !allowed(podContext(spec).SELinuxOptions)
		eachContainer(spec, func(c *api.Container, security *api.SecurityContext) {
			if !allowed(security.SELinuxOptions) {
				who.containers = append(who.containers, c.Name)
			}
		})
		if !who.any() {
			return nil
		}
		var what []string
		if len(bad) > 0 {
			what = append(what, plural(len(bad), "type")+" "+quoted(bad))
		}
		if user {
			what = append(what, "user may not be set")
		}
		if role {
			what = append(what, "role may not be set")
		}
		return &Violation{"seLinuxOptions", fmt.Sprintf("%s set forbidden securityContext.seLinuxOptions: %s", &who, strings.Join(what, "; "))}
	}
}

var seccompProfileBaseline = &check{Baseline, []form{{since: 0, find: findSeccompAnnotations}, {since: 19, find: func(_ *api.ObjectMeta, spec *api.PodSpec) *Violation {
	found, _ := findSeccomp(spec)
	return found
}}}}

const (
	seccompPodAnnotation       = "seccomp.security.alpha.kubernetes.io/pod"
	seccompContainerAnnotation = "container.seccomp.security.alpha.kubernetes.io/"
)

// findSeccompAnnotations is the rule of when profiles were annotations.
func findSeccompAnnotations(meta *api.ObjectMeta, spec *api.PodSpec) *Violation {
	var bad values
	look := func(key string) {
		value, ok := meta.Annotations[key]
		if ok && value != "runtime/default" && value != "docker/default" && !strings.HasPrefix(value, "localhost/") {
			bad.add(fmt.Sprintf("%s=%q", key, value))
		}
	}
	look(seccompPodAnnotation)
	eachContainer(spec, func(c *api.Container, _ *api.SecurityContext) { look(seccompContainerAnnotation + c.Name) })
	if len(bad) == 0 {
		return nil
	}
	return &Violation{"seccompProfile", "forbidden " + plural(len(bad), "annotation") + " " + strings.Join(bad, ", ")}
}

// findSeccomp finds profiles that are not allowed, and containers that have none.
func findSeccomp(spec *api.PodSpec) (found *Violation, without []string) {
	var who culprits
	var bad values
	allowed := func(p *api.SeccompProfile) bool {
		if p.Type == api.SeccompProfileTypeLocalhost || p.Type == api.SeccompProfileTypeRuntimeDefault {
			return true
		}
		bad.add(string(p.Type))
		return false
	}
	ofPod := podContext(spec).SeccompProfile
	who.pod = ofPod != nil && !allowed(ofPod)
	eachContainer(spec, func(c *api.Container, security *api.SecurityContext) {
		switch profile := security.SeccompProfile; {
		case profile == nil && (ofPod == nil || who.pod):
			without = append(without, c.Name)
		case profile != nil && !allowed(profile):
			who.containers = append(who.containers, c.Name)
		}
	})
	if who.any() {
		found = &Violation{"seccompProfile", fmt.Sprintf("%s must not set securityContext.seccompProfile.type to %s", &who, quoted(bad))}
	}
	return found, without
}

var sysctls = &check{Baseline, sysctlForms()}

// sysctlForms: more and more of these settings came to be each pod's own.
func sysctlForms() (forms []form) {
	var allowed []string
	for _, more := range []struct {
		since Version
		names string
	}{
		{0, "kernel.shm_rmid_forced net.ipv4.ip_local_port_range net.ipv4.tcp_syncookies net.ipv4.ping_group_range net.ipv4.ip_unprivileged_port_start"},
		{27, "net.ipv4.ip_local_reserved_ports"},
		{29, "net.ipv4.tcp_keepalive_time net.ipv4.tcp_fin_timeout net.ipv4.tcp_keepalive_intvl net.ipv4.tcp_keepalive_probes"},
		{32, "net.ipv4.tcp_rmem net.ipv4.tcp_wmem"},
	} {
		allowed = append(slices.Clone(allowed), strings.Fields(more.names)...)
		forms = append(forms, form{since: more.since, find: findSysctls(allowed)})
	}
	return forms
}

func findSysctls(allowed []string) func(*api.ObjectMeta, *api.PodSpec) *Violation {
	return func(_ *api.ObjectMeta, spec *api.PodSpec) *Violation {
		var bad []string
		for _, s := range podContext(spec).Sysctls {
			if !slices.Contains(allowed, s.Name) {
				bad = append(bad, s.Name)
			}
		}
		if len(bad) == 0 {
			return nil
		}
		return &Violation{"forbidden sysctls", strings.Join(bad, ", ")}
	}
}

var windowsHostProcess = &check{Baseline, []form{{since: 0, find: func(_ *api.ObjectMeta, spec *api.PodSpec) *Violation {
	var who culprits
	asks := func(o *api.WindowsSecurityContextOptions) bool { return o != nil && api.Deref(o.HostProcess, false) }
	who.pod = asks(podContext(spec).WindowsOptions)
	eachContainer(spec, func(c *api.Container, security *api.SecurityContext) {
		if asks(security.WindowsOptions) {
			who.containers = append(who.containers, c.Name)
		}
	})
	if !who.any() {
		return nil
	}
	return &Violation{"hostProcess", fmt.Sprintf("%s must not set securityContext.windowsOptions.hostProcess=true", &who)}
}}}}
