package clients

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"kubelite/api"
)

// classes are there for all namespaces, on both servers.
var classes = []struct {
	path   string
	object fields
}{
	{"/apis/scheduling.k8s.io/v1/priorityclasses", fields{"metadata": fields{"name": "high"}, "value": 1000}},
	{"/apis/scheduling.k8s.io/v1/priorityclasses", fields{"metadata": fields{"name": "usual"}, "value": 10, "globalDefault": true, "preemptionPolicy": "Never"}},
	{"/apis/node.k8s.io/v1/runtimeclasses", fields{"metadata": fields{"name": "plain"}, "handler": "runc"}},
	{"/apis/node.k8s.io/v1/runtimeclasses", fields{"metadata": fields{"name": "heavy"}, "handler": "runsc", "overhead": fields{"podFixed": fields{"cpu": "100m", "memory": "32Mi"}},
		"scheduling": fields{"nodeSelector": fields{"sandbox": "yes"}, "tolerations": []any{fields{"key": "sandbox", "operator": "Exists"}}}}},
	{"/apis/storage.k8s.io/v1/storageclasses", fields{"metadata": fields{"name": "first", "annotations": fields{"storageclass.kubernetes.io/is-default-class": "true"}}, "provisioner": "a/b", "allowVolumeExpansion": true}},
	{"/apis/storage.k8s.io/v1/storageclasses", fields{"metadata": fields{"name": "second"}, "provisioner": "a/b"}},
}

const admissionLength = 10

// TestAdmission has both API servers admit objects, drawn by chance, to namespaces with limits, quotas and security standards, drawn by
// chance, and compares what becomes of them. It runs where TestAPIServer does. ADMISSION_SEEDS says how many namespaces: "0-150".
func TestAdmission(t *testing.T) {
	from, to := seeds(t, "ADMISSION_SEEDS", 150)
	ours, theirs := twoAPIServers(t)
	servers, outcomes := [2]*apiServer{ours, theirs}, map[int]int{}
	for _, class := range classes {
		for _, s := range servers {
			s.create(t, class.path, class.object)
		}
	}
	check(t, "admission", "is granted and refused as by upstream's, drawn by chance", func(t *testing.T) {
		for seed := from; seed < to; seed++ {
			namespace, history := fmt.Sprintf("a%d", seed), []string{}
			d := &lot{drawing: drawing{Rand: rand.New(rand.NewPCG(seed, 0))}}
			asked := d.policies(namespace)
			for range admissionLength {
				asked = append(asked, d.applicant(namespace))
			}
			for _, r := range asked {
				var texts [2]string
				for i, s := range servers {
					a := s.send(t, r)
					texts[i] = inOrder((&hero{apiServer: s}).describe(t, a, true))
					if i == 1 {
						outcomes[a.code]++
					}
				}
				history = append(history, fmt.Sprintf("%s %s\n  %s", r.method, r.path, r.body))
				if different := api.UnifiedDiff(texts[1], texts[0]); different != "" {
					t.Errorf("namespace %d\n%s\n- upstream's, + ours:\n%s", seed, strings.Join(history, "\n"), different)
					break // the others count with what is there
				}
			}
		}
	})
	t.Logf("%d namespaces: %v", to-from, outcomes)
	for _, code := range []int{http.StatusCreated, http.StatusForbidden, http.StatusUnprocessableEntity} {
		require.NotZero(t, outcomes[code], code)
	}
}

var refusedForLimits = regexp.MustCompile(`(?s)(is forbidden: )\[(.*?)\]('?\n)`)

// inOrder brings in order what limits are exceeded: upstream tells them in none.
func inOrder(text string) string {
	return refusedForLimits.ReplaceAllStringFunc(text, func(found string) string {
		parts := refusedForLimits.FindStringSubmatch(found)
		reasons := strings.Split(strings.Join(strings.Fields(parts[2]), " "), ", ")
		slices.Sort(reasons)
		return parts[1] + strings.Join(reasons, ", ") + parts[3]
	})
}

func post(path string, object fields) request {
	return request{method: "POST", path: path, contentType: "application/json", body: encode(object)}
}

