package apiserver

import (
	"context"
	"fmt"

	"kubelite/api"
	"kubelite/apiserver/rbac"
)

// The server reads a policy's parameters with its own rights, and a policy's message may quote them. So whoever writes a
// policy, or a binding, must have the right to read what its parameters are: else a policy would be a way to read Secrets.
// (Upstream: authz.go of each kind in pkg/registry/admissionregistration.)

// checkPolicy finds the expressions of a policy that do not compile, and parameters that its author may not read.
func checkPolicy(_ context.Context, s *Server, req *Request, obj, old api.Object) api.ErrorList {
	errs := expressionErrors(obj)
	kind := paramKind(obj)
	if kind == nil || old != nil && api.Equal(kind, paramKind(old)) {
		return errs
	}
	if !s.mayReadParams(req, "get", kind, "*", "*") {
		errs = append(errs, api.Path("spec").Child("paramKind").Forbidden(fmt.Sprintf(
			"user %s must have \"get\" permission on all objects of the referenced paramKind (kind=%s, apiVersion=%s)", req.User.Name, kind.Kind, kind.APIVersion)))
	}
	return errs
}

// checkPolicyBinding finds a reference to parameters that the author of the binding may not read.
func checkPolicyBinding(ctx context.Context, s *Server, req *Request, obj, old api.Object) api.ErrorList {
	name, ref := paramRef(obj)
	if ref == nil {
		return nil
	}
	if old != nil {
		if oldName, oldRef := paramRef(old); name == oldName && api.Equal(ref, oldRef) {
			return nil
		}
	}
	verb := "get"
	if ref.Name == "" {
		verb = "list"
	}
	kind := s.paramKindOfPolicy(ctx, obj, name)
	if s.mayReadParams(req, verb, kind, ref.Namespace, ref.Name) {
		return nil
	}
	what := "for all groups, versions and resources"
	if kind != nil {
		what = fmt.Sprintf("on the objects of the referenced paramKind (kind=%s, apiVersion=%s)", kind.Kind, kind.APIVersion)
	}
	return api.ErrorList{api.Path("spec").Child("paramRef").Forbidden(fmt.Sprintf("user %s does not have %q permission %s", req.User.Name, verb, what))}
}

// mayReadParams asks whether the sender may read parameters. Where nobody knows yet what they will be (kind is nil, or not
// served), only who may read everything can be sure.
func (s *Server) mayReadParams(req *Request, verb string, kind *api.ParamKind, namespace, name string) bool {
	what := rbac.Attributes{
		User: req.User.Name, Groups: req.User.Groups, Verb: verb, IsResource: true,
		Group: "*", Resource: "*", Namespace: namespace, Name: name,
	}
	if kind != nil {
		what.Group = api.ParseGroupVersion(kind.APIVersion).Group
		if res, err := s.paramResource(kind); err == nil {
			what.Resource = res.Plural
		}
	}
	return s.authz.decide(&access{Attributes: what}).allowed
}

// paramKindOfPolicy is the kind of the parameters of the policy that a binding names; nil if there is no such policy, or
// it has none.
func (s *Server) paramKindOfPolicy(ctx context.Context, binding api.Object, name string) *api.ParamKind {
	var policy api.Object
	var err error
	if _, mutates := binding.(*api.MutatingAdmissionPolicyBinding); mutates {
		policy, err = read[*api.MutatingAdmissionPolicy](ctx, s, "", name)
	} else {
		policy, err = read[*api.ValidatingAdmissionPolicy](ctx, s, "", name)
	}
	if err != nil {
		return nil // not there yet, most likely: then all that it could be is asked for
	}
	return paramKind(policy)
}

func paramKind(obj api.Object) *api.ParamKind {
	if p, ok := obj.(*api.MutatingAdmissionPolicy); ok {
		return p.Spec.ParamKind
	}
	return obj.(*api.ValidatingAdmissionPolicy).Spec.ParamKind
}

func paramRef(obj api.Object) (policy string, ref *api.ParamRef) {
	if b, ok := obj.(*api.MutatingAdmissionPolicyBinding); ok {
		return b.Spec.PolicyName, b.Spec.ParamRef
	}
	b := obj.(*api.ValidatingAdmissionPolicyBinding)
	return b.Spec.PolicyName, b.Spec.ParamRef
}
