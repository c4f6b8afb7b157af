package streaming

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/moby/spdystream"
)

// SPDY/3.1 was the draft of HTTP/2. Kubernetes uses one thing of it: many streams on a connection, each opened by the
// client with headers that say what it is for.

const (
	spdyProtocol = "SPDY/3.1"

	headerUpgrade  = "Upgrade"
	headerVersion  = "X-Stream-Protocol-Version"
	headerAccepted = "X-Accepted-Stream-Protocol-Versions"
)

// The headers of a stream.
const (
	headerStreamType = "Streamtype"
	headerPort       = "Port"
	headerRequestID  = "Requestid"
)

// acceptStream is called with each stream that the client opens. It refuses it with an error, or returns what to do with
// it once the client knows that it stands.
type acceptStream func(*spdystream.Stream) (then func(), err error)

// upgradeSPDY takes the request over in the first of the versions that the client names and we know.
func upgradeSPDY(w http.ResponseWriter, r *http.Request, known []string, accept acceptStream) (*spdystream.Connection, string, error) {
	version, err := chooseVersion(w, r, known)
	if err != nil {
		return nil, "", err
	}
	w.Header().Set("Connection", headerUpgrade)
	w.Header().Set(headerUpgrade, spdyProtocol)
	w.Header().Set(headerVersion, version)
	w.WriteHeader(http.StatusSwitchingProtocols)
	raw, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return nil, "", err
	}
	_ = raw.SetDeadline(time.Time{}) // the HTTP server's no longer apply; fails only on a closed connection
	conn, err := serveSPDY(&hijackedConn{Conn: raw, buffered: buffered.Reader}, raw.Close, accept)
	return conn, version, err
}

// chooseVersion answers a request that does not name a version that we know.
func chooseVersion(w http.ResponseWriter, r *http.Request, known []string) (string, error) {
	refuse := func(code int, format string, args ...any) (string, error) {
		err := fmt.Errorf("unable to upgrade: "+format, args...)
		http.Error(w, err.Error(), code)
		return "", err
	}
	if !strings.EqualFold(r.Header.Get(headerUpgrade), spdyProtocol) {
		return refuse(http.StatusBadRequest, "missing upgrade headers in request: %#v", r.Header)
	}
	var wanted []string
	for _, line := range r.Header.Values(headerVersion) {
		for name := range strings.SplitSeq(line, ",") {
			if name = strings.TrimSpace(name); name != "" {
				wanted = append(wanted, name)
			}
		}
	}
	if len(wanted) == 0 {
		return refuse(http.StatusBadRequest, "header %s does not exist in request with %d headers", headerVersion, len(r.Header))
	}
	for _, name := range wanted {
		if slices.Contains(known, name) {
			return name, nil
		}
	}
	for _, name := range known {
		w.Header().Add(headerAccepted, name)
	}
	return refuse(http.StatusForbidden, "unable to negotiate protocol: client supports %v, server accepts %v", wanted, known)
}

// serveSPDY speaks SPDY on a connection until the client ends it, and then hangs up.
func serveSPDY(raw net.Conn, hangUp func() error, accept acceptStream) (*spdystream.Connection, error) {
	conn, err := spdystream.NewConnection(raw, true)
	if err != nil {
		return nil, errors.Join(err, hangUp())
	}
	conn.SetIdleTimeout(idleTimeout)
	go func() {
		conn.Serve(func(stream *spdystream.Stream) {
			then, err := accept(stream)
			if err != nil {
				_ = stream.Refuse() // an error means that the client is gone
				return
			}
			_ = stream.SendReply(http.Header{}, false) // likewise
			then()
		})
		_ = hangUp() // both sides are through with it
	}()
	return conn, nil
}

// hijackedConn reads first what the HTTP server has read already. It is closed in two steps: the client gets all that
// was written, and what it still sends is read, or the close would take back what it has not read yet.
type hijackedConn struct {
	net.Conn
	buffered *bufio.Reader
}

func (c *hijackedConn) Read(p []byte) (int, error) { return c.buffered.Read(p) }

// Close ends our half. The other ends when the client closes its, or after a moment; then the reader hangs up.
func (c *hijackedConn) Close() error {
	half, ok := c.Conn.(interface{ CloseWrite() error })
	if !ok || half.CloseWrite() != nil {
		return c.Conn.Close()
	}
	return c.Conn.SetReadDeadline(time.Now().Add(lingerTimeout))
}

// commandVersions are the versions in which a command can be run over SPDY.
var commandVersions = []string{"v4.channel.k8s.io", "v3.channel.k8s.io", "v2.channel.k8s.io", "channel.k8s.io"}

// beginSPDYCommand begins the conversation with a command: the client opens a stream for everything it asked for.
func beginSPDYCommand(w http.ResponseWriter, r *http.Request, o Options) (*session, error) {
	streams, stop := make(chan *spdystream.Stream), make(chan struct{})
	defer close(stop)
	conn, version, err := upgradeSPDY(w, r, commandVersions, func(stream *spdystream.Stream) (func(), error) {
		return func() {
			select {
			case streams <- stream:
			case <-stop:
			}
		}, nil
	})
	if err != nil {
		return nil, err
	}
	v4, resizes := version == "v4.channel.k8s.io", version == "v4.channel.k8s.io" || version == "v3.channel.k8s.io"
	expected := map[string]bool{"error": true, "stdin": o.Stdin, "stdout": o.Stdout, "stderr": o.Stderr, "resize": o.TTY && resizes}
	got := map[string]*spdystream.Stream{}
	timeout := time.NewTimer(setupTimeout)
	defer timeout.Stop()
	for name, want := range expected {
		for want && got[name] == nil {
			select {
			case stream := <-streams:
				got[stream.Headers().Get(headerStreamType)] = stream
			case <-timeout.C:
				return nil, errors.Join(errors.New("the client opened too few streams"), conn.Close())
			case <-conn.CloseChan():
				return nil, errors.New("the client is gone")
			}
		}
	}

	gone := make(chan struct{})
	go func() {
		<-conn.CloseChan()
		close(gone)
	}()
	s := &session{status: statusWriter(got["error"], v4), gone: gone, close: func() { closeSPDY(conn, got) }}
	s.TTY = o.TTY
	if o.Stdin {
		s.Stdin = got["stdin"]
	}
	if o.Stdout {
		s.Stdout = got["stdout"]
	}
	if o.Stderr {
		s.Stderr = got["stderr"]
	}
	if expected["resize"] {
		s.Resize = readSizes(got["resize"], gone)
	}
	return s, nil
}

// closeSPDY ends every stream in order, and then the connection.
func closeSPDY(conn *spdystream.Connection, streams map[string]*spdystream.Stream) {
	for _, stream := range streams {
		_ = stream.Close() // our half: the client reads to the end. It may have gone
		_ = stream.Reset() // the client's half too
	}
	_ = conn.Close()
}
