package apiserver

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"kubelite/api"
)

// authorizer answers "may they?". What is not granted is forbidden; there are no rules that deny.
//
// The grants below are those of Kubernetes' built-in roles of the same names. Nodes share one identity pattern but
// not one set of objects, so what belongs to whom is decided in authz_node.go.
type authorizer struct {
	node *nodeAuthorizer
}

// grant gives rules to a user or to all members of a group.
type grant struct {
	user  string
	group string
	rules []rule
}

// rule allows verbs on resources of API groups ("" is the core group; "pods/status" is a subresource), or on paths
// that are not resources. "*" stands for all; a path may end in it.
type rule struct {
	verbs     string
	groups    string
	resources string
	paths     string
}

// grants are all rules, for all who are not system:masters. Words are separated by spaces; "core" is the core group.
var grants = []grant{
	{group: groupUnauthenticated, rules: publicInfo},
	{group: groupAuthenticated, rules: append([]rule{
		{verbs: "get", paths: "/api /api/* /apis /apis/* /openapi /openapi/*"},
		{verbs: "create", groups: "authorization.k8s.io", resources: "selfsubjectaccessreviews selfsubjectrulesreviews"},
		{verbs: "create", groups: "authentication.k8s.io", resources: "selfsubjectreviews"},
	}, publicInfo...)},
	{group: "system:monitoring", rules: []rule{
		{verbs: "get", paths: "/metrics /healthz /healthz/* /livez /livez/* /readyz /readyz/*"},
	}},

	{user: userScheduler, rules: []rule{
		{verbs: "create patch update", groups: "core events.k8s.io", resources: "events"},
		{verbs: "create get update patch list watch", groups: "coordination.k8s.io", resources: "leases"},
		{verbs: "get list watch", groups: "core", resources: "nodes namespaces replicationcontrollers services persistentvolumeclaims persistentvolumes"},
		{verbs: "get list watch", groups: "apps", resources: "replicasets statefulsets"},
		{verbs: "get list watch", groups: "policy", resources: "poddisruptionbudgets"},
		{verbs: "get list watch", groups: "storage.k8s.io", resources: "*"},
		{verbs: "get list watch delete", groups: "core", resources: "pods"},
		{verbs: "create", groups: "core", resources: "bindings pods/binding"},
		{verbs: "patch update", groups: "core", resources: "pods/status persistentvolumeclaims"},
		{verbs: "post", paths: api.LedgerPath},
	}},

	// One process runs all controllers under one name, so it has what Kubernetes gives to each of them. The garbage
	// collector and the namespace controller work on whatever kinds there are; the others make what they make.
	{user: userControllerManager, rules: []rule{
		{verbs: "get list watch update patch delete deletecollection", groups: "*", resources: "*"},
		{verbs: "create", groups: "core events.k8s.io", resources: "events"},
		{verbs: "create", groups: "core", resources: "pods configmaps secrets serviceaccounts serviceaccounts/token endpoints"},
		{verbs: "create", groups: "apps", resources: "replicasets controllerrevisions"},
		{verbs: "create", groups: "batch", resources: "jobs"},
		{verbs: "create", groups: "coordination.k8s.io", resources: "leases"},
		{verbs: "create", groups: "discovery.k8s.io", resources: "endpointslices"},
		{verbs: "get post", paths: api.LedgerPath},
	}},

	{group: groupNodes, rules: []rule{
		{verbs: "post", paths: api.LedgerPath},
	}},
}

var publicInfo = []rule{{verbs: "get", paths: "/healthz /healthz/* /livez /livez/* /readyz /readyz/* /version /version/"}}

// may decides about one request. reason says more than "no" where there is more to say.
func (a *authorizer) may(req *Request) (allowed bool, reason string) {
	if req.User.InGroup(groupMasters) {
		return true, ""
	}
	if name, ok := nodeName(req.User); ok && req.IsResource {
		if allowed, reason = a.node.may(name, req); allowed {
			return true, ""
		}
	}
	for i := range grants {
		g := &grants[i]
		if g.user != "" && g.user != req.User.Name || g.group != "" && !req.User.InGroup(g.group) {
			continue
		}
		if slices.ContainsFunc(g.rules, func(r rule) bool { return r.allows(req) }) {
			return true, ""
		}
	}
	return false, reason
}

func (r *rule) allows(req *Request) bool {
	if !hasWord(r.verbs, req.Verb) {
		return false
	}
	if !req.IsResource {
		return matchesPath(r.paths, req.HTTP.URL.Path)
	}
	resource := req.Plural
	if req.Subresource != "" {
		resource += "/" + req.Subresource
	}
	return hasWord(r.groups, or(req.Group, "core")) && hasWord(r.resources, resource)
}

// hasWord tells whether list, words separated by spaces, has the word or the star that stands for all.
func hasWord(list, word string) bool {
	for w := range strings.FieldsSeq(list) {
		if w == word || w == "*" {
			return true
		}
	}
	return false
}

func matchesPath(list, path string) bool {
	for w := range strings.FieldsSeq(list) {
		if prefix, ok := strings.CutSuffix(w, "*"); w == path || ok && strings.HasPrefix(path, prefix) {
			return true
		}
	}
	return false
}

// forbidden is the answer to a request that nothing allows.
func forbidden(req *Request, reason string) *api.StatusError {
	if reason != "" {
		reason = ": " + reason
	}
	if !req.IsResource {
		err := api.NewForbidden(&api.Kind{}, "", errors.New(""))
		err.ErrStatus.Message = fmt.Sprintf("forbidden: User %q cannot %s path %q%s", req.User.Name, req.Verb, req.HTTP.URL.Path, reason)
		return err
	}
	resource := req.Plural
	if req.Subresource != "" {
		resource += "/" + req.Subresource
	}
	scope := "at the cluster scope"
	if req.Namespace != "" {
		scope = fmt.Sprintf("in the namespace %q", req.Namespace)
	}
	kind := &api.Kind{GroupVersion: api.GroupVersion{Group: req.Group}, Plural: req.Plural} // the resource may not exist
	return api.NewForbidden(kind, req.Name, fmt.Errorf("User %q cannot %s resource %q in API group %q %s%s",
		req.User.Name, req.Verb, resource, req.Group, scope, reason))
}

// authorize is the step of the chain that lets a request pass, or answers 403.
func (s *Server) authorize(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, hr *http.Request) {
		req := requestFrom(hr.Context())
		if allowed, reason := s.authz.may(req); !allowed {
			s.log.Debug("request refused", "code", http.StatusForbidden, "user", req.User.Name, "verb", req.Verb, "path", hr.URL.Path, "reason", reason)
			s.respond(w, req, nil, forbidden(req, reason))
			return
		}
		next.ServeHTTP(w, hr)
	})
}
