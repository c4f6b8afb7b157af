package proxy

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"strings"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// FindNetwork completes what is known of a network by what this machine has: its bridge is the interface with the gateway's
// address.
func FindNetwork(n Network) (Network, error) {
	links, err := net.Interfaces()
	if err != nil {
		return n, err
	}
	for _, link := range links {
		addrs, err := link.Addrs()
		if err != nil {
			continue // it has just gone
		}
		for _, a := range addrs {
			if p, err := netip.ParsePrefix(a.String()); err == nil && p.Addr() == n.Gateway {
				n.Bridge, n.Bridged = link.Name, seesBridgedPackets()
				return n, nil
			}
		}
	}
	return n, fmt.Errorf("no interface of this machine has the address %s: is the cluster's Docker network there, and does this process share the network of the machine that Docker runs on?", n.Gateway)
}

// seesBridgedPackets tells whether IP rules see what passes over a bridge.
func seesBridgedPackets() bool {
	b, err := os.ReadFile("/proc/sys/net/bridge/bridge-nf-call-iptables")
	return err == nil && strings.TrimSpace(string(b)) == "1"
}

// prepareBridge keeps the bridge as the rules need it until ctx ends:
//
//   - This machine sends packets for virtual addresses out by the bridge, where output rules redirect them, whether it has a
//     default route or not.
//   - Each port of the bridge may send a packet back where it came from: a pod that reaches itself through its service.
func prepareBridge(ctx context.Context, n Network, log *slog.Logger) error {
	bridge, err := netlink.LinkByName(n.Bridge)
	if err != nil {
		return err
	}
	for _, r := range n.Virtual {
		route := &netlink.Route{
			LinkIndex: bridge.Attrs().Index, Scope: netlink.SCOPE_LINK, Src: net.IP(n.Gateway.AsSlice()),
			Dst: &net.IPNet{IP: net.IP(r.Addr().AsSlice()), Mask: net.CIDRMask(r.Bits(), 32)},
		}
		if err := netlink.RouteReplace(route); err != nil {
			return fmt.Errorf("route %s to the bridge %s: %w", r, n.Bridge, err)
		}
	}
	updates, done := make(chan netlink.LinkUpdate, 64), make(chan struct{})
	defer close(done)
	failed := make(chan error, 1)
	options := netlink.LinkSubscribeOptions{ListExisting: true, ErrorCallback: func(err error) {
		select {
		case failed <- err:
		default:
		}
	}}
	if err := netlink.LinkSubscribeWithOptions(updates, done, options); err != nil {
		return err
	}
	known := map[int]bool{} // a port tells of itself again and again, and of our own change too
	for {
		select {
		case <-ctx.Done():
			return nil
		case err := <-failed: // a message that was not the kernel's is skipped; after others the channel is closed
			log.Debug("a message about interfaces was not taken", "error", err)
		case u, ok := <-updates:
			if !ok {
				return fmt.Errorf("watch the ports of %s: the kernel stopped telling of interfaces", n.Bridge)
			}
			index := u.Link.Attrs().Index
			switch {
			case u.Header.Type == unix.RTM_DELLINK:
				delete(known, index)
			case u.Link.Attrs().MasterIndex == bridge.Attrs().Index && !known[index]:
				known[index] = true
				if err := netlink.LinkSetHairpin(u.Link, true); err != nil {
					log.Debug("port left before it could be prepared", "port", u.Link.Attrs().Name, "error", err)
				}
			}
		}
	}
}
