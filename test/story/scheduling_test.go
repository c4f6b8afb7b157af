package story

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"kubelite/api"
	"kubelite/client"
	"kubelite/scheduler"
)

// apart makes a pod of a group whose members do not share a node.
func apart(group, name string, changes ...func(*api.Pod)) *api.Pod {
	p := &api.Pod{ObjectMeta: api.ObjectMeta{Name: name, Labels: map[string]string{"group": group}}}
	p.Spec.TerminationGracePeriodSeconds = api.Ptr[int64](0)
	p.Spec.Containers = []api.Container{{Name: "c", Image: "x"}}
	p.Spec.Affinity = &api.Affinity{PodAntiAffinity: &api.PodAntiAffinity{RequiredDuringSchedulingIgnoredDuringExecution: []api.PodAffinityTerm{
		{LabelSelector: &api.LabelSelector{MatchLabels: map[string]string{"group": group}}, TopologyKey: "kubernetes.io/hostname"},
	}}}
	for _, change := range changes {
		change(p)
	}
	return p
}

// Pod reads a pod of the default namespace.
func (h *Harness) Pod(name string) *api.Pod {
	h.T.Helper()
	p, err := client.Of[*api.Pod](h.Client).Get(h.Ctx, "default", name)
	require.NoError(h.T, err)
	return p
}

// OnNode checks that a pod has a node: any of the given ones.
func (h *Harness) OnNode(name string, nodes ...string) Check {
	return func() error {
		if got := h.Pod(name).Spec.NodeName; !slices.Contains(nodes, got) {
			return fmt.Errorf("pod %s is on %q, not on any of %v: %s", name, got, nodes, unscheduled(h.Pod(name)))
		}
		return nil
	}
}

// Unschedulable checks that a pod's condition says why it has no node.
func (h *Harness) Unschedulable(name, message string) Check {
	return func() error {
		if got := unscheduled(h.Pod(name)); got != message {
			return fmt.Errorf("pod %s: want %q, have %q", name, message, got)
		}
		return nil
	}
}

func unscheduled(p *api.Pod) string {
	for _, c := range p.Status.Conditions {
		if c.Type == api.PodScheduled && c.Status == api.ConditionFalse {
			return c.Message
		}
	}
	return ""
}

func (h *Harness) delete(name string) {
	h.T.Helper()
	require.NoError(h.T, client.Of[*api.Pod](h.Client).Delete(h.Ctx, "default", name, api.DeleteOptions{}))
}

func (h *Harness) patchNode(name, patch string) {
	h.T.Helper()
	_, err := client.Of[*api.Node](h.Client).Patch(h.Ctx, "", name, api.MergePatchType, []byte(patch))
	require.NoError(h.T, err)
}

// A pod that fits nowhere wakes when something changes that can help it, and says what it lacks until then.
func TestPodsWakeForWhatCanHelpThem(t *testing.T) {
	h := Start(t, 2)
	Apply(h, apart("web", "a"))
	Apply(h, apart("web", "b"))
	h.Eventually(h.OnNode("a", "n1", "n2"))
	h.Eventually(h.OnNode("b", "n1", "n2"))
	require.NotEqual(t, h.Pod("a").Spec.NodeName, h.Pod("b").Spec.NodeName)

	Apply(h, apart("web", "c"))
	h.Eventually(h.Unschedulable("c", "0/2 nodes are available: 2 node(s) didn't match pod anti-affinity rules. "+
		"no new claims to deallocate, preemption: 0/2 nodes are available: 2 No preemption victims found for incoming pod."))
	freed := h.Pod("a").Spec.NodeName
	h.delete("a")
	h.Eventually(h.OnNode("c", freed))

	Apply(h, apart("web", "d"))
	h.StartNode("n3")
	h.Eventually(h.OnNode("d", "n3"))

	Apply(h, apart("db", "e", func(p *api.Pod) { p.Spec.NodeSelector = map[string]string{"disk": "ssd"} }))
	h.Eventually(h.Unschedulable("e", "0/3 nodes are available: 3 node(s) didn't match Pod's node affinity/selector. "+
		"no new claims to deallocate, preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling."))
	h.patchNode("n2", `{"metadata":{"labels":{"disk":"ssd"}},"spec":{"unschedulable":true}}`)
	h.Eventually(h.Unschedulable("e", "0/3 nodes are available: 1 node(s) were unschedulable, 2 node(s) didn't match Pod's node affinity/selector. "+
		"no new claims to deallocate, preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling."))
	h.patchNode("n2", `{"spec":{"unschedulable":null}}`)
	h.Eventually(h.OnNode("e", "n2"))
}

