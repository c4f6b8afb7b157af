package clients

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	v1 "k8s.io/api/core/v1"
	nodev1 "k8s.io/api/node/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
)

// TestScheduler lets upstream's kube-scheduler and ours look at the same pods in the same clusters, which are drawn by chance, and
// compares what they say: each node's scores by plugin, or why there is no node, in which words, and who has to make room. It runs
// where TestControllers does. SCHEDULER_SEEDS says which clusters: "0-300", unless it is set.
func TestScheduler(t *testing.T) {
	programs := upstreamPrograms(t, "kube-scheduler")
	from, to := seeds(t, "SCHEDULER_SEEDS", 300)
	c := newCluster(t, "--nodes", "1", "--runtime", "simulated")
	r := newRivals(t, c, programs)
	outcomes := map[string]int{}
	check(t, "scheduler", "decides as upstream's does, in clusters drawn by chance", func(t *testing.T) {
		for seed := from; seed < to; seed++ {
			s := newScenario(seed)
			var ours, theirs verdict
			for range 3 { // one of them may have looked before its cache showed all that there is
				ours, theirs = r.verdict(t, s, ourScheduler), r.verdict(t, s, theirScheduler)
				if ours == theirs {
					break
				}
			}
			outcomes[theirs.kind]++
			if ours != theirs {
				t.Errorf("cluster %d, profile %s\ntheirs:\n%s\nours:\n%s\n%s", seed, s.profile, theirs.text, ours.text, s)
			}
		}
	})
	t.Logf("%d clusters: %v", to-from, outcomes)
	for _, kind := range []string{"scores", "no node", "preemption"} {
		require.NotZero(t, outcomes[kind], kind)
	}
}

// Whose profiles they are: what their names begin with.
const ourScheduler, theirScheduler = "ours", "theirs"

// rivals are two schedulers on one API server. Nothing else runs there: no controller, no kubelet.
type rivals struct {
	client  *kubernetes.Clientset
	objects *dynamic.DynamicClient
	log     string // of theirs
	probes  int
}

func newRivals(t *testing.T, c *fullCluster, programs string) *rivals {
	config := c.hurried(t)
	client, err := kubernetes.NewForConfig(config)
	require.NoError(t, err)
	objects, err := dynamic.NewForConfig(config)
	require.NoError(t, err)
	for name, labels := range map[string]map[string]string{schedulingNamespace: nil, otherSchedulingNamespace: {"team": "other"}} {
		_, err := client.CoreV1().Namespaces().Create(t.Context(), &v1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels}}, metav1.CreateOptions{})
		require.NoError(t, err)
		require.Eventually(t, func() bool { // pods need it
			_, err := client.CoreV1().ServiceAccounts(name).Get(t.Context(), "default", metav1.GetOptions{})
			return err == nil
		}, 20*time.Second, 20*time.Millisecond)
	}
	never := v1.PreemptNever
	for name, class := range map[string]schedulingv1.PriorityClass{lowPriority: {Value: -10}, highPriority: {Value: 1000}, politePriority: {Value: 500, PreemptionPolicy: &never}} {
		class.Name = name
		_, err := client.SchedulingV1().PriorityClasses().Create(t.Context(), &class, metav1.CreateOptions{})
		require.NoError(t, err)
	}
	_, err = client.NodeV1().RuntimeClasses().Create(t.Context(), &nodev1.RuntimeClass{ObjectMeta: metav1.ObjectMeta{Name: heavyRuntime}, Handler: "heavy",
		Overhead: &nodev1.Overhead{PodFixed: v1.ResourceList{v1.ResourceCPU: resource.MustParse("250m"), v1.ResourceMemory: resource.MustParse("120Mi")}}}, metav1.CreateOptions{})
	require.NoError(t, err)
	for _, component := range []string{"controllers", "kubelet-node-1", "metrics-server", "scheduler"} {
		require.NoError(t, c.command("component", "stop", component))
	}
	require.NoError(t, client.CoreV1().Nodes().Delete(t.Context(), "node-1", metav1.DeleteOptions{}))

	profiles, err := os.ReadFile(filepath.Join("testdata", "scheduler", "profiles.yaml"))
	require.NoError(t, err)
	configuration := func(who, more string) (file string) {
		file = filepath.Join(t.TempDir(), who+".yaml")
		require.NoError(t, os.WriteFile(file, []byte(strings.ReplaceAll(string(profiles), "WHO", who)+more), 0o600))
		return file
	}
	kubeconfig := c.pki("scheduler.conf")
	startUpstreams(t, filepath.Dir(c.kubelite), filepath.Base(c.kubelite), os.Interrupt, "scheduler", "--leader-elect=false", "--kubeconfig", kubeconfig, "--config", configuration(ourScheduler, ""))
	log := c.upstream(t, programs, "kube-scheduler", "scheduler", "-v=10", "--config", configuration(theirScheduler, // scores are told from 10 on
		fmt.Sprintf("leaderElection: {leaderElect: false}\nclientConnection: {kubeconfig: %q, qps: 1000, burst: 1000}\n", kubeconfig)))
	return &rivals{client: client, objects: objects, log: log}
}

