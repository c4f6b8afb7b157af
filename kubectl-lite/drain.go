package kubectllite

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"kubelite/api"
	"kubelite/client"
)

// drainOptions are the flags of drain; cordon and uncordon have the first ones only.
type drainOptions struct {
	changeOptions
	force, daemonSets, emptyDirs bool
	disableEviction              bool
	gracePeriod                  int64
	timeout                      time.Duration
	podSelector                  string
	skipAfter                    int64
}

func newCordon(s *session) *cobra.Command   { return newCordonTo(s, true) }
func newUncordon(s *session) *cobra.Command { return newCordonTo(s, false) }

func newCordonTo(s *session, cordon bool) *cobra.Command {
	var o drainOptions
	use, short := "cordon NODE", "Mark node as unschedulable"
	if !cordon {
		use, short = "uncordon NODE", "Mark node as schedulable"
	}
	cmd := &cobra.Command{
		Use: use, Short: short, ValidArgsFunction: s.completeObjects("nodes"),
		RunE: func(cmd *cobra.Command, args []string) error {
			found, err := s.drainNodes(cmd, &o, args)
			if err != nil {
				return err
			}
			s.cordon(cmd.Context(), &o, found, cordon)
			return nil
		},
	}
	o.addNodes(cmd)
	return cmd
}

func (o *drainOptions) addNodes(cmd *cobra.Command) {
	cmd.Flags().StringVarP(&o.selector, "selector", "l", "", "Selector (label query) to filter on")
	cmd.Flags().StringVar(&o.dryRun, "dry-run", "none", "Must be \"none\", \"server\", or \"client\"")
	cmd.Flags().Lookup("dry-run").NoOptDefVal = "unchanged"
	o.manager = "kubectl-" + cmd.Name()
}

// drainNodes finds the nodes that the arguments name.
func (s *session) drainNodes(cmd *cobra.Command, o *drainOptions, args []string) ([]manifest, error) {
	if err := o.changeFlags.validate(); err != nil {
		return nil, err
	}
	switch {
	case len(args) == 0 && !cmd.Flags().Changed("selector"):
		return nil, usageErrorf(cmd.Name(), "USAGE: %s [flags]", cmd.Use)
	case len(args) > 0 && o.selector != "":
		return nil, usageErrorf(cmd.Name(), "error: cannot specify both a node name and a --selector option")
	}
	for i, arg := range args {
		args[i] = strings.TrimPrefix(strings.TrimPrefix(strings.TrimPrefix(arg, "nodes/"), "node/"), "no/")
	}
	return s.selectObjects(cmd.Context(), &o.selection, append([]string{"nodes"}, args...), true)
}

// cordon says of each node whether pods may be placed on it.
func (s *session) cordon(ctx context.Context, o *drainOptions, found []manifest, cordon bool) {
	done, already, verb := "cordoned", "already cordoned", "cordon"
	if !cordon {
		done, already, verb = "uncordoned", "already uncordoned", "uncordon"
	}
	for i := range found {
		m := &found[i]
		if is, _ := m.object.at("spec", "unschedulable").(bool); is == cordon {
			fmt.Fprintf(s.Out, "%s %s%s\n", m.display(), already, o.suffix())
			continue
		}
		err := s.changeOne(ctx, &o.changeOptions, m, func(m *manifest) (string, error) {
			m.object.set(cordon, "spec", "unschedulable")
			if !cordon {
				delete(m.object["spec"].(map[string]any), "unschedulable")
			}
			return done, nil
		})
		if err != nil {
			fmt.Fprintf(s.Err, "error: unable to %s node %q: %v\n", verb, m.object.name(), err)
		}
	}
}

