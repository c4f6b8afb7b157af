package api

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// What claims of devices have in common with classes and templates. Devices themselves are in validate_resourceslice.go.
// Whether a CEL expression compiles is the API server's to say: this package knows no CEL.

const (
	maxDeviceRequests       = 32
	MaxFirstAvailable       = 8
	maxDeviceConstraints    = 32
	maxDeviceConfigs        = 32
	maxDeviceSelectors      = 32
	maxSelectorExpression   = 10 << 10
	maxOpaqueParameters     = 10 << 10
	MaxDeviceResults        = 32
	MaxReservedFor          = 256
	maxDeviceConditions     = 8
	maxInterfaceName        = 256
	maxHardwareAddress      = 128
	maxDeviceIPs            = 16
	maxBindingConditions    = 4
	maxDeviceIdentifier     = 32
	maxPoolName             = maxSubdomainLength
	badRequestReference     = "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'"
	oneOfExactlyOrAvailable = "exactly one of `exactly` or `firstAvailable` is required"
)

func defaultResourceClaim(obj Object) {
	claim := obj.(*ResourceResourceClaim)
	defaultDeviceClaim(&claim.Spec.Devices)
	if claim.Status.Allocation != nil {
		for i := range claim.Status.Allocation.Devices.Results {
			defaultDeviceTolerations(claim.Status.Allocation.Devices.Results[i].Tolerations)
		}
	}
}

func defaultResourceClaimTemplate(obj Object) {
	defaultDeviceClaim(&obj.(*ResourceClaimTemplate).Spec.Spec.Devices)
}

func defaultDeviceClaim(claim *DeviceClaim) {
	for i := range claim.Requests {
		r := &claim.Requests[i]
		if r.Exactly != nil {
			defaultAllocationMode(&r.Exactly.AllocationMode, &r.Exactly.Count, r.Exactly.Tolerations)
		}
		for j := range r.FirstAvailable {
			sub := &r.FirstAvailable[j]
			defaultAllocationMode(&sub.AllocationMode, &sub.Count, sub.Tolerations)
		}
	}
}

func defaultAllocationMode(mode *DeviceAllocationMode, count *int64, tolerations []DeviceToleration) {
	if *mode == "" {
		*mode = DeviceAllocationModeExactCount
	}
	if *mode == DeviceAllocationModeExactCount && *count == 0 {
		*count = 1
	}
	defaultDeviceTolerations(tolerations)
}

func defaultDeviceTolerations(tolerations []DeviceToleration) {
	for i := range tolerations {
		if tolerations[i].Operator == "" {
			tolerations[i].Operator = DeviceTolerationOpEqual
		}
	}
}

// fewEnough says so when a list is too long, and tells whether its elements are worth a look.
func (l *ErrorList) fewEnough(path Path, length, most int) bool {
	if length > most {
		l.add(path.TooMany(length, most))
		return false
	}
	return true
}

// uniqueKeys wants no two elements of a list under one key.
func (l *ErrorList) uniqueKeys(path Path, keys []string) {
	for i, key := range keys {
		if slices.Contains(keys[:i], key) {
			l.add(path.Index(i).Duplicate(key))
		}
	}
}

func keysOf[T any](list []T, key func(*T) string) []string {
	keys := make([]string, len(list))
	for i := range list {
		keys[i] = key(&list[i])
	}
	return keys
}

func validateResourceClaim(obj Object) ErrorList {
	var errs ErrorList
	errs.deviceClaim("spec.devices", &obj.(*ResourceResourceClaim).Spec.Devices)
	return errs
}

func validateResourceClaimUpdate(obj, old Object) ErrorList {
	var errs ErrorList
	errs.immutableSpec("spec", obj.(*ResourceResourceClaim).Spec, old.(*ResourceResourceClaim).Spec)
	return errs
}

func validateResourceClaimTemplate(obj Object) ErrorList {
	var errs ErrorList
	spec := &obj.(*ResourceClaimTemplate).Spec
	errs.templateMeta("spec.metadata", &spec.ObjectMeta)
	errs.deviceClaim("spec.spec.devices", &spec.Spec.Devices)
	return errs
}

func validateResourceClaimTemplateUpdate(obj, old Object) ErrorList {
	errs := validateResourceClaimTemplate(obj)
	errs.immutableSpec("spec", obj.(*ResourceClaimTemplate).Spec, old.(*ResourceClaimTemplate).Spec)
	return errs
}

// immutableSpec is immutable for a struct, which the message shows with upstream's inner names.
func (l *ErrorList) immutableSpec(path Path, spec, old any) {
	if !Equal(spec, old) {
		l.add(path.Invalid(goNames{spec}, fieldImmutable))
	}
}

