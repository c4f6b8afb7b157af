package clients

import (
	"io"
	"net"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// gate passes connections on to a server, and can cut a client off from it.
type gate struct {
	address string // where the client connects to

	mu     sync.Mutex
	closed bool                  // guarded by mu
	open   map[net.Conn]struct{} // guarded by mu: the clients' connections
}

func newGate(t *testing.T, server string) *gate {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	g := &gate{address: l.Addr().String(), open: map[net.Conn]struct{}{}}
	t.Cleanup(func() {
		_ = l.Close() // ends the loop below
		g.close(true)
	})
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go g.pass(conn, server)
		}
	}()
	return g
}

// close cuts off all connections and refuses new ones, until close(false).
func (g *gate) close(closed bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed = closed
	if closed {
		for conn := range g.open {
			_ = conn.Close() // it is to end either way
		}
	}
}

func (g *gate) pass(conn net.Conn, server string) {
	defer conn.Close()
	g.mu.Lock()
	if g.closed {
		g.mu.Unlock()
		return
	}
	g.open[conn] = struct{}{}
	g.mu.Unlock()
	defer func() {
		g.mu.Lock()
		delete(g.open, conn)
		g.mu.Unlock()
	}()
	to, err := net.Dial("tcp", server)
	if err != nil {
		return
	}
	defer to.Close()
	done := make(chan struct{}, 2)
	for _, way := range [][2]net.Conn{{to, conn}, {conn, to}} {
		go func() {
			_, _ = io.Copy(way[0], way[1]) // ends when either side does
			done <- struct{}{}
		}()
	}
	<-done
}
