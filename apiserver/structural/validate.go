package structural

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	"kubelite/api"
	"kubelite/api/formats"
)

// Validate returns every mistake in a value, in upstream's words: what its schema says about types and bounds. base is
// where the value is in the object; old is what it was before an update (nil when it is new, then hadOld is false).
func (s *Schema) Validate(base api.Path, value, old any, hadOld bool) api.ErrorList {
	var c *correlation
	if hadOld {
		c = correlate(s, value, old)
	}
	return s.validate(base, value, c)
}

func (s *Schema) validate(base api.Path, value any, c *correlation) api.ErrorList {
	v := &validator{base: base}
	v.value(s, "", value, c)
	return v.errs
}

// validator gathers mistakes. Paths below are relative to base: messages name them so.
type validator struct {
	base api.Path
	errs api.ErrorList
}

// at is the whole path of a field. Upstream writes the path of the object itself as <nil>.
func (v *validator) at(path api.Path) api.Path {
	switch {
	case path == "" && v.base == "":
		return "<nil>"
	case path == "":
		return v.base
	case v.base == "":
		return path
	}
	return v.base + "." + path
}

func (v *validator) add(err *api.FieldError) { v.errs = append(v.errs, err) }

// invalid says that a value breaks a rule; the sentence begins with the path.
func (v *validator) invalid(path api.Path, value any, format string, args ...any) {
	if value == nil {
		value = ""
	}
	v.add(v.at(path).Invalid(value, string(path)+" in body "+fmt.Sprintf(format, args...)))
}

func (v *validator) wrongType(path api.Path, value any, wanted, found string) {
	err := v.at(path).Invalid(value, fmt.Sprintf("%s in body must be of type %s: %q", path, wanted, found))
	err.Type = api.ErrorTypeTypeInvalid
	v.add(err)
}

// value checks one value and all below it. Mistakes in a value that was the same before are forgiven.
func (v *validator) value(s *Schema, path api.Path, value any, c *correlation) {
	if s == nil {
		return
	}
	before := len(v.errs)
	v.checkType(s, path, value)
	if value != nil {
		v.junctors(s, path, value, c)
		switch value := value.(type) {
		case string:
			v.text(s, path, value)
		case int64:
			v.integer(s, path, value)
		case float64:
			v.number(s, path, value)
		case []any:
			v.list(s, path, value, c)
		}
	}
	v.checkEnum(s, path, value)
	if fields, ok := value.(map[string]any); ok {
		v.object(s, path, fields, c)
	}
	if len(v.errs) > before && c.unchanged() {
		v.errs = v.errs[:before]
	}
}

// types are what a value may be; nothing if the schema does not say.
func (s *Schema) types() []string {
	switch {
	case s.XIntOrString:
		return []string{"integer", "string"}
	case s.Type != "":
		return []string{s.Type}
	}
	return nil
}

func typeOf(value any) string {
	switch value.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case string:
		return "string"
	case int64:
		return "integer"
	case float64:
		return "number"
	case []any:
		return "array"
	}
	return "object"
}

func (v *validator) checkType(s *Schema, path api.Path, value any) {
	wanted := s.types()
	if wanted == nil || value == nil && s.Nullable {
		return
	}
	found := typeOf(value)
	whole, isFloat := value.(float64)
	switch {
	case slices.Contains(wanted, found), found == "integer" && slices.Contains(wanted, "number"):
		return
	case isFloat && whole == math.Trunc(whole) && slices.Contains(wanted, "integer"): // 1.0 is an integer
		return
	}
	v.wrongType(path, found, strings.Join(wanted, ","), found)
}

// junctors checks anyOf, oneOf, allOf and not. Where none of several fits, the mistakes of the one that nearly did are
// told too.
func (v *validator) junctors(s *Schema, path api.Path, value any, c *correlation) {
	try := func(alternative *Schema) api.ErrorList {
		t := &validator{base: v.base}
		t.value(alternative, path, value, c)
		return t.errs
	}
	best := func(schemas []*Schema) (fitting int, nearest api.ErrorList) {
		for _, alternative := range schemas {
			errs := try(alternative)
			if len(errs) == 0 {
				fitting++
			} else if nearest == nil || len(errs) < len(nearest) {
				nearest = errs
			}
		}
		return fitting, nearest
	}
	if len(s.anyOf) > 0 {
		if fitting, nearest := best(s.anyOf); fitting == 0 {
			v.composite("%q must validate at least one schema (anyOf)", path)
			v.errs = append(v.errs, nearest...)
		}
	}
	if len(s.oneOf) > 0 {
		switch fitting, nearest := best(s.oneOf); fitting {
		case 1:
		case 0:
			v.composite("%q must validate one and only one schema (oneOf). Found none valid", path)
			v.errs = append(v.errs, nearest...)
		default:
			v.composite("%q must validate one and only one schema (oneOf). Found %d valid alternatives", path, fitting)
		}
	}
	if len(s.allOf) > 0 {
		fitting := 0
		for _, each := range s.allOf {
			errs := try(each)
			if len(errs) == 0 {
				fitting++
			}
			v.errs = append(v.errs, errs...)
		}
		switch fitting {
		case len(s.allOf):
		case 0:
			v.composite("%q must validate all the schemas (allOf). None validated", path)
		default:
			v.composite("%q must validate all the schemas (allOf)", path)
		}
	}
	if s.not != nil && len(try(s.not)) == 0 {
		v.composite("%q must not validate the schema (not)", path)
	}
}