func (l *ErrorList) deviceClaim(path Path, claim *DeviceClaim) {
	names := requestNames(claim)
	if at := path.Child("requests"); l.fewEnough(at, len(claim.Requests), maxDeviceRequests) {
		for i := range claim.Requests {
			l.deviceRequest(at.Index(i), &claim.Requests[i])
		}
		l.uniqueKeys(at, keysOf(claim.Requests, func(r *DeviceRequest) string { return r.Name }))
	}
	if at := path.Child("constraints"); l.fewEnough(at, len(claim.Constraints), maxDeviceConstraints) {
		for i := range claim.Constraints {
			l.deviceConstraint(at.Index(i), &claim.Constraints[i], names)
		}
	}
	if at := path.Child("config"); l.fewEnough(at, len(claim.Config), maxDeviceConfigs) {
		for i := range claim.Config {
			l.requestReferences(at.Index(i).Child("requests"), claim.Config[i].Requests, names)
			l.deviceConfiguration(at.Index(i), &claim.Config[i].DeviceConfiguration)
		}
	}
}

// requestNames are all names by which the requests of a claim can be referred to.
func requestNames(claim *DeviceClaim) []string {
	var names []string
	for i := range claim.Requests {
		r := &claim.Requests[i]
		names = append(names, r.Name)
		for j := range r.FirstAvailable {
			names = append(names, r.Name+"/"+r.FirstAvailable[j].Name)
		}
	}
	return names
}

func (l *ErrorList) deviceRequest(path Path, r *DeviceRequest) {
	l.format(path, "name", r.Name, IsDNS1123Label)
	switch {
	case r.Exactly == nil && len(r.FirstAvailable) == 0:
		l.add(path.Required(oneOfExactlyOrAvailable))
	case r.Exactly != nil && len(r.FirstAvailable) > 0:
		l.add(path.Invalid(nil, oneOfExactlyOrAvailable+", but multiple fields are set"))
	case r.Exactly != nil:
		e := r.Exactly
		l.deviceDemand(path.Child("exactly"), e.DeviceClassName, e.Selectors, e.AllocationMode, e.Count, e.Tolerations)
	default:
		at := path.Child("firstAvailable")
		if !l.fewEnough(at, len(r.FirstAvailable), MaxFirstAvailable) {
			return
		}
		for i := range r.FirstAvailable {
			sub, at := &r.FirstAvailable[i], at.Index(i)
			l.format(at, "name", sub.Name, IsDNS1123Label)
			l.deviceDemand(at, sub.DeviceClassName, sub.Selectors, sub.AllocationMode, sub.Count, sub.Tolerations)
		}
		l.uniqueKeys(at, keysOf(r.FirstAvailable, func(s *DeviceSubRequest) string { return s.Name }))
	}
}

// deviceDemand checks what requests and their alternatives share.
func (l *ErrorList) deviceDemand(path Path, class string, selectors []DeviceSelector, mode DeviceAllocationMode, count int64, tolerations []DeviceToleration) {
	l.requiredFormat(path, "deviceClassName", class, IsDNS1123Subdomain)
	l.deviceSelectors(path.Child("selectors"), selectors)
	switch mode {
	case DeviceAllocationModeAll:
		if count != 0 {
			l.add(path.Child("count").Invalid(count, fmt.Sprintf("must not be specified when allocationMode is '%s'", mode)))
		}
	case DeviceAllocationModeExactCount:
		l.positive(path, "count", count)
	default:
		oneOf(l, path, "allocationMode", mode, DeviceAllocationModeAll, DeviceAllocationModeExactCount)
	}
	for i := range tolerations {
		l.deviceToleration(path.Child("tolerations").Index(i), &tolerations[i])
	}
}

func (l *ErrorList) deviceSelectors(path Path, selectors []DeviceSelector) {
	if !l.fewEnough(path, len(selectors), maxDeviceSelectors) {
		return
	}
	for i, s := range selectors {
		if at := path.Index(i).Child("cel"); s.CEL == nil {
			l.add(at.Required(""))
		} else if len(s.CEL.Expression) > maxSelectorExpression {
			l.add(at.Child("expression").TooLong(maxSelectorExpression))
		}
	}
}

func (l *ErrorList) deviceToleration(path Path, t *DeviceToleration) {
	if t.Key != "" {
		l.format(path, "key", t.Key, IsQualifiedName)
	}
	switch t.Operator {
	case DeviceTolerationOpExists:
		if t.Value != "" {
			l.add(path.Child("value").Invalid(t.Value, "must be empty for operator `Exists`"))
		}
	case DeviceTolerationOpEqual:
		l.format(path, "value", t.Value, IsValidLabelValue)
	default:
		requiredOneOf(l, path, "operator", t.Operator, DeviceTolerationOpEqual, DeviceTolerationOpExists)
	}
	if t.Effect != "" {
		l.deviceTaintEffect(path, t.Effect)
	}
}

