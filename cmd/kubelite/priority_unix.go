//go:build unix

package main

import (
	"os"
	"strconv"
	"syscall"
)

// fleetNice is how much of its turn a fleet leaves to others; 19 would be all of it, and nodes whose Leases come too late are taken
// for dead.
const fleetNice = 5

// giveWay lets other programs go first when the processors are not enough for all. A fleet stands for thousands of machines that
// would bring processors of their own: the control plane should not have to wait for it. What cannot be done is left undone.
func giveWay() {
	// Linux has a priority for each thread, and a new thread takes that of the one that starts it.
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		_ = syscall.Setpriority(syscall.PRIO_PROCESS, 0, fleetNice)
		return
	}
	for _, thread := range threads {
		if id, err := strconv.Atoi(thread.Name()); err == nil {
			_ = syscall.Setpriority(syscall.PRIO_PROCESS, id, fleetNice)
		}
	}
}
