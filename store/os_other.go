//go:build !linux

package store

import "os"

// syncData waits until the file's data is on disk. (On macOS, Go's Sync asks the drive to empty its cache too.)
func syncData(f *os.File) error { return f.Sync() }

// preallocate gives an empty file its size.
func preallocate(f *os.File, size int64) error { return f.Truncate(size) }

// unmapPages does nothing here: the kernel takes the pages when it needs memory.
func unmapPages(_, _ uintptr) error { return nil }
