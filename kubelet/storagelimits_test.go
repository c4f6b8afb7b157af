package kubelet

import (
	"context"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"kubelite/api"
)

// fullDisk is a runtime whose only pod has written so much in each container.
type fullDisk struct {
	Runtime
	written map[string]int64
}

func (d *fullDisk) PodStatus(context.Context, api.UID) (*RuntimePod, error) {
	pod := &RuntimePod{}
	for name := range d.written {
		pod.Containers = append(pod.Containers, &RuntimeContainer{ID: name, Name: name, State: ContainerRunning})
	}
	return pod, nil
}

func (d *fullDisk) WritableSize(_ context.Context, id string) (int64, error) {
	return d.written[id], nil
}

func TestOverLimit(t *testing.T) {
	for name, tc := range map[string]struct {
		limits  map[string]string // of containers
		written map[string]int64
		scratch int // bytes in an emptyDir without a limit
		want    string
	}{
		"no limit":          {map[string]string{"a": ""}, map[string]int64{"a": 1 << 30}, 1 << 20, ""},
		"within":            {map[string]string{"a": "1Ki"}, map[string]int64{"a": 1000}, 0, ""},
		"one over its own":  {map[string]string{"a": "1Ki", "b": "4Ki"}, map[string]int64{"a": 2000, "b": 0}, 0, `Container a exceeded its local ephemeral storage limit "1Ki". `},
		"together":          {map[string]string{"a": "1Ki", "b": "1Ki"}, map[string]int64{"a": 1000, "b": 1000}, 100, `Pod ephemeral local storage usage exceeds the total limit of containers 2Ki. `},
		"by the volume":     {map[string]string{"a": "1Ki"}, map[string]int64{"a": 0}, 2000, `Pod ephemeral local storage usage exceeds the total limit of containers 1Ki. `},
		"of one of the two": {map[string]string{"a": "1Ki", "b": ""}, map[string]int64{"a": 0, "b": 2000}, 0, `Pod ephemeral local storage usage exceeds the total limit of containers 1Ki. `},
	} {
		t.Run(name, func(t *testing.T) {
			k := &Kubelet{runtime: &fullDisk{written: tc.written}, log: slog.New(slog.DiscardHandler)}
			k.cfg.RootDir = t.TempDir()
			pod := testPod(slices.Sorted(maps.Keys(tc.limits))...)
			for i := range pod.Spec.Containers {
				if limit := tc.limits[pod.Spec.Containers[i].Name]; limit != "" {
					pod.Spec.Containers[i].Resources.Limits = api.ResourceList{api.ResourceEphemeralStorage: api.MustParse(limit)}
				}
			}
			pod.Spec.Volumes = []api.Volume{{Name: "scratch", VolumeSource: api.VolumeSource{EmptyDir: &api.EmptyDirVolumeSource{}}}}
			dir := k.volumeDir(pod.UID, "scratch")
			require.NoError(t, os.MkdirAll(dir, 0o755))
			require.NoError(t, os.WriteFile(filepath.Join(dir, "file"), make([]byte, tc.scratch), 0o644))
			message, err := k.overLimit(t.Context(), pod)
			require.NoError(t, err)
			require.Equal(t, tc.want, message)
		})
	}
}
