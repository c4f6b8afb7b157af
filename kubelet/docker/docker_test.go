package docker

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/image"
	"github.com/stretchr/testify/require"

	"kubelite/api"
	"kubelite/kubelet"
)

// testImage holds testdata/app and nothing else. It is made once for all tests.
const testImage = "kubelite-test-app:1"

var buildImage = sync.OnceValue(func() error {
	dir, err := os.MkdirTemp("", "kubelite-app-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	binary := filepath.Join(dir, "app")
	build := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", binary, "./testdata/app")
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build the test's program: %w: %s", err, out)
	}
	return Machine{}.EnsureImage(context.Background(), testImage, binary)
})

// TestMain removes the image when all tests are over.
func TestMain(m *testing.M) {
	code := m.Run()
	if d, err := connect(); err == nil {
		_, _ = d.ImageRemove(context.Background(), testImage, image.RemoveOptions{Force: true}) // it may never have been made
		d.Close()
	}
	os.Exit(code)
}

// requireDocker skips a test where no daemon answers. In CI there has to be one.
func requireDocker(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := (Machine{}).Available(ctx); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("no Docker daemon answers, and CI=true says that there is one: %v", err)
		}
		t.Skipf("no Docker daemon answers: %v", err)
	}
	require.NoError(t, buildImage())
}

var profiles struct {
	sync.Mutex
	n int
}

// newRuntime makes a runtime with a network of its own. Nothing of it is left after the test.
func newRuntime(t *testing.T) *Runtime {
	t.Helper()
	requireDocker(t)
	profiles.Lock()
	profiles.n++
	profile := fmt.Sprintf("test-%d-%d", os.Getpid(), profiles.n)
	profiles.Unlock()
	t.Cleanup(func() { require.NoError(t, Machine{}.Purge(context.Background(), profile)) })
	network := "kubelite-" + profile
	var ranges []netip.Prefix
	for i := range 40 {
		ranges = append(ranges, netip.MustParsePrefix(fmt.Sprintf("10.%d.0.0/16", 180+i)))
	}
	cidr, _, err := Machine{}.EnsureNetwork(t.Context(), profile, network, ranges)
	require.NoError(t, err)
	return runtimeOn(t, profile, network, cidr)
}

// runtimeOn makes a runtime on a network that is there, as a kubelet does that starts again.
func runtimeOn(t *testing.T, profile, network string, cidr netip.Prefix) *Runtime {
	t.Helper()
	r, err := New(t.Context(), Config{
		Profile: profile, Node: "n1", Network: network, PauseImage: testImage,
	})
	require.NoError(t, err)
	require.NoError(t, r.UpdatePodCIDR(rangeIn(cidr)))
	t.Cleanup(func() { require.NoError(t, r.Close()) })
	_, err = r.Info(t.Context())
	require.NoError(t, err)
	return r
}

// rangeIn is the part of a test's network that its node has.
func rangeIn(cidr netip.Prefix) string {
	a := cidr.Addr().As4()
	return fmt.Sprintf("%d.%d.1.0/24", a[0], a[1])
}

// nodeRange is rangeIn of the runtime's network.
func nodeRange(t *testing.T, r *Runtime) string {
	t.Helper()
	cidr, _, err := inspect(t, r)
	require.NoError(t, err)
	return rangeIn(cidr)
}

func sandbox(name string) *kubelet.SandboxConfig {
	return &kubelet.SandboxConfig{UID: api.UID("uid-" + name), Namespace: "default", Name: name, Hostname: name}
}

func appContainer(name string, args ...string) *kubelet.ContainerConfig {
	return &kubelet.ContainerConfig{Name: name, Hash: "h", Image: testImage, ImageRef: "sha256:x", Args: args}
}

// run makes a sandbox and starts containers in it; their ids come in order.
func run(t *testing.T, r *Runtime, s *kubelet.SandboxConfig, containers ...*kubelet.ContainerConfig) (string, []string) {
	t.Helper()
	sandboxID, err := r.RunPodSandbox(t.Context(), s)
	require.NoError(t, err)
	var ids []string
	for _, c := range containers {
		id, err := r.CreateContainer(t.Context(), sandboxID, c, s)
		require.NoError(t, err)
		require.NoError(t, r.StartContainer(t.Context(), id))
		ids = append(ids, id)
	}
	return sandboxID, ids
}

