package api

import (
	"fmt"
	"maps"
	"path"
	"reflect"
	"slices"
	"strings"
)

// Schema is an OpenAPI schema: of a type, or of a field. The zero value of what does not apply is left out.
type Schema struct {
	Description string             `json:"description,omitempty"`
	Type        string             `json:"type,omitempty"` // string, integer, number, boolean, array, object
	Format      string             `json:"format,omitempty"`
	Default     any                `json:"default,omitempty"`
	Enum        []string           `json:"enum,omitempty"`
	Properties  map[string]*Schema `json:"properties,omitempty"`
	Required    []string           `json:"required,omitempty"`
	Items       *Schema            `json:"items,omitempty"`                // of an array
	Values      *Schema            `json:"additionalProperties,omitempty"` // of a map
	Ref         string             `json:"$ref,omitempty"`
	AllOf       []*Schema          `json:"allOf,omitempty"` // a reference with something beside it
	OneOf       []*Schema          `json:"oneOf,omitempty"`

	PatchStrategy string             `json:"x-kubernetes-patch-strategy,omitempty"`
	PatchMergeKey string             `json:"x-kubernetes-patch-merge-key,omitempty"`
	ListType      string             `json:"x-kubernetes-list-type,omitempty"`
	ListMapKeys   []string           `json:"x-kubernetes-list-map-keys,omitempty"`
	MapType       string             `json:"x-kubernetes-map-type,omitempty"`
	Kinds         []GroupVersionKind `json:"x-kubernetes-group-version-kind,omitempty"`
}

// Where references point to, in the two versions of the document.
const (
	refPrefixV3 = "#/components/schemas/"
	refPrefixV2 = "#/definitions/"
)

// OpenAPISchemas returns the schemas of a group version's kinds, of their lists and of everything that these refer to,
// by name: "io.k8s.api.core.v1.Pod". The values are *Schema, to be put under components.schemas of an OpenAPI v3 document.
//
// They are derived anew on each call, from the Go types and the comments on them. Keep the encoded document, not this.
func OpenAPISchemas(gv GroupVersion) map[string]any {
	b := newSchemaBuilder(refPrefixV3)
	builtIn := false
	for _, kind := range Kinds {
		if kind.GroupVersion == gv {
			b.kind(kind)
			builtIn = true
		}
	}
	if builtIn {
		b.common(gv)
		return b.schemas()
	}
	for _, t := range []reflect.Type{reflect.TypeFor[ObjectMeta](), reflect.TypeFor[ListMeta](), reflect.TypeFor[Scale]()} {
		b.define(t) // what the schemas of custom kinds, which are added to these, refer to
	}
	b.bodies(gv)
	return b.schemas()
}

// OpenAPISchemasOf returns the schemas of what is no kind of any group: of an answer of discovery. name is that of the answer
// itself.
func OpenAPISchemasOf(answer any) (name string, schemas map[string]any) {
	b := newSchemaBuilder(refPrefixV3)
	name = b.answer(answer)
	return name, b.schemas()
}

// discoveryAnswers are what the paths above the group versions answer.
var discoveryAnswers = []any{&APIVersions{}, &APIGroupList{}, &APIGroup{}, &VersionInfo{}}

// OpenAPIDefinitions returns the schemas of all kinds for the definitions of an OpenAPI v2 document, which knows neither
// allOf nor oneOf.
func OpenAPIDefinitions() map[string]any {
	b := newSchemaBuilder(refPrefixV2)
	versions := map[GroupVersion]bool{}
	for _, kind := range Kinds {
		b.kind(kind)
		versions[kind.GroupVersion] = true
	}
	for gv := range versions {
		b.common(gv)
	}
	for _, answer := range discoveryAnswers {
		b.answer(answer)
	}
	return b.schemas()
}

// schemaBuilder gathers the schemas of types that are reached from each other.
type schemaBuilder struct {
	prefix string
	docs   map[string]*typeDoc
	byName map[string]*Schema
	types  map[reflect.Type]string // names, of types that are done or begun
	kinds  map[reflect.Type]*Kind
}

func newSchemaBuilder(prefix string) *schemaBuilder {
	b := &schemaBuilder{prefix: prefix, docs: readTypeDocs(), byName: map[string]*Schema{}, types: map[reflect.Type]string{}, kinds: map[reflect.Type]*Kind{}}
	for _, kind := range slices.Concat(Kinds, SubresourceKinds) {
		b.kinds[reflect.TypeOf(kind.New()).Elem()] = kind
	}
	return b
}

