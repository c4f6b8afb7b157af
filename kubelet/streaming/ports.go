package streaming

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"
	"github.com/moby/spdystream"
)

// Forward carries one connection to a port: all that is read from data goes there, and what comes back is written.
// It returns when both directions have ended.
type Forward func(ctx context.Context, port int32, data io.ReadWriter) error

// ServePorts takes the request over and calls forward for every connection that the client makes. name is what the
// client calls the other end, for error messages.
func ServePorts(w http.ResponseWriter, r *http.Request, name string, forward Forward) {
	f := &forwarder{name: name, forward: forward, pairs: map[string]*streamPair{}}
	f.ctx, f.stop = context.WithCancel(r.Context())
	defer f.end()
	switch {
	case !IsWebSocket(r):
		conn, _, err := upgradeSPDY(w, r, []string{portForwardVersion}, f.accept)
		if err == nil {
			f.wait(conn)
		}
	case slices.ContainsFunc(websocket.Subprotocols(r), func(name string) bool { return strings.HasPrefix(name, tunnelPrefix) }):
		f.serveTunnel(w, r)
	default:
		f.serveChannels(w, r)
	}
}

// portForwardVersion is the only version there is; tunnelPrefix before it says that the SPDY connection is inside of
// a WebSocket.
const (
	portForwardVersion = "portforward.k8s.io"
	tunnelPrefix       = spdyProtocol + "+"
)

// forwarder serves one client. Over SPDY each connection that it makes is a pair of streams.
type forwarder struct {
	name    string
	forward Forward
	ctx     context.Context // ends when the client is gone
	stop    context.CancelFunc
	working sync.WaitGroup

	mu    sync.Mutex
	pairs map[string]*streamPair // by request id, until both are there; guarded by mu
}

// wait returns when the client is gone, or has to go.
func (f *forwarder) wait(conn *spdystream.Connection) {
	select {
	case <-conn.CloseChan():
	case <-f.ctx.Done():
	}
	_ = conn.Close() // if it still stands
}

// end ends all connections and waits for them.
func (f *forwarder) end() {
	f.mu.Lock()
	f.stop() // from here on nothing is started
	f.mu.Unlock()
	f.working.Wait()
}

// streamPair is one connection: its bytes, and what went wrong.
type streamPair struct {
	data, failure *spdystream.Stream
	timer         *time.Timer
}

// accept takes a stream that the client opens. Streams come in any order, and the pair is complete with the second.
func (f *forwarder) accept(stream *spdystream.Stream) (then func(), err error) {
	port, err := parsePort(stream.Headers().Get(headerPort))
	if err != nil {
		return nil, err
	}
	id := stream.Headers().Get(headerRequestID)
	kind := stream.Headers().Get(headerStreamType)
	if id == "" { // clients older than request ids open the error stream and then, two numbers on, that of the data
		number := stream.Identifier()
		if kind == "data" {
			number -= 2
		}
		id = strconv.Itoa(int(number))
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	pair := f.pairs[id]
	if pair == nil {
		pair = &streamPair{}
		pair.timer = time.AfterFunc(setupTimeout, func() { f.forget(id, pair) })
		f.pairs[id] = pair
	}
	place := map[string]**spdystream.Stream{"data": &pair.data, "error": &pair.failure}[kind]
	if place == nil {
		return nil, fmt.Errorf("invalid stream type %q", kind)
	}
	if *place != nil {
		return nil, fmt.Errorf("%s stream already assigned", kind)
	}
	*place = stream
	if pair.data == nil || pair.failure == nil || !pair.timer.Stop() {
		return func() {}, nil
	}
	delete(f.pairs, id)
	return func() { f.start(pair, port) }, nil
}

// start begins to serve one connection, unless the client is gone already.
func (f *forwarder) start(pair *streamPair, port int32) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.ctx.Err() == nil {
		f.working.Go(func() { f.carry(pair, port) })
	}
}

// forget gives a pair up that is still not complete.
func (f *forwarder) forget(id string, pair *streamPair) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.pairs, id)
	for _, stream := range []*spdystream.Stream{pair.data, pair.failure} {
		if stream != nil {
			_ = stream.Reset() // the client is gone
		}
	}
}

// carry serves one connection.
func (f *forwarder) carry(pair *streamPair, port int32) {
	if err := f.forward(f.ctx, port, pair.data); err != nil {
		_, _ = io.WriteString(pair.failure, f.failure(port, err)) // if it cannot be told, the client is gone
		_ = pair.failure.Close()
		_ = pair.data.Reset()
		_ = pair.failure.Reset()
		return
	}
	for _, stream := range []*spdystream.Stream{pair.data, pair.failure} {
		_ = stream.Close()
		_ = stream.Reset() // its half is over as well: without this a connection would keep every stream it ever had
	}
}

