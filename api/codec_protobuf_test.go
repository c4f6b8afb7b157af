package api

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func samplePod() *Pod {
	pod := New[*Pod]()
	pod.Name, pod.Namespace, pod.UID = "web-1", "default", "u1"
	pod.Labels = map[string]string{"app": "web", "tier": "front"}
	pod.CreationTimestamp = Time{time.Unix(1700000000, 0)}
	pod.Spec.Containers = []Container{{
		Name: "web", Image: "nginx",
		Ports: []ContainerPort{{ContainerPort: 80, Protocol: ProtocolTCP}},
		Resources: ResourceRequirements{Requests: ResourceList{
			ResourceCPU: MustParse("100m"), ResourceMemory: MustParse("64Mi"),
		}},
		LivenessProbe: &Probe{ProbeHandler: ProbeHandler{HTTPGet: &HTTPGetAction{Path: "/", Port: FromString("http")}}},
	}}
	return pod
}

func TestProtobufRoundTrip(t *testing.T) {
	pod := samplePod()
	data, err := MarshalProtobuf(pod)
	require.NoError(t, err)
	require.True(t, IsProtobuf(data))
	var back Pod
	require.NoError(t, UnmarshalProtobuf(data, &back))
	require.True(t, Equal(*pod, back))
	require.Equal(t, "Pod", back.Kind, "the envelope's TypeMeta is filled in")

	list := &List[Pod]{TypeMeta: TypeMeta{Kind: "PodList", APIVersion: "v1"}, Items: []Pod{*pod, *pod}}
	data, err = MarshalProtobuf(list)
	require.NoError(t, err)
	var backList List[Pod]
	require.NoError(t, UnmarshalProtobuf(data, &backList))
	require.Len(t, backList.Items, 2)
	require.Equal(t, "", backList.Items[0].Kind, "items have no TypeMeta on the wire")
}

func TestProtobufBytes(t *testing.T) {
	// {1: {1: "v1", 2: "Status"}, 2: {1: {2: ""...}, ...}}: zero values that are no pointers are written.
	data, err := MarshalProtobuf(Preconditions{UID: Ptr(UID("x"))})
	require.NoError(t, err)
	require.Equal(t, "\x0a\x01x", string(data), "no envelope without TypeMeta; nil pointers are left out")
	data, err = MarshalProtobuf(&IntOrString{Type: StringForm, StrVal: "a"})
	require.NoError(t, err)
	require.Equal(t, "\x08\x01\x10\x00\x1a\x01a", string(data))
	data, err = MarshalProtobuf(&LabelSelector{MatchLabels: map[string]string{"b": "2", "a": ""}})
	require.NoError(t, err)
	require.Equal(t, "\x0a\x05\x0a\x01a\x12\x00"+"\x0a\x06\x0a\x01b\x12\x012", string(data), "maps are sorted by key")
}

func TestProtobufReadsWhatOthersWrite(t *testing.T) {
	for name, c := range map[string]struct {
		data string
		want LabelSelectorRequirement
	}{
		"in any order":            {"\x12\x02In\x0a\x01k", LabelSelectorRequirement{Key: "k", Operator: "In"}},
		"the last scalar wins":    {"\x0a\x01a\x0a\x01b", LabelSelectorRequirement{Key: "b"}},
		"unknown fields":          {"\xf8\x01\x05\x0a\x01k\xfd\x01\x01\x02\x03\x04", LabelSelectorRequirement{Key: "k"}},
		"unknown groups":          {"\x53\x0a\x01x\x53\x54\x54\x0a\x01k", LabelSelectorRequirement{Key: "k"}},
		"repeated fields gather":  {"\x1a\x01a\x0a\x01k\x1a\x01b", LabelSelectorRequirement{Key: "k", Values: []string{"a", "b"}}},
		"nothing is a value, too": {"", LabelSelectorRequirement{}},
	} {
		t.Run(name, func(t *testing.T) {
			var got LabelSelectorRequirement
			require.NoError(t, UnmarshalProtobuf([]byte(c.data), &got))
			require.Equal(t, c.want, got)
		})
	}
	type numbers struct {
		N []int64 `pb:"1"`
	}
	var packed numbers
	require.NoError(t, UnmarshalProtobuf([]byte("\x0a\x03\x01\xac\x02\x08\x07"), &packed))
	require.Equal(t, []int64{1, 300, 7}, packed.N, "packed and not, mixed")
}