func (b *schemaBuilder) schemas() map[string]any {
	out := make(map[string]any, len(b.byName))
	for name, schema := range b.byName {
		out[name] = schema
	}
	return out
}

// kind adds a kind and its list.
func (b *schemaBuilder) kind(kind *Kind) {
	name := b.define(reflect.TypeOf(kind.New()).Elem())
	if kind.Posted {
		return
	}
	listName := name + "List"
	b.defineAs(listName, reflect.TypeOf(kind.NewList()).Elem())
	list := b.byName[listName]
	list.Description = fmt.Sprintf("%sList is a list of objects of kind %s.", kind.Kind, kind.Kind)
	gvk := kind.GroupVersionKind()
	gvk.Kind += "List"
	b.addKind(listName, gvk)
}

// answer adds the type of an answer.
func (b *schemaBuilder) answer(answer any) string {
	return b.define(reflect.TypeOf(answer).Elem())
}

// common adds what the verbs of every group version take and answer.
func (b *schemaBuilder) common(gv GroupVersion) {
	b.answer(&APIResourceList{})
	if gv.onlyPosted() {
		return
	}
	b.bodies(gv)
	b.watchEvent()
	b.addKind(metaPackage+".WatchEvent", coreV1.withKind("WatchEvent"))
	b.addKind(metaPackage+".WatchEvent", gv.withKind("WatchEvent"))
	for _, kind := range SubresourceKinds {
		// Everything can happen to a pod or a replication controller; the kinds of apps can be scaled.
		if gv == coreV1 || gv == appsV1 && kind.Kind == "Scale" {
			b.define(reflect.TypeOf(kind.New()).Elem())
		}
	}
}

// bodies adds what requests on stored objects bring, and a Status.
func (b *schemaBuilder) bodies(gv GroupVersion) {
	b.answer(&Status{})
	b.addKind(b.answer(&DeleteOptions{}), gv.withKind("DeleteOptions")) // a kind of every group
	b.byName[metaPackage+".Patch"] = &Schema{Type: "object", Description: "Patch is the body of a PATCH request; its media type says which form it has."}
}

// watchEvent adds what a watch sends, which is no Go type here: events are put together of bytes.
func (b *schemaBuilder) watchEvent() {
	if b.byName[metaPackage+".WatchEvent"] != nil {
		return
	}
	kind, object := b.value(reflect.TypeFor[string](), false), b.typed(reflect.TypeFor[RawExtension]())
	if b.prefix == refPrefixV3 {
		object = &Schema{AllOf: []*Schema{object}}
	}
	kind.Description = "ADDED, MODIFIED, DELETED, BOOKMARK or ERROR."
	object.Description = "The object after the change, or before it if it is DELETED; a Status for an ERROR."
	b.byName[metaPackage+".WatchEvent"] = &Schema{
		Type: "object", Description: "WatchEvent is one change that a watch reports.", Required: []string{"type", "object"},
		Properties: map[string]*Schema{"type": kind, "object": object},
	}
}

// onlyPosted tells that nothing of a group version is stored: there is nothing to delete, patch or watch.
func (gv GroupVersion) onlyPosted() bool {
	return !slices.ContainsFunc(Kinds, func(k *Kind) bool { return k.GroupVersion == gv && !k.Posted })
}

func (gv GroupVersion) withKind(kind string) GroupVersionKind {
	return GroupVersionKind{Group: gv.Group, Version: gv.Version, Kind: kind}
}

func (b *schemaBuilder) addKind(name string, gvk GroupVersionKind) {
	schema := b.byName[name]
	if !slices.Contains(schema.Kinds, gvk) {
		schema.Kinds = append(schema.Kinds, gvk)
		slices.SortFunc(schema.Kinds, func(a, b GroupVersionKind) int {
			return strings.Compare(a.Group+"/"+a.Version, b.Group+"/"+b.Version)
		})
	}
}

// define adds a struct type, if it is not there, and returns its name.
func (b *schemaBuilder) define(t reflect.Type) string {
	if name, ok := b.types[t]; ok {
		return name
	}
	return b.defineAs(b.nameOf(t), t)
}

