package api

import (
	"fmt"
	"slices"
	"strings"
)

// ResourceSlices: the devices that drivers publish.

const (
	maxSliceDevices         = 128
	maxSliceDevicesAdvanced = 64 // with taints, counters or lists of attributes
	maxCounterSets          = 8
	maxCountersPerSet       = 32
	maxDeviceProperties     = 32 // attributes and capacities
	maxAttributeValues      = 48
	maxAttributeLength      = 64
	maxDeviceTaints         = 16
	maxConsumedSets         = 2
	maxCapacityValues       = 10
	maxQualifiedName        = 63 + 1 + maxDeviceIdentifier
	perDeviceSelectionRule  = "exactly one of `nodeName`, `nodeSelector`, or `allNodes` is required when `perDeviceNodeSelection` is set to true in the ResourceSlice spec"
	nodeSelectionRule       = "exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required"
)

func defaultResourceSlice(obj Object) {
	for i := range obj.(*ResourceSlice).Spec.Devices {
		d := &obj.(*ResourceSlice).Spec.Devices[i]
		for j := range d.Taints {
			setDefault(&d.Taints[j].TimeAdded, Now())
		}
		for name, m := range d.NodeAllocatableResourceMappings {
			setDefault(&m.AllocationMultiplier, MustParse("1"))
			d.NodeAllocatableResourceMappings[name] = m
		}
	}
}

func validateResourceSlice(obj Object) ErrorList { return validateSlice(obj, nil) }

func validateResourceSliceUpdate(obj, old Object) ErrorList {
	return validateSlice(obj, &old.(*ResourceSlice).Spec)
}

func validateSlice(obj Object, old *ResourceSliceSpec) ErrorList {
	var errs ErrorList
	spec, path := &obj.(*ResourceSlice).Spec, Path("spec")
	errs.csiDriverName(path, "driver", spec.Driver)
	errs.poolName(path.Child("pool"), "name", spec.Pool.Name)
	errs.positive(path.Child("pool"), "resourceSliceCount", spec.Pool.ResourceSliceCount)
	if spec.Pool.Generation < 0 {
		errs.add(path.Child("pool", "generation").Invalid(spec.Pool.Generation, "must be greater than or equal to zero"))
	}
	if old != nil {
		errs.immutable(path.Child("pool"), "name", spec.Pool.Name, old.Pool.Name)
		errs.immutable(path, "driver", spec.Driver, old.Driver)
		errs.immutable(path, "nodeName", spec.NodeName, old.NodeName)
	}
	errs.sliceNodes(path, spec)
	if spec.SharedCounters != nil && spec.Devices != nil {
		errs.add(path.Invalid("", "only one of `sharedCounters` or `devices` is allowed"))
	}
	most := maxSliceDevices
	if slices.ContainsFunc(spec.Devices, isAdvancedDevice) {
		most = maxSliceDevicesAdvanced
	}
	if at := path.Child("devices"); errs.fewEnough(at, len(spec.Devices), most) {
		for i := range spec.Devices {
			errs.device(at.Index(i), &spec.Devices[i], old, Deref(spec.PerDeviceNodeSelection, false))
		}
		errs.uniqueKeys(at, keysOf(spec.Devices, func(d *Device) string { return d.Name }))
	}
	if at := path.Child("sharedCounters"); errs.fewEnough(at, len(spec.SharedCounters), maxCounterSets) {
		for i, set := range spec.SharedCounters {
			errs.requiredFormat(at.Index(i), "name", set.Name, IsDNS1123Label)
			errs.counters(at.Index(i).Child("counters"), set.Counters)
		}
		errs.uniqueKeys(at, keysOf(spec.SharedCounters, func(s *CounterSet) string { return s.Name }))
	}
	return errs
}

func isAdvancedDevice(d Device) bool {
	if len(d.Taints) > 0 || len(d.ConsumesCounters) > 0 {
		return true
	}
	for _, a := range d.Attributes {
		if a.BoolValues != nil || a.IntValues != nil || a.StringValues != nil || a.VersionValues != nil {
			return true
		}
	}
	return false
}

