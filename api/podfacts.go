package api

import "slices"

// What components read out of a pod, a node's status and an endpoint slice: said once, since all of them ask.

// Ended tells that all containers of a pod of this phase have ended, and none will start again: it takes no room any more.
func (p PodPhase) Ended() bool { return p == PodSucceeded || p == PodFailed }

// Condition finds a condition, nil if it is not there.
func (s *PodStatus) Condition(t PodConditionType) *PodCondition {
	for i := range s.Conditions {
		if s.Conditions[i].Type == t {
			return &s.Conditions[i]
		}
	}
	return nil
}

// SetCondition puts a condition in its place. Unless its status changed, the time of its last change stays. The conditions
// are changed where they are: whoever shares them copies them first.
func (s *PodStatus) SetCondition(c PodCondition) {
	old := s.Condition(c.Type)
	if old == nil {
		s.Conditions = append(s.Conditions, c)
		return
	}
	if old.Status == c.Status {
		c.LastTransitionTime = old.LastTransitionTime
	}
	*old = c
}

// Condition finds a condition, nil if it is not there.
func (s *NodeStatus) Condition(t NodeConditionType) *NodeCondition {
	for i := range s.Conditions {
		if s.Conditions[i].Type == t {
			return &s.Conditions[i]
		}
	}
	return nil
}

// ClaimName is the claim that the volume of a pod stands for, "" for other volumes. That of an ephemeral volume is made for this
// pod, under a name of the pod's and the volume's.
func (v *Volume) ClaimName(pod string) string {
	switch {
	case v.PersistentVolumeClaim != nil:
		return v.PersistentVolumeClaim.ClaimName
	case v.Ephemeral != nil:
		return pod + "-" + v.Name
	}
	return ""
}

// IsSidecar tells, of an init container, whether it keeps running beside the pod's containers: it counts with those.
func (c *Container) IsSidecar() bool {
	return c.RestartPolicy != nil && *c.RestartPolicy == ContainerRestartPolicyAlways
}

// ShouldRestartContainer tells whether a container that ended with this exit code is to run again: its own rules come
// first, then its own policy, then the pod's.
func ShouldRestartContainer(spec *PodSpec, ctr *Container, exitCode int32) bool {
	if ctr.RestartRule(exitCode) != nil {
		return true // by itself or with all others: restarting is all that a rule can do
	}
	switch spec.RestartPolicyOf(ctr) {
	case RestartPolicyNever:
		return false
	case RestartPolicyOnFailure:
		return exitCode != 0
	}
	return true
}

// RestartPolicyOf is the container's own policy if it has one, else the pod's.
func (s *PodSpec) RestartPolicyOf(ctr *Container) RestartPolicy {
	if ctr.RestartPolicy != nil {
		return RestartPolicy(*ctr.RestartPolicy)
	}
	return s.RestartPolicy
}

// RestartRule is the first of the container's rules that fits the exit code it ended with, nil if none does.
func (c *Container) RestartRule(exitCode int32) *ContainerRestartRule {
	for i := range c.RestartPolicyRules {
		rule := &c.RestartPolicyRules[i]
		if codes := rule.ExitCodes; codes != nil && slices.Contains(codes.Values, exitCode) == (codes.Operator == ContainerRestartRuleOnExitCodesOpIn) {
			return rule
		}
	}
	return nil
}

// CanRestartAllContainers tells whether the exit of one container can restart all of them.
func (s *PodSpec) CanRestartAllContainers() bool {
	asks := func(c Container) bool {
		return slices.ContainsFunc(c.RestartPolicyRules, func(r ContainerRestartRule) bool {
			return r.Action == ContainerRestartRuleActionRestartAllContainers
		})
	}
	return slices.ContainsFunc(s.InitContainers, asks) || slices.ContainsFunc(s.Containers, asks)
}

// HostPorts lists the ports of its node that a pod takes. Those of init containers are closed before the pod runs, but for sidecars.
func HostPorts(pod *Pod) (ports []ContainerPort) {
	add := func(c *Container) {
		for _, p := range c.Ports {
			if p.HostPort > 0 {
				ports = append(ports, p)
			}
		}
	}
	for i := range pod.Spec.InitContainers {
		if c := &pod.Spec.InitContainers[i]; c.IsSidecar() {
			add(c)
		}
	}
	for i := range pod.Spec.Containers {
		add(&pod.Spec.Containers[i])
	}
	return ports
}

// Collides tells whether two pods cannot have these ports of one node. A port on every address is taken on each of them.
func (p *ContainerPort) Collides(q *ContainerPort) bool {
	every := func(ip string) bool { return ip == "" || ip == "0.0.0.0" }
	return p.HostPort == q.HostPort && p.Protocol == q.Protocol && (p.HostIP == q.HostIP || every(p.HostIP) || every(q.HostIP))
}

// Service is the one whose endpoints the slice holds.
func (s *EndpointSlice) Service() Key {
	return Key{Namespace: s.Namespace, Name: s.Labels[LabelServiceName]}
}
