package apiserver

import (
	"fmt"
	"strings"

	"kubelite/api"
)

// nodeAuthorizer says what one node may read. All nodes have the same kind of work, so their rules are alike; what
// differs is whose pods they are. A node that was broken into must not be a way into the others: it sees its own
// Node and Lease, the pods bound to it, and the secrets and config maps that these pods name, nothing else. What it
// may write to these is checked where the object is at hand, by admission (admission_node.go).
type nodeAuthorizer struct {
	server *Server
}

// nodeRules are what every node may do, whichever its pods are.
var nodeRules = []rule{
	{verbs: "get list watch", groups: "core", resources: "services"},
	{verbs: "get", groups: "core", resources: "endpoints"},
	{verbs: "create update patch", groups: "core events.k8s.io", resources: "events"},
	{verbs: "create", groups: "core", resources: "pods/eviction"},
	{verbs: "create", groups: "authentication.k8s.io", resources: "tokenreviews"},
	{verbs: "create", groups: "authorization.k8s.io", resources: "subjectaccessreviews localsubjectaccessreviews"},
	{verbs: "create get list watch", groups: "certificates.k8s.io", resources: "certificatesigningrequests"},
	{verbs: "get list watch", groups: "node.k8s.io", resources: "runtimeclasses"},
	{verbs: "get list watch", groups: "storage.k8s.io", resources: "csidrivers"},
}

// nodeName tells which node a user is: system:node:NAME, and a member of system:nodes.
func nodeName(u *User) (string, bool) {
	name, ok := strings.CutPrefix(u.Name, userNodePrefix)
	return name, ok && name != "" && u.InGroup(groupNodes)
}

// may decides about a request of the named node.
func (a *nodeAuthorizer) may(node string, req *Request) (allowed bool, reason string) {
	resource := req.Plural
	if req.Group != "" {
		resource += "." + req.Group
	}
	switch resource {
	case "nodes":
		return mayNode(node, req)
	case "pods":
		return a.mayPod(node, req)
	case "leases.coordination.k8s.io":
		return mayLease(node, req)
	case "secrets", "configmaps", "persistentvolumeclaims", "serviceaccounts":
		return a.mayRelated(node, req)
	}
	for i := range nodeRules {
		if nodeRules[i].allows(req) {
			return true, ""
		}
	}
	return false, ""
}

// mayNode: it reads its own Node, and admission sees to it that it writes no other.
func mayNode(node string, req *Request) (bool, string) {
	switch {
	case req.Subresource == "status":
		return hasWord("update patch", req.Verb), ""
	case req.Subresource != "":
		return false, ""
	case hasWord("create update patch", req.Verb):
		return true, ""
	case !hasWord("get list watch", req.Verb):
		return false, ""
	}
	switch name := requestedName(req); name {
	case node:
		return true, ""
	case "":
		return false, fmt.Sprintf("node '%s' cannot read all nodes, only its own Node object", node)
	default:
		return false, fmt.Sprintf("node '%s' cannot read '%s', only its own Node object", node, name)
	}
}

func (a *nodeAuthorizer) mayPod(node string, req *Request) (bool, string) {
	switch {
	case req.Subresource == "status":
		return hasWord("update patch", req.Verb), ""
	case req.Subresource == "eviction":
		return req.Verb == "create", ""
	case req.Subresource != "":
		return false, ""
	case hasWord("create delete", req.Verb):
		return true, ""
	case !hasWord("get list watch", req.Verb):
		return false, ""
	}
	for _, term := range fieldTerms(req) {
		if req.Verb != "get" && term.Field == "spec.nodeName" && !term.NotEqual && term.Value == node {
			return true, ""
		}
	}
	name := requestedName(req)
	if name == "" {
		return false, "can only list/watch pods with spec.nodeName field selector"
	}
	pod, err := read[*api.Pod](req.HTTP.Context(), a.server, req.Namespace, name)
	if err != nil || pod.Spec.NodeName != node {
		return false, noRelationship(node)
	}
	return true, ""
}

func mayLease(node string, req *Request) (bool, string) {
	switch {
	case !hasWord("get create update patch delete", req.Verb):
		return false, "can only get, create, update, patch, or delete a node lease"
	case req.Namespace != namespaceNodeLease:
		return false, fmt.Sprintf("can only access leases in the %q system namespace", namespaceNodeLease)
	case req.Verb != "create" && req.Name != node: // of a create only admission knows the name
		return false, "can only access node lease with the same name as the requesting node"
	}
	return true, ""
}