func (b *schemaBuilder) defineAs(name string, t reflect.Type) string {
	b.types[t] = name // first, for types that hold themselves
	schema := b.special(t)
	if schema == nil {
		schema = &Schema{Type: "object", Properties: map[string]*Schema{}}
		b.fields(schema, t)
		slices.Sort(schema.Required)
		if IsAtomicStruct(t) {
			schema.MapType = "atomic"
		}
	}
	if doc := b.docs[goName(t)]; doc != nil {
		schema.Description = doc.text
	}
	b.byName[name] = schema
	if kind := b.kinds[t]; kind != nil {
		b.addKind(name, kind.GroupVersionKind())
	} else if _, says := t.FieldByName("TypeMeta"); says && strings.HasPrefix(name, metaPackage+".") {
		b.addKind(name, coreV1.withKind(t.Name())) // what all groups share is of none
	}
	return name
}

// special knows the types that are written as something other than their fields.
func (b *schemaBuilder) special(t reflect.Type) *Schema {
	switch t {
	case reflect.TypeFor[Time](), reflect.TypeFor[MicroTime]():
		return &Schema{Type: "string", Format: "date-time"}
	case reflect.TypeFor[Duration]():
		return &Schema{Type: "string"}
	case reflect.TypeFor[RawExtension](), reflect.TypeFor[FieldsV1]():
		return &Schema{Type: "object"}
	case reflect.TypeFor[JSON](), reflect.TypeFor[JSONSchemaPropsOrArray](), reflect.TypeFor[JSONSchemaPropsOrBool](),
		reflect.TypeFor[JSONSchemaPropsOrStringArray]():
		return &Schema{} // of one form or another
	case reflect.TypeFor[Quantity]():
		return b.either("", "string", "number")
	case reflect.TypeFor[IntOrString]():
		return b.either("int-or-string", "integer", "string")
	}
	return nil
}

// either is a value of several types. The older document calls all of them strings.
func (b *schemaBuilder) either(format string, types ...string) *Schema {
	if b.prefix == refPrefixV2 {
		return &Schema{Type: "string", Format: format}
	}
	schema := &Schema{Format: format}
	for _, t := range types {
		schema.OneOf = append(schema.OneOf, &Schema{Type: t})
	}
	return schema
}

// fields adds the fields of a struct, and those of structs that JSON flattens into it.
func (b *schemaBuilder) fields(schema *Schema, t reflect.Type) {
	doc := b.docs[goName(t)]
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "-" {
			continue
		}
		if f.Anonymous && name == "" {
			b.fields(schema, f.Type)
			continue
		}
		mayBeEmpty := strings.Contains(options, "omitempty") || strings.Contains(options, "omitzero")
		property := b.value(f.Type, mayBeEmpty)
		if property.Ref != "" && b.prefix == refPrefixV3 {
			property = &Schema{AllOf: []*Schema{property}} // a bare reference may have nothing beside it
		}
		if doc != nil && doc.fields[f.Name] != "" {
			property.Description = joinParagraphs(doc.fields[f.Name], property.Description)
		}
		b.mergeRules(property, f)
		if promised := FieldDefault(t, name); promised != nil && b.prefix == refPrefixV3 {
			property.Default = promised
		}
		schema.Properties[name] = property
		optional := mayBeEmpty
		switch f.Tag.Get("api") {
		case "optional":
			optional = true
		case "required":
			optional = false
		}
		if !optional {
			schema.Required = append(schema.Required, name)
		}
	}
}

func joinParagraphs(a, b string) string {
	if b == "" {
		return a
	}
	return a + "\n\n" + b
}

// mergeRules says how patches and server-side apply merge a field.
func (b *schemaBuilder) mergeRules(property *Schema, f reflect.StructField) {
	property.PatchStrategy = f.Tag.Get("patch")
	property.PatchMergeKey = f.Tag.Get("mergeKey")
	if f.Type.Kind() != reflect.Slice {
		property.MapType = f.Tag.Get("list") // the tag is one for both
		return
	}
	property.ListType = f.Tag.Get("list")
	if keys := f.Tag.Get("mapKeys"); keys != "" {
		property.ListMapKeys = strings.Split(keys, ",")
	}
}

