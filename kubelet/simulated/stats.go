package simulated

import (
	"context"
	"time"

	"kubelite/kubelet"
)

// Stats pretends that each container has always used what its pod's annotations cpu and memory say.
func (r *Runtime) Stats(context.Context) ([]kubelet.ContainerStats, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	var stats []kubelet.ContainerStats
	for _, p := range r.pods {
		b, _ := readBehaviour(p.Annotations)
		for _, c := range p.Containers {
			if c.State != kubelet.ContainerRunning {
				continue
			}
			stats = append(stats, kubelet.ContainerStats{
				Pod: p.UID, Namespace: p.Namespace, PodName: p.Name, Name: c.Name, Time: now, StartedAt: c.StartedAt,
				CPU: c.cpuUsed(p, now), Memory: b.memory, WorkingSet: b.memory, RSS: b.memory,
			})
		}
	}
	return stats, nil
}

// cpuUsed is how much a container has used of the cpu in all. The caller holds mu.
func (c *simulatedContainer) cpuUsed(p *pod, now time.Time) time.Duration {
	since := c.cpuSince
	if since.Before(c.StartedAt) {
		since = c.StartedAt
	}
	if c.State != kubelet.ContainerRunning || since.IsZero() {
		return c.cpuBefore
	}
	b, _ := readBehaviour(p.Annotations)
	return c.cpuBefore + time.Duration(b.cores*float64(now.Sub(since)))
}

// WritableSize is nothing: simulated programs write to a file system that is not there.
func (r *Runtime) WritableSize(context.Context, string) (int64, error) { return 0, nil }

// Machine is not there.
func (r *Runtime) Machine(context.Context) (kubelet.MachineStats, error) {
	return kubelet.MachineStats{}, nil
}
