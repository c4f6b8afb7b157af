package kubectllite

import (
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"kubelite/api"
)

// runOptions are the flags of run.
type runOptions struct {
	createOptions
	streamFlags
	image, pullPolicy, port, labels string
	annotations, env                []string
	attach, remove, leaveOpen       bool
	asCommand, expose, privileged   bool
	restart                         string
	overrides, overrideType         string
}

func newRun(s *session) *cobra.Command {
	var o runOptions
	cmd := &cobra.Command{
		Use:   "run NAME --image=image [--env=\"key=value\"] [--port=port] [--dry-run=server|client] [--overrides=inline-json] [--command] -- [COMMAND] [args...]",
		Short: "Run a particular image on the cluster",
		Example: `  kubectl-lite run web --image=nginx --port=80 --expose
  kubectl-lite run -it --rm shell --image=busybox --restart=Never -- sh`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if !cmd.Flags().Changed("attach") && o.stdin {
				o.attach = true
			}
			if err := o.check(cmd, args); err != nil {
				return err
			}
			return s.run(cmd.Context(), &o, args)
		},
	}
	o.changeFlags.add(cmd, "kubectl-run")
	o.addStreams(cmd)
	f := cmd.Flags()
	f.BoolVar(&o.saveConfig, "save-config", false, "Save the configuration in the object's annotation, for a later apply")
	f.DurationVar(&o.timeout, "pod-running-timeout", time.Minute, "The length of time (like 5s, 2m, or 3h, higher than zero) to wait until at least one pod is running")
	f.StringVar(&o.image, "image", "", "The image for the container to run.")
	f.StringVar(&o.pullPolicy, "image-pull-policy", "", "The image pull policy for the container.  If left empty, this value will not be specified by the client and defaulted by the server.")
	f.StringVar(&o.port, "port", "", "The port that this container exposes.")
	f.StringVarP(&o.labels, "labels", "l", "", "Comma separated labels to apply to the pod. Will override previous values.")
	f.StringArrayVar(&o.annotations, "annotations", nil, "Annotations to apply to the pod.")
	f.StringArrayVar(&o.env, "env", nil, "Environment variables to set in the container.")
	f.BoolVar(&o.remove, "rm", false, "If true, delete the pod after it exits.  Only valid when attaching to the container, e.g. with '--attach' or with '-i/--stdin'.")
	f.BoolVar(&o.attach, "attach", false, "If true, wait for the Pod to start running, and then attach to the Pod as if 'kubectl-lite attach ...' were called.  Default false, unless '-i/--stdin' is set, in which case the default is true. With '--restart=Never' the exit code of the container process is returned.")
	f.BoolVar(&o.leaveOpen, "leave-stdin-open", false, "If the pod is started in interactive mode or with stdin, leave stdin open after the first attach completes. By default, stdin will be closed after the first attach completes.")
	f.StringVar(&o.restart, "restart", "Always", "The restart policy for this Pod.  Legal values [Always, OnFailure, Never].")
	f.BoolVar(&o.asCommand, "command", false, "If true and extra arguments are present, use them as the 'command' field in the container, rather than the 'args' field which is the default.")
	f.BoolVar(&o.expose, "expose", false, "If true, create a ClusterIP service associated with the pod.  Requires `--port`.")
	f.BoolVar(&o.privileged, "privileged", false, "If true, run the container in privileged mode.")
	addOverrides(cmd, &o.overrides, &o.overrideType)
	required(cmd, "image")
	return cmd
}

var imageName = regexp.MustCompile(`^[a-zA-Z0-9][\w.\-:/]*(@[\w.+-]+:[0-9a-fA-F]{32,})?$`)

