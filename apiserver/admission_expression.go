package apiserver

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"kubelite/api"
	"kubelite/cel"
)

// The expressions of webhooks and admission policies: which variables they have, and what is in them.

// expressionScope is what an expression may use besides object, oldObject, request and namespaceObject.
type expressionScope struct {
	params     bool
	authorizer bool
	variables  *cel.Type // of `variables`: an Object with a field for each; nil: there are none
	object     *cel.Type // of object and oldObject; nil: they may be anything
}

// env is the environment that expressions of this scope are compiled in.
func (sc expressionScope) env() (*cel.Env, error) {
	env, err := sc.withoutVariables()
	if err != nil || sc.variables == nil {
		return env, err
	}
	return env.With(cel.Variable{Name: "variables", Type: sc.variables})
}

// withoutVariables is the part of the environment that policies have in common.
func (sc expressionScope) withoutVariables() (*cel.Env, error) {
	if sc.object != nil {
		return sc.build()
	}
	envs, err := commonEnvs()
	return envs[expressionScope{params: sc.params, authorizer: sc.authorizer}], err
}

// commonEnvs are the environments in which objects may be anything. They are made once.
var commonEnvs = sync.OnceValues(func() (map[expressionScope]*cel.Env, error) {
	envs := map[expressionScope]*cel.Env{}
	for _, scope := range []expressionScope{{}, {params: true}, {authorizer: true}, {params: true, authorizer: true}} {
		env, err := scope.build()
		if err != nil {
			return nil, err
		}
		envs[scope] = env
	}
	return envs, nil
})

func (sc expressionScope) build() (*cel.Env, error) {
	object := sc.object
	if object == nil {
		object = cel.Dynamic
	}
	declared := []cel.Variable{
		{Name: "object", Type: object}, {Name: "oldObject", Type: object},
		{Name: "namespaceObject", Type: namespaceType()}, {Name: "request", Type: requestType()},
	}
	if sc.params {
		declared = append(declared, cel.Variable{Name: "params", Type: cel.Dynamic})
	}
	if sc.authorizer {
		declared = append(declared, cel.Variable{Name: "authorizer", Type: cel.Authorizes}, cel.Variable{Name: "authorizer.requestResource", Type: cel.Checks})
	}
	return cel.Base().With(declared...)
}

// objectType makes an Object type whose fields are called what they are.
func objectType(name string, fields map[string]*cel.Type) *cel.Type {
	return &cel.Type{Kind: cel.Object, Name: name, Fields: fields, Plain: true}
}

// requestType is what expressions know of the variable request: an AdmissionRequest less the objects.
func requestType() *cel.Type {
	kind := objectType("kubernetes.GroupVersionKind", map[string]*cel.Type{"group": cel.AnyString, "version": cel.AnyString, "kind": cel.AnyString})
	resource := objectType("kubernetes.GroupVersionResource", map[string]*cel.Type{"group": cel.AnyString, "version": cel.AnyString, "resource": cel.AnyString})
	user := objectType("kubernetes.UserInfo", map[string]*cel.Type{
		"username": cel.AnyString, "uid": cel.AnyString, "groups": cel.ListOf(cel.AnyString), "extra": cel.MapOf(cel.ListOf(cel.AnyString)),
	})
	return objectType("kubernetes.AdmissionRequest", map[string]*cel.Type{
		"kind": kind, "resource": resource, "subResource": cel.AnyString,
		"requestKind": kind, "requestResource": resource, "requestSubResource": cel.AnyString,
		"name": cel.AnyString, "namespace": cel.AnyString, "operation": cel.AnyString,
		"userInfo": user, "dryRun": cel.AnyBool, "options": cel.Dynamic,
	})
}

