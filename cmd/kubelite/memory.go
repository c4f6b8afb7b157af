package main

import (
	"context"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"time"

	"kubelite/client"
)

const (
	// settled is when start-up is over and what only it needed can go.
	settled = 3 * time.Second
	// large is how much a process holds when its garbage is to take a smaller share, down to largePercent: it grows no more. What
	// all of a hundred thousand pods are to so many processes has to fit into a machine.
	large        = 512 << 20
	largePercent = 33
	// grown is how much a process holds that has read a lot at its start. To collect that early, as its environment has
	// told it to, would take too long.
	grown = 16 << 20
	// lookInterval is how often a process looks at itself. If it used less than restShare of one core since, it rests.
	lookInterval = 15 * time.Second
	restShare    = 0.02
)

// thrift says what memory a process may spend.
type thrift struct {
	// percent of what is alive may be garbage before it is collected. 100 is Go's own figure.
	percent int
	// room may be filled with it in any case, up to four times what is alive: collecting takes time that clients would wait.
	room uint64
	// profiled says that what the memory is used for can be asked for: apiserver/profiling.go. Go keeps samples of it, scattered
	// over a table of a thousand pages.
	profiled bool
	// processors are those that the process uses, 0 for all of the machine's. Go has a store of free memory for each.
	processors int
}

// longRunning names the commands that stay.
var longRunning = map[string]thrift{
	"apiserver":      {percent: 100, room: 64 << 20, profiled: true},
	"controllers":    {percent: 50, room: 64 << 20},
	"scheduler":      {percent: 50, room: 64 << 20},
	"kubelet":        {percent: 50},
	"proxy":          {percent: 50},
	"dns":            {percent: 50},
	"ingress":        {percent: 100},
	"supervise":      {percent: 50, processors: 1},
	"metrics-server": {percent: 50, processors: 1},

	"simulated-nodes": {percent: 50, room: 512 << 20},
}

// keepSmall makes a process that is mostly idle small: half a dozen of them make a cluster. Once start-up is over, and
// whenever the process rests, garbage is collected and memory given back, with the pages of the binary that were touched
// once: four fifths of them are not touched again.
//
// Until then there is little garbage. More would do harm for good: what start-up makes is mostly needed on, and would lie
// scattered among it, over pages that cannot be given back.
func keepSmall(ctx context.Context, allowed thrift) {
	if !allowed.profiled {
		runtime.MemProfileRate = 0
	}
	if allowed.processors > 0 {
		runtime.GOMAXPROCS(allowed.processors)
	}
	go func() {
		for end := time.Now().Add(settled); time.Now().Before(end) && client.Wait(ctx, settled/30); {
			if alive() > grown {
				debug.SetGCPercent(100)
				client.Wait(ctx, time.Until(end))
			}
		}
		giveBack()
		debug.SetGCPercent(allowed.garbagePercent(alive()))
		upper := upperHeap{collections: collections(), settled: alive()}
		if allowed.room > 0 {
			upper.follow()
		}
		for used := processorTime(); client.Wait(ctx, lookInterval); {
			debug.SetGCPercent(allowed.garbagePercent(alive()))
			now := processorTime()
			if now-used < time.Duration(restShare*float64(lookInterval)) {
				upper.rest()
				giveBack()
			}
			used = now
		}
	}()
}

// garbagePercent is the percentage for a heap of which so many bytes are alive.
func (t thrift) garbagePercent(alive uint64) int {
	percent := max(t.percent, int(min(400, 100*t.room/max(alive, 1))))
	if alive > large {
		percent = max(largePercent, int(uint64(percent)*large/alive))
	}
	return percent
}

// alive is what the last collection left.
func alive() uint64 { return runtimeMetric("/gc/heap/live:bytes") }

func runtimeMetric(name string) uint64 {
	sample := []metrics.Sample{{Name: name}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// giveBack collects garbage and returns what is free.
func giveBack() {
	debug.FreeOSMemory()
	releaseBinaryPages()
}
