package clients

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/dynamic/dynamicinformer"
	"k8s.io/client-go/tools/cache"

	"kubelite/api"
)

const (
	livesAtOnce  = 8
	lifePatience = 40 * time.Second
)

// life is what happens to something, step by step, and how long nothing must change until it is at rest: longer than anything there
// takes its time.
type life struct {
	steps    []act
	rest     time.Duration
	byMinute bool // each thing happens 20 seconds after a minute began, and is looked at when the next has begun
}

// lives are what is lived, by name.
var lives = map[string]func(d *lot) life{
	"workloads": (*lot).workloadLife, "owners": (*lot).ownerLife, "quotas": (*lot).quotaLife, "volumes": (*lot).volumeLife, "networks": (*lot).networkLife,
	"autoscalers": (*lot).autoscalerLife, "accounts": (*lot).accountLife, "namespaces": (*lot).namespaceLife, "cronjobs": (*lot).cronLife,
	"certificates": (*lot).certificateLife, "nodes": (*lot).nodeLife,
}

// TestLives lets things that chance made live on two clusters, one with our controllers and one with upstream's, and compares what
// they look like after each thing that happens to them, as TestAgree does. LIFE_SEEDS says which, as "0-100".
func TestLives(t *testing.T) {
	programs := upstreamPrograms(t, "kube-controller-manager")
	from, to := seeds(t, "LIFE_SEEDS", 24)
	sides := [2]*side{newSide(t), newSide(t)}
	flags := append([]string{"--node-monitor-grace-period=" + nodeGrace.String()}, quickAutoscalers...)
	sides[0].takeOurs(t, flags...)
	sides[1].takeUpstreams(t, programs, append(flags, "--node-monitor-period=2s", "--allocate-node-cidrs", "--kube-api-qps=500", "--kube-api-burst=500")...)
	for _, s := range sides {
		s.measure(t)
		s.divide(t)
		s.beat(t)
	}
	pulses := [2]*pulse{sides[0].feel(t), sides[1].feel(t)}
	for name, draw := range lives {
		check(t, "controllers", name, func(t *testing.T) {
			slots := make(chan struct{}, livesAtOnce)
			var all sync.WaitGroup
			for seed := from; seed < to; seed++ {
				slots <- struct{}{}
				all.Go(func() {
					defer func() { <-slots }()
					compareLives(t, fmt.Sprintf("%s-%d", name, seed), sides, pulses, func() life {
						return draw(&lot{drawing: drawing{Rand: rand.New(rand.NewPCG(seed, 0))}})
					})
				})
			}
			all.Wait()
		})
	}
}

// divide puts the three nodes into two zones.
func (s *side) divide(t *testing.T) {
	for node, zone := range map[string]string{"node-1": "east", "node-2": "west", "node-3": "west"} {
		_, err := s.client.Resource(where("nodes")).Patch(t.Context(), node, types.MergePatchType,
			encode(fields{"metadata": fields{"labels": fields{"topology.kubernetes.io/zone": zone}}}), metav1.PatchOptions{})
		require.NoError(t, err)
	}
}

// compareLives lets the same happen on both sides, in a namespace of that name, and tells of the first step after which they differ.
func compareLives(t *testing.T, namespace string, sides [2]*side, pulses [2]*pulse, draw func() life) {
	var lived [2][]picture
	var both sync.WaitGroup
	for i, s := range sides {
		both.Go(func() { lived[i] = s.live(t, namespace, draw(), pulses[i]) })
	}
	both.Wait()
	for i, ours := range lived[0] {
		if theirs := lived[1][i]; ours.text != theirs.text {
			t.Errorf("%s, step %d\n%s\n- upstream's, + ours:\n%s", namespace, i, told(lived[0][:i+1]), api.UnifiedDiff(theirs.text, ours.text))
			return // what follows follows from it
		}
	}
}

func told(life []picture) string {
	var steps []string
	for i, p := range life {
		steps = append(steps, fmt.Sprintf("%d: %s", i, p.step))
	}
	return strings.Join(steps, "\n")
}