func newDrain(s *session) *cobra.Command {
	var o drainOptions
	cmd := &cobra.Command{
		Use: "drain NODE", Short: "Drain node in preparation for maintenance", ValidArgsFunction: s.completeObjects("nodes"),
		Example: "  kubectl-lite drain n1 --ignore-daemonsets --delete-emptydir-data",
		RunE: func(cmd *cobra.Command, args []string) error {
			if o.podSelector != "" {
				if _, err := api.ParseSelector(o.podSelector); err != nil {
					return errors.New("--pod-selector=<pod_selector> must be a valid label selector")
				}
			}
			found, err := s.drainNodes(cmd, &o, args)
			if err != nil {
				return err
			}
			s.cordon(cmd.Context(), &o, found, true)
			return s.drain(cmd.Context(), &o, found)
		},
	}
	o.addNodes(cmd)
	s.addChunkSize(cmd)
	f := cmd.Flags()
	f.BoolVar(&o.force, "force", false, "Continue even if there are pods that do not declare a controller.")
	f.BoolVar(&o.daemonSets, "ignore-daemonsets", false, "Ignore DaemonSet-managed pods.")
	f.BoolVar(&o.emptyDirs, "delete-emptydir-data", false, "Continue even if there are pods using emptyDir (local data that will be deleted when the node is drained).")
	f.Int64Var(&o.gracePeriod, "grace-period", -1, "Period of time in seconds given to each pod to terminate gracefully. If negative, the default value specified in the pod will be used.")
	f.DurationVar(&o.timeout, "timeout", 0, "The length of time to wait before giving up, zero means infinite")
	f.StringVar(&o.podSelector, "pod-selector", "", "Label selector to filter pods on the node")
	f.BoolVar(&o.disableEviction, "disable-eviction", false, "Force drain to use delete, even if eviction is supported. This will bypass checking PodDisruptionBudgets, use with caution.")
	f.Int64Var(&o.skipAfter, "skip-wait-for-delete-timeout", 0, "If pod DeletionTimestamp older than N seconds, skip waiting for the pod.  Seconds must be greater than 0 to skip.")
	return cmd
}

func (s *session) drain(ctx context.Context, o *drainOptions, found []manifest) error {
	var failed []error
	var pending []string
	for _, m := range found {
		name := m.object.name()
		if err := s.drainOne(ctx, o, name); err != nil {
			fmt.Fprintf(s.Err, "error: unable to drain node %q due to error: %s, continuing command...\n", name, joinErrors(err))
			failed, pending = append(failed, err), append(pending, name)
			continue
		}
		fmt.Fprintf(s.Out, "%s drained%s\n", m.display(), o.suffix())
	}
	if len(pending) > 0 {
		fmt.Fprintf(s.Err, "There are pending nodes to be drained:\n %s\n", strings.Join(pending, "\n "))
	}
	return errors.Join(failed...)
}

// joinErrors writes several errors as one line, as an aggregate is.
func joinErrors(err error) string {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return err.Error()
	}
	return api.Aggregate(joined.Unwrap())
}

func (s *session) drainOne(ctx context.Context, o *drainOptions, node string) error {
	c, err := s.connect()
	if err != nil {
		return err
	}
	page, err := client.Of[*api.Pod](c).List(ctx, "", client.ListOptions{FieldSelector: "spec.nodeName=" + node, LabelSelector: o.podSelector})
	if err != nil {
		return err
	}
	pods, warnings, err := s.podsToDrain(ctx, c, o, page.Items)
	if err != nil {
		return err
	}
	if warnings != "" {
		fmt.Fprintf(s.Err, "Warning: %s\n", warnings)
	}
	if o.dryRun == "client" {
		for _, pod := range pods {
			fmt.Fprintf(s.Out, "evicting pod %s/%s (dry run)\n", pod.Namespace, pod.Name)
		}
		return nil
	}
	if o.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, o.timeout)
		defer cancel()
	}
	errs := make([]error, len(pods))
	out := &lockedWriter{out: s.Out}
	var wg sync.WaitGroup
	for i, pod := range pods {
		wg.Go(func() { errs[i] = s.evictUntilGone(ctx, o, pod, out) })
	}
	wg.Wait()
	return errors.Join(errs...)
}

