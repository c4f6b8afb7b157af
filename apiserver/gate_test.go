package apiserver

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"kubelite/api"
)

// loop sends requests as a control loop does.
func (h *harness) loop(name string) *harness {
	as := *h
	as.header = http.Header{"Impersonate-User": {api.ServiceAccountUser("kube-system", name)}, "User-Agent": {"controllers"}}
	return &as
}

// gateHarness has a loop that may do everything.
func gateHarness(t testing.TB, options ...func(*Config)) (h, loop *harness) {
	h = newHarness(t, options...)
	h.must("POST", "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", `{"metadata":{"name":"loops"},
"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"cluster-admin"},"subjects":[{"apiGroup":"rbac.authorization.k8s.io","kind":"Group","name":"system:serviceaccounts:kube-system"}]}`)
	return h, h.loop("deployment-controller")
}

func (h *harness) gate(query string) *api.GateState {
	h.t.Helper()
	var state api.GateState
	require.NoError(h.t, api.UnmarshalJSON(h.must("GET", "/gate?"+query, "").body, &state))
	return &state
}

// rule adds a rule, and returns its path.
func (h *harness) rule(body string) string {
	h.t.Helper()
	return fmt.Sprintf("/gate/rules/%v", h.must("POST", "/gate/rules", body).at("id"))
}

func (h *harness) step(body string) *api.HeldWrite {
	h.t.Helper()
	var passed api.HeldWrite
	require.NoError(h.t, api.UnmarshalJSON(h.must("POST", "/gate/step", body).body, &passed))
	return &passed
}

// later sends a request that has to wait.
func (h *harness) later(method, path, body string, header ...string) <-chan answer {
	answered := make(chan answer, 1)
	go func() { answered <- h.do(method, path, body, header...) }()
	return answered
}

// holds waits until so many writes are held.
func (h *harness) holds(n int) []api.HeldWrite {
	h.t.Helper()
	state := h.gate("")
	for deadline := time.Now().Add(10 * time.Second); len(state.Held) != n; state = h.gate(fmt.Sprintf("after=%d&wait=1s", state.Sequence)) {
		require.True(h.t, time.Now().Before(deadline), "%d writes are held, not %d", len(state.Held), n)
	}
	return state.Held
}

func mergePatch(body string) (string, string, string) {
	return body, "Content-Type", "application/merge-patch+json"
}

func TestGateHoldsAWriteUntilItIsLetThrough(t *testing.T) {
	h, loop := gateHarness(t)
	h.must("POST", configMaps, configMap("one", ""))
	before := h.store.Revision()
	h.rule(`{"actor":"deployment-controller"}`)
	body, header, value := mergePatch(`{"data":{"k":"w"}}`)
	answered := loop.later("PATCH", configMaps+"/one", body, header, value, api.HeaderCauses, "3", api.HeaderRule, "controllers/deployment.go:12", api.HeaderReason, "because")
	held := h.holds(1)[0]
	require.Equal(t, "deployment-controller", held.Actor)
	require.Equal(t, "patch", held.Record.Verb)
	require.Equal(t, "one", held.Record.Object.Name)
	require.Equal(t, []int64{3}, held.Record.Causes)
	require.Equal(t, "controllers/deployment.go:12", held.Record.Rule)
	require.Equal(t, "because", held.Record.Reason)
	require.Contains(t, held.Diff, "--- configmaps/default/one\n+++ configmaps/default/one\n")
	require.Contains(t, held.Diff, "\n-  k: v\n+  k: w\n")
	require.Equal(t, before, h.store.Revision(), "nothing is written yet")

	passed := h.step("")
	require.Equal(t, held.ID, passed.ID)
	require.EqualValues(t, 200, passed.Outcome.Code)
	require.Equal(t, before+1, passed.Outcome.Revision)
	require.Equal(t, "w", (<-answered).at("data.k"))
	require.Equal(t, passed.ID, h.gate("").Passed[0].ID)
	require.Equal(t, "no such write is held", h.fails(404, "NotFound", "POST", "/gate/step", ""))

	// A write that changes nothing is no write, and one that is refused says so before.
	loop.must("PATCH", configMaps+"/one", body, header, value)
	refused := loop.later("PATCH", configMaps+"/one", `{"metadata":{"resourceVersion":"1"}}`, header, value)
	require.Contains(t, h.holds(1)[0].Refusal, "the object has been modified")
	require.EqualValues(t, 409, h.step("").Outcome.Code)
	require.Equal(t, 409, (<-refused).code)
}

