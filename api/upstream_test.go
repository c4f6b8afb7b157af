package api

import (
	"bytes"
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// These tests compare defaults and validation with a real API server. Its answers are recorded in testdata, so the
// tests need none. -record asks one again: a kube-apiserver of the version we compare with, on upstreamURL, with the
// files ca.crt, admin.crt and admin.key (group system:masters) in DIR/pki, --allow-privileged, and admission plugins
// off (NamespaceLifecycle, ServiceAccount, DefaultTolerationSeconds, Priority, TaintNodesByCondition, RuntimeClass and
// so on), so that validation sees what the test data says.
var record = flag.String("record", "", "directory with pki/ of a running kube-apiserver: record its answers")

const upstreamURL = "https://127.0.0.1:17443"

// corpora are the groups that have a file of their own: testdata/invalid-admission.yaml. The first one is for the rest.
var corpora = []string{"", "-admission", "-network", "-storage"}

// corpus is testdata/invalid.yaml or testdata/defaults.yaml: good objects, and cases that are laid over them.
type corpus struct {
	Bases  map[string]map[string]any
	Create []corpusCase
	Update []corpusCase
}

type corpusCase struct {
	Case        string
	Base        string
	From        map[string]any // laid over the base before it is created
	With        map[string]any // laid over the object afterwards
	Subresource string
}

func readCorpus(t *testing.T, file string) *corpus {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", file))
	require.NoError(t, err)
	data, err := YAMLToJSON(text)
	require.NoError(t, err)
	var c corpus
	require.NoError(t, json.Unmarshal(data, &c))
	return &c
}

// mergePatch is RFC 7386.
func mergePatch(doc, patch map[string]any) map[string]any {
	out := maps.Clone(doc)
	if out == nil {
		out = map[string]any{}
	}
	for key, value := range patch {
		if value == nil {
			delete(out, key)
			continue
		}
		if p, ok := value.(map[string]any); ok {
			d, _ := out[key].(map[string]any)
			value = mergePatch(d, p)
		}
		out[key] = value
	}
	return out
}

// toObject decodes and defaults, as the API server does with a request.
func toObject(t *testing.T, doc map[string]any) (*Kind, Object) {
	t.Helper()
	gv := ParseGroupVersion(doc["apiVersion"].(string))
	kind := KindByName(GroupVersionKind{Group: gv.Group, Version: gv.Version, Kind: doc["kind"].(string)})
	require.NotNil(t, kind)
	data, err := json.Marshal(doc)
	require.NoError(t, err)
	obj := kind.New()
	require.NoError(t, UnmarshalJSON(data, obj))
	if kind.Default != nil {
		kind.Default(obj)
	}
	return kind, obj
}

// prepareCreate does what the API server does between defaults and validation, as far as these tests see it.
func prepareCreate(obj Object) {
	DropDuplicateOwners(obj.GetObjectMeta())
	switch obj := obj.(type) {
	case *Pod:
		PrepareNewPod(obj)
	case *Deployment:
		obj.Status = DeploymentStatus{}
	case *ReplicaSet:
		obj.Status = ReplicaSetStatus{}
	case *Namespace:
		obj.Spec.Finalizers = append(obj.Spec.Finalizers, FinalizerKubernetes)
	case *PersistentVolumeClaim:
		PrepareVolumeClaim(&obj.Spec, nil)
	case *Service:
		allocateForTest(obj)
	}
}

// allocateForTest gives a Service the addresses and ports that it would have been allocated.
func allocateForTest(svc *Service) {
	spec := &svc.Spec
	if spec.Type == ServiceTypeExternalName {
		return
	}
	if spec.ClusterIP == "" {
		spec.ClusterIP = "10.97.0.10"
	}
	spec.ClusterIPs = []string{spec.ClusterIP}
	spec.IPFamilies, spec.IPFamilyPolicy = []IPFamily{IPv4Protocol}, Ptr(IPFamilyPolicySingleStack)
	if NeedsHealthCheck(spec) && spec.HealthCheckNodePort == 0 {
		spec.HealthCheckNodePort = 30500
	}
	for i := range spec.Ports {
		if spec.Type != ServiceTypeClusterIP && spec.Ports[i].NodePort == 0 {
			spec.Ports[i].NodePort = 31000 + int32(i)
		}
	}
}

// prepareUpdate keeps spec and status apart, as the API server does.
func prepareUpdate(obj, old Object, subresource string) {
	status := subresource == "status"
	obj.GetObjectMeta().Generation = old.GetObjectMeta().Generation
	DropDuplicateOwners(obj.GetObjectMeta())
	switch obj := obj.(type) {
	case *Pod:
		if status {
			obj.Spec = old.(*Pod).Spec
		} else {
			obj.Status = old.(*Pod).Status
		}
	case *Namespace:
		obj.Spec = old.(*Namespace).Spec
	case *Deployment:
		if status {
			obj.Spec = old.(*Deployment).Spec
		}
	case *Node:
		if status {
			obj.Spec = old.(*Node).Spec
		} else {
			obj.Status = old.(*Node).Status
		}
	}
}

// cause is one line of a 422: field, reason, message.
type cause struct {
	Field   string `json:"field"`
	Reason  string `json:"reason"`
	Message string `json:"message"`
}

func causesOf(errs ErrorList) []cause {
	var causes []cause
	for _, e := range errs {
		causes = append(causes, cause{e.Field, string(e.Type), e.Detailed()})
	}
	return normalCauses(causes)
}

// normalCauses sorts, and drops what is said twice: upstream walks maps in any order and checks metadata twice on
// some updates.
func normalCauses(causes []cause) []cause {
	slices.SortFunc(causes, func(a, b cause) int {
		return cmp.Or(cmp.Compare(a.Field, b.Field), cmp.Compare(a.Reason, b.Reason), cmp.Compare(a.Message, b.Message))
	})
	return slices.Compact(causes)
}

// recording is testdata/upstream-422.json.
type recording struct {
	Create map[string][]cause         `json:"create"`
	Update map[string]recordingUpdate `json:"update"`
}

type recordingUpdate struct {
	Stored map[string]any `json:"stored"`
	Causes []cause        `json:"causes"`
}

func TestInvalidObjects(t *testing.T) {
	for _, group := range corpora {
		testInvalidObjects(t, "invalid"+group+".yaml", "upstream-422"+group+".json")
	}
}

func testInvalidObjects(t *testing.T, file, answers string) {
	cases := readCorpus(t, file)
	if *record != "" {
		writeRecording(t, answers, recordInvalid(t, cases))
	}
	var upstream recording
	readRecording(t, answers, &upstream)

	for _, c := range cases.Create {
		t.Run("create/"+c.Case, func(t *testing.T) {
			want, ok := upstream.Create[c.Case]
			require.True(t, ok, "not recorded")
			kind, obj := toObject(t, mergePatch(cases.Bases[c.Base], c.With))
			prepareCreate(obj)
			requireCauses(t, want, causesOf(ValidateNew(kind, obj)))
		})
	}
	for _, c := range cases.Update {
		t.Run("update/"+c.Case, func(t *testing.T) {
			want, ok := upstream.Update[c.Case]
			require.True(t, ok, "not recorded")
			_, old := toObject(t, want.Stored)
			kind, obj := toObject(t, mergePatch(want.Stored, c.With))
			prepareUpdate(obj, old, c.Subresource)
			validate := ValidateChange
			if c.Subresource == "status" {
				validate = ValidateStatusChange
			}
			requireCauses(t, want.Causes, causesOf(validate(kind, obj, old)))
		})
	}
}

// requireCauses shows causes as lines: the diff of a failure then reads like kubectl's output.
func requireCauses(t *testing.T, want, got []cause) {
	t.Helper()
	lines := func(causes []cause) string {
		var b strings.Builder
		for _, c := range causes {
			fmt.Fprintf(&b, "%s (%s): %s\n", c.Field, c.Reason, c.Message)
		}
		return b.String()
	}
	require.Equal(t, lines(want), lines(got))
}

// TestGoodBases makes sure that the mistakes in TestInvalidObjects are those of the cases.
func TestGoodBases(t *testing.T) {
	for _, group := range corpora {
		testGoodBases(t, "invalid"+group+".yaml")
	}
}

func testGoodBases(t *testing.T, file string) {
	for name, base := range readCorpus(t, file).Bases {
		t.Run(name, func(t *testing.T) {
			kind, obj := toObject(t, base)
			prepareCreate(obj)
			require.Empty(t, causesOf(ValidateNew(kind, obj)))

			old := DeepCopy(obj)
			obj.GetObjectMeta().ResourceVersion = "1"
			require.Empty(t, causesOf(ValidateChange(kind, obj, old)))
			if kind.ValidateStatusUpdate != nil {
				require.Empty(t, causesOf(ValidateStatusChange(kind, obj, old)))
			}
		})
	}
}

func TestDefaults(t *testing.T) {
	for _, group := range corpora {
		testDefaults(t, "defaults"+group+".yaml", "upstream-defaults"+group+".json")
	}
}

func testDefaults(t *testing.T, file, answers string) {
	cases := readCorpus(t, file)
	if *record != "" {
		writeRecording(t, answers, recordDefaults(t, cases))
	}
	var upstream map[string]map[string]any
	readRecording(t, answers, &upstream)
	for _, c := range cases.Create {
		t.Run(c.Case, func(t *testing.T) {
			want, ok := upstream[c.Case]
			require.True(t, ok, "not recorded")
			kind, obj := toObject(t, mergePatch(cases.Bases[c.Base], c.With))
			prepareCreate(obj)
			require.Empty(t, messages(ValidateNew(kind, obj)), "the server took it")
			data, err := MarshalJSON(obj)
			require.NoError(t, err)
			var doc map[string]any
			require.NoError(t, json.Unmarshal(data, &doc))
			require.Equal(t, indented(t, want), indented(t, withoutServerFields(doc)))
		})
	}
}

// withoutServerFields drops what the server decides anew each time, and the status that its strategies write.
func withoutServerFields(doc map[string]any) map[string]any {
	meta := doc["metadata"].(map[string]any)
	for _, field := range []string{"uid", "creationTimestamp", "managedFields", "generation", "resourceVersion"} {
		delete(meta, field)
	}
	switch doc["kind"] {
	case "Pod":
		conditions, _ := doc["status"].(map[string]any)["conditions"].([]any)
		for _, c := range conditions {
			delete(c.(map[string]any), "lastTransitionTime")
		}
	case "Node", "Namespace":
	default:
		delete(doc, "status")
	}
	if spec, ok := doc["spec"].(map[string]any); ok && doc["kind"] == "Service" {
		for _, field := range []string{"clusterIP", "clusterIPs", "healthCheckNodePort"} {
			delete(spec, field)
		}
		for _, port := range spec["ports"].([]any) {
			delete(port.(map[string]any), "nodePort")
		}
	}
	return doc
}

func indented(t *testing.T, v any) string {
	t.Helper()
	b, err := json.MarshalIndent(v, "", "  ")
	require.NoError(t, err)
	return string(b)
}

func readRecording(t *testing.T, file string, into any) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", file))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, into))
}

