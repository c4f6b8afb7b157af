package store

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// because is a ledger record that says who wrote it; its data repeats the causes.
func because(who string, causes ...int64) *Record {
	return &Record{Causes: causes, Data: func(revision int64) []byte { return fmt.Appendf(nil, "%d:%s", revision, who) }}
}

func (h *harness) records(q RecordQuery) string {
	h.t.Helper()
	lines, err := h.Records(h.t.Context(), q)
	require.NoError(h.t, err)
	var out []string
	for _, line := range lines {
		out = append(out, string(line))
	}
	return strings.Join(out, " ")
}

func (h *harness) put(key, who string, causes ...int64) int64 {
	h.t.Helper()
	now, err := h.Get(h.t.Context(), key, 0)
	var kv *KeyValue
	if err == nil {
		kv, err = h.Update(h.t.Context(), key, now.ModRevision, Bytes(nil), because(who, causes...))
	} else {
		kv, err = h.Create(h.t.Context(), key, Bytes(nil), because(who, causes...))
	}
	require.NoError(h.t, err)
	return kv.ModRevision
}

func (h *harness) remove(key, who string, causes ...int64) int64 {
	h.t.Helper()
	now, err := h.Get(h.t.Context(), key, 0)
	require.NoError(h.t, err)
	kv, err := h.Delete(h.t.Context(), key, now.ModRevision, Bytes(nil), because(who, causes...))
	require.NoError(h.t, err)
	return kv.ModRevision
}

func (h *harness) decide(key, what string, causes ...int64) int64 {
	h.t.Helper()
	r := because(what, causes...)
	r.Key = key
	revision, err := h.Record(h.t.Context(), *r)
	require.NoError(h.t, err)
	return revision
}

func TestLedger(t *testing.T) {
	h := newHarness(t, Options{})
	require.EqualValues(t, 2, h.put("/deployments/web", "kubectl"))
	require.EqualValues(t, 3, h.put("/replicasets/web-1", "deployment-controller", 2))
	require.EqualValues(t, 4, h.put("/pods/web-1-a", "replicaset-controller", 3))
	require.EqualValues(t, 4, h.decide("/pods/web-1-a", "no-node-fits", 4))
	require.EqualValues(t, 4, h.decide("/pods/web-1-a", "still-none", 4, 3))
	h.flush()
	require.EqualValues(t, 4, h.decide("/replicasets/web-1", "waits", 4))
	h.create("/silent", "no record")
	require.EqualValues(t, 6, h.put("/pods/web-1-a", "scheduler", 4, 5))
	_, err := h.Create(t.Context(), "/pods/web-1-a", Bytes(nil), because("refused", 4))
	require.ErrorIs(t, err, ErrKeyExists)

	h.everywhere(func(t *testing.T) {
		for _, c := range []struct {
			q    RecordQuery
			want string
		}{
			{RecordQuery{Key: "/pods/web-1-a"}, "4:replicaset-controller 4:no-node-fits 4:still-none 6:scheduler"},
			{RecordQuery{Key: "/pods/web-1-a", Limit: 2}, "4:still-none 6:scheduler"},
			{RecordQuery{Key: "/pods/web-1"}, ""},
			{RecordQuery{Revision: 4}, "4:replicaset-controller 4:no-node-fits 4:still-none 4:waits"},
			{RecordQuery{Revision: 5}, ""},
			{RecordQuery{Cause: 2}, "3:deployment-controller"},
			{RecordQuery{Cause: 3}, "4:replicaset-controller 4:still-none"},
			{RecordQuery{Cause: 4}, "4:no-node-fits 4:still-none 4:waits 6:scheduler"},
			{RecordQuery{Cause: 4, Limit: 1}, "6:scheduler"},
			{RecordQuery{Limit: 3}, "4:still-none 4:waits 6:scheduler"},
			{RecordQuery{Since: 4}, "4:replicaset-controller 4:no-node-fits 4:still-none 4:waits 6:scheduler"},
			{RecordQuery{Since: 5}, "6:scheduler"},
			{RecordQuery{}, "2:kubectl 3:deployment-controller 4:replicaset-controller 4:no-node-fits 4:still-none 4:waits 6:scheduler"},
		} {
			require.Equal(t, c.want, h.records(c.q), "%+v", c.q)
		}
	})
}

