package apiserver

import (
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"kubelite/api"
)

func TestParseRequest(t *testing.T) {
	for _, c := range []struct {
		method, target string
		want           Request
	}{
		{"GET", "/api/v1/pods", Request{Verb: "list", Version: "v1", Plural: "pods"}},
		{"GET", "/api/v1/namespaces/n/pods", Request{Verb: "list", Version: "v1", Plural: "pods", Namespace: "n"}},
		{"GET", "/api/v1/namespaces/n/pods?watch=true", Request{Verb: "watch", Version: "v1", Plural: "pods", Namespace: "n"}},
		{"GET", "/api/v1/namespaces/n/pods?watch=0", Request{Verb: "list", Version: "v1", Plural: "pods", Namespace: "n"}},
		{"GET", "/api/v1/watch/namespaces/n/pods/p", Request{Verb: "watch", Version: "v1", Plural: "pods", Namespace: "n", Name: "p"}},
		{"GET", "/api/v1/namespaces/n/pods/p/log?follow=true", Request{Verb: "get", Version: "v1", Plural: "pods", Namespace: "n", Name: "p", Subresource: "log"}},
		{"GET", "/api/v1/namespaces/n/pods/p/proxy/a/b", Request{Verb: "get", Version: "v1", Plural: "pods", Namespace: "n", Name: "p", Subresource: "proxy", Rest: "/a/b"}},
		{"POST", "/apis/apps/v1/namespaces/n/deployments", Request{Verb: "create", Group: "apps", Version: "v1", Plural: "deployments", Namespace: "n"}},
		{"PUT", "/api/v1/nodes/a/status", Request{Verb: "update", Version: "v1", Plural: "nodes", Name: "a", Subresource: "status"}},
		{"PATCH", "/api/v1/nodes/a", Request{Verb: "patch", Version: "v1", Plural: "nodes", Name: "a"}},
		{"DELETE", "/api/v1/nodes/a", Request{Verb: "delete", Version: "v1", Plural: "nodes", Name: "a"}},
		{"DELETE", "/api/v1/nodes", Request{Verb: "deletecollection", Version: "v1", Plural: "nodes"}},
		// A namespace is inside itself, so that rules of the namespace apply to it.
		{"GET", "/api/v1/namespaces/n", Request{Verb: "get", Version: "v1", Plural: "namespaces", Namespace: "n", Name: "n"}},
		{"PUT", "/api/v1/namespaces/n/finalize", Request{Verb: "update", Version: "v1", Plural: "namespaces", Namespace: "n", Name: "n", Subresource: "finalize"}},
	} {
		c.want.IsResource = true
		got := parseRequest(httptest.NewRequest(c.method, c.target, nil))
		got.HTTP, got.query = nil, nil
		require.Equal(t, c.want, *got, c.target)
	}
	for _, target := range []string{"/healthz", "/api", "/api/v1", "/apis/apps/v1", "/apis"} {
		require.False(t, parseRequest(httptest.NewRequest("GET", target, nil)).IsResource, target)
	}
}

// A bug in one request is that request's problem.
func TestPanicIs500(t *testing.T) {
	h := newHarness(t)
	res := h.server.resource("", "v1", "podtemplates")
	res.Strategy.PrepareForCreate = nil
	res.Strategy.Warnings = func(_, _ api.Object) []string { panic("a bug") }
	message := h.fails(500, "InternalError", "POST", "/api/v1/namespaces/default/podtemplates", `{"metadata":{"name":"x"},"template":{"spec":{"containers":[{"name":"c","image":"i"}]}}}`)
	require.Contains(t, message, "a bug")
	h.must("GET", configMaps, "")
}

// A client says how long a request may take; the server has to understand it.
func TestTimeoutOfTheClient(t *testing.T) {
	h, loop := gateHarness(t)
	for _, timeout := range []string{"5s", "0s", "-1s", "10m", ""} {
		h.must("GET", configMaps+"?timeout="+timeout, "")
	}
	for _, bad := range []string{"invalid", "5"} {
		require.Contains(t, h.fails(400, "BadRequest", "GET", configMaps+"?timeout="+bad, ""), "invalid timeout specified in the request URL")
	}
	h.must("GET", configMaps+"?watch=1&timeout=invalid&timeoutSeconds=1", "") // has a time of its own
	h.rule(`{"actor":"deployment-controller"}`)
	message := loop.fails(504, "Timeout", "POST", configMaps+"?timeout=20ms", `{"metadata":{"name":"late"}}`)
	require.Equal(t, "Timeout: request did not complete within requested timeout - context deadline exceeded", message)
	h.fails(404, "NotFound", "GET", configMaps+"/late", "")
}

func TestNegotiate(t *testing.T) {
	for header, want := range map[string]*accepted{
		"":                 {media: mediaJSON},
		"application/json": {media: mediaJSON},
		"*/*":              {media: mediaJSON},
		"application/vnd.kubernetes.protobuf,application/json": {media: mediaProtobuf},
		"application/json;q=0.5,application/yaml":              {media: mediaYAML},
		"text/html":            nil,
		"text/html, */*;q=0.1": {media: mediaJSON},
		"application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json": {media: mediaJSON, as: "Table", version: "v1"},
		"application/vnd.kubernetes.protobuf;as=Table;v=v1;g=meta.k8s.io,application/json":                                {media: mediaJSON},
		"application/vnd.kubernetes.protobuf;as=PartialObjectMetadata;g=meta.k8s.io;v=v1, application/json":               {media: mediaProtobuf, as: "PartialObjectMetadata", version: "v1"},
		"application/json;as=Table;v=v2;g=meta.k8s.io":                                                                    nil,
	} {
		require.Equal(t, want, parseAccept(header, false), header)
	}
}
