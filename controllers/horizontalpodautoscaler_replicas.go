package controllers

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"kubelite/api"
)

// How many replicas a metric asks for: replicas × measured / target, rounded up, and what to do about the pods that nothing
// was measured of.

// metricError is why a metric cannot be used: a reason for events and conditions, and the cause.
type metricError struct {
	reason string
	what   string // could not be read
	cause  error
}

func (e *metricError) Error() string { return fmt.Sprintf("failed to get %s: %v", e.what, e.cause) }

// measurement is what one pass knows of its target, for all metrics.
type measurement struct {
	ctx       context.Context
	read      metricsReader
	find      func(ctx context.Context, group, kind string) (resource string, err error)
	namespace string
	selector  api.Selector
	pods      []*api.Pod
	wanted    int32 // replicas that the target asks for,
	existing  int32 // and that there are
	tolerance tolerance
	cfg       AutoscalerConfig
	now       time.Time
}

func (p *autoscalerPass) measurement(ctx context.Context, scale *api.Scale, selector api.Selector) *measurement {
	m := &measurement{
		ctx: ctx, read: p.metrics, namespace: p.hpa.Namespace, selector: selector, pods: p.pods.List(p.hpa.Namespace, selector),
		wanted: scale.Spec.Replicas, existing: scale.Status.Replicas, tolerance: toleranceOf(p.hpa, p.cfg.Tolerance), cfg: p.cfg, now: p.now,
	}
	m.find = func(ctx context.Context, group, kind string) (string, error) {
		kinds, err := p.findKind(ctx, group, kind)
		if err == nil && len(kinds) == 0 {
			err = fmt.Errorf("no matches for kind %q in group %q", kind, group)
		}
		if err != nil {
			return "", err
		}
		return kinds[0].Resource(), nil
	}
	return m
}

// tolerance is how far from 1 a ratio may be in each direction without anything being done.
type tolerance struct{ down, up float64 }

func toleranceOf(hpa *api.HorizontalPodAutoscaler, otherwise float64) tolerance {
	t := tolerance{otherwise, otherwise}
	if b := hpa.Spec.Behavior; b != nil {
		if b.ScaleDown != nil && b.ScaleDown.Tolerance != nil {
			t.down = b.ScaleDown.Tolerance.AsFloat64()
		}
		if b.ScaleUp != nil && b.ScaleUp.Tolerance != nil {
			t.up = b.ScaleUp.Tolerance.AsFloat64()
		}
	}
	return t
}

func (t tolerance) covers(ratio float64) bool { return 1-t.down <= ratio && ratio <= 1+t.up }

