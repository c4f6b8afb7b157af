package apiserver

import (
	"fmt"
	"net/http"
	"strings"

	"kubelite/api"
	"kubelite/apiserver/managedfields"
)

// The scale subresource is the number of replicas of an object under one form for all kinds, so that `kubectl scale`
// and autoscalers need to know none of them. A Scale is not stored: it is a view of its parent, and writing it is an
// update of the parent.
var scaleSubresource = &Subresource{
	Kind:   scaleKind,
	Verbs:  []string{"get", "update", "patch"},
	Handle: (*Server).serveScale,
	View:   func(res *Resource, parent api.Object) (api.Object, error) { return scaleOf(res, parent) },
	// A new number of replicas is a change of the spec like any other.
	Prepare: func(res *Resource, obj, old api.Object) { res.prepareSpec(obj, old) },
}

var scaleKind = api.KindOf[*api.Scale]()

// replicas points to the fields of a parent that its Scale shows.
func replicas(parent api.Object) (wanted **int32, has int32, selector *api.LabelSelector) {
	switch p := parent.(type) {
	case *api.Deployment:
		return &p.Spec.Replicas, p.Status.Replicas, p.Spec.Selector
	case *api.ReplicaSet:
		return &p.Spec.Replicas, p.Status.Replicas, p.Spec.Selector
	case *api.StatefulSet:
		return &p.Spec.Replicas, p.Status.Replicas, p.Spec.Selector
	case *api.ReplicationController:
		return &p.Spec.Replicas, p.Status.Replicas, &api.LabelSelector{MatchLabels: p.Spec.Selector}
	}
	panic("apiserver: " + api.KindFor(parent).Kind + " has no scale")
}

// scaleOf makes the Scale of a parent. It carries the parent's resourceVersion: writing it back over a parent that
// has changed is a conflict.
func scaleOf(res *Resource, parent api.Object) (*api.Scale, error) {
	wanted, status, err := readReplicas(res, parent)
	if err != nil {
		return nil, err
	}
	meta := parent.GetObjectMeta()
	scale := api.New[*api.Scale]()
	scale.ObjectMeta = api.ObjectMeta{
		Name: meta.Name, Namespace: meta.Namespace, UID: meta.UID,
		ResourceVersion: meta.ResourceVersion, CreationTimestamp: meta.CreationTimestamp,
	}
	scale.Spec.Replicas, scale.Status = wanted, status
	return scale, nil
}

// readReplicas reads what a Scale shows.
func readReplicas(res *Resource, parent api.Object) (wanted int32, status api.ScaleStatus, err error) {
	if obj, ok := parent.(*api.Unstructured); ok {
		wanted, status.Replicas, status.Selector, err = customScale(obj, res.ScalePaths)
		return wanted, status, err
	}
	spec, has, labels := replicas(parent)
	selector, err := api.LabelSelectorAsSelector(labels)
	if err != nil {
		return 0, status, api.NewBadRequest("%v", err)
	}
	return api.Deref(*spec, 0), api.ScaleStatus{Replicas: has, Selector: selector.String()}, nil
}

// writeReplicas puts a new number of replicas into a parent.
func writeReplicas(res *Resource, parent api.Object, wanted int32) error {
	if obj, ok := parent.(*api.Unstructured); ok {
		if err := setNested(obj.Content, res.ScalePaths.SpecReplicasPath, int64(wanted)); err != nil {
			return api.NewInternalError(err)
		}
		return nil
	}
	spec, _, _ := replicas(parent)
	*spec = &wanted
	return nil
}

// serveScale serves GET, PUT and PATCH of .../scale.
func (s *Server) serveScale(_ http.ResponseWriter, req *Request) (*Answer, error) {
	ctx := req.HTTP.Context()
	if req.Verb == "get" {
		e, err := s.current(ctx, req)
		if err != nil {
			return nil, err
		}
		parent, err := req.Resource.view(ctx, e)
		if err != nil {
			return nil, err
		}
		return answerScale(http.StatusOK, req.Resource, parent)
	}
	rescale, err := s.readScale(req)
	if err != nil {
		return nil, err
	}
	answer, err := s.update(ctx, req, func(parent api.Object) (api.Object, error) {
		before, err := scaleOf(req.Resource, parent)
		if err != nil {
			return nil, err
		}
		before.ManagedFields = managedfields.ToScale(parent.GetObjectMeta().ManagedFields, req.Resource.replicasPath)
		scale, err := rescale(before)
		if err != nil {
			return nil, err
		}
		if scale.Name != req.Name {
			return nil, api.NewBadRequest("the name of the object (%s) does not match the name on the URL (%s)", scale.Name, req.Name)
		}
		if err := req.checkNamespace(&scale.ObjectMeta); err != nil {
			return nil, err
		}
		if err := s.admission.Mutate(ctx, req, scale, before); err != nil {
			return nil, err
		}
		if err := checkScale(req.Resource, scale); err != nil {
			return nil, err
		}
		if err := writeReplicas(req.Resource, parent, scale.Spec.Replicas); err != nil {
			return nil, err
		}
		meta := parent.GetObjectMeta()
		meta.ManagedFields = managedfields.FromScale(meta.ManagedFields, scale.ManagedFields, req.Resource.APIVersion(), req.Resource.replicasPath)
		meta.ResourceVersion = scale.ResourceVersion
		if scale.UID != "" {
			meta.UID = scale.UID
		}
		return parent, nil
	})
	if err != nil {
		return nil, err
	}
	parent, err := answer.object(req)
	if err != nil {
		return nil, err
	}
	return answerScale(answer.Code, req.Resource, parent)
}

