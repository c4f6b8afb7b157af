package docker

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"

	"kubelite/api"
	"kubelite/kubelet"
)

// Stats asks the daemon about each of the node's running containers, a few at a time.
func (r *Runtime) Stats(ctx context.Context) ([]kubelet.ContainerStats, error) {
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
			stats[i], errs[i] = r.containerStats(ctx, list[i].ID, list[i].Labels, list[i].Created)
		})
	}
	wg.Wait()
	var all []kubelet.ContainerStats
	for i := range stats {
		switch {
		case stats[i] != nil:
			all = append(all, *stats[i])
		case errs[i] != nil && !errdefs.IsNotFound(errs[i]) && !errdefs.IsConflict(errs[i]): // it may have ended meanwhile
			return nil, fmt.Errorf("measure a container: %w", errs[i])
		}
	}
	return all, nil
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

// containerStats measures one container.
func (r *Runtime) containerStats(ctx context.Context, id string, labels map[string]string, created int64) (*kubelet.ContainerStats, error) {
	answer, err := r.docker.ContainerStatsOneShot(ctx, id)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	var s container.StatsResponse
	if err := json.NewDecoder(answer.Body).Decode(&s); err != nil {
		return nil, err
	}
	stats := &kubelet.ContainerStats{
		Pod: api.UID(labels[labelPodUID]), Namespace: labels[labelNamespace], PodName: labels[labelPodName], Name: labels[labelContainer],
		Time: s.Read, StartedAt: time.Unix(created, 0), CPU: time.Duration(s.CPUStats.CPUUsage.TotalUsage), Memory: int64(s.MemoryStats.Usage),
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
