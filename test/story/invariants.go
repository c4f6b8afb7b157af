package story

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/stretchr/testify/require"

	"kubelite/api"
	"kubelite/store"
)

// What must hold of every workload at every revision of the store, whatever else happens. Each story ends with a look at
// its whole history, write after write, and asks at each step of a controller:
//
//	it made a pod       not one more than the spec allows: replicas and maxSurge, one for each ordinal, node or index of a
//	                    Job, parallelism, and completions less what has succeeded
//	it took one away    not one too many: enough ready ones are left for maxUnavailable
//
// Others may take pods away as they like: a person, an eviction, a node that dies. A controller acts on a spec that may be
// older than the stored one, so until it has said that it saw the newest, those before count as well.

// invariants is the state at one revision, with what was found to be wrong so far.
type invariants struct {
	pods      map[api.UID]*api.Pod
	nodes     map[api.UID]*api.Node
	owners    map[api.UID]api.Object // what has pods, and what has those
	limits    map[api.UID][]limit    // by owner, that of the newest spec last
	succeeded map[api.UID][]*api.Pod // of each Job, also those that are gone

	looks  int // how many steps of controllers there were to be judged
	broken []string
}

// limit is what one spec allows.
type limit struct {
	most, least         int // pods that are not on their way out; ready ones
	first, completions  int // of a StatefulSet; of a Job, -1: any number
	recreate, oneByOne  bool
	perNode, minusNodes int // of a DaemonSet: pods on each node; nodes that may be without a ready one
}

func newInvariants() *invariants {
	return &invariants{
		pods: map[api.UID]*api.Pod{}, nodes: map[api.UID]*api.Node{}, owners: map[api.UID]api.Object{},
		limits: map[api.UID][]limit{}, succeeded: map[api.UID][]*api.Pod{},
	}
}

// checkInvariants looks at all that has happened in the cluster.
func (h *Harness) checkInvariants() {
	h.T.Helper()
	if h.store == nil {
		return // the cluster never began
	}
	users := map[int64]string{}
	lines, err := h.store.Records(h.Ctx, store.RecordQuery{})
	require.NoError(h.T, err)
	for _, line := range lines {
		var record api.LedgerRecord
		require.NoError(h.T, api.UnmarshalJSON(line, &record))
		if record.Verb != "decide" {
			users[record.Revision] = record.User
		}
	}
	ctx, stop := context.WithCancel(h.Ctx)
	defer stop()
	end := h.store.Revision()
	events, err := h.store.Watch(ctx, "/", 1)
	require.NoError(h.T, err)
	i, kinds := newInvariants(), invariantKinds()
	for seen := int64(1); seen < end; {
		batch, ok := <-events
		require.True(h.T, ok, "the history ended early")
		for _, e := range batch {
			seen = e.ModRevision
			resource, _, _ := strings.Cut(e.Key[1:], "/")
			if kind := kinds[resource]; kind != nil && seen <= end {
				obj := kind.New()
				require.NoError(h.T, api.UnmarshalJSON(e.Value, obj))
				i.step(seen, users[seen], obj, e.Type == store.Delete)
			}
		}
	}
	h.T.Logf("invariants: %d steps of controllers up to revision %d", i.looks, end)
	require.Empty(h.T, i.broken)
}

func invariantKinds() map[string]*api.Kind {
	kinds := map[string]*api.Kind{}
	for _, kind := range []*api.Kind{
		api.KindOf[*api.Pod](), api.KindOf[*api.Node](), api.KindOf[*api.Deployment](), api.KindOf[*api.ReplicaSet](), api.KindOf[*api.ReplicationController](),
		api.KindOf[*api.StatefulSet](), api.KindOf[*api.DaemonSet](), api.KindOf[*api.Job](),
	} {
		kinds[kind.Resource()] = kind
	}
	return kinds
}

// step goes on to the next revision: a user wrote obj, or deleted it.
func (i *invariants) step(revision int64, user string, obj api.Object, deleted bool) {
	uid := obj.GetObjectMeta().UID
	switch obj := obj.(type) {
	case *api.Node:
		if i.nodes[uid] = obj; deleted {
			delete(i.nodes, uid)
		}
	case *api.Pod:
		i.podStep(revision, user, obj, deleted)
	default:
		if i.owners[uid] = obj; deleted {
			delete(i.owners, uid)
			delete(i.limits, uid)
			return
		}
		if now := limitOf(obj); len(i.limits[uid]) == 0 || i.limits[uid][len(i.limits[uid])-1] != now {
			i.limits[uid] = append(i.limits[uid], now)
		}
	}
}

