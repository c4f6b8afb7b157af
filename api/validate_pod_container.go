package api

import (
	"fmt"
	"slices"
	"strings"
)

// Containers of a pod: the regular ones, those that run before them, and those added to a running pod to debug it.

const (
	maxRestartRules     = 20
	maxRestartExitCodes = 255
)

func (c *podCheck) checkContainers() {
	path := c.path.Child("containers")
	if len(c.spec.Containers) == 0 {
		c.add(path.Required(""))
		return
	}
	names := map[string]bool{}
	for i := range c.spec.Containers {
		ctr, at := &c.spec.Containers[i], path.Index(i)
		c.checkContainer(at, ctr)
		if names[ctr.Name] {
			c.add(at.Child("name").Duplicate(ctr.Name))
		}
		names[ctr.Name] = true
		c.checkLifecycle(at, ctr)
		c.checkProbes(at, ctr)
		c.checkRestartPolicy(at, ctr)
	}
	c.checkHostPortConflicts(path, c.spec.Containers)
}

func (c *podCheck) checkInitContainers() {
	if len(c.spec.InitContainers) == 0 {
		return
	}
	path := c.path.Child("initContainers")
	names := map[string]bool{}
	for i := range c.spec.Containers {
		names[c.spec.Containers[i].Name] = true
	}
	for i := range c.spec.InitContainers {
		ctr, at := &c.spec.InitContainers[i], path.Index(i)
		c.checkContainer(at, ctr)
		c.checkRestartPolicy(at, ctr)
		if names[ctr.Name] {
			c.add(at.Child("name").Duplicate(ctr.Name))
		} else if ctr.Name != "" {
			names[ctr.Name] = true
		}
		// Only one runs at a time: ports of different init containers do not collide.
		c.checkHostPortConflicts(path, c.spec.InitContainers[i:i+1])

		if ctr.IsSidecar() {
			c.checkLifecycle(at, ctr)
			c.checkProbes(at, ctr)
			continue
		}
		for _, f := range []struct {
			name string
			set  bool
		}{
			{"lifecycle", ctr.Lifecycle != nil}, {"livenessProbe", ctr.LivenessProbe != nil},
			{"readinessProbe", ctr.ReadinessProbe != nil}, {"startupProbe", ctr.StartupProbe != nil},
		} {
			if f.set {
				c.add(at.Child(f.name).Forbidden("may not be set for init containers without restartPolicy=Always"))
			}
		}
		for j := range ctr.ResizePolicy {
			if ctr.ResizePolicy[j].RestartPolicy == RestartContainer {
				c.add(at.Child("resizePolicy").Index(j).Child("restartPolicy").
					Invalid(string(RestartContainer), "must not be set to 'RestartContainer' for non-sidecar initContainers"))
			}
		}
	}
}

func (c *podCheck) checkEphemeralContainers() {
	if len(c.spec.EphemeralContainers) == 0 {
		return
	}
	targets, names := map[string]bool{}, map[string]bool{}
	for _, list := range [][]Container{c.spec.Containers, c.spec.InitContainers} {
		for i := range list {
			targets[list[i].Name], names[list[i].Name] = true, true
		}
	}
	for i := range c.spec.EphemeralContainers {
		ec, at := &c.spec.EphemeralContainers[i], c.path.Child("ephemeralContainers").Index(i)
		ctr := (*Container)(&ec.EphemeralContainerCommon)
		c.checkContainer(at, ctr)
		if ctr.Image != strings.TrimSpace(ctr.Image) {
			c.add(at.Child("image").Invalid(ctr.Image, "must not have leading or trailing whitespace"))
		}
		if names[ec.Name] {
			c.add(at.Child("name").Duplicate(ec.Name))
		}
		names[ec.Name] = true
		if ec.TargetContainerName != "" && !targets[ec.TargetContainerName] {
			c.add(at.Child("targetContainerName").NotFound(ec.TargetContainerName))
		}
		// The pod has its resources and its place in Services already, and nobody waits for a debugging container.
		const why = "cannot be set for an Ephemeral Container"
		for _, f := range []struct {
			name string
			set  bool
		}{
			{"ports", ec.Ports != nil},
			{"resources", ec.Resources.Limits != nil || ec.Resources.Requests != nil || ec.Resources.Claims != nil},
			{"resizePolicy", ec.ResizePolicy != nil}, {"restartPolicy", ec.RestartPolicy != nil}, {"restartPolicyRules", ec.RestartPolicyRules != nil},
			{"livenessProbe", ec.LivenessProbe != nil}, {"readinessProbe", ec.ReadinessProbe != nil}, {"startupProbe", ec.StartupProbe != nil},
			{"lifecycle", ec.Lifecycle != nil},
		} {
			if f.set {
				c.add(at.Child(f.name).Forbidden(why))
			}
		}
		for j := range ec.VolumeMounts {
			mount := at.Child("volumeMounts").Index(j)
			if ec.VolumeMounts[j].SubPath != "" {
				c.add(mount.Child("subPath").Forbidden(why))
			}
			if ec.VolumeMounts[j].SubPathExpr != "" {
				c.add(mount.Child("subPathExpr").Forbidden(why))
			}
		}
	}
}