// sliceNodes wants exactly one way to say which nodes can reach the devices.
func (l *ErrorList) sliceNodes(path Path, spec *ResourceSliceSpec) {
	var set []string
	if name := spec.NodeName; name != nil {
		if *name == "" {
			l.add(path.Child("nodeName").Invalid(*name, "must be either unset or set to a non-empty string"))
		} else {
			set = append(set, "`nodeName`")
			l.format(path, "nodeName", *name, IsDNS1123Subdomain)
		}
	}
	if s := spec.NodeSelector; s != nil {
		set = append(set, "`nodeSelector`")
		at := path.Child("nodeSelector")
		l.nodeSelector(at, s)
		if len(s.NodeSelectorTerms) != 1 {
			l.add(at.Child("nodeSelectorTerms").Invalid(goNames{s.NodeSelectorTerms}, "must have exactly one node selector term"))
		}
	}
	set = l.unsetOrTrue(path, "allNodes", spec.AllNodes, set)
	set = l.unsetOrTrue(path, "perDeviceNodeSelection", spec.PerDeviceNodeSelection, set)
	switch {
	case len(set) == 0:
		l.add(path.Required(nodeSelectionRule))
	case len(set) > 1:
		l.add(path.Invalid("{"+strings.Join(set, ", ")+"}", nodeSelectionRule+", but multiple fields are set"))
	}
}

// unsetOrTrue adds the field's name to those that are set.
func (l *ErrorList) unsetOrTrue(path Path, field string, value *bool, set []string) []string {
	switch {
	case value == nil:
	case *value:
		return append(set, "`"+field+"`")
	default:
		l.add(path.Child(field).Invalid(*value, "must be either unset or set to true"))
	}
	return set
}

func (l *ErrorList) counters(path Path, counters map[string]Counter) {
	if len(counters) == 0 {
		l.add(path.Required(""))
		return
	}
	if l.fewEnough(path, len(counters), maxCountersPerSet) {
		for _, name := range sortedKeys(counters) {
			l.format(path, "", name, IsDNS1123Label)
		}
	}
}

func (l *ErrorList) device(path Path, d *Device, old *ResourceSliceSpec, perDevice bool) {
	l.format(path, "name", d.Name, IsDNS1123Label)
	if n := len(d.Attributes) + len(d.Capacity); n > maxDeviceProperties {
		l.add(path.Invalid(n, fmt.Sprintf("the total number of attributes and capacities must not exceed %d", maxDeviceProperties)))
	}
	if n := attributeValues(d); n > maxAttributeValues {
		l.add(path.Invalid(n, fmt.Sprintf("the total number of attribute values must not exceed %d", maxAttributeValues)))
	}
	for _, name := range sortedKeys(d.Attributes) {
		l.deviceQualifiedName(path.Child("attributes"), string(name))
		l.deviceAttribute(path.Child("attributes").Key(shortened(string(name))), d.Attributes[name])
	}
	for _, name := range sortedKeys(d.Capacity) {
		at := path.Child("capacity").Key(shortened(string(name))).Child("requestPolicy")
		l.deviceQualifiedName(path.Child("capacity"), string(name))
		capacity := d.Capacity[name]
		switch {
		case capacity.RequestPolicy == nil:
		case Deref(d.AllowMultipleAllocations, false):
			l.requestPolicy(at, capacity.Value, capacity.RequestPolicy)
		default:
			l.add(at.Forbidden("allowMultipleAllocations must be true"))
		}
	}
	l.deviceTaints(path.Child("taints"), d, old)
	if at := path.Child("consumesCounters"); l.fewEnough(at, len(d.ConsumesCounters), maxConsumedSets) {
		for i, c := range d.ConsumesCounters {
			l.requiredFormat(at.Index(i), "counterSet", c.CounterSet, IsDNS1123Label)
			l.counters(at.Index(i).Child("counters"), c.Counters)
		}
		l.uniqueKeys(at, keysOf(d.ConsumesCounters, func(c *DeviceCounterConsumption) string { return c.CounterSet }))
	}
	if perDevice {
		l.deviceNodes(path, d)
	} else if d.NodeName != nil || d.NodeSelector != nil || d.AllNodes != nil {
		l.add(path.Invalid(nil, "`nodeName`, `nodeSelector` and `allNodes` can only be set if `perDeviceNodeSelection` is set to true in the ResourceSlice spec"))
	}
	l.bindingConditions(path, d.BindingConditions, d.BindingFailureConditions)
}

