package scheduler

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"kubelite/api"
)

func TestTaintTolerationPrefersFewerUntoleratedTaints(t *testing.T) {
	w := worldOf(node("a", tainted("slow", api.TaintEffectPreferNoSchedule)), node("b"), node("c", tainted("slow", api.TaintEffectPreferNoSchedule), tainted("old", api.TaintEffectPreferNoSchedule)))
	require.Equal(t, map[string]int64{"a": 150, "b": 300, "c": 0}, w.scoresOf("TaintToleration", pod(nil)))
	require.Equal(t, map[string]int64{"a": 300, "b": 300, "c": 0}, w.scoresOf("TaintToleration", pod(nil, tolerating("slow", api.TolerationOpExists, "", ""))))
	require.Nil(t, worldOf(node("a"), node("b")).scoresOf("TaintToleration", pod(nil)), "no taints: no opinion")
}

func TestNodeAffinity(t *testing.T) {
	byName := func(names ...string) func(*api.Pod) {
		return func(p *api.Pod) {
			affinity(p).NodeAffinity = &api.NodeAffinity{RequiredDuringSchedulingIgnoredDuringExecution: &api.NodeSelector{NodeSelectorTerms: []api.NodeSelectorTerm{
				{MatchFields: []api.NodeSelectorRequirement{{Key: "metadata.name", Operator: api.NodeSelectorOpIn, Values: names}}},
			}}}
		}
	}
	t.Run("a pod that names its node is held against that one only", func(t *testing.T) {
		w := worldOf(node("a"), node("b", cordoned), node("c"))
		require.Equal(t, "c", w.outcome(pod(nil, byName("c"))))
		require.Equal(t, "0/3 nodes are available: 1 node(s) were unschedulable, 2 node(s) didn't satisfy plugin(s) [NodeAffinity].", w.outcome(pod(nil, byName("b"))))
	})
	t.Run("terms that contradict each other", func(t *testing.T) {
		p := pod(nil, byName("a"))
		fields := &affinity(p).NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms[0].MatchFields
		*fields = append(*fields, api.NodeSelectorRequirement{Key: "metadata.name", Operator: api.NodeSelectorOpIn, Values: []string{"b"}})
		require.Equal(t, "0/2 nodes are available: pod affinity terms conflict.", worldOf(node("a"), node("b")).outcome(p))
	})
	t.Run("preferences add up", func(t *testing.T) {
		prefer := func(weight int32, key, value string) api.PreferredSchedulingTerm {
			return api.PreferredSchedulingTerm{Weight: weight, Preference: api.NodeSelectorTerm{MatchExpressions: []api.NodeSelectorRequirement{{Key: key, Operator: api.NodeSelectorOpIn, Values: []string{value}}}}}
		}
		p := pod(nil)
		affinity(p).NodeAffinity = &api.NodeAffinity{PreferredDuringSchedulingIgnoredDuringExecution: []api.PreferredSchedulingTerm{prefer(10, "disk", "ssd"), prefer(40, "cpu", "new")}}
		w := worldOf(node("a", labelled("disk", "ssd")), node("b", labelled("disk", "ssd"), labelled("cpu", "new")), node("c"))
		require.Equal(t, map[string]int64{"a": 40, "b": 200, "c": 0}, w.scoresOf("NodeAffinity", p))
	})
	t.Run("of the profile", func(t *testing.T) {
		w := worldOf(node("a"), node("b"))
		w.args.affinity.AddedAffinity = &api.NodeAffinity{RequiredDuringSchedulingIgnoredDuringExecution: &api.NodeSelector{NodeSelectorTerms: []api.NodeSelectorTerm{
			{MatchExpressions: []api.NodeSelectorRequirement{{Key: "pool", Operator: api.NodeSelectorOpExists}}},
		}}}
		require.Equal(t, "0/2 nodes are available: 2 node(s) didn't match scheduler-enforced node affinity.", w.outcome(pod(nil)))
	})
}

func TestNodesDeclareFeatures(t *testing.T) {
	able := func(n *api.Node) { n.Status.DeclaredFeatures = []string{api.FeatureRestartAllContainers} }
	restartingAll := func(p *api.Pod) {
		p.Spec.Containers[0].RestartPolicyRules = []api.ContainerRestartRule{{Action: api.ContainerRestartRuleActionRestartAllContainers}}
	}
	require.Equal(t, "b", worldOf(node("a"), node("b", able)).outcome(pod(nil, restartingAll)))
	require.Equal(t, "0/1 nodes are available: 1 node(s) didn't match Pod's required features.", worldOf(node("a")).outcome(pod(nil, restartingAll)))
	require.Equal(t, "a", worldOf(node("a")).outcome(pod(nil)))
}

