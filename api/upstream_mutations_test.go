package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestMutationsAgainstUpstream spoils rich objects one field at a time, in several ways each, and asks a running API
// server what it makes of them. It needs -record and records nothing: there are thousands of them.
func TestMutationsAgainstUpstream(t *testing.T) {
	if *record == "" {
		t.Skip("needs -record and a running API server")
	}
	text, err := os.ReadFile(filepath.Join("testdata", "rich.yaml"))
	require.NoError(t, err)
	s := connect(t)
	for _, part := range SplitYAML(text) {
		data, err := YAMLToJSON(part)
		require.NoError(t, err)
		var doc map[string]any
		require.NoError(t, json.Unmarshal(data, &doc))
		t.Run(doc["kind"].(string), func(t *testing.T) {
			compareWithUpstream(t, s, "unchanged", doc)
			code, stored := s.do("POST", pathOf(t, doc, ""), "application/json", doc)
			require.Equal(t, http.StatusCreated, code, stored)
			defer s.remove(stored)
			mutate("", doc, func(path string) {
				// Ports that are there twice get node ports by chance.
				if !inURL(path) && !strings.HasPrefix(path, ".spec.ports=[map[appProtocol") {
					compareWithUpstream(t, s, "create "+path, doc)
				}
			})
			changed := DeepCopy(stored)
			mutate("", changed, func(path string) {
				if !inURL(path) && !writtenByServer(path) && !(doc["kind"] == "Service" && allocated(path)) {
					compareUpdateWithUpstream(t, s, "update "+path, changed, stored)
				}
			})
		})
	}
}

// inURL: the server knows these from the request's path, and refuses other values before validation.
func inURL(path string) bool {
	return hasAnyPrefix(path, ".kind=", ".apiVersion=", ".metadata=", ".metadata.namespace=", ".metadata.name=")
}

// writtenByServer: updates of these are ignored, or refused earlier.
func writtenByServer(path string) bool {
	// (A pod that has a seLinuxChangePolicy may change it to one that new pods cannot have.)
	return hasAnyPrefix(path, ".spec.securityContext.seLinuxChangePolicy", ".metadata.uid", ".metadata.resourceVersion", ".metadata.creationTimestamp", ".metadata.generation", ".metadata.managedFields", ".status")
}

// allocated: the API server looks at these before validation does.
func allocated(path string) bool {
	return hasAnyPrefix(path, ".spec=", ".spec.clusterIP", ".spec.ipFamil", ".spec.type=", ".spec.ports", ".spec.healthCheckNodePort")
}

func hasAnyPrefix(s string, prefixes ...string) bool {
	return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(s, p) })
}

// mutate changes every field below v in turn, calls visit, and restores it.
func mutate(path string, v any, visit func(path string)) {
	each := func(at string, get any, set func(any)) {
		for _, spoiled := range spoil(get) {
			set(spoiled)
			visit(fmt.Sprintf("%s=%v", at, spoiled))
			set(get)
		}
		mutate(at, get, visit)
	}
	switch v := v.(type) {
	case map[string]any:
		for _, key := range sortedKeys(v) {
			was := v[key]
			each(path+"."+key, was, func(value any) {
				if value == nil {
					delete(v, key)
				} else {
					v[key] = value
				}
			})
		}
	case []any:
		for i := range v {
			each(fmt.Sprintf("%s[%d]", path, i), v[i], func(value any) { v[i] = value })
		}
	}
}

func spoil(v any) []any {
	switch v := v.(type) {
	case string:
		return []any{nil, "", "A_b", "x y", "a.b", "/abs", "..", "-1", "None", v + v}
	case float64:
		return []any{nil, 0, -1, 70000, 1 << 30}
	case bool:
		return []any{nil, !v}
	case []any:
		if len(v) == 0 {
			return []any{nil}
		}
		return []any{nil, []any{}, append(append([]any{}, v...), v[0])}
	case map[string]any:
		return []any{nil, map[string]any{}, map[string]any{"x y": "z"}}
	}
	return nil
}

func compareWithUpstream(t *testing.T, s *upstreamServer, name string, doc map[string]any) {
	t.Helper()
	code, answer := s.do("POST", pathOf(t, doc, "")+"?dryRun=All", "application/json", doc)
	want, ok := verdict(s, name, code, answer)
	if !ok {
		return
	}
	kind, obj := toObject(t, doc)
	prepareCreate(obj)
	requireVerdict(t, name, want, causesOf(ValidateNew(kind, obj)))
}

// compareUpdateWithUpstream sends the object as an update of what is stored under its name.
func compareUpdateWithUpstream(t *testing.T, s *upstreamServer, name string, doc, stored map[string]any) {
	t.Helper()
	meta, _ := stored["metadata"].(map[string]any)
	code, answer := s.do("PUT", pathOf(t, doc, meta["name"].(string))+"?dryRun=All", "application/json", doc)
	want, ok := verdict(s, name, code, answer)
	if !ok {
		return
	}
	_, old := toObject(t, stored)
	kind, obj := toObject(t, doc)
	to, from := obj.GetObjectMeta(), old.GetObjectMeta()
	to.UID, to.CreationTimestamp, to.ResourceVersion = from.UID, from.CreationTimestamp, from.ResourceVersion
	prepareUpdate(obj, old, "")
	if svc, ok := obj.(*Service); ok {
		keepAllocated(svc, old.(*Service))
	}
	requireVerdict(t, name, want, causesOf(ValidateChange(kind, obj, old)))
}

// keepAllocated: an update that does not mention what the Service was allocated does not mean to give it back.
func keepAllocated(svc, old *Service) {
	if svc.Spec.Type == ServiceTypeExternalName {
		return
	}
	if svc.Spec.ClusterIP == "" {
		svc.Spec.ClusterIP, svc.Spec.ClusterIPs = old.Spec.ClusterIP, old.Spec.ClusterIPs
		svc.Spec.IPFamilies, svc.Spec.IPFamilyPolicy = old.Spec.IPFamilies, old.Spec.IPFamilyPolicy
	}
	allocateForTest(svc)
}

// verdict is upstream's causes, none if it took the object; not ok where the object did not get as far as validation.
func verdict(s *upstreamServer, name string, code int, answer map[string]any) (causes []cause, ok bool) {
	switch code {
	case http.StatusOK, http.StatusCreated:
		return nil, true
	case http.StatusUnprocessableEntity:
		causes = s.causes(name, code, answer)
		return slices.DeleteFunc(causes, func(c cause) bool { return c.Reason == "InternalError" }), true
	}
	return nil, false
}

// requireVerdict leaves out the diff of a refused pod update: its line numbers depend on how many fields upstream's
// types have in memory.
func requireVerdict(t *testing.T, name string, want, got []cause) {
	t.Helper()
	for _, causes := range [][]cause{want, got} {
		for i := range causes {
			causes[i].Message, _, _ = strings.Cut(causes[i].Message, "\n@@")
		}
	}
	if fmt.Sprint(want) != fmt.Sprint(got) {
		t.Errorf("%s\n  upstream: %v\n  ours:     %v", name, want, got)
	}
}