// value is the schema of a field or an element. The newer document says what it is when nobody sets it: what Go has there.
// That is nothing for pointers, for what is written in a form of its own, and for what is left out when it is empty.
func (b *schemaBuilder) value(t reflect.Type, leftOut bool) *Schema {
	schema := b.typed(t)
	if b.prefix != refPrefixV3 {
		return schema
	}
	switch t.Kind() {
	case reflect.Struct:
		if b.special(t) == nil {
			return &Schema{AllOf: []*Schema{schema}, Default: struct{}{}}
		}
	case reflect.String, reflect.Bool, reflect.Int, reflect.Int32, reflect.Int64, reflect.Float64:
		if !leftOut {
			schema.Default = reflect.Zero(t).Interface()
		}
	}
	return schema
}

// element is the schema of what is in a list or map. Fields are explained, and their elements with them.
func (b *schemaBuilder) element(t reflect.Type) *Schema {
	schema := b.value(t, false)
	schema.Description = ""
	return schema
}

// typed is the schema of a type: written out for simple types, a reference for structs.
func (b *schemaBuilder) typed(t reflect.Type) *Schema {
	switch t.Kind() {
	case reflect.Pointer:
		return b.typed(t.Elem())
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return &Schema{Type: "string", Format: "byte"}
		}
		return &Schema{Type: "array", Items: b.element(t.Elem())}
	case reflect.Map:
		return &Schema{Type: "object", Values: b.element(t.Elem())}
	case reflect.String:
		return b.word(t)
	case reflect.Bool:
		return &Schema{Type: "boolean"}
	case reflect.Int32:
		return &Schema{Type: "integer", Format: "int32"}
	case reflect.Int, reflect.Int64:
		return &Schema{Type: "integer", Format: "int64"}
	case reflect.Float64:
		return &Schema{Type: "number", Format: "double"}
	case reflect.Struct:
		return &Schema{Ref: b.prefix + b.define(t)}
	}
	return &Schema{} // anything: a cell of a table
}

// word is a string, with its possible values if there is a fixed set of them.
func (b *schemaBuilder) word(t reflect.Type) *Schema {
	schema := &Schema{Type: "string"}
	doc := b.docs[t.Name()]
	if doc == nil || !slices.Contains(closedStrings, t.Name()) {
		return schema
	}
	values := slices.Clone(doc.values)
	slices.SortFunc(values, func(a, b valueDoc) int { return strings.Compare(a.value, b.value) })
	var text strings.Builder
	text.WriteString("Possible enum values:")
	for _, v := range values {
		schema.Enum = append(schema.Enum, v.value)
		fmt.Fprintf(&text, "\n - `%q`", v.value)
		if v.text != "" {
			text.WriteString(" " + strings.ReplaceAll(v.text, "\n", " "))
		}
	}
	schema.Description = text.String()
	return schema
}

// Packages of upstream whose types do not live where their group's name says.
const (
	metaPackage     = "io.k8s.apimachinery.pkg.apis.meta.v1"
	runtimePackage  = "io.k8s.apimachinery.pkg.runtime"
	versionPackage  = "io.k8s.apimachinery.pkg.version"
	resourcePackage = "io.k8s.apimachinery.pkg.api.resource"
	intstrPackage   = "io.k8s.apimachinery.pkg.util.intstr"
)

var packagesByFile = map[string]string{
	"meta": metaPackage, "time": metaPackage, "raw": metaPackage, "object": metaPackage,
	"quantity": resourcePackage, "intstr": intstrPackage, "podlog": "io.k8s.api.core.v1",
	"apiextensions":   "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1",
	"apiregistration": "io.k8s.kube-aggregator.pkg.apis.apiregistration.v1",
}

// nameOf is the name that upstream's document has for a type. Clients know these names. The package follows from the
// file that declares the type: types_core_pod.go is io.k8s.api.core.v1, types_autoscaling_v2.go io.k8s.api.autoscaling.v2.
func (b *schemaBuilder) nameOf(t reflect.Type) string {
	name := goName(t)
	doc := b.docs[name]
	if doc == nil {
		panic(fmt.Sprintf("api: %v is declared in a file that is not embedded for its documentation", t))
	}
	switch t {
	case reflect.TypeFor[RawExtension]():
		return runtimePackage + "." + name
	case reflect.TypeFor[VersionInfo]():
		return versionPackage + ".Info"
	}
	parts := strings.Split(strings.TrimSuffix(path.Base(doc.file), ".go"), "_")
	if parts[0] == "types" {
		parts = parts[1:]
	}
	group, version := parts[0], "v1"
	for _, part := range parts[1:] {
		if len(part) > 1 && part[0] == 'v' && part[1] >= '0' && part[1] <= '9' {
			version = part
		}
	}
	// EventsEvent is Event, AutoscalingV1HorizontalPodAutoscaler is HorizontalPodAutoscaler: Go names carry their group,
	// or group and version, where another one has the same name.
	for _, prefix := range []string{group + version, group} {
		if short, ok := cutPrefixFold(name, prefix); ok && b.docs[short] != nil {
			name = short
		}
	}
	return schemaPackage(group, version) + "." + name
}

