package kubelet

import (
	"context"
	"hash/fnv"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"kubelite/api"
	"kubelite/client"
)

// Pods change in three places: in the API, which the informer tells; in the runtime, when a container dies or
// somebody removes it with `docker rm`; and while the kubelet was not there to see it. This file is about the latter
// two. Nothing is written down for it: the runtime keeps what we told it, the API keeps what should be.

// listen passes the runtime's events on to the pods' workers.
func (k *Kubelet) listen(ctx context.Context) error {
	for {
		err := k.runtime.Events(ctx, func(uid api.UID) { k.wakePod(ctx, uid) })
		if !client.Wait(ctx, time.Second) {
			return nil
		}
		k.log.Debug("runtime's events ended", "error", err) // relist sees what is missed meanwhile
	}
}

// wakePod makes the pod's worker look, if it has one.
func (k *Kubelet) wakePod(ctx context.Context, uid api.UID) {
	k.mu.Lock()
	w := k.workers[uid]
	k.mu.Unlock()
	if w != nil {
		w.wake(ctx)
	}
}

// relistForever looks at the whole runtime every few seconds, for what its events did not tell.
func (k *Kubelet) relistForever(ctx context.Context) error {
	for first := true; ; first = false {
		pods, err := k.runtime.ListPods(ctx)
		if err != nil {
			k.log.Debug("runtime not listed", "error", err)
		} else {
			k.relist(ctx, pods)
			if first {
				k.removeLeftovers(pods)
			}
		}
		if !client.Wait(ctx, k.relistPeriod) {
			return nil
		}
	}
}

// relist wakes the workers of pods that are not as they were when last looked at. A pod that nobody looks after was
// deleted from the API while we were away: it gets a worker that ends it.
func (k *Kubelet) relist(ctx context.Context, pods []*RuntimePod) {
	found := map[api.UID]*RuntimePod{}
	for _, pod := range pods {
		found[pod.UID] = pod
	}
	k.mu.Lock()
	var changed []*podWorker
	for uid, w := range k.workers {
		now := uint64(0)
		if pod := found[uid]; pod != nil {
			now = fingerprint(pod)
		}
		w.mu.Lock()
		if w.pod != nil && !w.busy && w.fingerprint != now {
			changed = append(changed, w)
		}
		w.mu.Unlock()
		delete(found, uid)
	}
	k.mu.Unlock()
	for _, w := range changed {
		w.wake(ctx)
	}
	for uid, pod := range found {
		k.log.Info("pod was deleted while the kubelet was away", "namespace", pod.Namespace, "name", pod.Name)
		orphan := &api.Pod{ObjectMeta: api.ObjectMeta{
			Namespace: pod.Namespace, Name: pod.Name, UID: uid, DeletionGracePeriodSeconds: api.Ptr[int64](1),
		}}
		api.SetTypeMeta(orphan)
		k.worker(uid).update(client.WithTimer(ctx, "relist"), orphan, true, 0)
	}
}

// removeLeftovers deletes the directories of pods that neither the API nor the runtime has: a kubelet died between
// removing a pod's containers and its files.
func (k *Kubelet) removeLeftovers(pods []*RuntimePod) {
	known := map[string]bool{}
	for _, pod := range pods {
		known[string(pod.UID)] = true
	}
	k.mu.Lock()
	for uid := range k.workers {
		known[string(uid)] = true
	}
	k.mu.Unlock()
	entries, err := os.ReadDir(filepath.Join(k.cfg.RootDir, "pods"))
	if err != nil {
		k.log.Warn("pod directories not listed", "error", err)
	}
	for _, e := range entries {
		if known[e.Name()] {
			continue
		}
		if err := os.RemoveAll(k.podDir(api.UID(e.Name()))); err != nil {
			k.log.Warn("pod directory not removed", "uid", e.Name(), "error", err)
		}
	}
}

// fingerprint is a number that differs when anything of the pod in the runtime does: 0 for a pod with nothing.
func fingerprint(pod *RuntimePod) uint64 {
	sum := uint64(0)
	add := func(id, state string) { // adding makes the order not matter
		h := fnv.New64a()
		_, _ = h.Write([]byte(id + state)) // never fails
		sum += h.Sum64()
	}
	for _, s := range pod.Sandboxes {
		add(s.ID, strconv.FormatBool(s.Ready))
	}
	for _, c := range pod.Containers {
		add(c.ID, string(c.State))
	}
	return sum
}
