package apiserver

import (
	"slices"
	"strings"

	"kubelite/api"
)

// The schemas that the OpenAPI documents have of custom kinds: those of the definitions, with what every object has put
// in. kubectl takes them for its explain, and to check what it sends.

const metaSchema = metaSchemas + "ObjectMeta"

// customSchemas are the schemas of a row and of its lists, by name. v2 makes them as the older document wants them.
func customSchemas(res *Resource, v2 bool) map[string]any {
	prefix := schemaPrefix
	if v2 {
		prefix = "#/definitions/"
	}
	p := &schemaPublisher{prefix: prefix, v2: v2}
	object := p.publish(res)
	object["x-kubernetes-group-version-kind"] = []any{kindNames(res.Kind, res.Kind.Kind)}
	list := map[string]any{
		"type": "object", "description": res.List() + " is a list of " + res.Kind.Kind, "required": []any{"items"},
		"properties": map[string]any{
			"apiVersion": apiVersionProperty(), "kind": kindProperty(),
			"metadata": p.reference(metaSchemas+"ListMeta", "Standard list metadata."),
			"items": map[string]any{
				"type": "array", "description": "List of " + res.Plural + ".", "items": map[string]any{"$ref": prefix + api.SchemaName(res.Kind)},
			},
		},
		"x-kubernetes-group-version-kind": []any{kindNames(res.Kind, res.List())},
	}
	if fields := res.selectableFields(); len(fields) > 0 {
		var paths []any
		for _, field := range fields {
			paths = append(paths, map[string]any{"fieldPath": strings.TrimPrefix(field.JSONPath, ".")})
		}
		object["x-kubernetes-selectable-fields"], list["x-kubernetes-selectable-fields"] = paths, paths
	}
	name := api.SchemaName(res.Kind)
	return map[string]any{name: object, name + "List": list}
}

func kindNames(kind *api.Kind, name string) map[string]any {
	return map[string]any{"group": kind.Group, "version": kind.Version, "kind": name}
}

type schemaPublisher struct {
	prefix string
	v2     bool
}

func (p *schemaPublisher) publish(res *Resource) map[string]any {
	var props *api.JSONSchemaProps
	if schema := res.Definition.version.Schema; schema != nil {
		props = schema.OpenAPIV3Schema
	}
	open := map[string]any{"type": "object"}
	// A schema that lets fields be that it does not name is published without any: kubectl takes those that are named for
	// all that there are.
	if props == nil || p.v2 && api.Deref(props.XPreserveUnknownFields, false) {
		return open
	}
	object, err := api.JSONOf(props)
	if err != nil { // it was decoded from JSON
		return open
	}
	if p.v2 {
		toV2(object)
	} else {
		numbersOrStrings(object)
	}
	p.embedded(object)
	fields, _ := object["properties"].(map[string]any)
	if fields == nil {
		fields = map[string]any{}
		object["properties"] = fields
	}
	fields["apiVersion"], fields["kind"] = apiVersionProperty(), kindProperty()
	fields["metadata"] = p.reference(metaSchema, "Standard object's metadata.")
	return object
}

func apiVersionProperty() map[string]any {
	return map[string]any{"type": "string", "description": "APIVersion defines the versioned schema of this representation: <group>/<version>."}
}

func kindProperty() map[string]any {
	return map[string]any{"type": "string", "description": "Kind names what the object is, in CamelCase."}
}

// reference points to another schema. In the newer document a bare reference may have nothing beside it.
func (p *schemaPublisher) reference(name, description string) map[string]any {
	ref := map[string]any{"$ref": p.prefix + name}
	if p.v2 {
		ref["description"] = description
		return ref
	}
	return map[string]any{"allOf": []any{ref}, "description": description}
}

// embedded gives the objects inside an object what every object has.
func (p *schemaPublisher) embedded(schema map[string]any) {
	eachBelow(schema, p.embedded)
	if schema["x-kubernetes-embedded-resource"] != true || p.v2 && schema["x-kubernetes-preserve-unknown-fields"] == true {
		return
	}
	fields, _ := schema["properties"].(map[string]any)
	if fields == nil {
		fields = map[string]any{}
		schema["properties"] = fields
	}
	fields["apiVersion"], fields["kind"] = apiVersionProperty(), kindProperty()
	fields["metadata"] = p.reference(metaSchema, "Standard object's metadata.")
	required, _ := schema["required"].([]any)
	for _, name := range []string{"kind", "apiVersion"} {
		if !slices.Contains(required, any(name)) {
			required = append(required, name)
		}
	}
	schema["required"] = required
}

// eachBelow calls f for the schemas of fields, items and values.
func eachBelow(schema map[string]any, f func(map[string]any)) {
	fields, _ := schema["properties"].(map[string]any)
	for _, field := range fields {
		if below, ok := field.(map[string]any); ok {
			f(below)
		}
	}
	for _, name := range []string{"items", "additionalProperties"} {
		if below, ok := schema[name].(map[string]any); ok {
			f(below)
		}
	}
}

// numbersOrStrings says in the document's own words what may be a number or a string, where the definition does not say it.
func numbersOrStrings(schema map[string]any) {
	if schema["x-kubernetes-int-or-string"] == true && schema["anyOf"] == nil && schema["allOf"] == nil {
		schema["anyOf"] = []any{map[string]any{"type": "integer"}, map[string]any{"type": "string"}}
	}
	eachBelow(schema, numbersOrStrings)
}

// toV2 takes out what the older document, and kubectl's reading of it, cannot say.
func toV2(schema map[string]any) {
	for _, name := range []string{"allOf", "oneOf", "anyOf", "not", "default"} {
		delete(schema, name)
	}
	if schema["nullable"] == true {
		for _, name := range []string{"type", "nullable", "items", "properties"} {
			delete(schema, name)
		}
	}
	if schema["x-kubernetes-preserve-unknown-fields"] == true {
		delete(schema, "items")
		delete(schema, "properties")
		if schema["type"] == "object" {
			delete(schema, "type")
		}
	}
	if schema["items"] == nil && schema["type"] == "array" {
		delete(schema, "type")
	}
	nullable := func(value any) bool {
		below, ok := value.(map[string]any)
		return ok && below["nullable"] == true
	}
	if required, ok := schema["required"].([]any); ok {
		fields, _ := schema["properties"].(map[string]any)
		required = slices.DeleteFunc(required, func(name any) bool { return nullable(fields[name.(string)]) })
		if schema["required"] = required; len(required) == 0 || nullable(schema["additionalProperties"]) {
			delete(schema, "required")
		}
	}
	eachBelow(schema, toV2)
}

// selectableFields are those of a custom kind's version.
func (res *Resource) selectableFields() []api.SelectableField {
	if res.Definition == nil {
		return nil
	}
	return res.Definition.version.SelectableFields
}
