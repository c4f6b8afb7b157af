//go:build unix

package docker

import "syscall"

// storageOf is the size of the file system that holds a directory of this machine, 0 if the directory is not here:
// Docker Desktop keeps its own in a virtual machine.
func storageOf(dir string) int64 {
	var fs syscall.Statfs_t
	if err := syscall.Statfs(dir, &fs); err != nil {
		return 0
	}
	return int64(fs.Blocks) * int64(fs.Bsize)
}
