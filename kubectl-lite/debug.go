package kubectllite

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"kubelite/api"
	"kubelite/client"
)

// debugOptions are the flags of debug.
type debugOptions struct {
	streamFlags
	files         fileFlags
	attach        bool
	image, target string
	pullPolicy    string
	env           map[string]string
	asArgs        bool
	profile       string
	custom        string

	// Of a copy.
	copyTo            string
	replace, sameNode bool
	setImages         map[string]string
	shareProcesses    *bool // nil: as the profile says
	keep              kept
}

// kept is what a copy has from the pod that it is a copy of, beside its containers.
type kept struct{ labels, annotations, liveness, readiness, startup, initContainers bool }

func newDebug(s *session) *cobra.Command {
	var o debugOptions
	var share bool
	cmd := &cobra.Command{
		Use: "debug (POD | TYPE[[.VERSION].GROUP]/NAME) [ -- COMMAND [args...] ]", Short: "Create debugging sessions for troubleshooting workloads and nodes",
		Example: `  kubectl-lite debug web-1 -it --image=busybox --target=app
  kubectl-lite debug web-1 -it --image=busybox --copy-to=web-debug
  kubectl-lite debug web-1 -it --copy-to=web-debug --container=app -- sh
  kubectl-lite debug web-1 --copy-to=web-debug --set-image=*=busybox
  kubectl-lite debug node/n1 -it --image=busybox`,
		ValidArgsFunction: s.completePods(),
		RunE: func(cmd *cobra.Command, args []string) error {
			var command []string
			if dash := cmd.ArgsLenAtDash(); dash >= 0 {
				args, command = args[:dash], args[dash:]
			}
			if o.attach && o.image == "" && o.container == "" {
				return errors.New("you must specify --container or create a new container using --image in order to attach.")
			}
			o.attach = o.attach || o.stdin && !cmd.Flags().Changed("attach")
			if cmd.Flags().Changed("share-processes") {
				o.shareProcesses = &share
			}
			if err := o.check(args, command); err != nil {
				return err
			}
			return s.debug(cmd.Context(), &o, args, command)
		},
	}
	o.addStreams(cmd)
	f := cmd.Flags()
	f.StringSliceVarP(&o.files.names, "filename", "f", nil, "identifying the resource to debug")
	f.StringVarP(&o.container, "container", "c", "", "Container name to use for debug container.")
	f.BoolVar(&o.attach, "attach", false, "If true, wait for the container to start running, and then attach as if 'kubectl-lite attach ...' were called.  Default false, unless '-i/--stdin' is set, in which case the default is true.")
	f.StringVar(&o.image, "image", "", "Container image to use for debug container.")
	f.StringVar(&o.pullPolicy, "image-pull-policy", "", "The image pull policy for the container. If left empty, this value will not be specified by the client and defaulted by the server.")
	f.StringVar(&o.target, "target", "", "When using an ephemeral container, target processes in this container name.")
	f.StringToStringVar(&o.env, "env", nil, "Environment variables to set in the container.")
	f.BoolVar(&o.asArgs, "arguments-only", false, "If specified, everything after -- will be passed to the new container as Args instead of Command.")
	f.StringVar(&o.profile, "profile", "general", `Options are "general", "baseline", "restricted", "netadmin" or "sysadmin". Defaults to "general"`)
	f.StringVar(&o.custom, "custom", "", "Path to a JSON or YAML file containing a partial container spec to customize built-in debug profiles.")
	const ofCopies = "(This flag only works when used with '--copy-to')"
	f.StringVar(&o.copyTo, "copy-to", "", "Create a copy of the target Pod with this name.")
	f.BoolVar(&o.replace, "replace", false, "When used with '--copy-to', delete the original Pod.")
	f.BoolVar(&o.sameNode, "same-node", false, "When used with '--copy-to', schedule the copy of target Pod on the same node.")
	f.BoolVar(&share, "share-processes", true, "When used with '--copy-to', enable process namespace sharing in the copy.")
	f.StringToStringVar(&o.setImages, "set-image", nil, "When used with '--copy-to', a list of name=image pairs for changing container images, similar to how 'kubectl-lite set image' works.")
	f.BoolVar(&o.keep.labels, "keep-labels", false, "If true, keep the original pod labels."+ofCopies)
	f.BoolVar(&o.keep.annotations, "keep-annotations", false, "If true, keep the original pod annotations."+ofCopies)
	f.BoolVar(&o.keep.liveness, "keep-liveness", false, "If true, keep the original pod liveness probes."+ofCopies)
	f.BoolVar(&o.keep.readiness, "keep-readiness", false, "If true, keep the original pod readiness probes."+ofCopies)
	f.BoolVar(&o.keep.startup, "keep-startup", false, "If true, keep the original startup probes."+ofCopies)
	f.BoolVar(&o.keep.initContainers, "keep-init-containers", true, "Run the init containers for the pod. Defaults to true."+ofCopies)
	o.timeout = 24 * time.Hour
	return cmd
}

