package structural

import (
	"strings"

	"kubelite/api"
)

// ValidateEmbedded checks apiVersion, kind and metadata of the objects inside an object.
func (s *Schema) ValidateEmbedded(base api.Path, value any) (errs api.ErrorList) {
	if s == nil {
		return nil
	}
	switch value := value.(type) {
	case map[string]any:
		if s.XEmbeddedResource {
			errs = append(errs, validateResource(base, value)...)
		}
		for _, name := range sorted(value) {
			if property := s.properties[name]; property != nil {
				errs = append(errs, property.ValidateEmbedded(base.Child(name), value[name])...)
			} else if s.additional != nil {
				errs = append(errs, s.additional.ValidateEmbedded(base.Key(name), value[name])...)
			}
		}
	case []any:
		for i, item := range value {
			errs = append(errs, s.items.ValidateEmbedded(base.Index(i), item)...)
		}
	}
	return errs
}

func validateResource(base api.Path, fields map[string]any) (errs api.ErrorList) {
	for _, name := range []string{"apiVersion", "kind"} {
		at := base.Child(name)
		value, found := fields[name]
		text, isText := value.(string)
		switch {
		case !found:
			errs = append(errs, at.Required(""))
		case !isText:
			errs = append(errs, at.Invalid(value, "must be a string"))
		case text == "":
			errs = append(errs, at.Invalid(text, "must not be empty"))
		case name == "apiVersion" && strings.Count(text, "/") > 1:
			errs = append(errs, at.Invalid(text, "unexpected GroupVersion string: "+text))
		case name == "kind":
			if messages := api.IsDNS1035Label(strings.ToLower(text)); messages != nil {
				errs = append(errs, at.Invalid(text, "may have mixed case, but should otherwise match: "+strings.Join(messages, ",")))
			}
		}
	}
	raw, found := fields["metadata"]
	if !found {
		return errs
	}
	meta, err := decodeMetadata(raw)
	if err != nil {
		return append(errs, base.Child("metadata").Invalid(raw, err.Error()))
	}
	if meta.Name == "" {
		meta.Name = "fakename" // it need not have one
	}
	kind := &api.Kind{Namespaced: meta.Namespace != "", ValidName: api.IsPathSegmentName}
	for _, err := range api.ValidateObjectMeta(kind, meta) {
		err.Field = string(base.Child(err.Field))
		errs = append(errs, err)
	}
	return errs
}

func decodeMetadata(raw any) (*api.ObjectMeta, error) {
	data, err := api.MarshalJSON(raw)
	if err != nil {
		return nil, err
	}
	meta := &api.ObjectMeta{}
	return meta, api.UnmarshalJSON(data, meta)
}

// PruneEmbedded drops what no object's metadata has from the objects inside an object, and returns the paths. A
// metadata that cannot be read is a mistake.
func (s *Schema) PruneEmbedded(content map[string]any) (dropped []string, err *api.FieldError) {
	return s.pruneEmbedded("", content)
}

func (s *Schema) pruneEmbedded(base api.Path, value any) (dropped []string, mistake *api.FieldError) {
	if s == nil {
		return nil, nil
	}
	down := func(schema *Schema, path api.Path, value any) bool {
		below, err := schema.pruneEmbedded(path, value)
		dropped, mistake = append(dropped, below...), err
		return err == nil
	}
	switch value := value.(type) {
	case map[string]any:
		if raw, found := value["metadata"]; found && s.XEmbeddedResource {
			unknown, pruned, err := api.PruneMetadata(raw)
			if err != nil {
				return dropped, base.Child("metadata").Invalid(raw, err.Error())
			}
			value["metadata"] = pruned
			for _, name := range unknown {
				dropped = append(dropped, string(base.Child(name)))
			}
		}
		for _, name := range sorted(value) {
			if !down(s.child(name), base.Child(name), value[name]) {
				return dropped, mistake
			}
		}
	case []any:
		for i, item := range value {
			if !down(s.items, base.Index(i), item) {
				return dropped, mistake
			}
		}
	}
	return dropped, nil
}
