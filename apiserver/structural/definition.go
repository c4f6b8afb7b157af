package structural

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"kubelite/api"
)

// CheckDefinition returns every mistake in the schema of a version. hasStatus tells whether the version has a status
// subresource; unchanged that the schema was there before, so that costs are not counted anew.
func CheckDefinition(path api.Path, validation *api.CustomResourceValidation, hasStatus, unchanged bool) api.ErrorList {
	if validation == nil || validation.OpenAPIV3Schema == nil {
		return nil
	}
	props, at := validation.OpenAPIV3Schema, path.Child("openAPIV3Schema")
	var errs api.ErrorList
	if hasStatus {
		errs = checkRoot(path, props)
	}
	if props.Nullable {
		errs = append(errs, path.Child("openAPIV3Schema.nullable").Forbidden("nullable cannot be true at the root"))
	}
	structural := checkStructural(at, props)
	if structural == nil {
		structural = checkDefaults(at, props)
	}
	errs = append(errs, structural...)
	c := &definitionCheck{unchanged: unchanged, compile: len(structural) == 0}
	c.schema(at, props, place{root: true, defaults: true, cardinality: 1, bounded: true, compilable: true})
	errs = append(errs, c.errs...)
	errs = append(errs, c.ruleErrs...)
	return append(errs, c.total(at)...)
}

// allowedAtRoot are the fields that a root schema may have beside a status subresource: those that leave the schema of
// status complete in itself. The names are upstream's Go names, which its message lists.
var allowedAtRoot = strings.Fields("Description Type Format Title Maximum ExclusiveMaximum Minimum ExclusiveMinimum MaxLength MinLength Pattern MaxItems MinItems UniqueItems MultipleOf Required Items Properties ExternalDocs Example XPreserveUnknownFields XValidations")

func checkRoot(path api.Path, props *api.JSONSchemaProps) api.ErrorList {
	v := reflect.ValueOf(props).Elem()
	for i := range v.NumField() {
		name := v.Type().Field(i).Name
		switch {
		case v.Field(i).IsZero():
		case name == "Type" && props.Type != "object":
			return api.ErrorList{path.Child("openAPIV3Schema.type").Invalid(props.Type, `only "object" is allowed as the type at the root of the schema if the status subresource is enabled`)}
		case !slices.Contains(allowedAtRoot, name):
			return api.ErrorList{path.Child("openAPIV3Schema").Invalid(props, fmt.Sprintf("only %v fields are allowed at the root of the schema if the status subresource is enabled", allowedAtRoot))}
		}
	}
	return nil
}

// place is what matters of where a schema stands.
type place struct {
	root     bool
	inMeta   bool   // in apiVersion, kind or metadata of a resource
	defaults bool   // may it have a default?
	noReason string // why not
	// noOld is the nearest schema around whose values cannot be paired with those of before: oldSelf has no meaning.
	noOld api.Path
	// cardinality is how many such values an object can have; bounded tells whether that is known.
	cardinality uint64
	bounded     bool
	compilable  bool // not inside allOf, anyOf, oneOf or not
}

func (p place) times(elements *int64) place {
	if elements == nil {
		p.bounded = false
	} else {
		p.cardinality = timesWithin(p.cardinality, uint64(max(*elements, 0)))
	}
	p.root = false
	return p
}

// definitionCheck goes down a schema. Rules are compiled only where the schema at hand and all below it are good.
type definitionCheck struct {
	unchanged bool
	compile   bool
	errs      api.ErrorList
	ruleErrs  api.ErrorList
	costs     []ruleCost
}

type ruleCost struct {
	path api.Path
	cost uint64
}

func (c *definitionCheck) forbid(path api.Path, field, detail string) {
	c.errs = append(c.errs, path.Child(field).Forbidden(detail))
}

func (c *definitionCheck) invalid(path api.Path, value any, detail string) {
	c.errs = append(c.errs, path.Invalid(value, detail))
}

func (c *definitionCheck) required(path api.Path, detail string) {
	c.errs = append(c.errs, path.Required(detail))
}

var schemaTypes = []string{"array", "boolean", "integer", "number", "object", "string"}

