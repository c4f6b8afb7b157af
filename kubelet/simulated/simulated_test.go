package simulated

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"kubelite/api"
	"kubelite/kubelet"
)

func newRuntime(t *testing.T, dir string) *Runtime {
	t.Helper()
	r, err := New(Config{Dir: dir})
	require.NoError(t, err)
	require.NoError(t, r.UpdatePodCIDR("10.244.1.0/24"))
	return r
}

// run starts a pod with one container that behaves as told.
func run(t *testing.T, r *Runtime, name string, behaviour map[string]string, command ...string) (sandboxID, id string) {
	t.Helper()
	s := &kubelet.SandboxConfig{UID: api.UID(name), Namespace: "default", Name: name, Annotations: map[string]string{}}
	for key, value := range behaviour {
		s.Annotations[annotationPrefix+key] = value
	}
	sandboxID, err := r.RunPodSandbox(t.Context(), s)
	require.NoError(t, err)
	id, err = r.CreateContainer(t.Context(), sandboxID, &kubelet.ContainerConfig{Name: "c", Image: "app:1", Command: command}, s)
	require.NoError(t, err)
	require.NoError(t, r.StartContainer(t.Context(), id))
	return sandboxID, id
}

func container(t *testing.T, r *Runtime, uid string) *kubelet.RuntimeContainer {
	t.Helper()
	pod, err := r.PodStatus(t.Context(), api.UID(uid))
	require.NoError(t, err)
	return pod.Newest("c")
}

func TestContainersEndOnTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRuntime(t, "")
		told := make(chan api.UID, 1)
		ctx, cancel := context.WithCancel(t.Context())
		go func() { _ = r.Events(ctx, func(uid api.UID) { told <- uid }) }() // ends with ctx
		synctest.Wait()
		began := time.Now()
		run(t, r, "job", map[string]string{"run-seconds": "90", "exit-code": "4", "start-delay": "1.5"})
		require.Equal(t, 1500*time.Millisecond, time.Since(began))
		require.Equal(t, kubelet.ContainerRunning, container(t, r, "job").State)
		require.Equal(t, api.UID("job"), <-told, "it began")

		require.Equal(t, api.UID("job"), <-told, "it ended")
		require.Equal(t, 91500*time.Millisecond, time.Since(began))
		c := container(t, r, "job")
		require.Equal(t, kubelet.ContainerExited, c.State)
		require.Equal(t, 4, c.ExitCode)
		require.Equal(t, "Error", c.Reason)
		require.Equal(t, 90*time.Second, c.FinishedAt.Sub(c.StartedAt))
		cancel()
	})
}

func TestStoppingIsQuickAndFinal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRuntime(t, "")
		sandbox, id := run(t, r, "web", map[string]string{"run-seconds": "60", "exit-code": "1"})
		require.NoError(t, r.StopContainer(t.Context(), id, time.Hour))
		time.Sleep(2 * time.Minute)
		require.Equal(t, killed, container(t, r, "web").ExitCode, "the timer does not end it a second time")

		require.NoError(t, r.StopPodSandbox(t.Context(), sandbox))
		require.NoError(t, r.RemoveContainer(t.Context(), id))
		require.NoError(t, r.RemovePodSandbox(t.Context(), sandbox))
		require.NoError(t, r.RemovePodSandbox(t.Context(), sandbox))
		pods, err := r.ListPods(t.Context())
		require.NoError(t, err)
		require.Empty(t, pods)

		_, server := run(t, r, "server", nil)
		require.NoError(t, r.StopContainer(t.Context(), server, time.Hour))
		require.Equal(t, 0, container(t, r, "server").ExitCode)
	})
}

func TestInitContainersEndAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRuntime(t, "")
		s := &kubelet.SandboxConfig{UID: "u", Annotations: map[string]string{annotationPrefix + "exit-code": "1"}}
		sandbox, err := r.RunPodSandbox(t.Context(), s)
		require.NoError(t, err)
		id, err := r.CreateContainer(t.Context(), sandbox, &kubelet.ContainerConfig{Name: "c", Init: true}, s)
		require.NoError(t, err)
		require.NoError(t, r.StartContainer(t.Context(), id))
		time.Sleep(time.Millisecond)
		synctest.Wait()
		require.Equal(t, kubelet.ContainerExited, container(t, r, "u").State)
		require.Zero(t, container(t, r, "u").ExitCode, "exit-code is about the main containers")
	})
}

