package clients

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// ownerLife is that of a few ConfigMaps that own one another, or what was there once, and of who is in the way when they go.
func (d *lot) ownerLife() life {
	const many = 5
	name := func() string { return fmt.Sprintf("c%d", d.IntN(many)) }
	owners := func() []any {
		refs := []any{}
		for range d.IntN(3) {
			owner := name()
			ref := fields{"apiVersion": "v1", "kind": "ConfigMap", "name": owner, "uid": "$UID/configmaps/" + owner}
			if d.chance(15) { // one that never was
				ref["uid"] = "11111111-1111-1111-1111-111111111111"
			}
			d.maybe(ref, 50, "blockOwnerDeletion", true, false)
			refs = append(refs, ref)
		}
		return refs
	}
	finalizers := func() []any {
		if d.chance(70) {
			return []any{}
		}
		return []any{"example.com/wait"}
	}
	create := func(name string) act {
		a := manifest("configmaps", name, nil)
		a.body["metadata"] = fields{"name": name, "ownerReferences": owners(), "finalizers": finalizers()}
		return a
	}
	var steps []act
	for i := range many {
		steps = append(steps, create(fmt.Sprintf("c%d", i)))
	}
	for range 8 {
		var a act
		switch n := d.IntN(10); {
		case n < 4:
			a = act{verb: "delete", resource: "configmaps", name: name(), policy: metav1.DeletionPropagation(d.one("", "Background", "Foreground", "Foreground", "Orphan"))}
		case n < 7:
			a = act{verb: "patch", resource: "configmaps", name: name(), body: fields{"metadata": fields{"ownerReferences": owners()}}}
		case n < 9:
			a = act{verb: "patch", resource: "configmaps", name: name(), body: fields{"metadata": fields{"finalizers": finalizers()}}}
		default:
			a = create(name())
		}
		steps = append(steps, a)
	}
	return life{steps: steps, rest: 2 * time.Second}
}

// quotaLife is that of a ResourceQuota and of what is made in spite of it.
func (d *lot) quotaLife() life {
	quota := func() fields {
		hard := fields{}
		d.maybe(hard, 50, "pods", "1", "2", "3")
		d.maybe(hard, 40, "requests.cpu", "100m", "1", "1500m")
		d.maybe(hard, 30, "limits.memory", "64Mi", "1Gi")
		spec := fields{"hard": hard}
		if d.chance(40) {
			spec["scopes"] = []any{d.one("BestEffort", "NotBestEffort", "Terminating", "NotTerminating")}
			if spec["scopes"].([]any)[0] == "BestEffort" {
				spec["hard"] = fields{"pods": d.number("1", "2")}
			}
		} else {
			d.maybe(hard, 30, "count/configmaps", "2", "3")
			d.maybe(hard, 30, "services", "1", "2")
			d.maybe(hard, 30, "services.nodeports", "0", "1")
			d.maybe(hard, 30, "persistentvolumeclaims", "1")
			d.maybe(hard, 30, "requests.storage", "1Gi", "10Mi")
		}
		return spec
	}
	made := 0
	thing := func() act {
		made++
		name := fmt.Sprintf("t%d", made)
		switch d.IntN(6) {
		case 0:
			return manifest("configmaps", name, nil)
		case 1:
			return manifest("services", name, fields{"type": d.one("ClusterIP", "NodePort"), "ports": []any{fields{"port": 80}}})
		case 2:
			return manifest("persistentvolumeclaims", name, fields{
				"accessModes": []any{"ReadWriteOnce"}, "storageClassName": "$NS", "resources": fields{"requests": fields{"storage": d.number("1Mi", "100Mi")}},
			})
		}
		container := fields{"name": "c", "image": "nginx", "command": []any{"sh", "-c", d.one("sleep 1000", "sleep 1000", "exit 0")}}
		requests, limits := fields{}, fields{}
		d.maybe(requests, 60, "cpu", "50m", "500m")
		d.maybe(limits, 40, "memory", "32Mi", "128Mi")
		container["resources"] = fields{"requests": requests, "limits": limits}
		spec := fields{"containers": []any{container}, "restartPolicy": "Never"}
		d.maybe(spec, 30, "activeDeadlineSeconds", 1000)
		return manifest("pods", name, spec)
	}
	steps := []act{manifest("resourcequotas", "q", quota())}
	if d.chance(30) {
		steps = append([]act{thing()}, steps...)
	}
	for range 7 {
		var a act
		switch n := d.IntN(10); {
		case n < 6:
			a = thing()
		case n < 8:
			a = act{verb: "delete", resource: d.one("pods", "pods", "services", "persistentvolumeclaims"), name: fmt.Sprintf("t%d", 1+d.IntN(max(made, 1)))}
		default:
			a = act{verb: "patch", resource: "resourcequotas", name: "q", body: fields{"spec": fields{"hard": quota()["hard"]}}}
		}
		steps = append(steps, a)
	}
	return life{steps: steps, rest: 2500 * time.Millisecond}
}