// An important pod has a less important one removed, and gets the place that was cleared for it.
func TestImportantPodsMakeRoom(t *testing.T) {
	h := Start(t, 2)
	Apply(h, &api.PriorityClass{ObjectMeta: api.ObjectMeta{Name: "urgent"}, Value: 1000})
	Apply(h, &api.PriorityClass{ObjectMeta: api.ObjectMeta{Name: "patient"}, Value: 1000, PreemptionPolicy: api.Ptr(api.PreemptNever)})
	Apply(h, &api.PriorityClass{ObjectMeta: api.ObjectMeta{Name: "usual"}, Value: 10})
	class := func(name string) func(*api.Pod) { return func(p *api.Pod) { p.Spec.PriorityClassName = name } }
	slow := func(p *api.Pod) { p.Spec.TerminationGracePeriodSeconds = api.Ptr[int64](2) }
	Apply(h, apart("web", "usual", class("usual")))
	Apply(h, apart("web", "least", slow))
	h.Eventually(h.PodsReady("group=web", 2))
	node := h.Pod("least").Spec.NodeName

	Apply(h, apart("web", "patient", class("patient")))
	h.Eventually(h.Unschedulable("patient", "0/2 nodes are available: 2 node(s) didn't match pod anti-affinity rules. "+
		"no new claims to deallocate, preemption: not eligible due to preemptionPolicy=Never."))

	victim := h.Pod("least")
	Apply(h, apart("web", "urgent", class("urgent")))
	h.Eventually(func() error { // while the victim ends, the pod is nominated for its node
		p := h.Pod("urgent")
		if p.Status.NominatedNodeName != node && p.Spec.NodeName != node {
			return fmt.Errorf("nominated for %q", p.Status.NominatedNodeName)
		}
		return nil
	})
	h.Eventually(h.OnNode("urgent", node))
	require.Empty(t, h.Pod("urgent").Status.NominatedNodeName)
	require.NotEmpty(t, h.Pod("usual").Spec.NodeName)
	require.Empty(t, h.Pod("patient").Spec.NodeName)
	h.Eventually(h.Event("least", "Preempted", fmt.Sprintf("Preempted by pod %s on node %s", h.Pod("urgent").UID, node)))
	h.Eventually(func() error { // it has made room as soon as its containers ended, a moment before it is gone
		_, err := client.Of[*api.Pod](h.Client).Get(h.Ctx, "default", "least")
		if !api.IsNotFound(err) {
			return fmt.Errorf("%v of %s", err, victim.UID)
		}
		return nil
	})
}

// Event checks that there is an event about a pod.
func (h *Harness) Event(pod, reason, message string) Check {
	return func() error {
		page, err := client.Of[*api.Event](h.Client).List(h.Ctx, "default", client.ListOptions{FieldSelector: "involvedObject.name=" + pod})
		if err != nil {
			return err
		}
		for _, e := range page.Items {
			if e.Reason == reason && e.Message == message {
				return nil
			}
		}
		return fmt.Errorf("no event %s of %s: %q", reason, pod, message)
	}
}