func TestGateShowsWhatWouldBeStored(t *testing.T) {
	h, loop := gateHarness(t)
	h.must("POST", pods, podJSON("p", "", ""))
	h.must("POST", "/api/v1/namespaces/default/secrets", `{"metadata":{"name":"s"},"data":{"a":"b25l","b":"dHdv"}}`)
	h.rule(`{"actor":"controllers"}`)
	for _, c := range []struct {
		method, path, body string
		shows, hides       []string
		verb, name         string
	}{
		{"POST", pods, `{"metadata":{"generateName":"web-"},"spec":{"containers":[{"name":"c","image":"i"}]}}`,
			[]string{"--- /dev/null\n+++ pods/default/web-*\n", "\n+  name: web-*\n", "\n+  restartPolicy: Always\n"}, []string{"uid", "creationTimestamp", "managedFields"}, "create", "web-*"},
		{"POST", pods + "/p/binding", `{"metadata":{"name":"p"},"target":{"kind":"Node","name":"n1"}}`, []string{"\n+  nodeName: n1\n", "PodScheduled"}, nil, "create", "p"},
		{"DELETE", pods + "/p", `{"gracePeriodSeconds":0}`, []string{"--- pods/default/p\n+++ /dev/null\n", "\n-  name: p\n"}, nil, "delete", "p"},
		{"DELETE", pods, "", []string{"--- pods/default/p\n"}, nil, "deletecollection", ""},
		{"PUT", "/api/v1/namespaces/default/secrets/s", `{"metadata":{"name":"s"},"data":{"a":"b25l","b":"dGhyZWU="}}`,
			[]string{`b: '*** (before)'`, `b: '*** (after)'`, "a: '***'"}, []string{"b25l", "dHdv"}, "update", "s"},
	} {
		ctx, cancel := context.WithCancel(t.Context())
		gone := make(chan struct{})
		go func() {
			defer close(gone)
			req, err := http.NewRequestWithContext(ctx, c.method, h.http.URL+c.path, strings.NewReader(c.body))
			if err == nil {
				req.Header = loop.header.Clone()
				req.Header.Set("Authorization", "Bearer admin")
				if res, err := h.client.Do(req); err == nil {
					res.Body.Close()
				}
			}
		}()
		held := h.holds(1)[0]
		require.Empty(t, held.Refusal)
		for _, part := range c.shows {
			require.Contains(t, held.Diff, part, "%s %s", c.method, c.path)
		}
		for _, part := range c.hides {
			require.NotContains(t, held.Diff, part)
		}
		require.Equal(t, c.verb, held.Record.Verb)
		require.Equal(t, c.name, held.Record.Object.Name)
		cancel() // who goes away does not wait any more, and nothing has happened
		<-gone
		h.holds(0)
	}
	require.Nil(t, h.must("GET", pods+"/p", "").at("spec.nodeName"))
}

func TestGateHoldsNoSignsOfLife(t *testing.T) {
	h, loop := gateHarness(t)
	h.must("POST", "/api/v1/nodes", `{"metadata":{"name":"n1"}}`)
	h.rule(`{"actor":"deployment-controller"}`)
	h.rule(`{"actor":"kubelet-n1"}`)
	h.rule(`{"resource":"leases"}`)
	h.rule(`{"resource":"cm"}`)
	kubelet := *h
	kubelet.token = "node1"
	kubelet.must("PATCH", "/api/v1/nodes/n1/status", `{"status":{"phase":"Running"}}`, "Content-Type", "application/merge-patch+json")
	loop.must("POST", "/apis/coordination.k8s.io/v1/namespaces/default/leases", `{"metadata":{"name":"l"}}`)
	loop.must("POST", "/api/v1/namespaces/default/events", `{"metadata":{"name":"e"},"involvedObject":{"namespace":"default"}}`)
	loop.must("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", `{"spec":{"nonResourceAttributes":{"path":"/","verb":"get"}}}`)
	loop.must("POST", configMaps+"?dryRun=All", configMap("one", ""))
	h.must("POST", configMaps, configMap("one", "")) // an administrator
	require.Empty(t, h.gate("").Passed)

	// Unless the rule names the program, or Events.
	h.rule(`{"actor":"my-operator"}`)
	h.rule(`{"resource":"events","namespace":"default"}`)
	mine := h.later("POST", configMaps, configMap("two", ""), "User-Agent", "my-operator/v0.1 (linux/amd64)")
	require.Equal(t, "my-operator", h.holds(1)[0].Actor)
	event := loop.later("POST", "/api/v1/namespaces/default/events", `{"metadata":{"name":"f"},"involvedObject":{"namespace":"default"}}`)
	h.holds(2)
	h.step(`{"resource":"events"}`)
	require.Equal(t, 201, (<-event).code)
	h.must("DELETE", "/gate/rules", "")
	require.Equal(t, 201, (<-mine).code, "the last rule is gone")
	require.Empty(t, h.gate("").Rules)
}

