package cluster

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"kubelite/client"
)

// Back-off of a component that keeps dying: restarted at once the first time, then ever later, and anew after it has
// stayed up for a while.
const (
	firstRestart = 100 * time.Millisecond
	lastRestart  = 10 * time.Second
	healthyAfter = 10 * time.Second
	stopGrace    = 10 * time.Second // then SIGKILL
)

// Supervise runs every component of the profile as a child process until ctx ends, and restarts those that die. It
// returns when all of them have ended, the API server last, so that the others can still say goodbye. At a SIGHUP it
// looks again at which components there are to be.
//
// `kubelite component stop` tells it to leave a component down by a file, run/<component>.stopped; see component.go.
func Supervise(ctx context.Context, p Profile, log *slog.Logger) error {
	lock, err := lockSupervisor(p)
	if err != nil {
		return err
	}
	defer lock.Close()
	hangUp := make(chan os.Signal, 1)
	signal.Notify(hangUp, syscall.SIGHUP)
	defer signal.Stop(hangUp)
	config, err := loadConfig(p)
	if err != nil {
		return err
	}
	reapOrphans(p, config, log)

	// The API server has a context of its own, which ends after the others' components have.
	apiCtx, stopAPI := context.WithCancel(context.WithoutCancel(ctx))
	defer stopAPI()
	var server, others sync.WaitGroup
	server.Go(func() { supervise(apiCtx, p, config, config.Components()[0], log) })
	letServerStart(ctx, p)
	for running := map[string]context.CancelFunc{}; ctx.Err() == nil; {
		adjust(ctx, p, config, running, &others, log)
		select {
		case <-ctx.Done():
		case <-hangUp:
			if changed, err := loadConfig(p); err != nil {
				log.Error("told to look again, but the configuration cannot be read: going on as before", "error", err)
			} else {
				config = changed
			}
		}
	}
	others.Wait()
	stopAPI()
	server.Wait()
	return nil
}

// adjust begins to supervise the components that are new, the API server not among them, and ends those that are gone.
func adjust(ctx context.Context, p Profile, config *Config, running map[string]context.CancelFunc, group *sync.WaitGroup, log *slog.Logger) {
	wanted := config.Components()[1:]
	for _, name := range wanted {
		if running[name] != nil {
			continue
		}
		own, cancel := context.WithCancel(ctx)
		running[name] = cancel
		group.Go(func() { supervise(own, p, config, name, log) })
	}
	for name, cancel := range running {
		if !slices.Contains(wanted, name) {
			cancel()
			delete(running, name)
		}
	}
}

// supervise keeps one component running.
func supervise(ctx context.Context, p Profile, config *Config, name string, log *slog.Logger) {
	delay := firstRestart
	for ctx.Err() == nil {
		if isStopped(p, name) {
			client.Wait(ctx, firstRestart)
			continue
		}
		started := time.Now()
		err := runComponent(ctx, p, config, name)
		if ctx.Err() != nil || isStopped(p, name) {
			delay = firstRestart
			continue
		}
		if time.Since(started) > healthyAfter {
			delay = firstRestart
		}
		log.Warn("component died, restarting it", "component", name, "error", err, "after", delay)
		client.Wait(ctx, delay)
		delay = min(delay*3, lastRestart)
	}
}

// runComponent starts a component and returns when its process has ended.
func runComponent(ctx context.Context, p Profile, config *Config, name string) error {
	args, err := config.commandLine(p, name)
	if err != nil {
		return err
	}
	self, err := executable()
	if err != nil {
		return err
	}
	out, err := os.OpenFile(p.LogFile(name), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer out.Close()
	cmd := exec.CommandContext(ctx, self, args...)
	cmd.Stdout, cmd.Stderr = out, out
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = stopGrace
	cmd.SysProcAttr = ownGroup()
	if err := cmd.Start(); err != nil {
		return err
	}
	defer os.Remove(p.PIDFile(name))
	if err := client.ReplaceFile(p.PIDFile(name), []byte(strconv.Itoa(cmd.Process.Pid)), 0o600); err != nil {
		return errors.Join(err, cmd.Process.Kill(), cmd.Wait())
	}
	return cmd.Wait()
}

// lockSupervisor makes sure that a profile has one supervisor. The system lets go of the lock when the process ends,
// however it ends, so whoever can take it knows that there is none.
func lockSupervisor(p Profile) (*os.File, error) {
	f, err := os.OpenFile(p.Path("run", "supervisor.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := lockFile(f); err != nil {
		f.Close()
		return nil, fmt.Errorf("profile %q is being supervised already", p.Name)
	}
	return f, client.ReplaceFile(p.PIDFile("supervisor"), []byte(strconv.Itoa(os.Getpid())), 0o600)
}

// supervisorPID returns the process id of the running supervisor, 0 if there is none.
func supervisorPID(p Profile) int {
	f, err := os.OpenFile(p.Path("run", "supervisor.lock"), os.O_RDWR, 0)
	if err != nil {
		return 0
	}
	defer f.Close()
	if lockFile(f) == nil {
		return 0
	}
	return readPID(p.PIDFile("supervisor"))
}

// reapOrphans ends components that outlived a supervisor which was killed: their ports and files must be free.
func reapOrphans(p Profile, config *Config, log *slog.Logger) {
	for _, name := range config.Components() {
		pid := componentPID(p, name)
		if pid == 0 {
			continue
		}
		log.Info("ending a component that has lost its supervisor", "component", name, "pid", pid)
		endProcess(pid)
		os.Remove(p.PIDFile(name))
	}
}

// endProcess asks a process that is not our child to end, insists after the grace period, and returns when it is gone.
func endProcess(pid int) {
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		if signalProcess(pid, signal) != nil {
			return
		}
		for deadline := time.Now().Add(stopGrace); time.Now().Before(deadline); {
			if signalProcess(pid, 0) != nil {
				return
			}
			time.Sleep(10 * time.Millisecond) // there is no event for the end of a process that is not our child
		}
	}
}

// componentPID returns the process id of a component that runs, 0 if it does not.
func componentPID(p Profile, name string) int {
	if pid := readPID(p.PIDFile(name)); pid != 0 && isOurs(p, pid) {
		return pid
	}
	return 0
}

// isOurs tells whether a process id read from a file still belongs to a component of this profile: the system may have
// given it to somebody else since.
func isOurs(p Profile, pid int) bool {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	if err != nil { // not Linux, or gone
		b, err = exec.Command("ps", "-o", "command=", "-p", strconv.Itoa(pid)).Output()
	}
	return err == nil && strings.Contains(string(b), p.Dir()+"/")
}

func readPID(file string) int {
	b, err := os.ReadFile(file)
	if err != nil {
		return 0
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(b)))
	if err != nil {
		return 0
	}
	return pid
}

// letServerStart returns when the API server is ready, or after a few seconds: then its log says why. The others would only
// knock at a closed door, and take from the server the processors that it needs to open it.
func letServerStart(ctx context.Context, p Profile) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	_, _ = waitAPI(ctx, p)
}
