package story

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"kubelite/api"
)

// TestInvariantsAreSeenToBreak tells the checker small histories: one that is all right and one that is not, of each rule.
func TestInvariantsAreSeenToBreak(t *testing.T) {
	const controllers, person = "system:serviceaccount:kube-system:replicaset-controller", "kubernetes-admin"
	type write struct {
		user    string
		obj     api.Object
		deleted bool
	}
	owned := func(name string, owner api.Object, change ...func(p *api.Pod)) *api.Pod {
		p := api.New[*api.Pod]()
		p.Name, p.UID, p.OwnerReferences = name, api.UID(name), []api.OwnerReference{api.NewControllerRef(owner)}
		p.Status.Conditions = []api.PodCondition{{Type: api.PodReady, Status: api.ConditionTrue}}
		for _, c := range change {
			c(p)
		}
		return p
	}
	made := func(name string, owner api.Object, change ...func(p *api.Pod)) write {
		return write{user: controllers, obj: owned(name, owner, change...)}
	}
	took := func(w write, by string) write { return write{user: by, obj: w.obj, deleted: true} }
	ordinal := func(n int) func(p *api.Pod) {
		return func(p *api.Pod) { p.Labels = map[string]string{api.LabelPodIndex: fmt.Sprint(n)} }
	}
	unready := func(p *api.Pod) { p.Status.Conditions = nil }
	on := func(node string) func(p *api.Pod) { return func(p *api.Pod) { p.Spec.NodeName = node } }
	index := func(n int) func(p *api.Pod) {
		return func(p *api.Pod) {
			p.Annotations = map[string]string{api.JobCompletionIndexAnnotation: fmt.Sprint(n)}
		}
	}
	succeeded := func(p *api.Pod) { p.Status.Phase = api.PodSucceeded }

	d := deployment("web", 2, "web:v1")
	d.UID, d.Generation, d.Status.ObservedGeneration = "web", 1, 1
	d.Spec.Strategy = api.DeploymentStrategy{Type: api.RollingUpdateDeploymentStrategyType, RollingUpdate: &api.RollingUpdateDeployment{MaxSurge: api.Ptr(api.FromInt(1)), MaxUnavailable: api.Ptr(api.FromInt(0))}}
	recreate := api.DeepCopy(d)
	recreate.Spec.Strategy = api.DeploymentStrategy{Type: api.RecreateDeploymentStrategyType}
	smaller := api.DeepCopy(d)
	smaller.Generation, smaller.Spec.Replicas = 2, api.Ptr[int32](1)
	seen := api.DeepCopy(smaller)
	seen.Status.ObservedGeneration = 2
	replicaSet := func(name string) *api.ReplicaSet {
		rs := api.New[*api.ReplicaSet]()
		rs.Name, rs.UID, rs.OwnerReferences = name, api.UID(name), []api.OwnerReference{api.NewControllerRef(d)}
		return rs
	}
	old, now := replicaSet("old"), replicaSet("new")
	set := statefulSet("db", 2, "db:v1")
	set.UID = "db"
	ds := daemonSet("agent", "agent:v1")
	ds.UID = "agent"
	n1, n2 := api.New[*api.Node](), api.New[*api.Node]()
	n1.Name, n1.UID, n2.Name, n2.UID = "n1", "n1", "n2", "n2"
	sum, parts := job("sum", 0, nil), job("parts", 0, nil)
	sum.UID, sum.Spec.Completions, sum.Spec.Parallelism = "sum", api.Ptr[int32](2), api.Ptr[int32](2)
	parts.UID, parts.Spec.Completions, parts.Spec.Parallelism, parts.Spec.CompletionMode = "parts", api.Ptr[int32](2), api.Ptr[int32](3), api.Ptr(api.IndexedCompletion)

	a, b, c, e := made("a", old), made("b", old), made("c", now), made("e", now)
	tests := []struct {
		name    string
		history []write
		broken  string // "" for none
	}{
		{"a surge", []write{{obj: d}, {obj: old}, {obj: now}, a, b, c}, ""},
		{"more than the surge", []write{{obj: d}, {obj: old}, {obj: now}, a, b, c, e}, "4 pods, at most 3 are allowed"},
		{"an old one goes for a new one", []write{{obj: d}, {obj: old}, {obj: now}, a, b, c, took(a, controllers)}, ""},
		{"one too many goes", []write{{obj: d}, {obj: old}, a, b, took(a, controllers)}, "1 ready ones are left, at least 2 must stay"},
		{"a person may take it", []write{{obj: d}, {obj: old}, a, b, took(a, person)}, ""},
		{"the spec before the newest counts while nobody saw the newest", []write{{obj: d}, {obj: old}, {obj: now}, a, b, {obj: smaller}, c}, ""},
		{"and no longer afterwards", []write{{obj: d}, {obj: old}, {obj: now}, a, b, {obj: seen}, c}, "3 pods, at most 2 are allowed"},
		{"recreate mixes templates", []write{{obj: recreate}, {obj: old}, {obj: now}, a, c}, "a of another template is still there"},
		{"recreate waits", []write{{obj: recreate}, {obj: old}, {obj: now}, a, took(a, controllers), c}, ""},

		{"ordinals in order", []write{{obj: set}, made("db-0", set, ordinal(0)), made("db-1", set, ordinal(1))}, ""},
		{"an ordinal before its turn", []write{{obj: set}, made("db-0", set, ordinal(0), unready), made("db-1", set, ordinal(1))}, "made before ordinal 0 was ready"},
		{"an ordinal twice", []write{{obj: set}, made("db-0", set, ordinal(0)), made("twin", set, ordinal(0))}, "has its ordinal"},
		{"an ordinal that nobody asked for", []write{{obj: set}, made("db-2", set, ordinal(2))}, "no spec wants its ordinal"},
		{"two ordinals gone at once", []write{{obj: set}, made("db-0", set, ordinal(0)), made("db-1", set, ordinal(1)), took(made("db-0", set, ordinal(0)), controllers), took(made("db-1", set, ordinal(1)), controllers)}, "0 ready ones are left, at least 1 must stay"},

		{"a pod for each node", []write{{obj: n1}, {obj: n2}, {obj: ds}, made("a1", ds, on("n1")), made("a2", ds, on("n2")), took(made("a1", ds, on("n1")), controllers)}, ""},
		{"two on one node", []write{{obj: n1}, {obj: ds}, made("a1", ds, on("n1")), made("a2", ds, on("n1"))}, "2 pods for node n1, at most 1 are allowed"},
		{"two nodes without", []write{{obj: n1}, {obj: n2}, {obj: ds}, made("a1", ds, on("n1")), made("a2", ds, on("n2")), took(made("a1", ds, on("n1")), controllers), took(made("a2", ds, on("n2")), controllers)}, "only [] are left of nodes [n1 n2]"},

		{"as many as complete it", []write{{obj: sum}, made("s1", sum, succeeded), made("s2", sum)}, ""},
		{"more than complete it", []write{{obj: sum}, made("s1", sum, succeeded), made("s2", sum), made("s3", sum)}, "1 have succeeded and 2 run, of 2 completions"},
		{"more than may run in parallel", []write{{obj: sum}, made("s1", sum), made("s2", sum), made("s3", sum)}, "3 pods run, 2 may do so in parallel"},
		{"an index twice", []write{{obj: parts}, made("p0", parts, index(0), succeeded), made("p1", parts, index(1)), made("p2", parts, index(0))}, "p0 does index 0, or did it"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			i := newInvariants()
			for n, w := range test.history {
				i.step(int64(n), w.user, w.obj, w.deleted)
			}
			if test.broken == "" {
				require.Empty(t, i.broken)
				return
			}
			require.Len(t, i.broken, 1)
			require.Contains(t, i.broken[0], test.broken)
		})
	}
}
