package podsecurity

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"kubelite/api"
)

// The rules that the level restricted adds: what is known to harden a container has to be asked for.

var allowPrivilegeEscalation = &check{Restricted, []form{{since: 8, find: findEscalation}, {since: 25, find: exceptWindows(findEscalation)}}}

func findEscalation(_ *api.ObjectMeta, spec *api.PodSpec) *Violation {
	var who culprits
	eachContainer(spec, func(c *api.Container, security *api.SecurityContext) {
		if api.Deref(security.AllowPrivilegeEscalation, true) {
			who.containers = append(who.containers, c.Name)
		}
	})
	if !who.any() {
		return nil
	}
	return &Violation{"allowPrivilegeEscalation != false", fmt.Sprintf("%s must set securityContext.allowPrivilegeEscalation=false", &who)}
}

var capabilitiesRestricted = &check{Restricted, []form{
	{since: 22, find: findKeptCapabilities, instead: capabilitiesBaseline},
	{since: 25, find: exceptWindows(findKeptCapabilities), instead: capabilitiesBaseline},
}}

func findKeptCapabilities(_ *api.ObjectMeta, spec *api.PodSpec) *Violation {
	var keeping, adding []string
	var bad values
	eachContainer(spec, func(c *api.Container, security *api.SecurityContext) {
		if security.Capabilities == nil || !slices.Contains(security.Capabilities.Drop, "ALL") {
			keeping = append(keeping, c.Name)
		}
		if unusual(security.Capabilities, []string{"NET_BIND_SERVICE"}, &bad) {
			adding = append(adding, c.Name)
		}
	})
	var what []string
	if len(keeping) > 0 {
		what = append(what, containers(keeping)+` must set securityContext.capabilities.drop=["ALL"]`)
	}
	if len(adding) > 0 {
		what = append(what, fmt.Sprintf("%s must not include %s in securityContext.capabilities.add", containers(adding), quoted(bad)))
	}
	if len(what) == 0 {
		return nil
	}
	return &Violation{"unrestricted capabilities", strings.Join(what, "; ")}
}

var procMountRestricted = &check{Restricted, []form{{since: 35, find: findProcMount, instead: procMountBaseline}}}

var restrictedVolumes = &check{Restricted, []form{{since: 0, find: findVolumes, instead: hostPathVolumes}}}

var harmlessVolumes = strings.Fields("configMap csi downwardAPI emptyDir ephemeral image persistentVolumeClaim projected secret")

func findVolumes(_ *api.ObjectMeta, spec *api.PodSpec) *Violation {
	var volumes []string
	var bad values
	for i := range spec.Volumes {
		sort := volumeSort(&spec.Volumes[i].VolumeSource)
		if !slices.Contains(harmlessVolumes, sort) {
			volumes = append(volumes, spec.Volumes[i].Name)
			bad.add(sort)
		}
	}
	if len(volumes) == 0 {
		return nil
	}
	return &Violation{"restricted volume types", fmt.Sprintf("%s %s %s %s %s",
		plural(len(volumes), "volume"), quoted(volumes), use(len(volumes)), plural(len(bad), "restricted volume type"), quoted(bad))}
}

// volumeSort is the name of the one field of a source that is set.
func volumeSort(source *api.VolumeSource) string {
	v := reflect.ValueOf(source).Elem()
	for i := range v.NumField() {
		if !v.Field(i).IsZero() {
			name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
			return name
		}
	}
	return "unknown"
}

var runAsNonRoot = &check{Restricted, []form{{since: 0, find: findRoot}, {since: 35, find: exceptOwnUsers(findRoot)}}}

func findRoot(_ *api.ObjectMeta, spec *api.PodSpec) *Violation {
	var who culprits
	var silent []string
	ofPod := podContext(spec).RunAsNonRoot
	who.pod = !api.Deref(ofPod, true)
	eachContainer(spec, func(c *api.Container, security *api.SecurityContext) {
		switch own := security.RunAsNonRoot; {
		case own == nil && !api.Deref(ofPod, false):
			silent = append(silent, c.Name)
		case !api.Deref(own, true):
			who.containers = append(who.containers, c.Name)
		}
	})
	switch {
	case who.any():
		return &Violation{"runAsNonRoot != true", fmt.Sprintf("%s must not set securityContext.runAsNonRoot=false", &who)}
	case len(silent) > 0:
		return &Violation{"runAsNonRoot != true", fmt.Sprintf("pod or %s must set securityContext.runAsNonRoot=true", containers(silent))}
	}
	return nil
}

var runAsUser = &check{Restricted, []form{{since: 23, find: findUserZero}, {since: 35, find: exceptOwnUsers(findUserZero)}}}

func findUserZero(_ *api.ObjectMeta, spec *api.PodSpec) *Violation {
	var who culprits
	who.pod = api.Deref(podContext(spec).RunAsUser, 1) == 0
	eachContainer(spec, func(c *api.Container, security *api.SecurityContext) {
		if api.Deref(security.RunAsUser, 1) == 0 {
			who.containers = append(who.containers, c.Name)
		}
	})
	if !who.any() {
		return nil
	}
	return &Violation{"runAsUser=0", fmt.Sprintf("%s must not set runAsUser=0", &who)}
}

var seccompProfileRestricted = &check{Restricted, []form{
	{since: 19, find: findNoSeccomp, instead: seccompProfileBaseline},
	{since: 25, find: exceptWindows(findNoSeccomp), instead: seccompProfileBaseline},
}}

func findNoSeccomp(_ *api.ObjectMeta, spec *api.PodSpec) *Violation {
	found, without := findSeccomp(spec)
	if found != nil || len(without) == 0 {
		return found
	}
	return &Violation{"seccompProfile", fmt.Sprintf(`pod or %s must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"`, containers(without))}
}
