package apiserver

import (
	"slices"
	"strings"

	"kubelite/api/audit"
)

// Which rule of the policy a request falls under: the first one that matches all that it names counts.

// rule finds the rule for a request; nil: there is nothing to tell.
func (l *auditLog) rule(req *Request) *audit.Rule {
	for i := range l.policy.Rules {
		if r := &l.policy.Rules[i]; ruleMatches(r, req) {
			if r.Level == audit.LevelNone {
				return nil
			}
			return r
		}
	}
	return nil
}

func ruleMatches(r *audit.Rule, req *Request) bool {
	user := req.User
	if user == nil { // a stranger
		user = &User{}
		if len(r.Users) > 0 {
			return false
		}
	}
	named := func(list []string, one string) bool { return len(list) == 0 || slices.Contains(list, one) }
	if !named(r.Users, user.Name) || !named(r.Verbs, req.Verb) {
		return false
	}
	if len(r.UserGroups) > 0 && !slices.ContainsFunc(r.UserGroups, user.InGroup) {
		return false
	}
	switch {
	case len(r.Namespaces) > 0, len(r.Resources) > 0:
		return req.IsResource && named(r.Namespaces, req.Namespace) &&
			(len(r.Resources) == 0 || slices.ContainsFunc(r.Resources, func(group audit.Resources) bool { return resourcesMatch(&group, req) }))
	case len(r.NonResourceURLs) > 0:
		return !req.IsResource && slices.ContainsFunc(r.NonResourceURLs, func(pattern string) bool {
			prefix, wild := strings.CutSuffix(pattern, "*")
			return pattern == req.HTTP.URL.Path || wild && strings.HasPrefix(req.HTTP.URL.Path, prefix)
		})
	}
	return true
}

func resourcesMatch(g *audit.Resources, req *Request) bool {
	if g.Group != req.Group && g.Group != "*" {
		return false
	}
	if len(g.Resources) == 0 {
		return true
	}
	if len(g.ResourceNames) > 0 && !slices.Contains(g.ResourceNames, req.Name) {
		return false
	}
	return slices.ContainsFunc(g.Resources, func(pattern string) bool {
		resource, sub, _ := strings.Cut(pattern, "/")
		switch {
		case pattern == "*", sub == "*" && resource == req.Plural:
			return true
		case resource == "*" && sub != "":
			return sub == req.Subresource
		}
		return resource == req.Plural && sub == req.Subresource
	})
}
