package kubectllite

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"kubelite/api"
)

// debugOptions are the flags of debug.
type debugOptions struct {
	streamFlags
	attach        bool
	image, target string
	pullPolicy    string
	copyTo        string
	env           []string
	asArgs        bool
	profile       string
}

func newDebug(s *session) *cobra.Command {
	var o debugOptions
	cmd := &cobra.Command{
		Use: "debug (POD | TYPE/NAME) [ -- COMMAND [args...] ]", Short: "Create debugging sessions for troubleshooting workloads and nodes",
		Example: `  kubectl-lite debug web-1 -it --image=busybox --target=app
  kubectl-lite debug web-1 -it --image=busybox --copy-to=web-debug
  kubectl-lite debug node/n1 -it --image=busybox`,
		ValidArgsFunction: s.completePods(),
		RunE: func(cmd *cobra.Command, args []string) error {
			var command []string
			if dash := cmd.ArgsLenAtDash(); dash >= 0 {
				args, command = args[:dash], args[dash:]
			}
			o.attach = o.attach || o.stdin && !cmd.Flags().Changed("attach")
			switch {
			case o.image == "" && o.copyTo == "":
				return errors.New("you must specify --image when not using --copy-to.")
			case len(args) == 0:
				return errors.New("NAME or TYPE/NAME is required for debug")
			case o.tty && !o.stdin:
				return errors.New("-i/--stdin is required for containers with -t/--tty=true")
			case o.target != "" && o.copyTo != "":
				return errors.New("--target is incompatible with --copy-to. Use --share-processes instead")
			}
			return s.debug(cmd.Context(), &o, args[0], command)
		},
	}
	o.addStreams(cmd)
	f := cmd.Flags()
	f.StringVarP(&o.container, "container", "c", "", "Container name to use for debug container.")
	f.BoolVar(&o.attach, "attach", false, "If true, wait for the container to start running, and then attach as if 'kubectl-lite attach ...' were called.  Default false, unless '-i/--stdin' is set, in which case the default is true.")
	f.StringVar(&o.image, "image", "", "Container image to use for debug container.")
	f.StringVar(&o.pullPolicy, "image-pull-policy", "", "The image pull policy for the container.")
	f.StringVar(&o.target, "target", "", "When using an ephemeral container, target processes in this container name.")
	f.StringVar(&o.copyTo, "copy-to", "", "Create a copy of the target Pod with this name.")
	f.StringArrayVar(&o.env, "env", nil, "Environment variables to set in the container.")
	f.BoolVar(&o.asArgs, "arguments-only", false, "If specified, everything after -- will be passed to the new container as Args instead of Command.")
	f.StringVar(&o.profile, "profile", "general", "Options are \"legacy\", \"general\", \"baseline\", \"netadmin\", \"restricted\" or \"sysadmin\".")
	o.timeout = 24 * time.Hour
	return cmd
}

func (s *session) debug(ctx context.Context, o *debugOptions, target string, command []string) error {
	if !strings.Contains(target, "/") {
		target = "pods/" + target
	}
	found, err := s.selectObjects(ctx, &selection{}, []string{target}, true)
	if err != nil {
		return err
	}
	m := &found[0]
	switch m.resource.Resource() {
	case "nodes":
		return s.debugNode(ctx, o, m.object.name(), command)
	case "pods":
		pod, err := typed[*api.Pod](m.object)
		if err != nil {
			return err
		}
		if o.copyTo != "" {
			return s.debugCopy(ctx, o, pod, command)
		}
		return s.debugEphemeral(ctx, o, m, pod, command)
	}
	return fmt.Errorf("%q not supported by debug", m.resource.APIVersion()+", Kind="+m.resource.Kind)
}

// debugName is the container's name: the one given, or one that is free.
func (s *session) debugName(o *debugOptions) string {
	if o.container != "" {
		return o.container
	}
	name := "debugger-" + randomSuffix()
	if !o.quiet {
		fmt.Fprintf(s.Err, "Defaulting debug container name to %s.\n", name)
	}
	return name
}

// debugContainer is the container to look around with, as JSON: it fits into each of the three lists of a pod.
func (o *debugOptions) debugContainer(name string, command []string) map[string]any {
	c := map[string]any{"name": name, "image": o.image, "terminationMessagePolicy": "File"}
	words := make([]any, len(command))
	for i, word := range command {
		words[i] = word
	}
	if len(words) > 0 {
		c[map[bool]string{true: "args", false: "command"}[o.asArgs]] = words
	}
	if o.stdin {
		c["stdin"] = true
	}
	if o.tty {
		c["tty"] = true
	}
	if o.pullPolicy != "" {
		c["imagePullPolicy"] = o.pullPolicy
	}
	var env []any
	for _, pair := range o.env {
		key, value, _ := strings.Cut(pair, "=")
		env = append(env, map[string]any{"name": key, "value": value})
	}
	if len(env) > 0 {
		c["env"] = env
	}
	if o.profile == "general" {
		c["securityContext"] = map[string]any{"capabilities": map[string]any{"add": []any{"SYS_PTRACE"}}}
	}
	if o.profile == "sysadmin" {
		c["securityContext"] = map[string]any{"privileged": true}
	}
	return c
}

