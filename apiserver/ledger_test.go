package apiserver

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"kubelite/api"
)

func (h *harness) ledger(query string) []any {
	h.t.Helper()
	items, _ := h.must("GET", "/ledger?"+query, "").at("items").([]any)
	return items
}

func TestLedger(t *testing.T) {
	h := newHarness(t)
	origin := h.must("POST", configMaps, configMap("one", ""), "User-Agent", "kubectl-lite/1")
	rv := origin.at("metadata.resourceVersion").(string)
	caused := h.must("POST", configMaps, configMap("two", ""), "User-Agent", "controllers",
		api.HeaderCauses, rv+";+4", api.HeaderReconcile, "r-7", api.HeaderRule, "controllers/x.go:12",
		api.HeaderReason, api.EscapeHeader("1 wanted, 0 exist: create 1"), api.HeaderDetails, api.EscapeHeader(`{"a":1}`))
	h.must("PATCH", configMaps+"/two", `{"data":{"k":"w"}}`, "Content-Type", "application/merge-patch+json")
	h.must("DELETE", configMaps+"/two", "")

	lines := h.ledger("object=configmaps/default/one")
	require.Len(t, lines, 1)
	require.Equal(t, "create", at(lines[0], "verb"))
	require.Equal(t, "admin", at(lines[0], "user"))
	require.Equal(t, "kubectl-lite/1", at(lines[0], "agent"))
	require.Nil(t, at(lines[0], "causes"), "a person is where it begins")

	lines = h.ledger("cause=" + rv)
	require.Len(t, lines, 1)
	require.Equal(t, "two", at(lines[0], "object.name"))
	require.Equal(t, caused.at("metadata.uid"), at(lines[0], "object.uid"))
	require.EqualValues(t, 4, at(lines[0], "moreCauses"))
	require.Equal(t, "1 wanted, 0 exist: create 1", at(lines[0], "reason"))
	require.Equal(t, "controllers/x.go:12", at(lines[0], "rule"))
	require.Equal(t, "r-7", at(lines[0], "reconcile"))
	require.EqualValues(t, 1, at(lines[0], "details.a"))

	require.Len(t, h.ledger("from="+caused.at("metadata.resourceVersion").(string)), 3, "what was written since then, and then")

	lines = h.ledger("revision=" + caused.at("metadata.resourceVersion").(string))
	require.Len(t, lines, 1)
	require.Equal(t, caused.at("metadata.resourceVersion"), jsonNumber(at(lines[0], "revision")))

	var verbs []any
	for _, line := range h.ledger("object=configmaps/default/two") {
		verbs = append(verbs, at(line, "verb"))
	}
	require.Equal(t, []any{"create", "patch", "delete"}, verbs)
}

func TestLedgerDecision(t *testing.T) {
	h := newHarness(t)
	h.must("POST", pods, podJSON("p", "", ""))
	before := h.store.Revision()
	h.must("POST", "/ledger", `{"object":{"resource":"pods","namespace":"default","name":"p"},"reason":"no node fits","causes":[2],"details":{"nodes":[]}}`, "User-Agent", "scheduler")
	require.Equal(t, before, h.store.Revision(), "a decision is no write")
	lines := h.ledger("object=pods/default/p")
	require.Len(t, lines, 2)
	require.Equal(t, "decide", at(lines[1], "verb"))
	require.Equal(t, "scheduler", at(lines[1], "agent"))

	for _, bad := range []string{"object=pods/p", "object=wombats/default/p", "object=nodes/a/b", "revision=x", "cause=-1"} {
		h.fails(400, "BadRequest", "GET", "/ledger?"+bad, "")
	}
	h.fails(400, "BadRequest", "POST", "/ledger", `{"object":{"resource":"pods"}}`)
	h.fails(400, "BadRequest", "POST", "/ledger", `{"object":{"resource":"pods","namespace":"default","name":"p"},"causes":[0]}`)
	h.fails(400, "BadRequest", "POST", configMaps, configMap("x", ""), api.HeaderCauses, "a,b")
}

func TestLedgerFindsTheRevisionOfATime(t *testing.T) {
	h := newHarness(t)
	first := h.must("POST", configMaps, configMap("one", "")).at("metadata.resourceVersion").(string)
	written, err := time.Parse(time.RFC3339Nano, at(h.ledger("revision=" + first)[0], "time").(string))
	require.NoError(t, err)
	h.must("PATCH", configMaps+"/one", `{"data":{"k":"w"}}`, "Content-Type", "application/merge-patch+json")
	h.must("DELETE", configMaps+"/one", "")
	moment := func(when time.Time) *api.LedgerMoment {
		m, err := h.server.momentAt(t.Context(), when)
		require.NoError(t, err)
		return m
	}

	now := h.must("GET", "/ledger?ago=0s", "")
	require.EqualValues(t, h.store.Revision(), now.at("revision"))
	require.EqualValues(t, 1, now.at("oldestRevision"), "nothing is compacted yet")
	require.Equal(t, first, fmt.Sprint(moment(written).Revision))
	require.EqualValues(t, 1, h.must("GET", "/ledger?ago=1h", "").at("revision"), "before all of it the store was empty")

	// One object as it was then, though it is gone now.
	then := h.must("GET", configMaps+"?fieldSelector=metadata.name%3Done&resourceVersionMatch=Exact&resourceVersion="+first, "")
	require.Equal(t, []string{"one"}, names(then))
	require.Equal(t, first, at(then.at("items").([]any)[0], "metadata.resourceVersion"))
	before := h.must("GET", configMaps+"?fieldSelector=metadata.name%3Done&resourceVersionMatch=Exact&resourceVersion=1", "")
	require.Empty(t, names(before))

	require.NoError(t, h.store.Compact(t.Context(), h.store.Revision()))
	old := h.must("GET", "/ledger?ago=1h", "")
	require.EqualValues(t, 0, old.at("revision"), "nobody knows any more")
	require.EqualValues(t, h.store.Revision(), old.at("oldestRevision"))
	h.create("two")
	require.Equal(t, h.store.Revision(), moment(time.Now()).Revision)
	require.Zero(t, moment(written).Revision)
	require.False(t, moment(written).OldestTime.IsZero(), "the record behind the oldest revision tells")
	h.fails(410, "Expired", "GET", configMaps+"?fieldSelector=metadata.name%3Done&resourceVersionMatch=Exact&resourceVersion="+first, "")

	for _, bad := range []string{"5", "-5m", "yesterday"} {
		h.fails(400, "BadRequest", "GET", "/ledger?ago="+bad, "")
	}
}

func jsonNumber(v any) string { b, _ := api.MarshalJSON(v); return string(b) }
