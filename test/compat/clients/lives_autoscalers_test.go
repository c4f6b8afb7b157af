package clients

import (
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
)

// quickAutoscalers are flags of both sets of controllers: what takes a quarter of a minute or five then takes a second or two.
var quickAutoscalers = []string{
	"--horizontal-pod-autoscaler-sync-period=1s", "--horizontal-pod-autoscaler-downscale-stabilization=2s",
	"--horizontal-pod-autoscaler-cpu-initialization-period=1s", "--horizontal-pod-autoscaler-initial-readiness-delay=1s",
}

// measure serves the three metrics APIs of a side: it says of each metric what stands in the ConfigMap "values" of the namespace.
func (s *side) measure(t *testing.T) {
	ctx := t.Context()
	require.NoError(t, s.command("component", "stop", "metrics-server"))
	server := httptest.NewTLSServer(s.metrics())
	t.Cleanup(server.Close)
	_, err := s.client.Resource(where("services")).Namespace("kube-system").Create(ctx, &unstructured.Unstructured{Object: fields{
		"apiVersion": "v1", "kind": "Service", "metadata": fields{"name": "adapter"}, "spec": fields{"type": "ExternalName", "externalName": "localhost"},
	}}, metav1.CreateOptions{})
	require.NoError(t, err)
	for _, gv := range []string{"custom.metrics.k8s.io/v1beta2", "external.metrics.k8s.io/v1beta1", "metrics.k8s.io/v1beta1"} {
		group, version, _ := strings.Cut(gv, "/")
		name, services := version+"."+group, s.client.Resource(schema.GroupVersionResource{Group: "apiregistration.k8s.io", Version: "v1", Resource: "apiservices"})
		_, err := services.Patch(ctx, name, types.ApplyYAMLPatchType, encode(fields{
			"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService", "metadata": fields{"name": name},
			"spec": fields{
				"group": group, "version": version, "groupPriorityMinimum": 100, "versionPriority": 100, "insecureSkipTLSVerify": true, "caBundle": nil,
				"service": fields{"namespace": "kube-system", "name": "adapter", "port": server.Listener.Addr().(*net.TCPAddr).Port},
			},
		}), metav1.PatchOptions{FieldManager: "test", Force: new(true)})
		require.NoError(t, err)
		require.EventuallyWithT(t, func(c *assert.CollectT) {
			o, err := services.Get(ctx, name, metav1.GetOptions{})
			require.NoError(c, err)
			assert.Contains(c, string(encode(o.Object["status"])), `"Passed"`)
		}, time.Minute, 100*time.Millisecond)
	}
}

// metrics answers of each pod of a selector what "pods" of the metric are said to use together, or each of them; the first so many,
// the ready ones before others, are not measured.
func (s *side) metrics() http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		parts := strings.Split(strings.TrimPrefix(r.URL.Path, "/apis/"), "/") // group, version, "namespaces", namespace, ...
		if len(parts) < 5 {
			fmt.Fprintf(w, `{"kind":"APIResourceList","apiVersion":"v1","groupVersion":%q,"resources":[]}`, strings.Join(parts, "/"))
			return
		}
		config, err := s.client.Resource(where("configmaps")).Namespace(parts[3]).Get(r.Context(), "values", metav1.GetOptions{})
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		values, _, _ := unstructured.NestedStringMap(config.Object, "data")
		now, metric := time.Now().UTC().Format(time.RFC3339), parts[len(parts)-1]
		kind, items := "MetricValueList", []any{}
		perPod := func(item func(name string, value func(metric string) string) any) {
			pods := s.measured(r, parts[3], values["missing"])
			for _, name := range pods {
				items = append(items, item(name, func(metric string) string {
					if together, ok := strings.CutPrefix(values[metric], "together "); ok {
						q := resource.MustParse(together)
						return resource.NewMilliQuantity(q.MilliValue()/int64(len(pods)), q.Format).String()
					}
					return values[metric]
				}))
			}
		}
		switch {
		case parts[0] == "metrics.k8s.io":
			kind = "PodMetricsList"
			perPod(func(name string, value func(metric string) string) any {
				web, helper := fields{"memory": value("memory")}, fields{"cpu": "10m", "memory": "1Mi"}
				if values["cpu"] != "" {
					web["cpu"] = value("cpu")
				}
				return fields{"metadata": fields{"name": name, "namespace": parts[3]}, "timestamp": now, "window": "0s", "containers": []any{
					fields{"name": "web", "usage": web}, fields{"name": "helper", "usage": helper},
				}}
			})
		case parts[0] == "external.metrics.k8s.io":
			kind = "ExternalMetricValueList"
			for value := range strings.FieldsSeq(values[metric]) { // none: there is no such metric
				items = append(items, fields{"metricName": metric, "timestamp": now, "value": value})
			}
		case values[metric] == "":
		case parts[4] == "pods" && parts[5] == "*":
			perPod(func(name string, value func(metric string) string) any {
				return fields{"describedObject": fields{"kind": "Pod", "name": name}, "metric": fields{"name": metric}, "timestamp": now, "value": value(metric)}
			})
		default:
			items = append(items, fields{"describedObject": fields{"name": parts[5]}, "metric": fields{"name": metric}, "timestamp": now, "value": values[metric]})
		}
		_, _ = w.Write(encode(fields{"kind": kind, "apiVersion": parts[0] + "/" + parts[1], "metadata": fields{}, "items": items}))
	}
}

