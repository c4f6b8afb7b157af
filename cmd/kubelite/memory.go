package main

import (
	"context"
	"runtime/debug"
	"time"
)

// settled is when start-up is over and what only it needed can go.
const settled = 3 * time.Second

// longRunning names the commands that stay, with how much garbage each may have, in percent of what is alive, before it is
// collected. 100 is Go's own figure; the API server keeps it, since collecting takes time that its clients would wait.
var longRunning = map[string]int{"apiserver": 100, "controllers": 50, "scheduler": 50, "kubelet": 50, "supervise": 50}

// keepSmall makes a process that is mostly idle small: half a dozen of them make a cluster. Garbage is collected at
// gcPercent, and once start-up is over its memory is given back, with the pages of the binary that only start-up touched:
// four fifths of them.
func keepSmall(ctx context.Context, gcPercent int) {
	debug.SetGCPercent(gcPercent)
	go func() {
		select {
		case <-time.After(settled):
			debug.FreeOSMemory()
			releaseBinaryPages()
		case <-ctx.Done():
		}
	}()
}
