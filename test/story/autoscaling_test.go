package story

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"kubelite/api"
	"kubelite/client"
	"kubelite/controllers"
)

// metricsAdapter is a small API server that measures nothing: it says of each metric what a test has told it. As a real one
// it is reached by the API server alone, for the groups that it has APIServices for.
type metricsAdapter struct {
	h *Harness

	mu     sync.Mutex
	values map[string]string // by metric, or for cpu by container; guarded by mu
	asked  []string          // paths with their queries; guarded by mu
}

// adapter starts one and registers it for a version of a group.
func (h *Harness) adapter(groups ...api.GroupVersion) *metricsAdapter {
	h.T.Helper()
	a := &metricsAdapter{h: h, values: map[string]string{}}
	server := httptest.NewTLSServer(a)
	h.T.Cleanup(server.Close)
	Apply(h, &api.Service{ObjectMeta: api.ObjectMeta{Name: "adapter"}, Spec: api.ServiceSpec{Type: api.ServiceTypeExternalName, ExternalName: "localhost"}})
	for _, gv := range groups {
		name := gv.Version + "." + gv.Group
		Apply(h, &api.APIService{ObjectMeta: api.ObjectMeta{Name: name}, Spec: api.APIServiceSpec{
			Group: gv.Group, Version: gv.Version, GroupPriorityMinimum: 100, VersionPriority: 100, InsecureSkipTLSVerify: true,
			Service: &api.APIRegistrationServiceReference{Namespace: "default", Name: "adapter", Port: api.Ptr(int32(server.Listener.Addr().(*net.TCPAddr).Port))},
		}})
		h.Eventually(func() error {
			service, err := client.Of[*api.APIService](h.Client).Get(h.Ctx, "", name)
			if err == nil && !slices.ContainsFunc(service.Status.Conditions, func(c api.APIServiceCondition) bool { return c.Type == "Available" && c.Status == "True" }) {
				err = fmt.Errorf("%s: %v", name, service.Status.Conditions)
			}
			return err
		})
	}
	return a
}

func (a *metricsAdapter) set(metric, value string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.values[metric] = value
}

func (a *metricsAdapter) wasAsked(path, query string) Check {
	return func() error {
		a.mu.Lock()
		defer a.mu.Unlock()
		want, _ := url.ParseQuery(query)
		if wanted := path + "?" + want.Encode(); !slices.Contains(a.asked, wanted) {
			return fmt.Errorf("nobody asked for %s, but for %q", wanted, a.asked)
		}
		return nil
	}
}