func (l *ErrorList) deviceTaints(path Path, d *Device, old *ResourceSliceSpec) {
	if old != nil {
		i := slices.IndexFunc(old.Devices, func(o Device) bool { return o.Name == d.Name })
		if i >= 0 && Equal(old.Devices[i].Taints, d.Taints) {
			return
		}
	}
	if !l.fewEnough(path, len(d.Taints), maxDeviceTaints) {
		return
	}
	for i, t := range d.Taints {
		l.format(path.Index(i), "key", t.Key, IsQualifiedName)
		l.format(path.Index(i), "value", t.Value, IsValidLabelValue)
		l.deviceTaintEffect(path.Index(i), t.Effect)
	}
}

func (l *ErrorList) deviceNodes(path Path, d *Device) {
	var set []string
	if name := d.NodeName; name != nil {
		if *name == "" {
			l.add(path.Child("nodeName").Invalid(*name, "must not be empty"))
		} else {
			set = append(set, "`nodeName`")
			l.format(path, "nodeName", *name, IsDNS1123Subdomain)
		}
	}
	if d.NodeSelector != nil {
		set = append(set, "`nodeSelector`")
		l.nodeSelector(path.Child("nodeSelector"), d.NodeSelector)
	}
	set = l.unsetOrTrue(path, "allNodes", d.AllNodes, set)
	switch {
	case len(set) == 0:
		l.add(path.Required(perDeviceSelectionRule))
	case len(set) > 1:
		l.add(path.Invalid("{"+strings.Join(set, ", ")+"}", perDeviceSelectionRule))
	}
}

func attributeValues(d *Device) int {
	n := 0
	for _, a := range d.Attributes {
		n += max(1, len(a.BoolValues)+len(a.IntValues)+len(a.StringValues)+len(a.VersionValues))
	}
	return n
}

// shortened keeps long keys out of paths.
func shortened(key string) string {
	if len(key) <= maxQualifiedName {
		return key
	}
	const dots = "..."
	rest := maxQualifiedName - len(dots)
	return key[:(rest+1)/2] + dots + key[len(key)-rest/2:]
}

const (
	semverNumber  = `(0|[1-9]\d*)`
	semverRelease = `(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)`
	semverBuild   = `[0-9a-zA-Z-]+`
)

var semverForm = Pattern(`^` + semverNumber + `\.` + semverNumber + `\.` + semverNumber +
	`(-` + semverRelease + `(\.` + semverRelease + `)*)?(\+` + semverBuild + `(\.` + semverBuild + `)*)?$`)

func (l *ErrorList) deviceAttribute(path Path, a DeviceAttribute) {
	const one = "exactly one value must be specified"
	set := 0
	for _, is := range []bool{
		a.BoolValue != nil, a.IntValue != nil, a.StringValue != nil, a.VersionValue != nil,
		a.BoolValues != nil, a.IntValues != nil, a.StringValues != nil, a.VersionValues != nil,
	} {
		if is {
			set++
		}
	}
	if a.StringValue != nil && len(*a.StringValue) > maxAttributeLength {
		l.add(path.Child("string").TooLong(maxAttributeLength))
	}
	if a.VersionValue != nil {
		at := path.Child("version")
		if !semverForm().MatchString(*a.VersionValue) {
			l.add(at.Invalid(*a.VersionValue, "must be a string compatible with semver.org spec 2.0.0"))
		}
		if len(*a.VersionValue) > maxAttributeLength {
			l.add(at.TooLong(maxAttributeLength))
		}
	}
	switch {
	case set == 0:
		l.add(path.Invalid("", one))
	case set > 1:
		l.add(path.Invalid(goNames{a}, one))
	}
}

