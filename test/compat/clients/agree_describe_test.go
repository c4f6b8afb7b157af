package clients

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// described are the kinds that controllers make or report on.
var described = []schema.GroupVersionResource{
	{Group: "apps", Version: "v1", Resource: "deployments"}, {Group: "apps", Version: "v1", Resource: "replicasets"},
	{Group: "apps", Version: "v1", Resource: "statefulsets"}, {Group: "apps", Version: "v1", Resource: "daemonsets"},
	{Group: "apps", Version: "v1", Resource: "controllerrevisions"}, {Version: "v1", Resource: "replicationcontrollers"},
	{Group: "batch", Version: "v1", Resource: "jobs"}, {Group: "batch", Version: "v1", Resource: "cronjobs"},
	{Version: "v1", Resource: "pods"}, {Version: "v1", Resource: "persistentvolumeclaims"}, {Version: "v1", Resource: "persistentvolumes"}, {Version: "v1", Resource: "resourcequotas"},
	{Version: "v1", Resource: "endpoints"}, {Group: "discovery.k8s.io", Version: "v1", Resource: "endpointslices"},
	{Group: "policy", Version: "v1", Resource: "poddisruptionbudgets"}, {Group: "autoscaling", Version: "v2", Resource: "horizontalpodautoscalers"},
	{Version: "v1", Resource: "configmaps"}, {Version: "v1", Resource: "serviceaccounts"}, {Version: "v1", Resource: "secrets"},
	{Group: "rbac.authorization.k8s.io", Version: "v1", Resource: "clusterroles"}, {Version: "v1", Resource: "namespaces"},
	{Group: "certificates.k8s.io", Version: "v1", Resource: "certificatesigningrequests"}, {Version: "v1", Resource: "nodes"}, {Version: "v1", Resource: "events"},
}

// names are made by chance or from hashes, and what is written for them: that of the first ReplicaSet of web is web-REVISION1.
type names map[string]string

// describe is a line for each field of each object of a namespace, in order. What differs from run to run is left out or written in the
// same way: names, addresses, times, nodes. versions changes with every change.
func (s *side) describe(t *testing.T, namespace string, names names) (versions, text string) {
	var lines []string
	for _, r := range described {
		list, err := of(s.client, r, namespace).List(t.Context(), metav1.ListOptions{})
		require.NoError(t, err)
		if r.Resource == "events" {
			about, err := of(s.client, r, "default").List(t.Context(), metav1.ListOptions{FieldSelector: "involvedObject.kind=Node"})
			require.NoError(t, err)
			list.Items = append(list.Items, about.Items...)
		}
		for i := range list.Items {
			o := &list.Items[i]
			if home(o) != namespace {
				continue
			}
			versions += o.GetResourceVersion() + " "
			names.learn(o)
			if o.GetKind() == "Event" {
				if line := s.view.event(readEvent(o)); line != "" {
					lines = append(lines, line)
				}
				continue
			}
			for _, path := range s.view.incidental[o.GetKind()] {
				unstructured.RemoveNestedField(o.Object, strings.Split(path, ".")...)
			}
			for _, field := range []string{"uid", "resourceVersion", "creationTimestamp", "managedFields"} {
				unstructured.RemoveNestedField(o.Object, "metadata", field)
			}
			lines = flatten(lines, o.GetKind()+" "+o.GetName()+" ", o.Object)
		}
	}
	plain := names.replacer()
	for i := range lines {
		lines[i] = plain(lines[i])
	}
	if s.view.line != nil {
		lines = slices.DeleteFunc(lines, s.view.line.MatchString)
	}
	slices.Sort(lines)
	lines = slices.CompactFunc(lines, func(a, b string) bool { return a == b && strings.HasPrefix(a, "event ") }) // how often is a matter of speed
	return versions, strings.Join(lines, "\n")
}

