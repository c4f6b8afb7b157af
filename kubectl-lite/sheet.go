package kubectllite

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"kubelite/api"
)

// sheet is the layout of describe: indented lines "Label:\tvalue" whose tabs are aligned.
type sheet struct {
	text bytes.Buffer
	tabs io.Writer
}

func newSheet() *sheet {
	s := &sheet{}
	s.tabs = tabwriter.NewWriter(&s.text, 0, 8, 2, ' ', 0)
	return s
}

// newRawSheet leaves the tabs as they are.
func newRawSheet() *sheet {
	s := &sheet{}
	s.tabs = &s.text
	return s
}

// line writes one line at a level of indentation.
func (s *sheet) line(level int, format string, args ...any) {
	fmt.Fprintf(s.tabs, strings.Repeat("  ", level)+format+"\n", args...)
}

// part ends the alignment with what was written so far.
func (s *sheet) part() {
	if tabs, ok := s.tabs.(*tabwriter.Writer); ok {
		tabs.Flush()
	}
}

// copyTo writes the sheet out.
func (s *sheet) copyTo(out io.Writer) error {
	s.part()
	_, err := s.text.WriteTo(out)
	return err
}

// values writes a label and its values one below the other, "<none>" if there are none.
func (s *sheet) values(label string, values []string) {
	if len(values) == 0 {
		values = []string{"<none>"}
	}
	for i, value := range values {
		if i == 0 {
			s.line(0, "%s:\t%s", label, value)
		} else {
			s.line(0, "\t%s", value)
		}
	}
}

func (s *sheet) labels(label string, labels map[string]string) {
	var values []string
	for _, key := range sortedKeys(labels) {
		values = append(values, key+"="+labels[key])
	}
	s.values(label, values)
}

// longAnnotation is where an annotation's value gets lines of its own, and is cut.
const longAnnotation = 140

func (s *sheet) annotations(label string, annotations map[string]string) {
	var values []string
	for _, key := range sortedKeys(annotations) {
		if key == lastApplied {
			continue
		}
		value := strings.TrimSuffix(annotations[key], "\n")
		if len(key)+len(value)+2 <= longAnnotation && !strings.Contains(value, "\n") {
			values = append(values, key+": "+value)
			continue
		}
		values = append(values, key+":")
		for line := range strings.SplitSeq(value, "\n") {
			if len(line) > longAnnotation-2 {
				line = line[:longAnnotation-2] + "..."
			}
			values = append(values, "  "+line)
		}
	}
	s.values(label, values)
}

// date is how describe shows moments.
func date(t time.Time) string { return t.Format(time.RFC1123Z) }

// since is how long ago a moment was, roughly.
func since(t time.Time) string {
	if t.IsZero() {
		return "<unknown>"
	}
	return api.HumanDuration(time.Since(t))
}

// conditionTable writes the conditions of a workload.
func (s *sheet) conditionTable(rows [][3]string) {
	if len(rows) == 0 {
		return
	}
	s.line(0, "Conditions:")
	s.line(1, "Type\tStatus\tReason")
	s.line(1, "----\t------\t------")
	for _, r := range rows {
		s.line(1, "%s \t%s\t%s", r[0], r[1], r[2])
	}
}

// events writes what was recorded about the object.
func (s *sheet) events(events []*api.Event) {
	if len(events) == 0 {
		s.line(0, "Events:\t<none>")
		return
	}
	s.part()
	s.line(0, "Events:")
	s.line(1, "Type\tReason\tAge\tFrom\tMessage")
	s.line(1, "----\t------\t----\t----\t-------")
	for _, e := range events {
		age := eventAge(e)
		source := e.Source.Component
		if source == "" {
			source = e.ReportingController
		}
		message := strings.TrimSpace(e.Message)
		if path := e.InvolvedObject.FieldPath; path != "" {
			message = path + ": " + message
		}
		s.line(1, "%s\t%s\t%s\t%s\t%s", e.Type, e.Reason, age, source, message)
	}
}

// eventAge is when an event was seen, and how often.
func eventAge(e *api.Event) string {
	first := e.EventTime.Time
	if first.IsZero() {
		first = e.FirstTimestamp.Time
	}
	switch age := since(first); {
	case e.Series != nil:
		return fmt.Sprintf("%s (x%d over %s)", since(e.Series.LastObservedTime.Time), e.Series.Count, age)
	case e.Count > 1:
		return fmt.Sprintf("%s (x%d over %s)", since(e.LastTimestamp.Time), e.Count, age)
	default:
		return age
	}
}

// head writes what most sheets begin with.
func (s *sheet) head(meta *api.ObjectMeta) {
	s.line(0, "Name:\t%s", meta.Name)
	s.line(0, "Namespace:\t%s", meta.Namespace)
}

// marks writes the labels and annotations.
func (s *sheet) marks(meta *api.ObjectMeta) {
	s.labels("Labels", meta.Labels)
	s.annotations("Annotations", meta.Annotations)
}

// unset writes a value, or that there is none.
func unset[T any](v *T) string {
	if v == nil {
		return "<unset>"
	}
	return fmt.Sprint(*v)
}

// boolText is how describe writes a choice.
func boolText(v *bool) string {
	if v == nil {
		return "<unset>"
	}
	return map[bool]string{true: "True", false: "False"}[*v]
}

func texts[T ~string](items []T) []string {
	var all []string
	for _, item := range items {
		all = append(all, string(item))
	}
	return all
}

// joined puts a separator between words, and is "<none>" for no words.
func joined[T ~string](items []T, separator string) string {
	if len(items) == 0 {
		return "<none>"
	}
	return strings.Join(texts(items), separator)
}
