//go:build !linux

package main

import "time"

// releaseBinaryPages does nothing where there is no madvise that drops file pages at once.
func releaseBinaryPages() {}

// processorTime is unknown: the process is taken to rest, and gives its memory back once.
func processorTime() time.Duration { return 0 }

func adviseHugePages(uintptr, uintptr, bool) {}
