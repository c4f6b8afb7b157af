package cluster

import (
	"os/exec"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// timerSlack is how much later than asked for the kernel may wake a thread of a component: PR_SET_TIMERSLACK in prctl(2), 50 µs
// otherwise. A busy Go program has a thread that looks every 20 µs whether a system call takes long, so that somebody else could have
// its processor. Of all that the API server's threads woke for that was two fifths, and another fifth was to hand a processor over
// for the time of a call that was about to end.
const timerSlack = time.Millisecond

// startRelaxed starts a process whose threads, and the processes that it starts in turn, have timerSlack. Only a thread itself may set
// it, and Go's own are there before a program's first line runs, but all of it is inherited.
func startRelaxed(cmd *exec.Cmd) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if unix.Prctl(unix.PR_SET_TIMERSLACK, uintptr(timerSlack), 0, 0, 0) == nil { // else it starts as any other
		defer func() { _ = unix.Prctl(unix.PR_SET_TIMERSLACK, 0, 0, 0, 0) }() // 0 is what the thread had
	}
	return cmd.Start()
}
