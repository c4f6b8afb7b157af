package lab

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// textWidth is how wide a timeline is in a terminal. Lanes share what the revisions and times leave.
const (
	textWidth  = 150
	headWidth  = 18
	narrowLane = 20
	// textRows is how many rows before the first broken check a terminal shows; the HTML file has all.
	textRows = 40
	// shownChanges is how many changes a row shows at once.
	shownChanges = 3
)

// WriteText draws the timeline for a terminal: a column for each lane, and a line across where a check was broken.
//
//	revision   after   the lab          program                      kubelet n1
//	     412   0.0 s   create pod/a
//	     413   0.1 s                    change pod/a
//	                                    spec.nodeName: n1
//	✗ no node is asked for more than it has: n1 has 2500m of 2
func (l *Timeline) WriteText(out io.Writer) error {
	rows, left := l.Rows, 0
	for i, row := range rows {
		if len(row.Broken) > 0 {
			left = max(0, i-textRows)
			rows = rows[left : i+1]
			break
		}
	}
	width := max((textWidth-headWidth)/max(len(l.Lanes), 1), narrowLane)
	var b strings.Builder
	fmt.Fprintf(&b, "%8s  %6s  ", "revision", "after")
	for _, lane := range l.Lanes {
		fmt.Fprintf(&b, "%-*s", width, cut(lane, width-2))
	}
	b.WriteByte('\n')
	if left > 0 {
		fmt.Fprintf(&b, "%8s  %6s  (%d rows before these)\n", "", "", left)
	}
	for _, row := range rows {
		revision := ""
		if row.Revision > 0 {
			revision = fmt.Sprint(row.Revision)
		}
		indent := strings.Repeat(" ", headWidth+row.Lane*width)
		fmt.Fprintf(&b, "%8s  %4.1f s  %s%s\n", revision, row.After.Seconds(), indent[headWidth:], row.What)
		for i, change := range row.Changes {
			if i == shownChanges && len(row.Changes) > shownChanges+1 {
				fmt.Fprintf(&b, "%s  and %d more\n", indent, len(row.Changes)-i)
				break
			}
			fmt.Fprintf(&b, "%s  %s\n", indent, change)
		}
		for _, broken := range row.Broken {
			fmt.Fprintf(&b, "✗ %s\n", broken.Message)
			if broken.Found != "" {
				fmt.Fprintf(&b, "  %s\n", broken.Found)
			}
		}
	}
	lines := strings.Split(b.String(), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	_, err := io.WriteString(out, strings.Join(lines, "\n"))
	return err
}

func cut(text string, width int) string {
	if len(text) <= width {
		return text
	}
	return text[:max(width-1, 0)] + "…"
}

// seconds is a time after the beginning, in words.
func seconds(d time.Duration) string { return fmt.Sprintf("%.2f s", d.Seconds()) }
