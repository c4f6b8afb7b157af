package proxy

import (
	"cmp"
	"net/netip"
	"slices"

	"kubelite/api"
)

// Ranges of addresses and of ports, as sets in the kernel want them: none that overlap, and none that touch, or the end of
// one would be where another begins.

// addressRange is all addresses from one to another.
type addressRange struct{ first, last netip.Addr }

// blockRanges is an address block without its exceptions.
func blockRanges(block *api.IPBlock) []addressRange {
	cidr, err := netip.ParsePrefix(block.CIDR)
	if err != nil || !cidr.Addr().Is4() {
		return nil
	}
	ranges := []addressRange{rangeOf(cidr)}
	for _, text := range block.Except {
		hole, err := netip.ParsePrefix(text)
		if err != nil || !hole.Addr().Is4() {
			continue
		}
		var rest []addressRange
		for _, r := range ranges {
			rest = append(rest, r.without(rangeOf(hole))...)
		}
		ranges = rest
	}
	return ranges
}

func rangeOf(block netip.Prefix) addressRange {
	first := block.Masked().Addr()
	last := first.As4()
	for bit := block.Bits(); bit < 32; bit++ {
		last[bit/8] |= 1 << (7 - bit%8)
	}
	return addressRange{first, netip.AddrFrom4(last)}
}

// without is what of a range is before a hole and what is after it.
func (r addressRange) without(hole addressRange) []addressRange {
	if hole.last.Less(r.first) || r.last.Less(hole.first) {
		return []addressRange{r}
	}
	var rest []addressRange
	if r.first.Less(hole.first) {
		rest = append(rest, addressRange{r.first, hole.first.Prev()})
	}
	if hole.last.Less(r.last) {
		rest = append(rest, addressRange{hole.last.Next(), r.last})
	}
	return rest
}

// mergeRanges joins ranges that overlap or touch.
func mergeRanges(ranges []addressRange) []addressRange {
	slices.SortFunc(ranges, func(a, b addressRange) int { return a.first.Compare(b.first) })
	var merged []addressRange
	for _, r := range ranges {
		n := len(merged)
		if n == 0 || merged[n-1].last.Less(r.first) && merged[n-1].last.Next() != r.first {
			merged = append(merged, r)
		} else if merged[n-1].last.Less(r.last) {
			merged[n-1].last = r.last
		}
	}
	return merged
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
