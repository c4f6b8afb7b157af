package api

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// What a pod's processes may do: users, capabilities, kernel parameters, confinement profiles, and which of it makes
// sense on which operating system.

const maxAppArmorProfileLength = 4095 // PATH_MAX without the final zero

// Profiles were annotations before they were fields. The annotations are still read, and must not contradict.
const (
	annotationSeccompPod       = "seccomp.security.alpha.kubernetes.io/pod"
	annotationSeccompContainer = "container.seccomp.security.alpha.kubernetes.io/" // + container name
	annotationAppArmor         = "container.apparmor.security.beta.kubernetes.io/" // + container name
)

func (c *podCheck) checkSecurityContext() {
	sc, path := c.spec.SecurityContext, c.path.Child("securityContext")
	if c.spec.HostPID && Deref(c.spec.ShareProcessNamespace, false) {
		c.add(path.Child("shareProcessNamespace").Invalid(true, "ShareProcessNamespace and HostPID cannot both be enabled"))
	}
	if sc == nil {
		return
	}
	c.userOrGroupID(path, "fsGroup", sc.FSGroup)
	c.userOrGroupID(path, "runAsUser", sc.RunAsUser)
	c.userOrGroupID(path, "runAsGroup", sc.RunAsGroup)
	for i := range sc.SupplementalGroups {
		c.userOrGroupID(path.Child("supplementalGroups").Index(i), "", &sc.SupplementalGroups[i])
	}
	c.checkSysctls(path, sc.Sysctls)
	optionalOneOf(&c.ErrorList, path, "fsGroupChangePolicy", sc.FSGroupChangePolicy, FSGroupChangeAlways, FSGroupChangeOnRootMismatch)
	c.seccompProfile(path, sc.SeccompProfile)
	c.windowsOptions(path, sc.WindowsOptions)
	c.appArmorProfile(path, sc.AppArmorProfile)
	optionalOneOf(&c.ErrorList, path, "supplementalGroupsPolicy", sc.SupplementalGroupsPolicy, SupplementalGroupsPolicyMerge, SupplementalGroupsPolicyStrict)
	// The other policy, MountOption, is for a feature that upstream has off by default.
	optionalOneOf(&c.ErrorList, path, "seLinuxChangePolicy", sc.SELinuxChangePolicy, SELinuxChangePolicyRecursive)
}

func (c *podCheck) checkContainerSecurity(path Path, sc *SecurityContext) {
	if sc == nil {
		return
	}
	path = path.Child("securityContext")
	c.userOrGroupID(path, "runAsUser", sc.RunAsUser)
	c.userOrGroupID(path, "runAsGroup", sc.RunAsGroup)
	if sc.ProcMount != nil {
		oneOf(&c.ErrorList, path, "procMount", *sc.ProcMount, DefaultProcMount, UnmaskedProcMount)
		if c.hostUsers && *sc.ProcMount == UnmaskedProcMount {
			c.add(path.Child("procMount").Invalid(string(*sc.ProcMount), "`hostUsers` must be false to use `Unmasked`"))
		}
	}
	c.seccompProfile(path, sc.SeccompProfile)
	if !Deref(sc.AllowPrivilegeEscalation, true) {
		if Deref(sc.Privileged, false) {
			c.add(path.Invalid(goNames{sc}, "cannot set `allowPrivilegeEscalation` to false and `privileged` to true"))
		}
		if sc.Capabilities != nil && slices.Contains(sc.Capabilities.Add, "CAP_SYS_ADMIN") {
			c.add(path.Invalid(goNames{sc}, "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN"))
		}
	}
	c.windowsOptions(path, sc.WindowsOptions)
	c.appArmorProfile(path, sc.AppArmorProfile)
}

// userOrGroupID checks a numeric user or group: the kernel's range, which Go's API types are wider than.
func (l *ErrorList) userOrGroupID(path Path, field string, id *int64) {
	if id != nil {
		l.inRange(path, field, *id, 0, math.MaxInt32)
	}
}

