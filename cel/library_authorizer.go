package cel

import (
	"context"
	"strings"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"

	"kubelite/api"
)

// Authorizer answers what expressions ask with authorizer.group("apps").resource("deployments").check("create").
type Authorizer interface {
	// Authorize decides about the user that the Authorizer was made for.
	Authorize(ctx context.Context, ask Access) (allowed bool, reason string, err error)
	// ForServiceAccount is the Authorizer for another user.
	ForServiceAccount(namespace, name string) Authorizer
}

// Access is what somebody wants to do: with a resource, or with a URL path.
type Access struct {
	Verb string
	Path string // of a request that is for no resource

	Group, Resource, Subresource string
	Namespace, Name              string
	FieldSelector, LabelSelector string
}

// NewAuthorizer makes the value of the variable authorizer.
func NewAuthorizer(ctx context.Context, a Authorizer) Value {
	return Value{authorizerKind.of(authorizerStep{&asker{ctx: ctx, authorizer: a}})}
}

// NewCheck makes the value of the variable authorizer.requestResource: a question that lacks only its verb.
func NewCheck(ctx context.Context, a Authorizer, ask Access) Value {
	return Value{resourceCheckKind.of(resourceCheckStep{&asker{ctx: ctx, authorizer: a, ask: ask}})}
}

// asker is a question as far as it is put. The context comes with it, because functions of the language get none.
type asker struct {
	ctx        context.Context
	authorizer Authorizer
	ask        Access
}

// with is a copy with more of the question.
func (a *asker) with(add func(ask *Access)) *asker {
	more := *a
	add(&more.ask)
	return &more
}

type decision struct {
	allowed bool
	reason  string
	err     error
}

// The steps of a question have types of their own, so that the checker knows what may follow.
type (
	authorizerStep    struct{ *asker }
	pathCheckStep     struct{ *asker }
	groupCheckStep    struct{ *asker }
	resourceCheckStep struct{ *asker }
)

var (
	authorizerKind    = &opaqueKind[authorizerStep]{celType: cel.ObjectType("kubernetes.authorization.Authorizer"), equal: same[authorizerStep]}
	pathCheckKind     = &opaqueKind[pathCheckStep]{celType: cel.ObjectType("kubernetes.authorization.PathCheck"), equal: same[pathCheckStep]}
	groupCheckKind    = &opaqueKind[groupCheckStep]{celType: cel.ObjectType("kubernetes.authorization.GroupCheck"), equal: same[groupCheckStep]}
	resourceCheckKind = &opaqueKind[resourceCheckStep]{celType: cel.ObjectType("kubernetes.authorization.ResourceCheck"), equal: same[resourceCheckStep]}
	decisionKind      = &opaqueKind[*decision]{celType: cel.ObjectType("kubernetes.authorization.Decision"), equal: same[*decision]}
)

func same[T interface {
	authorizerStep | pathCheckStep | groupCheckStep | resourceCheckStep | *decision
}](a, b T) bool {
	return a == b
}

// Authorization: path and group begin a question, check asks it, allowed, reason and error read the answer.
func authorizerFunctions() functions {
	return functions{
		"path": {method("authorizer_path", pathCheckKind.celType, binary(func(a authorizerStep, path string) ref.Val {
			if strings.TrimSpace(path) == "" {
				return types.NewErr("path must not be empty")
			}
			return pathCheckKind.of(pathCheckStep{a.with(func(ask *Access) { ask.Path = path })})
		}), authorizerKind.celType, cel.StringType)},
		"group": {method("authorizer_group", groupCheckKind.celType, binary(func(a authorizerStep, group string) ref.Val {
			return groupCheckKind.of(groupCheckStep{a.with(func(ask *Access) { ask.Group = group })})
		}), authorizerKind.celType, cel.StringType)},
		"serviceAccount": {method("authorizer_serviceaccount", authorizerKind.celType, cel.FunctionBinding(forServiceAccount), authorizerKind.celType, cel.StringType, cel.StringType)},
		"resource": {method("groupcheck_resource", resourceCheckKind.celType, binary(func(a groupCheckStep, resource string) ref.Val {
			return resourceCheckKind.of(resourceCheckStep{a.with(func(ask *Access) { ask.Resource = resource })})
		}), groupCheckKind.celType, cel.StringType)},
		"subresource":   {resourceStep("resourcecheck_subresource", func(ask *Access, s string) { ask.Subresource = s })},
		"namespace":     {resourceStep("resourcecheck_namespace", func(ask *Access, s string) { ask.Namespace = s })},
		"name":          {resourceStep("resourcecheck_name", func(ask *Access, s string) { ask.Name = s })},
		"fieldSelector": {resourceStep("authorizer_fieldselector", func(ask *Access, s string) { ask.FieldSelector = s })},
		"labelSelector": {resourceStep("authorizer_labelselector", func(ask *Access, s string) { ask.LabelSelector = s })},
		"check": {
			method("pathcheck_check", decisionKind.celType, binary(func(a pathCheckStep, verb string) ref.Val { return a.check(verb) }), pathCheckKind.celType, cel.StringType),
			method("resourcecheck_check", decisionKind.celType, binary(func(a resourceCheckStep, verb string) ref.Val { return a.check(verb) }), resourceCheckKind.celType, cel.StringType),
		},
		"allowed": {method("decision_allowed", cel.BoolType, unary(func(d *decision) ref.Val { return types.Bool(d.allowed) }), decisionKind.celType)},
		"reason":  {method("decision_reason", cel.StringType, unary(func(d *decision) ref.Val { return types.String(d.reason) }), decisionKind.celType)},
		"errored": {method("decision_errored", cel.BoolType, unary(func(d *decision) ref.Val { return types.Bool(d.err != nil) }), decisionKind.celType)},
		"error": {method("decision_error", cel.StringType, unary(func(d *decision) ref.Val {
			if d.err == nil {
				return types.String("")
			}
			return types.String(d.err.Error())
		}), decisionKind.celType)},
	}
}

func resourceStep(id string, set func(ask *Access, s string)) cel.FunctionOpt {
	return method(id, resourceCheckKind.celType, binary(func(a resourceCheckStep, s string) ref.Val {
		return resourceCheckKind.of(resourceCheckStep{a.with(func(ask *Access) { set(ask, s) })})
	}), resourceCheckKind.celType, cel.StringType)
}

func forServiceAccount(args ...ref.Val) ref.Val {
	a, isAuthorizer := args[0].Value().(authorizerStep)
	namespace, isText := args[1].Value().(string)
	name, isName := args[2].Value().(string)
	if !isAuthorizer || !isText || !isName {
		return types.MaybeNoSuchOverloadErr(args[0])
	}
	switch {
	case api.IsDNS1123Subdomain(name) != nil:
		return types.NewErr("Invalid service account name")
	case api.IsDNS1123Label(namespace) != nil:
		return types.NewErr("Invalid service account namespace")
	}
	return authorizerKind.of(authorizerStep{&asker{ctx: a.ctx, authorizer: a.authorizer.ForServiceAccount(namespace, name)}})
}

func (a *asker) check(verb string) ref.Val {
	ask := a.with(func(ask *Access) { ask.Verb = verb }).ask
	allowed, reason, err := a.authorizer.Authorize(a.ctx, ask)
	return decisionKind.of(&decision{allowed, reason, err})
}
