package controllers

import (
	"cmp"
	"slices"
	"sync"

	"kubelite/api"
)

// The graph of owners and dependents that the garbage collector keeps of the whole cluster. A node is an object, seen
// or only heard of:
//
//	Deployment web ◀── ReplicaSet web-6d4 ◀── Pod web-6d4-x7k
//
// An owner that is named in a reference but was not seen yet gets a virtual node, and the collector asks the server
// about it. Nothing here talks to the server or decides anything; it keeps the facts and says who must look again.

// objectRef is an object's place and identity.
type objectRef struct {
	apiVersion, kind string
	namespace, name  string
	uid              api.UID
}

// node is what the graph knows of one object.
type node struct {
	ref        objectRef
	owners     []api.OwnerReference
	dependents map[api.UID]*node
	virtual    bool // heard of, not seen
	deleting   bool // has a deletion timestamp
	foreground bool // has the finalizer that waits for the dependents' deletion
	orphan     bool // has the finalizer that waits for the dependents' release
}

// waitsForDependents tells whether the object is being deleted after its dependents.
func (n *node) waitsForDependents() bool { return n.deleting && n.foreground && !n.orphan }

// graph is safe for use by many goroutines. Nodes never leave it; copies do.
type graph struct {
	// look is called with mu held for every object that the collector should look at, with the revision of the event
	// that is the reason, 0 if there is none. It must not call back.
	look func(uid api.UID, revision int64)
	// misplaced is called, likewise, for a dependent that names an owner in a namespace which is not its own.
	misplaced func(dependent objectRef, owner api.OwnerReference, revision int64)

	mu sync.Mutex
	// guarded by mu
	nodes  map[api.UID]*node
	absent absentOwners
}

func newGraph(look func(uid api.UID, revision int64), misplaced func(dependent objectRef, owner api.OwnerReference, revision int64)) *graph {
	return &graph{look: look, misplaced: misplaced, nodes: map[api.UID]*node{}, absent: absentOwners{known: map[objectRef]struct{}{}}}
}

// observe takes in an object as the watch showed it.
func (g *graph) observe(ref objectRef, meta *api.ObjectMeta, revision int64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	n, known := g.nodes[ref.uid]
	if !known {
		n = &node{ref: ref}
		g.nodes[ref.uid] = n
	}
	if n.virtual {
		n.virtual = false
		if n.ref != ref {
			// Some dependent named this object wrongly. Whoever did has no such owner.
			n.ref = ref
			_, wrong := n.partition(ref)
			for _, d := range wrong {
				g.tellMisplaced(d, n, revision)
			}
			g.lookAt(wrong, revision)
		}
	}
	g.setOwners(n, meta.OwnerReferences, revision)

	waited, released := n.waitsForDependents(), n.deleting && n.orphan
	n.deleting = meta.DeletionTimestamp != nil
	n.foreground = slices.Contains(meta.Finalizers, foregroundFinalizer)
	n.orphan = slices.Contains(meta.Finalizers, orphanFinalizer)
	switch {
	case n.deleting && n.orphan && !released:
		g.look(ref.uid, revision)
	case n.waitsForDependents() && !waited:
		for uid := range n.dependents {
			g.look(uid, revision)
		}
		g.look(ref.uid, revision)
	}
}

