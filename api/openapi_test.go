package api

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestOpenAPISchemas(t *testing.T) {
	schemas := OpenAPISchemas(coreV1)
	pod := schemas["io.k8s.api.core.v1.Pod"].(*Schema)
	require.Equal(t, []GroupVersionKind{{Version: "v1", Kind: "Pod"}}, pod.Kinds)
	require.NotEmpty(t, pod.Description)
	require.Equal(t, "#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta", pod.Properties["metadata"].AllOf[0].Ref)

	container := schemas["io.k8s.api.core.v1.Container"].(*Schema)
	require.Equal(t, []string{"name"}, container.Required)
	require.Equal(t, "merge", container.Properties["ports"].PatchStrategy)
	require.Equal(t, "containerPort", container.Properties["ports"].PatchMergeKey)
	require.Equal(t, []string{"containerPort", "protocol"}, container.Properties["ports"].ListMapKeys)
	require.Equal(t, []string{"Always", "IfNotPresent", "Never"}, container.Properties["imagePullPolicy"].Enum)
	require.Equal(t, "int-or-string", schemas["io.k8s.apimachinery.pkg.util.intstr.IntOrString"].(*Schema).Format)

	volume := schemas["io.k8s.api.core.v1.Volume"].(*Schema)
	require.Contains(t, volume.Properties, "configMap", "embedded structs are flattened, as JSON does")
	require.Contains(t, schemas, "io.k8s.api.core.v1.PodList")
	require.Contains(t, OpenAPISchemas(eventsV1), "io.k8s.api.events.v1.Event", "the Go name's prefix is gone")
}

// Every reference leads somewhere, in both versions of the document, and every field is explained.
func TestOpenAPIIsComplete(t *testing.T) {
	for prefix, schemas := range map[string]map[string]any{refPrefixV3: OpenAPISchemas(appsV1), refPrefixV2: OpenAPIDefinitions()} {
		data, err := MarshalJSON(schemas)
		require.NoError(t, err)
		for _, after := range strings.Split(string(data), `"$ref":"`)[1:] {
			ref, _, _ := strings.Cut(after, `"`)
			require.Contains(t, schemas, strings.TrimPrefix(ref, prefix))
		}
		for name, schema := range schemas {
			require.NotEmpty(t, schema.(*Schema).Description, name)
			for field, property := range schema.(*Schema).Properties {
				require.NotEmpty(t, property.Description, "%s.%s has no comment", name, field)
			}
		}
	}
}

func TestExplain(t *testing.T) {
	doc, err := Explain(KindOf[*Pod]())
	require.NoError(t, err)
	require.Equal(t, "Object", doc.Type)
	require.Len(t, doc.Fields, 5)

	doc, err = Explain(KindOf[*Deployment](), "spec", "template", "spec", "containers")
	require.NoError(t, err)
	require.Equal(t, "[]Container", doc.Type)
	require.True(t, doc.Required)
	require.NotEmpty(t, doc.Description)
	types := map[string]string{}
	for _, f := range doc.Fields {
		types[f.Name] = f.Type
	}
	require.Equal(t, "string", types["image"])
	require.Equal(t, "[]EnvVar", types["env"])
	require.Equal(t, "boolean", types["tty"])

	doc, err = Explain(KindOf[*Pod](), "metadata", "labels")
	require.NoError(t, err)
	require.Equal(t, "map[string]string", doc.Type)
	doc, err = Explain(KindOf[*Pod](), "metadata", "creationTimestamp")
	require.NoError(t, err)
	require.Equal(t, "string", doc.Type)

	_, err = Explain(KindOf[*Pod](), "spec", "nonsense")
	require.EqualError(t, err, `field "nonsense" does not exist`)
	_, err = Explain(KindOf[*Pod](), "metadata", "name", "x")
	require.Error(t, err)
}

func TestCommentText(t *testing.T) {
	docs := readTypeDocs()
	require.NotContains(t, docs["Container"].fields["Name"], "\n", "lines of a paragraph are joined")
	require.Equal(t, "types_core_container.go", docs["Container"].file)
}

func BenchmarkOpenAPI(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		_, _ = MarshalJSON(OpenAPISchemas(coreV1))
	}
}
