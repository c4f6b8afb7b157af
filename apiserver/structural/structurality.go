package structural

import (
	"context"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"kubelite/api"
	"kubelite/cel"
)

// checkStructural returns what keeps a schema from being structural: types that are left open, or said twice.
func checkStructural(path api.Path, s *api.JSONSchemaProps) api.ErrorList {
	c := &structuralCheck{}
	c.schema(path, s, atRoot)
	c.complete(path, path, s, s)
	slices.SortStableFunc(c.errs, func(a, b *api.FieldError) int { return strings.Compare(a.Error(), b.Error()) })
	return c.errs
}

type structuralCheck struct{ errs api.ErrorList }

// level is where a schema stands; the message about a missing type depends on it.
type level string

const (
	atRoot  level = "at the root"
	atItem  level = "for specified array items"
	atField level = "for specified object fields"
)

func (c *structuralCheck) add(err *api.FieldError) { c.errs = append(c.errs, err) }

func (c *structuralCheck) schema(path api.Path, s *api.JSONSchemaProps, at level) {
	if s.Type == "array" && (s.Items == nil || s.Items.Schema == nil) {
		c.add(path.Child("items").Required("must be specified"))
	}
	if s.Items != nil && s.Items.Schema != nil {
		c.schema(path.Child("items"), s.Items.Schema, atItem)
	}
	for _, name := range sorted(s.Properties) {
		property := s.Properties[name]
		c.schema(path.Child("properties").Key(name), &property, atField)
	}
	if a := s.AdditionalProperties; a != nil {
		if at == atRoot {
			c.add(path.Child("additionalProperties").Forbidden("must not be used at the root"))
		}
		if a.Schema != nil {
			c.schema(path.Child("additionalProperties"), a.Schema, atField)
		}
	}
	preserve := api.Deref(s.XPreserveUnknownFields, false)
	if s.XIntOrString && preserve {
		c.add(path.Child("x-kubernetes-preserve-unknown-fields").Invalid(true, "must be false if x-kubernetes-int-or-string is true"))
	}
	if s.XIntOrString && s.XEmbeddedResource {
		c.add(path.Child("x-kubernetes-embedded-resource").Invalid(true, "must be false if x-kubernetes-int-or-string is true"))
	}
	c.values(path, s, isIntOrString(s.AnyOf), len(s.AllOf) > 0 && isIntOrString(s.AllOf[0].AnyOf))
	c.types(path, s, at, preserve)
	if at == atRoot || s.XEmbeddedResource {
		for _, name := range []string{"kind", "apiVersion"} {
			if property, ok := s.Properties[name]; ok && property.Type != "string" {
				c.add(path.Child("properties").Key(name).Child("type").Invalid(property.Type, "must be string"))
			}
		}
		if metadata, ok := s.Properties["metadata"]; ok {
			c.metadata(path.Child("properties").Key("metadata"), metadata, at)
		}
	}
	if s.XEmbeddedResource && !preserve && len(s.Properties) == 0 {
		c.add(path.Child("properties").Required("must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields"))
	}
}

func (c *structuralCheck) types(path api.Path, s *api.JSONSchemaProps, at level, preserve bool) {
	switch {
	case s.XEmbeddedResource && s.Type == "":
		c.add(path.Child("type").Required("must be object if x-kubernetes-embedded-resource is true"))
	case s.XEmbeddedResource && s.Type != "object":
		c.add(path.Child("type").Invalid(s.Type, "must be object if x-kubernetes-embedded-resource is true"))
	case s.Type == "" && !s.XIntOrString && !preserve:
		c.add(path.Child("type").Required("must not be empty " + string(at)))
	}
	if s.XEmbeddedResource && s.AdditionalProperties != nil {
		c.add(path.Child("additionalProperties").Forbidden("must not be used if x-kubernetes-embedded-resource is set"))
	}
	if at == atRoot && s.Type != "" && s.Type != "object" {
		c.add(path.Child("type").Invalid(s.Type, "must be object at the root"))
	}
}

// metadata: of the metadata of resources, a schema may restrict the names, and nothing else at the root.
func (c *structuralCheck) metadata(path api.Path, s api.JSONSchemaProps, at level) {
	if s.Type != "object" {
		c.add(path.Child("type").Invalid(s.Type, "must be object"))
	}
	if at != atRoot {
		return
	}
	for name := range s.Properties {
		if name != "name" && name != "generateName" {
			c.add(path.Forbidden("must not specify anything other than name and generateName, but metadata is implicitly specified"))
			return
		}
	}
	s.Properties, s.Type, s.Default = nil, "", nil
	if !reflect.DeepEqual(s, api.JSONSchemaProps{}) {
		c.add(path.Forbidden("must not specify anything other than name and generateName, but metadata is implicitly specified"))
	}
}

// isIntOrString recognises the one way to say in anyOf what x-kubernetes-int-or-string says.
func isIntOrString(anyOf []api.JSONSchemaProps) bool {
	return reflect.DeepEqual(anyOf, []api.JSONSchemaProps{{Type: "integer"}, {Type: "string"}})
}

// values checks the conditions on values. skipAnyOf and skipFirst excuse the two forms of int-or-string.
func (c *structuralCheck) values(path api.Path, s *api.JSONSchemaProps, skipAnyOf, skipFirst bool) {
	if !skipAnyOf {
		for i := range s.AnyOf {
			c.condition(path.Child("anyOf").Index(i), &s.AnyOf[i], false)
		}
	}
	for i := range s.AllOf {
		c.condition(path.Child("allOf").Index(i), &s.AllOf[i], skipFirst && i == 0)
	}
	for i := range s.OneOf {
		c.condition(path.Child("oneOf").Index(i), &s.OneOf[i], false)
	}
	if s.Not != nil {
		c.condition(path.Child("not"), s.Not, false)
	}
	if s.Pattern != "" {
		if _, err := regexp.Compile(s.Pattern); err != nil {
			c.add(path.Child("pattern").Invalid(s.Pattern, fmt.Sprintf("must be a valid regular expression, but isn't: %v", err)))
		}
	}
}

