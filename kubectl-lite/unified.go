package kubectllite

import (
	"fmt"
	"io"
	"slices"
)

// edit is one line of a comparison: kept (' '), taken away ('-') or added ('+').
type edit struct {
	op   byte
	line string
}

// compareLines finds a shortest way from one text to another, by Myers' algorithm. Lines are x of the old text and y of the
// new; a path from (0,0) to both ends goes right (take away), down (add), and for nothing along diagonals of equal lines:
//
//	  a b c          furthest[k] is how far right the best path of d steps
//	a ╲              has come on the diagonal k = x - y
//	c   ─ ╲
//
// It takes time in proportion to the length times the differences, and those are few between two versions of an object.
func compareLines(old, new []string) []edit {
	offset := len(old) + len(new) + 1
	furthest := make([]int, 2*offset+1)
	var steps [][]int // furthest before each step, to walk back on; only the diagonals that count
	for d := 0; d <= maxEdits; d++ {
		steps = append(steps, slices.Clone(furthest[offset-d-1:offset+d+2]))
		for k := -d; k <= d; k += 2 {
			x := furthest[offset+k-1] + 1
			if k == -d || k != d && furthest[offset+k-1] < furthest[offset+k+1] {
				x = furthest[offset+k+1]
			}
			for x < len(old) && x-k < len(new) && old[x] == new[x-k] {
				x++
			}
			furthest[offset+k] = x
			if x >= len(old) && x-k >= len(new) {
				return walkBack(old, new, steps)
			}
		}
	}
	var all []edit
	for _, line := range old {
		all = append(all, edit{'-', line})
	}
	for _, line := range new {
		all = append(all, edit{'+', line})
	}
	return all
}

// maxEdits bounds memory, which grows with the square of the differences: texts that differ more count as wholly different.
const maxEdits = 2000

// walkBack follows the path from its end.
func walkBack(old, new []string, steps [][]int) []edit {
	var edits []edit
	x, y := len(old), len(new)
	for d := len(steps) - 1; d >= 0; d-- {
		before := func(k int) int { return steps[d][k+d+1] }
		k := x - y
		previous := k - 1
		if k == -d || k != d && before(k-1) < before(k+1) {
			previous = k + 1
		}
		fromX := before(previous)
		fromY := fromX - previous
		if d == 0 {
			fromX, fromY = 0, 0
		}
		for x > fromX && y > fromY {
			x, y = x-1, y-1
			edits = append(edits, edit{' ', old[x]})
		}
		switch {
		case d == 0:
		case x > fromX:
			x--
			edits = append(edits, edit{'-', old[x]})
		default:
			y--
			edits = append(edits, edit{'+', new[y]})
		}
	}
	slices.Reverse(edits)
	return edits
}

// unifiedContext is how many equal lines stand around a difference.
const unifiedContext = 3

// writeUnified prints the differences as diff -u does, without its first two lines. It prints nothing if there are none.
func writeUnified(out io.Writer, edits []edit) {
	oldLine, newLine := 0, 0 // lines before edits[at]
	at := 0
	advance := func(to int) {
		for ; at < to; at++ {
			if edits[at].op != '+' {
				oldLine++
			}
			if edits[at].op != '-' {
				newLine++
			}
		}
	}
	for start := nextChange(edits, 0); start < len(edits); start = nextChange(edits, at) {
		end := start // behind the hunk's last change
		for next := start; next < len(edits) && next-end <= 2*unifiedContext; next = nextChange(edits, end) {
			for end = next; end < len(edits) && edits[end].op != ' '; end++ {
			}
		}
		advance(max(start-unifiedContext, at))
		first, oldFirst, newFirst := at, oldLine, newLine
		advance(min(end+unifiedContext, len(edits)))
		fmt.Fprintf(out, "@@ -%s +%s @@\n", lineRange(oldFirst, oldLine-oldFirst), lineRange(newFirst, newLine-newFirst))
		for _, e := range edits[first:at] {
			fmt.Fprintf(out, "%c%s\n", e.op, e.line)
		}
	}
}

// nextChange is where the next difference is, the end if there is none.
func nextChange(edits []edit, from int) int {
	for from < len(edits) && edits[from].op == ' ' {
		from++
	}
	return from
}

// lineRange is where a hunk stands: of no lines, the line before it is named.
func lineRange(before, count int) string {
	switch count {
	case 0:
		return fmt.Sprintf("%d,0", before)
	case 1:
		return fmt.Sprint(before + 1)
	}
	return fmt.Sprintf("%d,%d", before+1, count)
}
