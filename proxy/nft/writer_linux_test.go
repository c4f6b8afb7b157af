package nft

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/nftables"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// inOwnNetwork runs a test in a network namespace of its own, where it may do as it likes.
func inOwnNetwork(t *testing.T) bool {
	t.Helper()
	if os.Getenv("IN_OWN_NETWORK") == t.Name() {
		return true
	}
	cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), "IN_OWN_NETWORK="+t.Name())
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNET,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
	}
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Skipf("this machine gives no network namespace: %v", err)
	}
	require.NoError(t, err, string(out))
	return false
}

func chainsIn(t *testing.T) map[string]int {
	t.Helper()
	conn := &nftables.Conn{}
	chains, err := conn.ListChains()
	require.NoError(t, err)
	found := map[string]int{}
	for _, chain := range chains {
		rules, err := conn.GetRules(chain.Table, chain)
		require.NoError(t, err)
		found[chain.Name] = len(rules)
	}
	return found
}

func example(endpoints ...string) Fragment {
	var f Fragment
	redirect := Redirect{Transport: TCP}
	for _, e := range endpoints {
		redirect.To = append(redirect.To, netip.MustParseAddrPort(e))
	}
	f.AddChain("web", Rule{redirect})
	f.AddElement("ports", portKey(), Join(Address(netip.MustParseAddr("10.96.0.9")), TransportNumber(TCP), Port(80)), Goto("web"))
	return f
}

func portKey() []Field { return []Field{DestinationAddress, Transport, DestinationPort} }

func base() Fragment {
	var f Fragment
	key := portKey()
	f.AddSet("ports", Set{Key: key, Verdicts: true})
	f.AddBase("output", &Hook{Type: "nat", Name: "output", Priority: -105}, Rule{Lookup{Fields: key, Map: "ports"}})
	return f
}

func TestWriter(t *testing.T) {
	if !inOwnNetwork(t) {
		return
	}
	w := NewWriter(IP, "test")
	require.NoError(t, w.Rebuild(map[string]Fragment{"base": base(), "web": example("10.244.1.2:8080")}))
	require.Equal(t, map[string]int{"output": 1, "web": 1}, chainsIn(t))

	t.Log("a fragment is replaced in place")
	require.NoError(t, w.Set("web", example("10.244.1.2:8080", "10.244.2.2:8080")))
	require.Equal(t, map[string]int{"output": 1, "web": 1}, chainsIn(t))

	t.Log("one that contradicts another is refused, and disturbs nobody")
	rival := example("10.244.1.9:8080")
	rival.Chains["rival"] = rival.Chains["web"]
	delete(rival.Chains, "web")
	rival.AddElement("ports", portKey(), Join(Address(netip.MustParseAddr("10.96.0.9")), TransportNumber(TCP), Port(80)), Goto("rival"))
	require.ErrorIs(t, w.Set("rival", rival), syscall.EEXIST)
	require.Equal(t, map[string]int{"output": 1, "web": 1}, chainsIn(t))

	t.Log("once that one is gone it may")
	require.NoError(t, w.Set("web", Fragment{}))
	require.NoError(t, w.Set("rival", rival))
	require.Equal(t, map[string]int{"output": 1, "rival": 1}, chainsIn(t))

	require.NoError(t, w.Remove())
	require.Empty(t, chainsIn(t))
}

// Packets are always on their way through the rules while these are replaced. None may find nothing: it would be refused, although
// every endpoint is there.
func TestConnectionsWhileRulesChange(t *testing.T) {
	if !inOwnNetwork(t) {
		return
	}
	loopbackUp(t)
	var endpoints []netip.AddrPort
	for range 3 {
		endpoints = append(endpoints, netip.MustParseAddrPort(hangUp(t)))
	}
	web := netip.MustParseAddrPort("127.0.0.9:80")
	to := func(endpoints []netip.AddrPort) (f Fragment) {
		f.AddChain("web", ToOneOf(TCP, endpoints)...)
		f.AddElement("ports", portKey(), Join(Address(web.Addr()), TransportNumber(TCP), Port(web.Port())), Goto("web"))
		return f
	}
	w := NewWriter(IP, "test")
	require.NoError(t, w.Rebuild(map[string]Fragment{"base": base(), "web": to(endpoints)}))

	var clients sync.WaitGroup
	var connections, refused atomic.Int64
	var done atomic.Bool
	for range 4 {
		clients.Go(func() {
			for !done.Load() {
				conn, err := net.Dial("tcp", web.String())
				connections.Add(1)
				if err == nil {
					_ = conn.(*net.TCPConn).SetLinger(0) // leaves no port behind that waits
					_ = conn.Close()
				} else if errors.Is(err, syscall.ECONNREFUSED) {
					refused.Add(1)
				}
			}
		})
	}
	for i := range 2000 {
		require.NoError(t, w.Set("web", to(endpoints[:1+i%len(endpoints)])))
	}
	done.Store(true)
	clients.Wait()
	require.NotZero(t, connections.Load())
	require.Zero(t, refused.Load(), "of %d connections", connections.Load())
}

