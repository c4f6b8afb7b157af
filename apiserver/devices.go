package apiserver

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"kubelite/api"
)

// Dynamic resource allocation, resource.k8s.io: drivers publish devices in ResourceSlices, users ask for them in
// ResourceClaims, and a scheduler writes into the claim's status which it gets.

var deviceClassStrategy = Strategy{
	AnswersDeleted: true,
	Check:          checkSelectors,
	Generation:     func(obj api.Object) any { return obj.(*api.DeviceClass).Spec },
}

var resourceClaimStrategy = Strategy{
	Resets:         statusResetsMetadata,
	AnswersDeleted: true,
	Check:          checkSelectors,
	PrepareForCreate: func(obj api.Object) {
		obj.(*api.ResourceResourceClaim).Status = api.ResourceClaimStatus{}
	},
	PrepareForUpdate: func(obj, old api.Object) {
		obj.(*api.ResourceResourceClaim).Status = old.(*api.ResourceResourceClaim).Status
	},
	PrepareForStatusUpdate: func(obj, old api.Object) {
		claim, before := obj.(*api.ResourceResourceClaim), old.(*api.ResourceResourceClaim)
		claim.Spec = before.Spec
		keepUserMetadata(obj, old)
		api.DropDeallocatedDevices(claim, before)
	},
}

var resourceClaimTemplateStrategy = Strategy{AnswersDeleted: true, Check: checkSelectors}

var resourceSliceStrategy = Strategy{
	AnswersDeleted:   true,
	PrepareForCreate: func(obj api.Object) { dropAlphaDeviceFields(obj, nil) },
	PrepareForUpdate: dropAlphaDeviceFields,
	Generation:       func(obj api.Object) any { return obj.(*api.ResourceSlice).Spec },
	Warnings: func(obj, _ api.Object) []string {
		if driver := obj.(*api.ResourceSlice).Spec.Driver; driver != strings.ToLower(driver) {
			return []string{fmt.Sprintf("spec.driver: driver names should be lowercase; %q contains uppercase characters", driver)}
		}
		return nil
	},
}

// dropAlphaDeviceFields leaves out what is alpha upstream and off: lists as attributes, and what devices take from a
// node's own resources.
func dropAlphaDeviceFields(obj, _ api.Object) {
	devices := obj.(*api.ResourceSlice).Spec.Devices
	for i := range devices {
		devices[i].NodeAllocatableResourceMappings = nil
		for name, a := range devices[i].Attributes {
			if a.BoolValues != nil || a.IntValues != nil || a.StringValues != nil || a.VersionValues != nil {
				a.BoolValues, a.IntValues, a.StringValues, a.VersionValues = nil, nil, nil, nil
				devices[i].Attributes[name] = a
			}
		}
	}
}

// keepUserMetadata is for status subresources through which nobody may write what users say in metadata.
func keepUserMetadata(obj, old api.Object) {
	meta, before := obj.GetObjectMeta(), old.GetObjectMeta()
	meta.DeletionTimestamp, meta.Generation = before.DeletionTimestamp, before.Generation
	meta.Labels, meta.Annotations = before.Labels, before.Annotations
	meta.Finalizers, meta.OwnerReferences = before.Finalizers, before.OwnerReferences
}

func resourceSliceFields(obj api.Object) map[string]string {
	spec := &obj.(*api.ResourceSlice).Spec
	return map[string]string{"spec.nodeName": api.Deref(spec.NodeName, ""), "spec.driver": spec.Driver}
}

// adminAccessLabel marks the namespaces in which claims may look at devices that others use.
const adminAccessLabel = "resource.kubernetes.io/admin-access"

// deviceAdmission lets only those look at the devices of others whose namespace is meant for it, and only those give
// devices to claims, or tell of their state, who may do that and not just write the status. Upstream has this in the
// strategies (pkg/registry/resource/utils.go).
type deviceAdmission struct{ server *Server }

// Mutate does nothing.
func (deviceAdmission) Mutate(context.Context, *Request, api.Object, api.Object) error { return nil }

// Validate answers as validation does: 422 with the field's path.
func (p deviceAdmission) Validate(ctx context.Context, req *Request, obj, old api.Object) error {
	var errs api.ErrorList
	var err error
	switch o := obj.(type) {
	case *api.ResourceResourceClaim:
		if before, _ := old.(*api.ResourceResourceClaim); req.Subresource == "status" && before != nil {
			errs, err = p.checkStatus(ctx, req, &o.Status, &before.Status)
		} else if old == nil {
			errs, err = p.checkAdminAccess(ctx, req, requestsAdminAccess(o.Spec.Devices.Requests))
		}
	case *api.ResourceClaimTemplate:
		if old == nil {
			errs, err = p.checkAdminAccess(ctx, req, requestsAdminAccess(o.Spec.Spec.Devices.Requests))
		}
	}
	if err == nil && len(errs) > 0 {
		err = api.NewInvalid(req.Resource.Kind, obj.GetObjectMeta().Name, errs)
	}
	return err
}

