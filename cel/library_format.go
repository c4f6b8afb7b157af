package cel

import (
	"net/url"
	"strings"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/decls"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"

	"kubelite/api"
	"kubelite/api/formats"
)

// namedFormat is a rule for strings: format.dns1123Label().validate(s) has the messages of what is wrong, or is none.
type namedFormat struct {
	name     string
	validate func(s string) []string
	// patternSize is how long the regular expression of the rule is, or would be: what a check costs.
	patternSize int
}

var formatKind = &opaqueKind[*namedFormat]{
	celType: cel.ObjectType("kubernetes.NamedFormat"),
	equal:   func(a, b *namedFormat) bool { return a.name == b.name },
}

var namedFormats = map[string]*namedFormat{
	"dns1123Label":           {"DNS1123Label", api.IsDNS1123Label, 30},
	"dns1123LabelPrefix":     {"DNS1123LabelPrefix", prefixOf(api.IsDNS1123Label), 30},
	"dns1123Subdomain":       {"DNS1123Subdomain", api.IsDNS1123Subdomain, 60},
	"dns1123SubdomainPrefix": {"DNS1123SubdomainPrefix", prefixOf(api.IsDNS1123Subdomain), 60},
	"dns1035Label":           {"DNS1035Label", api.IsDNS1035Label, 30},
	"dns1035LabelPrefix":     {"DNS1035LabelPrefix", prefixOf(api.IsDNS1035Label), 30},
	"qualifiedName":          {"QualifiedName", api.IsQualifiedName, 60},
	"labelValue":             {"LabelValue", api.IsValidLabelValue, 40},
	"uri":                    {"URI", uriMessages, 1103},
	"uuid":                   {"uuid", messageUnless("uuid", "does not match the UUID format"), 84},
	"byte":                   {"byte", messageUnless("byte", "invalid base64"), 84},
	"date":                   {"date", messageUnless("date", "invalid date"), 74},
	"datetime":               {"datetime", messageUnless("datetime", "invalid datetime"), 74},
}

// Formats: one function without arguments for each, format.named("uuid"), and validate.
func formatFunctions() functions {
	library := functions{
		"format.named": {function("format-named", cel.OptionalType(formatKind.celType), unary(func(name string) ref.Val {
			if f := namedFormats[name]; f != nil {
				return types.OptionalOf(formatKind.of(f))
			}
			return types.OptionalNone
		}), cel.StringType)},
		"validate": {method("format-validate", cel.OptionalType(cel.ListType(cel.StringType)), binary(func(f *namedFormat, s string) ref.Val {
			if messages := f.validate(s); len(messages) > 0 {
				return types.OptionalOf(types.NewStringList(types.DefaultTypeAdapter, messages))
			}
			return types.OptionalNone
		}), formatKind.celType, cel.StringType)},
	}
	for name, f := range namedFormats {
		library["format."+name] = []cel.FunctionOpt{cel.Overload("format."+name, nil, formatKind.celType,
			decls.FunctionBinding(func(...ref.Val) ref.Val { return formatKind.of(f) }))}
	}
	return library
}

// prefixOf is the rule for generateName: what it begins may end with a dash.
func prefixOf(valid func(s string) []string) func(s string) []string {
	return func(s string) []string {
		if len(s) > 1 && strings.HasSuffix(s, "-") {
			s = s[:len(s)-2] + "a"
		}
		return valid(s)
	}
}

func messageUnless(format, message string) func(s string) []string {
	return func(s string) []string {
		if formats.Valid(format, s) {
			return nil
		}
		return []string{message}
	}
}

func uriMessages(s string) []string {
	if _, err := url.ParseRequestURI(s); err != nil {
		return []string{err.Error()}
	}
	return nil
}