// writeRecording writes one case, or one cause of a case, on a line of its own.
func writeRecording(t *testing.T, file string, v any) {
	t.Helper()
	data, err := json.Marshal(v)
	require.NoError(t, err)
	var doc any
	require.NoError(t, json.Unmarshal(data, &doc))
	var b bytes.Buffer
	writeLines(t, &b, doc, "")
	b.WriteByte('\n')
	require.NoError(t, os.WriteFile(filepath.Join("testdata", file), b.Bytes(), 0o644))
}

func writeLines(t *testing.T, b *bytes.Buffer, v any, indent string) {
	t.Helper()
	switch v := v.(type) {
	case map[string]any:
		if v["apiVersion"] == nil && v["field"] == nil && len(v) > 0 {
			b.WriteString("{")
			for i, key := range sortedKeys(v) {
				fmt.Fprintf(b, "%s\n%s %q: ", map[bool]string{true: ","}[i > 0], indent, key)
				writeLines(t, b, v[key], indent+" ")
			}
			fmt.Fprintf(b, "\n%s}", indent)
			return
		}
	case []any:
		b.WriteString("[")
		for i, item := range v {
			fmt.Fprintf(b, "%s\n%s ", map[bool]string{true: ","}[i > 0], indent)
			writeLines(t, b, item, indent+" ")
		}
		fmt.Fprintf(b, "\n%s]", indent)
		return
	}
	var line bytes.Buffer
	enc := json.NewEncoder(&line)
	enc.SetEscapeHTML(false)
	require.NoError(t, enc.Encode(v))
	b.Write(bytes.TrimSpace(line.Bytes()))
}

