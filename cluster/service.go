package cluster

import (
	"context"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"kubelite/api"
	"kubelite/client"
)

// serviceCommand tells where a person at this machine reaches a service: at its node ports, which are on loopback, too.
func serviceCommand() *cobra.Command {
	var namespace string
	var url bool
	cmd := profileCommand("service NAME", "Show where a service is reached from this machine", cobra.ExactArgs(1), func(cmd *cobra.Command, p Profile, args []string) error {
		config, err := loadConfig(p)
		if err != nil {
			return err
		}
		if !config.hasProxy() {
			return fmt.Errorf("the nodes of profile %q are simulated: no packets reach its services", p.Name)
		}
		ctx, cancel := context.WithTimeout(cmd.Context(), 10*time.Second)
		defer cancel()
		c, err := waitAPI(ctx, p)
		if err != nil {
			return err
		}
		svc, err := client.Of[*api.Service](c).Get(ctx, namespace, args[0])
		if err != nil {
			return err
		}
		return printServiceURLs(cmd.OutOrStdout(), svc, url)
	})
	cmd.Flags().StringVarP(&namespace, "namespace", "n", "default", "namespace of the service")
	cmd.Flags().BoolVar(&url, "url", false, "print the URLs alone, for scripts")
	return cmd
}

// printServiceURLs writes a line for each port of the service that nodes have.
func printServiceURLs(out io.Writer, svc *api.Service, bare bool) error {
	found := false
	for _, port := range svc.Spec.Ports {
		if port.NodePort == 0 || port.Protocol == api.ProtocolUDP {
			continue
		}
		found = true
		scheme := "http"
		if port.Port == 443 || port.Name == "https" {
			scheme = "https"
		}
		url := scheme + "://" + net.JoinHostPort("127.0.0.1", strconv.Itoa(int(port.NodePort)))
		if !bare {
			url = fmt.Sprintf("%s/%s port %d: %s", svc.Namespace, svc.Name, port.Port, url)
		}
		if _, err := fmt.Fprintln(out, url); err != nil {
			return err
		}
	}
	if !found {
		return fmt.Errorf("service %s/%s is of type %s and has no node port: make it a NodePort, or use kubectl port-forward", svc.Namespace, svc.Name, svc.Spec.Type)
	}
	return nil
}
