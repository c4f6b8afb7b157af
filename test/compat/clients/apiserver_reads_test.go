package clients

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"

	"kubelite/api"
)

// TestAPIServerReads asks upstream's kube-apiserver and ours, which have the same objects, for the same of them, drawn by chance: lists by
// selectors, in pieces, as tables, as of a revision, well or badly asked for. It runs where TestAPIServer does. READ_SEEDS says which
// requests are sent: "0-2000", unless it is set.
func TestAPIServerReads(t *testing.T) {
	from, to := seeds(t, "READ_SEEDS", 2000)
	ours, theirs := twoAPIServers(t)
	objects := requestObjects(t)
	kinds := map[schema.GroupVersionKind]bool{}
	for _, server := range []*apiServer{ours, theirs} {
		draw := &drawing{Rand: rand.New(rand.NewPCG(0, 0))}
		for _, o := range objects {
			kinds[server.populate(t, draw, o)] = true
		}
	}
	sorted := slices.SortedFunc(maps.Keys(kinds), func(a, b schema.GroupVersionKind) int { return strings.Compare(a.String(), b.String()) })
	outcomes := map[int]int{}
	check(t, "reads", "are answered as by upstream's, drawn by chance", func(t *testing.T) {
		for seed := from; seed < to; seed++ {
			draw := &drawing{Rand: rand.New(rand.NewPCG(seed, 0))}
			kind := sorted[draw.IntN(len(sorted))]
			read := draw.read(ours, kind)
			answers := [2]string{}
			for i, server := range []*apiServer{theirs, ours} {
				a := server.send(t, read)
				outcomes[a.code]++
				answers[i] = describeRead(t, server, read, a)
			}
			if different := api.UnifiedDiff(answers[0], answers[1]); different != "" {
				t.Errorf("read %d: %s?%s as %s\n- upstream's, + ours:\n%s", seed, read.path, read.query.Encode(), read.accept, different)
			}
		}
	})
	t.Logf("%d requests, each to both: %v", to-from, outcomes)
}

// populate makes three objects like this one, with labels of their own.
func (s *apiServer) populate(t *testing.T, draw *drawing, like map[string]any) schema.GroupVersionKind {
	t.Helper()
	kind := schema.FromAPIVersionAndKind(like["apiVersion"].(string), like["kind"].(string))
	for i := range 3 {
		object := clone(like).(map[string]any)
		meta := object["metadata"].(map[string]any)
		meta["name"] = fmt.Sprintf("%s-%d", meta["name"], i)
		labels := map[string]any{"reads": "yes", "app": draw.one("a", "b", "c")}
		if draw.chance(50) {
			labels["tier"] = draw.one("1", "2", "10")
		}
		meta["labels"] = labels
		s.send(t, request{method: "POST", path: s.served[kind].path, contentType: "application/json", body: encode(object)}) // some can be there only once
	}
	return kind
}

const table = "application/json;as=Table;v=v1;g=meta.k8s.io"

// read asks for an object or for some, in one way or another.
func (d *drawing) read(s *apiServer, kind schema.GroupVersionKind) request {
	r := request{method: "GET", path: s.served[kind].path, query: url.Values{}, accept: d.one("application/json", "application/json", table, table, table+",application/json",
		"application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io", "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io", "application/yaml", "*/*", "",
		"application/json;as=Table;v=v1beta1;g=meta.k8s.io", "application/json;as=Chair;v=v1;g=meta.k8s.io", "text/html", "application/vnd.kubernetes.protobuf;as=Table;v=v1;g=meta.k8s.io,application/json")}
	if kind.Kind == "CronTab" && d.chance(20) {
		r.accept = "application/vnd.kubernetes.protobuf" // it has no such form
	}
	q := r.query
	if d.chance(15) && kind.Kind != "Event" { // which upstream keeps no cache of
		q.Set("resourceVersion", d.one("0", "1", "0", "1", "0", "999999999999", "x", "-1"))
	}
	if d.chance(10) {
		q.Set("includeObject", d.one("None", "Object", "Metadata", "All", ""))
	}
	if d.chance(5) {
		q.Set("pretty", d.one("true", "false", "1", "x"))
	}
	if d.chance(20) {
		r.path += "/" + d.one("nobody", "web-0", "web-1", "web-2")
		return r
	}
	selectors := []string{"reads=yes"}
	if d.chance(40) {
		selectors = append(selectors, d.one("app=a", "app==b", "app!=a", "app in (a,b)", "app notin (a, c)", "tier", "!tier", "tier>1", "tier<10", "app=", "app in ()", "app=a,app=b"))
	}
	if d.chance(6) {
		selectors = append(selectors, d.one("=a", "app=a b", "app in a", "app in (a", "-x=1", "app=-x", "tier>x", "a/b/c=1", ",", "app===a", "!app=a", "UPPER=x", "app="+strings.Repeat("x", 70)))
	}
	q.Set("labelSelector", strings.Join(selectors, ","))
	if d.chance(25) {
		q.Set("fieldSelector", d.one("metadata.name=web-1", "metadata.name!=web-1", "metadata.namespace="+requestsNamespace, "metadata.namespace=other", "metadata.uid=x", "spec.nodeName=", "spec.nodeName!=x",
			"status.phase=Pending", "type=Opaque", "type!=Opaque", "involvedObject.kind=Pod", "spec.replicas=1", "spec.type=ClusterIP", "status.successful=0", "spec.unschedulable=false", "metadata.name",
			"=x", "metadata.name==web-0", "metadata.name in (a)", "spec.host=a", "spec.clusterIP=None", "spec.restartPolicy=Always", "name=web-0", "spec.driver=dra.example.com"))
	}
	if d.chance(35) {
		q.Set("limit", d.one("1", "2", "3", "100", "0", "-1", "x"))
	}
	if d.chance(5) {
		q.Set("continue", d.one("x", "e30", "eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MSwic3RhcnQiOiJ4In0"))
	}
	if d.chance(10) {
		q.Set("resourceVersionMatch", d.one("Exact", "NotOlderThan", "Newest"))
	}
	if d.chance(4) {
		q.Set("timeoutSeconds", d.one("x", "5", "-1"))
	}
	if d.chance(1) { // a watch from here on, which ends in a second
		q.Set("watch", d.one("true", "1"))
		q.Set("timeoutSeconds", "1")
		q.Del("resourceVersion")
		if d.chance(30) {
			q.Set("resourceVersion", d.one("0", "x"))
		}
		if d.chance(50) {
			q.Set("allowWatchBookmarks", "true")
		}
		if d.chance(50) {
			q.Set("sendInitialEvents", d.one("true", "true", "false"))
			q.Set("resourceVersionMatch", "NotOlderThan")
		}
	}
	return r
}