// volumeLife is that of volumes and claims of a class that has no provisioner. Upstream looks every 15 seconds whether they fit.
func (d *lot) volumeLife() life {
	modes := func() []any {
		return []any{[]any{"ReadWriteOnce"}, []any{"ReadWriteOnce"}, []any{"ReadWriteMany"}, []any{"ReadOnlyMany", "ReadWriteOnce"}, []any{"ReadWriteOncePod"}}[d.IntN(5)].([]any)
	}
	volume := func(i int) act {
		spec := fields{"storageClassName": "$NS", "capacity": fields{"storage": d.number("1Gi", "2Gi", "3Gi")}, "accessModes": modes(), "persistentVolumeReclaimPolicy": d.one("Retain", "Retain", "Delete"), "nfs": fields{"server": "nowhere", "path": "/"}}
		d.maybe(spec, 15, "volumeMode", "Block", "Filesystem")
		if d.chance(15) {
			spec["claimRef"] = fields{"namespace": "$NS", "name": d.one("a", "b", "c")}
		}
		a := manifest("persistentvolumes", fmt.Sprintf("$NS-%d", i), spec)
		a.body["metadata"].(fields)["labels"] = fields{"n": d.one("1", "2")}
		return a
	}
	claim := func(name string) act {
		spec := fields{"storageClassName": "$NS", "accessModes": modes(), "resources": fields{"requests": fields{"storage": d.number("500Mi", "1Gi", "1500Mi", "3Gi")}}}
		d.maybe(spec, 15, "volumeName", "$NS-1", "$NS-2")
		d.maybe(spec, 15, "volumeMode", "Block", "Filesystem")
		if d.chance(20) {
			spec["selector"] = fields{"matchLabels": fields{"n": d.one("1", "2")}}
		}
		return manifest("persistentvolumeclaims", name, spec)
	}
	class := func() act {
		a := manifest("storageclasses", "$NS", nil)
		a.body["provisioner"], a.body["volumeBindingMode"] = d.one("example.com/p", "kubernetes.io/no-provisioner"), d.one("WaitForFirstConsumer", "Immediate")
		return a
	}
	provisioned := func() act { // by somebody who was asked
		claim := d.one("a", "b", "c")
		a := manifest("persistentvolumes", "$NS-3", fields{
			"storageClassName": "$NS", "capacity": fields{"storage": "3Gi"}, "accessModes": modes(), "persistentVolumeReclaimPolicy": "Delete",
			"csi":      fields{"driver": "example.com/p", "volumeHandle": "x"},
			"claimRef": fields{"apiVersion": "v1", "kind": "PersistentVolumeClaim", "namespace": "$NS", "name": claim, "uid": "$UID/persistentvolumeclaims/" + claim},
		})
		a.body["metadata"].(fields)["annotations"] = fields{"pv.kubernetes.io/provisioned-by": "example.com/p"}
		return a
	}
	var steps []act
	if d.chance(60) {
		steps = append(steps, class())
	}
	for i := range 2 + d.IntN(2) {
		steps = append(steps, volume(i))
	}
	for _, name := range []string{"a", "b", "c"} {
		steps = append(steps, claim(name))
	}
	d.Shuffle(len(steps), func(i, j int) { steps[i], steps[j] = steps[j], steps[i] })
	for range 5 {
		var a act
		switch n := d.IntN(15); {
		case n < 3:
			a = act{verb: "delete", resource: "persistentvolumeclaims", name: d.one("a", "b", "c")}
		case n < 5:
			a = act{verb: "delete", resource: "persistentvolumes", name: d.one("$NS-0", "$NS-1", "$NS-2")}
		case n < 7:
			a = manifest("pods", "p", fields{"containers": []any{fields{"name": "c", "image": "nginx"}}, "volumes": []any{fields{"name": "v", "persistentVolumeClaim": fields{"claimName": d.one("a", "b", "c")}}}})
		case n < 8:
			a = act{verb: "delete", resource: "pods", name: "p"}
		case n < 9:
			a = claim(d.one("a", "b", "c"))
		case n < 10:
			a = class()
		case n < 11:
			a = act{verb: "delete", resource: "storageclasses", name: "$NS"}
		case n < 13:
			a = provisioned()
		case n < 14:
			a = act{verb: "patch", resource: "persistentvolumeclaims", name: d.one("a", "b", "c"), body: fields{"metadata": fields{"annotations": d.either(
				fields{"volume.kubernetes.io/selected-node": "node-1"}, fields{"volume.kubernetes.io/selected-node": nil})}}}
		default:
			a = act{verb: "patch", resource: "persistentvolumes", name: d.one("$NS-0", "$NS-1", "$NS-2"), body: fields{"spec": d.either(
				fields{"claimRef": nil}, fields{"persistentVolumeReclaimPolicy": d.one("Retain", "Delete")})}}
		}
		steps = append(steps, a)
	}
	return life{steps: steps, rest: 17 * time.Second}
}