func (o *runOptions) check(cmd *cobra.Command, args []string) error {
	switch {
	case len(args) == 0 || cmd.ArgsLenAtDash() == 0:
		return usageErrorf("run", "NAME is required for run")
	case o.timeout <= 0:
		return usageErrorf("run", "--pod-running-timeout must be higher than zero")
	case o.image == "":
		return errors.New("--image is required")
	case !imageName.MatchString(o.image):
		return fmt.Errorf("Invalid image name %q: invalid reference format", o.image)
	case o.tty && !o.stdin:
		return usageErrorf("run", "-i/--stdin is required for containers with -t/--tty=true")
	case o.expose && o.port == "":
		return usageErrorf("run", "--port must be set when exposing a service")
	case o.restart != "Always" && o.restart != "OnFailure" && o.restart != "Never":
		return usageErrorf("run", "invalid restart policy: %s", o.restart)
	case !o.attach && o.remove:
		return usageErrorf("run", "--rm should only be used for attached containers")
	case o.attach && o.dryRun != "none":
		return usageErrorf("run", "--dry-run=[server|client] can't be used with attached containers options (--attach, --stdin, or --tty)")
	case o.pullPolicy != "" && o.pullPolicy != "Always" && o.pullPolicy != "IfNotPresent" && o.pullPolicy != "Never":
		return usageErrorf("run", "invalid image pull policy: %s", o.pullPolicy)
	}
	return nil
}

func (s *session) run(ctx context.Context, o *runOptions, args []string) error {
	if err := o.changeFlags.validate(); err != nil {
		return err
	}
	pod, err := podOf(o, args)
	if err != nil {
		return err
	}
	if o.overrides != "" {
		if pod, err = override(pod, o.overrides, o.overrideType); err != nil {
			return err
		}
	}
	if o.expose {
		if err := s.runService(ctx, o, pod); err != nil {
			return err
		}
	}
	if !o.attach {
		return s.createTypedAs(ctx, &o.createOptions, pod, "created", "")
	}
	if _, err := s.connect(); err != nil {
		return err
	}
	m, err := generated(pod)
	if err != nil {
		return err
	}
	m.object.set(s.namespace(), "metadata", "namespace")
	if m.object, err = s.postObject(ctx, m, m.object, o.query()); err != nil {
		return err
	}
	if o.remove {
		defer s.removeAfterRun(context.WithoutCancel(ctx), o, m)
	}
	return s.attachToRun(ctx, o, m)
}

// podOf makes the pod from the flags.
func podOf(o *runOptions, args []string) (*api.Pod, error) {
	name := args[0]
	pod := &api.Pod{ObjectMeta: api.ObjectMeta{Name: name, Labels: map[string]string{"run": name}}}
	if o.labels != "" {
		labels, err := labelsOr(o.labels, nil)
		if err != nil {
			return nil, err
		}
		pod.Labels = labels
	}
	annotations, _, err := parsePairs(o.annotations, "annotations", false)
	if err != nil {
		return nil, err
	}
	if len(annotations) > 0 {
		pod.Annotations = annotations
	}
	container := api.Container{Name: name, Image: o.image, ImagePullPolicy: api.PullPolicy(o.pullPolicy), Stdin: o.stdin, StdinOnce: o.stdin && !o.leaveOpen, TTY: o.tty}
	if o.asCommand {
		container.Command = args[1:]
	} else if len(args) > 1 {
		container.Args = args[1:]
	}
	for _, pair := range o.env {
		key, value, ok := strings.Cut(pair, "=")
		if !ok || key == "" {
			return nil, fmt.Errorf("invalid env: %v", pair)
		}
		container.Env = append(container.Env, api.EnvVar{Name: key, Value: value})
	}
	if o.port != "" {
		port, err := strconv.ParseInt(o.port, 10, 32)
		if err != nil {
			return nil, err
		}
		container.Ports = []api.ContainerPort{{ContainerPort: int32(port)}}
	}
	if o.privileged {
		container.SecurityContext = &api.SecurityContext{Privileged: api.Ptr(true)}
	}
	pod.Spec = api.PodSpec{Containers: []api.Container{container}, DNSPolicy: api.DNSClusterFirst, RestartPolicy: api.RestartPolicy(o.restart)}
	return pod, nil
}

