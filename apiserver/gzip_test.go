package apiserver

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// Lists of other namespaces, and objects that changed, must not drive out the blocks that lists go on using.
func TestCompressedBlocksStayWhileTheyAreUsed(t *testing.T) {
	var c compressedBlocks
	list := func(first int64) []*entry {
		entries := make([]*entry, 4)
		for i := range entries {
			entries[i] = &entry{key: fmt.Sprint(first, i), revision: first + int64(i), json: []byte(`{"kind":"ConfigMap"}`)}
		}
		return entries
	}
	used, other := list(100), list(200)
	c.get(used, 0, minCompressedRoom)
	first := c.block(used, minCompressedRoom)
	c.get(other, 0, minCompressedRoom)
	require.Same(t, first, c.block(used, minCompressedRoom))

	for i := range int64(10) { // each turn has the list once more, and another one that nobody asks for again
		c.turn()
		require.Same(t, first, c.block(used, minCompressedRoom))
		c.get(list(1000+10*i), 0, minCompressedRoom)
	}
	require.Len(t, c.recent, 2)
	require.Len(t, c.earlier, 2, "what was not used in the turn before is gone")

	for i := range int64(10) { // no room: a turn for every list
		c.get(list(2000+10*i), 0, 0)
		require.Same(t, first, c.block(used, 0))
	}
	require.LessOrEqual(t, len(c.recent), 2)
	require.LessOrEqual(t, len(c.earlier), 2)

	c.turn()
	c.turn()
	require.NotSame(t, first, c.block(used, minCompressedRoom))
	c.forget()
	require.Empty(t, c.recent)
	require.Empty(t, c.earlier)
}
