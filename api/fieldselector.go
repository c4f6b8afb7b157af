package api

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// FieldRequirement is one term of a field selector: a field that must, or must not, have a value. Which fields there
// are depends on the kind; metadata.name and metadata.namespace work for all.
type FieldRequirement struct {
	Field    string // "status.phase"
	NotEqual bool
	Value    string
}

// Matches tells whether an object whose field has the given value is picked.
func (r FieldRequirement) Matches(value string) bool { return (value == r.Value) != r.NotEqual }

// String is the term in the form that ParseFieldSelector reads.
func (r FieldRequirement) String() string {
	operator := "="
	if r.NotEqual {
		operator = "!="
	}
	return r.Field + operator + fieldValueEscaper.Replace(r.Value)
}

var fieldValueEscaper = strings.NewReplacer(`\`, `\\`, `,`, `\,`, `=`, `\=`)

// FormatFieldSelector is the reverse of ParseFieldSelector.
func FormatFieldSelector(terms []FieldRequirement) string {
	texts := make([]string, len(terms))
	for i, t := range terms {
		texts[i] = t.String()
	}
	return strings.Join(texts, ",")
}

// ParseFieldSelector reads "status.phase=Running,metadata.name!=web". A backslash in a value escapes a comma, an
// equals sign or a backslash. The terms come back sorted.
func ParseFieldSelector(s string) ([]FieldRequirement, error) {
	parts := splitFieldTerms(s)
	slices.Sort(parts)
	var terms []FieldRequirement
	for _, part := range parts {
		if part == "" {
			continue
		}
		term, rawValue, ok := cutFieldTerm(part)
		if !ok {
			return nil, fmt.Errorf("invalid selector: '%s'; can't understand '%s'", s, part)
		}
		var err error
		if term.Value, err = unescapeFieldValue(rawValue); err != nil {
			return nil, err
		}
		if term.Field != "" || term.Value != "" {
			terms = append(terms, term)
		}
	}
	return terms, nil
}

// splitFieldTerms cuts at commas that no backslash precedes.
func splitFieldTerms(s string) []string {
	var parts []string
	start, escaped := 0, false
	for i := range len(s) {
		switch {
		case escaped:
			escaped = false
		case s[i] == '\\':
			escaped = true
		case s[i] == ',':
			parts = append(parts, s[start:i])
			start = i + 1
		}
	}
	return append(parts, s[start:])
}

// cutFieldTerm cuts at the first operator; a field's name cannot hold one.
func cutFieldTerm(part string) (term FieldRequirement, value string, ok bool) {
	i := strings.IndexByte(part, '=')
	if i < 0 {
		return term, "", false
	}
	field, value := part[:i], part[i+1:]
	if trimmed, not := strings.CutSuffix(field, "!"); not {
		return FieldRequirement{Field: trimmed, NotEqual: true}, value, true
	}
	return FieldRequirement{Field: field}, strings.TrimPrefix(value, "="), true
}

func unescapeFieldValue(s string) (string, error) {
	var b strings.Builder
	escaped := false
	for _, c := range s {
		switch {
		case escaped && (c == '\\' || c == ',' || c == '='):
			b.WriteRune(c)
			escaped = false
		case escaped:
			return "", fmt.Errorf("invalid field selector: invalid escape sequence: \\%c", c)
		case c == '\\':
			escaped = true
		case c == ',' || c == '=':
			return "", fmt.Errorf("invalid field selector: unescaped character in value: %v", c)
		default:
			b.WriteRune(c)
		}
	}
	if escaped {
		return "", errors.New(`invalid field selector: invalid escape sequence: \`)
	}
	return b.String(), nil
}