// ended waits for a container to end.
func ended(t *testing.T, r *Runtime, id string) {
	t.Helper()
	done, failed := r.docker.ContainerWait(t.Context(), id, container.WaitConditionNotRunning)
	select {
	case <-done:
	case err := <-failed:
		require.NoError(t, err)
	}
}

func podStatus(t *testing.T, r *Runtime, name string) *kubelet.RuntimePod {
	t.Helper()
	pod, err := r.PodStatus(t.Context(), api.UID("uid-"+name))
	require.NoError(t, err)
	return pod
}

func logs(t *testing.T, r *Runtime, id string, o kubelet.LogOptions) (stdout, stderr string) {
	t.Helper()
	var out, err bytes.Buffer
	require.NoError(t, r.ContainerLogs(t.Context(), id, o, &out, &err))
	return out.String(), err.String()
}

func TestAPodOnDocker(t *testing.T) {
	r := newRuntime(t)
	sandboxID, ids := run(t, r, sandbox("web"), appContainer("web"), appContainer("second", "pause"))

	pod := podStatus(t, r, "web")
	require.Equal(t, "web", pod.Name)
	require.Equal(t, "default", pod.Namespace)
	require.Equal(t, sandboxID, pod.Sandbox().ID)
	require.True(t, strings.HasSuffix(pod.Sandbox().IP, ".1.2"), pod.Sandbox().IP)
	web := pod.Newest("web")
	require.Equal(t, ids[0], web.ID)
	require.Equal(t, kubelet.ContainerRunning, web.State)
	require.Equal(t, testImage, web.Image)
	require.Equal(t, "sha256:x", web.ImageID)
	require.Equal(t, "h", web.Hash)
	require.WithinDuration(t, time.Now(), web.StartedAt, time.Minute)
	require.Len(t, pod.Running(), 2)

	// Both containers have the sandbox's address and name.
	require.Eventually(t, func() bool {
		resp, err := http.Get("http://" + net.JoinHostPort(pod.Sandbox().IP, "8080"))
		if err != nil {
			return false
		}
		return resp.Body.Close() == nil && resp.StatusCode == http.StatusOK
	}, 10*time.Second, 20*time.Millisecond)
	out, code, err := r.ExecSync(t.Context(), ids[1], []string{"/kubelite", "cat", "/etc/hostname"})
	require.NoError(t, err)
	require.Zero(t, code)
	require.Equal(t, "web\n", string(out))

	// A list tells the same, but for what only inspection finds out.
	pods, err := r.ListPods(t.Context())
	require.NoError(t, err)
	require.Len(t, pods, 1)
	require.Equal(t, pod.Sandbox().IP, pods[0].Sandbox().IP)
	require.Len(t, pods[0].Running(), 2)

	// Stopping and removing leaves nothing. Doing it twice does no harm.
	for range 2 {
		for _, id := range ids {
			require.NoError(t, r.StopContainer(t.Context(), id, 5*time.Second))
		}
		require.NoError(t, r.StopPodSandbox(t.Context(), sandboxID))
	}
	require.Nil(t, podStatus(t, r, "web").Sandbox())
	for range 2 {
		for _, id := range ids {
			require.NoError(t, r.RemoveContainer(t.Context(), id))
		}
		require.NoError(t, r.RemovePodSandbox(t.Context(), sandboxID))
	}
	require.True(t, podStatus(t, r, "web").Empty())
}