// home is the namespace that an object belongs to. A volume belongs to that which its class is named after, and what else has no
// namespace to that of its label "home". So does what is said of a node, whose name is that of the namespace and a number.
func home(o *unstructured.Unstructured) string {
	if class, _, _ := unstructured.NestedString(o.Object, "spec", "storageClassName"); class != "" && o.GetKind() == "PersistentVolume" {
		return class
	}
	switch o.GetKind() {
	case "Namespace":
		return o.GetName()
	case "Event":
		about, _, _ := unstructured.NestedStringMap(o.Object, "involvedObject")
		if name := about["name"]; about["kind"] == "Node" {
			return name[:max(strings.LastIndex(name, "-"), 0)]
		}
	}
	return cmp.Or(o.GetNamespace(), o.GetLabels()["home"])
}

// view is what is compared of a namespace.
type view struct {
	// incidental are fields of a kind that are left out.
	incidental map[string][]string
	// line is a pattern of lines that are left out, nil for none.
	line *regexp.Regexp
	// event is the line for an event, "" for none.
	event func(e *event) string
}

// ofControllers leaves out what depends on who was faster: in how many steps a size was reached, and what a kubelet or the scheduler says
// about a pod.
var ofControllers = view{event: ofALoop, incidental: map[string][]string{
	"ReplicaSet":                {"metadata.generation", "status.observedGeneration"},
	"EndpointSlice":             {"metadata.generation", "metadata.annotations"},
	"Endpoints":                 {"metadata.annotations"},
	"Pod":                       {"spec.nodeName", "status.hostIP", "status.hostIPs", "status.containerStatuses", "status.initContainerStatuses"},
	"CronJob":                   {"status.active"},
	"PersistentVolume":          {"spec.claimRef.resourceVersion"},
	"CertificateSigningRequest": {"spec.request", "spec.extra"},
}}

var chances = []struct {
	pattern *regexp.Regexp
	instead string
}{
	{regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z`), "TIME"},
	{regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`), "UID"},
	{regexp.MustCompile(`"(-----BEGIN|LS0tLS1CRUdJTi|ZXlK)[^"]*"`), "CERTIFICATE OR TOKEN"},
	{regexp.MustCompile(`(missing request for \w+ in container \w+ of Pod) \S+`), "$1 ONE"},                            // the first one of a list in no order
	{regexp.MustCompile(`(controlled by multiple HPAs:) .*\]`), "$1 ALL"},                                              // so are these
	{regexp.MustCompile(`ReplicaSet \\"\S+\\" has successfully progressed`), "ReplicaSet has successfully progressed"}, // upstream's may miss a rollout by a conflict of its own
	{regexp.MustCompile(`(\bzone = ").*"`), `${1}ZONE"`},                                                               // that of the node
	{regexp.MustCompile(`(^EndpointSlice .*\.endpoints)\[.*\](\.hints)`), "$1[]$2"},                                    // which of several is for another zone
	{regexp.MustCompile(`\b(10|172)\.\d+\.\d+\.\d+\b`), "ADDRESS"},
	{regexp.MustCompile(`\bnode-\d`), "NODE"},
	{regexp.MustCompile(`-[bcdfghjklmnpqrstvwxz2456789]{5}\b`), "-CHANCE"}, // of what was gone before it was seen
}

// learn finds the names in an object that are not the same in both clusters.
func (n names) learn(o *unstructured.Unstructured) {
	owner := metav1.GetControllerOf(o)
	revision := func(name string, hashes ...string) {
		n[o.GetName()] = owner.Name + "-REVISION" + name
		for _, hash := range hashes {
			if hash != "" {
				n[hash] = "HASH" + name
			}
		}
	}
	labels := o.GetLabels()
	switch {
	case o.GetKind() == "ReplicaSet" && owner != nil:
		revision(o.GetAnnotations()["deployment.kubernetes.io/revision"], labels["pod-template-hash"])
	case o.GetKind() == "ControllerRevision" && owner != nil:
		number, _, _ := unstructured.NestedInt64(o.Object, "revision")
		revision(fmt.Sprint(number), labels["controller-revision-hash"], labels["controller.kubernetes.io/hash"])
	case o.GetKind() == "Pod":
		volumes, _, _ := unstructured.NestedSlice(o.Object, "spec", "volumes")
		for _, v := range volumes {
			if name, _ := v.(map[string]any)["name"].(string); strings.HasPrefix(name, "kube-api-access-") {
				n[name] = "kube-api-access"
			}
		}
	}
}

