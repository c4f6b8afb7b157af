package docker

import (
	"context"
	"io"
	"strconv"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/pkg/stdcopy"

	"kubelite/kubelet"
)

// ContainerLogs reads what the container wrote. Docker keeps it in the form that Kubernetes shows: a line each, with
// a time in front if that is asked for.
func (r *Runtime) ContainerLogs(ctx context.Context, id string, o kubelet.LogOptions, stdout, stderr io.Writer) error {
	c, err := r.docker.ContainerInspect(ctx, id)
	if err != nil {
		return err
	}
	options := container.LogsOptions{ShowStdout: true, ShowStderr: true, Follow: o.Follow, Timestamps: o.Timestamps, Tail: "all"}
	if o.Tail >= 0 {
		options.Tail = strconv.FormatInt(o.Tail, 10)
	}
	if !o.Since.IsZero() {
		options.Since = o.Since.UTC().Format(time.RFC3339Nano)
	}
	stream, err := r.docker.ContainerLogs(ctx, id, options)
	if err != nil {
		return err
	}
	defer stream.Close()
	if c.Config.Tty { // a terminal has one stream, sent as it is
		_, err = io.Copy(stdout, stream)
		return err
	}
	_, err = stdcopy.StdCopy(stdout, stderr, stream)
	return err
}
