package controllers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"time"

	"kubelite/api"
	"kubelite/client"
)

// What is measured: the three metrics APIs, each served by whoever has an APIService for it.

// podMetric is what one pod uses, in thousandths.
type podMetric struct {
	at     time.Time
	window time.Duration
	value  int64
}

// podMetrics are by the names of pods.
type podMetrics map[string]podMetric

// metricsReader asks the metrics APIs through the API server.
type metricsReader struct{ client *client.Client }

// resource reads cpu or memory of pods, or of one container of each: metrics.k8s.io.
func (r metricsReader) resource(ctx context.Context, name api.ResourceName, namespace string, selector api.Selector, container string) (podMetrics, error) {
	var list api.List[api.PodMetrics]
	err := r.get(ctx, "/apis/metrics.k8s.io/v1beta1/namespaces/"+namespace+"/pods", url.Values{"labelSelector": {selector.String()}}, &list, "pods.metrics.k8s.io")
	if err == nil && len(list.Items) == 0 {
		return nil, errors.New("no metrics returned from resource metrics API")
	}
	if err != nil {
		return nil, fmt.Errorf("unable to fetch metrics from resource metrics API: %w", err)
	}
	found := podMetrics{}
	for i := range list.Items {
		m := &list.Items[i]
		if value, ok := usedBy(m, name, container); ok {
			found[m.Name] = podMetric{at: m.Timestamp.Time, window: m.Window.Duration, value: value}
		}
	}
	return found, nil
}

// usedBy adds up the pod's containers, or takes the named one. A pod that one container's usage is missing of has none.
func usedBy(m *api.PodMetrics, name api.ResourceName, container string) (sum int64, ok bool) {
	for _, c := range m.Containers {
		if container != "" && c.Name != container {
			continue
		}
		used, measured := c.Usage[name]
		if !measured {
			return 0, false
		}
		sum, ok = sum+used.MilliValue(), true
	}
	return sum, ok
}

// ofPods reads a metric that pods have: custom.metrics.k8s.io.
func (r metricsReader) ofPods(ctx context.Context, metric api.MetricIdentifier, namespace string, selector api.Selector) (podMetrics, error) {
	values, err := r.custom(ctx, "/namespaces/"+namespace+"/pods/*/"+metric.Name, metric, selector.String())
	if err == nil && len(values) == 0 {
		return nil, errors.New("no metrics returned from custom metrics API")
	}
	if err != nil {
		return nil, fmt.Errorf("unable to fetch metrics from custom metrics API: %w", err)
	}
	found := podMetrics{}
	for _, v := range values {
		window := time.Minute
		for _, seconds := range []*int64{v.WindowSeconds, v.Window} {
			if seconds != nil {
				window = time.Duration(*seconds) * time.Second
			}
		}
		found[v.DescribedObject.Name] = podMetric{at: v.Timestamp.Time, window: window, value: v.Value.MilliValue()}
	}
	return found, nil
}

// ofObject reads a metric of one object: custom.metrics.k8s.io. resource is the plural with its group: "ingresses.networking.k8s.io".
func (r metricsReader) ofObject(ctx context.Context, metric api.MetricIdentifier, namespace, resource, name string) (int64, error) {
	path := "/namespaces/" + namespace + "/" + resource + "/" + name + "/" + metric.Name
	if resource == "namespaces" { // its own, whatever the name says: an autoscaler does not look out of its namespace
		path = "/namespaces/" + namespace + "/metrics/" + metric.Name
	}
	values, err := r.custom(ctx, path, metric, "")
	if err == nil && len(values) != 1 {
		err = fmt.Errorf("the custom metrics API server returned %d results when we asked for exactly one", len(values))
	}
	if err != nil {
		return 0, fmt.Errorf("unable to fetch metrics from custom metrics API: %w", err)
	}
	return values[0].Value.MilliValue(), nil
}

func (r metricsReader) custom(ctx context.Context, path string, metric api.MetricIdentifier, pods string) ([]api.MetricValue, error) {
	query := url.Values{}
	if pods != "" {
		query.Set("labelSelector", pods)
	}
	if err := setSelector(query, "metricLabelSelector", metric.Selector); err != nil {
		return nil, err
	}
	version, err := r.customVersion(ctx)
	if err != nil {
		return nil, err
	}
	var list api.List[api.MetricValue]
	err = r.get(ctx, version+path, query, &list, metric.Name+".custom.metrics.k8s.io")
	return list.Items, err
}

// external reads a metric of something outside, and adds up its values: external.metrics.k8s.io.
func (r metricsReader) external(ctx context.Context, metric api.MetricIdentifier, namespace string) (int64, error) {
	query := url.Values{}
	if err := setSelector(query, "labelSelector", metric.Selector); err != nil {
		return 0, err
	}
	var list api.List[api.ExternalMetricValue]
	if err := r.get(ctx, "/apis/external.metrics.k8s.io/v1beta1/namespaces/"+namespace+"/"+metric.Name, query, &list, metric.Name+".external.metrics.k8s.io"); err != nil {
		return 0, fmt.Errorf("unable to fetch metrics from external metrics API: %w", err)
	}
	if len(list.Items) == 0 {
		return 0, errors.New("no metrics returned from external metrics API")
	}
	sum := int64(0)
	for _, v := range list.Items {
		value := v.Value.MilliValue()
		if value > 0 && sum > math.MaxInt64-value {
			return math.MaxInt64, nil
		}
		sum += value
	}
	return sum, nil
}

// setSelector asks for the metrics with these labels. No selector, or an empty one, asks for all.
func setSelector(query url.Values, name string, s *api.LabelSelector) error {
	selector, err := api.LabelSelectorAsSelector(s)
	if err == nil && selector.String() != "" {
		query.Set(name, selector.String())
	}
	return err
}

// customVersion is the path of the version of custom.metrics.k8s.io that the server prefers, if it is one that is known
// here, else of any that is.
func (r metricsReader) customVersion(ctx context.Context) (string, error) {
	const group = "custom.metrics.k8s.io"
	var served api.APIGroup
	err := r.get(ctx, "/apis/"+group, nil, &served, group)
	if api.IsNotFound(err) {
		return "", fmt.Errorf("no custom metrics API (%s) registered", group)
	}
	if err != nil {
		return "", err
	}
	for _, v := range append([]api.GroupVersionForDiscovery{served.PreferredVersion}, served.Versions...) {
		if v.Version == "v1beta2" || v.Version == "v1beta1" {
			return "/apis/" + group + "/" + v.Version, nil
		}
	}
	return "", errors.New("no known available metric versions found")
}

// get reads a list. resource is what is asked for, for the case that nobody serves it, which people look for in upstream's
// words.
func (r metricsReader) get(ctx context.Context, path string, query url.Values, into any, resource string) error {
	answer, err := r.client.Do(ctx, client.Request{Path: path, Query: query})
	var status *api.StatusError
	if errors.As(err, &status) && status.ErrStatus.Details == nil {
		switch status.ErrStatus.Code {
		case http.StatusNotFound:
			status.ErrStatus.Message = fmt.Sprintf("the server could not find the requested resource (get %s)", resource)
		case http.StatusServiceUnavailable:
			status.ErrStatus.Message = fmt.Sprintf("the server is currently unable to handle the request (get %s)", resource)
		}
	}
	if err != nil {
		return err
	}
	return json.Unmarshal(answer.Body, into)
}
