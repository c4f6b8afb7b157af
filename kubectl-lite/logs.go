package kubectllite

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"kubelite/api"
	"kubelite/client"
)

// logsOptions are the flags of logs.
type logsOptions struct {
	api.PodLogOptions
	selector      string
	allContainers bool
	allPods       bool
	prefix        bool
	ignoreErrors  bool
	since         time.Duration
	sinceTime     string
	tail          int64
	limitBytes    int64
	maxRequests   int
}

func newLogs(s *session) *cobra.Command {
	var o logsOptions
	cmd := &cobra.Command{
		Use:               "logs [-f] [-p] (POD | TYPE/NAME) [-c CONTAINER]",
		Short:             "Print the logs for a container in a pod",
		ValidArgsFunction: s.completePods(),
		RunE: func(cmd *cobra.Command, args []string) error {
			if o.selector != "" && !cmd.Flags().Changed("tail") {
				o.tail = 10 // of many pods nobody wants everything
			}
			return s.logs(cmd.Context(), &o, args)
		},
	}
	f := cmd.Flags()
	f.BoolVarP(&o.Follow, "follow", "f", false, "Specify if the logs should be streamed.")
	f.BoolVarP(&o.Previous, "previous", "p", false, "Print the logs for the previous instance of the container in a pod if it exists.")
	f.BoolVar(&o.Timestamps, "timestamps", false, "Include timestamps on each line in the log output.")
	f.StringVarP(&o.Container, "container", "c", "", "Print the logs of this container")
	f.StringVarP(&o.selector, "selector", "l", "", "Selector (label query) to filter on")
	f.BoolVar(&o.allContainers, "all-containers", false, "Get all containers' logs in the pod(s).")
	f.BoolVar(&o.allPods, "all-pods", false, "Get logs from all pod(s). Sets prefix to true.")
	f.BoolVar(&o.prefix, "prefix", false, "Prefix each log line with the log source (pod name and container name)")
	f.BoolVar(&o.ignoreErrors, "ignore-errors", false, "If watching / following pod logs, allow for any errors that occur to be non-fatal")
	f.DurationVar(&o.since, "since", 0, "Only return logs newer than a relative duration like 5s, 2m, or 3h.")
	f.StringVar(&o.sinceTime, "since-time", "", "Only return logs after a specific date (RFC3339).")
	f.Int64Var(&o.tail, "tail", -1, "Lines of recent log file to display. Defaults to -1, showing all log lines, or 10 with a selector.")
	f.Int64Var(&o.limitBytes, "limit-bytes", 0, "Maximum bytes of logs to return. Defaults to no limit.")
	f.IntVar(&o.maxRequests, "max-log-requests", 5, "Maximum number of concurrent logs to follow when using by a selector.")
	s.completeContainers(cmd)
	return cmd
}

func (s *session) logs(ctx context.Context, o *logsOptions, args []string) error {
	if err := o.complete(args); err != nil {
		return err
	}
	pods, err := s.logPods(ctx, o, args)
	if err != nil {
		return err
	}
	var sources []logSource
	for _, pod := range pods {
		found, err := s.logSources(o, pod, len(pods) > 1)
		if err != nil {
			return err
		}
		sources = append(sources, found...)
	}
	if o.Follow && len(sources) > 1 {
		return s.followAll(ctx, o, sources)
	}
	for _, source := range sources {
		if err := s.copyLog(ctx, o, source, s.Out); err != nil {
			return err
		}
	}
	return nil
}

const expectedLogs = "error: expected 'logs [-f] [-p] (POD | TYPE/NAME) [-c CONTAINER]'.\nPOD or TYPE/NAME is a required argument for the logs command"

