package kubelet

import (
	"context"
	"fmt"
	"net"
	"sort"
	"strconv"
	"strings"

	"kubelite/api"
)

// environment works out a container's environment. Later sources win: services, then envFrom, then env. A value may
// name variables declared before it as $(NAME).
func (k *Kubelet) environment(ctx context.Context, pod *api.Pod, c *api.Container, podIP string) ([]EnvVar, error) {
	services := serviceEnv(k.services.List("", nil), pod.Namespace, api.Deref(pod.Spec.EnableServiceLinks, true))
	values := map[string]string{}
	var names []string // in the order of declaration
	set := func(name, value string) {
		if _, ok := values[name]; !ok {
			names = append(names, name)
		}
		values[name] = value
	}
	for _, from := range c.EnvFrom {
		data, err := k.envFrom(ctx, pod.Namespace, &from)
		if err != nil {
			return nil, err
		}
		for _, name := range sortedKeys(data) {
			set(from.Prefix+name, data[name])
		}
	}
	lookup := func(name string) (string, bool) {
		if v, ok := values[name]; ok {
			return v, true
		}
		v, ok := services[name]
		return v, ok
	}
	for i := range c.Env {
		e := &c.Env[i]
		value := expand(e.Value, lookup)
		if e.Value == "" && e.ValueFrom != nil {
			v, found, err := k.envValue(ctx, pod, c, e.ValueFrom, podIP)
			if err != nil {
				return nil, err
			}
			if !found {
				continue // optional, and not there
			}
			value = v
		}
		set(e.Name, value)
	}
	var env []EnvVar
	for _, name := range names {
		env = append(env, EnvVar{Name: name, Value: values[name]})
	}
	for _, name := range sortedKeys(services) {
		if _, ok := values[name]; !ok {
			env = append(env, EnvVar{Name: name, Value: services[name]})
		}
	}
	return env, nil
}

// envFrom returns all variables of a ConfigMap or Secret.
func (k *Kubelet) envFrom(ctx context.Context, namespace string, from *api.EnvFromSource) (map[string]string, error) {
	switch {
	case from.ConfigMapRef != nil:
		cm, err := k.objects.configMap(ctx, namespace, from.ConfigMapRef.Name)
		if err != nil {
			return nil, unlessOptional(err, from.ConfigMapRef.Optional)
		}
		return cm.Data, nil
	case from.SecretRef != nil:
		secret, err := k.objects.secret(ctx, namespace, from.SecretRef.Name)
		if err != nil {
			return nil, unlessOptional(err, from.SecretRef.Optional)
		}
		data := map[string]string{}
		for name, value := range secret.Data {
			data[name] = string(value)
		}
		return data, nil
	}
	return nil, nil
}

// envValue resolves valueFrom. found is false where the reference is optional and leads nowhere.
func (k *Kubelet) envValue(ctx context.Context, pod *api.Pod, c *api.Container, from *api.EnvVarSource, podIP string) (value string, found bool, err error) {
	switch {
	case from.FieldRef != nil:
		value, err = fieldValue(pod, from.FieldRef.FieldPath, podIP, k.cfg.NodeIP)
		return value, err == nil, err
	case from.ResourceFieldRef != nil:
		value, err = k.resourceValue(pod, c, from.ResourceFieldRef)
		return value, err == nil, err
	case from.ConfigMapKeyRef != nil:
		ref := from.ConfigMapKeyRef
		cm, err := k.objects.configMap(ctx, pod.Namespace, ref.Name)
		if err != nil {
			return "", false, unlessOptional(err, ref.Optional)
		}
		value, ok := cm.Data[ref.Key]
		if !ok && !api.Deref(ref.Optional, false) {
			err = fmt.Errorf("couldn't find key %v in ConfigMap %v/%v", ref.Key, pod.Namespace, ref.Name)
		}
		return value, ok, err
	case from.SecretKeyRef != nil:
		ref := from.SecretKeyRef
		secret, err := k.objects.secret(ctx, pod.Namespace, ref.Name)
		if err != nil {
			return "", false, unlessOptional(err, ref.Optional)
		}
		value, ok := secret.Data[ref.Key]
		if !ok && !api.Deref(ref.Optional, false) {
			err = fmt.Errorf("couldn't find key %v in Secret %v/%v", ref.Key, pod.Namespace, ref.Name)
		}
		return string(value), ok, err
	case from.FileKeyRef != nil:
		return k.fileValue(pod, from.FileKeyRef)
	}
	return "", true, nil
}

