package store

import (
	"os"
	"syscall"
)

// syncData waits until the file's data is on disk. Unlike fsync it does not wait for metadata that reading the data
// does not need, such as the time of the last change.
func syncData(f *os.File) error {
	for {
		err := syscall.Fdatasync(int(f.Fd()))
		if err != syscall.EINTR {
			return os.NewSyscallError("fdatasync", err)
		}
	}
}

// preallocate gives an empty file its size, and disk space for all of it.
func preallocate(f *os.File, size int64) error {
	err := syscall.Fallocate(int(f.Fd()), 0, 0, size)
	if err == syscall.EOPNOTSUPP || err == syscall.ENOSYS {
		return f.Truncate(size) // some filesystems cannot; then space is found on each write
	}
	return os.NewSyscallError("fallocate", err)
}

// unmapPages takes the pages of a mapped file out of this process's memory. They stay in the kernel's cache, and
// come back one by one as they are read. (For an anonymous mapping the same call would lose the data.)
func unmapPages(address, size uintptr) error {
	if _, _, errno := syscall.Syscall(syscall.SYS_MADVISE, address, size, syscall.MADV_DONTNEED); errno != 0 {
		return os.NewSyscallError("madvise", errno)
	}
	return nil
}