// complete turns the flags into what the server is asked.
func (o *logsOptions) complete(args []string) error {
	switch {
	case len(args) == 0 && o.selector == "":
		return usageErrorf("logs", expectedLogs)
	case len(args) > 0 && o.selector != "":
		return usageErrorf("logs", "error: only a selector (-l) or a POD name is allowed")
	case len(args) == 2 && o.Container != "":
		return errors.New("only one of -c or an inline [CONTAINER] arg is allowed")
	case len(args) == 2:
		o.Container = args[1]
	case len(args) > 2:
		return usageErrorf("logs", expectedLogs)
	}
	if o.allContainers && o.Container != "" {
		return fmt.Errorf("--all-containers=true should not be specified with container name %s", o.Container)
	}
	if o.tail < -1 {
		return errors.New("--tail must be greater than or equal to -1")
	}
	if o.tail >= 0 {
		o.TailLines = &o.tail
	}
	if o.limitBytes > 0 {
		o.LimitBytes = &o.limitBytes
	}
	if o.since != 0 && o.sinceTime != "" {
		return errors.New("at most one of `sinceTime` or `sinceSeconds` may be specified")
	}
	if o.since != 0 {
		o.SinceSeconds = api.Ptr(int64((o.since + time.Second - 1) / time.Second))
	}
	if o.sinceTime != "" {
		t, err := time.Parse(time.RFC3339, o.sinceTime)
		if err != nil {
			return err
		}
		o.SinceTime = &api.Time{Time: t}
	}
	o.prefix = o.prefix || o.allPods
	return nil
}

// logPods finds the pods: the one named, those of a workload, or those that a selector finds.
func (s *session) logPods(ctx context.Context, o *logsOptions, args []string) ([]*api.Pod, error) {
	c, err := s.connect()
	if err != nil {
		return nil, err
	}
	pods := client.Of[*api.Pod](c)
	if o.selector != "" {
		page, err := pods.List(ctx, s.namespace(), client.ListOptions{LabelSelector: o.selector})
		if err != nil {
			return nil, err
		}
		if len(page.Items) == 0 {
			fmt.Fprintf(s.Err, "No resources found in %s namespace.\n", s.namespace())
		}
		return page.Items, nil
	}
	if !strings.Contains(args[0], "/") {
		args = []string{"pod/" + args[0]}
	}
	r, name, err := s.one(ctx, args[:1])
	if err != nil {
		return nil, err
	}
	notFound := func(err error) error {
		if api.IsNotFound(err) {
			return fmt.Errorf("error from server (NotFound): %s in namespace %q", err.Error(), s.namespace())
		}
		return err
	}
	if r.Plural == "pods" && r.Group == "" {
		pod, err := pods.Get(ctx, s.namespace(), name)
		return []*api.Pod{pod}, notFound(err)
	}
	owner, err := s.getObject(ctx, r, s.scope(r), name)
	if err != nil {
		return nil, notFound(err)
	}
	selector, err := podSelector(owner)
	if err != nil {
		return nil, err
	}
	page, err := pods.List(ctx, s.namespace(), client.ListOptions{LabelSelector: selector})
	switch {
	case err != nil:
		return nil, err
	case len(page.Items) == 0:
		return nil, errNotYet
	case o.allPods:
		return page.Items, nil
	}
	slices.SortFunc(page.Items, byLogging)
	if n := len(page.Items); n > 1 {
		fmt.Fprintf(s.Err, "Found %d pods, using pod/%s\n", n, page.Items[0].Name)
	}
	return page.Items[:1], nil
}

// podSelector is the selector by which a workload finds its pods.
func podSelector(o object) (string, error) {
	var owner struct {
		Spec struct {
			Selector api.RawExtension `json:"selector"`
		} `json:"spec"`
	}
	if err := api.UnmarshalJSON(o.json(), &owner); err != nil {
		return "", err
	}
	if len(owner.Spec.Selector.Raw) == 0 {
		return "", fmt.Errorf("cannot get the logs from %s: it has no selector", o.kind())
	}
	var labels map[string]string // as in a Service
	if err := api.UnmarshalJSON(owner.Spec.Selector.Raw, &labels); err == nil {
		return api.SelectorFromSet(labels).String(), nil
	}
	var full api.LabelSelector
	if err := api.UnmarshalJSON(owner.Spec.Selector.Raw, &full); err != nil {
		return "", err
	}
	selector, err := api.LabelSelectorAsSelector(&full)
	if err != nil {
		return "", err
	}
	return selector.String(), nil
}