// composite is a mistake that upstream puts on the whole object.
func (v *validator) composite(format string, args ...any) {
	v.add(v.at("").Invalid("", fmt.Sprintf(format, args...)))
}

func (v *validator) text(s *Schema, path api.Path, value string) {
	length := int64(utf8.RuneCountInString(value))
	if s.MaxLength != nil && length > *s.MaxLength {
		v.add(v.at(path).TooLong(int(*s.MaxLength)))
	}
	if s.MinLength != nil && length < *s.MinLength {
		v.invalid(path, value, "should be at least %d chars long", *s.MinLength)
	}
	if s.pattern != nil && !s.pattern.MatchString(value) {
		v.invalid(path, value, "should match '%s'", s.Pattern)
	}
	if s.formatKnownValue != "" && !formats.Valid(s.formatKnownValue, value) {
		v.wrongType(path, value, s.Format, value)
	}
}

// checkedFormat is the format if strings are checked for it. Formats of numbers are bounds; see integer.
func checkedFormat(typ, format string) string {
	if (typ == "string" || typ == "") && formats.Known(format) {
		return format
	}
	return ""
}

func (v *validator) integer(s *Schema, path api.Path, value int64) {
	if s.Format == "int32" && s.Type == "integer" && (value < math.MinInt32 || value > math.MaxInt32) {
		v.composite("Checked value must be of type integer with format int32 in %s", path)
	}
	if s.Maximum != nil {
		bound := int64(*s.Maximum)
		switch {
		case s.ExclusiveMaximum && value >= bound:
			v.invalid(path, value, "should be less than %v", bound)
		case value > bound:
			v.invalid(path, value, "should be less than or equal to %v", bound)
		}
	}
	if s.Minimum != nil {
		bound := int64(*s.Minimum)
		switch {
		case s.ExclusiveMinimum && value <= bound:
			v.invalid(path, value, "should be greater than %v", bound)
		case value < bound:
			v.invalid(path, value, "should be greater than or equal to %v", bound)
		}
	}
	if m := s.MultipleOf; m != nil && int64(*m) != 0 && value%int64(*m) != 0 {
		v.invalid(path, value, "should be a multiple of %v", *m)
	}
}

func (v *validator) number(s *Schema, path api.Path, value float64) {
	if s.Type == "integer" && value != math.Trunc(value) {
		format := "(default format)"
		if s.Format != "" {
			format = "with format " + s.Format
		}
		v.composite("Checked value must be of type integer %s in %s", format, path)
	}
	if s.Maximum != nil {
		switch {
		case s.ExclusiveMaximum && value >= *s.Maximum:
			v.invalid(path, value, "should be less than %v", *s.Maximum)
		case value > *s.Maximum:
			v.invalid(path, value, "should be less than or equal to %v", *s.Maximum)
		}
	}
	if s.Minimum != nil {
		switch {
		case s.ExclusiveMinimum && value <= *s.Minimum:
			v.invalid(path, value, "should be greater than %v", *s.Minimum)
		case value < *s.Minimum:
			v.invalid(path, value, "should be greater than or equal to %v", *s.Minimum)
		}
	}
	if m := s.MultipleOf; m != nil && *m > 0 {
		if quotient := value / *m; quotient != math.Trunc(quotient) {
			v.invalid(path, value, "should be a multiple of %v", *m)
		}
	}
}

func (v *validator) list(s *Schema, path api.Path, value []any, c *correlation) {
	for i, item := range value {
		v.value(s.items, path.Index(i), item, c.index(i))
	}
	n := int64(len(value))
	if s.MinItems != nil && n < *s.MinItems {
		v.invalid(path, n, "should have at least %d items", *s.MinItems)
	}
	if s.MaxItems != nil && n > *s.MaxItems {
		v.add(v.at(path).TooMany(int(n), int(*s.MaxItems)))
	}
}

func (v *validator) object(s *Schema, path api.Path, fields map[string]any, c *correlation) {
	n := int64(len(fields))
	if s.MinProperties != nil && n < *s.MinProperties {
		v.invalid(path, n, "should have at least %d properties", *s.MinProperties)
	}
	if s.MaxProperties != nil && n > *s.MaxProperties {
		v.add(v.at(path).TooMany(int(n), int(*s.MaxProperties)))
	}
	for _, name := range sorted(fields) {
		below := c.key(name)
		if c != nil && c.root && (name == "kind" || name == "apiVersion") {
			below = nil
		}
		v.value(s.child(name), path.Child(name), fields[name], below)
	}
	for _, name := range s.Required {
		if _, ok := fields[name]; !ok {
			v.add(v.at(path.Child(name)).Required(""))
		}
	}
}

func (v *validator) checkEnum(s *Schema, path api.Path, value any) {
	if len(s.enum) == 0 || value == nil && s.Nullable {
		return
	}
	allowed := make([]string, len(s.enum))
	for i, candidate := range s.enum {
		if reflect.DeepEqual(candidate, value) || sameNumber(candidate, value) {
			return
		}
		if text, ok := candidate.(string); ok {
			allowed[i] = text
		} else {
			text, err := json.Marshal(candidate)
			if err == nil { // it came from JSON
				allowed[i] = string(text)
			}
		}
	}
	v.add(v.at(path).NotSupported(value, allowed...))
}

// sameNumber compares 1 with 1.0.
func sameNumber(a, b any) bool {
	i, isInt := a.(int64)
	f, isFloat := b.(float64)
	if !isInt || !isFloat {
		i, isInt = b.(int64)
		f, isFloat = a.(float64)
	}
	return isInt && isFloat && float64(i) == f
}
