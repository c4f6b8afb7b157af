package clients

import (
	"maps"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// where is where objects of a kind are, by their plural name.
func where(name string) schema.GroupVersionResource {
	i := slices.IndexFunc(described, func(r schema.GroupVersionResource) bool { return r.Resource == name })
	if i < 0 {
		return schema.GroupVersionResource{Group: map[string]string{"leases": "coordination.k8s.io", "storageclasses": "storage.k8s.io"}[name], Version: "v1", Resource: name}
	}
	return described[i]
}

type fields = map[string]any

// kindOf is what a manifest begins with.
var kindOf = map[string][2]string{
	"deployments": {"apps/v1", "Deployment"}, "replicasets": {"apps/v1", "ReplicaSet"}, "statefulsets": {"apps/v1", "StatefulSet"}, "daemonsets": {"apps/v1", "DaemonSet"},
	"jobs": {"batch/v1", "Job"}, "replicationcontrollers": {"v1", "ReplicationController"}, "poddisruptionbudgets": {"policy/v1", "PodDisruptionBudget"},
	"services": {"v1", "Service"}, "endpoints": {"v1", "Endpoints"}, "pods": {"v1", "Pod"}, "configmaps": {"v1", "ConfigMap"}, "secrets": {"v1", "Secret"}, "serviceaccounts": {"v1", "ServiceAccount"},
	"storageclasses": {"storage.k8s.io/v1", "StorageClass"}, "nodes": {"v1", "Node"}, "leases": {"coordination.k8s.io/v1", "Lease"}, "clusterroles": {"rbac.authorization.k8s.io/v1", "ClusterRole"}, "cronjobs": {"batch/v1", "CronJob"},
	"certificatesigningrequests": {"certificates.k8s.io/v1", "CertificateSigningRequest"}, "horizontalpodautoscalers": {"autoscaling/v2", "HorizontalPodAutoscaler"}, "resourcequotas": {"v1", "ResourceQuota"},
	"persistentvolumes": {"v1", "PersistentVolume"}, "persistentvolumeclaims": {"v1", "PersistentVolumeClaim"},
}

// manifest creates an object, which has no spec if that is nil.
func manifest(resource, name string, spec fields) act {
	body := fields{"apiVersion": kindOf[resource][0], "kind": kindOf[resource][1], "metadata": fields{"name": name}}
	if spec != nil {
		body["spec"] = spec
	}
	return act{verb: "create", resource: resource, name: name, body: body}
}

// lot draws what becomes of something.
type lot struct {
	drawing
	budgeted bool // a workload has a budget
}

// workloadLife is what happens to a workload: it is created, perhaps with a budget and a service, then changed, and in the end deleted.
func (d *lot) workloadLife() life {
	var steps []act
	kind := d.one("deployments", "deployments", "deployments", "statefulsets", "statefulsets", "jobs", "jobs", "jobs", "daemonsets", "replicasets", "replicationcontrollers")
	create := manifest(kind, "w", d.workload(kind))
	steps = append(steps, create)
	if d.chance(40) && kind != "jobs" {
		d.budgeted = true
		steps = append(steps, manifest("poddisruptionbudgets", "b", d.budget()))
	}
	if d.chance(40) {
		steps = append(steps, manifest("services", "s", d.service()))
	}
	d.Shuffle(len(steps), func(i, j int) { steps[i], steps[j] = steps[j], steps[i] })
	if d.chance(10) { // before its owner
		pod := manifest("pods", "p", d.template(kind)["spec"].(fields))
		pod.body["metadata"].(fields)["labels"] = fields{"app": "w"}
		steps = append([]act{pod}, steps...)
	}
	for range 4 {
		steps = append(steps, d.event(kind))
	}
	steps = append(steps, act{verb: "delete", resource: kind, name: "w", policy: d.propagation()})
	if d.chance(30) {
		steps = append(steps, create) // again, and what was orphaned is found
	}
	return life{steps: steps, rest: 3500 * time.Millisecond}
}

func (d *lot) propagation() metav1.DeletionPropagation {
	return metav1.DeletionPropagation(d.one("", "Background", "Foreground", "Orphan", "Orphan"))
}

// event is something that happens to the workload or its pods.
func (d *lot) event(kind string) act {
	switch n := d.IntN(20); {
	case n < 12:
		return act{verb: "patch", resource: kind, name: "w", body: fields{"spec": d.later(kind)}}
	case n < 13:
		return act{verb: "patch", resource: kind, name: "w", body: fields{"metadata": fields{"annotations": fields{"note": d.one("a", "b")}, "labels": fields{"note": d.one("a", "b")}}}}
	case n < 15:
		return act{verb: "delete all", resource: "pods"}
	case n < 16:
		return act{verb: "evict", resource: "pods"}
	case n < 17:
		return act{verb: "delete", resource: "pods"}
	case n < 18:
		if d.budgeted { // upstream's loop sees then only the budgets of the new labels
			return act{verb: "delete", resource: "pods"}
		}
		return act{verb: "patch", resource: "pods", body: fields{"metadata": fields{"labels": fields{"app": "else"}}}}
	case n < 19:
		return act{verb: "patch", resource: "pods", body: fields{"metadata": fields{"annotations": fields{"simulated.kubelite.io/ready": d.one("false", "true")}}}}
	default:
		return act{verb: "delete", resource: kind, name: "w", policy: d.propagation()}
	}
}

// number is one of those, as a number where it is one.
func (d *lot) number(of ...any) any { return of[d.IntN(len(of))] }

// maybe sets a field some of the time.
func (d *lot) maybe(f fields, percent int, name string, of ...any) {
	if d.chance(percent) {
		f[name] = d.number(of...)
	}
}

func (d *lot) workload(kind string) fields {
	template := d.template(kind)
	spec, pod := fields{"template": template}, template["spec"].(fields)
	if kind != "jobs" {
		spec["selector"] = fields{"matchLabels": fields{"app": "w"}}
	}
	switch kind {
	case "replicationcontrollers":
		spec["selector"] = fields{"app": "w"}
	case "statefulsets":
		spec["serviceName"] = "s"
		d.maybe(spec, 50, "podManagementPolicy", "Parallel", "OrderedReady")
		if d.chance(20) {
			spec["volumeClaimTemplates"] = []any{fields{"metadata": fields{"name": "data"}, "spec": fields{
				"accessModes": []any{"ReadWriteOnce"}, "storageClassName": "", "resources": fields{"requests": fields{"storage": "1Mi"}},
			}}}
		}
	case "jobs":
		if d.chance(60) {
			spec["completionMode"] = "Indexed"
			spec["completions"] = 1 + d.IntN(4)
			d.maybe(spec, 30, "backoffLimitPerIndex", 0, 1)
			if spec["backoffLimitPerIndex"] != nil {
				d.maybe(spec, 50, "maxFailedIndexes", 0, 1, 2)
			}
			if d.chance(30) {
				// One pod alone ends: which of several ends first is a matter of speed.
				pod["containers"].([]any)[0].(fields)["command"] = []any{"sh", "-c", "test $JOB_COMPLETION_INDEX = 0 || sleep 1000"}
				spec["successPolicy"] = fields{"rules": []any{d.either(fields{"succeededIndexes": "0"}, fields{"succeededCount": 1}, fields{"succeededIndexes": "0-1", "succeededCount": 1})}}
			}
		} else {
			d.maybe(spec, 70, "completions", 1, 2, 3, 5)
		}
		if d.chance(30) {
			rules := []any{fields{"action": d.one("FailJob", "Ignore", "Count"), "onExitCodes": fields{"operator": d.one("In", "NotIn"), "values": []any{d.number(1, 42)}}}}
			if spec["backoffLimitPerIndex"] != nil && d.chance(50) {
				rules = append(rules, fields{"action": "FailIndex", "onExitCodes": fields{"operator": "In", "values": []any{d.number(1, 42)}}})
			}
			if d.chance(30) {
				rules = append(rules, fields{"action": "Ignore", "onPodConditions": []any{fields{"type": "DisruptionTarget"}}})
			}
			spec["podFailurePolicy"] = fields{"rules": rules}
		}
		if spec["podFailurePolicy"] != nil || spec["backoffLimitPerIndex"] != nil {
			pod["restartPolicy"] = "Never"
		}
		d.maybe(spec, 60, "backoffLimit", 0, 1, 2)
		d.maybe(spec, 20, "podReplacementPolicy", "Failed")
		d.maybe(spec, 20, "ttlSecondsAfterFinished", 0, 1)
	}
	for range 3 {
		maps.Copy(spec, d.settings(kind))
	}
	if kind == "jobs" && spec["successPolicy"] == nil && spec["backoffLimitPerIndex"] == nil {
		spec["parallelism"] = 1 // what becomes of the others when one fails is a matter of speed
	}
	return spec
}

func (d *lot) either(of ...fields) fields { return of[d.IntN(len(of))] }

// settings are fields that may be changed later, too.
func (d *lot) settings(kind string) fields {
	f := fields{}
	switch kind {
	case "jobs":
		d.maybe(f, 70, "parallelism", 0, 1, 2, 3, 4)
		d.maybe(f, 20, "suspend", true, false)
		return f
	case "daemonsets":
		d.maybe(f, 30, "minReadySeconds", 0, 1)
		d.maybe(f, 20, "revisionHistoryLimit", 0, 1)
		if d.chance(50) {
			f["updateStrategy"] = d.either(fields{"type": "OnDelete", "rollingUpdate": nil},
				fields{"type": "RollingUpdate", "rollingUpdate": fields{"maxSurge": 0, "maxUnavailable": d.number(1, 2, "50%", "100%")}},
				fields{"type": "RollingUpdate", "rollingUpdate": fields{"maxUnavailable": 0, "maxSurge": d.number(1, "50%")}})
		}
		return f
	}
	d.maybe(f, 60, "replicas", 0, 1, 2, 3, 4, 5)
	d.maybe(f, 20, "minReadySeconds", 0, 1)
	switch kind {
	case "deployments":
		d.maybe(f, 20, "revisionHistoryLimit", 0, 1, 2)
		d.maybe(f, 20, "progressDeadlineSeconds", 2, 600)
		d.maybe(f, 15, "paused", true, false)
		if d.chance(30) {
			f["strategy"] = d.either(fields{"type": "Recreate", "rollingUpdate": nil},
				fields{"type": "RollingUpdate", "rollingUpdate": fields{"maxSurge": d.number(0, 1, "25%", "100%"), "maxUnavailable": d.number(1, 2, "50%")}},
				fields{"type": "RollingUpdate", "rollingUpdate": fields{"maxSurge": d.number(1, 2, "50%"), "maxUnavailable": d.number(0, "25%")}})
		}
	case "statefulsets":
		d.maybe(f, 20, "revisionHistoryLimit", 0, 1)
		if d.chance(30) {
			f["updateStrategy"] = d.either(fields{"type": "OnDelete", "rollingUpdate": nil},
				fields{"type": "RollingUpdate", "rollingUpdate": fields{"partition": d.number(0, 1, 2, 3)}}) // upstream's maxUnavailable is off
		}
		if d.chance(15) {
			f["ordinals"] = d.either(fields{"start": 0}, fields{"start": 1}, fields{"start": 2})
		}
		if d.chance(15) {
			f["persistentVolumeClaimRetentionPolicy"] = fields{"whenDeleted": d.one("Delete", "Retain"), "whenScaled": d.one("Delete", "Retain")}
		}
	}
	return f
}

// later is what a patch changes in the workload's spec.
func (d *lot) later(kind string) fields {
	f := d.settings(kind)
	if kind != "jobs" && d.chance(50) {
		f["template"] = d.template(kind)
	}
	return f
}

// template is one of few templates, so that one may come back.
func (d *lot) template(kind string) fields {
	container := fields{"name": "c", "image": d.one("nginx:1", "nginx:2")}
	spec := fields{"containers": []any{container}}
	meta := fields{"labels": fields{"app": "w"}}
	if kind == "jobs" {
		meta = fields{}
		spec["restartPolicy"] = d.one("Never", "Never", "OnFailure")
		container["command"] = []any{"sh", "-c", d.one("exit 0", "exit 0", "exit 1", "exit 42", "sleep 1000", "sleep 1000", "exit $((JOB_COMPLETION_INDEX % 2))", "test $JOB_COMPLETION_INDEX = 0 || sleep 1000")}
	}
	if d.chance(15) {
		meta["annotations"] = fields{"simulated.kubelite.io/ready": d.one("false", "true")}
	}
	if d.chance(15) && kind != "jobs" { // pods that never had a node wait for the garbage collector of pods
		spec["nodeSelector"] = fields{"kubernetes.io/hostname": d.one("node-1", "nowhere")}
	}
	return fields{"metadata": meta, "spec": spec}
}

func (d *lot) budget() fields {
	spec := d.either(fields{"minAvailable": d.number(0, 1, 2, "50%", "100%")}, fields{"maxUnavailable": d.number(0, 1, "30%", "100%")})
	spec["selector"] = fields{"matchLabels": fields{"app": "w"}}
	d.maybe(spec, 30, "unhealthyPodEvictionPolicy", "AlwaysAllow", "IfHealthyBudget")
	return spec
}

func (d *lot) service() fields {
	spec := fields{"selector": fields{"app": "w"}, "ports": []any{d.either(fields{"port": 80}, fields{"name": "web", "port": 80, "targetPort": 8080}, fields{"port": 53, "protocol": "UDP"})}}
	d.maybe(spec, 30, "clusterIP", "None")
	d.maybe(spec, 30, "publishNotReadyAddresses", true)
	return spec
}
