package apiserver

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"kubelite/api"
	"kubelite/apiserver/rbac"
)

// A request may ask to be treated as another user's: `kubectl --as jane`. An administrator finds out so what jane can do;
// a program that serves many does so what each of them may. Everything about that user is in headers, and every bit of it
// must be allowed to the sender, by the verb "impersonate" on users, groups, serviceaccounts, uids and userextras.
//
// There are finer verbs: "impersonate:user-info" and its kin say whom, and "impersonate-on:user-info:list" says for doing
// what. They are tried first.

// impersonationModes are the ways to be allowed, the narrow ones first.
var impersonationModes = []impersonationMode{
	{name: "associated-node", applies: func(wanted, by *User) bool {
		node, ok := strings.CutPrefix(wanted.Name, userNodePrefix)
		return ok && wanted.onlyName() && isServiceAccount(by.Name) && slices.Equal(by.Extra[extraNodeName], []string{node})
	}},
	{name: "arbitrary-node", applies: func(wanted, _ *User) bool {
		return wanted.onlyName() && isNode(wanted.Name)
	}},
	{name: "serviceaccount", applies: func(wanted, _ *User) bool {
		return wanted.onlyName() && isServiceAccount(wanted.Name)
	}},
	{name: "user-info", applies: func(wanted, _ *User) bool {
		return !isNode(wanted.Name) && !isServiceAccount(wanted.Name)
	}},
	{applies: func(_, _ *User) bool { return true }},
}

// impersonationMode is one way. The last has no name: it has one verb, for everybody and everything.
type impersonationMode struct {
	name    string
	applies func(wanted, by *User) bool
}

func (u *User) onlyName() bool { return u.UID == "" && len(u.Groups) == 0 && len(u.Extra) == 0 }

func isNode(user string) bool {
	name, ok := strings.CutPrefix(user, userNodePrefix)
	return ok && len(api.IsDNS1123Subdomain(name)) == 0
}

func isServiceAccount(user string) bool {
	_, _, ok := splitServiceAccount(user)
	return ok
}

// impersonate is the step of the chain that makes a request somebody else's.
func (s *Server) impersonate(_ http.ResponseWriter, req *Request) error {
	wanted, err := wantedUser(req.HTTP.Header)
	if wanted != nil && err == nil {
		err = s.becomeUser(req, wanted)
	}
	return err
}

// wantedUser reads the headers and takes them away. It is nil for nearly every request.
func wantedUser(header http.Header) (*User, error) {
	wanted := &User{
		Name: header.Get(api.ImpersonateUserHeader), UID: header.Get(api.ImpersonateUIDHeader),
		Groups: slices.Clone(header[api.ImpersonateGroupHeader]),
	}
	for name, values := range header {
		key, ok := strings.CutPrefix(name, api.ImpersonateExtraHeaderPrefix)
		if !ok || len(values) == 0 {
			continue
		}
		if wanted.Extra == nil {
			wanted.Extra = map[string][]string{}
		}
		key = strings.ToLower(key)
		if unescaped, err := url.PathUnescape(key); err == nil {
			key = unescaped
		}
		wanted.Extra[key] = append(wanted.Extra[key], values...)
		header.Del(name)
	}
	if wanted.Name == "" {
		if !wanted.onlyName() {
			return nil, api.NewBadRequest("requested &user.DefaultInfo{Name:%#v, UID:%#v, Groups:%#v, Extra:%#v} without impersonating a user name",
				wanted.Name, wanted.UID, wanted.Groups, wanted.Extra)
		}
		return nil, nil
	}
	header.Del(api.ImpersonateUserHeader)
	header.Del(api.ImpersonateUIDHeader)
	header.Del(api.ImpersonateGroupHeader)
	return wanted, nil
}

// becomeUser makes the request the wanted user's, if any mode allows it. The refusal is that of the first mode.
func (s *Server) becomeUser(req *Request, wanted *User) error {
	var refusal error
	for _, mode := range impersonationModes {
		if !mode.applies(wanted, req.User) {
			continue
		}
		err := s.allowsImpersonation(mode, req, wanted)
		if err == nil {
			s.log.Debug("impersonating", "user", req.User.Name, "as", wanted.Name)
			req.User = completeUser(mode, wanted)
			req.audit.impersonated(req.User)
			return nil
		}
		if refusal == nil {
			refusal = err
		}
	}
	return refusal
}

// allowsImpersonation asks for every part of the wanted user.
func (s *Server) allowsImpersonation(mode impersonationMode, req *Request, wanted *User) error {
	verb, group := "impersonate", ""
	if mode.name != "" {
		on := accessOf(req)
		on.Verb = "impersonate-on:" + mode.name + ":" + req.Verb
		if err := s.require(on); err != nil {
			return err
		}
		verb, group = "impersonate:"+mode.name, authenticationGroup
	}
	ask := func(group, resource, subresource, namespace, name string) error {
		return s.require(&access{Attributes: rbac.Attributes{
			User: req.User.Name, Groups: req.User.Groups, Verb: verb, IsResource: true,
			Group: group, Resource: resource, Subresource: subresource, Namespace: namespace, Name: name,
		}})
	}
	resource, namespace, name := "users", "", wanted.Name
	if node, ok := strings.CutPrefix(wanted.Name, userNodePrefix); ok && strings.HasSuffix(mode.name, "node") {
		resource, name = "nodes", node
		if mode.name == "associated-node" {
			name = "*"
		}
	} else if ns, account, ok := splitServiceAccount(wanted.Name); ok {
		resource, namespace, name = "serviceaccounts", ns, account
	}
	if err := ask(group, resource, "", namespace, name); err != nil {
		return err
	}
	if wanted.UID != "" {
		if err := ask(authenticationGroup, "uids", "", "", wanted.UID); err != nil {
			return err
		}
	}
	for _, g := range wanted.Groups {
		if mode.name != "" && (g == "" || g == groupMasters) {
			return api.NewForbidden(&api.Kind{GroupVersion: api.GroupVersion{Group: group}, Plural: "groups"}, g, fmt.Errorf("impersonating the group %q is not allowed", g))
		}
		if err := ask(group, "groups", "", "", g); err != nil {
			return err
		}
	}
	for _, key := range slices.Sorted(maps.Keys(wanted.Extra)) {
		for _, value := range wanted.Extra[key] {
			if err := ask(authenticationGroup, "userextras", key, "", value); err != nil {
				return err
			}
		}
	}
	return nil
}

// require is a 403 unless the access is allowed.
func (s *Server) require(a *access) error {
	if d := s.authz.decide(a); !d.allowed {
		return forbiddenAccess(a, d.reason())
	}
	return nil
}

// completeUser adds the groups that follow from the name. Groups that are given are all there are, except that everybody
// is known to the server, or not.
func completeUser(mode impersonationMode, wanted *User) *User {
	if namespace, _, ok := splitServiceAccount(wanted.Name); ok && len(wanted.Groups) == 0 {
		wanted.Groups = api.ServiceAccountGroups(namespace)
	}
	if strings.HasSuffix(mode.name, "node") {
		wanted.Groups = []string{groupNodes}
	}
	everybody := groupAuthenticated
	if wanted.Name == userAnonymous || wanted.InGroup(groupUnauthenticated) {
		everybody = groupUnauthenticated
	}
	if !wanted.InGroup(everybody) {
		wanted.Groups = append(wanted.Groups, everybody)
	}
	return wanted
}

const authenticationGroup = "authentication.k8s.io"
