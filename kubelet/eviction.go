package kubelet

import (
	"context"
	"fmt"
	"slices"
	"time"

	"kubelite/api"
	"kubelite/client"
)

// A machine that runs out of memory or disk takes all of its pods down with it. Before that happens the kubelet ends
// one, then looks again:
//
//	every 10 s:   available < threshold? ──▶ condition MemoryPressure or DiskPressure: no new pods come
//	                                    └──▶ who uses more than it asked for, matters least, uses most: evicted
//
// An evicted pod has failed, and does not come back here: its controller makes another one, elsewhere. The condition
// stays for five minutes after the pressure has gone, or the pod would return at once and begin it all again.

// evictionPeriod is how often we look, pressureStays how long a condition outlives its cause.
const (
	evictionPeriod = 10 * time.Second
	pressureStays  = 5 * time.Minute
)

// The least that the machine keeps. Upstream keeps a tenth of the disk; on the large and full disk of somebody's own
// machine, which is not there for pods alone, a tenth may be missing for good.
const (
	leastMemory  = 100 << 20
	leastStorage = 1 << 30
)

// pressure is one thing that the machine may run short of.
type pressure struct {
	condition api.NodeConditionType
	resource  api.ResourceName
	least     int64 // bytes
	available func(m *MachineStats) (now int64, known bool)
}

var pressures = []pressure{
	{api.NodeMemoryPressure, api.ResourceMemory, leastMemory, func(m *MachineStats) (int64, bool) {
		return m.MemoryAvailable, m.MemoryAvailable > 0
	}},
	{api.NodeDiskPressure, api.ResourceEphemeralStorage, leastStorage, func(m *MachineStats) (int64, bool) {
		return m.Storage.Available, m.Storage.Capacity > 0
	}},
}

// evictForever ends pods that the machine cannot afford.
func (k *Kubelet) evictForever(ctx context.Context) error {
	for client.Wait(ctx, evictionPeriod) {
		if err := k.relieve(ctx); err != nil && ctx.Err() == nil {
			k.log.Warn("pressure on the node not judged", "node", k.cfg.NodeName, "error", err)
		}
	}
	return nil
}

// relieve looks once, and evicts at most one pod for pressure: what it used has to come back before the next is judged.
func (k *Kubelet) relieve(ctx context.Context) error {
	machine, err := k.runtime.Machine(ctx)
	if err != nil {
		return err
	}
	changed, short := false, (*pressure)(nil)
	for i := range pressures {
		p := &pressures[i]
		now, known := p.available(&machine)
		under := known && now < p.least
		changed = k.setPressure(p.condition, under, time.Now()) || changed
		if under && short == nil {
			short = p
		}
	}
	if changed { // at once: the scheduler must not send more
		if _, err := k.updateStatus(ctx, true); err != nil {
			k.log.Warn("node status not updated", "node", k.cfg.NodeName, "error", err)
		}
	}
	k.evictOverLimits(ctx)
	if short == nil {
		return nil
	}
	k.recorder.EventOn(client.WithTimer(ctx, "eviction"), k.nodeReference(), eventWarning, "EvictionThresholdMet", "Attempting to reclaim %s", short.resource)
	if short.condition == api.NodeDiskPressure && k.removeAllImages(ctx) {
		return nil // that may have been enough
	}
	used := map[api.UID]*podStats{}
	pods, _ := k.measuredPods(ctx) // who cannot be measured counts as using nothing
	for _, p := range pods {
		used[p.uid] = p
	}
	usage := func(pod *api.Pod) int64 { return k.usageOf(pod, used[pod.UID], short.resource) }
	for _, pod := range rankForEviction(k.runningPods(), short.resource, usage) {
		now, _ := short.available(&machine)
		if k.evict(ctx, pod, evictionMessage(pod, used[pod.UID], short.resource, short.least, now)) {
			return nil
		}
	}
	return nil
}

// runningPods are the pods that have not ended and are not about to.
func (k *Kubelet) runningPods() []*api.Pod {
	var pods []*api.Pod
	for _, pod := range k.pods.List("", nil) {
		if !pod.Status.Phase.Ended() && pod.DeletionTimestamp == nil && pod.Status.StartTime != nil {
			pods = append(pods, pod)
		}
	}
	return pods
}

// usageOf is how much a pod uses of what is short.
func (k *Kubelet) usageOf(pod *api.Pod, stats *podStats, resource api.ResourceName) (bytes int64) {
	if resource == api.ResourceMemory {
		if stats != nil {
			bytes = stats.workingSet()
		}
		return bytes
	}
	for i := range pod.Spec.Volumes {
		if v := &pod.Spec.Volumes[i]; isEmptyDir(v) && !inMemory(v) {
			bytes += directorySize(k.volumeDir(pod.UID, v.Name))
		}
	}
	return bytes
}