func (a *metricsAdapter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	parts := strings.Split(strings.TrimPrefix(r.URL.Path, "/apis/"), "/")
	w.Header().Set("Content-Type", "application/json")
	if len(parts) == 2 {
		fmt.Fprintf(w, `{"kind":"APIResourceList","groupVersion":%q,"resources":[]}`, strings.Join(parts, "/"))
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.asked = append(a.asked, r.URL.Path+"?"+r.URL.Query().Encode())
	now := time.Now().UTC().Format(time.RFC3339)
	metric := parts[len(parts)-1]
	var items []string
	switch {
	case parts[0] == "metrics.k8s.io":
		for _, pod := range a.h.Pods(r.URL.Query().Get("labelSelector")) {
			items = append(items, fmt.Sprintf(`{"metadata":{"name":%q,"namespace":"default"},"timestamp":%q,"window":"0s","containers":[
				{"name":"web","usage":{"cpu":%q}},{"name":"helper","usage":{"cpu":%q}}]}`, pod.Name, now, a.values["web"], a.values["helper"]))
		}
	case a.values[metric] == "":
	case parts[0] == "external.metrics.k8s.io":
		for _, value := range strings.Fields(a.values[metric]) {
			items = append(items, fmt.Sprintf(`{"metricName":%q,"timestamp":%q,"value":%q}`, metric, now, value))
		}
	case parts[4] == "pods" && parts[5] == "*":
		for _, pod := range a.h.Pods(r.URL.Query().Get("labelSelector")) {
			items = append(items, fmt.Sprintf(`{"describedObject":{"kind":"Pod","name":%q},"timestamp":%q,"value":%q}`, pod.Name, now, a.values[metric]))
		}
	default:
		items = append(items, fmt.Sprintf(`{"describedObject":{"name":%q},"timestamp":%q,"value":%q}`, parts[5], now, a.values[metric]))
	}
	fmt.Fprintf(w, `{"kind":"List","apiVersion":%q,"items":[%s]}`, parts[0]+"/"+parts[1], strings.Join(items, ","))
}

// quickAutoscaler measures ten times a second, and lets nothing settle.
func quickAutoscaler(c *controllers.Config) {
	c.Autoscaler = controllers.AutoscalerConfig{SyncPeriod: 100 * time.Millisecond, DownscaleStabilization: time.Millisecond}
}

// autoscaled makes a Deployment of two pods that listens to one metric.
func (h *Harness) autoscaled(name string, metric api.MetricSpec) {
	h.T.Helper()
	d := deployment(name, 2, "web:v1")
	d.Spec.Template.Spec.Containers = []api.Container{
		{Name: "web", Image: "web:v1", Resources: api.ResourceRequirements{Requests: api.ResourceList{api.ResourceCPU: api.MustParse("100m")}}},
		{Name: "helper", Image: "helper:v1"},
	}
	Apply(h, d)
	h.Eventually(h.PodsReady("app="+name, 2))
	Apply(h, &api.HorizontalPodAutoscaler{ObjectMeta: api.ObjectMeta{Name: name}, Spec: api.HorizontalPodAutoscalerSpec{
		ScaleTargetRef: api.CrossVersionObjectReference{APIVersion: "apps/v1", Kind: "Deployment", Name: name},
		MinReplicas:    api.Ptr(int32(1)), MaxReplicas: 10, Metrics: []api.MetricSpec{metric},
	}})
}

// autoscalerCondition checks a condition of an autoscaler.
func (h *Harness) autoscalerCondition(name string, kind api.HorizontalPodAutoscalerConditionType, status api.ConditionStatus, reason, message string) Check {
	return func() error {
		hpa, err := client.Of[*api.HorizontalPodAutoscaler](h.Client).Get(h.Ctx, "default", name)
		if err != nil {
			return err
		}
		for _, c := range hpa.Status.Conditions {
			if c.Type == kind && c.Status == status && c.Reason == reason && c.Message == message {
				return nil
			}
		}
		return fmt.Errorf("%s: no condition %s=%s %s %q: %+v", name, kind, status, reason, message, hpa.Status.Conditions)
	}
}

func (h *Harness) size(name string, want int32) Check {
	return func() error {
		if got := *h.deployment(name).Spec.Replicas; got != want {
			return fmt.Errorf("deployment %s has the size %d, not %d", name, got, want)
		}
		return nil
	}
}

// TestAutoscalerByEveryKindOfMetric: each kind makes a Deployment larger and smaller, asks its own API for it, and says
// which metric it was.
func TestAutoscalerByEveryKindOfMetric(t *testing.T) {
	h := Start(t, 1, quickAutoscaler)
	a := h.adapter(api.GroupVersion{Group: "custom.metrics.k8s.io", Version: "v1beta2"}, api.GroupVersion{Group: "external.metrics.k8s.io", Version: "v1beta1"},
		api.GroupVersion{Group: "metrics.k8s.io", Version: "v1beta1"})
	quantity := func(s string) *api.Quantity { return api.Ptr(api.MustParse(s)) }
	value := func(s string) api.MetricTarget {
		return api.MetricTarget{Type: api.ValueMetricType, Value: quantity(s)}
	}
	average := func(s string) api.MetricTarget {
		return api.MetricTarget{Type: api.AverageValueMetricType, AverageValue: quantity(s)}
	}
	ofQueue := &api.LabelSelector{MatchLabels: map[string]string{"queue": "jobs"}}
	front := api.CrossVersionObjectReference{APIVersion: "networking.k8s.io/v1", Kind: "Ingress", Name: "front"}
	for name, test := range map[string]struct {
		spec        api.MetricSpec
		metric      string // whose values these are
		more, fewer string
		reason      string // of the growth
		path, query string // that the adapter was asked
		shown       string // of the metric, in the end
	}{
		"pods": {
			spec:   api.MetricSpec{Type: api.PodsMetricSourceType, Pods: &api.PodsMetricSource{Metric: api.MetricIdentifier{Name: "requests", Selector: &api.LabelSelector{MatchLabels: map[string]string{"verb": "GET"}}}, Target: average("10")}},
			metric: "requests", more: "20", fewer: "2500m", reason: "pods metric requests above target", shown: "2500m",
			path: "/apis/custom.metrics.k8s.io/v1beta2/namespaces/default/pods/*/requests", query: "labelSelector=app=pods&metricLabelSelector=verb=GET",
		},
		"object": {
			spec:   api.MetricSpec{Type: api.ObjectMetricSourceType, Object: &api.ObjectMetricSource{DescribedObject: front, Metric: api.MetricIdentifier{Name: "hits"}, Target: value("100")}},
			metric: "hits", more: "200", fewer: "25", reason: "Ingress metric hits above target", shown: "25",
			path: "/apis/custom.metrics.k8s.io/v1beta2/namespaces/default/ingresses.networking.k8s.io/front/hits",
		},
		"object-share": {
			spec:   api.MetricSpec{Type: api.ObjectMetricSourceType, Object: &api.ObjectMetricSource{DescribedObject: front, Metric: api.MetricIdentifier{Name: "calls"}, Target: average("10")}},
			metric: "calls", more: "40", fewer: "9", reason: "external metric calls(nil) above target", shown: "9",
			path: "/apis/custom.metrics.k8s.io/v1beta2/namespaces/default/ingresses.networking.k8s.io/front/calls",
		},
		"namespace": {
			spec: api.MetricSpec{Type: api.ObjectMetricSourceType, Object: &api.ObjectMetricSource{
				DescribedObject: api.CrossVersionObjectReference{APIVersion: "v1", Kind: "Namespace", Name: "elsewhere"}, Metric: api.MetricIdentifier{Name: "tenants"}, Target: value("5")}},
			metric: "tenants", more: "10", fewer: "1", reason: "Namespace metric tenants above target", shown: "1",
			path: "/apis/custom.metrics.k8s.io/v1beta2/namespaces/default/metrics/tenants",
		},
		"external": {
			spec:   api.MetricSpec{Type: api.ExternalMetricSourceType, External: &api.ExternalMetricSource{Metric: api.MetricIdentifier{Name: "length", Selector: ofQueue}, Target: average("10")}},
			metric: "length", more: "15 25", fewer: "4 5", shown: "9",
			reason: "external metric length(&LabelSelector{MatchLabels:map[string]string{queue: jobs,},MatchExpressions:[]LabelSelectorRequirement{},}) above target",
			path:   "/apis/external.metrics.k8s.io/v1beta1/namespaces/default/length", query: "labelSelector=queue=jobs",
		},
		"external-value": {
			spec:   api.MetricSpec{Type: api.ExternalMetricSourceType, External: &api.ExternalMetricSource{Metric: api.MetricIdentifier{Name: "age", Selector: &api.LabelSelector{}}, Target: value("60")}},
			metric: "age", more: "120", fewer: "10", shown: "10",
			reason: "external metric age(&LabelSelector{MatchLabels:map[string]string{},MatchExpressions:[]LabelSelectorRequirement{},}) above target",
			path:   "/apis/external.metrics.k8s.io/v1beta1/namespaces/default/age",
		},
		"container": {
			spec: api.MetricSpec{Type: api.ContainerResourceMetricSourceType, ContainerResource: &api.ContainerResourceMetricSource{
				Name: api.ResourceCPU, Container: "web", Target: api.MetricTarget{Type: api.UtilizationMetricType, AverageUtilization: api.Ptr(int32(50))}}},
			metric: "web", more: "100m", fewer: "10m", shown: "10m", reason: "cpu container resource utilization (percentage of request) above target",
			path: "/apis/metrics.k8s.io/v1beta1/namespaces/default/pods", query: "labelSelector=app=container",
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := h.in(t)
			a.set("helper", "900m") // nobody asks about this container
			a.set(test.metric, test.more)
			h.autoscaled(name, test.spec)
			h.Eventually(h.hasEvent(name, "SuccessfulRescale", "New size: 4; reason: "+test.reason))
			require.NoError(t, a.wasAsked(test.path, test.query)())
			a.set(test.metric, test.fewer)
			h.Eventually(h.size(name, 1))
			h.Eventually(func() error {
				hpa, err := client.Of[*api.HorizontalPodAutoscaler](h.Client).Get(h.Ctx, "default", name)
				if err != nil {
					return err
				}
				body, err := api.MarshalJSON(hpa.Status.CurrentMetrics)
				if err == nil && !strings.Contains(string(body), strconv.Quote(test.shown)) {
					err = fmt.Errorf("its status says %s, not %s", body, test.shown)
				}
				return err
			})
		})
	}
}

