package controllers

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"

	"kubelite/api"
	"kubelite/client"
)

// The HorizontalPodAutoscaler loop.
//
//	desired    the metrics of spec.metrics at their targets, with minReplicas to maxReplicas pods
//	actual     what the metrics APIs measure just now
//	converge   replicas × measured / target, rounded up; held back by stabilization windows and policies; written to the
//	           scale subresource of the target
//
// Example: a target of 50 % of the requested CPU, and 4 pods that use 90 %: 4 × 90/50 = 7.2, so 8 pods. The loop writes
// 8 to the Deployment's scale and looks again a quarter of a minute later.
//
// No event says that a load has grown, so this is the one loop that goes by the clock. What it has recommended before is
// its memory (horizontalpodautoscaler_limits.go), and the one thing here that a restart loses.

// AutoscalerConfig is how the autoscalers measure and how fast they react. Zeros stand for upstream's defaults.
type AutoscalerConfig struct {
	SyncPeriod               time.Duration // between two looks; 15s
	DownscaleStabilization   time.Duration // how long the highest recommendation holds; 5m
	CPUInitializationPeriod  time.Duration // after a pod's start, in which its CPU counts only while it is ready; 5m
	InitialReadinessDelay    time.Duration // after a pod's start, in which it counts as never having been ready; 30s
	Tolerance                float64       // how far from 1 a ratio may be without anything being done; 0.1
	resourceDiscoveryRefresh time.Duration
}

func (c AutoscalerConfig) withDefaults() AutoscalerConfig {
	c.SyncPeriod = cmp.Or(c.SyncPeriod, 15*time.Second)
	c.DownscaleStabilization = cmp.Or(c.DownscaleStabilization, 5*time.Minute)
	c.CPUInitializationPeriod = cmp.Or(c.CPUInitializationPeriod, 5*time.Minute)
	c.InitialReadinessDelay = cmp.Or(c.InitialReadinessDelay, 30*time.Second)
	c.Tolerance = cmp.Or(c.Tolerance, 0.1)
	c.resourceDiscoveryRefresh = 30 * time.Second
	return c
}

// HorizontalPodAutoscalerController changes the scale of what HorizontalPodAutoscalers name.
type HorizontalPodAutoscalerController struct {
	cfg         AutoscalerConfig
	client      *client.Client
	autoscalers *client.Informer[*api.HorizontalPodAutoscaler]
	pods        *client.Informer[*api.Pod]
	metrics     metricsReader
	events      *client.Recorder
	log         *slog.Logger
	queue       *client.Queue

	mu sync.Mutex
	// guarded by mu
	memories  map[api.Key]*autoscalerMemory
	selectors map[api.Key]api.Selector // of the targets' pods
	kinds     []client.APIResource
	kindsRead time.Time
}

// NewHorizontalPodAutoscalerController subscribes to the autoscalers. Pods are only looked up: a change of one is no
// reason to measure.
func NewHorizontalPodAutoscalerController(c *client.Client, caches *Caches, cfg AutoscalerConfig, log *slog.Logger) *HorizontalPodAutoscalerController {
	h := &HorizontalPodAutoscalerController{
		cfg: cfg.withDefaults(), client: c, autoscalers: caches.Autoscalers, pods: caches.Pods, metrics: metricsReader{c}, log: log,
		events: client.NewRecorder(c, "horizontal-pod-autoscaler", ""),
		queue:  client.NewQueue("horizontalpodautoscaler"), memories: map[api.Key]*autoscalerMemory{}, selectors: map[api.Key]api.Selector{},
	}
	caches.Autoscalers.OnChange(func(old, hpa *api.HorizontalPodAutoscaler, revision int64) {
		switch {
		case hpa == nil:
			h.forget(old.Key())
		case old == nil || !api.Equal(old.Spec, hpa.Spec): // its status is our own
			h.queue.Add(hpa.Key(), revision)
		}
	})
	return h
}

// Run reconciles until ctx ends.
func (h *HorizontalPodAutoscalerController) Run(ctx context.Context) error {
	if err := waitForSync(ctx, h.autoscalers, h.pods); err != nil {
		return err
	}
	return h.queue.Run(ctx, 5, h.Reconcile, h.log)
}

func (h *HorizontalPodAutoscalerController) forget(key api.Key) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.memories, key)
	delete(h.selectors, key)
}

// memory is what the autoscaler has recommended and done. Only its own pass uses it, and there is one at a time.
func (h *HorizontalPodAutoscalerController) memory(key api.Key) *autoscalerMemory {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.memories[key] == nil {
		h.memories[key] = &autoscalerMemory{}
	}
	return h.memories[key]
}

