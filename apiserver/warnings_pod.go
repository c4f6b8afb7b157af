package apiserver

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"kubelite/api"
)

// Some pods are valid and still not what anybody wants: fields that say nothing any more, values that hide each other.
// Their creators are warned. Upstream: pkg/api/pod/warnings.go.

// warnPodTemplate is about the pod in an object, or what it makes pods from. On an update it speaks only if the spec is
// another one.
func warnPodTemplate(obj, old api.Object) []string {
	t := podTemplateOf(obj)
	if t == nil || old != nil && obj.GetObjectMeta().Generation == old.GetObjectMeta().Generation {
		return nil
	}
	w := podWarnings{template: t, spec: t.path.Child("spec")}
	w.nodeLabels()
	w.annotations()
	w.volumes()
	w.duplicates()
	w.containers()
	w.ports()
	w.selectors()
	return w.list
}

// podWarnings collects what there is to say about one pod.
type podWarnings struct {
	template *podTemplate
	spec     api.Path // of the template's spec
	list     []string
}

func (w *podWarnings) warn(path api.Path, format string, args ...any) {
	w.list = append(w.list, string(path)+": "+fmt.Sprintf(format, args...))
}

// nodeLabels is about labels of nodes under their old names.
func (w *podWarnings) nodeLabels() {
	spec := w.template.spec
	for _, label := range slices.Sorted(maps.Keys(spec.NodeSelector)) {
		if why, ok := deprecatedNodeLabels[label]; ok {
			w.warn(w.spec.Child("nodeSelector").Key(label), "%s", why)
		}
	}
	if spec.Affinity != nil && spec.Affinity.NodeAffinity != nil {
		path := w.spec.Child("affinity", "nodeAffinity")
		if required := spec.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution; required != nil {
			for i := range required.NodeSelectorTerms {
				w.list = append(w.list, warnNodeSelectorTerm(path.Child("requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms").Index(i), &required.NodeSelectorTerms[i], false)...)
			}
		}
		for i := range spec.Affinity.NodeAffinity.PreferredDuringSchedulingIgnoredDuringExecution {
			term := &spec.Affinity.NodeAffinity.PreferredDuringSchedulingIgnoredDuringExecution[i]
			w.list = append(w.list, warnNodeSelectorTerm(path.Child("preferredDuringSchedulingIgnoredDuringExecution").Index(i).Child("preference"), &term.Preference, true)...)
		}
	}
	for i := range spec.TopologySpreadConstraints {
		c, path := &spec.TopologySpreadConstraints[i], w.spec.Child("topologySpreadConstraints").Index(i)
		if why, ok := deprecatedNodeLabels[c.TopologyKey]; ok {
			w.warn(path.Child("topologyKey"), "%s is %s", c.TopologyKey, why)
		}
		if c.LabelSelector == nil {
			w.warn(path.Child("labelSelector"), noSelector)
		}
	}
}

const noSelector = "a null labelSelector results in matching no pod"

// warnNodeSelectorTerm is about deprecated labels of nodes in a term and, where they are no error, values that no label can have.
func warnNodeSelectorTerm(path api.Path, term *api.NodeSelectorTerm, checkValues bool) (warnings []string) {
	for i := range term.MatchExpressions {
		r, path := &term.MatchExpressions[i], path.Child("matchExpressions").Index(i)
		if why, ok := deprecatedNodeLabels[r.Key]; ok {
			warnings = append(warnings, fmt.Sprintf("%s: %s is %s", path.Child("key"), r.Key, why))
		}
		if !checkValues {
			continue
		}
		for j, value := range r.Values {
			for _, why := range api.IsValidLabelValue(value) {
				warnings = append(warnings, fmt.Sprintf("%s: %s is invalid, %s", path.Child("values").Index(j), value, why))
			}
		}
	}
	return warnings
}

const (
	seccompPodAnnotation       = "seccomp.security.alpha.kubernetes.io/pod"
	seccompContainerAnnotation = "container.seccomp.security.alpha.kubernetes.io/"
	appArmorAnnotation         = "container.apparmor.security.beta.kubernetes.io/"
)

