package structural

import (
	"encoding/json"

	"kubelite/api"
)

// ValidateLists finds items that are in a set twice, or in a list with the same keys twice.
func (s *Schema) ValidateLists(base api.Path, value any) (errs api.ErrorList) {
	if s == nil {
		return nil
	}
	switch value := value.(type) {
	case map[string]any:
		for _, name := range sorted(value) {
			if property := s.properties[name]; property != nil {
				errs = append(errs, property.ValidateLists(base.Child(name), value[name])...)
			} else if s.additional != nil {
				errs = append(errs, s.additional.ValidateLists(base.Key(name), value[name])...)
			}
		}
	case []any:
		switch s.listType {
		case "set":
			errs = append(errs, duplicates(base, value)...)
		case "map":
			errs = append(errs, s.duplicateKeys(base, value)...)
		}
		for i, item := range value {
			errs = append(errs, s.items.ValidateLists(base.Index(i), item)...)
		}
	}
	return errs
}

// duplicates names the second of equal values, once for each.
func duplicates(base api.Path, values []any) (errs api.ErrorList) {
	seen := map[string]int{}
	for i, value := range values {
		text, err := json.Marshal(value)
		if err != nil {
			return api.ErrorList{base.Index(i).Invalid(value, "internal error")}
		}
		if seen[string(text)]++; seen[string(text)] == 2 {
			errs = append(errs, base.Index(i).Duplicate(value))
		}
	}
	return errs
}

func (s *Schema) duplicateKeys(base api.Path, items []any) api.ErrorList {
	keys := make([]any, len(items))
	for i, item := range items {
		fields, ok := item.(map[string]any)
		if item != nil && !ok {
			return api.ErrorList{base.Index(i).Invalid(item, "must be an object for an array of list-type map")}
		}
		key := map[string]any{}
		for _, name := range s.XListMapKeys {
			if value, ok := fields[name]; ok {
				key[name] = value
			}
		}
		keys[i] = key
	}
	return duplicates(base, keys)
}
