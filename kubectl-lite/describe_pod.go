package kubectllite

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strings"

	"kubelite/api"
	"kubelite/client"
)

func describePod(_ context.Context, _ *client.Client, sh *sheet, o object) error {
	pod, err := typed[*api.Pod](o)
	if err != nil {
		return err
	}
	spec, status := &pod.Spec, &pod.Status
	sh.head(&pod.ObjectMeta)
	if spec.Priority != nil {
		sh.line(0, "Priority:\t%d", *spec.Priority)
	}
	if spec.PriorityClassName != "" {
		sh.line(0, "Priority Class Name:\t%s", spec.PriorityClassName)
	}
	if api.Deref(spec.RuntimeClassName, "") != "" {
		sh.line(0, "Runtime Class Name:\t%s", *spec.RuntimeClassName)
	}
	if spec.ServiceAccountName != "" {
		sh.line(0, "Service Account:\t%s", spec.ServiceAccountName)
	}
	if spec.NodeName == "" {
		sh.line(0, "Node:\t<none>")
	} else {
		sh.line(0, "Node:\t%s/%s", spec.NodeName, status.HostIP)
	}
	if status.StartTime != nil {
		sh.line(0, "Start Time:\t%s", date(status.StartTime.Time))
	}
	sh.marks(&pod.ObjectMeta)
	if pod.DeletionTimestamp != nil && !status.Phase.Ended() {
		sh.line(0, "Status:\tTerminating (lasts %s)", since(pod.DeletionTimestamp.Time))
		sh.line(0, "Termination Grace Period:\t%ds", api.Deref(pod.DeletionGracePeriodSeconds, 0))
	} else {
		sh.line(0, "Status:\t%s", status.Phase)
	}
	if status.Reason != "" {
		sh.line(0, "Reason:\t%s", status.Reason)
	}
	if status.Message != "" {
		sh.line(0, "Message:\t%s", status.Message)
	}
	if spec.SecurityContext != nil {
		describeSeccomp(sh, 0, 0, spec.SecurityContext.SeccompProfile)
	}
	sh.line(0, "IP:\t%s", status.PodIP)
	if len(status.PodIPs) == 0 {
		sh.line(0, "IPs:\t<none>")
	} else {
		sh.line(0, "IPs:")
		for _, ip := range status.PodIPs {
			sh.line(1, "IP:\t%s", ip.IP)
		}
	}
	describeController(sh, pod)
	if status.NominatedNodeName != "" {
		sh.line(0, "NominatedNodeName:\t%s", status.NominatedNodeName)
	}
	if spec.Resources != nil {
		sh.line(0, "Resources:")
		describeAmounts(sh, 1, "Limits", spec.Resources.Limits)
		describeAmounts(sh, 1, "Requests", spec.Resources.Requests)
	}
	if len(spec.InitContainers) > 0 {
		describeContainers(sh, "", "Init Containers", spec.InitContainers, status.InitContainerStatuses, pod)
	}
	describeContainers(sh, "", "Containers", spec.Containers, status.ContainerStatuses, pod)
	if len(spec.EphemeralContainers) > 0 {
		var ephemeral []api.Container
		for i := range spec.EphemeralContainers {
			ephemeral = append(ephemeral, api.Container(spec.EphemeralContainers[i].EphemeralContainerCommon))
		}
		describeContainers(sh, "", "Ephemeral Containers", ephemeral, status.EphemeralContainerStatuses, pod)
	}
	if len(spec.ReadinessGates) > 0 {
		sh.line(0, "Readiness Gates:")
		sh.line(1, "Type\tStatus")
		for _, gate := range spec.ReadinessGates {
			value := "<none>"
			for _, c := range status.Conditions {
				if c.Type == gate.ConditionType {
					value = string(c.Status)
				}
			}
			sh.line(1, "%s \t%s ", gate.ConditionType, value)
		}
	}
	if len(status.Conditions) > 0 {
		sh.line(0, "Conditions:")
		sh.line(1, "Type\tStatus")
		for _, c := range status.Conditions {
			sh.line(1, "%s \t%s ", c.Type, c.Status)
		}
	}
	describeVolumes(sh, "", spec.Volumes)
	sh.line(0, "QoS Class:\t%s", status.QOSClass)
	sh.labels("Node-Selectors", spec.NodeSelector)
	sh.values("Tolerations", formatTolerations(spec.Tolerations))
	describeSpread(sh, "", spec.TopologySpreadConstraints)
	return nil
}