// verdict is what a scheduler made of a scenario's probe.
type verdict struct{ kind, text string }

// verdict puts the scenario up, lets a scheduler look at the probe, and takes all away again.
func (r *rivals) verdict(t *testing.T, s *scenario, scheduler string) verdict {
	defer r.put(t, s)()
	ctx, pods := t.Context(), r.client.CoreV1().Pods(schedulingNamespace)
	r.probes++
	probe := s.probe.DeepCopy()
	probe.Name, probe.Spec.SchedulerName = fmt.Sprintf("probe-%d", r.probes), scheduler+"-"+s.profile
	_, err := pods.Create(ctx, probe, metav1.CreateOptions{})
	if apierrors.IsInvalid(err) {
		return verdict{kind: "invalid"}
	}
	require.NoError(t, err)
	defer func() { require.NoError(t, pods.Delete(context.Background(), probe.Name, atOnce)) }()
	require.Eventually(t, func() bool {
		r.bindVolumes(t, s)
		probe, err = pods.Get(ctx, probe.Name, metav1.GetOptions{})
		return err == nil && len(probe.Status.Conditions) > 0
	}, 30*time.Second, 5*time.Millisecond, "%s does not look at %s:\n%s", scheduler, probe.Name, s)

	if probe.Spec.NodeName != "" {
		scores := r.ourScores
		if scheduler == theirScheduler {
			scores = r.theirScores
		}
		all := scores(t, probe.Name)
		lines := telling(all)
		if best(all) {
			lines = append(append(lines, "goes to "+probe.Spec.NodeName), slices.Concat(r.claimed(t, s), r.allocated(t, s))...)
		}
		if len(all) == 0 {
			return verdict{"only one node", strings.Join(lines, "\n")}
		}
		return verdict{"scores", strings.Join(lines, "\n")}
	}
	v := verdict{kind: "no node"}
	v.text = probe.Status.Conditions[0].Reason + ": " + probe.Status.Conditions[0].Message
	if probe.Status.NominatedNodeName == "" {
		return v
	}
	var victims, before []string
	require.Eventually(t, func() bool { // they are told to go after it has been said for whom, one after the other
		victims, before = nil, victims
		for _, p := range s.placed {
			after, err := r.client.CoreV1().Pods(p.Namespace).Get(ctx, p.Name, metav1.GetOptions{})
			if err == nil && after.DeletionTimestamp != nil {
				victims = append(victims, p.Name)
			}
		}
		return len(victims) > 0 && slices.Equal(victims, before)
	}, 30*time.Second, 50*time.Millisecond, "%s makes no room for %s", scheduler, probe.Name)
	return verdict{"preemption", fmt.Sprintf("%s\n%s is cleared of %s", v.text, probe.Status.NominatedNodeName, victims)}
}

var atOnce = metav1.DeleteOptions{GracePeriodSeconds: new(int64)}

// put makes all of a scenario but its probe; what it returns takes it away.
func (r *rivals) put(t *testing.T, s *scenario) (takeAway func()) {
	var undo []func()
	for _, object := range s.objects() {
		undo = append(undo, r.make(t, object))
	}
	time.Sleep(30 * time.Millisecond) // nobody tells when a scheduler's cache shows all of it
	return func() {
		for _, f := range slices.Backward(undo) {
			f()
		}
	}
}

