package apiserver

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"kubelite/api"
)

var patchTypes = []string{string(api.JSONPatchType), string(api.MergePatchType), string(api.StrategicMergePatchType), string(api.ApplyPatchType)}

// servePatch serves PATCH for every kind: read the object, change it as the patch says, and go on like PUT.
func (s *Server) servePatch(_ http.ResponseWriter, req *Request) (*Answer, error) {
	form := req.patchType()
	if form == api.ApplyPatchType {
		return s.serveApply(req)
	}
	apply := req.Resource.patcher(form)
	if apply == nil {
		if req.Resource.Custom {
			return nil, api.NewUnsupportedMediaType(req.Resource.patchTypes())
		}
		return nil, unsupportedPatch()
	}
	if err := req.readPatchOptions(form); err != nil {
		return nil, err
	}
	patch, err := req.readPatch()
	if err != nil {
		return nil, err
	}
	return s.patch(req.HTTP.Context(), req, form, patch, apply)
}

// patchType is the media type of the body.
func (r *Request) patchType() api.PatchType {
	media, _, _ := strings.Cut(r.HTTP.Header.Get("Content-Type"), ";")
	return api.PatchType(strings.TrimSpace(media))
}

// A patcher applies a patch to an object's JSON. dataType is a value of the object's Go type, whose tags say how lists
// merge.
type patcher func(doc, patch []byte, dataType any) ([]byte, error)

var patchers = map[api.PatchType]patcher{
	api.JSONPatchType:           func(doc, patch []byte, _ any) ([]byte, error) { return api.ApplyJSONPatch(doc, patch) },
	api.MergePatchType:          func(doc, patch []byte, _ any) ([]byte, error) { return api.ApplyMergePatch(doc, patch) },
	api.StrategicMergePatchType: api.ApplyStrategicMergePatch,
}

// patcher finds what a media type means; nil if the resource takes no such patches. Only a Go type has the tags that a
// strategic merge goes by.
func (res *Resource) patcher(patchType api.PatchType) patcher {
	if res.Custom && patchType == api.StrategicMergePatchType {
		return nil
	}
	return patchers[patchType]
}

func (res *Resource) patchTypes() []string {
	if res.Custom {
		return slices.DeleteFunc(slices.Clone(patchTypes), func(t string) bool { return t == string(api.StrategicMergePatchType) })
	}
	return patchTypes
}

func (s *Server) patch(ctx context.Context, req *Request, form api.PatchType, patch []byte, apply patcher) (*Answer, error) {
	kind := req.Resource.Kind
	return s.update(ctx, req, s.tracked(ctx, req, func(old api.Object) (api.Object, error) {
		doc, err := api.MarshalJSON(old)
		if err != nil {
			return nil, err
		}
		mistakes, shown, err := req.checkPatch(form, patch)
		if err != nil {
			return nil, err
		}
		patched, err := apply(doc, patch, kind.New())
		if err != nil {
			return nil, patchError(form, err)
		}
		if shown == "" {
			shown = string(patched)
		}
		obj := kind.New()
		strict, err := decodeJSON(patched, obj, req.fieldValidation())
		if mismatch := checkKind(kind, obj.GetTypeMeta()); mismatch != nil {
			return nil, invalidPatch(shown, mismatch)
		}
		if err != nil {
			return nil, invalidPatch(shown, typesIn(kind.Version, err))
		}
		if kind.Prune != nil {
			strict = append(strict, kind.Prune(obj)...)
		}
		strict = append(mistakes, strict...)
		if err := req.strictErrors(strict, func(err error) error { return invalidPatch(shown, err) }); err != nil {
			return nil, err
		}
		setTypeMeta(kind, obj)
		if kind.Default != nil {
			kind.Default(obj)
		}
		return obj, nil
	}))
}

// maxOperations is how many operations a JSON patch may have.
const maxOperations = 10000

// operation is an operation of a JSON patch, as far as its form goes.
type operation struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	From  string `json:"from"`
	Value any    `json:"value"`
}

// checkPatch looks at a patch without the object: is it one at all, and what would a careful reader complain about? shown is
// what an error shows of a strategic merge patch; of the others it shows the result.
func (r *Request) checkPatch(form api.PatchType, patch []byte) (mistakes []error, shown string, err error) {
	var operations []operation
	changes := map[string]any{}
	var into any = &changes
	if form == api.JSONPatchType {
		into = &operations
	}
	mistakes, err = decodeJSON(patch, into, r.fieldValidation())
	switch {
	case err != nil && form == api.StrategicMergePatchType:
		return nil, "", api.NewBadRequest("%v", err)
	case err != nil:
		return nil, "", api.NewBadRequest("error decoding patch: %v", err)
	case len(operations) > maxOperations:
		tooMany := api.NewRequestEntityTooLarge(0)
		tooMany.ErrStatus.Message = fmt.Sprintf("Request entity too large: The allowed maximum operations in a JSON patch is %d, got %d", maxOperations, len(operations))
		return nil, "", tooMany
	case form == api.JSONPatchType:
		for i := range mistakes {
			mistakes[i] = fmt.Errorf("json patch %w", mistakes[i])
		}
	case form == api.StrategicMergePatchType:
		shown = fmt.Sprintf("%+v", changes)
	}
	return mistakes, shown, nil
}

// invalidPatch says that the patch makes no valid object of the kind.
func invalidPatch(shown string, err error) error {
	return api.NewInvalid(&api.Kind{}, "", api.ErrorList{api.Path("patch").Invalid(shown, err.Error())})
}

// patchError is for a patch that cannot be applied to the object. Upstream says of a JSON patch only that it cannot, and
// has a reason for few mistakes in a strategic merge patch.
func patchError(form api.PatchType, err error) error {
	switch {
	case errors.Is(err, api.ErrPatchFormat):
		return api.NewBadRequest("%v", err)
	case form != api.JSONPatchType && !errors.Is(err, api.ErrListOfLists):
		return api.NewUnexplained("%v", err)
	}
	status := api.NewInvalid(&api.Kind{}, "", nil)
	status.ErrStatus.Message, status.ErrStatus.Details = "the server rejected our request due to an error in our request", &api.StatusDetails{}
	return status
}

// unsupportedPatch is for media types that are none of a patch.
func unsupportedPatch() error {
	err := api.NewUnsupportedMediaType(nil)
	err.ErrStatus.Message, err.ErrStatus.Details = "415: Unsupported Media Type", &api.StatusDetails{}
	return err
}