func TestScoringStrategies(t *testing.T) {
	half := func(strategy ScoringStrategy) map[string]int64 {
		w := worldOf(node("full"), node("empty")).run("full", pod(list("cpu", "2", "memory", "4Gi")))
		strategy.Resources = cpuAndMemory()
		w.args.fit.ScoringStrategy = &strategy
		return w.scoresOf("NodeResourcesFit", pod(list("cpu", "1", "memory", "2Gi")))
	}
	require.Equal(t, map[string]int64{"full": 25, "empty": 75}, half(ScoringStrategy{Type: leastAllocated}))
	require.Equal(t, map[string]int64{"full": 75, "empty": 25}, half(ScoringStrategy{Type: mostAllocated}))
	curve := &RatioStrategy{Shape: []ShapePoint{{0, 0}, {50, 10}, {100, 0}}}
	require.Equal(t, map[string]int64{"full": 50, "empty": 50}, half(ScoringStrategy{Type: requestedToCapacityRatio, RequestedToCapacityRatio: curve}))
}

func TestIgnoredResources(t *testing.T) {
	w := worldOf(node("a"))
	gpus := list("example.com/gpu", "1", "other.io/fpga", "1")
	require.Equal(t, "0/1 nodes are available: 1 Insufficient example.com/gpu, 1 Insufficient other.io/fpga.", w.outcome(pod(gpus)))
	w.args.fit.IgnoredResourceGroups = []string{"example.com"}
	require.Equal(t, "0/1 nodes are available: 1 Insufficient other.io/fpga.", w.outcome(pod(gpus)))
	w.args.fit.IgnoredResources = []string{"other.io/fpga"}
	require.Equal(t, "a", w.outcome(pod(gpus)))
}

func TestBalancedAllocation(t *testing.T) {
	w := worldOf(node("cpu"), node("even")).run("cpu", pod(list("cpu", "3"))).run("even", pod(list("cpu", "1", "memory", "2Gi")))
	scores := w.scoresOf("NodeResourcesBalancedAllocation", pod(list("memory", "4Gi")))
	require.Greater(t, scores["cpu"], int64(75), "the pod makes the node more even")
	require.Less(t, scores["even"], int64(75))
	require.Nil(t, w.scoresOf("NodeResourcesBalancedAllocation", pod(nil)))

	w.args.balance.Resources = []ResourceSpec{{"cpu", 1}, {"memory", 1}, {"ephemeral-storage", 1}}
	require.Equal(t, scores, w.scoresOf("NodeResourcesBalancedAllocation", pod(list("memory", "4Gi"))), "nodes that have none of it are compared by the others")
	require.Equal(t, int64(100), balance([]float64{0.5, 0.5, 0.5}))
	require.Equal(t, int64(52), balance([]float64{0, 0, 1}), "a standard deviation of 0.47")
}

func TestImageLocality(t *testing.T) {
	has := func(image string, size int64) func(*api.Node) {
		return func(n *api.Node) {
			n.Status.Images = append(n.Status.Images, api.ContainerImage{Names: []string{image}, SizeBytes: size})
		}
	}
	of := func(image string) func(*api.Pod) {
		return func(p *api.Pod) { p.Spec.Containers[0].Image = image }
	}
	w := worldOf(node("a", has("web:latest", 600<<20)), node("b"))
	require.Equal(t, map[string]int64{"a": 28, "b": 0}, w.scoresOf("ImageLocality", pod(nil, of("web"))), "half of the nodes have it: half of its size")
	require.Nil(t, w.scoresOf("ImageLocality", pod(nil, of("db:v1"))))
	require.Equal(t, "host:5000/web:latest", normalizedImage("host:5000/web"))
}

func TestInterPodAffinity(t *testing.T) {
	nodes := func() *world {
		return worldOf(node("a1", inZone("a")), node("a2", inZone("a")), node("b1", inZone("b")), node("bare"))
	}
	web, db := podLabelled("app", "web"), podLabelled("app", "db")
	t.Run("near one of another kind", func(t *testing.T) {
		require.Equal(t, "b1", nodes().run("b1", pod(nil, db)).outcome(pod(nil, web, near("db", zoneKey))))
	})
	t.Run("nobody to be near", func(t *testing.T) {
		require.Equal(t, "0/4 nodes are available: 4 node(s) didn't match pod affinity rules.", nodes().outcome(pod(nil, web, near("db", zoneKey))))
	})
	t.Run("the first of its kind", func(t *testing.T) {
		require.Equal(t, "a1", nodes().outcome(pod(nil, db, near("db", zoneKey))))
	})
	t.Run("the second of its kind", func(t *testing.T) {
		require.Equal(t, "b1", nodes().run("b1", pod(nil, db)).outcome(pod(nil, db, near("db", zoneKey))))
	})
	t.Run("others of the same name in another namespace do not count", func(t *testing.T) {
		require.Contains(t, nodes().run("b1", pod(nil, db, inNamespace("other"))).outcome(pod(nil, web, near("db", zoneKey))), "4 node(s) didn't match pod affinity rules")
	})
	t.Run("unless the namespace is selected", func(t *testing.T) {
		p := pod(nil, web, near("db", zoneKey))
		p.Spec.Affinity.PodAffinity.RequiredDuringSchedulingIgnoredDuringExecution[0].NamespaceSelector = &api.LabelSelector{MatchLabels: map[string]string{"team": "x"}}
		other := &api.Namespace{ObjectMeta: api.ObjectMeta{Name: "other", Labels: map[string]string{"team": "x"}}}
		require.Equal(t, "b1", nodes().with(other).run("b1", pod(nil, db, inNamespace("other"))).outcome(p))
	})
	t.Run("away from others, zone by zone", func(t *testing.T) {
		w := nodes().run("a1", pod(nil, db)).run("bare", pod(nil), pod(nil))
		require.Equal(t, "b1", w.outcome(pod(nil, db, awayFrom("db", zoneKey))))
		w.run("b1", pod(nil, db))
		require.Equal(t, "bare", w.outcome(pod(nil, db, awayFrom("db", zoneKey))), "a node in no zone is not in theirs")
	})
	t.Run("others want it away", func(t *testing.T) {
		w := worldOf(node("a"), node("b")).run("a", pod(nil, web, awayFrom("db", api.LabelHostname))).run("b", pod(nil, web, awayFrom("db", api.LabelHostname)))
		require.Equal(t, "0/2 nodes are available: 2 node(s) didn't satisfy existing pods anti-affinity rules.", w.outcome(pod(nil, db)))
		require.Equal(t, "a", w.outcome(pod(nil, web)))
	})
	t.Run("no room beside its own", func(t *testing.T) {
		w := worldOf(node("a"), node("b")).run("a", pod(nil, db)).run("b", pod(nil, db))
		require.Equal(t, "0/2 nodes are available: 2 node(s) didn't match pod anti-affinity rules.", w.outcome(pod(nil, db, awayFrom("db", api.LabelHostname))))
	})
}

