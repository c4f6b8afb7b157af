package lab

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"

	"kubelite/client"
)

// restartDelay is how long a program stays down that has ended by itself. Somebody starts it again, as in every cluster.
const restartDelay = 500 * time.Millisecond

// ProgramOutput is the file with what a copy of the program has said when a trial ran it, "" if none has.
func (s *Session) ProgramOutput(copy int) string {
	file := s.credentials(copy, "program.log")
	if _, err := os.Stat(file); err != nil {
		return ""
	}
	return file
}

// process is a copy of the learner's program that is kept running.
type process struct {
	copy    int
	command []string
	env     []string
	output  string // file
	tell    func(copy int, what string)

	mu     sync.Mutex
	cmd    *exec.Cmd // guarded by mu; nil between two lives
	killed bool      // guarded by mu: it was we who ended it
}

// newProcess is a copy of the program that does not run yet.
func (s *Session) newProcess(copy int, command []string, tell func(copy int, what string)) *process {
	return &process{
		copy: copy, command: command, tell: tell, env: append(os.Environ(), s.Environment(copy)...),
		output: s.credentials(copy, "program.log"),
	}
}

// run keeps the program running until ctx ends. It returns an error if it cannot be started.
func (p *process) run(ctx context.Context) error {
	out, err := os.OpenFile(p.output, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer out.Close()
	for ctx.Err() == nil {
		cmd := exec.Command(p.command[0], p.command[1:]...) //nolint:gosec // the learner's own program
		cmd.Env, cmd.Stdout, cmd.Stderr = p.env, out, out
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // a script's children end with it
		p.mu.Lock()
		err := cmd.Start()
		if err == nil {
			p.cmd, p.killed = cmd, false
		}
		p.mu.Unlock()
		if err != nil {
			return fmt.Errorf("start your program: %w", err)
		}
		p.tell(p.copy, "started")
		stop := context.AfterFunc(ctx, func() { p.kill() })
		err = cmd.Wait()
		stop()
		p.mu.Lock()
		killed := p.killed
		p.cmd = nil
		p.mu.Unlock()
		switch {
		case ctx.Err() != nil:
			return nil
		case killed:
			p.tell(p.copy, "killed, as if the power had gone")
		case err != nil:
			p.tell(p.copy, fmt.Sprintf("ended by itself: %v (%s)", err, p.output))
		default:
			p.tell(p.copy, "ended by itself ("+p.output+")")
		}
		client.Wait(ctx, restartDelay)
	}
	return nil
}

// kill ends the program as a power cut would: it has no chance to say goodbye.
func (p *process) kill() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd == nil {
		return
	}
	p.killed = true
	if err := syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
		p.tell(p.copy, fmt.Sprintf("could not be killed: %v", err))
	}
}
