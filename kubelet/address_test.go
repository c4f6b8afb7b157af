package kubelet

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAddressPoolSkipsWhatIsUsedAndGoesAround(t *testing.T) {
	pool, err := NewAddressPool("10.244.1.0/29") // .2 to .6 are for pods
	require.NoError(t, err)
	used := map[netip.Addr]bool{netip.MustParseAddr("10.244.1.3"): true}
	var got []string
	for range 4 {
		addr, release, err := pool.Take(used)
		require.NoError(t, err)
		used[addr] = true
		release()
		got = append(got, addr.String())
	}
	require.Equal(t, []string{"10.244.1.2", "10.244.1.4", "10.244.1.5", "10.244.1.6"}, got)

	_, _, err = pool.Take(used)
	require.EqualError(t, err, "no free address in 10.244.1.0/29: 5 pods have one")

	// An address that was given back is handed out again, after those that have rested longer.
	delete(used, netip.MustParseAddr("10.244.1.4"))
	delete(used, netip.MustParseAddr("10.244.1.3"))
	addr, _, err := pool.Take(used)
	require.NoError(t, err)
	require.Equal(t, "10.244.1.3", addr.String())

	// It is reserved until released, although no sandbox has it yet.
	addr, _, err = pool.Take(used)
	require.NoError(t, err)
	require.Equal(t, "10.244.1.4", addr.String())
	_, _, err = pool.Take(used)
	require.Error(t, err)
}

func TestAddressPoolRefusesNonsense(t *testing.T) {
	_, err := NewAddressPool("10.244.1.0")
	require.ErrorContains(t, err, "pod CIDR")
}
