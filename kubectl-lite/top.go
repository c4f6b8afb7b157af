package kubectllite

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"kubelite/api"
	"kubelite/client"
)

// topOptions are the flags of top.
type topOptions struct {
	sortBy, selector, fieldSelector string
	noHeaders, showCapacity         bool
	containers, allNamespaces, sum  bool
}

func newTop(s *session) *cobra.Command {
	cmd := &cobra.Command{Use: "top", Short: "Display resource (CPU/memory) usage", RunE: needsSubcommand}
	cmd.AddCommand(newTopNode(s), newTopPod(s))
	return cmd
}

func (o *topOptions) add(cmd *cobra.Command) {
	cmd.Flags().StringVarP(&o.selector, "selector", "l", "", "Selector (label query) to filter on")
	cmd.Flags().StringVar(&o.sortBy, "sort-by", "", "If non-empty, sort the list using specified field. The field can be either 'cpu' or 'memory'.")
	cmd.Flags().BoolVar(&o.noHeaders, "no-headers", false, "If present, print output without headers")
}

func (o *topOptions) check(cmd *cobra.Command, args []string, either string) error {
	switch {
	case len(args) > 1:
		return usageErrorf("top "+cmd.Name(), "%s", cmd.Use)
	case o.sortBy != "" && o.sortBy != "cpu" && o.sortBy != "memory":
		return errors.New("--sort-by accepts only cpu or memory")
	case len(args) > 0 && o.selector != "":
		return errors.New(either)
	}
	return nil
}

// metrics reads usage, of one object or of all.
func metrics[T any](ctx context.Context, s *session, namespace, plural, name string, o *topOptions) ([]T, error) {
	all, err := s.discover(ctx)
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(all, func(r client.APIResource) bool { return r.Group == "metrics.k8s.io" && r.Plural == plural })
	if at < 0 {
		return nil, errors.New("Metrics API not available")
	}
	opts := client.ListOptions{LabelSelector: o.selector, FieldSelector: o.fieldSelector}
	resp, err := s.do(ctx, client.Request{Path: all[at].Path(namespace, name), Query: opts.Query()})
	if err != nil {
		return nil, err
	}
	if name != "" {
		var one T
		err := api.UnmarshalJSON(resp.Body, &one)
		return []T{one}, err
	}
	var list struct {
		Items []T `json:"items"`
	}
	err = api.UnmarshalJSON(resp.Body, &list)
	return list.Items, err
}

// sortByUsage puts who uses most first, if that was asked; else they stand in order of their names.
func sortByUsage[T any](items []T, by string, usage func(T) api.ResourceList, name func(T) string) {
	slices.SortStableFunc(items, func(a, b T) int {
		if by != "" {
			x, y := usage(a)[api.ResourceName(by)], usage(b)[api.ResourceName(by)]
			return y.Cmp(x)
		}
		return strings.Compare(name(a), name(b))
	})
}

func cpuText(list api.ResourceList) string {
	q := list[api.ResourceCPU]
	return fmt.Sprintf("%dm", q.MilliValue())
}

func memoryText(list api.ResourceList) string {
	q := list[api.ResourceMemory]
	return fmt.Sprintf("%dMi", q.Value()>>20)
}

func newTopNode(s *session) *cobra.Command {
	var o topOptions
	cmd := &cobra.Command{
		Use: "node [NAME | -l label]", Aliases: []string{"nodes", "no"}, Short: "Display resource (CPU/memory) usage of nodes",
		ValidArgsFunction: s.completeObjects("nodes"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.check(cmd, args, "only one of NAME or --selector can be provided"); err != nil {
				return err
			}
			return s.topNodes(cmd.Context(), &o, strings.Join(args, ""))
		},
	}
	o.add(cmd)
	cmd.Flags().BoolVar(&o.showCapacity, "show-capacity", false, "Print node resources based on Capacity instead of Allocatable(default) of the nodes.")
	return cmd
}

func (s *session) topNodes(ctx context.Context, o *topOptions, name string) error {
	measured, err := metrics[api.NodeMetrics](ctx, s, "", "nodes", name, o)
	if err != nil {
		return err
	}
	if len(measured) == 0 {
		return errors.New("metrics not available yet")
	}
	nodes, err := client.Of[*api.Node](s.api).List(ctx, "", client.ListOptions{LabelSelector: o.selector})
	if err != nil {
		return err
	}
	available := map[string]api.ResourceList{}
	for _, n := range nodes.Items {
		if name == "" || n.Name == name {
			available[n.Name] = n.Status.Allocatable
			if o.showCapacity {
				available[n.Name] = n.Status.Capacity
			}
		}
	}
	sortByUsage(measured, o.sortBy, func(m api.NodeMetrics) api.ResourceList { return m.Usage }, func(m api.NodeMetrics) string { return m.Name })
	var rows [][]string
	if !o.noHeaders {
		rows = append(rows, []string{"NAME", "CPU(cores)", "CPU(%)", "MEMORY(bytes)", "MEMORY(%)", ""})
	}
	for _, m := range measured {
		rows = append(rows, []string{m.Name, cpuText(m.Usage), percentOf(m.Usage, available[m.Name], api.ResourceCPU),
			memoryText(m.Usage), percentOf(m.Usage, available[m.Name], api.ResourceMemory), ""})
		delete(available, m.Name)
	}
	for _, node := range sortedKeys(available) {
		rows = append(rows, []string{node, "<unknown>", "<unknown>", "<unknown>", "<unknown>", ""})
	}
	(&columns{out: s.Out}).write(rows)
	return nil
}