// annotations is about annotations whose place a field has taken.
func (w *podWarnings) annotations() {
	annotations, path := w.template.meta.Annotations, w.template.path.Child("metadata", "annotations")
	if len(annotations) == 0 {
		return
	}
	for _, old := range []struct{ key, why string }{
		{"scheduler.alpha.kubernetes.io/critical-pod", `non-functional in v1.16+; use the "priorityClassName" field instead`},
		{"security.alpha.kubernetes.io/sysctls", `non-functional in v1.11+; use the "sysctls" field instead`},
		{"security.alpha.kubernetes.io/unsafe-sysctls", `non-functional in v1.11+; use the "sysctls" field instead`},
	} {
		if _, ok := annotations[old.key]; ok {
			w.warn(path.Key(old.key), "%s", old.why)
		}
	}
	const useSeccomp = `non-functional in v1.27+; use the "seccompProfile" field instead`
	security := w.template.spec.SecurityContext
	if security == nil {
		security = &api.PodSecurityContext{}
	}
	if _, ok := annotations[seccompPodAnnotation]; ok && security.SeccompProfile == nil {
		w.warn(path.Key(seccompPodAnnotation), useSeccomp)
	}
	api.EachContainer("", w.template.spec, func(_ api.Path, c *api.Container) {
		if _, ok := annotations[seccompContainerAnnotation+c.Name]; ok && (c.SecurityContext == nil || c.SecurityContext.SeccompProfile == nil) {
			w.warn(path.Key(seccompContainerAnnotation+c.Name), useSeccomp)
		}
		profile, ok := annotations[appArmorAnnotation+c.Name]
		if ok && (c.SecurityContext == nil || c.SecurityContext.AppArmorProfile == nil) && !sameAppArmor(security.AppArmorProfile, profile) {
			w.warn(path.Key(appArmorAnnotation+c.Name), `deprecated since v1.30; use the "appArmorProfile" field instead`)
		}
	})
}

// sameAppArmor tells whether the pod's profile says what a container's annotation says.
func sameAppArmor(p *api.AppArmorProfile, annotation string) bool {
	if p == nil {
		return false
	}
	switch p.Type {
	case api.AppArmorProfileTypeUnconfined:
		return annotation == "unconfined"
	case api.AppArmorProfileTypeRuntimeDefault:
		return annotation == "runtime/default"
	}
	return annotation == "localhost/"+api.Deref(p.LocalhostProfile, "")
}

// duplicates is about entries of lists that are there twice, of which only one counts.
func (w *podWarnings) duplicates() {
	spec := w.template.spec
	addresses := map[string]bool{}
	for i, alias := range spec.HostAliases {
		if addresses[alias.IP] {
			w.warn(w.spec.Child("hostAliases").Index(i).Child("ip"), "duplicate ip %q", alias.IP)
		}
		addresses[alias.IP] = true
	}
	secrets := map[string]bool{}
	for i, ref := range spec.ImagePullSecrets {
		if secrets[ref.Name] {
			w.warn(w.spec.Child("imagePullSecrets").Index(i).Child("name"), "duplicate name %q", ref.Name)
		}
		secrets[ref.Name] = true
	}
	for i, ref := range spec.ImagePullSecrets {
		if ref.Name == "" {
			w.warn(w.spec.Child("imagePullSecrets").Index(i).Child("name"), "invalid empty name %q", ref.Name)
		}
	}
}

// containers is about amounts of less than a byte, and variables that hide each other.
func (w *podWarnings) containers() {
	w.fractions(w.spec.Child("overhead"), w.template.spec.Overhead)
	api.EachContainer(w.spec, w.template.spec, func(path api.Path, c *api.Container) {
		w.fractions(path.Child("resources", "limits"), c.Resources.Limits)
		w.fractions(path.Child("resources", "requests"), c.Resources.Requests)
		if len(c.Env) < 2 {
			return
		}
		known := make(map[string]bool, len(c.Env))
		for i := range c.Env {
			v := &c.Env[i]
			// To use the value before is what makes sense of a second one: PATH=$(PATH):/opt.
			itself := "$(" + v.Name + ")"
			if known[v.Name] && (v.ValueFrom != nil || v.Value == itself || !strings.Contains(v.Value, itself)) {
				w.warn(path.Child("env").Index(i), "hides previous definition of %q, which may be dropped when using apply", v.Name)
			}
			known[v.Name] = true
		}
	})
}