func (f *forwarder) failure(port int32, err error) string {
	return fmt.Sprintf("error forwarding port %d to pod %s, uid : %v", port, f.name, err)
}

func parsePort(text string) (int32, error) {
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return 0, fmt.Errorf("unable to parse %q as a port: %w", text, err)
	}
	if port == 0 {
		return 0, fmt.Errorf("port %q must be > 0", text)
	}
	return int32(port), nil
}

// serveTunnel speaks SPDY inside of a WebSocket: what kubectl does today.
func (f *forwarder) serveTunnel(w http.ResponseWriter, r *http.Request) {
	conn, _, err := upgradeWebSocket(w, r, []protocol{{name: tunnelPrefix + portForwardVersion}})
	if err != nil {
		return // the client has been told
	}
	spdy, err := serveSPDY(&tunnel{Conn: conn}, conn.Close, f.accept)
	if err == nil {
		f.wait(spdy)
	}
}

// tunnel is a connection whose bytes travel in the binary messages of a WebSocket.
type tunnel struct {
	*websocket.Conn
	message io.Reader  // what is left of the message that came last
	mu      sync.Mutex // one writer at a time
}

func (t *tunnel) Read(p []byte) (int, error) {
	for {
		if t.message == nil {
			kind, message, err := t.NextReader()
			if websocket.IsCloseError(err, websocket.CloseNormalClosure) {
				return 0, io.EOF
			}
			if err != nil {
				return 0, err
			}
			if kind != websocket.BinaryMessage {
				return 0, errors.New("a tunnel carries binary messages only")
			}
			t.message = message
		}
		n, err := t.message.Read(p)
		if err == io.EOF {
			t.message, err = nil, nil
			if n == 0 {
				continue
			}
		}
		return n, err
	}
}

func (t *tunnel) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.WriteMessage(websocket.BinaryMessage, p); err != nil {
		return 0, err
	}
	return len(p), nil
}

func (t *tunnel) Close() error {
	sayGoodbye(t.Conn)
	return t.Conn.Close()
}

func (t *tunnel) SetDeadline(at time.Time) error {
	return errors.Join(t.SetReadDeadline(at), t.SetWriteDeadline(at))
}

var _ net.Conn = (*tunnel)(nil)

// portProtocols are the subprotocols in which ports are forwarded without SPDY: the Python client does that. The ports
// are in the query, and each has two streams, one for data and one for what went wrong. There is one connection to
// each, made at once. The first message on every stream is the port's number, in two bytes.
var portProtocols = []protocol{
	{name: ""},
	{name: "v4.channel.k8s.io", v4: true},
	{name: "v4.base64.channel.k8s.io", v4: true, base64: true},
}

func (f *forwarder) serveChannels(w http.ResponseWriter, r *http.Request) {
	ports, err := queryPorts(r.URL.Query()["port"])
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	conn, p, err := upgradeWebSocket(w, r, portProtocols)
	if err != nil {
		return // the client has been told
	}
	reads := make([]bool, 2*len(ports))
	for i := range ports {
		reads[2*i] = true
	}
	c := newChannels(conn, p, reads...)
	go c.receive()
	defer c.close()
	go func() {
		<-c.gone
		f.stop()
	}()
	var open sync.WaitGroup
	for i, port := range ports {
		in, out, failure := c.inputs[2*i], c.output(byte(2*i)), c.output(byte(2*i+1))
		number := binary.LittleEndian.AppendUint16(nil, uint16(port))
		for _, stream := range []io.Writer{out, failure} {
			if _, err := stream.Write(number); err != nil {
				return
			}
		}
		open.Go(func() {
			if err := f.forward(f.ctx, port, readWriter{in, out}); err != nil {
				_, _ = io.WriteString(failure, f.failure(port, err)) // if it cannot be told, the client is gone
			}
			_ = in.Close() // whatever still comes for it is dropped. Never fails
		})
	}
	open.Wait()
}

type readWriter struct {
	io.Reader
	io.Writer
}

// queryPorts reads "80,443" and the like.
func queryPorts(values []string) (ports []int32, err error) {
	if len(values) == 0 {
		return nil, errors.New(`query parameter "port" is required`)
	}
	for _, value := range values {
		if value == "" {
			return nil, errors.New(`query parameter "port" cannot be empty`)
		}
		for text := range strings.SplitSeq(value, ",") {
			port, err := parsePort(text)
			if err != nil {
				return nil, err
			}
			ports = append(ports, port)
		}
	}
	return ports, nil
}