// replacer writes what stands for names, the longest first, and for what is of chance.
func (n names) replacer() func(line string) string {
	longest := slices.SortedFunc(maps.Keys(n), func(a, b string) int { return len(b) - len(a) })
	return func(line string) string {
		for _, name := range longest {
			line = strings.ReplaceAll(line, name, n[name])
		}
		for _, c := range chances {
			line = c.pattern.ReplaceAllString(line, c.instead)
		}
		return line
	}
}

// event is what somebody said of an object.
type event struct {
	Type, Reason, Message string
	Source                struct{ Component string }
	InvolvedObject        struct{ Kind, Name, FieldPath string }
}

func readEvent(o *unstructured.Unstructured) *event {
	e := &event{}
	text, err := o.MarshalJSON()
	if err != nil || json.Unmarshal(text, e) != nil {
		panic(err) // it has been JSON before
	}
	return e
}

func (e *event) String() string {
	return fmt.Sprintf("event %s %s by %s about %s %s %s: %s", e.Type, e.Reason, e.Source.Component, e.InvolvedObject.Kind, e.InvolvedObject.Name, e.InvolvedObject.FieldPath, e.Message)
}

// ofALoop is nothing for the events of kubelets and schedulers, for those that tell each step of a rollout, and for what stands for
// several events: how many there are is a matter of speed.
func ofALoop(e *event) string {
	looped := strings.HasSuffix(e.Source.Component, "-controller") || e.Source.Component == "horizontal-pod-autoscaler"
	if !looped || slices.Contains([]string{"ScalingReplicaSet", "SuccessfulRescale"}, e.Reason) || strings.HasPrefix(e.Message, "(combined from") {
		return ""
	}
	if e.InvolvedObject.Kind == "HorizontalPodAutoscaler" { // its conditions say the same of now, and events of what there was for a moment
		e.Message = ""
	}
	if line := e.String(); !overtaken.MatchString(line) {
		return line
	}
	return ""
}

// overtaken are what upstream's loops say now and then when their caches do not show yet what they did themselves a moment ago, and
// whether somebody's claims were changed at the second attempt.
var overtaken = regexp.MustCompile(`(MissingJob|FailedDelete) by cronjob-controller .*(went missing: |not found$)|(SuccessfulUpdate|FailedUpdate) by statefulset-controller`)

// flatten appends a line for each value, with the way to it. Conditions are told apart by their types, taints by their keys, endpoints by their pods. An empty list
// that must be there is null where objects have been protobuf.
func flatten(lines []string, path string, v any) []string {
	switch v := v.(type) {
	case nil:
		return append(lines, path+" = []")
	case map[string]any:
		for key, value := range v {
			lines = flatten(lines, path+"."+key, value)
		}
		if len(v) > 0 {
			return lines
		}
	case []any:
		for i, value := range v {
			key := fmt.Sprint(i)
			switch m, _ := value.(map[string]any); {
			case m["type"] != nil:
				key = fmt.Sprint(m["type"])
			case strings.HasSuffix(path, ".taints"):
				key = fmt.Sprint(m["key"], " ", m["effect"])
			case strings.HasPrefix(path, "Endpoint"): // by addresses, which chance gives
				key, _, _ = unstructured.NestedString(m, "targetRef", "name")
			}
			lines = flatten(lines, path+"["+key+"]", value)
		}
		if len(v) > 0 {
			return lines
		}
	}
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // it came from JSON
	}
	return append(lines, path+" = "+string(text))
}
