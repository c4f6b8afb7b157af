package kubectllite

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"kubelite/api"
	"kubelite/client"
)

func TestColumnsStayInLineOverSeveralWrites(t *testing.T) {
	var out bytes.Buffer
	c := columns{out: &out}
	c.write([][]string{{"NAME", "READY", "AGE"}, {"web", "1/1", "3s"}})
	c.write([][]string{{"a-longer-name", "0/1", "5m"}})
	c.write([][]string{{"x", "1/1", "10m"}})
	require.Equal(t, strings.TrimPrefix(`
NAME   READY   AGE
web    1/1     3s
a-longer-name   0/1     5m
x               1/1     10m
`, "\n"), out.String())
}

func TestTables(t *testing.T) {
	table := &api.Table{
		ColumnDefinitions: []api.TableColumnDefinition{{Name: "Name", Format: "name"}, {Name: "Ready"}, {Name: "Node", Priority: 1}},
		Rows: []api.TableRow{{
			Cells:  []any{"web-1", "1/1", nil},
			Object: api.RawExtension{Raw: []byte(`{"metadata":{"name":"web-1","namespace":"work","labels":{"app":"web","a":"b"}}}`)},
		}, {Cells: []any{"web-2", "first\nsecond", "n1"}}},
	}
	for _, test := range []struct {
		name string
		opts tableOptions
		want string
	}{
		{"plain", tableOptions{}, "NAME    READY\nweb-1   1/1\nweb-2   first...\n"},
		{"wide", tableOptions{wide: true}, "NAME    READY      NODE\nweb-1   1/1        \nweb-2   first...   n1\n"},
		{"bare", tableOptions{noHeaders: true}, "web-1   1/1\nweb-2   first...\n"},
		{"namespaces and kinds", tableOptions{withNamespace: true, namePrefix: "pod/"}, "NAMESPACE   NAME        READY\nwork        pod/web-1   1/1\n            pod/web-2   first...\n"},
		{"labels", tableOptions{labelColumns: []string{"example.com/app", "app"}, showLabels: true},
			"NAME    READY      APP      APP      LABELS\nweb-1   1/1        <none>   web      a=b,app=web\nweb-2   first...   <none>   <none>   <none>\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var out bytes.Buffer
			p := tablePrinter{columns: columns{out: &out}, opts: test.opts}
			p.print(table, "")
			require.Equal(t, test.want, out.String())
		})
	}
}

func TestEmptyTablePrintsNoHeader(t *testing.T) {
	var out bytes.Buffer
	p := tablePrinter{columns: columns{out: &out}}
	p.print(&api.Table{ColumnDefinitions: []api.TableColumnDefinition{{Name: "Name"}}}, "")
	require.Empty(t, out.String())
}

func TestJSONPath(t *testing.T) {
	o, err := parseObject([]byte(`{
		"kind": "List", "items": [
			{"metadata": {"name": "a", "labels": {"app.kubernetes.io/name": "x"}}, "status": {"n": 1, "conditions": [{"type": "Ready", "status": "True"}, {"type": "Other", "status": "False"}]}},
			{"metadata": {"name": "b"}, "status": {"n": 2}}
		]}`))
	require.NoError(t, err)
	for template, want := range map[string]string{
		`{.kind}`:                     "List",
		`.kind`:                       "List",
		`{.items[*].metadata.name}`:   "a b",
		`{.items[0].metadata.name}`:   "a",
		`{.items[-1].metadata.name}`:  "b",
		`{.items[0:2].metadata.name}`: "a b",
		`{.items[0].status.conditions[?(@.type=="Ready")].status}`:      "True",
		`{.items[?(@.status.n>1)].metadata.name}`:                       "b",
		`{.items[?(@.metadata.labels)].metadata.name}`:                  "a",
		`{range .items[*]}{.metadata.name}{"\t"}{.status.n}{"\n"}{end}`: "a\t1\nb\t2\n",
		`{range .items[*]}{.metadata.name}: {$.kind}; {end}`:            "a: List; b: List; ",
		`{..name}`: "a b",
		`{.items[0].metadata.labels.app\.kubernetes\.io/name}`:  "x",
		`{.items[0].metadata.labels['app.kubernetes.io/name']}`: "x",
		`{.items[1].status}`:                    `{"n":2}`,
		`{.nothing.here}`:                       "",
		`name: {.items[1].metadata.name}!`:      "name: b!",
		`{.items[7].metadata.name}`:             "",
		`{.items[*].status.conditions[*].type}`: "Ready Other",
		`{range .items[*]}{range .status.conditions[*]}{.type},{end}{.status.n};{end}`: "Ready,Other,1;2;",
	} {
		path, err := api.ParseJSONPath(template)
		require.NoError(t, err, template)
		var out bytes.Buffer
		require.NoError(t, path.Execute(&out, map[string]any(o)), template)
		require.Equal(t, want, out.String(), template)
	}
	for _, bad := range []string{`{.a`, `{range .items}`, `{end}`, `{.a[}`, `{.a[x]}`, `{..}`} {
		_, err := api.ParseJSONPath(bad)
		require.Error(t, err, bad)
	}
}

