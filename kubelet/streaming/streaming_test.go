package streaming

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/moby/spdystream"
	"github.com/stretchr/testify/require"
)

// serve runs a handler and returns the address of its server.
func serve(t *testing.T, handler http.HandlerFunc) string {
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}

func dialWebSocket(t *testing.T, address, path string, protocols ...string) *websocket.Conn {
	t.Helper()
	dialer := websocket.Dialer{Subprotocols: protocols}
	conn, _, err := dialer.Dial("ws://"+address+path, nil)
	require.NoError(t, err)
	t.Cleanup(func() { conn.Close() })
	require.NoError(t, conn.SetReadDeadline(time.Now().Add(10*time.Second)))
	if len(protocols) > 0 {
		require.Equal(t, protocols[0], conn.Subprotocol())
	}
	return conn
}

// messages reads all messages until the other side says goodbye.
func messages(t *testing.T, conn *websocket.Conn) (all []string) {
	t.Helper()
	for {
		_, message, err := conn.ReadMessage()
		if websocket.IsCloseError(err, websocket.CloseNormalClosure) {
			return all
		}
		require.NoError(t, err, "after %q", all)
		all = append(all, string(message))
	}
}

// shout answers in upper case, tells the size of the terminal on stderr, and fails as the command says.
func shout(o Options) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		ServeCommand(w, r, o, func(ctx context.Context, s Streams) error {
			if s.Resize != nil {
				size := <-s.Resize
				fmt.Fprintf(s.Stdout, "%dx%d", size.Width, size.Height)
			}
			if s.Stdin != nil {
				lines := bufio.NewReader(s.Stdin)
				line, _ := lines.ReadString('\n')
				_, _ = io.WriteString(s.Stdout, strings.ToUpper(line))
				if r.URL.Query().Has("all") {
					rest, _ := io.ReadAll(lines)
					fmt.Fprintf(s.Stdout, "and %d more", len(rest))
				}
			}
			if s.Stderr != nil {
				_, _ = io.WriteString(s.Stderr, "oops")
			}
			switch r.URL.Query().Get("end") {
			case "3":
				return ExitError(3)
			case "error":
				return errors.New("no such container")
			}
			return nil
		})
	}
}

const (
	success = `{"metadata":{},"status":"Success"}`
	exit3   = `{"metadata":{},"status":"Failure","message":"command terminated with non-zero exit code: command terminated with exit code 3","reason":"NonZeroExitCode","details":{"causes":[{"reason":"ExitCode","message":"3"}]}}`
)

