package kubectllite

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"kubelite/api"
)

// columns writes rows as aligned columns, three spaces apart, as kubectl does. It remembers the widths it has used, so
// that the rows of a running watch stay in line with those above.
type columns struct {
	out    io.Writer
	widths []int
}

func (c *columns) write(rows [][]string) {
	for _, row := range rows {
		for i, cell := range row {
			if i == len(c.widths) {
				c.widths = append(c.widths, 0)
			}
			if i < len(row)-1 { // nothing follows the last cell, so it does not widen its column
				c.widths[i] = max(c.widths[i], 6, utf8.RuneCountInString(cell)+3)
			}
		}
	}
	var b strings.Builder
	for _, row := range rows {
		for i, cell := range row {
			b.WriteString(cell)
			if i < len(row)-1 {
				b.WriteString(strings.Repeat(" ", c.widths[i]-utf8.RuneCountInString(cell)))
			}
		}
		b.WriteByte('\n')
	}
	io.WriteString(c.out, b.String())
}

// tableOptions say how a server's Table is shown.
type tableOptions struct {
	wide          bool
	noHeaders     bool
	withNamespace bool
	showLabels    bool
	labelColumns  []string
	namePrefix    string // "pod/", where several kinds are shown
	showEvents    bool   // a first column with the kind of watch event
}

// tablePrinter prints Tables of one kind, one after another: the header once.
type tablePrinter struct {
	columns
	opts       tableOptions
	definition []api.TableColumnDefinition // the first Table brings it, later ones may leave it out
	headed     bool
}

// print prints the rows of a Table. event is the watch event's type, if that is shown.
func (p *tablePrinter) print(table *api.Table, event string) {
	var rows [][]string
	if p.definition == nil {
		p.definition = table.ColumnDefinitions
	}
	if !p.headed && !p.opts.noHeaders && len(table.Rows) > 0 {
		p.headed = true
		rows = append(rows, p.header())
	}
	for i := range table.Rows {
		rows = append(rows, p.row(&table.Rows[i], event))
	}
	p.write(rows)
}

func (p *tablePrinter) header() []string {
	var cells []string
	if p.opts.showEvents {
		cells = append(cells, "EVENT")
	}
	if p.opts.withNamespace {
		cells = append(cells, "NAMESPACE")
	}
	for _, column := range p.definition {
		if p.shown(column) {
			cells = append(cells, strings.ToUpper(column.Name))
		}
	}
	for _, label := range p.opts.labelColumns {
		cells = append(cells, strings.ToUpper(label[strings.LastIndex(label, "/")+1:]))
	}
	if p.opts.showLabels {
		cells = append(cells, "LABELS")
	}
	return cells
}

func (p *tablePrinter) shown(column api.TableColumnDefinition) bool {
	return column.Priority == 0 || p.opts.wide
}

func (p *tablePrinter) row(row *api.TableRow, event string) []string {
	var meta api.PartialObjectMetadata
	if len(row.Object.Raw) > 0 {
		// Without metadata there is a row without namespace and labels: still worth showing.
		_ = api.UnmarshalJSON(row.Object.Raw, &meta)
	}
	var cells []string
	if p.opts.showEvents {
		cells = append(cells, event)
	}
	if p.opts.withNamespace {
		cells = append(cells, meta.Namespace)
	}
	for i, cell := range row.Cells {
		if i >= len(p.definition) || !p.shown(p.definition[i]) {
			continue
		}
		text := cellText(cell)
		if p.definition[i].Format == "name" {
			text = p.opts.namePrefix + text
		}
		cells = append(cells, text)
	}
	for _, label := range p.opts.labelColumns {
		value, ok := meta.Labels[label]
		if !ok {
			value = "<none>"
		}
		cells = append(cells, value)
	}
	if p.opts.showLabels {
		cells = append(cells, formatMap(meta.Labels))
	}
	return cells
}

// cellText shows a cell on one line.
func cellText(cell any) string {
	switch v := cell.(type) {
	case nil:
		return ""
	case string:
		if at := strings.IndexAny(v, "\f\n\r"); at >= 0 {
			return v[:at] + "..."
		}
		return v
	}
	return fmt.Sprint(cell)
}

// formatMap is "a=1,b=2" in order of the keys, "<none>" for an empty map.
func formatMap(m map[string]string) string {
	if len(m) == 0 {
		return "<none>"
	}
	var pairs []string
	for _, key := range sortedKeys(m) {
		pairs = append(pairs, key+"="+m[key])
	}
	return strings.Join(pairs, ",")
}