func percentOf(used, of api.ResourceList, name api.ResourceName) string {
	u, whole := used[name], of[name]
	if whole.IsZero() {
		return "0%"
	}
	return fmt.Sprintf("%d%%", int64(float64(u.MilliValue())/float64(whole.MilliValue())*100))
}

func newTopPod(s *session) *cobra.Command {
	var o topOptions
	cmd := &cobra.Command{
		Use: "pod [NAME | -l label]", Aliases: []string{"pods", "po"}, Short: "Display resource (CPU/memory) usage of pods",
		ValidArgsFunction: s.completeObjects("pods"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.check(cmd, args, "only one of NAME or selector can be provided"); err != nil {
				return err
			}
			return s.topPods(cmd.Context(), &o, strings.Join(args, ""))
		},
	}
	o.add(cmd)
	f := cmd.Flags()
	f.StringVar(&o.fieldSelector, "field-selector", "", "Selector (field query) to filter on")
	f.BoolVar(&o.containers, "containers", false, "If present, print usage of containers within a pod.")
	f.BoolVarP(&o.allNamespaces, "all-namespaces", "A", false, "If present, list the requested object(s) across all namespaces.")
	f.BoolVar(&o.sum, "sum", false, "Print the sum of the resource usage")
	return cmd
}

func (s *session) topPods(ctx context.Context, o *topOptions, name string) error {
	if _, err := s.connect(); err != nil {
		return err
	}
	namespace := s.namespace()
	if o.allNamespaces {
		namespace = ""
	}
	measured, err := metrics[api.PodMetrics](ctx, s, namespace, "pods", name, o)
	if err != nil {
		return err
	}
	if len(measured) == 0 {
		return s.noPodMetrics(ctx, o, namespace)
	}
	sortByUsage(measured, o.sortBy, podUsage, func(m api.PodMetrics) string {
		if o.allNamespaces {
			return m.Namespace + "\x00" + m.Name
		}
		return m.Name
	})
	var rows [][]string
	row := func(namespace, pod string, cells ...string) {
		cells = append(cells, "")
		if o.containers {
			cells = append([]string{pod}, cells...)
		}
		if o.allNamespaces {
			cells = append([]string{namespace}, cells...)
		}
		rows = append(rows, cells)
	}
	if !o.noHeaders {
		row("NAMESPACE", "POD", "NAME", "CPU(cores)", "MEMORY(bytes)")
	}
	total := api.ResourceList{}
	for _, m := range measured {
		addResources(total, podUsage(m))
		if !o.containers {
			row(m.Namespace, "", m.Name, cpuText(podUsage(m)), memoryText(podUsage(m)))
			continue
		}
		sortByUsage(m.Containers, o.sortBy, func(c api.ContainerMetrics) api.ResourceList { return c.Usage }, func(c api.ContainerMetrics) string { return c.Name })
		for _, c := range m.Containers {
			row(m.Namespace, m.Name, c.Name, cpuText(c.Usage), memoryText(c.Usage))
		}
	}
	if o.sum {
		row("", "", "", "________", "________")
		row("", "", "", cpuText(total), memoryText(total))
	}
	(&columns{out: s.Out}).write(rows)
	return nil
}

func podUsage(m api.PodMetrics) api.ResourceList {
	sum := api.ResourceList{}
	for _, c := range m.Containers {
		addResources(sum, c.Usage)
	}
	return sum
}

// noPodMetrics tells why there are none: no pods, pods too new to have been measured, or no measurements at all.
func (s *session) noPodMetrics(ctx context.Context, o *topOptions, namespace string) error {
	pods, err := client.Of[*api.Pod](s.api).List(ctx, namespace, client.ListOptions{LabelSelector: o.selector, FieldSelector: o.fieldSelector})
	if err != nil {
		return err
	}
	if len(pods.Items) == 0 {
		if o.allNamespaces {
			fmt.Fprintln(s.Err, "No resources found")
		} else {
			fmt.Fprintf(s.Err, "No resources found in %s namespace.\n", namespace)
		}
		return nil
	}
	for _, pod := range pods.Items {
		if age := time.Since(pod.CreationTimestamp.Time); age > 2*time.Minute {
			return fmt.Errorf("Metrics not available for pod %s/%s, age: %s", pod.Namespace, pod.Name, age)
		}
	}
	return errors.New("metrics not available yet")
}
