package clients

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"

	"kubelite/api"
)

// A story is what happens to an object: it is created, updated, patched, applied, well or badly.

// storyteller tells stories to two servers.
type storyteller struct {
	objects  []map[string]any // what they are about
	servers  [2]*apiServer    // ours and theirs
	outcomes map[int]int      // how often theirs gave which code
}

const storyLength = 6

// tell tells both servers one story, request by request, until their answers differ, and says how. The requests about an object are made
// from what the server in question says that it is, by the same chances.
func (s *storyteller) tell(t *testing.T, seed uint64) (different string) {
	var heroes [2]*hero
	for i, server := range s.servers {
		draw := &drawing{Rand: rand.New(rand.NewPCG(seed, 0)), objects: s.objects}
		heroes[i] = newHero(server, draw, seed)
		defer heroes[i].cleanUp(t)
	}
	for step := range storyLength {
		var requests [2]request
		var answers [2]answer
		for i, h := range heroes {
			h.look(t)
			draw := &drawing{Rand: rand.New(rand.NewPCG(seed, uint64(1+step))), objects: s.objects}
			requests[i] = draw.request(h)
			answers[i] = h.send(t, requests[i])
		}
		s.outcomes[answers[1].code]++
		if ownFault(answers[1]) {
			return ""
		}
		// Upstream says nothing about owners where an element of a list has no key: then ours may.
		owners := bytes.Contains(answers[1].body, []byte(`"managedFields"`))
		if different := api.UnifiedDiff(heroes[1].describe(t, answers[1], owners), heroes[0].describe(t, answers[0], owners)); different != "" {
			r := requests[1]
			return fmt.Sprintf("%s %s?%s\n%s %s\nof %s\n- upstream's, + ours:\n%s", r.method, r.path, r.query.Encode(), r.contentType, r.body, encode(heroes[1].current), different)
		}
	}
	return ""
}

// ownFault tells of an answer that is a mistake of upstream's: it fails at a strategic merge patch that can be carried out, or has none, or
// takes a webhook's service's name for its namespace.
func ownFault(theirs answer) bool {
	if theirs.code == http.StatusUnprocessableEntity {
		return bytes.Contains(theirs.body, []byte("clientConfig.service.name"))
	}
	return theirs.code == 0 || theirs.code == http.StatusInternalServerError && slices.ContainsFunc([]string{
		"no elements in any of the given slices", "unable to find api field in struct RawExtension", "data type is not struct, instead is: map",
	}, func(message string) bool { return bytes.Contains(theirs.body, []byte(message)) })
}

// hero is the object that a story is about, on one server.
type hero struct {
	*apiServer
	kind    schema.GroupVersionKind
	name    string
	current map[string]any // nil while it is not there
}

func newHero(server *apiServer, draw *drawing, seed uint64) *hero {
	object := draw.objects[draw.IntN(len(draw.objects))]
	kind := schema.FromAPIVersionAndKind(object["apiVersion"].(string), object["kind"].(string))
	return &hero{apiServer: server, kind: kind, name: fmt.Sprintf("s%d-%s", seed, object["metadata"].(map[string]any)["name"])}
}

func (h *hero) path() string { return h.served[h.kind].path + "/" + h.name }

// look reads the object.
func (h *hero) look(t *testing.T) {
	h.current = nil
	if a := h.send(t, request{method: "GET", path: h.path()}); a.code == http.StatusOK {
		require.NoError(t, json.Unmarshal(a.body, &h.current))
		dropTypeChecking(h.current)
	}
}

// dropTypeChecking drops what is said of a policy's expressions: ours checks them itself, upstream's leaves it to a controller.
func dropTypeChecking(object map[string]any) {
	if object["kind"] == "ValidatingAdmissionPolicy" {
		delete(object, "status")
	}
}

// cleanUp takes the object away.
func (h *hero) cleanUp(t *testing.T) {
	let := request{method: "PATCH", path: h.path(), contentType: "application/merge-patch+json", body: []byte(`{"metadata":{"finalizers":null}}`)}
	h.send(t, let)
	h.send(t, request{method: "DELETE", path: h.path(), contentType: "application/json", body: []byte(`{"gracePeriodSeconds":0,"propagationPolicy":"Background"}`)})
	h.send(t, let) // it may have got some more
}

// What differs from server to server, and is said in one way.
var differing = []struct {
	what *regexp.Regexp
	as   string
}{
	{regexp.MustCompile(`(?i)(kube-api-access)-[a-z0-9]{5}`), "$1-x"},
	{regexp.MustCompile(`(?i)[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`), "UID"},
	{regexp.MustCompile(`in\s+record\s+\(\d+\)`), "in record (VERSION)"},
	{regexp.MustCompile(`\b10\.9[67]\.\d+\.\d+`), "ADDRESS"},
	{regexp.MustCompile(`\b20(2[1-9]|[3-9]\d)-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z`), "NOW"}, // the objects are older
}

