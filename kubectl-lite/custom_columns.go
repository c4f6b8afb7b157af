package kubectllite

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"kubelite/api"
)

// customColumns is a table whose columns the user chose: "NAME:.metadata.name,IMAGE:.spec.containers[*].image".
type customColumns struct {
	headers []string
	paths   []*api.JSONPath
	bare    bool // without the header
	headed  bool
	columns columns
}

func parseCustomColumns(spec string) (*customColumns, error) {
	c := &customColumns{}
	for column := range strings.SplitSeq(spec, ",") {
		header, path, ok := strings.Cut(column, ":")
		if !ok || path == "" {
			return nil, fmt.Errorf("unexpected custom-columns spec: %s, expected <header>:<json-path-expr>", column)
		}
		if !strings.HasPrefix(path, "{") {
			path = "{." + strings.TrimPrefix(path, ".") + "}"
		}
		parsed, err := api.ParseJSONPath(path)
		if err != nil {
			return nil, err
		}
		c.headers, c.paths = append(c.headers, header), append(c.paths, parsed)
	}
	return c, nil
}

// parseColumnsFile reads the form of a file: a line of headers, and one of paths below them.
func parseColumnsFile(text string) (*customColumns, error) {
	lines := strings.SplitN(strings.TrimSpace(text), "\n", 2)
	if len(lines) < 2 {
		return nil, errors.New("invalid custom-columns-file: expected a line of headers and a line of paths")
	}
	headers, paths := strings.Fields(lines[0]), strings.Fields(lines[1])
	if len(headers) != len(paths) {
		return nil, fmt.Errorf("number of headers (%d) and field specifications (%d) don't match", len(headers), len(paths))
	}
	for i := range headers {
		headers[i] += ":" + paths[i]
	}
	return parseCustomColumns(strings.Join(headers, ","))
}

// print writes a row for each object; the header comes before the first one only.
func (c *customColumns) print(out io.Writer, o object) error {
	c.columns.out = out
	items, isList := o.items()
	if !isList {
		items = []object{o}
	}
	var rows [][]string
	if !c.bare && !c.headed {
		rows, c.headed = append(rows, c.headers), true
	}
	for _, item := range items {
		var row []string
		for _, path := range c.paths {
			cell, err := columnText(path, item)
			if err != nil {
				return err
			}
			row = append(row, cell)
		}
		rows = append(rows, row)
	}
	c.columns.write(rows)
	return nil
}

func columnText(path *api.JSONPath, o object) (string, error) {
	values, err := path.Values(map[string]any(o))
	if err != nil || len(values) == 0 {
		return "<none>", err
	}
	var texts []string
	for _, v := range values {
		if v == nil {
			v = "<none>"
		}
		texts = append(texts, fmt.Sprint(v)) // a map in Go's form, as kubectl shows it
	}
	return strings.Join(texts, ","), nil
}
