package remote

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"
	"github.com/moby/spdystream"

	"kubelite/client"
)

// tunnelProtocol is a SPDY connection whose bytes travel in a WebSocket's messages.
const tunnelProtocol = "SPDY/3.1+portforward.k8s.io"

// Tunnel leads to the ports of one pod. It may carry many connections at once.
type Tunnel struct {
	spdy     *spdystream.Connection
	requests atomic.Int64
}

// Forward opens a tunnel to the pod at a path that ends in /portforward.
func Forward(ctx context.Context, c *client.Client, path string) (*Tunnel, error) {
	conn, err := dial(ctx, c.Connection(path, nil), []string{tunnelProtocol})
	if err != nil {
		return nil, fmt.Errorf("error upgrading connection: %w", err)
	}
	spdy, err := spdystream.NewConnection(&messages{Conn: conn}, false)
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	go spdy.Serve(spdystream.NoOpStreamHandler)
	return &Tunnel{spdy: spdy}, nil
}

// Lost is closed when the tunnel is gone.
func (t *Tunnel) Lost() <-chan bool { return t.spdy.CloseChan() }

// Close ends the tunnel and all that it carries.
func (t *Tunnel) Close() error { return t.spdy.Close() }

// Carry connects conn with a port, until both sides have said all. The pod's end has a stream for data and one that
// tells what went wrong.
func (t *Tunnel) Carry(conn io.ReadWriteCloser, port uint16) error {
	defer conn.Close()
	headers := http.Header{"Port": {strconv.Itoa(int(port))}, "Requestid": {strconv.FormatInt(t.requests.Add(1), 10)}}
	failure, err := t.open(headers, "error")
	if err != nil {
		return fmt.Errorf("error creating error stream for port %d: %w", port, err)
	}
	if err := failure.Close(); err != nil { // we have nothing to say on it
		return err
	}
	data, err := t.open(headers, "data")
	if err != nil {
		return fmt.Errorf("error creating forwarding stream for port %d: %w", port, err)
	}
	defer data.Reset()
	reason := make(chan error, 1)
	go func() {
		text, err := io.ReadAll(failure)
		if err == nil && len(text) > 0 {
			err = fmt.Errorf("an error occurred forwarding %d: %s", port, text)
		}
		reason <- err
	}()
	received := make(chan struct{})
	go func() {
		_, _ = io.Copy(conn, data) // its end is what counts
		close(received)
	}()
	sent := make(chan struct{})
	go func() {
		_, _ = io.Copy(data, conn)
		_ = data.Close()
		close(sent)
	}()
	select {
	case <-received:
	case <-sent:
		<-received
	}
	return <-reason
}

func (t *Tunnel) open(headers http.Header, kind string) (*spdystream.Stream, error) {
	h := headers.Clone()
	h.Set("Streamtype", kind)
	stream, err := t.spdy.CreateStream(h, nil, false)
	if err != nil {
		return nil, err
	}
	return stream, stream.WaitTimeout(30 * time.Second)
}

// messages is a connection whose bytes travel in binary messages.
type messages struct {
	*websocket.Conn
	rest io.Reader // of the message that is being read
}

func (m *messages) Read(p []byte) (int, error) {
	for {
		if m.rest != nil {
			n, err := m.rest.Read(p)
			if err == io.EOF {
				m.rest, err = nil, nil
			}
			if n > 0 || err != nil {
				return n, err
			}
		}
		_, next, err := m.NextReader()
		if websocket.IsCloseError(err, websocket.CloseNormalClosure) {
			return 0, io.EOF
		}
		if err != nil {
			return 0, err
		}
		m.rest = next
	}
}

func (m *messages) Write(p []byte) (int, error) {
	if err := m.WriteMessage(websocket.BinaryMessage, p); err != nil {
		return 0, err
	}
	return len(p), nil
}

func (m *messages) SetDeadline(at time.Time) error {
	return errors.Join(m.SetReadDeadline(at), m.SetWriteDeadline(at))
}

var _ net.Conn = (*messages)(nil)
