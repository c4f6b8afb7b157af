package api

import (
	"bytes"
	"encoding/json"
	"sync"

	fastjson "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	kubejson "sigs.k8s.io/json"
)

// encodeBuffers keeps the buffers of finished encodings. A server encodes thousands of objects a second, nearly all
// of the same few sizes.
var encodeBuffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// maxPooledBuffer keeps one huge list from pinning its memory for good.
const maxPooledBuffer = 256 << 10

// MarshalJSON writes any API value as compact JSON, fields in the order of the type. The characters <, > and & stay
// as they are.
func MarshalJSON(v any) ([]byte, error) {
	buf := encodeBuffers.Get().(*bytes.Buffer)
	defer func() {
		if buf.Cap() <= maxPooledBuffer {
			buf.Reset()
			encodeBuffers.Put(buf)
		}
	}()
	enc := json.NewEncoder(buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.Clone(bytes.TrimSuffix(buf.Bytes(), []byte("\n"))), nil
}

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
