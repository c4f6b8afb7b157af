package controllers

import (
	"log/slog"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"

	"kubelite/api"
	"kubelite/client"
)

func testRangeSet(t *testing.T, cluster string, bits int) *rangeSet {
	t.Helper()
	s, err := newRangeSet(netip.MustParsePrefix(cluster), bits)
	require.NoError(t, err)
	return s
}

func TestBlocksOfARange(t *testing.T) {
	for _, test := range []struct {
		cluster string
		bits    int
		blocks  int
		i       int
		want    string
	}{
		{"10.244.0.0/16", 0, 256, 0, "10.244.0.0/24"},
		{"10.244.0.0/16", 0, 256, 255, "10.244.255.0/24"},
		{"10.244.7.9/16", 24, 256, 1, "10.244.1.0/24"}, // the host's part does not count
		{"100.64.0.0/10", 24, 16384, 5000, "100.83.136.0/24"},
		{"10.244.0.0/22", 26, 16, 5, "10.244.1.64/26"},
		{"10.244.0.0/24", 24, 1, 0, "10.244.0.0/24"},
		{"2001:db8:1234::/48", 0, 65536, 0x1234, "2001:db8:1234:1234::/64"},
		{"2001:db8::/60", 76, 65536, 0xffff, "2001:db8:0:f:fff0::/76"},
	} {
		s := testRangeSet(t, test.cluster, test.bits)
		require.Equal(t, test.blocks, s.blocks, test.cluster)
		require.Equal(t, test.want, s.block(test.i).String())
		first, last := s.touched(s.block(test.i))
		require.Equal(t, []int{test.i, test.i}, []int{first, last}, test.cluster)
	}
	for cluster, bits := range map[string]int{"10.244.0.0/24": 23, "10.244.0.0/16": 33, "2001:db8::/32": 64} {
		_, err := newRangeSet(netip.MustParsePrefix(cluster), bits)
		require.ErrorContains(t, err, "the node CIDR size is too big", cluster)
	}
}

func TestRangesThatAreTaken(t *testing.T) {
	for name, test := range map[string]struct {
		taken string
		want  []string // what of 10.244.0.0/22 is left
	}{
		"nothing":             {"", []string{"10.244.0.0/24", "10.244.1.0/24", "10.244.2.0/24", "10.244.3.0/24"}},
		"a block":             {"10.244.1.0/24", []string{"10.244.0.0/24", "10.244.2.0/24", "10.244.3.0/24"}},
		"part of one":         {"10.244.1.128/25", []string{"10.244.0.0/24", "10.244.2.0/24", "10.244.3.0/24"}},
		"two of them":         {"10.244.2.0/23", []string{"10.244.0.0/24", "10.244.1.0/24"}},
		"the whole, and more": {"10.0.0.0/8", nil},
		"the whole":           {"10.244.0.0/22", nil},
	} {
		t.Run(name, func(t *testing.T) {
			s := testRangeSet(t, "10.244.0.0/22", 24)
			if test.taken != "" {
				s.occupy(netip.MustParsePrefix(test.taken), "other")
			}
			var got []string
			for r, ok := s.allocate("n"); ok; r, ok = s.allocate("n") {
				got = append(got, r.String())
			}
			require.Equal(t, test.want, got)
		})
	}
}

// A range rests before it comes back, and who has lost a range to another does not take it along.
func TestARangeComesBack(t *testing.T) {
	s := testRangeSet(t, "10.244.0.0/23", 24)
	a, _ := s.allocate("a")
	s.release(a, "a")
	b, _ := s.allocate("b")
	require.Equal(t, "10.244.1.0/24", b.String())
	c, _ := s.allocate("c")
	require.Equal(t, a, c)
	s.release(c, "a")
	_, ok := s.allocate("d")
	require.False(t, ok, "c still has it")
	s.release(b, "b")
	d, _ := s.allocate("d")
	require.Equal(t, b, d)
}

// The books follow the events: whatever a Node says counts, and its range is free when it is gone.
func TestNodeIPAMKeepsBooks(t *testing.T) {
	node := func(uid api.UID, cidrs ...string) *api.Node {
		n := api.New[*api.Node]()
		n.Name, n.UID, n.Spec.PodCIDRs = "n", uid, cidrs
		return n
	}
	c, err := client.New(&client.Config{Server: "http://127.0.0.1:1"}) // nobody is asked
	require.NoError(t, err)
	ipam, err := NewNodeIPAM(c, NewCaches(c), []netip.Prefix{netip.MustParsePrefix("10.96.0.0/22")}, 0, netip.MustParsePrefix("10.96.0.0/23"), slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	next := func(uid api.UID) string {
		ranges, _, err := ipam.allocate(node(uid))
		if err != nil {
			return err.Error()
		}
		return ranges[0].String()
	}
	require.Equal(t, "10.96.2.0/24", next("a"), "the first two have services")
	require.Equal(t, "10.96.2.0/24", next("a"), "an answer was lost: the same again")
	ipam.changed(node("a"), node("a", "10.96.3.0/24"), 7) // somebody else was faster
	require.Equal(t, "10.96.2.0/24", next("b"))
	require.Contains(t, next("c"), "there are no remaining CIDRs left")
	_, waited, err := ipam.allocate(node("c"))
	require.Error(t, err)
	require.True(t, waited, "it was said before")
	ipam.changed(node("a", "10.96.3.0/24"), node("a2"), 8) // another node of the name
	require.Equal(t, "10.96.3.0/24", next("a2"))
	ipam.changed(node("b"), nil, 9) // its range was given, but the cache never saw it
	require.Equal(t, "10.96.2.0/24", next("c"))
	ipam.changed(nil, node("z", "192.0.2.0/24"), 10)
	require.NotContains(t, ipam.given, api.UID("z"))
}
