package apiserver

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"kubelite/api"
	"kubelite/apiserver/flowcontrol"
)

const (
	schemasPath = "/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas"
	levelsPath  = "/apis/flowcontrol.apiserver.k8s.io/v1/prioritylevelconfigurations"
)

// janes makes a level of few seats and no queue, and sends jane's requests to it.
func (h *harness) janes() (schemaUID, levelUID string) {
	h.t.Helper()
	level := h.must("POST", levelsPath, `{"metadata":{"name":"janes"},"spec":{"type":"Limited","limited":{"nominalConcurrencyShares":1,"borrowingLimitPercent":0,"limitResponse":{"type":"Reject"}}}}`)
	schema := h.must("POST", schemasPath, `{"metadata":{"name":"janes"},"spec":{"matchingPrecedence":500,"priorityLevelConfiguration":{"name":"janes"},
"rules":[{"subjects":[{"kind":"User","user":{"name":"jane"}}],"nonResourceRules":[{"verbs":["*"],"nonResourceURLs":["*"]}],
"resourceRules":[{"verbs":["*"],"apiGroups":["*"],"resources":["*"],"clusterScope":true,"namespaces":["*"]}]}]}}`)
	return schema.at("metadata.uid").(string), level.at("metadata.uid").(string)
}

// askAs sends a request with another token.
func (h *harness) askAs(token, method, path string) answer {
	other := *h
	other.token = token
	return other.do(method, path, "")
}

func uids(a answer) [2]string {
	return [2]string{a.header.Get("X-Kubernetes-PF-FlowSchema-UID"), a.header.Get("X-Kubernetes-PF-PriorityLevel-UID")}
}

func (h *harness) uidOf(path string) string {
	h.t.Helper()
	return h.must("GET", path, "").at("metadata.uid").(string)
}

// Answers say which FlowSchema the request was one of. A new one counts from the next moment on, and one that is gone does not.
func TestRequestsAreClassified(t *testing.T) {
	h := newHarness(t)
	usual := [2]string{h.uidOf(schemasPath + "/global-default"), h.uidOf(levelsPath + "/global-default")}
	require.Equal(t, usual, uids(h.askAs("somebody", "GET", "/version")))
	require.Equal(t, [2]string{h.uidOf(schemasPath + "/exempt"), h.uidOf(levelsPath + "/exempt")}, uids(h.must("GET", "/version", "")))

	schema, level := h.janes()
	becomes := func(want [2]string) {
		t.Helper()
		require.Eventually(t, func() bool { return uids(h.askAs("somebody", "GET", "/version")) == want }, 10*time.Second, time.Millisecond)
	}
	becomes([2]string{schema, level})
	require.Equal(t, [2]string{schema, level}, uids(h.askAs("somebody", "GET", "/api/v1/pods"))) // refused, but not here
	h.must("DELETE", levelsPath+"/janes", "")
	becomes(usual)
	require.Eventually(t, func() bool {
		return h.must("GET", schemasPath+"/janes", "").at("status.conditions.0.reason") == "NotFound"
	}, 10*time.Second, time.Millisecond)
}

// Who gets no seat is told to come back; others do not notice.
func TestThrottle(t *testing.T) {
	h := newHarness(t)
	_, level := h.janes()
	require.Eventually(t, func() bool { return uids(h.askAs("somebody", "GET", "/version"))[1] == level }, 10*time.Second, time.Millisecond)
	jane := flowcontrol.Digest{User: "jane", Verb: "get", Path: "/version"}
	var inside []*flowcontrol.Ticket
	for {
		ticket := h.server.flow.Admit(t.Context(), 0, jane, func(int) flowcontrol.Work { return flowcontrol.One() })
		if ticket.Rejected != "" {
			break
		}
		inside = append(inside, ticket)
	}
	require.NotEmpty(t, inside)
	refused := h.askAs("somebody", "GET", "/version")
	require.Equal(t, http.StatusTooManyRequests, refused.code)
	require.Equal(t, "Too many requests, please try again later.\n", string(refused.body))
	require.Equal(t, "1", refused.header.Get("Retry-After"))
	require.Equal(t, level, uids(refused)[1])
	require.Equal(t, 200, h.askAs("node1", "GET", "/version").code)

	metrics := string(h.must("GET", "/metrics", "").body)
	require.Contains(t, metrics, `apiserver_flowcontrol_rejected_requests_total{flow_schema="janes",priority_level="janes",reason="concurrency-limit"} 2`)
	require.Contains(t, metrics, `apiserver_flowcontrol_nominal_limit_seats{priority_level="workload-low"} 244`)
	require.Regexp(t, `(?m)^janes, .*false, +false, +0, +`, string(h.must("GET", "/debug/api_priority_and_fairness/dump_priority_levels", "").body))
	requests := string(h.must("GET", "/debug/api_priority_and_fairness/dump_requests?includeRequestDetails=1", "").body)
	require.Equal(t, len(inside), strings.Count(requests, "\njanes,"))
	require.Contains(t, requests, "jane, ")
	require.Contains(t, string(h.must("GET", "/debug/api_priority_and_fairness/dump_queues", "").body), "\nworkload-low, ")
	require.Equal(t, http.StatusForbidden, h.askAs("node1", "GET", "/debug/api_priority_and_fairness/dump_queues").code)

	for _, ticket := range inside {
		ticket.Done()
	}
	require.Equal(t, 200, h.askAs("somebody", "GET", "/version").code)
}

