package sessions

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/stretchr/testify/require"
	"golang.org/x/term"
)

const talkers = `
apiVersion: v1
kind: Pod
metadata: {name: shell}
spec:
  terminationGracePeriodSeconds: 1
  containers: [{name: shell, image: "kubelite-busybox:v1", stdin: true, tty: true, env: [{name: PS1, value: "> "}]}]
---
apiVersion: v1
kind: Pod
metadata: {name: web, labels: {app: web}}
spec:
  terminationGracePeriodSeconds: 1
  containers: [{name: web, image: "kubelite-hello:v1", ports: [{name: http, containerPort: 8080}]}]
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  selector: {app: web}
  ports: [{port: 80, targetPort: http}]
`

// TestTalkingWithContainers sits before a terminal and talks with real containers, by kubectl-lite and, where it is installed, by
// kubectl: both must do the same.
func TestTalkingWithContainers(t *testing.T) {
	if exec.Command("docker", "info").Run() != nil {
		t.Skip("simulated containers have no terminal: no Docker daemon answers") // in CI TestSessions fails for it
	}
	c := startCluster(t)
	if exec.Command("docker", "image", "inspect", "kubelite-busybox:v1").Run() != nil {
		t.Skip("there is no image with a shell: Debian's package busybox-static is not installed")
	}
	apply := c.command("apply", "-f", "-")
	apply.Stdin = strings.NewReader(talkers)
	run(t, apply)
	run(t, c.command("wait", "--for=condition=Ready", "pod/shell", "pod/web", "--timeout=60s"))

	programs := map[string]string{"kubectl-lite": c.env["KUBECTL_LITE"]}
	if kubectl := c.env["REAL_KUBECTL"]; kubectl != "" {
		programs["kubectl"] = kubectl
	}
	for name, program := range programs {
		command := func(args ...string) *exec.Cmd {
			cmd := exec.Command(program, args...)
			cmd.Env = append(os.Environ(), "KUBECONFIG="+c.env["KUBECONFIG"])
			return cmd
		}
		t.Run(name+" exec -it", func(t *testing.T) {
			person := sitDown(t, command("exec", "-it", "shell", "--", "sh"))
			person.typesUntil("stty size\n", "24 80")
			person.resizes(40, 100)
			person.typesUntil("stty size\n", "40 100")
			person.typesUntil("test -t 0 && test -t 1 && echo on a term''inal\n", "on a terminal")
			require.Equal(t, 3, person.leaves("exit 3\n"))
		})
		t.Run(name+" run -it --rm", func(t *testing.T) {
			person := sitDown(t, command("run", "visitor", "-it", "--rm", "--image=kubelite-busybox:v1", "--restart=Never", "--", "sh"))
			person.typesUntil("echo I am in $(hostname)\n", "I am in visitor")
			require.Equal(t, 4, person.leaves("exit 4\n"), "%s", person.screen)
			require.Regexp(t, `pod "visitor" deleted`, person.screen.String())
			require.Error(t, command("get", "pod", "visitor").Run())
		})
		t.Run(name+" attach", func(t *testing.T) {
			person := sitDown(t, command("attach", "-it", "shell"))
			person.typesUntil("echo still $((40+2))\n", "still 42")
			require.Zero(t, person.leaves("exit\n"), "%s", person.screen) // it was the container's only process: the container is started anew
			eventually(t, "the shell is back", func() bool { return command("exec", "shell", "--", "true").Run() == nil })
		})
		t.Run(name+" port-forward", func(t *testing.T) {
			for what, port := range map[string]string{"pod/web": ":8080", "service/web": ":80"} {
				address := forward(t, command("port-forward", what, port))
				for range 3 {
					answer, err := http.Get("http://" + address)
					require.NoError(t, err)
					body, err := io.ReadAll(answer.Body)
					require.NoError(t, errors.Join(err, answer.Body.Close()))
					require.Equal(t, "hello from web\n", string(body))
				}
			}
		})
	}
}

// person sits before a terminal in which a command runs.
type person struct {
	t        *testing.T
	cmd      *exec.Cmd
	keyboard *os.File // the terminal's other end
	tty      *os.File
	before   *term.State
	screen   *screen
	dark     chan struct{} // closed when nothing more will come
}

// screen is all that was shown so far.
type screen struct {
	mu   sync.Mutex
	text bytes.Buffer // guarded by mu
}

func (s *screen) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(b)
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

func sitDown(t *testing.T, cmd *exec.Cmd) *person {
	t.Helper()
	keyboard, tty, err := pty.Open()
	require.NoError(t, err)
	t.Cleanup(func() { _, _ = keyboard.Close(), tty.Close() })
	require.NoError(t, pty.Setsize(tty, &pty.Winsize{Rows: 24, Cols: 80}))
	before, err := term.GetState(int(tty.Fd()))
	require.NoError(t, err)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = tty, tty, tty
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	p := &person{t: t, cmd: cmd, keyboard: keyboard, tty: tty, before: before, screen: &screen{}, dark: make(chan struct{})}
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill() }) // it has ended if all went well
	go func() {
		defer close(p.dark)
		_, _ = io.Copy(p.screen, keyboard) // until the terminal is closed
	}()
	return p
}

// typesUntil types words, again and again, until they are answered: nobody says when the other side is ready to read.
func (p *person) typesUntil(words, answer string) {
	p.t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for !strings.Contains(p.screen.String(), answer) {
		if time.Now().After(deadline) {
			p.t.Fatalf("%q was never answered by %q:\n%s", words, answer, p.screen)
		}
		_, err := p.keyboard.WriteString(words)
		require.NoError(p.t, err)
		time.Sleep(200 * time.Millisecond)
	}
}

func (p *person) resizes(rows, columns uint16) {
	p.t.Helper()
	require.NoError(p.t, pty.Setsize(p.tty, &pty.Winsize{Rows: rows, Cols: columns}))
}

// leaves types the last words and returns the exit code of the command. The terminal must be what it was.
func (p *person) leaves(words string) int {
	p.t.Helper()
	_, err := p.keyboard.WriteString(words)
	require.NoError(p.t, err)
	ended := make(chan error, 1)
	go func() { ended <- p.cmd.Wait() }()
	var failed *exec.ExitError
	select {
	case err := <-ended:
		if err != nil && !errors.As(err, &failed) {
			p.t.Fatal(err)
		}
	case <-time.After(30 * time.Second):
		p.t.Fatalf("it does not end:\n%s", p.screen)
	}
	after, err := term.GetState(int(p.tty.Fd()))
	require.NoError(p.t, err)
	require.Equal(p.t, p.before, after, "the terminal is not what it was")
	require.NoError(p.t, p.tty.Close())
	<-p.dark // now all is on the screen
	return p.cmd.ProcessState.ExitCode()
}

// forward starts a port-forward to a free port and returns where it listens.
func forward(t *testing.T, cmd *exec.Cmd) (address string) {
	t.Helper()
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	found := regexp.MustCompile(`^Forwarding from (127\.0\.0\.1:\d+) -> 8080`).FindStringSubmatch(line)
	require.NotNil(t, found, line)
	return found[1]
}