func TestContainersEndInDifferentWays(t *testing.T) {
	r := newRuntime(t)
	s := sandbox("ends")
	sandboxID, ids := run(t, r, s, appContainer("good", "exit", "0"), appContainer("bad", "exit", "3"), appContainer("long"), appContainer("stubborn", "stubborn"))
	ended(t, r, ids[0])
	ended(t, r, ids[1])
	pod := podStatus(t, r, "ends")
	require.Equal(t, "Completed", pod.Newest("good").Reason)
	require.Equal(t, "Error", pod.Newest("bad").Reason)
	require.Equal(t, 3, pod.Newest("bad").ExitCode)
	require.WithinDuration(t, time.Now(), pod.Newest("bad").FinishedAt, time.Minute)

	began := time.Now()
	require.NoError(t, r.StopContainer(t.Context(), ids[2], 20*time.Second))
	require.Less(t, time.Since(began), 10*time.Second, "it ends by itself when told to")
	require.NoError(t, r.StopContainer(t.Context(), ids[3], time.Second))
	pod = podStatus(t, r, "ends")
	require.Equal(t, 0, pod.Newest("long").ExitCode)
	require.Equal(t, 137, pod.Newest("stubborn").ExitCode)

	// A start that fails is an end, too.
	broken := appContainer("broken")
	broken.Command = []string{"/no/such/program"}
	id, err := r.CreateContainer(t.Context(), sandboxID, broken, s)
	require.NoError(t, err)
	err = r.StartContainer(t.Context(), id)
	require.ErrorContains(t, err, "/no/such/program")
	require.NotContains(t, err.Error(), "Error response from daemon")
	c := podStatus(t, r, "ends").Newest("broken")
	require.Equal(t, kubelet.ContainerExited, c.State)
	require.Equal(t, "StartError", c.Reason)
	require.Equal(t, 128, c.ExitCode)
	require.Contains(t, c.Message, "/no/such/program")
}

func TestAttemptsAreKeptApart(t *testing.T) {
	r := newRuntime(t)
	s := sandbox("again")
	sandboxID, ids := run(t, r, s, appContainer("c", "exit", "1"))
	ended(t, r, ids[0])
	second := appContainer("c")
	second.Attempt = 1
	id, err := r.CreateContainer(t.Context(), sandboxID, second, s)
	require.NoError(t, err)
	require.NoError(t, r.StartContainer(t.Context(), id))

	// A restarted kubelet finds both, and does not give the address away again.
	cidr, _, err := inspect(t, r)
	require.NoError(t, err)
	restarted := runtimeOn(t, r.cfg.Profile, r.cfg.Network, cidr)
	pod := podStatus(t, restarted, "again")
	require.Equal(t, id, pod.Newest("c").ID)
	require.Equal(t, 1, pod.Newest("c").Attempt)
	require.Equal(t, ids[0], pod.Previous("c").ID)
	out, _ := logs(t, restarted, ids[0], kubelet.LogOptions{Tail: -1})
	require.Equal(t, "out\n", out)
	_, err = restarted.RunPodSandbox(t.Context(), sandbox("other"))
	require.NoError(t, err)
	require.NotEqual(t, pod.Sandbox().IP, podStatus(t, restarted, "other").Sandbox().IP)

	// A container that a crashed kubelet had made, but not told anybody of, gives way to the new one.
	again, err := restarted.CreateContainer(t.Context(), sandboxID, second, s)
	require.NoError(t, err)
	require.NotEqual(t, id, again)
}

func inspect(t *testing.T, r *Runtime) (cidr netip.Prefix, gateway netip.Addr, err error) {
	return Machine{}.EnsureNetwork(t.Context(), r.cfg.Profile, r.cfg.Network, nil)
}

func TestContainersGetWhatTheyAreConfiguredTo(t *testing.T) {
	r := newRuntime(t)
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "file"), []byte("content"), 0o644))

	c := appContainer("c", "cat", "/mnt/file")
	c.Mounts = []kubelet.Mount{{HostPath: dir, ContainerPath: "/mnt", ReadOnly: true}}
	env := appContainer("env", "env", "A", "PORT")
	env.Env = []kubelet.EnvVar{{Name: "A", Value: "b c"}, {Name: "PORT", Value: "$X"}}
	id := appContainer("id", "id")
	id.User = "1000:3000"
	id.ReadOnlyRootFS, id.NoNewPrivileges, id.DropCapabilities = true, true, []string{"ALL"}
	id.Resources = kubelet.ContainerResources{MemoryLimit: 64 << 20, CPUQuota: 800_000, CPUShares: 256} // more cores than this machine may have
	root := appContainer("root", "cat", filepath.Join("/host", dir, "file"))                            // where Docker's own directories are, too
	root.Mounts = []kubelet.Mount{{HostPath: "/", ContainerPath: "/host", ReadOnly: true}}
	_, ids := run(t, r, sandbox("config"), c, env, id, root)
	for i, want := range []string{"content", "A=b c\nPORT=$X\n", "1000 3000\n", "content"} {
		ended(t, r, ids[i])
		out, _ := logs(t, r, ids[i], kubelet.LogOptions{Tail: -1})
		require.Equal(t, want, out)
	}
	made, err := r.docker.ContainerInspect(t.Context(), ids[2])
	require.NoError(t, err)
	require.Equal(t, int64(64<<20), made.HostConfig.Memory)
	require.Equal(t, int64(800_000), made.HostConfig.CPUQuota)
	require.Equal(t, int64(256), made.HostConfig.CPUShares)
}