func (c *podCheck) checkSysctls(path Path, sysctls []Sysctl) {
	for i := range sysctls {
		name, path := sysctls[i].Name, path.Child("sysctls").Index(i).Child("name")
		switch {
		case name == "":
			c.add(path.Required(""))
		case !isSysctlName(name):
			c.add(path.Invalid(name, fmt.Sprintf("must have at most %d characters and match regex %s", maxSubdomainLength, sysctlFormat)))
		case slices.ContainsFunc(sysctls[:i], func(s Sysctl) bool { return s.Name == name }):
			c.add(path.Duplicate(name))
		}
		// A parameter of a namespace that the pod shares with the host would change the host.
		switch namespace := sysctlNamespace(name); {
		case namespace == "net" && c.spec.HostNetwork:
			c.add(path.Invalid(name, "may not be specified when 'hostNetwork' is true"))
		case namespace == "ipc" && c.spec.HostIPC:
			c.add(path.Invalid(name, "may not be specified when 'hostIPC' is true"))
		}
	}
}

// sysctlNamespace tells which namespace a kernel parameter belongs to: "net", "ipc", or "" for the host's own.
func sysctlNamespace(name string) string {
	name = strings.ReplaceAll(name, "/", ".")
	switch {
	case strings.HasPrefix(name, "net."):
		return "net"
	case strings.HasPrefix(name, "fs.mqueue."),
		slices.Contains([]string{"kernel.sem", "kernel.shm", "kernel.shmall", "kernel.shmmax", "kernel.shmmni", "kernel.shm_rmid_forced",
			"kernel.msg", "kernel.msgmax", "kernel.msgmnb", "kernel.msgmni"}, name):
		return "ipc"
	}
	return ""
}

func (l *ErrorList) seccompProfile(path Path, p *SeccompProfile) {
	if p == nil {
		return
	}
	path = path.Child("seccompProfile")
	if p.Type == "" {
		l.add(path.Child("type").Required("type is required when seccompProfile is set"))
	} else {
		oneOf(l, path, "type", p.Type, SeccompProfileTypeLocalhost, SeccompProfileTypeRuntimeDefault, SeccompProfileTypeUnconfined)
	}
	switch {
	case p.Type == SeccompProfileTypeLocalhost && p.LocalhostProfile == nil:
		l.add(path.Child("localhostProfile").Required("must be set when seccomp type is Localhost"))
	case p.Type == SeccompProfileTypeLocalhost:
		l.descendingPath(path, "localhostProfile", *p.LocalhostProfile)
	case p.LocalhostProfile != nil:
		l.add(path.Child("localhostProfile").Invalid(goNames{p}, "can only be set when seccomp type is Localhost"))
	}
}

func (l *ErrorList) appArmorProfile(path Path, p *AppArmorProfile) {
	if p == nil {
		return
	}
	path = path.Child("appArmorProfile")
	localhost := path.Child("localhostProfile")
	switch p.Type {
	case AppArmorProfileTypeLocalhost:
		profile := Deref(p.LocalhostProfile, "")
		if trimmed := strings.TrimSpace(profile); trimmed != profile {
			l.add(localhost.Invalid(profile, "must not be padded with whitespace"))
		} else if profile == "" {
			l.add(localhost.Required("must be set when AppArmor type is Localhost"))
		}
		if len(profile) > maxAppArmorProfileLength {
			l.add(localhost.TooLong(maxAppArmorProfileLength))
		}
	case AppArmorProfileTypeRuntimeDefault, AppArmorProfileTypeUnconfined:
		if p.LocalhostProfile != nil {
			l.add(localhost.Invalid(*p.LocalhostProfile, "can only be set when AppArmor type is Localhost"))
		}
	case "":
		l.add(path.Child("type").Required("type is required when appArmorProfile is set"))
	default:
		oneOf(l, path, "type", p.Type, AppArmorProfileTypeLocalhost, AppArmorProfileTypeRuntimeDefault, AppArmorProfileTypeUnconfined)
	}
}

