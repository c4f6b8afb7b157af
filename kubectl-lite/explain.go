package kubectllite

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"kubelite/client"
)

func newExplain(s *session) *cobra.Command {
	var apiVersion string
	var recursive bool
	cmd := &cobra.Command{
		Use: "explain TYPE [--recursive=FALSE|TRUE] [--api-version=api-version-group]", Short: "Get documentation for a resource",
		ValidArgsFunction: s.completeTypes,
		Example:           "  kubectl-lite explain pods.spec.containers",
		Args:              exactlyOneType,
		RunE: func(cmd *cobra.Command, args []string) error {
			return s.explain(cmd.Context(), args[0], apiVersion, recursive)
		},
	}
	cmd.Flags().StringVar(&apiVersion, "api-version", "", "Use given api-version (group/version) of the resource.")
	cmd.Flags().BoolVar(&recursive, "recursive", false, "When true, print the name of all the fields recursively.")
	return cmd
}

func exactlyOneType(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return fmt.Errorf("You must specify the type of resource to explain. Use \"kubectl-lite api-resources\" for a complete list of supported resources.")
	}
	if len(args) > 1 {
		return fmt.Errorf("We accept only this format: explain RESOURCE")
	}
	return nil
}

// explain prints what the server's schema says of a kind, or of a field in it.
func (s *session) explain(ctx context.Context, arg, apiVersion string, recursive bool) error {
	words := strings.Split(arg, ".")
	all, err := s.discover(ctx)
	if err != nil {
		return err
	}
	if apiVersion != "" {
		all = slices.DeleteFunc(slices.Clone(all), func(r client.APIResource) bool { return r.APIVersion() != apiVersion })
	}
	r, path := client.FindResource(all, arg), []string(nil) // "deployments.apps" is a resource with its group,
	if r == nil {
		r, path = client.FindResource(all, words[0]), words[1:] // "pods.spec" one with a field
	}
	if r == nil {
		return plainError{fmt.Errorf("the server doesn't have a resource type %q", words[0])}
	}
	schemas, err := s.schemas(ctx, r)
	if err != nil {
		return err
	}
	schema := schemas.of(r)
	if schema == nil {
		return fmt.Errorf("the server has no schema of %s", r.Kind)
	}
	field := ""
	for _, name := range path {
		next, ok := schemas.fields(schema)[name].(map[string]any)
		if !ok {
			schemas.printKind(s, r)
			return fmt.Errorf("field %q does not exist", name)
		}
		schema, field = next, name
	}
	schemas.print(s, r, field, schema, recursive)
	return nil
}

// schemaSet is the schemas of one group version's OpenAPI document.
type schemaSet map[string]any

func (s *session) schemas(ctx context.Context, r *client.APIResource) (schemaSet, error) {
	resp, err := s.do(ctx, client.Request{Path: "/openapi/v3"})
	if err != nil {
		return nil, err
	}
	index, err := parseObject(resp.Body)
	if err != nil {
		return nil, err
	}
	path := "apis/" + r.APIVersion()
	if r.Group == "" {
		path = "api/" + r.Version
	}
	url := index.text("paths", path, "serverRelativeURL")
	if url == "" {
		return nil, fmt.Errorf("the server has no schema of %s", r.APIVersion())
	}
	url, query, _ := strings.Cut(url, "?")
	req := client.Request{Path: url}
	if name, value, ok := strings.Cut(query, "="); ok {
		req.Query = map[string][]string{name: {value}}
	}
	if resp, err = s.do(ctx, req); err != nil {
		return nil, err
	}
	doc, err := parseObject(resp.Body)
	if err != nil {
		return nil, err
	}
	found, _ := doc.at("components", "schemas").(map[string]any)
	return found, nil
}

// of finds the schema of a resource's kind.
func (set schemaSet) of(r *client.APIResource) map[string]any {
	for _, name := range sortedKeys(set) {
		schema, _ := set[name].(map[string]any)
		kinds, _ := schema["x-kubernetes-group-version-kind"].([]any)
		for _, k := range kinds {
			gvk, _ := k.(map[string]any)
			if gvk["group"] == r.Group && gvk["version"] == r.Version && gvk["kind"] == r.Kind {
				return schema
			}
		}
	}
	return nil
}

// resolve follows references, and goes into the elements of lists and maps.
func (set schemaSet) resolve(schema map[string]any) map[string]any {
	for {
		if ref := refOf(schema); ref != "" {
			next, ok := set[ref].(map[string]any)
			if !ok {
				return schema
			}
			schema = next
			continue
		}
		if items, ok := schema["items"].(map[string]any); ok {
			schema = items
			continue
		}
		if values, ok := schema["additionalProperties"].(map[string]any); ok {
			schema = values
			continue
		}
		return schema
	}
}

// refOf is the name that a schema refers to; a field's own description makes it wrap the reference in allOf.
func refOf(schema map[string]any) string {
	ref, _ := schema["$ref"].(string)
	if all, ok := schema["allOf"].([]any); ok && len(all) == 1 && ref == "" {
		if one, ok := all[0].(map[string]any); ok {
			ref, _ = one["$ref"].(string)
		}
	}
	return strings.TrimPrefix(ref, "#/components/schemas/")
}

