// Package audit is the vocabulary of the audit log: audit.k8s.io/v1, a group that is read from a file and never served. The API
// server follows a Policy (apiserver/audit.go); whoever starts one can see before whether it makes sense.
package audit

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"kubelite/api"
)

// APIVersion is the group and version of policies and events.
const APIVersion = "audit.k8s.io/v1"

// Policy says what of which requests the audit log is told. It is read from a file, in upstream's form
// (audit.k8s.io/v1, kind Policy), when the server starts. The first rule that matches a request counts; a request that no
// rule matches leaves no trace.
type Policy struct {
	api.TypeMeta   `json:",inline"`
	api.ObjectMeta `json:"metadata,omitempty"`
	Rules          []Rule `json:"rules"`
	// OmitStages are left out, whatever the rules say.
	OmitStages []Stage `json:"omitStages,omitempty"`
	// OmitManagedFields leaves the managed fields of objects out, where a rule does not say so itself.
	OmitManagedFields bool `json:"omitManagedFields,omitempty"`
}

// Rule matches requests by all that it names; what it leaves out matches everything.
type Rule struct {
	Level      Level    `json:"level"`
	Users      []string `json:"users,omitempty"`
	UserGroups []string `json:"userGroups,omitempty"`
	Verbs      []string `json:"verbs,omitempty"`
	// Resources and Namespaces make it a rule on resources, NonResourceURLs one on other paths. Namespace "" is where
	// cluster-scoped objects are.
	Resources         []Resources `json:"resources,omitempty"`
	Namespaces        []string    `json:"namespaces,omitempty"`
	NonResourceURLs   []string    `json:"nonResourceURLs,omitempty"`
	OmitStages        []Stage     `json:"omitStages,omitempty"`
	OmitManagedFields *bool       `json:"omitManagedFields,omitempty"`
}

// Resources are resources of a group: "pods", "pods/log", "pods/*", "*/scale", "*". None: all of the group's.
type Resources struct {
	Group         string   `json:"group,omitempty"`
	Resources     []string `json:"resources,omitempty"`
	ResourceNames []string `json:"resourceNames,omitempty"`
}

// Level is how much is told.
type Level string

// The levels, each of which tells all that those before it do: nothing, who did what to which object, what they sent, what they
// got.
const (
	LevelNone            Level = "None"
	LevelMetadata        Level = "Metadata"
	LevelRequest         Level = "Request"
	LevelRequestResponse Level = "RequestResponse"
)

var levels = []Level{LevelNone, LevelMetadata, LevelRequest, LevelRequestResponse}

// Includes tells whether a level tells all that another one does.
func (l Level) Includes(other Level) bool {
	return slices.Index(levels, l) >= slices.Index(levels, other)
}

// Stage is when an event is written: a request came, a long answer (a watch) began, an answer is complete, or the
// server tripped over the request.
type Stage string

// The stages.
const (
	StageRequestReceived  Stage = "RequestReceived"
	StageResponseStarted  Stage = "ResponseStarted"
	StageResponseComplete Stage = "ResponseComplete"
	StagePanic            Stage = "Panic"
)

var stages = []Stage{StageRequestReceived, StageResponseStarted, StageResponseComplete, StagePanic}

// ParsePolicy reads a policy, YAML or JSON, and finds every mistake in it.
func ParsePolicy(data []byte) (*Policy, error) {
	p := &Policy{}
	if err := p.parse(data); err != nil {
		return nil, err
	}
	return p, nil
}

func (p *Policy) parse(data []byte) error {
	data, mistakes, err := api.YAMLToJSONStrict(data)
	if err == nil && len(mistakes) == 0 {
		mistakes, err = api.UnmarshalJSONStrict(data, p)
	}
	if err := errors.Join(append(mistakes, err)...); err != nil {
		return err
	}
	if p.APIVersion != APIVersion || p.Kind != "Policy" {
		return fmt.Errorf("want kind Policy of %s, not %q of %q", APIVersion, p.Kind, p.APIVersion)
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

func (r *Rule) check(path api.Path) (errs api.ErrorList) {
	switch {
	case r.Level == "":
		errs = append(errs, path.Child("level").Required(""))
	case !slices.Contains(levels, r.Level):
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

func invalidStages(named []Stage, path api.Path) (errs api.ErrorList) {
	for i, stage := range named {
		if !slices.Contains(stages, stage) {
			errs = append(errs, path.Index(i).Invalid(string(stage), "allowed stages are RequestReceived,ResponseStarted,ResponseComplete,Panic"))
		}
	}
	return errs
}
