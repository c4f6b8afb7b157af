package structural

import (
	"math"

	"kubelite/api"
	"kubelite/cel"
)

// What expressions know of a value follows from its schema: its type, and how large it can be. The sizes decide how much a
// rule may cost at most, so they are upstream's to the byte.

// maxRequestSize is the most bytes of a request: nothing in it can be larger.
const maxRequestSize = 3 << 20

// ExpressionType is what expressions know of an object of which s is the schema: nil if it does not say what there is. Of
// metadata only the names are in it.
func (s *Schema) ExpressionType() *cel.Type { return s.celType(true) }

// celType is the type of a value for expressions; nil if they cannot see it. Of resources, metadata.name and
// metadata.generateName can be seen, and nothing else of metadata.
func (s *Schema) celType(isResource bool) *cel.Type {
	if s == nil {
		return nil
	}
	if s.XIntOrString {
		t := &cel.Type{Kind: cel.IntOrString, MinSize: 1, MaxElements: maxRequestSize - 2, Nullable: s.Nullable}
		if s.MaxLength != nil {
			t.MaxElements = 4 * max(*s.MaxLength, 0)
		}
		return t
	}
	switch s.Type {
	case "array":
		return s.arrayType()
	case "object":
		if s.additional != nil {
			return s.valuesType()
		}
		return s.objectType(isResource)
	case "string":
		return s.textType()
	case "boolean":
		return &cel.Type{Kind: cel.Bool, MinSize: 4, Nullable: s.Nullable}
	case "number":
		return &cel.Type{Kind: cel.Double, MinSize: 1, Nullable: s.Nullable}
	case "integer":
		return &cel.Type{Kind: cel.Int, MinSize: 1, Nullable: s.Nullable}
	}
	return nil
}

func (s *Schema) arrayType() *cel.Type {
	items := s.items.celType(s.items != nil && s.items.XEmbeddedResource)
	if items == nil {
		return nil
	}
	t := &cel.Type{Kind: cel.List, Items: items, MinSize: 2, Nullable: s.Nullable, Set: s.listType == "set"}
	if s.listType == "map" {
		t.Keys = s.XListMapKeys
	}
	t.MaxElements = (maxRequestSize - 2) / (items.MinSize + 1)
	if s.MaxItems != nil {
		t.MaxElements = max(*s.MaxItems, 0)
	}
	return t
}

func (s *Schema) valuesType() *cel.Type {
	values := s.additional.celType(s.additional.XEmbeddedResource)
	if values == nil {
		return nil
	}
	t := &cel.Type{Kind: cel.Map, Items: values, MinSize: 2, Nullable: s.Nullable}
	t.MaxElements = (maxRequestSize - 2) / (values.MinSize + 6) // a key, its quotes, a colon, a comma
	if s.MaxProperties != nil {
		t.MaxElements = max(*s.MaxProperties, 0)
	}
	return t
}

func (s *Schema) objectType(isResource bool) *cel.Type {
	t := &cel.Type{Kind: cel.Object, Fields: map[string]*cel.Type{}, MinSize: 2, Nullable: s.Nullable}
	required := map[string]bool{}
	for _, name := range s.Required {
		required[name] = true
	}
	for name, property := range s.properties {
		if isResource && metaFields[name] {
			continue
		}
		field := property.celType(property.XEmbeddedResource)
		if field == nil {
			continue
		}
		t.Fields[name] = field
		if required[name] && property.defaultValue == nil { // the shortest object has it
			t.MinSize += int64(len(name)) + field.MinSize + 4
		}
	}
	if isResource {
		text := func() *cel.Type { return &cel.Type{Kind: cel.String, MinSize: 2, MaxElements: maxRequestSize - 2} }
		t.Fields["kind"], t.Fields["apiVersion"] = text(), text()
		t.Fields["metadata"] = &cel.Type{Kind: cel.Object, MinSize: 2, Fields: map[string]*cel.Type{"name": text(), "generateName": text()}}
	}
	return t
}

func (s *Schema) textType() *cel.Type {
	t := &cel.Type{Kind: cel.String, MinSize: 2, MaxElements: maxRequestSize - 2, Nullable: s.Nullable}
	switch s.Format {
	case "byte":
		t.Kind = cel.Bytes
		if s.MaxLength != nil {
			t.MaxElements = max(*s.MaxLength, 0)
		}
		return t
	case "duration":
		t.Kind, t.MinSize, t.MaxElements = cel.Duration, 3, 32
		return t
	case "date":
		t.Kind, t.MinSize, t.MaxElements = cel.Date, 12, 12
		return t
	case "date-time":
		t.Kind, t.MinSize, t.MaxElements = cel.Timestamp, 21, 32
		return t
	}
	switch {
	case s.MaxLength != nil:
		t.MaxElements = 4 * max(*s.MaxLength, 0) // a character has up to four bytes
	case len(s.enum) > 0:
		t.MaxElements = 0
		for _, value := range s.enum {
			if text, ok := value.(string); ok {
				t.MaxElements = max(t.MaxElements, int64(len(text)))
			}
		}
	}
	return t
}

// maxTimes is how often a value with such a shortest form fits into a request.
func maxTimes(t *cel.Type) uint64 { return uint64(maxRequestSize / (t.MinSize + 1)) }

// timesWithin multiplies without running over.
func timesWithin(a, b uint64) uint64 {
	if a != 0 && b > math.MaxUint64/a {
		return math.MaxUint64
	}
	return a * b
}

// fieldPath reads the path that a rule blames, or that a selector may ask for: .spec.a, .spec['b.c']. It returns the
// path, and the schema of what is there.
func (s *Schema) fieldPath(text string, brackets bool) (path api.Path, found *Schema, err error) {
	rest := text
	for rest != "" {
		var name string
		if name, rest, err = nextStep(rest, brackets); err != nil {
			return "", nil, err
		}
		switch {
		case s.properties != nil:
			if path, s = path.Child(name), s.properties[name]; s == nil {
				return "", nil, errNoField
			}
		case s.additional != nil:
			path, s = path.Key(name), s.additional
		default:
			return "", nil, errNoField
		}
	}
	return path, s, nil
}
