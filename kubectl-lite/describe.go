package kubectllite

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/spf13/cobra"

	"kubelite/api"
	"kubelite/client"
)

func newDescribe(s *session) *cobra.Command {
	var sel selection
	var showEvents bool
	var at string
	cmd := &cobra.Command{
		Use:               "describe (-f FILENAME | TYPE [NAME_PREFIX | -l label] | TYPE/NAME)",
		Short:             "Show details of a specific resource or group of resources",
		ValidArgsFunction: s.completeObjects(),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, err := s.rewind(cmd.Context(), at)
			if err != nil {
				return err
			}
			return s.describe(ctx, &sel, args, showEvents, cmd.Flags().Changed("show-events"))
		},
	}
	sel.files.add(cmd, "containing the resource to describe")
	s.addChunkSize(cmd)
	cmd.Flags().StringVarP(&sel.selector, "selector", "l", "", "Selector (label query) to filter on")
	cmd.Flags().BoolVarP(&sel.allNamespaces, "all-namespaces", "A", false, "Describe the objects of all namespaces")
	cmd.Flags().StringVar(&at, "at", "", atUsage)
	cmd.Flags().BoolVar(&showEvents, "show-events", true, "If true, display events related to the described object.")
	return cmd
}

func (s *session) describe(ctx context.Context, sel *selection, args []string, showEvents, asked bool) error {
	if len(args) == 0 && !sel.files.given() {
		return errors.New("You must specify the type of resource to describe. Use \"kubectl-lite api-resources\" for a complete list of supported resources.")
	}
	sel.all = len(args) == 1 && !strings.Contains(args[0], "/") && sel.selector == "" // a type alone means all of it
	found, err := s.selectObjects(ctx, sel, args, true)
	if api.IsNotFound(err) && len(args) == 2 && len(found) == 0 {
		if prefixed, listErr := s.withPrefix(ctx, args); listErr == nil && len(prefixed) > 0 {
			for _, m := range prefixed { // several may be meant, so each is shown without its events
				if err := s.describeOne(ctx, &m, false); err != nil {
					return err
				}
				fmt.Fprintln(s.Out)
			}
			return nil
		}
	}
	if len(found) > 1 && !asked {
		showEvents = false // a request for each object: only when wanted
	}
	errs := []error{err}
	for i, m := range found {
		if i > 0 {
			fmt.Fprint(s.Out, "\n\n")
		}
		errs = append(errs, s.describeOne(ctx, &m, showEvents))
	}
	if len(found) == 0 && err == nil {
		fmt.Fprintf(s.Err, "No resources found in %s namespace.\n", s.namespace())
	}
	return errors.Join(errs...)
}

// withPrefix finds the objects whose names begin with what was given as a name.
func (s *session) withPrefix(ctx context.Context, args []string) ([]manifest, error) {
	all, err := s.selectObjects(ctx, &selection{all: true}, args[:1], false)
	return slices.DeleteFunc(all, func(m manifest) bool { return !strings.HasPrefix(m.object.name(), args[1]) }), err
}

// describer writes one kind's sheet, all but the events.
type describer func(ctx context.Context, c *client.Client, sh *sheet, o object) error

// describers are the kinds that have a layout of their own.
func describerFor(r *client.APIResource) describer {
	switch r.Resource() {
	case "pods":
		return describePod
	case "nodes":
		return describeNode
	case "services":
		return describeService
	case "namespaces":
		return describeNamespace
	case "configmaps":
		return describeConfigMap
	case "secrets":
		return describeSecret
	case "serviceaccounts":
		return describeServiceAccount
	case "deployments.apps":
		return describeDeployment
	case "replicasets.apps":
		return describeReplicaSet
	case "statefulsets.apps":
		return describeStatefulSet
	case "daemonsets.apps":
		return describeDaemonSet
	case "replicationcontrollers":
		return describeReplicationController
	case "jobs.batch":
		return describeJob
	case "cronjobs.batch":
		return describeCronJob
	case "horizontalpodautoscalers.autoscaling":
		return describeHorizontalPodAutoscaler
	case "poddisruptionbudgets.policy":
		return describeDisruptionBudget
	case "resourcequotas":
		return describeQuota
	case "limitranges":
		return describeLimitRange
	case "priorityclasses.scheduling.k8s.io":
		return describePriorityClass
	case "ingresses.networking.k8s.io":
		return describeIngress
	case "networkpolicies.networking.k8s.io":
		return describeNetworkPolicy
	case "endpoints":
		return describeEndpoints
	case "endpointslices.discovery.k8s.io":
		return describeEndpointSlice
	case "roles.rbac.authorization.k8s.io", "clusterroles.rbac.authorization.k8s.io":
		return describeRole
	case "rolebindings.rbac.authorization.k8s.io", "clusterrolebindings.rbac.authorization.k8s.io":
		return describeRoleBinding
	case "storageclasses.storage.k8s.io":
		return describeStorageClass
	case "persistentvolumeclaims":
		return describeClaim
	}
	return describeAny
}

