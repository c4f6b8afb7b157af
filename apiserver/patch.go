package apiserver

import (
	"context"
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
		return nil, api.NewUnsupportedMediaType(req.Resource.patchTypes())
	}
	if err := req.readPatchOptions(form); err != nil {
		return nil, err
	}
	patch, err := readBody(req.HTTP)
	if err != nil {
		return nil, err
	}
	return s.patch(req.HTTP.Context(), req, patch, apply)
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

func (s *Server) patch(ctx context.Context, req *Request, patch []byte, apply patcher) (*Answer, error) {
	kind := req.Resource.Kind
	return s.update(ctx, req, s.tracked(ctx, req, func(old api.Object) (api.Object, error) {
		doc, err := api.MarshalJSON(old)
		if err != nil {
			return nil, err
		}
		patched, err := apply(doc, patch, kind.New())
		if err != nil {
			return nil, patchError(err)
		}
		obj := kind.New()
		strict, err := decodeJSON(patched, obj, req.fieldValidation())
		if mismatch := checkKind(kind, obj.GetTypeMeta()); mismatch != nil {
			return nil, invalidPatch(patched, mismatch)
		}
		if err != nil {
			return nil, invalidPatch(patched, err)
		}
		if kind.Prune != nil {
			strict = append(strict, kind.Prune(obj)...)
		}
		if err := req.strictErrors(strict, func(err error) error { return invalidPatch(patched, err) }); err != nil {
			return nil, err
		}
		setTypeMeta(kind, obj)
		if kind.Default != nil {
			kind.Default(obj)
		}
		return obj, nil
	}))
}

// invalidPatch says that the patch makes no valid object of the kind.
func invalidPatch(patched []byte, err error) error {
	return api.NewInvalid(&api.Kind{}, "", api.ErrorList{api.Path("patch").Invalid(string(patched), err.Error())})
}

// patchError is for a patch that cannot be applied: 422 if it does not fit the object (a failed "test"), 400 if it
// is no patch at all. api tells them apart.
func patchError(err error) error {
	if _, ok := err.(*api.StatusError); ok {
		return err
	}
	return api.NewBadRequest("%v", err)
}
