package apiserver

import (
	"context"
	"fmt"

	"kubelite/api"
)

// Which objects belong to which node? All that its pods name, and what these lead to:
//
//	node <── pod ──> secret, configmap, service account
//	         pod ──> claim ──> volume ──> secret
//
// Upstream keeps this as a graph. Here only the pods of a node are kept together (the index of the watch cache), and
// what a pod names is read once per version of the pod: a node has few pods.

// reference names an object that a pod cannot run without, in its own namespace.
type reference struct{ plural, name string }

// related tells whether the object that is asked for belongs to the node.
func (n *nodeAuthorizer) related(node string, a *access) (bool, string) {
	if a.Name == "" {
		return false, "No Object name found"
	}
	found := false
	switch a.Resource {
	case "pods":
		e := n.server.cache.kind(resourceOf[*api.Pod](n.server)).get(resourceOf[*api.Pod](n.server).key(a.Namespace, a.Name))
		found = e != nil && e.attrs(resourceOf[*api.Pod](n.server)).fields["spec.nodeName"] == node
	case "secrets", "configmaps", "serviceaccounts", "persistentvolumeclaims", "resourceclaims":
		found = n.named(node, a.Namespace, reference{a.Resource, a.Name})
	default:
		found = n.leadsTo(node, a)
	}
	if !found {
		return false, fmt.Sprintf("no relationship found between node '%s' and this object", node)
	}
	return true, ""
}

// named tells whether a pod on the node names the object.
func (n *nodeAuthorizer) named(node, namespace string, ref reference) bool {
	res := resourceOf[*api.Pod](n.server)
	for _, e := range n.server.cache.kind(res).indexed(node) {
		if e.namespace == namespace && e.podReferences(res)[ref] {
			return true
		}
	}
	return false
}

// leadsTo tells whether a cluster-scoped object belongs to the node by what it says itself.
func (n *nodeAuthorizer) leadsTo(node string, a *access) bool {
	res := n.server.resource(a.Group, "v1", a.Resource)
	if res == nil {
		return false
	}
	obj, err := n.server.readObject(context.Background(), res, "", a.Name)
	if err != nil {
		return false
	}
	switch o := obj.(type) {
	case *api.PersistentVolume:
		claim := o.Spec.ClaimRef
		return claim != nil && n.named(node, claim.Namespace, reference{"persistentvolumeclaims", claim.Name})
	case *api.VolumeAttachment:
		return o.Spec.NodeName == node
	case *api.ResourceSlice:
		return api.Deref(o.Spec.NodeName, "") == node
	}
	return false
}

// podReferences are what the pod of an entry names. They are read when first asked for, and kept with the entry.
func (e *entry) podReferences(res *Resource) map[reference]bool {
	if refs := e.references.Load(); refs != nil {
		return *refs
	}
	refs := map[reference]bool{}
	// A pod that cannot be decoded cannot be running either.
	if obj, err := e.object(res); err == nil {
		obj.(*api.Pod).References(func(plural, name string) { refs[reference{plural, name}] = true })
	}
	e.references.Store(&refs)
	return refs
}
