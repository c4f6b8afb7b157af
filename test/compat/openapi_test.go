package compat

import (
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"kubelite/api"
)

// upstreamDocument reads a document that Kubernetes publishes, by its name in the index. It is in the source of
// k8s.io/kubernetes, which this module cannot depend on; the test runs where that source is at hand.
func upstreamDocument(t *testing.T, name string) map[string]any {
	cache, err := exec.Command("go", "env", "GOMODCACHE").Output()
	require.NoError(t, err)
	file := strings.ReplaceAll(name, "/", "__") + "_openapi.json"
	data, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(cache)), "k8s.io/kubernetes@v1.36.3/api/openapi-spec/v3", file))
	if os.IsNotExist(err) {
		t.Skip("the source of k8s.io/kubernetes v1.36.3 is not in the module cache")
	}
	require.NoError(t, err)
	var document map[string]any
	require.NoError(t, json.Unmarshal(data, &document))
	return document
}

func upstreamSchemas(t *testing.T, gv api.GroupVersion) map[string]any {
	name := "api/" + gv.Version
	if gv.Group != "" {
		name = "apis/" + gv.String()
	}
	return upstreamDocument(t, name)["components"].(map[string]any)["schemas"].(map[string]any)
}

func TestOpenAPISchemasLikeUpstream(t *testing.T) {
	versions := map[api.GroupVersion]bool{}
	for _, kind := range api.Kinds {
		versions[kind.GroupVersion] = true
	}
	for gv := range versions {
		t.Run(gv.String(), func(t *testing.T) {
			theirs := upstreamSchemas(t, gv)
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

// TestOpenAPIDocumentsLikeUpstream compares what a server says of its paths with what Kubernetes publishes: operations, their
// names, parameters, bodies and answers. The published documents have every feature gate open; what these add is named here.
func TestOpenAPIDocumentsLikeUpstream(t *testing.T) {
	get := startServer(t)
	var index struct{ Paths map[string]any }
	get("/openapi/v3", &index)
	require.Len(t, index.Paths, 47)
	for name := range index.Paths {
		t.Run(name, func(t *testing.T) {
			theirs := upstreamDocument(t, name)["paths"].(map[string]any)
			var ours struct{ Paths map[string]any }
			get("/openapi/v3/"+name, &ours)
			for path, item := range ours.Paths {
				require.Contains(t, theirs, path)
				require.Equal(t, comparablePath(theirs[path]), comparablePath(item), path)
			}
			for path := range theirs {
				if !gated.MatchString(path) {
					require.Contains(t, ours.Paths, path)
				}
			}
		})
	}
}

// gated are the paths of versions that are served, but of features that are not on by default.
var gated = regexp.MustCompile(`evictionrequests|podgroups|workloads`)

// comparablePath drops descriptions, the parameters of alpha features, and CBOR, which no client asks for.
// Parameters and media types have no order. A namespace that is deleted is answered itself, whatever the document says.
func comparablePath(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		if v["operationId"] == "deleteCoreV1Namespace" {
			delete(v, "responses")
		}
		for key, value := range v {
			switch {
			case key == "description", strings.HasPrefix(key, "application/cbor"), key == "application/apply-patch+cbor":
			case key == "parameters":
				parameters := map[string]any{}
				for _, p := range value.([]any) {
					p := p.(map[string]any)
					if name := p["name"].(string); name != "shardSelector" && name != "ignoreStoreReadErrorWithClusterBreakingPotential" {
						parameters[p["in"].(string)+" "+name] = comparablePath(p)
					}
				}
				if len(parameters) > 0 {
					out[key] = parameters
				}
			default:
				out[key] = comparablePath(value)
			}
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = comparablePath(v[i])
		}
		return out
	}
	return v
}

// comparable drops what differs on purpose: descriptions, which are in our own words; enums, which the published
// document leaves out; unions, which nothing reads.
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
			case "description", "enum", "x-kubernetes-unions":
				if _, isProperty := value.(map[string]any); !isProperty {
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