func TestInterPodAffinityScores(t *testing.T) {
	prefer := func(name string, weight int32) api.WeightedPodAffinityTerm {
		return api.WeightedPodAffinityTerm{Weight: weight, PodAffinityTerm: api.PodAffinityTerm{LabelSelector: app(name), TopologyKey: api.LabelHostname}}
	}
	p := pod(nil, podLabelled("app", "web"))
	affinity(p).PodAffinity = &api.PodAffinity{PreferredDuringSchedulingIgnoredDuringExecution: []api.WeightedPodAffinityTerm{prefer("cache", 10)}}
	affinity(p).PodAntiAffinity = &api.PodAntiAffinity{PreferredDuringSchedulingIgnoredDuringExecution: []api.WeightedPodAffinityTerm{prefer("web", 10)}}
	w := worldOf(node("a"), node("b"), node("c")).run("a", pod(nil, podLabelled("app", "cache"))).run("b", pod(nil, podLabelled("app", "web")))
	require.Equal(t, map[string]int64{"a": 200, "b": 0, "c": 100}, w.scoresOf("InterPodAffinity", p))

	t.Run("of pods that run", func(t *testing.T) {
		w := worldOf(node("a"), node("b")).run("b", p)
		require.Equal(t, map[string]int64{"a": 0, "b": 200}, w.scoresOf("InterPodAffinity", pod(nil, podLabelled("app", "cache"))))
		require.Equal(t, map[string]int64{"a": 200, "b": 0}, w.scoresOf("InterPodAffinity", pod(nil, podLabelled("app", "web"))))
		require.Nil(t, w.scoresOf("InterPodAffinity", pod(nil)), "nobody means it")

		w.args.podAffinity.IgnorePreferredTermsOfExistingPods = true
		require.Nil(t, w.scoresOf("InterPodAffinity", pod(nil, podLabelled("app", "cache"))), "it prefers nothing itself")
	})
	t.Run("required affinity has the profile's weight", func(t *testing.T) {
		weak := pod(nil, podLabelled("app", "web"))
		affinity(weak).PodAffinity = &api.PodAffinity{PreferredDuringSchedulingIgnoredDuringExecution: []api.WeightedPodAffinityTerm{prefer("cache", 10)}}
		w := worldOf(node("a"), node("b")).run("a", weak).run("b", pod(nil, podLabelled("app", "web"), near("cache", api.LabelHostname)))
		require.Equal(t, map[string]int64{"a": 200, "b": 0}, w.scoresOf("InterPodAffinity", pod(nil, podLabelled("app", "cache"))))
		w.args.podAffinity.HardPodAffinityWeight = 100
		require.Equal(t, map[string]int64{"a": 0, "b": 200}, w.scoresOf("InterPodAffinity", pod(nil, podLabelled("app", "cache"))))
	})
}

func spread(action api.UnsatisfiableConstraintAction, topologyKey string, changes ...func(*api.TopologySpreadConstraint)) func(*api.Pod) {
	return func(p *api.Pod) {
		podLabelled("app", "web")(p)
		c := api.TopologySpreadConstraint{MaxSkew: 1, TopologyKey: topologyKey, WhenUnsatisfiable: action, LabelSelector: app("web")}
		for _, change := range changes {
			change(&c)
		}
		p.Spec.TopologySpreadConstraints = append(p.Spec.TopologySpreadConstraints, c)
	}
}

