package api

import (
	"bytes"
	"crypto/rand"
	"fmt"
)

// UID tells an object from another one of the same name, in time and space.
type UID string

// NewUID makes a random UUID (version 4).
func NewUID() UID {
	var b [16]byte
	rand.Read(b[:]) // never fails, says crypto/rand
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return UID(fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:]))
}

// RawExtension is JSON whose kind the enclosing type does not know.
type RawExtension struct {
	Raw []byte `pb:"1"`
}

// MarshalJSON writes the bytes as they are, null when there are none.
func (r RawExtension) MarshalJSON() ([]byte, error) { return marshalRaw(r.Raw) }

// UnmarshalJSON keeps a copy of the bytes; null leaves the value empty.
func (r *RawExtension) UnmarshalJSON(b []byte) error {
	r.Raw = unmarshalRaw(r.Raw, b)
	return nil
}

// FieldsV1 is a set of field paths as JSON; managedFields uses it.
type FieldsV1 struct {
	Raw []byte `pb:"1"`
}

// MarshalJSON writes the bytes as they are, null when there are none.
func (f FieldsV1) MarshalJSON() ([]byte, error) { return marshalRaw(f.Raw) }

// UnmarshalJSON keeps a copy of the bytes; null leaves the value empty.
func (f *FieldsV1) UnmarshalJSON(b []byte) error {
	f.Raw = unmarshalRaw(f.Raw, b)
	return nil
}

func marshalRaw(raw []byte) ([]byte, error) {
	if raw == nil {
		return []byte("null"), nil
	}
	return raw, nil
}

func unmarshalRaw(old, b []byte) []byte {
	if string(b) == "null" {
		return old
	}
	return bytes.Clone(b) // the decoder reuses its buffer
}

// PatchType is the media type of a patch's body.
type PatchType string

// The patch types that the API takes.
const (
	JSONPatchType           PatchType = "application/json-patch+json"
	MergePatchType          PatchType = "application/merge-patch+json"
	StrategicMergePatchType PatchType = "application/strategic-merge-patch+json"
	ApplyPatchType          PatchType = "application/apply-patch+yaml"
)