// evict ends a pod that uses too much, unless the cluster cannot live without it.
func (k *Kubelet) evict(ctx context.Context, pod *api.Pod, message string) bool {
	return !isCritical(pod) &&
		k.end(ctx, pod, &podFailure{Reason: "Evicted", Message: message, disruption: message, grace: time.Second})
}

// end ends a pod for the sake of others, and tells whether it was not about to end already.
func (k *Kubelet) end(ctx context.Context, pod *api.Pod, why *podFailure) bool {
	k.mu.Lock()
	w := k.workers[pod.UID]
	k.mu.Unlock()
	if w == nil || !w.evicted.CompareAndSwap(nil, why) {
		return false
	}
	w.event(client.WithTimer(ctx, "eviction"), pod, "", eventWarning, why.Reason, "%s", why.Message)
	k.log.Info("pod evicted", "namespace", pod.Namespace, "name", pod.Name, "reason", why.Reason, "why", why.Message)
	w.wake(ctx)
	return true
}

// setPressure notes whether there is pressure now, and tells whether that changes the condition.
func (k *Kubelet) setPressure(condition api.NodeConditionType, under bool, now time.Time) (changed bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	since, had := k.pressure[condition]
	switch {
	case under:
		k.pressure[condition] = now
		return !had
	case had && now.Sub(since) >= pressureStays:
		delete(k.pressure, condition)
		return true
	}
	return false
}

// under tells whether the node has a condition of pressure.
func (k *Kubelet) under(condition api.NodeConditionType) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	_, is := k.pressure[condition]
	return is
}

// pressureOn says why a new pod may not come while the node is short of something: of memory only those suffer that ask
// for none, of disk all.
func (k *Kubelet) pressureOn(pod *api.Pod) (reason, message string) {
	memory, disk := k.under(api.NodeMemoryPressure), k.under(api.NodeDiskPressure)
	if isCritical(pod) || !memory && !disk {
		return "", ""
	}
	var conditions []api.NodeConditionType
	if memory {
		conditions = append(conditions, api.NodeMemoryPressure)
	}
	if disk {
		conditions = append(conditions, api.NodeDiskPressure)
	} else if api.PodQOS(&pod.Spec) != api.PodQOSBestEffort ||
		api.Tolerates(pod.Spec.Tolerations, &api.Taint{Key: "node.kubernetes.io/memory-pressure", Effect: api.TaintEffectNoSchedule}) {
		return "", ""
	}
	return "Evicted", fmt.Sprintf("The node had condition: %v. ", conditions)
}

// isCritical tells whether the cluster cannot live without the pod.
func isCritical(pod *api.Pod) bool {
	return isStatic(pod) || isMirror(pod) || api.Deref(pod.Spec.Priority, 0) >= api.SystemCriticalPriority
}

// rankForEviction orders pods by who goes first: who uses more than it asked for, then who matters less, then whose use
// exceeds its request by most. That is also an order by quality of service: a guaranteed pod never exceeds its request.
func rankForEviction(pods []*api.Pod, resource api.ResourceName, usage func(*api.Pod) int64) []*api.Pod {
	type candidate struct {
		pod      *api.Pod
		over     int64
		priority int32
	}
	var candidates []candidate
	for _, pod := range pods {
		request := api.PodRequests(&pod.Spec)[resource]
		candidates = append(candidates, candidate{pod, usage(pod) - request.Value(), api.Deref(pod.Spec.Priority, 0)})
	}
	slices.SortStableFunc(candidates, func(a, b candidate) int {
		switch aOver, bOver := a.over > 0, b.over > 0; {
		case aOver != bOver && aOver:
			return -1
		case aOver != bOver:
			return 1
		case a.priority != b.priority:
			return int(max(min(int64(a.priority)-int64(b.priority), 1), -1))
		}
		return int(max(min(b.over-a.over, 1), -1))
	})
	ranked := make([]*api.Pod, len(candidates))
	for i, c := range candidates {
		ranked[i] = c.pod
	}
	return ranked
}

// evictionMessage says why a pod was evicted, and which of its containers used more than they had asked for.
func evictionMessage(pod *api.Pod, stats *podStats, resource api.ResourceName, least, available int64) string {
	bytes := func(n int64) string { return api.NewQuantity(n, api.BinarySI).String() }
	message := fmt.Sprintf("The node was low on resource: %v. Threshold quantity: %v, available: %v. ", resource, bytes(least), bytes(available>>10<<10))
	if stats == nil || resource != api.ResourceMemory {
		return message
	}
	for i := range stats.containers {
		used := &stats.containers[i]
		c := findContainer(pod, used.Name)
		if c == nil {
			continue
		}
		if request := c.Resources.Requests[resource]; used.WorkingSet > request.Value() {
			message += fmt.Sprintf("Container %s was using %s, request is %s, has larger consumption of %v. ", c.Name, bytes(used.WorkingSet), request, resource)
		}
	}
	return message
}
