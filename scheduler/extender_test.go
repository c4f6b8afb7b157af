package scheduler

import (
	"context"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"kubelite/api"
)

// program is an extender: it answers each verb with what it is told to, and remembers what it was asked.
type program struct {
	*httptest.Server
	answers map[string]string

	mu    sync.Mutex
	asked map[string][]string // bodies by verb
}

func newProgram(t *testing.T, answers map[string]string) *program {
	p := &program{answers: answers, asked: map[string][]string{}}
	p.Server = httptest.NewServer(http.HandlerFunc(p.serve))
	t.Cleanup(p.Close)
	return p
}

func (p *program) serve(w http.ResponseWriter, hr *http.Request) {
	var body json.RawMessage
	_ = json.NewDecoder(hr.Body).Decode(&body)
	verb := strings.TrimPrefix(hr.URL.Path, "/say/")
	p.mu.Lock()
	p.asked[verb] = append(p.asked[verb], string(body))
	p.mu.Unlock()
	answer, ok := p.answers[verb]
	if !ok {
		http.Error(w, "no", http.StatusTeapot)
		return
	}
	fmt.Fprint(w, answer)
}

// config has the program asked everything.
func (p *program) config(changes ...func(*ExtenderConfig)) ExtenderConfig {
	c := ExtenderConfig{URLPrefix: p.URL + "/say/", FilterVerb: "filter", PrioritizeVerb: "prioritize", PreemptVerb: "preempt", BindVerb: "bind", Weight: 2, NodeCacheCapable: true}
	for _, change := range changes {
		change(&c)
	}
	return c
}

func (w *world) extendedCycle(t *testing.T, p *api.Pod, configs ...ExtenderConfig) *cycle {
	t.Helper()
	extenders, err := newExtenders(configs)
	require.NoError(t, err)
	c := w.cycle(p)
	c.profile.extend(extenders)
	return c
}

func ignorable(c *ExtenderConfig)           { c.Ignorable = true }
func notBinding(c *ExtenderConfig)          { c.BindVerb = "" }
func forGPUs(c *ExtenderConfig)             { c.ManagedResources = []ManagedResource{{Name: "example.com/gpu"}} }
func whole(c *ExtenderConfig)               { c.NodeCacheCapable = false }
func at(url string) func(c *ExtenderConfig) { return func(c *ExtenderConfig) { c.URLPrefix = url } }

func TestExtenderFilter(t *testing.T) {
	for name, test := range map[string]struct {
		answer  string
		changes []func(*ExtenderConfig)
		pod     *api.Pod
		want    string
	}{
		"one is left":                       {answer: `{"nodenames":["b"],"FailedNodes":{"a":"too old"}}`, want: "b"},
		"none is left":                      {answer: `{"NodeNames":[],"FailedNodes":{"a":"too old","b":"too old"},"FailedAndUnresolvableNodes":{"b":"hopeless"}}`, want: "0/2 nodes are available: 1 hopeless, 1 too old."},
		"whole nodes":                       {answer: `{"Nodes":{"items":[{"metadata":{"name":"b","creationTimestamp":null}}]}}`, changes: []func(*ExtenderConfig){whole}, want: "b"},
		"names for one that asked by nodes": {answer: `{"NodeNames":["b"]}`, changes: []func(*ExtenderConfig){whole, at("http://x")}, want: "0/2 nodes are available: 2 node(s) were left out by http://x."},
		"a node that nobody asked about":    {answer: `{"NodeNames":["z"]}`, changes: []func(*ExtenderConfig){at("http://x")}, want: `extender "http://x" claims a filtered node "z" which is not found in the input node list`},
		"an error":                          {answer: `{"Error":"the moon is full"}`, want: "the moon is full"},
		"an error that does not matter":     {answer: `{"Error":"the moon is full"}`, changes: []func(*ExtenderConfig){ignorable}, want: "a"},
		"not this pod":                      {answer: `{"NodeNames":["b"]}`, changes: []func(*ExtenderConfig){forGPUs}, want: "a"},
		"this pod": {answer: `{"NodeNames":["b"]}`, changes: []func(*ExtenderConfig){forGPUs}, want: "b", pod: pod(nil, func(p *api.Pod) {
			p.Spec.InitContainers = []api.Container{{Resources: api.ResourceRequirements{Limits: list("example.com/gpu", "0")}}}
		})},
	} {
		t.Run(name, func(t *testing.T) {
			p := newProgram(t, map[string]string{"filter": test.answer, "prioritize": `[]`})
			config := p.config(test.changes...)
			w := worldOf(node("a"), node("b"))
			c := w.extendedCycle(t, pod(nil), config)
			if test.pod != nil {
				c = w.extendedCycle(t, test.pod, config)
			}
			for _, e := range c.profile.extenders {
				e.client = &http.Client{Transport: through{p.Server}} // whatever its address is
			}
			d := c.find()
			if d.Node != "" {
				require.Equal(t, test.want, d.Node)
				return
			}
			require.Equal(t, test.want, d.message())
			require.Equal(t, strings.HasPrefix(test.want, "0/2"), slices.Contains(d.rejectors(), extenderName))
		})
	}
}