// mayRelated: it reads what a pod bound to it names.
func (a *nodeAuthorizer) mayRelated(node string, req *Request) (bool, string) {
	switch {
	case req.Plural == "serviceaccounts" && req.Subresource == "token":
		if req.Verb != "create" || req.Name == "" {
			return false, "can only create tokens for individual service accounts"
		}
	case req.Subresource != "":
		return false, "cannot read subresource"
	case hasWord("persistentvolumeclaims serviceaccounts", req.Plural) && req.Verb != "get":
		return false, "can only get individual resources of this type"
	case !hasWord("get list watch", req.Verb):
		return false, "can only read resources of this type"
	}
	name := requestedName(req)
	switch {
	case req.Namespace == "":
		return false, "can only read namespaced object of this type"
	case name == "":
		return false, "No Object name found"
	case a.related(node, req.Namespace, req.Plural, name):
		return true, ""
	}
	return false, noRelationship(node)
}

func noRelationship(node string) string {
	return fmt.Sprintf("no relationship found between node '%s' and this object", node)
}

// requestedName is the one object that a request can reach: a list of which the field selector says the name is as
// good as a get.
func requestedName(req *Request) string {
	if req.Name != "" {
		return req.Name
	}
	for _, term := range fieldTerms(req) {
		if term.Field == "metadata.name" && !term.NotEqual {
			return term.Value
		}
	}
	return ""
}

func fieldTerms(req *Request) []api.FieldRequirement {
	if req.HTTP == nil || req.HTTP.URL.RawQuery == "" {
		return nil
	}
	terms, err := api.ParseFieldSelector(req.Query().Get("fieldSelector"))
	if err != nil {
		return nil // the handler answers 400; here it selects nothing
	}
	return terms
}

// related tells whether a pod that is bound to the node names the object. Pods are not indexed by what they name: a
// node asks only when it starts a pod, and the pods of other nodes are passed over without decoding them.
func (a *nodeAuthorizer) related(node, namespace, plural, name string) bool {
	res := resourceOf[*api.Pod](a.server)
	pods, _ := a.server.cache.kind(res).list(res.key(namespace, ""), "")
	for _, e := range pods {
		if e.attrs(res).fields["spec.nodeName"] != node {
			continue
		}
		pod, err := e.object(res)
		if err != nil {
			continue // it cannot be running either
		}
		found := false
		podReferences(pod.(*api.Pod), func(p, n string) { found = found || p == plural && n == name })
		if found {
			return true
		}
	}
	return false
}

// podReferences calls visit with resource and name of each object in its namespace that a pod cannot run without.
func podReferences(pod *api.Pod, visit func(plural, name string)) {
	secret := func(ref *api.LocalObjectReference) {
		if ref != nil && ref.Name != "" {
			visit("secrets", ref.Name)
		}
	}
	if pod.Spec.ServiceAccountName != "" {
		visit("serviceaccounts", pod.Spec.ServiceAccountName)
	}
	for i := range pod.Spec.ImagePullSecrets {
		secret(&pod.Spec.ImagePullSecrets[i])
	}
	environment := func(from []api.EnvFromSource, env []api.EnvVar) {
		for _, e := range from {
			if e.ConfigMapRef != nil {
				visit("configmaps", e.ConfigMapRef.Name)
			}
			if e.SecretRef != nil {
				visit("secrets", e.SecretRef.Name)
			}
		}
		for _, e := range env {
			if e.ValueFrom != nil && e.ValueFrom.ConfigMapKeyRef != nil {
				visit("configmaps", e.ValueFrom.ConfigMapKeyRef.Name)
			}
			if e.ValueFrom != nil && e.ValueFrom.SecretKeyRef != nil {
				visit("secrets", e.ValueFrom.SecretKeyRef.Name)
			}
		}
	}
	for i := range pod.Spec.InitContainers {
		environment(pod.Spec.InitContainers[i].EnvFrom, pod.Spec.InitContainers[i].Env)
	}
	for i := range pod.Spec.Containers {
		environment(pod.Spec.Containers[i].EnvFrom, pod.Spec.Containers[i].Env)
	}
	for i := range pod.Spec.EphemeralContainers {
		environment(pod.Spec.EphemeralContainers[i].EnvFrom, pod.Spec.EphemeralContainers[i].Env)
	}
	for i := range pod.Spec.Volumes {
		v := &pod.Spec.Volumes[i]
		switch {
		case v.Secret != nil:
			visit("secrets", v.Secret.SecretName)
		case v.ConfigMap != nil:
			visit("configmaps", v.ConfigMap.Name)
		case v.PersistentVolumeClaim != nil:
			visit("persistentvolumeclaims", v.PersistentVolumeClaim.ClaimName)
		case v.Ephemeral != nil:
			visit("persistentvolumeclaims", pod.Name+"-"+v.Name)
		case v.CSI != nil:
			secret(v.CSI.NodePublishSecretRef)
		case v.Projected != nil:
			for _, source := range v.Projected.Sources {
				if source.Secret != nil {
					visit("secrets", source.Secret.Name)
				}
				if source.ConfigMap != nil {
					visit("configmaps", source.ConfigMap.Name)
				}
			}
		}
	}
}