func TestProtobufRefusesNonsense(t *testing.T) {
	for name, data := range map[string]string{
		"no magic":         "\x0a\x00",
		"cut key":          "k8s\x00\x80",
		"cut length":       "k8s\x00\x12\x80",
		"cut bytes":        "k8s\x00\x12\x05ab",
		"huge length":      "k8s\x00\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
		"field 0":          "k8s\x00\x02\x00",
		"wire type 7":      "k8s\x00\x0f",
		"group unfinished": "k8s\x00\x13",
		"group unopened":   "k8s\x00\x14",
		"varint too long":  "k8s\x00\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
		"wrong wire type":  "k8s\x00\x12\x02\x08\x01",
		"compressed":       "k8s\x00\x1a\x04gzip",
		"quantity":         "k8s\x00\x12\x0e\x1a\x0c\x0a\x0a\x0a\x01c\x12\x05\x0a\x03abc",
	} {
		t.Run(name, func(t *testing.T) { require.Error(t, UnmarshalProtobuf([]byte(data), new(Node))) })
	}
	_, err := MarshalProtobuf(&Table{})
	require.ErrorContains(t, err, "has no protobuf form")
	require.Error(t, UnmarshalProtobuf(nil, Pod{}))
	require.Error(t, UnmarshalProtobuf(nil, (*Pod)(nil)))
}

// A schema may hold schemas; a hostile one must not exhaust the stack.
func TestProtobufBoundsNesting(t *testing.T) {
	type node struct {
		Next *node  `pb:"1"`
		Name string `pb:"2"`
	}
	var message []byte
	for range 2000 {
		w := newProtobufWriter()
		w.raw(string(message))
		w.length(0)
		w.key(1, wireBytes)
		message = w.finish()
	}
	require.ErrorContains(t, UnmarshalProtobuf(message, new(node)), "nest deeper")
}

func FuzzUnmarshalProtobuf(f *testing.F) {
	data, err := MarshalProtobuf(samplePod())
	require.NoError(f, err)
	f.Add(data)
	f.Add([]byte("k8s\x00\x12\x05ab"))
	f.Fuzz(func(t *testing.T, data []byte) {
		var pod Pod
		if err := UnmarshalProtobuf(data, &pod); err != nil {
			return
		}
		again, err := MarshalProtobuf(&pod)
		require.NoError(t, err)
		var back Pod
		require.NoError(t, UnmarshalProtobuf(again, &back))
	})
}

func BenchmarkCodecs(b *testing.B) {
	pod := samplePod()
	asJSON, _ := MarshalJSON(pod)
	asProtobuf, _ := MarshalProtobuf(pod)
	b.Run("MarshalJSON", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _ = MarshalJSON(pod)
		}
	})
	b.Run("UnmarshalJSON", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_ = UnmarshalJSON(asJSON, new(Pod))
		}
	})
	b.Run("UnmarshalJSONStrict", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _ = UnmarshalJSONStrict(asJSON, new(Pod))
		}
	})
	b.Run("MarshalProtobuf", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _ = MarshalProtobuf(pod)
		}
	})
	b.Run("UnmarshalProtobuf", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_ = UnmarshalProtobuf(asProtobuf, new(Pod))
		}
	})
	b.Run("DeepCopy", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_ = DeepCopy(pod)
		}
	})
	b.Run("Equal", func(b *testing.B) {
		b.ReportAllocs()
		other := DeepCopy(pod)
		for b.Loop() {
			_ = Equal(pod, other)
		}
	})
	b.Run("MarshalYAML", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _ = MarshalYAML(pod)
		}
	})
	asYAML, _ := MarshalYAML(pod)
	require.Contains(b, strings.TrimSpace(string(asYAML)), "kind: Pod")
	b.Run("YAMLToJSON", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _ = YAMLToJSON(asYAML)
		}
	})
}