func TestCustomColumns(t *testing.T) {
	c, err := parseCustomColumns("NAME:.metadata.name,IMAGES:spec.images[*],GONE:{.nope}")
	require.NoError(t, err)
	o, err := parseObject([]byte(`{"kind":"PodList","items":[{"metadata":{"name":"a"},"spec":{"images":["x","y"]}}]}`))
	require.NoError(t, err)
	var out bytes.Buffer
	require.NoError(t, c.print(&out, o))
	require.Equal(t, "NAME   IMAGES   GONE\na      x,y      <none>\n", out.String())
	_, err = parseCustomColumns("NAME")
	require.Error(t, err)
}

var someResources = []client.APIResource{
	{GroupVersion: api.GroupVersion{Version: "v1"}, Kind: "Event", Plural: "events", Singular: "event", ShortNames: []string{"ev"}, Verbs: []string{"list"}},
	{GroupVersion: api.GroupVersion{Version: "v1"}, Kind: "Pod", Plural: "pods", Singular: "pod", ShortNames: []string{"po"}, Categories: []string{"all"}, Verbs: []string{"list"}},
	{GroupVersion: api.GroupVersion{Group: "apps", Version: "v1"}, Kind: "Deployment", Plural: "deployments", Singular: "deployment", ShortNames: []string{"deploy"}, Categories: []string{"all"}, Verbs: []string{"list"}},
	{GroupVersion: api.GroupVersion{Group: "events.k8s.io", Version: "v1"}, Kind: "Event", Plural: "events", Singular: "event", ShortNames: []string{"ev"}},
	{GroupVersion: api.GroupVersion{Group: "example.com", Version: "v1"}, Kind: "Po", Plural: "po", Singular: "po"},
}

func TestFindResource(t *testing.T) {
	for word, want := range map[string]string{
		"pods": "pods", "Pod": "pods", "po": "po.example.com", "deploy": "deployments.apps", "deployments.apps": "deployments.apps",
		"deployment.v1.apps": "deployments.apps", "events": "events", "events.events.k8s.io": "events.events.k8s.io", "ev": "events",
	} {
		r := client.FindResource(someResources, word)
		require.NotNil(t, r, word)
		require.Equal(t, want, r.Resource(), word)
	}
	for _, word := range []string{"foo", "pods.apps", "deployments.v2.apps"} {
		require.Nil(t, client.FindResource(someResources, word), word)
	}
	require.Len(t, category(someResources, "all"), 2)
}

// The annotation is kubectl's byte for byte: keys sorted, <>& escaped, a newline at the end, empty annotations kept.
func TestLastAppliedAnnotation(t *testing.T) {
	o, err := parseObject([]byte(`{"kind":"ConfigMap","apiVersion":"v1","metadata":{"namespace":"default","name":"a"},"data":{"b":"<1&2>","a":"x"}}`))
	require.NoError(t, err)
	want := `{"apiVersion":"v1","data":{"a":"x","b":"\u003c1\u00262\u003e"},"kind":"ConfigMap","metadata":{"annotations":{},"name":"a","namespace":"default"}}` + "\n"
	once := withLastApplied(o)
	require.Equal(t, want, once.text("metadata", "annotations", lastApplied))
	require.Equal(t, want, withLastApplied(once).text("metadata", "annotations", lastApplied), "it never holds itself")
	require.Nil(t, o.at("metadata", "annotations"), "the manifest stays as it was")
}

