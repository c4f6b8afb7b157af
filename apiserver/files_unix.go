//go:build unix

package apiserver

import "syscall"

// mostFiles is how many files and connections the process may have open at once; 0 if nobody knows.
func mostFiles() int {
	var limit syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit) != nil {
		return 0
	}
	return int(min(limit.Cur, 1<<20)) // "unlimited" is a very large number
}