func TestStateOutlivesTheKubelet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		r := newRuntime(t, dir)
		run(t, r, "short", map[string]string{"run-seconds": "10", "exit-code": "2"})
		_, id := run(t, r, "long", nil)
		before := container(t, r, "long")
		// What follows is a kubelet that is not there any more: only its files matter.
		next := newRuntime(t, dir)
		require.Equal(t, before.StartedAt.UTC(), container(t, next, "long").StartedAt.UTC())
		require.Equal(t, id, container(t, next, "long").ID)

		time.Sleep(time.Minute)
		last := newRuntime(t, dir) // and one that comes when the time is over
		synctest.Wait()
		c := container(t, last, "short")
		require.Equal(t, 2, c.ExitCode)
		require.Equal(t, 10*time.Second, c.FinishedAt.Sub(c.StartedAt), "it ended when it should have, not when somebody looked")

		// Its address is not given away.
		run(t, last, "other", nil)
		ips := map[string]bool{}
		pods, err := last.ListPods(t.Context())
		require.NoError(t, err)
		for _, p := range pods {
			ips[p.Sandboxes[0].IP] = true
		}
		require.Len(t, ips, 3)
	})
}

func TestFileOfAPod(t *testing.T) {
	dir := t.TempDir()
	r := newRuntime(t, dir)
	_, id := run(t, r, "web", nil)
	lines := func() []string {
		text, err := os.ReadFile(filepath.Join(dir, "web.json"))
		require.NoError(t, err)
		return strings.SplitAfter(string(text), "\n")
	}
	// A line for each state: the sandbox, the container, and that it runs.
	require.Len(t, lines(), 3+1)

	// It does not grow for ever.
	for i := range 10 * linesOfState {
		require.NoError(t, r.UpdateContainer(t.Context(), id, kubelet.ContainerResources{MemoryLimit: int64(i)}))
		require.LessOrEqual(t, len(lines()), linesOfState+1)
	}

	// Whoever finds half a line takes the whole one before it, and leaves none.
	last := container(t, r, "web").Resources.MemoryLimit
	half := strings.Join(lines(), "") + `{"UID":"web","Name`
	require.NoError(t, os.WriteFile(filepath.Join(dir, "web.json"), []byte(half), 0o600))
	next := newRuntime(t, dir)
	require.Equal(t, last, container(t, next, "web").Resources.MemoryLimit)
	require.NoError(t, next.UpdateContainer(t.Context(), id, kubelet.ContainerResources{MemoryLimit: 7}))
	require.EqualValues(t, 7, container(t, newRuntime(t, dir), "web").Resources.MemoryLimit)

	// A file of v0.1.0 is one state and no end of a line.
	whole := strings.TrimSuffix(lines()[0], "\n")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "web.json"), []byte(whole), 0o600))
	require.EqualValues(t, 7, container(t, newRuntime(t, dir), "web").Resources.MemoryLimit)

	// Of a file without a whole state the pod is lost.
	require.NoError(t, os.WriteFile(filepath.Join(dir, "web.json"), []byte(half[:20]), 0o600))
	pods, err := newRuntime(t, dir).ListPods(t.Context())
	require.NoError(t, err)
	require.Empty(t, pods)
}

