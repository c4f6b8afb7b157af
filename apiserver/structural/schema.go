package structural

import (
	"cmp"
	"maps"
	"regexp"
	"slices"

	"kubelite/api"
)

// Schema is a schema ready for use: default values are decoded, patterns and rules compiled. It never changes.
type Schema struct {
	*api.JSONSchemaProps

	properties map[string]*Schema
	items      *Schema
	additional *Schema // of all values of a map
	// anyField: additionalProperties is true. The fields of such an object are kept, and nothing below them is.
	anyField         bool
	preserve         bool // x-kubernetes-preserve-unknown-fields
	defaultValue     any  // nil: none
	enum             []any
	pattern          *regexp.Regexp
	allOf, anyOf     []*Schema
	oneOf            []*Schema
	not              *Schema
	rules            *ruleSet // nil: none here
	hasRules         bool     // here or below
	listType         string
	mapType          string
	formatKnownValue string // the format, if it is one that values are checked for
}

// New makes a Schema of what a definition says. The definition has to be checked: New makes the best of one that is not.
// A nil schema knows no field, and so drops all of them.
func New(props *api.JSONSchemaProps) *Schema {
	if props == nil {
		props = &api.JSONSchemaProps{Type: "object"}
	}
	s := newSchema(props)
	s.compileRules(true)
	return s
}

func newSchema(props *api.JSONSchemaProps) *Schema {
	s := &Schema{
		JSONSchemaProps: props, preserve: api.Deref(props.XPreserveUnknownFields, false),
		defaultValue: props.Default.Value(), listType: api.Deref(props.XListType, ""), mapType: api.Deref(props.XMapType, ""),
	}
	if len(props.Properties) > 0 {
		s.properties = make(map[string]*Schema, len(props.Properties))
		for name := range props.Properties {
			property := props.Properties[name]
			s.properties[name] = newSchema(&property)
		}
	}
	if props.Items != nil && props.Items.Schema != nil {
		s.items = newSchema(props.Items.Schema)
	}
	if a := props.AdditionalProperties; a != nil {
		if a.Schema != nil {
			s.additional = newSchema(a.Schema)
		} else {
			s.anyField = a.Allows
		}
	}
	for i := range props.Enum {
		s.enum = append(s.enum, props.Enum[i].Value())
	}
	if props.Pattern != "" {
		s.pattern, _ = regexp.Compile(props.Pattern) // an error has been found by CheckDefinition
	}
	s.formatKnownValue = checkedFormat(props.Type, props.Format)
	s.allOf, s.anyOf, s.oneOf = newSchemas(props.AllOf), newSchemas(props.AnyOf), newSchemas(props.OneOf)
	if props.Not != nil {
		s.not = newSchema(props.Not)
	}
	return s
}

func newSchemas(props []api.JSONSchemaProps) []*Schema {
	var schemas []*Schema
	for i := range props {
		schemas = append(schemas, newSchema(&props[i]))
	}
	return schemas
}

// child finds the schema of a field of an object. Nil: none says anything about it.
func (s *Schema) child(name string) *Schema {
	if s == nil {
		return nil
	}
	if property := s.properties[name]; property != nil {
		return property
	}
	return s.additional
}

// metaFields are what every object of the API has. At the root, and in embedded objects, no schema says anything new
// about them.
var metaFields = map[string]bool{"apiVersion": true, "kind": true, "metadata": true}

// Field follows a simple path of fields down from the schema. Nil: the schema does not say what is there.
func (s *Schema) Field(names ...string) *Schema {
	for _, name := range names {
		s = s.child(name)
	}
	return s
}

// sorted are the keys of a map in order, so that the same object always gets the same mistakes.
func sorted[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }
