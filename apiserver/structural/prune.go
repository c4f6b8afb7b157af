package structural

import (
	"slices"

	"kubelite/api"
)

// Prune drops the fields that the schema does not know from an object's content, and returns their paths in order. The
// fields of every object (apiVersion, kind, metadata) are kept, here and in embedded objects.
func (s *Schema) Prune(content map[string]any) (dropped []string) {
	p := &pruner{}
	p.object(content, s, true, "")
	slices.Sort(p.dropped)
	return p.dropped
}

type pruner struct{ dropped []string }

// value prunes below a value. Of a nil schema nothing is known: all fields go.
func (p *pruner) value(v any, s *Schema, path api.Path) {
	switch v := v.(type) {
	case map[string]any:
		p.object(v, s, s != nil && s.XEmbeddedResource, path)
	case []any:
		for i, item := range v {
			switch {
			case s != nil && s.preserve:
				p.preserved(item, s.items, path.Index(i))
			case s != nil:
				p.value(item, s.items, path.Index(i))
			default:
				p.value(item, nil, path.Index(i))
			}
		}
	}
}

// preserved prunes below a value where unknown fields are kept: what the schema does know is pruned as it says.
func (p *pruner) preserved(v any, s *Schema, path api.Path) {
	if s == nil {
		return
	}
	switch v := v.(type) {
	case map[string]any:
		for name, value := range v {
			if s.XEmbeddedResource && metaFields[name] {
				continue
			}
			if known := s.child(name); known != nil {
				p.value(value, known, path.Child(name))
			}
		}
	case []any:
		for i, item := range v {
			p.preserved(item, s.items, path.Index(i))
		}
	}
}

func (p *pruner) object(v map[string]any, s *Schema, isResource bool, path api.Path) {
	if s != nil && s.preserve {
		for name, value := range v {
			if known := s.child(name); known != nil && !(isResource && metaFields[name]) {
				p.value(value, known, path.Child(name))
			}
		}
		return
	}
	for name, value := range v {
		known := s.child(name)
		switch {
		case isResource && metaFields[name]:
		case known != nil:
			p.value(value, known, path.Child(name))
		case s != nil && s.anyField:
			p.value(value, nil, path.Child(name))
		default:
			p.dropped = append(p.dropped, string(path.Child(name)))
			delete(v, name)
		}
	}
}