func TestLogsAreMadeUp(t *testing.T) {
	r := newRuntime(t, "")
	_, id := run(t, r, "web", map[string]string{"log-lines": "3"})
	read := func(o kubelet.LogOptions) string {
		var b bytes.Buffer
		require.NoError(t, r.ContainerLogs(t.Context(), id, o, &b, &b))
		return b.String()
	}
	require.Equal(t, "simulated container c: line 1 of 3\nsimulated container c: line 2 of 3\nsimulated container c: line 3 of 3\n", read(kubelet.LogOptions{Tail: -1}))
	require.Equal(t, "simulated container c: line 3 of 3\n", read(kubelet.LogOptions{Tail: 1}))
	require.Empty(t, read(kubelet.LogOptions{Tail: 0}))
	require.Empty(t, read(kubelet.LogOptions{Tail: -1, Since: time.Now().Add(time.Hour)}))
	require.Regexp(t, `^\d{4}-\d\d-\d\dT[\d:.]+Z simulated`, read(kubelet.LogOptions{Tail: 1, Timestamps: true}))
}

func TestReadBehaviour(t *testing.T) {
	b, problems := readBehaviour(map[string]string{
		"simulated.kubelite.io/run-seconds": "2.5", "simulated.kubelite.io/exit-code": "7", "simulated.kubelite.io/start-delay": "100ms",
		"simulated.kubelite.io/ready": "false", "simulated.kubelite.io/log-lines": "9", "other": "x",
	})
	require.Empty(t, problems)
	require.Equal(t, behaviour{runFor: 2500 * time.Millisecond, endsItself: true, exitCode: 7, startDelay: 100 * time.Millisecond, logLines: 9}, b)

	b, problems = readBehaviour(map[string]string{
		"simulated.kubelite.io/run-seconds": "soon", "simulated.kubelite.io/exit-code": "300", "simulated.kubelite.io/start-delay": "-1",
		"simulated.kubelite.io/ready": "maybe", "simulated.kubelite.io/log-lines": "-3",
	})
	require.Len(t, problems, 5)
	require.Equal(t, behaviour{ready: true, logLines: 1}, b, "nonsense is as good as nothing")
}

func TestReadinessIsAMatterOfAnnotations(t *testing.T) {
	r := newRuntime(t, "")
	_, id := run(t, r, "web", map[string]string{"ready": "false"})
	ok, _ := r.Probe(t.Context(), id, kubelet.ReadinessProbe)
	require.False(t, ok)
	ok, _ = r.Probe(t.Context(), id, kubelet.LivenessProbe)
	require.True(t, ok)
	require.True(t, container(t, r, "web").NotReady)
	r.UpdateAnnotations("web", nil)
	require.False(t, container(t, r, "web").NotReady)
}

func TestACommandProbesWhatAScriptHasMade(t *testing.T) {
	r := newRuntime(t, "")
	_, id := run(t, r, "server", nil)
	require.False(t, r.HasFiles(id), "nobody knows what this program would write")
	_, id = run(t, r, "warm", nil, "sh", "-c", "while ! cat /tmp/go; do sleep 0.01; done; echo yes > /tmp/ready; sleep infinity")
	require.True(t, r.HasFiles(id))
	probe := func() int {
		_, code, err := r.ExecSync(t.Context(), id, []string{"cat", "/tmp/ready"})
		require.NoError(t, err)
		return code
	}
	require.Equal(t, 1, probe())
	_, code, err := r.ExecSync(t.Context(), id, []string{"sh", "-c", "echo > /tmp/go"})
	require.NoError(t, err)
	require.Zero(t, code)
	require.Eventually(t, func() bool { return probe() == 0 }, time.Minute, time.Millisecond)
}

// runScript starts a pod with a command and waits for what becomes of it within a minute.
func runScript(t *testing.T, restart api.RestartPolicy, image string, command ...string) (*kubelet.RuntimeContainer, string) {
	t.Helper()
	r := newRuntime(t, "")
	s := &kubelet.SandboxConfig{UID: "u", Namespace: "default", Name: "p", Hostname: "p", RestartPolicy: restart}
	sandbox, err := r.RunPodSandbox(t.Context(), s)
	require.NoError(t, err)
	id, err := r.CreateContainer(t.Context(), sandbox, &kubelet.ContainerConfig{Name: "c", Image: image, Command: command, Env: []kubelet.EnvVar{{Name: "N", Value: "7"}}}, s)
	require.NoError(t, err)
	require.NoError(t, r.StartContainer(t.Context(), id))
	time.Sleep(time.Minute)
	synctest.Wait()
	var log bytes.Buffer
	require.NoError(t, r.ContainerLogs(t.Context(), id, kubelet.LogOptions{Tail: -1}, &log, &log))
	c := *container(t, r, "u")
	require.NoError(t, r.StopContainer(t.Context(), id, 0))
	synctest.Wait()
	return &c, log.String()
}

