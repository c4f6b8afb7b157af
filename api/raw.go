package api

// UID tells an object from another one of the same name, in time and space.
type UID string

// RawExtension is JSON whose kind the enclosing type does not know.
type RawExtension struct {
	Raw []byte
}

// FieldsV1 is a set of field paths as JSON; managedFields uses it.
type FieldsV1 struct {
	Raw []byte
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
