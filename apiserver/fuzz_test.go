package apiserver

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Whatever a client sends, it gets an answer in time, and the answer is never that the server failed.

// ask sends a request straight to the handler, without a connection.
func (h *harness) ask(method, path string, body []byte, header ...string) answer {
	// A query can ask to wait for a revision that never comes.
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	req := httptest.NewRequestWithContext(ctx, method, "https://server/", bytes.NewReader(body))
	target, err := url.Parse(path)
	if err != nil {
		return answer{}
	}
	req.URL.Path, req.URL.RawPath, req.URL.RawQuery = target.Path, target.RawPath, target.RawQuery
	req.Header.Set("Authorization", "Bearer "+h.token)
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.server.Handler().ServeHTTP(w, req)
	return answer{w.Code, w.Header(), w.Body.Bytes()}
}

// fine checks an answer: an error is a Status, and no fault of the server.
func fine(t *testing.T, a answer) {
	t.Helper()
	require.NotEqual(t, http.StatusInternalServerError, a.code, "%s", a.body)
	if a.code >= 400 {
		require.Equal(t, "Status", a.at("kind"), "%s", a.body)
		require.NotEmpty(t, a.at("message"))
	}
}

var fuzzedBodies = []string{
	``, `null`, `[]`, `{`, `{}`, `{"metadata":null}`, `{"metadata":{"name":"x","labels":{"a":1}}}`, `{"kind":"Pod","apiVersion":"v1"}`,
	`{"metadata":{"name":"x","name":"y"}}`, `{"metadata":{"name":"x","generation":1e99}}`, `{"spec":{"containers":[null]}}`,
	`{"metadata":{"name":"x"},"spec":{"containers":[{"name":"c","image":"i","resources":{"limits":{"cpu":"-1"}}}]}}`,
	`{"metadata":{"name":"x"},"spec":{"selector":{"matchExpressions":[{"key":"","operator":"In"}]},"template":{}}}`,
	"metadata:\n  name: x\n", "a: &a [*a]", "- ? {", "k8s\x00", "k8s\x00\x0a\x05\x0a\x03v1\x00\x12\x02\x0a\x00", "k8s\x00\x12\xff\xff\xff\xff\x0f",
	`[{"op":"replace","path":"/metadata/name","value":{}}]`, `[{"op":"copy","from":"","path":"/data"}]`, `[{"op":"test","path":"/x/-1"}]`, `[null]`, `[{"op":"add"}]`,
	`{"data":null}`, `{"metadata":{"$patch":"delete"}}`, `{"$patch":"replace"}`, `{"metadata":{"finalizers":["a"],"$deleteFromPrimitiveList/finalizers":[1]}}`,
	`{"spec":{"template":{"spec":{"containers":[{"$patch":"merge"},{"name":"c"}],"$setElementOrder/containers":[{}]}}}}`, `{"spec":{"$retainKeys":[1]}}`,
	`{"kind":"DeleteOptions","apiVersion":"v1","preconditions":{"uid":"x"},"gracePeriodSeconds":-1}`,
}

// FuzzBody sends bodies of all media types to all verbs that take one. Nothing is kept: every write is a dry run.
func FuzzBody(f *testing.F) {
	medias := []string{
		mediaJSON, mediaYAML, mediaProtobuf, "application/json-patch+json", "application/merge-patch+json",
		"application/strategic-merge-patch+json", "application/apply-patch+yaml", "",
	}
	paths := []string{configMaps, "/api/v1/namespaces/default/pods", deployments, "/apis/storage.k8s.io/v1/storageclasses"}
	for _, body := range fuzzedBodies {
		for media := range medias {
			f.Add(uint8(media), uint8(media), uint8(media), []byte(body))
		}
	}
	h := newHarness(f)
	h.must("POST", configMaps, configMap("taken", ""))
	h.must("POST", "/api/v1/namespaces/default/pods", somePod("taken", ""))
	h.must("POST", deployments, `{"metadata":{"name":"taken"},"spec":{"selector":{"matchLabels":{"app":"d"}},
		"template":{"metadata":{"labels":{"app":"d"}},"spec":{"containers":[{"name":"c","image":"web"}]}}}}`)
	h.must("POST", "/apis/storage.k8s.io/v1/storageclasses", `{"metadata":{"name":"taken"},"provisioner":"example.com/disk"}`)
	f.Fuzz(func(t *testing.T, verb, media, path uint8, body []byte) {
		target := paths[int(path)%len(paths)]
		method := []string{"POST", "PUT", "PATCH", "DELETE"}[verb%4]
		if method != "POST" {
			target += "/taken"
		}
		fine(t, h.ask(method, target+"?dryRun=All&fieldManager=fuzz", body, "Content-Type", medias[int(media)%len(medias)]))
	})
}

