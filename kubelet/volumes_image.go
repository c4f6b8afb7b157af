package kubelet

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"kubelite/api"
)

// An image volume shows what is in an image, read-only. Docker only learned to mount images in version 28; therefore
// each pod has the files laid out once, before its first container that mounts them starts. The image is fetched
// as a container's is, and what goes wrong shows on the container in the same words.

// setUpImageVolumes lays out the images that a container mounts and that are not there yet.
func (w *podWorker) setUpImageVolumes(ctx context.Context, pod *api.Pod, c *api.Container) *startError {
	for i := range pod.Spec.Volumes {
		v := &pod.Spec.Volumes[i]
		if v.Image == nil || !slices.ContainsFunc(c.VolumeMounts, func(m api.VolumeMount) bool { return m.Name == v.Name }) {
			continue
		}
		dir := w.k.volumeDir(pod.UID, v.Name)
		if _, err := os.Stat(dir); err == nil {
			continue
		}
		image, failed := w.ensureImage(ctx, pod, &api.Container{Name: c.Name, Image: v.Image.Reference, ImagePullPolicy: v.Image.PullPolicy})
		if failed != nil {
			return failed
		}
		if err := w.k.layOutImage(ctx, image, dir); err != nil {
			return &startError{waitingReason: waitingReason{reasonCreateConfigError, fmt.Sprintf("failed to mount image %q: %v", v.Image.Reference, err)}}
		}
	}
	return nil
}

// layOutImage puts an image's files into a directory, all of them or none.
func (k *Kubelet) layOutImage(ctx context.Context, image *Image, dir string) error {
	unfinished := dir + "~" // no volume has such a name
	err := errors.Join(os.RemoveAll(unfinished), os.MkdirAll(filepath.Dir(dir), 0o755), os.Mkdir(unfinished, 0o755))
	if err == nil {
		err = k.runtime.ExtractImage(ctx, image.ID, unfinished)
	}
	if err != nil {
		return errors.Join(err, os.RemoveAll(unfinished))
	}
	return os.Rename(unfinished, dir)
}
