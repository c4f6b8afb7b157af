package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/pmezard/go-difflib/difflib"
)

// Some of upstream's messages show a value in the form it has inside the API server: fields by their Go names, empty
// ones too. People search the web for such messages, so ours show the same.

// goNames is a value that turns into JSON with Go's field names.
type goNames struct{ value any }

// MarshalJSON writes every field of every struct, in the order of declaration.
func (g goNames) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	err := writeGoNames(&b, reflect.ValueOf(g.value))
	return b.Bytes(), err
}

func writeGoNames(b *bytes.Buffer, v reflect.Value) error {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			b.WriteString("null")
			return nil
		}
		if !hasJSONForm(v.Type()) {
			return writeGoNames(b, v.Elem())
		}
	case reflect.Struct:
		if !hasJSONForm(v.Type()) {
			b.WriteByte('{')
			err := writeGoFields(b, v)
			b.WriteByte('}')
			return err
		}
	case reflect.Slice:
		if v.IsNil() {
			b.WriteString("null")
			return nil
		}
		b.WriteByte('[')
		for i := range v.Len() {
			if i > 0 {
				b.WriteByte(',')
			}
			if err := writeGoNames(b, v.Index(i)); err != nil {
				return err
			}
		}
		b.WriteByte(']')
		return nil
	}
	j, err := json.Marshal(v.Interface())
	b.Write(j)
	return err
}

// inMemory says which fields upstream has elsewhere in memory than on the wire: right after which other one.
var inMemory = map[reflect.Type]map[string]string{
	reflect.TypeFor[VolumeSource]():           {"Quobyte": "RBD"},
	reflect.TypeFor[PersistentVolumeSource](): {"Quobyte": "RBD", "FlexVolume": "ISCSI"},
}

// goFields are a type's fields in the order that they have in memory upstream.
func goFields(t reflect.Type) []reflect.StructField {
	fields := reflect.VisibleFields(t)
	fields = slices.DeleteFunc(fields, func(f reflect.StructField) bool { return len(f.Index) > 1 })
	for name, before := range inMemory[t] {
		from := slices.IndexFunc(fields, func(f reflect.StructField) bool { return f.Name == name })
		moved := fields[from]
		fields = slices.Delete(fields, from, from+1)
		to := slices.IndexFunc(fields, func(f reflect.StructField) bool { return f.Name == before })
		fields = slices.Insert(fields, to+1, moved)
	}
	return fields
}

func writeGoFields(b *bytes.Buffer, v reflect.Value) error {
	for _, f := range goFields(v.Type()) {
		in := v.FieldByIndex(f.Index)
		if f.Anonymous && !hasJSONForm(f.Type) { // its fields count as the outer struct's
			if err := writeGoFields(b, in); err != nil {
				return err
			}
			continue
		}
		if f.Anonymous { // metadata: in its place as on the wire
			meta, err := json.Marshal(in.Interface())
			if err != nil {
				return err
			}
			b.Write(meta[1 : len(meta)-1])
			continue
		}
		if last := b.Bytes()[b.Len()-1]; last != '{' && last != '[' {
			b.WriteByte(',')
		}
		fmt.Fprintf(b, "%q:", f.Name)
		if err := writeGoNames(b, in); err != nil {
			return err
		}
	}
	return nil
}

// hasJSONForm tells the types that look the same inside the API server and on the wire.
func hasJSONForm(t reflect.Type) bool {
	switch t {
	case reflect.TypeFor[LabelSelector](), reflect.TypeFor[ObjectMeta]():
		return true
	}
	return t.Implements(reflect.TypeFor[json.Marshaler]())
}