// requestPolicy checks which amounts of a capacity may be asked for: the default must be one of them.
func (l *ErrorList) requestPolicy(path Path, capacity Quantity, p *CapacityRequestPolicy) {
	switch {
	case len(p.ValidValues) > 0 && p.ValidRange != nil:
		l.add(path.Forbidden(`exactly one policy can be specified, cannot specify "validValues" and "validRange" at the same time`))
	case len(p.ValidValues) > 0:
		if p.Default == nil {
			l.add(path.Child("default").Required("required when validValues is defined"))
		} else {
			l.capacityValues(path.Child("validValues"), capacity, *p.Default, p.ValidValues)
		}
	case p.ValidRange != nil:
		if p.Default == nil {
			l.add(path.Child("default").Required("required when validRange is defined"))
		} else {
			l.capacityRange(path.Child("validRange"), capacity, *p.Default, p.ValidRange)
		}
	}
}

func (l *ErrorList) capacityValues(path Path, capacity, standard Quantity, values []Quantity) {
	for i := 1; i < len(values); i++ {
		if values[i-1].Cmp(values[i]) > 0 {
			l.add(path.Index(i).Invalid(values[i].String(), "values must be sorted in ascending order"))
		}
	}
	found := false
	if l.fewEnough(path, len(values), maxCapacityValues) {
		for i, v := range values {
			if v.Cmp(capacity) > 0 {
				l.add(path.Index(i).Invalid(v.String(), "option is larger than capacity value: "+capacity.String()))
			}
			found = found || v.Cmp(standard) == 0
		}
		l.uniqueKeys(path, keysOf(values, func(q *Quantity) string { return fmt.Sprint(q.Value()) }))
	}
	if !found {
		l.add(path.Invalid(standard.String(), "default value is not valid according to the requestPolicy"))
	}
}

func (l *ErrorList) capacityRange(path Path, capacity, standard Quantity, r *CapacityRequestPolicyRange) {
	if r.Min == nil {
		l.add(path.Child("min").Required("required when validRange is defined"))
		return
	}
	if r.Min.Cmp(capacity) > 0 {
		l.add(path.Child("min").Invalid(r.Min.String(), "min is larger than capacity value: "+capacity.String()))
	}
	if standard.Cmp(*r.Min) < 0 {
		l.add(path.Child("min").Invalid(standard.String(), "default is less than min: "+r.Min.String()))
	}
	if r.Max != nil {
		at := path.Child("max")
		if r.Min.Cmp(*r.Max) > 0 {
			l.add(at.Invalid(r.Min.String(), "min is larger than max: "+r.Max.String()))
		}
		if r.Max.Cmp(capacity) > 0 {
			l.add(at.Invalid(r.Max.String(), "max is larger than capacity value: "+capacity.String()))
		}
		if standard.Cmp(*r.Max) > 0 {
			l.add(at.Invalid(standard.String(), "default is more than max: "+r.Max.String()))
		}
	}
	if r.Step == nil {
		return
	}
	at := path.Child("step")
	if next := r.Min.Add(*r.Step); next.Cmp(capacity) > 0 {
		l.add(at.Invalid(r.Step.String(), fmt.Sprintf("one step %s is larger than capacity value: %s", next.String(), capacity.String())))
	}
	l.onStep(at, standard, r)
	if r.Max != nil {
		l.onStep(at, *r.Max, r)
	}
}

// onStep wants a value that steps from min arrive at. A step of nothing arrives nowhere.
func (l *ErrorList) onStep(path Path, value Quantity, r *CapacityRequestPolicyRange) {
	if step := r.Step.Value(); step == 0 || (value.Value()-r.Min.Value())%step != 0 {
		l.add(path.Invalid(value.String(), fmt.Sprintf("value is not a multiple of a given step (%s) from (%s)", r.Step.String(), r.Min.String())))
	}
}