// through sends requests to the program, wherever they were meant for.
type through struct{ *httptest.Server }

func (t through) RoundTrip(hr *http.Request) (*http.Response, error) {
	hr.URL.Host = t.Listener.Addr().String()
	hr.URL.Path = "/say/" + hr.URL.Path[strings.LastIndexByte(hr.URL.Path, '/')+1:]
	return http.DefaultTransport.RoundTrip(hr)
}

func TestExtenderQuestions(t *testing.T) {
	p := newProgram(t, map[string]string{"filter": `{"NodeNames":["a","b"],"Nodes":{"items":[{"metadata":{"name":"a"}}]}}`, "prioritize": `[]`})
	w := worldOf(node("a"), node("b"))
	w.extendedCycle(t, pod(nil, named("web")), p.config()).find()
	require.JSONEq(t, `{"name":"web","namespace":"default","uid":"web"}`, part(t, p.asked["filter"][0], "Pod", "metadata"))
	require.JSONEq(t, `["a","b"]`, part(t, p.asked["filter"][0], "NodeNames"))
	require.JSONEq(t, `null`, part(t, p.asked["filter"][0], "Nodes"))
	require.Equal(t, p.asked["filter"], p.asked["prioritize"])
	w.extendedCycle(t, pod(nil, named("web")), p.config(whole)).find()
	require.JSONEq(t, `null`, part(t, p.asked["filter"][1], "NodeNames"))
	require.Contains(t, part(t, p.asked["filter"][1], "Nodes", "items"), `"name":"b"`)
}

func part(t *testing.T, body string, path ...string) string {
	t.Helper()
	raw := json.RawMessage(body)
	for _, name := range path {
		var parts map[string]json.RawMessage
		require.NoError(t, json.Unmarshal(raw, &parts))
		raw = parts[name]
	}
	return string(raw)
}

// What extenders score counts as what plugins score, and is told like it. One that fails has no opinion.
func TestExtenderScores(t *testing.T) {
	likesB := newProgram(t, map[string]string{"prioritize": `[{"Host":"a","Score":1},{"host":"b","score":10}]`})
	silent := newProgram(t, nil)
	only := func(c *ExtenderConfig) { c.FilterVerb, c.BindVerb = "", "" }
	w := worldOf(node("a"), node("b"))
	require.Equal(t, "a", w.outcome(pod(nil)))
	d := w.extendedCycle(t, pod(nil), silent.config(only), likesB.config(only)).find()
	require.Equal(t, "b", d.Node)
	require.Equal(t, likesB.URL+"/say/", d.Plugins[len(d.Plugins)-1])
	require.NotContains(t, d.Plugins, silent.URL+"/say/")
	for _, r := range d.Results {
		require.Equal(t, map[string]int64{"a": 20, "b": 200}[r.Node], r.Scores[len(r.Scores)-1])
	}
}