func TestCommandOverWebSocket(t *testing.T) {
	stdinOut := Options{Stdin: true, Stdout: true}
	for _, c := range []struct {
		name     string
		protocol string
		options  Options
		query    string
		send     []string
		want     []string
	}{
		{"the oldest tells no success", "channel.k8s.io", stdinOut, "", []string{"\x00hi\n"}, []string{"\x01", "\x01HI\n"}},
		{"and a failure as text", "channel.k8s.io", Options{Stdout: true}, "?end=3", nil,
			[]string{"\x01", "\x03command terminated with non-zero exit code: command terminated with exit code 3"}},
		{"without a name it is the oldest", "", stdinOut, "", []string{"\x00hi\n"}, []string{"\x01", "\x01HI\n"}},
		{"base64", "base64.channel.k8s.io", stdinOut, "", []string{"0aGkK"}, []string{"1", "1SEkK"}},
		{"version 4 tells a Status", "v4.channel.k8s.io", stdinOut, "", []string{"\x00hi\n"}, []string{"\x01", "\x01HI\n", "\x03" + success}},
		{"and exit codes", "v4.channel.k8s.io", Options{Stdout: true}, "?end=3", nil, []string{"\x01", "\x03" + exit3}},
		{"and errors", "v4.channel.k8s.io", Options{Stdout: true}, "?end=error", nil,
			[]string{"\x01", "\x03" + `{"metadata":{},"status":"Failure","message":"Internal error occurred: no such container","reason":"InternalError","details":{"causes":[{"message":"no such container"}]},"code":500}`}},
		{"in base64", "v4.base64.channel.k8s.io", stdinOut, "", []string{"0aGkK"}, []string{"1", "1SEkK", "3eyJtZXRhZGF0YSI6e30sInN0YXR1cyI6IlN1Y2Nlc3MifQ=="}},
		{"version 5 can end stdin", "v5.channel.k8s.io", stdinOut, "?all", []string{"\x00a\n", "\x00bc", "\xff\x00"},
			[]string{"\x01", "\x01A\n", "\x01and 2 more", "\x03" + success}},
		{"stderr has its own number", "v5.channel.k8s.io", Options{Stderr: true}, "", nil, []string{"\x02", "\x02oops", "\x03" + success}},
		{"a terminal has a size", "v5.channel.k8s.io", Options{Stdout: true, TTY: true}, "", []string{"\x04" + `{"Width":80,"Height":24}`},
			[]string{"\x01", "\x0180x24", "\x03" + success}},
		{"what makes no sense is dropped", "v4.channel.k8s.io", stdinOut, "", []string{"", "\x09x", "\x01x", "\x00hi\n"}, []string{"\x01", "\x01HI\n", "\x03" + success}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var protocols []string
			if c.protocol != "" {
				protocols = []string{c.protocol}
			}
			conn := dialWebSocket(t, serve(t, shout(c.options)), "/"+c.query, protocols...)
			for _, message := range c.send {
				require.NoError(t, conn.WriteMessage(websocket.BinaryMessage, []byte(message)))
			}
			require.Equal(t, c.want, messages(t, conn))
		})
	}
}

func TestProtocolsThatNobodyKnowsAreRefused(t *testing.T) {
	address := serve(t, shout(Options{Stdout: true}))
	dialer := websocket.Dialer{Subprotocols: []string{"v9.channel.k8s.io"}}
	_, answer, err := dialer.Dial("ws://"+address, nil)
	require.ErrorIs(t, err, websocket.ErrBadHandshake)
	require.Equal(t, http.StatusForbidden, answer.StatusCode)

	conn, code := dialSPDY(t, address, "/", "v9.channel.k8s.io")
	require.Nil(t, conn)
	require.Equal(t, http.StatusForbidden, code)
	_, code = dialSPDY(t, address, "/")
	require.Equal(t, http.StatusBadRequest, code)
}

// TestTheCommandKnowsThatTheClientIsGone: its context ends, and so does what it reads.
func TestTheCommandKnowsThatTheClientIsGone(t *testing.T) {
	begun, over := make(chan bool), make(chan error)
	address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		ServeCommand(w, r, Options{Stdin: true, Stdout: true}, func(ctx context.Context, s Streams) error {
			begun <- true
			_, err := io.ReadAll(s.Stdin)
			<-ctx.Done()
			over <- err
			return nil
		})
	})
	conn := dialWebSocket(t, address, "/", "v5.channel.k8s.io")
	<-begun
	require.NoError(t, conn.Close())
	require.NoError(t, <-over)

	spdy, _ := dialSPDY(t, address, "/", "v4.channel.k8s.io")
	for _, name := range []string{"error", "stdin", "stdout"} {
		open(t, spdy, "streamType", name)
	}
	<-begun
	require.NoError(t, spdy.Close())
	require.NoError(t, <-over)
}