// checkScale looks at the Scale that is to be written. A custom object's own rules say how many replicas it can have.
func checkScale(res *Resource, scale *api.Scale) error {
	if res.Custom {
		if scale.Spec.Replicas == noReplicas {
			return api.NewBadRequest("the spec replicas field %q cannot be empty", res.ScalePaths.SpecReplicasPath)
		}
		return nil
	}
	if errs := api.ValidateScale(scale); len(errs) > 0 {
		return api.NewInvalid(scaleKind, scale.Name, errs)
	}
	return nil
}

func answerScale(code int, res *Resource, parent api.Object) (*Answer, error) {
	scale, err := scaleOf(res, parent)
	if err != nil {
		return nil, err
	}
	if res.Custom && scale.Spec.Replicas == noReplicas {
		return nil, api.NewInternalError(fmt.Errorf("the spec replicas field %q does not exist", res.ScalePaths.SpecReplicasPath))
	}
	return answerObject(code, scale), nil
}

// replicasPath is where the owners of a Scale's replicas own them in its parent, in every version.
func (res *Resource) replicasPath(string) []string {
	if res.ScalePaths != nil {
		return strings.Split(strings.TrimPrefix(res.ScalePaths.SpecReplicasPath, "."), ".")
	}
	return []string{"spec", "replicas"}
}

// readScale reads the body of a PUT or PATCH. What it returns makes the new Scale of the current one.
func (s *Server) readScale(req *Request) (func(before *api.Scale) (*api.Scale, error), error) {
	ctx, kind := req.HTTP.Context(), s.fieldKind(req.Resource, "scale")
	if req.Verb == "update" {
		if err := req.readWriteOptions("UpdateOptions"); err != nil {
			return nil, err
		}
		body, err := decodeBody(req, scaleKind)
		if err != nil {
			return nil, err
		}
		return func(before *api.Scale) (*api.Scale, error) {
			scale := api.DeepCopy(body.(*api.Scale))
			s.track(ctx, kind, req, before, scale)
			return scale, nil
		}, nil
	}
	form := req.patchType()
	apply := patchers[form]
	if apply == nil && form != api.ApplyPatchType {
		return nil, unsupportedPatch()
	}
	if err := req.readPatchOptions(form); err != nil {
		return nil, err
	}
	patch, err := req.readPatch()
	if err != nil {
		return nil, err
	}
	if form == api.ApplyPatchType {
		opinion, duplicates, err := readApply(patch)
		return func(before *api.Scale) (*api.Scale, error) {
			obj, err := s.applied(ctx, req, scaleKind, before, opinion, duplicates)
			if err != nil {
				return nil, err
			}
			return obj.(*api.Scale), nil
		}, err
	}
	return func(before *api.Scale) (*api.Scale, error) {
		doc, err := api.MarshalJSON(before)
		if err != nil {
			return nil, err
		}
		mistakes, shown, err := req.checkPatch(form, patch)
		if err != nil {
			return nil, err
		}
		patched, err := apply(doc, patch, api.Scale{})
		if err != nil {
			return nil, patchError(form, err)
		}
		if shown == "" {
			shown = string(patched)
		}
		scale := &api.Scale{}
		strict, err := decodeJSON(patched, scale, req.fieldValidation())
		if err != nil {
			return nil, invalidPatch(shown, err)
		}
		strict = append(mistakes, strict...)
		s.track(ctx, kind, req, before, scale)
		return scale, req.strictErrors(strict, func(err error) error { return invalidPatch(shown, err) })
	}, nil
}

// prepareSpec is what an update of the object itself goes through, for subresources that write the spec too.
func (res *Resource) prepareSpec(obj, old api.Object) {
	if res.Strategy.PrepareForUpdate != nil {
		res.Strategy.PrepareForUpdate(obj, old)
	}
	if spec := res.Strategy.Generation; spec != nil && !api.Equal(spec(obj), spec(old)) {
		obj.GetObjectMeta().Generation++
	}
}
