//go:build unix

package cluster

import (
	"os"
	"syscall"
)

// Frozen processes keep all that they have, and do nothing.
const (
	signalFreeze = syscall.SIGSTOP
	signalThaw   = syscall.SIGCONT
)

// canSupervise tells why no cluster can be kept running here.
func canSupervise() error { return nil }

// signalProcess sends a signal; 0 only asks whether there is such a process.
func signalProcess(pid int, signal syscall.Signal) error { return syscall.Kill(pid, signal) }

// ownSession outlives the terminal.
func ownSession() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setsid: true} }

// ownGroup is not meant by a Ctrl-C in the terminal.
func ownGroup() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// lockFile locks a file, or fails at once. The system lets go of the lock when the process ends, however it ends.
func lockFile(f *os.File) error { return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) }