func describeController(sh *sheet, obj api.Object) {
	if ref := api.ControllerOf(obj); ref != nil {
		sh.line(0, "Controlled By:\t%s/%s", ref.Kind, ref.Name)
	}
}

// describePodTemplate writes the template that a workload makes its pods from.
func describePodTemplate(sh *sheet, t *api.PodTemplateSpec) {
	sh.line(0, "Pod Template:")
	sh.labels("  Labels", t.Labels)
	if len(t.Annotations) > 0 {
		sh.annotations("  Annotations", t.Annotations)
	}
	if t.Spec.ServiceAccountName != "" {
		sh.line(1, "Service Account:\t%s", t.Spec.ServiceAccountName)
	}
	if len(t.Spec.InitContainers) > 0 {
		describeContainers(sh, "  ", "Init Containers", t.Spec.InitContainers, nil, nil)
	}
	describeContainers(sh, "  ", "Containers", t.Spec.Containers, nil, nil)
	describeVolumes(sh, "  ", t.Spec.Volumes)
	describeSpread(sh, "  ", t.Spec.TopologySpreadConstraints)
	if t.Spec.PriorityClassName != "" {
		sh.line(1, "Priority Class Name:\t%s", t.Spec.PriorityClassName)
	}
	sh.labels("  Node-Selectors", t.Spec.NodeSelector)
	sh.values("  Tolerations", formatTolerations(t.Spec.Tolerations))
}

// describeContainers writes containers, with their status where there is one. Inside a template everything but the
// names' detail moves right by indent; kubectl moves names by one blank.
func describeContainers(sh *sheet, indent, label string, containers []api.Container, statuses []api.ContainerStatus, pod *api.Pod) {
	if len(containers) == 0 {
		sh.line(0, "%s%s: <none>", indent, label)
		return
	}
	sh.line(0, "%s%s:", indent, label)
	for i := range containers {
		c := &containers[i]
		var status *api.ContainerStatus
		if at := slices.IndexFunc(statuses, func(s api.ContainerStatus) bool { return s.Name == c.Name }); at >= 0 {
			status = &statuses[at]
		}
		sh.line(1, "%s%s:", indent[:len(indent)/2], c.Name)
		describeContainer(sh, c, status, pod)
	}
}

func describeContainer(sh *sheet, c *api.Container, status *api.ContainerStatus, pod *api.Pod) {
	if status != nil {
		sh.line(2, "Container ID:\t%s", status.ContainerID)
	}
	sh.line(2, "Image:\t%s", c.Image)
	if status != nil {
		sh.line(2, "Image ID:\t%s", status.ImageID)
	}
	var ports, hostPorts []string
	for _, p := range c.Ports {
		name := ""
		if p.Name != "" {
			name = " (" + p.Name + ")"
		}
		ports = append(ports, fmt.Sprintf("%d/%s%s", p.ContainerPort, p.Protocol, name))
		hostPorts = append(hostPorts, fmt.Sprintf("%d/%s%s", p.HostPort, p.Protocol, name))
	}
	describePorts(sh, "Port", ports)
	describePorts(sh, "Host Port", hostPorts)
	if c.SecurityContext != nil {
		describeSeccomp(sh, 2, 3, c.SecurityContext.SeccompProfile)
	}
	describeWords(sh, "Command", c.Command)
	describeWords(sh, "Args", c.Args)
	if status != nil {
		describeState(sh, "State", &status.State)
		if status.LastTerminationState.Terminated != nil {
			describeState(sh, "Last State", &status.LastTerminationState)
		}
		sh.line(2, "Ready:\t%s", map[bool]string{true: "True", false: "False"}[status.Ready])
		sh.line(2, "Restart Count:\t%d", status.RestartCount)
	}
	describeAmounts(sh, 2, "Limits", c.Resources.Limits)
	describeAmounts(sh, 2, "Requests", c.Resources.Requests)
	for _, p := range []struct {
		label string
		probe *api.Probe
	}{{"Liveness", c.LivenessProbe}, {"Readiness", c.ReadinessProbe}, {"Startup", c.StartupProbe}} {
		if p.probe != nil {
			sh.line(2, "%s:\t%s", p.label, formatProbe(p.probe))
		}
	}
	describeEnvironment(sh, c, pod)
	describeMounts(sh, c)
}