// policies make a namespace with what is allowed in it.
func (d *lot) policies(namespace string) (asked []request) {
	meta, labels := fields{"name": namespace}, fields{}
	for _, mode := range []string{"enforce", "warn"} {
		if d.chance(25) {
			labels["pod-security.kubernetes.io/"+mode] = d.one("baseline", "restricted", "privileged")
			d.maybe(labels, 20, "pod-security.kubernetes.io/"+mode+"-version", "v1.24", "latest")
		}
	}
	meta["labels"] = labels
	core := "/api/v1/namespaces/" + namespace
	account := fields{"metadata": fields{"name": "default"}}
	d.maybe(account, 20, "automountServiceAccountToken", false)
	d.maybe(account, 20, "imagePullSecrets", []any{fields{"name": "pull"}})
	asked = append(asked, post("/api/v1/namespaces", fields{"metadata": meta}), post(core+"/serviceaccounts", account))
	if d.chance(60) { // of several, upstream takes one after the other in no order
		limits := []any{d.limits()}
		for range d.IntN(3) {
			limits = append(limits, d.limits())
		}
		asked = append(asked, post(core+"/limitranges", fields{"metadata": fields{"name": "l"}, "spec": fields{"limits": limits}}))
	}
	if d.chance(60) { // of several, upstream tells of the first one in no order
		quota := d.resourceQuota()
		asked = append(asked, post(core+"/resourcequotas", fields{"metadata": fields{"name": "q"}, "spec": quota}))
		if d.chance(90) { // else nobody has counted yet
			used := fields{}
			for resource := range quota["hard"].(fields) {
				used[resource] = "0"
			}
			asked = append(asked, request{method: "PATCH", path: core + "/resourcequotas/q/status", contentType: "application/merge-patch+json",
				body: encode(fields{"status": fields{"hard": quota["hard"], "used": used}})})
		}
	}
	return asked
}

// limits is one limit of a LimitRange, which may contradict itself.
func (d *lot) limits() fields {
	kind := d.one("Container", "Container", "Pod", "PersistentVolumeClaim")
	l := fields{"type": kind}
	if kind == "PersistentVolumeClaim" {
		d.maybe(l, 60, "min", fields{"storage": "1Gi"})
		d.maybe(l, 60, "max", fields{"storage": "2Gi"}, fields{"storage": "10Gi"})
		return l
	}
	amounts := func(cpu, memory []any) fields {
		f := fields{}
		d.maybe(f, 60, "cpu", cpu...)
		d.maybe(f, 50, "memory", memory...)
		return f
	}
	set := func(percent int, name string, f fields) {
		if len(f) > 0 && d.chance(percent) {
			l[name] = f
		}
	}
	set(40, "min", amounts([]any{"50m", "100m"}, []any{"16Mi"}))
	set(50, "max", amounts([]any{"500m", "1"}, []any{"128Mi", "1Gi"}))
	set(30, "maxLimitRequestRatio", amounts([]any{"2", "1.5"}, []any{"3"}))
	if kind == "Container" {
		set(40, "default", amounts([]any{"300m", "500m"}, []any{"64Mi"}))
		set(40, "defaultRequest", amounts([]any{"100m"}, []any{"32Mi"}))
	}
	return l
}

func (d *lot) resourceQuota() fields {
	hard := fields{}
	d.maybe(hard, 40, "pods", "1", "2")
	d.maybe(hard, 30, "requests.cpu", "200m", "1")
	d.maybe(hard, 20, "limits.cpu", "500m", "2")
	d.maybe(hard, 20, "memory", "128Mi")
	d.maybe(hard, 20, "limits.memory", "256Mi")
	quota := fields{"hard": hard}
	if d.chance(30) {
		quota["scopes"] = []any{d.one("BestEffort", "NotBestEffort", "Terminating", "NotTerminating", "CrossNamespacePodAffinity")}
	} else if d.chance(20) {
		quota["scopeSelector"] = fields{"matchExpressions": []any{fields{"scopeName": "PriorityClass", "operator": d.one("In", "NotIn"), "values": []any{d.one("high", "usual")}}}}
	} else {
		d.maybe(hard, 30, "persistentvolumeclaims", "1", "2")
		d.maybe(hard, 30, "requests.storage", "3Gi")
		d.maybe(hard, 20, "first.storageclass.storage.k8s.io/requests.storage", "1Gi")
		d.maybe(hard, 30, "services", "1")
		d.maybe(hard, 20, "services.nodeports", "0", "1")
		d.maybe(hard, 20, "count/configmaps", "0", "2")
		d.maybe(hard, 20, "count/deployments.apps", "1")
	}
	return quota
}

