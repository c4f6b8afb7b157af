package api

import (
	"fmt"
	"regexp"
	"strings"
)

// What makes sense on which operating system, and what is special to Windows.

// checkOS refuses what the pod's operating system does not have. Without spec.os everything may be said.
func (c *podCheck) checkOS() {
	os := c.spec.OS
	if os == nil {
		return
	}
	switch os.Name {
	case Linux:
		c.forbidOnLinux()
	case Windows:
		c.forbidOnWindows()
	case "":
		c.add(c.path.Child("os", "name").Required(""))
	default:
		oneOf(&c.ErrorList, c.path, "os", os.Name, Linux, Windows)
	}
}

func (c *podCheck) forbidOnLinux() {
	const why = "windows options cannot be set for a linux pod"
	if sc := c.spec.SecurityContext; sc != nil && sc.WindowsOptions != nil {
		c.add(c.path.Child("securityContext", "windowsOptions").Forbidden(why))
	}
	c.eachContainer(func(path Path, ctr *Container) {
		if sc := ctr.SecurityContext; sc != nil && sc.WindowsOptions != nil {
			c.add(path.Child("securityContext", "windowsOptions").Forbidden(why))
		}
	})
}

func (c *podCheck) forbidOnWindows() {
	type field struct {
		name string
		set  bool
	}
	forbid := func(path Path, fields ...field) {
		for _, f := range fields {
			if f.set {
				c.add(path.Child(f.name).Forbidden("cannot be set for a windows pod"))
			}
		}
	}
	forbid(c.path, field{"hostUsers", c.spec.HostUsers != nil}, field{"hostPID", c.spec.HostPID}, field{"hostIPC", c.spec.HostIPC},
		field{"shareProcessNamespace", c.spec.ShareProcessNamespace != nil})
	if sc := c.spec.SecurityContext; sc != nil {
		forbid(c.path.Child("securityContext"),
			field{"appArmorProfile", sc.AppArmorProfile != nil}, field{"seLinuxOptions", sc.SELinuxOptions != nil},
			field{"seccompProfile", sc.SeccompProfile != nil}, field{"fsGroup", sc.FSGroup != nil},
			field{"fsGroupChangePolicy", sc.FSGroupChangePolicy != nil}, field{"sysctls", len(sc.Sysctls) > 0},
			field{"runAsUser", sc.RunAsUser != nil}, field{"runAsGroup", sc.RunAsGroup != nil},
			field{"supplementalGroups", sc.SupplementalGroups != nil}, field{"supplementalGroupsPolicy", sc.SupplementalGroupsPolicy != nil},
			field{"seLinuxChangePolicy", sc.SELinuxChangePolicy != nil})
	}
	c.eachContainer(func(path Path, ctr *Container) {
		if sc := ctr.SecurityContext; sc != nil {
			forbid(path.Child("securityContext"),
				field{"appArmorProfile", sc.AppArmorProfile != nil}, field{"seLinuxOptions", sc.SELinuxOptions != nil},
				field{"seccompProfile", sc.SeccompProfile != nil}, field{"capabilities", sc.Capabilities != nil},
				field{"readOnlyRootFilesystem", sc.ReadOnlyRootFilesystem != nil}, field{"privileged", sc.Privileged != nil},
				field{"allowPrivilegeEscalation", sc.AllowPrivilegeEscalation != nil}, field{"procMount", sc.ProcMount != nil},
				field{"runAsUser", sc.RunAsUser != nil}, field{"runAsGroup", sc.RunAsGroup != nil})
		}
	})
}

// checkHostProcess: Windows containers that run as processes of the host do so all together, on its network.
func (c *podCheck) checkHostProcess() {
	var pod *bool
	if sc := c.spec.SecurityContext; sc != nil && sc.WindowsOptions != nil {
		pod = sc.WindowsOptions.HostProcess
	}
	containers, onHost := 0, 0
	c.eachContainer(func(path Path, ctr *Container) {
		containers++
		own := pod
		if sc := ctr.SecurityContext; sc != nil && sc.WindowsOptions != nil && sc.WindowsOptions.HostProcess != nil {
			own = sc.WindowsOptions.HostProcess
			if pod != nil && *pod != *own {
				c.add(path.Child("securityContext", "windowsOptions", "hostProcess").Invalid(*own,
					fmt.Sprintf("pod hostProcess value must be identical if both are specified, was %v", *pod)))
			}
		}
		if Deref(own, false) {
			onHost++
		}
	})
	if onHost == 0 {
		return
	}
	if onHost != containers {
		c.add(c.path.Invalid("", "If pod contains any hostProcess containers then all containers must be HostProcess containers"))
	}
	if !c.spec.HostNetwork {
		c.add(c.path.Child("hostNetwork").Invalid(false, "hostNetwork must be true if pod contains any hostProcess containers"))
	}
}

func (l *ErrorList) windowsOptions(path Path, o *WindowsSecurityContextOptions) {
	const maxCredentialSpecKiB = 64
	if o == nil {
		return
	}
	path = path.Child("windowsOptions")
	if o.GMSACredentialSpecName != nil {
		l.format(path, "gmsaCredentialSpecName", *o.GMSACredentialSpecName, IsDNS1123Subdomain)
	}
	if spec := o.GMSACredentialSpec; spec != nil {
		if *spec == "" {
			l.add(path.Child("gmsaCredentialSpec").Invalid(*spec, "gmsaCredentialSpec cannot be an empty string"))
		} else if len(*spec) > maxCredentialSpecKiB<<10 {
			l.add(path.Child("gmsaCredentialSpec").Invalid(*spec, fmt.Sprintf("gmsaCredentialSpec size must be under %d KiB", maxCredentialSpecKiB)))
		}
	}
	if o.RunAsUserName != nil {
		l.format(path, "runAsUserName", *o.RunAsUserName, isWindowsUserName)
	}
}

// isWindowsUserName checks for DOMAIN\user or user. Windows pods are too rare to keep these expressions compiled.
func isWindowsUserName(name string) []string {
	const dnsPart = `[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?`
	matches := func(expression, s string) bool { return regexp.MustCompile(expression).MatchString(s) }
	domain, user, hasDomain := strings.Cut(name, `\`)
	if !hasDomain {
		user = name
		domain = ""
	}
	switch {
	case name == "":
		return []string{"runAsUserName cannot be an empty string"}
	case matches(`[[:cntrl:]]`, name):
		return []string{"runAsUserName cannot contain control characters"}
	case strings.Contains(user, `\`):
		return []string{"runAsUserName cannot contain more than one backslash"}
	}
	var messages []string
	if len(domain) >= 256 {
		messages = append(messages, "runAsUserName's Domain length must be under 256 characters")
	}
	if hasDomain && !matches(`^[^\\/:\*\?"<>|\.][^\\/:\*\?"<>|]{0,14}$`, domain) && !matches(`^`+dnsPart+`(?:\.`+dnsPart+`)*$`, domain) {
		messages = append(messages, "runAsUserName's Domain doesn't match the NetBios nor the DNS format")
	}
	if user == "" {
		messages = append(messages, "runAsUserName's User cannot be empty")
	} else if len(user) > 104 {
		messages = append(messages, "runAsUserName's User length must not be longer than 104 characters")
	}
	if matches(`^[\. ]+$`, user) {
		messages = append(messages, "runAsUserName's User cannot contain only periods or spaces")
	}
	if strings.ContainsAny(user, `"/\:;|=,+*?<>@[]`) {
		messages = append(messages, `runAsUserName's User cannot contain the following characters: "/\:;|=,+*?<>@[]`)
	}
	return messages
}