// setOwners moves a node to its owners' dependents.
func (g *graph) setOwners(n *node, owners []api.OwnerReference, revision int64) {
	before := n.owners
	n.owners = owners
	for _, old := range before {
		i := slices.IndexFunc(owners, func(o api.OwnerReference) bool { return o.UID == old.UID })
		owner := g.nodes[old.UID]
		if owner == nil {
			continue
		}
		if i < 0 {
			delete(owner.dependents, n.ref.uid)
		}
		if blocks(old) && (i < 0 || !blocks(owners[i])) {
			g.look(old.UID, revision) // it may have waited for this very object
		}
	}
	doubtful := false
	for _, ref := range owners {
		if slices.ContainsFunc(before, func(o api.OwnerReference) bool { return o.UID == ref.UID }) {
			continue
		}
		owner := g.nodes[ref.UID]
		if owner == nil {
			owner = &node{ref: ownerRef(ref, n.ref.namespace), virtual: true}
			g.nodes[ref.UID] = owner
			g.look(ref.UID, revision) // find out whether it exists
		} else if !refersTo(ref, n.ref.namespace, owner.ref) || owner.virtual && owner.ref.namespace != n.ref.namespace {
			doubtful = true
			g.tellMisplaced(n, owner, revision)
		}
		if owner.dependents == nil {
			owner.dependents = map[api.UID]*node{}
		}
		owner.dependents[n.ref.uid] = n
	}
	if doubtful {
		g.look(n.ref.uid, revision) // a reference with the right UID and a wrong name, kind or namespace
	}
}

// tellMisplaced tells of a dependent whose owner was seen in another namespace than its own.
func (g *graph) tellMisplaced(dependent, owner *node, revision int64) {
	if owner.virtual || owner.ref.namespace == "" || owner.ref.namespace == dependent.ref.namespace {
		return
	}
	for _, ref := range dependent.owners {
		if ref.UID == owner.ref.uid {
			g.misplaced(dependent.ref, ref, revision)
			return
		}
	}
}

// remove takes an object out that the watch showed to be gone.
func (g *graph) remove(uid api.UID, revision int64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if n := g.nodes[uid]; n != nil {
		g.drop(n, n.ref, revision)
	}
}

// removeAbsent takes in that the server has no object ref. revision is that of the event that raised the question.
func (g *graph) removeAbsent(ref objectRef, revision int64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	n := g.nodes[ref.uid]
	if n == nil {
		return
	}
	right, wrong := n.partition(ref)
	switch {
	case n.virtual && len(wrong) > 0:
		// Its dependents disagree on what it is. Those that said ref are wrong; ask about the next candidate.
		g.absentTo(ref, right, revision)
		if other, ok := n.otherIdentity(wrong, ref); ok && n.ref == ref {
			n.ref = other
			g.look(ref.uid, revision)
		}
	case !n.virtual && n.ref != ref:
		g.absentTo(ref, right, revision) // the real object has another place; it stays
	default:
		g.drop(n, ref, revision)
	}
}

func (g *graph) absentTo(ref objectRef, dependents []*node, revision int64) {
	if len(dependents) > 0 {
		g.absent.add(ref)
		g.lookAt(dependents, revision)
	}
}

// drop removes a node. Its dependents have lost an owner, and its owners may have waited for it.
func (g *graph) drop(n *node, ref objectRef, revision int64) {
	delete(g.nodes, n.ref.uid)
	if len(n.dependents) > 0 {
		g.absent.add(ref)
	}
	for uid := range n.dependents {
		g.look(uid, revision)
	}
	for _, o := range n.owners {
		owner := g.nodes[o.UID]
		if owner == nil {
			continue
		}
		delete(owner.dependents, n.ref.uid)
		if owner.waitsForDependents() {
			g.look(o.UID, revision)
		}
	}
}

func (g *graph) lookAt(nodes []*node, revision int64) {
	for _, n := range nodes {
		g.look(n.ref.uid, revision)
	}
}

// snapshot is a copy of a node, with what the collector must know of its dependents.
type snapshot struct {
	node       // dependents is nil in the copy
	dependents []dependent
}

type dependent struct {
	ref                objectRef
	blocking           bool // its reference to the owner has blockOwnerDeletion
	waitsForDependents bool // it is itself being deleted in the foreground
}

// get copies a node; false if the graph has none of that UID.
func (g *graph) get(uid api.UID) (snapshot, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	n := g.nodes[uid]
	if n == nil {
		return snapshot{}, false
	}
	s := snapshot{node: *n}
	s.node.dependents = nil
	for _, d := range n.dependents {
		isBlocking := func(o api.OwnerReference) bool { return o.UID == uid && blocks(o) }
		s.dependents = append(s.dependents, dependent{
			ref: d.ref, blocking: slices.ContainsFunc(d.owners, isBlocking), waitsForDependents: d.waitsForDependents(),
		})
	}
	return s, true
}

