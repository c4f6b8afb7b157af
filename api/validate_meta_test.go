package api

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// messages is an error list as a user sees it: "path: message", in order.
func messages(errs ErrorList) []string {
	var out []string
	for _, e := range errs {
		out = append(out, e.Error())
	}
	return out
}

func TestValidateObjectMeta(t *testing.T) {
	kind := KindOf[*ConfigMap]()
	tests := []struct {
		name string
		kind *Kind
		meta ObjectMeta
		want []string
	}{
		{name: "good", meta: ObjectMeta{Name: "a", Namespace: "b", Labels: map[string]string{"a": "b"}, Annotations: map[string]string{"Example.com/A": "anything / at all"}}},
		{name: "generated name", meta: ObjectMeta{Name: "web-x7k2p", GenerateName: "web-", Namespace: "b"}},
		{
			name: "bad prefix of a generated name", meta: ObjectMeta{Name: "a", GenerateName: "Web_", Namespace: "b"},
			want: []string{`metadata.generateName: Invalid value: "Web_": ` + IsDNS1123Subdomain("Web_")[0]},
		},
		{name: "no name", meta: ObjectMeta{Namespace: "b"}, want: []string{"metadata.name: Required value: name or generateName is required"}},
		{name: "no namespace", meta: ObjectMeta{Name: "a"}, want: []string{"metadata.namespace: Required value"}},
		{
			name: "namespace where there is none", kind: KindOf[*Node](), meta: ObjectMeta{Name: "a", Namespace: "b"},
			want: []string{"metadata.namespace: Forbidden: not allowed on this type"},
		},
		{
			name: "negative generation", meta: ObjectMeta{Name: "a", Namespace: "b", Generation: -1},
			want: []string{"metadata.generation: Invalid value: -1: must be greater than or equal to 0"},
		},
		{name: "annotations that just fit", meta: ObjectMeta{Name: "a", Namespace: "b", Annotations: map[string]string{"a": strings.Repeat("x", 256<<10-1)}}},
		{
			name: "annotations too large", meta: ObjectMeta{Name: "a", Namespace: "b", Annotations: map[string]string{"a": strings.Repeat("x", 256<<10)}},
			want: []string{"metadata.annotations: Too long: may not be more than 262144 bytes"},
		},
		{
			name: "managed fields", meta: ObjectMeta{Name: "a", Namespace: "b", ManagedFields: []ManagedFieldsEntry{
				{Manager: "kubectl", Operation: ManagedFieldsOperationApply, FieldsType: "FieldsV1"},
				{Manager: "a\nb", Operation: "Delete", FieldsType: "FieldsV2", Subresource: strings.Repeat("x", 257)},
				{Manager: strings.Repeat("x", 129), Operation: ManagedFieldsOperationUpdate},
			}},
			want: []string{
				`metadata.managedFields[1].operation: Invalid value: "Delete": must be ` + "`Apply` or `Update`",
				`metadata.managedFields[1].fieldsType: Invalid value: "FieldsV2": must be ` + "`FieldsV1`",
				`metadata.managedFields[1].manager: Invalid value: "a\nb": invalid character U+000A (at position 1)`,
				"metadata.managedFields[1].subresource: Too long: may not be more than 256 bytes",
				"metadata.managedFields[2].manager: Too long: may not be more than 128 bytes",
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			k := kind
			if tt.kind != nil {
				k = tt.kind
			}
			require.Equal(t, tt.want, messages(ValidateObjectMeta(k, &tt.meta)))
		})
	}
}

func TestValidateObjectMetaUpdate(t *testing.T) {
	now := Time{time.Date(2024, 1, 2, 3, 4, 5, 0, time.UTC)}
	later := Time{now.Add(time.Hour)}
	old := ObjectMeta{
		Name: "a", Namespace: "b", UID: "1", ResourceVersion: "7", Generation: 2, CreationTimestamp: now,
		DeletionTimestamp: &now, DeletionGracePeriodSeconds: Ptr[int64](30), Finalizers: []string{"example.com/f"},
	}
	tests := []struct {
		name   string
		change func(*ObjectMeta)
		want   []string
	}{
		{name: "nothing", change: func(*ObjectMeta) {}},
		{name: "what users may", change: func(m *ObjectMeta) {
			m.Labels, m.Annotations, m.Finalizers, m.Generation = map[string]string{"a": "b"}, map[string]string{"c": "d"}, nil, 3
		}},
		{name: "the same time in another zone", change: func(m *ObjectMeta) {
			m.CreationTimestamp = Time{now.In(time.FixedZone("x", 3600))}
		}},
		{name: "identity", change: func(m *ObjectMeta) { m.Name, m.Namespace, m.UID = "x", "y", "z" }, want: []string{
			`metadata.name: Invalid value: "x": field is immutable`,
			`metadata.namespace: Invalid value: "y": field is immutable`,
			`metadata.uid: Invalid value: "z": field is immutable`,
		}},
		{name: "times", change: func(m *ObjectMeta) {
			m.CreationTimestamp, m.DeletionTimestamp, m.DeletionGracePeriodSeconds = later, nil, Ptr[int64](5)
		}, want: []string{
			`metadata.creationTimestamp: Invalid value: "2024-01-02T04:04:05Z": field is immutable`,
			`metadata.deletionTimestamp: Invalid value: null: field is immutable`,
			`metadata.deletionGracePeriodSeconds: Invalid value: 5: field is immutable`,
		}},
		{name: "versions", change: func(m *ObjectMeta) { m.ResourceVersion, m.Generation = "", 1 }, want: []string{
			`metadata.resourceVersion: Invalid value: "": must be specified for an update`,
			`metadata.generation: Invalid value: 1: must not be decremented`,
		}},
		{name: "finalizer while it is being deleted", change: func(m *ObjectMeta) { m.Finalizers = []string{"example.com/f", "example.com/g"} }, want: []string{
			`metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{"example.com/g"}`,
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			meta := DeepCopy(old)
			tt.change(&meta)
			require.Equal(t, tt.want, messages(ValidateObjectMetaUpdate(KindOf[*ConfigMap](), &meta, &old)))
		})
	}
}

func TestFinalizersOfBuiltInKinds(t *testing.T) {
	meta := ObjectMeta{Name: "a", Namespace: "default", Finalizers: []string{"cleanup.example.com"}}
	require.Equal(t, []string{`metadata.finalizers[0]: Invalid value: "cleanup.example.com": name is neither a standard finalizer name nor is it fully qualified`},
		messages(ValidateObjectMeta(KindOf[*ConfigMap](), &meta)))
	require.Empty(t, ValidateObjectMeta(KindOf[*Lease](), &meta))
	meta.Namespace = ""
	require.Empty(t, ValidateObjectMeta(KindOf[*CustomResourceDefinition](), &meta))
}

func TestDropDuplicateOwners(t *testing.T) {
	a, b := OwnerReference{Kind: "A", UID: "1"}, OwnerReference{Kind: "B", UID: "2", Controller: Ptr(true)}
	sameAsB := OwnerReference{Kind: "B", UID: "2", Controller: Ptr(true)}
	meta := &ObjectMeta{OwnerReferences: []OwnerReference{a, b, a, sameAsB}}
	require.Equal(t, []string{"1", "2"}, DropDuplicateOwners(meta))
	require.Equal(t, []OwnerReference{a, b}, meta.OwnerReferences)
	require.Empty(t, DropDuplicateOwners(meta))
}
