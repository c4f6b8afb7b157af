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
	"text/template"

	"github.com/spf13/cobra"

	"kubelite/api"
)

func sortedKeys[M ~map[K]V, K cmp.Ordered, V any](m M) []K { return slices.Sorted(maps.Keys(m)) }

// printFlags say in which form objects are printed.
type printFlags struct {
	output        string
	template      string
	strict        bool // a template that names a field which is not there is a mistake
	managedFields bool
}

func (f *printFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVarP(&f.output, "output", "o", "", "Output format. One of: (json, yaml, name, go-template, go-template-file, template, templatefile, jsonpath, jsonpath-as-json, jsonpath-file).")
	completeFormats(cmd, changeFormats)
	f.addTemplate(cmd)
}

func (f *printFlags) addTemplate(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.template, "template", "", "Template string or path to template file to use when -o=go-template, -o=go-template-file.")
	cmd.Flags().BoolVar(&f.managedFields, "show-managed-fields", false, "If true, keep the managedFields when printing objects in JSON or YAML format.")
	allow := cmd.Flags().VarPF(&negation{&f.strict}, "allow-missing-template-keys", "", "If true, ignore any errors in templates when a field or map key is missing in the template.")
	allow.NoOptDefVal, allow.DefValue = "true", "true"
}

// negation is a flag whose "true" turns something off.
type negation struct{ value *bool }

// String is the flag's value.
func (n *negation) String() string { return fmt.Sprint(n.value == nil || !*n.value) }

// Type is what help calls it.
func (n *negation) Type() string { return "bool" }

// Set reads it.
func (n *negation) Set(text string) error {
	*n.value = text == "false"
	return nil
}

// The forms that -o may ask for, as the error says that lists them.
var (
	changeFormats = []string{"go-template", "go-template-file", "json", "jsonpath", "jsonpath-as-json", "jsonpath-file", "kyaml", "name", "template", "templatefile", "yaml"}
	getFormats    = []string{"custom-columns", "custom-columns-file", "go-template", "go-template-file", "json", "jsonpath", "jsonpath-as-json", "jsonpath-file", "kyaml", "name", "template", "templatefile", "wide", "yaml"}
)

// printer writes objects in the form that -o asks for.
type printer struct {
	format string // json, yaml, name, jsonpath, go-template, custom-columns
	path   *api.JSONPath
	tmpl   *template.Template
	text   string // of the template, for its errors
	strict bool
	custom *customColumns
	// managedFields keeps a part of the metadata that only machines read.
	managedFields bool
	// displayName names an object for -o name.
	displayName func(o object) string
	printed     int
}

// printer reads the value of -o. It returns nil where the value asks for a table.
func (f *printFlags) printer(displayName func(o object) string, allowed []string) (*printer, error) {
	format, text, hasText := strings.Cut(f.output, "=")
	if f.output == "" && f.template != "" {
		format = "go-template"
	}
	if !hasText && f.template != "" {
		text, hasText = f.template, true
	}
	p := &printer{format: format, text: text, strict: f.strict, managedFields: f.managedFields, displayName: displayName}
	wide := format == "wide" && slices.Contains(allowed, "wide")
	if (format == "" || wide) && !strings.Contains(f.output, "=") {
		return nil, nil
	}
	kind, isFile := strings.CutSuffix(format, "-file")
	if format == "templatefile" {
		kind, isFile = "template", true
	}
	if !slices.Contains(allowed, format) || hasText && f.template == "" && slices.Contains([]string{"json", "yaml", "name", "wide", "kyaml"}, format) {
		return nil, fmt.Errorf("unable to match a printer suitable for the output format %q, allowed formats are: %s", f.output, strings.Join(allowed, ","))
	}
	if slices.Contains([]string{"json", "yaml", "name", "kyaml"}, format) {
		return p, nil
	}
	if text == "" && kind == "custom-columns" {
		return nil, fmt.Errorf("custom-columns format specified but no custom columns given")
	}
	if text == "" {
		return nil, fmt.Errorf("template format specified but no template given")
	}
	if isFile {
		content, err := os.ReadFile(text)
		if err != nil {
			return nil, fmt.Errorf("error reading --template %s, %w", text, err)
		}
		p.text = string(content)
	}
	var err error
	switch kind {
	case "jsonpath", "jsonpath-as-json":
		p.format = kind
		p.path, err = api.ParseJSONPath(p.text)
	case "custom-columns":
		p.format = kind
		if isFile {
			p.custom, err = parseColumnsFile(p.text)
		} else {
			p.custom, err = parseCustomColumns(p.text)
		}
	default:
		p.format = "go-template"
		p.tmpl, err = parseTemplate(p.text, f.strict)
	}
	return p, err
}

// printNext writes one of several objects that are printed one by one.
func (p *printer) printNext(out io.Writer, o object) error {
	if p.format == "yaml" && p.printed > 0 {
		fmt.Fprintln(out, "---")
	}
	p.printed++
	return p.print(out, o)
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
	case "kyaml":
		return writeKYAML(out, o)
	case "custom-columns":
		return p.custom.print(out, o)
	case "go-template":
		return p.executeTemplate(out, o)
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
