package kubelet

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"kubelite/api"
)

// setUpHostPath checks the path, or makes it, as its type demands.
func setUpHostPath(s *api.HostPathVolumeSource) error {
	t := api.Deref(s.Type, api.HostPathUnset)
	switch t {
	case api.HostPathUnset: // nothing is checked, and container runtimes make what is missing
		if _, err := os.Stat(s.Path); errors.Is(err, fs.ErrNotExist) {
			return os.MkdirAll(s.Path, 0o755)
		}
		return nil
	case api.HostPathDirectoryOrCreate:
		if err := os.MkdirAll(s.Path, 0o755); err != nil {
			return err
		}
	case api.HostPathFileOrCreate:
		f, err := os.OpenFile(s.Path, os.O_CREATE, 0o644)
		if err != nil {
			return err
		}
		return f.Close()
	}
	info, err := os.Stat(s.Path)
	bad := func(what string) error {
		return fmt.Errorf("hostPath type check failed: %s is not a %s", s.Path, what)
	}
	switch t {
	case api.HostPathDirectory, api.HostPathDirectoryOrCreate:
		if err != nil || !info.IsDir() {
			return bad("directory")
		}
	case api.HostPathFile:
		if err != nil || !info.Mode().IsRegular() {
			return bad("file")
		}
	case api.HostPathSocket:
		if err != nil || info.Mode().Type() != fs.ModeSocket {
			return bad("socket file")
		}
	case api.HostPathCharDev:
		if err != nil || info.Mode().Type() != fs.ModeDevice|fs.ModeCharDevice {
			return bad("character device")
		}
	case api.HostPathBlockDev:
		if err != nil || info.Mode().Type() != fs.ModeDevice {
			return bad("block device")
		}
	}
	return nil
}