// dialSPDY upgrades a connection; if it is refused there is only a code.
func dialSPDY(t *testing.T, address, path string, versions ...string) (*spdystream.Connection, int) {
	t.Helper()
	raw, err := net.Dial("tcp", address)
	require.NoError(t, err)
	t.Cleanup(func() { raw.Close() })
	request, err := http.NewRequest("POST", "http://"+address+path, nil)
	require.NoError(t, err)
	request.Header.Set("Connection", "Upgrade")
	request.Header.Set("Upgrade", "SPDY/3.1")
	for _, v := range versions {
		request.Header.Add("X-Stream-Protocol-Version", v)
	}
	require.NoError(t, request.Write(raw))
	reader := bufio.NewReader(raw)
	answer, err := http.ReadResponse(reader, request)
	require.NoError(t, err)
	if answer.StatusCode != http.StatusSwitchingProtocols {
		return nil, answer.StatusCode
	}
	require.Equal(t, versions[0], answer.Header.Get("X-Stream-Protocol-Version"))
	return newClient(t, &hijackedConn{Conn: raw, buffered: reader}), answer.StatusCode
}

func newClient(t *testing.T, raw net.Conn) *spdystream.Connection {
	conn, err := spdystream.NewConnection(raw, false)
	require.NoError(t, err)
	go conn.Serve(spdystream.NoOpStreamHandler)
	return conn
}

// open opens a stream; header is pairs of names and values.
func open(t *testing.T, conn *spdystream.Connection, header ...string) *spdystream.Stream {
	t.Helper()
	h := http.Header{}
	for i := 0; i < len(header); i += 2 {
		h.Set(header[i], header[i+1])
	}
	stream, err := conn.CreateStream(h, nil, false)
	require.NoError(t, err)
	require.NoError(t, stream.WaitTimeout(10*time.Second))
	return stream
}

func TestCommandOverSPDY(t *testing.T) {
	for _, c := range []struct {
		version, query, status string
	}{
		{"v4.channel.k8s.io", "?all", success},
		{"v4.channel.k8s.io", "?all&end=3", exit3},
		{"v3.channel.k8s.io", "?all", ""},
		{"v2.channel.k8s.io", "?all&end=3", "command terminated with non-zero exit code: command terminated with exit code 3"},
		{"channel.k8s.io", "?all&end=error", "Internal error occurred: no such container"},
	} {
		t.Run(c.version+c.query, func(t *testing.T) {
			conn, _ := dialSPDY(t, serve(t, shout(Options{Stdin: true, Stdout: true, Stderr: true})), "/"+c.query, c.version)
			status, stdin := open(t, conn, "streamType", "error"), open(t, conn, "streamType", "stdin")
			stdout, stderr := open(t, conn, "streamType", "stdout"), open(t, conn, "streamType", "stderr")
			_, err := io.WriteString(stdin, "hi\nthere")
			require.NoError(t, err)
			require.NoError(t, stdin.Close())
			for stream, want := range map[*spdystream.Stream]string{stdout: "HI\nand 5 more", stderr: "oops", status: c.status} {
				got, err := io.ReadAll(stream)
				require.NoError(t, err)
				require.Equal(t, want, string(got))
			}
		})
	}
}

// forwardTo is a Forward to whoever listens on the port of this machine.
func forwardTo(ctx context.Context, port int32, data io.ReadWriter) error {
	conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return errors.New("nobody listens")
	}
	return Join(ctx, conn, data)
}

// echoServer answers what it is sent, when it has been sent all, in upper case. It returns its port.
func echoServer(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				all, _ := io.ReadAll(conn)
				_, _ = conn.Write([]byte(strings.ToUpper(string(all))))
			}()
		}
	}()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

func closedPort(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	_, port, _ := net.SplitHostPort(l.Addr().String())
	require.NoError(t, l.Close())
	return port
}

