package kubelet

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"kubelite/api"
)

// writeVolume makes dir show the files, all changed at once: they live in a directory of their own, ..data points to
// it, and what users see are links through ..data. Replacing that one link replaces everything.
//
//	dir/config.yaml -> ..data/config.yaml
//	dir/..data      -> ..2026_11_23_10_00_00.123456789
//	dir/..2026_11_23_10_00_00.123456789/config.yaml
func writeVolume(dir string, files map[string]volumeFile, pod *api.Pod) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	old, _ := os.Readlink(filepath.Join(dir, "..data")) // "" the first time
	if old != "" && sameFiles(filepath.Join(dir, old), files) {
		return nil
	}
	data, err := os.MkdirTemp(dir, time.Now().UTC().Format("..2006_01_02_15_04_05."))
	if err != nil {
		return err
	}
	err = os.Chmod(data, 0o755)
	for name, f := range files {
		if !filepath.IsLocal(name) {
			return fmt.Errorf("invalid path %q: must not leave the volume", name)
		}
		file := filepath.Join(data, name)
		err = errors.Join(err, os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, f.data, f.mode), os.Chmod(file, f.mode), setOwner(file, f.owner))
	}
	if group := fsGroup(pod); err == nil && group != nil {
		err = giveToGroup(data, *group, readOnly)
	}
	if err != nil {
		return err
	}
	next := filepath.Join(dir, "..data_tmp")
	_ = os.Remove(next) // left by a crash
	if err := errors.Join(os.Symlink(filepath.Base(data), next), os.Rename(next, filepath.Join(dir, "..data"))); err != nil {
		return err
	}
	err = linkNames(dir, files)
	if old != "" {
		err = errors.Join(err, os.RemoveAll(filepath.Join(dir, old)))
	}
	return err
}

// linkNames makes the links that users see, and removes those whose file is gone.
func linkNames(dir string, files map[string]volumeFile) error {
	wanted := map[string]bool{}
	for name := range files {
		first, _, _ := strings.Cut(name, "/")
		wanted[first] = true
	}
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), "..") && !wanted[e.Name()] {
			err = errors.Join(err, os.Remove(filepath.Join(dir, e.Name())))
		}
		delete(wanted, e.Name())
	}
	for name := range wanted {
		err = errors.Join(err, os.Symlink("..data/"+name, filepath.Join(dir, name)))
	}
	return err
}

// sameFiles tells whether a directory holds these files and no others.
func sameFiles(dir string, files map[string]volumeFile) bool {
	found := 0
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, p)
		if err != nil {
			return err
		}
		want, ok := files[name]
		have, err := os.ReadFile(p)
		if err != nil || !ok || string(have) != string(want.data) {
			return fs.ErrNotExist
		}
		found++
		return nil
	})
	return err == nil && found == len(files)
}
