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

		if isSidecar(ctr) {
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

func (c *podCheck) checkEnvVar(path Path, env *EnvVar) {
	c.requiredFormat(path, "name", env.Name, IsEnvVarName)
	from := env.ValueFrom
	if from == nil {
		return
	}
	path = path.Child("valueFrom")
	sources := 0
	if from.FieldRef != nil {
		sources++
		c.fieldRef(path.Child("fieldRef"), from.FieldRef, envFieldPaths)
	}
	if from.ResourceFieldRef != nil {
		sources++
		c.resourceFieldRef(path.Child("resourceFieldRef"), from.ResourceFieldRef, false)
	}
	if ref := from.ConfigMapKeyRef; ref != nil {
		sources++
		c.keyRef(path.Child("configMapKeyRef"), ref.Name, ref.Key)
	}
	if ref := from.SecretKeyRef; ref != nil {
		sources++
		c.keyRef(path.Child("secretKeyRef"), ref.Name, ref.Key)
	}
	if ref := from.FileKeyRef; ref != nil {
		sources++
		path := path.Child("fileKeyRef")
		c.requiredFormat(path, "key", ref.Key, IsEnvVarName)
		c.requiredFormat(path, "volumeName", ref.VolumeName, IsDNS1123Label)
		if c.required(path, "path", ref.Path) {
			c.noBacksteps(path, "path", ref.Path)
		}
	}
	switch {
	case sources == 0:
		c.add(path.Invalid("", "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`"))
	case env.Value != "":
		c.add(path.Invalid("", "may not be specified when `value` is not empty"))
	case sources > 1:
		c.add(path.Invalid("", "may not have more than one field specified at a time"))
	}
}

// keyRef checks a reference to one key of a ConfigMap or Secret.
func (l *ErrorList) keyRef(path Path, name, key string) {
	l.format(path, "name", name, IsDNS1123Subdomain)
	l.requiredFormat(path, "key", key, IsConfigMapKey)
}

func (c *podCheck) checkEnvFrom(path Path, sources []EnvFromSource) {
	for i := range sources {
		path := path.Child("envFrom")
		from, at := &sources[i], path.Index(i)
		if from.Prefix != "" {
			c.format(at, "prefix", from.Prefix, IsEnvVarName)
		}
		named := func(field, name string) {
			c.requiredFormat(at.Child(field), "name", name, func(name string) []string { return IsDNS1123Subdomain(maskTrailingDash(name)) })
		}
		if from.ConfigMapRef != nil {
			named("configMapRef", from.ConfigMapRef.Name)
		}
		if from.SecretRef != nil {
			named("secretRef", from.SecretRef.Name)
		}
		switch {
		case from.ConfigMapRef == nil && from.SecretRef == nil:
			c.add(path.Invalid("", "must specify one of: `configMapRef` or `secretRef`"))
		case from.ConfigMapRef != nil && from.SecretRef != nil:
			c.add(path.Invalid("", "may not have more than one field specified at a time"))
		}
	}
}

// What of its own pod a container can ask for, by variable and by file.
var (
	envFieldPaths = []string{"metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName",
		"status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs"}
	volumeFieldPaths = []string{"metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid"}
	// knownFieldPaths exist, though not all of them everywhere.
	knownFieldPaths = []string{"metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid",
		"spec.nodeName", "spec.restartPolicy", "spec.serviceAccountName", "spec.schedulerName",
		"status.phase", "status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs"}

	containerResourcePaths = []string{"limits.cpu", "limits.ephemeral-storage", "limits.memory",
		"requests.cpu", "requests.ephemeral-storage", "requests.memory"}
	byteDivisors = []string{"1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei"}
)

// fieldRef checks "metadata.name", or one entry of a map: "metadata.labels['app']".
func (l *ErrorList) fieldRef(path Path, ref *ObjectFieldSelector, allowed []string) {
	if !l.required(path, "apiVersion", ref.APIVersion) || !l.required(path, "fieldPath", ref.FieldPath) {
		return
	}
	refuse := func(why string) {
		l.add(path.Child("fieldPath").Invalid(ref.FieldPath, "error converting fieldPath: "+why))
	}
	if ref.APIVersion != "v1" {
		refuse("unsupported pod version: " + ref.APIVersion)
		return
	}
	if head, ok := strings.CutSuffix(ref.FieldPath, "']"); ok {
		if field, key, ok := strings.Cut(head, "['"); ok && field != "" {
			switch field {
			case "metadata.annotations":
				l.format(path, "", strings.ToLower(key), IsQualifiedName)
			case "metadata.labels":
				l.format(path, "", key, IsQualifiedName)
			default:
				refuse("field label does not support subscript: " + ref.FieldPath)
			}
			return
		}
	}
	field := ref.FieldPath
	if field == "spec.host" { // what spec.nodeName was called long ago
		field = "spec.nodeName"
	}
	if !slices.Contains(knownFieldPaths, field) {
		refuse("field label not supported: " + field)
	} else if !slices.Contains(allowed, field) {
		l.add(path.Child("fieldPath").NotSupported(field, allowed...))
	}
}

// resourceFieldRef checks "limits.cpu" of a container. A variable means its own container; a file must say which.
func (l *ErrorList) resourceFieldRef(path Path, ref *ResourceFieldSelector, inVolume bool) {
	resource := strings.TrimPrefix(strings.TrimPrefix(ref.Resource, "limits."), "requests.")
	huge := resource != ref.Resource && isHugePages(ResourceName(resource))
	switch {
	case inVolume && ref.ContainerName == "":
		l.add(path.Child("containerName").Required(""))
	case ref.Resource == "":
		l.add(path.Child("resource").Required(""))
	case !huge && !slices.Contains(containerResourcePaths, ref.Resource):
		l.add(path.Child("resource").NotSupported(ref.Resource, containerResourcePaths...))
	}
	if ref.Divisor.IsZero() {
		return
	}
	divisors, name := byteDivisors, resource
	switch {
	case resource == ref.Resource:
		return
	case resource == "cpu":
		if d := ref.Divisor.String(); d != "1m" && d != "1" {
			l.add(path.Child("divisor").Invalid(ref.Resource, "only divisor's values 1m and 1 are supported with the cpu resource"))
		}
		return
	case huge:
		name = "hugepages"
	case resource == "ephemeral-storage":
		name = "local ephemeral storage"
	case resource != "memory":
		return
	}
	if !slices.Contains(divisors, ref.Divisor.String()) {
		l.add(path.Child("divisor").Invalid(ref.Resource,
			fmt.Sprintf("only divisor's values %s are supported with the %s resource", strings.Join(divisors, ", "), name)))
	}
}

func (c *podCheck) checkVolumeMounts(path Path, ctr *Container) {
	for i := range ctr.VolumeMounts {
		path := path.Child("volumeMounts")
		mount, at := &ctr.VolumeMounts[i], path.Index(i)
		c.required(at, "name", mount.Name)
		if c.volumes[mount.Name] == nil {
			c.add(at.Child("name").NotFound(mount.Name))
		}
		c.required(at, "mountPath", mount.MountPath)
		if slices.ContainsFunc(ctr.VolumeMounts[:i], func(m VolumeMount) bool { return m.MountPath == mount.MountPath }) {
			c.add(at.Child("mountPath").Invalid(mount.MountPath, "must be unique"))
		}
		for _, device := range ctr.VolumeDevices {
			if device.Name == mount.Name {
				c.add(at.Child("name").Invalid(mount.Name, "must not already exist in volumeDevices"))
			}
			if device.DevicePath == mount.MountPath {
				c.add(at.Child("mountPath").Invalid(mount.MountPath, "must not already exist as a path in volumeDevices"))
			}
		}
		// The paths without an index, here and below, are upstream's.
		if mount.SubPath != "" {
			c.descendingPath(path, "subPath", mount.SubPath)
		}
		if mount.SubPathExpr != "" {
			if mount.SubPath != "" {
				c.add(at.Child("subPathExpr").Invalid(mount.SubPathExpr, "subPathExpr and subPath are mutually exclusive"))
			}
			c.descendingPath(path, "subPathExpr", mount.SubPathExpr)
		}
		c.checkMountPropagation(path, mount, ctr)
		c.checkRecursiveReadOnly(path, mount)
	}
}

func (c *podCheck) checkMountPropagation(path Path, mount *VolumeMount, ctr *Container) {
	if mount.MountPropagation == nil {
		return
	}
	path = path.Child("mountPropagation")
	oneOf(&c.ErrorList, path, "", *mount.MountPropagation, MountPropagationBidirectional, MountPropagationHostToContainer, MountPropagationNone)
	privileged := ctr.SecurityContext != nil && Deref(ctr.SecurityContext.Privileged, false)
	if *mount.MountPropagation == MountPropagationBidirectional && !privileged {
		c.add(path.Forbidden("Bidirectional mount propagation is available only to privileged containers"))
	}
}

func (c *podCheck) checkRecursiveReadOnly(path Path, mount *VolumeMount) {
	if mount.RecursiveReadOnly == nil {
		return
	}
	path = path.Child("recursiveReadOnly")
	switch *mount.RecursiveReadOnly {
	case RecursiveReadOnlyDisabled:
	case RecursiveReadOnlyEnabled, RecursiveReadOnlyIfPossible:
		if !mount.ReadOnly {
			c.add(path.Forbidden("may only be specified when readOnly is true"))
		}
		if Deref(mount.MountPropagation, MountPropagationNone) != MountPropagationNone {
			c.add(path.Forbidden("may only be specified when mountPropagation is None or not specified"))
		}
	default:
		oneOf(&c.ErrorList, path, "", *mount.RecursiveReadOnly, RecursiveReadOnlyDisabled, RecursiveReadOnlyEnabled, RecursiveReadOnlyIfPossible)
	}
}

// checkVolumeDevices checks volumes that appear as block devices instead of directories.
func (c *podCheck) checkVolumeDevices(path Path, ctr *Container) {
	for i := range ctr.VolumeDevices {
		device, at, earlier := &ctr.VolumeDevices[i], path.Child("volumeDevices").Index(i), ctr.VolumeDevices[:i]
		c.required(at, "name", device.Name)
		if device.Name != "" && slices.ContainsFunc(earlier, func(d VolumeDevice) bool { return d.Name == device.Name }) {
			c.add(at.Child("name").Invalid(device.Name, "must be unique"))
		}
		switch source := c.volumes[device.Name]; {
		case source == nil:
			c.add(at.Child("name").NotFound(device.Name))
		case source.PersistentVolumeClaim == nil && source.Ephemeral == nil:
			c.add(at.Child("name").Invalid(device.Name, "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode"))
		}
		c.required(at, "devicePath", device.DevicePath)
		if slices.ContainsFunc(earlier, func(d VolumeDevice) bool { return d.DevicePath == device.DevicePath && !hasBackstep(d.DevicePath) }) {
			c.add(at.Child("devicePath").Invalid(device.DevicePath, "must be unique"))
		}
		if hasBackstep(device.DevicePath) {
			c.add(at.Child("devicePath").Invalid(device.DevicePath, "can not contain backsteps ('..')"))
		}
		for _, mount := range ctr.VolumeMounts {
			if mount.Name == device.Name {
				c.add(at.Child("name").Invalid(device.Name, "must not already exist in volumeMounts"))
			}
			if mount.MountPath == device.DevicePath {
				c.add(at.Child("devicePath").Invalid(device.DevicePath, "must not already exist as a path in volumeMounts"))
			}
		}
	}
}

func (c *podCheck) checkProbes(path Path, ctr *Container) {
	for _, probe := range []struct {
		field string
		probe *Probe
	}{{"livenessProbe", ctr.LivenessProbe}, {"readinessProbe", ctr.ReadinessProbe}, {"startupProbe", ctr.StartupProbe}} {
		p := probe.probe
		if p == nil {
			continue
		}
		at := path.Child(probe.field)
		c.checkHandler(at, handler{p.Exec, p.HTTPGet, p.TCPSocket, p.GRPC, nil})
		c.nonNegative(at, "initialDelaySeconds", int64(p.InitialDelaySeconds))
		c.nonNegative(at, "timeoutSeconds", int64(p.TimeoutSeconds))
		c.nonNegative(at, "periodSeconds", int64(p.PeriodSeconds))
		c.nonNegative(at, "successThreshold", int64(p.SuccessThreshold))
		c.nonNegative(at, "failureThreshold", int64(p.FailureThreshold))
		if p.TerminationGracePeriodSeconds != nil && *p.TerminationGracePeriodSeconds <= 0 {
			c.add(at.Child("terminationGracePeriodSeconds").Invalid(*p.TerminationGracePeriodSeconds, "must be greater than 0"))
		}
		if probe.field == "readinessProbe" {
			// A pod that is not ready is not killed, so it needs no time to die.
			if p.TerminationGracePeriodSeconds != nil {
				c.add(at.Child("terminationGracePeriodSeconds").Invalid(*p.TerminationGracePeriodSeconds, "must not be set for readinessProbes"))
			}
		} else if p.SuccessThreshold != 1 {
			c.add(at.Child("successThreshold").Invalid(p.SuccessThreshold, "must be 1"))
		}
	}
}

func (c *podCheck) checkLifecycle(path Path, ctr *Container) {
	if ctr.Lifecycle == nil {
		return
	}
	path = path.Child("lifecycle")
	if h := ctr.Lifecycle.PostStart; h != nil {
		c.checkHandler(path.Child("postStart"), handler{h.Exec, h.HTTPGet, h.TCPSocket, nil, h.Sleep})
	}
	if h := ctr.Lifecycle.PreStop; h != nil {
		c.checkHandler(path.Child("preStop"), handler{h.Exec, h.HTTPGet, h.TCPSocket, nil, h.Sleep})
	}
}

// handler is what a probe or a lifecycle hook does: one of these.
type handler struct {
	exec      *ExecAction
	httpGet   *HTTPGetAction
	tcpSocket *TCPSocketAction
	grpc      *GRPCAction
	sleep     *SleepAction
}

func (c *podCheck) checkHandler(path Path, h handler) {
	handlers := 0
	first := func(field string) bool {
		handlers++
		if handlers > 1 {
			c.add(path.Child(field).Forbidden("may not specify more than 1 handler type"))
		}
		return handlers == 1
	}
	if h.exec != nil && first("exec") && len(h.exec.Command) == 0 {
		c.add(path.Child("exec", "command").Required(""))
	}
	if h.httpGet != nil && first("httpGet") {
		path := path.Child("httpGet")
		c.required(path, "path", h.httpGet.Path)
		c.portNumberOrName(path, "port", h.httpGet.Port)
		oneOf(&c.ErrorList, path, "scheme", h.httpGet.Scheme, URISchemeHTTP, URISchemeHTTPS)
		for i := range h.httpGet.HTTPHeaders {
			c.format(path, "httpHeaders", h.httpGet.HTTPHeaders[i].Name, IsHTTPHeaderName)
		}
	}
	if h.tcpSocket != nil && first("tcpSocket") {
		c.portNumberOrName(path.Child("tcpSocket"), "port", h.tcpSocket.Port)
	}
	if h.grpc != nil && first("grpc") {
		c.portNumber(path.Child("grpc"), "port", h.grpc.Port)
	}
	if h.sleep != nil && first("sleep") {
		if grace := c.spec.TerminationGracePeriodSeconds; grace != nil && (h.sleep.Seconds < 0 || h.sleep.Seconds > *grace) {
			c.add(path.Child("sleep").Invalid(h.sleep.Seconds,
				fmt.Sprintf("must be non-negative and less than terminationGracePeriodSeconds (%d)", *grace)))
		}
	}
	if handlers == 0 {
		c.add(path.Required("must specify a handler type"))
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