func TestGateBreakPoint(t *testing.T) {
	h, loop := gateHarness(t)
	h.rule(`{"resource":"configmaps","verbs":["create"],"break":true,"condition":"object.data.k == 'w' && request.namespace == 'default'"}`)
	loop.must("POST", configMaps, configMap("one", ""))
	first := loop.later("POST", configMaps, `{"metadata":{"name":"two"},"data":{"k":"w"}}`)
	h.holds(1)
	require.Equal(t, "deployment-controller", h.gate("").Rules[0].Stopped)

	// Who has been stopped stays so, whatever it writes; others go on.
	second := loop.later("DELETE", configMaps+"/one", "")
	h.holds(2)
	h.loop("replicaset-controller").must("POST", configMaps, `{"metadata":{"name":"three"},"data":{"k":"w"}}`)
	require.Equal(t, "two", h.step("").Record.Object.Name)
	require.Equal(t, 201, (<-first).code)
	require.Equal(t, "delete", h.step(`{"actor":"controllers","verbs":["delete"]}`).Record.Verb)
	require.Equal(t, 200, (<-second).code)
}

func TestGateRefusesWhatCannotBeMeant(t *testing.T) {
	h := newHarness(t)
	for body, message := range map[string]string{
		`{}`: "a rule needs an actor or a resource", `{"resource":"wombats"}`: `no resource type "wombats"`, `{"actor":"a","verbs":["get"]}`: `"get" is none of`,
		`{"resource":"nodes","namespace":"x"}`: "are in none", `{"actor":"a","name":"x"}`: "of what?", `{"actor":"a","condition":"object.x +"}`: "compilation failed",
		`{"actor":"a","condition":"1"}`: "must evaluate to bool", `{"actr":"a"}`: `unknown field "actr"`,
	} {
		require.Contains(t, h.fails(400, "BadRequest", "POST", "/gate/rules", body), message)
	}
	for body, message := range map[string]string{
		`{"cut":true}`: "needs an actor", `{"actor":"a"}`: "something that goes wrong", `{"actor":"a","conflicts":"3/1"}`: "is not a share", `{"actor":"a","delayWatch":"-1s"}`: "negative",
	} {
		require.Contains(t, h.fails(400, "BadRequest", "POST", "/gate/faults", body), message)
	}
	h.fails(404, "NotFound", "DELETE", "/gate/rules/7", "")
	h.fails(404, "NotFound", "DELETE", "/gate/faults/7", "")
	h.fails(400, "BadRequest", "GET", "/gate?wait=x", "")
	h.token = "somebody"
	h.fails(403, "Forbidden", "GET", "/gate", "")
	h.fails(403, "Forbidden", "POST", "/gate/step", "")
}

// Who is held takes no seat from those who are served.
func TestGateHoldsOutside(t *testing.T) {
	h, loop := gateHarness(t, func(c *Config) { c.MaxReadsInFlight, c.MaxWritesInFlight = 1, 1 })
	rule := h.rule(`{"actor":"deployment-controller"}`)
	held := loop.later("POST", configMaps, configMap("one", ""))
	h.holds(1)
	h.loop("replicaset-controller").must("POST", configMaps, configMap("two", ""))
	h.must("DELETE", rule, "")
	require.Equal(t, 201, (<-held).code)
	_, writes := h.server.flow.Served()
	require.Zero(t, writes)
}

func TestFaultConflicts(t *testing.T) {
	h, loop := gateHarness(t)
	h.must("POST", configMaps, configMap("one", ""))
	h.must("POST", "/gate/faults", `{"actor":"deployment-controller","resource":"configmaps","conflicts":"1/3"}`)
	watch := h.watch(configMaps + "?watch=1&resourceVersion=" + h.must("GET", configMaps, "").at("metadata.resourceVersion").(string))
	codes := map[int]int{}
	for i := range 6 {
		codes[loop.do("PATCH", configMaps+"/one", fmt.Sprintf(`{"data":{"k":"%d"}}`, i), "Content-Type", "application/merge-patch+json").code]++
		watch.sees("MODIFIED one") // there is a newer version even if it is a conflict
	}
	require.Equal(t, map[int]int{200: 4, 409: 2}, codes)
	h.loop("replicaset-controller").must("PATCH", configMaps+"/one", `{}`, "Content-Type", "application/merge-patch+json")
	require.EqualValues(t, 2, h.gate("").Faults[0].Count)
	h.must("DELETE", "/gate/faults", "")
	require.False(t, h.server.debugger.Busy())
}