// check finds what does not go together, before anything is asked of the server.
func (o *debugOptions) check(args, command []string) error {
	switch {
	case debugProfiles[o.profile] == nil:
		return fmt.Errorf("unknown profile: %s", o.profile)
	case o.copyTo != "" && o.image == "" && len(o.setImages) == 0 && len(command) == 0:
		return errors.New("you must specify --image, --set-image or command arguments.")
	case o.copyTo != "" && len(command) > 0 && o.container == "" && o.image == "":
		return errors.New("you must specify an existing container or a new image when specifying args.")
	case o.copyTo == "" && o.replace:
		return errors.New("--replace may only be used with --copy-to.")
	case o.copyTo == "" && o.sameNode:
		return errors.New("--same-node may only be used with --copy-to.")
	case o.copyTo == "" && len(o.setImages) > 0:
		return errors.New("--set-image may only be used with --copy-to.")
	case o.copyTo == "" && o.image == "":
		return errors.New("you must specify --image when not using --copy-to.")
	case o.image != "" && !imageName.MatchString(o.image):
		return fmt.Errorf("invalid image name %q: invalid reference format", o.image)
	case len(args) == 0 && !o.files.given():
		return errors.New("NAME or filename is required for debug")
	case !slices.Contains([]string{"", "Always", "IfNotPresent", "Never"}, o.pullPolicy):
		return fmt.Errorf("invalid image pull policy: %s", o.pullPolicy)
	case o.target != "" && o.copyTo != "":
		return errors.New("--target is incompatible with --copy-to. Use --share-processes instead.")
	case o.tty && !o.stdin:
		return errors.New("-i/--stdin is required for containers with -t/--tty=true")
	}
	for name, image := range o.setImages {
		if !imageName.MatchString(image) {
			return fmt.Errorf("invalid image name %q for container %q: invalid reference format", image, name)
		}
	}
	return nil
}

func (s *session) debug(ctx context.Context, o *debugOptions, targets, command []string) error {
	customize, err := o.readCustom()
	if err != nil {
		return err
	}
	if o.target != "" && !o.quiet {
		fmt.Fprintf(s.Out, "Targeting container %q. If you don't see processes from this container it may be because the container runtime doesn't support this feature.\n", o.target)
	}
	if o.profile == "legacy" {
		fmt.Fprintln(s.Err, `--profile=legacy is deprecated and planned to be removed in v1.39. It is recommended to specify other profile, for example "--profile=general".`)
	}
	for i, target := range targets {
		if !strings.Contains(target, "/") {
			targets[i] = "pods/" + target
		}
	}
	found, err := s.selectObjects(ctx, &selection{files: o.files}, targets, true)
	if err != nil {
		return err
	}
	for i := range found {
		if err := s.debugOne(ctx, o, &found[i], command, customize); err != nil {
			return err
		}
	}
	return nil
}

func (s *session) debugOne(ctx context.Context, o *debugOptions, m *manifest, command []string, customize func(*api.Container) error) error {
	var made *manifest
	var container string
	switch m.resource.Resource() {
	case "nodes":
		pod, err := s.debugNode(o, m.object.name(), command, customize)
		if err != nil {
			return err
		}
		if made, err = s.postPod(ctx, pod); err != nil {
			return err
		}
		container = pod.Spec.Containers[0].Name
	case "pods":
		pod, err := typed[*api.Pod](m.object)
		if err != nil {
			return err
		}
		if o.copyTo != "" {
			made, container, err = s.debugCopy(ctx, o, m, pod, command, customize)
		} else {
			made, container, err = s.debugEphemeral(ctx, o, m, pod, command, customize)
		}
		if err != nil {
			return err
		}
	default:
		return fmt.Errorf("%q not supported by debug", m.resource.Group+"/"+m.resource.Version+", Kind="+m.resource.Kind)
	}
	if !o.attach || container == "" {
		return nil
	}
	return s.attachToDebug(ctx, o, made, container)
}

