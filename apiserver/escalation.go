package apiserver

import (
	"context"
	"errors"

	"kubelite/api"
	"kubelite/apiserver/rbac"
)

// Who may write roles could give themselves everything, so a second question is asked: does the sender have what they
// are about to give? Two verbs say that they need not: "escalate" on a role, and "bind" on the role that a binding names.

// fullAuthority is what only a cluster admin has. Who sets an aggregation rule decides what a role will hold later, which
// nobody can check now.
var fullAuthority = []api.PolicyRule{
	{Verbs: []string{"*"}, APIGroups: []string{"*"}, Resources: []string{"*"}},
	{Verbs: []string{"*"}, NonResourceURLs: []string{"*"}},
}

// checkRole is asked before a Role or ClusterRole is written.
func checkRole(_ context.Context, s *Server, req *Request, obj, old api.Object) (func(bool), error) {
	meta := obj.GetObjectMeta()
	switch {
	case req.User.InGroup(groupMasters), old != nil && onlyForGarbageCollection(obj, old):
		return nil, nil
	case s.mayRBAC(req, "escalate", req.Plural, meta.Name):
		return nil, nil
	}
	refuse := func(err error) (func(bool), error) { return nil, api.NewForbidden(req.Resource.Kind, meta.Name, err) }
	if err := s.confirmNoEscalation(req, rulesOf(obj)); err != nil {
		return refuse(err)
	}
	if aggregates(obj) || old != nil && aggregates(old) {
		if err := s.confirmNoEscalation(req, fullAuthority); err != nil {
			return refuse(errors.New("must have cluster-admin privileges to use the aggregationRule"))
		}
	}
	return nil, nil
}

// checkRoleBinding is asked before a RoleBinding or ClusterRoleBinding is written.
func checkRoleBinding(_ context.Context, s *Server, req *Request, obj, old api.Object) (func(bool), error) {
	var role api.RoleRef
	switch b := obj.(type) {
	case *api.RoleBinding:
		role = b.RoleRef
	case *api.ClusterRoleBinding:
		role = b.RoleRef
	}
	resources := map[string]string{"Role": "roles", "ClusterRole": "clusterroles"}
	switch {
	case req.User.InGroup(groupMasters), old != nil && onlyForGarbageCollection(obj, old):
		return nil, nil
	case resources[role.Kind] != "" && s.mayRBAC(req, "bind", resources[role.Kind], role.Name):
		return nil, nil
	}
	rules, err := s.authz.policy.RulesOf(&role, req.Namespace)
	var status *api.StatusError
	switch {
	case errors.As(err, &status):
		return nil, err
	case err != nil:
		return nil, api.NewInternalError(err)
	}
	if err := s.confirmNoEscalation(req, rules); err != nil {
		return nil, api.NewForbidden(req.Resource.Kind, obj.GetObjectMeta().Name, err)
	}
	return nil, nil
}

func (s *Server) confirmNoEscalation(req *Request, rules []api.PolicyRule) error {
	return s.authz.policy.ConfirmNoEscalation(req.User.Name, req.User.Groups, req.Namespace, rules)
}

// mayRBAC asks for one of the special verbs on a role, where the write is.
func (s *Server) mayRBAC(req *Request, verb, resource, name string) bool {
	d := s.authz.decide(&access{Attributes: rbac.Attributes{
		User: req.User.Name, Groups: req.User.Groups, Verb: verb, IsResource: true,
		Group: api.RBACGroup, Resource: resource, Namespace: req.Namespace, Name: name,
	}})
	return d.allowed
}

func rulesOf(obj api.Object) []api.PolicyRule {
	if role, ok := obj.(*api.Role); ok {
		return role.Rules
	}
	return obj.(*api.ClusterRole).Rules
}

func aggregates(obj api.Object) bool {
	role, ok := obj.(*api.ClusterRole)
	return ok && role.AggregationRule != nil && len(role.AggregationRule.ClusterRoleSelectors) > 0
}

// onlyForGarbageCollection tells that nothing changes but owners and finalizers: the garbage collector has no rights to
// give, and must be able to take a role out of the way.
func onlyForGarbageCollection(obj, old api.Object) bool {
	meta, oldMeta := obj.GetObjectMeta(), old.GetObjectMeta()
	saved := *meta
	defer func() { *meta = saved }()
	meta.OwnerReferences, meta.Finalizers, meta.ManagedFields, meta.SelfLink = oldMeta.OwnerReferences, oldMeta.Finalizers, oldMeta.ManagedFields, oldMeta.SelfLink
	meta.CreationTimestamp, meta.UID, meta.ResourceVersion, meta.Generation = oldMeta.CreationTimestamp, oldMeta.UID, oldMeta.ResourceVersion, oldMeta.Generation
	meta.DeletionTimestamp, meta.DeletionGracePeriodSeconds = oldMeta.DeletionTimestamp, oldMeta.DeletionGracePeriodSeconds
	return api.Equal(obj, old)
}
