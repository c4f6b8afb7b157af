package simulated

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"

	"kubelite/kubelet"
	"kubelite/kubelet/streaming"
)

// What people do with running containers is answered here as far as it makes sense without any: a shell and a few commands
// are pretended, attaching shows that nothing runs, and every port of a pod is a web server that says which pod it is.

// errNotRunning is what Docker would say.
var errNotRunning = errors.New("container is not running")

// Exec pretends to run a command. One that cannot be pretended ends as a shell ends that does not find it.
func (r *Runtime) Exec(ctx context.Context, id string, command []string, s streaming.Streams) (int, error) {
	sh, ended, err := r.shellIn(id)
	if err != nil {
		return 0, err
	}
	if len(command) == 0 {
		return 0, nil
	}
	ctx, cancel := untilEnded(ctx, ended)
	defer cancel()
	sh.in, sh.out, sh.err, sh.unknown = s.Stdin, screen(s, s.Stdout), screen(s, s.Stderr), notThere
	script, ok := scriptOf(command)
	if !ok {
		return notThere(ctx, command[0], sh.err), nil
	}
	exitCode, err := sh.run(ctx, script)
	if ctx.Err() != nil {
		return killed, nil // with its container
	}
	return exitCode, err
}

// shellIn is a shell in a running container, and what is closed when that ends.
func (r *Runtime) shellIn(id string) (*shell, <-chan struct{}, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	c, p := r.find(id)
	if c == nil || c.State != kubelet.ContainerRunning {
		return nil, nil, errNotRunning
	}
	hostname := c.Program.Hostname
	if hostname == "" {
		hostname = p.Name
	}
	return &shell{hostname: hostname, env: c.Program.Env, files: &p.files}, c.ended, nil
}

// untilEnded ends the context with the container.
func untilEnded(ctx context.Context, ended <-chan struct{}) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		select {
		case <-ended:
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, cancel
}

// screen is where a stream ends up: on a terminal there is only one, and it wants to be told to go back to the left.
func screen(s streaming.Streams, to io.Writer) io.Writer {
	if s.TTY {
		to = s.Stdout
	}
	switch {
	case to == nil:
		return io.Discard
	case s.TTY:
		return crlf{to}
	}
	return to
}

type crlf struct{ to io.Writer }

func (w crlf) Write(p []byte) (int, error) {
	if _, err := w.to.Write(bytes.ReplaceAll(p, []byte("\n"), []byte("\r\n"))); err != nil {
		return 0, err
	}
	return len(p), nil
}

// What the keys Ctrl-C and Ctrl-D send from a terminal.
const keyInterrupt, keyEnd = 3, 4

// Attach says that there is nothing to see, until the container or stdin ends. A container that was started for a single
// conversation (stdinOnce: `kubectl run -i`) ends with it, as a shell does that has nobody to listen to.
func (r *Runtime) Attach(ctx context.Context, id string, s streaming.Streams) error {
	_, ended, err := r.shellIn(id)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintln(screen(s, s.Stdout), "this container is simulated: nothing runs in it, and it has nothing to say"); err != nil {
		return err
	}
	over := make(chan struct{})
	if s.Stdin != nil {
		go func() {
			defer close(over)
			r.hangUp(id, listen(s))
		}()
	}
	select {
	case <-ended:
		return nil
	case <-over:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// listen reads until the client has said all, and returns what a shell would end with then.
func listen(s streaming.Streams) (exitCode int) {
	for keys := bufio.NewReader(s.Stdin); ; {
		key, err := keys.ReadByte()
		switch {
		case err != nil, s.TTY && key == keyEnd:
			return 0
		case s.TTY && key == keyInterrupt:
			return 130
		}
	}
}

// hangUp ends a container whose only conversation is over.
func (r *Runtime) hangUp(id string, exitCode int) {
	r.mu.Lock()
	c, p := r.find(id)
	once := c != nil && c.StdinOnce
	if once {
		r.end(p, c, exitCode, time.Now())
	}
	r.mu.Unlock()
	if once {
		r.tell(p.UID)
	}
}

// PortForward answers HTTP requests.
func (r *Runtime) PortForward(ctx context.Context, sandboxID string, port int32, data io.ReadWriter) error {
	r.mu.Lock()
	p := r.byID[sandboxID]
	if p == nil || !slices.ContainsFunc(p.Containers, func(c *simulatedContainer) bool { return c.State == kubelet.ContainerRunning }) {
		r.mu.Unlock()
		return fmt.Errorf("failed to connect to localhost:%d inside the pod: connection refused", port)
	}
	name := p.Name
	r.mu.Unlock()
	for requests := bufio.NewReader(data); ; {
		request, err := http.ReadRequest(requests)
		if err != nil {
			return nil // the client has gone, or speaks something else: then we hang up
		}
		if _, err := io.Copy(io.Discard, request.Body); err != nil {
			return nil
		}
		text := fmt.Sprintf("hello from %s, simulated: %s %s on port %d\n", name, request.Method, request.URL, port)
		answer := http.Response{
			StatusCode: http.StatusOK, ProtoMajor: 1, ProtoMinor: 1, Request: request, Header: http.Header{"Content-Type": {"text/plain"}},
			Body: io.NopCloser(bytes.NewBufferString(text)), ContentLength: int64(len(text)), Close: request.Close,
		}
		if err := answer.Write(data); err != nil || request.Close || ctx.Err() != nil {
			return err
		}
	}
}