func describeMounts(sh *sheet, c *api.Container) {
	none := ""
	if len(c.VolumeMounts) == 0 {
		none = "\t<none>"
	}
	sh.line(2, "Mounts:%s", none)
	mounts := slices.SortedFunc(slices.Values(c.VolumeMounts), func(a, b api.VolumeMount) int { return strings.Compare(a.MountPath, b.MountPath) })
	for _, m := range mounts {
		flags := "rw"
		if m.ReadOnly {
			flags = "ro"
		}
		if m.SubPath != "" {
			flags += fmt.Sprintf(",path=%q", m.SubPath)
		}
		sh.line(3, "%s from %s (%s)", m.MountPath, m.Name, flags)
	}
	if len(c.VolumeDevices) > 0 {
		sh.line(2, "Devices:%s", none) // kubectl says <none> of the mounts here
	}
	devices := slices.SortedFunc(slices.Values(c.VolumeDevices), func(a, b api.VolumeDevice) int { return strings.Compare(a.DevicePath, b.DevicePath) })
	for _, d := range devices {
		sh.line(3, "%s from %s", d.DevicePath, d.Name)
	}
}

func describeSeccomp(sh *sheet, level, detail int, p *api.SeccompProfile) {
	if p == nil {
		return
	}
	sh.line(level, "SeccompProfile:\t%s", p.Type)
	if p.Type == "Localhost" {
		sh.line(detail, "LocalhostProfile:\t%s", api.Deref(p.LocalhostProfile, ""))
	}
}

func describeSpread(sh *sheet, indent string, constraints []api.TopologySpreadConstraint) {
	if len(constraints) == 0 {
		return
	}
	var lines []string
	for _, c := range slices.SortedStableFunc(slices.Values(constraints), func(a, b api.TopologySpreadConstraint) int { return strings.Compare(a.TopologyKey, b.TopologyKey) }) {
		line := fmt.Sprintf("%s:%s when max skew %d is exceeded", c.TopologyKey, c.WhenUnsatisfiable, c.MaxSkew)
		if c.LabelSelector != nil {
			line += " for selector " + api.FormatLabelSelector(c.LabelSelector)
		}
		lines = append(lines, line)
	}
	sh.values(indent+"Topology Spread Constraints", lines)
}

func describePorts(sh *sheet, label string, ports []string) {
	switch len(ports) {
	case 0:
		sh.line(2, "%s:\t<none>", label)
	case 1:
		sh.line(2, "%s:\t%s", label, ports[0])
	default:
		sh.line(2, "%ss:\t%s", label, strings.Join(ports, ", "))
	}
}

func describeWords(sh *sheet, label string, words []string) {
	if len(words) == 0 {
		return
	}
	sh.line(2, "%s:", label)
	for _, word := range words {
		for line := range strings.SplitSeq(word, "\n") {
			sh.line(3, "%s", line)
		}
	}
}

func describeState(sh *sheet, label string, state *api.ContainerState) {
	switch {
	case state.Running != nil:
		sh.line(2, "%s:\tRunning", label)
		sh.line(3, "Started:\t%s", date(state.Running.StartedAt.Time))
	case state.Terminated != nil:
		t := state.Terminated
		sh.line(2, "%s:\tTerminated", label)
		if t.Reason != "" {
			sh.line(3, "Reason:\t%s", t.Reason)
		}
		if t.Message != "" {
			sh.line(3, "Message:\t%s", t.Message)
		}
		sh.line(3, "Exit Code:\t%d", t.ExitCode)
		if t.Signal > 0 {
			sh.line(3, "Signal:\t%d", t.Signal)
		}
		sh.line(3, "Started:\t%s", date(t.StartedAt.Time))
		sh.line(3, "Finished:\t%s", date(t.FinishedAt.Time))
	default: // neither: it waits
		sh.line(2, "%s:\tWaiting", label)
		if state.Waiting != nil && state.Waiting.Reason != "" {
			sh.line(3, "Reason:\t%s", state.Waiting.Reason)
		}
	}
}