// A pod with gates is not tried until all of them are gone.
func TestGatesHoldAPod(t *testing.T) {
	h := Start(t, 1)
	gated := apart("web", "gated", func(p *api.Pod) { p.Spec.SchedulingGates = []api.PodSchedulingGate{{Name: "example.com/quota"}} })
	Apply(h, gated)
	Apply(h, apart("db", "other"))
	h.Eventually(h.OnNode("other", "n1"))
	p := h.Pod("gated")
	require.Empty(t, p.Spec.NodeName)
	require.Equal(t, "Scheduling is blocked due to non-empty scheduling gates", unscheduled(p))

	_, err := client.Of[*api.Pod](h.Client).Patch(h.Ctx, "default", "gated", api.MergePatchType, []byte(`{"spec":{"schedulingGates":null}}`))
	require.NoError(t, err)
	h.Eventually(h.OnNode("gated", "n1"))
}

// Pods of one group are spread over zones, whatever else the nodes have to offer.
func TestPodsSpreadOverZones(t *testing.T) {
	h := Start(t, 3)
	require.NoError(t, h.Stop(h.Ctx, "scheduler")) // so that it knows the zones when it begins
	for i, zone := range []string{"a", "a", "b"} {
		h.patchNode(fmt.Sprintf("n%d", i+1), fmt.Sprintf(`{"metadata":{"labels":{"topology.kubernetes.io/zone":%q}}}`, zone))
	}
	d := deployment("web", 6, "web:v1")
	d.Spec.Template.Spec.TopologySpreadConstraints = []api.TopologySpreadConstraint{{
		MaxSkew: 1, TopologyKey: "topology.kubernetes.io/zone", WhenUnsatisfiable: api.DoNotSchedule, LabelSelector: d.Spec.Selector,
	}}
	Apply(h, d)
	require.NoError(t, h.Start(h.Ctx, "scheduler"))
	h.Eventually(h.PodsReady("app=web", 6))
	perZone := map[string]int{}
	for _, p := range h.Pods("app=web") {
		perZone[map[string]string{"n1": "a", "n2": "a", "n3": "b"}[p.Spec.NodeName]]++
	}
	require.Equal(t, map[string]int{"a": 3, "b": 3}, perZone)
}

// A claim that waits for its first consumer gets a volume that the chosen node reaches.
func TestVolumesDecideWhereAPodRuns(t *testing.T) {
	h := Start(t, 2)
	wait := api.VolumeBindingWaitForFirstConsumer
	Apply(h, &api.StorageClass{ObjectMeta: api.ObjectMeta{Name: "local"}, Provisioner: "kubernetes.io/no-provisioner", VolumeBindingMode: &wait})
	storage := api.ResourceList{api.ResourceStorage: api.MustParse("1Gi")}
	v := &api.PersistentVolume{ObjectMeta: api.ObjectMeta{Name: "on-n2"}}
	v.Spec.Capacity, v.Spec.StorageClassName = storage, "local"
	v.Spec.AccessModes = []api.PersistentVolumeAccessMode{api.ReadWriteOnce}
	v.Spec.Local = &api.LocalVolumeSource{Path: "/data"}
	v.Spec.NodeAffinity = &api.VolumeNodeAffinity{Required: &api.NodeSelector{NodeSelectorTerms: []api.NodeSelectorTerm{
		{MatchExpressions: []api.NodeSelectorRequirement{{Key: "kubernetes.io/hostname", Operator: api.NodeSelectorOpIn, Values: []string{"n2"}}}},
	}}}
	using := func(p *api.Pod) {
		p.Spec.Volumes = []api.Volume{{Name: "data", VolumeSource: api.VolumeSource{PersistentVolumeClaim: &api.PersistentVolumeClaimVolumeSource{ClaimName: "data"}}}}
	}
	Apply(h, apart("db", "db", using))
	h.Eventually(h.Unschedulable("db", `0/2 nodes are available: persistentvolumeclaim "data" not found. not found`))
	c := &api.PersistentVolumeClaim{ObjectMeta: api.ObjectMeta{Name: "data"}}
	c.Spec.AccessModes, c.Spec.StorageClassName = v.Spec.AccessModes, api.Ptr("local")
	c.Spec.Resources.Requests = storage
	Apply(h, c)
	h.Eventually(h.Unschedulable("db", "0/2 nodes are available: 2 node(s) didn't find available persistent volumes to bind. "+
		"no new claims to deallocate, preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling."))
	Apply(h, v)
	h.Eventually(h.OnNode("db", "n2"))
	bound, err := client.Of[*api.PersistentVolumeClaim](h.Client).Get(h.Ctx, "default", "data")
	require.NoError(t, err)
	require.Equal(t, "on-n2", bound.Spec.VolumeName)
}

