package kubelet

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"kubelite/api"
)

// A pod's volumes are directories of this machine that its containers have mounted:
//
//	<root>/pods/<uid>/volumes/<volume>/            emptyDir: empty at first, gone with the pod
//	<root>/pods/<uid>/volumes/<volume>/..data/key  configMap, secret, downwardAPI, projected: files made from objects
//	<root>/pods/<uid>/etc-hosts, resolv.conf
//	<root>/pods/<uid>/containers/<name>/<attempt>  what the container leaves as its last words
//
// A hostPath volume is the path itself.

// podDir is where everything of a pod lives that is not in the runtime.
func (k *Kubelet) podDir(uid api.UID) string {
	return filepath.Join(k.cfg.RootDir, "pods", string(uid))
}

func (k *Kubelet) volumeDir(uid api.UID, volume string) string {
	return filepath.Join(k.podDir(uid), "volumes", volume)
}

// setUpVolumes makes all of the pod's volumes. It may be called again: what is there stays, what is made from
// objects is brought up to date.
func (w *podWorker) setUpVolumes(ctx context.Context, pod *api.Pod) error {
	for i := range pod.Spec.Volumes {
		v := &pod.Spec.Volumes[i]
		if err := w.k.setUpVolume(ctx, pod, v); err != nil {
			w.event(ctx, pod, "", eventWarning, "FailedMount", "MountVolume.SetUp failed for volume %q : %v", v.Name, err)
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
	case v.PersistentVolumeClaim != nil, v.Ephemeral != nil, v.CSI != nil, v.NFS != nil, v.ISCSI != nil, v.Image != nil:
		return errors.New("this kind of volume is not supported by kubelite")
	}
	sources, defaultMode := volumeSources(v)
	if sources == nil { // emptyDir, and the default where nothing is said
		if err := os.MkdirAll(dir, 0o777); err != nil {
			return err
		}
		return errors.Join(os.Chmod(dir, 0o777), setGroup(dir, pod))
	}
	files := map[string]volumeFile{}
	for i := range sources {
		if err := k.project(ctx, pod, &sources[i], defaultMode, files); err != nil {
			return err
		}
	}
	return writeVolume(dir, files, pod)
}

// volumeSources returns what a volume is made from, nil if it is not made from objects. A configMap, secret or
// downwardAPI volume is a projected volume with one source.
func volumeSources(v *api.Volume) ([]api.VolumeProjection, int32) {
	switch {
	case v.Projected != nil:
		return append([]api.VolumeProjection{}, v.Projected.Sources...), api.Deref(v.Projected.DefaultMode, 0o644)
	case v.ConfigMap != nil:
		s := v.ConfigMap
		return []api.VolumeProjection{{ConfigMap: &api.ConfigMapProjection{
			LocalObjectReference: s.LocalObjectReference, Items: s.Items, Optional: s.Optional,
		}}}, api.Deref(s.DefaultMode, 0o644)
	case v.Secret != nil:
		s := v.Secret
		return []api.VolumeProjection{{Secret: &api.SecretProjection{
			LocalObjectReference: api.LocalObjectReference{Name: s.SecretName}, Items: s.Items, Optional: s.Optional,
		}}}, api.Deref(s.DefaultMode, 0o644)
	case v.DownwardAPI != nil:
		return []api.VolumeProjection{{DownwardAPI: &api.DownwardAPIProjection{Items: v.DownwardAPI.Items}}},
			api.Deref(v.DownwardAPI.DefaultMode, 0o644)
	}
	return nil, 0
}

// volumeFile is one file of a volume that is made from objects.
type volumeFile struct {
	data []byte
	mode os.FileMode
}

// project adds one source's files.
func (k *Kubelet) project(ctx context.Context, pod *api.Pod, s *api.VolumeProjection, defaultMode int32, files map[string]volumeFile) error {
	switch {
	case s.ConfigMap != nil:
		cm, err := k.objects.configMap(ctx, pod.Namespace, s.ConfigMap.Name)
		if err != nil {
			return unlessOptional(err, s.ConfigMap.Optional)
		}
		data := map[string][]byte{}
		for key, value := range cm.Data {
			data[key] = []byte(value)
		}
		for key, value := range cm.BinaryData {
			data[key] = value
		}
		return addItems(files, data, s.ConfigMap.Items, defaultMode, s.ConfigMap.Optional, "configmap references non-existent config key: ")
	case s.Secret != nil:
		secret, err := k.objects.secret(ctx, pod.Namespace, s.Secret.Name)
		if err != nil {
			return unlessOptional(err, s.Secret.Optional)
		}
		return addItems(files, secret.Data, s.Secret.Items, defaultMode, s.Secret.Optional, "references non-existent secret key: ")
	case s.ServiceAccountToken != nil:
		token, err := k.tokens.get(ctx, pod, s.ServiceAccountToken)
		if err != nil {
			return err
		}
		mode := os.FileMode(defaultMode)
		if pod.Spec.SecurityContext != nil && pod.Spec.SecurityContext.FSGroup != nil {
			mode = 0o600 // for the pod's group, which setGroup lets in, and nobody else
		}
		files[path.Clean(s.ServiceAccountToken.Path)] = volumeFile{[]byte(token), mode}
		return nil
	case s.DownwardAPI != nil:
		for i := range s.DownwardAPI.Items {
			item := &s.DownwardAPI.Items[i]
			var value string
			var err error
			switch {
			case item.FieldRef != nil:
				value, err = fieldValue(pod, item.FieldRef.FieldPath, pod.Status.PodIP, k.cfg.NodeIP)
			case item.ResourceFieldRef != nil:
				c := findContainer(pod, item.ResourceFieldRef.ContainerName)
				if c == nil {
					return fmt.Errorf("container %s not found", item.ResourceFieldRef.ContainerName)
				}
				value, err = k.resourceValue(pod, c, item.ResourceFieldRef)
			}
			if err != nil {
				return err
			}
			files[path.Clean(item.Path)] = volumeFile{[]byte(value), os.FileMode(api.Deref(item.Mode, defaultMode))}
		}
		return nil
	}
	return errors.New("this kind of volume projection is not supported by kubelite")
}

// addItems adds all keys of a ConfigMap or Secret, or those that the items name.
func addItems(files map[string]volumeFile, data map[string][]byte, items []api.KeyToPath, defaultMode int32, optional *bool, missing string) error {
	if items == nil {
		for key, value := range data {
			files[key] = volumeFile{value, os.FileMode(defaultMode)}
		}
		return nil
	}
	for _, item := range items {
		value, ok := data[item.Key]
		if !ok {
			if api.Deref(optional, false) {
				continue
			}
			return errors.New(missing + item.Key)
		}
		files[path.Clean(item.Path)] = volumeFile{value, os.FileMode(api.Deref(item.Mode, defaultMode))}
	}
	return nil
}

// writeVolume makes dir show the files, all changed at once: they live in a directory of their own, ..data points to
// it, and what users see are links through ..data. Replacing that one link replaces everything.
//
//	dir/config.yaml -> ..data/config.yaml
//	dir/..data      -> ..2026_11_23_10_00_00.123456789
//	dir/..2026_11_23_10_00_00.123456789/config.yaml
func writeVolume(dir string, files map[string]volumeFile, pod *api.Pod) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	old, _ := os.Readlink(filepath.Join(dir, "..data")) // "" the first time
	if old != "" && sameFiles(filepath.Join(dir, old), files) {
		return nil
	}
	data, err := os.MkdirTemp(dir, time.Now().UTC().Format("..2006_01_02_15_04_05."))
	if err != nil {
		return err
	}
	err = os.Chmod(data, 0o755)
	for name, f := range files {
		if !filepath.IsLocal(name) {
			return fmt.Errorf("invalid path %q: must not leave the volume", name)
		}
		file := filepath.Join(data, name)
		err = errors.Join(err, os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, f.data, f.mode), os.Chmod(file, f.mode), setGroup(file, pod))
	}
	if err != nil {
		return err
	}
	next := filepath.Join(dir, "..data_tmp")
	_ = os.Remove(next) // left by a crash
	if err := errors.Join(os.Symlink(filepath.Base(data), next), os.Rename(next, filepath.Join(dir, "..data"))); err != nil {
		return err
	}
	return errors.Join(linkNames(dir, files), os.RemoveAll(filepath.Join(dir, otherwise(old, "..none"))))
}

