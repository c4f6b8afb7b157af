package docker

import (
	"cmp"
	"context"
	"io"
	"slices"
	"strings"

	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/client"
	"github.com/docker/docker/pkg/jsonmessage"
	"github.com/moby/term"

	"kubelite/api"
)

// LoadImages reads an archive of images, as `docker save` writes them, and returns their names.
func (Machine) LoadImages(ctx context.Context, archive io.Reader) (names []string, err error) {
	err = withDaemon(func(d *client.Client) error {
		answer, err := d.ImageLoad(ctx, archive)
		if err != nil {
			return daemonError(err)
		}
		defer answer.Body.Close()
		return readProgress(answer.Body, func(sentence string) { // which is how the daemon says what it loaded
			for _, prefix := range []string{"Loaded image: ", "Loaded image ID: "} {
				if name, ok := strings.CutPrefix(sentence, prefix); ok {
					names = append(names, strings.TrimSpace(name))
				}
			}
		})
	})
	return names, err
}

// ListImages lists the images that have a name.
func (Machine) ListImages(ctx context.Context) (images []api.ContainerImage, err error) {
	err = withDaemon(func(d *client.Client) error {
		list, err := d.ImageList(ctx, image.ListOptions{})
		if err != nil {
			return err
		}
		for i := range list {
			names := slices.DeleteFunc(list[i].RepoTags, func(name string) bool { return name == "<none>:<none>" })
			if len(names) > 0 {
				images = append(images, api.ContainerImage{Names: names, SizeBytes: list[i].Size})
			}
		}
		return nil
	})
	slices.SortFunc(images, func(a, b api.ContainerImage) int { return cmp.Compare(a.Names[0], b.Names[0]) })
	return images, err
}

// RemoveImage removes an image's name, and the image with its last name.
func (Machine) RemoveImage(ctx context.Context, name string) error {
	return withDaemon(func(d *client.Client) error {
		_, err := d.ImageRemove(ctx, name, image.RemoveOptions{})
		return daemonError(err)
	})
}

// PullImage has the daemon fetch an image from its registry.
func (Machine) PullImage(ctx context.Context, name string, out io.Writer) error {
	return withDaemon(func(d *client.Client) error {
		answer, err := d.ImagePull(ctx, name, image.PullOptions{})
		if err != nil {
			return daemonError(err)
		}
		defer answer.Close()
		return showProgress(answer, out)
	})
}

// TagImage gives an image another name.
func (Machine) TagImage(ctx context.Context, name, another string) error {
	return withDaemon(func(d *client.Client) error { return daemonError(d.ImageTag(ctx, name, another)) })
}

// SaveImages writes images and their names as an archive that LoadImages reads.
func (Machine) SaveImages(ctx context.Context, names []string, archive io.Writer) error {
	return withDaemon(func(d *client.Client) error {
		content, err := d.ImageSave(ctx, names)
		if err != nil {
			return daemonError(err)
		}
		defer content.Close()
		_, err = io.Copy(archive, content)
		return err
	})
}

// showProgress shows what the daemon says while it works, as `docker` does, and returns the error that it ends with.
func showProgress(answer io.Reader, out io.Writer) error {
	fd, terminal := term.GetFdInfo(out)
	return jsonmessage.DisplayJSONMessagesStream(answer, out, fd, terminal, nil)
}