// readCustom is what --custom's file says of the container. It goes over what the profile says.
func (o *debugOptions) readCustom() (customize func(*api.Container) error, err error) {
	if o.custom == "" {
		return func(*api.Container) error { return nil }, nil
	}
	text, err := os.ReadFile(o.custom)
	if err != nil {
		return nil, fmt.Errorf("must pass a container spec json file for custom profile: %w", err)
	}
	invalid := func(err error) error {
		return fmt.Errorf("%s does not contain a valid container spec: %w", o.custom, err)
	}
	patch, err := api.YAMLToJSON(text)
	if err != nil {
		return nil, invalid(err)
	}
	var custom api.Container
	if err := api.UnmarshalJSON(patch, &custom); err != nil {
		return nil, invalid(err)
	}
	if custom.Name != "" || len(custom.Command) > 0 || custom.Image != "" || custom.Lifecycle != nil || len(custom.VolumeDevices) > 0 {
		return nil, errors.New("name, command, image, lifecycle and volume devices are not modifiable via custom profile")
	}
	return func(c *api.Container) error {
		before, err := api.MarshalJSON(c)
		if err != nil {
			return err
		}
		after, err := api.ApplyStrategicMergePatch(before, patch, &api.Container{})
		if err != nil {
			return fmt.Errorf("error creating three way patch to add debug container: %w", err)
		}
		*c = api.Container{}
		return api.UnmarshalJSON(after, c)
	}, nil
}

// debugName is the container's name: the one given, or one that is free.
func (s *session) debugName(o *debugOptions) string {
	if o.container != "" {
		return o.container
	}
	name := "debugger-" + randomSuffix()
	if !o.quiet {
		fmt.Fprintf(s.Out, "Defaulting debug container name to %s.\n", name)
	}
	return name
}

// apply makes a container one to look around with: what stands on the command line.
func (o *debugOptions) apply(c *api.Container, command []string) {
	switch {
	case len(command) > 0 && o.asArgs:
		c.Args = command
	case len(command) > 0:
		c.Command, c.Args = command, nil
	}
	if len(o.env) > 0 {
		c.Env = nil
	}
	for _, key := range slices.Sorted(maps.Keys(o.env)) {
		c.Env = append(c.Env, api.EnvVar{Name: key, Value: o.env[key]})
	}
	c.Image = cmp.Or(o.image, c.Image)
	c.ImagePullPolicy = cmp.Or(api.PullPolicy(o.pullPolicy), c.ImagePullPolicy)
	c.Stdin, c.TTY = o.stdin, o.tty
}

// debugEphemeral adds a container to a pod that runs, without disturbing the others.
func (s *session) debugEphemeral(ctx context.Context, o *debugOptions, m *manifest, pod *api.Pod, command []string, customize func(*api.Container) error) (*manifest, string, error) {
	c := api.Container{Name: s.debugName(o), TerminationMessagePolicy: api.TerminationMessageReadFile}
	o.apply(&c, command)
	debugProfiles[o.profile].giveRights(&c)
	if err := customize(&c); err != nil {
		return nil, "", err
	}
	s.warnOfUser(pod, &c)
	added, err := api.MarshalJSON(&api.EphemeralContainer{EphemeralContainerCommon: api.EphemeralContainerCommon(c), TargetContainerName: o.target})
	if err != nil {
		return nil, "", err
	}
	var order []string // the new one comes last
	for _, e := range pod.Spec.EphemeralContainers {
		order = append(order, fmt.Sprintf(`{"name":%q}`, e.Name))
	}
	order = append(order, fmt.Sprintf(`{"name":%q}`, c.Name))
	patch := fmt.Appendf(nil, `{"spec":{"$setElementOrder/ephemeralContainers":[%s],"ephemeralContainers":[%s]}}`, strings.Join(order, ","), added)
	changed, err := s.patchSubresource(ctx, m, "ephemeralcontainers", api.StrategicMergePatchType, patch, nil)
	return &manifest{object: changed, resource: m.resource}, c.Name, err
}