// requestsAdminAccess is the path of the first request that wants to look at devices of others.
func requestsAdminAccess(requests []api.DeviceRequest) api.Path {
	for i, r := range requests {
		if r.Exactly != nil && api.Deref(r.Exactly.AdminAccess, false) {
			return api.Path("spec.devices.requests").Index(i).Child("adminAccess")
		}
	}
	return ""
}

func resultsAdminAccess(status *api.ResourceClaimStatus) api.Path {
	if status.Allocation == nil {
		return ""
	}
	for i, r := range status.Allocation.Devices.Results {
		if api.Deref(r.AdminAccess, false) {
			return api.Path("status.allocation.devices.results").Index(i).Child("adminAccess")
		}
	}
	return ""
}

func (p deviceAdmission) checkAdminAccess(ctx context.Context, req *Request, wanted api.Path) (api.ErrorList, error) {
	if wanted == "" {
		return nil, nil
	}
	namespace, err := read[*api.Namespace](ctx, p.server, "", req.Namespace)
	if err != nil || namespace.Labels[adminAccessLabel] == "true" {
		return nil, err
	}
	return api.ErrorList{wanted.Forbidden(fmt.Sprintf("admin access to devices requires the `%s: true` label on the containing namespace", adminAccessLabel))}, nil
}

func (p deviceAdmission) checkStatus(ctx context.Context, req *Request, status, old *api.ResourceClaimStatus) (api.ErrorList, error) {
	var errs api.ErrorList
	if resultsAdminAccess(old) == "" {
		var err error
		if errs, err = p.checkAdminAccess(ctx, req, resultsAdminAccess(status)); err != nil {
			return nil, err
		}
	}
	if !api.Equal(status.Allocation, old.Allocation) || !api.Equal(status.ReservedFor, old.ReservedFor) {
		if err := p.mayTouch(req, req.Verb, "binding", "", ""); err != nil {
			errs = append(errs, api.Path("status.allocation").Forbidden(fmt.Sprintf(
				`changing status.allocation or status.reservedFor requires resource="resourceclaims/binding", verb="%s" permission: %s`, req.Verb, err)))
		}
	}
	if status.Allocation == nil {
		return errs, nil
	}
	// Drivers that run on the node that has the devices need less: their verb names that node.
	verbs := []string{"arbitrary-node:" + req.Verb}
	if node := allocatedNode(status.Allocation); node != "" && slices.Equal(req.User.Extra["authentication.kubernetes.io/node-name"], []string{node}) &&
		strings.HasPrefix(req.User.Name, api.ServiceAccountUserPrefix) {
		verbs = append([]string{"associated-node:" + req.Verb}, verbs...)
	}
	for _, driver := range changedDrivers(status, old) {
		var refusal error
		for _, verb := range verbs {
			err := p.mayTouch(req, verb, "driver", req.Namespace, driver)
			if err == nil {
				refusal = nil
				break
			}
			if refusal == nil {
				refusal = err
			}
		}
		if refusal != nil {
			errs = append(errs, api.Path("status.devices").Forbidden(fmt.Sprintf(
				`changing status.devices requires resource="resourceclaims/driver", verb="%s" permission: %s`, verbs, refusal)))
		}
	}
	return errs, nil
}

// mayTouch asks for the right to a subresource that exists only in rules.
func (p deviceAdmission) mayTouch(req *Request, verb, subresource, namespace, name string) error {
	asked := &Request{
		HTTP: req.HTTP, Verb: verb, IsResource: true, Group: req.Group, Version: req.Version, Plural: req.Plural,
		Subresource: subresource, Namespace: namespace, Name: name, User: req.User,
	}
	if allowed, reason := p.server.authz.may(asked); !allowed {
		return forbidden(asked, reason)
	}
	return nil
}

// allocatedNode is the node that a claim's devices are on, if it is one.
func allocatedNode(a *api.AllocationResult) string {
	if a.NodeSelector == nil || len(a.NodeSelector.NodeSelectorTerms) != 1 {
		return ""
	}
	term := &a.NodeSelector.NodeSelectorTerms[0]
	if len(term.MatchExpressions) != 0 || len(term.MatchFields) != 1 {
		return ""
	}
	field := &term.MatchFields[0]
	if field.Key != "metadata.name" || field.Operator != api.NodeSelectorOpIn || len(field.Values) != 1 {
		return ""
	}
	return field.Values[0]
}

// changedDrivers are the drivers whose devices' states differ.
func changedDrivers(status, old *api.ResourceClaimStatus) []string {
	var drivers []string
	differs := func(list, others []api.AllocatedDeviceStatus) {
		for _, d := range list {
			if !slices.ContainsFunc(others, func(o api.AllocatedDeviceStatus) bool { return api.Equal(o, d) }) {
				drivers = append(drivers, d.Driver)
			}
		}
	}
	differs(status.Devices, old.Devices)
	differs(old.Devices, status.Devices)
	slices.Sort(drivers)
	return slices.Compact(drivers)
}
