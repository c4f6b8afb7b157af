package kubelet

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"kubelite/api"
)

// Variables out of a file that an init container has written: valueFrom.fileKeyRef. Upstream: pkg/kubelet/util/env.

// maxEnvFile is how large such a file may be, in bytes: whoever writes it is not trusted.
const maxEnvFile = 1 << 20

// fileValue reads a variable from a file in one of the pod's emptyDirs. found is false where it is optional and not there. The
// file has to be there in any case. One in memory belongs to the sandbox, where the kubelet cannot look.
func (k *Kubelet) fileValue(pod *api.Pod, ref *api.FileKeySelector) (value string, found bool, err error) {
	at := slices.IndexFunc(pod.Spec.Volumes, func(v api.Volume) bool { return v.Name == ref.VolumeName })
	if at < 0 || inMemory(&pod.Spec.Volumes[at]) {
		return "", false, fmt.Errorf("cannot find the volume %q referenced by FileKeyRef", ref.VolumeName)
	}
	dir := k.volumeDir(pod.UID, ref.VolumeName)
	text, err := readInside(dir, ref.Path, maxEnvFile)
	if err == nil {
		value, err = parseEnvFile(text, ref.Key)
	}
	switch {
	case err != nil:
		return "", false, fmt.Errorf("couldn't parse env file: %w", err)
	case value == "" && !api.Deref(ref.Optional, false):
		return "", false, fmt.Errorf("environment variable key %q not found in file %q", ref.Key, filepath.Join(dir, ref.Path))
	}
	return value, value != "", nil
}

// readInside reads a file of a volume. A root keeps links in the volume from leading elsewhere on the machine.
func readInside(dir, path string, limit int64) (string, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return "", err
	}
	defer root.Close()
	file, err := root.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0) // a pipe would keep us waiting
	if err != nil {
		return "", err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() {
		return "", fmt.Errorf("%s is not a file", path)
	}
	text, err := io.ReadAll(io.LimitReader(file, limit+1))
	if err == nil && int64(len(text)) > limit {
		err = fmt.Errorf("%s is larger than %d bytes", path, limit)
	}
	return string(text), err
}

// parseEnvFile finds a variable in text as a shell would read it, of which it knows a part: NAME='value', a line each, with blank
// lines and comments in between. Between the quotes everything stands for itself, also the end of a line. "" means that the
// variable is not there, or has no value: as in a shell, what follows a blank after = is none.
func parseEnvFile(text, key string) (string, error) {
	text = strings.ReplaceAll(text, "\r\n", "\n")
	for number := 1; text != ""; number++ {
		fail := func(why string) (string, error) {
			return "", fmt.Errorf("invalid environment variable format at line %d: %s", number, why)
		}
		text = strings.TrimLeft(text, " \t")
		line, below, _ := strings.Cut(text, "\n")
		if line == "" || line[0] == '#' {
			text = below
			continue
		}
		name, value, assigns := strings.Cut(line, "=")
		switch {
		case !assigns:
			return fail("missing '='")
		case strings.TrimSpace(name) == "":
			return fail("empty variable name")
		case strings.TrimRight(name, " \t") != name:
			return fail("whitespace before '=' is not allowed")
		case value != "" && strings.ContainsRune(" \t", rune(value[0])):
			value = ""
		case !strings.HasPrefix(value, "'"):
			return fail("value must be enclosed in single quotes")
		default:
			var rest string
			var closed bool
			if value, rest, closed = strings.Cut(text[len(name)+len("='"):], "'"); !closed {
				return fail("unclosed single quote")
			}
			number += strings.Count(value, "\n")
			rest, below, _ = strings.Cut(rest, "\n")
			if rest = strings.TrimLeft(rest, " \t"); rest != "" && rest[0] != '#' {
				return fail("unexpected content after closing quote")
			}
		}
		if name == key {
			return value, nil
		}
		text = below
	}
	return "", nil
}
