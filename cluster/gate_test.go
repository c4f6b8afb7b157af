package cluster

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"kubelite/api"
)

func TestChoice(t *testing.T) {
	ch := &choice{actors: []string{"scheduler", "deployment-controller"}, objects: []api.GateSelection{{Resource: "pods"}, {Resource: "replicasets.apps", Name: "web"}}, verbs: []string{"create"}, namespaces: []string{"shop"}}
	create := []string{"create"}
	require.Equal(t, []api.GateSelection{
		{Actor: "scheduler", Resource: "pods", Namespace: "shop", Verbs: create},
		{Actor: "scheduler", Resource: "replicasets.apps", Name: "web", Namespace: "shop", Verbs: create},
		{Actor: "deployment-controller", Resource: "pods", Namespace: "shop", Verbs: create},
		{Actor: "deployment-controller", Resource: "replicasets.apps", Name: "web", Namespace: "shop", Verbs: create},
	}, ch.selections())
	require.Equal(t, []api.GateSelection{{}}, (&choice{}).selections(), "anything")

	rule := &api.GateSelection{Actor: "scheduler", Resource: "pods", Namespace: "shop"}
	for name, c := range map[string]struct {
		ch   choice
		want bool
	}{
		"nothing said means all": {choice{}, true},
		"by number":              {choice{numbers: []int64{7}}, true},
		"another number":         {choice{numbers: []int64{8}}, false},
		"by actor":               {choice{actors: []string{"scheduler"}}, true},
		"by whom it has stopped": {choice{actors: []string{"replicaset-controller"}}, true},
		"by another actor":       {choice{actors: []string{"kubelet"}}, false},
		"by type":                {choice{objects: []api.GateSelection{{Resource: "pods"}}}, true},
		"by another object":      {choice{objects: []api.GateSelection{{Resource: "pods", Name: "web"}}}, false},
		"by namespace":           {choice{namespaces: []string{"shop"}}, true},
		"by another namespace":   {choice{namespaces: []string{"default"}}, false},
		"by verbs it has not":    {choice{verbs: create}, false},
	} {
		require.Equal(t, c.want, c.ch.means(7, rule, "replicaset-controller"), name)
	}
	require.Equal(t, " (did you mean deployment-controller?)", similar("deploymentcontroller", []string{"scheduler", "deployment-controller"}))
	require.Empty(t, similar("wombat", []string{"scheduler"}))
}

func TestHeldWriteForPeople(t *testing.T) {
	w := &api.HeldWrite{ID: 3, Actor: "scheduler", Diff: "--- a\n+++ b\n", Record: api.LedgerRecord{
		Verb: "create", Subresource: "binding", Object: api.LedgerObject{Resource: "pods", Namespace: "shop", Name: "web"},
		Causes: []int64{4, 7}, MoreCauses: 2, Rule: "scheduler/bind.go:12", Reason: "1 of 2\nnodes fit", Timer: "retry",
	}}
	var out strings.Builder
	printWrite(&out, w)
	require.Equal(t, `#3 scheduler wants to create binding of pods shop/web
   1 of 2 nodes fit; set off by a clock: retry  (scheduler/bind.go:12)
   caused by rev 4, 7 and 2 more
--- a
+++ b
`, out.String())

	for want, outcome := range map[string]*api.WriteOutcome{
		"-> let through: revision 9\n":                         {Code: 201, Revision: 9},
		"-> let through: nothing had to be changed any more\n": {Code: 200},
		"-> let through, and refused: no (409)\n":              {Code: 409, Message: "no"},
		"-> let through, but whoever sent it has gone away\n":  nil,
	} {
		out.Reset()
		w.Outcome = outcome
		printOutcome(&out, w)
		require.Equal(t, want, out.String())
	}

	require.Equal(t, "writes of pods/web in shop by scheduler", described(&api.GateSelection{Actor: "scheduler", Resource: "pods", Name: "web", Namespace: "shop"}))
	rule := &api.GateRule{GateSelection: api.GateSelection{Resource: "pods", Verbs: []string{"create"}}, Break: true, Condition: "true"}
	require.Equal(t, "the first of: create of pods if true", describedRule(rule))
	rule.Stopped = "scheduler"
	require.Equal(t, "writes by scheduler, stopped at: create of pods if true", describedRule(rule))
}
