package proxy

import (
	"cmp"
	"net/netip"
	"slices"

	"kubelite/api"
)

// Ranges of addresses and of ports, as sets in the kernel want them: none that overlap.

// blockRanges is an address block without its exceptions.
func blockRanges(block *api.IPBlock) []netip.Prefix {
	cidr, err := netip.ParsePrefix(block.CIDR)
	if err != nil || !cidr.Addr().Is4() {
		return nil
	}
	ranges := []netip.Prefix{cidr.Masked()}
	for _, text := range block.Except {
		hole, err := netip.ParsePrefix(text)
		if err != nil || !hole.Addr().Is4() {
			continue
		}
		var rest []netip.Prefix
		for _, r := range ranges {
			rest = append(rest, subtract(r, hole.Masked())...)
		}
		ranges = rest
	}
	return ranges
}

// subtract returns what of a range is outside of another one: it is halved until the halves are in or out.
func subtract(r, hole netip.Prefix) []netip.Prefix {
	switch {
	case !r.Overlaps(hole):
		return []netip.Prefix{r}
	case hole.Bits() <= r.Bits():
		return nil
	}
	lower, upper := halves(r)
	return append(subtract(lower, hole), subtract(upper, hole)...)
}

func halves(r netip.Prefix) (lower, upper netip.Prefix) {
	bits := r.Bits() + 1
	a := r.Addr().As4()
	a[(bits-1)/8] |= 1 << (7 - (bits-1)%8)
	return netip.PrefixFrom(r.Addr(), bits), netip.PrefixFrom(netip.AddrFrom4(a), bits)
}

// mergeRanges drops ranges that others contain. Two ranges either contain each other or have nothing in common.
func mergeRanges(ranges []netip.Prefix) []netip.Prefix {
	slices.SortFunc(ranges, func(a, b netip.Prefix) int {
		return cmp.Or(a.Addr().Compare(b.Addr()), cmp.Compare(a.Bits(), b.Bits()))
	})
	var merged []netip.Prefix
	for _, r := range ranges {
		if len(merged) == 0 || !merged[len(merged)-1].Overlaps(r) {
			merged = append(merged, r)
		}
	}
	return merged
}

// lastOf is the last address of a range.
func lastOf(r netip.Prefix) netip.Addr {
	a := r.Addr().As4()
	for bit := r.Bits(); bit < 32; bit++ {
		a[bit/8] |= 1 << (7 - bit%8)
	}
	return netip.AddrFrom4(a)
}

// portRange is some ports of a transport.
type portRange struct {
	protocol    api.Protocol
	first, last uint16
}

// mergePorts returns the ports that policies give by number, joined where they touch.
func mergePorts(ports []api.NetworkPolicyPort) []portRange {
	var all []portRange
	for _, p := range ports {
		r := portRange{protocol: api.Deref(p.Protocol, api.ProtocolTCP), last: 65535}
		if p.Port != nil {
			if p.Port.Type == api.StringForm {
				continue
			}
			r.first = uint16(p.Port.IntVal)
			r.last = uint16(api.Deref(p.EndPort, p.Port.IntVal))
		}
		all = append(all, r)
	}
	slices.SortFunc(all, func(a, b portRange) int {
		return cmp.Or(cmp.Compare(a.protocol, b.protocol), cmp.Compare(a.first, b.first))
	})
	var merged []portRange
	for _, r := range all {
		if n := len(merged); n > 0 && merged[n-1].protocol == r.protocol && int(r.first) <= int(merged[n-1].last)+1 {
			merged[n-1].last = max(merged[n-1].last, r.last)
			continue
		}
		merged = append(merged, r)
	}
	return merged
}