// A pod whose volume is still being made says meanwhile where it will run. When its driver gives up it says so no longer, and the
// pod is tried again.
func TestAPodThatWaitsForItsVolumeSaysWhereItWillRun(t *testing.T) {
	h := Start(t, 1)
	wait := api.VolumeBindingWaitForFirstConsumer
	Apply(h, &api.StorageClass{ObjectMeta: api.ObjectMeta{Name: "slow"}, Provisioner: "example.com/slow", VolumeBindingMode: &wait})
	claim := Apply(h, volumeClaim("data", "slow", "1Gi"))
	Apply(h, apart("db", "db", func(p *api.Pod) {
		p.Spec.Volumes = []api.Volume{{Name: "data", VolumeSource: api.VolumeSource{PersistentVolumeClaim: &api.PersistentVolumeClaimVolumeSource{ClaimName: "data"}}}}
	}))
	nominated := func(node string) Check {
		return func() error {
			pod, err := client.Of[*api.Pod](h.Client).Get(h.Ctx, "default", "db")
			if err == nil && pod.Status.NominatedNodeName != node {
				err = fmt.Errorf("db is nominated for %q", pod.Status.NominatedNodeName)
			}
			return err
		}
	}
	selected := func() error {
		if node := h.claim("data").Annotations[api.AnnotationSelectedNode]; node != "n1" {
			return fmt.Errorf("the volume is to be made on %q", node)
		}
		return nil
	}
	h.Eventually(nominated("n1"))
	h.Eventually(selected)
	_, err := client.Of[*api.PersistentVolumeClaim](h.Client).Patch(h.Ctx, "default", "data", api.MergePatchType, []byte(`{"metadata":{"annotations":{"volume.kubernetes.io/selected-node":null}}}`))
	require.NoError(t, err)
	h.Eventually(h.hasEvent("db", "FailedScheduling", `running PreBind plugin "VolumeBinding": binding volumes: provisioning failed for PVC "data"`))

	h.Eventually(selected) // again
	h.Eventually(nominated("n1"))
	volume := &api.PersistentVolume{ObjectMeta: api.ObjectMeta{Name: "made"}}
	volume.Spec.Capacity, volume.Spec.StorageClassName = claim.Spec.Resources.Requests, "slow"
	volume.Spec.AccessModes = claim.Spec.AccessModes
	volume.Spec.HostPath = &api.HostPathVolumeSource{Path: t.TempDir()}
	ref := client.ReferenceTo(claim)
	volume.Spec.ClaimRef = &ref
	Apply(h, volume)
	h.Eventually(h.OnNode("db", "n1"))
	require.NoError(t, nominated("")())
}