// A watch has its seat until it has begun.
func TestWatchesLeaveTheirSeats(t *testing.T) {
	h := newHarness(t)
	watch := h.watch(configMaps + "?watch=1")
	h.must("POST", configMaps, configMap("one", ""))
	watch.sees("ADDED one")
	h.eventuallyServesNobody()
}

// eventuallyServesNobody waits until all requests are on their way out, so that those which stay open show.
func (h *harness) eventuallyServesNobody() {
	h.t.Helper()
	require.Eventually(h.t, func() bool {
		reads, writes := h.server.flow.Served()
		return reads+writes == 0
	}, 10*time.Second, time.Millisecond)
}

// A client has a minute to send a body; what comes after that takes its time.
func TestBodiesAreAwaitedForAWhile(t *testing.T) {
	s := &Server{}
	w := &deadlines{ResponseRecorder: httptest.NewRecorder()}
	send := func(path, body string) {
		hr := httptest.NewRequest("POST", path, strings.NewReader(body))
		s.deadline(http.HandlerFunc(func(_ http.ResponseWriter, hr *http.Request) {
			got, err := readBody(hr)
			require.NoError(t, err)
			require.Equal(t, body, string(got))
		})).ServeHTTP(w, s.understandAlone(hr))
	}
	send(configMaps, `{"metadata":{}}`)
	require.Len(t, w.set, 2)
	require.InDelta(t, maxTimeout, time.Until(w.set[0]), float64(10*time.Second))
	require.Zero(t, w.set[1])
	send(configMaps, "")
	require.Len(t, w.set, 2)
	late := bodyError(fmt.Errorf("read: %w", os.ErrDeadlineExceeded))
	require.Equal(t, api.StatusReasonTimeout, late.(*api.StatusError).ErrStatus.Reason)
}

// understandAlone is understand for a server that serves nothing.
func (s *Server) understandAlone(hr *http.Request) *http.Request {
	return hr.WithContext(withRequest(hr.Context(), parseRequest(hr)))
}

// deadlines notes the deadlines that are set.
type deadlines struct {
	*httptest.ResponseRecorder
	set []time.Time
}

func (d *deadlines) SetReadDeadline(at time.Time) error {
	d.set = append(d.set, at)
	return nil
}

func TestLongRequests(t *testing.T) {
	h := newHarness(t)
	for path, want := range map[string]bool{
		configMaps: false, configMaps + "?watch=1": true, pods + "/web/log": true, pods + "/web/status": false, "/debug/pprof/profile": true, "/debug/api_priority_and_fairness/dump_queues": false,
		"/apis/other.example.com/v1/namespaces/default/machines/a/portforward": true, "/apis/other.example.com/v1/namespaces/default/machines/a/status": false,
	} {
		hr := httptest.NewRequest("GET", path, nil)
		require.Equal(t, want, h.server.understand(http.Header{}, hr).longRunning(), path)
	}
}

