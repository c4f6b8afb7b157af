package controllers

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"slices"

	"kubelite/api"
	"kubelite/client"
)

// The cluster role aggregation loop.
//
//	desired    a ClusterRole with an aggregationRule holds the rules of all ClusterRoles that this selects
//	actual     the cache of ClusterRoles
//	converge   write the rules that are missing or too many
//
// admin, edit and view are made so: who adds a kind to the cluster labels a role for it, and everybody who is admin,
// edit or view has the new kind too.

// ClusterRoleAggregator puts ClusterRoles together.
type ClusterRoleAggregator struct {
	client *client.Client
	roles  *client.Informer[*api.ClusterRole]
	log    *slog.Logger
	queue  *client.Queue
}

// NewClusterRoleAggregator subscribes to ClusterRoles. Any change may concern every aggregated one, so all are looked at.
func NewClusterRoleAggregator(c *client.Client, caches *Caches, log *slog.Logger) *ClusterRoleAggregator {
	a := &ClusterRoleAggregator{client: c, roles: caches.ClusterRoles, log: log, queue: client.NewQueue("clusterroleaggregation")}
	caches.ClusterRoles.OnChange(func(_, _ *api.ClusterRole, revision int64) {
		for _, role := range a.roles.List("", nil) {
			if role.AggregationRule != nil {
				a.queue.Add(role.Key(), revision)
			}
		}
	})
	return a
}

// Run reconciles until ctx ends.
func (a *ClusterRoleAggregator) Run(ctx context.Context) error {
	if err := waitForSync(ctx, a.roles); err != nil {
		return err
	}
	for _, role := range a.roles.List("", nil) { // those that came before we listened
		if role.AggregationRule != nil {
			a.queue.Add(role.Key(), role.Revision())
		}
	}
	return a.queue.Run(ctx, 1, a.Reconcile, a.log)
}

// Reconcile writes the rules of the role that key names.
func (a *ClusterRoleAggregator) Reconcile(ctx context.Context, key api.Key) error {
	role, ok := a.roles.Get(key)
	if !ok || role.AggregationRule == nil {
		return nil
	}
	rules, err := aggregate(role, a.roles.List("", nil))
	if err != nil || api.Equal(rules, role.Rules) {
		return err // a selector that cannot be read: it was refused when it was written
	}
	ctx = client.Because(ctx, "cluster role %s takes in others, and these have changed: write its rules", role.Name)
	return a.apply(ctx, role, rules)
}

// apply makes these the rules of a role. Where none is selected it takes back what it applied before, and rules that somebody else
// wrote stay, as at upstream. With its UID, a role that is gone by now is not made anew.
func (a *ClusterRoleAggregator) apply(ctx context.Context, role *api.ClusterRole, rules []api.PolicyRule) error {
	kind := api.KindOf[*api.ClusterRole]()
	wanted := map[string]any{"apiVersion": kind.APIVersion(), "kind": kind.Kind, "metadata": map[string]any{"name": role.Name, "uid": role.UID}}
	if len(rules) > 0 {
		wanted["rules"] = rules
	}
	body, err := api.MarshalJSON(wanted)
	if err != nil {
		return err
	}
	_, err = a.client.Do(ctx, client.Request{
		Method: http.MethodPatch, Path: kind.Path("", role.Name),
		Query: url.Values{"fieldManager": {"clusterrole-aggregation-controller"}, "force": {"true"}}, Body: body, ContentType: string(api.ApplyPatchType),
	})
	return err
}

// aggregate gathers the rules of the selected roles, by selector and then by the role's name, each once.
func aggregate(role *api.ClusterRole, all []*api.ClusterRole) (rules []api.PolicyRule, err error) {
	all = slices.Clone(all)
	slices.SortFunc(all, func(x, y *api.ClusterRole) int {
		if x.Name < y.Name {
			return -1
		}
		return 1
	})
	for i := range role.AggregationRule.ClusterRoleSelectors {
		selector, err := api.LabelSelectorAsSelector(&role.AggregationRule.ClusterRoleSelectors[i])
		if err != nil {
			return nil, err
		}
		for _, other := range all {
			if other.Name == role.Name || !selector.Matches(other.Labels) {
				continue
			}
			for _, rule := range other.Rules {
				if !slices.ContainsFunc(rules, func(have api.PolicyRule) bool { return api.Equal(have, rule) }) {
					rules = append(rules, rule)
				}
			}
		}
	}
	return rules, nil
}
