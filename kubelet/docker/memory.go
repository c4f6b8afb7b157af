package docker

import (
	"context"
	"fmt"
	"path"
	"slices"

	"github.com/docker/docker/api/types/mount"

	"kubelite/kubelet"
)

// A volume in memory is a tmpfs that the daemon mounts, which needs rights that a kubelet need not have. As long as any
// container has it, its content stays. So the sandbox has it too, as an anonymous volume, which Docker removes with it.

// memoryVolumeDir is where a sandbox has its volumes; nobody looks there.
const memoryVolumeDir = "/memory"

// memoryVolume is a volume in Docker's words.
func memoryVolume(v kubelet.MemoryVolume) mount.Mount {
	options := "mode=0777"
	if v.Group != nil {
		options = fmt.Sprintf("mode=2777,gid=%d", *v.Group)
	}
	if v.Size > 0 {
		options += fmt.Sprintf(",size=%d", v.Size)
	}
	return mount.Mount{Type: mount.TypeVolume, Target: path.Join(memoryVolumeDir, v.Name), VolumeOptions: &mount.VolumeOptions{
		NoCopy:       true,
		DriverConfig: &mount.Driver{Name: "local", Options: map[string]string{"type": "tmpfs", "device": "tmpfs", "o": options}},
	}}
}

// memoryVolumes finds Docker's names of the sandbox's volumes, if the container mounts any.
func (r *Runtime) memoryVolumes(ctx context.Context, sandboxID string, c *kubelet.ContainerConfig) (map[string]string, error) {
	if !slices.ContainsFunc(c.Mounts, func(m kubelet.Mount) bool { return m.MemoryVolume != "" }) {
		return nil, nil
	}
	sandbox, err := r.docker.ContainerInspect(ctx, sandboxID)
	if err != nil {
		return nil, daemonError(err)
	}
	volumes := map[string]string{}
	for _, m := range sandbox.Mounts {
		if dir, name := path.Split(m.Destination); path.Clean(dir) == memoryVolumeDir {
			volumes[name] = m.Name
		}
	}
	return volumes, nil
}
