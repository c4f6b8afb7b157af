package kubelet

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"kubelite/api"
)

func files(pairs ...string) map[string]volumeFile {
	m := map[string]volumeFile{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = volumeFile{data: []byte(pairs[i+1]), mode: 0o640}
	}
	return m
}

func TestWriteVolumeReplacesEverythingAtOnce(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "conf")
	pod := testPod("a")
	require.NoError(t, writeVolume(dir, files("a", "1", "sub/b", "2"), pod))
	first, err := os.Readlink(filepath.Join(dir, "..data"))
	require.NoError(t, err)
	content, err := os.ReadFile(filepath.Join(dir, "sub/b"))
	require.NoError(t, err)
	require.Equal(t, "2", string(content))
	info, err := os.Stat(filepath.Join(dir, "a"))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o640), info.Mode())

	// The same content again changes nothing: who watches the files is not woken.
	require.NoError(t, writeVolume(dir, files("a", "1", "sub/b", "2"), pod))
	same, err := os.Readlink(filepath.Join(dir, "..data"))
	require.NoError(t, err)
	require.Equal(t, first, same)

	// New content takes the place of the old, and nothing is left of that.
	require.NoError(t, writeVolume(dir, files("a", "changed", "c", "3"), pod))
	content, err = os.ReadFile(filepath.Join(dir, "a"))
	require.NoError(t, err)
	require.Equal(t, "changed", string(content))
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	require.Len(t, names, 4, names) // the data, ..data, a, c
	require.NotContains(t, names, "sub")

	require.ErrorContains(t, writeVolume(dir, files("../escape", "x"), pod), "must not leave the volume")
}

func TestAddItems(t *testing.T) {
	data := map[string][]byte{"a": []byte("1"), "b": []byte("2")}
	out := map[string]volumeFile{}
	require.NoError(t, addItems(out, data, nil, 0o644, nil, "no "))
	require.Len(t, out, 2)

	out = map[string]volumeFile{}
	items := []api.KeyToPath{{Key: "a", Path: "x/y", Mode: api.Ptr[int32](0o400)}}
	require.NoError(t, addItems(out, data, items, 0o644, nil, "no "))
	require.Equal(t, map[string]volumeFile{"x/y": {data: []byte("1"), mode: 0o400}}, out)

	missing := []api.KeyToPath{{Key: "z", Path: "z"}}
	require.EqualError(t, addItems(out, data, missing, 0o644, nil, "no "), "no z")
	require.NoError(t, addItems(out, data, missing, 0o644, api.Ptr(true), "no "))
}

func TestSubPathsStayInsideTheirVolume(t *testing.T) {
	root := t.TempDir()
	k := &Kubelet{cfg: Config{RootDir: root}, log: slog.New(slog.DiscardHandler)}
	pod := testPod("a")
	pod.Spec.Volumes = []api.Volume{{Name: "v"}}
	dir := k.volumeDir(pod.UID, "v")
	require.NoError(t, os.MkdirAll(dir, 0o755))

	source, err := k.volumeMount(pod, &pod.Spec.Containers[0], &api.VolumeMount{Name: "v", SubPath: "made/here"}, nil)
	require.NoError(t, err)
	require.Equal(t, filepath.Join(dir, "made/here"), source.HostPath)
	require.DirExists(t, source.HostPath)

	_, err = k.volumeMount(pod, &pod.Spec.Containers[0], &api.VolumeMount{Name: "v", SubPathExpr: "a/$(POD)/$(LOG)"}, []EnvVar{{"LOG", "x"}})
	require.EqualError(t, err, "missing value for POD")
	source, err = k.volumeMount(pod, &pod.Spec.Containers[0], &api.VolumeMount{Name: "v", SubPathExpr: "$(POD)/log"}, []EnvVar{{"POD", "web"}})
	require.NoError(t, err)
	require.Equal(t, filepath.Join(dir, "web/log"), source.HostPath)

	require.NoError(t, os.Symlink("/etc", filepath.Join(dir, "link")))
	_, err = k.volumeMount(pod, &pod.Spec.Containers[0], &api.VolumeMount{Name: "v", SubPath: "link/passwd"}, nil)
	require.Error(t, err)
	_, err = k.volumeMount(pod, &pod.Spec.Containers[0], &api.VolumeMount{Name: "other"}, nil)
	require.ErrorContains(t, err, "does not exist")
}

func TestHostPathTypes(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	check := func(path string, kind api.HostPathType) error {
		return setUpHostPath(&api.HostPathVolumeSource{Path: path, Type: &kind})
	}
	require.NoError(t, check(dir, api.HostPathDirectory))
	require.NoError(t, check(file, api.HostPathFile))
	require.EqualError(t, check(file, api.HostPathDirectory), "hostPath type check failed: "+file+" is not a directory")
	require.Error(t, check(filepath.Join(dir, "none"), api.HostPathFile))
	require.NoError(t, check(filepath.Join(dir, "new"), api.HostPathDirectoryOrCreate))
	require.DirExists(t, filepath.Join(dir, "new"))
	require.NoError(t, check("/dev/null", api.HostPathCharDev))
}