func describeAmounts(sh *sheet, level int, label string, amounts api.ResourceList) {
	if len(amounts) == 0 {
		return
	}
	sh.line(level, "%s:", label)
	for _, name := range sortedKeys(amounts) {
		amount := amounts[name]
		sh.line(level+1, "%s:\t%s", name, amount.String())
	}
}

func formatProbe(p *api.Probe) string {
	timing := fmt.Sprintf("delay=%ds timeout=%ds period=%ds #success=%d #failure=%d",
		p.InitialDelaySeconds, p.TimeoutSeconds, p.PeriodSeconds, p.SuccessThreshold, p.FailureThreshold)
	switch {
	case p.Exec != nil:
		return fmt.Sprintf("exec %v %s", p.Exec.Command, timing)
	case p.HTTPGet != nil:
		return fmt.Sprintf("http-get %s://%s%s %s", strings.ToLower(string(p.HTTPGet.Scheme)),
			net.JoinHostPort(p.HTTPGet.Host, p.HTTPGet.Port.String()), p.HTTPGet.Path, timing)
	case p.TCPSocket != nil:
		return fmt.Sprintf("tcp-socket %s:%s %s", p.TCPSocket.Host, p.TCPSocket.Port.String(), timing)
	case p.GRPC != nil:
		return fmt.Sprintf("grpc <pod>:%d %s %s", p.GRPC.Port, api.Deref(p.GRPC.Service, ""), timing)
	}
	return "unknown " + timing
}

func describeEnvironment(sh *sheet, c *api.Container, pod *api.Pod) {
	if len(c.EnvFrom) > 0 {
		sh.line(2, "Environment Variables from:")
		for _, e := range c.EnvFrom {
			name, from, optional := "", "", false
			switch {
			case e.ConfigMapRef != nil:
				name, from, optional = e.ConfigMapRef.Name, "ConfigMap", api.Deref(e.ConfigMapRef.Optional, false)
			case e.SecretRef != nil:
				name, from, optional = e.SecretRef.Name, "Secret", api.Deref(e.SecretRef.Optional, false)
			}
			if e.Prefix != "" {
				from += fmt.Sprintf(" with prefix '%s'", e.Prefix)
			}
			sh.line(3, "%s\t%s\tOptional: %t", name, from, optional)
		}
	}
	if len(c.Env) == 0 {
		sh.line(2, "Environment:\t<none>")
		return
	}
	sh.line(2, "Environment:")
	for _, e := range c.Env {
		if e.ValueFrom == nil {
			first, rest, _ := strings.Cut(e.Value, "\n")
			sh.line(3, "%s:\t%s", e.Name, first)
			if rest != "" {
				for line := range strings.SplitSeq(rest, "\n") {
					sh.line(3, "\t%s", line)
				}
			}
			continue
		}
		switch from := e.ValueFrom; {
		case from.FieldRef != nil:
			sh.line(3, "%s:\t%s (%s:%s)", e.Name, podField(pod, from.FieldRef.FieldPath), from.FieldRef.APIVersion, from.FieldRef.FieldPath)
		case from.ResourceFieldRef != nil:
			sh.line(3, "%s:\t (%s)", e.Name, from.ResourceFieldRef.Resource)
		case from.SecretKeyRef != nil:
			sh.line(3, "%s:\t<set to the key '%s' in secret '%s'>\tOptional: %t", e.Name, from.SecretKeyRef.Key, from.SecretKeyRef.Name, api.Deref(from.SecretKeyRef.Optional, false))
		case from.ConfigMapKeyRef != nil:
			sh.line(3, "%s:\t<set to the key '%s' of config map '%s'>\tOptional: %t", e.Name, from.ConfigMapKeyRef.Key, from.ConfigMapKeyRef.Name, api.Deref(from.ConfigMapKeyRef.Optional, false))
		}
	}
}

// podField is the value of a field that an environment variable may take, "" where there is no pod yet.
func podField(pod *api.Pod, path string) string {
	if pod == nil {
		return ""
	}
	switch path {
	case "metadata.name":
		return pod.Name
	case "metadata.namespace":
		return pod.Namespace
	case "metadata.uid":
		return string(pod.UID)
	case "status.podIP":
		return pod.Status.PodIP
	case "status.hostIP":
		return pod.Status.HostIP
	case "spec.nodeName":
		return pod.Spec.NodeName
	case "spec.serviceAccountName":
		return pod.Spec.ServiceAccountName
	}
	return ""
}

