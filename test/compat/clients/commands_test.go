package clients

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/require"
)

// TestCommands runs the lists of commands in testdata/commands through kubectl and through kubectl-lite, each in a namespace
// and a home of its own, and compares what they print and how they end. A list is lines for a shell, in which `kubectl` is
// the one or the other; the files that it needs stand below it. A line that begins with @ is not compared.
func TestCommands(t *testing.T) {
	files, err := filepath.Glob("testdata/commands/*.txtar")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		check(t, "kubectl-lite", title(t, file), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			require.NoError(t, err)
			compareCommands(t, shared.kubeconfig, archive)
		})
	}
}

// TestCommandsOnDocker compares those about running pods once more on real containers.
func TestCommandsOnDocker(t *testing.T) {
	const image = "kubelite-busybox:v1"
	skip := func(why string) {
		fmt.Printf("%-24s %-64s %s\n", "kubectl-lite on Docker", why, "skipped")
		t.Skip(why)
	}
	if exec.Command("docker", "info").Run() != nil {
		skip("no Docker daemon answers")
	}
	require.NoError(t, output(exec.Command("../../../examples/images.sh")))
	if exec.Command("docker", "image", "inspect", image).Run() != nil {
		skip("no image with a shell: busybox-static is not installed")
	}
	c := newCluster(t, "--nodes", "1", "--runtime", "docker")
	for _, file := range []string{"testdata/commands/running.txtar", "testdata/commands/docker/copy.txtar"} {
		archive, err := txtar.ParseFile(file)
		require.NoError(t, err)
		for i := range archive.Files {
			archive.Files[i].Data = []byte(strings.NewReplacer("busybox:1.37", image, "nginx:1.27", image).Replace(string(archive.Files[i].Data)))
		}
		check(t, "kubectl-lite on Docker", title(t, file), func(t *testing.T) { compareCommands(t, c.kubeconfig, archive) })
	}
}

// outcome is what a command left behind, without what changes from run to run.
type outcome struct {
	out, err string
	code     int
}

func compareCommands(t *testing.T, kubeconfig string, archive *txtar.Archive) {
	var lines []string
	for line := range strings.SplitSeq(string(archive.Comment), "\n") {
		if line != "" && !strings.HasPrefix(line, "#") {
			lines = append(lines, line)
		}
	}
	type result struct {
		outcomes []outcome
		err      error
	}
	results := [2]chan result{make(chan result, 1), make(chan result, 1)}
	inTurn := strings.Contains(string(archive.Comment), "\n# One program after the other")
	var turn sync.Mutex
	for i, program := range []string{shared.kubectl, shared.kubectlLite} {
		go func() {
			if inTurn {
				turn.Lock()
				defer turn.Unlock()
			}
			outcomes, err := runCommands(t.TempDir(), program, kubeconfig, lines, archive.Files)
			results[i] <- result{outcomes, err}
		}()
	}
	theirs, ours := <-results[0], <-results[1]
	require.NoError(t, theirs.err)
	require.NoError(t, ours.err)
	for i, line := range lines {
		if theirs, ours := theirs.outcomes[i], ours.outcomes[i]; theirs != ours && !strings.HasPrefix(line, "@") {
			t.Errorf("%s\nkubectl:      exit code %d\n%s%s\nkubectl-lite: exit code %d\n%s%s", line, theirs.code, theirs.out, theirs.err, ours.code, ours.out, ours.err)
		}
	}
	t.Logf("%d commands compared", len(lines))
}

