package apiserver

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
)

// connection is a client's connection, below TLS. It knows what holds for every request that comes over it.
type connection struct {
	net.Conn
	user atomic.Pointer[User] // whom its certificate is about, once somebody has asked

	mu       sync.Mutex
	gathered *[]byte // guarded by mu: what is to leave together; nil while everything leaves at once
	broken   error   // guarded by mu: a write that failed half-way, after which nothing may follow
}

// connections makes what a listener accepts known to the requests, through the server's ConnContext hook.
type connections struct{ net.Listener }

func (l connections) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &connection{Conn: conn}, nil
}

type connectionKey struct{}

func withConnection(ctx context.Context, conn net.Conn) context.Context {
	if secured, ok := conn.(*tls.Conn); ok {
		if c, ok := secured.NetConn().(*connection); ok {
			return context.WithValue(ctx, connectionKey{}, c)
		}
	}
	return ctx
}

// connectionOf is the connection that a request came over; nil for one that did not come over a network. All methods
// that requests use can be called on nil.
func connectionOf(ctx context.Context) *connection {
	c, _ := ctx.Value(connectionKey{}).(*connection)
	return c
}

// ownConnection is the connection of a request that has it to itself; nil where others share it, as over HTTP/2.
func ownConnection(r *http.Request) *connection {
	if r.ProtoMajor > 1 {
		return nil
	}
	return connectionOf(r.Context())
}

// subject is whom the client's certificate is about. A connection has one certificate, so it is read once.
func (c *connection) subject(certificate *x509.Certificate) (*User, error) {
	if c == nil {
		return subjectOf(certificate)
	}
	if user := c.user.Load(); user != nil {
		return user, nil
	}
	user, err := subjectOf(certificate)
	if err == nil {
		c.user.Store(user)
	}
	return user, err
}

// together runs write, and all that it sends leaves in one system call: HTTP's chunks and TLS's records would need one each,
// and each would wake the client.
func (c *connection) together(write func() error) error {
	if c == nil {
		return write()
	}
	c.mu.Lock()
	c.gathered = watchBuffers.Get().(*[]byte)
	c.mu.Unlock()
	err := write()
	c.mu.Lock()
	defer c.mu.Unlock()
	all := c.gathered
	c.gathered = nil
	if c.broken == nil { // also if write failed half-way: TLS has counted what it made
		_, c.broken = c.Conn.Write(*all)
	}
	putWatchBuffer(all)
	return cmp.Or(err, c.broken)
}

func (c *connection) Write(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.broken != nil:
		return 0, c.broken
	case c.gathered != nil:
		*c.gathered = append(*c.gathered, b...)
		return len(b), nil
	}
	return c.Conn.Write(b)
}