// byLogging puts first the pod whose log one most likely wants: one that runs, is ready, for longest.
func byLogging(a, b *api.Pod) int {
	rank := func(p *api.Pod) int {
		switch {
		case p.Spec.NodeName == "":
			return 4
		case p.Status.Phase == api.PodPending:
			return 3
		case p.Status.Phase == api.PodUnknown:
			return 2
		case !podReady(p):
			return 1
		}
		return 0
	}
	return cmp.Or(cmp.Compare(rank(a), rank(b)), a.CreationTimestamp.Compare(b.CreationTimestamp.Time), strings.Compare(a.Name, b.Name))
}

func podReady(p *api.Pod) bool {
	c := p.Status.Condition(api.PodReady)
	return c != nil && c.Status == api.ConditionTrue
}

// logSource is one container's log.
type logSource struct {
	namespace, pod, container string
}

// logSources chooses the containers of a pod.
func (s *session) logSources(o *logsOptions, pod *api.Pod, several bool) ([]logSource, error) {
	source := func(container string) logSource { return logSource{pod.Namespace, pod.Name, container} }
	names := containerNames(pod)
	if o.allContainers {
		var all []logSource
		for _, name := range append(append(names.init, names.regular...), names.ephemeral...) {
			all = append(all, source(name))
		}
		return all, nil
	}
	chosen, err := s.chooseContainer(pod, o.Container, several)
	if err != nil {
		return nil, err
	}
	return []logSource{source(chosen)}, nil
}

// podContainers are the names of a pod's containers.
type podContainers struct {
	regular, ephemeral, init []string
}

func containerNames(pod *api.Pod) podContainers {
	var n podContainers
	for _, c := range pod.Spec.Containers {
		n.regular = append(n.regular, c.Name)
	}
	for _, c := range pod.Spec.EphemeralContainers {
		n.ephemeral = append(n.ephemeral, c.Name)
	}
	for _, c := range pod.Spec.InitContainers {
		n.init = append(n.init, c.Name)
	}
	return n
}

func (n podContainers) has(name string) bool {
	return slices.Contains(n.regular, name) || slices.Contains(n.ephemeral, name) || slices.Contains(n.init, name)
}

func (n podContainers) count() int { return len(n.regular) + len(n.ephemeral) + len(n.init) }

// String lists them as messages do.
func (n podContainers) String() string {
	all := slices.Clone(n.regular)
	for _, name := range n.ephemeral {
		all = append(all, name+" (ephem)")
	}
	for _, name := range n.init {
		all = append(all, name+" (init)")
	}
	return strings.Join(all, ", ")
}

// followAll copies several logs at once, line by line.
func (s *session) followAll(ctx context.Context, o *logsOptions, sources []logSource) error {
	if len(sources) > o.maxRequests {
		return fmt.Errorf("you are attempting to follow %d log streams, but maximum allowed concurrency is %d, use --max-log-requests to increase the limit",
			len(sources), o.maxRequests)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	out := &lockedWriter{out: s.Out}
	errs := make([]error, len(sources))
	var wg sync.WaitGroup
	for i, source := range sources {
		wg.Go(func() {
			err := s.copyLog(ctx, o, source, out)
			if err != nil && ctx.Err() == nil {
				errs[i] = err
				if !o.ignoreErrors {
					cancel()
				}
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// lockedWriter keeps the lines of several writers whole.
type lockedWriter struct {
	mu  sync.Mutex
	out io.Writer
}

// Write writes one line.
func (w *lockedWriter) Write(line []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.out.Write(line)
}

func (s *session) copyLog(ctx context.Context, o *logsOptions, source logSource, out io.Writer) error {
	opts := o.PodLogOptions
	opts.Container = source.container
	stream, err := s.api.Logs(ctx, source.namespace, source.pod, opts)
	if err != nil {
		return err
	}
	defer stream.Close()
	var prefix []byte
	if o.prefix {
		prefix = fmt.Appendf(nil, "[pod/%s/%s] ", source.pod, source.container)
	}
	lines := bufio.NewReader(stream)
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) > 0 {
			if _, err := out.Write(slices.Concat(prefix, line)); err != nil {
				return err
			}
		}
		if err == io.EOF || ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
