package simulated

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"sync"
	"time"
)

// files are what a pod's scripts have written. All containers of the pod share them, as if they had one volume for
// everything; they live as long as the pod does in this kubelet, and never touch the machine's own files.
type files struct {
	mu     sync.Mutex
	byPath map[string][]byte // guarded by mu
	size   int               // of all of them; guarded by mu
}

// maxFiles bounds what a pod may write: it is the kubelet's memory.
const maxFiles = 1 << 20

var errNoSpace = errors.New("no space left on device")

func (f *files) read(name string) ([]byte, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if content, ok := f.byPath[name]; ok {
		return content, nil
	}
	return nil, fs.ErrNotExist
}

// write replaces a file's content, or appends to it.
func (f *files) write(name string, content []byte, add bool) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	old := f.byPath[name]
	if add {
		content = append(bytes.Clone(old), content...)
	}
	if f.size+len(content)-len(old) > maxFiles {
		return errNoSpace
	}
	if f.byPath == nil {
		f.byPath = map[string][]byte{}
	}
	f.size += len(content) - len(old)
	f.byPath[name] = bytes.Clone(content)
	return nil
}

func (f *files) remove(name string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	content, ok := f.byPath[name]
	if !ok {
		return fs.ErrNotExist
	}
	f.size -= len(content)
	delete(f.byPath, name)
	return nil
}

// below lists the names in a directory. Directories need not be made: a path without a dot is one as soon as somebody asks.
func (f *files) below(dir string) (names []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	prefix := strings.TrimSuffix(dir, "/") + "/"
	for name := range f.byPath {
		if rest, ok := strings.CutPrefix(name, prefix); ok && !strings.Contains(rest, "/") {
			names = append(names, rest)
		}
	}
	return names
}

// open is the shell's way to a file: `> file`, `< file`.
func (f *files) open(_ context.Context, name string, flag int, _ os.FileMode) (io.ReadWriteCloser, error) {
	if name == "/dev/null" {
		return &openFile{}, nil
	}
	o := &openFile{files: f, name: path.Clean(name)}
	switch {
	case flag&(os.O_WRONLY|os.O_RDWR) == 0:
		content, err := f.read(o.name)
		if err != nil {
			return nil, &os.PathError{Op: "open", Path: name, Err: err}
		}
		o.Reader = bytes.NewReader(content)
	case flag&os.O_APPEND == 0:
		if err := f.write(o.name, nil, false); err != nil {
			return nil, &os.PathError{Op: "open", Path: name, Err: err}
		}
	}
	return o, nil
}

// stat knows files, and takes what is not one for a directory if something lies in it.
func (f *files) stat(_ context.Context, name string, _ bool) (fs.FileInfo, error) {
	name = path.Clean(name)
	if content, err := f.read(name); err == nil {
		return fileInfo{name: path.Base(name), size: int64(len(content)), mode: 0o644}, nil
	}
	if name == "/" || len(f.below(name)) > 0 {
		return fileInfo{name: path.Base(name), mode: fs.ModeDir | 0o755}, nil
	}
	return nil, &os.PathError{Op: "stat", Path: name, Err: fs.ErrNotExist}
}

func (f *files) readDir(_ context.Context, name string) ([]fs.DirEntry, error) {
	var entries []fs.DirEntry
	for _, file := range f.below(path.Clean(name)) {
		entries = append(entries, fs.FileInfoToDirEntry(fileInfo{name: file, mode: 0o644}))
	}
	return entries, nil
}

// openFile reads a copy of the content, and appends what is written. Without files it is /dev/null.
type openFile struct {
	*bytes.Reader
	files *files
	name  string
}

func (o *openFile) Read(p []byte) (int, error) {
	if o.Reader == nil {
		return 0, io.EOF
	}
	return o.Reader.Read(p)
}

func (o *openFile) Write(p []byte) (int, error) {
	if o.files == nil {
		return len(p), nil
	}
	if err := o.files.write(o.name, p, true); err != nil {
		return 0, &os.PathError{Op: "write", Path: o.name, Err: err}
	}
	return len(p), nil
}

func (o *openFile) Close() error { return nil }

type fileInfo struct {
	name string
	size int64
	mode fs.FileMode
}

func (i fileInfo) Name() string       { return i.name }
func (i fileInfo) Size() int64        { return i.size }
func (i fileInfo) Mode() fs.FileMode  { return i.mode }
func (i fileInfo) ModTime() time.Time { return time.Time{} }
func (i fileInfo) IsDir() bool        { return i.mode.IsDir() }
func (i fileInfo) Sys() any           { return nil }
