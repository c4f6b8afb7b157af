package managedfields

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"kubelite/api"
)

var ctx = context.Background()

func at(seconds int64) api.Time { return api.Time{Time: time.Unix(seconds, 0).UTC()} }

func deploymentKind(subresource string) *Kind {
	k := api.KindOf[*api.Deployment]()
	resets := [][]string{{"status"}}
	if subresource == "status" {
		resets = [][]string{{"spec"}, {"metadata", "labels"}}
	}
	return &Kind{Schema: SchemaOf(k), GVK: k.GroupVersionKind(), New: k.New, Subresource: subresource, Resets: resets}
}

func deployment(t testing.TB, text string) *api.Deployment {
	t.Helper()
	d := api.New[*api.Deployment]()
	json, err := api.YAMLToJSON([]byte(text))
	require.NoError(t, err)
	require.NoError(t, api.UnmarshalJSON(json, d))
	return d
}

// entriesText is one line per entry.
func entriesText(entries []api.ManagedFieldsEntry) string {
	var lines []string
	for _, e := range entries {
		lines = append(lines, strings.TrimSpace(e.Manager+" "+string(e.Operation)+" "+e.Subresource)+": "+string(e.FieldsV1.Raw))
	}
	return strings.Join(lines, "\n")
}

const web = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - {name: web, image: nginx, ports: [{containerPort: 80, protocol: TCP}], resources: {}}
status: {replicas: 1}
`

func TestUpdateMovesFieldsToTheWriter(t *testing.T) {
	k, status := deploymentKind(""), deploymentKind("status")
	d := deployment(t, web)
	var err error
	d.ManagedFields, err = k.Update(ctx, k.New(), d, Who{"kubectl-create", at(1)})
	require.NoError(t, err)
	require.Equal(t, `kubectl-create Update: {"f:metadata":{"f:labels":{".":{},"f:app":{}}},"f:spec":{"f:replicas":{},"f:selector":{},`+
		`"f:template":{"f:metadata":{"f:labels":{".":{},"f:app":{}}},"f:spec":{"f:containers":{"k:{\"name\":\"web\"}":{".":{},"f:image":{},"f:name":{},`+
		`"f:ports":{".":{},"k:{\"containerPort\":80,\"protocol\":\"TCP\"}":{".":{},"f:containerPort":{},"f:protocol":{}}},"f:resources":{}}}}}}}`, entriesText(d.ManagedFields))
	d.UID = "1"

	scaled := api.DeepCopy(d)
	scaled.Spec.Replicas = api.Ptr(int32(3))
	scaled.ManagedFields, err = k.Update(ctx, d, scaled, Who{"kubectl-scale", at(2)})
	require.NoError(t, err)
	require.NotContains(t, string(scaled.ManagedFields[0].FieldsV1.Raw), "f:replicas")
	require.Equal(t, at(1), *scaled.ManagedFields[0].Time)
	require.Equal(t, `kubectl-scale Update: {"f:spec":{"f:replicas":{}}}`, entriesText(scaled.ManagedFields[1:]))

	reported := api.DeepCopy(scaled)
	reported.Status.Replicas, reported.Spec.Paused = 3, true
	reported.ManagedFields, err = status.Update(ctx, scaled, reported, Who{"controller", at(3)})
	require.NoError(t, err)
	require.Equal(t, `controller Update status: {"f:status":{"f:replicas":{}}}`, entriesText(reported.ManagedFields[2:]))

	same, err := k.Update(ctx, reported, reported, Who{"somebody", at(4)})
	require.NoError(t, err)
	require.Equal(t, reported.ManagedFields, same)

	unlabelled := api.DeepCopy(reported)
	unlabelled.Labels = nil
	unlabelled.ManagedFields, err = k.Update(ctx, reported, unlabelled, Who{"kubectl-label", at(5)})
	require.NoError(t, err)
	require.NotContains(t, entriesText(unlabelled.ManagedFields), `"f:metadata":{"f:labels":{".":{},"f:app":{}}},"f:spec":{"f:selector"`)
	require.Len(t, unlabelled.ManagedFields, 3, "who only removes owns nothing")
}

func TestUpdateCanForgetAllOwners(t *testing.T) {
	k := deploymentKind("")
	d := deployment(t, web)
	d.ManagedFields, _ = k.Update(ctx, k.New(), d, Who{"kubectl-create", at(1)})
	d.UID = "1"
	for name, sent := range map[string][]api.ManagedFieldsEntry{"empty": {}, "one empty entry": {{}}} {
		reset := api.DeepCopy(d)
		reset.Spec.Paused, reset.ManagedFields = true, sent
		entries, err := k.Update(ctx, d, reset, Who{"kubectl-edit", at(2)})
		require.NoError(t, err)
		require.Empty(t, entries, name)
	}
	kept := api.DeepCopy(d)
	kept.Spec.Paused, kept.ManagedFields = true, nil
	entries, err := k.Update(ctx, d, kept, Who{"kubectl-edit", at(2)})
	require.NoError(t, err)
	require.Len(t, entries, 2, "a client that knows nothing of owners changes nothing of them")
}

func TestOldManagersArePutTogether(t *testing.T) {
	k := deploymentKind("")
	d := deployment(t, web)
	d.ManagedFields, _ = k.Update(ctx, k.New(), d, Who{"first", at(1)})
	d.UID = "1"
	for i := range 15 {
		next := api.DeepCopy(d)
		next.Annotations = map[string]string{}
		for j := range i + 1 {
			next.Annotations[string(rune('a'+j))] = ""
		}
		entries, err := k.Update(ctx, d, next, Who{"tool-" + string(rune('a'+i)), at(int64(10 + i))})
		require.NoError(t, err)
		next.ManagedFields = entries
		d = next
	}
	require.Len(t, d.ManagedFields, maxUpdaters)
	require.Equal(t, "ancient-changes", d.ManagedFields[0].Manager)
	require.Equal(t, at(15), *d.ManagedFields[0].Time)
	require.Contains(t, string(d.ManagedFields[0].FieldsV1.Raw), `"f:annotations":{".":{},"f:a":{},"f:b":{},"f:c":{},"f:d":{},"f:e":{},"f:f":{}}`)
}

func BenchmarkUpdate(b *testing.B) {
	k, status := deploymentKind(""), deploymentKind("status")
	d := deployment(b, web)
	b.Run("create", func(b *testing.B) {
		b.ReportAllocs()
		empty := k.New()
		for b.Loop() {
			_, _ = k.Update(ctx, empty, d, Who{"kubectl-create", at(1)})
		}
	})
	d.ManagedFields, _ = k.Update(ctx, k.New(), d, Who{"kubectl-create", at(1)})
	d.UID = "1"
	after := api.DeepCopy(d)
	after.Status.Replicas = 3
	after.ManagedFields, _ = status.Update(ctx, d, after, Who{"controller", at(2)})
	again := api.DeepCopy(after)
	again.Status.Replicas = 4
	b.Run("status", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _ = status.Update(ctx, after, again, Who{"controller", at(3)})
		}
	})
	b.Run("nothing", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _ = k.Update(ctx, after, after, Who{"controller", at(3)})
		}
	})
}