// Two schedulers run, one leads. When it goes, the other one takes over, and no pod is bound twice.
func TestAnotherSchedulerTakesOver(t *testing.T) {
	h := Start(t, 1)
	const name = "standby"
	profile := &scheduler.Configuration{Profiles: []scheduler.ProfileConfig{{SchedulerName: name}}}
	stop := map[string]context.CancelFunc{}
	for _, id := range []string{"one", "two"} {
		c := h.As("system:kube-scheduler")
		stop[id] = h.run("scheduler "+id, func(ctx context.Context) error {
			lease := &client.LeaseConfig{Namespace: "kube-system", Name: "kube-scheduler", Identity: id}
			err := scheduler.Run(ctx, scheduler.Config{Client: c, Logger: h.log, Lease: lease, Profiles: profile})
			if errors.Is(err, context.Canceled) {
				return nil
			}
			return err
		})
	}
	holder := func() string {
		lease, err := client.Of[*api.Lease](h.Client).Get(h.Ctx, "kube-system", "kube-scheduler")
		if err != nil {
			return ""
		}
		return api.Deref(lease.Spec.HolderIdentity, "")
	}
	h.Eventually(func() error {
		if holder() == "" {
			return errors.New("nobody leads")
		}
		return nil
	})
	first := holder()
	place := func(from, to int) {
		for i := from; i < to; i++ {
			p := apart("x", fmt.Sprintf("p%d", i), func(p *api.Pod) { p.Spec.Affinity, p.Spec.SchedulerName = nil, name })
			Apply(h, p)
		}
	}
	place(0, 10)
	h.Eventually(h.PodsReady("group=x", 10))
	place(10, 20)
	stop[first]() // in the middle of it
	place(20, 30)
	h.Eventually(h.PodsReady("group=x", 30))
	require.NotEqual(t, first, holder())
	for i := range 30 { // the API server lets a pod be bound once; nobody tried a second time either
		require.Len(t, h.bindings(fmt.Sprintf("p%d", i)), 1)
	}
}

// bindings are the ledger's records of a pod's bindings.
func (h *Harness) bindings(pod string) (bindings []api.LedgerRecord) {
	h.T.Helper()
	resp, err := h.Client.Do(h.Ctx, client.Request{Path: api.LedgerPath, Query: map[string][]string{"object": {"pods/default/" + pod}}})
	require.NoError(h.T, err)
	var list api.LedgerRecordList
	require.NoError(h.T, api.UnmarshalJSON(resp.Body, &list))
	return slices.DeleteFunc(list.Items, func(r api.LedgerRecord) bool { return r.Subresource != "binding" })
}

// A profile of another name packs, while the default one spreads; a pod of a name that nobody answers to waits.
func TestSchedulersByName(t *testing.T) {
	h := Start(t, 2)
	c := h.As("system:kube-scheduler")
	h.run("scheduler packing", func(ctx context.Context) error {
		return scheduler.Run(ctx, scheduler.Config{Client: c, Logger: h.log, Profiles: &scheduler.Configuration{Profiles: []scheduler.ProfileConfig{{
			SchedulerName: "packing",
			Plugins:       map[string]scheduler.PluginSet{"score": {Disabled: []scheduler.PluginRef{{Name: "*"}}, Enabled: []scheduler.PluginRef{{Name: "NodeResourcesFit"}}}},
			PluginConfig:  []scheduler.PluginConfig{{Name: "NodeResourcesFit", Args: api.RawExtension{Raw: []byte(`{"scoringStrategy": {"type": "MostAllocated"}}`)}}},
		}}}})
	})
	by := func(name string) func(*api.Pod) {
		return func(p *api.Pod) {
			p.Spec.Affinity, p.Spec.SchedulerName = nil, name
			p.Spec.Containers[0].Resources.Requests = api.ResourceList{"cpu": api.MustParse("1"), "memory": api.MustParse("1Gi")}
		}
	}
	Apply(h, apart("x", "orphan", by("nobody")))
	for i := range 4 {
		name := fmt.Sprintf("packed-%d", i)
		Apply(h, apart("packed", name, by("packing")))
		h.Eventually(h.OnNode(name, "n1", "n2"))
		require.Equal(t, h.Pod("packed-0").Spec.NodeName, h.Pod(name).Spec.NodeName)
	}
	require.Empty(t, h.Pod("orphan").Spec.NodeName)
	require.Empty(t, h.Pod("orphan").Status.Conditions)
	require.True(t, strings.HasPrefix(h.bindings("packed-3")[0].Rule, "scheduler/"))
}