// isAbsent tells whether the server is known to have no such object.
func (g *graph) isAbsent(ref objectRef) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.absent.has(ref)
}

// rememberAbsent notes that the server has no such object.
func (g *graph) rememberAbsent(ref objectRef) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.absent.add(ref)
}

// uidsOf lists the objects of one kind that were seen: what a new list of that kind is compared with.
func (g *graph) uidsOf(apiVersion, kind string) map[api.UID]struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	uids := map[api.UID]struct{}{}
	for uid, n := range g.nodes {
		if !n.virtual && n.ref.apiVersion == apiVersion && n.ref.kind == kind {
			uids[uid] = struct{}{}
		}
	}
	return uids
}

// partition splits the dependents into those that name the node as ref and those that name it otherwise. One with two
// references may be in both.
func (n *node) partition(ref objectRef) (right, wrong []*node) {
	for _, d := range n.dependents {
		for _, o := range d.owners {
			if o.UID != ref.uid {
				continue
			}
			if refersTo(o, d.ref.namespace, ref) {
				right = append(right, d)
			} else {
				wrong = append(wrong, d)
			}
		}
	}
	return right, wrong
}

// otherIdentity picks, from what the dependents call the node, the next name after ref in a fixed order, so that all
// of them get their turn.
func (n *node) otherIdentity(dependents []*node, ref objectRef) (objectRef, bool) {
	var candidates []objectRef
	for _, d := range dependents {
		for _, o := range d.owners {
			if o.UID == ref.uid && !refersTo(o, d.ref.namespace, ref) {
				candidates = append(candidates, ownerRef(o, d.ref.namespace))
			}
		}
	}
	if len(candidates) == 0 {
		return objectRef{}, false
	}
	slices.SortFunc(candidates, compareRefs)
	if i := slices.IndexFunc(candidates, func(c objectRef) bool { return compareRefs(c, ref) > 0 }); i >= 0 {
		return candidates[i], true
	}
	return candidates[0], true
}

func compareRefs(a, b objectRef) int {
	return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.apiVersion, b.apiVersion), cmp.Compare(a.namespace, b.namespace), cmp.Compare(a.name, b.name))
}

// ownerRef is the object that a reference names, if it lives in the namespace of the one that names it. Whether the
// kind has namespaces at all is not known here.
func ownerRef(o api.OwnerReference, namespace string) objectRef {
	return objectRef{apiVersion: o.APIVersion, kind: o.Kind, namespace: namespace, name: o.Name, uid: o.UID}
}

// refersTo tells whether a reference, in an object of the given namespace, can mean ref. An owner without a namespace
// can be named from everywhere.
func refersTo(o api.OwnerReference, namespace string, ref objectRef) bool {
	return o.UID == ref.uid && o.Name == ref.name && o.Kind == ref.kind && o.APIVersion == ref.apiVersion &&
		(ref.namespace == "" || ref.namespace == namespace)
}

func blocks(o api.OwnerReference) bool { return o.BlockOwnerDeletion != nil && *o.BlockOwnerDeletion }

// absentOwners remembers the last few owners that turned out not to exist, so that a thousand dependents of one of
// them cause one request. A UID is never given twice: what is absent stays absent.
type absentOwners struct {
	known map[objectRef]struct{}
	order []objectRef
}

const maxAbsentOwners = 500

func (a *absentOwners) add(ref objectRef) {
	if _, ok := a.known[ref]; ok {
		return
	}
	if len(a.order) == maxAbsentOwners {
		delete(a.known, a.order[0])
		a.order = slices.Delete(a.order, 0, 1)
	}
	a.known[ref] = struct{}{}
	a.order = append(a.order, ref)
}

func (a *absentOwners) has(ref objectRef) bool {
	_, ok := a.known[ref]
	return ok
}
