package apiserver

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"kubelite/api"
	"kubelite/cel"
)

// Admission policies are rules in CEL that the server evaluates itself. This file is what the two sorts have in common:
// which bindings of a policy are about a write, with which parameters, and what their expressions see.

// policy is a policy and its bindings, compiled.
type policy struct {
	name       string
	failure    api.FailurePolicyType
	params     *api.ParamKind
	match      *policyMatch
	conditions *matchConditions
	scope      expressionScope // of the expressions below the variables
	variables  []namedExpression
	bindings   []*policyBinding
}

// policyBinding is what puts a policy into force.
type policyBinding struct {
	name    string
	params  *api.ParamRef
	match   *policyMatch // nil: whatever the policy matches
	actions []api.ValidationAction
}

type namedExpression struct {
	name string
	*expression
}

// newPolicy compiles what the two sorts have in common.
func newPolicy(name string, failure *api.FailurePolicyType, params *api.ParamKind, match *api.MatchResources, conditions []api.MatchCondition, variables []api.Variable) *policy {
	p := &policy{name: name, failure: api.Deref(failure, api.FailurePolicyFail), params: params, match: newPolicyMatch(match)}
	p.conditions = compileMatchConditions(conditions, p.failure, params != nil)
	p.scope, p.variables = compileVariables(expressionScope{params: params != nil, authorizer: true}, variables)
	return p
}

// compileVariables compiles the variables of a policy, each of which may use those before it, and returns the scope of
// what comes after them.
func compileVariables(scope expressionScope, variables []api.Variable) (expressionScope, []namedExpression) {
	var list []namedExpression
	for _, v := range variables {
		e := &expression{text: v.Expression}
		if env, err := scope.env(); err != nil {
			e.err = err
		} else {
			e = compileExpression(env, v.Expression)
		}
		list = append(list, namedExpression{v.Name, e})
		fields := map[string]*cel.Type{}
		if scope.variables != nil {
			for name, t := range scope.variables.Fields {
				fields[name] = t
			}
		}
		fields[v.Name] = cel.Dynamic
		if e.program != nil {
			fields[v.Name] = e.program.Output()
		}
		scope.variables = objectType("kubernetes.variables", fields)
	}
	return scope, list
}

// policyMatch picks writes for a policy or a binding.
type policyMatch struct {
	namespaces, objects api.Selector
	rules, excluded     []api.NamedRuleWithOperations
	policy              api.MatchPolicyType
}

func newPolicyMatch(m *api.MatchResources) *policyMatch {
	if m == nil {
		return nil
	}
	return &policyMatch{
		namespaces: selectorOrEverything(m.NamespaceSelector), objects: selectorOrEverything(m.ObjectSelector),
		rules: m.ResourceRules, excluded: m.ExcludeResourceRules, policy: api.Deref(m.MatchPolicy, api.MatchPolicyEquivalent),
	}
}

// matches finds the resource by which the write is picked: its own, or another version of it. Nil: it is not picked.
func (m *policyMatch) matches(ctx context.Context, w *write) (*Resource, error) {
	if m == nil {
		return w.res, nil
	}
	if !w.selectedObject(m.objects) || m.byRules(w, m.excluded) != nil {
		return nil, nil
	}
	res := w.res
	if len(m.rules) > 0 {
		res = m.byRules(w, m.rules)
	}
	if res == nil {
		return nil, nil
	}
	in, err := w.inSelectedNamespace(ctx, m.namespaces)
	if err != nil || !in {
		return nil, err
	}
	return res, nil
}

// byRules finds the resource by which one of the rules picks the write.
func (m *policyMatch) byRules(w *write, rules []api.NamedRuleWithOperations) *Resource {
	var named []api.RuleWithOperations
	for i := range rules {
		if names := rules[i].ResourceNames; len(names) == 0 || slices.Contains(names, w.name) {
			named = append(named, rules[i].RuleWithOperations)
		}
	}
	return w.matched(named, m.policy)
}

// invocation is one evaluation of a policy: for a binding, with one set of parameters.
type invocation struct {
	policy  *policy
	binding *policyBinding
	seen    *write // the write, in the version that the policy's rules name
	params  any    // JSON data; nil: none
	key     string // unique among the evaluations of one write
}

// policyFailure is a policy that could not be evaluated.
type policyFailure struct {
	binding *policyBinding // nil: the policy itself is at fault
	reason  error
}

// invocations finds out in which ways the policy is to be evaluated for a write.
func (p *policy) invocations(ctx context.Context, w *write) (list []*invocation, failures []policyFailure) {
	res, err := p.match.matches(ctx, w)
	if err != nil {
		return nil, []policyFailure{{nil, fmt.Errorf("failed to configure policy: %w", err)}}
	}
	if res == nil {
		return nil, nil
	}
	paramRes, err := w.server.paramResource(p.params)
	if err != nil {
		return nil, []policyFailure{{nil, fmt.Errorf("failed to configure policy: %w", err)}}
	}
	for _, b := range p.bindings {
		fail := func(err error) {
			failures = append(failures, policyFailure{b, fmt.Errorf("failed to configure binding: %w", err)})
		}
		if in, err := b.match.matches(ctx, w); err != nil {
			fail(err)
			continue
		} else if in == nil {
			continue
		}
		seen, err := w.as(ctx, res)
		if err != nil {
			fail(fmt.Errorf("failed to convert object version: %w", err))
			continue
		}
		params, err := b.collect(ctx, w, paramRes)
		if err != nil {
			fail(err)
			continue
		}
		for _, param := range params {
			inv := &invocation{policy: p, binding: b, seen: seen, key: p.name + "\n" + b.name}
			if param != nil {
				meta := param.GetObjectMeta()
				inv.key += "\n" + meta.Key().String()
				if inv.params, err = api.JSONOf(param); err != nil {
					fail(err)
					continue
				}
			}
			list = append(list, inv)
		}
	}
	return list, failures
}