// measured are the names of the pods of a request's selector but for so many.
func (s *side) measured(r *http.Request, namespace, missing string) (names []string) {
	list, err := s.client.Resource(where("pods")).Namespace(namespace).List(r.Context(), metav1.ListOptions{LabelSelector: r.URL.Query().Get("labelSelector")})
	if err != nil {
		return nil
	}
	unready := func(o unstructured.Unstructured) int {
		if strings.Contains(string(encode(o.Object["status"])), `"reason":"ContainersNotReady"`) {
			return 1
		}
		return 0
	}
	slices.SortStableFunc(list.Items, func(a, b unstructured.Unstructured) int { return unready(a) - unready(b) })
	for i, o := range list.Items {
		if i >= len(missing) {
			names = append(names, o.GetName())
		}
	}
	return names
}

// autoscalerLife is that of a workload whose size follows what is measured.
func (d *lot) autoscalerLife() life {
	kind := d.one("deployments", "deployments", "statefulsets", "replicationcontrollers")
	values := manifest("configmaps", "values", nil)
	values.body["data"] = d.metricValues()
	web, helper := fields{"name": "web", "image": "nginx"}, fields{"name": "helper", "image": "nginx"}
	d.maybe(web, 85, "resources", fields{"requests": fields{"cpu": "100m", "memory": "64Mi"}})
	d.maybe(helper, 85, "resources", fields{"requests": fields{"cpu": "20m", "memory": "64Mi"}})
	spec := fields{
		"replicas": d.IntN(4), "selector": fields{"matchLabels": fields{"app": "w"}},
		"template": fields{"metadata": fields{"labels": fields{"app": "w"}}, "spec": fields{"containers": []any{web, helper}}},
	}
	switch kind {
	case "statefulsets":
		spec["serviceName"], spec["podManagementPolicy"] = "s", "Parallel"
	case "replicationcontrollers":
		spec["selector"] = fields{"app": "w"}
	}
	target := fields{"apiVersion": kindOf[kind][0], "kind": kindOf[kind][1], "name": "w"}
	autoscaler := func(name string) act {
		spec := d.autoscaling()
		spec["scaleTargetRef"] = target
		if name == "h2" { // else each may undo what the other does, before they see that there are two
			spec["minReplicas"], spec["maxReplicas"] = 1, 9
		}
		if d.chance(4) {
			spec["scaleTargetRef"] = fields{"apiVersion": kindOf[kind][0], "kind": kindOf[kind][1], "name": "nobody"}
		}
		return manifest("horizontalpodautoscalers", name, spec)
	}
	steps := []act{values, manifest(kind, "w", spec), autoscaler("h")}
	for range 8 {
		var a act
		switch n := d.IntN(20); {
		case n < 9:
			a = act{verb: "patch", resource: "configmaps", name: "values", body: fields{"data": d.metricValues()}}
		case n < 14:
			a = act{verb: "patch", resource: "horizontalpodautoscalers", name: "h", body: fields{"spec": d.autoscaling()}}
		case n < 16:
			a = act{verb: "patch", resource: kind, name: "w", body: fields{"spec": fields{"replicas": d.number(0, 1, 3, 5, 9)}}}
		case n < 18:
			a = act{verb: "patch", resource: "pods", body: fields{"metadata": fields{"annotations": fields{"simulated.kubelite.io/ready": d.one("false", "true")}}}}
		case n < 19:
			a = act{verb: "delete", resource: "horizontalpodautoscalers", name: d.one("h", "h2")}
		default:
			a = autoscaler(d.one("h", "h2"))
		}
		steps = append(steps, a)
	}
	return life{steps: steps, rest: 5 * time.Second}
}

