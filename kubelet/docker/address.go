package docker

import (
	"context"
	"fmt"
	"net/netip"
	"sync"

	"github.com/docker/docker/api/types/container"
)

// addresses hands out the node's pod addresses. Which are taken is not written down anywhere: the sandboxes that
// exist, running or not, carry theirs as a label. Only those being made right now are remembered.
type addresses struct {
	prefix netip.Prefix

	mu     sync.Mutex
	making map[netip.Addr]bool // guarded by mu
	last   netip.Addr          // guarded by mu: go on from here, so that an address rests before it comes back
}

func newAddresses(prefix netip.Prefix) *addresses {
	prefix = prefix.Masked()
	return &addresses{prefix: prefix, making: map[netip.Addr]bool{}, last: prefix.Addr().Next()} // .1 is a gateway by custom
}

// take reserves a free address. Once the sandbox exists, or cannot be made, release ends the reservation.
func (a *addresses) take(used map[netip.Addr]bool) (addr netip.Addr, release func(), err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for addr := a.last.Next(); ; addr = addr.Next() {
		if !a.prefix.Contains(addr) || isBroadcast(a.prefix, addr) {
			addr = a.prefix.Addr().Next().Next() // around: .0 is the network, .1 the gateway
		}
		if !used[addr] && !a.making[addr] && a.prefix.Contains(addr) {
			a.making[addr], a.last = true, addr
			return addr, func() {
				a.mu.Lock()
				defer a.mu.Unlock()
				delete(a.making, addr)
			}, nil
		}
		if addr == a.last || !a.prefix.Contains(addr) {
			return netip.Addr{}, nil, fmt.Errorf("no free address in %s: %d pods have one", a.prefix, len(used)+len(a.making))
		}
	}
}

// isBroadcast tells the last address of an IPv4 network.
func isBroadcast(prefix netip.Prefix, addr netip.Addr) bool {
	return addr.Is4() && !prefix.Contains(addr.Next())
}

// usedAddresses asks the daemon which addresses the node's sandboxes have.
func (r *Runtime) usedAddresses(ctx context.Context) (map[netip.Addr]bool, error) {
	list, err := r.docker.ContainerList(ctx, container.ListOptions{All: true, Filters: r.ours(labelType + "=" + typeSandbox)})
	if err != nil {
		return nil, fmt.Errorf("list sandboxes: %w", err)
	}
	used := map[netip.Addr]bool{}
	for i := range list {
		if addr, err := netip.ParseAddr(list[i].Labels[labelIP]); err == nil {
			used[addr] = true
		}
	}
	return used, nil
}
