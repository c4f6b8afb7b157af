package kubectllite

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"kubelite/api"
	"kubelite/client"
)

func newClusterInfo(s *session) *cobra.Command {
	cmd := &cobra.Command{
		Use: "cluster-info", Short: "Display cluster information",
		RunE: func(cmd *cobra.Command, args []string) error { return s.clusterInfo(cmd.Context()) },
	}
	cmd.AddCommand(newClusterInfoDump(s))
	return cmd
}

// clusterInfo tells where the control plane is, and the services that are part of the cluster.
func (s *session) clusterInfo(ctx context.Context) error {
	c, err := s.connect()
	if err != nil {
		return err
	}
	page, err := client.Of[*api.Service](c).List(ctx, cmp.Or(s.flags.namespace, "kube-system"), client.ListOptions{LabelSelector: "kubernetes.io/cluster-service=true"})
	more := "\nTo further debug and diagnose cluster problems, use 'kubectl-lite cluster-info dump'.\n"
	if err != nil {
		fmt.Fprint(s.Out, more)
		return err
	}
	fmt.Fprintf(s.Out, "Kubernetes control plane is running at %s\n", c.Server())
	for _, svc := range page.Items {
		fmt.Fprintf(s.Out, "%s is running at %s\n", cmp.Or(svc.Labels["kubernetes.io/name"], svc.Name), serviceLink(c, svc))
	}
	fmt.Fprint(s.Out, more)
	return nil
}

// serviceLink is a service's address outside of the cluster, or its path through the API server.
func serviceLink(c *client.Client, svc *api.Service) string {
	if ingress := svc.Status.LoadBalancer.Ingress; len(ingress) > 0 {
		link := ""
		for _, port := range svc.Spec.Ports {
			link += fmt.Sprintf("http://%s:%d ", cmp.Or(ingress[0].IP, ingress[0].Hostname), port.Port)
		}
		return link
	}
	name := svc.Name
	if len(svc.Spec.Ports) > 0 {
		port := svc.Spec.Ports[0]
		switch {
		case port.Name == "https" || port.Port == 443:
			name = "https:" + name + ":" + port.Name
		case port.Name != "":
			name += ":" + port.Name
		}
	}
	return fmt.Sprintf("%s/api/v1/namespaces/%s/services/%s/proxy", c.Server(), svc.Namespace, name)
}

func newClusterInfoDump(s *session) *cobra.Command {
	var namespaces []string
	var all bool
	cmd := &cobra.Command{
		Use: "dump", Short: "Dump relevant information for debugging and diagnosis",
		RunE: func(cmd *cobra.Command, args []string) error {
			return s.clusterInfoDump(cmd.Context(), namespaces, all)
		},
	}
	cmd.Flags().StringSliceVar(&namespaces, "namespaces", nil, "A comma separated list of namespaces to dump.")
	cmd.Flags().BoolVarP(&all, "all-namespaces", "A", false, "If true, dump all namespaces.  If true, --namespaces is ignored.")
	return cmd
}

// clusterInfoDump prints the nodes, what each namespace holds, and the logs of its pods.
func (s *session) clusterInfoDump(ctx context.Context, namespaces []string, all bool) error {
	p := &printer{format: "json"}
	list := func(word, namespace string) ([]object, error) {
		r, err := s.resource(ctx, word)
		if err != nil {
			return nil, err
		}
		items, err := s.listObjects(ctx, r, namespace, client.ListOptions{})
		if err != nil {
			return nil, err
		}
		whole := listOf(items)
		whole["kind"], whole["apiVersion"] = r.Kind+"List", r.APIVersion()
		return items, p.print(s.Out, whole)
	}
	if _, err := list("nodes", ""); err != nil {
		return err
	}
	if all {
		r, err := s.resource(ctx, "namespaces")
		if err != nil {
			return err
		}
		items, err := s.listObjects(ctx, r, "", client.ListOptions{})
		if err != nil {
			return err
		}
		namespaces = nil
		for _, ns := range items {
			namespaces = append(namespaces, ns.name())
		}
	} else if len(namespaces) == 0 {
		namespaces = []string{"kube-system", s.namespace()}
	}
	for _, namespace := range namespaces {
		for _, word := range []string{"events", "replicationcontrollers", "services", "daemonsets.apps", "deployments.apps", "replicasets.apps"} {
			if _, err := list(word, namespace); err != nil {
				return err
			}
		}
		pods, err := list("pods", namespace)
		if err != nil {
			return err
		}
		for _, pod := range pods {
			s.dumpLogs(ctx, pod)
		}
	}
	return nil
}

func (s *session) dumpLogs(ctx context.Context, pod object) {
	for _, c := range containersIn(pod["spec"].(map[string]any), "*", "initContainers", "containers") {
		title := fmt.Sprintf("logs for container %s of pod %s/%s", c.text("name"), pod.namespace(), pod.name())
		fmt.Fprintf(s.Out, "==== START %s ====\n", title)
		if err := s.copyLog(ctx, &logsOptions{}, logSource{pod.namespace(), pod.name(), c.text("name")}, s.Out); err != nil {
			fmt.Fprintf(s.Out, "Request log error: %v\n", err)
		}
		fmt.Fprintf(s.Out, "==== END %s ====\n", title)
	}
}

func newAPIVersions(s *session) *cobra.Command {
	return &cobra.Command{
		Use: "api-versions", Short: "Print the supported API versions on the server, in the form of \"group/version\"",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usageErrorf("api-versions", "unexpected arguments: %v", args)
			}
			all, err := s.discover(cmd.Context())
			if err != nil {
				return err
			}
			var versions []string
			for _, r := range all {
				versions = append(versions, r.APIVersion())
			}
			slices.Sort(versions)
			fmt.Fprintln(s.Out, strings.Join(slices.Compact(versions), "\n"))
			return nil
		},
	}
}
