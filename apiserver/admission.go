package apiserver

import (
	"context"

	"kubelite/api"
)

// An admission plugin sees every write after its sender was authorized and before it is stored. Which write it is
// shows in the arguments: a create has no old, a delete has no obj, an update has both. What is asked of which
// resource and by whom is in req; subresources come here too (req.Subresource), and dry runs (req.DryRun), which
// must have no side effects.
//
// An error that is an *api.StatusError is answered as it is; others become 403 Forbidden, as upstream's do.
type admission interface {
	// Mutate may change obj. It runs before the object is prepared and validated, so it sees what the user wrote
	// with defaults filled in.
	Mutate(ctx context.Context, req *Request, obj, old api.Object) error
	// Validate has the last word on the object that would be stored, and must not change it.
	Validate(ctx context.Context, req *Request, obj, old api.Object) error
}

// admissionChain runs its plugins one after the other, in upstream's order.
type admissionChain []admission

// Mutate lets every plugin change the object, and, should webhooks or policies want to see what became of their
// changes, once more; the first refusal ends it.
func (c admissionChain) Mutate(ctx context.Context, req *Request, obj, old api.Object) error {
	return c.twice(req, func() error { return c.mutate(ctx, req, obj, old) })
}

// twice runs a round, and a second one if somebody wants it.
func (admissionChain) twice(req *Request, round func() error) error {
	req.reinvocation = reinvocation{}
	if err := round(); err != nil || !req.reinvocation.again {
		return err
	}
	req.reinvocation.second = true
	return round()
}

func (c admissionChain) mutate(ctx context.Context, req *Request, obj, old api.Object) error {
	for _, plugin := range c {
		if err := plugin.Mutate(ctx, req, obj, old); err != nil {
			return admissionError(req, obj, err)
		}
	}
	return nil
}

// Validate asks every plugin; the first refusal ends it.
func (c admissionChain) Validate(ctx context.Context, req *Request, obj, old api.Object) error {
	for _, plugin := range c {
		if err := plugin.Validate(ctx, req, obj, old); err != nil {
			return admissionError(req, obj, err)
		}
	}
	return nil
}

func admissionError(req *Request, obj api.Object, err error) error {
	if _, ok := err.(*api.StatusError); ok {
		return err
	}
	return api.NewForbidden(req.Resource.Kind, nameOf(req, obj), err)
}