// internalPodSpec has a pod spec's fields as upstream keeps them in memory: in this order, with what the pod shares
// with its host inside the security context. It serves the diff of a pod update only.
type internalPodSpec struct {
	Volumes                       []Volume
	InitContainers                []Container
	Containers                    []Container
	EphemeralContainers           []EphemeralContainer
	RestartPolicy                 RestartPolicy
	TerminationGracePeriodSeconds *int64
	ActiveDeadlineSeconds         *int64
	DNSPolicy                     DNSPolicy
	NodeSelector                  map[string]string
	ServiceAccountName            string
	AutomountServiceAccountToken  *bool
	NodeName                      string
	SecurityContext               struct {
		HostNetwork              bool
		HostPID                  bool
		HostIPC                  bool
		ShareProcessNamespace    *bool
		HostUsers                *bool
		SELinuxOptions           *SELinuxOptions
		WindowsOptions           *WindowsSecurityContextOptions
		RunAsUser                *int64
		RunAsGroup               *int64
		RunAsNonRoot             *bool
		SupplementalGroups       []int64
		SupplementalGroupsPolicy *SupplementalGroupsPolicy
		FSGroup                  *int64
		FSGroupChangePolicy      *PodFSGroupChangePolicy
		Sysctls                  []Sysctl
		SeccompProfile           *SeccompProfile
		AppArmorProfile          *AppArmorProfile
		SELinuxChangePolicy      *PodSELinuxChangePolicy
	}
	ImagePullSecrets          []LocalObjectReference
	Hostname                  string
	Subdomain                 string
	SetHostnameAsFQDN         *bool
	Affinity                  *Affinity
	SchedulerName             string
	Tolerations               []Toleration
	HostAliases               []HostAlias
	PriorityClassName         string
	Priority                  *int32
	PreemptionPolicy          *PreemptionPolicy
	DNSConfig                 *PodDNSConfig
	ReadinessGates            []PodReadinessGate
	RuntimeClassName          *string
	Overhead                  ResourceList
	EnableServiceLinks        *bool
	TopologySpreadConstraints []TopologySpreadConstraint
	OS                        *PodOS
	SchedulingGates           []PodSchedulingGate
	ResourceClaims            []PodResourceClaim
	Resources                 *ResourceRequirements
	HostnameOverride          *string
	SchedulingGroup           *PodSchedulingGroup
}

// internalTemplate shows a pod template as upstream keeps it: the metadata as on the wire, the spec by Go's names.
type internalTemplate struct{ *PodTemplateSpec }

// MarshalJSON writes the metadata's fields and then Spec.
func (t internalTemplate) MarshalJSON() ([]byte, error) {
	b, err := json.Marshal(&t.ObjectMeta)
	if err != nil {
		return nil, err
	}
	b = b[:len(b)-1]
	if len(b) > 1 {
		b = append(b, ',')
	}
	spec, err := json.Marshal(goNames{toInternal(&t.Spec)})
	return append(append(append(b, `"Spec":`...), spec...), '}'), err
}

// toInternal copies fields of the same name; the security context takes its own from both places.
func toInternal(spec *PodSpec) any {
	var out internalPodSpec
	to, from := reflect.ValueOf(&out).Elem(), reflect.ValueOf(spec).Elem()
	copyFields := func(to, from reflect.Value) {
		for i := range to.NumField() {
			if f := from.FieldByName(to.Type().Field(i).Name); f.IsValid() && f.Type() == to.Field(i).Type() {
				to.Field(i).Set(f)
			}
		}
	}
	copyFields(to, from)
	security := to.FieldByName("SecurityContext")
	copyFields(security, from)
	if spec.SecurityContext != nil {
		copyFields(security, reflect.ValueOf(spec.SecurityContext).Elem())
	}
	return &out
}

// diffGoNames shows how two values differ, as a unified diff of their JSON.
func diffGoNames(old, changed any) string {
	return UnifiedDiff(goNamesText(old), goNamesText(changed))
}

func goNamesText(v any) string {
	text, err := json.MarshalIndent(goNames{v}, "", " ")
	if err != nil {
		return fmt.Sprintf("%+v", v) // still shows the change
	}
	return string(text)
}

// UnifiedDiff shows how two texts differ, by lines, with three lines around each change; "" if they do not.
func UnifiedDiff(old, changed string) string {
	text, err := difflib.GetUnifiedDiffString(difflib.UnifiedDiff{A: diffLines(old), B: diffLines(changed), Context: 3})
	if err != nil {
		return err.Error() // nobody else writes into the string
	}
	return text
}

// diffLines are lines with their ends. No text has none, where the library would see an empty one.
func diffLines(text string) []string {
	if text == "" {
		return nil
	}
	return difflib.SplitLines(strings.TrimSuffix(text, "\n"))
}
