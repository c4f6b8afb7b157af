package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// IntOrString holds a number or a name (a port), or a number or a percentage (of replicas).
type IntOrString struct {
	Type   IntOrStringType `pb:"1"`
	IntVal int32           `pb:"2"`
	StrVal string          `pb:"3"`
}

// IntOrStringType tells which of the two an IntOrString holds.
type IntOrStringType int

// The two forms of an IntOrString.
const (
	IntegerForm IntOrStringType = 0
	StringForm  IntOrStringType = 1
)

// FromInt makes the number form.
func FromInt(v int) IntOrString { return IntOrString{Type: IntegerForm, IntVal: int32(v)} }

// FromString makes the string form.
func FromString(v string) IntOrString { return IntOrString{Type: StringForm, StrVal: v} }

// ParseIntOrString makes the number form of text that is a number, the string form of any other.
func ParseIntOrString(v string) IntOrString {
	if n, err := strconv.ParseInt(v, 10, 32); err == nil {
		return FromInt(int(n))
	}
	return FromString(v)
}

// String is what was written, without quotes.
func (i IntOrString) String() string {
	if i.Type == StringForm {
		return i.StrVal
	}
	return strconv.Itoa(int(i.IntVal))
}

// IntValue is the number, also when it was written as a string, and 0 for any other string.
func (i IntOrString) IntValue() int {
	if i.Type == StringForm {
		n, _ := strconv.Atoi(i.StrVal) // a string that is no number counts as 0
		return n
	}
	return int(i.IntVal)
}

// MarshalJSON writes a JSON number or a JSON string.
func (i IntOrString) MarshalJSON() ([]byte, error) {
	if i.Type == StringForm {
		return MarshalJSON(i.StrVal)
	}
	return strconv.AppendInt(nil, int64(i.IntVal), 10), nil
}

// UnmarshalJSON reads a JSON number or a JSON string.
func (i *IntOrString) UnmarshalJSON(b []byte) error {
	if b[0] == '"' {
		i.Type = StringForm
		return json.Unmarshal(b, &i.StrVal)
	}
	i.Type = IntegerForm
	return json.Unmarshal(b, &i.IntVal)
}

// ScaledIntOrPercent is the number, or that percentage of total, rounded up or down. Any string that is not a
// percentage is an error.
func ScaledIntOrPercent(v *IntOrString, total int, roundUp bool) (int, error) {
	if v == nil {
		return 0, errors.New("nil value for IntOrString")
	}
	if v.Type == IntegerForm {
		return int(v.IntVal), nil
	}
	number, ok := strings.CutSuffix(v.StrVal, "%")
	if !ok {
		return 0, errors.New("invalid value for IntOrString: invalid type: string is not a percentage")
	}
	percent, err := strconv.Atoi(number)
	if err != nil {
		return 0, fmt.Errorf("invalid value for IntOrString: invalid value %q: %v", v.StrVal, err)
	}
	scaled := percent * total / 100 // towards zero; the sign of a remainder says which way that was
	switch remainder := percent * total % 100; {
	case roundUp && remainder > 0:
		scaled++
	case !roundUp && remainder < 0:
		scaled--
	}
	return scaled, nil
}