// condition checks a schema inside allOf and the like: it may say nothing about structure.
func (c *structuralCheck) condition(path api.Path, s *api.JSONSchemaProps, skipAnyOf bool) {
	c.values(path, s, skipAnyOf, false)
	if s.Items != nil && s.Items.Schema != nil {
		c.condition(path.Child("items"), s.Items.Schema, false)
	}
	for _, name := range sorted(s.Properties) {
		property := s.Properties[name]
		c.condition(path.Child("properties").Key(name), &property, false)
	}
	const empty, undefined, off = "must be empty to be structural", "must be undefined to be structural", "must be false to be structural"
	for _, forbidden := range []struct {
		field, detail string
		used          bool
	}{
		{"type", empty, s.Type != ""}, {"additionalProperties", undefined, s.AdditionalProperties != nil},
		{"default", undefined, s.Default.Value() != nil}, {"title", empty, s.Title != ""}, {"description", empty, s.Description != ""},
		{"nullable", off, s.Nullable}, {"x-kubernetes-preserve-unknown-fields", off, api.Deref(s.XPreserveUnknownFields, false)},
		{"x-kubernetes-embedded-resource", off, s.XEmbeddedResource}, {"x-kubernetes-int-or-string", off, s.XIntOrString},
		{"x-kubernetes-list-map-keys", empty, len(s.XListMapKeys) > 0}, {"x-kubernetes-list-type", undefined, s.XListType != nil},
		{"x-kubernetes-map-type", undefined, s.XMapType != nil}, {"x-kubernetes-validations", empty, len(s.XValidations) > 0},
	} {
		if forbidden.used {
			c.add(path.Child(forbidden.field).Forbidden(forbidden.detail))
		}
	}
	if _, ok := s.Properties["metadata"]; ok {
		c.add(path.Child("properties").Key("metadata").Forbidden("must not be specified in a nested context"))
	}
}

// complete wants every field that a condition mentions to be there outside of it. s is the structure, v the condition on
// it.
func (c *structuralCheck) complete(path, at api.Path, s, v *api.JSONSchemaProps) {
	if v.Not != nil {
		c.completeBelow(path, at.Child("not"), s, v.Not)
	}
	for name, list := range map[string][]api.JSONSchemaProps{"allOf": v.AllOf, "anyOf": v.AnyOf, "oneOf": v.OneOf} {
		for i := range list {
			c.completeBelow(path, at.Child(name).Index(i), s, &list[i])
		}
	}
}

func (c *structuralCheck) completeBelow(path, at api.Path, s, v *api.JSONSchemaProps) {
	if s == nil {
		c.add(path.Required("because it is defined in " + string(at)))
		return
	}
	c.complete(path, at, s, v)
	if v.Items != nil && v.Items.Schema != nil {
		var items *api.JSONSchemaProps
		if s.Items != nil {
			items = s.Items.Schema
		}
		c.completeBelow(path.Child("items"), at.Child("items"), items, v.Items.Schema)
	}
	for _, name := range sorted(v.Properties) {
		condition := v.Properties[name]
		var property *api.JSONSchemaProps
		if p, ok := s.Properties[name]; ok {
			property = &p
		}
		c.completeBelow(path.Child("properties").Key(name), at.Child("properties").Key(name), property, &condition)
	}
}

// checkDefaults checks that default values are good values: pruned, as the schema wants them, and such that its rules hold.
func checkDefaults(path api.Path, props *api.JSONSchemaProps) api.ErrorList {
	c := &defaultCheck{budget: cel.NewBudget(cel.ObjectBudget)}
	c.schema(path, newSchema(props), true)
	return c.errs
}

type defaultCheck struct {
	errs   api.ErrorList
	budget *cel.Budget // of the rules for all defaults together
	over   bool
}

func (c *defaultCheck) schema(path api.Path, s *Schema, isResource bool) {
	if s == nil || c.over {
		return
	}
	if s.defaultValue != nil {
		c.check(path.Child("default"), s, isResource)
	}
	c.schema(path.Child("items"), s.items, false)
	for _, name := range sorted(s.properties) {
		if isResource && metaFields[name] || s.XEmbeddedResource && metaFields[name] {
			continue
		}
		c.schema(path.Child("properties").Key(name), s.properties[name], false)
	}
}

func (c *defaultCheck) check(path api.Path, s *Schema, isResource bool) {
	pruned := api.DeepCopy(s.defaultValue)
	p := &pruner{}
	p.value(pruned, s, "")
	if len(p.dropped) > 0 {
		c.errs = append(c.errs, path.Invalid(s.defaultValue, "must not have unknown fields"))
	}
	if errs := s.ValidateEmbedded(path, s.defaultValue); len(errs) > 0 {
		c.errs = append(c.errs, errs...)
		return
	}
	v := &validator{base: path}
	v.value(s, "", s.defaultValue, nil)
	c.errs = append(c.errs, v.errs...)
	if len(v.errs) > 0 {
		return
	}
	s.compileRules(isResource || s.XEmbeddedResource)
	// The value may come where it was before, or where nothing was: rules can tell the two apart.
	for _, old := range []any{s.defaultValue, nil} {
		r := &ruleRun{ctx: context.Background(), budget: c.budget}
		r.value(s, path, s.defaultValue, old, forgiveness{})
		c.errs = append(c.errs, r.errs...)
		if c.over = r.over; len(r.errs) > 0 {
			return
		}
	}
}
