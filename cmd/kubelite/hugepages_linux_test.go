package main

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestUpperHeapIsOnHugePagesWhileItGrows(t *testing.T) {
	if _, err := os.Stat("/sys/kernel/mm/transparent_hugepage"); err != nil {
		t.Skipf("this kernel has no huge pages: %v", err)
	}
	h := upperHeap{collections: collections()}
	h.rest()
	require.Zero(t, h.from, "nothing is there to give up")

	h.collections-- // as if the heap had grown
	h.collected()
	require.Zero(t, h.from%hugePage)
	require.Equal(t, "hg", hugePageAdvice(t, h.from))
	require.Less(t, alive(), uint64(roomToGrow), "what was reserved is free")

	h.rest()
	require.Equal(t, "nh", hugePageAdvice(t, h.from))

	h.collections--
	h.collected()
	require.Equal(t, "hg", hugePageAdvice(t, h.from), "it grows again, in the same place")
}

// hugePageAdvice is the flag of the memory at an address, as /proc/self/smaps has it: "hg" asks for huge pages, "nh" for none.
func hugePageAdvice(t *testing.T, address uintptr) string {
	t.Helper()
	smaps, err := os.ReadFile("/proc/self/smaps")
	require.NoError(t, err)
	inside := false
	for line := range bytes.Lines(smaps) {
		var from, to uintptr
		if n, _ := fmt.Sscanf(string(line), "%x-%x ", &from, &to); n == 2 {
			inside = from <= address && address < to
		}
		if flags, ok := strings.CutPrefix(string(line), "VmFlags:"); ok && inside {
			for _, flag := range strings.Fields(flags) {
				if flag == "hg" || flag == "nh" {
					return flag
				}
			}
		}
	}
	return ""
}
