package streaming

import (
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// RawProtocol is what a client asks to upgrade to that wants the connection itself.
const RawProtocol = "tcp"

// ServeRaw takes the request over: its connection is the one that carry gets. The client is told so when carry first
// uses it. If carry fails before that, the client gets an ordinary answer that says why.
func ServeRaw(w http.ResponseWriter, r *http.Request, carry func(data io.ReadWriter) error) error {
	if !strings.EqualFold(r.Header.Get(headerUpgrade), RawProtocol) {
		http.Error(w, "this path is for connections: Upgrade: "+RawProtocol+" required", http.StatusBadRequest)
		return nil
	}
	conn := &rawConn{w: w}
	err := carry(conn)
	if conn.untouched() {
		text := "the connection was closed at once"
		if err != nil {
			text = err.Error()
		}
		http.Error(w, text, http.StatusBadGateway)
		return err
	}
	if conn.err == nil {
		err = errors.Join(err, conn.Conn.Close())
	}
	return err
}

// rawConn is a request's connection, taken over when it is used for the first time.
type rawConn struct {
	w    http.ResponseWriter
	once sync.Once
	net.Conn
	err error // why it could not be taken over
}

func (c *rawConn) begin() {
	c.once.Do(func() {
		c.w.Header().Set("Connection", headerUpgrade)
		c.w.Header().Set(headerUpgrade, RawProtocol)
		c.w.WriteHeader(http.StatusSwitchingProtocols)
		raw, buffered, err := http.NewResponseController(c.w).Hijack()
		if err != nil {
			c.err = err
			return
		}
		_ = raw.SetDeadline(time.Time{}) // the HTTP server's no longer apply; fails only on a closed connection
		c.Conn = &hijackedConn{Conn: raw, buffered: buffered.Reader}
	})
}

// untouched tells that the connection was not used, and that it never will be.
func (c *rawConn) untouched() bool {
	untouched := false
	c.once.Do(func() {
		untouched, c.err = true, net.ErrClosed
	})
	return untouched
}

func (c *rawConn) Read(p []byte) (int, error) {
	if c.begin(); c.err != nil {
		return 0, c.err
	}
	return c.Conn.Read(p)
}

func (c *rawConn) Write(p []byte) (int, error) {
	if c.begin(); c.err != nil {
		return 0, c.err
	}
	return c.Conn.Write(p)
}
