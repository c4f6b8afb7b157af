//go:build !linux

package cluster

import "os/exec"

// startRelaxed starts a process; other systems than Linux have nothing like its timer slack.
func startRelaxed(cmd *exec.Cmd) error { return cmd.Start() }
