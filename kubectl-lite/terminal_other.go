//go:build !unix

package kubectllite

import "os"

// notifySize tells nothing: the terminal keeps the size that it had in the beginning.
func notifySize(chan<- os.Signal) {}
