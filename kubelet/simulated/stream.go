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
	"strconv"
	"strings"
	"time"

	"kubelite/kubelet"
	"kubelite/kubelet/streaming"
)

// What people do with running containers is answered here as far as it makes sense without any: a few commands are
// pretended, attaching shows that nothing runs, and every port of a pod is a web server that says which pod it is.

// errNotRunning is what Docker would say.
var errNotRunning = errors.New("container is not running")

// pretended are the commands that work, alone or in `sh -c`. The rest of a script's line is its arguments.
const pretended = "echo, cat, hostname, sleep, true, false, exit"

// Exec pretends to run a command. One that cannot be pretended ends as a shell ends that does not find it.
func (r *Runtime) Exec(ctx context.Context, id string, command []string, s streaming.Streams) (int, error) {
	name, ended, err := r.running(id)
	if err != nil {
		return 0, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-ended:
			cancel()
		case <-ctx.Done():
		}
	}()
	if len(command) == 3 && command[1] == "-c" {
		command = strings.Fields(command[2])
	}
	if len(command) == 0 {
		return 0, nil
	}
	return pretend(ctx, name, command[0], command[1:], s)
}

// pretend is the shell.
func pretend(ctx context.Context, pod, command string, arguments []string, s streaming.Streams) (int, error) {
	first := ""
	if len(arguments) > 0 {
		first = arguments[0]
	}
	switch command {
	case "echo":
		return 0, say(s, s.Stdout, strings.Join(arguments, " "))
	case "hostname":
		return 0, say(s, s.Stdout, pod)
	case "cat":
		if len(arguments) == 0 && s.Stdin != nil && s.Stdout != nil {
			_, err := io.Copy(s.Stdout, s.Stdin)
			return 0, err
		}
		return 1, say(s, s.Stderr, "cat: nothing runs in a simulated pod, so it has no files")
	case "sleep":
		d, err := parseSeconds(first)
		if err != nil {
			return 1, say(s, s.Stderr, fmt.Sprintf("sleep: invalid time %q", first))
		}
		select {
		case <-time.After(d):
			return 0, nil
		case <-ctx.Done():
			return 137, nil
		}
	case "true":
		return 0, nil
	case "false":
		return 1, nil
	case "exit":
		code, _ := strconv.ParseUint(first, 10, 8) // no number is 0
		return int(code), nil
	}
	return 127, say(s, s.Stderr, fmt.Sprintf("%s: nothing runs in a simulated pod, so it has no programs; what it can pretend: %s", command, pretended))
}

// say writes a line to the stream, or to the screen where there is only one.
func say(s streaming.Streams, to io.Writer, text string) error {
	end := "\n"
	if s.TTY {
		to, end = s.Stdout, "\r\n"
	}
	if to == nil {
		return nil
	}
	_, err := io.WriteString(to, text+end)
	return err
}

// What the keys Ctrl-C and Ctrl-D send from a terminal.
const keyInterrupt, keyEnd = 3, 4

// Attach says that there is nothing to see, until the container ends. One that was started for a single conversation
// (stdinOnce: `kubectl run -i`) ends with it, as a shell does that has nobody to listen to.
func (r *Runtime) Attach(ctx context.Context, id string, s streaming.Streams) error {
	_, ended, err := r.running(id)
	if err != nil {
		return err
	}
	if err := say(s, s.Stdout, "this container is simulated: nothing runs in it, and it has nothing to say"); err != nil {
		return err
	}
	if s.Stdin != nil {
		go func() { r.hangUp(id, listen(s)) }()
	}
	select {
	case <-ended:
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

// running finds a running container: its pod's name, and what is closed when it ends.
func (r *Runtime) running(id string) (pod string, ended <-chan struct{}, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	c, p := r.find(id)
	if c == nil || c.State != kubelet.ContainerRunning {
		return "", nil, errNotRunning
	}
	return p.Name, c.ended, nil
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
