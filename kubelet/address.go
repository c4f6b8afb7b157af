package kubelet

import (
	"fmt"
	"net/netip"
	"sync"
	"sync/atomic"
)

// Addresses is a runtime's AddressPool, which it has once it was told of a range. The zero value has none.
type Addresses struct{ pool atomic.Pointer[AddressPool] }

// Update makes the range the one that addresses come from.
func (a *Addresses) Update(podCIDR string) error {
	pool, err := NewAddressPool(podCIDR)
	if err == nil {
		a.pool.Store(pool)
	}
	return err
}

// Take is the pool's.
func (a *Addresses) Take(used map[netip.Addr]bool) (addr netip.Addr, release func(), err error) {
	if pool := a.pool.Load(); pool != nil {
		return pool.Take(used)
	}
	return netip.Addr{}, nil, errNoPodCIDR
}

// AddressPool hands out the addresses of a node's pods for a runtime. Which are taken is not its business to
// remember: the runtime knows from the sandboxes that exist. It remembers only those of sandboxes being made now.
type AddressPool struct {
	prefix netip.Prefix

	mu     sync.Mutex
	making map[netip.Addr]bool // guarded by mu
	last   netip.Addr          // guarded by mu: go on from here, so that an address rests before it comes back
}

// NewAddressPool makes a pool of a node's pod range: "10.244.1.0/24".
func NewAddressPool(podCIDR string) (*AddressPool, error) {
	prefix, err := netip.ParsePrefix(podCIDR)
	if err != nil {
		return nil, fmt.Errorf("pod CIDR: %w", err)
	}
	prefix = prefix.Masked()
	return &AddressPool{prefix: prefix, making: map[netip.Addr]bool{}, last: prefix.Addr().Next()}, nil
}

// Take reserves an address that is neither used nor reserved. Once its sandbox exists, or cannot be made, release
// ends the reservation. The range's first two addresses, the network's and by custom a gateway's, and its last one,
// the broadcast address, are nobody's.
func (p *AddressPool) Take(used map[netip.Addr]bool) (addr netip.Addr, release func(), err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	// usable tells the addresses in between: the range's last one is followed by one outside.
	usable := func(a netip.Addr) bool { return p.prefix.Contains(a) && p.prefix.Contains(a.Next()) }
	around := false
	for addr = p.last.Next(); used[addr] || p.making[addr] || !usable(addr); addr = addr.Next() {
		if usable(addr) && (!around || addr != p.last) {
			continue
		}
		if around {
			return netip.Addr{}, nil, fmt.Errorf("no free address in %s: %d pods have one", p.prefix, len(used)+len(p.making))
		}
		around = true
		addr = p.prefix.Addr().Next() // the loop goes on with .2
	}
	p.making[addr], p.last = true, addr
	return addr, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.making, addr)
	}, nil
}
