package story

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"kubelite/api"
	"kubelite/client"
)

// TestClusterRolesArePutTogether: an aggregated role has the rules of those that it selects. Its own stay until one is selected, and
// what it took goes when none is.
func TestClusterRolesArePutTogether(t *testing.T) {
	h := Start(t, 0)
	roles := client.Of[*api.ClusterRole](h.Client)
	rule := func(verb string) api.PolicyRule {
		return api.PolicyRule{APIGroups: []string{""}, Resources: []string{"pods"}, Verbs: []string{verb}}
	}
	has := func(name string, verbs ...string) Check {
		return func() error {
			role, err := roles.Get(h.Ctx, "", name)
			if err != nil {
				return err
			}
			var have []string
			for _, r := range role.Rules {
				have = append(have, r.Verbs...)
			}
			if fmt.Sprint(have) != fmt.Sprint(verbs) {
				return fmt.Errorf("the role %s has %q, not %q", name, have, verbs)
			}
			return nil
		}
	}
	for _, name := range []string{"all", "some"} {
		Apply(h, &api.ClusterRole{ObjectMeta: api.ObjectMeta{Name: name}, Rules: []api.PolicyRule{rule("delete")}, AggregationRule: &api.AggregationRule{
			ClusterRoleSelectors: []api.LabelSelector{{MatchLabels: map[string]string{"into": name}}},
		}})
	}
	part := func(name, into string) {
		Apply(h, &api.ClusterRole{ObjectMeta: api.ObjectMeta{Name: name, Labels: map[string]string{"into": into}}, Rules: []api.PolicyRule{rule(name)}})
	}
	part("watch", "some") // each change has all of them looked at
	h.Eventually(has("some", "watch"))
	part("patch", "some")
	h.Eventually(has("some", "patch", "watch"))
	require.NoError(t, has("all", "delete")())
	part("list", "all")
	h.Eventually(has("all", "list"))
	part("get", "all")
	h.Eventually(has("all", "get", "list"))
	for _, name := range []string{"get", "list"} {
		require.NoError(t, roles.Delete(h.Ctx, "", name, api.DeleteOptions{}))
	}
	h.Eventually(has("all"))
}
