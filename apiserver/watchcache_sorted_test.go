package apiserver

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// The sorted entries of the watch cache hold at any time what a map and a sort would.
func TestSortedEntriesAreSorted(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	key := func() string { return fmt.Sprintf("/pods/n%d/p-%d", random.IntN(3), random.IntN(4000)) }
	model := map[string]*entry{}
	between := func(from, to string) (want []*entry) {
		for _, k := range slices.Sorted(maps.Keys(model)) {
			if from <= k && k < to {
				want = append(want, model[k])
			}
		}
		return want
	}
	var s sortedEntries
	require.Empty(t, s.between("", "\xff"))
	for round := range 40 {
		for range 500 {
			k := key()
			if (round < 20) == (random.IntN(4) > 0) { // first they become more, then fewer
				model[k] = &entry{key: k}
				s.put(model[k])
			} else {
				delete(model, k)
				s.remove(k)
			}
		}
		require.Equal(t, len(model), s.count)
		require.Equal(t, between("", "\xff"), slices.Collect(s.all()))
		from, to := key(), key()
		require.Equal(t, between(from, to), s.between(from, to))
		require.Equal(t, between("/pods/n1/", "/pods/n1/\xff"), s.between("/pods/n1/", "/pods/n1/\xff"))
		for b, block := range s.blocks {
			require.NotEmpty(t, block)
			require.LessOrEqual(t, len(block), fullBlock, "block %d", b)
		}
	}
	again := newSortedEntries(slices.Collect(s.all()))
	require.Equal(t, slices.Collect(s.all()), slices.Collect(again.all()))
	again.put(&entry{key: "/pods/n1/new"}) // must not overwrite the block behind
	require.Len(t, slices.Collect(again.all()), s.count+1)
	for k := range model {
		s.remove(k)
	}
	require.Empty(t, s.blocks)

	for i := range 2 * fullBlock {
		s.put(&entry{key: fmt.Sprintf("/pods/n/%06d", i)})
	}
	require.Len(t, s.blocks, 2, "keys in order fill their blocks")
}

func BenchmarkPutAmongManyEntries(b *testing.B) {
	var s sortedEntries
	for i := range 100_000 {
		s.put(&entry{key: fmt.Sprintf("/pods/n/p-%06d", i)})
	}
	random := rand.New(rand.NewPCG(1, 2))
	for b.Loop() {
		e := &entry{key: fmt.Sprintf("/pods/n/p-%06d-x", random.IntN(100_000))}
		s.put(e)
		s.remove(e.key)
	}
}