func TestProgramOf(t *testing.T) {
	for _, test := range []struct {
		image               string
		command, args, want []string
	}{
		{"registry/nginx:1.29", []string{"nginx"}, []string{"-t"}, []string{"nginx", "-t"}},
		{"registry/nginx:1.29", nil, []string{"-t"}, nil}, // words for a program that only the image knows
		{"library/busybox:1.36", nil, []string{"sh", "-c", "date"}, []string{"sh", "-c", "date"}},
		{"busybox", nil, nil, nil},
	} {
		p := programOf(&kubelet.ContainerConfig{Image: test.image, Command: test.command, Args: test.args}, &kubelet.SandboxConfig{})
		require.Equal(t, test.want, p.Command, test)
	}
}

func TestCommandsDoWhatTheySay(t *testing.T) {
	const always, never = api.RestartPolicyAlways, api.RestartPolicyNever
	for name, test := range map[string]struct {
		restart  api.RestartPolicy
		image    string
		command  []string
		runs     bool
		exitCode int
		took     time.Duration // 0: not looked at
		log      string
	}{
		"a job's program":          {restart: never, command: []string{"perl", "-wle", "print 3"}, took: usualRun},
		"a server":                 {restart: always, command: []string{"nginx"}, runs: true},
		"an image's own program":   {restart: never, image: "busybox", took: usualRun},
		"pause":                    {restart: never, image: "registry/pause:3.10", runs: true},
		"for ever":                 {restart: never, command: []string{"tail", "-f", "/dev/null"}, runs: true},
		"sleep":                    {restart: never, command: []string{"sleep", "20"}, took: 20 * time.Second},
		"failing":                  {restart: never, command: []string{"/bin/sh", "-c", "exit 3"}, exitCode: 3},
		"crashing":                 {restart: always, command: []string{"false"}, exitCode: 1},
		"saying something":         {restart: never, command: []string{"sh", "-c", "echo $N from $(hostname); echo $((N*6))"}, log: "7 from p\n42\n"},
		"taking its time":          {restart: never, command: []string{"sh", "-c", "for i in $(seq 3); do echo $i; sleep 2; done"}, log: "1\n2\n3\n"},
		"a server in a script":     {restart: always, command: []string{"sh", "-c", "echo starting; exec nginx -g 'daemon off;'"}, runs: true, log: "starting\n"},
		"a program in a script":    {restart: never, command: []string{"sh", "-c", "python work.py && echo worked"}, log: "worked\n"},
		"turning in a circle":      {restart: never, command: []string{"sh", "-c", "while true; do :; done"}, runs: true},
		"files":                    {restart: never, command: []string{"sh", "-c", "[ -r /data/foo ] || { echo x > /data/foo; cat /data/*; }; rm /data/foo; cat /data/foo"}, exitCode: 1, log: "x\ncat: /data/foo: No such file or directory\n"},
		"nothing of this machine":  {restart: never, command: []string{"sh", "-c", "cat /etc/hostname; cd /etc"}, exitCode: 1},
		"what cannot be pretended": {restart: never, command: []string{"sh", "-c", "cat <(echo a)"}, exitCode: 2},
		"nonsense":                 {restart: never, command: []string{"sh", "-c", "if then"}, exitCode: 2},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, log := runScript(t, test.restart, test.image, test.command...)
				require.Equal(t, test.runs, c.State == kubelet.ContainerRunning, "runs")
				require.Equal(t, test.exitCode, c.ExitCode)
				if test.took > 0 {
					require.Equal(t, test.took, c.FinishedAt.Sub(c.StartedAt))
				}
				if test.log != "" {
					require.Equal(t, test.log, log)
				}
			})
		})
	}
}