// describe is an answer, without what differs from server to server. owners: with the owners of fields.
func (h *hero) describe(t *testing.T, a answer, owners bool) string {
	var body map[string]any
	require.NoError(t, json.Unmarshal(a.body, &body), "%s", a.body)
	if body["kind"] == "Status" {
		neutralStatus(body)
	} else {
		neutral(body, owners)
		dropTypeChecking(body)
	}
	if h.kind.Kind == "ReplicationController" {
		a.warnings = nil // upstream warns of what the old template says, not the new one
	}
	slices.Sort(a.warnings)
	text, err := yaml.Marshal(body)
	require.NoError(t, err)
	out := fmt.Sprintf("%d\n%s\n%s", a.code, strings.Join(a.warnings, "\n"), text)
	for _, d := range differing {
		out = d.what.ReplaceAllString(out, d.as)
	}
	return out
}

// neutral drops from an object what differs from server to server.
func neutral(object map[string]any, owners bool) {
	meta, _ := object["metadata"].(map[string]any)
	delete(meta, "resourceVersion")
	managed, _ := meta["managedFields"].([]any)
	for _, m := range managed {
		delete(m.(map[string]any), "time")
	}
	if !owners {
		delete(meta, "managedFields")
	}
	if spec, ok := object["spec"].(map[string]any); ok && object["kind"] == "Service" {
		delete(spec, "healthCheckNodePort")
		ports, _ := spec["ports"].([]any)
		for _, p := range ports {
			delete(p.(map[string]any), "nodePort")
		}
	}
}

// What a refusal says of the server's insides: what a patch came to, and in what order a decoder found which mistakes.
var (
	wrongPatch = regexp.MustCompile(`(?s)Invalid value: "(?:[^"\\]|\\.)*": (strict decoding error: .*)?.*$`)
	wrongApply = regexp.MustCompile(`(?s)(failed to convert new object .*: unable to convert unstructured object to [^:]*|failed to create typed patch object [^:]*): .*$`)
)

// neutralStatus brings the mistakes that a refusal names in order. Upstream names some of them twice, since it looks twice.
func neutralStatus(status map[string]any) {
	message, _ := status["message"].(string)
	status["message"] = wrongApply.ReplaceAllString(message, "$1")
	details, _ := status["details"].(map[string]any)
	causes, _ := details["causes"].([]any)
	if len(causes) == 0 {
		return
	}
	var lines []string
	for _, c := range causes {
		cause := c.(map[string]any)
		text := fmt.Sprintf("%v: %v: %v", cause["reason"], cause["field"], cause["message"])
		if cause["field"] == "patch" {
			kind, unknown, _ := strings.Cut(wrongPatch.ReplaceAllString(text, "$1"), "strict decoding error: ")
			fields := strings.Split(unknown, ", ")
			slices.Sort(fields)
			text = kind + strings.Join(fields, ", ")
		}
		lines = append(lines, text)
	}
	slices.Sort(lines)
	details["causes"] = slices.Compact(lines)
	if status["reason"] == string(metav1.StatusReasonInvalid) {
		delete(status, "message") // it repeats them
	}
}

// requestObjects are what stories are about.
func requestObjects(t *testing.T) (objects []map[string]any) {
	text, err := os.ReadFile("testdata/requests/objects.yaml")
	require.NoError(t, err)
	for document := range strings.SplitSeq(string(text), "\n---\n") {
		var object map[string]any
		require.NoError(t, yaml.Unmarshal([]byte(document), &object), document)
		objects = append(objects, object)
	}
	return objects
}

// servedKinds finds in a server's discovery where the objects of each kind are.
func servedKinds(lists []*metav1.APIResourceList) map[schema.GroupVersionKind]servedKind {
	served := map[schema.GroupVersionKind]servedKind{}
	for _, list := range lists {
		base := "/apis/" + list.GroupVersion
		if list.GroupVersion == "v1" {
			base = "/api/v1"
		}
		kinds := map[string]schema.GroupVersionKind{} // by plural
		for _, r := range list.APIResources {
			plural, sub, _ := strings.Cut(r.Name, "/")
			switch sub {
			case "":
				path := base
				if r.Namespaced {
					path += "/namespaces/" + requestsNamespace
				}
				kinds[plural] = schema.FromAPIVersionAndKind(list.GroupVersion, r.Kind)
				served[kinds[plural]] = servedKind{path: path + "/" + plural}
			case "status", "scale":
				kind := served[kinds[plural]]
				kind.subresources = append(kind.subresources, sub)
				served[kinds[plural]] = kind
			}
		}
	}
	return served
}
