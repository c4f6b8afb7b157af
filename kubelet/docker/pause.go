package docker

import (
	"context"
	"errors"
	"slices"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/client"
)

// SetPaused freezes the running containers of a profile, or lets the frozen ones go on: those of pods in the namespaces,
// all if namespaces is nil, and always those of the cluster itself that are in no pod. It returns how many it changed.
func (Machine) SetPaused(ctx context.Context, profile string, namespaces []string, paused bool) (changed int, err error) {
	from, change := "running", (*client.Client).ContainerPause
	if !paused {
		from, change = "paused", (*client.Client).ContainerUnpause
	}
	err = withDaemon(func(d *client.Client) error {
		its := filters.NewArgs(filters.Arg("label", labelProfile+"="+profile), filters.Arg("status", from))
		containers, err := d.ContainerList(ctx, container.ListOptions{Filters: its})
		if err != nil {
			return err
		}
		var errs []error
		for _, c := range containers {
			namespace, inPod := c.Labels[labelNamespace]
			if inPod && (c.Labels[labelType] == typeSandbox || namespaces != nil && !slices.Contains(namespaces, namespace)) {
				continue // a sandbox does nothing that could be frozen
			}
			switch err := change(d, ctx, c.ID); {
			case err == nil:
				changed++
			case !errdefs.IsNotFound(err) && !errdefs.IsConflict(err): // it has ended meanwhile
				errs = append(errs, err)
			}
		}
		return errors.Join(errs...)
	})
	return changed, err
}