// What differs from server to server in lists and tables: how old things are, and how far the server is.
var (
	aged      = regexp.MustCompile(`^(\d+[smhd])+( ago)?$|^<invalid>$`)
	revisions = regexp.MustCompile(`current: \d+`)
)

// describeRead is an answer, without what differs from server to server: of a list in pieces all pieces, of a watch all events.
func describeRead(t *testing.T, s *apiServer, r request, a answer) (out string) {
	if r.query.Has("watch") && a.code == http.StatusOK {
		for event := range bytes.Lines(a.body) {
			if !bytes.Contains(event, []byte("BOOKMARK")) || bytes.Contains(event, []byte("initial-events-end")) { // when the others come is up to the server
				text, _ := describePage(t, answer{code: a.code, contentType: a.contentType, body: event})
				out += text
			}
		}
		return out
	}
	for len(out) < 1<<20 {
		text, next := describePage(t, a)
		out += text
		if next == "" {
			return out
		}
		more := r
		more.query = url.Values{"limit": r.query["limit"], "continue": {next}, "labelSelector": r.query["labelSelector"]}
		if f := r.query.Get("fieldSelector"); f != "" {
			more.query.Set("fieldSelector", f)
		}
		a = s.send(t, more)
	}
	return out
}

// describePage describes one body, and returns where the list that it is goes on.
func describePage(t *testing.T, a answer) (out, next string) {
	if len(a.body) == 0 || bytes.HasPrefix(a.body, []byte("k8s\x00")) {
		return fmt.Sprintf("%d %s\n%q", a.code, a.contentType, a.body), ""
	}
	var body map[string]any
	require.NoError(t, yaml.Unmarshal(a.body, &body), "%s", a.body)
	meta, _ := body["metadata"].(map[string]any)
	next, _ = meta["continue"].(string)
	switch _, said := meta["continue"]; {
	case next != "":
		meta["continue"] = "more"
	case said: // lists of custom objects say at upstream that there is no more
		delete(meta, "continue")
	}
	text, err := yaml.Marshal(neutralRead(body))
	require.NoError(t, err)
	out = fmt.Sprintf("%d %s\n%s\n%s", a.code, a.contentType, strings.Join(a.warnings, "\n"), text)
	for _, d := range differing {
		out = d.what.ReplaceAllString(out, d.as)
	}
	return revisions.ReplaceAllString(out, "current: REVISION"), next
}

// neutralRead drops from an answer what differs from server to server.
func neutralRead(value any) any {
	switch v := value.(type) {
	case map[string]any:
		if object, _ := v["object"].(map[string]any); v["type"] == "BOOKMARK" && object["kind"] != "Table" {
			v["object"] = map[string]any{"kind": object["kind"], "metadata": object["metadata"]} // the rest is empty, at upstream in a form of the kind's own
		}
		if status, _ := v["status"].(map[string]any); status["typeChecking"] != nil { // as in dropTypeChecking
			v["status"] = map[string]any{}
		}
		if _, isObject := v["metadata"]; isObject {
			neutral(v, false)
		}
		for key, field := range v {
			v[key] = neutralRead(field)
		}
		if annotations, _ := v["annotations"].(map[string]any); annotations != nil { // of DaemonSets, where upstream shows metadata only, is not there
			if delete(annotations, "deprecated.daemonset.template.generation"); len(annotations) == 0 {
				delete(v, "annotations")
			}
		}
		delete(v, "retryAfterSeconds") // upstream's store says nothing of it, its cache does
		columns, _ := v["columnDefinitions"].([]any)
		for _, c := range columns {
			delete(c.(map[string]any), "description") // in words of one's own
		}
	case []any:
		for i, element := range v {
			v[i] = neutralRead(element)
		}
	case string:
		if aged.MatchString(v) {
			return "AGE"
		}
	}
	return value
}