func (w *podWarnings) fractions(path api.Path, amounts api.ResourceList) {
	for _, name := range []api.ResourceName{api.ResourceMemory, api.ResourceEphemeralStorage} {
		if q := amounts[name]; q.MilliValue()%1000 != 0 {
			w.warn(path.Key(string(name)), "fractional byte value %q is invalid, must be an integer", q)
		}
	}
}

// ports is about ports that are declared twice.
func (w *podWarnings) ports() {
	type place struct {
		path api.Path
		port *api.ContainerPort
	}
	var known []place
	names := map[string]api.Path{}
	var sameNames podWarnings
	api.EachContainer(w.spec, w.template.spec, func(path api.Path, c *api.Container) {
		for i := range c.Ports {
			p, path := &c.Ports[i], path.Child("ports").Index(i)
			if p.HostIP != "" && p.HostPort == 0 {
				w.warn(path, "hostIP set without hostPort: {Name:%s HostPort:%d ContainerPort:%d Protocol:%s HostIP:%s}", p.Name, p.HostPort, p.ContainerPort, p.Protocol, p.HostIP)
			}
			for _, other := range known {
				if o := other.port; o.ContainerPort == p.ContainerPort && o.Protocol == p.Protocol {
					if what := clash(p, o); what != "" {
						w.warn(path, "%s port definition with %s", what, other.path)
					}
				}
			}
			known = append(known, place{path, p})
			if p.Name == "" {
				continue
			}
			if other, ok := names[p.Name]; ok {
				sameNames.warn(path, "duplicate port name %q with %s, services and probes that select ports by name will use %s", p.Name, other, other)
			} else {
				names[p.Name] = path
			}
		}
	})
	w.list = append(w.list, sameNames.list...)
}

// clash says how bad it is that the same port of a container is declared twice; "" if it is not.
func clash(a, b *api.ContainerPort) string {
	switch {
	case a.HostIP == b.HostIP && a.HostPort == b.HostPort:
		return "duplicate"
	case a.HostPort == 0 || b.HostPort == 0:
		return "overlapping"
	case a.HostPort == b.HostPort && (a.HostIP == "") != (b.HostIP == ""):
		return "dangerously ambiguous"
	}
	return ""
}

// selectors is about what comes last: a negative grace period, selectors that select nothing, unusual addresses.
func (w *podWarnings) selectors() {
	spec := w.template.spec
	if api.Deref(spec.TerminationGracePeriodSeconds, 0) < 0 {
		w.warn(w.spec.Child("terminationGracePeriodSeconds"), "must be >= 0; negative values are invalid and will be treated as 1")
	}
	terms := func(kind string, required []api.PodAffinityTerm, preferred []api.WeightedPodAffinityTerm) {
		path := w.spec.Child("affinity", kind)
		for i := range required {
			if required[i].LabelSelector == nil {
				w.warn(path.Child("requiredDuringSchedulingIgnoredDuringExecution").Index(i).Child("labelSelector"), noSelector)
			}
		}
		for i := range preferred {
			if preferred[i].PodAffinityTerm.LabelSelector == nil {
				w.warn(path.Child("preferredDuringSchedulingIgnoredDuringExecution").Index(i).Child("podAffinityTerm", "labelSelector"), noSelector)
			}
		}
	}
	if a := spec.Affinity; a != nil {
		if a.PodAffinity != nil {
			terms("podAffinity", a.PodAffinity.RequiredDuringSchedulingIgnoredDuringExecution, a.PodAffinity.PreferredDuringSchedulingIgnoredDuringExecution)
		}
		if a.PodAntiAffinity != nil {
			terms("podAntiAffinity", a.PodAntiAffinity.RequiredDuringSchedulingIgnoredDuringExecution, a.PodAntiAffinity.PreferredDuringSchedulingIgnoredDuringExecution)
		}
	}
	if spec.DNSConfig != nil {
		for i, address := range spec.DNSConfig.Nameservers {
			w.list = append(w.list, warnAddress(string(w.spec.Child("dnsConfig", "nameservers").Index(i)), address)...)
		}
	}
	for i, alias := range spec.HostAliases {
		w.list = append(w.list, warnAddress(string(w.spec.Child("hostAliases").Index(i).Child("ip")), alias.IP)...)
	}
}