func (s *session) describeOne(ctx context.Context, m *manifest, showEvents bool) error {
	c, err := s.connect()
	if err != nil {
		return err
	}
	sh := newSheet()
	if err := describerFor(m.resource)(ctx, c, sh, m.object); err != nil {
		return err
	}
	if showEvents && !slices.Contains(withoutEvents, m.resource.Resource()) {
		events, err := eventsOf(ctx, c, m.object)
		if err == nil { // who may not read events still gets the rest
			sh.events(events)
		}
	}
	return sh.copyTo(s.Out)
}

// withoutEvents are the kinds of which kubectl shows none: nobody records any, or too few are.
var withoutEvents = []string{
	"namespaces", "secrets", "resourcequotas", "limitranges", "networkpolicies.networking.k8s.io",
	"roles.rbac.authorization.k8s.io", "clusterroles.rbac.authorization.k8s.io",
	"rolebindings.rbac.authorization.k8s.io", "clusterrolebindings.rbac.authorization.k8s.io",
}

// eventsOf reads what was recorded about an object, oldest first.
func eventsOf(ctx context.Context, c *client.Client, o object) ([]*api.Event, error) {
	fields := []string{"involvedObject.name=" + o.name(), "involvedObject.namespace=" + o.namespace(), "involvedObject.kind=" + o.kind()}
	if uid := o.text("metadata", "uid"); uid != "" && o.kind() != "Node" { // a kubelet knows its node by name only
		fields = append(fields, "involvedObject.uid="+uid)
	}
	namespace := o.namespace()
	page, err := client.Of[*api.Event](c).List(ctx, namespace, client.ListOptions{FieldSelector: strings.Join(fields, ",")})
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(page.Items, func(a, b *api.Event) int { return lastSeen(a).Compare(lastSeen(b).Time) })
	return page.Items, nil
}

func lastSeen(e *api.Event) api.Time {
	switch {
	case e.Series != nil:
		return api.Time{Time: e.Series.LastObservedTime.Time}
	case !e.LastTimestamp.IsZero():
		return e.LastTimestamp
	}
	return api.Time{Time: e.EventTime.Time}
}

// describeAny lays out an object of which nothing is known but its fields.
func describeAny(_ context.Context, _ *client.Client, sh *sheet, o object) error {
	sh.line(0, "Name:\t%s", o.name())
	sh.line(0, "Namespace:\t%s", o.namespace())
	var meta struct {
		api.ObjectMeta `json:"metadata"`
	}
	if err := api.UnmarshalJSON(o.json(), &meta); err != nil {
		return err
	}
	sh.marks(&meta.ObjectMeta)
	rest := copyObject(o)
	if m, ok := rest["metadata"].(map[string]any); ok {
		for _, known := range []string{"name", "namespace", "labels", "annotations", "managedFields"} {
			delete(m, known)
		}
	}
	describeFields(sh, 0, rest)
	return nil
}

func describeFields(sh *sheet, level int, fields map[string]any) {
	for _, name := range sortedKeys(fields) {
		switch v := fields[name].(type) {
		case map[string]any:
			sh.line(level, "%s:", fieldLabel(name))
			describeFields(sh, level+1, v)
		case []any:
			sh.line(level, "%s:", fieldLabel(name))
			for _, item := range v {
				if m, ok := item.(map[string]any); ok {
					describeFields(sh, level+1, m)
				} else {
					sh.line(level+1, "%v", item)
				}
			}
		default:
			sh.line(level, "%s:\t%v", fieldLabel(name), v)
		}
	}
}