func TestPortsOverSPDY(t *testing.T) {
	address := serve(t, func(w http.ResponseWriter, r *http.Request) { ServePorts(w, r, "web", forwardTo) })
	for name, dial := range map[string]func() *spdystream.Connection{
		"plain": func() *spdystream.Connection {
			conn, _ := dialSPDY(t, address, "/", "portforward.k8s.io")
			return conn
		},
		"in a WebSocket": func() *spdystream.Connection {
			return newClient(t, &tunnel{Conn: dialWebSocket(t, address, "/", "SPDY/3.1+portforward.k8s.io")})
		},
	} {
		t.Run(name, func(t *testing.T) {
			conn, port := dial(), echoServer(t)
			for i, text := range []string{"one", "two", "three"} { // one client, many connections
				id := fmt.Sprint(i)
				failure := open(t, conn, "streamType", "error", "port", port, "requestID", id)
				data := open(t, conn, "streamType", "data", "port", port, "requestID", id)
				_, err := io.WriteString(data, text)
				require.NoError(t, err)
				require.NoError(t, data.Close())
				got, err := io.ReadAll(data)
				require.NoError(t, err)
				require.Equal(t, strings.ToUpper(text), string(got))
				got, err = io.ReadAll(failure)
				require.NoError(t, err)
				require.Empty(t, got)
			}
			closed := closedPort(t)
			failure := open(t, conn, "streamType", "error", "port", closed, "requestID", "9")
			open(t, conn, "streamType", "data", "port", closed, "requestID", "9")
			got, err := io.ReadAll(failure)
			require.NoError(t, err)
			require.Equal(t, "error forwarding port "+closed+" to pod web, uid : nobody listens", string(got))
			require.NoError(t, conn.Close())
		})
	}
}

func TestPortsOverChannels(t *testing.T) {
	address := serve(t, func(w http.ResponseWriter, r *http.Request) { ServePorts(w, r, "web", forwardTo) })
	hello := func(port string) string {
		var n int
		fmt.Sscan(port, &n)
		return string([]byte{byte(n), byte(n >> 8)})
	}
	closed := closedPort(t)
	conn := dialWebSocket(t, address, "/?port="+closed, "v4.channel.k8s.io")
	require.Equal(t, []string{"\x00" + hello(closed), "\x01" + hello(closed), "\x01error forwarding port " + closed + " to pod web, uid : nobody listens"}, messages(t, conn))

	_, answer, err := websocket.DefaultDialer.Dial("ws://"+address+"/", nil)
	require.ErrorIs(t, err, websocket.ErrBadHandshake)
	require.Equal(t, http.StatusBadRequest, answer.StatusCode, "which port?")
}

func TestLogOverWebSocket(t *testing.T) {
	address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_ = ServeWriter(w, r, func(_ context.Context, w io.Writer) error {
			_, err := io.WriteString(w, "line\n")
			return err
		})
	})
	for protocol, want := range map[string][]string{
		"binary.k8s.io": {"", "line\n"}, "base64.binary.k8s.io": {"", "bGluZQo="},
	} {
		require.Equal(t, want, messages(t, dialWebSocket(t, address, "/", protocol)), protocol)
	}
}

func TestRawConnection(t *testing.T) {
	address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_ = ServeRaw(w, r, func(data io.ReadWriter) error {
			if r.URL.Path == "/fails" {
				return errors.New("nobody listens")
			}
			line, err := bufio.NewReader(data).ReadString('\n')
			_, _ = io.WriteString(data, strings.ToUpper(line))
			return err
		})
	})
	ask := func(path string) (*http.Response, *bufio.Reader, net.Conn) {
		conn, err := net.Dial("tcp", address)
		require.NoError(t, err)
		t.Cleanup(func() { conn.Close() })
		fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n", path)
		reader := bufio.NewReader(conn)
		answer, err := http.ReadResponse(reader, nil)
		require.NoError(t, err)
		return answer, reader, conn
	}
	answer, reader, conn := ask("/")
	require.Equal(t, http.StatusSwitchingProtocols, answer.StatusCode)
	fmt.Fprintln(conn, "hi")
	line, err := reader.ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "HI\n", line)

	answer, _, _ = ask("/fails")
	text, _ := io.ReadAll(answer.Body)
	require.Equal(t, http.StatusBadGateway, answer.StatusCode)
	require.Equal(t, "nobody listens\n", string(text))
}
