package rbac

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"kubelite/api"
)

// Covers returns the parts of the rules wanted that the rules held do not allow, each with one verb, resource and name.
// Nobody may give away what they do not have: this is how that is found out.
//
// A part is so small that a single rule either allows all of it or nothing, so that it is enough to look for one.
func Covers(held, wanted []api.PolicyRule) (missing []api.PolicyRule) {
	for i := range wanted {
		for _, part := range parts(&wanted[i]) {
			if !slices.ContainsFunc(held, func(rule api.PolicyRule) bool { return coversPart(&rule, &part) }) {
				missing = append(missing, part)
			}
		}
	}
	return missing
}

// parts breaks a rule down: one verb, one group, one resource, at most one name; or one verb and one path.
func parts(rule *api.PolicyRule) (list []api.PolicyRule) {
	for _, group := range rule.APIGroups {
		for _, resource := range rule.Resources {
			for _, verb := range rule.Verbs {
				part := api.PolicyRule{Verbs: []string{verb}, APIGroups: []string{group}, Resources: []string{resource}}
				if len(rule.ResourceNames) == 0 {
					list = append(list, part)
				}
				for _, name := range rule.ResourceNames {
					part.ResourceNames = []string{name}
					list = append(list, part)
				}
			}
		}
	}
	for _, path := range rule.NonResourceURLs {
		for _, verb := range rule.Verbs {
			list = append(list, api.PolicyRule{Verbs: []string{verb}, NonResourceURLs: []string{path}})
		}
	}
	return list
}

// coversPart tells whether a rule allows all that a part does. A star in the part is covered by a star alone.
func coversPart(rule, part *api.PolicyRule) bool {
	if !has(rule.Verbs, part.Verbs[0]) {
		return false
	}
	if len(part.NonResourceURLs) > 0 {
		return slices.ContainsFunc(rule.NonResourceURLs, func(url string) bool { return matchesPath(url, part.NonResourceURLs[0]) })
	}
	if !has(rule.APIGroups, part.APIGroups[0]) || !coversResource(rule.Resources, part.Resources[0]) {
		return false
	}
	if len(part.ResourceNames) == 0 {
		return len(rule.ResourceNames) == 0
	}
	return len(rule.ResourceNames) == 0 || slices.Contains(rule.ResourceNames, part.ResourceNames[0])
}

func coversResource(list []string, resource string) bool {
	if has(list, resource) {
		return true
	}
	_, subresource, ok := strings.Cut(resource, "/")
	return ok && slices.Contains(list, "*/"+subresource)
}

// ConfirmNoEscalation is the check itself: an error that lists what a user would give away without having it.
func (p *Policy) ConfirmNoEscalation(user string, groups []string, namespace string, wanted []api.PolicyRule) error {
	held, err := p.RulesFor(user, groups, namespace)
	missing := Covers(held, wanted)
	if len(missing) == 0 {
		return nil
	}
	descriptions := map[string]bool{}
	for _, rule := range compact(missing) {
		descriptions[describe(&rule)] = true
	}
	text := fmt.Sprintf("user %q (groups=%q) is attempting to grant RBAC permissions not currently held:\n%s",
		user, groups, strings.Join(slices.Sorted(maps.Keys(descriptions)), "\n"))
	if err != nil {
		text += fmt.Sprintf("; resolution errors: [%v]", err)
	}
	return errors.New(text)
}

// compact puts the verbs of the same resource together again, so that messages are short.
func compact(missing []api.PolicyRule) []api.PolicyRule {
	type place struct{ group, resource, name string }
	var list []api.PolicyRule
	index := map[place]int{}
	for _, part := range missing {
		if len(part.NonResourceURLs) > 0 {
			list = append(list, part)
			continue
		}
		at := place{group: part.APIGroups[0], resource: part.Resources[0]}
		if len(part.ResourceNames) > 0 {
			at.name = part.ResourceNames[0]
		}
		if i, ok := index[at]; ok {
			list[i].Verbs = append(list[i].Verbs, part.Verbs...)
			continue
		}
		index[at] = len(list)
		list = append(list, part)
	}
	return list
}

// describe writes a rule as upstream's messages do: {APIGroups:[""], Resources:["pods"], Verbs:["get"]}.
func describe(rule *api.PolicyRule) string {
	var texts []string
	for _, list := range []struct {
		name  string
		words []string
	}{
		{"APIGroups", rule.APIGroups}, {"Resources", rule.Resources}, {"NonResourceURLs", rule.NonResourceURLs},
		{"ResourceNames", rule.ResourceNames}, {"Verbs", rule.Verbs},
	} {
		if len(list.words) > 0 {
			texts = append(texts, fmt.Sprintf("%s:%q", list.name, list.words))
		}
	}
	return "{" + strings.Join(texts, ", ") + "}"
}
