package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
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

func writeGoFields(b *bytes.Buffer, v reflect.Value) error {
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if f.Anonymous && !hasJSONForm(f.Type) { // its fields count as the outer struct's
			if err := writeGoFields(b, v.Field(i)); err != nil {
				return err
			}
			continue
		}
		if last := b.Bytes()[b.Len()-1]; last != '{' && last != '[' {
			b.WriteByte(',')
		}
		fmt.Fprintf(b, "%q:", f.Name)
		if err := writeGoNames(b, v.Field(i)); err != nil {
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

// diffGoNames shows how two values differ, as a unified diff of their JSON with three lines around each change.
func diffGoNames(old, changed any) string {
	return UnifiedDiff(goNamesLines(old), goNamesLines(changed))
}

func goNamesLines(v any) []string {
	text, err := json.MarshalIndent(goNames{v}, "", " ")
	if err != nil {
		text = fmt.Appendf(nil, "%+v", v) // still shows the change
	}
	return strings.Split(string(text), "\n")
}

// edit is one run of lines: kept (both ranges), removed (only old) or added (only new).
type edit struct {
	kind           byte // ' ', '-', '+'
	oldAt, newAt   int
	oldLen, newLen int
}

const diffContext = 3

// UnifiedDiff shows how two texts differ, by lines, with three lines around each change; "" if they do not.
func UnifiedDiff(old, changed []string) string {
	var out strings.Builder
	edits := diffLines(old, changed)
	for start := 0; start < len(edits); {
		if edits[start].kind == ' ' {
			start++
			continue
		}
		// A hunk goes on while the unchanged lines between two changes are few.
		end := start + 1
		for end < len(edits) && (edits[end].kind != ' ' || edits[end].oldLen <= 2*diffContext && end+1 < len(edits)) {
			end++
		}
		writeHunk(&out, old, changed, edits[start], edits[end-1], edits[start:end])
		start = end
	}
	return out.String()
}

func writeHunk(out *strings.Builder, old, changed []string, first, last edit, edits []edit) {
	before := min(diffContext, first.oldAt)
	oldEnd, newEnd := last.oldAt+last.oldLen, last.newAt+last.newLen
	after := min(diffContext, len(old)-oldEnd)
	fmt.Fprintf(out, "@@ -%s +%s @@\n", diffRange(first.oldAt-before, oldEnd+after), diffRange(first.newAt-before, newEnd+after))
	lines := func(mark byte, lines []string) {
		for _, line := range lines {
			out.WriteByte(mark)
			out.WriteString(line)
			out.WriteByte('\n')
		}
	}
	lines(' ', old[first.oldAt-before:first.oldAt])
	for _, e := range edits {
		if e.kind == '+' {
			lines('+', changed[e.newAt:e.newAt+e.newLen])
		} else {
			lines(e.kind, old[e.oldAt:e.oldAt+e.oldLen])
		}
	}
	lines(' ', old[oldEnd:oldEnd+after])
}

func diffRange(start, end int) string {
	switch n := end - start; n {
	case 1:
		return fmt.Sprint(start + 1)
	case 0:
		return fmt.Sprintf("%d,0", start)
	default:
		return fmt.Sprintf("%d,%d", start+1, n)
	}
}

// diffLines finds the longest common subsequence of what lies between the common beginning and the common end.
func diffLines(old, changed []string) []edit {
	head := 0
	for head < len(old) && head < len(changed) && old[head] == changed[head] {
		head++
	}
	tail := 0
	for tail < len(old)-head && tail < len(changed)-head && old[len(old)-1-tail] == changed[len(changed)-1-tail] {
		tail++
	}
	a, b := old[head:len(old)-tail], changed[head:len(changed)-tail]
	common := make([][]int, len(a)+1) // common[i][j]: length of the longest common subsequence of a[i:] and b[j:]
	for i := range common {
		common[i] = make([]int, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] {
				common[i][j] = common[i+1][j+1] + 1
			} else {
				common[i][j] = max(common[i+1][j], common[i][j+1])
			}
		}
	}
	var edits []edit
	push := func(kind byte, oldAt, newAt, oldLen, newLen int) {
		if n := len(edits); n > 0 && edits[n-1].kind == kind {
			edits[n-1].oldLen += oldLen
			edits[n-1].newLen += newLen
			return
		}
		edits = append(edits, edit{kind, oldAt, newAt, oldLen, newLen})
	}
	i, j := 0, 0
	for i < len(a) || j < len(b) {
		switch {
		case i < len(a) && j < len(b) && a[i] == b[j]:
			push(' ', head+i, head+j, 1, 1)
			i, j = i+1, j+1
		case j == len(b) || i < len(a) && common[i+1][j] >= common[i][j+1]:
			push('-', head+i, head+j, 1, 0)
			i++
		default:
			push('+', head+i, head+j, 0, 1)
			j++
		}
	}
	return edits
}