func TestPodTopologySpread(t *testing.T) {
	web := func(n int) (pods []*api.Pod) {
		for range n {
			pods = append(pods, pod(nil, podLabelled("app", "web")))
		}
		return pods
	}
	zones := func() *world {
		return worldOf(node("a1", inZone("a")), node("b1", inZone("b")), node("c1", inZone("c")))
	}
	hard := func(changes ...func(*api.TopologySpreadConstraint)) *api.Pod {
		return pod(nil, spread(api.DoNotSchedule, zoneKey, changes...))
	}
	t.Run("the emptiest zone", func(t *testing.T) {
		require.Equal(t, "b1", zones().run("a1", web(1)...).run("c1", web(1)...).outcome(hard()))
	})
	t.Run("no zone that may have more", func(t *testing.T) {
		w := zones().run("a1", web(1)...).run("c1", web(1)...)
		w.cache.byName["b1"].node.Spec.Unschedulable = true
		require.Equal(t, "0/3 nodes are available: 1 node(s) were unschedulable, 2 node(s) didn't match pod topology spread constraints.", w.outcome(hard()))
	})
	t.Run("nodes without the label", func(t *testing.T) {
		require.Equal(t, "0/1 nodes are available: 1 node(s) didn't match pod topology spread constraints (missing required label).", worldOf(node("a")).outcome(hard()))
	})
	t.Run("fewer domains than there should be", func(t *testing.T) {
		w := worldOf(node("a1", inZone("a")), node("b1", inZone("b"))).run("a1", web(1)...).run("b1", web(1)...)
		require.Equal(t, "a1", w.outcome(hard()))
		require.Contains(t, w.outcome(hard(func(c *api.TopologySpreadConstraint) { c.MinDomains = api.Ptr[int32](3) })), "2 node(s) didn't match pod topology spread constraints")
	})
	t.Run("nodes that the pod does not select do not count", func(t *testing.T) {
		w := worldOf(node("a1", inZone("a"), labelled("disk", "ssd")), node("b1", inZone("b"))).run("a1", web(3)...)
		p := hard()
		p.Spec.NodeSelector = map[string]string{"disk": "ssd"}
		require.Equal(t, "a1", w.outcome(p))
		p.Spec.TopologySpreadConstraints[0].NodeAffinityPolicy = api.Ptr(api.NodeInclusionPolicyIgnore)
		require.Contains(t, w.outcome(p), "1 node(s) didn't match pod topology spread constraints")
	})
	t.Run("nodes with taints count, unless they shall not", func(t *testing.T) {
		w := worldOf(node("a1", inZone("a")), node("b1", inZone("b"), tainted("gpu", api.TaintEffectNoSchedule))).run("a1", web(1)...)
		require.Contains(t, w.outcome(hard()), "1 node(s) didn't match pod topology spread constraints")
		require.Equal(t, "a1", w.outcome(hard(func(c *api.TopologySpreadConstraint) { c.NodeTaintsPolicy = api.Ptr(api.NodeInclusionPolicyHonor) })))
	})
	t.Run("pods of another revision do not count", func(t *testing.T) {
		w := zones().run("a1", pod(nil, podLabelled("app", "web"), podLabelled("rev", "1")))
		p := pod(nil, podLabelled("rev", "2"), spread(api.DoNotSchedule, zoneKey, func(c *api.TopologySpreadConstraint) { c.MatchLabelKeys = []string{"rev"} }))
		require.Equal(t, "b1", w.outcome(p), "every zone will do; a1 has a pod more")
		require.Equal(t, 3, w.decide(p).Feasible)
	})
	t.Run("pods on their way out do not count", func(t *testing.T) {
		leaving := web(1)
		now := api.Now()
		leaving[0].DeletionTimestamp = &now
		require.Equal(t, 3, zones().run("a1", leaving...).decide(hard()).Feasible)
	})
}

func TestPodTopologySpreadScores(t *testing.T) {
	w := worldOf(node("a1", inZone("a")), node("a2", inZone("a")), node("b1", inZone("b")), node("bare"))
	w.run("a1", pod(nil, podLabelled("app", "web"))).run("a2", pod(nil, podLabelled("app", "web")))
	scores := w.scoresOf("PodTopologySpread", pod(nil, spread(api.ScheduleAnyway, zoneKey)))
	require.Equal(t, map[string]int64{"a1": 0, "a2": 0, "b1": 200, "bare": 0}, scores)

	t.Run("by default, for pods of a controller", func(t *testing.T) {
		w := worldOf(node("a"), node("b")).with(replicaSet("web")).run("a", pod(nil, ownedBy("web")))
		scores := w.scoresOf("PodTopologySpread", pod(nil, ownedBy("web")))
		require.Greater(t, scores["b"], scores["a"])
		require.Nil(t, w.scoresOf("PodTopologySpread", pod(nil, podLabelled("app", "web"))), "nobody owns it")
	})
	t.Run("by default, for pods behind a Service", func(t *testing.T) {
		service := &api.Service{ObjectMeta: api.ObjectMeta{Namespace: "default", Name: "web"}, Spec: api.ServiceSpec{Selector: map[string]string{"app": "web"}}}
		w := worldOf(node("a"), node("b")).with(service).run("a", pod(nil, podLabelled("app", "web")))
		scores := w.scoresOf("PodTopologySpread", pod(nil, podLabelled("app", "web")))
		require.Greater(t, scores["b"], scores["a"])

		// The figures are kube-scheduler's: the nodes that are in no zone count as a zone.
		w = worldOf(node("x", inZone("x")), node("y", inZone("y")), node("z", inZone("z")), node("nowhere")).with(service).run("x", pod(nil, podLabelled("app", "web")))
		require.Equal(t, map[string]int64{"x": 40, "y": 120, "z": 120, "nowhere": 200}, w.scoresOf("PodTopologySpread", pod(nil, podLabelled("app", "web"))))
	})
}

