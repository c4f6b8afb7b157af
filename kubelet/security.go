package kubelet

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"

	"kubelite/api"
)

// setSecurity applies the container's security context; where it is silent the pod's speaks.
func (k *Kubelet) setSecurity(config *ContainerConfig, pod *api.Pod, c *api.Container, image *Image) error {
	p, s := pod.Spec.SecurityContext, c.SecurityContext
	if p == nil {
		p = &api.PodSecurityContext{}
	}
	if s == nil {
		s = &api.SecurityContext{}
	}
	user, group := firstSet(s.RunAsUser, p.RunAsUser), firstSet(s.RunAsGroup, p.RunAsGroup)
	if api.Deref(firstSet(s.RunAsNonRoot, p.RunAsNonRoot), false) {
		if err := checkNonRoot(pod, c, user, image.User); err != nil {
			return err
		}
	}
	switch {
	case user != nil && group != nil:
		config.User = fmt.Sprintf("%d:%d", *user, *group)
	case user != nil:
		config.User = strconv.FormatInt(*user, 10)
	case group != nil:
		// A group alone goes with the image's user.
		config.User = fmt.Sprintf("%s:%d", otherwise(imageUser(image.User), "0"), *group)
	}
	config.SupplementalGroups = slices.Clone(p.SupplementalGroups)
	if p.FSGroup != nil {
		config.SupplementalGroups = append(config.SupplementalGroups, *p.FSGroup)
	}
	config.StrictGroups = api.Deref(p.SupplementalGroupsPolicy, api.SupplementalGroupsPolicyMerge) == api.SupplementalGroupsPolicyStrict
	config.Privileged = api.Deref(s.Privileged, false)
	config.ReadOnlyRootFS = api.Deref(s.ReadOnlyRootFilesystem, false)
	config.NoNewPrivileges = !api.Deref(s.AllowPrivilegeEscalation, true)
	if s.Capabilities != nil {
		for _, add := range s.Capabilities.Add {
			config.AddCapabilities = append(config.AddCapabilities, string(add))
		}
		for _, drop := range s.Capabilities.Drop {
			config.DropCapabilities = append(config.DropCapabilities, string(drop))
		}
	}
	config.Unmasked = api.Deref(s.ProcMount, api.DefaultProcMount) == api.UnmaskedProcMount
	if profile := firstSet(s.AppArmorProfile, p.AppArmorProfile); profile != nil {
		switch profile.Type {
		case api.AppArmorProfileTypeUnconfined:
			config.AppArmor = "unconfined"
		case api.AppArmorProfileTypeLocalhost:
			config.AppArmor = api.Deref(profile.LocalhostProfile, "")
		}
	}
	if o := firstSet(s.SELinuxOptions, p.SELinuxOptions); o != nil {
		config.SELinux = *o
	}
	var err error
	config.Seccomp, err = k.seccomp(firstSet(s.SeccompProfile, p.SeccompProfile))
	return err
}

// seccomp is the filter of system calls: "" for the runtime's own, which is also what a container gets that asks for
// none, "unconfined", or the path of a profile on this machine.
func (k *Kubelet) seccomp(profile *api.SeccompProfile) (string, error) {
	switch {
	case profile == nil || profile.Type == api.SeccompProfileTypeRuntimeDefault:
		return "", nil
	case profile.Type == api.SeccompProfileTypeUnconfined:
		return "unconfined", nil
	case api.Deref(profile.LocalhostProfile, "") == "":
		return "", errors.New("localhostProfile must be set if seccompProfile type is Localhost")
	}
	return filepath.Join(k.cfg.RootDir, "seccomp", filepath.Clean("/"+*profile.LocalhostProfile)), nil
}

// checkNonRoot refuses to run as root what must not.
func checkNonRoot(pod *api.Pod, c *api.Container, user *int64, image string) error {
	where := fmt.Sprintf("(pod: \"%s_%s(%s)\", container: %s)", pod.Name, pod.Namespace, pod.UID, c.Name)
	if user != nil {
		if *user == 0 {
			return fmt.Errorf("container's runAsUser breaks non-root policy %s", where)
		}
		return nil
	}
	name := imageUser(image)
	if uid, err := strconv.ParseInt(otherwise(name, "0"), 10, 64); err != nil {
		return fmt.Errorf("container has runAsNonRoot and image has non-numeric user (%s), cannot verify user is non-root %s", name, where)
	} else if uid == 0 {
		return fmt.Errorf("container has runAsNonRoot and image will run as root %s", where)
	}
	return nil
}

// imageUser drops the group of an image's "user:group".
func imageUser(s string) string {
	for i := range s {
		if s[i] == ':' {
			return s[:i]
		}
	}
	return s
}
