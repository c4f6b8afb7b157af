package docker

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/registry"

	"kubelite/kubelet"
)

// ImageStatus looks an image up in the daemon's store.
func (r *Runtime) ImageStatus(ctx context.Context, ref string) (*kubelet.Image, error) {
	found, err := r.docker.ImageInspect(ctx, ref)
	if errdefs.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	img := &kubelet.Image{ID: found.ID, Ref: found.ID, Names: append(slices.Clone(found.RepoDigests), found.RepoTags...), Size: found.Size}
	if len(found.RepoDigests) > 0 {
		img.Ref = found.RepoDigests[0]
	}
	if found.Config != nil {
		img.User = found.Config.User
	}
	return img, nil
}

// PullImage has the daemon fetch an image. The daemon answers with a stream of progress; an error may come as its
// last message, long after the request was accepted.
func (r *Runtime) PullImage(ctx context.Context, ref string, auth *kubelet.RegistryAuth) (*kubelet.Image, error) {
	var options image.PullOptions
	if auth != nil {
		encoded, err := registry.EncodeAuthConfig(registry.AuthConfig{Username: auth.Username, Password: auth.Password, ServerAddress: auth.Server})
		if err != nil {
			return nil, err
		}
		options.RegistryAuth = encoded
	}
	progress, err := r.docker.ImagePull(ctx, ref, options)
	if err != nil {
		return nil, daemonError(err)
	}
	defer progress.Close()
	if err := readProgress(progress, nil); err != nil {
		return nil, err
	}
	img, err := r.ImageStatus(ctx, ref)
	if err == nil && img == nil {
		err = fmt.Errorf("image %s is not there after it was pulled", ref)
	}
	return img, err
}

// RemoveImage lets the daemon decide whether somebody uses the image: it knows the containers of all nodes, and those
// that are none of ours.
func (r *Runtime) RemoveImage(ctx context.Context, ref string) error {
	_, err := r.docker.ImageRemove(ctx, ref, image.RemoveOptions{PruneChildren: true})
	if errdefs.IsNotFound(err) {
		return nil
	}
	return daemonError(err)
}

// readProgress reads a stream of progress to its end and returns the error that it tells of.
// said, if it is not nil, gets each sentence for people.
func readProgress(stream io.Reader, said func(sentence string)) error {
	messages := json.NewDecoder(stream)
	for {
		var m struct {
			Stream string `json:"stream"`
			Error  string `json:"error"`
		}
		switch err := messages.Decode(&m); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case m.Error != "":
			return errors.New(m.Error)
		}
		if said != nil {
			said(m.Stream)
		}
	}
}

// ListImages lists the daemon's images that have a name.
func (r *Runtime) ListImages(ctx context.Context) ([]kubelet.Image, error) {
	list, err := r.docker.ImageList(ctx, image.ListOptions{})
	if err != nil {
		return nil, err
	}
	var images []kubelet.Image
	for i := range list {
		names := append(slices.Clone(list[i].RepoDigests), list[i].RepoTags...)
		names = slices.DeleteFunc(names, func(name string) bool { return name == "<none>:<none>" || name == "<none>@<none>" })
		images = append(images, kubelet.Image{ID: list[i].ID, Names: names, Size: list[i].Size})
	}
	slices.SortFunc(images, func(a, b kubelet.Image) int { return cmp.Or(cmp.Compare(b.Size, a.Size), cmp.Compare(a.ID, b.ID)) })
	return images, nil
}