// live is one life in a namespace of its own.
func (s *side) live(t *testing.T, namespace string, life life, pulse *pulse) (pictures []picture) {
	ctx := t.Context()
	namespaces := s.client.Resource(where("namespaces"))
	_, err := namespaces.Create(ctx, &unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": namespace}}}, metav1.CreateOptions{})
	require.NoError(t, err)
	defer func() {
		if err := namespaces.Delete(ctx, namespace, metav1.DeleteOptions{}); !apierrors.IsNotFound(err) && !apierrors.IsConflict(err) {
			require.NoError(t, err)
		}
	}()
	for _, made := range []string{"serviceaccounts default", "configmaps kube-root-ca.crt"} { // now the controllers are there
		resource, name, _ := strings.Cut(made, " ")
		require.EventuallyWithT(t, func(c *assert.CollectT) {
			_, err := s.client.Resource(where(resource)).Namespace(namespace).Get(ctx, name, metav1.GetOptions{})
			assert.NoError(c, err)
		}, time.Minute, 100*time.Millisecond)
	}
	names := names{}
	for _, act := range life.steps {
		if life.byMinute {
			sleepUntil(20 * time.Second)
		}
		result := act.on(ctx, s.client, namespace, names)
		if life.byMinute {
			sleepUntil(12 * time.Second)
		}
		if act.rest == noRest {
			pictures = append(pictures, picture{act.String(), result})
			continue
		}
		pulse.rest(ctx, namespace, cmp.Or(act.rest, life.rest))
		_, text := s.describe(t, namespace, names)
		pictures = append(pictures, picture{act.String(), result + "\n" + text})
	}
	return pictures
}

// sleepUntil waits until so much of a minute has passed.
func sleepUntil(second time.Duration) {
	now := time.Now()
	at := now.Truncate(time.Minute).Add(second)
	if at.Before(now) {
		at = at.Add(time.Minute)
	}
	time.Sleep(at.Sub(now))
}

// act is one thing that happens.
type act struct {
	verb     string // create, patch, decide, say, delete, evict, delete all
	resource string
	name     string         // "": the first, where they are made by a controller
	body     map[string]any // of create and patch; "$NS" in it is the namespace, "$UID/configmaps/c1" the UID of an object
	policy   metav1.DeletionPropagation
	rest     time.Duration // instead of the life's
}

// noRest is the rest after what the next step follows at once.
const noRest = -1

func (a act) String() string {
	return strings.TrimRight(fmt.Sprintf("%s %s %s %s %s", a.verb, a.resource, a.name, encode(a.body), a.policy), " ")
}

var uidOf = regexp.MustCompile(`\$UID/[a-z]+/[a-z0-9-]+`)

// of is where objects of a kind are, in a namespace if they have one. All leases are those of nodes.
func of(client dynamic.Interface, r schema.GroupVersionResource, namespace string) dynamic.ResourceInterface {
	switch r.Resource {
	case "persistentvolumes", "clusterroles", "namespaces", "certificatesigningrequests", "nodes", "storageclasses":
		return client.Resource(r)
	case "leases":
		namespace = "kube-node-lease"
	}
	return client.Resource(r).Namespace(namespace)
}

// on does it, and tells how it ended.
func (a act) on(ctx context.Context, client dynamic.Interface, namespace string, names names) string {
	r := of(client, where(a.resource), namespace)
	name, err := strings.ReplaceAll(a.name, "$NS", namespace), error(nil)
	text := strings.ReplaceAll(string(encode(a.body)), "$NS", namespace)
	text = uidOf.ReplaceAllStringFunc(text, func(which string) string {
		parts := strings.Split(which, "/")
		owner, err := client.Resource(where(parts[1])).Namespace(namespace).Get(ctx, parts[2], metav1.GetOptions{})
		if err != nil {
			return "00000000-0000-0000-0000-000000000000"
		}
		return string(owner.GetUID())
	})
	if name == "" && a.verb != "create" && a.verb != "delete all" {
		list, err := r.List(ctx, metav1.ListOptions{})
		if err != nil || len(list.Items) == 0 {
			return a.verb + ": there is none"
		}
		plain := names.replacer()
		looks := func(o unstructured.Unstructured) string {
			return plain(fmt.Sprint(o.GetLabels(), o.GetAnnotations(), o.GetName()))
		}
		first := slices.MinFunc(list.Items, func(a, b unstructured.Unstructured) int { return cmp.Compare(looks(a), looks(b)) })
		name = first.GetName()
	}
	options := metav1.DeleteOptions{}
	if a.policy != "" {
		options.PropagationPolicy = &a.policy
	}
	switch a.verb {
	case "create":
		object := &unstructured.Unstructured{}
		if err = object.UnmarshalJSON([]byte(text)); err == nil {
			_, err = r.Create(ctx, object, metav1.CreateOptions{})
		}
	case "patch":
		_, err = r.Patch(ctx, name, types.MergePatchType, []byte(text), metav1.PatchOptions{})
	case "decide": // about a request for a certificate
		_, err = r.Patch(ctx, name, types.MergePatchType, []byte(text), metav1.PatchOptions{}, "approval")
	case "say": // as a kubelet
		_, err = r.Patch(ctx, name, types.MergePatchType, []byte(text), metav1.PatchOptions{}, "status")
	case "delete":
		err = r.Delete(ctx, name, options)
	case "delete all":
		err = r.DeleteCollection(ctx, options, metav1.ListOptions{})
	case "evict":
		_, err = r.Create(ctx, &unstructured.Unstructured{Object: map[string]any{
			"apiVersion": "policy/v1", "kind": "Eviction", "metadata": map[string]any{"name": name, "namespace": namespace},
		}}, metav1.CreateOptions{}, "eviction")
		if apierrors.IsTooManyRequests(err) {
			return "evict: too many requests"
		}
	}
	if err != nil {
		return a.verb + ": " + err.Error()
	}
	return a.verb + ": done"
}

// pulse tells when something last changed in a namespace.
type pulse struct {
	mu   sync.Mutex
	last map[string]time.Time
}

// feel follows everything that controllers make, except for events: some are told again and again.
func (s *side) feel(t *testing.T) *pulse {
	p := &pulse{last: map[string]time.Time{}}
	changed := func(obj any) {
		if gone, ok := obj.(cache.DeletedFinalStateUnknown); ok {
			obj = gone.Obj
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		p.last[home(obj.(*unstructured.Unstructured))] = time.Now()
	}
	factory := dynamicinformer.NewDynamicSharedInformerFactory(s.client, 0)
	for _, r := range described {
		if r.Resource == "events" {
			continue
		}
		_, err := factory.ForResource(r).Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{AddFunc: changed, UpdateFunc: func(_, obj any) { changed(obj) }, DeleteFunc: changed})
		require.NoError(t, err)
	}
	factory.Start(t.Context().Done())
	factory.WaitForCacheSync(t.Context().Done())
	return p
}

// rest waits until nothing has changed in a namespace for a while.
func (p *pulse) rest(ctx context.Context, namespace string, rest time.Duration) {
	for began := time.Now(); time.Since(began) < rest+lifePatience && ctx.Err() == nil; time.Sleep(100 * time.Millisecond) {
		p.mu.Lock()
		last := p.last[namespace]
		p.mu.Unlock()
		if time.Since(last) > rest && time.Since(began) > rest {
			return
		}
	}
}