func (i *invariants) podStep(revision int64, user string, pod *api.Pod, deleted bool) {
	old := i.pods[pod.UID]
	if i.pods[pod.UID] = pod; deleted {
		delete(i.pods, pod.UID)
	}
	owner := i.ownerOf(pod)
	if owner == nil {
		return
	}
	if job, ok := owner.(*api.Job); ok && pod.Status.Phase == api.PodSucceeded && (old == nil || old.Status.Phase != api.PodSucceeded) {
		i.succeeded[job.UID] = append(i.succeeded[job.UID], pod)
	}
	account, controller := strings.CutPrefix(user, "system:serviceaccount:kube-system:")
	if !controller || !slices.Contains([]string{"replicaset-controller", "replication-controller", "statefulset-controller", "daemon-set-controller", "job-controller"}, account) {
		return
	}
	var wrong string
	switch {
	case old == nil && !deleted:
		wrong = i.made(owner, pod)
	case alive(old) && isReady(old) && (deleted || !alive(pod)):
		wrong = i.took(owner, old)
	default:
		return
	}
	i.looks++
	if wrong != "" {
		i.broken = append(i.broken, fmt.Sprintf("revision %d: pod %s of %s: %s", revision, pod.Name, api.Describe(owner), wrong))
	}
}

// ownerOf is whose spec the pod is to obey: of a Deployment's pod the Deployment.
func (i *invariants) ownerOf(obj api.Object) api.Object {
	ref := api.ControllerOf(obj)
	if ref == nil || i.owners[ref.UID] == nil {
		return nil
	}
	owner := i.owners[ref.UID]
	if above := i.ownerOf(owner); above != nil && above.GetObjectMeta().UID != "" {
		if _, ok := above.(*api.Deployment); ok {
			return above
		}
	}
	return owner
}

// podsOf are the pods of an owner that are not on their way out and have not ended.
func (i *invariants) podsOf(owner api.Object) (pods []*api.Pod) {
	for _, pod := range i.pods {
		if of := i.ownerOf(pod); alive(pod) && of != nil && of.GetObjectMeta().UID == owner.GetObjectMeta().UID {
			pods = append(pods, pod)
		}
	}
	return pods
}

func alive(pod *api.Pod) bool {
	return pod != nil && pod.DeletionTimestamp == nil && !pod.Status.Phase.Ended()
}

func countReady(pods []*api.Pod) (n int) {
	for _, pod := range pods {
		if isReady(pod) {
			n++
		}
	}
	return n
}

// allowed are the limits that an owner's controllers may still act by. Once all of them have seen the newest spec and the
// pods are as it wants, those before it count no longer.
func (i *invariants) allowed(owner api.Object, pods int) []limit {
	meta := owner.GetObjectMeta()
	limits := i.limits[meta.UID]
	last := limits[len(limits)-1]
	if len(limits) == 1 || pods > last.most || observed(owner) < meta.Generation {
		return limits
	}
	for _, obj := range i.owners {
		if ref := api.ControllerOf(obj); ref != nil && ref.UID == meta.UID && observed(obj) < obj.GetObjectMeta().Generation {
			return limits
		}
	}
	i.limits[meta.UID] = limits[len(limits)-1:]
	return i.limits[meta.UID]
}

// made judges a pod that was made.
func (i *invariants) made(owner api.Object, pod *api.Pod) string {
	pods := i.podsOf(owner)
	limits := i.allowed(owner, len(pods)-1)
	most := maxOf(limits, func(l limit) int { return l.most })
	switch owner := owner.(type) {
	case *api.StatefulSet:
		return i.madeInOrder(owner, limits, pod)
	case *api.DaemonSet:
		node, onNode := placeOf(pod), 0
		for _, p := range pods {
			if placeOf(p) == node {
				onNode++
			}
		}
		if most := maxOf(limits, func(l limit) int { return l.perNode }); onNode > most {
			return fmt.Sprintf("%d pods for node %s, at most %d are allowed", onNode, node, most)
		}
		return ""
	case *api.Job:
		return i.madeForJob(owner, limits, pods, pod)
	case *api.Deployment:
		if !slices.ContainsFunc(limits, func(l limit) bool { return !l.recreate }) {
			for _, other := range i.pods { // also those that are ending: they still run
				if of := i.ownerOf(other); of == api.Object(owner) && !other.Status.Phase.Ended() && api.ControllerOf(other).UID != api.ControllerOf(pod).UID {
					return fmt.Sprintf("%s of another template is still there", other.Name)
				}
			}
		}
	}
	if len(pods) > most {
		return fmt.Sprintf("%d pods, at most %d are allowed", len(pods), most)
	}
	return ""
}

