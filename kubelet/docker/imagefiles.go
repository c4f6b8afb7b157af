package docker

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"

	"github.com/docker/docker/api/types/container"
)

// insideImage makes a container of an image that never runs, for look to read its files.
func (r *Runtime) insideImage(ctx context.Context, image string, look func(container string) error) error {
	made, err := r.docker.ContainerCreate(ctx, &container.Config{Image: image, Cmd: []string{"none"}, Labels: map[string]string{labelProfile: r.cfg.Profile}},
		&container.HostConfig{NetworkMode: "none"}, nil, nil, "")
	if err != nil {
		return daemonError(err)
	}
	defer func() {
		// Also when ctx has ended. What stays nevertheless goes with the cluster.
		_ = r.docker.ContainerRemove(context.WithoutCancel(ctx), made.ID, container.RemoveOptions{Force: true, RemoveVolumes: true})
	}()
	return look(made.ID)
}

// ExtractImage writes the files of an image as a container would see them.
func (r *Runtime) ExtractImage(ctx context.Context, id, dir string) error {
	root, err := os.OpenRoot(dir) // whatever an image's links say, nothing is written elsewhere
	if err != nil {
		return err
	}
	defer root.Close()
	return r.insideImage(ctx, id, func(container string) error {
		archive, err := r.docker.ContainerExport(ctx, container)
		if err != nil {
			return daemonError(err)
		}
		defer archive.Close()
		return extract(tar.NewReader(archive), root)
	})
}

// madeByDocker are the files that Docker puts into every container. They count as the image's if there is something in them.
var madeByDocker = map[string]bool{
	".dockerenv": true, "dev": true, "dev/console": true, "dev/pts": true, "dev/shm": true, "proc": true, "sys": true,
	"etc/hostname": true, "etc/hosts": true, "etc/mtab": true, "etc/resolv.conf": true,
}

// extract writes an archive's files, directories and links below root. Devices are left out. Owners are kept where we may
// give files away.
func extract(files *tar.Reader, root *os.Root) error {
	for {
		header, err := files.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		name := path.Clean("/" + header.Name)[1:]
		if name == "" || madeByDocker[name] && header.Size == 0 {
			continue
		}
		if err := extractOne(files, header, name, root); err != nil {
			return fmt.Errorf("extract %s: %w", name, err)
		}
	}
}

func extractOne(content io.Reader, header *tar.Header, name string, root *os.Root) error {
	mode := header.FileInfo().Mode()
	if err := root.MkdirAll(path.Dir(name), 0o755); err != nil {
		return err
	}
	switch header.Typeflag {
	case tar.TypeDir:
		if err := root.Mkdir(name, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
		mode |= 0o700 // for us, who must be able to remove what is in it
	case tar.TypeReg:
		f, err := root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if err != nil {
			return err
		}
		_, err = io.Copy(f, content)
		if err = errors.Join(err, f.Close()); err != nil {
			return err
		}
	case tar.TypeLink:
		return root.Link(path.Clean("/" + header.Linkname)[1:], name)
	case tar.TypeSymlink:
		return root.Symlink(header.Linkname, name)
	default:
		return nil
	}
	if err := root.Lchown(name, header.Uid, header.Gid); err != nil && !errors.Is(err, fs.ErrPermission) {
		return err
	}
	return root.Chmod(name, mode.Perm()|mode&(fs.ModeSetuid|fs.ModeSetgid|fs.ModeSticky))
}