func TestARuntimeClassChoosesDockersRuntime(t *testing.T) {
	r := newRuntime(t)
	s := sandbox("classy")
	s.RuntimeHandler = "runc" // every daemon has it
	sandboxID, ids := run(t, r, s, appContainer("c", "id"))
	ended(t, r, ids[0])
	for _, id := range append(ids, sandboxID) {
		made, err := r.docker.ContainerInspect(t.Context(), id)
		require.NoError(t, err)
		require.Equal(t, "runc", made.HostConfig.Runtime)
	}
	pod, err := r.PodStatus(t.Context(), s.UID)
	require.NoError(t, err)
	require.Equal(t, "runc", pod.Sandboxes[0].RuntimeHandler, "for containers that are started later")

	s = sandbox("unknown")
	s.RuntimeHandler = "no-such-handler"
	_, err = r.RunPodSandbox(t.Context(), s)
	require.ErrorContains(t, err, "no-such-handler")
}

func TestLogs(t *testing.T) {
	r := newRuntime(t)
	_, ids := run(t, r, sandbox("logs"), appContainer("c", "exit", "0"), appContainer("long"))
	ended(t, r, ids[0])
	out, stderr := logs(t, r, ids[0], kubelet.LogOptions{Tail: -1})
	require.Equal(t, "out\n", out)
	require.Equal(t, "err\n", stderr)
	out, stderr = logs(t, r, ids[0], kubelet.LogOptions{Tail: 1})
	require.Len(t, out+stderr, 4)
	out, _ = logs(t, r, ids[0], kubelet.LogOptions{Tail: -1, Timestamps: true})
	stamp, line, _ := strings.Cut(out, " ")
	_, err := time.Parse(time.RFC3339Nano, stamp)
	require.NoError(t, err)
	require.Equal(t, "out\n", line)
	out, _ = logs(t, r, ids[0], kubelet.LogOptions{Tail: -1, Since: time.Now().Add(time.Hour)})
	require.Empty(t, out)

	// Following ends with the container.
	followed := make(chan string, 1)
	go func() {
		var b bytes.Buffer
		_ = r.ContainerLogs(t.Context(), ids[1], kubelet.LogOptions{Tail: -1, Follow: true}, &b, &b) // the text tells
		followed <- b.String()
	}()
	// A process that is told to end before it listens for that ends without a word.
	require.Eventually(t, func() bool {
		out, _ := logs(t, r, ids[1], kubelet.LogOptions{Tail: -1})
		return out == "serving\n"
	}, 20*time.Second, 10*time.Millisecond)
	require.NoError(t, r.StopContainer(t.Context(), ids[1], 20*time.Second))
	require.Equal(t, "serving\ntold to end\n", <-followed)
}

func TestEventsTellWhatDockerDidByHand(t *testing.T) {
	r := newRuntime(t)
	_, ids := run(t, r, sandbox("victim"), appContainer("c"))
	told := make(chan api.UID, 100)
	ctx, cancel := context.WithCancel(t.Context())
	listening := make(chan error, 1)
	go func() { listening <- r.Events(ctx, func(uid api.UID) { told <- uid }) }()
	// The stream begins some time after Events was called: poke until it tells of something.
	require.Eventually(t, func() bool {
		_ = r.docker.ContainerKill(t.Context(), ids[0], "KILL") // the second time there is nothing to kill
		_ = r.docker.ContainerStart(t.Context(), ids[0], container.StartOptions{})
		return len(told) > 0
	}, 20*time.Second, 50*time.Millisecond)
	require.Equal(t, api.UID("uid-victim"), <-told)
	cancel()
	require.ErrorIs(t, <-listening, context.Canceled)
}

