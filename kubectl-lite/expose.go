package kubectllite

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"kubelite/api"
)

// exposeOptions are the flags of expose.
type exposeOptions struct {
	createOptions
	name, port, targetPort, protocol string
	selector, labels                 string
	kind, clusterIP, externalIP      string
	loadBalancerIP, affinity         string
	overrides, overrideType          string
}

func newExpose(s *session) *cobra.Command {
	var o exposeOptions
	cmd := &cobra.Command{
		Use:   "expose (-f FILENAME | TYPE NAME) [--port=port] [--protocol=TCP|UDP|SCTP] [--target-port=number-or-name] [--name=name] [--external-ip=external-ip-of-service] [--type=type]",
		Short: "Take a replication controller, service, deployment or pod and expose it as a new Kubernetes service",
		Example: `  kubectl-lite expose deployment web --port=80 --target-port=8000
  kubectl-lite expose pod web-1 --port=444 --name=frontend --type=NodePort`,
		ValidArgsFunction: s.completeObjects(),
		RunE:              func(cmd *cobra.Command, args []string) error { return s.expose(cmd.Context(), &o, args) },
	}
	o.changeFlags.add(cmd, "kubectl-expose")
	o.files.add(cmd, "identifying the resource to expose a service")
	f := cmd.Flags()
	f.BoolVar(&o.saveConfig, "save-config", false, "Save the configuration in the object's annotation, for a later apply")
	f.StringVar(&o.protocol, "protocol", "", "The network protocol for the service to be created. Default is 'TCP'.")
	f.StringVar(&o.port, "port", "", "The port that the service should serve on. Copied from the resource being exposed, if unspecified")
	f.StringVar(&o.kind, "type", "", "Type for this service: ClusterIP, NodePort, LoadBalancer, or ExternalName. Default is 'ClusterIP'.")
	f.StringVar(&o.loadBalancerIP, "load-balancer-ip", "", "IP to assign to the LoadBalancer.")
	f.StringVar(&o.selector, "selector", "", "A label selector to use for this service. Only equality-based selector requirements are supported. If empty (the default) infer the selector from the resource being exposed.")
	f.StringVarP(&o.labels, "labels", "l", "", "Labels to apply to the service created by this call.")
	f.StringVar(&o.targetPort, "target-port", "", "Name or number for the port on the container that the service should direct traffic to. Optional.")
	f.StringVar(&o.externalIP, "external-ip", "", "Additional external IP address (not managed by Kubernetes) to accept for the service.")
	f.StringVar(&o.name, "name", "", "The name for the newly created object.")
	f.StringVar(&o.affinity, "session-affinity", "", "If non-empty, set the session affinity for the service to this; legal values: 'None', 'ClientIP'")
	f.StringVar(&o.clusterIP, "cluster-ip", "", "ClusterIP to be assigned to the service. Leave empty to auto-allocate, or set to 'None' to create a headless service.")
	addOverrides(cmd, &o.overrides, &o.overrideType)
	return cmd
}

func (s *session) expose(ctx context.Context, o *exposeOptions, args []string) error {
	found, err := s.selectObjects(ctx, &selection{files: o.files}, args, !o.files.given())
	errs := []error{err}
	for i := range found {
		errs = append(errs, s.exposeOne(ctx, o, &found[i]))
	}
	return errors.Join(errs...)
}

func (s *session) exposeOne(ctx context.Context, o *exposeOptions, m *manifest) error {
	svc, err := exposeAs(o, m)
	if err != nil {
		return err
	}
	if o.overrides != "" {
		if svc, err = override(svc, o.overrides, o.overrideType); err != nil {
			return err
		}
	}
	return s.createTypedAs(ctx, &o.createOptions, svc, "exposed", "")
}

// exposeAs makes the Service; what the flags leave open is read from the object that is exposed.
func exposeAs(o *exposeOptions, m *manifest) (*api.Service, error) {
	if !slices.Contains([]string{"replicationcontrollers", "services", "pods", "deployments.apps", "replicasets.apps"}, m.resource.Resource()) {
		kind := m.resource.Kind
		if m.resource.Group != "" {
			kind += "." + m.resource.Group
		}
		return nil, fmt.Errorf("cannot expose a %s", kind)
	}
	svc := &api.Service{ObjectMeta: api.ObjectMeta{Name: o.name}}
	if o.name == "" {
		svc.Name = m.object.name()
		svc.Name = svc.Name[:min(len(svc.Name), 63)]
	}
	var err error
	if svc.Spec.Selector, err = exposeSelector(o.selector, m); err != nil {
		return nil, err
	}
	if svc.Labels, err = labelsOr(o.labels, m.object.at("metadata", "labels")); err != nil {
		return nil, err
	}
	if svc.Spec.Ports, err = exposePorts(o, m); err != nil {
		return nil, err
	}
	svc.Spec.Type = api.ServiceType(o.kind)
	svc.Spec.ClusterIP = o.clusterIP
	svc.Spec.LoadBalancerIP = o.loadBalancerIP
	if o.externalIP != "" {
		svc.Spec.ExternalIPs = []string{o.externalIP}
	}
	switch o.affinity {
	case "":
	case "None", "ClientIP":
		svc.Spec.SessionAffinity = api.ServiceAffinity(o.affinity)
	default:
		return nil, fmt.Errorf("unknown session affinity: %s", o.affinity)
	}
	return svc, nil
}

