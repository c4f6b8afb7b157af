package docker

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/docker/docker/api/types/build"
	"github.com/docker/docker/client"
	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"
)

// BuildImage has the daemon build a directory: it is packed and sent, but for what its .dockerignore leaves out. The daemon's own
// builder does it, which every daemon has; BuildKit would need a session with callbacks, for what few Dockerfiles use.
func (Machine) BuildImage(ctx context.Context, dir, dockerfile, name string, args map[string]string, out io.Writer) error {
	files, dockerfile, err := buildContext(dir, dockerfile)
	if err != nil {
		return err
	}
	options := build.ImageBuildOptions{Tags: []string{name}, Dockerfile: dockerfile, BuildArgs: map[string]*string{}, Remove: true, ForceRemove: true, Version: build.BuilderV1}
	for key, value := range args {
		options.BuildArgs[key] = &value
	}
	return withDaemon(func(d *client.Client) error {
		archive, write := io.Pipe()
		defer archive.Close() // ends the packing, if the daemon does not want to read on
		go func() { write.CloseWithError(pack(write, files)) }()
		answer, err := d.ImageBuild(ctx, archive, options)
		if err != nil {
			return daemonError(err)
		}
		defer answer.Body.Close()
		return showProgress(answer.Body, out)
	})
}

// contextFile is a file of a build: where it is, and its name in what is sent.
type contextFile struct{ path, name string }

// buildContext lists what to send, and returns the Dockerfile's name in it. A Dockerfile that is elsewhere is sent along.
func buildContext(dir, dockerfile string) (files []contextFile, dockerfileName string, err error) {
	if info, err := os.Stat(dir); err != nil {
		return nil, "", err
	} else if !info.IsDir() {
		return nil, "", fmt.Errorf("%s is not a directory", dir)
	}
	if dockerfile == "" {
		dockerfile = filepath.Join(dir, "Dockerfile")
	}
	if _, err := os.Stat(dockerfile); err != nil {
		return nil, "", err
	}
	ignored, err := readIgnored(dir)
	if err != nil {
		return nil, "", err
	}
	dockerfileName, err = nameBelow(dir, dockerfile)
	if err != nil {
		return nil, "", err
	}
	err = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil || name == "." {
			return err
		}
		name = filepath.ToSlash(name)
		out, err := ignored.MatchesOrParentMatches(name)
		switch {
		case err != nil:
			return err
		case name == dockerfileName || name == ".dockerignore": // the builder reads both, and leaves them out itself
		case out && entry.IsDir() && !ignored.Exclusions():
			return fs.SkipDir
		case out:
			return nil // but something below it may be wanted, "!name"
		}
		files = append(files, contextFile{path, name})
		return nil
	})
	if err == nil && dockerfileName == "" {
		dockerfileName = ".dockerfile.kubelite"
		files = append(files, contextFile{dockerfile, dockerfileName})
	}
	return files, dockerfileName, err
}

func readIgnored(dir string) (*patternmatcher.PatternMatcher, error) {
	f, err := os.Open(filepath.Join(dir, ".dockerignore"))
	if errors.Is(err, fs.ErrNotExist) {
		return patternmatcher.New(nil)
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	patterns, err := ignorefile.ReadAll(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.Name(), err)
	}
	return patternmatcher.New(patterns)
}

// nameBelow is a file's name in a directory, "" if it is elsewhere.
func nameBelow(dir, file string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	file, err = filepath.Abs(file)
	if err != nil {
		return "", err
	}
	name, err := filepath.Rel(dir, file)
	if err != nil || name == ".." || strings.HasPrefix(name, ".."+string(filepath.Separator)) {
		return "", err
	}
	return filepath.ToSlash(name), nil
}

// pack writes files as root's: who owns them here means nothing there.
func pack(w io.Writer, files []contextFile) error {
	archive := tar.NewWriter(w)
	for _, f := range files {
		if err := packFile(archive, f); err != nil {
			return err
		}
	}
	return archive.Close()
}

func packFile(archive *tar.Writer, f contextFile) error {
	info, err := os.Lstat(f.path)
	if err != nil {
		return err
	}
	link := ""
	if info.Mode()&fs.ModeSymlink != 0 {
		if link, err = os.Readlink(f.path); err != nil {
			return err
		}
	}
	header, err := tar.FileInfoHeader(info, link)
	if err != nil {
		return fmt.Errorf("%s: %w", f.path, err) // a socket, for example
	}
	header.Name, header.Uid, header.Gid, header.Uname, header.Gname = f.name, 0, 0, "", ""
	if info.IsDir() {
		header.Name += "/"
	}
	if err := archive.WriteHeader(header); err != nil || !info.Mode().IsRegular() {
		return err
	}
	content, err := os.Open(f.path)
	if err != nil {
		return err
	}
	defer content.Close()
	_, err = io.Copy(archive, content)
	return err
}