// applicant asks to be admitted.
func (d *lot) applicant(namespace string) request {
	core, name := "/api/v1/namespaces/"+namespace, fmt.Sprintf("o%d", d.IntN(4))
	meta := fields{"name": name}
	switch n := d.IntN(20); {
	case n < 11:
		return post(core+"/pods", fields{"metadata": meta, "spec": d.poorPod()})
	case n < 13:
		spec := fields{"accessModes": []any{"ReadWriteOnce"}, "resources": fields{"requests": fields{"storage": d.number("500Mi", "1Gi", "2Gi", "5Gi")}}}
		d.maybe(spec, 40, "storageClassName", "", "first", "second", "none")
		return post(core+"/persistentvolumeclaims", fields{"metadata": meta, "spec": spec})
	case n < 14:
		return post(core+"/services", fields{"metadata": meta, "spec": fields{"type": d.one("ClusterIP", "NodePort", "LoadBalancer"), "ports": []any{fields{"port": 80}}}})
	case n < 15:
		return post(core+"/configmaps", fields{"metadata": meta})
	case n < 17:
		return post("/apis/apps/v1/namespaces/"+namespace+"/deployments", fields{"metadata": meta, "spec": fields{
			"selector": fields{"matchLabels": fields{"a": "b"}}, "template": fields{"metadata": fields{"labels": fields{"a": "b"}}, "spec": d.poorPod()}}})
	case n < 18:
		return request{method: "DELETE", path: core + "/pods/" + name, contentType: "application/json", body: encode(fields{"gracePeriodSeconds": 0})}
	case n < 19:
		resize := fields{"spec": fields{"containers": []any{fields{"name": "c", "resources": d.amounts()}}}}
		return request{method: "PATCH", path: core + "/pods/" + name + "/resize", contentType: "application/strategic-merge-patch+json", body: encode(resize)}
	default:
		grow := fields{"spec": fields{"resources": fields{"requests": fields{"storage": d.number("1Gi", "3Gi")}}}}
		return request{method: "PATCH", path: core + "/persistentvolumeclaims/" + name, contentType: "application/merge-patch+json", body: encode(grow)}
	}
}

func (d *lot) amounts() fields {
	requests, limits := fields{}, fields{}
	d.maybe(requests, 40, "cpu", "10m", "100m", "400m")
	d.maybe(requests, 30, "memory", "16Mi", "64Mi")
	d.maybe(limits, 30, "cpu", "100m", "400m", "2")
	d.maybe(limits, 30, "memory", "64Mi", "512Mi")
	return fields{"requests": requests, "limits": limits}
}

// poorPod is a pod's spec that one or another has something against.
func (d *lot) poorPod() fields {
	container := func(name string) fields {
		c := fields{"name": name, "image": "nginx", "resources": d.amounts()}
		if d.chance(25) {
			security := fields{}
			d.maybe(security, 20, "privileged", true)
			d.maybe(security, 60, "allowPrivilegeEscalation", false)
			d.maybe(security, 60, "runAsNonRoot", true)
			d.maybe(security, 50, "capabilities", fields{"drop": []any{"ALL"}}, fields{"add": []any{"NET_ADMIN"}})
			d.maybe(security, 50, "seccompProfile", fields{"type": "RuntimeDefault"}, fields{"type": "Unconfined"})
			c["securityContext"] = security
		}
		d.maybe(c, 5, "ports", []any{fields{"containerPort": 80, "hostPort": 8080}})
		return c
	}
	spec := fields{"containers": []any{container("c")}}
	if d.chance(25) {
		spec["containers"] = []any{container("c"), container("d")}
	}
	if d.chance(20) {
		init := container("i")
		d.maybe(init, 50, "restartPolicy", "Always")
		spec["initContainers"] = []any{init}
	}
	d.maybe(spec, 25, "priorityClassName", "high", "usual", "none", "system-node-critical", "")
	d.maybe(spec, 10, "priority", 10, 1000)
	d.maybe(spec, 10, "preemptionPolicy", "Never", "PreemptLowerPriority")
	d.maybe(spec, 25, "runtimeClassName", "plain", "heavy", "heavy", "none")
	d.maybe(spec, 5, "overhead", fields{"cpu": "100m", "memory": "32Mi"}, fields{"cpu": "1"})
	d.maybe(spec, 10, "nodeSelector", fields{"sandbox": "yes"}, fields{"sandbox": "no"})
	d.maybe(spec, 10, "tolerations", []any{fields{"key": "sandbox", "operator": "Exists"}}, []any{fields{"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 5}})
	d.maybe(spec, 10, "serviceAccountName", "default", "nobody")
	d.maybe(spec, 10, "automountServiceAccountToken", false, true)
	d.maybe(spec, 10, "imagePullSecrets", []any{fields{"name": "mine"}})
	d.maybe(spec, 20, "activeDeadlineSeconds", 100)
	d.maybe(spec, 8, "hostNetwork", true)
	d.maybe(spec, 8, "hostUsers", false)
	d.maybe(spec, 8, "volumes", []any{fields{"name": "v", "hostPath": fields{"path": "/x"}}}, []any{fields{"name": "v", "emptyDir": fields{}}})
	if d.chance(8) {
		spec["resources"] = d.amounts()
	}
	if d.chance(8) {
		spec["affinity"] = fields{"podAffinity": fields{"requiredDuringSchedulingIgnoredDuringExecution": []any{fields{
			"labelSelector": fields{"matchLabels": fields{"a": "b"}}, "namespaces": []any{"other"}, "topologyKey": "kubernetes.io/hostname"}}}}
	}
	if d.chance(10) {
		maps.Copy(spec, fields{"restartPolicy": "Never", "terminationGracePeriodSeconds": 0})
	}
	return spec
}