func (c *definitionCheck) schema(path api.Path, s *api.JSONSchemaProps, p place) {
	if s == nil {
		return
	}
	before := len(c.errs)
	c.dialect(path, s, p)
	if s.UniqueItems {
		c.forbid(path, "uniqueItems", "uniqueItems cannot be set to true since the runtime complexity becomes quadratic")
	}
	c.children(path, s, p)
	if s.XPreserveUnknownFields != nil && !*s.XPreserveUnknownFields {
		c.invalid(path.Child("x-kubernetes-preserve-unknown-fields"), false, "must be true or undefined")
	}
	c.topology(path, s)
	for i := range s.XValidations {
		c.rule(path.Child("x-kubernetes-validations").Index(i), &s.XValidations[i], s)
	}
	if len(s.XValidations) > 0 && len(c.errs) == before && c.compile && p.compilable {
		c.expressions(path, s, p)
	}
}

// dialect forbids what OpenAPI has and the API does not.
func (c *definitionCheck) dialect(path api.Path, s *api.JSONSchemaProps, p place) {
	if s.Type != "" && !slices.Contains(schemaTypes, s.Type) {
		c.errs = append(c.errs, path.Child("type").NotSupported(s.Type, schemaTypes...))
	}
	if s.Default != nil && !p.defaults {
		detail := "must not be set"
		if p.noReason != "" {
			detail += " " + p.noReason
		}
		c.forbid(path, "default", detail)
	}
	for _, unsupported := range []struct {
		field string
		used  bool
	}{
		{"id", s.ID != ""}, {"additionalItems", s.AdditionalItems != nil}, {"patternProperties", len(s.PatternProperties) > 0},
		{"definitions", len(s.Definitions) > 0}, {"dependencies", s.Dependencies != nil}, {"$ref", s.Ref != nil},
	} {
		if unsupported.used {
			c.forbid(path, unsupported.field, unsupported.field+" is not supported")
		}
	}
	if s.Type == "null" {
		c.forbid(path, "type", "type cannot be set to null, use nullable as an alternative")
	}
	if s.Items != nil && len(s.Items.JSONSchemas) > 0 {
		c.forbid(path, "items", "items must be a schema object and not an array")
	}
	if p.inMeta && s.XEmbeddedResource {
		c.forbid(path, "x-kubernetes-embedded-resource", "must not be used inside of resource meta")
	}
}

func (c *definitionCheck) children(path api.Path, s *api.JSONSchemaProps, p place) {
	if a := s.AdditionalProperties; a != nil {
		if len(s.Properties) > 0 && (!a.Allows || a.Schema != nil) {
			c.forbid(path, "additionalProperties", "additionalProperties and properties are mutual exclusive")
		}
		below := p.times(s.MaxProperties)
		if p.inMeta {
			below.defaults, below.noReason = false, "inside additionalProperties applying to object metadata"
		}
		c.schema(path.Child("additionalProperties"), a.Schema, below)
	}
	for _, name := range sorted(s.Properties) {
		below := p
		below.root = false
		if s.XMapType != nil && *s.XMapType != "granular" && below.noOld == "" {
			below.noOld = path
		}
		if (p.root || s.XEmbeddedResource) && metaFields[name] {
			below.inMeta = true
			if p.root {
				below.defaults, below.noReason = false, "in top-level "+name
			}
		}
		property := s.Properties[name]
		c.schema(path.Child("properties").Key(name), &property, below)
	}
	inside := p
	inside.root, inside.compilable = false, false
	c.schema(path.Child("not"), s.Not, inside)
	for i := range s.AllOf {
		c.schema(path.Child("allOf").Index(i), &s.AllOf[i], inside)
	}
	for i := range s.OneOf {
		c.schema(path.Child("oneOf").Index(i), &s.OneOf[i], inside)
	}
	for i := range s.AnyOf {
		c.schema(path.Child("anyOf").Index(i), &s.AnyOf[i], inside)
	}
	if s.Items != nil {
		below := p.times(s.MaxItems)
		if api.Deref(s.XListType, "atomic") != "map" && below.noOld == "" {
			below.noOld = path
		}
		c.schema(path.Child("items"), s.Items.Schema, below)
	}
}

