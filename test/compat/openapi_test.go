package compat

import (
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"kubelite/api"
)

// upstreamSpec reads the document that Kubernetes publishes for a group version. It is in the source of
// k8s.io/kubernetes, which this module cannot depend on; the test runs where that source is at hand.
func upstreamSpec(t *testing.T, gv api.GroupVersion) map[string]any {
	cache, err := exec.Command("go", "env", "GOMODCACHE").Output()
	require.NoError(t, err)
	name := "api__" + gv.Version
	if gv.Group != "" {
		name = "apis__" + gv.Group + "__" + gv.Version
	}
	data, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(cache)), "k8s.io/kubernetes@v1.36.3/api/openapi-spec/v3", name+"_openapi.json"))
	if os.IsNotExist(err) {
		t.Skip("the source of k8s.io/kubernetes v1.36.3 is not in the module cache")
	}
	require.NoError(t, err)
	var doc struct {
		Components struct{ Schemas map[string]any }
	}
	require.NoError(t, json.Unmarshal(data, &doc))
	return doc.Components.Schemas
}

func TestOpenAPISchemasLikeUpstream(t *testing.T) {
	versions := map[api.GroupVersion]bool{}
	for _, kind := range api.Kinds {
		versions[kind.GroupVersion] = true
	}
	for gv := range versions {
		t.Run(gv.String(), func(t *testing.T) {
			theirs := upstreamSpec(t, gv)
			data, err := api.MarshalJSON(api.OpenAPISchemas(gv))
			require.NoError(t, err)
			var ours map[string]any
			require.NoError(t, json.Unmarshal(data, &ours))
			for name, schema := range ours {
				want, ok := theirs[name]
				if !ok {
					t.Errorf("upstream has no %s", name)
					continue
				}
				require.Equal(t, comparable(want), comparable(schema), name)
			}
			for _, kind := range api.Kinds {
				if kind.GroupVersion == gv {
					found := false
					for _, schema := range ours {
						kinds, _ := schema.(map[string]any)["x-kubernetes-group-version-kind"].([]any)
						for _, k := range kinds {
							found = found || k.(map[string]any)["kind"] == kind.Kind
						}
					}
					require.True(t, found, kind.Kind)
				}
			}
		})
	}
}

// comparable drops what differs on purpose: descriptions, which are in our own words; enums, which the published
// document leaves out; defaults that say no more than the type does; unions, which nothing reads.
func comparable(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		if all, ok := v["allOf"].([]any); ok && len(all) == 1 {
			v = maps.Clone(v) // a reference may be wrapped to have something beside it
			delete(v, "allOf")
			maps.Copy(v, all[0].(map[string]any))
		}
		for key, value := range v {
			switch key {
			case "description", "enum", "x-kubernetes-unions", "x-kubernetes-group-version-kind":
				if _, isProperty := value.(map[string]any); !isProperty {
					continue
				}
			case "default":
				if m, ok := value.(map[string]any); ok && len(m) == 0 || value == "" || value == 0.0 || value == false {
					continue
				}
			case "required":
				if list, ok := value.([]any); ok {
					names := make([]string, len(list))
					for i := range list {
						names[i] = list[i].(string)
					}
					slices.Sort(names)
					out[key] = names
					continue
				}
			}
			out[key] = comparable(value)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = comparable(v[i])
		}
		return out
	}
	return v
}
