package api

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestJobIndexes(t *testing.T) {
	var set JobIndexes
	for _, step := range []struct {
		add  int32
		text string
	}{{3, "3"}, {1, "1,3"}, {2, "1-3"}, {2, "1-3"}, {7, "1-3,7"}, {5, "1-3,5,7"}, {6, "1-3,5-7"}, {0, "0-3,5-7"}, {9, "0-3,5-7,9"}, {8, "0-3,5-9"}, {4, "0-9"}} {
		set = set.With(step.add)
		require.Equal(t, step.text, set.String())
		back, err := ParseJobIndexes(step.text, 100)
		require.NoError(t, err)
		require.Equal(t, set, back)
	}
	set, err := ParseJobIndexes("0,1,4-6,9,10", 11)
	require.NoError(t, err)
	require.Equal(t, "0,1,4-6,9,10", set.String())
	require.EqualValues(t, 7, set.Len())
	require.Equal(t, "0,1,4", set.Below(5).String())
	require.Equal(t, "0,1", set.Below(4).String())
	for index, want := range []bool{true, true, false, false, true, true, true, false, false, true, true, false} {
		require.Equal(t, want, set.Has(int32(index)), index)
	}
	other := JobIndexes{{5, 9}}
	require.EqualValues(t, 5, set.Overlap(other))
	require.EqualValues(t, 3, set.CountIn(other))
	require.EqualValues(t, -1, set.Overlap(JobIndexes{{2, 3}}))
}

func TestJobIndexesThatMakeNoSense(t *testing.T) {
	for text, want := range map[string]string{
		"1-2-3": `the fragment "1-2-3" violates the requirement that an index interval can have at most two parts separated by '-'`,
		"a":     `cannot convert string to integer for index: "a"`,
		"9":     `too large index: "9"`,
		"1-9":   `too large index: "9"`,
		"3-2":   "non-increasing order, previous: 3, current: 2",
		"3,3":   "non-increasing order, previous: 3, current: 3",
	} {
		_, err := ParseJobIndexes(text, 9)
		require.EqualError(t, err, want)
	}
}
