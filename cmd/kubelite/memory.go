package main

import (
	"context"
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

// garbage says how much of it a process may have before it is collected.
type garbage struct {
	// percent of what is alive. 100 is Go's own figure.
	percent int
	// room may be filled in any case, up to four times what is alive: collecting takes time that clients would wait.
	room uint64
}

// longRunning names the commands that stay.
var longRunning = map[string]garbage{
	"apiserver":      {percent: 100, room: 64 << 20},
	"controllers":    {percent: 50, room: 64 << 20},
	"scheduler":      {percent: 50, room: 64 << 20},
	"kubelet":        {percent: 50},
	"proxy":          {percent: 50},
	"dns":            {percent: 50},
	"ingress":        {percent: 100},
	"supervise":      {percent: 50},
	"metrics-server": {percent: 50},

	"simulated-nodes": {percent: 50, room: 512 << 20},
}

// keepSmall makes a process that is mostly idle small: half a dozen of them make a cluster. Once start-up is over, and
// whenever the process rests, garbage is collected and memory given back, with the pages of the binary that were touched
// once: four fifths of them are not touched again.
//
// Until then there is little garbage. More would do harm for good: what start-up makes is mostly needed on, and would lie
// scattered among it, over pages that cannot be given back.
func keepSmall(ctx context.Context, allowed garbage) {
	go func() {
		for end := time.Now().Add(settled); time.Now().Before(end) && client.Wait(ctx, settled/30); {
			if alive() > grown {
				debug.SetGCPercent(100)
				client.Wait(ctx, time.Until(end))
			}
		}
		giveBack()
		debug.SetGCPercent(allowed.of(alive()))
		for used := processorTime(); client.Wait(ctx, lookInterval); {
			debug.SetGCPercent(allowed.of(alive()))
			now := processorTime()
			if now-used < time.Duration(restShare*float64(lookInterval)) {
				giveBack()
			}
			used = now
		}
	}()
}

// of is the percentage for a heap of which so many bytes are alive.
func (g garbage) of(alive uint64) int {
	percent := max(g.percent, int(min(400, 100*g.room/max(alive, 1))))
	if alive > large {
		percent = max(largePercent, int(uint64(percent)*large/alive))
	}
	return percent
}

// alive is what the last collection left.
func alive() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// giveBack collects garbage and returns what is free.
func giveBack() {
	debug.FreeOSMemory()
	releaseBinaryPages()
}
