package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"syscall"

	"kubelite/client"
)

// isStopped tells whether the user wants the component down.
func isStopped(p Profile, name string) bool {
	_, err := os.Stat(p.stoppedFile(name))
	return err == nil
}

// StopComponent ends one component and keeps it down until StartComponent, over restarts of the cluster too. It
// returns when the process is gone.
func StopComponent(p Profile, name string) error {
	if err := checkComponent(p, name); err != nil {
		return err
	}
	if err := os.WriteFile(p.stoppedFile(name), nil, 0o600); err != nil {
		return err
	}
	if pid := readPID(p.PIDFile(name)); pid != 0 && isOurs(p, pid) {
		endProcess(pid)
	}
	return nil
}

// StartComponent lets the supervisor run a stopped component again and returns when its process is there.
func StartComponent(ctx context.Context, p Profile, name string) error {
	if err := checkComponent(p, name); err != nil {
		return err
	}
	if err := os.Remove(p.stoppedFile(name)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	for ctx.Err() == nil {
		if pid := readPID(p.PIDFile(name)); pid != 0 && syscall.Kill(pid, 0) == nil {
			return nil
		}
		client.Wait(ctx, firstRestart/5)
	}
	return fmt.Errorf("%s did not start; see %s", name, p.LogFile(name))
}

// checkComponent refuses names that are no component, and a cluster that is not running.
func checkComponent(p Profile, name string) error {
	config, err := loadConfig(p)
	if err != nil {
		return err
	}
	if !slices.Contains(config.Components(), name) {
		return fmt.Errorf("no component %q; there are %v", name, config.Components())
	}
	if supervisorPID(p) == 0 {
		return fmt.Errorf("profile %q is not running", p.Name)
	}
	return nil
}
