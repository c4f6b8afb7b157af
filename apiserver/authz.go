package apiserver

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"kubelite/api"
	"kubelite/apiserver/rbac"
)

// authorizer answers "may they?". What nothing allows is forbidden; there are no rules that deny.
//
//	system:masters   everything, always: or nobody could repair roles that are wrong
//	nodes            what belongs to their own pods (authz_node.go)
//	everybody        what roles and bindings say (package rbac)
type authorizer struct {
	node   *nodeAuthorizer
	policy *rbac.Policy
}

// access is what an authorizer is asked for.
type access struct {
	rbac.Attributes
	// fieldSelector narrows down what a list, watch or deletecollection is about: a node may list the pods that it runs.
	fieldSelector string
}

// decision is the authorizer's answer.
type decision struct {
	allowed bool
	node    string // why the node authorizer did not allow it
	rbac    rbac.Decision
}

// reason says what is behind a decision, as upstream words it; "" where there is nothing to say.
func (d *decision) reason() string {
	reasons := slices.DeleteFunc([]string{d.node, d.rbac.Reason()}, func(s string) bool { return s == "" })
	return strings.Join(reasons, "\n")
}

// may decides about one request. reason says more than "no" where there is more to say.
func (a *authorizer) may(req *Request) (allowed bool, reason string) {
	d := a.decide(accessOf(req))
	if !d.allowed {
		reason = d.reason()
	}
	return d.allowed, reason
}

func (a *authorizer) decide(what *access) (d decision) {
	if slices.Contains(what.Groups, groupMasters) {
		d.allowed = true
		return d
	}
	if name, ok := nodeName(what.User, what.Groups); ok && what.IsResource {
		if d.allowed, d.node = a.node.may(name, what); d.allowed {
			return d
		}
	}
	d.rbac = a.policy.Decide(&what.Attributes)
	d.allowed = d.rbac.Allowed
	return d
}

// accessOf is what a request needs to be allowed.
func accessOf(req *Request) *access {
	a := &access{Attributes: rbac.Attributes{User: req.User.Name, Groups: req.User.Groups, Verb: req.Verb, IsResource: req.IsResource}}
	if !req.IsResource {
		a.Path = req.HTTP.URL.Path
		return a
	}
	a.Group, a.Resource, a.Subresource, a.Namespace, a.Name = req.Group, req.Plural, req.Subresource, req.Namespace, req.Name
	if selectsMany(req.Verb) && req.HTTP != nil && req.HTTP.URL.RawQuery != "" {
		a.fieldSelector = req.Query().Get("fieldSelector")
		// A list of which the selector says the name is as good as a get: rules for names apply to it.
		if a.Name == "" {
			a.Name = a.selected("metadata.name")
		}
	}
	return a
}

// selectsMany: the verbs that selectors can narrow down.
func selectsMany(verb string) bool {
	return verb == "list" || verb == "watch" || verb == "deletecollection"
}

// selected is the one value that the field selector allows a field, "" if there is none.
func (a *access) selected(field string) string {
	if a.fieldSelector == "" {
		return ""
	}
	terms, err := api.ParseFieldSelector(a.fieldSelector)
	if err != nil {
		return "" // the handler answers 400; here it selects nothing
	}
	for _, term := range terms {
		if term.Field == field && !term.NotEqual {
			return term.Value
		}
	}
	return ""
}

// forbidden is the answer to a request that nothing allows.
func forbidden(req *Request, reason string) *api.StatusError {
	return forbiddenAccess(accessOf(req), reason)
}

func forbiddenAccess(a *access, reason string) *api.StatusError {
	if reason != "" {
		reason = ": " + reason
	}
	if !a.IsResource {
		err := api.NewForbidden(&api.Kind{}, "", errors.New(""))
		err.ErrStatus.Message = "forbidden: " + asText(fmt.Sprintf("User %q cannot %s path %q", a.User, a.Verb, a.Path)) + reason
		return err
	}
	resource := a.Resource
	if a.Subresource != "" {
		resource += "/" + a.Subresource
	}
	scope := "at the cluster scope"
	if a.Namespace != "" {
		scope = fmt.Sprintf("in the namespace %q", a.Namespace)
	}
	kind := &api.Kind{GroupVersion: api.GroupVersion{Group: a.Group}, Plural: a.Resource} // the resource may not exist
	return api.NewForbidden(kind, a.Name, errors.New(
		asText(fmt.Sprintf("User %q cannot %s resource %q in API group %q %s", a.User, a.Verb, resource, a.Group, scope))+reason))
}

// asText keeps what strangers put into a URL from being taken for a web page.
func asText(s string) string { return htmlEscaper.Replace(s) }

var htmlEscaper = strings.NewReplacer(`&`, "&amp;", `<`, "&lt;", `>`, "&gt;")

// authorize is the step of the chain that lets a request pass, or answers 403.
func (s *Server) authorize(w http.ResponseWriter, req *Request) error {
	allowed, reason := s.authz.may(req)
	if !allowed {
		req.audit.annotate("authorization.k8s.io/decision", "forbid")
		req.audit.annotate("authorization.k8s.io/reason", reason)
		s.log.Debug("request refused", "code", http.StatusForbidden, "user", req.User.Name, "verb", req.Verb, "path", req.HTTP.URL.Path, "reason", reason)
		w.Header().Set("X-Content-Type-Options", "nosniff") // what was asked for is in the message
		return forbidden(req, reason)
	}
	req.audit.annotate("authorization.k8s.io/decision", "allow")
	req.audit.annotate("authorization.k8s.io/reason", reason)
	return nil
}

// feedPolicy keeps the roles and bindings that decisions are made from the same as those in the watch cache. Who has
// been told that a binding exists finds that it holds.
func (s *Server) feedPolicy() {
	for _, res := range []*Resource{
		resourceOf[*api.Role](s), resourceOf[*api.ClusterRole](s), resourceOf[*api.RoleBinding](s), resourceOf[*api.ClusterRoleBinding](s),
	} {
		s.cache.kind(res).observe = func(ev *watchEvent) {
			obj, err := ev.next.object(res)
			switch {
			case err != nil:
				s.log.Error("a role or binding cannot be read: it does not count", "key", ev.next.key, "error", err)
			case ev.deleted:
				s.authz.policy.Remove(obj)
			default:
				s.authz.policy.Put(obj)
			}
		}
	}
}