// TestSpreadWhenANodeGoes: an empty zone whose only node may not be used keeps a pod waiting, until that node is gone.
func TestSpreadWhenANodeGoes(t *testing.T) {
	h := Start(t, 0)
	h.puppet("n1", map[string]string{"zone": "a"})
	h.puppet("n2", map[string]string{"zone": "b"})
	h.Eventually(h.NodesReady(2))
	h.patchNode("n2", `{"spec":{"unschedulable":true}}`)
	h.Eventually(h.hasTaints("n2", "node.kubernetes.io/unschedulable:NoSchedule"))
	spread := func(name string) *api.Pod {
		return &api.Pod{ObjectMeta: api.ObjectMeta{Name: name, Labels: map[string]string{"app": "web"}}, Spec: api.PodSpec{
			Containers: []api.Container{{Name: "c", Image: "x"}},
			TopologySpreadConstraints: []api.TopologySpreadConstraint{{
				MaxSkew: 1, TopologyKey: "zone", WhenUnsatisfiable: api.DoNotSchedule, LabelSelector: &api.LabelSelector{MatchLabels: map[string]string{"app": "web"}},
			}},
		}}
	}
	Apply(h, spread("first"))
	h.Eventually(h.OnNode("first", "n1"))
	Apply(h, spread("second"))
	h.Eventually(h.Unschedulable("second", "0/2 nodes are available: 1 node(s) didn't match pod topology spread constraints, 1 node(s) were unschedulable. "+
		"no new claims to deallocate, preemption: 0/2 nodes are available: 1 No preemption victims found for incoming pod, 1 Preemption is not helpful for scheduling."))
	require.NoError(t, client.Of[*api.Node](h.Client).Delete(h.Ctx, "", "n2", api.DeleteOptions{}))
	h.Eventually(h.OnNode("second", "n1"))
}

// An extender, a program that answers HTTP requests, keeps a node free, and binds pods itself.
func TestExtender(t *testing.T) {
	h := Start(t, 2)
	var closed atomic.Bool
	closed.Store(true)
	extender := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, hr *http.Request) {
		var question struct {
			Nodes                               *struct{ Items []api.Node }
			PodName, PodNamespace, PodUID, Node string
		}
		body, _ := io.ReadAll(hr.Body)
		if err := api.UnmarshalJSON(body, &question); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		switch {
		case hr.URL.Path == "/bind":
			pod := &api.Pod{ObjectMeta: api.ObjectMeta{Namespace: question.PodNamespace, Name: question.PodName, UID: api.UID(question.PodUID)}}
			if err := h.Client.Bind(hr.Context(), pod, question.Node); err != nil {
				fmt.Fprintf(w, `{"Error":%q}`, err)
				return
			}
			fmt.Fprint(w, `{}`)
		case closed.Load():
			fmt.Fprint(w, `{"FailedNodes":{"n1":"closed on Sundays","n2":"closed on Sundays"}}`)
		default:
			fmt.Fprint(w, `{"Nodes":{"items":[{"metadata":{"name":"n2"}}]}}`)
		}
	}))
	defer extender.Close()
	c := h.As("system:kube-scheduler")
	h.run("scheduler extended", func(ctx context.Context) error {
		return scheduler.Run(ctx, scheduler.Config{Client: c, Logger: h.log, Profiles: &scheduler.Configuration{
			Profiles:  []scheduler.ProfileConfig{{SchedulerName: "extended"}},
			Extenders: []scheduler.ExtenderConfig{{URLPrefix: extender.URL, FilterVerb: "filter", BindVerb: "bind"}},
		}})
	})
	Apply(h, apart("x", "shopper", func(p *api.Pod) { p.Spec.Affinity, p.Spec.SchedulerName = nil, "extended" }))
	h.Eventually(h.Unschedulable("shopper", "0/2 nodes are available: 2 closed on Sundays. "+
		"no new claims to deallocate, preemption: 0/2 nodes are available: 2 No preemption victims found for incoming pod."))
	closed.Store(false)
	h.patchNode("n1", `{"metadata":{"labels":{"day":"monday"}}}`) // any change has the pod tried again
	h.Eventually(h.OnNode("shopper", "n2"))
	require.NotEqual(t, "system:kube-scheduler", h.bindings("shopper")[0].User)
}