// replicasFor is how many replicas a metric asks for, what it is called in events, and its status.
func (m *measurement) replicasFor(spec *api.MetricSpec) (replicas int32, name string, status api.MetricStatus, failed *metricError) {
	status.Type = spec.Type
	var err error
	switch spec.Type {
	case api.ResourceMetricSourceType:
		s := &api.ResourceMetricStatus{Name: spec.Resource.Name}
		failed = &metricError{reason: "FailedGetResourceMetric", what: fmt.Sprintf("%s resource metric value", spec.Resource.Name)}
		name = fmt.Sprintf("%s resource", spec.Resource.Name)
		replicas, s.Current, err = m.byResource(spec.Resource.Name, spec.Resource.Target, "")
		status.Resource = s
		if spec.Resource.Target.AverageValue == nil {
			name += " utilization (percentage of request)"
		}
	case api.ContainerResourceMetricSourceType:
		s := &api.ContainerResourceMetricStatus{Name: spec.ContainerResource.Name, Container: spec.ContainerResource.Container}
		failed = &metricError{reason: "FailedGetContainerResourceMetric", what: spec.ContainerResource.Container + " container metric value"}
		name = fmt.Sprintf("%s resource", spec.ContainerResource.Name)
		replicas, s.Current, err = m.byResource(spec.ContainerResource.Name, spec.ContainerResource.Target, spec.ContainerResource.Container)
		status.ContainerResource = s
		if spec.ContainerResource.Target.AverageValue == nil {
			name = fmt.Sprintf("%s container resource utilization (percentage of request)", spec.ContainerResource.Name)
		}
	case api.PodsMetricSourceType:
		s := &api.PodsMetricStatus{Metric: spec.Pods.Metric}
		failed = &metricError{reason: "FailedGetPodsMetric", what: "pods metric value"}
		name = "pods metric " + spec.Pods.Metric.Name
		replicas, s.Current, err = m.byPods(spec.Pods)
		status.Pods = s
	case api.ObjectMetricSourceType:
		s := &api.ObjectMetricStatus{Metric: spec.Object.Metric, DescribedObject: spec.Object.DescribedObject}
		failed = &metricError{reason: "FailedGetObjectMetric", what: "object metric value"}
		name = spec.Object.DescribedObject.Kind + " metric " + spec.Object.Metric.Name
		if spec.Object.Target.AverageValue != nil { // upstream's words, though nothing is external here
			name = fmt.Sprintf("external metric %s(%s)", spec.Object.Metric.Name, printSelector(spec.Object.Metric.Selector))
			failed.what += ": failed to get " + spec.Object.Metric.Name + " object metric"
		}
		replicas, s.Current, err = m.byObject(spec.Object)
		status.Object = s
	case api.ExternalMetricSourceType:
		s := &api.ExternalMetricStatus{Metric: spec.External.Metric}
		failed = &metricError{reason: "FailedGetExternalMetric", what: spec.External.Metric.Name + " external metric value"}
		if spec.External.Target.AverageValue != nil {
			failed.what += ": failed to get " + spec.External.Metric.Name + " external metric"
		} else {
			failed.what += ": failed to get external metric " + spec.External.Metric.Name
		}
		name = fmt.Sprintf("external metric %s(%s)", spec.External.Metric.Name, printSelector(spec.External.Metric.Selector))
		replicas, s.Current, err = m.byExternal(spec.External)
		status.External = s
	default: // validation lets no other through
		failed = &metricError{reason: "InvalidMetricSourceType", what: "metric"}
		err = fmt.Errorf("unknown metric source type %q", spec.Type)
	}
	if err != nil {
		failed.cause = err
		return 0, "", api.MetricStatus{}, failed
	}
	return replicas, name, status, nil
}

// printSelector prints a selector of metrics as upstream's events do: with Go's names for what it is made of.
func printSelector(s *api.LabelSelector) string {
	if s == nil {
		return "nil"
	}
	var b strings.Builder
	b.WriteString("&LabelSelector{MatchLabels:map[string]string{")
	for _, key := range slices.Sorted(maps.Keys(s.MatchLabels)) {
		fmt.Fprintf(&b, "%s: %s,", key, s.MatchLabels[key])
	}
	b.WriteString("},MatchExpressions:[]LabelSelectorRequirement{")
	for _, r := range s.MatchExpressions {
		fmt.Fprintf(&b, "LabelSelectorRequirement{Key:%s,Operator:%s,Values:%v,},", r.Key, r.Operator, r.Values)
	}
	b.WriteString("},}")
	return b.String()
}

