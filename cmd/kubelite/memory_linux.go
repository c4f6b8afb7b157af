package main

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"
)

// processorTime is how much the process has used so far, 0 if that is unknown.
func processorTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// releaseBinaryPages unmaps the pages of our own binary. They stay in the system's page cache, and those that are needed
// again are mapped again when they are touched: nothing is lost but a few microseconds. What cannot be done is left
// undone, since nothing depends on it.
func releaseBinaryPages() {
	self, err := os.Executable()
	if err != nil {
		return
	}
	maps, err := os.Open("/proc/self/maps")
	if err != nil {
		return
	}
	defer maps.Close()
	for lines := bufio.NewScanner(maps); lines.Scan(); {
		// 00400000-00b8e000 r-xp 00000000 fe:00 1234  /path/to/kubelite
		fields := strings.Fields(lines.Text())
		if len(fields) < 6 || fields[5] != self || fields[1][1] == 'w' {
			continue // only what cannot differ from the file may be dropped
		}
		var from, to uintptr
		if _, err := fmt.Sscanf(fields[0], "%x-%x", &from, &to); err != nil {
			return
		}
		_, _, _ = syscall.Syscall(syscall.SYS_MADVISE, from, to-from, syscall.MADV_DONTNEED)
	}
}

// adviseHugePages says whether the memory between two addresses shall be on huge pages, as far as it is not touched yet.
// A kernel that has none, or gives none to anybody, makes no difference.
func adviseHugePages(from, to uintptr, yes bool) {
	advice := uintptr(syscall.MADV_NOHUGEPAGE)
	if yes {
		advice = syscall.MADV_HUGEPAGE
	}
	_, _, _ = syscall.Syscall(syscall.SYS_MADVISE, from, to-from, advice)
}
