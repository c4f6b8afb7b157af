//go:build unix

package kubelet

import "syscall"

// endSoon lets a connection be forgotten a second after it is closed. What cannot be set costs memory, no more.
func endSoon(fd uintptr) {
	_ = syscall.SetsockoptLinger(int(fd), syscall.SOL_SOCKET, syscall.SO_LINGER, &syscall.Linger{Onoff: 1, Linger: 1})
}