// fieldLabel turns "lastTransitionTime" into "Last Transition Time".
func fieldLabel(name string) string {
	if strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsLetter(r) && r != '-' }) {
		return name
	}
	var words []string
	runes := []rune(name)
	start := 0
	for i := 1; i <= len(runes); i++ {
		// A word ends before a capital that follows a small letter, or that begins a word after an acronym.
		ends := i == len(runes) || unicode.IsUpper(runes[i]) &&
			(unicode.IsLower(runes[i-1]) || i+1 < len(runes) && unicode.IsLower(runes[i+1]))
		if !ends {
			continue
		}
		word := string(runes[start:i])
		start = i
		switch upper := strings.ToUpper(word); {
		case slices.Contains([]string{"API", "URL", "UID", "GUID"}, upper):
			word = upper
		case strings.ToLower(word) == word:
			word = upper[:1] + word[1:]
		}
		words = append(words, word)
	}
	return strings.Join(words, " ")
}

// describeNamespaceBounds writes what the namespace may hold.
func describeNamespaceBounds(ctx context.Context, c *client.Client, sh *sheet, namespace string) error {
	quotas, err := client.Of[*api.ResourceQuota](c).List(ctx, namespace, client.ListOptions{})
	if err != nil {
		return err
	}
	limits, err := client.Of[*api.LimitRange](c).List(ctx, namespace, client.ListOptions{})
	if err != nil {
		return err
	}
	sh.line(0, "")
	if len(quotas.Items) == 0 {
		sh.line(0, "No resource quota.")
	} else {
		sh.line(0, "Resource Quotas")
		for _, q := range quotas.Items {
			sh.line(1, "Name:\t%s", q.Name)
			sh.line(1, "Resource\tUsed\tHard")
			sh.line(1, "--------\t---\t---")
			for _, name := range sortedKeys(q.Status.Hard) {
				used, hard := q.Status.Used[name], q.Status.Hard[name]
				sh.line(1, "%v\t%v\t%v", name, used.String(), hard.String())
			}
		}
	}
	sh.line(0, "")
	if len(limits.Items) == 0 {
		sh.line(0, "No LimitRange resource.")
		return nil
	}
	sh.line(0, "Resource Limits\n Type\tResource\tMin\tMax\tDefault Request\tDefault Limit\tMax Limit/Request Ratio")
	sh.line(0, " ----\t--------\t---\t---\t---------------\t-------------\t-----------------------")
	for _, l := range limits.Items {
		limitLines(sh, " ", l)
	}
	return nil
}

func describeNamespace(ctx context.Context, c *client.Client, sh *sheet, o object) error {
	ns, err := typed[*api.Namespace](o)
	if err != nil {
		return err
	}
	sh.line(0, "Name:\t%s", ns.Name)
	sh.marks(&ns.ObjectMeta)
	sh.line(0, "Status:\t%s", ns.Status.Phase)
	if len(ns.Status.Conditions) > 0 {
		sh.line(0, "Conditions:")
		sh.line(1, "Type\tStatus\tLastTransitionTime\tReason\tMessage")
		sh.line(1, "----\t------\t------------------\t------\t-------")
		for _, cond := range ns.Status.Conditions {
			sh.line(1, "%s\t%s\t%s\t%s\t%s", cond.Type, cond.Status, date(cond.LastTransitionTime.Time), cond.Reason, cond.Message)
		}
	}
	return describeNamespaceBounds(ctx, c, sh, ns.Name)
}

func describeConfigMap(_ context.Context, _ *client.Client, sh *sheet, o object) error {
	cm, err := typed[*api.ConfigMap](o)
	if err != nil {
		return err
	}
	sh.head(&cm.ObjectMeta)
	sh.marks(&cm.ObjectMeta)
	sh.line(0, "\nData\n====")
	for _, key := range sortedKeys(cm.Data) {
		sh.line(0, "%s:\n----\n%s\n", key, cm.Data[key])
	}
	sh.line(0, "\nBinaryData\n====")
	for _, key := range sortedKeys(cm.BinaryData) {
		sh.line(0, "%s: %d bytes", key, len(cm.BinaryData[key]))
	}
	sh.line(0, "")
	return nil
}