func TestApplyPatches(t *testing.T) {
	deployments := &someResources[2]
	unknown := &client.APIResource{GroupVersion: api.GroupVersion{Group: "example.com", Version: "v1"}, Kind: "Thing", Plural: "things"}
	base := `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web"},"spec":%s}`
	parse := func(spec string) object {
		o, err := parseObject([]byte(fmt.Sprintf(base, spec)))
		require.NoError(t, err)
		return o
	}
	last := withLastApplied(parse(`{"replicas":2,"paused":true}`))
	current := copyObject(last)
	current.set(int64(5), "spec", "minReadySeconds") // somebody else's
	for _, test := range []struct {
		name     string
		resource *client.APIResource
		modified object
		want     string
	}{
		{"nothing to do", deployments, last, `{}`},
		{"removed, changed, left alone", deployments, withLastApplied(parse(`{"replicas":3}`)), `{"spec":{"paused":null,"replicas":3}}`},
		{"the same for a kind of which nothing is known", unknown, withLastApplied(parse(`{"replicas":3}`)), `{"spec":{"paused":null,"replicas":3}}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, patch, err := applyPatchFor(test.resource, test.modified, current, true)
			require.NoError(t, err)
			got, err := parseObject(patch)
			require.NoError(t, err)
			delete(got, "metadata") // the new annotation
			require.JSONEq(t, test.want, string(got.json()))
		})
	}
}

func TestDeploymentProgress(t *testing.T) {
	d := func(change func(*api.Deployment)) *api.Deployment {
		d := &api.Deployment{ObjectMeta: api.ObjectMeta{Name: "web", Generation: 2}, Spec: api.DeploymentSpec{Replicas: api.Ptr[int32](3)}}
		d.Status = api.DeploymentStatus{ObservedGeneration: 2, Replicas: 3, UpdatedReplicas: 3, AvailableReplicas: 3}
		change(d)
		return d
	}
	for _, test := range []struct {
		change func(*api.Deployment)
		want   string
		done   bool
	}{
		{func(d *api.Deployment) {}, "deployment \"web\" successfully rolled out\n", true},
		{func(d *api.Deployment) { d.Generation = 3 }, "Waiting for deployment spec update to be observed...\n", false},
		{func(d *api.Deployment) { d.Status.UpdatedReplicas = 1 }, "Waiting for deployment \"web\" rollout to finish: 1 out of 3 new replicas have been updated...\n", false},
		{func(d *api.Deployment) { d.Status.Replicas = 4 }, "Waiting for deployment \"web\" rollout to finish: 1 old replicas are pending termination...\n", false},
		{func(d *api.Deployment) { d.Status.AvailableReplicas = 2 }, "Waiting for deployment \"web\" rollout to finish: 2 of 3 updated replicas are available...\n", false},
	} {
		text, done, err := deploymentProgress(d(test.change), 0)
		require.NoError(t, err)
		require.Equal(t, test.want, text)
		require.Equal(t, test.done, done)
	}
	_, _, err := deploymentProgress(d(func(d *api.Deployment) {
		d.Status.Conditions = []api.DeploymentCondition{{Type: api.DeploymentProgressing, Reason: "ProgressDeadlineExceeded"}}
	}), 0)
	require.EqualError(t, err, `deployment "web" exceeded its progress deadline`)
}

func TestSmallWords(t *testing.T) {
	require.Equal(t, "nginx", containerName("registry.example.com:5000/team/nginx:1.29"))
	require.Equal(t, "nginx", containerName("nginx@sha256:abc"))
	require.Regexp(t, `^my-app-[a-z0-9]{5}$`, containerName("my_app:1"))

	for name, want := range map[string]string{
		"lastTransitionTime": "Last Transition Time", "podIP": "Pod IP", "uid": "UID", "apiVersion": "API Version", "kind": "Kind", "f:foo": "f:foo",
	} {
		require.Equal(t, want, fieldLabel(name))
	}
	objects, images, err := splitImages([]string{"deploy/web", "a=b", "*=c"})
	require.NoError(t, err)
	require.Equal(t, []string{"deploy/web"}, objects)
	require.Equal(t, map[string]string{"a": "b", "*": "c"}, images)
	_, _, err = splitImages([]string{"a=b", "deploy/web"})
	require.Error(t, err)
}

func TestErrorTexts(t *testing.T) {
	deployments := api.KindOf[*api.Deployment]()
	invalid := api.NewInvalid(deployments, "web", api.ErrorList{api.Path("spec").Child("a").Required("x"), api.Path("spec").Child("b").Required("y")})
	for want, err := range map[string]error{
		`Error from server (NotFound): deployments.apps "web" not found`:                               api.NewNotFound(deployments, "web"),
		`Error from server (NotFound): error when deleting "f.yaml": deployments.apps "web" not found`: addSource("deleting", "f.yaml", api.NewNotFound(deployments, "web")),
		"error: You must be logged in to the server (Unauthorized)":                                    api.NewUnauthorized(),
		"error: plain":           errors.New("plain"),
		"error: one\nerror: two": errors.Join(errors.New("one"), errors.New("two")),
		"The Deployment \"web\" is invalid: \n* spec.a: Required value: x\n* spec.b: Required value: y": addSource("creating", "f.yaml", invalid),
	} {
		require.Equal(t, want, errorText(err))
	}
}

func TestPodResourcesCountWhatRunsAtOnce(t *testing.T) {
	ask := func(cpu string) api.ResourceRequirements {
		return api.ResourceRequirements{Requests: api.ResourceList{api.ResourceCPU: api.MustParse(cpu)}}
	}
	always := api.ContainerRestartPolicyAlways
	pod := &api.Pod{Spec: api.PodSpec{
		InitContainers: []api.Container{{Resources: ask("100m"), RestartPolicy: &always}, {Resources: ask("900m")}},
		Containers:     []api.Container{{Resources: ask("300m")}, {Resources: ask("200m")}},
	}}
	cpu := podResources(pod, false)[api.ResourceCPU]
	require.Equal(t, "1", cpu.String(), "the second init container and the sidecar, 1000m, are more than the sidecar and both containers, 600m")
}

func TestWhyIsPrintedAsATree(t *testing.T) {
	at := api.MicroTime{Time: time.Date(2026, 1, 2, 3, 4, 5, 6000000, time.Local)}
	record := func(revision int64, verb, resource, name string, causes ...int64) *api.LedgerRecord {
		return &api.LedgerRecord{Revision: revision, Time: at, User: "system:x", Agent: "controllers", Verb: verb, Rule: "controllers/x.go:1", Reason: "because",
			Object: api.LedgerObject{Resource: resource, Namespace: "default", Name: name}, Causes: causes}
	}
	origin := &node{Record: record(1, "create", "deployments", "web"), Revision: 1, Note: "here it began"}
	root := &node{Record: record(9, "create", "pods", "web-1", 1, 5, 7), Revision: 9, Children: []*node{
		{Record: record(5, "update", "replicasets", "web", 1), Revision: 5, Children: []*node{origin}},
		{Revision: 1, Note: "create deployments default/web: see above"},
		{Revision: 7, Note: "is compacted: nobody knows any more"},
	}}
	decision := record(10, "decide", "pods", "web-1")
	decision.Details = api.RawExtension{Raw: []byte(`{"plugins":["ImageLocality","NodeAffinity"],"results":[{"node":"n1","filter":"NodeName","reasons":["too small","too far"]},{"node":"n2","score":107,"scores":[7,100]}],"more":3}`)}
	var out bytes.Buffer
	printWhy(&out, "pod/web-1", root, []*api.LedgerRecord{decision})
	require.Equal(t, `pod/web-1 is there because

rev 9  2026-01-02 03:04:05.006  controllers as system:x: create pods default/web-1
│  because  (controllers/x.go:1)
│  caused by rev 1, 5, 7
├─ rev 5  2026-01-02 03:04:05.006  controllers as system:x: update replicasets default/web
│  │  because  (controllers/x.go:1)
│  │  caused by rev 1
│  └─ rev 1  2026-01-02 03:04:05.006  controllers as system:x: create deployments default/web
│        because  (controllers/x.go:1)
│        here it began
├─ rev 1 create deployments default/web: see above
└─ rev 7 is compacted: nobody knows any more

Decided without writing to it:

rev 10  2026-01-02 03:04:05.006  controllers as system:x: decide
   because  (controllers/x.go:1)
     NODE   SCORE   ImageLocality   NodeAffinity
     n2     107     7               100
     node n1: too small, too far (NodeName)
     and 3 more nodes
`, out.String())
}
