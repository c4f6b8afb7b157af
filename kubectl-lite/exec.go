package kubectllite

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"kubelite/api"
	"kubelite/client"
	"kubelite/client/remote"
)

// streamFlags are what exec, attach, run and debug have in common.
type streamFlags struct {
	container         string
	stdin, tty, quiet bool
	timeout           time.Duration
}

func (o *streamFlags) add(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVarP(&o.container, "container", "c", "", "Container name. If omitted, use the kubectl.kubernetes.io/default-container annotation for selecting the container to be attached or the first container in the pod will be chosen")
	o.addStreams(cmd)
	f.DurationVar(&o.timeout, "pod-running-timeout", time.Minute, "The length of time (like 5s, 2m, or 3h, higher than zero) to wait until at least one pod is running")
}

func (o *streamFlags) addStreams(cmd *cobra.Command) {
	f := cmd.Flags()
	f.BoolVarP(&o.stdin, "stdin", "i", false, "Pass stdin to the container")
	f.BoolVarP(&o.tty, "tty", "t", false, "Stdin is a TTY")
	f.BoolVarP(&o.quiet, "quiet", "q", false, "Only print output from the remote session")
}

func newExec(s *session) *cobra.Command {
	var o streamFlags
	var files fileFlags
	cmd := &cobra.Command{
		Use: "exec (POD | TYPE/NAME) [-c CONTAINER] [flags] -- COMMAND [args...]", Short: "Execute a command in a container",
		Example: `  kubectl-lite exec web-1 -- date
  kubectl-lite exec -it deploy/web -c app -- sh`,
		ValidArgsFunction: s.completePods(),
		RunE: func(cmd *cobra.Command, args []string) error {
			dash := cmd.ArgsLenAtDash()
			var command []string
			switch {
			case dash >= 0:
				args, command = args[:dash], args[dash:]
			case len(args) > 1 || len(args) == 1 && files.given():
				return usageErrorf("exec", "exec [POD] [COMMAND] is not supported anymore. Use exec [POD] -- [COMMAND] instead")
			}
			switch {
			case len(args) == 0 && !files.given():
				return errors.New("pod, type/name or --filename must be specified")
			case len(command) == 0:
				return errors.New("you must specify at least one command for the container")
			case o.timeout <= 0:
				return usageErrorf("exec", "--pod-running-timeout must be higher than zero")
			}
			pod, err := s.podFor(cmd.Context(), files, args, o.timeout)
			if err != nil {
				return err
			}
			if pod.Status.Phase.Ended() {
				return fmt.Errorf("cannot exec into a container in a completed pod; current phase is %s", pod.Status.Phase)
			}
			return s.exec(cmd.Context(), &o, pod, command)
		},
	}
	o.add(cmd)
	cmd.Flags().StringSliceVarP(&files.names, "filename", "f", nil, "to use to exec into the resource")
	s.completeContainers(cmd)
	return cmd
}

// podFor is the pod that is named, or the first of what is named: a Deployment's, a Service's.
func (s *session) podFor(ctx context.Context, files fileFlags, args []string, timeout time.Duration) (*api.Pod, error) {
	c, err := s.connect()
	if err != nil {
		return nil, err
	}
	if len(args) > 0 && !strings.Contains(args[0], "/") {
		args = append([]string{"pods"}, args...)
	}
	found, err := s.selectObjects(ctx, &selection{files: files}, args, true)
	if err != nil {
		return nil, err
	}
	if len(found) != 1 {
		return nil, errors.New("cannot exec into multiple objects at a time")
	}
	m := &found[0]
	if m.resource.Resource() == "pods" {
		return typed[*api.Pod](m.object)
	}
	selector, err := podSelector(m.object)
	if err != nil {
		return nil, fmt.Errorf("cannot attach to *v1.%s: selector for *v1.%s not implemented", m.resource.Kind, m.resource.Kind)
	}
	deadline := time.Now().Add(timeout)
	for {
		page, err := client.Of[*api.Pod](c).List(ctx, m.object.namespace(), client.ListOptions{LabelSelector: selector})
		if err != nil {
			return nil, err
		}
		if pod := bestPod(page.Items); pod != nil {
			return pod, nil
		}
		if time.Now().After(deadline) {
			return nil, errNotYet
		}
		if !client.Wait(ctx, 200*time.Millisecond) { // for as long as the user said, until there is a pod
			return nil, ctx.Err()
		}
	}
}

// bestPod is the one to talk with: one that runs, is ready, for longest. One that has ended is better than none: who asked is told.
func bestPod(pods []*api.Pod) *api.Pod {
	var best *api.Pod
	for _, pod := range pods {
		if best == nil || byLogging(pod, best) < 0 {
			best = pod
		}
	}
	return best
}

// chooseContainer is the one asked for, or the pod's default.
func (s *session) chooseContainer(pod *api.Pod, asked string, quiet bool) (string, error) {
	names := containerNames(pod)
	if asked != "" {
		if !names.has(asked) {
			return "", fmt.Errorf("container %s is not valid for pod %s out of: %s", asked, pod.Name, names)
		}
		return asked, nil
	}
	if preferred := pod.Annotations["kubectl.kubernetes.io/default-container"]; names.has(preferred) {
		return preferred, nil
	}
	if len(names.regular) == 0 {
		return "", fmt.Errorf("no containers in pod %s", pod.Name)
	}
	if names.count() > 1 && !quiet {
		fmt.Fprintf(s.Err, "Defaulted container %q out of: %s\n", names.regular[0], names)
	}
	return names.regular[0], nil
}

// exec runs a command in a container. Its exit code becomes ours.
func (s *session) exec(ctx context.Context, o *streamFlags, pod *api.Pod, command []string) error {
	container, err := s.chooseContainer(pod, o.container, o.quiet)
	if err != nil {
		return err
	}
	talk := &remote.Command{Out: s.Out, Err: s.Err}
	if o.stdin {
		talk.In = s.In
	}
	restore, err := lend(s.terminal(o.stdin && o.tty, o.quiet), talk)
	if err != nil {
		return err
	}
	defer restore()
	return s.talk(ctx, talk, pod, "exec", talk.Query(container, command))
}

// talk has a conversation at a subresource of a pod.
func (s *session) talk(ctx context.Context, talk *remote.Command, pod *api.Pod, sub string, query url.Values) error {
	err := talk.Run(ctx, s.api, api.KindOf[*api.Pod]().Path(pod.Namespace, pod.Name)+"/"+sub, query)
	var ended remote.ExitError
	if errors.As(err, &ended) {
		return &exitError{code: int(ended), err: plainError{err}}
	}
	return err
}

// plainError is printed as it is, without "error: " before it.
type plainError struct{ error }

// capture executes a command and gives back its output: what cp is made of.
func (s *session) capture(ctx context.Context, pod *api.Pod, container string, in io.Reader, out io.Writer, command ...string) error {
	talk := &remote.Command{In: in, Out: out, Err: s.Err}
	return s.talk(ctx, talk, pod, "exec", talk.Query(container, command))
}
