package kubelet

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"kubelite/api"
)

// A pod's volumes are directories of this machine that its containers have mounted:
//
//	<root>/pods/<uid>/volumes/<volume>/            emptyDir: empty at first, gone with the pod
//	<root>/pods/<uid>/volumes/<volume>/..data/key  configMap, secret, downwardAPI, projected: files made from objects
//	<root>/pods/<uid>/volumes/<volume>/            image: the files of the image
//	<root>/pods/<uid>/volumes/<volume> -> path     persistentVolumeClaim, ephemeral: where the bound volume is
//	<root>/pods/<uid>/etc-hosts, resolv.conf
//	<root>/pods/<uid>/containers/<name>/<attempt>  what the container leaves as its last words
//
// A hostPath volume is the path itself. An emptyDir in memory belongs to the sandbox: only the runtime can make one.

// podDir is where everything of a pod lives that is not in the runtime.
func (k *Kubelet) podDir(uid api.UID) string {
	return filepath.Join(k.cfg.RootDir, "pods", string(uid))
}

func (k *Kubelet) volumeDir(uid api.UID, volume string) string {
	return filepath.Join(k.podDir(uid), "volumes", volume)
}

// setUpVolumes makes all of the pod's volumes. It may be called again: what is there stays, what is made from
// objects is brought up to date. A volume that is there but cannot be brought up to date, because its object was
// deleted, keeps what it has and holds nobody back.
func (w *podWorker) setUpVolumes(ctx context.Context, pod *api.Pod) error {
	for i := range pod.Spec.Volumes {
		v := &pod.Spec.Volumes[i]
		err := w.k.setUpVolume(ctx, pod, v)
		if err == nil {
			continue
		}
		if unknown := (*notProcessedError)(nil); errors.As(err, &unknown) {
			w.event(ctx, pod, "", eventWarning, "FailedMount", "Unable to attach or mount volumes: %v", unknown)
		} else {
			w.event(ctx, pod, "", eventWarning, "FailedMount", "MountVolume.SetUp failed for volume %q : %v", v.Name, err)
		}
		if _, missing := os.Lstat(w.k.volumeDir(pod.UID, v.Name)); missing != nil {
			return fmt.Errorf("set up volume %s: %w", v.Name, err)
		}
	}
	return nil
}

func (k *Kubelet) setUpVolume(ctx context.Context, pod *api.Pod, v *api.Volume) error {
	dir := k.volumeDir(pod.UID, v.Name)
	switch {
	case v.HostPath != nil:
		return setUpHostPath(v.HostPath)
	case v.PersistentVolumeClaim != nil, v.Ephemeral != nil:
		return k.setUpClaim(ctx, pod, v, dir)
	case inMemory(v):
		return nil // with the sandbox
	case v.Image != nil:
		return nil // with the first container that mounts it
	}
	sources, defaultMode := volumeSources(v)
	if sources == nil {
		if !isEmptyDir(v) {
			return errors.New("this kind of volume is not supported by kubelite")
		}
		return setUpEmptyDir(dir, pod)
	}
	files := map[string]volumeFile{}
	var errs []error
	for i := range sources {
		if err := k.project(ctx, pod, &sources[i], defaultMode, files); err != nil {
			errs = append(errs, err)
		}
	}
	if len(errs) > 0 {
		return errors.New(api.Aggregate(errs))
	}
	return writeVolume(dir, files, pod)
}

// mounts returns what a container sees of the machine: its volumes, the pod's network files, and the file for its
// last words.
func (w *podWorker) mounts(ctx context.Context, pod *api.Pod, step startStep, env []EnvVar, podIP string) ([]Mount, error) {
	c := step.Container
	var mounts []Mount
	for i := range c.VolumeMounts {
		m := &c.VolumeMounts[i]
		mount, err := w.k.volumeMount(pod, c, m, env)
		if err != nil {
			return nil, err
		}
		mounts = append(mounts, mount)
	}
	network, err := w.networkFiles(pod, c, podIP)
	if err != nil {
		return nil, err
	}
	mounts = append(mounts, network...)
	if c.TerminationMessagePath != "" {
		file := w.k.terminationFile(pod.UID, c.Name, step.Attempt)
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, nil, 0o666), os.Chmod(file, 0o666)); err != nil {
			return nil, err
		}
		mounts = append(mounts, Mount{HostPath: file, ContainerPath: c.TerminationMessagePath})
	}
	return mounts, nil
}

