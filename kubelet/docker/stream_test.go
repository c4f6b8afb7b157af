package docker

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"kubelite/kubelet/streaming"
)

func TestConversations(t *testing.T) {
	r := newRuntime(t)
	once := appContainer("once", "echo")
	once.Stdin, once.StdinOnce = true, true
	open := appContainer("open", "echo")
	open.Stdin = true
	sandboxID, ids := run(t, r, sandbox("web"), appContainer("web"), once, open)

	t.Run("a command", func(t *testing.T) {
		for _, c := range []struct {
			command        []string
			stdin          string
			code           int
			stdout, stderr string
		}{
			{[]string{"/kubelite", "exit", "3"}, "", 3, "out\n", "err\n"},
			{[]string{"/kubelite", "echo"}, "hello\nyou", 0, "you said hello\nyou said you\nbye\n", "ready\n"},
		} {
			var stdout, stderr bytes.Buffer
			code, err := r.Exec(t.Context(), ids[0], c.command, streaming.Streams{Stdin: strings.NewReader(c.stdin), Stdout: &stdout, Stderr: &stderr})
			require.NoError(t, err)
			require.Equal(t, c.code, code)
			require.Equal(t, c.stdout, stdout.String())
			require.Equal(t, c.stderr, stderr.String())
		}
		var screen bytes.Buffer
		sizes := make(chan streaming.TerminalSize, 1)
		sizes <- streaming.TerminalSize{Width: 80, Height: 24}
		close(sizes)
		code, err := r.Exec(t.Context(), ids[0], []string{"/kubelite", "exit", "0"}, streaming.Streams{Stdout: &screen, TTY: true, Resize: sizes})
		require.NoError(t, err)
		require.Zero(t, code)
		require.Equal(t, "out\r\nerr\r\n", screen.String(), "a terminal has one screen")
	})

	t.Run("a container's own process", func(t *testing.T) {
		var out bytes.Buffer
		require.NoError(t, r.Attach(t.Context(), ids[1], streaming.Streams{Stdin: strings.NewReader("hello"), Stdout: &out}))
		require.Equal(t, "you said hello\nbye\n", out.String(), "it sees the end of stdin")

		// One that goes on listening answers until we leave, and stays.
		answers, write := io.Pipe()
		stdin, say := io.Pipe()
		left := make(chan error)
		go func() {
			left <- r.Attach(t.Context(), ids[2], streaming.Streams{Stdin: stdin, Stdout: write})
		}()
		_, err := io.WriteString(say, "hello\n")
		require.NoError(t, err)
		answer := make([]byte, len("you said hello\n"))
		_, err = io.ReadFull(answers, answer)
		require.NoError(t, err)
		require.Equal(t, "you said hello\n", string(answer))
		require.NoError(t, say.Close())
		require.NoError(t, <-left)
		inspected, err := r.docker.ContainerInspect(t.Context(), ids[2])
		require.NoError(t, err)
		require.True(t, inspected.State.Running)
	})

	t.Run("a port", func(t *testing.T) {
		get := func(port int32) (string, error) {
			var answer bytes.Buffer
			err := r.PortForward(t.Context(), sandboxID, port, struct {
				io.Reader
				io.Writer
			}{strings.NewReader("GET / HTTP/1.0\r\n\r\n"), &answer})
			return answer.String(), err
		}
		answer, err := get(8080)
		require.NoError(t, err)
		require.Contains(t, answer, "hello")
		_, err = get(81)
		require.ErrorContains(t, err, "failed to connect to localhost:81 inside the pod: dial tcp")
	})

	t.Run("a port that only the pod reaches", func(t *testing.T) {
		r.bridgeIsFar.Store(true) // as with Docker Desktop
		defer r.bridgeIsFar.Store(false)
		localSandbox, _ := run(t, r, sandbox("private"), appContainer("local", "local"))
		var answer bytes.Buffer
		require.Eventually(t, func() bool { // it takes a moment to listen
			answer.Reset()
			return r.PortForward(t.Context(), localSandbox, 8080, struct {
				io.Reader
				io.Writer
			}{strings.NewReader("GET / HTTP/1.0\r\n\r\n"), &answer}) == nil
		}, 10*time.Second, 50*time.Millisecond)
		require.Contains(t, answer.String(), "psst")
	})
}
