package api

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// ErrorType says what is wrong with a field; it becomes the "reason" of a Status cause.
type ErrorType string

// The error types of upstream's field package.
const (
	ErrorTypeNotFound     ErrorType = "FieldValueNotFound"
	ErrorTypeRequired     ErrorType = "FieldValueRequired"
	ErrorTypeDuplicate    ErrorType = "FieldValueDuplicate"
	ErrorTypeInvalid      ErrorType = "FieldValueInvalid"
	ErrorTypeNotSupported ErrorType = "FieldValueNotSupported"
	ErrorTypeForbidden    ErrorType = "FieldValueForbidden"
	ErrorTypeTooLong      ErrorType = "FieldValueTooLong"
	ErrorTypeTooMany      ErrorType = "FieldValueTooMany"
	ErrorTypeTypeInvalid  ErrorType = "FieldValueTypeInvalid"
)

// FieldError is one mistake: where it is, what kind it is, the value found and a sentence on what is allowed.
type FieldError struct {
	Type     ErrorType
	Field    string // "spec.containers[0].image"
	BadValue any
	Detail   string
}

// ErrorList is all mistakes of one object. An empty list means that the object is valid.
type ErrorList []*FieldError

// Error is "spec.replicas: Invalid value: -1: must be greater than or equal to 0".
func (e *FieldError) Error() string { return e.Field + ": " + e.Detailed() }

// Detailed is the error without the field's path.
func (e *FieldError) Detailed() string {
	var b strings.Builder
	switch e.Type {
	case ErrorTypeRequired:
		b.WriteString("Required value")
	case ErrorTypeForbidden:
		b.WriteString("Forbidden")
	case ErrorTypeTooLong:
		b.WriteString("Too long")
	case ErrorTypeInvalid, ErrorTypeTypeInvalid:
		b.WriteString("Invalid value")
		if _, hidden := e.BadValue.(notShown); !hidden {
			b.WriteString(": " + formatValue(e.BadValue))
		}
	case ErrorTypeDuplicate:
		fmt.Fprintf(&b, "Duplicate value: %s", formatValue(e.BadValue))
	case ErrorTypeNotSupported:
		fmt.Fprintf(&b, "Unsupported value: %s", formatValue(e.BadValue))
	case ErrorTypeNotFound:
		fmt.Fprintf(&b, "Not found: %s", formatValue(e.BadValue))
	case ErrorTypeTooMany:
		fmt.Fprintf(&b, "Too many: %v", formatValue(e.BadValue))
	}
	if e.Detail != "" {
		b.WriteString(": ")
		b.WriteString(e.Detail)
	}
	return b.String()
}

// notShown is the value of mistakes that concern so much of an object that showing it would tell nothing.
type notShown struct{}

// NotShown is the bad value of mistakes whose value is not to be told.
var NotShown any = notShown{}

// formatValue writes the value found as upstream's messages do: strings quoted, numbers bare, the rest as JSON.
// (JSON of encoding/json, because upstream's escapes < and > here too.)
func formatValue(v any) string {
	switch v := v.(type) {
	case string:
		return strconv.Quote(v)
	case nil:
		return "null"
	case bool, int, int32, int64, float64:
		return fmt.Sprint(v)
	}
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprintf("%+v", v)
	}
	return string(b)
}

// Aggregate joins the mistakes into one message.
func (l ErrorList) Aggregate() string { return Aggregate(l) }

// Aggregate joins the messages of errors as upstream does, each once: the only one bare, several in brackets.
func Aggregate[E error](errs []E) string {
	var texts []string
	for _, err := range errs {
		if text := err.Error(); !slices.Contains(texts, text) {
			texts = append(texts, text)
		}
	}
	if len(texts) == 1 {
		return texts[0]
	}
	return "[" + strings.Join(texts, ", ") + "]"
}

// Path is a field's place in an object, built on the way down: NewPath("spec").Child("containers").Index(0).
type Path string

// Child goes down into a field.
func (p Path) Child(names ...string) Path {
	for _, name := range names {
		if p == "" {
			p = Path(name)
		} else {
			p += "." + Path(name)
		}
	}
	return p
}

// Index goes down into a list.
func (p Path) Index(i int) Path { return p + Path("["+strconv.Itoa(i)+"]") }

// Key goes down into a map, or into a list by the element's name.
func (p Path) Key(key string) Path { return p + Path("["+key+"]") }

// Required says that the field must have a value.
func (p Path) Required(detail string) *FieldError {
	return &FieldError{Type: ErrorTypeRequired, Field: string(p), BadValue: "", Detail: detail}
}

// Invalid says that the value breaks a rule.
func (p Path) Invalid(value any, detail string) *FieldError {
	return &FieldError{Type: ErrorTypeInvalid, Field: string(p), BadValue: value, Detail: detail}
}

// NotSupported says that the value is none of the allowed ones.
func (p Path) NotSupported(value any, allowed ...string) *FieldError {
	quoted := make([]string, len(allowed))
	for i, a := range allowed {
		quoted[i] = strconv.Quote(a)
	}
	return &FieldError{Type: ErrorTypeNotSupported, Field: string(p), BadValue: value, Detail: "supported values: " + strings.Join(quoted, ", ")}
}

// Duplicate says that the value must be unique and is not.
func (p Path) Duplicate(value any) *FieldError {
	return &FieldError{Type: ErrorTypeDuplicate, Field: string(p), BadValue: value}
}

// Forbidden says that the field may not be set, or not be changed, here.
func (p Path) Forbidden(detail string) *FieldError {
	return &FieldError{Type: ErrorTypeForbidden, Field: string(p), BadValue: "", Detail: detail}
}

// NotFound says that the value names something that is not there.
func (p Path) NotFound(value any) *FieldError {
	return &FieldError{Type: ErrorTypeNotFound, Field: string(p), BadValue: value}
}

// TooLong says that the value has more than max bytes.
func (p Path) TooLong(max int) *FieldError {
	return &FieldError{Type: ErrorTypeTooLong, Field: string(p), BadValue: "", Detail: fmt.Sprintf("may not be more than %d bytes", max)}
}

// TooMany says that a list has more than max elements.
func (p Path) TooMany(actual, max int) *FieldError {
	return &FieldError{Type: ErrorTypeTooMany, Field: string(p), BadValue: actual, Detail: fmt.Sprintf("must have at most %d items", max)}
}
