package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"

	"kubelite/client"
)

// Stop ends every process of the cluster and keeps its state. Containers keep running: a kubelet that starts again
// finds them, as on a real node. Stopping a stopped cluster does nothing. A paused one goes on, for what is frozen cannot end.
func Stop(ctx context.Context, p Profile, machine Machine) error {
	config, err := loadConfig(p)
	if err != nil {
		return err
	}
	if p.isPaused() {
		if err := Unpause(ctx, p, machine, nil, newProgress(io.Discard)); err != nil {
			return err
		}
	}
	if pid := supervisorPID(p); pid != 0 {
		endProcess(pid)
	}
	reapOrphans(p, config, slog.New(slog.DiscardHandler))
	return nil
}

// Delete stops the cluster and removes everything that it made: processes, containers, networks, its directory and its
// context in the user's kubeconfigs. Deleting a profile that does not exist does nothing.
func Delete(ctx context.Context, p Profile, machine Machine, out io.Writer) error {
	config, err := loadConfig(p)
	switch {
	case p.exists() && err != nil:
		return err
	case !p.exists():
		fmt.Fprintf(out, "profile %q does not exist\n", p.Name)
		return nil
	}
	if err := Stop(ctx, p, machine); err != nil {
		return err
	}
	if config.Runtime == RuntimeDocker {
		if err := cleanProxy(ctx, p, config, machine); err != nil {
			fmt.Fprintf(out, " ! packet rules of the cluster may remain in the kernel: %v\n", err)
		}
		if err := machine.Purge(ctx, p.Name); err != nil {
			return fmt.Errorf("remove the containers and the network: %w", err)
		}
	}
	if err := errors.Join(unmergeKubeconfigs(p, config.Kubeconfigs), os.RemoveAll(p.Dir())); err != nil {
		return err
	}
	if client.ActiveProfile(p.Home) == p.Name {
		if err := client.SetActiveProfile(p.Home, client.DefaultProfile); err != nil {
			return err
		}
	}
	if err := os.Remove(p.Home); err != nil && !errors.Is(err, os.ErrNotExist) && !notEmpty(p.Home) {
		return err
	}
	fmt.Fprintf(out, "profile %q deleted\n", p.Name)
	return nil
}

// notEmpty tells that other profiles live in the home directory.
func notEmpty(dir string) bool {
	entries, err := os.ReadDir(dir)
	return err == nil && len(entries) > 0
}
