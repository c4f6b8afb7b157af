package api

import (
	fastjson "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	jsonv1 "github.com/go-json-experiment/json/v1"
	kubejson "sigs.k8s.io/json"
)

// MarshalJSON writes any API value as compact JSON, fields in the order of the type and keys of maps sorted. The characters
// <, > and & stay as they are.
func MarshalJSON(v any) ([]byte, error) { return fastjson.Marshal(v, asEncodingJSON) }

// asEncodingJSON writes what encoding/json would. That this is the same package that reads keeps one description of each type
// in memory instead of two.
var asEncodingJSON = fastjson.JoinOptions(
	jsonv1.OmitEmptyWithLegacySemantics(true), jsonv1.StringifyWithLegacySemantics(true), fastjson.Deterministic(true),
	fastjson.FormatNilSliceAsNull(true), fastjson.FormatNilMapAsNull(true),
	jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true), jsontext.EscapeForJS(true), jsontext.PreserveRawStrings(true),
)

// UnmarshalJSON reads JSON into an API value. Names are case-sensitive, unlike in encoding/json; unknown fields are
// dropped; whole numbers read into an interface become int64.
func UnmarshalJSON(data []byte, into any) error {
	return kubejson.UnmarshalCaseSensitivePreserveInts(data, into)
}

// ReadJSON is UnmarshalJSON for what a server or the store has written: it takes half the time, and words its errors for
// nobody in particular. Half of what the components do is to read the objects that they watch.
func ReadJSON(data []byte, into any) error {
	return fastjson.Unmarshal(data, into, asWritten)
}

// asWritten lets be what other servers' encoders let be.
var asWritten = fastjson.JoinOptions(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))

// UnmarshalJSONStrict is UnmarshalJSON that also lists what a person would want to hear about: every unknown field
// and every field given twice, each with its path. The value is filled in all the same, unless err is set.
func UnmarshalJSONStrict(data []byte, into any) (strict []error, err error) {
	if u, ok := into.(*Unstructured); ok {
		return u.unmarshalStrict(data)
	}
	if fastjson.Unmarshal(data, into, flawless) == nil {
		return nil, nil
	}
	return unmarshalStrictly(data, into) // from the start, for upstream's words
}

// flawless takes what nobody could find fault with, in half the time. What it refuses may still be good.
var flawless = fastjson.RejectUnknownMembers(true)

func unmarshalStrictly(data []byte, into any) (strict []error, err error) {
	return kubejson.UnmarshalStrict(data, into)
}