// unlessOptional forgives that an optional object is not there.
func unlessOptional(err error, optional *bool) error {
	if api.IsNotFound(err) && api.Deref(optional, false) {
		return nil
	}
	return err
}

// fieldValue reads the fields of a pod that the downward API offers.
func fieldValue(pod *api.Pod, path, podIP, hostIP string) (string, error) {
	if field, key, ok := strings.Cut(strings.TrimSuffix(path, "']"), "['"); ok {
		switch field {
		case "metadata.labels":
			return pod.Labels[key], nil
		case "metadata.annotations":
			return pod.Annotations[key], nil
		}
		return "", fmt.Errorf("invalid path with subscript %q", path)
	}
	switch path {
	case "metadata.name":
		return pod.Name, nil
	case "metadata.namespace":
		return pod.Namespace, nil
	case "metadata.uid":
		return string(pod.UID), nil
	case "metadata.labels":
		return formatMap(pod.Labels), nil
	case "metadata.annotations":
		return formatMap(pod.Annotations), nil
	case "spec.nodeName":
		return pod.Spec.NodeName, nil
	case "spec.serviceAccountName":
		return pod.Spec.ServiceAccountName, nil
	case "status.hostIP", "status.hostIPs":
		return hostIP, nil
	case "status.podIP", "status.podIPs":
		return podIP, nil
	}
	return "", fmt.Errorf("unsupported fieldPath: %v", path)
}

// formatMap writes labels or annotations for a file: sorted lines of key="value".
func formatMap(m map[string]string) string {
	var lines []string
	for _, key := range sortedKeys(m) {
		lines = append(lines, fmt.Sprintf("%v=%q", key, m[key]))
	}
	return strings.Join(lines, "\n")
}

// resourceValue tells a container's own requests and limits, divided and rounded up. A limit that is not set is the
// pod's, and then what the node has.
func (k *Kubelet) resourceValue(pod *api.Pod, c *api.Container, ref *api.ResourceFieldSelector) (string, error) {
	if ref.ContainerName != "" && ref.ContainerName != c.Name {
		c = findContainer(pod, ref.ContainerName)
		if c == nil {
			return "", fmt.Errorf("container %s not found", ref.ContainerName)
		}
	}
	kind, name, _ := strings.Cut(ref.Resource, ".")
	var q api.Quantity
	var ok bool
	switch kind {
	case "limits":
		if q, ok = limitOf(pod, c, api.ResourceName(name)); !ok {
			q = k.capacity()[api.ResourceName(name)]
		}
	case "requests":
		q = c.Resources.Requests[api.ResourceName(name)]
	default:
		return "", fmt.Errorf("unsupported container resource : %v", ref.Resource)
	}
	if name == string(api.ResourceCPU) {
		return divide(q.MilliValue(), ref.Divisor.MilliValue(), 1000), nil
	}
	return divide(q.Value(), ref.Divisor.Value(), 1), nil
}

// divide rounds up; a divisor that is not set is one unit.
func divide(value, divisor, unit int64) string {
	if divisor == 0 {
		divisor = unit
	}
	return strconv.FormatInt((value+divisor-1)/divisor, 10)
}