// topology checks how lists and objects are said to merge.
func (c *definitionCheck) topology(path api.Path, s *api.JSONSchemaProps) {
	typed := func(extension, want string) bool {
		switch s.Type {
		case want:
			return true
		case "":
			c.required(path.Child("type"), "must be "+want+" if "+extension+" is specified")
		default:
			c.invalid(path.Child("type"), s.Type, "must be "+want+" if "+extension+" is specified")
		}
		return false
	}
	if s.XMapType != nil {
		typed("x-kubernetes-map-type", "object")
		if *s.XMapType != "atomic" && *s.XMapType != "granular" {
			c.errs = append(c.errs, path.Child("x-kubernetes-map-type").NotSupported(*s.XMapType, "atomic", "granular"))
		}
	}
	listType := api.Deref(s.XListType, "")
	var items *api.JSONSchemaProps
	if s.Items != nil {
		items = s.Items.Schema
	}
	if s.XListType != nil && typed("x-kubernetes-list-type", "array") && listType == "set" && items != nil {
		const atomic = "must be atomic as item of a list with x-kubernetes-list-type=set"
		switch {
		case items.Type == "array" && items.XListType != nil && *items.XListType != "atomic":
			c.invalid(path.Child("items", "x-kubernetes-list-type"), items.XListType, atomic)
		case items.Type == "object" && api.Deref(items.XMapType, "") != "atomic":
			c.invalid(path.Child("items", "x-kubernetes-map-type"), items.XListType, atomic)
		}
	}
	if s.XListType != nil && !slices.Contains([]string{"atomic", "set", "map"}, listType) {
		c.errs = append(c.errs, path.Child("x-kubernetes-list-type").NotSupported(listType, "atomic", "set", "map"))
	}
	if len(s.XListMapKeys) > 0 {
		const isMap = "must be map if x-kubernetes-list-map-keys is non-empty"
		switch {
		case s.XListType == nil:
			c.required(path.Child("x-kubernetes-list-type"), isMap)
		case listType != "map":
			c.invalid(path.Child("x-kubernetes-list-type"), listType, isMap)
		}
	}
	if listType == "map" {
		c.listMap(path, s, items)
	}
	if items != nil && (listType == "set" || listType == "map") && items.Nullable {
		c.forbid(path, "items.nullable", "cannot be nullable when x-kubernetes-list-type is "+listType)
	}
	if listType == "map" && items != nil {
		c.mapKeys(path.Child("items", "properties"), s.XListMapKeys, items)
	}
}

func (c *definitionCheck) listMap(path api.Path, s, items *api.JSONSchemaProps) {
	keysPath := path.Child("x-kubernetes-list-map-keys")
	if len(s.XListMapKeys) == 0 {
		c.required(keysPath, "must not be empty if x-kubernetes-list-type is map")
	}
	switch {
	case s.Items == nil:
		c.required(path.Child("items"), "must have a schema if x-kubernetes-list-type is map")
	case items == nil:
		c.invalid(path.Child("items"), s.Items, "must only have a single schema if x-kubernetes-list-type is map")
	case items.Type != "object":
		c.invalid(path.Child("items", "type"), items.Type, "must be object if parent array's x-kubernetes-list-type is map")
	default:
		seen := map[string]bool{}
		for _, key := range s.XListMapKeys {
			property, ok := items.Properties[key]
			switch {
			case !ok:
				c.invalid(keysPath, s.XListMapKeys, "entries must all be names of item properties")
			case property.Type == "array" || property.Type == "object":
				c.invalid(path.Child("items", "properties").Key(key).Child("type"), items.Type, "must be a scalar type if parent array's x-kubernetes-list-type is map")
			}
			if seen[key] {
				c.invalid(keysPath, s.XListMapKeys, "must not contain duplicate entries")
			}
			seen[key] = true
		}
	}
}

// mapKeys: every item has to have every key, so that items can always be told apart.
func (c *definitionCheck) mapKeys(path api.Path, keys []string, items *api.JSONSchemaProps) {
	for _, key := range keys {
		property, ok := items.Properties[key]
		if !ok {
			continue
		}
		if !slices.Contains(items.Required, key) && property.Default == nil {
			c.required(path.Key(key).Child("default"), "this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property")
		}
		if property.Nullable {
			c.forbid(path.Key(key), "nullable", "this property is in x-kubernetes-list-map-keys, so it cannot be nullable")
		}
	}
}