func (set schemaSet) fields(schema map[string]any) map[string]any {
	fields, _ := set.resolve(schema)["properties"].(map[string]any)
	return fields
}

// typeName is what a field holds: "string", "[]Container", "map[string]string", "Object".
func (set schemaSet) typeName(schema map[string]any) string {
	if ref := refOf(schema); ref != "" {
		target, _ := set[ref].(map[string]any)
		if _, isObject := target["properties"]; !isObject && target["type"] != nil && target["type"] != "object" {
			return set.typeName(target)
		}
		return ref[strings.LastIndex(ref, ".")+1:]
	}
	switch {
	case schema["items"] != nil:
		items, _ := schema["items"].(map[string]any)
		return "[]" + set.typeName(items)
	case schema["additionalProperties"] != nil:
		values, _ := schema["additionalProperties"].(map[string]any)
		return "map[string]" + set.typeName(values)
	case schema["type"] == nil || schema["type"] == "object":
		return "Object"
	}
	return fmt.Sprint(schema["type"])
}

func (set schemaSet) printKind(s *session, r *client.APIResource) {
	if r.Group != "" {
		fmt.Fprintf(s.Out, "GROUP:      %s\n", r.Group)
	}
	fmt.Fprintf(s.Out, "KIND:       %s\nVERSION:    %s\n\n", r.Kind, r.Version)
}

func (set schemaSet) print(s *session, r *client.APIResource, field string, schema map[string]any, recursive bool) {
	set.printKind(s, r)
	if field != "" {
		fmt.Fprintf(s.Out, "FIELD: %s <%s>\n", field, set.typeName(schema))
		if values := enumOf(schema); len(values) > 0 {
			fmt.Fprintf(s.Out, "ENUM:\n    %s", strings.Join(values, "\n    "))
		}
		fmt.Fprint(s.Out, "\n\n")
	}
	fmt.Fprintln(s.Out, "DESCRIPTION:")
	own, _ := schema["description"].(string)
	inner, _ := set.resolve(schema)["description"].(string)
	switch {
	case own == "" && inner == "":
		own = "<empty>"
	case own == "":
		own = inner
	}
	printWrapped(s, "    ", own)
	if own != inner && inner != "" {
		printWrapped(s, "    ", inner)
	}
	fmt.Fprintln(s.Out, "    ")
	if fields := set.fields(schema); len(fields) > 0 {
		fmt.Fprintln(s.Out, "FIELDS:")
		set.printFields(s, "  ", schema, recursive, nil)
	}
	fmt.Fprintln(s.Out)
}

func (set schemaSet) printFields(s *session, indent string, schema map[string]any, recursive bool, inside []string) {
	resolved := set.resolve(schema)
	required, _ := resolved["required"].([]any)
	fields := set.fields(schema)
	for _, name := range sortedKeys(fields) {
		field, _ := fields[name].(map[string]any)
		mark := ""
		if slices.Contains(required, any(name)) {
			mark = " -required-"
		}
		typeName := set.typeName(field)
		fmt.Fprintf(s.Out, "%s%s\t<%s>%s\n", indent, name, typeName, mark)
		if values := enumOf(field); len(values) > 0 {
			if len(values) > 4 {
				values = append(values[:4], "....")
			}
			fmt.Fprintf(s.Out, "%senum: %s\n", indent, strings.Join(values, ", "))
		}
		if recursive {
			if !slices.Contains(inside, typeName) { // a type may hold itself
				set.printFields(s, indent+"  ", field, true, append(slices.Clip(inside), typeName))
			}
			continue
		}
		description, _ := field["description"].(string)
		if description == "" {
			description = "<no description>"
		}
		printWrapped(s, indent+"  ", description)
		fmt.Fprintln(s.Out)
	}
}

// enumOf lists the values that a field may have, if they are given.
func enumOf(schema map[string]any) []string {
	var values []string
	list, _ := schema["enum"].([]any)
	for _, v := range list {
		if v == "" {
			v = `""`
		}
		values = append(values, fmt.Sprint(v))
	}
	return values
}

// printWrapped breaks text into lines of at most 80 characters. Empty lines and indented ones stay as they are.
func printWrapped(s *session, indent, text string) {
	for paragraph := range strings.SplitSeq(text, "\n") {
		if paragraph == "" || paragraph[0] == ' ' {
			fmt.Fprintln(s.Out, indent+paragraph)
			continue
		}
		line := ""
		for word := range strings.FieldsSeq(paragraph) {
			if line != "" && len(line)+1+len(word) > 80-len(indent) {
				fmt.Fprintln(s.Out, indent+line)
				line = ""
			}
			if line != "" {
				line += " "
			}
			line += word
		}
		if line != "" {
			fmt.Fprintln(s.Out, indent+line)
		}
	}
}
