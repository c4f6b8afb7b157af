package kubectllite

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"kubelite/api"
	"kubelite/client/remote"
)

func newAttach(s *session) *cobra.Command {
	var o streamFlags
	cmd := &cobra.Command{
		Use: "attach (POD | TYPE/NAME) -c CONTAINER", Short: "Attach to a running container",
		Example:           "  kubectl-lite attach web-1 -i -t",
		ValidArgsFunction: s.completePods(),
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case len(args) == 0:
				return errors.New("at least 1 argument is required for attach")
			case len(args) > 2:
				return fmt.Errorf("expected POD, TYPE/NAME, or TYPE NAME, (at most 2 arguments) saw %d: %v", len(args), args)
			case o.timeout <= 0:
				return errors.New("--pod-running-timeout must be higher than zero")
			case len(args) == 2:
				args = []string{args[0] + "/" + args[1]}
			}
			pod, err := s.podFor(cmd.Context(), fileFlags{}, args, o.timeout)
			if err != nil {
				return err
			}
			if pod.Status.Phase.Ended() {
				return fmt.Errorf("cannot attach a container in a completed pod; current phase is %s", pod.Status.Phase)
			}
			return s.attach(cmd.Context(), &o, pod)
		},
	}
	o.add(cmd)
	s.completeContainers(cmd)
	return cmd
}

// attach talks with the process that a container runs already.
func (s *session) attach(ctx context.Context, o *streamFlags, pod *api.Pod) error {
	container, err := s.chooseContainer(pod, o.container, o.quiet)
	if err != nil {
		return fmt.Errorf("cannot attach to the container: %w", err)
	}
	has := hasTTY(pod, container)
	if o.tty && !has && !o.quiet {
		fmt.Fprintf(s.Err, "error: Unable to use a TTY - container %s did not allocate one\n", container)
	}
	talk := &remote.Command{Out: s.Out, Err: s.Err}
	if o.stdin {
		talk.In = s.In
	}
	terminal := s.terminal(o.stdin && has, o.quiet)
	if !o.quiet {
		fmt.Fprintln(s.Err, "All commands and output from this session will be recorded in container logs, including credentials and sensitive information passed through the command prompt.")
		fmt.Fprintln(s.Err, "If you don't see a command prompt, try pressing enter.")
	}
	restore, err := lend(terminal, talk)
	if err != nil {
		return err
	}
	if talk.TTY {
		talk.In = &detachable{Reader: s.In}
	}
	err = s.talk(ctx, talk, pod, "attach", talk.Query(container, nil))
	restore() // before anything is said: on a terminal that was lent, lines would not begin at the left
	if err != nil {
		return err
	}
	if !o.quiet && talk.TTY {
		s.sessionEnded(pod, container)
	}
	return nil
}

// attachOrLog attaches, and shows what the container has written if that cannot be done.
func (s *session) attachOrLog(ctx context.Context, o *streamFlags, pod *api.Pod, container string) error {
	if err := s.attach(ctx, o, pod); err != nil {
		fmt.Fprintf(s.Err, "warning: couldn't attach to pod/%s, falling back to streaming logs: %v\n", pod.Name, err)
		return s.copyLog(ctx, &logsOptions{}, logSource{pod.Namespace, pod.Name, container}, s.Out)
	}
	return nil
}

func (s *session) sessionEnded(pod *api.Pod, container string) {
	again := fmt.Sprintf("'kubectl-lite attach %s -c %s -n %s -i -t'", pod.Name, container, pod.Namespace)
	if slices.Contains(containerNames(pod).ephemeral, container) {
		fmt.Fprintf(s.Out, "Session ended, the ephemeral container will not be restarted but may be reattached using %s if it is still running\n", again)
		return
	}
	fmt.Fprintf(s.Out, "Session ended, resume using %s command\n", strings.TrimSpace(again))
}

func hasTTY(pod *api.Pod, container string) bool {
	for i := range pod.Spec.Containers {
		if c := &pod.Spec.Containers[i]; c.Name == container {
			return c.TTY
		}
	}
	for i := range pod.Spec.EphemeralContainers {
		if c := &pod.Spec.EphemeralContainers[i]; c.Name == container {
			return c.TTY
		}
	}
	return false
}
