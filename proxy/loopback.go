package proxy

import (
	"context"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"kubelite/api"
	"kubelite/client"
)

// loopback serves node ports and load balancers on 127.0.0.1, for people at this machine. The kernel does not let packets from
// loopback leave for other interfaces, so rules alone cannot: each connection is accepted here and made once more to where
// the rules redirect it.
//
//	curl 127.0.0.1:30080 ──▶ this process ──▶ 10.244.0.1:30080 ──dnat──▶ pod      a node port
//	curl 127.0.0.1:80    ──▶ this process ──▶ 10.104.0.1:80    ──dnat──▶ pod      a load balancer's port
//
// A port that another program has is left to it, and taken when it is free. Of two load balancers with one port the first by
// name has it.
type loopback struct {
	log *slog.Logger

	mu    sync.Mutex
	ctx   context.Context          // of run; nil before; guarded by mu
	wants map[api.Key][]front      // guarded by mu
	open  map[localPort]*openFront // guarded by mu
	work  sync.WaitGroup           // everything that was begun
}

// localPort is a port of 127.0.0.1.
type localPort struct {
	protocol api.Protocol
	number   uint16
}

// front is a port of 127.0.0.1 and where its connections go.
type front struct {
	localPort
	to netip.AddrPort
}

// openFront is a front that is being served, or one that another program has.
type openFront struct {
	front
	stop func() // nil: another program has it
}

// retryTaken is how often ports that other programs have are tried again: nobody tells when they are free.
const retryTaken = 5 * time.Second

func newLoopback(log *slog.Logger) *loopback {
	return &loopback{log: log, wants: map[api.Key][]front{}, open: map[localPort]*openFront{}}
}

// run serves until ctx ends.
func (l *loopback) run(ctx context.Context) error {
	l.mu.Lock()
	l.ctx = ctx
	l.mu.Unlock()
	for ctx.Err() == nil {
		l.mu.Lock()
		l.adjust()
		l.mu.Unlock()
		client.Wait(ctx, retryTaken)
	}
	l.mu.Lock()
	l.wants = map[api.Key][]front{}
	l.adjust()
	l.mu.Unlock()
	l.work.Wait()
	return nil
}

// set says which ports a service has.
func (l *loopback) set(service api.Key, fronts []front) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if slices.Equal(l.wants[service], fronts) {
		return
	}
	l.wants[service] = fronts
	if len(fronts) == 0 {
		delete(l.wants, service)
	}
	l.adjust()
}

// adjust opens and closes what is missing and too much. Called with mu held.
func (l *loopback) adjust() {
	if l.ctx == nil {
		return
	}
	wanted := planFronts(l.wants)
	for port, open := range l.open {
		if wanted[port] != open.front {
			if open.stop != nil {
				open.stop()
			}
			delete(l.open, port)
		}
	}
	for port, f := range wanted {
		switch open := l.open[port]; {
		case open == nil:
			stop, err := l.serve(f)
			if err != nil {
				l.log.Warn("port is not served on loopback", "port", port.number, "for", f.to, "error", err)
			}
			l.open[port] = &openFront{f, stop}
		case open.stop == nil:
			var err error
			if open.stop, err = l.serve(f); err == nil {
				l.log.Info("port is free now, and served on loopback", "port", port.number, "for", f.to)
			}
		}
	}
}

// planFronts tells who has which port.
func planFronts(wants map[api.Key][]front) map[localPort]front {
	fronts := map[localPort]front{}
	for _, service := range slices.SortedFunc(maps.Keys(wants), func(a, b api.Key) int { return strings.Compare(a.String(), b.String()) }) {
		for _, f := range wants[service] {
			if _, taken := fronts[f.localPort]; !taken {
				fronts[f.localPort] = f
			}
		}
	}
	return fronts
}

// serve begins to serve a front and returns what ends it. Go knows no SCTP: that is not there on loopback.
func (l *loopback) serve(f front) (stop func(), err error) {
	here, there := net.JoinHostPort("127.0.0.1", strconv.Itoa(int(f.number))), f.to.String()
	switch f.protocol {
	case api.ProtocolUDP:
		conn, err := net.ListenPacket("udp", here)
		if err != nil {
			return nil, err
		}
		l.work.Go(func() { l.relay(conn, there) })
		return func() { conn.Close() }, nil
	case api.ProtocolSCTP:
		return func() {}, nil
	}
	listener, err := net.Listen("tcp", here)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(l.ctx)
	l.work.Go(func() { l.accept(ctx, listener, there) })
	return func() { cancel(); listener.Close() }, nil
}

// accept serves connections. Those that there are go on when the port is closed, as they do through rules.
func (l *loopback) accept(ctx context.Context, listener net.Listener, there string) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			if ctx.Err() != nil || l.ended() {
				return
			}
			client.Wait(ctx, 10*time.Millisecond) // too many open files, say
			continue
		}
		l.work.Go(func() { l.join(conn.(*net.TCPConn), there) })
	}
}

// join connects a connection with another one until both ends have said all.
func (l *loopback) join(here *net.TCPConn, target string) {
	defer here.Close()
	conn, err := (&net.Dialer{Timeout: 10 * time.Second}).DialContext(l.ctx, "tcp", target)
	if err != nil {
		_ = here.SetLinger(0) // the client is to see a reset, not an answer that ends
		return
	}
	there := conn.(*net.TCPConn)
	defer there.Close()
	stop := context.AfterFunc(l.ctx, func() { here.Close(); there.Close() })
	defer stop()
	var back sync.WaitGroup
	back.Go(func() { _, _ = io.Copy(here, there); _ = here.CloseWrite() })
	_, _ = io.Copy(there, here)
	_ = there.CloseWrite()
	back.Wait()
}

// udpIdle is how long a client of a UDP port is remembered, as connection tracking does.
const udpIdle = 30 * time.Second

// relay carries datagrams: each client gets a socket of its own, so that answers find back.
func (l *loopback) relay(here net.PacketConn, there string) {
	clients := map[string]net.Conn{}
	var mu sync.Mutex
	defer func() {
		mu.Lock()
		defer mu.Unlock()
		for _, conn := range clients {
			conn.Close()
		}
	}()
	buffer := make([]byte, 64<<10)
	for {
		n, from, err := here.ReadFrom(buffer)
		if err != nil {
			return // closed
		}
		mu.Lock()
		conn := clients[from.String()]
		if conn == nil {
			if conn, err = net.Dial("udp", there); err != nil {
				mu.Unlock()
				continue
			}
			clients[from.String()] = conn
			l.work.Go(func() {
				answers := make([]byte, 64<<10)
				for {
					_ = conn.SetReadDeadline(time.Now().Add(udpIdle))
					n, err := conn.Read(answers)
					if err != nil {
						break
					}
					_, _ = here.WriteTo(answers[:n], from)
				}
				conn.Close()
				mu.Lock()
				delete(clients, from.String())
				mu.Unlock()
			})
		}
		mu.Unlock()
		_, _ = conn.Write(buffer[:n])
	}
}

func (l *loopback) ended() bool { return l.ctx.Err() != nil }