func TestFaultStaleReads(t *testing.T) {
	h, loop := gateHarness(t)
	h.must("POST", configMaps, configMap("one", ""))
	time.Sleep(600 * time.Millisecond) // so old is the state that is shown
	h.must("PATCH", configMaps+"/one", `{"data":{"k":"new"}}`, "Content-Type", "application/merge-patch+json")
	newest := h.must("POST", configMaps, configMap("two", "")).at("metadata.resourceVersion").(string)
	h.must("POST", "/gate/faults", `{"actor":"deployment-controller","staleReads":"500ms","for":"5m"}`)
	require.Equal(t, "v", loop.must("GET", configMaps+"/one", "").at("data.k"))
	loop.fails(404, "NotFound", "GET", configMaps+"/two", "")
	require.NotContains(t, names(loop.must("GET", configMaps, "")), "two")
	require.Contains(t, names(loop.must("GET", configMaps+"?resourceVersion="+newest, "")), "two", "it asks for what is at least so new")
	require.Equal(t, "new", h.must("GET", configMaps+"/one", "").at("data.k"))
	require.False(t, h.gate("").Faults[0].Until.IsZero())
}

func TestFaultyWatches(t *testing.T) {
	h, loop := gateHarness(t)
	list := h.must("GET", configMaps, "").at("metadata.resourceVersion").(string)
	watch := func() *stream { return loop.watch(configMaps + "?watch=1&resourceVersion=" + list) }
	fault := func(body string) {
		h.must("POST", "/gate/faults", `{"actor":"deployment-controller","resource":"configmaps",`+body+`}`)
	}

	doubled := watch()
	fault(`"duplicateWatch":"1"`)
	h.create("a")
	h.create("b")
	for _, event := range []string{"ADDED a", "ADDED a", "ADDED b", "ADDED b"} {
		doubled.sees(event)
	}
	h.must("DELETE", "/gate/faults", "")
	h.create("c")
	doubled.sees("ADDED c")

	late := loop.watch(configMaps + "?watch=1&resourceVersion=" + h.must("GET", configMaps, "").at("metadata.resourceVersion").(string))
	fault(`"delayWatch":"1h"`)
	h.create("d")
	doubledAgain := h.watch(configMaps + "?watch=1&resourceVersion=" + list)
	for _, event := range []string{"ADDED a", "ADDED b", "ADDED c", "ADDED d"} {
		doubledAgain.sees(event) // of the administrator: nothing is wrong with it
	}
	require.Empty(t, late.lines)
	h.must("DELETE", "/gate/faults", "")
	late.sees("ADDED d")

	fault(`"dropWatch":"1"`)
	h.create("e")
	doubledAgain.sees("ADDED e")
	fault(`"duplicateWatch":"1"`)
	require.Empty(t, late.lines)
	h.must("DELETE", "/gate/faults", "")
	last := late.ends()
	require.Len(t, last, 1)
	require.Equal(t, "ERROR", last[0]["type"])
	require.EqualValues(t, 410, at(last[0], "object.code"), "what it has missed it learns by listing anew")
}

func TestFaultCut(t *testing.T) {
	h, loop := gateHarness(t)
	watch := loop.watch(configMaps + "?watch=1")
	h.rule(`{"actor":"deployment-controller"}`)
	req := func(method, path, body string) error {
		r, err := http.NewRequest(method, h.http.URL+path, strings.NewReader(body))
		require.NoError(t, err)
		r.Header = loop.header.Clone()
		r.Header.Set("Authorization", "Bearer admin")
		res, err := h.client.Do(r)
		if err == nil {
			res.Body.Close()
		}
		return err
	}
	held := make(chan error, 1)
	go func() { held <- req("POST", configMaps, configMap("one", "")) }()
	h.holds(1)
	h.must("POST", "/gate/faults", `{"actor":"deployment-controller","cut":true,"for":"1h"}`)
	watch.ends()
	require.Error(t, <-held)
	require.Error(t, req("GET", configMaps, ""))
	require.Error(t, req("GET", "/version", ""))
	h.loop("replicaset-controller").must("GET", configMaps, "")
	h.must("DELETE", "/gate/faults", "")
	require.NoError(t, req("GET", configMaps, ""))
}

// A fault ends by itself.
func TestFaultEnds(t *testing.T) {
	h := newHarness(t)
	added := h.must("POST", "/gate/faults", `{"actor":"x","cut":true,"for":"10ms"}`)
	state := h.gate("")
	for len(state.Faults) > 0 {
		state = h.gate(fmt.Sprintf("after=%d&wait=10s", state.Sequence))
	}
	h.fails(404, "NotFound", "DELETE", fmt.Sprintf("/gate/faults/%v", added.at("id")), "")
}