// Reconcile measures, and scales the target if it should have another size.
func (h *HorizontalPodAutoscalerController) Reconcile(ctx context.Context, key api.Key) error {
	cached, ok := h.autoscalers.Get(key)
	if !ok {
		return nil
	}
	h.queue.AddAfter(key, h.cfg.SyncPeriod, "autoscaler sync")
	pass := &autoscalerPass{HorizontalPodAutoscalerController: h, hpa: api.DeepCopy(cached), memory: h.memory(key), now: time.Now()}
	err := pass.run(ctx)
	if !api.Equal(cached.Status, pass.hpa.Status) {
		ctx := client.Because(ctx, "status: %d replicas, %d wanted", pass.hpa.Status.CurrentReplicas, pass.hpa.Status.DesiredReplicas)
		if _, updateErr := client.Of[*api.HorizontalPodAutoscaler](h.client).UpdateStatus(ctx, pass.hpa); ignoreConflict(updateErr) != nil {
			h.events.Event(ctx, cached, api.EventTypeWarning, "FailedUpdateStatus", "%v", updateErr)
			return fmt.Errorf("failed to update status for %s: %w", key.Name, updateErr)
		}
	}
	if err != nil {
		// The clock brings us back. Retrying sooner would only ask programs that measure, which have nothing new.
		tell(client.Because(ctx, "nothing is done: %v", err), h.client, h.log, cached)
		h.log.WarnContext(ctx, "autoscaler", "namespace", key.Namespace, "name", key.Name, "error", err)
	}
	return nil
}

// autoscalerPass is one look at one autoscaler. It writes into hpa's status.
type autoscalerPass struct {
	*HorizontalPodAutoscalerController
	hpa    *api.HorizontalPodAutoscaler
	memory *autoscalerMemory
	now    time.Time
}

func (p *autoscalerPass) run(ctx context.Context) error {
	target, scale, err := p.readScale(ctx) // 1. what there is
	if err != nil {
		p.warn(ctx, "FailedGetScale", err)
		p.condition(api.AbleToScale, api.ConditionFalse, "FailedGetScale", "the HPA controller was unable to get the target's current scale: %v", err)
		return fmt.Errorf("failed to query scale subresource for %s: %w", p.reference(), err)
	}
	p.condition(api.AbleToScale, api.ConditionTrue, "SucceededGetScale", "the HPA controller was able to get the target's current scale")
	current := scale.Spec.Replicas
	p.memory.begin(current, p.now)
	p.dropCondition(api.ScaledToZero)

	least, desired, reason := api.Deref(p.hpa.Spec.MinReplicas, 1), current, ""
	var metrics []api.MetricStatus
	var partly error
	switch {
	case current == 0: // somebody switched it off
		p.condition(api.ScalingActive, api.ConditionFalse, "ScalingDisabled", "scaling is disabled since the replica count of the target is zero")
	case current > p.hpa.Spec.MaxReplicas:
		desired, reason = p.hpa.Spec.MaxReplicas, "Current number of replicas above Spec.MaxReplicas"
	case current < least:
		desired, reason = least, "Current number of replicas below Spec.MinReplicas"
	default:
		var proposed int32
		var metric string
		proposed, metric, metrics, partly = p.proposal(ctx, scale) // 2. what the metrics ask for
		if proposed < 0 {
			p.hpa.Status.CurrentReplicas, p.hpa.Status.CurrentMetrics = current, metrics
			p.warn(ctx, "FailedComputeMetricsReplicas", partly)
			return fmt.Errorf("failed to compute desired number of replicas based on listed metrics for %s: %w", p.reference(), partly)
		}
		switch {
		case proposed > current:
			reason = metric + " above target"
		case proposed < current:
			reason = "All metrics below target"
		}
		desired = p.limit(current, proposed, least) // 3. what windows, policies and limits allow of it
	}
	rescale := desired != current
	if rescale { // 4. act
		if err := p.rescale(client.Because(ctx, "%s: from %d to %d", reason, current, desired), target, scale, desired, reason); err != nil {
			p.hpa.Status.CurrentReplicas, p.hpa.Status.CurrentMetrics = current, metrics
			return err
		}
		p.memory.scaled(p.hpa.Spec.Behavior, current, desired, p.now)
	}
	p.hpa.Status.CurrentReplicas, p.hpa.Status.DesiredReplicas, p.hpa.Status.CurrentMetrics = current, desired, metrics // 5. report
	if rescale {
		p.hpa.Status.LastScaleTime = &api.Time{Time: p.now}
	}
	return partly
}

func (p *autoscalerPass) reference() string {
	ref := p.hpa.Spec.ScaleTargetRef
	return ref.Kind + "/" + p.hpa.Namespace + "/" + ref.Name
}

