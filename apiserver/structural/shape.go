package structural

import (
	"kubelite/apiserver/managedfields"
)

// Shape is what server-side apply must know of the schema.
func (s *Schema) Shape() *managedfields.Shape { return s.shape(false) }

// shape derives the shape of a schema below one that keeps unknown fields, or not.
func (s *Schema) shape(preserve bool) *managedfields.Shape {
	if s == nil {
		return managedfields.Anything
	}
	preserve = preserve || s.preserve
	out := &managedfields.Shape{Default: s.defaultValue}
	switch {
	case s.XIntOrString:
		out.Scalar = managedfields.Untyped
	case s.Type == "integer" || s.Type == "number":
		out.Scalar = managedfields.Numeric
	case s.Type == "boolean":
		out.Scalar = managedfields.Boolean
	case s.Type == "string" && (s.Format == "" || s.Format == "byte"):
		out.Scalar = managedfields.String
	case s.Type == "string":
		out.Scalar = managedfields.Untyped
	case s.Type == "array":
		out.Items, out.Keys = s.items.shape(preserve), s.XListMapKeys
		out.List = map[string]managedfields.ListType{"set": managedfields.ListSet, "map": managedfields.ListMap}[s.listType]
	case s.Type == "object":
		s.shapeObject(out, preserve)
	default:
		return managedfields.Anything
	}
	return out
}

func (s *Schema) shapeObject(out *managedfields.Shape, preserve bool) {
	out.Atomic, out.Fields = s.mapType == "atomic", map[string]*managedfields.Shape{}
	for name, property := range s.properties {
		out.Fields[name] = property.shape(preserve)
	}
	if s.XEmbeddedResource {
		managedfields.AddObjectFields(out.Fields)
	}
	switch {
	case s.additional != nil:
		out.Values = s.additional.shape(preserve)
	case s.anyField || preserve || len(out.Fields) == 0:
		out.Values = managedfields.Anything
	}
}
