package controllers

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"kubelite/api"
)

// graphUnderTest records whom the collector would look at.
type graphUnderTest struct {
	*graph
	looked    []api.UID
	misplaced []string
}

func newGraphUnderTest() *graphUnderTest {
	g := &graphUnderTest{}
	g.graph = newGraph(func(uid api.UID, _ int64) { g.looked = append(g.looked, uid) },
		func(dependent objectRef, owner api.OwnerReference, _ int64) {
			g.misplaced = append(g.misplaced, dependent.String()+" of "+owner.Name)
		})
	return g
}

// looks returns who was to be looked at since the last call, in order of name.
func (g *graphUnderTest) looks() []api.UID {
	looked := slices.Compact(slices.Sorted(slices.Values(g.looked)))
	g.looked = nil
	return looked
}

func ref(kind, name string) objectRef {
	return objectRef{apiVersion: "v1", kind: kind, namespace: "default", name: name, uid: api.UID(name)}
}

func owners(block bool, names ...string) []api.OwnerReference {
	var refs []api.OwnerReference
	for _, name := range names {
		refs = append(refs, api.OwnerReference{APIVersion: "v1", Kind: "Owner", Name: name, UID: api.UID(name), BlockOwnerDeletion: &block})
	}
	return refs
}

func TestGraph(t *testing.T) {
	t.Run("an owner that was not seen is asked for", func(t *testing.T) {
		g := newGraphUnderTest()
		g.observe(ref("Pod", "pod"), &api.ObjectMeta{OwnerReferences: owners(true, "rs")}, 1)
		require.Equal(t, []api.UID{"rs"}, g.looks())
		n, ok := g.get("rs")
		require.True(t, ok)
		require.True(t, n.virtual)
		require.Equal(t, ref("Owner", "rs"), n.ref)

		g.observe(ref("Owner", "rs"), &api.ObjectMeta{}, 2)
		n, _ = g.get("rs")
		require.False(t, n.virtual)
		require.Empty(t, g.looks(), "it is what its dependents say")
	})
	t.Run("dependents of an owner that is gone are looked at", func(t *testing.T) {
		g := newGraphUnderTest()
		g.observe(ref("Owner", "rs"), &api.ObjectMeta{}, 1)
		g.observe(ref("Pod", "a"), &api.ObjectMeta{OwnerReferences: owners(true, "rs")}, 2)
		g.observe(ref("Pod", "b"), &api.ObjectMeta{OwnerReferences: owners(true, "rs")}, 3)
		require.Empty(t, g.looks())
		g.remove("rs", 4)
		require.Equal(t, []api.UID{"a", "b"}, g.looks())
		require.True(t, g.isAbsent(ref("Owner", "rs")))
	})
	t.Run("an owner that waits is looked at when a dependent goes", func(t *testing.T) {
		g := newGraphUnderTest()
		g.observe(ref("Owner", "rs"), &api.ObjectMeta{}, 1)
		g.observe(ref("Pod", "a"), &api.ObjectMeta{OwnerReferences: owners(true, "rs")}, 2)
		deleting := &api.ObjectMeta{DeletionTimestamp: api.Ptr(at(0)), Finalizers: []string{foregroundFinalizer}}
		g.observe(ref("Owner", "rs"), deleting, 3)
		require.Equal(t, []api.UID{"a", "rs"}, g.looks(), "deletion in the foreground begins")
		g.observe(ref("Owner", "rs"), deleting, 4)
		require.Empty(t, g.looks(), "it begins once")
		g.remove("a", 5)
		require.Equal(t, []api.UID{"rs"}, g.looks())
	})
	t.Run("an owner that waits is looked at when a dependent stops to block", func(t *testing.T) {
		g := newGraphUnderTest()
		g.observe(ref("Owner", "rs"), &api.ObjectMeta{}, 1)
		g.observe(ref("Pod", "a"), &api.ObjectMeta{OwnerReferences: owners(true, "rs")}, 2)
		g.observe(ref("Pod", "a"), &api.ObjectMeta{OwnerReferences: owners(false, "rs")}, 3)
		require.Equal(t, []api.UID{"rs"}, g.looks())
		n, _ := g.get("rs")
		require.Equal(t, []dependent{{ref: ref("Pod", "a")}}, n.dependents)
	})
	t.Run("a released dependent is forgotten", func(t *testing.T) {
		g := newGraphUnderTest()
		g.observe(ref("Owner", "rs"), &api.ObjectMeta{}, 1)
		g.observe(ref("Pod", "a"), &api.ObjectMeta{OwnerReferences: owners(false, "rs")}, 2)
		g.observe(ref("Pod", "a"), &api.ObjectMeta{}, 3)
		n, _ := g.get("rs")
		require.Empty(t, n.dependents)
		g.remove("rs", 4)
		require.Empty(t, g.looks())
	})
	t.Run("orphaning begins once", func(t *testing.T) {
		g := newGraphUnderTest()
		deleting := &api.ObjectMeta{DeletionTimestamp: api.Ptr(at(0)), Finalizers: []string{orphanFinalizer}}
		g.observe(ref("Owner", "rs"), deleting, 1)
		g.observe(ref("Owner", "rs"), deleting, 2)
		require.Equal(t, []api.UID{"rs"}, g.looks())
	})
	t.Run("a reference with the right UID and the wrong name is doubted", func(t *testing.T) {
		g := newGraphUnderTest()
		g.observe(ref("Owner", "rs"), &api.ObjectMeta{}, 1)
		wrong := owners(true, "rs")
		wrong[0].Name = "another"
		g.observe(ref("Pod", "a"), &api.ObjectMeta{OwnerReferences: wrong}, 2)
		require.Equal(t, []api.UID{"a"}, g.looks())
	})
	t.Run("a reference into another namespace is doubted when the owner shows up", func(t *testing.T) {
		g := newGraphUnderTest()
		elsewhere := ref("Pod", "a")
		elsewhere.namespace = "elsewhere"
		g.observe(elsewhere, &api.ObjectMeta{OwnerReferences: owners(true, "rs")}, 1)
		g.looks()
		require.Empty(t, g.misplaced, "nobody knows yet where it is")
		g.observe(ref("Owner", "rs"), &api.ObjectMeta{}, 2)
		require.Equal(t, []api.UID{"a"}, g.looks())
		require.Equal(t, []string{"Pod elsewhere/a of rs"}, g.misplaced)

		// Likewise the other way round; and one without a namespace has no owner in one.
		elsewhere.uid, elsewhere.name = "b", "b"
		g.observe(elsewhere, &api.ObjectMeta{OwnerReferences: owners(true, "rs")}, 3)
		elsewhere.uid, elsewhere.name, elsewhere.namespace = "c", "c", ""
		g.observe(elsewhere, &api.ObjectMeta{OwnerReferences: owners(true, "rs")}, 4)
		require.Equal(t, []api.UID{"b", "c"}, g.looks())
		require.Equal(t, []string{"Pod elsewhere/a of rs", "Pod elsewhere/b of rs", "Pod c of rs"}, g.misplaced)
	})
	t.Run("dependents that disagree about their owner get their turn one after the other", func(t *testing.T) {
		g := newGraphUnderTest()
		g.observe(ref("Pod", "a"), &api.ObjectMeta{OwnerReferences: owners(true, "rs")}, 1)
		other := owners(true, "rs")
		other[0].Name = "sr"
		g.observe(ref("Pod", "b"), &api.ObjectMeta{OwnerReferences: other}, 2)
		g.looks()
		g.removeAbsent(ref("Owner", "rs"), 0)
		require.Equal(t, []api.UID{"a", "rs"}, g.looks(), "a's owner is absent; what b means is asked next")
		n, _ := g.get("rs")
		require.Equal(t, "sr", n.ref.name)
	})
	t.Run("circles are no trouble", func(t *testing.T) {
		g := newGraphUnderTest()
		g.observe(ref("Owner", "a"), &api.ObjectMeta{OwnerReferences: owners(true, "b")}, 1)
		g.observe(ref("Owner", "b"), &api.ObjectMeta{OwnerReferences: owners(true, "a")}, 2)
		g.looks()
		g.remove("a", 3)
		require.Equal(t, []api.UID{"b"}, g.looks())
		g.remove("b", 4)
		_, ok := g.get("a")
		require.False(t, ok)
	})
	t.Run("what vanished is known to the next list", func(t *testing.T) {
		g := newGraphUnderTest()
		g.observe(ref("Pod", "a"), &api.ObjectMeta{OwnerReferences: owners(true, "rs")}, 1)
		require.Equal(t, map[api.UID]struct{}{"a": {}}, g.uidsOf("v1", "Pod"))
		require.Empty(t, g.uidsOf("v1", "Owner"), "what was only heard of is not expected in a list")
	})
}

