package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"kubelite/api"
	"kubelite/client"
)

// loopPrefix is before the name of a control loop of the controllers, where a component is named: "controllers/job-controller".
const loopPrefix = "controllers/"

// isStopped tells whether the user wants the component down.
func isStopped(p Profile, name string) bool {
	_, err := os.Stat(p.stoppedFile(name))
	return err == nil
}

// StopComponent ends one component and keeps it down until StartComponent, over restarts of the cluster too. It
// returns when the process is gone. Of a control loop it returns when the controllers run without it.
func StopComponent(ctx context.Context, p Profile, name string) error {
	name, err := checkComponent(p, name)
	if err != nil {
		return err
	}
	if strings.HasPrefix(name, loopPrefix) {
		if isStopped(p, name) {
			return nil
		}
		return changeLoops(ctx, p, func() error { return os.WriteFile(p.stoppedFile(name), nil, 0o600) })
	}
	if err := os.WriteFile(p.stoppedFile(name), nil, 0o600); err != nil {
		return err
	}
	if pid := componentPID(p, name); pid != 0 {
		endProcess(pid)
	}
	return nil
}

// StartComponent lets the supervisor run a stopped component again and returns when its process is there.
func StartComponent(ctx context.Context, p Profile, name string) error {
	name, err := checkComponent(p, name)
	if err != nil {
		return err
	}
	letStart := func() error {
		if err := os.Remove(p.stoppedFile(name)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
		return nil
	}
	if strings.HasPrefix(name, loopPrefix) {
		if !isStopped(p, name) {
			return nil
		}
		return changeLoops(ctx, p, letStart)
	}
	if err := letStart(); err != nil {
		return err
	}
	return waitComponent(ctx, p, name)
}

// waitComponent returns when the supervisor has started a component.
func waitComponent(ctx context.Context, p Profile, name string) error {
	for ctx.Err() == nil {
		if componentPID(p, name) != 0 {
			return nil
		}
		client.Wait(ctx, firstRestart/5)
	}
	return fmt.Errorf("%s did not start; see %s", name, p.LogFile(name))
}

// changeLoops changes which control loops run. The controllers are told when they start, so those that run are started again.
func changeLoops(ctx context.Context, p Profile, change func() error) error {
	if err := os.MkdirAll(p.Path("run", "controllers"), 0o700); err != nil {
		return err
	}
	if isStopped(p, "controllers") {
		return change()
	}
	if err := StopComponent(ctx, p, "controllers"); err != nil {
		return err
	}
	return errors.Join(change(), StartComponent(ctx, p, "controllers"))
}

// stoppedLoops are the control loops that the user wants down.
func stoppedLoops(p Profile) (names []string) {
	for _, name := range api.ControllerNames() {
		if isStopped(p, loopPrefix+name) {
			names = append(names, name)
		}
	}
	return names
}

// checkComponent refuses names that are no component, and a cluster that is not running. It returns the name in full: control
// loops have a shorter one, too.
func checkComponent(p Profile, name string) (string, error) {
	config, err := loadConfig(p)
	if err != nil {
		return "", err
	}
	if loop, ok := strings.CutPrefix(name, loopPrefix); ok {
		if loop, err = api.ControllerName(loop); err != nil {
			return "", fmt.Errorf("no component %q: %w; there are %v", name, err, api.ControllerNames())
		}
		name = loopPrefix + loop
	} else if !slices.Contains(config.Components(), name) {
		return "", fmt.Errorf("no component %q; there are %v, and the loops of the controllers: controllers/NAME", name, config.Components())
	}
	if supervisorPID(p) == 0 {
		return "", fmt.Errorf("profile %q is not running", p.Name)
	}
	return name, nil
}