func loopbackUp(t *testing.T) {
	socket, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, 0)
	require.NoError(t, err)
	defer func() { _ = unix.Close(socket) }()
	request, err := unix.NewIfreq("lo")
	require.NoError(t, err)
	request.SetUint16(unix.IFF_UP)
	require.NoError(t, unix.IoctlIfreq(socket, unix.SIOCSIFFLAGS, request))
}

// hangUp is a server that waits for its clients to hang up.
func hangUp(t *testing.T) (address string) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Read(make([]byte, 1))
			_ = conn.Close()
		}
	}()
	return listener.Addr().String()
}

// blocks is a fragment with a set of ranges: "10.0.0.1-10.0.0.9".
func blocks(ranges ...string) Fragment {
	var f Fragment
	key := []Field{DestinationAddress}
	f.AddSet("blocks", Set{Key: key, Interval: true})
	for _, r := range ranges {
		first, last, _ := strings.Cut(r, "-")
		f.AddRange("blocks", key, Address(netip.MustParseAddr(first)), Address(netip.MustParseAddr(last)))
	}
	f.AddBase("forward", &Hook{Type: "filter", Name: "forward", Priority: 0}, Rule{In{Fields: key, Set: "blocks"}, Accept})
	return f
}

// Ranges may come to lie where others ended or began.
func TestWriterMovesRanges(t *testing.T) {
	if !inOwnNetwork(t) {
		return
	}
	steps := [][]string{
		{"0.0.0.0-10.244.0.2", "10.244.0.4-15.255.255.255"},
		{"10.244.0.3-10.244.0.3"},
		{"10.244.0.4-10.244.0.8", "255.0.0.0-255.255.255.255"},
		{"10.244.0.0-10.244.0.8"},
		{"10.244.0.0-10.244.0.3", "10.244.0.5-10.244.0.8"},
		{"0.0.0.0-255.255.255.255"},
	}
	for range 10 { // the order of elements in a message is by chance
		w := NewWriter(IP, "test")
		require.NoError(t, w.Rebuild(nil))
		for from := range steps {
			for to := range steps {
				require.NoError(t, w.Set("blocks", blocks(steps[from]...)), steps[from])
				require.NoError(t, w.Set("blocks", blocks(steps[to]...)), "%v to %v", steps[from], steps[to])
			}
		}
	}
}

func TestWriterRestores(t *testing.T) {
	if !inOwnNetwork(t) {
		return
	}
	w := NewWriter(IP, "test")
	require.NoError(t, w.Rebuild(map[string]Fragment{"base": base(), "web": example("10.244.1.2:8080")}))
	ctx, cancel := context.WithCancel(t.Context())
	removed := make(chan bool, 10)
	ended := make(chan error, 1)
	go func() { ended <- w.WatchRemovals(ctx, func(certain bool) { removed <- certain }) }()

	// The flush comes from another program: this one's own changes are no damage.
	flush, err := exec.LookPath("nft")
	if err != nil {
		t.Skip("there is no nft program here to flush with")
	}
	require.Eventually(t, func() bool {
		require.NoError(t, exec.Command(flush, "flush", "ruleset").Run())
		if len(removed) > 0 {
			return true
		}
		require.NoError(t, w.Restore()) // the watch had not begun
		return false
	}, 5*time.Second, 50*time.Millisecond)
	require.Empty(t, chainsIn(t))
	require.NoError(t, w.Restore())
	require.Equal(t, map[string]int{"output": 1, "web": 1}, chainsIn(t))
	cancel()
	require.NoError(t, <-ended)
}