// --- asking a real API server ---

type upstreamServer struct {
	t      *testing.T
	client *http.Client
}

func connect(t *testing.T) *upstreamServer {
	t.Helper()
	pki := filepath.Join(*record, "pki")
	cert, err := tls.LoadX509KeyPair(filepath.Join(pki, "admin.crt"), filepath.Join(pki, "admin.key"))
	require.NoError(t, err)
	ca, err := os.ReadFile(filepath.Join(pki, "ca.crt"))
	require.NoError(t, err)
	roots := x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM(ca))
	return &upstreamServer{t, &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{Certificates: []tls.Certificate{cert}, RootCAs: roots}}}}
}

func (s *upstreamServer) do(method, path, contentType string, body any) (int, map[string]any) {
	s.t.Helper()
	data, err := json.Marshal(body)
	require.NoError(s.t, err)
	req, err := http.NewRequestWithContext(s.t.Context(), method, upstreamURL+path, bytes.NewReader(data))
	require.NoError(s.t, err)
	req.Header.Set("Content-Type", contentType)
	resp, err := s.client.Do(req)
	require.NoError(s.t, err)
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	require.NoError(s.t, err)
	var doc map[string]any
	require.NoError(s.t, json.Unmarshal(answer, &doc), string(answer))
	return resp.StatusCode, doc
}

