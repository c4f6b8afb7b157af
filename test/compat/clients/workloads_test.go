package clients

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
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
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/dynamic/dynamicinformer"
	"k8s.io/client-go/tools/cache"

	"kubelite/api"
)

const (
	workloadsAtOnce  = 8
	workloadRest     = 3500 * time.Millisecond // longer than anything in these lives takes its time
	workloadPatience = 40 * time.Second
)

// TestWorkloads lets workloads that chance made live on two clusters, one with our controllers and one with upstream's, and compares
// what they look like after each thing that happens to them, as TestAgree does. WORKLOAD_SEEDS says which, as "0-100".
func TestWorkloads(t *testing.T) {
	programs := upstreamPrograms(t, "kube-controller-manager")
	from, to := seeds(t, "WORKLOAD_SEEDS", 40)
	ours, theirs := newSide(t), newSide(t)
	theirs.takeUpstreams(t, programs)
	pulses := [2]*pulse{ours.feel(t), theirs.feel(t)}
	slots := make(chan struct{}, workloadsAtOnce)
	check(t, "controllers", fmt.Sprintf("workloads %d to %d live the same lives", from, to-1), func(t *testing.T) {
		var all sync.WaitGroup
		for seed := from; seed < to; seed++ {
			slots <- struct{}{}
			all.Go(func() {
				defer func() { <-slots }()
				var lives [2][]picture
				var both sync.WaitGroup
				for i, s := range []*side{ours, theirs} {
					both.Go(func() { lives[i] = s.live(t, seed, pulses[i]) })
				}
				both.Wait()
				for i, ours := range lives[0] {
					if theirs := lives[1][i]; ours.text != theirs.text {
						t.Errorf("seed %d, step %d\n%s\n- upstream's, + ours:\n%s", seed, i, told(lives[0][:i+1]), api.UnifiedDiff(theirs.text, ours.text))
						return // what follows follows from it
					}
				}
			})
		}
		all.Wait()
	})
}

func told(life []picture) string {
	var steps []string
	for i, p := range life {
		steps = append(steps, fmt.Sprintf("%d: %s", i, p.step))
	}
	return strings.Join(steps, "\n")
}

// live is one workload's life in a namespace of its own.
func (s *side) live(t *testing.T, seed uint64, pulse *pulse) (pictures []picture) {
	namespace := fmt.Sprintf("life-%d", seed)
	ctx := t.Context()
	namespaces := s.client.Resource(where("namespaces"))
	_, err := namespaces.Create(ctx, &unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": namespace}}}, metav1.CreateOptions{})
	require.NoError(t, err)
	defer func() { require.NoError(t, namespaces.Delete(ctx, namespace, metav1.DeleteOptions{})) }()
	for _, made := range []string{"serviceaccounts default", "configmaps kube-root-ca.crt"} { // now the controllers are there
		resource, name, _ := strings.Cut(made, " ")
		require.EventuallyWithT(t, func(c *assert.CollectT) {
			_, err := s.client.Resource(where(resource)).Namespace(namespace).Get(ctx, name, metav1.GetOptions{})
			assert.NoError(c, err)
		}, time.Minute, 100*time.Millisecond)
	}
	draw := &lot{drawing: drawing{Rand: rand.New(rand.NewPCG(seed, 0))}}
	names := names{}
	for _, step := range draw.life() {
		var said, results []string
		for _, act := range step {
			said = append(said, act.String())
			results = append(results, act.on(ctx, s.client, namespace, names))
		}
		pulse.rest(ctx, namespace)
		_, text := s.describe(t, namespace, names)
		pictures = append(pictures, picture{strings.Join(said, "\n"), strings.Join(results, "\n") + "\n" + text})
	}
	return pictures
}

// act is one thing that happens.
type act struct {
	verb     string // create, patch, delete, evict, delete all
	resource string
	name     string         // "": the first, where they are made by a controller
	body     map[string]any // of create and patch
	policy   metav1.DeletionPropagation
}

func (a act) String() string {
	return strings.TrimRight(fmt.Sprintf("%s %s %s %s %s", a.verb, a.resource, a.name, encode(a.body), a.policy), " ")
}

// on does it, and tells how it ended.
func (a act) on(ctx context.Context, client dynamic.Interface, namespace string, names names) string {
	r := client.Resource(where(a.resource)).Namespace(namespace)
	name, err := a.name, error(nil)
	if name == "" && a.verb != "create" && a.verb != "delete all" {
		list, err := r.List(ctx, metav1.ListOptions{})
		if err != nil || len(list.Items) == 0 {
			return a.verb + ": there is none"
		}
		instead := names.replacer()
		looks := func(o unstructured.Unstructured) string {
			return instead(fmt.Sprint(o.GetLabels(), o.GetAnnotations(), o.GetName()))
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
		_, err = r.Create(ctx, &unstructured.Unstructured{Object: a.body}, metav1.CreateOptions{})
	case "patch":
		_, err = r.Patch(ctx, name, types.MergePatchType, []byte(encode(a.body)), metav1.PatchOptions{})
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

// feel follows everything that controllers make.
func (s *side) feel(t *testing.T) *pulse {
	p := &pulse{last: map[string]time.Time{}}
	changed := func(obj any) {
		if gone, ok := obj.(cache.DeletedFinalStateUnknown); ok {
			obj = gone.Obj
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		p.last[obj.(*unstructured.Unstructured).GetNamespace()] = time.Now()
	}
	factory := dynamicinformer.NewDynamicSharedInformerFactory(s.client, 0)
	for _, r := range described {
		_, err := factory.ForResource(r).Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{AddFunc: changed, UpdateFunc: func(_, obj any) { changed(obj) }, DeleteFunc: changed})
		require.NoError(t, err)
	}
	factory.Start(t.Context().Done())
	factory.WaitForCacheSync(t.Context().Done())
	return p
}

// rest waits until nothing has changed in a namespace for a while.
func (p *pulse) rest(ctx context.Context, namespace string) {
	for began := time.Now(); time.Since(began) < workloadPatience && ctx.Err() == nil; time.Sleep(100 * time.Millisecond) {
		p.mu.Lock()
		last := p.last[namespace]
		p.mu.Unlock()
		if time.Since(last) > workloadRest && time.Since(began) > workloadRest {
			return
		}
	}
}