// debugCopy makes a copy of the pod, with one container more or one that is changed. No selector finds it, unless its labels are kept. The
// name of the container is "" if only images were changed: there is none to attach to.
func (s *session) debugCopy(ctx context.Context, o *debugOptions, m *manifest, pod *api.Pod, command []string, customize func(*api.Container) error) (*manifest, string, error) {
	copied := &api.Pod{ObjectMeta: api.ObjectMeta{Name: o.copyTo, Namespace: pod.Namespace, Labels: pod.Labels, Annotations: pod.Annotations}, Spec: api.DeepCopy(pod.Spec)}
	spec := &copied.Spec
	spec.EphemeralContainers = nil
	if o.shareProcesses != nil {
		spec.ShareProcessNamespace = o.shareProcesses
	}
	if !o.sameNode {
		spec.NodeName = ""
	}
	for i := range spec.Containers {
		c := &spec.Containers[i]
		c.Image = cmp.Or(o.setImages[c.Name], o.setImages["*"], c.Image)
	}
	at := slices.IndexFunc(spec.Containers, func(c api.Container) bool { return c.Name == o.container })
	name := ""
	if at >= 0 || o.image != "" {
		if at < 0 {
			at = len(spec.Containers)
			spec.Containers = append(spec.Containers, api.Container{Name: s.debugName(o), TerminationMessagePolicy: api.TerminationMessageReadFile})
		}
		c := &spec.Containers[at]
		name = c.Name
		o.apply(c, command)
		profile := debugProfiles[o.profile]
		profile.makeCopy(copied, o.keep)
		profile.giveRights(c)
		if err := customize(c); err != nil {
			return nil, "", err
		}
		s.warnOfUser(copied, c)
	} else if len(o.setImages) == 0 {
		return nil, "", errors.New("you must specify image when creating new container")
	}
	made, err := s.postPod(ctx, copied)
	if err != nil {
		return nil, "", err
	}
	if o.replace {
		_, err = s.do(ctx, client.Request{Method: "DELETE", Path: m.path(pod.Name), Body: []byte(`{"apiVersion":"v1","kind":"DeleteOptions","gracePeriodSeconds":0}`)})
	}
	return made, name, err
}

// debugNode is a pod on a node that tolerates whatever is wrong with it, and sees of it what the profile lets it see.
func (s *session) debugNode(o *debugOptions, node string, command []string, customize func(*api.Container) error) (*api.Pod, error) {
	c := api.Container{Name: cmp.Or(o.container, "debugger"), TerminationMessagePolicy: api.TerminationMessageReadFile}
	name := fmt.Sprintf("node-debugger-%s-%s", node, randomSuffix())
	if !o.quiet {
		fmt.Fprintf(s.Out, "Creating debugging pod %s with container %s on node %s.\n", name, c.Name, node)
	}
	o.apply(&c, command)
	pod := &api.Pod{ObjectMeta: api.ObjectMeta{Name: name, Namespace: s.namespace(), Labels: map[string]string{"app.kubernetes.io/managed-by": "kubectl-debug"}}}
	pod.Spec = api.PodSpec{NodeName: node, RestartPolicy: api.RestartPolicyNever, Tolerations: []api.Toleration{{Operator: api.TolerationOpExists}}}
	debugProfiles[o.profile].openNode(&pod.Spec, &c)
	if err := customize(&c); err != nil {
		return nil, err
	}
	pod.Spec.Containers = []api.Container{c}
	return pod, nil
}

func (s *session) postPod(ctx context.Context, pod *api.Pod) (*manifest, error) {
	m, err := generated(pod)
	if err != nil {
		return nil, err
	}
	m.object, err = s.postObject(ctx, m, m.object, nil)
	return m, err
}

// warnOfUser tells of rights that a user other than root cannot make use of.
func (s *session) warnOfUser(pod *api.Pod, c *api.Container) {
	rights := c.SecurityContext
	switch all := pod.Spec.SecurityContext; {
	case all == nil || all.RunAsUser == nil || *all.RunAsUser == 0, rights == nil, rights.RunAsUser != nil && *rights.RunAsUser == 0:
		return
	case (rights.Privileged == nil || !*rights.Privileged) && (rights.Capabilities == nil || len(rights.Capabilities.Add) == 0):
		return
	}
	fmt.Fprintln(s.Err, `Warning: Non-root user is configured for the entire target Pod, and some capabilities granted by debug profile may not work. Please consider using "--custom" with a custom profile that specifies "securityContext.runAsUser: 0".`)
}

func (s *session) attachToDebug(ctx context.Context, o *debugOptions, m *manifest, container string) error {
	warned := ""
	started := func(p *api.Pod) bool {
		for _, c := range slices.Concat(p.Status.EphemeralContainerStatuses, p.Status.ContainerStatuses) {
			switch {
			case c.Name != container:
			case c.State.Running != nil || c.State.Terminated != nil:
				return true
			case c.State.Waiting != nil && c.State.Waiting.Message != "" && c.State.Waiting.Message != warned && !o.quiet:
				warned = c.State.Waiting.Message
				fmt.Fprintf(s.Err, "Warning: container %s: %s\n", container, warned)
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
