package docker

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/containerd/errdefs"

	"kubelite/api"
	"kubelite/kubelet"
)

// Which groups a container's first process is in. There are those of the pod's spec, and those that the image's own
// /etc/group lists for the user. Docker adds the latter only when it is given a user without a group; Kubernetes adds them
// unless supplementalGroupsPolicy is Strict. Where the two differ, the image has to be looked into.

// userFiles are an image's /etc/passwd and /etc/group, empty where it has none.
type userFiles struct{ passwd, group []byte }

// identity is the user to give to Docker, and groups to add to those of the spec.
func (r *Runtime) identity(ctx context.Context, c *kubelet.ContainerConfig) (user string, groups []int64, err error) {
	if !c.StrictGroups && !strings.Contains(c.User, ":") {
		return c.User, nil, nil // Docker does it by itself
	}
	spec := c.User
	if spec == "" {
		image, err := r.ImageStatus(ctx, c.Image)
		if err != nil {
			return "", nil, err
		}
		if image != nil {
			spec = image.User
		}
	}
	files, err := r.userFiles(ctx, c)
	if err != nil {
		return "", nil, err
	}
	return files.resolve(spec, c.StrictGroups)
}

// userFiles looks into an image, once.
func (r *Runtime) userFiles(ctx context.Context, c *kubelet.ContainerConfig) (*userFiles, error) {
	if known, ok := r.users.Load(c.ImageRef); ok {
		return known.(*userFiles), nil
	}
	var files userFiles
	err := r.insideImage(ctx, c.Image, func(container string) (err error) {
		for path, into := range map[string]*[]byte{"/etc/passwd": &files.passwd, "/etc/group": &files.group} {
			if *into, err = r.fileOf(ctx, container, path); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	r.users.Store(c.ImageRef, &files)
	return &files, nil
}

// fileOf reads a file of a container, nothing if it is not there.
func (r *Runtime) fileOf(ctx context.Context, id, path string) ([]byte, error) {
	archive, _, err := r.docker.CopyFromContainer(ctx, id, path)
	if errdefs.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, daemonError(err)
	}
	defer archive.Close()
	files := tar.NewReader(archive)
	switch header, err := files.Next(); {
	case errors.Is(err, io.EOF):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("read %s of an image: %w", path, err)
	case header.Typeflag != tar.TypeReg:
		return nil, nil // a link leads out of what was asked for
	}
	return io.ReadAll(io.LimitReader(files, 1<<20))
}

// resolve finds out who "user", "user:group" or "" is. With strict the answer has a group, so that Docker adds none by
// itself; without it comes with the further groups that the image has for the user.
func (f *userFiles) resolve(spec string, strict bool) (user string, groups []int64, err error) {
	name, group, _ := strings.Cut(spec, ":")
	uid, gid := name, "0"
	if name == "" {
		uid = "0"
	}
	known := false
	for fields := range lines(f.passwd) {
		if len(fields) > 3 && (fields[0] == name || fields[2] == uid) {
			name, uid, gid, known = fields[0], fields[2], fields[3], true
			break
		}
	}
	if _, err := strconv.ParseInt(uid, 10, 64); err != nil {
		return "", nil, fmt.Errorf("unable to find user %s: no matching entries in passwd file", name)
	}
	if group != "" {
		gid = group
	}
	for fields := range lines(f.group) {
		if len(fields) < 3 {
			continue
		}
		if fields[0] == gid {
			gid = fields[2]
		}
		if n, err := strconv.ParseInt(fields[2], 10, 64); err == nil && known && len(fields) > 3 && slices.Contains(strings.Split(fields[3], ","), name) {
			groups = append(groups, n)
		}
	}
	if strict {
		groups = nil
	}
	return uid + ":" + gid, groups, nil
}

// lines yields the fields of a file's lines.
func lines(file []byte) func(yield func([]string) bool) {
	return func(yield func([]string) bool) {
		for line := range bytes.Lines(file) {
			if !yield(strings.Split(strings.TrimSpace(string(line)), ":")) {
				return
			}
		}
	}
}

// processUser is who a container's first process runs as, nil if that cannot be seen from here: Docker Desktop has its
// processes in a virtual machine.
func processUser(id string, pid int) *api.ContainerUser {
	dir := filepath.Join("/proc", strconv.Itoa(pid))
	group, err := os.ReadFile(filepath.Join(dir, "cgroup"))
	if err != nil || pid == 0 || !bytes.Contains(group, []byte(id)) {
		return nil
	}
	status, err := os.ReadFile(filepath.Join(dir, "status"))
	if err != nil {
		return nil
	}
	return parseUser(status)
}

// parseUser reads /proc/PID/status.
func parseUser(status []byte) *api.ContainerUser {
	user := &api.LinuxContainerUser{}
	number := func(s string) int64 {
		n, _ := strconv.ParseInt(s, 10, 64) // the kernel wrote it
		return n
	}
	for line := range bytes.Lines(status) {
		fields := strings.Fields(string(line))
		switch {
		case len(fields) == 0:
		case fields[0] == "Uid:" && len(fields) > 2:
			user.UID = number(fields[2]) // real, effective, saved, of the file system
		case fields[0] == "Gid:" && len(fields) > 2:
			user.GID = number(fields[2])
		case fields[0] == "Groups:":
			for _, group := range fields[1:] {
				user.SupplementalGroups = append(user.SupplementalGroups, number(group))
			}
		}
	}
	return &api.ContainerUser{Linux: user}
}
