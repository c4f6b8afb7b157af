package kubectllite

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"kubelite/api"
)

func newCreateService(s *session) *cobra.Command {
	cmd := &cobra.Command{Use: "service", Aliases: []string{"svc"}, Short: "Create a service using a specified subcommand", RunE: needsSubcommand}
	cmd.AddCommand(
		newServiceOfType(s, api.ServiceTypeClusterIP, "clusterip NAME [--tcp=<port>:<targetPort>]", "Create a ClusterIP service"),
		newServiceOfType(s, api.ServiceTypeExternalName, "externalname NAME --external-name external.name", "Create an ExternalName service"),
		newServiceOfType(s, api.ServiceTypeLoadBalancer, "loadbalancer NAME [--tcp=port:targetPort]", "Create a LoadBalancer service"),
		newServiceOfType(s, api.ServiceTypeNodePort, "nodeport NAME [--tcp=port:targetPort]", "Create a NodePort service"),
	)
	return cmd
}

func newServiceOfType(s *session, kind api.ServiceType, use, short string) *cobra.Command {
	var o createOptions
	var tcp []string
	var clusterIP, external string
	var nodePort int32
	cmd := &cobra.Command{
		Use: use, Short: short, Args: exactlyOneName,
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case clusterIP != "None" && len(tcp) == 0 && kind != api.ServiceTypeExternalName:
				return errors.New("at least one tcp port specifier must be provided")
			case kind == api.ServiceTypeExternalName && len(api.IsDNS1123Subdomain(external)) > 0:
				return fmt.Errorf("invalid service external name %s", external)
			}
			labels := map[string]string{"app": args[0]}
			svc := &api.Service{ObjectMeta: api.ObjectMeta{Name: args[0], Labels: labels}}
			svc.Spec = api.ServiceSpec{Type: kind, Selector: labels, ClusterIP: clusterIP, ExternalName: external}
			for _, pair := range tcp {
				port, target, err := parsePortPair(pair)
				if err != nil {
					return err
				}
				svc.Spec.Ports = append(svc.Spec.Ports, api.ServicePort{
					Name: strings.ReplaceAll(pair, ":", "-"), Port: port, TargetPort: target, Protocol: api.ProtocolTCP, NodePort: nodePort,
				})
			}
			return s.createTyped(cmd.Context(), &o, svc)
		},
	}
	o.add(cmd)
	cmd.Flags().StringSliceVar(&tcp, "tcp", nil, "Port pairs can be specified as '<port>:<targetPort>'.")
	switch kind {
	case api.ServiceTypeClusterIP:
		cmd.Flags().StringVar(&clusterIP, "clusterip", "", "Assign your own ClusterIP or set to 'None' for a 'headless' service (no loadbalancing).")
	case api.ServiceTypeNodePort:
		cmd.Flags().Int32Var(&nodePort, "node-port", 0, "Port used to expose the service on each node in a cluster.")
	case api.ServiceTypeExternalName:
		cmd.Flags().StringVar(&external, "external-name", "", "External name of service")
		required(cmd, "external-name")
	}
	return cmd
}

// parsePortPair reads "80", "80:8080" or "80:http".
func parsePortPair(text string) (port int32, target api.IntOrString, err error) {
	first, second, pair := strings.Cut(text, ":")
	n, err := strconv.ParseUint(first, 10, 16)
	if err != nil {
		return 0, target, err
	}
	if !pair {
		return int32(n), api.FromInt(int(n)), nil
	}
	target = api.ParseIntOrString(second)
	if target.Type == api.IntegerForm && (target.IntVal < 1 || target.IntVal > 65535) {
		return 0, target, errors.New("must be between 1 and 65535, inclusive")
	}
	return int32(n), target, nil
}
