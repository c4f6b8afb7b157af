package apiserver

import (
	"context"
	"fmt"
	"strings"
	"time"

	"kubelite/api"
)

// quotaAdmission charges the namespace's ResourceQuotas for what an object uses, before it is stored, and refuses what
// would be too much. Upstream's admission plugin ResourceQuota. It comes last: nobody is charged for what another
// plugin refuses.
//
//	check    every quota that counts the object: is there room?          (403, and nothing is charged)
//	charge   each of them: status.used by compare-and-swap, checked anew with every attempt
//
// An object that is charged for and then not stored (its name was taken), and every object that goes, is found by the
// quota controller when it counts again.
type quotaAdmission struct{ server *Server }

// Mutate does nothing.
func (quotaAdmission) Mutate(context.Context, *Request, api.Object, api.Object) error { return nil }

// Validate checks and charges.
func (p quotaAdmission) Validate(ctx context.Context, req *Request, obj, old api.Object) error {
	if req.Namespace == "" || !req.Resource.Namespaced || !quotaCounts(req, obj, old) {
		return nil
	}
	quotas, err := objectsIn[*api.ResourceQuota](p.server, req.Namespace)
	if err != nil {
		return err
	}
	tracked := make([][]api.ResourceName, len(quotas))
	for i, quota := range quotas { // what each of them must know, before what one has too little of
		if tracked[i], err = quotaTracks(quota, req.Resource.Kind, obj); err != nil {
			return err
		}
	}
	now := time.Now()
	var charged []string
	for i, quota := range quotas {
		delta, err := quotaDelta(quota, tracked[i], req.Resource.Kind, obj, old, now)
		if err != nil {
			return err
		}
		if len(delta) > 0 {
			charged = append(charged, quota.Name)
		}
	}
	if req.DryRun {
		return nil
	}
	for _, name := range charged {
		if err := p.charge(ctx, req, name, obj, old, now); err != nil {
			return err
		}
	}
	return nil
}

// quotaCounts tells the writes that can change what a namespace uses.
func quotaCounts(req *Request, obj, old api.Object) bool {
	switch {
	case obj == nil: // nobody is charged for a deletion
		return false
	case req.Plural == "events":
		return false
	case old == nil:
		return req.Subresource == ""
	}
	switch obj := obj.(type) {
	case *api.Pod:
		return req.Subresource == "resize" ||
			req.Subresource == "" && api.QuotaTerminating(obj) != api.QuotaTerminating(old.(*api.Pod)) // another scope
	case *api.Service:
		return req.Subresource == ""
	case *api.PersistentVolumeClaim:
		return req.Subresource == "" || req.Subresource == "status"
	}
	return false
}

// charge adds to a quota's usage. What the quota says then counts, not what it said when it was checked.
func (p quotaAdmission) charge(ctx context.Context, req *Request, name string, obj, old api.Object, now time.Time) error {
	s := p.server
	status := s.internalRequest(ctx, "update", resourceOf[*api.ResourceQuota](s), req.Namespace, name)
	status.Subresource = "status"
	status.why.reason = fmt.Sprintf("charged for %s %q", req.Resource.Resource(), req.Name)
	_, err := s.update(ctx, status, func(current api.Object) (api.Object, error) {
		quota := current.(*api.ResourceQuota)
		tracked, err := quotaTracks(quota, req.Resource.Kind, obj)
		if err != nil {
			return nil, api.NewForbidden(req.Resource.Kind, nameOf(req, obj), err)
		}
		delta, err := quotaDelta(quota, tracked, req.Resource.Kind, obj, old, now)
		if err != nil {
			return nil, api.NewForbidden(req.Resource.Kind, nameOf(req, obj), err)
		}
		api.AddResources(quota.Status.Used, delta)
		return quota, nil
	})
	if api.IsNotFound(err) { // the quota is gone, and with it the bound
		return nil
	}
	return err
}

// quotaTracks are the resources of an object that a quota counts, none if the object does not concern it; or why they cannot be counted:
// the object does not say how much it uses, or nobody has said yet what the others use.
func quotaTracks(quota *api.ResourceQuota, kind *api.Kind, obj api.Object) ([]api.ResourceName, error) {
	tracked := api.QuotaTracks(kind, quota.Status.Hard)
	if len(tracked) == 0 || !api.QuotaScopesMatch(quota, obj) {
		return nil, nil
	}
	if err := api.QuotaConstraint(tracked, obj); err != nil {
		return nil, fmt.Errorf("failed quota: %s: %w", quota.Name, err)
	}
	for _, name := range tracked {
		if _, known := quota.Status.Used[name]; !known {
			return nil, fmt.Errorf("status unknown for quota: %s, resources: %s", quota.Name, joinNames(tracked))
		}
	}
	return tracked, nil
}

// quotaDelta is what a write adds to the usage of a quota that tracks these resources of it, or why the quota does not allow it. Nothing:
// the write does not concern it.
func quotaDelta(quota *api.ResourceQuota, tracked []api.ResourceName, kind *api.Kind, obj, old api.Object, now time.Time) (api.ResourceList, error) {
	if len(tracked) == 0 {
		return nil, nil
	}
	hard := quota.Status.Hard
	usage := api.PickResources(api.QuotaUsage(kind, obj, now), tracked)
	before := api.ResourceList{}
	if old != nil && api.QuotaScopesMatch(quota, old) {
		before = api.QuotaUsage(kind, old, now)
	}
	delta := api.ResourceList{}
	for name, q := range usage {
		if more := q.Sub(before[name]); more.Sign() > 0 {
			delta[name] = more
		}
	}
	var exceeded []api.ResourceName
	for _, name := range resourceNames(delta) {
		if used := quota.Status.Used[name]; used.Add(delta[name]).Cmp(hard[name]) > 0 {
			exceeded = append(exceeded, name)
		}
	}
	if len(exceeded) > 0 {
		return nil, fmt.Errorf("exceeded quota: %s, requested: %s, used: %s, limited: %s", quota.Name,
			amounts(delta, exceeded), amounts(quota.Status.Used, exceeded), amounts(hard, exceeded))
	}
	return delta, nil
}

// amounts is "pods=1,requests.cpu=2".
func amounts(list api.ResourceList, names []api.ResourceName) string {
	parts := make([]string, len(names))
	for i, name := range names {
		parts[i] = string(name) + "=" + list[name].String()
	}
	return strings.Join(parts, ",")
}

func joinNames(names []api.ResourceName) string {
	parts := make([]string, len(names))
	for i, name := range names {
		parts[i] = string(name)
	}
	return strings.Join(parts, ",")
}
