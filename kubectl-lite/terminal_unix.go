//go:build unix

package kubectllite

import (
	"os"
	"os/signal"
	"syscall"
)

// notifySize tells when the terminal has another size.
func notifySize(changed chan<- os.Signal) { signal.Notify(changed, syscall.SIGWINCH) }
