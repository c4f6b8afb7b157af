package kubectllite

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"kubelite/api"
	"kubelite/client"
)

// cpOptions are the flags of cp.
type cpOptions struct {
	container  string
	noPreserve bool
}

func newCp(s *session) *cobra.Command {
	var o cpOptions
	cmd := &cobra.Command{
		Use: "cp <file-spec-src> <file-spec-dest>", Short: "Copy files and directories to and from containers",
		ValidArgsFunction: s.completeCopy,
		Long:              `Copy files and directories to and from containers. The container must have a tar program.`,
		Example: `  kubectl-lite cp ./site web-1:/usr/share/nginx/html
  kubectl-lite cp shop/web-1:/var/log/app.log ./app.log -c app`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) != 2 {
				return errors.New("source and destination are required")
			}
			return s.cp(cmd.Context(), &o, args[0], args[1])
		},
	}
	cmd.Flags().StringVarP(&o.container, "container", "c", "", "Container name. If omitted, use the kubectl.kubernetes.io/default-container annotation for selecting the container to be attached or the first container in the pod will be chosen")
	cmd.Flags().BoolVar(&o.noPreserve, "no-preserve", false, "The copied file/directory's ownership and permissions will not be preserved in the container")
	cmd.Flags().Int("retries", 0, "Set number of retries to complete a copy operation from a container.")
	return cmd
}

// place is "[[namespace/]pod:]path".
type place struct{ namespace, pod, path string }

func parsePlace(text string) (place, error) {
	malformed := errors.New("filespec must match the canonical format: [[namespace/]pod:]file/path")
	pod, file, isRemote := strings.Cut(text, ":")
	if !isRemote {
		return place{path: text}, nil
	}
	namespace, name, both := strings.Cut(pod, "/")
	switch {
	case pod == "" || strings.Contains(name, "/"):
		return place{}, malformed
	case both:
		return place{namespace, name, file}, nil
	}
	return place{pod: pod, path: file}, nil
}

func (s *session) cp(ctx context.Context, o *cpOptions, from, to string) error {
	src, err := parsePlace(from)
	if err != nil {
		return err
	}
	dest, err := parsePlace(to)
	switch {
	case err != nil:
		return err
	case src.pod != "" && dest.pod != "":
		return errors.New("one of src or dest must be a local file specification")
	case src.path == "" || dest.path == "":
		return errors.New("filepath can not be empty")
	case src.pod != "":
		return s.copyFromPod(ctx, o, src, dest.path)
	case dest.pod != "":
		return s.copyToPod(ctx, o, src.path, dest)
	}
	return errors.New("one of src or dest must be a remote file specification")
}

// remotePlace finds the pod and the container.
func (s *session) remotePlace(ctx context.Context, o *cpOptions, p place) (*api.Pod, string, error) {
	c, err := s.connect()
	if err != nil {
		return nil, "", err
	}
	if p.namespace == "" {
		p.namespace = s.namespace()
	}
	pod, err := client.Of[*api.Pod](c).Get(ctx, p.namespace, p.pod)
	if err != nil {
		return nil, "", err
	}
	if pod.Status.Phase.Ended() {
		return nil, "", fmt.Errorf("cannot exec into a container in a completed pod; current phase is %s", pod.Status.Phase)
	}
	container, err := s.chooseContainer(pod, o.container, false)
	return pod, container, err
}

func (s *session) copyToPod(ctx context.Context, o *cpOptions, local string, dest place) error {
	if _, err := os.Stat(local); err != nil {
		return fmt.Errorf("%s doesn't exist in local filesystem", local)
	}
	pod, container, err := s.remotePlace(ctx, o, dest)
	if err != nil {
		return err
	}
	target := path.Clean(dest.path)
	quiet := *s
	quiet.Err = io.Discard
	if quiet.capture(ctx, pod, container, nil, io.Discard, "test", "-d", dest.path) == nil {
		target = path.Join(target, filepath.Base(filepath.Clean(local))) // into the directory that is there
	}
	command := []string{"tar", "-xmf", "-"}
	if o.noPreserve {
		command = []string{"tar", "--no-same-permissions", "--no-same-owner", "-xmf", "-"}
	}
	if dir := path.Dir(target); dir != "" {
		command = append(command, "-C", dir)
	}
	reader, writer := io.Pipe()
	packed := make(chan error, 1)
	go func() {
		err := packTar(writer, filepath.Clean(local), path.Base(target))
		packed <- err
		writer.CloseWithError(err)
	}()
	err = s.capture(ctx, pod, container, reader, s.Out, command...)
	reader.Close() // lets the packing end if nobody reads any more
	if packErr := <-packed; packErr != nil && !errors.Is(packErr, io.ErrClosedPipe) {
		return packErr
	}
	return err
}

