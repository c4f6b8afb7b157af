package controllers

import (
	"fmt"
	"net/netip"

	"kubelite/api"
)

// rangeSet is a cluster's range, cut into blocks of equal size, each of which some node holds or none.
//
//	cluster 10.244.0.0/16, bits 24     block 0: 10.244.0.0/24    block 1: 10.244.1.0/24    ...    block 255: 10.244.255.0/24
type rangeSet struct {
	cluster netip.Prefix
	bits    int             // of a block
	blocks  int             // how many there are
	next    int             // where the search for a free one begins, so that a block rests before it comes back
	holder  map[int]api.UID // by block
}

// mostIPv6Bits bounds how many blocks an IPv6 range has, as upstream does.
const mostIPv6Bits = 16

// newRangeSet cuts a range into blocks; bits 0 stands for /24, or /64 for IPv6.
func newRangeSet(cluster netip.Prefix, bits int) (*rangeSet, error) {
	switch {
	case bits == 0 && cluster.Addr().Is4():
		bits = 24
	case bits == 0:
		bits = 64
	}
	wide := bits - cluster.Bits()
	if wide < 0 || bits > cluster.Addr().BitLen() || cluster.Addr().Is6() && wide > mostIPv6Bits {
		return nil, fmt.Errorf("cluster CIDR %s cannot be cut into ranges of /%d: the node CIDR size is too big", cluster, bits)
	}
	return &rangeSet{cluster: cluster.Masked(), bits: bits, blocks: 1 << wide, holder: map[int]api.UID{}}, nil
}

// allocate gives a node the next free block, if there is one.
func (s *rangeSet) allocate(node api.UID) (netip.Prefix, bool) {
	for i := range s.blocks {
		block := (s.next + i) % s.blocks
		if _, taken := s.holder[block]; !taken {
			s.holder[block], s.next = node, (block+1)%s.blocks
			return s.block(block), true
		}
	}
	return netip.Prefix{}, false
}

// occupy gives a node all blocks that a range touches. Who held one before does no longer.
func (s *rangeSet) occupy(r netip.Prefix, node api.UID) {
	first, last := s.touched(r)
	for block := first; block <= last; block++ {
		s.holder[block] = node
	}
}

// release frees the blocks that a range touches, so far as the node holds them.
func (s *rangeSet) release(r netip.Prefix, node api.UID) {
	first, last := s.touched(r)
	for block := first; block <= last; block++ {
		if s.holder[block] == node {
			delete(s.holder, block)
		}
	}
}

// touched returns the first and the last block that a range overlaps. The range overlaps the cluster's.
func (s *rangeSet) touched(r netip.Prefix) (first, last int) {
	if r.Bits() <= s.cluster.Bits() {
		return 0, s.blocks - 1
	}
	a := r.Masked().Addr().AsSlice()
	for bit := s.cluster.Bits(); bit < s.bits; bit++ {
		first = first<<1 | int(a[bit/8]>>(7-bit%8)&1)
	}
	if r.Bits() >= s.bits {
		return first, first
	}
	return first, first + 1<<(s.bits-r.Bits()) - 1
}

// block is the range of the i-th block.
func (s *rangeSet) block(i int) netip.Prefix {
	a := s.cluster.Addr().AsSlice()
	for bit := s.bits - 1; bit >= s.cluster.Bits(); bit-- {
		a[bit/8] |= byte(i&1) << (7 - bit%8)
		i >>= 1
	}
	addr, _ := netip.AddrFromSlice(a) // as long as it was
	return netip.PrefixFrom(addr, s.bits)
}