func labelsOr(text string, given any) (map[string]string, error) {
	values, _ := given.(map[string]any)
	if text != "" {
		var err error
		if values, err = parseEqualities(text); err != nil {
			return nil, err
		}
	}
	var labels map[string]string
	for key, value := range values {
		if labels == nil {
			labels = map[string]string{}
		}
		labels[key] = fmt.Sprint(value)
	}
	return labels, nil
}

func exposeSelector(asked string, m *manifest) (map[string]string, error) {
	at := map[string][]string{
		"pods": {"metadata", "labels"}, "services": {"spec", "selector"}, "replicationcontrollers": {"spec", "selector"},
		"deployments.apps": {"spec", "selector", "matchLabels"}, "replicasets.apps": {"spec", "selector", "matchLabels"},
	}[m.resource.Resource()]
	labels, err := labelsOr(asked, m.object.at(at...))
	if err != nil || len(labels) > 0 {
		return labels, err
	}
	why := map[string]string{
		"pods": "the pod has no labels and cannot be exposed", "services": "the service has no pod selector set",
		"deployments.apps": "invalid deployment: no selectors, therefore cannot be exposed", "replicasets.apps": "invalid replicaset: no selectors, therefore cannot be exposed",
	}[m.resource.Resource()]
	return nil, fmt.Errorf("couldn't retrieve selectors via --selector flag or introspection: %s", why)
}

// exposePorts are the ports of the flags, or those that the containers, or the service, have.
func exposePorts(o *exposeOptions, m *manifest) ([]api.ServicePort, error) {
	known := portsOf(m)
	var wanted []string
	if o.port != "" {
		wanted = strings.Split(o.port, ",")
	} else {
		for _, p := range known {
			if text := strconv.Itoa(int(p.number)); !slices.Contains(wanted, text) {
				wanted = append(wanted, text)
			}
		}
	}
	if len(wanted) == 0 && o.clusterIP != "None" {
		return nil, errors.New("couldn't find port via --port flag or introspection")
	}
	var ports []api.ServicePort
	for i, text := range wanted {
		number, err := strconv.Atoi(text)
		if err != nil {
			return nil, err
		}
		name := ""
		if len(wanted) > 1 {
			name = fmt.Sprintf("port-%d", i+1)
		}
		protocols := []string{o.protocol}
		if o.protocol == "" {
			if protocols = protocolsOf(known, int64(number)); len(protocols) == 0 {
				protocols = []string{"TCP"}
			}
		}
		for _, protocol := range protocols {
			if len(protocols) > 1 {
				name = fmt.Sprintf("port-%d-%s", i+1, strings.ToLower(protocol))
			}
			target := api.FromInt(number)
			if o.targetPort != "" {
				target = api.ParseIntOrString(o.targetPort)
			}
			ports = append(ports, api.ServicePort{Name: name, Port: int32(number), Protocol: api.Protocol(protocol), TargetPort: target})
		}
	}
	return ports, nil
}

type knownPort struct {
	number   int64
	protocol string
}

// portsOf are the ports that an object serves.
func portsOf(m *manifest) []knownPort {
	var known []knownPort
	add := func(list any, field string) {
		ports, _ := list.([]any)
		for _, p := range ports {
			port, _ := p.(map[string]any)
			protocol := object(port).text("protocol")
			if protocol == "" {
				protocol = "TCP"
			}
			known = append(known, knownPort{object(port).number(field), protocol})
		}
	}
	if m.resource.Resource() == "services" {
		add(m.object.at("spec", "ports"), "port")
		return known
	}
	if spec := podSpecOf(m.object); spec != nil {
		for _, c := range containersIn(spec, "*", "containers") {
			add(c["ports"], "containerPort")
		}
	}
	return known
}

func protocolsOf(known []knownPort, number int64) []string {
	var protocols []string
	for _, p := range known {
		if p.number == number && !slices.Contains(protocols, p.protocol) {
			protocols = append(protocols, p.protocol)
		}
	}
	return protocols
}

func addOverrides(cmd *cobra.Command, overrides, kind *string) {
	cmd.Flags().StringVar(overrides, "overrides", "", "An inline JSON override for the generated object. If this is non-empty, it is used to override the generated object. Requires that the object supply a valid apiVersion field.")
	cmd.Flags().StringVar(kind, "override-type", "merge", "The method used to override the generated object: json, merge, or strategic.")
}

// override changes a generated object by a patch that the user wrote.
func override[T api.Object](obj T, patch, kind string) (T, error) {
	m, err := generated(obj)
	if err != nil {
		return obj, err
	}
	patchType, known := patchTypes[kind]
	if !known {
		return obj, fmt.Errorf("invalid override type: %v", kind)
	}
	data, err := api.YAMLToJSON([]byte(patch))
	if err != nil {
		return obj, err
	}
	changed, err := patchLocally(m.resource, patchType, m.object, data)
	if err != nil {
		return obj, err
	}
	return typed[T](changed)
}