// packTar writes a file, or a directory and all below it, under another name.
func packTar(w io.Writer, local, name string) error {
	tw := tar.NewWriter(w)
	err := filepath.WalkDir(local, func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		link := ""
		if info.Mode()&fs.ModeSymlink != 0 {
			if link, err = os.Readlink(file); err != nil {
				return err
			}
		}
		header, err := tar.FileInfoHeader(info, link)
		if err != nil {
			return err
		}
		below, err := filepath.Rel(local, file)
		if err != nil {
			return err
		}
		header.Name = path.Join(name, filepath.ToSlash(below))
		if err := tw.WriteHeader(header); err != nil || !info.Mode().IsRegular() {
			return err
		}
		content, err := os.Open(file)
		if err != nil {
			return err
		}
		defer content.Close()
		_, err = io.Copy(tw, content)
		return err
	})
	if err != nil {
		return err
	}
	return tw.Close()
}

func (s *session) copyFromPod(ctx context.Context, o *cpOptions, src place, local string) error {
	pod, container, err := s.remotePlace(ctx, o, src)
	if err != nil {
		return err
	}
	reader, writer := io.Pipe()
	done := make(chan error, 1)
	go func() {
		remarks := *s
		remarks.Err = s.Out // what tar has to say goes where kubectl has it
		err := remarks.capture(ctx, pod, container, nil, writer, "tar", "cf", "-", src.path)
		done <- err
		writer.CloseWithError(err)
	}()
	err = s.unpackTar(reader, strings.TrimPrefix(path.Clean(src.path), "/"), src, local)
	reader.Close()
	if commandErr := <-done; commandErr != nil && !errors.Is(commandErr, io.ErrClosedPipe) {
		return commandErr
	}
	return err
}

// unpackTar writes what is below prefix into local. What comes from a container is not trusted: nothing is written outside
// of the destination, and no link is followed.
func (s *session) unpackTar(r io.Reader, prefix string, source place, local string) error {
	if info, err := os.Stat(local); err == nil && info.IsDir() {
		local = filepath.Join(local, path.Base(prefix))
	}
	tr := tar.NewReader(r)
	warned, found := false, false
	for {
		header, err := tr.Next()
		if err == io.EOF {
			if !found {
				return fmt.Errorf("error: %s no such file or directory", source.path)
			}
			return nil
		}
		if err != nil {
			return err
		}
		name := strings.TrimPrefix(path.Clean("/"+header.Name), "/")
		below, ok := strings.CutPrefix(name, strings.TrimPrefix(path.Clean("/"+prefix), "/"))
		if !ok || below != "" && below[0] != '/' {
			return fmt.Errorf("tar contents corrupted")
		}
		found = true
		target := filepath.Join(local, filepath.FromSlash(below))
		switch {
		case header.FileInfo().IsDir():
			err = os.MkdirAll(target, 0o755)
		case header.FileInfo().Mode().IsRegular():
			err = writeUnpacked(target, tr)
		default:
			if !warned && header.Typeflag == tar.TypeSymlink {
				warned = true
				fmt.Fprintf(s.Err, "warning: skipping symlink: %q -> %q (consider using \"kubectl-lite exec -n %q %q -- tar cf - %q | tar xf -\")\n", target, header.Linkname, source.namespace, source.pod, source.path)
			}
		}
		if err != nil {
			return err
		}
	}
}

func writeUnpacked(target string, content io.Reader) error {
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		return err
	}
	if info, err := os.Lstat(target); err == nil && info.Mode()&fs.ModeSymlink != 0 {
		return fmt.Errorf("%s is a link: not followed", target)
	}
	file, err := os.Create(target)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, content)
	return errors.Join(err, file.Close())
}