func runCommands(dir, program, clusterConfig string, lines []string, files []txtar.File) ([]outcome, error) {
	namespace := fmt.Sprintf("commands-%d-%d", time.Now().Unix(), namespaces.Add(1))
	bin, home, kubeconfig := filepath.Join(dir, "bin"), filepath.Join(dir, "home"), filepath.Join(dir, "kubeconfig")
	config, err := os.ReadFile(clusterConfig)
	err = errors.Join(err, os.Mkdir(bin, 0o755), os.Mkdir(home, 0o755), os.Symlink(program, filepath.Join(bin, "kubectl")), os.WriteFile(kubeconfig, config, 0o600))
	for _, f := range files {
		path := filepath.Join(home, f.Name)
		err = errors.Join(err, os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, f.Data, 0o600))
	}
	if err != nil {
		return nil, err
	}
	kubectl := func(args ...string) error {
		return output(exec.Command(shared.kubectl, append(args, "--kubeconfig", kubeconfig)...))
	}
	if err := errors.Join(kubectl("create", "namespace", namespace), kubectl("config", "set-context", "--current", "--namespace", namespace)); err != nil {
		return nil, err
	}
	var outcomes []outcome
	for _, line := range lines {
		cmd := exec.Command("sh", "-c", strings.TrimPrefix(line, "@"))
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // it can be ended with all that it has started
		cmd.Dir = home
		cmd.Env = append(os.Environ(), "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"), "KUBECONFIG="+kubeconfig, "HOME="+home, "NS="+namespace, "TZ=UTC")
		var out, errOut bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &errOut
		var ended *exec.ExitError
		if err := cmd.Start(); err != nil {
			return nil, err
		}
		late := time.AfterFunc(time.Minute, func() { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) })
		err := cmd.Wait()
		if !late.Stop() {
			return nil, fmt.Errorf("%s: %s: it did not end within a minute", program, line)
		}
		if err != nil && !errors.As(err, &ended) {
			return nil, err
		}
		plain := strings.NewReplacer(namespace, "NS", dir, "DIR", "kubectl-lite", "kubectl")
		outcomes = append(outcomes, outcome{steady(plain.Replace(out.String())), steady(plain.Replace(errOut.String())), cmd.ProcessState.ExitCode()})
	}
	return outcomes, kubectl("delete", "namespace", namespace, "--wait=false")
}

// varying is what differs between two runs of the same program.
var varying = []struct {
	pattern *regexp.Regexp
	steady  string
}{
	{regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)`), "<time>"},
	{regexp.MustCompile(`(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d \w{3} \d{4} \d\d:\d\d:\d\d [+-]\d{4}`), "<time>"},
	{regexp.MustCompile(`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \+0000 UTC`), "<time>"},
	{regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`), "<uid>"},
	{regexp.MustCompile(`-[0-9a-f]{8,10}-[bcdfghjklmnpqrstvwxz2456789]{5}\b`), "-<hash>-<id>"},
	{regexp.MustCompile(`pod-template-hash([=:] ?)"?[0-9a-f]{8,10}"?`), "pod-template-hash${1}<hash>"},
	{regexp.MustCompile(`\b(web|once|manual|db)-([0-9a-f]{8,10}|[bcdfghjklmnpqrstvwxz2456789]{5})\b`), "$1-<id>"},
	{regexp.MustCompile(`\b10\.\d+\.\d+\.\d+\b`), "<ip>"},
	{regexp.MustCompile(`("?resourceVersion"?: )"\d+"`), "$1<version>"},
	{regexp.MustCompile(`\b3[0-2]\d{3}\b`), "<node port>"},
	{regexp.MustCompile(`\b\d+(\.\d+)?(ms|s|m|h|d)(\d+[smh])?\b`), "<age>"},
	{regexp.MustCompile(`/tmp/[^\s"]*`), "<path>"},
	{regexp.MustCompile(`(?m)^tar: removing leading .*\n`), ""}, // kubectl ends with the files, and does not wait for the last words of the program that packs them
	// client-go may log the watch that it cancels itself once what it waits for has come: its reflector selects at random
	// between its own end and the error that the cancelled read returns
	{regexp.MustCompile(`(?m)^I\d{4} .*"Warning: watch ended with error".*context canceled.*\n`), ""},
	{regexp.MustCompile(`(\S) {2,}`), "$1  "}, // columns move with what stands in them
	{regexp.MustCompile(`(?m) +$`), ""},
}

func steady(text string) string {
	for _, v := range varying {
		text = v.pattern.ReplaceAllString(text, v.steady)
	}
	return text
}
