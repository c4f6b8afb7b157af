package rbac

import (
	"slices"
	"strings"

	"kubelite/api"
)

// Attributes is what a decision is about: who wants to do what.
type Attributes struct {
	User   string
	Groups []string
	Verb   string

	// IsResource tells which of the following count: all but Path, or Path alone.
	IsResource  bool
	Group       string
	Resource    string
	Subresource string
	Namespace   string // empty: cluster-scoped, or all namespaces
	Name        string // empty: no single object

	Path string
}

// RuleAllows tells whether one rule allows a request.
func RuleAllows(rule *api.PolicyRule, a *Attributes) bool {
	if !has(rule.Verbs, a.Verb) {
		return false
	}
	if !a.IsResource {
		return slices.ContainsFunc(rule.NonResourceURLs, func(url string) bool { return matchesPath(url, a.Path) })
	}
	return has(rule.APIGroups, a.Group) && matchesResource(rule.Resources, a) &&
		(len(rule.ResourceNames) == 0 || slices.Contains(rule.ResourceNames, a.Name))
}

// has tells whether a list of a rule has a word, or the star that stands for all.
func has(list []string, word string) bool {
	for _, w := range list {
		if w == word || w == api.RBACAll {
			return true
		}
	}
	return false
}

// matchesPath: a star at the end stands for every rest.
func matchesPath(pattern, path string) bool {
	if pattern == path {
		return true
	}
	return strings.HasSuffix(pattern, "*") && strings.HasPrefix(path, strings.TrimRight(pattern, "*"))
}

// matchesResource: "pods", "pods/log", "*/log" or "*". It is written so as not to put "pods/log" together each time.
func matchesResource(list []string, a *Attributes) bool {
	for _, pattern := range list {
		if pattern == api.RBACAll {
			return true
		}
		resource, subresource, isSub := strings.Cut(pattern, "/")
		if subresource == a.Subresource && isSub == (a.Subresource != "") &&
			(resource == a.Resource || resource == api.RBACAll && isSub) {
			return true
		}
	}
	return false
}
