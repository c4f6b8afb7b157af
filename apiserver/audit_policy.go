package apiserver

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"kubelite/api"
)

// auditPolicy says what of which requests the audit log is told. It is read from a file, in upstream's form
// (audit.k8s.io/v1, kind Policy), when the server starts. The first rule that matches a request counts; a request that no
// rule matches leaves no trace.
type auditPolicy struct {
	api.TypeMeta   `json:",inline"`
	api.ObjectMeta `json:"metadata,omitempty"`
	Rules          []auditRule `json:"rules"`
	// OmitStages are left out, whatever the rules say.
	OmitStages []auditStage `json:"omitStages,omitempty"`
	// OmitManagedFields leaves the managed fields of objects out, where a rule does not say so itself.
	OmitManagedFields bool `json:"omitManagedFields,omitempty"`
}

// auditRule matches requests by all that it names; what it leaves out matches everything.
type auditRule struct {
	Level      auditLevel `json:"level"`
	Users      []string   `json:"users,omitempty"`
	UserGroups []string   `json:"userGroups,omitempty"`
	Verbs      []string   `json:"verbs,omitempty"`
	// Resources and Namespaces make it a rule on resources, NonResourceURLs one on other paths. Namespace "" is where
	// cluster-scoped objects are.
	Resources         []auditResources `json:"resources,omitempty"`
	Namespaces        []string         `json:"namespaces,omitempty"`
	NonResourceURLs   []string         `json:"nonResourceURLs,omitempty"`
	OmitStages        []auditStage     `json:"omitStages,omitempty"`
	OmitManagedFields *bool            `json:"omitManagedFields,omitempty"`
}

// auditResources are resources of a group: "pods", "pods/log", "pods/*", "*/scale", "*". None: all of the group's.
type auditResources struct {
	Group         string   `json:"group,omitempty"`
	Resources     []string `json:"resources,omitempty"`
	ResourceNames []string `json:"resourceNames,omitempty"`
}

// auditLevel is how much is told: nothing, who did what to which object, what they sent, what they got.
type auditLevel string

const (
	auditNone            auditLevel = "None"
	auditMetadata        auditLevel = "Metadata"
	auditRequest         auditLevel = "Request"
	auditRequestResponse auditLevel = "RequestResponse"
)

var auditLevels = []auditLevel{auditNone, auditMetadata, auditRequest, auditRequestResponse}

// includes tells whether a level tells all that another one does.
func (l auditLevel) includes(other auditLevel) bool {
	return slices.Index(auditLevels, l) >= slices.Index(auditLevels, other)
}

// auditStage is when an event is written: a request came, a long answer (a watch) began, an answer is complete, or the
// server tripped over the request.
type auditStage string

const (
	auditReceived auditStage = "RequestReceived"
	auditStarted  auditStage = "ResponseStarted"
	auditComplete auditStage = "ResponseComplete"
	auditPanic    auditStage = "Panic"
)

var auditStages = []auditStage{auditReceived, auditStarted, auditComplete, auditPanic}

// loadAuditPolicy reads a policy, and finds every mistake in it before the server runs.
func loadAuditPolicy(file string) (*auditPolicy, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("load the audit policy: %w", err)
	}
	p := &auditPolicy{}
	if err := p.parse(data); err != nil {
		return nil, fmt.Errorf("load the audit policy %s: %w", file, err)
	}
	return p, nil
}

func (p *auditPolicy) parse(data []byte) error {
	data, mistakes, err := api.YAMLToJSONStrict(data)
	if err == nil && len(mistakes) == 0 {
		mistakes, err = api.UnmarshalJSONStrict(data, p)
	}
	if err := errors.Join(append(mistakes, err)...); err != nil {
		return err
	}
	if p.APIVersion != auditAPIVersion || p.Kind != "Policy" {
		return fmt.Errorf("want kind Policy of %s, not %s of %q", auditAPIVersion, or(p.Kind, `""`), p.APIVersion)
	}
	errs := invalidStages(p.OmitStages, "omitStages")
	for i := range p.Rules {
		errs = append(errs, p.Rules[i].check(api.Path("rules").Index(i))...)
	}
	if len(errs) > 0 {
		return errors.New(errs.Aggregate())
	}
	if len(p.Rules) == 0 {
		return errors.New("loaded illegal policy with 0 rules")
	}
	return nil
}

func (r *auditRule) check(path api.Path) (errs api.ErrorList) {
	switch {
	case r.Level == "":
		errs = append(errs, path.Child("level").Required(""))
	case !slices.Contains(auditLevels, r.Level):
		errs = append(errs, path.Child("level").NotSupported(string(r.Level), "None", "Metadata", "Request", "RequestResponse"))
	}
	for i, url := range r.NonResourceURLs {
		at := path.Child("nonResourceURLs").Index(i)
		if url != "*" && !strings.HasPrefix(url, "/") {
			errs = append(errs, at.Invalid(url, "non-resource URL rules must begin with a '/' character"))
		}
		if strings.Contains(strings.TrimSuffix(url, "*"), "*") {
			errs = append(errs, at.Invalid(url, "non-resource URL wildcards '*' must be the final character of the rule"))
		}
	}
	for i, group := range r.Resources {
		at := path.Child("resources").Index(i)
		if messages := api.IsDNS1123Subdomain(group.Group); group.Group != "" && group.Group != "*" && len(messages) > 0 {
			errs = append(errs, at.Child("group").Invalid(group.Group, strings.Join(messages, ",")))
		}
		if len(group.ResourceNames) > 0 && len(group.Resources) == 0 {
			errs = append(errs, at.Child("resourceNames").Invalid(group.ResourceNames, "using resourceNames requires at least one resource"))
		}
	}
	errs = append(errs, invalidStages(r.OmitStages, path.Child("omitStages"))...)
	if len(r.NonResourceURLs) > 0 && len(r.Resources)+len(r.Namespaces) > 0 {
		errs = append(errs, path.Child("nonResourceURLs").Invalid(r.NonResourceURLs, "rules cannot apply to both regular resources and non-resource URLs"))
	}
	return errs
}

func invalidStages(stages []auditStage, path api.Path) (errs api.ErrorList) {
	for i, stage := range stages {
		if !slices.Contains(auditStages, stage) {
			errs = append(errs, path.Index(i).Invalid(string(stage), "allowed stages are RequestReceived,ResponseStarted,ResponseComplete,Panic"))
		}
	}
	return errs
}

// rule finds the rule for a request; nil: there is nothing to tell.
func (p *auditPolicy) rule(req *Request) *auditRule {
	for i := range p.Rules {
		if r := &p.Rules[i]; r.matches(req) {
			if r.Level == auditNone {
				return nil
			}
			return r
		}
	}
	return nil
}

func (r *auditRule) matches(req *Request) bool {
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
			(len(r.Resources) == 0 || slices.ContainsFunc(r.Resources, func(group auditResources) bool { return group.matches(req) }))
	case len(r.NonResourceURLs) > 0:
		return !req.IsResource && slices.ContainsFunc(r.NonResourceURLs, func(pattern string) bool {
			prefix, wild := strings.CutSuffix(pattern, "*")
			return pattern == req.HTTP.URL.Path || wild && strings.HasPrefix(req.HTTP.URL.Path, prefix)
		})
	}
	return true
}

func (g *auditResources) matches(req *Request) bool {
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
