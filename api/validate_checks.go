package api

import (
	"cmp"
	"slices"
	"strings"
)

// The checks below all have one shape: they look at path.field and append what is wrong to the list. They take the
// parent's path and the field's name apart because nearly every object is valid: the path is put together only when
// there is something to say, so validating a good object builds almost no strings.

// at is Child, except that no field means the path itself.
func (p Path) at(field string) Path {
	if field == "" {
		return p
	}
	return p.Child(field)
}

// add appends mistakes that the caller has already put into words.
func (l *ErrorList) add(errs ...*FieldError) { *l = append(*l, errs...) }

// required says so when a string is empty, and tells whether it was there.
func (l *ErrorList) required(path Path, field, value string) bool {
	if value == "" {
		l.add(path.at(field).Required(""))
		return false
	}
	return true
}

// format checks a string's form: IsDNS1123Label and the like.
func (l *ErrorList) format(path Path, field, value string, form func(string) []string) {
	for _, message := range form(value) {
		l.add(path.at(field).Invalid(value, message))
	}
}

// requiredFormat is required, then format.
func (l *ErrorList) requiredFormat(path Path, field, value string, form func(string) []string) {
	if l.required(path, field, value) {
		l.format(path, field, value, form)
	}
}

// nonNegative wants a number of at least 0.
func (l *ErrorList) nonNegative(path Path, field string, value int64) {
	if value < 0 {
		l.add(path.at(field).Invalid(value, "must be greater than or equal to 0"))
	}
}

// positive wants a number of at least 1.
func (l *ErrorList) positive(path Path, field string, value int64) {
	if value <= 0 {
		l.add(path.at(field).Invalid(value, "must be greater than zero"))
	}
}

// inRange wants a number from lowest to highest.
func (l *ErrorList) inRange(path Path, field string, value, lowest, highest int64) {
	if value < lowest || value > highest {
		l.add(path.at(field).Invalid(value, inclusiveRange(lowest, highest)))
	}
}

// immutable wants the field as it was.
func (l *ErrorList) immutable(path Path, field string, value, old any) {
	if !Equal(value, old) {
		l.add(path.at(field).Invalid(value, fieldImmutable))
	}
}

const fieldImmutable = "field is immutable"

// domainPrefixedPath wants something like acme.io/foo.
func (l *ErrorList) domainPrefixedPath(path Path, value string) {
	if !l.required(path, "", value) {
		return
	}
	domain, rest, _ := strings.Cut(value, "/")
	if domain == "" || rest == "" {
		l.add(path.Invalid(value, `must be a domain-prefixed path (such as "acme.io/foo")`))
		return
	}
	l.format(path, "", domain, IsDNS1123Subdomain)
	if !every(rest, isPathCharacter) {
		l.add(path.Invalid(rest, regexMessage("Invalid path", `[A-Za-z0-9/\-._~%!$&'()*+,;=:]+`)))
	}
}

func isPathCharacter(c byte) bool {
	return alphanumeric(c) || strings.IndexByte("/-._~%!$&'()*+,;=:", c) >= 0
}

// oneOf wants one of the allowed values. The message lists them in the order given here.
func oneOf[T ~string](l *ErrorList, path Path, field string, value T, allowed ...T) {
	if slices.Contains(allowed, value) {
		return
	}
	names := make([]string, len(allowed))
	for i, a := range allowed {
		names[i] = string(a)
	}
	l.add(path.at(field).NotSupported(string(value), names...))
}

// requiredOneOf is oneOf for fields that defaulting should have filled: an empty one is missing, not unsupported.
func requiredOneOf[T ~string](l *ErrorList, path Path, field string, value T, allowed ...T) {
	if l.required(path, field, string(value)) {
		oneOf(l, path, field, value, allowed...)
	}
}

// optionalOneOf is oneOf for pointers: nil is fine.
func optionalOneOf[T ~string](l *ErrorList, path Path, field string, value *T, allowed ...T) {
	if value != nil {
		oneOf(l, path, field, *value, allowed...)
	}
}

// sortedKeys walks a map in order, so that the same object always gets the same list of mistakes.
func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K {
	if len(m) == 0 {
		return nil
	}
	keys := make([]K, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// unique drops mistakes that were found twice: an update checks some rules both as an object and as a change.
func (l ErrorList) unique() ErrorList {
	if len(l) < 2 {
		return l
	}
	seen := map[string]bool{}
	return slices.DeleteFunc(l, func(e *FieldError) bool {
		text := string(e.Type) + e.Error()
		double := seen[text]
		seen[text] = true
		return double
	})
}
