package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"kubelite/client"
)

// A paused cluster takes no processor time and loses nothing: every component is frozen where it is (SIGSTOP), and so are
// the containers of the system's pods, or of all. It goes on from there, within moments and without a restart.
//
//	pause     run/paused ─▶ components freeze, the API server last ─▶ containers freeze
//	unpause   containers go on ─▶ components go on, the API server first ─▶ run/paused is removed
//
// The file comes first and goes last: whoever finds a component that does not answer sees why.

// systemNamespaces are whose pods are paused unless others are named: minikube's list.
var systemNamespaces = []string{"kube-system", "kubernetes-dashboard", "istio-operator"}

func (p Profile) pausedFile() string { return p.Path("run", "paused") }

// isPaused tells whether the cluster is paused.
func (p Profile) isPaused() bool {
	_, err := os.Stat(p.pausedFile())
	return err == nil
}

// checkNotPaused refuses what needs components that answer.
func (p Profile) checkNotPaused() error {
	if p.isPaused() {
		return fmt.Errorf("profile %q is paused: `kubelite unpause` first", p.Name)
	}
	return nil
}

func pauseCommand(machine Machine) *cobra.Command {
	return holdCommand(pausing("pause", "Freeze a cluster until it is unpaused; or, told whose and which, hold writes until they are let through", "Pausing", "paused", machine, Pause))
}

func unpauseCommand(machine Machine) *cobra.Command {
	return pausing("unpause", "Let a paused cluster go on", "Unpausing", "unpaused", machine, Unpause)
}

// pausing makes both commands, as they are about the whole cluster.
func pausing(use, short, doing, done string, machine Machine, act func(ctx context.Context, p Profile, machine Machine, namespaces []string, pr *progress) error) *cobra.Command {
	var namespaces []string
	var all bool
	cmd := profileCommand(use, short, cobra.NoArgs, func(cmd *cobra.Command, p Profile, _ []string) error {
		if all {
			namespaces = nil
		} else if len(namespaces) == 0 {
			return errors.New("use -A to name all namespaces")
		}
		pr := newProgress(cmd.OutOrStdout())
		defer pr.stop()
		pr.doing("%s cluster %s", doing, p.Name)
		if err := act(cmd.Context(), p, machine, namespaces, pr); err != nil {
			return err
		}
		pr.stop()
		_, err := fmt.Fprintf(pr, "profile %q %s\n", p.Name, done)
		return err
	})
	cmd.Flags().StringSliceVarP(&namespaces, "namespaces", "n", systemNamespaces, namespacesHelp[use])
	cmd.Flags().BoolVarP(&all, "all-namespaces", "A", false, use+" the pods of all namespaces")
	return cmd
}

var namespacesHelp = map[string]string{
	"pause":   "namespaces whose pods to pause; with WHAT, those of the objects (default all)",
	"unpause": "namespaces whose pods to unpause",
}

// Pause freezes the components, and the containers of pods in the namespaces; nil: in all. Pausing a paused cluster freezes
// what is in the namespaces that are added.
func Pause(ctx context.Context, p Profile, machine Machine, namespaces []string, pr *progress) error {
	config, err := loadConfig(p)
	if err != nil {
		return err
	}
	if supervisorPID(p) == 0 {
		return fmt.Errorf("profile %q is not running", p.Name)
	}
	if err := client.ReplaceFile(p.pausedFile(), nil, 0o600); err != nil {
		return err
	}
	names := config.Components()
	slices.Reverse(names)
	if err := signalComponents(p, names, signalFreeze); err != nil {
		return err
	}
	pr.done("Components paused: %s", strings.Join(abridged(names), ", "))
	if config.Runtime != RuntimeDocker {
		return nil
	}
	containers, err := machine.SetPaused(ctx, p.Name, namespaces, true)
	if err != nil {
		return fmt.Errorf("pause the containers: %w", err)
	}
	pr.done("Paused %d containers%s", containers, in(namespaces))
	return nil
}

// Unpause lets the containers in the namespaces, nil: in all, and then the components go on.
func Unpause(ctx context.Context, p Profile, machine Machine, namespaces []string, pr *progress) error {
	config, err := loadConfig(p)
	if err != nil {
		return err
	}
	if !p.isPaused() {
		return fmt.Errorf("profile %q is not paused", p.Name)
	}
	if config.Runtime == RuntimeDocker {
		containers, err := machine.SetPaused(ctx, p.Name, namespaces, false)
		if err != nil {
			return fmt.Errorf("unpause the containers: %w", err)
		}
		pr.done("Unpaused %d containers%s", containers, in(namespaces))
	}
	if err := thaw(p, config); err != nil {
		return err
	}
	pr.done("Components go on: %s", strings.Join(abridged(config.Components()), ", "))
	return nil
}

func in(namespaces []string) string {
	if namespaces == nil {
		return ""
	}
	return " in: " + strings.Join(namespaces, ", ")
}

// thaw lets the components go on. Those that lead by a lease have lost it, and would notice only after a first look at a
// world in which no node has been heard of since: the supervisor makes fresh ones.
func thaw(p Profile, config *Config) error {
	var lasting, leading []string
	for _, name := range config.Components() {
		if name == "controllers" || name == "scheduler" {
			leading = append(leading, name)
		} else {
			lasting = append(lasting, name)
		}
	}
	err := errors.Join(signalComponents(p, leading, syscall.SIGKILL), signalComponents(p, lasting, signalThaw))
	if err != nil {
		return err
	}
	return os.Remove(p.pausedFile())
}

// signalComponents sends a signal to those of the components that run.
func signalComponents(p Profile, names []string, signal syscall.Signal) error {
	var errs []error
	for _, name := range names {
		pid := componentPID(p, name)
		if pid == 0 {
			continue
		}
		if err := signalProcess(pid, signal); err != nil && !errors.Is(err, syscall.ESRCH) {
			errs = append(errs, fmt.Errorf("signal %s: %w", name, err))
		}
	}
	return errors.Join(errs...)
}
