package apiserver

import (
	"fmt"
	"slices"
	"strings"

	"kubelite/api"
	"kubelite/apiserver/rbac"
)

// nodeAuthorizer says what one node may read. All nodes have the same kind of work, so their rules are alike; what
// differs is whose pods they are. A node that was broken into must not be a way into the others: it sees its own
// Node and Lease, the pods bound to it, and the secrets and config maps that these pods name, nothing else. What it
// may write to these is checked where the object is at hand, by admission (admission_node.go).
type nodeAuthorizer struct {
	server *Server
	rules  []api.PolicyRule // what every node may do, as far as it does not depend on whose pods are concerned
}

// nodeName tells which node a user is: system:node:NAME, and a member of system:nodes.
func nodeName(user string, groups []string) (string, bool) {
	name, ok := strings.CutPrefix(user, userNodePrefix)
	return name, ok && name != "" && slices.Contains(groups, groupNodes)
}

// may decides about a request of the named node.
func (n *nodeAuthorizer) may(node string, a *access) (allowed bool, reason string) {
	resource := a.Resource
	if a.Group != "" {
		resource += "." + a.Group
	}
	switch resource {
	case "nodes":
		return mayNode(node, a)
	case "pods":
		return n.mayPod(node, a)
	case "leases.coordination.k8s.io":
		return mayLease(node, a)
	case "csinodes.storage.k8s.io":
		return mayCSINode(node, a)
	case "secrets", "configmaps":
		return n.mayRead(node, a)
	case "serviceaccounts":
		return n.mayServiceAccount(node, a)
	case "persistentvolumeclaims":
		if a.Subresource == "status" {
			return n.mayWriteStatus(node, a)
		}
		return n.mayGet(node, a)
	case "persistentvolumes", "volumeattachments.storage.k8s.io", "resourceclaims.resource.k8s.io":
		return n.mayGet(node, a)
	case "resourceslices.resource.k8s.io":
		return n.mayResourceSlice(node, a)
	}
	return slices.ContainsFunc(n.rules, func(rule api.PolicyRule) bool { return rbac.RuleAllows(&rule, &a.Attributes) }), ""
}

// mayNode: it reads its own Node, and admission sees to it that it writes no other.
func mayNode(node string, a *access) (bool, string) {
	switch {
	case a.Subresource == "status":
		return oneOf(a.Verb, "update", "patch"), ""
	case a.Subresource != "":
		return false, ""
	case oneOf(a.Verb, "create", "update", "patch"):
		return true, ""
	case !oneOf(a.Verb, "get", "list", "watch"):
		return false, ""
	}
	switch a.Name {
	case node: // by its name, because a kubelet looks for its Node before there is one
		return true, ""
	case "":
		return false, fmt.Sprintf("node '%s' cannot read all nodes, only its own Node object", node)
	default:
		return false, fmt.Sprintf("node '%s' cannot read '%s', only its own Node object", node, a.Name)
	}
}

func (n *nodeAuthorizer) mayPod(node string, a *access) (bool, string) {
	switch {
	case a.Subresource == "status":
		return oneOf(a.Verb, "update", "patch"), ""
	case a.Subresource == "eviction":
		return a.Verb == "create", ""
	case a.Subresource != "":
		return false, ""
	case oneOf(a.Verb, "create", "delete"): // of mirror pods; admission looks closer
		return true, ""
	case !oneOf(a.Verb, "get", "list", "watch"):
		return false, ""
	case a.Verb != "get" && a.selected("spec.nodeName") == node:
		return true, ""
	case a.Verb != "get" && a.Name == "":
		return false, "can only list/watch pods with spec.nodeName field selector"
	}
	return n.related(node, a)
}

func mayLease(node string, a *access) (bool, string) {
	switch {
	case !oneOf(a.Verb, "get", "create", "update", "patch", "delete"):
		return false, "can only get, create, update, patch, or delete a node lease"
	case a.Namespace != namespaceNodeLease:
		return false, fmt.Sprintf("can only access leases in the %q system namespace", namespaceNodeLease)
	case a.Verb != "create" && a.Name != node: // of a create only admission knows the name
		return false, "can only access node lease with the same name as the requesting node"
	}
	return true, ""
}

func mayCSINode(node string, a *access) (bool, string) {
	switch {
	case !oneOf(a.Verb, "get", "create", "update", "patch", "delete"):
		return false, "can only get, create, update, patch, or delete a CSINode"
	case a.Subresource != "":
		return false, "cannot authorize CSINode subresources"
	case a.Verb != "create" && a.Name != node:
		return false, "can only access CSINode with the same name as the requesting node"
	}
	return true, ""
}

func (n *nodeAuthorizer) mayResourceSlice(node string, a *access) (bool, string) {
	switch {
	case a.Subresource != "":
		return false, "cannot authorize ResourceSlice subresources"
	case a.Verb == "create": // of its own: admission sees whose it is
		return true, ""
	case oneOf(a.Verb, "get", "update", "patch", "delete"):
		return n.related(node, a)
	case selectsMany(a.Verb):
		if a.selected("spec.nodeName") == node {
			return true, ""
		}
		return false, "can only list/watch/deletecollection resourceslices with nodeName field selector"
	}
	return false, "only the following verbs are allowed for a ResourceSlice: get, watch, list, create, update, patch, delete, deletecollection"
}

// mayRead is for kinds that a kubelet may also watch, one object at a time.
func (n *nodeAuthorizer) mayRead(node string, a *access) (bool, string) {
	switch {
	case !oneOf(a.Verb, "get", "list", "watch"):
		return false, "can only read resources of this type"
	case a.Subresource != "":
		return false, "cannot read subresource"
	case a.Namespace == "":
		return false, "can only read namespaced object of this type"
	}
	return n.related(node, a)
}

func (n *nodeAuthorizer) mayGet(node string, a *access) (bool, string) {
	switch {
	case a.Verb != "get":
		return false, "can only get individual resources of this type"
	case a.Subresource != "":
		return false, "cannot get subresource"
	}
	return n.related(node, a)
}

func (n *nodeAuthorizer) mayWriteStatus(node string, a *access) (bool, string) {
	if !oneOf(a.Verb, "update", "patch") {
		return false, "can only get/update/patch this type"
	}
	return n.related(node, a)
}

// mayServiceAccount: tokens are for the accounts of its pods, and admission sees to it that they are bound to these.
func (n *nodeAuthorizer) mayServiceAccount(node string, a *access) (bool, string) {
	switch {
	case a.Verb == "get" && a.Subresource == "":
		return n.mayRead(node, a)
	case a.Verb != "create" || a.Name == "":
		return false, "can only create tokens for individual service accounts"
	case a.Subresource != "token":
		return false, "can only create token subresource of serviceaccount"
	}
	return n.related(node, a)
}

// oneOf is slices.Contains the other way round, which reads better with a few constants.
func oneOf(word string, words ...string) bool { return slices.Contains(words, word) }