func claim(name string, changes ...func(*api.PersistentVolumeClaim)) *api.PersistentVolumeClaim {
	c := &api.PersistentVolumeClaim{ObjectMeta: api.ObjectMeta{Namespace: "default", Name: name, UID: api.UID(name), Annotations: map[string]string{}}}
	c.Spec.AccessModes = []api.PersistentVolumeAccessMode{api.ReadWriteOnce}
	c.Spec.Resources.Requests = list("storage", "1Gi")
	for _, change := range changes {
		change(c)
	}
	return c
}

func boundTo(volume string) func(*api.PersistentVolumeClaim) {
	return func(c *api.PersistentVolumeClaim) {
		c.Spec.VolumeName, c.Annotations[api.AnnotationBindCompleted], c.Status.Phase = volume, "yes", api.ClaimBound
	}
}

func ofClass(name string) func(*api.PersistentVolumeClaim) {
	return func(c *api.PersistentVolumeClaim) { c.Spec.StorageClassName = &name }
}

func class(name string, mode api.VolumeBindingMode, provisioner string) *api.StorageClass {
	return &api.StorageClass{ObjectMeta: api.ObjectMeta{Name: name}, VolumeBindingMode: &mode, Provisioner: provisioner}
}

// volume is a free volume that only one host reaches; "" every host.
func volume(name, host, size, class string) *api.PersistentVolume {
	v := &api.PersistentVolume{ObjectMeta: api.ObjectMeta{Name: name}}
	v.Spec.Capacity, v.Spec.StorageClassName = list("storage", size), class
	v.Spec.AccessModes = []api.PersistentVolumeAccessMode{api.ReadWriteOnce}
	v.Status.Phase = api.VolumeAvailable
	if host != "" {
		v.Spec.NodeAffinity = &api.VolumeNodeAffinity{Required: &api.NodeSelector{NodeSelectorTerms: []api.NodeSelectorTerm{
			{MatchExpressions: []api.NodeSelectorRequirement{{Key: api.LabelHostname, Operator: api.NodeSelectorOpIn, Values: []string{host}}}},
		}}}
	}
	return v
}

func TestVolumeBinding(t *testing.T) {
	wait, immediate := api.VolumeBindingWaitForFirstConsumer, api.VolumeBindingImmediate
	tests := []struct {
		name string
		objs []api.Object
		want string
	}{
		{name: "no such claim", want: `0/2 nodes are available: persistentvolumeclaim "data" not found.`},
		{name: "bound, and reached from one node", objs: []api.Object{claim("data", boundTo("v")), volume("v", "b", "1Gi", "")}, want: "b"},
		{name: "bound to a volume of no node here", objs: []api.Object{claim("data", boundTo("v")), volume("v", "z", "1Gi", "")},
			want: "0/2 nodes are available: 2 node(s) didn't match PersistentVolume's node affinity."},
		{name: "bound to a volume that is gone", objs: []api.Object{claim("data", boundTo("v"))},
			want: `0/2 nodes are available: persistentvolume "v" not found.`},
		{name: "not bound yet", objs: []api.Object{claim("data", ofClass("now")), class("now", immediate, "x")},
			want: "0/2 nodes are available: pod has unbound immediate PersistentVolumeClaims."},
		{name: "lost", objs: []api.Object{claim("data", boundTo("v"), func(c *api.PersistentVolumeClaim) { c.Status.Phase = api.ClaimLost })},
			want: `0/2 nodes are available: persistentvolumeclaim "data" bound to non-existent persistentvolume "v".`},
		{name: "on its way out", objs: []api.Object{claim("data", boundTo("v"), func(c *api.PersistentVolumeClaim) { now := api.Now(); c.DeletionTimestamp = &now })},
			want: `0/2 nodes are available: persistentvolumeclaim "data" is being deleted.`},
		{name: "waits for the pod, a free volume on one node", objs: []api.Object{claim("data", ofClass("local")), class("local", wait, noProvisioner), volume("v", "b", "2Gi", "local")}, want: "b"},
		{name: "waits, all volumes too small", objs: []api.Object{claim("data", ofClass("local")), class("local", wait, noProvisioner), volume("v", "b", "1Mi", "local")},
			want: "0/2 nodes are available: 2 node(s) didn't find available persistent volumes to bind."},
		{name: "waits, and one can be made", objs: []api.Object{claim("data", ofClass("std")), class("std", wait, "x")}, want: "a"},
		{name: "room on one node", objs: []api.Object{claim("data", ofClass("std")), class("std", wait, "x"), driver("x"), room("std", "a", "1Mi"), room("std", "b", "9Gi")}, want: "b"},
		{name: "room, but not for one so large", objs: []api.Object{claim("data", ofClass("std")), class("std", wait, "x"), driver("x"), room("std", "a", "9Gi", "1Mi"), room("else", "b", "9Gi")},
			want: "0/2 nodes are available: 2 node(s) did not have enough free storage."},
		{name: "one is being made for another node", objs: []api.Object{claim("data", ofClass("std"), func(c *api.PersistentVolumeClaim) { c.Annotations[api.AnnotationSelectedNode] = "b" }), class("std", wait, "x")}, want: "b"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			require.Equal(t, test.want, worldOf(node("a"), node("b")).with(test.objs...).outcome(pod(nil, using("data"))))
		})
	}
}

