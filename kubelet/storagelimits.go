package kubelet

import (
	"context"
	"fmt"
	"io/fs"
	"path/filepath"

	"kubelite/api"
)

// Nothing in the kernel keeps a container from filling the disk. So the kubelet looks every ten seconds, pressure or not, and
// evicts a pod that has more on it than it may: in one emptyDir, in one container's own files, or in all of them together.
// Logs do not count: they are the daemon's, out of our sight.
//
// Upstream: pkg/kubelet/eviction/eviction_manager.go, localStorageEviction.

// evictOverLimits looks at all pods once.
func (k *Kubelet) evictOverLimits(ctx context.Context) {
	for _, pod := range k.runningPods() {
		message, err := k.overLimit(ctx, pod)
		if err != nil {
			k.log.Debug("disk use of a pod not measured", "namespace", pod.Namespace, "name", pod.Name, "error", err)
		}
		if message != "" {
			k.evict(ctx, pod, message)
		}
	}
}

// overLimit says which limit the pod exceeds, nothing if none. Only what has a limit is measured.
func (k *Kubelet) overLimit(ctx context.Context, pod *api.Pod) (message string, err error) {
	limit, limited := api.PodLimits(&pod.Spec)[api.ResourceEphemeralStorage]
	total := int64(0)
	for i := range pod.Spec.Volumes {
		v := &pod.Spec.Volumes[i]
		if !isEmptyDir(v) || inMemory(v) {
			continue // of one in memory the kernel sees to it
		}
		own := v.EmptyDir != nil && v.EmptyDir.SizeLimit != nil && v.EmptyDir.SizeLimit.Sign() > 0
		if !own && !limited {
			continue
		}
		used := directorySize(k.volumeDir(pod.UID, v.Name))
		if own && used > v.EmptyDir.SizeLimit.Value() {
			return fmt.Sprintf("Usage of EmptyDir volume %q exceeds the limit %q. ", v.Name, v.EmptyDir.SizeLimit), nil
		}
		total += used
	}
	if !limited {
		return "", nil
	}
	seen, err := k.runtime.PodStatus(ctx, pod.UID)
	if err != nil {
		return "", err
	}
	alone := ""
	for _, rc := range seen.Running() {
		used, err := k.runtime.WritableSize(ctx, rc.ID)
		if err != nil {
			return "", err
		}
		total += used
		if c := findContainer(pod, rc.Name); c != nil && alone == "" {
			if limit, ok := c.Resources.Limits[api.ResourceEphemeralStorage]; ok && used > limit.Value() {
				alone = fmt.Sprintf("Container %s exceeded its local ephemeral storage limit %q. ", c.Name, &limit)
			}
		}
	}
	if total > limit.Value() {
		return fmt.Sprintf("Pod ephemeral local storage usage exceeds the total limit of containers %s. ", &limit), nil
	}
	return alone, nil
}

// directorySize is how much is in a directory.
func directorySize(dir string) (bytes int64) {
	_ = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil {
			return nil // what cannot be read, or has gone since, does not count
		}
		if info, err := d.Info(); err == nil && info.Mode().IsRegular() {
			bytes += info.Size()
		}
		return nil
	})
	return bytes
}
