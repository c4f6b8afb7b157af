package client

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"kubelite/api"
)

// ReadKubeconfig reads one file as it is, for those who change it: what they know nothing of stays in it. A blank file is an
// empty map; one that is not there is os.ErrNotExist.
func ReadKubeconfig(path string) (map[string]any, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	data, err := api.YAMLToJSON(text)
	if err != nil {
		return nil, err
	}
	config := map[string]any{}
	if len(data) == 0 || string(data) == "null" {
		return config, nil
	}
	return config, api.UnmarshalJSON(data, &config)
}

// WriteKubeconfig replaces a file in one step, for nobody but the user to read. Its directory is made if it is missing.
func WriteKubeconfig(path string, config map[string]any) error {
	text, err := api.MarshalYAML(config)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return ReplaceFile(path, text, 0o600)
}

// ReplaceFile writes a file in one step: whoever reads it finds what was there before or all of what is there now. A link
// goes on pointing to where it points.
func ReplaceFile(path string, data []byte, mode os.FileMode) error {
	if to, err := filepath.EvalSymlinks(path); err == nil {
		path = to
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), ".tmp-*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name()) // fails after the rename, as it should
	_, err = tmp.Write(data)
	if err = errors.Join(err, tmp.Chmod(mode), tmp.Close()); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return os.Rename(tmp.Name(), path)
}