func pathOf(t *testing.T, doc map[string]any, name string) string {
	t.Helper()
	gv := ParseGroupVersion(doc["apiVersion"].(string))
	kind := KindByName(GroupVersionKind{Group: gv.Group, Version: gv.Version, Kind: doc["kind"].(string)})
	return kind.Path("default", name)
}

func (s *upstreamServer) causes(name string, code int, status map[string]any) []cause {
	s.t.Helper()
	if code != http.StatusUnprocessableEntity {
		s.t.Errorf("%s: the server answered %d, not 422: %v", name, code, status["message"])
		return nil
	}
	data, err := json.Marshal(status["details"].(map[string]any)["causes"])
	require.NoError(s.t, err)
	var causes []cause
	require.NoError(s.t, json.Unmarshal(data, &causes))
	return normalCauses(causes)
}

// remove deletes an object at once.
func (s *upstreamServer) remove(stored map[string]any) {
	s.t.Helper()
	path := pathOf(s.t, stored, stored["metadata"].(map[string]any)["name"].(string))
	s.do("PATCH", path, "application/merge-patch+json", map[string]any{"metadata": map[string]any{"finalizers": nil}})
	s.do("DELETE", path, "application/json", map[string]any{"apiVersion": "v1", "kind": "DeleteOptions", "gracePeriodSeconds": 0})
	if stored["kind"] == "Namespace" { // nobody runs the controller that would let it go
		s.do("PUT", path+"/finalize", "application/json", mergePatch(stored, map[string]any{
			"metadata": map[string]any{"resourceVersion": nil, "finalizers": nil}, "spec": map[string]any{"finalizers": nil}}))
	}
}

func recordInvalid(t *testing.T, c *corpus) *recording {
	s := connect(t)
	out := &recording{Create: map[string][]cause{}, Update: map[string]recordingUpdate{}}
	for _, x := range c.Create {
		doc := mergePatch(c.Bases[x.Base], x.With)
		code, status := s.do("POST", pathOf(t, doc, "")+"?dryRun=All", "application/json", doc)
		out.Create[x.Case] = s.causes(x.Case, code, status)
	}
	for _, x := range c.Update {
		doc := mergePatch(c.Bases[x.Base], x.From)
		name := doc["metadata"].(map[string]any)["name"].(string)
		path := pathOf(t, doc, name)
		code, stored := s.do("POST", pathOf(t, doc, ""), "application/json", doc)
		if code != http.StatusCreated {
			t.Errorf("%s: cannot create the object: %v", x.Case, stored["message"])
			continue
		}
		if status, ok := x.From["status"]; ok {
			_, stored = s.do("PATCH", path+"/status", "application/merge-patch+json", map[string]any{"status": status})
		}
		target := path
		if x.Subresource != "" {
			target += "/" + x.Subresource
		}
		code, answer := s.do("PATCH", target+"?dryRun=All", "application/merge-patch+json", x.With)
		delete(stored["metadata"].(map[string]any), "managedFields")
		out.Update[x.Case] = recordingUpdate{stored, s.causes(x.Case, code, answer)}
		s.remove(stored)
	}
	return out
}

func recordDefaults(t *testing.T, c *corpus) map[string]map[string]any {
	s := connect(t)
	out := map[string]map[string]any{}
	for _, x := range c.Create {
		doc := mergePatch(c.Bases[x.Base], x.With)
		code, answer := s.do("POST", pathOf(t, doc, "")+"?dryRun=All", "application/json", doc)
		if code != http.StatusCreated {
			t.Errorf("%s: the server refuses it: %v", x.Case, answer["message"])
			continue
		}
		out[x.Case] = withoutServerFields(answer)
	}
	return out
}