// debugEphemeral adds a container to a pod that runs, without disturbing the others.
func (s *session) debugEphemeral(ctx context.Context, o *debugOptions, m *manifest, pod *api.Pod, command []string) error {
	name := s.debugName(o)
	c := o.debugContainer(name, command)
	if o.target != "" {
		c["targetContainerName"] = o.target
		if !o.quiet {
			fmt.Fprintf(s.Err, "Targeting container %q. If you don't see processes from this container it may be because the container runtime doesn't support this feature.\n", o.target)
		}
	}
	patch := object{"spec": map[string]any{"ephemeralContainers": []any{c}}}
	changed, err := s.patchSubresource(ctx, m, "ephemeralcontainers", api.StrategicMergePatchType, patch.json(), nil)
	if err != nil {
		return err
	}
	m.object = changed
	return s.attachToDebug(ctx, o, m, name)
}

// debugCopy makes a copy of the pod that nobody's selector finds, with one container more.
func (s *session) debugCopy(ctx context.Context, o *debugOptions, pod *api.Pod, command []string) error {
	copied := &api.Pod{ObjectMeta: api.ObjectMeta{Name: o.copyTo, Annotations: pod.Annotations}, Spec: pod.Spec}
	copied.Spec.NodeName = ""
	copied.Spec.EphemeralContainers = nil
	m, err := generated(copied)
	if err != nil {
		return err
	}
	m.object.set(pod.Namespace, "metadata", "namespace")
	name := s.debugName(o)
	containers, _ := m.object.at("spec", "containers").([]any)
	m.object.set(append(containers, o.debugContainer(name, command)), "spec", "containers")
	if m.object, err = s.postObject(ctx, m, m.object, nil); err != nil {
		return err
	}
	return s.attachToDebug(ctx, o, m, name)
}

// debugNode makes a pod that sees the node as it is: its processes, its network, and its files at /host.
func (s *session) debugNode(ctx context.Context, o *debugOptions, node string, command []string) error {
	name := fmt.Sprintf("node-debugger-%s-%s", node, randomSuffix())
	if !o.quiet {
		fmt.Fprintf(s.Err, "Creating debugging pod %s with container debugger on node %s.\n", name, node)
	}
	pod := &api.Pod{ObjectMeta: api.ObjectMeta{Name: name, Labels: map[string]string{"app.kubernetes.io/managed-by": "kubectl-debug"}}}
	pod.Spec = api.PodSpec{NodeName: node, HostNetwork: true, HostPID: true, HostIPC: true, RestartPolicy: api.RestartPolicyNever,
		Tolerations: []api.Toleration{{Operator: api.TolerationOpExists}},
		Volumes:     []api.Volume{{Name: "host-root", VolumeSource: api.VolumeSource{HostPath: &api.HostPathVolumeSource{Path: "/"}}}},
	}
	m, err := generated(pod)
	if err != nil {
		return err
	}
	m.object.set(s.namespace(), "metadata", "namespace")
	container := o.debugContainer("debugger", command)
	container["volumeMounts"] = []any{map[string]any{"name": "host-root", "mountPath": "/host"}}
	delete(container, "securityContext")
	m.object.set([]any{container}, "spec", "containers")
	if m.object, err = s.postObject(ctx, m, m.object, nil); err != nil {
		return err
	}
	return s.attachToDebug(ctx, o, m, "debugger")
}

func (s *session) attachToDebug(ctx context.Context, o *debugOptions, m *manifest, container string) error {
	if !o.attach {
		return nil
	}
	started := func(p *api.Pod) bool {
		for _, list := range [][]api.ContainerStatus{p.Status.EphemeralContainerStatuses, p.Status.ContainerStatuses} {
			for _, c := range list {
				if c.Name == container && (c.State.Running != nil || c.State.Terminated != nil) {
					return true
				}
			}
		}
		return false
	}
	pod, err := s.waitForPod(ctx, m, o.timeout, started)
	if err != nil {
		return err
	}
	o.container = container
	return s.attachOrLog(ctx, &o.streamFlags, pod, container)
}
