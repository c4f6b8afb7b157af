package kubelet

import (
	"fmt"
	"os"

	"kubelite/api"
)

// isEmptyDir tells whether a volume is a scratch directory: it says so, or it says nothing.
func isEmptyDir(v *api.Volume) bool {
	return v.EmptyDir != nil || v.VolumeSource == api.VolumeSource{}
}

// inMemory tells whether a volume is to live in memory, which its containers' limits then count.
func inMemory(v *api.Volume) bool {
	return v.EmptyDir != nil && v.EmptyDir.Medium == api.StorageMediumMemory
}

// setUpEmptyDir makes the directory. Everybody may write in it, whatever user a container runs as.
func setUpEmptyDir(dir string, pod *api.Pod) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	info, err := os.Stat(dir)
	if err == nil && info.Mode().Perm() != 0o777 { // the umask took some
		err = os.Chmod(dir, info.Mode()|0o777)
	}
	if group := fsGroup(pod); err == nil && group != nil && !inGroup(dir, *group, readWrite) {
		err = giveToGroup(dir, *group, readWrite)
	}
	if err != nil {
		return fmt.Errorf("set up directory: %w", err)
	}
	return nil
}

// memoryVolumes are the pod's volumes that live in memory. Each may be as large as its limit, or the machine.
func memoryVolumes(pod *api.Pod, machine int64) []MemoryVolume {
	var volumes []MemoryVolume
	for i := range pod.Spec.Volumes {
		v := &pod.Spec.Volumes[i]
		if !inMemory(v) {
			continue
		}
		size := machine
		if limit := v.EmptyDir.SizeLimit; limit != nil && limit.Value() > 0 && (size == 0 || limit.Value() < size) {
			size = limit.Value()
		}
		volumes = append(volumes, MemoryVolume{Name: v.Name, Size: size, Group: fsGroup(pod)})
	}
	return volumes
}
