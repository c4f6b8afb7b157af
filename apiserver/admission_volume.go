package apiserver

import (
	"context"
	"errors"
	"slices"

	"kubelite/api"
)

// volumeProtection keeps claims, volumes and their classes of attributes from vanishing while they are in use: each gets a finalizer, which a
// controller takes away when nobody uses it any more. Upstream's admission plugin StorageObjectInUseProtection.
type volumeProtection struct{}

// Mutate adds the finalizer.
func (volumeProtection) Mutate(_ context.Context, req *Request, obj, old api.Object) error {
	if old != nil || req.Subresource != "" {
		return nil
	}
	finalizer := ""
	switch obj.(type) {
	case *api.PersistentVolumeClaim:
		finalizer = api.FinalizerClaimProtection
	case *api.PersistentVolume:
		finalizer = api.FinalizerVolumeProtection
	case *api.VolumeAttributesClass:
		finalizer = api.FinalizerAttributesClassProtection
	default:
		return nil
	}
	if meta := obj.GetObjectMeta(); !slices.Contains(meta.Finalizers, finalizer) {
		meta.Finalizers = append(meta.Finalizers, finalizer)
	}
	return nil
}

// Validate does nothing.
func (volumeProtection) Validate(context.Context, *Request, api.Object, api.Object) error {
	return nil
}

// claimResize lets a claim grow only where its class says that its volumes can. Upstream's admission plugin
// PersistentVolumeClaimResize.
type claimResize struct{ server *Server }

// Mutate does nothing.
func (claimResize) Mutate(context.Context, *Request, api.Object, api.Object) error { return nil }

// Validate looks at claims that ask for more than before.
func (p claimResize) Validate(ctx context.Context, req *Request, obj, old api.Object) error {
	claim, ok := obj.(*api.PersistentVolumeClaim)
	before, had := old.(*api.PersistentVolumeClaim)
	if !ok || !had || req.Subresource != "" {
		return nil
	}
	size := claim.Spec.Resources.Requests[api.ResourceStorage]
	if size.Cmp(before.Spec.Resources.Requests[api.ResourceStorage]) <= 0 {
		return nil
	}
	if before.Status.Phase != api.ClaimBound {
		return errNotBound
	}
	name, was := api.ClaimClass(claim), api.ClaimClass(before)
	if name == "" || was == "" {
		return errNoResize
	}
	class, err := read[*api.StorageClass](ctx, p.server, "", name)
	if err != nil || !api.Deref(class.AllowVolumeExpansion, false) {
		return errNoResize
	}
	return nil
}

var (
	errNotBound = errors.New("Only bound persistent volume claims can be expanded") //nolint:staticcheck // upstream's words
	errNoResize = errors.New("only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize")
)
