package clients

import (
	"context"
	"encoding/json"
	"fmt"
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
	schedulingv1 "k8s.io/api/scheduling/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
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
				ours, theirs = r.verdict(t, s, v1.DefaultSchedulerName), r.verdict(t, s, theirScheduler)
				if ours == theirs {
					break
				}
			}
			outcomes[theirs.kind]++
			if ours != theirs {
				text, err := json.MarshalIndent(map[string]any{"nodes": s.nodes, "placed": s.placed, "claim": s.claim, "volume": s.volume, "service": s.service, "budgets": s.budgets, "probe": s.probe}, "", " ")
				require.NoError(t, err)
				t.Errorf("cluster %d\ntheirs:\n%s\nours:\n%s\n%s", seed, theirs.text, ours.text, text)
			}
		}
	})
	t.Logf("%d clusters: %v", to-from, outcomes)
	for _, kind := range []string{"scores", "no node", "preemption"} {
		require.NotZero(t, outcomes[kind], kind)
	}
}

const theirScheduler = "theirs"

// rivals are two schedulers on one API server. Nothing else runs there: no controller, no kubelet.
type rivals struct {
	client *kubernetes.Clientset
	log    string // of theirs
	probes int
}

func newRivals(t *testing.T, c *fullCluster, programs string) *rivals {
	client, err := kubernetes.NewForConfig(c.hurried(t))
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
	for _, component := range []string{"controllers", "kubelet-node-1", "metrics-server"} {
		require.NoError(t, c.command("component", "stop", component))
	}
	require.NoError(t, client.CoreV1().Nodes().Delete(t.Context(), "node-1", metav1.DeleteOptions{}))

	file := filepath.Join(t.TempDir(), "config.yaml")
	require.NoError(t, os.WriteFile(file, fmt.Appendf(nil, `
apiVersion: kubescheduler.config.k8s.io/v1
kind: KubeSchedulerConfiguration
leaderElection: {leaderElect: false}
clientConnection: {kubeconfig: %q, qps: 1000, burst: 1000}
profiles: [{schedulerName: %s}]
`, c.pki("scheduler.conf"), theirScheduler), 0o600))
	log := c.upstream(t, programs, "kube-scheduler", "scheduler", "--config", file, "-v=10") // scores are told from 10 on
	return &rivals{client: client, log: log}
}

// verdict is what a scheduler made of a scenario's probe.
type verdict struct{ kind, text string }

// verdict puts the scenario up, lets a scheduler look at the probe, and takes all away again.
func (r *rivals) verdict(t *testing.T, s *scenario, scheduler string) verdict {
	defer r.put(t, s)()
	ctx, pods := t.Context(), r.client.CoreV1().Pods(schedulingNamespace)
	r.probes++
	probe := s.probe.DeepCopy()
	probe.Name, probe.Spec.SchedulerName = fmt.Sprintf("probe-%d", r.probes), scheduler
	_, err := pods.Create(ctx, probe, metav1.CreateOptions{})
	if apierrors.IsInvalid(err) {
		return verdict{kind: "invalid"}
	}
	require.NoError(t, err)
	defer func() { require.NoError(t, pods.Delete(context.Background(), probe.Name, atOnce)) }()
	require.Eventually(t, func() bool {
		probe, err = pods.Get(ctx, probe.Name, metav1.GetOptions{})
		return err == nil && len(probe.Status.Conditions) > 0
	}, 30*time.Second, 5*time.Millisecond, "%s does not look at %s", scheduler, probe.Name)

	if probe.Spec.NodeName != "" {
		scores := r.ourScores
		if scheduler == theirScheduler {
			scores = r.theirScores
		}
		lines := telling(scores(t, probe.Name))
		if len(lines) == 0 {
			return verdict{kind: "only one node, or all alike"}
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
	ctx, core := t.Context(), r.client.CoreV1()
	var undo []func()
	later := func(remove func(ctx context.Context, name string, opts metav1.DeleteOptions) error, name string) {
		undo = append(undo, func() {
			if err := remove(context.Background(), name, atOnce); !apierrors.IsNotFound(err) {
				require.NoError(t, err)
			}
		})
	}
	for _, n := range s.nodes {
		made, err := core.Nodes().Create(ctx, n, metav1.CreateOptions{})
		require.NoError(t, err)
		later(core.Nodes().Delete, n.Name)
		made.Spec.Taints = n.Spec.Taints // without the one that says that it is new
		_, err = core.Nodes().Update(ctx, made, metav1.UpdateOptions{})
		require.NoError(t, err)
	}
	unprotected := []byte(`{"metadata":{"finalizers":null}}`)
	if claim := s.claim; claim != nil {
		claims := core.PersistentVolumeClaims(claim.Namespace)
		made, err := claims.Create(ctx, claim, metav1.CreateOptions{})
		require.NoError(t, err)
		made.Status = claim.Status
		made, err = claims.UpdateStatus(ctx, made, metav1.UpdateOptions{})
		require.NoError(t, err)
		_, err = claims.Patch(ctx, claim.Name, types.MergePatchType, unprotected, metav1.PatchOptions{})
		require.NoError(t, err)
		later(claims.Delete, claim.Name)
		if volume := s.volume; volume != nil {
			volume.Spec.ClaimRef = &v1.ObjectReference{Kind: "PersistentVolumeClaim", Namespace: claim.Namespace, Name: claim.Name, UID: made.UID}
			_, err = core.PersistentVolumes().Create(ctx, volume, metav1.CreateOptions{})
			require.NoError(t, err)
			_, err = core.PersistentVolumes().Patch(ctx, volume.Name, types.MergePatchType, unprotected, metav1.PatchOptions{})
			require.NoError(t, err)
			later(core.PersistentVolumes().Delete, volume.Name)
		}
	}
	if svc := s.service; svc != nil {
		_, err := core.Services(svc.Namespace).Create(ctx, svc, metav1.CreateOptions{})
		require.NoError(t, err)
		later(core.Services(svc.Namespace).Delete, svc.Name)
	}
	for _, b := range s.budgets {
		budgets := r.client.PolicyV1().PodDisruptionBudgets(b.Namespace)
		made, err := budgets.Create(ctx, b, metav1.CreateOptions{})
		require.NoError(t, err)
		later(budgets.Delete, b.Name)
		made.Status = b.Status
		_, err = budgets.UpdateStatus(ctx, made, metav1.UpdateOptions{})
		require.NoError(t, err)
	}
	for _, p := range s.placed {
		made, err := core.Pods(p.Namespace).Create(ctx, p, metav1.CreateOptions{})
		if apierrors.IsInvalid(err) {
			continue // chance made something that cannot be
		}
		require.NoError(t, err)
		later(core.Pods(p.Namespace).Delete, p.Name)
		made.Status.StartTime = p.Status.StartTime
		_, err = core.Pods(p.Namespace).UpdateStatus(ctx, made, metav1.UpdateOptions{})
		require.NoError(t, err)
	}
	time.Sleep(30 * time.Millisecond) // nobody tells when a scheduler's cache shows all of it
	return func() {
		for _, f := range slices.Backward(undo) {
			f()
		}
	}
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
