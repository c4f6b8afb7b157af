package kubectllite

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"kubelite/api"
)

func sortedKeys[M ~map[K]V, K cmp.Ordered, V any](m M) []K { return slices.Sorted(maps.Keys(m)) }

// printer writes objects in the form that -o asks for.
type printer struct {
	format string // json, yaml, name, jsonpath
	path   *api.JSONPath
	custom *customColumns
	// managedFields keeps a part of the metadata that only machines read.
	managedFields bool
	// displayName names an object for -o name.
	displayName func(o object) string
}

// newPrinter reads the value of -o. It returns nil where the value asks for a table.
func newPrinter(output string, managedFields bool, displayName func(o object) string) (*printer, error) {
	p := &printer{format: output, managedFields: managedFields, displayName: displayName}
	format, template, hasTemplate := strings.Cut(output, "=")
	switch {
	case output == "" || output == "wide":
		return nil, nil
	case output == "json" || output == "yaml" || output == "name":
		return p, nil
	case format == "jsonpath" || format == "jsonpath-as-json" || format == "jsonpath-file":
		if !hasTemplate {
			return nil, fmt.Errorf("template format specified but no template given")
		}
		if format == "jsonpath-file" {
			text, err := os.ReadFile(template)
			if err != nil {
				return nil, fmt.Errorf("error reading --template %s, %w", template, err)
			}
			template, format = string(text), "jsonpath"
		}
		var err error
		p.format = format
		p.path, err = api.ParseJSONPath(template)
		return p, err
	case format == "custom-columns":
		var err error
		p.format = format
		p.custom, err = parseCustomColumns(template)
		return p, err
	}
	return nil, fmt.Errorf("unable to match a printer suitable for the output format %q, allowed formats are: custom-columns,json,jsonpath,jsonpath-as-json,jsonpath-file,name,wide,yaml", output)
}

// print writes one object, or a List of several.
func (p *printer) print(out io.Writer, o object) error {
	if !p.managedFields {
		dropManagedFields(o)
	}
	switch p.format {
	case "name":
		items, ok := o.items()
		if !ok {
			items = []object{o}
		}
		for _, item := range items {
			fmt.Fprintln(out, p.displayName(item))
		}
		return nil
	case "yaml":
		text, err := api.MarshalYAML(map[string]any(o))
		if err != nil {
			return err
		}
		_, err = out.Write(text)
		return err
	case "custom-columns":
		return p.custom.print(out, o)
	case "jsonpath":
		return p.path.Execute(out, map[string]any(o))
	case "jsonpath-as-json":
		values, err := p.path.Values(map[string]any(o))
		if err != nil {
			return err
		}
		return writeJSON(out, values)
	}
	return writeJSON(out, map[string]any(o))
}

// writeJSON writes with an indent of four, as kubectl does.
func writeJSON(out io.Writer, v any) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetIndent("", "    ")
	if err := enc.Encode(v); err != nil {
		return err
	}
	_, err := out.Write(b.Bytes())
	return err
}

func dropManagedFields(o object) {
	if meta, ok := o["metadata"].(map[string]any); ok {
		delete(meta, "managedFields")
	}
	if items, ok := o.items(); ok {
		for _, item := range items {
			dropManagedFields(item)
		}
	}
}

// listOf wraps objects into the List that kubectl prints.
func listOf(items []object) object {
	all := make([]any, len(items))
	for i, item := range items {
		all[i] = map[string]any(item)
	}
	return object{"kind": "List", "apiVersion": "v1", "metadata": map[string]any{"resourceVersion": ""}, "items": all}
}
