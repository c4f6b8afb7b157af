package apiserver

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net/netip"
	"slices"

	"kubelite/api"
)

// Services get their addresses from ranges: that of the server's flags, which is shown as ServiceCIDR "kubernetes", and those
// of ServiceCIDRs that people add when it gets tight. A range counts while it is Ready, which the controllers say, and until
// its deletion begins. Which range an address is from does not matter: there is one account of what is taken.

// addressRange is a block of addresses.
type addressRange struct {
	cidr        netip.Prefix
	firstRandom netip.Addr // addresses below are left to people who name one
	last        netip.Addr
}

func newAddressRange(prefix netip.Prefix) (r addressRange, err error) {
	prefix = prefix.Masked()
	bits := prefix.Addr().BitLen() - prefix.Bits()
	if bits < 2 {
		return r, fmt.Errorf("service CIDR %s is too small", prefix)
	}
	size := 1 << min(bits, 20)
	r = addressRange{
		cidr: prefix,
		// The first part, at least 16 and at most 256 addresses, is kept for those who name their address.
		firstRandom: advance(prefix.Addr(), min(max(16, size/16), 256, size/2)),
		last:        advance(prefix.Addr(), size-1),
	}
	if prefix.Addr().Is4() {
		r.last = r.last.Prev() // the broadcast address
	}
	return r, nil
}

// advance counts n addresses up.
func advance(a netip.Addr, n int) netip.Addr {
	bytes := a.As16()
	for i := 15; n > 0 && i >= 0; i-- {
		n += int(bytes[i])
		bytes[i] = byte(n)
		n >>= 8
	}
	if a.Is4() {
		return netip.AddrFrom16(bytes).Unmap()
	}
	return netip.AddrFrom16(bytes)
}

// free picks an address that is not taken; count tells how many are. It picks by chance, so that an address that was free
// a moment ago is not at once somebody else's: its old clients may still be talking to it.
func (r *addressRange) free(taken func(netip.Addr) bool, count int) (netip.Addr, bool) {
	if count < 1<<16 { // else chance would rarely hit a free one
		for range 32 {
			if x := advance(r.firstRandom, rand.IntN(1<<min(r.cidr.Addr().BitLen()-r.cidr.Bits(), 20))); !r.last.Less(x) && !taken(x) {
				return x, true
			}
		}
	}
	for x := r.firstRandom; !r.last.Less(x); x = x.Next() {
		if !taken(x) {
			return x, true
		}
	}
	for x := r.cidr.Addr().Next(); x.Less(r.firstRandom); x = x.Next() {
		if !taken(x) {
			return x, true
		}
	}
	return netip.Addr{}, false
}

// defaultCIDRName is the ServiceCIDR that shows the range of the server's flags.
const defaultCIDRName = "kubernetes"

// feedRanges keeps the ranges of the allocator the same as the ServiceCIDRs in the watch cache.
func (s *Server) feedRanges() {
	res := resourceOf[*api.ServiceCIDR](s)
	s.cache.kind(res).observe = func(ev *watchEvent) {
		obj, err := ev.next.object(res)
		switch {
		case err != nil:
			s.log.Error("a ServiceCIDR cannot be read: it does not count", "key", ev.next.key, "error", err)
		case ev.deleted:
			s.services.setRanges(ev.next.name, nil)
		default:
			s.services.setRanges(ev.next.name, s.services.rangesOf(obj.(*api.ServiceCIDR)))
		}
	}
}

// rangesOf are the blocks of a ServiceCIDR that addresses may be taken from. It is never nil, and may be empty.
func (a *serviceAllocator) rangesOf(cidr *api.ServiceCIDR) []addressRange {
	ranges := []addressRange{}
	ready := cidr.Name == defaultCIDRName // unless somebody says that it is not
	for _, c := range cidr.Status.Conditions {
		if c.Type == api.ServiceCIDRReady {
			ready = c.Status == api.ConditionTrue
		}
	}
	if !ready || cidr.DeletionTimestamp != nil {
		return ranges
	}
	for _, text := range cidr.Spec.CIDRs {
		prefix, err := netip.ParsePrefix(text)
		if err != nil || prefix.Addr().Is4() != (a.family == api.IPv4Protocol) {
			continue
		}
		if r, err := newAddressRange(prefix); err == nil { // else there is no address in it to be had
			ranges = append(ranges, r)
		}
	}
	return ranges
}

// setRanges says what a ServiceCIDR has to give; nil: there is no such ServiceCIDR. Until that of the flags is there, the flags
// themselves count: the first Service needs an address before.
func (a *serviceAllocator) setRanges(name string, ranges []addressRange) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if ranges == nil {
		delete(a.ranges, name)
	} else {
		a.ranges[name] = ranges
	}
}

// usable lists the ranges to take from, that of the flags first. The caller holds mu.
func (a *serviceAllocator) usable() []addressRange {
	list, shown := a.ranges[defaultCIDRName]
	if !shown {
		list = []addressRange{a.own}
	}
	for _, name := range slices.Sorted(maps.Keys(a.ranges)) {
		if name != defaultCIDRName {
			list = append(slices.Clip(list), a.ranges[name]...)
		}
	}
	return list
}
