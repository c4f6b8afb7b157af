package docker

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestBuildContext says which files of a directory are sent to the daemon.
func TestBuildContext(t *testing.T) {
	for _, tc := range []struct {
		name       string
		files      []string // "name", or "name=content"
		dockerfile string
		sent       []string
		as         string // the Dockerfile's name
	}{
		{"all of it", []string{"Dockerfile", "main.go", "web/index.html"}, "", []string{"Dockerfile", "main.go", "web/", "web/index.html"}, "Dockerfile"},
		{"but for what is ignored", []string{"Dockerfile", ".dockerignore=*.log\nnode_modules\n", "a.log", "web/a.log", "node_modules/x/y.js"}, "",
			[]string{".dockerignore", "Dockerfile", "web/", "web/a.log"}, "Dockerfile"},
		{"in every folder", []string{"Dockerfile", ".dockerignore=**/*.log\n", "web/a.log"}, "", []string{".dockerignore", "Dockerfile", "web/"}, "Dockerfile"},
		{"with exceptions", []string{"Dockerfile", ".dockerignore=docs\n!docs/README.md\n", "docs/a.md", "docs/README.md"}, "",
			[]string{".dockerignore", "Dockerfile", "docs/README.md"}, "Dockerfile"},
		{"the builder reads what is ignored", []string{"Dockerfile", ".dockerignore=*\n", "a"}, "", []string{".dockerignore", "Dockerfile"}, "Dockerfile"},
		{"another Dockerfile", []string{"build/small.Dockerfile", "a"}, "build/small.Dockerfile", []string{"a", "build/", "build/small.Dockerfile"}, "build/small.Dockerfile"},
		{"one from elsewhere", []string{"a", "../other.Dockerfile"}, "../other.Dockerfile", []string{"a", ".dockerfile.kubelite"}, ".dockerfile.kubelite"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "context")
			require.NoError(t, os.Mkdir(dir, 0o755))
			for _, f := range tc.files {
				name, content, _ := strings.Cut(f, "=")
				path := filepath.Join(dir, name)
				require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
				require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
			}
			dockerfile := tc.dockerfile
			if dockerfile != "" {
				dockerfile = filepath.Join(dir, dockerfile)
			}
			files, as, err := buildContext(dir, dockerfile)
			require.NoError(t, err)
			require.Equal(t, tc.as, as)
			var archive bytes.Buffer
			require.NoError(t, pack(&archive, files))
			var sent []string
			for entries := tar.NewReader(&archive); ; {
				header, err := entries.Next()
				if errors.Is(err, io.EOF) {
					break
				}
				require.NoError(t, err)
				require.Zero(t, header.Uid)
				sent = append(sent, header.Name)
			}
			require.Equal(t, tc.sent, sent)
		})
	}
	_, _, err := buildContext(t.TempDir(), "")
	require.ErrorIs(t, err, os.ErrNotExist)
	require.ErrorContains(t, err, "Dockerfile")
}

func TestLinksStayLinks(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "Dockerfile"), nil, 0o600))
	require.NoError(t, os.Symlink("/etc/passwd", filepath.Join(dir, "link")))
	files, _, err := buildContext(dir, "")
	require.NoError(t, err)
	var archive bytes.Buffer
	require.NoError(t, pack(&archive, files))
	entries := tar.NewReader(&archive)
	_, err = entries.Next()
	require.NoError(t, err)
	link, err := entries.Next()
	require.NoError(t, err)
	require.Equal(t, byte(tar.TypeSymlink), link.Typeflag)
	require.Equal(t, "/etc/passwd", link.Linkname)
}