func (m *measurement) byResource(name api.ResourceName, target api.MetricTarget, container string) (int32, api.MetricValueStatus, error) {
	what := "usage"
	if target.AverageValue == nil {
		what = "utilization"
	}
	fail := func(err error) (int32, api.MetricValueStatus, error) {
		return 0, api.MetricValueStatus{}, fmt.Errorf("failed to get %s %s: %w", name, what, err)
	}
	metrics, err := m.read.resource(m.ctx, name, m.namespace, m.selector, container)
	if err != nil {
		return fail(fmt.Errorf("unable to get metrics for resource %s: %w", name, err))
	}
	format := api.DecimalSI
	if name == api.ResourceMemory {
		format = api.BinarySI
	}
	if target.AverageValue != nil {
		replicas, usage, err := m.byUsage(metrics, target.AverageValue.MilliValue(), name)
		if err != nil {
			return fail(err)
		}
		return replicas, api.MetricValueStatus{AverageValue: api.Ptr(api.NewMilliQuantity(usage, format))}, nil
	}
	if target.AverageUtilization == nil {
		return fail(errors.New("invalid resource metric source: neither an average utilization target nor an average value (usage) target was set"))
	}
	replicas, percent, usage, err := m.byUtilization(metrics, *target.AverageUtilization, name, container)
	if err != nil {
		return fail(err)
	}
	return replicas, api.MetricValueStatus{AverageUtilization: &percent, AverageValue: api.Ptr(api.NewMilliQuantity(usage, format))}, nil
}

func (m *measurement) byPods(spec *api.PodsMetricSource) (int32, api.MetricValueStatus, error) {
	metrics, err := m.read.ofPods(m.ctx, spec.Metric, m.namespace, m.selector)
	if err != nil {
		return 0, api.MetricValueStatus{}, fmt.Errorf("unable to get metric %s: %w", spec.Metric.Name, err)
	}
	target := api.Deref(spec.Target.AverageValue, api.Quantity{})
	replicas, usage, err := m.byUsage(metrics, target.MilliValue(), "")
	return replicas, api.MetricValueStatus{AverageValue: api.Ptr(api.NewMilliQuantity(usage, api.DecimalSI))}, err
}

func (m *measurement) byObject(spec *api.ObjectMetricSource) (int32, api.MetricValueStatus, error) {
	ref := spec.DescribedObject
	resource, err := m.find(m.ctx, api.ParseGroupVersion(ref.APIVersion).Group, ref.Kind)
	var usage int64
	if err == nil {
		usage, err = m.read.ofObject(m.ctx, spec.Metric, m.namespace, resource, ref.Name)
	}
	if err != nil {
		return 0, api.MetricValueStatus{}, fmt.Errorf("unable to get metric %s: %s on %s %s/%w", spec.Metric.Name, ref.Kind, m.namespace, ref.Name, err)
	}
	return m.byTotal(usage, spec.Target, "invalid object metric source: neither a value target nor an average value target was set")
}

func (m *measurement) byExternal(spec *api.ExternalMetricSource) (int32, api.MetricValueStatus, error) {
	usage, err := m.read.external(m.ctx, spec.Metric, m.namespace)
	if err != nil {
		return 0, api.MetricValueStatus{}, fmt.Errorf("unable to get external metric %s/%s/%s: %w", m.namespace, spec.Metric.Name, printSelector(spec.Metric.Selector), err)
	}
	return m.byTotal(usage, spec.Target, "invalid external metric source: neither a value target nor an average value target was set")
}

// byTotal is for metrics that are not of pods: their value has a target, or their value divided by the pods.
func (m *measurement) byTotal(usage int64, target api.MetricTarget, neither string) (int32, api.MetricValueStatus, error) {
	switch {
	case target.AverageValue != nil:
		replicas, average := m.perPod(usage, target.AverageValue.MilliValue())
		return replicas, api.MetricValueStatus{AverageValue: api.Ptr(api.NewMilliQuantity(average, api.DecimalSI))}, nil
	case target.Value != nil:
		replicas, err := m.byRatio(float64(usage) / float64(target.Value.MilliValue()))
		return replicas, api.MetricValueStatus{Value: api.Ptr(api.NewMilliQuantity(usage, api.DecimalSI))}, err
	}
	return 0, api.MetricValueStatus{}, errors.New(neither)
}

// perPod is how many pods it takes for each to have its share, and what each has now.
func (m *measurement) perPod(usage, target int64) (replicas int32, average int64) {
	replicas = m.existing
	if !m.tolerance.covers(float64(usage) / (float64(target) * float64(replicas))) {
		replicas = ceiling(float64(usage) / float64(target))
	}
	return replicas, int64(math.Ceil(float64(usage) / float64(max(m.existing, 1))))
}