func TestVolumeBindingOfTwoClaims(t *testing.T) {
	wait, immediate := api.VolumeBindingWaitForFirstConsumer, api.VolumeBindingImmediate
	for name, test := range map[string]struct {
		objs []api.Object
		want string
	}{
		"either has a reason": {[]api.Object{claim("one", boundTo("v")), volume("v", "z", "1Gi", ""), claim("two", ofClass("local")), class("local", wait, noProvisioner)},
			"0/1 nodes are available: 1 node(s) didn't find available persistent volumes to bind, 1 node(s) didn't match PersistentVolume's node affinity."},
		"a lost one is named first": {[]api.Object{claim("one", ofClass("now")), class("now", immediate, "x"), claim("two", boundTo("v"), func(c *api.PersistentVolumeClaim) { c.Status.Phase = api.ClaimLost })},
			`0/1 nodes are available: persistentvolumeclaim "two" bound to non-existent persistentvolume "v".`},
	} {
		require.Equal(t, test.want, worldOf(node("a")).with(test.objs...).outcome(pod(nil, using("one"), using("two"))), name)
	}
}

// driver is one that tells of its room.
func driver(name string) *api.CSIDriver {
	return &api.CSIDriver{ObjectMeta: api.ObjectMeta{Name: name}, Spec: api.CSIDriverSpec{StorageCapacity: api.Ptr(true)}}
}

// room is what a class has on a node, in all and at most for one volume.
func room(class, host, capacity string, most ...string) *api.CSIStorageCapacity {
	c := &api.CSIStorageCapacity{ObjectMeta: api.ObjectMeta{Namespace: "drivers", Name: class + host}, StorageClassName: class, Capacity: api.Ptr(api.MustParse(capacity))}
	c.NodeTopology = &api.LabelSelector{MatchLabels: map[string]string{"kubernetes.io/hostname": host}}
	for _, m := range most {
		c.MaximumVolumeSize = api.Ptr(api.MustParse(m))
	}
	return c
}

func TestVolumeZone(t *testing.T) {
	in := func(key, value string) *api.PersistentVolume {
		v := volume("v", "", "1Gi", "")
		v.Labels = map[string]string{key: value}
		return v
	}
	const beta = "failure-domain.beta.kubernetes.io/zone"
	for name, test := range map[string]struct {
		volume *api.PersistentVolume
		want   string
	}{
		"of one zone":              {in(zoneKey, "west"), "b"},
		"of two":                   {in(zoneKey, "north__west"), "b"},
		"by its former name":       {in(beta, "west"), "b"},
		"of none here":             {in(zoneKey, "south"), "0/2 nodes are available: 2 node(s) had no available volume zone."},
		"a label that says naught": {in(zoneKey, "__"), "a"},
		"of a region":              {in("topology.kubernetes.io/region", "r"), "0/2 nodes are available: 2 node(s) had no available volume zone."},
	} {
		w := worldOf(node("a", inZone("east")), node("b", inZone("west"))).with(claim("data", boundTo("v")), test.volume)
		require.Equal(t, test.want, w.outcome(pod(nil, using("data"))), name)
	}
	w := worldOf(node("a")).with(claim("data", boundTo("v")), in(zoneKey, "west"))
	require.Equal(t, "a", w.outcome(pod(nil, using("data"))), "a node that says nothing of zones")
}

