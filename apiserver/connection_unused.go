package apiserver

import (
	"net"
	"net/http"
	"sync"
)

// unusedConnections are the connections on which no request has come yet. Clients open some in advance; net/http's Shutdown
// gives each of them five seconds to begin, which is five seconds too many for a server that is asked to stop.
type unusedConnections struct {
	mu  sync.Mutex
	all map[net.Conn]struct{} // guarded by mu
}

// note follows a connection's life; it is the server's ConnState hook.
func (u *unusedConnections) note(conn net.Conn, state http.ConnState) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if state != http.StateNew {
		delete(u.all, conn)
		return
	}
	if u.all == nil {
		u.all = map[net.Conn]struct{}{}
	}
	u.all[conn] = struct{}{}
}

// close ends them all.
func (u *unusedConnections) close() {
	u.mu.Lock()
	defer u.mu.Unlock()
	for conn := range u.all {
		conn.Close() // its client has nothing to lose
	}
}
