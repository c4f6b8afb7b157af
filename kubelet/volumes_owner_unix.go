//go:build unix

package kubelet

import (
	"io/fs"
	"syscall"
)

// groupOf is the group that owns a file.
func groupOf(info fs.FileInfo) int64 {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return int64(s.Gid)
	}
	return -1
}