func TestNodeVolumeLimits(t *testing.T) {
	limit := func(node string, count int32) *api.CSINode {
		return &api.CSINode{ObjectMeta: api.ObjectMeta{Name: node}, Spec: api.CSINodeSpec{Drivers: []api.CSINodeDriver{{Name: "disks", Allocatable: &api.VolumeNodeResources{Count: &count}}}}}
	}
	disk := func(name, driver string) *api.PersistentVolume {
		v := volume(name, "", "1Gi", "")
		v.Spec.CSI = &api.CSIPersistentVolumeSource{Driver: driver, VolumeHandle: name}
		return v
	}
	attached := func(volume, node string) *api.VolumeAttachment {
		return &api.VolumeAttachment{ObjectMeta: api.ObjectMeta{Name: volume + node}, Spec: api.VolumeAttachmentSpec{Attacher: "disks", NodeName: node, Source: api.VolumeAttachmentSource{PersistentVolumeName: &volume}}}
	}
	const full = "0/1 nodes are available: 1 node(s) exceed max volume count."
	for name, test := range map[string]struct {
		objs []api.Object
		want string
	}{
		"room for one more":            {[]api.Object{limit("a", 2), disk("v2", "disks")}, "a"},
		"full":                         {[]api.Object{limit("a", 1), disk("v2", "disks")}, full},
		"no limit":                     {[]api.Object{disk("v2", "disks")}, "a"},
		"none at all":                  {[]api.Object{limit("a", 0), disk("v2", "disks")}, full},
		"of another driver":            {[]api.Object{limit("a", 1), disk("v2", "tapes")}, "a"},
		"of no driver":                 {[]api.Object{limit("a", 1), volume("v2", "", "1Gi", "")}, "a"},
		"a volume that is there":       {[]api.Object{limit("a", 1), claim("two", boundTo("v1"))}, "a"},
		"one that is still attached":   {[]api.Object{limit("a", 2), disk("v2", "disks"), disk("v3", "disks"), attached("v3", "a")}, full},
		"attached, and in use as well": {[]api.Object{limit("a", 2), disk("v2", "disks"), attached("v1", "a")}, "a"},
		"one that is to be made": {[]api.Object{limit("a", 1), claim("two", ofClass("std")),
			class("std", api.VolumeBindingWaitForFirstConsumer, "disks")}, full},
	} {
		w := worldOf(node("a")).with(claim("one", boundTo("v1")), disk("v1", "disks"), claim("two", boundTo("v2"))).with(test.objs...).run("a", pod(nil, using("one")))
		require.Equal(t, test.want, w.outcome(pod(nil, using("two"))), name)
	}
}

func TestReservedVolumesAreNotPromisedTwice(t *testing.T) {
	w := worldOf(node("a")).with(class("local", api.VolumeBindingWaitForFirstConsumer, noProvisioner),
		volume("large", "a", "9Gi", "local"), volume("small", "a", "2Gi", "local"), claim("one", ofClass("local")), claim("two", ofClass("local")), claim("three", ofClass("local")))
	first := w.cycle(pod(nil, using("one"), named("first")))
	require.Equal(t, "a", first.find().Node)
	require.Nil(t, w.kit.volumeBinding.Reserve(first, w.cache.byName["a"]))
	require.Equal(t, "small", w.kit.volumeBinding.reserved["first"].bind[api.Key{Namespace: "default", Name: "one"}])

	second := w.cycle(pod(nil, using("two"), named("second")))
	require.Equal(t, "a", second.find().Node)
	require.Nil(t, w.kit.volumeBinding.Reserve(second, w.cache.byName["a"]))
	third := pod(nil, using("three"))
	require.Contains(t, w.outcome(third), "didn't find available persistent volumes to bind")
	w.kit.volumeBinding.Unreserve(t.Context(), first.pod)
	require.Equal(t, "a", w.outcome(third))
}

func TestVolumeRestrictions(t *testing.T) {
	single := claim("data", boundTo("v"), func(c *api.PersistentVolumeClaim) {
		c.Spec.AccessModes = []api.PersistentVolumeAccessMode{api.ReadWriteOncePod}
	})
	w := worldOf(node("a"), node("b")).with(single, volume("v", "", "1Gi", "")).run("a", pod(nil, using("data")))
	require.Equal(t, "0/2 nodes are available: 2 node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod.",
		w.outcome(pod(nil, using("data"))))

	disk := func(p *api.Pod) {
		p.Spec.Volumes = []api.Volume{{VolumeSource: api.VolumeSource{GCEPersistentDisk: &api.GCEPersistentDiskVolumeSource{PDName: "d"}}}}
	}
	require.Equal(t, "b", worldOf(node("a"), node("b")).run("a", pod(nil, disk)).outcome(pod(nil, disk)))
}