// SchemaName is the name that clients know a kind's schema by: "io.k8s.api.apps.v1.Deployment", or
// "com.example.stable.v1.CronTab".
func SchemaName(kind *Kind) string {
	if kind.Custom {
		labels := strings.Split(kind.Group, ".")
		slices.Reverse(labels)
		return strings.Join(labels, ".") + "." + kind.Version + "." + kind.Kind
	}
	group, _, _ := strings.Cut(kind.Group, ".")
	if group == "" {
		group = "core"
	}
	return schemaPackage(group, kind.Version) + "." + kind.Kind
}

func schemaPackage(group, version string) string {
	if known, ok := packagesByFile[group]; ok {
		return known
	}
	return "io.k8s.api." + group + "." + version
}

func cutPrefixFold(s, prefix string) (string, bool) {
	if len(s) <= len(prefix) || !strings.EqualFold(s[:len(prefix)], prefix) {
		return s, false
	}
	return s[len(prefix):], true
}

// closedStrings are the string types whose constants are all the values there are. Any other may get new ones, or be
// anybody's own.
var closedStrings = strings.Fields(`AddressType AllocationConfigSource AppArmorProfileType AzureDataDiskCachingMode AzureDataDiskKind ClaimResourceStatus CompletionMode
	ConcurrencyPolicy DNSPolicy DaemonSetUpdateStrategyType DeploymentStrategyType
	DeviceAllocationMode DeviceTaintEffect DeviceTolerationOperator FailurePolicyType FieldValueErrorReason HostPathType IPFamily
	IPFamilyPolicy KeyUsage MatchPolicyType MountPropagationMode MutationPatchType NamespacePhase NodeInclusionPolicy
	NodePhase NodeSelectorOperator OperationType PathType PersistentVolumeAccessMode
	PersistentVolumeClaimModifyVolumeStatus PersistentVolumeClaimPhase PersistentVolumeMode PersistentVolumePhase
	PersistentVolumeReclaimPolicy PodFSGroupChangePolicy PodFailurePolicyAction PodFailurePolicyOnExitCodesOperator
	PodManagementPolicyType PodPhase PodQOSClass PodReplacementPolicy PolicyType PreemptionPolicy ProcMountType Protocol
	PullPolicy ReinvocationPolicyType ResourceQuotaScope RestartPolicy ScopeSelectorOperator ScopeType SeccompProfileType
	ServiceAffinity ServiceExternalTrafficPolicy ServiceInternalTrafficPolicy ServiceType SideEffectClass Signal
	StatefulSetUpdateStrategyType SupplementalGroupsPolicy TaintEffect TerminationMessagePolicy TolerationOperator URIScheme
	UnhealthyPodEvictionPolicyType UnsatisfiableConstraintAction ValidationAction VolumeBindingMode`)

// atomicStructs are the structs that server-side apply takes as one value: half of a selector from one manager and half
// from another would select what neither meant.
var atomicStructs = strings.Fields(`AutoscalingV1CrossVersionObjectReference ConfigMapKeySelector EndpointAddress EndpointPort FileKeySelector LabelSelector
	LocalObjectReference MatchResources NamedRuleWithOperations NodeSelector NodeSelectorTerm ObjectFieldSelector ObjectReference
	OwnerReference ParamKind ParamRef ResourceFieldSelector RoleRef ScopeSelector SecretKeySelector SecretReference Subject
	TopologySelectorTerm TypedLocalObjectReference Variable
	DiscoveryEndpointPort ServiceBackendPort`)

