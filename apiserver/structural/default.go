package structural

import "kubelite/api"

// Default fills in what was left out, and drops nulls that are no values: where there is a default, that is put in
// their place.
func (s *Schema) Default(content map[string]any) {
	dropNulls(content, s)
	fillIn(content, s)
}

// isNoValue tells of a null where none is allowed.
func isNoValue(v any, s *Schema) bool { return v == nil && s != nil && !s.Nullable }

func dropNulls(v any, s *Schema) {
	switch v := v.(type) {
	case map[string]any:
		for name, value := range v {
			known := s.child(name)
			if isNoValue(value, known) && known.defaultValue == nil {
				delete(v, name)
			} else {
				dropNulls(value, known)
			}
		}
	case []any:
		var items *Schema
		if s != nil {
			items = s.items
		}
		for _, item := range v {
			dropNulls(item, items)
		}
	}
}

func fillIn(v any, s *Schema) {
	if s == nil {
		return
	}
	switch v := v.(type) {
	case map[string]any:
		for name, property := range s.properties {
			if property.defaultValue == nil {
				continue
			}
			if value, found := v[name]; !found || isNoValue(value, property) {
				v[name] = api.DeepCopy(property.defaultValue)
			}
		}
		for name, value := range v {
			known := s.child(name)
			if isNoValue(value, known) {
				value = api.DeepCopy(known.defaultValue)
				v[name] = value
			}
			fillIn(value, known)
		}
	case []any:
		for i := range v {
			if isNoValue(v[i], s.items) {
				v[i] = api.DeepCopy(s.items.defaultValue)
			}
			fillIn(v[i], s.items)
		}
	}
}