func (i *invariants) madeInOrder(set *api.StatefulSet, limits []limit, pod *api.Pod) string {
	ordinals := map[string]*api.Pod{}
	for _, p := range i.pods {
		if !api.IsControlledBy(p, set) {
			continue
		}
		if twin := ordinals[p.Labels[api.LabelPodIndex]]; twin != nil {
			return fmt.Sprintf("%s has its ordinal", twin.Name)
		}
		ordinals[p.Labels[api.LabelPodIndex]] = p
	}
	var ordinal int
	fmt.Sscan(pod.Labels[api.LabelPodIndex], &ordinal) // no number is 0
	if !slices.ContainsFunc(limits, func(l limit) bool { return ordinal >= l.first && ordinal < l.first+l.most }) {
		return "no spec wants its ordinal"
	}
	for n := limits[len(limits)-1].first; n < ordinal && len(limits) == 1 && limits[0].oneByOne; n++ {
		if before := ordinals[fmt.Sprint(n)]; before == nil || !isReady(before) && alive(before) {
			return fmt.Sprintf("made before ordinal %d was ready", n)
		}
	}
	return ""
}

func (i *invariants) madeForJob(job *api.Job, limits []limit, pods []*api.Pod, pod *api.Pod) string {
	if most := maxOf(limits, func(l limit) int { return l.most }); len(pods) > most {
		return fmt.Sprintf("%d pods run, %d may do so in parallel", len(pods), most)
	}
	done := i.succeeded[job.UID]
	if api.Deref(job.Spec.CompletionMode, api.NonIndexedCompletion) == api.IndexedCompletion {
		index := func(p *api.Pod) string { return p.Annotations[api.JobCompletionIndexAnnotation] }
		for _, other := range slices.Concat(pods, done) {
			if other.UID != pod.UID && index(other) == index(pod) {
				return fmt.Sprintf("%s does index %s, or did it", other.Name, index(pod))
			}
		}
		return ""
	}
	if completions := maxOf(limits, func(l limit) int { return l.completions }); completions >= 0 && len(pods)+len(done) > completions {
		return fmt.Sprintf("%d have succeeded and %d run, of %d completions", len(done), len(pods), completions)
	}
	return ""
}

// took judges a ready pod that was taken away: is enough left?
func (i *invariants) took(owner api.Object, pod *api.Pod) string {
	pods := i.podsOf(owner)
	limits := i.allowed(owner, len(pods))
	least := -maxOf(limits, func(l limit) int { return -l.least })
	switch owner := owner.(type) {
	case *api.Job:
		return "" // a Job takes pods away when it ends, or when they are too many
	case *api.StatefulSet:
		last := limits[len(limits)-1]
		inRange := slices.DeleteFunc(pods, func(p *api.Pod) bool { return !ordinalIn(p, last) })
		if len(limits) > 1 || !ordinalIn(pod, last) {
			return ""
		}
		pods = inRange
	case *api.DaemonSet:
		return i.tookFromNode(owner, limits, pods, pod)
	}
	if ready := countReady(pods); ready < least {
		return fmt.Sprintf("%d ready ones are left, at least %d must stay", ready, least)
	}
	return ""
}

func (i *invariants) tookFromNode(ds *api.DaemonSet, limits []limit, pods []*api.Pod, pod *api.Pod) string {
	wanted, ready := map[string]bool{}, map[string]bool{}
	for _, node := range i.nodes {
		shut := slices.ContainsFunc(node.Spec.Taints, func(t api.Taint) bool {
			return !strings.HasPrefix(t.Key, "node.kubernetes.io/") && t.Effect != api.TaintEffectPreferNoSchedule && !api.Tolerates(ds.Spec.Template.Spec.Tolerations, &t)
		})
		if !shut && api.FitsNode(&ds.Spec.Template.Spec, node) {
			wanted[node.Name] = true
		}
	}
	for _, p := range pods {
		if isReady(p) && wanted[p.Spec.NodeName] {
			ready[p.Spec.NodeName] = true
		}
	}
	if without := len(wanted) - len(ready); wanted[pod.Spec.NodeName] && without > maxOf(limits, func(l limit) int { return l.minusNodes }) {
		return fmt.Sprintf("only %v are left of nodes %v", slices.Sorted(maps.Keys(ready)), slices.Sorted(maps.Keys(wanted)))
	}
	return ""
}