// findContainer finds a container of the pod by name, nil if there is none.
func findContainer(pod *api.Pod, name string) *api.Container {
	for _, list := range [][]api.Container{pod.Spec.InitContainers, pod.Spec.Containers} {
		for i := range list {
			if list[i].Name == name {
				return &list[i]
			}
		}
	}
	for i := range pod.Spec.EphemeralContainers {
		if c := ephemeral(pod, i); c.Name == name {
			return c
		}
	}
	return nil
}

// ephemeral is the pod's i-th ephemeral container as a container: it has the same fields.
func ephemeral(pod *api.Pod, i int) *api.Container {
	return (*api.Container)(&pod.Spec.EphemeralContainers[i].EphemeralContainerCommon)
}

// serviceEnv returns the variables by which pods found services before there was DNS. Those of the API server are
// always there: clients in pods rely on KUBERNETES_SERVICE_HOST.
func serviceEnv(services []*api.Service, namespace string, links bool) map[string]string {
	env := map[string]string{}
	for _, s := range services {
		master := s.Namespace == "default" && s.Name == "kubernetes"
		if !master && (s.Namespace != namespace || !links) {
			continue
		}
		if !api.HasClusterIP(s) || len(s.Spec.Ports) == 0 {
			continue
		}
		addServiceEnv(env, s)
	}
	return env
}

// addServiceEnv adds NAME_SERVICE_HOST and _PORT and the variables that Docker's links once set.
func addServiceEnv(env map[string]string, s *api.Service) {
	name := envName(s.Name)
	env[name+"_SERVICE_HOST"] = s.Spec.ClusterIP
	env[name+"_SERVICE_PORT"] = strconv.Itoa(int(s.Spec.Ports[0].Port))
	for i := range s.Spec.Ports {
		p := &s.Spec.Ports[i]
		port, protocol := strconv.Itoa(int(p.Port)), string(p.Protocol)
		if protocol == "" {
			protocol = string(api.ProtocolTCP)
		}
		if p.Name != "" {
			env[name+"_SERVICE_PORT_"+envName(p.Name)] = port
		}
		url := strings.ToLower(protocol) + "://" + net.JoinHostPort(s.Spec.ClusterIP, port)
		if i == 0 {
			env[name+"_PORT"] = url
		}
		prefix := name + "_PORT_" + port + "_" + strings.ToUpper(protocol)
		env[prefix] = url
		env[prefix+"_PROTO"] = strings.ToLower(protocol)
		env[prefix+"_PORT"] = port
		env[prefix+"_ADDR"] = s.Spec.ClusterIP
	}
}

func envName(s string) string { return strings.ToUpper(strings.ReplaceAll(s, "-", "_")) }

// expand replaces $(NAME) by the variable's value. $$ stands for one dollar sign, and a reference to what is not
// there stays as it is: commands often have dollar signs of their own.
func expand(s string, lookup func(name string) (string, bool)) string {
	if !strings.Contains(s, "$") {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '$' || i+1 == len(s) {
			b.WriteByte(s[i])
			continue
		}
		switch s[i+1] {
		case '$':
			b.WriteByte('$')
			i++
		case '(':
			end := strings.IndexByte(s[i+2:], ')')
			if end < 0 { // never closed: just text
				b.WriteString("$(")
				i++
				continue
			}
			name := s[i+2 : i+2+end]
			if value, ok := lookup(name); ok {
				b.WriteString(value)
			} else {
				b.WriteString("$(" + name + ")")
			}
			i += 2 + end
		default:
			b.WriteByte('$')
			b.WriteByte(s[i+1])
			i++
		}
	}
	return b.String()
}

// expandAll expands a command or its arguments. Nothing stays nil: it means "as the image says".
func expandAll(list []string, env []EnvVar) []string {
	if len(list) == 0 {
		return nil
	}
	lookup := func(name string) (string, bool) {
		for i := range env {
			if env[i].Name == name {
				return env[i].Value, true
			}
		}
		return "", false
	}
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = expand(s, lookup)
	}
	return out
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	return keys
}
