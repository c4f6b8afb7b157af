package structural

import (
	"slices"
	"strings"

	"kubelite/api"
)

// CheckSelectableFields checks the fields that selectors of a version may ask for.
func CheckSelectableFields(path api.Path, fields []api.SelectableField, validation *api.CustomResourceValidation) (errs api.ErrorList) {
	if len(fields) == 0 {
		return nil
	}
	if validation == nil || validation.OpenAPIV3Schema == nil {
		return api.ErrorList{path.Invalid("", "may only be set when `version.schema.openAPIV3Schema` is not included")}
	}
	schema := newSchema(validation.OpenAPIV3Schema)
	seen := map[api.Path]bool{}
	for i, field := range fields {
		at, text := path.Index(i).Child("jsonPath"), field.JSONPath
		if text == "" {
			errs = append(errs, at.Required(""))
			continue
		}
		found, target, err := schema.fieldPath(text, false)
		if err != nil {
			errs = append(errs, at.Invalid(text, "is an invalid path: "+err.Error()))
			continue
		}
		if first, _, _ := strings.Cut(string(found), "."); first == "metadata" {
			errs = append(errs, at.Invalid(text, "must not point to fields in metadata"))
		}
		if !slices.Contains([]string{"string", "boolean", "integer"}, target.Type) {
			errs = append(errs, at.Invalid(text, "must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed."))
		}
		if seen[found] {
			errs = append(errs, at.Duplicate(text))
		}
		seen[found] = true
	}
	if len(seen) > maxSelectableFields {
		errs = append(errs, path.TooMany(len(seen), maxSelectableFields))
	}
	return errs
}

const maxSelectableFields = 8

// UnknownFormats lists the formats in a schema that nobody checks values for.
func UnknownFormats(props *api.JSONSchemaProps) (unknown []string) {
	eachSchema(props, func(s *api.JSONSchemaProps) {
		known := s.Format == ""
		switch s.Type {
		case "", "string":
			known = known || checkedFormat(s.Type, s.Format) != ""
		case "integer":
			known = known || s.Format == "int32" || s.Format == "int64"
		case "number":
			known = known || s.Format == "float" || s.Format == "double"
		}
		if !known {
			unknown = append(unknown, s.Format)
		}
	})
	return unknown
}

func eachSchema(s *api.JSONSchemaProps, f func(*api.JSONSchemaProps)) {
	if s == nil {
		return
	}
	f(s)
	for _, name := range sorted(s.Properties) {
		property := s.Properties[name]
		eachSchema(&property, f)
	}
	if s.Items != nil {
		eachSchema(s.Items.Schema, f)
	}
	if s.AdditionalProperties != nil {
		eachSchema(s.AdditionalProperties.Schema, f)
	}
	eachSchema(s.Not, f)
	for _, list := range [][]api.JSONSchemaProps{s.AllOf, s.AnyOf, s.OneOf} {
		for i := range list {
			eachSchema(&list[i], f)
		}
	}
}
