package docker

import (
	"archive/tar"
	"bytes"
	"context"
	"fmt"
	"io"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"
	"github.com/docker/docker/pkg/stdcopy"
)

// RunOnHost runs the image in a container that shares the machine's network, may change its packet rules and listen on any
// port, and nothing else. It returns when the container has ended, and leaves none behind. When ctx ends the container is told to.
func (Machine) RunOnHost(ctx context.Context, profile, name, image string, args []string, files map[string][]byte, out io.Writer) error {
	return withDaemon(func(d *client.Client) error {
		if err := removeContainer(ctx, d, name); err != nil { // of a process that was killed
			return err
		}
		made, err := d.ContainerCreate(ctx, &container.Config{Image: image, Cmd: args, Labels: map[string]string{labelProfile: profile}},
			&container.HostConfig{
				NetworkMode: "host", CapDrop: []string{"ALL"}, CapAdd: []string{"NET_ADMIN", "NET_BIND_SERVICE"},
				SecurityOpt: []string{"no-new-privileges"}, LogConfig: container.LogConfig{Type: "none"},
			}, nil, nil, name)
		if err != nil {
			return err
		}
		defer func() { _ = removeContainer(context.WithoutCancel(ctx), d, made.ID) }() // the daemon's own trouble; Purge tries again
		if len(files) > 0 {
			archive, err := tarFiles(files)
			if err != nil {
				return err
			}
			if err := d.CopyToContainer(ctx, made.ID, "/", archive, container.CopyToContainerOptions{}); err != nil {
				return err
			}
		}
		return attachAndWait(ctx, d, made.ID, out)
	})
}

// DialFromHost makes a connection from where a container of RunOnHost is.
func (Machine) DialFromHost(ctx context.Context, name, address string, data io.ReadWriter) error {
	return withDaemon(func(d *client.Client) error {
		problem, err := (&Runtime{docker: d}).dialInside(ctx, name, []string{"/kubelite", "dial", address}, data)
		if err == nil && problem != "" {
			err = fmt.Errorf("failed to connect to %s: %s", address, problem)
		}
		return err
	})
}

// attachAndWait starts a container and copies what it says until it ends.
func attachAndWait(ctx context.Context, d *client.Client, id string, out io.Writer) error {
	lasting := context.WithoutCancel(ctx) // the end of ctx is for the container, which may have something to say about it
	stream, err := d.ContainerAttach(lasting, id, container.AttachOptions{Stream: true, Stdout: true, Stderr: true})
	if err != nil {
		return err
	}
	defer stream.Close()
	ended, failed := d.ContainerWait(lasting, id, container.WaitConditionNextExit)
	if err := d.ContainerStart(ctx, id, container.StartOptions{}); err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { _ = d.ContainerStop(lasting, id, container.StopOptions{}) })
	defer stop()
	if _, err := stdcopy.StdCopy(out, out, stream.Reader); err != nil {
		return err
	}
	select {
	case end := <-ended:
		if end.StatusCode != 0 && ctx.Err() == nil {
			return fmt.Errorf("the container ended with exit code %d", end.StatusCode)
		}
		return nil
	case err := <-failed:
		return err
	}
}

// tarFiles is an archive that only the owner may read once it is unpacked.
func tarFiles(files map[string][]byte) (io.Reader, error) {
	var b bytes.Buffer
	t := tar.NewWriter(&b)
	for name, content := range files {
		if err := t.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: int64(len(content)), Typeflag: tar.TypeReg}); err != nil {
			return nil, err
		}
		if _, err := t.Write(content); err != nil {
			return nil, err
		}
	}
	return &b, t.Close()
}