func TestManyPodsAtOnceGetDifferentAddresses(t *testing.T) {
	r := newRuntime(t)
	const pods = 6
	var wg sync.WaitGroup
	errs := make([]error, pods)
	for i := range pods {
		wg.Go(func() { _, errs[i] = r.RunPodSandbox(t.Context(), sandbox(fmt.Sprintf("p%d", i))) })
	}
	wg.Wait()
	seen := map[string]bool{}
	for i := range pods {
		require.NoError(t, errs[i])
		seen[podStatus(t, r, fmt.Sprintf("p%d", i)).Sandbox().IP] = true
	}
	require.Len(t, seen, pods)
}

func TestHostNetwork(t *testing.T) {
	r := newRuntime(t)
	s := sandbox("host")
	s.HostNetwork = true
	_, ids := run(t, r, s, appContainer("c", "cat", "/proc/net/dev", "/proc/sys/kernel/hostname"))
	ended(t, r, ids[0])
	require.Empty(t, podStatus(t, r, "host").Sandbox().IP)
	out, _ := logs(t, r, ids[0], kubelet.LogOptions{Tail: -1})
	require.Contains(t, out, "docker0:")
	require.True(t, strings.HasSuffix(out, "\nhost\n"), "the machine's network, but the name that the node says: %s", out)
}

func TestImages(t *testing.T) {
	r := newRuntime(t)
	img, err := r.ImageStatus(t.Context(), testImage)
	require.NoError(t, err)
	require.Contains(t, img.Names, testImage)
	require.NotZero(t, img.Size)
	img, err = r.ImageStatus(t.Context(), "kubelite-test-nothing:1")
	require.NoError(t, err)
	require.Nil(t, img)
	_, err = r.PullImage(t.Context(), "registry.invalid/nothing:1", nil)
	require.Error(t, err)
	list, err := r.ListImages(t.Context())
	require.NoError(t, err)
	require.NotEmpty(t, list)

	const name = "kubelite-test-unused:1"
	require.NoError(t, r.docker.ImageTag(t.Context(), testImage, name))
	require.NoError(t, r.RemoveImage(t.Context(), name))
	require.NoError(t, r.RemoveImage(t.Context(), name), "what is gone already is removed")
	img, err = r.ImageStatus(t.Context(), name)
	require.NoError(t, err)
	require.Nil(t, img)
}

func TestMachine(t *testing.T) {
	r := newRuntime(t)
	cidr, gateway, err := inspect(t, r)
	require.NoError(t, err)
	require.Equal(t, cidr.Addr().Next(), gateway)

	// A second cluster gets another range than the first.
	taken := cidr
	other := r.cfg.Profile + "-other"
	t.Cleanup(func() { require.NoError(t, Machine{}.Purge(context.Background(), other)) })
	free := netip.MustParsePrefix("10.239.0.0/16")
	cidr, _, err = Machine{}.EnsureNetwork(t.Context(), other, "kubelite-"+other, []netip.Prefix{taken, free})
	require.NoError(t, err)
	require.Equal(t, free, cidr)

	// Purging one leaves the other alone, and nothing of its own.
	_, _ = run(t, r, sandbox("web"), appContainer("c"))
	require.NoError(t, Machine{}.Purge(t.Context(), other))
	require.NotNil(t, podStatus(t, r, "web").Sandbox())
	require.NoError(t, Machine{}.Purge(t.Context(), r.cfg.Profile))
	require.True(t, podStatus(t, r, "web").Empty())

	info, err := r.Info(t.Context())
	require.NoError(t, err)
	require.Equal(t, "docker", info.Name)
	require.NotZero(t, info.CPUs)
	require.NotZero(t, info.Memory)
	require.NoError(t, r.Status(t.Context()))
}