// namespaceLife is that of a namespace that goes, with things in it that are in no hurry. Upstream looks again after up to 16 seconds.
func (d *lot) namespaceLife() life {
	var steps []act
	kinds := []string{"configmaps", "pods", "persistentvolumeclaims", "deployments", "resourcequotas"}
	made := map[string]bool{}
	for range 1 + d.IntN(5) {
		kind, name := kinds[d.IntN(len(kinds))], d.one("a", "b")
		spec := fields{
			"pods":                   fields{"containers": []any{fields{"name": "c", "image": "nginx"}}},
			"persistentvolumeclaims": fields{"accessModes": []any{"ReadWriteOnce"}, "storageClassName": "$NS", "resources": fields{"requests": fields{"storage": "1Mi"}}},
			"deployments": fields{"replicas": 2, "selector": fields{"matchLabels": fields{"app": "w"}}, "template": fields{
				"metadata": fields{"labels": fields{"app": "w"}}, "spec": fields{"containers": []any{fields{"name": "c", "image": "nginx"}}},
			}},
			"resourcequotas": fields{"hard": fields{"pods": "5"}},
		}[kind]
		a := manifest(kind, name, nil)
		if spec != nil {
			a.body["spec"] = spec
		}
		finalizers := [][]any{{}, {"example.com/wait"}, {"example.com/wait", "example.com/more"}, {"foregroundDeletion"}}[d.IntN(4)]
		if kind != "pods" { // while a pod stays, upstream's conditions say that nothing does
			a.body["metadata"].(fields)["finalizers"] = finalizers
			made[kind+" "+name] = true
		}
		steps = append(steps, a)
	}
	steps = append(steps, act{verb: "delete", resource: "namespaces", name: "$NS"})
	if d.chance(50) {
		steps = append(steps, manifest("configmaps", "late", nil))
	}
	for _, what := range slices.Sorted(maps.Keys(made)) {
		kind, name, _ := strings.Cut(what, " ")
		steps = append(steps, act{verb: "patch", resource: kind, name: name, body: fields{"metadata": fields{"finalizers": d.number([]any{}, []any{}, []any{"example.com/more"})}}})
	}
	return life{steps: steps, rest: 18 * time.Second}
}

// cronLife is that of a CronJob, minute by minute.
func (d *lot) cronLife() life {
	settings := func() fields {
		f := fields{}
		d.maybe(f, 60, "schedule", "* * * * *", "* * * * *", "*/2 * * * *", "@hourly", "0 0 31 2 *")
		d.maybe(f, 20, "timeZone", "Europe/Berlin", "Asia/Kathmandu", nil)
		d.maybe(f, 40, "concurrencyPolicy", "Allow", "Forbid", "Replace")
		d.maybe(f, 30, "startingDeadlineSeconds", 5, 90, 600, nil)
		d.maybe(f, 20, "suspend", true, false)
		d.maybe(f, 40, "successfulJobsHistoryLimit", 0, 1, 2)
		d.maybe(f, 40, "failedJobsHistoryLimit", 0, 1, 2)
		return f
	}
	job := func() fields {
		return fields{"metadata": fields{"labels": fields{"n": d.one("1", "2")}, "annotations": fields{"n": d.one("1", "2")}}, "spec": fields{"backoffLimit": 0, "template": fields{"spec": fields{
			"restartPolicy": "Never", "containers": []any{fields{"name": "c", "image": "busybox", "command": []any{"sh", "-c", d.one("exit 0", "exit 1", "sleep 1000")}}},
		}}}}
	}
	spec := settings()
	spec["jobTemplate"] = job()
	if spec["schedule"] == nil || d.chance(70) {
		spec["schedule"] = "* * * * *"
	}
	steps := []act{manifest("cronjobs", "w", spec)}
	for range 6 {
		var a act
		switch n := d.IntN(10); {
		case n < 5:
			a = act{verb: "patch", resource: "cronjobs", name: "w", body: fields{"spec": settings()}}
		case n < 7:
			a = act{verb: "patch", resource: "cronjobs", name: "w", body: fields{"spec": fields{"jobTemplate": job()}}}
		case n < 8:
			a = act{verb: "delete all", resource: "jobs", policy: d.propagation()}
		case n < 9:
			a = act{verb: "delete", resource: "pods"}
		default:
			a = act{verb: "patch", resource: "jobs", body: fields{"metadata": fields{"labels": fields{"n": "3"}}}}
		}
		steps = append(steps, a)
	}
	steps = append(steps, act{verb: "delete", resource: "cronjobs", name: "w", policy: d.propagation()})
	return life{steps: steps, rest: time.Second, byMinute: true}
}