// namespaceType is what expressions know of the variable namespaceObject.
func namespaceType() *cel.Type {
	return objectType("kubernetes.Namespace", map[string]*cel.Type{
		"metadata": objectType("kubernetes.NamespaceMetadata", map[string]*cel.Type{
			"name": cel.AnyString, "generateName": cel.AnyString, "namespace": cel.AnyString, "labels": cel.MapOf(cel.AnyString),
			"annotations": cel.MapOf(cel.AnyString), "UID": cel.AnyString, "creationTimestamp": cel.AnyTime,
			"deletionGracePeriodSeconds": cel.AnyInt, "deletionTimestamp": cel.AnyTime, "generation": cel.AnyInt,
			"resourceVersion": cel.AnyString, "finalizers": cel.ListOf(cel.AnyString),
		}),
		"spec": objectType("kubernetes.NamespaceSpec", map[string]*cel.Type{"finalizers": cel.ListOf(cel.AnyString)}),
		"status": objectType("kubernetes.NamespaceStatus", map[string]*cel.Type{
			"phase": cel.AnyString,
			"conditions": cel.ListOf(objectType("kubernetes.NamespaceCondition", map[string]*cel.Type{
				"status": cel.AnyString, "type": cel.AnyString, "lastTransitionTime": cel.AnyTime, "message": cel.AnyString, "reason": cel.AnyString,
			})),
		}),
	})
}

// expression is a text and what the compiler made of it.
type expression struct {
	text    string
	program *cel.Program
	err     error
}

// compileExpression compiles a text whose result must be of one of the wanted types. It always returns an
// expression: one with a mistake fails when it is evaluated.
func compileExpression(env *cel.Env, text string, wanted ...*cel.Type) *expression {
	e := &expression{text: text}
	program, err := env.Compile(text)
	switch {
	case err != nil:
		e.err = fmt.Errorf("compilation failed: %w", err)
	case len(wanted) > 0 && !program.Is(wanted...):
		e.err = mustEvaluateTo(program, wanted)
	default:
		e.program = program
	}
	return e
}

func mustEvaluateTo(program *cel.Program, wanted []*cel.Type) error {
	if len(wanted) == 1 {
		return fmt.Errorf("must evaluate to %v but got %v", wanted[0], program.Output())
	}
	names := make([]string, len(wanted))
	for i, t := range wanted {
		names[i] = t.String()
	}
	return fmt.Errorf("must evaluate to one of [%s] but got %v", strings.Join(names, " "), program.Output())
}

// eval evaluates the expression. An error that is cel.ErrBudget, or cel.ErrInternal, ends all evaluation.
func (e *expression) eval(ctx context.Context, variables map[string]any, budget *cel.Budget) (cel.Value, error) {
	if e.err != nil {
		return cel.Value{}, fmt.Errorf("compilation error: %w", e.err)
	}
	value, err := e.program.Eval(ctx, variables, budget)
	switch {
	case errors.Is(err, cel.ErrBudget), errors.Is(err, cel.ErrInternal):
		return value, err
	case budget.Spent(): // by variables that were evaluated on the way
		return value, cel.ErrBudget
	case err != nil:
		return value, fmt.Errorf("expression '%v' resulted in error: %w", e.text, err)
	}
	return value, nil
}

// ends tells errors after which no other expression may be evaluated.
func ends(err error) bool { return errors.Is(err, cel.ErrBudget) || errors.Is(err, cel.ErrInternal) }

// matchConditions are the expressions that say whether a webhook or a policy is asked at all.
type matchConditions struct {
	expressions []*expression
	failure     api.FailurePolicyType
}

func compileMatchConditions(conditions []api.MatchCondition, failure api.FailurePolicyType, params bool) *matchConditions {
	m := &matchConditions{failure: failure}
	if len(conditions) == 0 {
		return m
	}
	env, err := expressionScope{params: params, authorizer: true}.env()
	for _, c := range conditions {
		if err != nil {
			m.expressions = append(m.expressions, &expression{text: c.Expression, err: err})
			continue
		}
		m.expressions = append(m.expressions, compileExpression(env, c.Expression, cel.AnyBool))
	}
	return m
}

// match evaluates the conditions. One that is false decides; else one that fails is left to the failure policy.
func (m *matchConditions) match(ctx context.Context, w *write, params any) (bool, error) {
	if len(m.expressions) == 0 {
		return true, nil
	}
	variables, err := w.variables(ctx)
	if err != nil {
		return false, err
	}
	variables["params"], variables["namespaceObject"] = params, nil
	budget := cel.NewBudget(cel.MatchConditionsBudget)
	var failed []error
	for _, e := range m.expressions {
		value, err := e.eval(ctx, variables, budget)
		if ends(err) {
			failed = []error{err}
			break
		}
		if err != nil {
			failed = append(failed, err)
		} else if matches, ok := value.Bool(); ok && !matches {
			return false, nil
		}
	}
	if len(failed) == 0 {
		return true, nil
	}
	if m.failure == api.FailurePolicyIgnore {
		return false, nil
	}
	return false, aggregate(failed)
}