// checkContainer checks what all sorts of containers have in common.
func (c *podCheck) checkContainer(path Path, ctr *Container) {
	c.requiredFormat(path, "name", ctr.Name, IsDNS1123Label)
	c.required(path, "image", ctr.Image)
	requiredOneOf(&c.ErrorList, path, "terminationMessagePolicy", ctr.TerminationMessagePolicy,
		TerminationMessageReadFile, TerminationMessageFallbackToLogsOnError)
	c.checkContainerPorts(path, ctr.Ports)
	for i := range ctr.Env {
		c.checkEnvVar(path.Child("env").Index(i), &ctr.Env[i])
	}
	c.checkEnvFrom(path, ctr.EnvFrom)
	c.checkVolumeMounts(path, ctr)
	c.checkVolumeDevices(path, ctr)
	c.pullPolicy(path, "imagePullPolicy", ctr.ImagePullPolicy)
	c.resourceRequirements(path, "resources", &ctr.Resources, c.claims, (*ErrorList).containerResourceName)
	c.checkResizePolicy(path, ctr.ResizePolicy)
	c.checkContainerSecurity(path, ctr.SecurityContext)
}

func (l *ErrorList) pullPolicy(path Path, field string, policy PullPolicy) {
	requiredOneOf(l, path, field, policy, PullAlways, PullIfNotPresent, PullNever)
}

func (c *podCheck) checkContainerPorts(path Path, ports []ContainerPort) {
	for i := range ports {
		port, at := &ports[i], path.Child("ports").Index(i)
		if port.Name != "" {
			before := len(c.ErrorList)
			c.format(at, "name", port.Name, IsValidPortName)
			if len(c.ErrorList) == before && slices.ContainsFunc(ports[:i], func(p ContainerPort) bool { return p.Name == port.Name }) {
				c.add(at.Child("name").Duplicate(port.Name))
			}
		}
		if port.ContainerPort == 0 {
			c.add(at.Child("containerPort").Required(""))
		} else {
			c.portNumber(at, "containerPort", port.ContainerPort)
		}
		if port.HostPort != 0 {
			c.portNumber(at, "hostPort", port.HostPort)
		}
		requiredOneOf(&c.ErrorList, at, "protocol", port.Protocol, ProtocolSCTP, ProtocolTCP, ProtocolUDP)
	}
}

func (l *ErrorList) portNumber(path Path, field string, port int32) {
	l.inRange(path, field, int64(port), 1, 65535)
}

// portNumberOrName checks a reference to a port: its number, or the name that the container gives it.
func (l *ErrorList) portNumberOrName(path Path, field string, port IntOrString) {
	if port.Type == StringForm {
		l.format(path, field, port.StrVal, IsValidPortName)
	} else {
		l.portNumber(path, field, port.IntVal)
	}
}

// checkHostPortConflicts: two processes cannot listen on one port of the host.
func (c *podCheck) checkHostPortConflicts(path Path, containers []Container) {
	var taken map[string]bool
	for i := range containers {
		for j := range containers[i].Ports {
			port := &containers[i].Ports[j]
			if port.HostPort == 0 {
				continue
			}
			key := fmt.Sprintf("%s/%s/%d", port.Protocol, port.HostIP, port.HostPort)
			if taken[key] {
				c.add(path.Index(i).Child("ports").Index(j).Child("hostPort").Duplicate(key))
			}
			if taken == nil {
				taken = map[string]bool{}
			}
			taken[key] = true
		}
	}
}

// checkRestartPolicy checks a container's own restart policy and the rules for single exit codes that go with it.
func (c *podCheck) checkRestartPolicy(path Path, ctr *Container) {
	rules := ctr.RestartPolicyRules
	if ctr.RestartPolicy == nil {
		if len(rules) > 0 {
			c.add(path.Child("restartPolicy").Required("must specify restartPolicy when restart rules are used"))
		}
	} else {
		oneOf(&c.ErrorList, path, "restartPolicy", *ctr.RestartPolicy, ContainerRestartPolicyAlways, ContainerRestartPolicyNever, ContainerRestartPolicyOnFailure)
	}
	if len(rules) > maxRestartRules {
		c.add(path.Child("restartPolicyRules").TooMany(len(rules), maxRestartRules))
	}
	for i := range rules {
		at := path.Child("restartPolicyRules").Index(i)
		oneOf(&c.ErrorList, at, "action", rules[i].Action, ContainerRestartRuleActionRestart, ContainerRestartRuleActionRestartAllContainers)
		codes := rules[i].ExitCodes
		if codes == nil {
			c.add(at.Child("exitCodes").Required("must be specified"))
			continue
		}
		oneOf(&c.ErrorList, at.Child("exitCodes"), "operator", codes.Operator, ContainerRestartRuleOnExitCodesOpIn, ContainerRestartRuleOnExitCodesOpNotIn)
		if len(codes.Values) > maxRestartExitCodes {
			c.add(at.Child("exitCodes", "values").TooMany(len(codes.Values), maxRestartExitCodes))
		}
	}
}

// checkResizePolicy checks whether a change of resources restarts the container. (Upstream gives the list's path.)
func (c *podCheck) checkResizePolicy(path Path, policies []ContainerResizePolicy) {
	for i := range policies {
		p, path := &policies[i], path.Child("resizePolicy")
		if slices.ContainsFunc(policies[:i], func(other ContainerResizePolicy) bool { return other.ResourceName == p.ResourceName }) {
			c.add(path.Index(i).Duplicate(string(p.ResourceName)))
		}
		requiredOneOf(&c.ErrorList, path, "", p.ResourceName, ResourceCPU, ResourceMemory)
		requiredOneOf(&c.ErrorList, path, "", p.RestartPolicy, NotRequired, RestartContainer)
		if c.spec.RestartPolicy == RestartPolicyNever && p.RestartPolicy != NotRequired {
			c.add(path.Invalid(string(p.RestartPolicy), "must be 'NotRequired' when pod `restartPolicy` is 'Never'"))
		}
	}
}