// readScale reads the target's scale, and returns the path that it is written to. A kind that several groups have is
// looked for in all of them.
func (p *autoscalerPass) readScale(ctx context.Context) (path string, scale *api.Scale, err error) {
	ref := p.hpa.Spec.ScaleTargetRef
	group := api.ParseGroupVersion(ref.APIVersion).Group
	kinds, err := p.findKind(ctx, group, ref.Kind)
	if err != nil {
		return "", nil, err
	}
	var first error
	for _, kind := range kinds {
		path := kind.Path(p.hpa.Namespace, ref.Name) + "/scale"
		scale, err := readScale(ctx, p.client, path)
		if err == nil {
			return path, scale, nil
		}
		first = cmp.Or(first, err)
	}
	if first == nil {
		first = fmt.Errorf("no matches for kind %q in group %q", ref.Kind, group)
	}
	return "", nil, first
}

func readScale(ctx context.Context, c *client.Client, path string) (*api.Scale, error) {
	answer, err := c.Do(ctx, client.Request{Path: path})
	if err != nil {
		return nil, err
	}
	scale := &api.Scale{}
	return scale, json.Unmarshal(answer.Body, scale)
}

// findKind asks discovery, which is remembered for a while: every pass of every autoscaler needs it.
func (h *HorizontalPodAutoscalerController) findKind(ctx context.Context, group, kind string) ([]client.APIResource, error) {
	h.mu.Lock()
	kinds, fresh := h.kinds, time.Since(h.kindsRead) < h.cfg.resourceDiscoveryRefresh
	h.mu.Unlock()
	of := func() []client.APIResource {
		return slices.DeleteFunc(slices.Clone(kinds), func(r client.APIResource) bool { return r.Group != group || r.Kind != kind })
	}
	if found := of(); fresh && len(found) > 0 {
		return found, nil
	}
	kinds, err := discover(ctx, h.client)
	if err != nil {
		return nil, err
	}
	h.mu.Lock()
	h.kinds, h.kindsRead = kinds, time.Now()
	h.mu.Unlock()
	return of(), nil
}

// proposal is the largest number of replicas that one of the metrics asks for, and that metric's name. Less than 0 means
// that nothing can be said: no metric can be read, or one cannot and the others would have it smaller. An error beside a
// proposal tells of the metrics that could not be read.
func (p *autoscalerPass) proposal(ctx context.Context, scale *api.Scale) (replicas int32, metric string, statuses []api.MetricStatus, err error) {
	selector, err := p.targetSelector(ctx, scale.Status.Selector)
	if err != nil {
		return -1, "", nil, err
	}
	m := p.measurement(ctx, scale, selector)
	var failed int
	var first *metricError
	for i := range p.hpa.Spec.Metrics {
		wanted, name, status, err := m.replicasFor(&p.hpa.Spec.Metrics[i])
		statuses = append(statuses, status)
		if err != nil {
			p.warn(ctx, err.reason, err.cause)
			failed++
			first = cmp.Or(first, err)
			continue
		}
		if replicas == 0 || wanted > replicas {
			replicas, metric = wanted, name
		}
	}
	total := len(p.hpa.Spec.Metrics)
	if failed > 0 {
		err = fmt.Errorf("invalid metrics (%d invalid out of %d), first error is: %w", failed, total, first)
	}
	if failed > 0 && (failed == total || replicas < scale.Spec.Replicas) {
		p.condition(api.ScalingActive, api.ConditionFalse, first.reason, "the HPA was unable to compute the replica count: %v", first.cause)
		return -1, "", statuses, err
	}
	p.condition(api.ScalingActive, api.ConditionTrue, "ValidMetricFound", "the HPA was able to successfully calculate a replica count from %s", metric)
	return replicas, metric, statuses, err
}

// targetSelector reads the selector of the target's pods, and makes sure that no other autoscaler has these pods: two
// would undo each other's work for ever.
func (p *autoscalerPass) targetSelector(ctx context.Context, text string) (api.Selector, error) {
	invalid := func(event, reason, message, condition string) (api.Selector, error) {
		err := errors.New(message)
		p.warn(ctx, event, err)
		p.condition(api.ScalingActive, api.ConditionFalse, reason, "%s", condition)
		return nil, err
	}
	if text == "" {
		return invalid("SelectorRequired", "InvalidSelector", "selector is required", "the HPA target's scale is missing a selector")
	}
	selector, err := api.ParseSelector(text)
	if err != nil {
		message := fmt.Sprintf("couldn't convert selector into a corresponding internal selector object: %v", err)
		return invalid("InvalidSelector", "InvalidSelector", message, message)
	}
	if all := p.selectedBy(selector); len(all) > 1 {
		message := fmt.Sprintf("pods by selector %v are controlled by multiple HPAs: %v", text, all)
		return invalid("AmbiguousSelector", "AmbiguousSelector", message, message)
	}
	return selector, nil
}

