package apiserver

import (
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func (h *harness) create(names ...string) {
	h.t.Helper()
	for _, name := range names {
		h.must("POST", configMaps, configMap(name, ""))
	}
}

func names(a answer) (names []string) {
	items, _ := a.at("items").([]any)
	for _, item := range items {
		names = append(names, at(item, "metadata.name").(string))
	}
	return names
}

func TestPaging(t *testing.T) {
	h := newHarness(t)
	h.create("a", "b", "c", "d", "e")
	first := h.must("GET", configMaps+"?limit=2", "")
	require.Equal(t, []string{"a", "b"}, names(first))
	require.EqualValues(t, 3, first.at("metadata.remainingItemCount"))

	// What happens between the pages is not in them: they are one picture.
	h.must("DELETE", configMaps+"/c", "")
	h.create("bb")
	second := h.must("GET", configMaps+"?limit=2&continue="+first.at("metadata.continue").(string), "")
	require.Equal(t, []string{"c", "d"}, names(second))
	require.EqualValues(t, 1, second.at("metadata.remainingItemCount"))
	require.Equal(t, first.at("metadata.resourceVersion"), second.at("metadata.resourceVersion"))
	third := h.must("GET", configMaps+"?limit=2&continue="+second.at("metadata.continue").(string), "")
	require.Equal(t, []string{"e"}, names(third))
	require.Nil(t, third.at("metadata.continue"))
	require.Nil(t, third.at("metadata.remainingItemCount"))

	h.fails(400, "BadRequest", "GET", configMaps+"?limit=2&resourceVersion=5&continue="+first.at("metadata.continue").(string), "")
	require.Len(t, names(h.must("GET", configMaps+"?limit=1&resourceVersion=0", "")), 5, "any revision: limit is ignored")
}

func TestPagingWithSelector(t *testing.T) {
	h := newHarness(t)
	for i := range 10 {
		h.must("POST", configMaps, configMap(fmt.Sprintf("c%d", i), fmt.Sprintf(`,"labels":{"odd":"%v"}`, i%2 == 1)))
	}
	var got []string
	next := ""
	for {
		page := h.must("GET", configMaps+"?limit=2&labelSelector=odd%3Dtrue&continue="+next, "")
		require.Nil(t, page.at("metadata.remainingItemCount"))
		got = append(got, names(page)...)
		next, _ = page.at("metadata.continue").(string)
		if next == "" {
			break
		}
		h.create("x" + strconv.Itoa(len(got)))
	}
	require.Equal(t, []string{"c1", "c3", "c5", "c7", "c9"}, got)
}

func TestPagingAfterCompaction(t *testing.T) {
	h := newHarness(t)
	h.create("a", "b", "c")
	first := h.must("GET", configMaps+"?limit=1", "")
	h.must("POST", "/api/v1/namespaces", `{"metadata":{"name":"elsewhere"}}`) // the config maps are as they were
	require.NoError(t, h.store.Compact(t.Context(), h.store.Revision()))
	expired := h.do("GET", configMaps+"?limit=1&continue="+first.at("metadata.continue").(string), "")
	require.Equal(t, 410, expired.code)
	require.Equal(t, "Expired", expired.at("reason"))
	// The token in the error goes on with what is there now.
	rest := h.must("GET", configMaps+"?continue="+expired.at("metadata.continue").(string), "")
	require.Equal(t, []string{"b", "c"}, names(rest))
	rv := url.QueryEscape(first.at("metadata.resourceVersion").(string))
	h.fails(410, "Expired", "GET", configMaps+"?resourceVersionMatch=Exact&resourceVersion="+rv, "")
}

func TestListAtRevision(t *testing.T) {
	h := newHarness(t)
	h.create("a")
	rv := h.must("GET", configMaps, "").at("metadata.resourceVersion").(string)
	h.create("b")
	exact := h.must("GET", configMaps+"?resourceVersionMatch=Exact&resourceVersion="+rv, "")
	require.Equal(t, []string{"a"}, names(exact))
	require.Equal(t, rv, exact.at("metadata.resourceVersion"))
	require.Equal(t, []string{"a"}, names(h.must("GET", configMaps+"?limit=5&resourceVersion="+rv, "")))
	require.Equal(t, []string{"a", "b"}, names(h.must("GET", configMaps+"?resourceVersionMatch=NotOlderThan&resourceVersion="+rv, "")))
	require.Equal(t, []string{"a", "b"}, names(h.must("GET", configMaps+"?resourceVersion="+rv, "")))
	h.fails(422, "Invalid", "GET", configMaps+"?resourceVersionMatch=Exact&resourceVersion=0", "")
	h.fails(422, "Invalid", "GET", configMaps+"?resourceVersionMatch=Exact", "")
	h.fails(422, "Invalid", "GET", configMaps+"?sendInitialEvents=true", "")
}

func TestSelectors(t *testing.T) {
	h := newHarness(t)
	h.must("POST", "/api/v1/nodes", `{"metadata":{"name":"n1"}}`)
	h.must("POST", pods, podJSON("a", `,"labels":{"app":"x","tier":"1"}`, ""))
	h.must("POST", pods, podJSON("b", `,"labels":{"app":"x"}`, `,"nodeName":"n1"`))
	h.must("POST", pods, podJSON("c", "", `,"nodeName":"n1"`))
	for query, want := range map[string][]string{
		"labelSelector=app=x":                                  {"a", "b"},
		"labelSelector=app=x,!tier":                            {"b"},
		"labelSelector=tier in (1,2)":                          {"a"},
		"fieldSelector=spec.nodeName=n1":                       {"b", "c"},
		"fieldSelector=spec.nodeName!=n1":                      {"a"},
		"fieldSelector=metadata.name=c":                        {"c"},
		"fieldSelector=metadata.name!=c":                       {"a", "b"},
		"fieldSelector=status.phase=Pending,spec.nodeName=":    {"a"},
		"labelSelector=app=x&fieldSelector=spec.nodeName=n1":   {"b"},
		"fieldSelector=metadata.namespace=kube-system":         nil,
		"fieldSelector=metadata.name=c,metadata.namespace=xyz": nil,
	} {
		require.Equal(t, want, names(h.must("GET", pods+"?"+strings.ReplaceAll(query, " ", "%20"), "")), query)
	}
	require.Equal(t, []string{"a", "b", "c"}, names(h.must("GET", "/api/v1/pods?fieldSelector=metadata.namespace%3Ddefault", "")))
}

// A big list is glued together from compressed blocks; what comes out must be the list.
func TestBigListsAreCompressed(t *testing.T) {
	h := newHarness(t)
	pad := strings.Repeat("x", 2000)
	create := func(i int) {
		h.must("POST", configMaps, fmt.Sprintf(`{"metadata":{"name":"c%03d","labels":{"i":"%d"}},"data":{"k":"%s"}}`, i, i, pad))
	}
	for i := range 200 {
		create(i)
	}
	compare := func() {
		t.Helper()
		plain := h.must("GET", configMaps, "", "Accept-Encoding", "identity")
		require.Greater(t, len(plain.body), gzipThreshold)
		require.Empty(t, plain.header.Get("Content-Encoding"))
		res := h.request(t.Context(), "GET", configMaps, "") // Go's client asks for gzip, and takes it off
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		require.True(t, res.Uncompressed)
		require.Equal(t, string(plain.body), string(body))
	}
	compare()
	compare()
	create(777)
	h.must("DELETE", configMaps+"/c017", "")
	h.must("PATCH", configMaps+"/c100", `{"data":{"k":"short"}}`, "Content-Type", "application/merge-patch+json")
	compare()
	h.must("GET", configMaps+"?labelSelector=i+notin+(3,4,5)", "")
	compare()
}