// fieldDefaults are the defaults that server-side apply must know, because the fields are keys of a list or because the
// type's own documentation promises them to clients.
var fieldDefaults = map[string]any{
	"AzureDiskVolumeSource.cachingMode": "ReadWrite", "AzureDiskVolumeSource.fsType": "ext4", "AzureDiskVolumeSource.kind": "Shared", "AzureDiskVolumeSource.readOnly": false,
	"ContainerPort.protocol": "TCP", "DeviceToleration.operator": "Equal", "ServicePort.protocol": "TCP",
	"FileKeySelector.optional": false, "GRPCAction.service": "", "LocalObjectReference.name": "",
	"ISCSIPersistentVolumeSource.iscsiInterface": "default", "ISCSIVolumeSource.iscsiInterface": "default",
	"RBDPersistentVolumeSource.keyring": "/etc/ceph/keyring", "RBDPersistentVolumeSource.pool": "rbd", "RBDPersistentVolumeSource.user": "admin",
	"RBDVolumeSource.keyring": "/etc/ceph/keyring", "RBDVolumeSource.pool": "rbd", "RBDVolumeSource.user": "admin",
	"ReplicationControllerSpec.minReadySeconds": 0, "ReplicationControllerSpec.replicas": 1, "ScaleSpec.replicas": 0,
	"ScaleIOPersistentVolumeSource.fsType": "xfs", "ScaleIOPersistentVolumeSource.storageMode": "ThinProvisioned",
	"ScaleIOVolumeSource.fsType": "xfs", "ScaleIOVolumeSource.storageMode": "ThinProvisioned",
}

// MarshalJSON writes the names of a kind in the form of x-kubernetes-group-version-kind.
func (gvk GroupVersionKind) MarshalJSON() ([]byte, error) {
	return MarshalJSON(map[string]string{"group": gvk.Group, "version": gvk.Version, "kind": gvk.Kind})
}

// FieldDoc explains one field of a kind, or the kind itself, as `kubectl explain` does.
type FieldDoc struct {
	Name        string
	Type        string // "string", "integer", "Object", "[]Container", "map[string]string"
	Description string
	Enum        []string
	Required    bool
	Fields      []FieldDoc // of a struct, or of the structs in a list or map; sorted by name
}

// Explain follows the names of fields down from a kind. Each answer lists the fields one level below.
func Explain(kind *Kind, fieldPath ...string) (*FieldDoc, error) {
	b := newSchemaBuilder(refPrefixV3)
	root := b.define(reflect.TypeOf(kind.New()).Elem())
	schema := &Schema{Description: b.byName[root].Description, Ref: refPrefixV3 + root}
	doc := FieldDoc{Name: kind.Kind, Type: "Object"}
	for _, name := range fieldPath {
		parent := b.structOf(schema)
		if parent == nil || parent.Properties[name] == nil {
			return nil, fmt.Errorf("field %q does not exist", name)
		}
		schema = parent.Properties[name]
		doc = FieldDoc{Name: name, Type: b.typeName(schema), Required: slices.Contains(parent.Required, name)}
	}
	doc.Description, doc.Enum = schema.Description, schema.Enum
	if structure := b.structOf(schema); structure != nil {
		for _, name := range slices.Sorted(maps.Keys(structure.Properties)) {
			property := structure.Properties[name]
			doc.Fields = append(doc.Fields, FieldDoc{
				Name: name, Type: b.typeName(property), Description: property.Description, Enum: property.Enum,
				Required: slices.Contains(structure.Required, name),
			})
		}
	}
	return &doc, nil
}

// structOf finds the struct that a schema refers to, itself or by its elements. Nil if it holds plain values.
func (b *schemaBuilder) structOf(schema *Schema) *Schema {
	switch {
	case schema.Items != nil:
		return b.structOf(schema.Items)
	case schema.Values != nil:
		return b.structOf(schema.Values)
	default:
		if target := b.byName[refName(schema)]; target != nil && len(target.Properties) > 0 {
			return target
		}
	}
	return nil
}

// refName is the name of the type that a schema refers to, "" if it does not refer to any.
func refName(schema *Schema) string {
	if len(schema.AllOf) > 0 {
		schema = schema.AllOf[0]
	}
	return strings.TrimPrefix(schema.Ref, refPrefixV3)
}

func (b *schemaBuilder) typeName(schema *Schema) string {
	switch {
	case schema.Items != nil:
		return "[]" + b.typeName(schema.Items)
	case schema.Values != nil:
		return "map[string]" + b.typeName(schema.Values)
	case refName(schema) != "":
		name := refName(schema)
		if target := b.byName[name]; target != nil && len(target.Properties) == 0 && target.Type != "object" && len(target.OneOf) == 0 {
			return target.Type // a time is a string to its readers
		}
		return strings.TrimPrefix(path.Ext(name), ".")
	case schema.Type == "":
		return "Object"
	}
	return schema.Type
}