func (l *ErrorList) deviceTaintEffect(path Path, effect DeviceTaintEffect) {
	requiredOneOf(l, path, "effect", effect, DeviceTaintEffectNoExecute, DeviceTaintEffectNoSchedule, DeviceTaintEffectNone)
}

func (l *ErrorList) deviceConstraint(path Path, c *DeviceConstraint, names []string) {
	l.requestReferences(path.Child("requests"), c.Requests, names)
	switch {
	case c.MatchAttribute != nil:
		l.qualifiedAttribute(path.Child("matchAttribute"), *c.MatchAttribute)
	case c.DistinctAttribute != nil:
		l.qualifiedAttribute(path.Child("distinctAttribute"), *c.DistinctAttribute)
	default:
		l.add(path.Required(`exactly one of "matchAttribute" or "distinctAttribute" is required, but multiple fields are set`))
	}
}

func (l *ErrorList) requestReferences(path Path, references, names []string) {
	if !l.fewEnough(path, len(references), maxDeviceRequests) {
		return
	}
	for i, reference := range references {
		l.requestReference(path.Index(i), reference, names)
	}
	l.uniqueKeys(path, references)
}

func (l *ErrorList) requestReference(path Path, reference string, names []string) {
	parts := strings.Split(reference, "/")
	if len(parts) > 2 {
		l.add(path.Invalid(reference, badRequestReference))
		return
	}
	for _, part := range parts {
		l.format(path, "", part, IsDNS1123Label)
	}
	if !slices.Contains(names, reference) {
		l.add(path.Invalid(reference, badRequestReference))
	}
}

func (l *ErrorList) deviceConfiguration(path Path, c *DeviceConfiguration) {
	if c.Opaque == nil {
		l.add(path.Child("opaque").Required(""))
		return
	}
	l.csiDriverName(path.Child("opaque"), "driver", c.Opaque.Driver)
	l.jsonObject(path.Child("opaque", "parameters"), c.Opaque.Parameters.Raw, maxOpaqueParameters)
}

// jsonObject wants any object that is not too large.
func (l *ErrorList) jsonObject(path Path, raw []byte, most int) {
	var value any
	if len(raw) == 0 {
		l.add(path.Required(""))
	} else if len(raw) > most {
		l.add(path.TooLong(most))
	} else if err := json.Unmarshal(raw, &value); err != nil {
		l.add(path.Invalid("<value omitted>", fmt.Sprintf("error parsing data as JSON: %v", err)))
	} else if value == nil {
		l.add(path.Required(""))
	} else if _, ok := value.(map[string]any); !ok {
		l.add(path.Invalid("<value omitted>", "must be a valid JSON object"))
	}
}

// deviceQualifiedName checks the name of an attribute or a capacity.
func (l *ErrorList) deviceQualifiedName(path Path, name string) {
	parts := strings.Split(name, "/")
	switch len(parts) {
	case 1:
		l.identifier(path, name)
	case 2: // upstream lets pass what has more slashes
		if parts[0] == "" {
			l.add(path.Invalid("", "the domain must not be empty"))
		} else {
			l.csiDriverName(path, "", parts[0])
		}
		if parts[1] == "" {
			l.add(path.Invalid("", "the name must not be empty"))
		} else {
			l.identifier(path, parts[1])
		}
	}
}

func (l *ErrorList) qualifiedAttribute(path Path, name FullyQualifiedName) {
	l.deviceQualifiedName(path, string(name))
	if !strings.Contains(string(name), "/") {
		l.add(path.Invalid(string(name), "a fully qualified name must be a domain and a name separated by a slash"))
	}
}

func (l *ErrorList) identifier(path Path, name string) {
	if len(name) > maxDeviceIdentifier {
		l.add(path.TooLong(maxDeviceIdentifier))
	}
	l.format(path, "", name, IsCIdentifier)
}

func (l *ErrorList) poolName(path Path, field, name string) {
	if !l.required(path, field, name) {
		return
	}
	if len(name) > maxPoolName {
		l.add(path.at(field).TooLong(maxPoolName))
	}
	for part := range strings.SplitSeq(name, "/") {
		l.format(path, field, part, IsDNS1123Subdomain)
	}
}

