package docker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"

	"kubelite/api"
	"kubelite/kubelet"
)

// statsTimeout is how long the daemon has to measure all containers: one that hangs holds up nobody who asks about the others.
const statsTimeout = 10 * time.Second

// Stats asks the daemon about each of the node's running containers, a few at a time.
func (r *Runtime) Stats(ctx context.Context) ([]kubelet.ContainerStats, error) {
	ctx, cancel := context.WithTimeout(ctx, statsTimeout)
	defer cancel()
	only := r.ours()
	only.Add("status", container.StateRunning)
	list, err := r.docker.ContainerList(ctx, container.ListOptions{Filters: only})
	if err != nil {
		return nil, fmt.Errorf("list running containers: %w", err)
	}
	var wg sync.WaitGroup
	slots := make(chan struct{}, maxStarts)
	stats, errs := make([]*kubelet.ContainerStats, len(list)), make([]error, len(list))
	for i := range list {
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			stats[i], errs[i] = r.containerStats(ctx, list[i])
		})
	}
	wg.Wait()
	var all []kubelet.ContainerStats
	for i := range stats {
		if stats[i] != nil {
			all = append(all, *stats[i])
		} else if errs[i] != nil {
			errs[i] = fmt.Errorf("measure container %s: %w", list[i].ID, errs[i])
		}
	}
	return all, errors.Join(errs...)
}

// WritableSize has the daemon add up what the container has written.
func (r *Runtime) WritableSize(ctx context.Context, id string) (int64, error) {
	found, _, err := r.docker.ContainerInspectWithRaw(ctx, id, true)
	if errdefs.IsNotFound(err) {
		return 0, nil
	}
	if err != nil {
		return 0, daemonError(err)
	}
	return api.Deref(found.SizeRw, 0), nil
}

// containerStats measures one container. It returns nil without an error for one that has ended.
func (r *Runtime) containerStats(ctx context.Context, c container.Summary) (*kubelet.ContainerStats, error) {
	answer, err := r.docker.ContainerStatsOneShot(ctx, c.ID)
	if errdefs.IsNotFound(err) || errdefs.IsConflict(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	var s container.StatsResponse
	if err := json.NewDecoder(answer.Body).Decode(&s); errors.Is(err, io.EOF) {
		return nil, nil // the daemon says nothing about one that ends while it is being measured
	} else if err != nil {
		return nil, err
	}
	labels := c.Labels
	stats := &kubelet.ContainerStats{
		Pod: api.UID(labels[labelPodUID]), Namespace: labels[labelNamespace], PodName: labels[labelPodName], Name: labels[labelContainer],
		Time: s.Read, StartedAt: time.Unix(c.Created, 0), CPU: time.Duration(s.CPUStats.CPUUsage.TotalUsage), Memory: int64(s.MemoryStats.Usage),
	}
	if stats.Time.IsZero() {
		stats.Time = time.Now()
	}
	if labels[labelType] == typeSandbox {
		stats.Name = ""
	}
	// The kernel counts cached files as memory in use; those that nobody has touched for a while it would give back at
	// once. The first name of each pair is that of cgroup v1, the second that of v2.
	memory := func(names ...string) int64 {
		for _, name := range names {
			if n, ok := s.MemoryStats.Stats[name]; ok {
				return int64(n)
			}
		}
		return 0
	}
	stats.WorkingSet = max(stats.Memory-memory("total_inactive_file", "inactive_file"), 0)
	stats.RSS = memory("total_rss", "anon")
	for _, n := range s.Networks {
		stats.Received += int64(n.RxBytes)
		stats.Sent += int64(n.TxBytes)
	}
	return stats, nil
}

// Machine looks at the machine that this process runs on, if the daemon runs there, too.
func (r *Runtime) Machine(context.Context) (kubelet.MachineStats, error) {
	root := r.storage.Load()
	if root == nil {
		return kubelet.MachineStats{}, nil
	}
	storage := storageOf(*root)
	if storage.Capacity == 0 { // its directory is not here, and so it is not
		return kubelet.MachineStats{}, nil
	}
	stats, err := machineStats()
	stats.Storage = storage
	return stats, err
}