// limitOf is what an object's spec allows.
func limitOf(obj api.Object) limit {
	switch obj := obj.(type) {
	case *api.Deployment:
		replicas := int(api.Deref(obj.Spec.Replicas, 1))
		rolling := obj.Spec.Strategy.RollingUpdate
		if obj.Spec.Strategy.Type == api.RecreateDeploymentStrategyType || rolling == nil {
			return limit{most: replicas, recreate: true}
		}
		surge, unavailable := scaled(rolling.MaxSurge, replicas, true), scaled(rolling.MaxUnavailable, replicas, false)
		if surge == 0 && unavailable == 0 {
			unavailable = 1 // else nothing could ever be replaced
		}
		return limit{most: replicas + surge, least: max(replicas-unavailable, 0)}
	case *api.ReplicaSet:
		return limit{most: int(api.Deref(obj.Spec.Replicas, 1)), least: int(api.Deref(obj.Spec.Replicas, 1))}
	case *api.ReplicationController:
		return limit{most: int(api.Deref(obj.Spec.Replicas, 1)), least: int(api.Deref(obj.Spec.Replicas, 1))}
	case *api.StatefulSet:
		l := limit{most: int(api.Deref(obj.Spec.Replicas, 1)), oneByOne: obj.Spec.PodManagementPolicy != api.ParallelPodManagement}
		l.first = int(api.Deref(obj.Spec.Ordinals, api.StatefulSetOrdinals{}).Start)
		unavailable := 1
		if rolling := obj.Spec.UpdateStrategy.RollingUpdate; rolling != nil && rolling.MaxUnavailable != nil {
			unavailable = max(scaled(rolling.MaxUnavailable, l.most, true), 1)
		}
		l.least = max(l.most-unavailable, 0)
		return l
	case *api.DaemonSet:
		l := limit{most: 1 << 30, perNode: 1, minusNodes: 1}
		if rolling := obj.Spec.UpdateStrategy.RollingUpdate; rolling != nil {
			if wanted := int(obj.Status.DesiredNumberScheduled); scaled(rolling.MaxSurge, wanted, true) > 0 {
				l.perNode, l.minusNodes = 2, 0
			} else if rolling.MaxUnavailable != nil {
				l.minusNodes = max(scaled(rolling.MaxUnavailable, wanted, true), 1)
			}
		}
		return l
	case *api.Job:
		return limit{most: int(api.Deref(obj.Spec.Parallelism, 1)), completions: int(api.Deref(obj.Spec.Completions, -1))}
	}
	return limit{}
}

// observed is the generation that an object's controller has said it saw.
func observed(obj api.Object) int64 {
	switch obj := obj.(type) {
	case *api.Deployment:
		return obj.Status.ObservedGeneration
	case *api.ReplicaSet:
		return obj.Status.ObservedGeneration
	case *api.ReplicationController:
		return obj.Status.ObservedGeneration
	case *api.StatefulSet:
		return obj.Status.ObservedGeneration
	case *api.DaemonSet:
		return obj.Status.ObservedGeneration
	}
	return obj.GetObjectMeta().Generation // a Job does not say
}

func scaled(v *api.IntOrString, total int, up bool) int {
	n, err := api.ScaledIntOrPercent(v, total, up)
	if err != nil {
		return 0
	}
	return n
}

func maxOf(limits []limit, of func(limit) int) int {
	most := of(limits[0])
	for _, l := range limits[1:] {
		most = max(most, of(l))
	}
	return most
}

func ordinalIn(pod *api.Pod, l limit) bool {
	var n int
	_, err := fmt.Sscan(pod.Labels[api.LabelPodIndex], &n)
	return err == nil && n >= l.first && n < l.first+l.most
}

// placeOf is the node that a DaemonSet's pod runs on or is made for.
func placeOf(pod *api.Pod) string {
	if pod.Spec.NodeName != "" || pod.Spec.Affinity == nil || pod.Spec.Affinity.NodeAffinity == nil {
		return pod.Spec.NodeName
	}
	for _, term := range pod.Spec.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms {
		for _, field := range term.MatchFields {
			return field.Values[0]
		}
	}
	return ""
}