// paramResource is where parameters of a kind are; nil for no kind: the policy has none.
func (s *Server) paramResource(kind *api.ParamKind) (*Resource, error) {
	if kind == nil {
		return nil, nil
	}
	for _, res := range s.rows() {
		if res.APIVersion() == kind.APIVersion && res.Kind.Kind == kind.Kind && !res.neverStored() {
			return res, nil
		}
	}
	return nil, fmt.Errorf("failed to find resource referenced by paramKind: '%s, Kind=%s'", kind.APIVersion, kind.Kind)
}

// collect finds the parameters of a binding: objects, or nil where the policy is to be evaluated without any. Nothing
// found, and that is allowed: an empty list.
func (b *policyBinding) collect(ctx context.Context, w *write, res *Resource) ([]api.Object, error) {
	if res == nil || b.params == nil {
		return []api.Object{nil}, nil
	}
	namespace := ""
	switch {
	case res.Namespaced:
		namespace = b.params.Namespace
		if namespace == "" {
			namespace = w.namespace
		}
		if namespace == "" {
			return nil, errors.New("cannot use namespaced paramRef in policy binding that matches cluster-scoped resources")
		}
	case b.params.Namespace != "":
		return nil, errors.New("paramRef.namespace must not be provided for a cluster-scoped `paramKind`")
	}
	found, err := b.find(ctx, w.server, res, namespace)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 && api.Deref(b.params.ParameterNotFoundAction, "") == api.ParameterNotFoundDeny {
		return nil, errors.New("no params found for policy binding with `Deny` parameterNotFoundAction")
	}
	return found, nil
}

func (b *policyBinding) find(ctx context.Context, s *Server, res *Resource, namespace string) ([]api.Object, error) {
	if b.params.Name != "" {
		obj, err := s.readObject(ctx, res, namespace, b.params.Name)
		if api.IsNotFound(err) {
			return nil, nil
		}
		return []api.Object{obj}, err
	}
	selector := selectorOrEverything(b.params.Selector)
	prefix := res.prefix
	if res.Namespaced {
		prefix = res.key(namespace, "")
	}
	var found []api.Object
	entries, _ := s.cache.kind(res).list(prefix, "")
	for _, e := range entries {
		if !selector.Matches(e.attrs(res).labels) {
			continue
		}
		obj, err := res.view(ctx, e)
		if err != nil {
			return nil, err
		}
		found = append(found, obj)
	}
	return found, nil
}

// values are what the expressions of the policy see, and may cost.
func (inv *invocation) values(ctx context.Context) (map[string]any, *cel.Budget, error) {
	values, err := inv.seen.variables(ctx)
	if err != nil {
		return nil, nil, err
	}
	if values["namespaceObject"], err = inv.seen.namespaceTree(ctx); err != nil {
		return nil, nil, err
	}
	budget := cel.NewBudget(cel.ObjectBudget)
	values["params"] = inv.params
	values["variables"] = cel.Lazy(func(name string) (cel.Value, error) {
		for _, v := range inv.policy.variables {
			if v.name == name {
				value, err := v.eval(ctx, values, budget)
				if err != nil {
					err = fmt.Errorf("composited variable %q fails to evaluate: %w", name, err)
				}
				return value, err
			}
		}
		return cel.Value{}, fmt.Errorf("no such key: %s", name)
	})
	return values, budget, nil
}

// codeOf is the HTTP code for the reason of a refusal.
func codeOf(reason api.StatusReason) int32 {
	switch reason {
	case api.StatusReasonForbidden:
		return http.StatusForbidden
	case api.StatusReasonUnauthorized:
		return http.StatusUnauthorized
	case api.StatusReasonRequestEntityTooLarge:
		return http.StatusRequestEntityTooLarge
	}
	return http.StatusUnprocessableEntity
}

// forbidden is the refusal of a write, to which policies add.
func (w *write) forbidden(why error) *api.StatusError {
	name := w.name
	if name == "" {
		name = "Unknown"
		if w.object != nil {
			if generate := w.object.GetObjectMeta().GenerateName; generate != "" {
				name = generate
			}
		}
	}
	return api.NewForbidden(w.req.Resource.Kind, name, why)
}

// notForPolicies are questions about users: a policy could lock everybody out by them.
func notForPolicies(res *Resource) bool {
	switch res.Group {
	case "authentication.k8s.io", "authorization.k8s.io":
		return true
	}
	return false
}