func validateDeviceClass(obj Object) ErrorList {
	var errs ErrorList
	spec, path := &obj.(*DeviceClass).Spec, Path("spec")
	errs.deviceSelectors(path.Child("selectors"), spec.Selectors)
	if at := path.Child("config"); errs.fewEnough(at, len(spec.Config), maxDeviceConfigs) {
		for i := range spec.Config {
			errs.deviceConfiguration(at.Index(i), &spec.Config[i].DeviceConfiguration)
		}
	}
	if name := spec.ExtendedResourceName; name != nil && !isExtendedResource(ResourceName(*name)) {
		errs.add(path.Child("extendedResourceName").Invalid(*name, "must be a valid extended resource name"))
	}
	return errs
}

func validateDeviceClassUpdate(obj, _ Object) ErrorList { return validateDeviceClass(obj) }

// allocatedDevice names a device, or a share of one, that a claim has.
type allocatedDevice struct{ Driver, Pool, Device, ShareID string }

func deviceOf(d *AllocatedDeviceStatus) allocatedDevice {
	return allocatedDevice{d.Driver, d.Pool, d.Device, Deref(d.ShareID, "")}
}

func allocatedDevices(allocation *AllocationResult) map[allocatedDevice]bool {
	devices := map[allocatedDevice]bool{}
	if allocation != nil {
		for _, r := range allocation.Devices.Results {
			devices[allocatedDevice{r.Driver, r.Pool, r.Device, string(Deref(r.ShareID, ""))}] = true
		}
	}
	return devices
}

// DropDeallocatedDevices takes out of a claim's status what drivers said about devices that this update takes away.
func DropDeallocatedDevices(claim, old *ResourceResourceClaim) {
	had, has := allocatedDevices(old.Status.Allocation), allocatedDevices(claim.Status.Allocation)
	claim.Status.Devices = slices.DeleteFunc(claim.Status.Devices, func(d AllocatedDeviceStatus) bool {
		return had[deviceOf(&d)] && !has[deviceOf(&d)]
	})
	if len(claim.Status.Devices) == 0 {
		claim.Status.Devices = nil
	}
}

func validateResourceClaimStatus(obj, old Object) ErrorList {
	var errs ErrorList
	claim, before := obj.(*ResourceResourceClaim), old.(*ResourceResourceClaim)
	status, path := &claim.Status, Path("status")
	errs.reservedFor(path.Child("reservedFor"), claim, before)
	given := allocatedDevices(status.Allocation)
	for i := range status.Devices {
		errs.deviceStatus(path.Child("devices").Index(i), &status.Devices[i], given)
	}
	seen := map[allocatedDevice]bool{}
	for i := range status.Devices {
		if id := deviceOf(&status.Devices[i]); seen[id] {
			errs.add(path.Child("devices").Index(i).Duplicate(id))
		} else {
			seen[id] = true
		}
	}
	switch {
	case status.Allocation == nil:
	case before.Status.Allocation != nil:
		errs.immutableSpec(path.Child("allocation"), status.Allocation, before.Status.Allocation)
	default:
		errs.allocation(path.Child("allocation"), status.Allocation, requestNames(&claim.Spec.Devices))
	}
	return errs
}

func (l *ErrorList) reservedFor(path Path, claim, old *ResourceResourceClaim) {
	users := claim.Status.ReservedFor
	if l.fewEnough(path, len(users), MaxReservedFor) {
		for i, user := range users {
			l.required(path.Index(i), "resource", user.Resource)
			l.required(path.Index(i), "name", user.Name)
			l.required(path.Index(i), "uid", string(user.UID))
		}
		l.uniqueKeys(path, keysOf(users, func(u *ResourceClaimConsumerReference) string { return string(u.UID) }))
	}
	switch {
	case len(users) == 0:
	case claim.Status.Allocation == nil:
		l.add(path.Forbidden("may not be specified when `allocated` is not set"))
	case claim.DeletionTimestamp != nil && slices.ContainsFunc(users, func(u ResourceClaimConsumerReference) bool {
		return !slices.Contains(old.Status.ReservedFor, u)
	}):
		l.add(path.Forbidden("new entries may not be added while `deallocationRequested` or `deletionTimestamp` are set"))
	}
}

