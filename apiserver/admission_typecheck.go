package apiserver

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"kubelite/api"
	"kubelite/cel"
)

// To the expressions of a policy, objects have no types: they may be of any kind. Of a policy that names the kinds that it
// is about, much can be said all the same: that a field does not exist, or that a number is compared with a text. That is
// what status.typeChecking tells. It never changes what the policy does.

// checkPolicyTypes keeps the status of all ValidatingAdmissionPolicies until ctx ends.
func (s *Server) checkPolicyTypes(ctx context.Context) error {
	res := resourceOf[*api.ValidatingAdmissionPolicy](s)
	return s.follow(ctx, res, func(ctx context.Context) {
		for _, p := range cached[*api.ValidatingAdmissionPolicy](s) {
			if p.Status.ObservedGeneration == p.Generation && p.Status.TypeChecking != nil {
				continue
			}
			checked := &api.TypeChecking{ExpressionWarnings: s.expressionWarnings(&p.Spec)}
			req := s.internalRequest(withSeen(ctx, revisionOfMeta(&p.ObjectMeta)), "update", res, "", p.Name)
			req.Subresource = "status"
			_, err := s.update(ctx, req, func(obj api.Object) (api.Object, error) {
				current := obj.(*api.ValidatingAdmissionPolicy)
				if current.Generation == p.Generation { // else the change that came between is seen next
					current.Status.ObservedGeneration, current.Status.TypeChecking = p.Generation, checked
				}
				return current, nil
			})
			if err != nil && !api.IsNotFound(err) && ctx.Err() == nil {
				s.log.Warn("the types of an admission policy could not be checked", "name", p.Name, "error", err)
			}
		}
	})
}

// maxCheckedKinds bounds the work for a policy that is about many kinds.
const maxCheckedKinds = 10

// expressionWarnings are what a type checker says of the validations of a policy, for each kind that it is about.
func (s *Server) expressionWarnings(spec *api.ValidatingAdmissionPolicySpec) (warnings []api.ExpressionWarning) {
	kinds := s.checkedKinds(spec)
	check := func(path api.Path, text string) {
		var found []string
		for _, res := range kinds {
			if err := checkTypes(res, spec, text); err != nil {
				gvk := res.GroupVersionKind()
				found = append(found, fmt.Sprintf("%s, Kind=%s: %v\n", gvk.GroupVersion(), gvk.Kind, err))
			}
		}
		if len(found) > 0 {
			warnings = append(warnings, api.ExpressionWarning{FieldRef: string(path), Warning: strings.Join(found, "\n")})
		}
	}
	for i, v := range spec.Validations {
		at := api.Path("spec").Child("validations").Index(i)
		check(at.Child("expression"), v.Expression)
		if v.MessageExpression != "" {
			check(at.Child("messageExpression"), v.MessageExpression)
		}
	}
	return warnings
}

// checkedKinds are the kinds that the rules of a policy name, by name. Rules with wildcards name none.
func (s *Server) checkedKinds(spec *api.ValidatingAdmissionPolicySpec) (kinds []*Resource) {
	if spec.MatchConstraints == nil {
		return nil
	}
	for _, rule := range spec.MatchConstraints.ResourceRules {
		if slices.Contains(rule.APIGroups, "*") || slices.Contains(rule.APIVersions, "*") {
			continue
		}
		for _, res := range s.rows() {
			if slices.Contains(rule.APIGroups, res.Group) && slices.Contains(rule.APIVersions, res.Version) &&
				slices.Contains(rule.Resources, res.Plural) && !slices.Contains(kinds, res) {
				kinds = append(kinds, res)
			}
		}
	}
	slices.SortFunc(kinds, func(a, b *Resource) int {
		return strings.Compare(a.APIVersion()+"\n"+a.Kind.Kind, b.APIVersion()+"\n"+b.Kind.Kind)
	})
	return kinds[:min(len(kinds), maxCheckedKinds)]
}

// checkTypes compiles an expression as if objects could only be of one kind.
func checkTypes(res *Resource, spec *api.ValidatingAdmissionPolicySpec, text string) error {
	object := res.expressionType()
	if object == nil || object.Kind != cel.Object {
		return nil // nothing is known of it
	}
	object.Name = res.Kind.Kind
	scope := expressionScope{params: spec.ParamKind != nil, authorizer: true, object: object}
	scope, _ = compileVariables(scope, spec.Variables)
	env, err := scope.env()
	if err != nil {
		return err
	}
	return compileExpression(env, text).err
}

// expressionType is what expressions know of the objects of a kind: from its Go type, or from the schema of a custom one.
func (res *Resource) expressionType() *cel.Type {
	if res.Definition == nil {
		return typeOf(reflect.TypeOf(res.New()), nil)
	}
	t := res.Definition.kind.schemas[res.Version].ExpressionType()
	if t != nil && t.Kind == cel.Object {
		t.Fields["metadata"] = typeOf(reflect.TypeFor[api.ObjectMeta](), nil)
	}
	return t
}

// typeOf is what expressions know of a Go type of the API. A type that holds itself is known but for that.
func typeOf(t reflect.Type, inside []reflect.Type) *cel.Type {
	switch t {
	case reflect.TypeFor[api.Time](), reflect.TypeFor[api.MicroTime]():
		return cel.AnyTime
	case reflect.TypeFor[api.Duration]():
		return cel.AnyString
	case reflect.TypeFor[api.Quantity](), reflect.TypeFor[api.IntOrString](), reflect.TypeFor[api.RawExtension](),
		reflect.TypeFor[api.FieldsV1](), reflect.TypeFor[api.Unstructured]():
		return cel.Dynamic // a number or a text, or whatever
	}
	switch t.Kind() {
	case reflect.Pointer:
		return typeOf(t.Elem(), inside)
	case reflect.Bool:
		return cel.AnyBool
	case reflect.Int, reflect.Int32, reflect.Int64:
		return cel.AnyInt
	case reflect.Float64:
		return cel.AnyDouble
	case reflect.String:
		return cel.AnyString
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return &cel.Type{Kind: cel.Bytes, MaxElements: -1}
		}
		return cel.ListOf(typeOf(t.Elem(), inside))
	case reflect.Map:
		return cel.MapOf(typeOf(t.Elem(), inside))
	case reflect.Struct:
		if slices.Contains(inside, t) {
			return cel.Dynamic
		}
		fields := map[string]*cel.Type{}
		addFields(fields, t, append(slices.Clone(inside), t))
		return &cel.Type{Kind: cel.Object, Fields: fields}
	}
	return cel.Dynamic
}

// addFields adds the fields of a struct, and of those that JSON flattens into it.
func addFields(fields map[string]*cel.Type, t reflect.Type, inside []reflect.Type) {
	for i := range t.NumField() {
		f := t.Field(i)
		switch name, _, _ := strings.Cut(f.Tag.Get("json"), ","); {
		case name == "-":
		case name != "":
			fields[name] = typeOf(f.Type, inside)
		case f.Anonymous:
			embedded := typeOf(f.Type, inside)
			maps.Copy(fields, embedded.Fields)
		}
	}
}
