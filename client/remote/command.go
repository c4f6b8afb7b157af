package remote

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"kubelite/api"
	"kubelite/client"
)

// Command is a conversation with a process in a container. What is nil is not asked for.
type Command struct {
	In       io.Reader
	Out, Err io.Writer
	TTY      bool
	Resize   <-chan Size
}

// Size is that of a terminal, in characters.
type Size struct{ Width, Height uint16 }

// ExitError says that the command ran, and ended with another code than 0.
type ExitError int

func (e ExitError) Error() string { return fmt.Sprintf("command terminated with exit code %d", int(e)) }

// The streams of the protocol, by the first byte of a message.
const (
	stdin, stdout, stderr = 0, 1, 2
	status, resize        = 3, 4
	closed                = 255 // the next byte is the number of a stream that has ended
)

// commandProtocols are what we speak, best first: in v4 the end of stdin cannot be told.
var commandProtocols = []string{"v5.channel.k8s.io", "v4.channel.k8s.io"}

// keepAlive is how often a silent connection is used, so that nobody on the way takes it for dead.
const keepAlive = 5 * time.Second

// Query is the conversation as parameters of pods/exec and pods/attach.
func (c *Command) Query(container string, command []string) url.Values {
	q := url.Values{"container": {container}}
	for _, word := range command {
		q.Add("command", word)
	}
	for name, on := range map[string]bool{"stdin": c.In != nil, "stdout": c.Out != nil, "stderr": c.Err != nil, "tty": c.TTY} {
		if on {
			q.Set(name, "true")
		}
	}
	return q
}

// Run talks until the command ends. An ExitError tells with which code, if it is not 0.
func (c *Command) Run(ctx context.Context, server *client.Client, path string, query url.Values) error {
	conn, err := dial(ctx, server.Connection(path, query), commandProtocols)
	if err != nil {
		return err
	}
	t := &talk{Command: c, conn: conn}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	done := make(chan struct{})
	defer close(done)
	if c.In != nil {
		go t.sendInput()
	}
	go t.sendSizes(done)
	go t.keepAlive(done)
	return t.receive(ctx)
}

// dial opens a WebSocket; what the server has against it is an error like that of any request.
func dial(ctx context.Context, to *client.Connection, protocols []string) (*websocket.Conn, error) {
	u := *to.URL
	u.Scheme = map[string]string{"https": "wss", "http": "ws"}[u.Scheme]
	dialer := websocket.Dialer{TLSClientConfig: to.TLS, Proxy: http.ProxyFromEnvironment, Subprotocols: protocols, HandshakeTimeout: 30 * time.Second}
	conn, resp, err := dialer.DialContext(ctx, u.String(), to.Header)
	if err == nil {
		return conn, nil
	}
	if resp == nil {
		return nil, &url.Error{Op: "Get", URL: to.URL.String(), Err: err}
	}
	defer resp.Body.Close()
	body, readErr := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	var refused api.Status
	if readErr == nil && api.UnmarshalJSON(body, &refused) == nil && refused.Kind == "Status" {
		return nil, &api.StatusError{ErrStatus: refused}
	}
	return nil, fmt.Errorf("unable to upgrade connection: %s", body)
}

// talk is a conversation that has begun.
type talk struct {
	*Command
	conn *websocket.Conn
	mu   sync.Mutex // one writer at a time
}

func (t *talk) send(stream byte, data []byte) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.conn.WriteMessage(websocket.BinaryMessage, append([]byte{stream}, data...))
}

func (t *talk) sendInput() {
	buffer := make([]byte, 32<<10)
	for {
		n, err := t.In.Read(buffer)
		if n > 0 && t.send(stdin, buffer[:n]) != nil {
			return // receive notices that the connection is gone
		}
		if err != nil {
			if t.conn.Subprotocol() == commandProtocols[0] {
				_ = t.send(closed, []byte{stdin})
			}
			return
		}
	}
}

func (t *talk) sendSizes(done <-chan struct{}) {
	for {
		select {
		case size, ok := <-t.Resize:
			if !ok {
				return
			}
			data, err := json.Marshal(size)
			if err != nil || t.send(resize, data) != nil {
				return
			}
		case <-done:
			return
		}
	}
}

func (t *talk) keepAlive(done <-chan struct{}) {
	for {
		select {
		case <-time.After(keepAlive):
			if t.conn.WriteControl(websocket.PingMessage, nil, time.Now().Add(keepAlive)) != nil {
				return
			}
		case <-done:
			return
		}
	}
}

// receive hands out what comes until the server says how it ended.
func (t *talk) receive(ctx context.Context) error {
	for {
		_, message, err := t.conn.ReadMessage()
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case websocket.IsCloseError(err, websocket.CloseNormalClosure):
			return nil
		case err != nil:
			return err
		case len(message) < 2:
			continue // the first word of the server says only that it is there
		}
		switch data := message[1:]; message[0] {
		case stdout:
			err = write(t.Out, data)
		case stderr:
			err = write(t.Err, data)
		case status:
			return commandStatus(data)
		}
		if err != nil {
			return err
		}
	}
}

func write(to io.Writer, data []byte) error {
	if to == nil {
		return nil
	}
	_, err := to.Write(data)
	return err
}

// commandStatus reads how the command ended.
func commandStatus(data []byte) error {
	var s api.Status
	if err := api.UnmarshalJSON(data, &s); err != nil {
		return errors.New(string(data))
	}
	if s.Status == api.StatusSuccess {
		return nil
	}
	if s.Reason == "NonZeroExitCode" && s.Details != nil {
		for _, cause := range s.Details.Causes {
			if code, err := strconv.Atoi(cause.Message); err == nil && cause.Type == "ExitCode" {
				return ExitError(code)
			}
		}
	}
	return errors.New(s.Message)
}