func TestExtenderPreemption(t *testing.T) {
	victims := func(node string, uids ...string) string {
		pods := []string{}
		for _, uid := range uids {
			pods = append(pods, fmt.Sprintf(`{"UID":%q}`, uid))
		}
		return fmt.Sprintf(`{"NodeNameToMetaVictims":{%q:{"Pods":[%s],"NumPDBViolations":1}}}`, node, strings.Join(pods, ","))
	}
	for name, test := range map[string]struct {
		answer  string
		changes []func(*ExtenderConfig)
		want    string
	}{
		"another node than the best":   {answer: victims("b", "big"), want: "b big 1"},
		"other victims, in order":      {answer: victims("a", "tiny", "small"), want: "a small tiny 1"},
		"nobody":                       {answer: `{}`, want: "no candidate node for preemption"},
		"no victims":                   {answer: victims("a"), want: `expected at least one victim pod on node "a"`},
		"no victims, if ignorable":     {answer: victims("a"), changes: []func(*ExtenderConfig){ignorable}, want: "no candidate node for preemption"},
		"an unknown node":              {answer: victims("z", "big"), want: `nodeinfo not found for node name "z"`},
		"an unknown pod":               {answer: victims("a", "big"), want: "but the pod is not found on that node"},
		"no answer":                    {want: "failed preempt with extender at URL"},
		"no answer, if ignorable":      {changes: []func(*ExtenderConfig){ignorable}, want: "a small 0"},
		"asked with whole pods":        {answer: victims("b", "big"), changes: []func(*ExtenderConfig){whole}, want: "b big 1"},
		"not asked about such a pod":   {answer: victims("b", "big"), changes: []func(*ExtenderConfig){forGPUs}, want: "a small 0"},
		"not asked without that verb":  {answer: victims("b", "big"), changes: []func(*ExtenderConfig){func(c *ExtenderConfig) { c.PreemptVerb = "" }}, want: "a small 0"},
		"an answer that is no JSON":    {answer: "yes", want: "invalid character"},
		"an answer of another program": {answer: `[]`, want: "cannot unmarshal array"},
	} {
		t.Run(name, func(t *testing.T) {
			answers := map[string]string{}
			if test.answer != "" {
				answers["preempt"] = test.answer
			}
			p := newProgram(t, answers)
			config := p.config(append(test.changes, func(c *ExtenderConfig) { c.FilterVerb = "" })...)
			w := worldOf(node("a"), node("b"))
			w.run("a", pod(list("cpu", "3"), named("small"), ofPriority(2)), pod(list("cpu", "1"), named("tiny"), ofPriority(1)))
			w.run("b", pod(list("cpu", "4"), named("big"), ofPriority(5)))
			c := w.extendedCycle(t, pod(list("cpu", "3"), ofPriority(10)), config)
			require.Empty(t, c.find().Node)
			found, _, err := (&defaultPreemption{kit: w.kit, args: w.args.preemption}).candidates(c)
			require.NoError(t, err)
			require.Len(t, found, 2)
			left, err := c.extenderPreemption(found)
			if err != nil {
				require.Contains(t, err.Error(), test.want)
				return
			}
			if len(left) == 0 {
				require.Equal(t, test.want, "no candidate node for preemption")
				return
			}
			best := pickCandidate(left)
			got := best.node.name
			for _, v := range best.victims {
				got += " " + v.pod.Name
			}
			require.Equal(t, test.want, fmt.Sprint(got, " ", best.violations))
			if len(p.asked["preempt"]) == 1 {
				kind := map[bool]string{true: "NodeNameToMetaVictims", false: "NodeNameToVictims"}[config.NodeCacheCapable]
				require.NotEqual(t, "null", part(t, p.asked["preempt"][0], kind, "b"))
			}
		})
	}
}

// ownBinder is the scheduler's.
type ownBinder struct{ bound string }

func (*ownBinder) Name() string { return "DefaultBinder" }

func (b *ownBinder) Bind(_ context.Context, p *podInfo, node string) error {
	b.bound = p.pod.Name + " on " + node
	return nil
}