// FuzzQuery sends query strings to lists, watches and collections to delete.
func FuzzQuery(f *testing.F) {
	for _, query := range []string{
		"", "limit=1", "limit=-1", "limit=x", "resourceVersion=1&resourceVersionMatch=Exact", "resourceVersion=99999999999999999999",
		"resourceVersionMatch=Exact", "labelSelector=a%20in%20(b,c),!d", "labelSelector=a%3E1", "labelSelector=((", "labelSelector=%00",
		"fieldSelector=metadata.name%3Dx", "fieldSelector=spec.x%3D%5C", "fieldSelector=metadata.namespace!%3D..", "continue=x", "continue=eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6LTEsInN0YXJ0IjoiLi4vIn0",
		"watch=1&timeoutSeconds=1", "watch=1&resourceVersion=1", "watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan", "watch=1&timeoutSeconds=-5",
		"pretty=1", "%zz", "a=b;c", "includeObject=Some", "dryRun=Some",
	} {
		f.Add(query, uint8(len(query)))
	}
	h := newHarness(f)
	h.must("POST", configMaps, configMap("one", ""))
	accepts := []string{"", mediaYAML, mediaProtobuf, acceptTable, "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1", "text/html"}
	f.Fuzz(func(t *testing.T, query string, accept uint8) {
		if strings.ContainsAny(query, "#\x7f") || strings.IndexFunc(query, func(r rune) bool { return r < ' ' }) >= 0 {
			return // no such URL can be sent
		}
		a := h.ask("GET", configMaps+"?"+query, nil, "Accept", accepts[int(accept)%len(accepts)])
		require.NotEqual(t, http.StatusInternalServerError, a.code, "%s", a.body)
		fine(t, h.ask("DELETE", configMaps+"?dryRun=All&"+query, nil))
	})
}

// FuzzContinue sends tokens that no list gave out. None leads out of the namespace that the list is about.
func FuzzContinue(f *testing.F) {
	for _, token := range []string{
		``, `{}`, `null`, `[]`, `{"v":"meta.k8s.io/v1","rv":-1,"start":"one\u0000"}`, `{"v":"meta.k8s.io/v1","rv":1,"start":"one\u0000"}`,
		`{"v":"meta.k8s.io/v1","rv":-1,"start":"../kube-system/"}`, `{"v":"meta.k8s.io/v1","rv":-1,"start":"/"}`, `{"v":"meta.k8s.io/v1","rv":-9223372036854775808,"start":"a"}`,
		`{"v":"meta.k8s.io/v1","rv":9223372036854775807,"start":"a"}`, `{"v":"v1","rv":1,"start":"a"}`, `{"v":"meta.k8s.io/v1","rv":-1,"start":"\uffff"}`, `{"v":"meta.k8s.io/v1","rv":"1"}`,
	} {
		f.Add([]byte(token))
	}
	h := newHarness(f)
	h.must("POST", configMaps, configMap("one", ""))
	h.must("POST", "/api/v1/namespaces/kube-system/configmaps", configMap("secret", ""))
	f.Fuzz(func(t *testing.T, token []byte) {
		a := h.ask("GET", configMaps+"?limit=1&continue="+base64.RawURLEncoding.EncodeToString(token), nil)
		fine(t, a)
		if a.code == http.StatusOK {
			var list struct {
				Items []struct{ Metadata struct{ Namespace string } }
			}
			require.NoError(t, json.Unmarshal(a.body, &list))
			for _, item := range list.Items {
				require.Equal(t, "default", item.Metadata.Namespace)
			}
		}
	})
}