// volumeMount is one of a container's mounts: its volume, or what is at a path inside of it.
func (k *Kubelet) volumeMount(pod *api.Pod, c *api.Container, m *api.VolumeMount, env []EnvVar) (Mount, error) {
	at := slices.IndexFunc(pod.Spec.Volumes, func(v api.Volume) bool { return v.Name == m.Name })
	if at < 0 {
		return Mount{}, fmt.Errorf("volume %q of the mount at %s does not exist", m.Name, m.MountPath)
	}
	volume := &pod.Spec.Volumes[at]
	mount := Mount{
		HostPath: k.volumeDir(pod.UID, m.Name), ContainerPath: m.MountPath, ReadOnly: m.ReadOnly,
		Propagation: api.Deref(m.MountPropagation, api.MountPropagationNone),
	}
	if sources, _ := volumeSources(volume); sources != nil {
		mount.ReadOnly = true // it shows what objects say, and not what somebody wrote over it
	}
	sub, err := subPath(m, env)
	if err != nil {
		return Mount{}, err
	}
	switch {
	case inMemory(volume):
		if sub != "" {
			return Mount{}, fmt.Errorf("failed to prepare subPath for volumeMount %q of container %q: an emptyDir in memory can only be mounted whole", m.Name, c.Name)
		}
		mount.HostPath, mount.MemoryVolume = "", m.Name
		return mount, nil
	case volume.Image != nil:
		mount.ReadOnly = true
		if _, err := os.Stat(filepath.Join(mount.HostPath, sub)); err != nil { // nothing can be made in it
			return Mount{}, fmt.Errorf("failed to prepare subPath for volumeMount %q of container %q: it is not in the image", m.Name, c.Name)
		}
	case volume.HostPath != nil:
		mount.HostPath = volume.HostPath.Path
	case volume.PersistentVolumeClaim != nil:
		mount.ReadOnly = m.ReadOnly || volume.PersistentVolumeClaim.ReadOnly
	}
	if sub == "" {
		if linked, err := filepath.EvalSymlinks(mount.HostPath); err == nil {
			mount.HostPath = linked // a claim's volume; what is not there the runtime makes, or complains about
		}
		return mount, nil
	}
	if mount.HostPath, err = pathInside(mount.HostPath, sub); err != nil {
		k.log.Warn("subPath not prepared", "namespace", pod.Namespace, "name", pod.Name, "volume", m.Name, "error", err)
		// What is wrong with it is not for the user to know: it would tell about the machine's files.
		return Mount{}, fmt.Errorf("failed to prepare subPath for volumeMount %q of container %q", m.Name, c.Name)
	}
	return mount, nil
}

// subPath is the path inside of its volume that a mount shows, "" for the whole volume.
func subPath(m *api.VolumeMount, env []EnvVar) (string, error) {
	if m.SubPathExpr == "" {
		return m.SubPath, nil
	}
	sub := expandAll([]string{m.SubPathExpr}, env)[0]
	switch {
	case strings.Contains(sub, "$("):
		_, rest, _ := strings.Cut(sub, "$(")
		name, _, _ := strings.Cut(rest, ")")
		return "", fmt.Errorf("missing value for %s", name)
	case filepath.IsAbs(sub):
		return "", fmt.Errorf("error SubPath `%s` must not be an absolute path", sub)
	case !filepath.IsLocal(sub):
		return "", fmt.Errorf("unable to provision SubPath `%s`: must not contain '..'", sub)
	}
	return sub, nil
}

// pathInside finds a path inside of a volume, or makes a directory there. A root keeps links in the volume from
// pointing the mount elsewhere on the machine.
func pathInside(dir, sub string) (string, error) {
	sub = filepath.Clean(sub)
	root, err := os.OpenRoot(dir)
	if err != nil {
		return "", err
	}
	defer root.Close()
	volume, err := root.Stat(".")
	if err != nil {
		return "", err
	}
	// What is missing is made as accessible as the volume itself, whatever the umask says.
	for i := range len(sub) + 1 {
		if i < len(sub) && sub[i] != '/' {
			continue
		}
		switch err := root.Mkdir(sub[:i], 0o700); {
		case err == nil:
			err = root.Chmod(sub[:i], volume.Mode().Perm()|volume.Mode()&fs.ModeSetgid)
			if err != nil {
				return "", err
			}
		case !errors.Is(err, fs.ErrExist):
			return "", err
		}
	}
	if _, err := root.Stat(sub); err != nil {
		return "", err
	}
	return filepath.EvalSymlinks(filepath.Join(dir, sub))
}
