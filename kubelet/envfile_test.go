package kubelet

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"kubelite/api"
)

func TestParseEnvFile(t *testing.T) {
	tests := []struct{ name, text, want, err string }{
		{"a value", "A='1'\nKEY='value'\n", "value", ""},
		{"without a newline at the end", "KEY='value'", "value", ""},
		{"the first of two", "KEY='one'\nKEY='two'\n", "one", ""},
		{"blank lines, comments, blanks before the name", "\n  # KEY='no'\n \t KEY='value' # yes\n", "value", ""},
		{"nothing is special between quotes", `KEY='a "b" $C \n # d = e'`, `a "b" $C \n # d = e`, ""},
		{"several lines", "A='1\n2'\nKEY='one\ntwo\n'\n", "one\ntwo\n", ""},
		{"lines of Windows", "A='1'\r\nKEY='one\r\ntwo'\r\n", "one\ntwo", ""},
		{"it is not there", "A='1'\n", "", ""},
		{"an empty file", "", "", ""},
		{"no value", "KEY= 'value'\n", "", ""},
		{"what comes after does not matter", "KEY='value'\nnonsense\n", "value", ""},
		{"no =", "A='1'\n\nnonsense\nKEY='value'\n", "", "line 3: missing '='"},
		{"no name", "='value'\n", "", "line 1: empty variable name"},
		{"a blank before =", "KEY ='value'\n", "", "line 1: whitespace before '=' is not allowed"},
		{"no quotes", "KEY=value\n", "", "line 1: value must be enclosed in single quotes"},
		{"nothing at all", "KEY=\n", "", "line 1: value must be enclosed in single quotes"},
		{"the quote does not end", "A='1\nKEY=2\n", "", "line 1: unclosed single quote"},
		{"more after the quote", "A='1\n2'3\nKEY='value'\n", "", "line 2: unexpected content after closing quote"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			value, err := parseEnvFile(test.text, "KEY")
			if test.err != "" {
				require.EqualError(t, err, "invalid environment variable format at "+test.err)
				return
			}
			require.NoError(t, err)
			require.Equal(t, test.want, value)
		})
	}
}

func TestFileValue(t *testing.T) {
	k := &Kubelet{cfg: Config{RootDir: t.TempDir()}}
	pod := api.New[*api.Pod]()
	pod.UID = "u"
	pod.Spec.Volumes = []api.Volume{
		{Name: "config", VolumeSource: api.VolumeSource{EmptyDir: &api.EmptyDirVolumeSource{}}},
		{Name: "memory", VolumeSource: api.VolumeSource{EmptyDir: &api.EmptyDirVolumeSource{Medium: api.StorageMediumMemory}}},
	}
	dir := k.volumeDir(pod.UID, "config")
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "sub"), 0o777))
	outside := filepath.Join(k.cfg.RootDir, "secret")
	for path, text := range map[string]string{filepath.Join(dir, "sub", "env"): "KEY='value'\n", filepath.Join(dir, "bad"): "KEY=value\n", filepath.Join(dir, "large"): "KEY='value'\n" + strings.Repeat("#", maxEnvFile), outside: "KEY='secret'\n"} {
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	}
	require.NoError(t, syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o600))
	require.NoError(t, os.Symlink(outside, filepath.Join(dir, "link")))
	tests := []struct {
		name, volume, path, key string
		optional                bool
		want, err               string
	}{
		{"a key", "config", "sub/env", "KEY", false, "value", ""},
		{"another key", "config", "sub/env", "NONE", false, "", `environment variable key "NONE" not found in file "` + dir + `/sub/env"`},
		{"another key, optional", "config", "sub/env", "NONE", true, "", ""},
		{"no file", "config", "none", "KEY", true, "", "couldn't parse env file: openat none: no such file or directory"},
		{"a directory", "config", "sub", "KEY", false, "", "couldn't parse env file: sub is not a file"},
		{"a bad file", "config", "bad", "KEY", false, "", "couldn't parse env file: invalid environment variable format at line 1: value must be enclosed in single quotes"},
		{"a pipe that nobody writes to", "config", "pipe", "KEY", false, "", "couldn't parse env file: pipe is not a file"},
		{"a large file", "config", "large", "KEY", false, "", "couldn't parse env file: large is larger than 1048576 bytes"},
		{"a link that leads out", "config", "link", "KEY", false, "", "couldn't parse env file: openat link: path escapes from parent"},
		{"a volume in memory", "memory", "env", "KEY", false, "", `cannot find the volume "memory" referenced by FileKeyRef`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			value, found, err := k.fileValue(pod, &api.FileKeySelector{VolumeName: test.volume, Path: test.path, Key: test.key, Optional: &test.optional})
			if test.err != "" {
				require.EqualError(t, err, test.err)
				return
			}
			require.NoError(t, err)
			require.Equal(t, test.want, value)
			require.Equal(t, test.want != "", found)
		})
	}
}
