package docker

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/docker/docker/api/types"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/pkg/stdcopy"

	"kubelite/kubelet/streaming"
)

// Exec runs a command in a container. Docker does not end it when ctx does: it goes on, with nobody to talk to.
func (r *Runtime) Exec(ctx context.Context, id string, command []string, s streaming.Streams) (int, error) {
	made, err := r.docker.ContainerExecCreate(ctx, id, container.ExecOptions{
		Cmd: command, Tty: s.TTY, AttachStdin: s.Stdin != nil, AttachStdout: s.Stdout != nil, AttachStderr: s.Stderr != nil,
	})
	if err != nil {
		return 0, daemonError(err)
	}
	attached, err := r.docker.ContainerExecAttach(ctx, made.ID, container.ExecAttachOptions{Tty: s.TTY})
	if err != nil {
		return 0, daemonError(err)
	}
	err = talk(ctx, attached, s, !s.TTY, func(size container.ResizeOptions) error {
		return r.docker.ContainerExecResize(ctx, made.ID, size)
	})
	if err != nil {
		return 0, err
	}
	return r.exitCode(ctx, made.ID)
}

// exitCode returns the code that a command ended with. The end of its output may be seen a little before its own.
func (r *Runtime) exitCode(ctx context.Context, execID string) (int, error) {
	for {
		result, err := r.docker.ContainerExecInspect(ctx, execID)
		if err != nil || !result.Running {
			return result.ExitCode, err
		}
		select {
		case <-time.After(10 * time.Millisecond): // between two looks: Docker tells nobody of it
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
}

// Attach joins the conversation with the container's own process. With stdin it ends when that does, unless the container is
// one of a single conversation (stdinOnce): that sees the end, and may still answer.
func (r *Runtime) Attach(ctx context.Context, id string, s streaming.Streams) error {
	attached, err := r.docker.ContainerAttach(ctx, id, container.AttachOptions{
		Stream: true, Stdin: s.Stdin != nil, Stdout: s.Stdout != nil, Stderr: s.Stderr != nil,
	})
	if err != nil {
		return daemonError(err)
	}
	return talk(ctx, attached, s, true, func(size container.ResizeOptions) error {
		return r.docker.ContainerResize(ctx, id, size)
	})
}

// talk carries a conversation until the process has said all, or ctx ends. endStdin is false for a command on a terminal: Docker
// would take the end of its stdin for the end of the conversation, and keep back the answer.
func talk(ctx context.Context, attached types.HijackedResponse, s streaming.Streams, endStdin bool, resize func(container.ResizeOptions) error) error {
	defer attached.Close()
	stop := context.AfterFunc(ctx, attached.Close)
	defer stop()
	if s.Stdin != nil {
		go func() {
			_, _ = io.Copy(attached.Conn, s.Stdin) // a process need not read all that it is sent
			if endStdin {
				_ = attached.CloseWrite() // it has ended if this fails
			}
		}()
	}
	if s.Resize != nil {
		go func() {
			for size := range s.Resize {
				_ = resize(container.ResizeOptions{Width: uint(size.Width), Height: uint(size.Height)}) // it may have ended
			}
		}()
	}
	stdout, stderr := orDiscard(s.Stdout), orDiscard(s.Stderr)
	var err error
	if s.TTY { // a terminal has one stream, sent as it is
		_, err = io.Copy(stdout, attached.Reader)
	} else {
		_, err = stdcopy.StdCopy(stdout, stderr, attached.Reader)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

func orDiscard(w io.Writer) io.Writer {
	if w == nil {
		return io.Discard
	}
	return w
}

// dialTimeout is how long a pod on the bridge may take to accept a connection.
const dialTimeout = 300 * time.Millisecond

// PortForward connects to a port in the pod's network. Where this machine reaches the pod's address that is simple. If
// nobody answers there, the program may listen on the pod's loopback address only, or the bridge may be somewhere else
// (Docker Desktop's machine): then the binary in the sandbox makes the connection, inside, where localhost is the pod.
func (r *Runtime) PortForward(ctx context.Context, sandboxID string, port int32, data io.ReadWriter) error {
	sandbox, err := r.docker.ContainerInspect(ctx, sandboxID)
	if err != nil {
		return daemonError(err)
	}
	if ip := sandbox.Config.Labels[labelIP]; ip != "" && !r.bridgeIsFar.Load() {
		conn, err := (&net.Dialer{Timeout: dialTimeout}).DialContext(ctx, "tcp", net.JoinHostPort(ip, strconv.Itoa(int(port))))
		if err == nil {
			return streaming.Join(ctx, conn, data)
		}
		var failure net.Error
		r.bridgeIsFar.Store(errors.As(err, &failure) && failure.Timeout())
	}
	problem, err := r.dialInside(ctx, sandboxID, append(slices.Clone(r.cfg.DialCommand), strconv.Itoa(int(port))), data)
	if err == nil && problem != "" {
		err = fmt.Errorf("failed to connect to localhost:%d inside the pod: %s", port, problem)
	}
	return err
}

// dialInside has our own binary make a connection inside of a container, and joins it with data. problem is what it says if it
// gets none.
func (r *Runtime) dialInside(ctx context.Context, container string, command []string, data io.ReadWriter) (problem string, err error) {
	dialled := &dialled{yes: make(chan struct{})}
	defer dialled.over() // or what waits to be sent would wait for ever
	code, err := r.Exec(ctx, container, command, streaming.Streams{Stdin: afterDial{data, dialled.yes}, Stdout: data, Stderr: dialled})
	if err == nil && code != 0 {
		problem = strings.TrimSpace(dialled.problem.String())
	}
	return problem, err
}

// Dialled is what the command in the sandbox says, as an error line of its own, when the connection stands.
const Dialled = "connected"

// dialled reads what the command in the sandbox says. Nothing is sent before the connection stands: whoever waits for
// it can still be told that it failed.
type dialled struct {
	problem bytes.Buffer
	yes     chan struct{}
	once    sync.Once
}

func (d *dialled) Write(p []byte) (int, error) {
	if bytes.HasPrefix(p, []byte(Dialled)) {
		d.over()
	}
	return d.problem.Write(p)
}

func (d *dialled) over() { d.once.Do(func() { close(d.yes) }) }

// afterDial reads only once the connection stands.
type afterDial struct {
	io.Reader
	yes <-chan struct{}
}

func (a afterDial) Read(p []byte) (int, error) {
	<-a.yes
	return a.Reader.Read(p)
}
