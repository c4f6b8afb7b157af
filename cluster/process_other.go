//go:build !unix

package cluster

import (
	"errors"
	"os"
	"syscall"
)

// A cluster is kept running by signals to processes, which are not there on Windows. What talks to clusters elsewhere works.

const signalFreeze, signalThaw = syscall.Signal(0), syscall.Signal(0)

func canSupervise() error {
	return errors.New("a cluster needs signals to processes, which Windows does not have: start it in WSL, and use kubectl-lite from here")
}

func signalProcess(int, syscall.Signal) error { return errors.ErrUnsupported }

func ownSession() *syscall.SysProcAttr { return nil }

func ownGroup() *syscall.SysProcAttr { return nil }

func lockFile(*os.File) error { return errors.ErrUnsupported }