// TestAutoscalerWithoutAdapter: nobody measures, and the autoscaler says what it misses.
func TestAutoscalerWithoutAdapter(t *testing.T) {
	h := Start(t, 1, quickAutoscaler)
	for name, test := range map[string]struct {
		spec           api.MetricSpec
		reason, failed string
		cause          string
	}{
		"pods": {
			spec:   api.MetricSpec{Type: api.PodsMetricSourceType, Pods: &api.PodsMetricSource{Metric: api.MetricIdentifier{Name: "requests"}, Target: api.MetricTarget{Type: api.AverageValueMetricType, AverageValue: api.Ptr(api.MustParse("1"))}}},
			reason: "FailedGetPodsMetric", failed: "failed to get pods metric value: ",
			cause: "unable to get metric requests: unable to fetch metrics from custom metrics API: no custom metrics API (custom.metrics.k8s.io) registered",
		},
		"object": {
			spec: api.MetricSpec{Type: api.ObjectMetricSourceType, Object: &api.ObjectMetricSource{
				DescribedObject: api.CrossVersionObjectReference{APIVersion: "v1", Kind: "Service", Name: "front"}, Metric: api.MetricIdentifier{Name: "hits"}, Target: api.MetricTarget{Type: api.ValueMetricType, Value: api.Ptr(api.MustParse("1"))}}},
			reason: "FailedGetObjectMetric", failed: "failed to get object metric value: ",
			cause: "unable to get metric hits: Service on default front/unable to fetch metrics from custom metrics API: no custom metrics API (custom.metrics.k8s.io) registered",
		},
		"external": {
			spec:   api.MetricSpec{Type: api.ExternalMetricSourceType, External: &api.ExternalMetricSource{Metric: api.MetricIdentifier{Name: "length"}, Target: api.MetricTarget{Type: api.ValueMetricType, Value: api.Ptr(api.MustParse("1"))}}},
			reason: "FailedGetExternalMetric", failed: "failed to get length external metric value: failed to get external metric length: ",
			cause: "unable to get external metric default/length/nil: unable to fetch metrics from external metrics API: the server could not find the requested resource (get length.external.metrics.k8s.io)",
		},
		"resource": {
			spec:   api.MetricSpec{Type: api.ResourceMetricSourceType, Resource: &api.ResourceMetricSource{Name: api.ResourceCPU, Target: api.MetricTarget{Type: api.UtilizationMetricType, AverageUtilization: api.Ptr(int32(50))}}},
			reason: "FailedGetResourceMetric", failed: "failed to get cpu resource metric value: ",
			cause: "failed to get cpu utilization: unable to get metrics for resource cpu: unable to fetch metrics from resource metrics API: the server could not find the requested resource (get pods.metrics.k8s.io)",
		},
		"container": {
			spec: api.MetricSpec{Type: api.ContainerResourceMetricSourceType, ContainerResource: &api.ContainerResourceMetricSource{
				Name: api.ResourceCPU, Container: "web", Target: api.MetricTarget{Type: api.AverageValueMetricType, AverageValue: api.Ptr(api.MustParse("50m"))}}},
			reason: "FailedGetContainerResourceMetric", failed: "failed to get web container metric value: ",
			cause: "failed to get cpu usage: unable to get metrics for resource cpu: unable to fetch metrics from resource metrics API: the server could not find the requested resource (get pods.metrics.k8s.io)",
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := h.in(t)
			h.autoscaled(name, test.spec)
			h.Eventually(h.hasEvent(name, test.reason, test.cause))
			h.Eventually(h.hasEvent(name, "FailedComputeMetricsReplicas", "invalid metrics (1 invalid out of 1), first error is: "+test.failed+test.cause))
			h.Eventually(h.autoscalerCondition(name, api.ScalingActive, api.ConditionFalse, test.reason, "the HPA was unable to compute the replica count: "+test.cause))
			require.NoError(t, h.size(name, 2)())
		})
	}
}