// make makes an object with its status, if there can be such a one. What it returns removes it.
func (r *rivals) make(t *testing.T, o *unstructured.Unstructured) (remove func()) {
	ctx, objects, merge := t.Context(), r.of(o), types.MergePatchType
	_, err := objects.Create(ctx, o, metav1.CreateOptions{})
	if apierrors.IsInvalid(err) {
		return func() {}
	}
	require.NoError(t, err)
	if status, _ := o.Object["status"].(map[string]any); len(status) > 0 {
		patch, err := json.Marshal(map[string]any{"status": status})
		require.NoError(t, err)
		_, err = objects.Patch(ctx, o.GetName(), merge, patch, metav1.PatchOptions{}, "status")
		require.NoError(t, err)
	}
	if o.GetKind() == "Node" { // without the taint that says that it is new
		taints, _, _ := unstructured.NestedFieldNoCopy(o.Object, "spec", "taints")
		patch, err := json.Marshal(map[string]any{"spec": map[string]any{"taints": taints}})
		require.NoError(t, err)
		_, err = objects.Patch(ctx, o.GetName(), merge, patch, metav1.PatchOptions{})
		require.NoError(t, err)
	}
	return func() {
		ctx := context.Background()
		_, err := objects.Patch(ctx, o.GetName(), merge, []byte(`{"metadata":{"finalizers":null}}`), metav1.PatchOptions{})
		if err == nil {
			err = objects.Delete(ctx, o.GetName(), atOnce)
		}
		if !apierrors.IsNotFound(err) {
			require.NoError(t, err)
		}
	}
}

// of is where objects like this one are.
func (r *rivals) of(o *unstructured.Unstructured) dynamic.ResourceInterface {
	plural, _ := meta.UnsafeGuessKindToResource(o.GroupVersionKind())
	return r.objects.Resource(plural).Namespace(o.GetNamespace())
}

// score is what a plugin gives to a node, times its weight.
type score struct {
	node, plugin string
	value        int64
}

var scored = regexp.MustCompile(`"Plugin scored node for pod" pod="([^"]*)" plugin="([^"]*)" node="([^"]*)" score=(-?\d+)`)

func (r *rivals) theirScores(t *testing.T, probe string) (scores []score) {
	log, err := os.ReadFile(r.log)
	require.NoError(t, err)
	require.NoError(t, os.Truncate(r.log, 0))
	for _, m := range scored.FindAllStringSubmatch(string(log), -1) {
		if m[1] == schedulingNamespace+"/"+probe {
			value, err := strconv.ParseInt(m[4], 10, 64)
			require.NoError(t, err)
			scores = append(scores, score{node: m[3], plugin: m[2], value: value})
		}
	}
	return scores
}

// ourScores are in the ledger.
func (r *rivals) ourScores(t *testing.T, probe string) (scores []score) {
	body, err := r.client.RESTClient().Get().AbsPath("/ledger").Param("object", "pods/"+schedulingNamespace+"/"+probe).DoRaw(t.Context())
	require.NoError(t, err)
	var ledger struct {
		Items []struct {
			Details struct {
				Plugins []string
				Results []struct {
					Node   string
					Scores []int64
				}
			}
		}
	}
	require.NoError(t, json.Unmarshal(body, &ledger))
	for _, item := range ledger.Items {
		for _, result := range item.Details.Results {
			for i, value := range result.Scores {
				scores = append(scores, score{result.Node, item.Details.Plugins[i], value})
			}
		}
	}
	return scores
}

// telling are the scores of those plugins that do not find all nodes alike, in order.
func telling(scores []score) (lines []string) {
	lowest, highest := map[string]int64{}, map[string]int64{}
	for _, s := range scores {
		if _, seen := lowest[s.plugin]; !seen {
			lowest[s.plugin], highest[s.plugin] = s.value, s.value
		}
		lowest[s.plugin], highest[s.plugin] = min(lowest[s.plugin], s.value), max(highest[s.plugin], s.value)
	}
	for _, s := range scores {
		if lowest[s.plugin] < highest[s.plugin] {
			lines = append(lines, fmt.Sprintf("%s %s %d", s.node, s.plugin, s.value))
		}
	}
	slices.Sort(lines)
	return lines
}

// best tells whether one node is better than all others: then the scheduler has no choice.
func best(scores []score) bool {
	totals := map[string]int64{}
	for _, s := range scores {
		totals[s.node] += s.value
	}
	sums := slices.Sorted(maps.Values(totals))
	return len(sums) < 2 || sums[len(sums)-1] > sums[len(sums)-2]
}