// linkNames makes the links that users see, and removes those whose file is gone.
func linkNames(dir string, files map[string]volumeFile) error {
	wanted := map[string]bool{}
	for name := range files {
		first, _, _ := strings.Cut(name, "/")
		wanted[first] = true
	}
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), "..") && !wanted[e.Name()] {
			err = errors.Join(err, os.Remove(filepath.Join(dir, e.Name())))
		}
		delete(wanted, e.Name())
	}
	for name := range wanted {
		err = errors.Join(err, os.Symlink("..data/"+name, filepath.Join(dir, name)))
	}
	return err
}

// sameFiles tells whether a directory holds these files and no others.
func sameFiles(dir string, files map[string]volumeFile) bool {
	found := 0
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, p)
		if err != nil {
			return err
		}
		want, ok := files[name]
		have, err := os.ReadFile(p)
		if err != nil || !ok || string(have) != string(want.data) {
			return fs.ErrNotExist
		}
		found++
		return nil
	})
	return err == nil && found == len(files)
}

// setGroup gives a file to the pod's fsGroup, if it has one and this process may.
func setGroup(file string, pod *api.Pod) error {
	if pod.Spec.SecurityContext == nil || pod.Spec.SecurityContext.FSGroup == nil {
		return nil
	}
	info, err := os.Stat(file)
	if err != nil {
		return err
	}
	err = os.Chown(file, -1, int(*pod.Spec.SecurityContext.FSGroup))
	if errors.Is(err, fs.ErrPermission) {
		return nil // a kubelet that is not root: the files' modes have to do
	}
	mode := info.Mode().Perm() | (info.Mode().Perm()&0o700)>>3 // the group may what the owner may
	if info.IsDir() {
		mode |= os.ModeSetgid
	}
	return errors.Join(err, os.Chmod(file, mode))
}