func TestPlanCollection(t *testing.T) {
	solid, dangling, waiting := owners(true, "solid"), owners(true, "dangling"), owners(true, "waiting")
	leaf := snapshot{node: node{ref: ref("Pod", "pod")}}
	parent := snapshot{node: node{ref: ref("Pod", "pod")}, dependents: []dependent{{ref: ref("Pod", "child"), blocking: true}}}
	inCircle := snapshot{node: node{ref: ref("Pod", "pod")}, dependents: []dependent{{ref: ref("Pod", "child"), blocking: true, waitsForDependents: true}}}
	for _, test := range []struct {
		name       string
		n          snapshot
		finalizers []string
		owners     ownerStates
		want       collection
	}{
		{name: "all owners exist: it stays", n: leaf, owners: ownerStates{solid: solid}, want: collection{action: leaveIt}},
		{name: "one owner exists: dead references go", n: leaf, owners: ownerStates{solid: solid, dangling: dangling, waiting: waiting},
			want: collection{action: dropReferences, drop: []api.UID{"dangling", "waiting"}}},
		{name: "no owner exists: background", n: leaf, owners: ownerStates{dangling: dangling}, want: collection{action: deleteIt, policy: api.DeletePropagationBackground}},
		{name: "no owner exists, orphan finalizer: orphan", n: leaf, finalizers: []string{orphanFinalizer}, owners: ownerStates{dangling: dangling},
			want: collection{action: deleteIt, policy: api.DeletePropagationOrphan}},
		{name: "no owner exists, foreground finalizer: foreground", n: leaf, finalizers: []string{foregroundFinalizer}, owners: ownerStates{dangling: dangling},
			want: collection{action: deleteIt, policy: api.DeletePropagationForeground}},
		{name: "the owner waits for a leaf: background", n: leaf, owners: ownerStates{waiting: waiting}, want: collection{action: deleteIt, policy: api.DeletePropagationBackground}},
		{name: "the owner waits for one with dependents: foreground", n: parent, owners: ownerStates{waiting: waiting}, want: collection{action: deleteIt, policy: api.DeletePropagationForeground}},
		{name: "a dependent waits as well: stop blocking", n: inCircle, owners: ownerStates{waiting: waiting},
			want: collection{action: deleteIt, policy: api.DeletePropagationForeground, unblock: true}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := planCollection(test.n, &api.ObjectMeta{Finalizers: test.finalizers}, test.owners)
			if test.want.action == deleteIt {
				require.NotEmpty(t, got.why)
			}
			got.why = ""
			require.Equal(t, test.want, got)
		})
	}
}