func (l *ErrorList) allocation(path Path, a *AllocationResult, names []string) {
	devices := path.Child("devices")
	if at := devices.Child("results"); l.fewEnough(at, len(a.Devices.Results), MaxDeviceResults) {
		for i := range a.Devices.Results {
			r, at := &a.Devices.Results[i], at.Index(i)
			l.requestReference(at.Child("request"), r.Request, names)
			l.csiDriverName(at, "driver", r.Driver)
			l.poolName(at, "pool", r.Pool)
			l.format(at, "device", r.Device, IsDNS1123Label)
			l.bindingConditions(at, r.BindingConditions, r.BindingFailureConditions)
			if r.ShareID != nil {
				l.uuid(at.Child("shareID"), string(*r.ShareID))
			}
		}
	}
	if at := devices.Child("config"); l.fewEnough(at, len(a.Devices.Config), 2*maxDeviceConfigs) {
		for i := range a.Devices.Config {
			c, at := &a.Devices.Config[i], at.Index(i)
			requiredOneOf(l, at, "source", c.Source, AllocationConfigSourceClaim, AllocationConfigSourceClass)
			l.requestReferences(at.Child("requests"), c.Requests, names)
			l.deviceConfiguration(at, &c.DeviceConfiguration)
		}
	}
	if a.NodeSelector != nil {
		l.nodeSelector(path.Child("nodeSelector"), a.NodeSelector)
	}
}

var uuidForm = Pattern(`^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$`)

func (l *ErrorList) uuid(path Path, id string) {
	switch bare := strings.TrimSuffix(strings.TrimPrefix(strings.TrimPrefix(id, "urn:uuid:"), "{"), "}"); {
	case !slices.Contains([]int{32, 36, 38, 45}, len(id)):
		l.add(path.Invalid(id, fmt.Sprintf("error validating uid: invalid UUID length: %d", len(id))))
	case len(id) != 32 && !uuidForm().MatchString(bare):
		l.add(path.Invalid(id, "error validating uid: invalid UUID format"))
	case len(id) != 36 || id != strings.ToLower(id):
		l.add(path.Invalid(id, "uid must be in RFC 4122 normalized form, `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx` with lowercase hexadecimal characters"))
	}
}

func (l *ErrorList) deviceStatus(path Path, d *AllocatedDeviceStatus, given map[allocatedDevice]bool) {
	l.csiDriverName(path, "driver", d.Driver)
	l.poolName(path, "pool", d.Pool)
	l.format(path, "device", d.Device, IsDNS1123Label)
	if d.ShareID != nil {
		l.uuid(path.Child("shareID"), *d.ShareID)
	}
	if id := deviceOf(d); !given[id] {
		l.add(path.Invalid(id, "must be an allocated device in the claim"))
	}
	l.fewEnough(path.Child("conditions"), len(d.Conditions), maxDeviceConditions)
	l.conditions(path.Child("conditions"), d.Conditions)
	if d.Data != nil && len(d.Data.Raw) > 0 {
		l.jsonObject(path.Child("data"), d.Data.Raw, maxOpaqueParameters)
	}
	network, at := d.NetworkData, path.Child("networkData")
	if network == nil {
		return
	}
	if len(network.InterfaceName) > maxInterfaceName {
		l.add(at.Child("interfaceName").TooLong(maxInterfaceName))
	}
	if len(network.HardwareAddress) > maxHardwareAddress {
		l.add(at.Child("hardwareAddress").TooLong(maxHardwareAddress))
	}
	if ips := at.Child("ips"); l.fewEnough(ips, len(network.IPs), maxDeviceIPs) {
		for i, ip := range network.IPs {
			l.format(ips.Index(i), "", ip, isInterfaceAddress)
		}
		l.uniqueKeys(ips, network.IPs)
	}
}

// bindingConditions: what a pod waits for, and what ends its waiting, are given together and are not the same.
func (l *ErrorList) bindingConditions(path Path, wanted, failed []string) {
	for _, list := range []struct {
		field string
		names []string
	}{{"bindingConditions", wanted}, {"bindingFailureConditions", failed}} {
		at := path.Child(list.field)
		if l.fewEnough(at, len(list.names), maxBindingConditions) {
			for i, name := range list.names {
				l.format(at.Index(i), "", name, IsQualifiedName)
			}
		}
	}
	l.uniqueKeys(path.Child("bindingConditions"), wanted)
	for i, name := range failed {
		at := path.Child("bindingFailureConditions").Index(i)
		if slices.Contains(failed[:i], name) {
			l.add(at.Duplicate(name))
		}
		if slices.Contains(wanted, name) {
			l.add(at.Invalid(name, "bindingFailureConditions must not overlap with bindingConditions"))
		}
	}
	if len(wanted) == 0 && len(failed) > 0 {
		l.add(path.Child("bindingConditions").Invalid(wanted, "bindingConditions are required to use bindingFailureConditions"))
	}
	if len(failed) == 0 && len(wanted) > 0 {
		l.add(path.Child("bindingFailureConditions").Invalid(failed, "bindingFailureConditions are required to use bindingConditions"))
	}
}
