package controllers

import (
	"context"
	"errors"
	"fmt"

	"kubelite/api"
	"kubelite/client"
)

// byController is the index of a cache by the object's controller; see controllerIndex.
const byController = "controller"

// controllerIndex is what byController looks up: the UID of the object's controller, or for an orphan the name of
// its namespace, where somebody may adopt it.
func controllerIndex[T api.Object](obj T) []string {
	if ref := api.ControllerOf(obj); ref != nil {
		return []string{string(ref.UID)}
	}
	return []string{"orphans/" + obj.GetObjectMeta().Namespace}
}

// ownedAndOrphans lists what owner controls, and what nobody controls in its namespace.
func ownedAndOrphans[T api.Object](cache *client.Informer[T], owner api.Object) []T {
	meta := owner.GetObjectMeta()
	owned := cache.ByIndex(byController, string(meta.UID))
	return append(owned, cache.ByIndex(byController, "orphans/"+meta.Namespace)...)
}

// A claimer settles who owns what. Ownership is the controller reference in the object; labels only say who may ask
// for it. Two ReplicaSets with the same selector therefore never fight over a pod: it has one owner, and the other
// leaves it alone.
type claimer[T api.Object] struct {
	resource client.Resource[T]
	owner    api.Object
	selector api.Selector
	// readOwner reads the owner from the server. Before the first adoption the cache is not good enough: it may
	// still show an owner that is being deleted, and whatever such an owner adopts is deleted with it.
	readOwner func(ctx context.Context) (api.Object, error)
	checked   bool
	// finalizer is what an adopted object gets and a released one loses, besides the reference. Empty: nothing.
	finalizer string
}

// claim returns the objects that owner owns after it has adopted the orphans that match its selector and released
// what it owns that no longer matches.
func (c *claimer[T]) claim(ctx context.Context, objects []T) ([]T, error) {
	ours := make([]T, 0, len(objects))
	var errs []error
	for _, obj := range objects {
		var err error
		switch planClaim(c.owner, c.selector, obj) {
		case keep:
			ours = append(ours, obj)
		case adopt:
			if err = c.adopt(ctx, obj); err == nil {
				ours = append(ours, obj)
			}
		case release:
			err = c.release(ctx, obj)
		}
		if err != nil && !api.IsNotFound(err) { // gone meanwhile: nothing to claim
			errs = append(errs, err)
		}
	}
	return ours, errors.Join(errs...)
}

func (c *claimer[T]) adopt(ctx context.Context, obj T) error {
	if err := c.checkOwner(ctx); err != nil {
		return fmt.Errorf("adopt %s: %w", api.Describe(obj), err)
	}
	meta := obj.GetObjectMeta()
	change := ownerPatchMeta{UID: meta.UID, OwnerReferences: []any{api.NewControllerRef(c.owner)}}
	if c.finalizer != "" {
		change.Finalizers = []string{c.finalizer}
	}
	patch, err := api.MarshalJSON(ownerPatch{Metadata: change})
	if err != nil {
		return err
	}
	ctx = client.Because(ctx, "an orphan whose labels match the selector of %s: adopt it", api.Describe(c.owner))
	_, err = c.resource.Patch(ctx, meta.Namespace, meta.Name, api.StrategicMergePatchType, patch)
	return err
}

func (c *claimer[T]) checkOwner(ctx context.Context) error {
	if c.checked {
		return nil
	}
	fresh, err := c.readOwner(ctx)
	switch {
	case api.IsNotFound(err):
		// claim passes over objects that are not found. An owner that is not found is an error: it must not go on and
		// make new ones.
		return fmt.Errorf("original %s is gone", api.Describe(c.owner))
	case err != nil:
		return err
	}
	owner, now := c.owner.GetObjectMeta(), fresh.GetObjectMeta()
	if now.UID != owner.UID {
		return fmt.Errorf("original %s is gone: got uid %s, wanted %s", api.Describe(c.owner), now.UID, owner.UID)
	}
	if now.DeletionTimestamp != nil {
		return fmt.Errorf("%s has just been deleted at %s", owner.Key(), now.DeletionTimestamp)
	}
	c.checked = true
	return nil
}

func (c *claimer[T]) release(ctx context.Context, obj T) error {
	meta := obj.GetObjectMeta()
	patch, err := releasePatch(meta.UID, c.finalizer, c.owner.GetObjectMeta().UID)
	if err != nil {
		return err
	}
	ctx = client.Because(ctx, "its labels no longer match the selector of %s: release it", api.Describe(c.owner))
	_, err = c.resource.Patch(ctx, meta.Namespace, meta.Name, api.StrategicMergePatchType, patch)
	if api.IsInvalid(err) {
		return nil // the reference is gone already, or this is another object of the same name
	}
	return err
}

// ownerPatch changes owner references by strategic merge. The UID in it is a precondition: the patch fails if the
// object was deleted and another one has its name now.
type ownerPatch struct {
	Metadata ownerPatchMeta `json:"metadata"`
}

type ownerPatchMeta struct {
	UID             api.UID `json:"uid"`
	OwnerReferences []any   `json:"ownerReferences"`
	// Strategic merge adds these to the set, and takes those from it.
	Finalizers   []string `json:"finalizers,omitempty"`
	NoFinalizers []string `json:"$deleteFromPrimitiveList/finalizers,omitempty"`
}

// releasePatch removes the references to owners, and the finalizer if there is one, from the object with the given UID.
func releasePatch(uid api.UID, finalizer string, owners ...api.UID) ([]byte, error) {
	meta := ownerPatchMeta{UID: uid}
	if finalizer != "" {
		meta.NoFinalizers = []string{finalizer}
	}
	for _, owner := range owners {
		meta.OwnerReferences = append(meta.OwnerReferences, map[string]string{"$patch": "delete", "uid": string(owner)})
	}
	return api.MarshalJSON(ownerPatch{Metadata: meta})
}

type claimAction int

const (
	ignore claimAction = iota
	keep
	adopt
	release
)

// planClaim says what owner should do about obj.
func planClaim(owner api.Object, selector api.Selector, obj api.Object) claimAction {
	ownerMeta, meta := owner.GetObjectMeta(), obj.GetObjectMeta()
	matches := selector.Matches(meta.Labels)
	if ref := api.ControllerOf(obj); ref != nil {
		switch {
		case ref.UID != ownerMeta.UID:
			return ignore // somebody else's
		case matches:
			return keep // also while the owner is being deleted: nothing is written
		case ownerMeta.DeletionTimestamp != nil:
			return ignore
		default:
			return release
		}
	}
	if !matches || ownerMeta.DeletionTimestamp != nil || meta.DeletionTimestamp != nil || meta.Namespace != ownerMeta.Namespace {
		return ignore
	}
	return adopt
}