func TestVolumesInMemoryLiveAsLongAsTheSandbox(t *testing.T) {
	r := newRuntime(t)
	s := sandbox("memory")
	s.MemoryVolumes = []kubelet.MemoryVolume{{Name: "fast", Size: 1 << 20, Group: api.Ptr[int64](2000)}}
	first := appContainer("first", "write", "/fast/file", "kept")
	first.Mounts = []kubelet.Mount{{MemoryVolume: "fast", ContainerPath: "/fast"}}
	sandboxID, ids := run(t, r, s, first)
	ended(t, r, ids[0])
	require.NoError(t, r.RemoveContainer(t.Context(), ids[0]))

	second := appContainer("second", "cat", "/fast/file", "/proc/mounts")
	second.Mounts = []kubelet.Mount{{MemoryVolume: "fast", ContainerPath: "/fast", ReadOnly: true}}
	id, err := r.CreateContainer(t.Context(), sandboxID, second, s)
	require.NoError(t, err)
	require.NoError(t, r.StartContainer(t.Context(), id))
	ended(t, r, id)
	out, _ := logs(t, r, id, kubelet.LogOptions{Tail: -1})
	require.Regexp(t, `^kept`, out)
	require.Regexp(t, `tmpfs /fast tmpfs ro,.*size=1024k,mode=2777,gid=2000`, out)

	// Docker forgets the volume with the sandbox.
	inspected, err := r.docker.ContainerInspect(t.Context(), sandboxID)
	require.NoError(t, err)
	require.Len(t, inspected.Mounts, 1)
	require.NoError(t, r.RemoveContainer(t.Context(), id))
	require.NoError(t, r.StopPodSandbox(t.Context(), sandboxID))
	require.NoError(t, r.RemovePodSandbox(t.Context(), sandboxID))
	_, err = r.docker.VolumeInspect(t.Context(), inspected.Mounts[0].Name)
	require.True(t, errdefs.IsNotFound(err), "%v", err)
}

func TestStatsSayWhatContainersUse(t *testing.T) {
	r := newRuntime(t)
	run(t, r, sandbox("busy"), appContainer("app"))
	stats, err := r.Stats(t.Context())
	require.NoError(t, err)
	require.Len(t, stats, 2)
	names := map[string]kubelet.ContainerStats{}
	for _, s := range stats {
		require.Equal(t, "busy", s.PodName)
		names[s.Name] = s
	}
	require.Contains(t, names, "", "the sandbox")
	require.Positive(t, names["app"].CPU)
	require.Positive(t, names["app"].WorkingSet)
	require.WithinDuration(t, time.Now(), names["app"].Time, time.Minute)
	machine, err := r.Machine(t.Context())
	require.NoError(t, err)
	if machine.Storage.Capacity > 0 { // the daemon is on this machine
		require.Positive(t, machine.MemoryAvailable)
		require.Positive(t, machine.CPU)
	}
}

func TestImagesTravelInArchives(t *testing.T) {
	r := newRuntime(t)
	const name = "kubelite-test-travels:1"
	require.NoError(t, r.docker.ImageTag(t.Context(), testImage, name))
	archive, err := r.docker.ImageSave(t.Context(), []string{name})
	require.NoError(t, err)
	defer archive.Close()
	content, err := io.ReadAll(archive)
	require.NoError(t, err)
	listed := func() bool {
		images, err := Machine{}.ListImages(t.Context())
		require.NoError(t, err)
		return slices.ContainsFunc(images, func(i api.ContainerImage) bool { return slices.Contains(i.Names, name) })
	}
	require.NoError(t, Machine{}.RemoveImage(t.Context(), name))
	require.False(t, listed())
	names, err := Machine{}.LoadImages(t.Context(), bytes.NewReader(content))
	require.NoError(t, err)
	require.Equal(t, []string{name}, names)
	require.True(t, listed())
	require.NoError(t, Machine{}.RemoveImage(t.Context(), name))
	require.ErrorContains(t, Machine{}.RemoveImage(t.Context(), name), "No such image")
	_, err = Machine{}.LoadImages(t.Context(), strings.NewReader("no archive"))
	require.Error(t, err)
}