func TestWorkOfRequests(t *testing.T) {
	h := newHarness(t)
	for _, name := range []string{"one", "two", "three"} {
		h.must("POST", configMaps, configMap(name, `,"annotations":{"a":"`+strings.Repeat("x", 200_000)+`"}`))
	}
	work := func(method, path string) flowcontrol.Work {
		hr, err := http.NewRequest(method, path, nil)
		require.NoError(t, err)
		return h.server.workOf(h.server.understand(http.Header{}, hr), 10)
	}
	one := flowcontrol.One()
	for path, seats := range map[string]int{
		configMaps: 7, "/api/v1/configmaps": 7, configMaps + "?limit=1": 2, configMaps + "?limit=500": 7, configMaps + "?fieldSelector=metadata.name%3Done": 2,
		configMaps + "?watch=1": 7, configMaps + "?watch=1&resourceVersion=5": 1, configMaps + "?labelSelector=%21": 1, configMaps + "/one": 1, "/version": 1,
		"/api/v1/namespaces/default/wombats": 1, "/api/v1/secrets": 1,
	} {
		require.Equal(t, flowcontrol.Work{Seats: seats}, work("GET", path), path)
	}
	require.Equal(t, one, work("PUT", configMaps+"/one"))
	require.Equal(t, 7, work("GET", configMaps+"?limit=1&resourceVersion=0").Seats)
	for range 10 {
		h.watch("/api/v1/namespaces/default/secrets?watch=1&resourceVersion=5")
	}
	require.Equal(t, flowcontrol.Write(10, 10), work("PUT", "/api/v1/namespaces/default/secrets/x"))
	for range 12 {
		h.watch(configMaps + "?watch=1&resourceVersion=5")
	}
	h.watch("/api/v1/configmaps?watch=1&resourceVersion=5&fieldSelector=metadata.namespace%3Ddefault,metadata.name%3Dtwo")
	many := flowcontrol.Write(12, 10)
	require.Equal(t, many, work("PUT", configMaps+"/one"))
	require.Equal(t, many, work("POST", configMaps))
	require.Equal(t, flowcontrol.Write(13, 10), work("PUT", configMaps+"/two"))
	require.Equal(t, one, work("PUT", "/api/v1/namespaces/other/configmaps/one"))
	require.Equal(t, one, work("POST", "/api/v1/namespaces/default/serviceaccounts/default/token"))
	require.Equal(t, one, work("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews"))
}

// What every cluster has comes back, unless an administrator made it another.
func TestFlowIsMaintained(t *testing.T) {
	h := newHarness(t)
	restore := func() { h.server.restoreFlow(withClock(t.Context(), "test")) }
	patch := func(path, body string) { h.must("PATCH", path, body, "Content-Type", "application/merge-patch+json") }
	h.must("DELETE", schemasPath+"/exempt", "")
	h.must("DELETE", levelsPath+"/workload-low", "")
	require.Equal(t, 200, h.do("GET", "/version", "").code) // what is mandatory counts, whether it is there or not
	patch(schemasPath+"/global-default", `{"spec":{"matchingPrecedence":7000}}`)
	patch(schemasPath+"/service-accounts", `{"metadata":{"annotations":{"apf.kubernetes.io/autoupdate-spec":"false"}},"spec":{"matchingPrecedence":7001}}`)
	patch(schemasPath+"/probes", `{"metadata":{"annotations":{"apf.kubernetes.io/autoupdate-spec":null}},"spec":{"matchingPrecedence":7002}}`)
	patch(levelsPath+"/system", `{"metadata":{"annotations":{"apf.kubernetes.io/autoupdate-spec":null}}}`)
	patch(levelsPath+"/exempt", `{"spec":{"exempt":{"nominalConcurrencyShares":5}}}`)
	restore()
	for path, want := range map[string]any{
		schemasPath + "/exempt": 1, schemasPath + "/global-default": 9900, schemasPath + "/service-accounts": 7001, schemasPath + "/probes": 7002,
	} {
		require.EqualValues(t, want, h.must("GET", path, "").at("spec.matchingPrecedence"), path)
	}
	for path, want := range map[string]string{
		schemasPath + "/global-default": "true", schemasPath + "/service-accounts": "false", schemasPath + "/probes": "false", levelsPath + "/system": "true",
	} {
		annotations := h.must("GET", path, "").at("metadata.annotations").(tree)
		require.Equal(t, want, annotations[api.FlowAutoUpdate], path)
	}
	require.EqualValues(t, 100, h.must("GET", levelsPath+"/workload-low", "").at("spec.limited.nominalConcurrencyShares"))
	require.EqualValues(t, 5, h.must("GET", levelsPath+"/exempt", "").at("spec.exempt.nominalConcurrencyShares"))
	// What was once the server's own goes, and what looks like it but is not, stays.
	for name, auto := range map[string]string{"old": "true", "mine": "false"} {
		h.must("POST", levelsPath, `{"metadata":{"name":"`+name+`","annotations":{"apf.kubernetes.io/autoupdate-spec":"`+auto+`"}},"spec":{"type":"Limited","limited":{"limitResponse":{"type":"Reject"}}}}`)
	}
	restore()
	h.must("GET", levelsPath+"/mine", "")
	h.fails(404, "NotFound", "GET", levelsPath+"/old", "")
	before := h.server.store.Revision()
	restore()
	require.Equal(t, before, h.server.store.Revision())
}