// podsToDrain leaves out what may stay, and is an error if something is in the way that no flag allows to remove.
func (s *session) podsToDrain(ctx context.Context, c *client.Client, o *drainOptions, all []*api.Pod) (pods []*api.Pod, warnings string, err error) {
	warned, fatal := map[string][]string{}, map[string][]string{}
	for _, pod := range all {
		name := pod.Namespace + "/" + pod.Name
		finished := pod.Status.Phase.Ended()
		owner := api.ControllerOf(pod)
		warning := ""
		if o.skipAfter > 0 && pod.DeletionTimestamp != nil && time.Since(pod.DeletionTimestamp.Time) > time.Duration(o.skipAfter)*time.Second {
			continue
		}
		if owner != nil && owner.Kind == "DaemonSet" && !finished {
			_, err := client.Of[*api.DaemonSet](c).Get(ctx, pod.Namespace, owner.Name)
			switch {
			case api.IsNotFound(err) && o.force:
				warning = err.Error()
			case err != nil:
				fatal[err.Error()] = append(fatal[err.Error()], name)
				continue
			case o.daemonSets:
				warned["ignoring DaemonSet-managed Pods"] = append(warned["ignoring DaemonSet-managed Pods"], name)
				continue
			default:
				const message = "DaemonSet-managed Pods (use --ignore-daemonsets to ignore)"
				fatal[message] = append(fatal[message], name)
				continue
			}
		}
		if pod.Annotations["kubernetes.io/config.mirror"] != "" {
			continue
		}
		if !finished && slices.ContainsFunc(pod.Spec.Volumes, func(v api.Volume) bool { return v.EmptyDir != nil }) {
			if !o.emptyDirs {
				const message = "Pods with local storage (use --delete-emptydir-data to override)"
				fatal[message] = append(fatal[message], name)
				continue
			}
			warning = "deleting Pods with local storage"
		}
		if !finished && owner == nil {
			if !o.force {
				const message = "Pods that declare no controller (use --force to override)"
				fatal[message] = append(fatal[message], name)
				continue
			}
			warning = "deleting Pods that declare no controller"
		} else if owner != nil || finished {
			// The last filter has no objection, and takes back what an earlier one warned of.
			warning = ""
		}
		if warning != "" {
			warned[warning] = append(warned[warning], name)
		}
		pods = append(pods, pod)
	}
	var errs []error
	for _, message := range sortedKeys(fatal) {
		errs = append(errs, fmt.Errorf("cannot delete %s: %s", message, strings.Join(fatal[message], ", ")))
	}
	var texts []string
	for _, message := range sortedKeys(warned) {
		texts = append(texts, message+": "+strings.Join(warned[message], ", "))
	}
	return pods, strings.Join(texts, "; "), errors.Join(errs...)
}

// evictRetry is how long to wait when a disruption budget does not allow an eviction now.
const evictRetry = 5 * time.Second

// evictUntilGone asks for an eviction until it is granted, then waits for the pod to end.
func (s *session) evictUntilGone(ctx context.Context, o *drainOptions, pod *api.Pod, out *lockedWriter) error {
	done := "evicted"
	if o.disableEviction {
		done = "deleted"
		if err := s.removePod(ctx, o, pod, http.MethodDelete, ""); err != nil && !api.IsNotFound(err) {
			return err
		}
	}
	for !o.disableEviction {
		fmt.Fprintf(out, "evicting pod %s/%s%s\n", pod.Namespace, pod.Name, o.suffix())
		if ctx.Err() != nil {
			return fmt.Errorf("error when evicting pods/%q -n %q: global timeout reached: %v", pod.Name, pod.Namespace, o.timeout)
		}
		err := s.removePod(ctx, o, pod, http.MethodPost, "/eviction")
		if err == nil {
			break
		}
		if api.IsNotFound(err) {
			return nil
		}
		if api.Reason(err) != api.StatusReasonTooManyRequests {
			return fmt.Errorf("error when evicting pods/%q -n %q: %w", pod.Name, pod.Namespace, err)
		}
		fmt.Fprintf(s.Err, "error when evicting pods/%q -n %q (will retry after %v): %v\n", pod.Name, pod.Namespace, evictRetry, err)
		client.Wait(ctx, evictRetry) // if ctx ends, the next round says so
	}
	if o.dryRun == "server" {
		return nil
	}
	if err := s.waitGone(ctx, builtIn(api.KindOf[*api.Pod]()), pod.Namespace, pod.Name, string(pod.UID), o.timeout); err != nil {
		return fmt.Errorf("error when waiting for pod %q in namespace %q to terminate: %w", pod.Name, pod.Namespace, err)
	}
	fmt.Fprintf(out, "pod/%s %s\n", pod.Name, done)
	return nil
}

func (s *session) removePod(ctx context.Context, o *drainOptions, pod *api.Pod, method, sub string) error {
	options := map[string]any{}
	if o.gracePeriod >= 0 {
		options["gracePeriodSeconds"] = o.gracePeriod
	}
	if o.dryRun == "server" {
		options["dryRun"] = []any{"All"}
	}
	body := object(options)
	if sub != "" {
		body = object{
			"apiVersion": "policy/v1", "kind": "Eviction", "metadata": map[string]any{"name": pod.Name, "namespace": pod.Namespace}, "deleteOptions": options,
		}
	}
	_, err := s.do(ctx, client.Request{Method: method, Path: api.KindOf[*api.Pod]().Path(pod.Namespace, pod.Name) + sub, Body: body.json()})
	return err
}