// securityAnnotations checks the old annotations by themselves.
func (l *ErrorList) securityAnnotations(path Path, annotations map[string]string, spec *PodSpec) {
	for _, key := range sortedKeys(annotations) {
		value := annotations[key]
		if key == annotationSeccompPod || strings.HasPrefix(key, annotationSeccompContainer) {
			if profile, local := strings.CutPrefix(value, "localhost/"); local {
				l.descendingPath(path, key, profile)
			} else if value != "runtime/default" && value != "docker/default" && value != "unconfined" {
				l.add(path.Child(key).Invalid(value, "must be a valid seccomp profile"))
			}
		}
		container, appArmor := strings.CutPrefix(key, annotationAppArmor)
		if !appArmor {
			continue
		}
		found := false
		EachContainer("", spec, func(_ Path, ctr *Container) { found = found || ctr.Name == container })
		if !found {
			l.add(path.Key(key).Invalid(container, "container not found"))
		}
		if value != "" && value != "runtime/default" && value != "unconfined" && !strings.HasPrefix(value, "localhost/") {
			l.add(path.Key(key).Invalid(value, fmt.Sprintf("invalid AppArmor profile name: %q", value)))
		}
	}
}

// profileAnnotations wants the old annotations to say what the fields say, where both are there.
func (l *ErrorList) profileAnnotations(path Path, spec *PodSpec, annotations map[string]string) {
	if len(annotations) == 0 {
		return
	}
	var podSeccomp *SeccompProfile
	var podAppArmor *AppArmorProfile
	if spec.SecurityContext != nil {
		podSeccomp, podAppArmor = spec.SecurityContext.SeccompProfile, spec.SecurityContext.AppArmorProfile
	}
	if value, ok := annotations[annotationSeccompPod]; ok && podSeccomp != nil {
		l.sameProfile(path.Child("securityContext", "seccompProfile"), "seccomp", value, string(podSeccomp.Type), podSeccomp.LocalhostProfile)
	}
	EachContainer(path, spec, func(path Path, ctr *Container) {
		seccomp, appArmor := (*SeccompProfile)(nil), podAppArmor
		if sc := ctr.SecurityContext; sc != nil {
			seccomp = sc.SeccompProfile
			if sc.AppArmorProfile != nil {
				appArmor = sc.AppArmorProfile
			}
		}
		if value, ok := annotations[annotationSeccompContainer+ctr.Name]; ok && seccomp != nil {
			l.sameProfile(path.Child("securityContext", "seccompProfile"), "seccomp", value, string(seccomp.Type), seccomp.LocalhostProfile)
		}
		if value, ok := annotations[annotationAppArmor+ctr.Name]; ok && appArmor != nil && (spec.OS == nil || spec.OS.Name != Windows) {
			l.sameProfile(path.Child("securityContext", "appArmorProfile"), "apparmor", value, string(appArmor.Type), appArmor.LocalhostProfile)
		}
	})
}

func (l *ErrorList) sameProfile(path Path, system, annotation, profileType string, localhost *string) {
	profile, isLocal := strings.CutPrefix(annotation, "localhost/")
	same := true
	switch profileType {
	case "Unconfined":
		same = annotation == "unconfined"
	case "RuntimeDefault":
		same = annotation == "runtime/default" || annotation == "docker/default" && system == "seccomp"
	case "Localhost":
		same = isLocal
		if isLocal && profile != Deref(localhost, "") {
			l.add(path.Child("localhostProfile").Forbidden(system + " profile in annotation and field must match"))
		}
	}
	if !same {
		l.add(path.Child("type").Forbidden(system + " type in annotation and field must match"))
	}
}
