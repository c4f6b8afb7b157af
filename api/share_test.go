package api

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestShare(t *testing.T) {
	for text, wanted := range map[string]Share{"1/3": {1, 3}, "1": {1, 1}, "2/2": {2, 2}} {
		s, err := ParseShare(text)
		require.NoError(t, err)
		require.Equal(t, wanted, s)
	}
	for _, text := range []string{"", "0/3", "3/2", "x", "1/x", "-1/2", "1/1001"} {
		_, err := ParseShare(text)
		require.ErrorContains(t, err, "is not a share")
	}
	s, places := Share{2, 5}, map[int64]bool{}
	for row := range int64(40) {
		taken := 0
		for place := range int64(5) {
			if s.Takes(row*5 + place + 1) {
				taken++
				places[place] = true
			}
		}
		require.Equal(t, 2, taken, "of each five, two")
	}
	require.Len(t, places, 5, "not always the same ones")
	require.False(t, Share{}.Takes(1))
}
