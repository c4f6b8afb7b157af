package docker

import (
	"archive/tar"
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestExtract(t *testing.T) {
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	uid, gid := os.Getuid(), os.Getgid()
	for _, h := range []tar.Header{
		{Name: ".dockerenv", Typeflag: tar.TypeReg},
		{Name: "dev/", Typeflag: tar.TypeDir, Mode: 0o755},
		{Name: "dev/console", Typeflag: tar.TypeChar, Devmajor: 5, Devminor: 1},
		{Name: "etc/", Typeflag: tar.TypeDir, Mode: 0o555},
		{Name: "etc/hosts", Typeflag: tar.TypeReg},
		{Name: "etc/hostname", Typeflag: tar.TypeReg, Mode: 0o644, Size: 4},
		{Name: "bin/tool", Typeflag: tar.TypeReg, Mode: 0o4755, Size: 4},
		{Name: "bin/same", Typeflag: tar.TypeLink, Linkname: "bin/tool"},
		{Name: "lib", Typeflag: tar.TypeSymlink, Linkname: "/usr/lib"},
		{Name: "../outside", Typeflag: tar.TypeReg, Mode: 0o644, Size: 4},
	} {
		h.Uid, h.Gid = uid, gid
		require.NoError(t, w.WriteHeader(&h))
		_, err := w.Write(bytes.Repeat([]byte("x"), int(h.Size)))
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	dir := filepath.Join(t.TempDir(), "volume")
	require.NoError(t, os.Mkdir(dir, 0o755))
	root, err := os.OpenRoot(dir)
	require.NoError(t, err)
	defer root.Close()
	require.NoError(t, extract(tar.NewReader(&archive), root))

	modes := map[string]fs.FileMode{}
	require.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		require.NoError(t, err)
		info, err := d.Info()
		require.NoError(t, err)
		if name, err := filepath.Rel(dir, path); err == nil && name != "." {
			modes[name] = info.Mode()
		}
		return nil
	}))
	require.Equal(t, map[string]fs.FileMode{
		"etc": fs.ModeDir | 0o755, "etc/hostname": 0o644, // what Docker puts there is not the image's, unless there is something in it
		"bin": fs.ModeDir | 0o755, "bin/tool": fs.ModeSetuid | 0o755, "bin/same": fs.ModeSetuid | 0o755,
		"lib": fs.ModeSymlink | 0o777, "outside": 0o644,
	}, modes)
	to, err := os.Readlink(filepath.Join(dir, "lib"))
	require.NoError(t, err)
	require.Equal(t, "/usr/lib", to)
	require.NoFileExists(t, filepath.Join(filepath.Dir(dir), "outside"))
}

func TestExtractThroughALink(t *testing.T) {
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	elsewhere := t.TempDir()
	require.NoError(t, w.WriteHeader(&tar.Header{Name: "etc", Typeflag: tar.TypeSymlink, Linkname: elsewhere}))
	require.NoError(t, w.WriteHeader(&tar.Header{Name: "etc/passwd", Typeflag: tar.TypeReg, Mode: 0o644}))
	require.NoError(t, w.Close())
	root, err := os.OpenRoot(t.TempDir())
	require.NoError(t, err)
	defer root.Close()
	require.Error(t, extract(tar.NewReader(&archive), root))
	require.NoFileExists(t, filepath.Join(elsewhere, "passwd"))
}

func TestExtractImage(t *testing.T) {
	r := newRuntime(t)
	image, err := r.ImageStatus(t.Context(), testImage)
	require.NoError(t, err)
	dir := t.TempDir()
	require.NoError(t, r.ExtractImage(t.Context(), image.ID, dir))
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	require.Contains(t, names, "kubelite")
	require.NotContains(t, names, "proc")
	require.NotContains(t, names, ".dockerenv")
}
