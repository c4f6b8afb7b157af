package podsecurity

import (
	"slices"
	"strings"

	"kubelite/api"
)

// Violation is one thing that a pod may not do: what it is, and where the pod does it.
type Violation struct {
	Reason, Detail string
}

// Violations are all that a pod does wrong.
type Violations []Violation

// Reasons names them, without saying where.
func (v Violations) Reasons() string {
	reasons := make([]string, len(v))
	for i := range v {
		reasons[i] = v[i].Reason
	}
	return strings.Join(reasons, ", ")
}

// String names them, and where they are.
func (v Violations) String() string {
	texts := make([]string, len(v))
	for i := range v {
		texts[i] = v[i].Reason
		if v[i].Detail != "" {
			texts[i] += " (" + v[i].Detail + ")"
		}
	}
	return strings.Join(texts, ", ")
}

// check is a rule, in the forms that it had over time.
type check struct {
	level Level
	forms []form // oldest first
}

// form is a rule since a version.
type form struct {
	since Version
	find  func(meta *api.ObjectMeta, spec *api.PodSpec) *Violation // nil: there is none
	// instead is the baseline rule that a restricted one makes superfluous.
	instead *check
}

// at is the form in force at a version; nil: it did not exist yet.
func (c *check) at(version Version) *form {
	for i := len(c.forms) - 1; i >= 0; i-- {
		if version >= c.forms[i].since {
			return &c.forms[i]
		}
	}
	return nil
}

// checks are all rules, in the order of messages: by level, then by name.
var checks = []*check{
	appArmorProfile, capabilitiesBaseline, hostNamespaces, hostPathVolumes, hostPorts, hostProbes, privileged, procMountBaseline,
	seLinuxOptions, seccompProfileBaseline, sysctls, windowsHostProcess,
	allowPrivilegeEscalation, capabilitiesRestricted, procMountRestricted, restrictedVolumes, runAsNonRoot, runAsUser, seccompProfileRestricted,
}

// Evaluate finds where a pod breaks a standard.
func Evaluate(standard Standard, meta *api.ObjectMeta, spec *api.PodSpec) (found Violations) {
	var inForce []*form
	var superfluous []*check
	for _, c := range checks {
		if !c.level.StricterThan(standard.Level) {
			if f := c.at(standard.Version); f != nil {
				inForce = append(inForce, f)
				superfluous = append(superfluous, f.instead)
			}
		}
	}
	for _, f := range inForce {
		if slices.ContainsFunc(superfluous, func(c *check) bool { return c != nil && c.at(standard.Version) == f }) {
			continue
		}
		if v := f.find(meta, spec); v != nil {
			found = append(found, *v)
		}
	}
	return found
}

// eachContainer visits all containers of a pod.
func eachContainer(spec *api.PodSpec, visit func(c *api.Container, security *api.SecurityContext)) {
	none := &api.SecurityContext{}
	api.EachContainer("", spec, func(_ api.Path, c *api.Container) {
		security := c.SecurityContext
		if security == nil {
			security = none
		}
		visit(c, security)
	})
}

// podContext is the security context of the pod itself, empty if it has none.
func podContext(spec *api.PodSpec) *api.PodSecurityContext {
	if spec.SecurityContext == nil {
		return &api.PodSecurityContext{}
	}
	return spec.SecurityContext
}

// culprits are who breaks a rule: containers, and perhaps the pod as such.
type culprits struct {
	pod        bool
	containers []string
}

func (c *culprits) any() bool { return c.pod || len(c.containers) > 0 }

// String names them: pod and containers "a", "b".
func (c *culprits) String() string {
	var who []string
	if c.pod {
		who = append(who, "pod")
	}
	if len(c.containers) > 0 {
		who = append(who, containers(c.containers))
	}
	return strings.Join(who, " and ")
}

func containers(names []string) string { return plural(len(names), "container") + " " + quoted(names) }

func plural(n int, word string) string {
	if n == 1 {
		return word
	}
	return word + "s"
}

func quoted(words []string) string { return `"` + strings.Join(words, `", "`) + `"` }

// values collects bad values, each once, in order.
type values []string

func (v *values) add(value string) {
	if at, found := slices.BinarySearch(*v, value); !found {
		*v = slices.Insert(*v, at, value)
	}
}

// exceptWindows is for rules about what Windows does not have: validation sees that such pods do not set it.
func exceptWindows(find func(*api.ObjectMeta, *api.PodSpec) *Violation) func(*api.ObjectMeta, *api.PodSpec) *Violation {
	return func(meta *api.ObjectMeta, spec *api.PodSpec) *Violation {
		if spec.OS != nil && spec.OS.Name == api.Windows {
			return nil
		}
		return find(meta, spec)
	}
}

// exceptOwnUsers is for rules about root: in a user namespace of its own, a pod's root is nobody on the node.
func exceptOwnUsers(find func(*api.ObjectMeta, *api.PodSpec) *Violation) func(*api.ObjectMeta, *api.PodSpec) *Violation {
	return func(meta *api.ObjectMeta, spec *api.PodSpec) *Violation {
		if !api.Deref(spec.HostUsers, true) {
			return nil
		}
		return find(meta, spec)
	}
}