func TestPreemption(t *testing.T) {
	victimsOf := func(w *world, p *api.Pod) (node string, names []string) {
		c := w.cycle(p)
		c.find()
		found, reasons, err := (&defaultPreemption{kit: w.kit, args: w.args.preemption}).candidates(c)
		require.NoError(t, err)
		if len(found) == 0 {
			return unavailable(len(c.cache.nodes), reasons), nil
		}
		best := pickCandidate(found)
		for _, v := range best.victims {
			names = append(names, v.pod.Name)
		}
		return best.node.name, names
	}
	of := func(name, cpu string, priority int32, changes ...func(*api.Pod)) *api.Pod {
		return pod(list("cpu", cpu), append(changes, named(name), ofPriority(priority))...)
	}
	budget := func(name string, allowed int32) *api.PodDisruptionBudget {
		return &api.PodDisruptionBudget{ObjectMeta: api.ObjectMeta{Namespace: "default", Name: name}, Spec: api.PodDisruptionBudgetSpec{Selector: app(name)},
			Status: api.PodDisruptionBudgetStatus{DisruptionsAllowed: allowed}}
	}
	started := func(minute int) func(*api.Pod) {
		return func(p *api.Pod) {
			p.Status.StartTime = &api.Time{Time: time.Date(2026, 1, 1, 0, minute, 0, 0, time.UTC)}
		}
	}
	tests := []struct {
		name    string
		world   *world
		pod     *api.Pod
		node    string
		victims string
	}{
		{name: "as few as needed, the least important ones", world: worldOf(node("a")).run("a", of("x", "2", 1), of("y", "1", 3), of("z", "1", 2)), pod: of("p", "2", 9), node: "a", victims: "x"},
		{name: "the larger one alone does not free enough", world: worldOf(node("a")).run("a", of("x", "2", 1), of("y", "2", 2)), pod: of("p", "3", 9), node: "a", victims: "y x"},
		{name: "nobody is less important", world: worldOf(node("a")).run("a", of("x", "4", 9)), pod: of("p", "1", 9),
			node: "0/1 nodes are available: 1 No preemption victims found for incoming pod."},
		{name: "an empty node would not do", world: worldOf(node("a")).run("a", of("x", "4", 1)), pod: of("p", "5", 9),
			node: "0/1 nodes are available: 1 Preemption is not helpful for scheduling."},
		{name: "a taint stays", world: worldOf(node("a", tainted("gpu", api.TaintEffectNoSchedule)), node("b")).run("b", of("x", "4", 9)), pod: of("p", "1", 9),
			node: "0/2 nodes are available: 1 No preemption victims found for incoming pod, 1 Preemption is not helpful for scheduling."},
		{name: "the less important victim", world: worldOf(node("a"), node("b")).run("a", of("x", "4", 5)).run("b", of("y", "4", 4)), pod: of("p", "4", 9), node: "b", victims: "y"},
		{name: "no budget broken goes before importance", world: worldOf(node("a"), node("b")).with(budget("y", 0)).
			run("a", of("x", "4", 5)).run("b", of("y", "4", 4, podLabelled("app", "y"))), pod: of("p", "4", 9), node: "a", victims: "x"},
		{name: "a budget spares its pods where others can go", world: worldOf(node("a")).with(budget("y", 1)).
			run("a", of("y1", "2", 1, podLabelled("app", "y"), started(1)), of("y2", "1", 1, podLabelled("app", "y"), started(2)), of("x", "1", 3)), pod: of("p", "2", 9), node: "a", victims: "y1"},
		{name: "the lowest sum of priorities", world: worldOf(node("a"), node("b")).run("a", of("x1", "2", 3), of("x2", "2", 2)).run("b", of("y1", "2", 3), of("y2", "2", 1)), pod: of("p", "4", 9), node: "b", victims: "y1 y2"},
		{name: "whose victim began last", world: worldOf(node("a"), node("b")).run("a", of("x", "4", 1, started(1))).run("b", of("y", "4", 1, started(2))), pod: of("p", "4", 9), node: "b", victims: "y"},
		{name: "anti-affinity of the victim", world: worldOf(node("a")).run("a", of("x", "1", 1, podLabelled("app", "x"), awayFrom("p", api.LabelHostname))), pod: of("p", "1", 9, podLabelled("app", "p")), node: "a", victims: "x"},
		{name: "its own anti-affinity", world: worldOf(node("a")).run("a", of("x", "1", 1, podLabelled("app", "x")), of("y", "1", 1)), pod: of("p", "1", 9, awayFrom("x", api.LabelHostname)), node: "a", victims: "x"},
		{name: "spread", world: worldOf(node("a", inZone("a")), node("b", inZone("b"), cordoned)).run("a", of("x", "1", 1, podLabelled("app", "web"))),
			pod: of("p", "1", 9, spread(api.DoNotSchedule, zoneKey)), node: "a", victims: "x"},
		{name: "a host port", world: worldOf(node("a")).run("a", of("x", "1", 1, onHostPort(80, ""))), pod: of("p", "1", 9, onHostPort(80, "")), node: "a", victims: "x"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			node, victims := victimsOf(test.world, test.pod)
			require.Equal(t, test.node, node)
			require.Equal(t, test.victims, strings.Join(victims, " "))
		})
	}
}

func TestWhoMayPreempt(t *testing.T) {
	w := worldOf(node("a"))
	leaving := pod(list("cpu", "4"), named("victim"), ofPriority(1))
	now := api.Now()
	leaving.DeletionTimestamp = &now
	leaving.Status.Conditions = []api.PodCondition{{Type: api.DisruptionTarget, Status: api.ConditionTrue, Reason: reasonPreempted}}
	w.run("a", leaving)
	ineligible := func(p *api.Pod) string {
		c := w.cycle(p)
		c.find()
		return (&defaultPreemption{kit: w.kit, args: w.args.preemption}).ineligible(c)
	}
	p := pod(list("cpu", "4"), ofPriority(5))
	require.Empty(t, ineligible(p))
	w.nominator.set(newPodInfo(p), "a")
	require.Equal(t, "not eligible due to a terminating pod on the nominated node.", ineligible(p))
	p.Spec.PreemptionPolicy = api.Ptr(api.PreemptNever)
	require.Equal(t, "not eligible due to preemptionPolicy=Never.", ineligible(p))
}
