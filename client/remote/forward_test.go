package remote

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/gorilla/websocket"
	"github.com/moby/spdystream"
	"github.com/stretchr/testify/require"

	"kubelite/client"
)

// pod is the other end of a tunnel. Port 80 answers in upper case when it has heard all; on other ports nobody listens.
type pod struct {
	mu       sync.Mutex
	streams  map[string]*spdystream.Stream // error streams, by request
	requests []string                      // "data 80", in the order in which they came
	conn     *spdystream.Connection
}

func newPod(t *testing.T) (*pod, *client.Client) {
	t.Helper()
	p := &pod{streams: map[string]*spdystream.Stream{}}
	return p, talking(t, tunnelProtocol, func(conn *websocket.Conn) {
		spdy, err := spdystream.NewConnection(&messages{Conn: conn}, true)
		if err != nil {
			t.Error(err)
			return
		}
		p.mu.Lock()
		p.conn = spdy
		p.mu.Unlock()
		spdy.Serve(p.accept)
	})
}

func (p *pod) accept(stream *spdystream.Stream) {
	if stream.SendReply(http.Header{}, false) != nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	kind, port, id := stream.Headers().Get("Streamtype"), stream.Headers().Get("Port"), stream.Headers().Get("Requestid")
	p.requests = append(p.requests, kind+" "+port)
	if kind == "error" {
		p.streams[id] = stream
		return
	}
	failure := p.streams[id]
	delete(p.streams, id)
	go func() {
		if port != "80" {
			fmt.Fprintf(failure, "dial tcp4 127.0.0.1:%s: connect: connection refused", port)
			_ = failure.Close()
			_ = stream.Close()
			return
		}
		said, _ := io.ReadAll(stream)
		_, _ = stream.Write(bytes.ToUpper(said))
		_ = stream.Close()
		_ = failure.Close()
	}()
}

func (p *pod) asked() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.requests
}

func forward(t *testing.T, c *client.Client) *Tunnel {
	t.Helper()
	tunnel, err := Forward(limited(t), c, "/portforward")
	require.NoError(t, err)
	t.Cleanup(func() { _ = tunnel.Close() })
	return tunnel
}

// pair is a connection of which one end can say that it has said all.
func pair(t *testing.T) (ours *net.TCPConn, theirs net.Conn) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	dialled, err := net.Dial("tcp", listener.Addr().String())
	require.NoError(t, err)
	theirs, err = listener.Accept()
	require.NoError(t, err)
	t.Cleanup(func() { dialled.Close(); theirs.Close() })
	return dialled.(*net.TCPConn), theirs
}

// ask sends a text through the tunnel and returns what came back, and what Carry had to say.
func ask(t *testing.T, tunnel *Tunnel, port uint16, text string) (string, error) {
	t.Helper()
	ours, theirs := pair(t)
	carried := make(chan error, 1)
	go func() { carried <- tunnel.Carry(theirs, port) }()
	_, err := io.WriteString(ours, text)
	require.NoError(t, err)
	require.NoError(t, ours.CloseWrite())
	answer, err := io.ReadAll(ours)
	require.NoError(t, err)
	return string(answer), <-carried
}

func TestATunnelCarriesBothWays(t *testing.T) {
	p, c := newPod(t)
	tunnel := forward(t, c)
	answer, err := ask(t, tunnel, 80, "hello")
	require.NoError(t, err)
	require.Equal(t, "HELLO", answer)
	require.Equal(t, []string{"error 80", "data 80"}, p.asked(), "who listens for errors cannot miss one")

	// As much as fits in no single message or frame.
	long := bytes.Repeat([]byte("0123456789abcdef"), 1<<16)
	answer, err = ask(t, tunnel, 80, string(long))
	require.NoError(t, err)
	require.Equal(t, string(bytes.ToUpper(long)), answer)
}

func TestATunnelCarriesManyAtOnce(t *testing.T) {
	p, c := newPod(t)
	tunnel := forward(t, c)
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			answer, err := ask(t, tunnel, 80, fmt.Sprintf("visitor %d", i))
			if err != nil || answer != fmt.Sprintf("VISITOR %d", i) {
				t.Errorf("visitor %d: %q, %v", i, answer, err)
			}
		})
	}
	all.Wait()
	require.Len(t, p.asked(), 40)
}

func TestAPortThatNobodyListensOn(t *testing.T) {
	_, c := newPod(t)
	tunnel := forward(t, c)
	answer, err := ask(t, tunnel, 81, "hello")
	require.EqualError(t, err, "an error occurred forwarding 81: dial tcp4 127.0.0.1:81: connect: connection refused")
	require.Empty(t, answer)
	answer, err = ask(t, tunnel, 80, "still there?")
	require.NoError(t, err, "one connection's trouble is not that of the others")
	require.Equal(t, "STILL THERE?", answer)
}

func TestATunnelThatIsGoneSaysSo(t *testing.T) {
	p, c := newPod(t)
	tunnel := forward(t, c)
	_, err := ask(t, tunnel, 80, "hello")
	require.NoError(t, err)
	p.mu.Lock()
	require.NoError(t, p.conn.Close())
	p.mu.Unlock()
	<-tunnel.Lost()
	_, theirs := pair(t)
	require.ErrorContains(t, tunnel.Carry(theirs, 80), "error creating error stream for port 80")
}

func TestATunnelThatIsRefused(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no pod here", http.StatusBadGateway) })
	_, err := Forward(limited(t), c, "/portforward")
	require.EqualError(t, err, "error upgrading connection: unable to upgrade connection: no pod here\n")
}

// A reader of bytes does not care how they were cut into messages.
func TestBytesInMessages(t *testing.T) {
	for name, read := range map[string]func(io.Reader) io.Reader{
		"as they come": func(r io.Reader) io.Reader { return r }, "one by one": iotest.OneByteReader, "by halves": iotest.HalfReader,
	} {
		c := talking(t, tunnelProtocol, func(conn *websocket.Conn) {
			say(t, conn, "a", "", "bcd", "efghijklmnopqrstuvwxyz")
			goodbye(conn)
			hear(conn, 1)
		})
		conn, err := dial(limited(t), c.Connection("/", nil), []string{tunnelProtocol})
		require.NoError(t, err)
		m := &messages{Conn: conn}
		all, err := io.ReadAll(read(m))
		require.NoError(t, err, name)
		require.Equal(t, "abcdefghijklmnopqrstuvwxyz", string(all), name)
		require.NoError(t, m.Close())
	}
}
