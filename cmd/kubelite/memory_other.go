//go:build !linux

package main

// releaseBinaryPages does nothing where there is no madvise that drops file pages at once.
func releaseBinaryPages() {}
