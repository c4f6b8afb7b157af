package rbac

import (
	"maps"
	"slices"

	"kubelite/api"
)

// Reconcile brings a built-in role or binding up to date: what is missing is added, what somebody added stays. It
// changes existing in place and tells whether it did. recreate means that this cannot be done by a change, because a
// binding's role is another one.
func Reconcile(existing, wanted api.Object) (changed, recreate bool) {
	meta, wantedMeta := existing.GetObjectMeta(), wanted.GetObjectMeta()
	if meta.Annotations[api.RBACAutoUpdateAnnotation] == "false" {
		return false, false
	}
	if role, wantedRole := roleOf(existing), roleOf(wanted); role != nil && *role != *wantedRole {
		return true, true
	}
	changed = addMissing(&meta.Annotations, wantedMeta.Annotations)
	changed = addMissing(&meta.Labels, wantedMeta.Labels) || changed
	switch o := existing.(type) {
	case *api.Role:
		changed = addRules(&o.Rules, wanted.(*api.Role).Rules) || changed
	case *api.ClusterRole:
		w := wanted.(*api.ClusterRole)
		changed = addRules(&o.Rules, w.Rules) || changed
		changed = reconcileAggregation(o, w.AggregationRule) || changed
	case *api.RoleBinding:
		changed = addSubjects(&o.Subjects, wanted.(*api.RoleBinding).Subjects) || changed
	case *api.ClusterRoleBinding:
		changed = addSubjects(&o.Subjects, wanted.(*api.ClusterRoleBinding).Subjects) || changed
	}
	return changed, false
}

// roleOf is the role that a binding names, nil if the object is no binding.
func roleOf(obj api.Object) *api.RoleRef {
	switch o := obj.(type) {
	case *api.RoleBinding:
		return &o.RoleRef
	case *api.ClusterRoleBinding:
		return &o.RoleRef
	}
	return nil
}

// addMissing adds what is not there; where both have a key, the object keeps its own value.
func addMissing(have *map[string]string, wanted map[string]string) bool {
	before := len(*have)
	merged := maps.Clone(wanted)
	maps.Copy(merged, *have)
	*have = merged
	return len(merged) > before
}

func addRules(have *[]api.PolicyRule, wanted []api.PolicyRule) bool {
	missing := Covers(*have, wanted)
	*have = append(*have, missing...)
	return len(missing) > 0
}

func addSubjects(have *[]api.Subject, wanted []api.Subject) (changed bool) {
	for _, s := range wanted {
		if !slices.Contains(*have, s) {
			*have, changed = append(*have, s), true
		}
	}
	return changed
}

func reconcileAggregation(role *api.ClusterRole, wanted *api.AggregationRule) (changed bool) {
	if wanted == nil {
		changed, role.AggregationRule = role.AggregationRule != nil, nil
		return changed
	}
	if role.AggregationRule == nil {
		role.AggregationRule = &api.AggregationRule{}
	}
	selectors := &role.AggregationRule.ClusterRoleSelectors
	for _, s := range wanted.ClusterRoleSelectors {
		if !slices.ContainsFunc(*selectors, func(have api.LabelSelector) bool { return api.Equal(have, s) }) {
			*selectors, changed = append(*selectors, s), true
		}
	}
	return changed
}
