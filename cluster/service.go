package cluster

import (
	"context"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"kubelite/api"
	"kubelite/client"
)

// serviceCommand tells where a person at this machine reaches a service: at its load balancer's address, or at its node ports,
// which are on loopback, too.
func serviceCommand() *cobra.Command {
	var namespace string
	var url bool
	cmd := profileCommand("service NAME", "Show where a service is reached from this machine", cobra.ExactArgs(1), func(cmd *cobra.Command, p Profile, args []string) error {
		config, c, stop, err := clusterWithPackets(cmd.Context(), p)
		if err != nil {
			return err
		}
		defer stop()
		svc, err := client.Of[*api.Service](c).Get(cmd.Context(), namespace, args[0])
		if err != nil {
			return err
		}
		return printServiceURLs(cmd.OutOrStdout(), svc, config.gatewayIsOurs(), url)
	})
	cmd.Flags().StringVarP(&namespace, "namespace", "n", "default", "namespace of the service")
	cmd.Flags().BoolVar(&url, "url", false, "print the URLs alone, for scripts")
	cmd.ValidArgsFunction = completeOnce(serviceNames(&namespace))

	var only string
	list := profileCommand("list", "List services, and where they are reached from this machine", cobra.NoArgs, func(cmd *cobra.Command, p Profile, _ []string) error {
		config, c, stop, err := clusterWithPackets(cmd.Context(), p)
		if err != nil {
			return err
		}
		defer stop()
		page, err := client.Of[*api.Service](c).List(cmd.Context(), only, client.ListOptions{})
		if err != nil {
			return err
		}
		return printServices(cmd.OutOrStdout(), page.Items, config.gatewayIsOurs())
	})
	list.Flags().StringVarP(&only, "namespace", "n", "", "namespace of the services (default all)")
	cmd.AddCommand(list)
	return cmd
}

// clusterWithPackets is a cluster whose services lead somewhere, and its API.
func clusterWithPackets(ctx context.Context, p Profile) (*Config, *client.Client, context.CancelFunc, error) {
	config, err := loadConfig(p)
	if err != nil {
		return nil, nil, nil, err
	}
	if !config.hasProxy() {
		return nil, nil, nil, fmt.Errorf("the nodes of profile %q are simulated: no packets reach its services", p.Name)
	}
	ctx, stop := context.WithTimeout(ctx, 10*time.Second)
	c, err := waitAPI(ctx, p)
	if err != nil {
		stop()
		return nil, nil, nil, err
	}
	return config, c, stop, nil
}

// serviceURL is where a port of a service is reached.
type serviceURL struct {
	port int32
	url  string
}

// serviceURLs are where a service is reached: at the load balancer's address where packets for it arrive here, else at node ports.
// UDP has no URLs.
func serviceURLs(svc *api.Service, balancersReachable bool) []serviceURL {
	var all []serviceURL
	for _, port := range svc.Spec.Ports {
		if port.Protocol != "" && port.Protocol != api.ProtocolTCP {
			continue
		}
		host, number := "", port.Port
		if ingress := svc.Status.LoadBalancer.Ingress; len(ingress) > 0 && balancersReachable {
			host = ingress[0].IP + ingress[0].Hostname
		} else if port.NodePort != 0 {
			host, number = "127.0.0.1", port.NodePort
		}
		if host == "" {
			continue
		}
		scheme, usual := "http", int32(80)
		if port.Port == 443 || port.Name == "https" || api.Deref(port.AppProtocol, "") == "https" {
			scheme, usual = "https", 443
		}
		if number != usual {
			host = net.JoinHostPort(host, strconv.Itoa(int(number)))
		}
		all = append(all, serviceURL{port.Port, scheme + "://" + host})
	}
	return all
}

// printServiceURLs writes a line for each port of a service that is reached.
func printServiceURLs(out io.Writer, svc *api.Service, balancersReachable, bare bool) error {
	urls := serviceURLs(svc, balancersReachable)
	for _, u := range urls {
		line := u.url
		if !bare {
			line = fmt.Sprintf("%s/%s port %d: %s", svc.Namespace, svc.Name, u.port, u.url)
		}
		if _, err := fmt.Fprintln(out, line); err != nil {
			return err
		}
	}
	if len(urls) == 0 {
		return fmt.Errorf("service %s/%s is of type %s and has no node port: make it a NodePort, or use kubectl port-forward", svc.Namespace, svc.Name, svc.Spec.Type)
	}
	return nil
}

// printServices writes a line for each service.
func printServices(out io.Writer, services []*api.Service, balancersReachable bool) error {
	w := tabwriter.NewWriter(out, 0, 8, 3, ' ', 0)
	fmt.Fprintln(w, "NAMESPACE\tNAME\tTYPE\tURL")
	for _, svc := range services {
		var urls []string
		for _, u := range serviceURLs(svc, balancersReachable) {
			urls = append(urls, u.url)
		}
		where := strings.Join(urls, " ")
		if where == "" {
			where = "No node port"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", svc.Namespace, svc.Name, svc.Spec.Type, where)
	}
	return w.Flush()
}