func TestExtenderBinds(t *testing.T) {
	p := newProgram(t, map[string]string{"bind": `{}`})
	refuses := newProgram(t, map[string]string{"bind": `{"Error":"not there"}`})
	for name, test := range map[string]struct {
		config ExtenderConfig
		want   string // what the scheduler's own binder was called with, or the error
	}{
		"the extender binds":     {p.config(), ""},
		"the extender refuses":   {refuses.config(), "not there"},
		"refuses, but ignorable": {refuses.config(ignorable), "web on a"},
		"is not interested":      {p.config(forGPUs), "web on a"},
		"does not bind":          {p.config(notBinding), "web on a"},
	} {
		own := &ownBinder{}
		profile := &profile{binder: own, hints: map[string][]hint{}}
		extenders, err := newExtenders([]ExtenderConfig{test.config})
		require.NoError(t, err)
		profile.extend(extenders)
		err = profile.binder.Bind(t.Context(), newPodInfo(pod(nil, named("web"))), "a")
		got := own.bound
		if err != nil {
			got = err.Error()
		}
		require.Equal(t, test.want, got, name)
	}
	require.Equal(t, []string{`{"PodName":"web","PodNamespace":"default","PodUID":"web","Node":"a"}`}, p.asked["bind"])
}

func TestExtenderConfigurations(t *testing.T) {
	secure := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"NodeNames":["b"]}`) }))
	defer secure.Close()
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: secure.Certificate().Raw})
	for name, test := range map[string]struct {
		config ExtenderConfig
		want   string
	}{
		"its CA is known":      {ExtenderConfig{TLSConfig: &ExtenderTLS{CAData: ca, ServerName: "example.com"}}, "b"},
		"nobody looks":         {ExtenderConfig{EnableHTTPS: true}, "b"},
		"nobody is to look":    {ExtenderConfig{TLSConfig: &ExtenderTLS{Insecure: true}}, "b"},
		"its CA is not known":  {ExtenderConfig{}, "certificate"},
		"it is somebody else":  {ExtenderConfig{TLSConfig: &ExtenderTLS{CAData: ca, ServerName: "example.net"}}, "certificate"},
		"no time for a person": {ExtenderConfig{EnableHTTPS: true, HTTPTimeout: api.Duration{Duration: time.Nanosecond}}, "exceeded"},
	} {
		test.config.URLPrefix, test.config.FilterVerb, test.config.NodeCacheCapable = secure.URL, "filter", true
		d := worldOf(node("a"), node("b")).extendedCycle(t, pod(nil), test.config).find()
		if d.Node != test.want {
			require.Contains(t, d.message(), test.want, name)
		}
	}

	head := "apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\nextenders:\n"
	for text, want := range map[string]string{
		"- {filterVerb: filter}":                                                        "extenders[0].urlPrefix: Required value",
		"- {urlPrefix: http://x, prioritizeVerb: p}":                                    "extenders[0].weight: Invalid value: 0: must have a positive weight",
		"- {urlPrefix: http://x, bindVerb: b}\n- {urlPrefix: http://y, bindVerb: b}":    "only one extender can implement bind",
		"- {urlPrefix: http://x, managedResources: [{name: a.com/b}, {name: a.com/b}]}": "duplicate extender managed resource name",
		"- {urlPrefix: http://x, tlsConfig: {caFile: /nowhere}}":                        "no such file",
		"- {urlPrefix: http://x, tlsConfig: {caData: eA==}}":                            "certificate authority data: no PEM certificate in it",
		"- {urlPrefix: http://x, tlsConfig: {certData: eA==}}":                          "failed to find any PEM data",
		"- {urlPrefix: http://x, filterverb: f}":                                        "unknown field",
		"- {urlPrefix: http://x, httpTimeout: soon}":                                    "invalid duration",
	} {
		_, err := loadTestConfig(t, head+text)
		require.ErrorContains(t, err, want, text)
	}
	profiles, err := loadTestConfig(t, head+`
- {urlPrefix: http://maybe, ignorable: true, bindVerb: bind}
- {urlPrefix: http://sure, httpTimeout: 2s, managedResources: [{name: example.com/gpu, ignoredByScheduler: true}]}
`)
	require.NoError(t, err)
	p := profiles[DefaultName]
	require.Equal(t, "http://sure", p.extenders[0].config.URLPrefix)
	require.Equal(t, 2*time.Second, p.extenders[0].client.Timeout)
	require.Equal(t, extenderTimeout, p.extenders[1].client.Timeout)
	for _, f := range p.filters {
		if fit, ok := f.(*nodeResourcesFit); ok {
			require.Equal(t, []string{"example.com/gpu"}, fit.ignored)
		}
	}
}
