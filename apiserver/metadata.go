package apiserver

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"kubelite/api"
)

// What every write does to metadata, or asks of it.

// prepareMeta wipes what only the server may set, and puts the object into the namespace of the URL.
func (r *Request) prepareMeta(meta *api.ObjectMeta) error {
	meta.SelfLink, meta.UID, meta.CreationTimestamp = "", "", api.Time{}
	meta.DeletionTimestamp, meta.DeletionGracePeriodSeconds = nil, nil
	return r.checkNamespace(meta)
}

// checkNamespace makes the object's namespace that of the URL, unless it names another one.
func (r *Request) checkNamespace(meta *api.ObjectMeta) error {
	want := r.objectNamespace()
	if meta.Namespace != "" && want != "" && meta.Namespace != want {
		return api.NewBadRequest("the namespace of the provided object does not match the namespace sent on the request")
	}
	meta.Namespace = want
	return nil
}

// dropDoubleOwners drops owner references that are there twice, and says so.
func (r *Request) dropDoubleOwners(meta *api.ObjectMeta) {
	if dropped := api.DropDuplicateOwners(meta); len(dropped) > 0 {
		r.Warn(".metadata.ownerReferences contains duplicate entries; API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: " + strings.Join(dropped, ", "))
	}
}

// checkName refuses a body that is about another object than the URL.
func (r *Request) checkName(meta *api.ObjectMeta) error {
	if meta.Name == "" {
		return api.NewBadRequest("the name of the object (%s based on URL) was undeterminable: name must be provided", r.Name)
	}
	if meta.Name != r.Name {
		return api.NewBadRequest("the name of the object (%s) does not match the name on the URL (%s)", meta.Name, r.Name)
	}
	return r.checkNamespace(meta)
}

// checkResourceVersion is the compare of compare-and-swap, and that of the uid: an object that was deleted and
// created again under the same name is another one.
func (r *Request) checkResourceVersion(meta, old *api.ObjectMeta) error {
	kind := r.Resource.Kind
	// A patch is no claim about which object it is for: there, another uid is an attempt to change it (prepareForUpdate
	// leaves it for validation to refuse).
	if meta.UID != "" && meta.UID != old.UID && r.Verb != "patch" {
		return api.NewConflict(kind, r.Name, fmt.Errorf("precondition failed: UID in precondition: %v, UID in object meta: %v", meta.UID, old.UID))
	}
	switch meta.ResourceVersion {
	case old.ResourceVersion:
	case "", "0":
		if r.Resource.Strategy.ConditionalUpdate && (r.Subresource == "" || r.Subresource == "status") {
			return api.NewInvalid(&api.Kind{GroupVersion: kind.GroupVersion, Kind: kind.Plural}, r.Name, api.ErrorList{
				api.Path("metadata.resourceVersion").Invalid(0, "must be specified for an update")})
		}
		meta.ResourceVersion = old.ResourceVersion
	default:
		if _, err := strconv.ParseUint(meta.ResourceVersion, 10, 64); err != nil {
			return api.NewUnexplained("%v", err)
		}
		return api.NewConflict(kind, r.Name, errors.New(modified))
	}
	return nil
}
