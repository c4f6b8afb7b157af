package metrics

import (
	"sync"
	"time"

	"kubelite/api"
)

// sample is one reading of a counter of processor time and of the memory in use.
type sample struct {
	at      time.Time
	started time.Time // when the counter began; zero if nobody knows
	cpu     float64   // seconds
	memory  int64     // bytes
}

// measured is what two samples say.
type measured struct {
	at     time.Time
	window time.Duration
	cpu    float64 // processors
	memory int64
}

func (m measured) resources() api.ResourceList {
	return api.ResourceList{
		api.ResourceCPU:    api.NewMilliQuantity(int64(m.cpu*1000+0.5), api.DecimalSI),
		api.ResourceMemory: api.NewQuantity(m.memory, api.BinarySI),
	}
}

type containerKey struct {
	pod       api.Key
	container string
}

// readings are what one kubelet said at one time.
type readings struct {
	node       sample
	containers map[containerKey]sample
}

// usage keeps the last two readings of every node.
type usage struct {
	mu    sync.RWMutex
	nodes map[string]*history // guarded by mu
}

type history struct {
	missed     int // readings in vain, before the first that was not
	last       readings
	node       *measured
	containers map[containerKey]measured
}

// observe takes in a node's readings, and works out rates from what they were before:
//
//	            12.0 s                     13.5 s of processor time
//	───────────────┼──────── 15 s ────────────┼──────▶       (13.5 − 12.0) / 15 = 100m
//
// A container that was not there before has its start for a first reading. One whose counter has fallen was started anew.
func (u *usage) observe(node string, now readings) {
	u.mu.Lock()
	defer u.mu.Unlock()
	h := u.historyOf(node)
	h.containers = map[containerKey]measured{}
	for key, s := range now.containers {
		if m := rate(h.last.containers[key], s); m != nil {
			h.containers[key] = *m
		}
	}
	h.node = rate(h.last.node, now.node)
	if h.node == nil {
		h.node = sumOf(h.containers)
	}
	h.last = now
}

// miss notes a reading in vain, and returns how many there have been of a kubelet that has never answered. It is 0 for one that
// has: that one is busy or being started again.
func (u *usage) miss(node string) int {
	u.mu.Lock()
	defer u.mu.Unlock()
	h := u.historyOf(node)
	if !h.last.node.at.IsZero() {
		return 0
	}
	h.missed++
	return h.missed
}

// historyOf is called with u.mu held.
func (u *usage) historyOf(node string) *history {
	h := u.nodes[node]
	if h == nil {
		h = &history{last: readings{containers: map[containerKey]sample{}}}
		u.nodes[node] = h
	}
	return h
}

func rate(before, now sample) *measured {
	if before.at.IsZero() || before.started != now.started || now.cpu < before.cpu || !now.at.After(before.at) {
		if now.started.IsZero() || !now.at.After(now.started) {
			return nil
		}
		before = sample{at: now.started}
	}
	window := now.at.Sub(before.at)
	return &measured{at: now.at, window: window, cpu: (now.cpu - before.cpu) / window.Seconds(), memory: now.memory}
}

// sumOf is a node's first measurement: its counter has no known beginning, its containers' have.
func sumOf(containers map[containerKey]measured) *measured {
	var sum *measured
	for _, m := range containers {
		if sum == nil {
			sum = &measured{at: m.at, window: m.window}
		}
		sum.cpu, sum.memory = sum.cpu+m.cpu, sum.memory+m.memory
	}
	return sum
}

// forget drops a node that is gone.
func (u *usage) forget(node string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.nodes, node)
}

// ofNode is false while a node has not been measured.
func (u *usage) ofNode(name string) (measured, bool) {
	u.mu.RLock()
	defer u.mu.RUnlock()
	h := u.nodes[name]
	if h == nil || h.node == nil {
		return measured{}, false
	}
	return *h.node, true
}

// ofPod is the measurements of a pod's containers on its node.
func (u *usage) ofPod(node string, pod api.Key) map[string]measured {
	u.mu.RLock()
	defer u.mu.RUnlock()
	h := u.nodes[node]
	if h == nil {
		return nil
	}
	containers := map[string]measured{}
	for key, m := range h.containers {
		if key.pod == pod {
			containers[key.container] = m
		}
	}
	return containers
}
