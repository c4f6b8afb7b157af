package kubectllite

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func lines(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, "")
}

func TestUnified(t *testing.T) {
	for _, test := range []struct{ name, old, new, want string }{
		{"equal", "abc", "abc", ""},
		{"both empty", "", "", ""},
		{"made", "", "ab", "@@ -0,0 +1,2 @@\n+a\n+b\n"},
		{"gone", "a", "", "@@ -1 +0,0 @@\n-a\n"},
		{"three lines around", "abcdefghi", "abcdEfghi", "@@ -2,7 +2,7 @@\n b\n c\n d\n-e\n+E\n f\n g\n h\n"},
		{"near changes share a hunk", "abcdefghi", "AbcdefgHi", "@@ -1,9 +1,9 @@\n-a\n+A\n b\n c\n d\n e\n f\n g\n-h\n+H\n i\n"},
		{"far ones don't", "abcdefghijk", "Abcdefghijx", "@@ -1,4 +1,4 @@\n-a\n+A\n b\n c\n d\n@@ -8,4 +8,4 @@\n h\n i\n j\n-k\n+x\n"},
		{"added behind", "ab", "abc", "@@ -1,2 +1,3 @@\n a\n b\n+c\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var out bytes.Buffer
			writeUnified(&out, compareLines(lines(test.old), lines(test.new)))
			require.Equal(t, test.want, out.String())
		})
	}
}

// TestCompareLines checks the two things that make a comparison right: it leads from the one text to the other, and there is
// no shorter one.
func TestCompareLines(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	text := func() []string {
		all := make([]string, random.IntN(12))
		for i := range all {
			all[i] = string("abc"[random.IntN(3)])
		}
		return all
	}
	for range 2000 {
		old, new := text(), text()
		var before, after []string
		kept := 0
		for _, e := range compareLines(old, new) {
			if e.op != '+' {
				before = append(before, e.line)
			}
			if e.op != '-' {
				after = append(after, e.line)
			}
			if e.op == ' ' {
				kept++
			}
		}
		where := fmt.Sprint(old, new)
		require.Equal(t, strings.Join(old, ""), strings.Join(before, ""), where)
		require.Equal(t, strings.Join(new, ""), strings.Join(after, ""), where)
		require.Equal(t, longestCommon(old, new), kept, where)
	}
}

// longestCommon counts the lines of the longest common subsequence, the slow and obvious way.
func longestCommon(a, b []string) int {
	switch {
	case len(a) == 0 || len(b) == 0:
		return 0
	case a[0] == b[0]:
		return 1 + longestCommon(a[1:], b[1:])
	}
	return max(longestCommon(a[1:], b), longestCommon(a, b[1:]))
}