// describeSecret shows how long the values are, never what they are.
func describeSecret(_ context.Context, _ *client.Client, sh *sheet, o object) error {
	secret, err := typed[*api.Secret](o)
	if err != nil {
		return err
	}
	sh.head(&secret.ObjectMeta)
	sh.marks(&secret.ObjectMeta)
	sh.line(0, "\nType:\t%s", secret.Type)
	sh.line(0, "\nData\n====")
	for _, key := range sortedKeys(secret.Data) {
		sh.line(0, "%s:\t%d bytes", key, len(secret.Data[key]))
	}
	return nil
}

func describeServiceAccount(_ context.Context, _ *client.Client, sh *sheet, o object) error {
	sa, err := typed[*api.ServiceAccount](o)
	if err != nil {
		return err
	}
	sh.head(&sa.ObjectMeta)
	sh.marks(&sa.ObjectMeta)
	var pull, mountable []string
	for _, secret := range sa.ImagePullSecrets {
		pull = append(pull, secret.Name)
	}
	for _, secret := range sa.Secrets {
		mountable = append(mountable, secret.Name)
	}
	sh.values("Image pull secrets", pull)
	if len(mountable) > 0 {
		sh.values("Mountable secrets", mountable)
	}
	return nil
}

func describeService(ctx context.Context, c *client.Client, sh *sheet, o object) error {
	svc, err := typed[*api.Service](o)
	if err != nil {
		return err
	}
	spec := &svc.Spec
	sh.head(&svc.ObjectMeta)
	sh.marks(&svc.ObjectMeta)
	sh.line(0, "Selector:\t%s", formatMap(spec.Selector))
	sh.line(0, "Type:\t%s", spec.Type)
	if spec.IPFamilyPolicy != nil {
		sh.line(0, "IP Family Policy:\t%s", *spec.IPFamilyPolicy)
	}
	sh.line(0, "IP Families:\t%s", joined(spec.IPFamilies, ","))
	sh.line(0, "IP:\t%s", spec.ClusterIP)
	sh.line(0, "IPs:\t%s", joined(spec.ClusterIPs, ","))
	if len(spec.ExternalIPs) > 0 {
		sh.line(0, "External IPs:\t%s", strings.Join(spec.ExternalIPs, ","))
	}
	if spec.ExternalName != "" {
		sh.line(0, "External Name:\t%s", spec.ExternalName)
	}
	endpoints, err := client.Of[*api.Endpoints](c).Get(ctx, svc.Namespace, svc.Name)
	if err != nil && !api.IsNotFound(err) {
		return err
	}
	for _, port := range spec.Ports {
		name := port.Name
		if name == "" {
			name = "<unset>"
		}
		sh.line(0, "Port:\t%s\t%d/%s", name, port.Port, port.Protocol)
		sh.line(0, "TargetPort:\t%s/%s", port.TargetPort.String(), port.Protocol)
		if port.NodePort != 0 {
			sh.line(0, "NodePort:\t%s\t%d/%s", name, port.NodePort, port.Protocol)
		}
		sh.line(0, "Endpoints:\t%s", formatEndpoints(endpoints, port.Name))
	}
	sh.line(0, "Session Affinity:\t%s", spec.SessionAffinity)
	if spec.ExternalTrafficPolicy != "" {
		sh.line(0, "External Traffic Policy:\t%s", spec.ExternalTrafficPolicy)
	}
	if spec.InternalTrafficPolicy != nil {
		sh.line(0, "Internal Traffic Policy:\t%s", *spec.InternalTrafficPolicy)
	}
	return nil
}

// formatEndpoints lists up to three addresses behind a port.
func formatEndpoints(endpoints *api.Endpoints, port string) string {
	if endpoints == nil {
		return "<none>"
	}
	var all []string
	for _, subset := range endpoints.Subsets {
		for _, p := range subset.Ports {
			if p.Name != port {
				continue
			}
			for _, address := range subset.Addresses {
				all = append(all, fmt.Sprintf("%s:%d", address.IP, p.Port))
			}
		}
	}
	if len(all) == 0 {
		return "<none>"
	}
	if more := len(all) - 3; more > 0 {
		return fmt.Sprintf("%s + %d more...", strings.Join(all[:3], ","), more)
	}
	return strings.Join(all, ",")
}