// selectedBy remembers the autoscaler's selector, and lists the autoscalers that have one of its pods.
func (p *autoscalerPass) selectedBy(selector api.Selector) []api.Key {
	pods := p.pods.List(p.hpa.Namespace, selector)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.selectors[p.hpa.Key()] = selector
	var keys []api.Key
	for key, other := range p.selectors {
		if key.Namespace == p.hpa.Namespace && slices.ContainsFunc(pods, func(pod *api.Pod) bool { return other.Matches(pod.Labels) }) {
			keys = append(keys, key)
		}
	}
	slices.SortFunc(keys, func(a, b api.Key) int { return cmp.Compare(a.Name, b.Name) })
	return keys
}

// limit is what the windows, policies and limits leave of a proposal.
func (p *autoscalerPass) limit(current, proposed, least int32) int32 {
	stable, why := p.memory.stabilize(p.hpa.Spec.Behavior, p.cfg.DownscaleStabilization, current, proposed, p.now)
	if stable == proposed {
		why = limitation{"ReadyForNewScale", "recommended size matches current size"}
	}
	p.condition(api.AbleToScale, api.ConditionTrue, why.reason, "%s", why.message)
	desired, why := p.memory.bound(p.hpa.Spec.Behavior, current, stable, least, p.hpa.Spec.MaxReplicas, p.now)
	limited := api.ConditionFalse
	if desired != stable {
		limited = api.ConditionTrue
	}
	p.condition(api.ScalingLimited, limited, why.reason, "%s", why.message)
	return desired
}

// rescale writes the target's scale.
func (p *autoscalerPass) rescale(ctx context.Context, path string, scale *api.Scale, desired int32, reason string) error {
	var err error
	for range 5 { // somebody else may be writing the target, too
		scale.Spec.Replicas = desired
		var body []byte
		if body, err = api.MarshalJSON(scale); err != nil {
			break
		}
		if _, err = p.client.Do(ctx, client.Request{Method: http.MethodPut, Path: path, Body: body}); !api.IsConflict(err) {
			break
		}
		if fresh, readErr := readScale(ctx, p.client, path); readErr == nil {
			scale = fresh
		}
	}
	if err != nil {
		p.events.Event(ctx, p.hpa, api.EventTypeWarning, "FailedRescale", "New size: %d; reason: %s; error: %v", desired, reason, err)
		p.condition(api.AbleToScale, api.ConditionFalse, "FailedUpdateScale", "the HPA controller was unable to update the target scale: %v", err)
		return fmt.Errorf("failed to rescale %s: %w", p.reference(), err)
	}
	p.condition(api.AbleToScale, api.ConditionTrue, "SucceededRescale", "the HPA controller was able to update the target scale to %d", desired)
	p.events.Event(ctx, p.hpa, api.EventTypeNormal, "SuccessfulRescale", "New size: %d; reason: %s", desired, reason)
	p.log.InfoContext(ctx, "rescaled", "kind", "HorizontalPodAutoscaler", "namespace", p.hpa.Namespace, "name", p.hpa.Name, "replicas", desired, "reason", reason)
	return nil
}

func (p *autoscalerPass) warn(ctx context.Context, reason string, err error) {
	p.events.Event(ctx, p.hpa, api.EventTypeWarning, reason, "%v", err)
}

func (p *autoscalerPass) condition(t api.HorizontalPodAutoscalerConditionType, status api.ConditionStatus, reason, format string, args ...any) {
	conditions := p.hpa.Status.Conditions
	i := slices.IndexFunc(conditions, func(c api.HorizontalPodAutoscalerCondition) bool { return c.Type == t })
	if i < 0 {
		i = len(conditions)
		conditions = append(conditions, api.HorizontalPodAutoscalerCondition{Type: t})
	}
	if c := &conditions[i]; c.Status != status {
		c.Status, c.LastTransitionTime = status, api.Time{Time: p.now}
	}
	conditions[i].Reason, conditions[i].Message = reason, fmt.Sprintf(format, args...)
	p.hpa.Status.Conditions = conditions
}

func (p *autoscalerPass) dropCondition(t api.HorizontalPodAutoscalerConditionType) {
	p.hpa.Status.Conditions = slices.DeleteFunc(p.hpa.Status.Conditions, func(c api.HorizontalPodAutoscalerCondition) bool { return c.Type == t })
}