// byRatio multiplies the pods that are ready.
func (m *measurement) byRatio(ratio float64) (int32, error) {
	switch {
	case m.wanted == 0:
		return ceiling(ratio), nil
	case m.tolerance.covers(ratio):
		return m.wanted, nil
	case len(m.pods) == 0:
		return 0, errors.New("unable to calculate ready pods: no pods returned by selector while calculating replica count")
	}
	ready := 0
	for _, pod := range m.pods {
		if _, ok := podReady(pod); ok && pod.Status.Phase == api.PodRunning {
			ready++
		}
	}
	return ceiling(ratio * float64(ready)), nil
}

func ceiling(x float64) int32 {
	if x >= math.MaxInt32 {
		return math.MaxInt32
	}
	return int32(math.Ceil(x))
}

// byUtilization compares what pods use with what they request, in percent.
func (m *measurement) byUtilization(metrics podMetrics, target int32, name api.ResourceName, container string) (replicas, percent int32, usage int64, err error) {
	requests := map[string]int64{}
	ratio := func(metrics podMetrics) (float64, error) {
		var used, requested int64
		count := int64(0)
		for pod, metric := range metrics {
			if request, ok := requests[pod]; ok { // a pod that is gone may still have metrics
				used, requested, count = used+metric.value, requested+request, count+1
			}
		}
		if requested == 0 {
			return 0, errors.New("no metrics returned matched known pods")
		}
		percent, usage = int32(used*100/requested), used/count
		return float64(percent) / float64(target), nil
	}
	groups, err := m.group(metrics, name)
	if err != nil {
		return 0, 0, 0, err
	}
	for _, pod := range m.pods {
		if requests[pod.Name], err = requestOf(pod, container, name); err != nil {
			return 0, 0, 0, err
		}
	}
	first, err := ratio(metrics)
	if err != nil {
		return 0, 0, 0, err
	}
	measuredPercent, measuredUsage := percent, usage
	// Smaller: a pod that was not measured is taken to use all that it requested, or the target if that is more.
	missing := func(pod string) int64 { return requests[pod] * int64(max(100, target)) / 100 }
	replicas, err = m.settle(metrics, groups, first, missing, ratio)
	return replicas, measuredPercent, measuredUsage, err
}

// byUsage compares the average of what pods have with a target.
func (m *measurement) byUsage(metrics podMetrics, target int64, name api.ResourceName) (replicas int32, usage int64, err error) {
	groups, err := m.group(metrics, name)
	if err != nil {
		return 0, 0, err
	}
	ratio := func(metrics podMetrics) (float64, error) {
		sum := int64(0)
		for _, metric := range metrics {
			sum += metric.value
		}
		usage = sum / int64(len(metrics))
		return float64(usage) / float64(target), nil
	}
	first, err := ratio(metrics)
	measured := usage
	if err != nil {
		return 0, 0, err
	}
	replicas, err = m.settle(metrics, groups, first, func(string) int64 { return target }, ratio)
	return replicas, measured, err
}

// settle turns a ratio into replicas. Pods of which nothing is known must not drive the decision: when it would be growth
// they are taken to use nothing, when it would be shrinking to use as much as they may. If that turns the decision around,
// nothing is done.
func (m *measurement) settle(metrics podMetrics, groups podGroups, ratio float64, missing func(pod string) int64, again func(podMetrics) (float64, error)) (int32, error) {
	growsWithUnready := len(groups.unready) > 0 && ratio > 1
	if !growsWithUnready && len(groups.missing) == 0 {
		if m.tolerance.covers(ratio) {
			return m.wanted, nil
		}
		return ceiling(ratio * float64(groups.ready)), nil
	}
	for _, pod := range groups.missing {
		switch {
		case ratio < 1:
			metrics[pod] = podMetric{value: missing(pod)}
		case ratio > 1:
			metrics[pod] = podMetric{}
		}
	}
	if growsWithUnready {
		for _, pod := range groups.unready {
			metrics[pod] = podMetric{}
		}
	}
	careful, err := again(metrics)
	if err != nil {
		return 0, err
	}
	if m.tolerance.covers(careful) || ratio < 1 && careful > 1 || ratio > 1 && careful < 1 {
		return m.wanted, nil
	}
	replicas := ceiling(careful * float64(len(metrics)))
	if careful < 1 && replicas > m.wanted || careful > 1 && replicas < m.wanted {
		return m.wanted, nil
	}
	return replicas, nil
}

