package apiserver

import (
	"cmp"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestLinksLeadThroughTheProxy: what means the other side's root has to mean its place here.
func TestLinksLeadThroughTheProxy(t *testing.T) {
	const prefix = "/api/v1/namespaces/d/pods/web/proxy"
	p := passage{to: &url.URL{Scheme: "http", Host: "10.0.0.1:80"}, prefix: prefix}
	for link, want := range map[string]string{
		"/x":                          prefix + "/x",
		"/x/":                         prefix + "/x/",
		"/x?y=z#top":                  prefix + "/x?y=z#top",
		"http://10.0.0.1:80/x":        prefix + "/x",
		"http://localhost:8001/x":     "http://localhost:8001" + prefix + "/x",
		prefix + "/x":                 prefix + "/x",
		"x":                           "x",
		"../x":                        "../x",
		"https://example.org/x":       "https://example.org/x",
		"//example.org/x":             "//example.org/x",
		"mailto:somebody@example.org": "mailto:somebody@example.org",
	} {
		at, err := url.Parse(link)
		require.NoError(t, err)
		require.Equal(t, want, p.link(at, "localhost:8001"), link)
	}

	for page, want := range map[string]string{
		`<!doctype html><a class="k" href="/a">A &amp; B</a>`:         `<!doctype html><a class="k" href="` + prefix + `/a">A &amp; B</a>`,
		`<img src=/b.png><img src=/b.png />`:                          `<img src="` + prefix + `/b.png"><img src="` + prefix + `/b.png" />`,
		`<A  HREF = '/a?b=1&amp;c=2' download>`:                       `<A  HREF = "` + prefix + `/a?b=1&amp;c=2" download>`,
		`<svg width='1'><a href="/a"><path d="M0"/></a></svg><p>`:     `<svg width='1'><a href="` + prefix + `/a"><path d="M0"/></a></svg><p>`,
		"<P\n title=\"/c\" >/d</P ><img src=x.png />< a <":            "",
		`<svg><linearGradient/><style>a{}</style><!-- /x --></svg>`:   "",
		`<p title="/c">/d</p><a href>x</a><a href='x'><img alt="/i">`: "",
		`<script>if (a < b) "<a href='/e'>"</script>`:                 "",
		`<!-- <a href="/f"> --><textarea><a href="/g"></textarea>`:    "",
	} {
		mended, err := mendLinks([]byte(page), func(at *url.URL) string { return p.link(at, "localhost:8001") })
		require.NoError(t, err)
		require.Equal(t, cmp.Or(want, page), string(mended))
	}
}

// TestTheOtherSideLearnsNoSecrets: whoever is behind a proxy could use them against this server.
func TestTheOtherSideLearnsNoSecrets(t *testing.T) {
	in, err := http.NewRequest("GET", "https://here/api/v1/namespaces/d/pods/web/proxy/x", nil)
	require.NoError(t, err)
	in.RemoteAddr, in.Host = "192.0.2.1:1234", "here"
	in.Header = http.Header{
		"Authorization": {"Bearer secret"}, "Impersonate-User": {"jane"}, "Impersonate-Extra-A": {"b"},
		"X-Remote-User": {"root"}, "X-Remote-Extra-A": {"b"}, "X-Forwarded-For": {"192.0.2.9"}, "Accept": {"text/html"},
	}
	out := in.Clone(t.Context())
	p := passage{to: &url.URL{Scheme: "http", Host: "10.0.0.1:80", Path: "/x"}, prefix: "/api/v1/namespaces/d/pods/web/proxy"}
	p.prepare(out, in)
	require.Equal(t, http.Header{
		"Accept": {"text/html"}, "X-Forwarded-For": {"192.0.2.9, 192.0.2.1"}, "X-Forwarded-Uri": {"/api/v1/namespaces/d/pods/web/proxy/x"},
	}, out.Header)
	require.Equal(t, "http://10.0.0.1:80/x", out.URL.String())
}

// TestAdmissionJudgesConnections: who may talk to a pod can be a matter of policy.
func TestAdmissionJudgesConnections(t *testing.T) {
	h := newHarness(t)
	hook := newHook(t, func(tree) tree { return tree{"allowed": false, "status": tree{"message": "no visitors"}} })
	h.registers("Validating", "policy", hook.entry("deny.example.com", tree{"rules": []tree{
		{"operations": []string{"CONNECT"}, "apiGroups": []string{""}, "apiVersions": []string{"v1"}, "resources": []string{"pods/attach"}},
	}}))
	h.must("POST", pods, podJSON("one", "", ""))
	a := h.do("POST", pods+"/one/attach?stdin=true&container=c", "")
	require.Contains(t, a.at("message"), `admission webhook "deny.example.com" denied the request: no visitors`)
	request := hook.last()
	require.Equal(t, "CONNECT", request["operation"])
	require.Equal(t, tree{"group": "", "version": "v1", "kind": "PodAttachOptions"}, request["kind"])
	require.Equal(t, tree{"group": "", "version": "v1", "resource": "pods"}, request["resource"])
	require.Equal(t, "attach", request["subResource"])
	require.Equal(t, "one", request["name"])
	require.Equal(t, tree{"kind": "PodAttachOptions", "apiVersion": "v1", "stdin": true, "container": "c"}, request["object"])

	require.Equal(t, "pod one does not have a host assigned", h.fails(400, "BadRequest", "POST", pods+"/one/exec?command=ls&stdout=true", ""), "that one may be tried")
}
