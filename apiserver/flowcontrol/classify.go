package flowcontrol

import (
	"cmp"
	"slices"
	"strings"

	"kubelite/api"
)

// Digest is what is looked at of a request.
type Digest struct {
	User   string
	Groups []string
	Verb   string

	// IsResource tells a request for an object or a collection from one for another path.
	IsResource                            bool
	Group, Version, Resource, Subresource string
	Namespace, Name                       string
	Path                                  string
}

// inOrder sorts schemas as they are asked: the least precedence first, then by name.
func inOrder(a, b *flowSchema) int {
	return cmp.Or(cmp.Compare(a.spec.MatchingPrecedence, b.spec.MatchingPrecedence), strings.Compare(a.name, b.name))
}

// matches tells whether a schema is about the request.
func matches(spec *api.FlowSchemaSpec, d *Digest) bool {
	for i := range spec.Rules {
		rule := &spec.Rules[i]
		if matchesSubject(rule.Subjects, d) && matchesRequest(rule, d) {
			return true
		}
	}
	return false
}

func matchesSubject(subjects []api.FlowcontrolSubject, d *Digest) bool {
	for i := range subjects {
		switch s := &subjects[i]; {
		case s.Kind == api.SubjectKindUser && s.User != nil:
			if s.User.Name == all || s.User.Name == d.User {
				return true
			}
		case s.Kind == api.SubjectKindGroup && s.Group != nil:
			if s.Group.Name == all || slices.Contains(d.Groups, s.Group.Name) {
				return true
			}
		case s.Kind == api.SubjectKindServiceAccount && s.ServiceAccount != nil:
			if matchesServiceAccount(s.ServiceAccount, d.User) {
				return true
			}
		}
	}
	return false
}

func matchesServiceAccount(s *api.ServiceAccountSubject, user string) bool {
	account, ok := strings.CutPrefix(user, api.ServiceAccountUserPrefix)
	if !ok {
		return false
	}
	namespace, name, _ := strings.Cut(account, ":")
	return namespace == s.Namespace && (s.Name == all || s.Name == name)
}

func matchesRequest(rule *api.PolicyRulesWithSubjects, d *Digest) bool {
	if d.IsResource {
		return slices.ContainsFunc(rule.ResourceRules, func(r api.ResourcePolicyRule) bool { return matchesResource(&r, d) })
	}
	return slices.ContainsFunc(rule.NonResourceRules, func(r api.NonResourcePolicyRule) bool {
		return contains(r.Verbs, d.Verb) && matchesPath(r.NonResourceURLs, d.Path)
	})
}

func matchesResource(r *api.ResourcePolicyRule, d *Digest) bool {
	if !contains(r.Verbs, d.Verb) || !contains(r.APIGroups, d.Group) || !containsResource(r.Resources, d) {
		return false
	}
	if d.Namespace == "" {
		return r.ClusterScope
	}
	return contains(r.Namespaces, d.Namespace)
}

// all stands for everything where it is the only element, as validation wants it.
const all = "*"

func contains(list []string, value string) bool {
	return len(list) == 1 && list[0] == all || slices.Contains(list, value)
}

// containsResource looks for "pods", or "pods/status".
func containsResource(list []string, d *Digest) bool {
	if len(list) == 1 && list[0] == all {
		return true
	}
	for _, wanted := range list {
		resource, subresource, _ := strings.Cut(wanted, "/")
		if resource == d.Resource && subresource == d.Subresource {
			return true
		}
	}
	return false
}

// matchesPath takes a path itself and all that is below it, with "/*" at its end or without.
func matchesPath(urls []string, path string) bool {
	for _, url := range urls {
		if url == all || url == path {
			return true
		}
		if parent := strings.TrimSuffix(strings.TrimSuffix(url, all), "/"); strings.HasPrefix(path, parent+"/") {
			return true
		}
	}
	return false
}

// flowOf names the flow that a request of a schema belongs to: all requests of one user, or in one namespace, or all there are.
func flowOf(method *api.FlowDistinguisherMethod, d *Digest) string {
	switch {
	case method == nil:
		return ""
	case method.Type == api.FlowDistinguisherMethodByUserType:
		return d.User
	default:
		return d.Namespace
	}
}
