package proxy

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"sync"
	"time"

	"kubelite/api"
	"kubelite/client"
)

// loopback serves node ports on 127.0.0.1, for people at this machine. The kernel does not let packets from loopback leave
// for other interfaces, so rules alone cannot: each connection is accepted here and made once more to the node's address,
// where the rules redirect it.
//
//	curl 127.0.0.1:30080 ──▶ this process ──▶ 10.244.0.1:30080 ──dnat──▶ pod
//
// A port that another program has is left to it.
type loopback struct {
	node netip.Addr
	log  *slog.Logger

	mu    sync.Mutex
	ctx   context.Context        // of run; nil before; guarded by mu
	wants map[api.Key][]nodePort // guarded by mu
	open  map[nodePort]func()    // closes what is being served; guarded by mu
	work  sync.WaitGroup         // everything that was begun
}

// nodePort is a port of a node.
type nodePort struct {
	protocol api.Protocol
	number   uint16
}

func newLoopback(node netip.Addr, log *slog.Logger) *loopback {
	return &loopback{node: node, log: log, wants: map[api.Key][]nodePort{}, open: map[nodePort]func(){}}
}

// run serves until ctx ends.
func (l *loopback) run(ctx context.Context) error {
	l.mu.Lock()
	l.ctx = ctx
	l.adjust()
	l.mu.Unlock()
	<-ctx.Done()
	l.mu.Lock()
	l.wants = map[api.Key][]nodePort{}
	l.adjust()
	l.mu.Unlock()
	l.work.Wait()
	return nil
}

// set says which ports a service has.
func (l *loopback) set(service api.Key, ports []nodePort) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if slices.Equal(l.wants[service], ports) {
		return
	}
	l.wants[service] = ports
	if len(ports) == 0 {
		delete(l.wants, service)
	}
	l.adjust()
}

// adjust opens and closes what is missing and too much. Called with mu held.
func (l *loopback) adjust() {
	if l.ctx == nil {
		return
	}
	wanted := map[nodePort]bool{}
	for _, ports := range l.wants {
		for _, port := range ports {
			wanted[port] = true
		}
	}
	for port, stop := range l.open {
		if !wanted[port] {
			stop()
			delete(l.open, port)
		}
	}
	for port := range wanted {
		if l.open[port] == nil {
			l.serve(port)
		}
	}
}

func (l *loopback) serve(port nodePort) {
	number := strconv.Itoa(int(port.number))
	here, there := net.JoinHostPort("127.0.0.1", number), net.JoinHostPort(l.node.String(), number)
	var err error
	switch port.protocol {
	case api.ProtocolUDP:
		var conn net.PacketConn
		if conn, err = net.ListenPacket("udp", here); err == nil {
			l.open[port] = func() { conn.Close() }
			l.work.Go(func() { l.relay(conn, there) })
		}
	case api.ProtocolSCTP:
		return // Go knows no SCTP
	default:
		var listener net.Listener
		if listener, err = net.Listen("tcp", here); err == nil {
			ctx, cancel := context.WithCancel(l.ctx)
			l.open[port] = func() { cancel(); listener.Close() }
			l.work.Go(func() { l.accept(ctx, listener, there) })
		}
	}
	if err != nil {
		l.log.Warn("node port is not served on loopback", "port", port.number, "error", err)
		l.open[port] = func() {} // tried; the port is there on the node's address all the same
	}
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
