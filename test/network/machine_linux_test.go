package network

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

var (
	gateway = netip.MustParseAddr("10.244.0.1")
	pods    = netip.MustParsePrefix("10.244.0.0/16")
)

const bridgeName = "br-test"

// onOwnMachine runs a test in a network namespace of its own. It returns true there, and false where the test was begun.
func onOwnMachine(t *testing.T) bool {
	t.Helper()
	if os.Getenv("ON_OWN_MACHINE") == t.Name() {
		makeMachine(t)
		return true
	}
	cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), "ON_OWN_MACHINE="+t.Name())
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNET,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
	}
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Skipf("this kernel gives no network namespace: %v", err)
	}
	t.Log(string(out))
	require.NoError(t, err)
	return false
}

// makeMachine makes the bridge, and this machine one that routes.
func makeMachine(t *testing.T) {
	t.Helper()
	up(t, "lo")
	require.NoError(t, netlink.LinkAdd(&netlink.Bridge{LinkAttrs: netlink.LinkAttrs{Name: bridgeName}}))
	addAddress(t, bridgeName, gateway)
	up(t, bridgeName)
	if err := os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("1"), 0o644); err != nil {
		t.Skipf("this kernel lets nobody route in a namespace: %v", err)
	}
}

func up(t *testing.T, name string) {
	t.Helper()
	link, err := netlink.LinkByName(name)
	require.NoError(t, err)
	require.NoError(t, netlink.LinkSetUp(link))
}

func addAddress(t *testing.T, name string, address netip.Addr) {
	t.Helper()
	link, err := netlink.LinkByName(name)
	require.NoError(t, err)
	require.NoError(t, netlink.AddrAdd(link, &netlink.Addr{IPNet: &net.IPNet{IP: address.AsSlice(), Mask: net.CIDRMask(pods.Bits(), 32)}}))
}

// pod is a network namespace on the bridge. A thread of this process is in it, and does what is to be done there.
type pod struct {
	t       *testing.T
	address netip.Addr
	calls   chan func()
}

var podCount int

func newPod(t *testing.T, address string) *pod {
	t.Helper()
	p := &pod{t: t, address: netip.MustParseAddr(address), calls: make(chan func())}
	made := make(chan error)
	var namespace *os.File
	go func() {
		runtime.LockOSThread() // for good: the thread ends with this goroutine, and the namespace with it
		err := unix.Unshare(unix.CLONE_NEWNET)
		if err == nil {
			namespace, err = os.Open("/proc/thread-self/ns/net")
		}
		made <- err
		for call := range p.calls {
			call()
		}
	}()
	require.NoError(t, <-made)
	defer namespace.Close()
	t.Cleanup(func() { close(p.calls) })
	podCount++
	outside, inside := fmt.Sprintf("veth%d", podCount), fmt.Sprintf("pod%d", podCount)
	bridge, err := netlink.LinkByName(bridgeName)
	require.NoError(t, err)
	require.NoError(t, netlink.LinkAdd(&netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: outside, MasterIndex: bridge.Attrs().Index}, PeerName: inside}))
	peer, err := netlink.LinkByName(inside)
	require.NoError(t, err)
	require.NoError(t, netlink.LinkSetNsFd(peer, int(namespace.Fd())))
	up(t, outside)
	p.do(func() {
		up(t, "lo")
		addAddress(t, inside, p.address)
		up(t, inside)
		require.NoError(t, netlink.RouteAdd(&netlink.Route{Gw: gateway.AsSlice()}))
	})
	return p
}

// do calls f in the pod.
func (p *pod) do(f func()) {
	done := make(chan struct{})
	p.calls <- func() { defer close(done); f() }
	<-done
}

// serve answers on a port of TCP and UDP with a name and the address that it sees.
func (p *pod) serve(port int, name string) {
	var listener net.Listener
	var packets net.PacketConn
	var err, err2 error
	p.do(func() {
		listener, err = net.Listen("tcp4", fmt.Sprintf(":%d", port))
		packets, err2 = net.ListenPacket("udp4", fmt.Sprintf(":%d", port))
	})
	require.NoError(p.t, errors.Join(err, err2))
	p.t.Cleanup(func() { listener.Close(); packets.Close() })
	answer := func(from net.Addr) string {
		return fmt.Sprintf("%s %s", name, netip.MustParseAddrPort(from.String()).Addr().Unmap())
	}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			fmt.Fprint(conn, answer(conn.RemoteAddr()))
			conn.Close()
		}
	}()
	go func() {
		buffer := make([]byte, 1500)
		for {
			_, from, err := packets.ReadFrom(buffer)
			if err != nil {
				return
			}
			_, _ = packets.WriteTo([]byte(answer(from)), from)
		}
	}()
}

// dial makes a connection from a pod, or from the machine if p is nil.
func (p *pod) dial(network, to string) (conn net.Conn, err error) {
	connect := func() { conn, err = net.DialTimeout(network, to, 2*time.Second) }
	if p == nil {
		connect()
	} else {
		p.do(connect)
	}
	return conn, err
}

// ask returns what is answered: the name of a pod, and the address that it saw.
func (p *pod) ask(network, to string) (name, seen string, err error) {
	conn, err := p.dial(network, to)
	if err != nil {
		return "", "", err
	}
	defer conn.Close()
	return say(conn)
}

// say sends something by a connection and reads the answer.
func say(conn net.Conn) (name, seen string, err error) {
	_ = conn.SetDeadline(time.Now().Add(2 * time.Second))
	if _, err := conn.Write([]byte("who?")); err != nil {
		return "", "", err
	}
	answer := make([]byte, 100)
	n, err := conn.Read(answer)
	if err == nil {
		_, err = fmt.Sscan(string(answer[:n]), &name, &seen)
	}
	return name, seen, err
}