// TestAutoscalerIsToldNothing: the adapter is there, and has no value of an object or of its pods.
func TestAutoscalerIsToldNothing(t *testing.T) {
	h := Start(t, 1, quickAutoscaler)
	h.adapter(api.GroupVersion{Group: "custom.metrics.k8s.io", Version: "v1beta2"})
	for name, test := range map[string]struct {
		spec          api.MetricSpec
		reason, cause string
	}{
		"pods": {
			api.MetricSpec{Type: api.PodsMetricSourceType, Pods: &api.PodsMetricSource{Metric: api.MetricIdentifier{Name: "requests"}, Target: api.MetricTarget{Type: api.AverageValueMetricType, AverageValue: api.Ptr(api.MustParse("1"))}}},
			"FailedGetPodsMetric", "unable to get metric requests: no metrics returned from custom metrics API",
		},
		"object": {
			api.MetricSpec{Type: api.ObjectMetricSourceType, Object: &api.ObjectMetricSource{
				DescribedObject: api.CrossVersionObjectReference{APIVersion: "v1", Kind: "Service", Name: "front"}, Metric: api.MetricIdentifier{Name: "hits"}, Target: api.MetricTarget{Type: api.ValueMetricType, Value: api.Ptr(api.MustParse("1"))}}},
			"FailedGetObjectMetric",
			"unable to get metric hits: Service on default front/unable to fetch metrics from custom metrics API: the custom metrics API server returned 0 results when we asked for exactly one",
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := h.in(t)
			h.autoscaled(name, test.spec)
			h.Eventually(h.autoscalerCondition(name, api.ScalingActive, api.ConditionFalse, test.reason, "the HPA was unable to compute the replica count: "+test.cause))
		})
	}
}
