package kubectllite

import (
	"bytes"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"kubelite/api"
)

func TestParseAt(t *testing.T) {
	for _, test := range []struct {
		text     string
		revision int64
		ago      time.Duration
		bad      bool
	}{
		{text: "812", revision: 812},
		{text: "5m", ago: 5 * time.Minute},
		{text: "1m30s", ago: 90 * time.Second},
		{text: "0", bad: true},
		{text: "-3", bad: true},
		{text: "-5m", bad: true},
		{text: "yesterday", bad: true},
	} {
		revision, ago, err := parseAt(test.text)
		require.Equal(t, test.bad, err != nil, test.text)
		require.Equal(t, test.revision, revision, test.text)
		require.Equal(t, test.ago, ago, test.text)
	}
}

func TestParseReadPath(t *testing.T) {
	for path, want := range map[string]*readPath{
		"/api":                               nil,
		"/api/v1":                            nil,
		"/apis":                              nil,
		"/apis/apps/v1":                      nil,
		"/openapi/v3":                        nil,
		"/ledger":                            nil,
		"/api/v1/nodes":                      {resource: "nodes", collection: "/api/v1/nodes"},
		"/api/v1/nodes/n1":                   {resource: "nodes", collection: "/api/v1/nodes", name: "n1"},
		"/api/v1/namespaces":                 {resource: "namespaces", collection: "/api/v1/namespaces"},
		"/api/v1/namespaces/shop":            {resource: "namespaces", collection: "/api/v1/namespaces", name: "shop"},
		"/api/v1/namespaces/shop/status":     {resource: "namespaces", collection: "/api/v1/namespaces", name: "shop", subresource: true},
		"/api/v1/namespaces/shop/pods":       {resource: "pods", collection: "/api/v1/namespaces/shop/pods"},
		"/api/v1/namespaces/shop/pods/w":     {resource: "pods", collection: "/api/v1/namespaces/shop/pods", name: "w"},
		"/api/v1/namespaces/shop/pods/w/log": {resource: "pods", collection: "/api/v1/namespaces/shop/pods", name: "w", subresource: true},
		"/apis/apps/v1/namespaces/shop/deployments/w": {group: "apps", resource: "deployments",
			collection: "/apis/apps/v1/namespaces/shop/deployments", name: "w"},
	} {
		require.Equal(t, want, parseReadPath(path), path)
	}
}

func TestPastQuery(t *testing.T) {
	for _, test := range []struct{ query, name, want string }{
		{"", "", "resourceVersion=812&resourceVersionMatch=Exact"},
		{"labelSelector=a&limit=500", "", "labelSelector=a&limit=500&resourceVersion=812&resourceVersionMatch=Exact"},
		{"limit=500&continue=x", "", "continue=x&limit=500"},
		{"", "web", "fieldSelector=metadata.name%3Dweb&resourceVersion=812&resourceVersionMatch=Exact"},
	} {
		query, err := url.ParseQuery(test.query)
		require.NoError(t, err)
		require.Equal(t, test.want, pastQuery(query, 812, test.name).Encode())
	}
}

func TestOnlyItem(t *testing.T) {
	for list, want := range map[string]string{
		`{"kind":"PodList","apiVersion":"v1","items":[]}`:                             "",
		`{"kind":"PodList","apiVersion":"v1","items":[{"metadata":{"name":"a"}}]}`:    `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"}}` + "\n",
		`{"kind":"Table","apiVersion":"meta.k8s.io/v1","rows":[]}`:                    "",
		`{"kind":"Table","apiVersion":"meta.k8s.io/v1","rows":[{"cells":["web-1"]}]}`: `{"kind":"Table","apiVersion":"meta.k8s.io/v1","rows":[{"cells":["web-1"]}]}`,
	} {
		got, err := onlyItem([]byte(list))
		require.NoError(t, err)
		require.Equal(t, want, string(got))
	}
}

func TestPrintHistory(t *testing.T) {
	configMap := func(revision, colour string) object {
		return object{"kind": "ConfigMap", "metadata": map[string]any{"name": "s", "resourceVersion": revision}, "data": map[string]any{"colour": colour}}
	}
	record := &api.LedgerRecord{Revision: 7, Verb: "patch", User: "ann", Agent: "kubectl", Time: api.MicroTime{Time: time.Date(2026, 2, 3, 4, 5, 6, 0, time.Local)},
		Causes: []int64{3}}
	const head = "rev 7  2026-02-03 04:05:06.000  kubectl as ann: patch\n   caused by rev 3\n"
	field, err := api.ParseJSONPath(".data.colour")
	require.NoError(t, err)
	for _, test := range []struct {
		name  string
		entry historyEntry
		field *api.JSONPath
		want  string
	}{
		{"changed", historyEntry{before: configMap("5", "blue"), after: configMap("7", "green")}, nil,
			"--- revision 5\n+++ revision 7\n@@ -1,5 +1,5 @@\n data:\n-  colour: blue\n+  colour: green\n kind: ConfigMap\n metadata:\n   name: s\n"},
		{"a field", historyEntry{before: configMap("5", "blue"), after: configMap("7", "green")}, field, "@@ -1 +1 @@\n-blue\n+green\n"},
		{"bookkeeping", historyEntry{before: configMap("5", "blue"), after: configMap("7", "blue")}, nil,
			"   nothing changed but metadata.managedFields and metadata.resourceVersion\n"},
		{"gone", historyEntry{before: configMap("5", "blue")}, nil,
			"--- revision 5\n+++ /dev/null\n@@ -1,5 +0,0 @@\n-data:\n-  colour: blue\n-kind: ConfigMap\n-metadata:\n-  name: s\n"},
		{"compacted", historyEntry{after: configMap("7", "blue"), unreadableBefore: true}, nil, "   what it changed is compacted: nobody knows any more\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			e := test.entry
			e.record = record
			require.NoError(t, e.compare(test.field))
			var out bytes.Buffer
			printHistory(&out, &e, test.field != nil)
			require.Equal(t, head+test.want, out.String())
		})
	}
}