func (d *lot) metricValues() fields {
	f := fields{"missing": d.one("", "", "", "", "x", "xx")} // a letter for each
	measure := func(metric string, of ...any) {
		f[metric] = d.number(of...)
		d.maybe(f, 8, metric, nil)
	}
	measure("cpu", "50m", "95m", "110m", "200m", "together 300m", "together 400m")
	measure("memory", "32Mi", "64Mi", "together 300Mi")
	measure("requests", "5", "10", "15500m", "together 30", "together 45")
	measure("hits", "5", "10", "25", "100")
	measure("length", "5", "10", "12 18", "40")
	return f
}

// autoscaling is the spec of an autoscaler, or a change of it. What may change only so much in half an hour is changed once.
func (d *lot) autoscaling() fields {
	f := fields{"maxReplicas": 1 + d.IntN(8)}
	d.maybe(f, 50, "minReplicas", 1, 2, 3)
	if low, _ := f["minReplicas"].(int); low > f["maxReplicas"].(int) {
		f["maxReplicas"] = low
	}
	metrics := []any{}
	for range d.IntN(3) {
		metrics = append(metrics, d.metric())
	}
	if d.chance(80) {
		f["metrics"] = metrics
	}
	if d.chance(50) {
		behavior := fields{}
		for _, direction := range []string{"scaleUp", "scaleDown"} {
			rules := fields{}
			d.maybe(rules, 40, "stabilizationWindowSeconds", 0, 1, 600)
			d.maybe(rules, 30, "selectPolicy", "Max", "Min", "Disabled")
			d.maybe(rules, 20, "tolerance", "0", "200m")
			d.maybe(rules, 40, "policies", []any{fields{"type": "Pods", "value": 1, "periodSeconds": 1800}}, []any{fields{"type": "Percent", "value": 100, "periodSeconds": 1800}},
				[]any{fields{"type": "Pods", "value": 2, "periodSeconds": 1800}, fields{"type": "Percent", "value": 50, "periodSeconds": 1800}})
			if rules["policies"] == nil {
				rules["policies"] = []any{fields{"type": "Pods", "value": 100, "periodSeconds": 1}}
			}
			behavior[direction] = rules
		}
		f["behavior"] = behavior
	}
	return f
}

func (d *lot) metric() fields {
	named := func(name string) fields { return fields{"name": name} }
	target := func(of ...fields) fields { return maps.Clone(d.either(of...)) }
	average := func(value string) fields { return fields{"type": "AverageValue", "averageValue": value} }
	utilization := fields{"type": "Utilization", "averageUtilization": d.number(50, 80, 100)}
	switch d.IntN(6) {
	case 0:
		return fields{"type": "Resource", "resource": fields{"name": "cpu", "target": target(utilization, average("100m"))}}
	case 1:
		return fields{"type": "Resource", "resource": fields{"name": "memory", "target": target(utilization, average("40Mi"))}}
	case 2:
		return fields{"type": "ContainerResource", "containerResource": fields{"name": d.one("cpu", "memory"), "container": d.one("web", "web", "helper", "nobody"), "target": utilization}}
	case 3:
		return fields{"type": "Pods", "pods": fields{"metric": named("requests"), "target": average(d.one("10", "7500m"))}}
	case 4:
		return fields{"type": "Object", "object": fields{"metric": named("hits"), "describedObject": fields{"apiVersion": "v1", "kind": "Service", "name": "s"},
			"target": target(fields{"type": "Value", "value": "10"}, average("10"))}}
	}
	return fields{"type": "External", "external": fields{"metric": named("length"), "target": target(fields{"type": "Value", "value": "10"}, average("10"))}}
}