// aggregate makes one error of several; an only one stays what it is.
func aggregate(errs []error) error {
	if len(errs) == 1 {
		return errs[0]
	}
	return errors.New(api.Aggregate(errs))
}

// variables are what expressions see of a write. The caller owns the map.
func (w *write) variables(ctx context.Context) (map[string]any, error) {
	for _, side := range []struct {
		obj  api.Object
		tree *any
	}{{w.object, &w.objectTree}, {w.old, &w.oldTree}} {
		if side.obj == nil || *side.tree != nil {
			continue
		}
		tree, err := api.JSONOf(side.obj)
		if err != nil {
			return nil, err
		}
		*side.tree = tree
	}
	request, err := w.requestTree()
	if err != nil {
		return nil, err
	}
	asks := userAuthorizer{w.server, w.req.User}
	return map[string]any{
		"object": w.objectTree, "oldObject": w.oldTree, "request": request,
		"authorizer": cel.NewAuthorizer(ctx, asks),
		"authorizer.requestResource": cel.NewCheck(ctx, asks, cel.Access{
			Group: w.res.Group, Resource: w.res.Plural, Subresource: w.req.Subresource, Namespace: w.namespace, Name: w.name,
		}),
	}, nil
}

// requestTree is the variable request.
func (w *write) requestTree() (map[string]any, error) {
	origin := w.origin
	if origin == nil {
		origin = w
	}
	tree := map[string]any{
		"kind":            map[string]any{"group": w.kind.Group, "version": w.kind.Version, "kind": w.kind.Kind},
		"resource":        map[string]any{"group": w.res.Group, "version": w.res.Version, "resource": w.res.Plural},
		"requestKind":     map[string]any{"group": origin.kind.Group, "version": origin.kind.Version, "kind": origin.kind.Kind},
		"requestResource": map[string]any{"group": origin.res.Group, "version": origin.res.Version, "resource": origin.res.Plural},
		"operation":       string(w.operation), "dryRun": w.req.DryRun,
	}
	for field, text := range map[string]string{
		"name": w.name, "namespace": w.namespace, "subResource": w.req.Subresource, "requestSubResource": w.req.Subresource,
	} {
		if text != "" {
			tree[field] = text
		}
	}
	user, err := api.JSONOf(w.userInfo())
	if err != nil {
		return nil, err
	}
	tree["userInfo"] = user
	if options := w.admissionOptions(); options != nil {
		if tree["options"], err = api.JSONOf(options); err != nil {
			return nil, err
		}
	}
	return tree, nil
}

// namespaceTree is the variable namespaceObject: nil for objects that are in no namespace.
func (w *write) namespaceTree(ctx context.Context) (any, error) {
	if w.namespace == "" || w.isNamespace() {
		return nil, nil
	}
	ns, err := read[*api.Namespace](ctx, w.server, "", w.namespace)
	if err != nil {
		return nil, err
	}
	return api.JSONOf(ns)
}

// userAuthorizer answers what expressions ask about the user who sent the request.
type userAuthorizer struct {
	server *Server
	user   *User
}

// Authorize decides as the server would if the user sent such a request.
func (a userAuthorizer) Authorize(_ context.Context, ask cel.Access) (allowed bool, reason string, err error) {
	req := &Request{User: a.user, Verb: ask.Verb}
	if ask.Path == "" {
		req.IsResource = true
		req.Group, req.Version, req.Plural, req.Subresource = ask.Group, "*", ask.Resource, ask.Subresource
		req.Namespace, req.Name = ask.Namespace, ask.Name
		for _, res := range a.server.rows() {
			if res.Group == ask.Group && res.Plural == ask.Resource {
				req.Resource, req.Version = res, res.Version
			}
		}
	}
	allowed, reason = a.server.authz.may(req)
	return allowed, reason, nil
}

// ForServiceAccount asks about a service account in place of the user.
func (a userAuthorizer) ForServiceAccount(namespace, name string) cel.Authorizer {
	return userAuthorizer{a.server, &User{
		Name:   api.ServiceAccountUser(namespace, name),
		Groups: append(api.ServiceAccountGroups(namespace), groupAuthenticated),
	}}
}