func TestDecisionsSurviveACrash(t *testing.T) {
	h := newHarness(t, Options{})
	h.put("/a", "first")
	h.flush()
	h.decide("/a", "one")
	h.decide("/a", "two")
	after, err := h.crash(nil)
	require.NoError(t, err)
	after.decide("/a", "three") // must not be filed in the place of an earlier one
	after.reopen()
	after.decide("/a", "four")
	require.Equal(t, "2:first 2:one 2:two 2:three 2:four", after.records(RecordQuery{Revision: 2}))
}

// The self-healing story: after compaction, the pod that exists can still be explained back to the person who
// scaled and the person who deleted; what explains nothing any more is gone.
func TestCompactionKeepsWhatStillExplains(t *testing.T) {
	h := newHarness(t, Options{LedgerRecordsPerKey: 1})
	scaled := h.put("/deployments/web", "alice")                        // 2
	set := h.put("/replicasets/web-1", "deployment-controller", scaled) // 3
	a := h.put("/pods/a", "replicaset-controller", set)                 // 4
	h.decide("/pods/a", "no-node-fits", a)
	bound := h.put("/pods/a", "scheduler", a)               // 5
	h.put("/pods/a", "kubelet", bound)                      // 6
	h.put("/leases/n1", "kubelet-heartbeat")                // 7
	h.put("/leases/n1", "kubelet-heartbeat")                // 8
	h.put("/leases/n1", "kubelet-heartbeat")                // 9
	deleted := h.remove("/pods/a", "bob")                   // 10
	b := h.put("/pods/b", "replicaset-controller", deleted) // 11
	h.put("/pods/b", "scheduler", b)                        // 12
	h.put("/deployments/web", "deployment-controller")      // 13
	h.put("/replicasets/web-1", "replicaset-controller")    // 14
	require.NoError(t, h.Compact(t.Context(), 12))

	h.everywhere(func(t *testing.T) {
		require.Equal(t, "2:alice "+ // created a key that exists (and is a cause)
			"3:deployment-controller "+ // the same
			"7:kubelet-heartbeat 9:kubelet-heartbeat "+ // creation and newest
			"10:bob "+ // /pods/a is gone, but this is why /pods/b exists
			"11:replicaset-controller 12:scheduler "+
			"13:deployment-controller 14:replicaset-controller", // behind the compacted revision
			h.records(RecordQuery{}))
		require.Equal(t, "11:replicaset-controller", h.records(RecordQuery{Cause: deleted}))
		require.Equal(t, "", h.records(RecordQuery{Cause: a}))
	})
	// With pod b goes what only it kept: the record of the deletion of pod a, and then those of b.
	h.remove("/pods/b", "carol") // 15
	h.put("/x", "x")             // 16
	require.NoError(t, h.Compact(t.Context(), 15))
	require.Equal(t, "2:alice 3:deployment-controller 7:kubelet-heartbeat 9:kubelet-heartbeat "+
		"13:deployment-controller 14:replicaset-controller 16:x", h.records(RecordQuery{}))
	require.Equal(t, 7, h.count(bucketLedgerByKey))
	require.Equal(t, 1, h.count(bucketLedgerByCause), "3 because of 2")
}

func TestLedgerIsBounded(t *testing.T) {
	h := newHarness(t, Options{LedgerRecordsPerKey: 1, LedgerRecords: 10})
	last := h.put("/a", "origin")
	for range 50 { // each is the cause of the next, so rule 2 would keep them all
		last = h.put("/a", "chain", last)
	}
	require.NoError(t, h.Compact(t.Context(), h.Revision()))
	require.Equal(t, 10, h.count(bucketLedger))
	require.True(t, strings.HasSuffix(h.records(RecordQuery{}), "52:chain"), h.records(RecordQuery{}))
	for range 20 {
		last = h.put("/a", "chain", last)
	}
	require.NoError(t, h.Compact(t.Context(), h.Revision()))
	require.Equal(t, 10, h.count(bucketLedger))
}
