package docker

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/docker/docker/api/types/image"
	"github.com/stretchr/testify/require"

	"kubelite/api"
	"kubelite/kubelet"
)

func TestResolveUser(t *testing.T) {
	files := &userFiles{
		passwd: []byte("root:x:0:0:root:/root:/bin/sh\nweb:x:1000:100:Web:/home/web:/bin/sh\n"),
		group:  []byte("root:x:0:root\nusers:x:100:\nlogs:x:50000:web,other\nothers:x:50001:other\n"),
	}
	tests := []struct {
		name, spec string
		strict     bool
		user       string
		groups     []int64
	}{
		{"a user has the image's groups", "1000:3000", false, "1000:3000", []int64{50000}},
		{"by name", "web:users", false, "1000:100", []int64{50000}},
		{"strict has none of them", "1000:3000", true, "1000:3000", nil},
		{"strict still has the user's first group", "web", true, "1000:100", nil},
		{"nobody said who", "", true, "0:0", nil},
		{"a number that the image does not know", "7:8", false, "7:8", nil},
		{"and its group", "7", true, "7:0", nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			user, groups, err := files.resolve(test.spec, test.strict)
			require.NoError(t, err)
			require.Equal(t, test.user, user)
			require.Equal(t, test.groups, groups)
		})
	}
	_, _, err := files.resolve("nobody", true)
	require.EqualError(t, err, "unable to find user nobody: no matching entries in passwd file")
}

func TestParseUser(t *testing.T) {
	status := "Name:\tserver\nUid:\t1000\t1000\t1000\t1000\nGid:\t3000\t3000\t3000\t3000\nGroups:\t3000 50000 \n"
	require.Equal(t, &api.LinuxContainerUser{UID: 1000, GID: 3000, SupplementalGroups: []int64{3000, 50000}}, parseUser([]byte(status)).Linux)
}

// TestGroupsOfAProcess asks the kernel, on an image whose /etc/group lists the user.
func TestGroupsOfAProcess(t *testing.T) {
	r := newRuntime(t)
	const grouped = "kubelite-test-groups:1"
	dir := t.TempDir()
	for path, text := range map[string]string{
		"Dockerfile": "FROM " + testImage + "\nCOPY passwd group /etc/\n",
		"passwd":     "web:x:1000:100::/:/none\n", "group": "users:x:100:\nlogs:x:50000:web\n",
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, path), []byte(text), 0o644))
	}
	out, err := exec.Command("docker", "build", "-q", "-t", grouped, dir).CombinedOutput()
	require.NoError(t, err, "%s", out)
	t.Cleanup(func() {
		_, err := r.docker.ImageRemove(context.Background(), grouped, image.RemoveOptions{Force: true})
		require.NoError(t, err)
	})
	for name, test := range map[string]struct {
		user   string
		strict bool
		gid    int64
		groups []int64
	}{
		"merge":           {"1000:3000", false, 3000, []int64{2000, 50000}},
		"merge-no-group":  {"1000", false, 100, []int64{2000, 50000}},
		"strict":          {"1000:3000", true, 3000, []int64{2000}},
		"strict-no-group": {"1000", true, 100, []int64{2000}},
	} {
		t.Run(name, func(t *testing.T) {
			c := appContainer("c", "serve")
			c.Image, c.ImageRef, c.User, c.StrictGroups, c.SupplementalGroups = grouped, "grouped", test.user, test.strict, []int64{2000}
			s := sandbox(name)
			sandboxID, ids := run(t, r, s, c)
			pod, err := r.PodStatus(t.Context(), s.UID)
			require.NoError(t, err)
			require.Equal(t, kubelet.ContainerRunning, pod.Containers[0].State)
			if user := pod.Containers[0].User; user != nil { // else the daemon's processes are on another machine
				require.EqualValues(t, 1000, user.Linux.UID)
				require.Equal(t, test.gid, user.Linux.GID)
				require.ElementsMatch(t, test.groups, without(user.Linux.SupplementalGroups, test.gid))
			}
			require.NoError(t, r.RemoveContainer(t.Context(), ids[0]))
			require.NoError(t, r.StopPodSandbox(t.Context(), sandboxID))
		})
	}
}

// without drops a process's first group, which some versions of Docker list once more.
func without(groups []int64, gid int64) (rest []int64) {
	for _, g := range groups {
		if g != gid {
			rest = append(rest, g)
		}
	}
	return rest
}