func (s *session) runService(ctx context.Context, o *runOptions, pod *api.Pod) error {
	port, err := strconv.ParseInt(o.port, 10, 32)
	if err != nil {
		return err
	}
	svc := &api.Service{ObjectMeta: api.ObjectMeta{Name: pod.Name}}
	svc.Spec.Selector = map[string]string{"run": pod.Name}
	if o.labels != "" {
		svc.Labels, svc.Spec.Selector = pod.Labels, pod.Labels
	}
	svc.Spec.Ports = []api.ServicePort{{Port: int32(port), Protocol: api.ProtocolTCP, TargetPort: api.FromInt(int(port))}}
	err = s.createTypedAs(ctx, &o.createOptions, svc, "created", "")
	if err == nil && o.output == "yaml" {
		fmt.Fprintln(s.Out, "---")
	}
	return err
}

// attachToRun waits for the pod, talks with it, and ends as it ends.
func (s *session) attachToRun(ctx context.Context, o *runOptions, m *manifest) error {
	pod, err := s.waitForPod(ctx, m, o.timeout, func(p *api.Pod) bool {
		return p.Status.Phase.Ended() || p.Status.Phase == api.PodRunning && podReady(p)
	})
	if err != nil {
		return err
	}
	container := pod.Spec.Containers[0].Name
	if pod.Status.Phase.Ended() {
		err = s.copyLog(ctx, &logsOptions{}, logSource{pod.Namespace, pod.Name, container}, s.Out)
	} else {
		// What was written before we are there is in the log.
		if logErr := s.copyLog(ctx, &logsOptions{}, logSource{pod.Namespace, pod.Name, container}, s.Out); logErr != nil {
			fmt.Fprintf(s.Err, "warning: couldn't fetch pre-attach logs: %v\n", logErr)
		}
		err = s.attachOrLog(ctx, &o.streamFlags, pod, container)
	}
	if err != nil || o.leaveOpen || o.restart == "Always" {
		return err
	}
	pod, err = s.waitForPod(ctx, m, o.timeout, func(p *api.Pod) bool {
		return p.Status.Phase == api.PodSucceeded || o.restart == "Never" && p.Status.Phase == api.PodFailed
	})
	if err != nil || pod.Status.Phase == api.PodSucceeded {
		return err
	}
	for _, c := range pod.Status.ContainerStatuses {
		if t := c.State.Terminated; t != nil && t.ExitCode != 0 {
			return &exitError{code: int(t.ExitCode), err: plainError{fmt.Errorf("pod %s/%s terminated (%s)\n%s", pod.Namespace, pod.Name, t.Reason, t.Message)}}
		}
	}
	return fmt.Errorf("pod %s/%s failed with unknown exit code", pod.Namespace, pod.Name)
}

func (s *session) waitForPod(ctx context.Context, m *manifest, timeout time.Duration, is func(*api.Pod) bool) (*api.Pod, error) {
	var last *api.Pod
	err := s.waitUntil(ctx, m.resource, m.object.namespace(), m.object.name(), time.Now().Add(timeout), present(func(o object) (bool, error) {
		pod, err := typed[*api.Pod](o)
		last = pod
		return err == nil && is(pod), err
	}))
	return last, err
}

func (s *session) removeAfterRun(ctx context.Context, o *runOptions, m *manifest) {
	d := &deleteOptions{changeFlags: o.changeFlags, gracePeriod: -1, cascade: "background"}
	d.output = ""
	options, err := d.options()
	if err == nil && o.quiet {
		quiet := *s
		quiet.Out = io.Discard
		_, err = quiet.deleteOne(ctx, d, m, options)
	} else if err == nil {
		_, err = s.deleteOne(ctx, d, m, options)
	}
	if err != nil && !api.IsNotFound(err) {
		fmt.Fprintln(s.Err, errorText(err))
	}
}