func TestAbsentOwnersIsBounded(t *testing.T) {
	a := absentOwners{known: map[objectRef]struct{}{}}
	for i := range maxAbsentOwners + 10 {
		a.add(ref("Owner", fmt.Sprint(i)))
	}
	require.Len(t, a.known, maxAbsentOwners)
	require.Len(t, a.order, maxAbsentOwners)
	require.False(t, a.has(ref("Owner", "0")))
	require.True(t, a.has(ref("Owner", fmt.Sprint(maxAbsentOwners+9))))
}

func TestNamespaceConditions(t *testing.T) {
	var status api.NamespaceStatus
	left := content{remaining: map[string]int{"pods.": 2}, finalizers: map[string]int{"example.com/hold": 1}}

	require.True(t, setNamespaceConditions(&status, left, testNow))
	messages := map[api.NamespaceConditionType]string{}
	for _, c := range status.Conditions {
		messages[c.Type] = string(c.Status) + " " + c.Reason + ": " + c.Message
	}
	require.Equal(t, map[api.NamespaceConditionType]string{
		"NamespaceDeletionDiscoveryFailure":           "False ResourcesDiscovered: All resources successfully discovered",
		"NamespaceDeletionGroupVersionParsingFailure": "False ParsedGroupVersions: All legacy kube types successfully parsed",
		"NamespaceDeletionContentFailure":             "False ContentDeleted: All content successfully deleted, may be waiting on finalization",
		"NamespaceContentRemaining":                   "True SomeResourcesRemain: Some resources are remaining: pods. has 2 resource instances",
		"NamespaceFinalizersRemaining":                "True SomeFinalizersRemain: Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances",
	}, messages)
	require.False(t, setNamespaceConditions(&status, left, testNow.Add(time.Minute)), "the same again is not worth a write")
	require.True(t, setNamespaceConditions(&status, content{}, testNow.Add(time.Minute)))
	require.Equal(t, at(time.Minute), status.Conditions[3].LastTransitionTime)
	require.Equal(t, at(0), status.Conditions[0].LastTransitionTime)
}