// podGroups sort the target's pods by what their metrics are worth.
type podGroups struct {
	ready            int
	unready, missing []string
}

// group sorts the pods, and takes metrics that say nothing out of the map: of pods that are going, and of pods that are not
// ready. A pod that starts often works harder than it ever will again.
func (m *measurement) group(metrics podMetrics, name api.ResourceName) (groups podGroups, err error) {
	if len(m.pods) == 0 {
		return groups, errors.New("no pods returned by selector while calculating replica count")
	}
	for _, pod := range m.pods {
		metric, measured := metrics[pod.Name]
		switch {
		case pod.DeletionTimestamp != nil || pod.Status.Phase == api.PodFailed:
			delete(metrics, pod.Name)
		case pod.Status.Phase == api.PodPending || measured && name == api.ResourceCPU && m.starting(pod, metric):
			groups.unready = append(groups.unready, pod.Name)
			delete(metrics, pod.Name)
		case !measured:
			groups.missing = append(groups.missing, pod.Name)
		default:
			groups.ready++
		}
	}
	if len(metrics) == 0 {
		return groups, errors.New("did not receive metrics for targeted pods (pods might be unready)")
	}
	return groups, nil
}

// starting tells that a pod's CPU is that of its start. While it may be initialising, it counts when it is ready and was so
// for the whole of the measurement; later, unless it never was ready.
func (m *measurement) starting(pod *api.Pod, metric podMetric) bool {
	condition := pod.Status.Condition(api.PodReady)
	if condition == nil || pod.Status.StartTime == nil {
		return true
	}
	notReady := condition.Status == api.ConditionFalse
	if pod.Status.StartTime.Add(m.cfg.CPUInitializationPeriod).After(m.now) {
		return notReady || metric.at.Before(condition.LastTransitionTime.Add(metric.window))
	}
	return notReady && pod.Status.StartTime.Add(m.cfg.InitialReadinessDelay).After(condition.LastTransitionTime.Time)
}

// requestOf is what the pod, or one of its containers, requests. Utilization has no meaning without.
func requestOf(pod *api.Pod, container string, name api.ResourceName) (int64, error) {
	if container == "" && pod.Spec.Resources != nil && len(pod.Spec.Resources.Requests) > 0 {
		request, ok := api.PodRequests(&pod.Spec)[name]
		if !ok {
			return 0, fmt.Errorf("missing pod-level request for %s in Pod %s", name, pod.Name)
		}
		return request.MilliValue(), nil
	}
	sum, found := int64(0), false
	add := func(c *api.Container) error {
		if container != "" && c.Name != container {
			return nil
		}
		request, ok := c.Resources.Requests[name]
		if !ok {
			return fmt.Errorf("missing request for %s in container %s of Pod %s", name, c.Name, pod.Name)
		}
		sum, found = sum+request.MilliValue(), true
		return nil
	}
	for i := range pod.Spec.Containers {
		if err := add(&pod.Spec.Containers[i]); err != nil {
			return 0, err
		}
	}
	for i := range pod.Spec.InitContainers {
		if c := &pod.Spec.InitContainers[i]; c.IsSidecar() {
			if err := add(c); err != nil {
				return 0, err
			}
		}
	}
	if container != "" && !found {
		return 0, fmt.Errorf("container %s not found in Pod %s", container, pod.Name)
	}
	return sum, nil
}
