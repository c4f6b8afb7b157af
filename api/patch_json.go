package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strings"

	jsonpatch "github.com/evanphx/json-patch/v5"
)

// ErrMalformedPatch is found in the chain of every error about a patch that makes no sense on its own. A patch that makes
// sense and does not fit the document (a path that is not there, a test that fails) is a StatusError that says so.
var ErrMalformedPatch = errors.New("malformed patch")

// malformedPatch is such an error. Its text does not repeat what it is.
type malformedPatch string

func (e malformedPatch) Error() string        { return string(e) }
func (e malformedPatch) Is(target error) bool { return target == ErrMalformedPatch }

// maxPatchCopies bounds what the copy operations of one JSON patch may add to a document, in bytes. A short patch that
// copies a document into itself again and again would double it each time.
const maxPatchCopies = 3 << 20

// ApplyJSONPatch carries out a list of operations (RFC 6902) on a document.
func ApplyJSONPatch(doc, patch []byte) ([]byte, error) {
	patched, err := applyJSONPatch(doc, patch)
	if err != nil && !errors.Is(err, ErrMalformedPatch) {
		return nil, patchDoesNotFit(err)
	}
	return patched, err
}

// TryJSONPatch is ApplyJSONPatch for operations whose tests are conditions: holds is false if one of them is not met,
// and that is no error.
func TryJSONPatch(doc, patch []byte) (patched []byte, holds bool, err error) {
	patched, err = applyJSONPatch(doc, patch)
	if errors.Is(err, jsonpatch.ErrTestFailed) {
		return nil, false, nil
	}
	return patched, err == nil, err
}

func applyJSONPatch(doc, patch []byte) ([]byte, error) {
	operations, err := jsonpatch.DecodePatch(patch)
	if err != nil {
		return nil, malformedPatch(err.Error())
	}
	for _, operation := range operations {
		if path, err := operation.Path(); err == nil && path == "" && operation.Kind() == "test" && operation["value"] == nil {
			// The document is something, so it is not nothing. The library would dereference the nothing.
			return nil, fmt.Errorf("testing value %s failed: %w", path, jsonpatch.ErrTestFailed)
		}
		setForReplace(operation)
	}
	options := jsonpatch.NewApplyOptions()
	options.AccumulatedCopySizeLimit = maxPatchCopies
	options.EscapeHTML = false
	return operations.ApplyWithOptions(doc, options)
}

// setForReplace lets "replace" set a field that is not there, as Kubernetes always has, though the RFC has not: "add" does
// just that with fields. Elements of lists, which "add" would insert, are left to "replace".
func setForReplace(operation jsonpatch.Operation) {
	path, err := operation.Path()
	if err != nil || operation.Kind() != "replace" {
		return
	}
	last := path[strings.LastIndexByte(path, '/')+1:]
	if last != "" && last != "-" && strings.Trim(last, "0123456789") != "" {
		add := json.RawMessage(`"add"`)
		operation["op"] = &add
	}
}

// patchDoesNotFit is upstream's answer, and, other than there, what the matter is.
func patchDoesNotFit(err error) *StatusError {
	return newStatus(http.StatusUnprocessableEntity, StatusReasonInvalid, nil, "the server rejected our request due to an error in our request: %v", err)
}

// ApplyMergePatch lays a partial document over a document (RFC 7386): null removes, lists are replaced whole.
func ApplyMergePatch(doc, patch []byte) ([]byte, error) {
	original, err := decodePatchObject(doc)
	if err != nil {
		return nil, err
	}
	changes, err := decodePatchObject(patch)
	if err != nil {
		return nil, err
	}
	return MarshalJSON(mergeJSON(original, changes))
}

// mergeJSON changes original. Nulls in maps that original lacks mean nothing and are left out.
func mergeJSON(original, patch map[string]any) map[string]any {
	for key, value := range patch {
		submap, isMap := value.(map[string]any)
		switch old, _ := original[key].(map[string]any); {
		case value == nil:
			delete(original, key)
		case isMap && old != nil:
			original[key] = mergeJSON(old, submap)
		case isMap:
			original[key] = mergeJSON(map[string]any{}, submap)
		default:
			original[key] = value
		}
	}
	return original
}

// CreateJSONMergePatch makes the merge patch that turns original into modified.
func CreateJSONMergePatch(original, modified []byte) ([]byte, error) {
	from, err := decodePatchObject(original)
	if err != nil {
		return nil, err
	}
	to, err := decodePatchObject(modified)
	if err != nil {
		return nil, err
	}
	return MarshalJSON(diffJSON(from, to, true, true))
}

// CreateThreeWayJSONMergePatch makes the merge patch that apply sends for kinds whose Go type is not known: what modified
// no longer has of original is removed, and what current has differently is set. Fields that others have added to
// current stay. Empty documents count as {}.
func CreateThreeWayJSONMergePatch(original, modified, current []byte) ([]byte, error) {
	var docs [3]map[string]any
	for i, data := range [][]byte{original, modified, current} {
		doc, err := decodePatchObject(data)
		if err != nil {
			return nil, err
		}
		docs[i] = doc
	}
	deletions := diffJSON(docs[0], docs[1], false, true)
	changes := diffJSON(docs[2], docs[1], true, false)
	return MarshalJSON(joinJSON(deletions, changes))
}

// diffJSON makes the merge patch from one document to another: its additions and changes, its deletions, or both.
func diffJSON(from, to map[string]any, changes, deletions bool) map[string]any {
	patch := map[string]any{}
	for key, value := range to {
		old, had := from[key]
		oldMap, wasMap := old.(map[string]any)
		newMap, isMap := value.(map[string]any)
		switch {
		case wasMap && isMap:
			if sub := diffJSON(oldMap, newMap, changes, deletions); len(sub) > 0 {
				patch[key] = sub
			}
		case changes && value != nil && (!had || !reflect.DeepEqual(old, value)):
			patch[key] = value
		case deletions && value == nil && had && old != nil:
			patch[key] = nil
		}
	}
	if deletions {
		for key := range from {
			if _, has := to[key]; !has {
				patch[key] = nil
			}
		}
	}
	return patch
}

// joinJSON makes one merge patch of two that do not contradict each other.
func joinJSON(a, b map[string]any) map[string]any {
	for key, value := range b {
		aMap, aOK := a[key].(map[string]any)
		bMap, bOK := value.(map[string]any)
		if aOK && bOK {
			value = joinJSON(aMap, bMap)
		}
		a[key] = value
	}
	return a
}

// decodePatchObject reads a document or a patch, which must be a JSON object. Nothing at all is an empty one.
func decodePatchObject(data []byte) (map[string]any, error) {
	object := map[string]any{}
	if len(data) == 0 {
		return object, nil
	}
	if err := UnmarshalJSON(data, &object); err != nil {
		return nil, malformedPatch(fmt.Sprintf("invalid JSON document: %v", err))
	}
	if object == nil { // the word null
		object = map[string]any{}
	}
	return object, nil
}
