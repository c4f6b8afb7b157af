package kubelet

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestTooMuch(t *testing.T) {
	for _, tc := range []struct {
		name string
		disk Storage
		want int64
	}{
		{"unknown", Storage{}, 0},
		{"half full", Storage{Capacity: 1000, Available: 500}, 0},
		{"nearly full", Storage{Capacity: 1000, Available: 151}, 49}, // 84.9 percent, counted as 85
		{"full", Storage{Capacity: 1000, Available: 0}, 200},
	} {
		t.Run(tc.name, func(t *testing.T) { require.Equal(t, tc.want, max(tooMuch(tc.disk), 0)) })
	}
}

// imageStore is a runtime that has images and one pod.
type imageStore struct {
	Runtime
	images  map[string]int64 // sizes
	running string           // the image of the pod's container
	held    string           // in use by somebody else
}

func (s *imageStore) ListPods(context.Context) ([]*RuntimePod, error) {
	return []*RuntimePod{{Containers: []*RuntimeContainer{{Image: s.running}}}}, nil
}

func (s *imageStore) ImageStatus(_ context.Context, ref string) (*Image, error) {
	size, found := s.images[ref]
	if !found {
		return nil, nil
	}
	return &Image{Size: size}, nil
}

func (s *imageStore) RemoveImage(_ context.Context, ref string) error {
	if ref == s.held {
		return errors.New("image is being used by running container")
	}
	delete(s.images, ref)
	return nil
}

func (s *imageStore) names() []string {
	var names []string
	for name := range s.images {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func TestImagesAreRemovedOldestFirst(t *testing.T) {
	file := fetchedImagesFile(t.TempDir())
	fetched, err := openFetchedImages(file)
	require.NoError(t, err)
	long := time.Now().Add(-time.Hour)
	for i, ref := range []string{"oldest:1", "running:latest", "held:1", "older:1", "gone:1"} {
		require.NoError(t, fetched.add(ref, long.Add(time.Duration(i)*time.Minute)))
	}
	require.NoError(t, fetched.add("young:1", time.Now()))
	store := &imageStore{running: "running", held: "held:1", images: map[string]int64{
		"oldest:1": 10, "running:latest": 10, "held:1": 10, "older:1": 10, "young:1": 10, "the user's:1": 10,
	}}
	k := &Kubelet{runtime: store, fetched: fetched, log: slog.New(slog.DiscardHandler)}

	freed, err := k.removeImages(t.Context(), 5, imageGCMinAge)
	require.NoError(t, err)
	require.Equal(t, int64(10), freed, "no more than is needed")
	require.Equal(t, []string{"held:1", "older:1", "running:latest", "the user's:1", "young:1"}, store.names())

	k.fetched, err = openFetchedImages(file) // as after a restart
	require.NoError(t, err)
	freed, err = k.removeImages(t.Context(), 100, imageGCMinAge)
	require.NoError(t, err)
	require.Equal(t, int64(10), freed)
	require.Equal(t, []string{"held:1", "running:latest", "the user's:1", "young:1"}, store.names())

	require.True(t, k.removeAllImages(t.Context()))
	require.Equal(t, []string{"held:1", "running:latest", "the user's:1"}, store.names(),
		"only what was fetched, and nobody uses")
	require.False(t, k.removeAllImages(t.Context()))
}
