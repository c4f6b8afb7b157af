package main

import (
	"runtime"
	"sync"
	"unsafe"
)

// The first touch of a page of memory interrupts the program, and where the machine is a virtual one that is dear: of the time in which
// five thousand pods are bound it took a twelfth. A process that grows touches tens of thousands of them, of 4 KiB each. So what a busy
// process has beyond what it needs at rest lies on pages of 2 MiB. At rest there are none: one that holds a small object takes 2 MiB.

const (
	hugePage = 2 << 20
	// roomToGrow is how much the heap may grow on huge pages, in bytes. What goes beyond lies on small ones.
	roomToGrow = 192 << 20
)

// upperHeap is the part of the heap that a process grows into. Go takes the lowest free address for what is new, so it is empty as long
// as a process is small.
type upperHeap struct {
	mu          sync.Mutex
	from, to    uintptr // addresses, guarded by mu; 0 until the process grows
	collections uint64  // guarded by mu: how many there were when the heap was last seen to grow
	settled     uint64  // how much was alive after start-up, in bytes
}

// follow looks at the heap after each collection of garbage. While little happens there is none but those that giveBack asks for.
func (h *upperHeap) follow() {
	runtime.AddCleanup(&struct{ *upperHeap }{h}, func(h *upperHeap) { // what nobody holds goes in the next collection
		go func() {
			h.collected()
			h.follow()
		}()
	}, h)
}

func (h *upperHeap) collected() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if collections() == h.collections || alive() < h.settled*3/2 {
		return
	}
	if h.from == 0 {
		h.reserve()
	}
	adviseHugePages(h.from, h.to, true)
	h.collections = collections()
}

// reserve makes the heap large, once, without touching what it gets. Go keeps the addresses when it collects that.
func (h *upperHeap) reserve() {
	room := make([]byte, roomToGrow)
	h.from = (uintptr(unsafe.Pointer(&room[0])) + hugePage - 1) / hugePage * hugePage
	h.to = h.from + roomToGrow - hugePage
	runtime.KeepAlive(room)
	runtime.GC() // or for some time garbage would be measured by a heap that large
}

// rest is for a process that has nothing to do and is about to give memory back. The kernel must not fill up with huge pages again
// where little is left.
func (h *upperHeap) rest() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.from != 0 {
		adviseHugePages(h.from, h.to, false)
	}
}

// collections is how often garbage was collected because the heap had grown.
func collections() uint64 { return runtimeMetric("/gc/cycles/automatic:gc-cycles") }