// setUpHostPath checks the path, or makes it, as its type demands.
func setUpHostPath(s *api.HostPathVolumeSource) error {
	t := api.Deref(s.Type, api.HostPathUnset)
	switch t {
	case api.HostPathUnset: // nothing is checked, and container runtimes make what is missing
		if _, err := os.Stat(s.Path); errors.Is(err, fs.ErrNotExist) {
			return os.MkdirAll(s.Path, 0o755)
		}
		return nil
	case api.HostPathDirectoryOrCreate:
		if err := os.MkdirAll(s.Path, 0o755); err != nil {
			return err
		}
	case api.HostPathFileOrCreate:
		f, err := os.OpenFile(s.Path, os.O_CREATE, 0o644)
		if err != nil {
			return err
		}
		return f.Close()
	}
	info, err := os.Stat(s.Path)
	bad := func(what string) error {
		return fmt.Errorf("hostPath type check failed: %s is not a %s", s.Path, what)
	}
	switch t {
	case api.HostPathDirectory, api.HostPathDirectoryOrCreate:
		if err != nil || !info.IsDir() {
			return bad("directory")
		}
	case api.HostPathFile:
		if err != nil || !info.Mode().IsRegular() {
			return bad("file")
		}
	case api.HostPathSocket:
		if err != nil || info.Mode().Type() != fs.ModeSocket {
			return bad("socket file")
		}
	case api.HostPathCharDev:
		if err != nil || info.Mode().Type() != fs.ModeDevice|fs.ModeCharDevice {
			return bad("character device")
		}
	case api.HostPathBlockDev:
		if err != nil || info.Mode().Type() != fs.ModeDevice {
			return bad("block device")
		}
	}
	return nil
}

// mounts returns what a container sees of the machine: its volumes, the pod's network files, and the file for its
// last words.
func (w *podWorker) mounts(ctx context.Context, pod *api.Pod, step startStep, env []EnvVar, podIP string) ([]Mount, error) {
	c := step.Container
	var mounts []Mount
	for i := range c.VolumeMounts {
		m := &c.VolumeMounts[i]
		hostPath, err := w.k.mountSource(pod, m, env)
		if err != nil {
			return nil, err
		}
		mounts = append(mounts, Mount{
			HostPath: hostPath, ContainerPath: m.MountPath, ReadOnly: m.ReadOnly,
			Propagation: api.Deref(m.MountPropagation, api.MountPropagationNone),
		})
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

// mountSource is the path on this machine that a mount shows.
func (k *Kubelet) mountSource(pod *api.Pod, m *api.VolumeMount, env []EnvVar) (string, error) {
	var volume *api.Volume
	for i := range pod.Spec.Volumes {
		if pod.Spec.Volumes[i].Name == m.Name {
			volume = &pod.Spec.Volumes[i]
		}
	}
	if volume == nil {
		return "", fmt.Errorf("volume %q of the mount at %s does not exist", m.Name, m.MountPath)
	}
	dir := k.volumeDir(pod.UID, m.Name)
	if volume.HostPath != nil {
		dir = volume.HostPath.Path
	}
	sub := m.SubPath
	if m.SubPathExpr != "" {
		sub = expandAll([]string{m.SubPathExpr}, env)[0]
		if strings.Contains(sub, "$(") {
			return "", fmt.Errorf("subPathExpr %q of volumeMount %q names a variable that is not there", m.SubPathExpr, m.Name)
		}
	}
	if sub == "" {
		return dir, nil
	}
	// A root keeps links inside the volume from pointing the mount elsewhere on the machine.
	root, err := os.OpenRoot(dir)
	if err != nil {
		return "", fmt.Errorf("failed to prepare subPath for volumeMount %q: %w", m.Name, err)
	}
	defer root.Close()
	if _, err := root.Stat(sub); errors.Is(err, fs.ErrNotExist) {
		if err := root.MkdirAll(sub, 0o777); err != nil {
			return "", fmt.Errorf("failed to prepare subPath for volumeMount %q: %w", m.Name, err)
		}
	} else if err != nil {
		return "", fmt.Errorf("failed to prepare subPath for volumeMount %q: %w", m.Name, err)
	}
	return filepath.EvalSymlinks(filepath.Join(dir, sub))
}

// maxTerminationMessage is how much of a container's last words the API takes.
const maxTerminationMessage = 4096

func (k *Kubelet) terminationFile(uid api.UID, container string, attempt int) string {
	return filepath.Join(k.podDir(uid), "containers", container, fmt.Sprint(attempt))
}

// terminationMessage reads what a container that has ended wrote to its terminationMessagePath.
func (k *Kubelet) terminationMessage(uid api.UID, c *RuntimeContainer) string {
	f, err := os.Open(k.terminationFile(uid, c.Name, c.Attempt))
	if err != nil {
		return "" // it had no such file
	}
	defer f.Close()
	b := make([]byte, maxTerminationMessage)
	n, _ := f.Read(b) // an empty file is no message
	return strings.ToValidUTF8(string(b[:n]), "�")
}