func formatTolerations(tolerations []api.Toleration) []string {
	sorted := slices.SortedStableFunc(slices.Values(tolerations), func(a, b api.Toleration) int { return strings.Compare(a.Key, b.Key) })
	var lines []string
	for _, t := range sorted {
		line := t.Key
		if t.Value != "" {
			line += "=" + t.Value
		}
		if t.Effect != "" {
			line += ":" + string(t.Effect)
		}
		if t.Operator == api.TolerationOpExists && t.Value == "" {
			if line != "" {
				line += " "
			}
			line += "op=Exists"
		}
		if t.TolerationSeconds != nil {
			line += fmt.Sprintf(" for %ds", *t.TolerationSeconds)
		}
		lines = append(lines, line)
	}
	return lines
}

func describeVolumes(sh *sheet, indent string, volumes []api.Volume) {
	if len(volumes) == 0 {
		sh.line(0, "%sVolumes:\t<none>", indent)
		return
	}
	sh.line(0, "%sVolumes:", indent)
	for i := range volumes {
		sh.line(1, "%s%s:", indent[:len(indent)/2], volumes[i].Name)
		for _, pair := range volumeLines(&volumes[i].VolumeSource) {
			sh.line(2, "%s:\t%s", pair[0], pair[1])
		}
	}
}

// volumeLines says where a volume's content comes from.
func volumeLines(v *api.VolumeSource) [][2]string {
	optional := func(p *bool) string { return fmt.Sprint(api.Deref(p, false)) }
	switch {
	case v.HostPath != nil:
		return [][2]string{{"Type", "HostPath (bare host directory volume)"}, {"Path", v.HostPath.Path},
			{"HostPathType", string(api.Deref(v.HostPath.Type, "<none>"))}}
	case v.EmptyDir != nil:
		limit := "<unset>"
		if v.EmptyDir.SizeLimit != nil && v.EmptyDir.SizeLimit.Sign() > 0 {
			limit = v.EmptyDir.SizeLimit.String()
		}
		return [][2]string{{"Type", "EmptyDir (a temporary directory that shares a pod's lifetime)"},
			{"Medium", string(v.EmptyDir.Medium)}, {"SizeLimit", limit}}
	case v.Secret != nil:
		return [][2]string{{"Type", "Secret (a volume populated by a Secret)"}, {"SecretName", v.Secret.SecretName}, {"Optional", optional(v.Secret.Optional)}}
	case v.ConfigMap != nil:
		return [][2]string{{"Type", "ConfigMap (a volume populated by a ConfigMap)"}, {"Name", v.ConfigMap.Name}, {"Optional", optional(v.ConfigMap.Optional)}}
	case v.PersistentVolumeClaim != nil:
		return [][2]string{{"Type", "PersistentVolumeClaim (a reference to a PersistentVolumeClaim in the same namespace)"},
			{"ClaimName", v.PersistentVolumeClaim.ClaimName}, {"ReadOnly", fmt.Sprint(v.PersistentVolumeClaim.ReadOnly)}}
	case v.Projected != nil:
		lines := [][2]string{{"Type", "Projected (a volume that contains injected data from multiple sources)"}}
		for _, source := range v.Projected.Sources {
			switch {
			case source.Secret != nil:
				lines = append(lines, [2]string{"SecretName", source.Secret.Name}, [2]string{"Optional", optional(source.Secret.Optional)})
			case source.DownwardAPI != nil:
				lines = append(lines, [2]string{"DownwardAPI", "true"})
			case source.ConfigMap != nil:
				lines = append(lines, [2]string{"ConfigMapName", source.ConfigMap.Name}, [2]string{"Optional", optional(source.ConfigMap.Optional)})
			case source.ServiceAccountToken != nil:
				lines = append(lines, [2]string{"TokenExpirationSeconds", fmt.Sprint(api.Deref(source.ServiceAccountToken.ExpirationSeconds, 3600))})
			}
		}
		return lines
	}
	// The field that is set names the rest of the many sources.
	data, err := api.MarshalJSON(v)
	if err != nil {
		return nil
	}
	source, err := parseObject(data)
	if err != nil {
		return nil
	}
	for _, name := range sortedKeys(source) {
		return [][2]string{{"Type", fieldLabel(name)}}
	}
	return [][2]string{{"Type", "<unknown>"}}
}
