package lab

import (
	_ "embed"
	"html/template"
	"io"
	"strconv"
	"strings"
)

//go:embed timeline.html
var timelinePage string

// WriteHTML writes the timeline as a page of its own: it needs nothing from anywhere, and follows the reader's choice of light
// or dark.
func (l *Timeline) WriteHTML(out io.Writer) error {
	page, err := template.New("timeline").Funcs(template.FuncMap{
		"seconds": seconds,
		"first":   func(changes []string) []string { return changes[:min(len(changes), shownChanges)] },
		"rest":    func(changes []string) []string { return changes[min(len(changes), shownChanges):] },
		"column":  func(lane int) int { return lane + 3 }, // after the revisions and the times
		"causes": func(revisions []int64) string {
			var texts []string
			for _, revision := range revisions {
				texts = append(texts, strconv.FormatInt(revision, 10))
			}
			return strings.Join(texts, ", ")
		},
	}).Parse(timelinePage)
	if err != nil {
		return err
	}
	return page.Execute(out, l)
}
