package clients

import (
	"fmt"
	"strings"
	"time"
)

// networkLife is that of a few pods and Services, and of the lists of endpoints that are made from them, or by hand.
func (d *lot) networkLife() life {
	pod := func() string { return d.one("p1", "p2", "p3") }
	service := func() string { return d.one("s1", "s2") }
	var steps []act
	for _, name := range []string{"p1", "p2", "p3"} {
		steps = append(steps, d.networkPod(name))
	}
	for _, name := range []string{"s1", "s2"} {
		steps = append(steps, d.networkService(name))
	}
	d.Shuffle(len(steps), func(i, j int) { steps[i], steps[j] = steps[j], steps[i] })
	for range 8 {
		var a act
		switch n := d.IntN(24); {
		case n < 2:
			a = act{verb: "delete", resource: "pods", name: pod()}
		case n < 4:
			a = d.networkPod(pod())
		case n < 7:
			a = act{verb: "patch", resource: "pods", name: pod(), body: fields{"metadata": fields{"labels": fields{"app": d.one("a", "b")}}}}
		case n < 9:
			a = act{verb: "patch", resource: "pods", name: pod(), body: fields{"metadata": fields{"annotations": fields{"simulated.kubelite.io/ready": d.one("false", "true")}}}}
		case n < 10:
			a = act{verb: "patch", resource: "pods", name: pod(), body: fields{"metadata": fields{"finalizers": []any{}}}}
		case n < 11:
			a = act{verb: "delete", resource: "services", name: service()}
		case n < 13:
			a = d.networkService(service())
		case n < 17:
			a = act{verb: "patch", resource: "services", name: service(), body: fields{"spec": d.networkChange()}}
		case n < 18:
			a = act{verb: "patch", resource: "services", name: service(), body: fields{"metadata": d.labelled()}}
		case n < 19:
			a = act{verb: "delete", resource: "endpoints", name: service()}
		case n < 20:
			a = act{verb: "delete all", resource: "endpointslices"}
		case n < 22:
			a = act{verb: "patch", resource: "endpoints", name: service(), body: fields{"subsets": d.subsets(), "metadata": d.labelled()}}
		default:
			a = d.networkEndpoints(service())
		}
		steps = append(steps, a)
	}
	return life{steps: steps, rest: 3 * time.Second}
}

// labelled are labels and annotations, some of which say who looks after something.
func (d *lot) labelled() fields {
	labels, annotations := fields{"note": d.one("a", "b")}, fields{"note": d.one("a", "b")}
	d.maybe(labels, 10, "endpointslice.kubernetes.io/skip-mirror", "true", nil)
	d.maybe(labels, 10, "service.kubernetes.io/headless", "", nil)
	d.maybe(annotations, 40, "service.kubernetes.io/topology-mode", "Auto", "Auto", "Disabled", nil)
	d.maybe(annotations, 10, "service.alpha.kubernetes.io/tolerate-unready-endpoints", "true", nil)
	return fields{"labels": labels, "annotations": annotations}
}

func (d *lot) networkPod(name string) act {
	container := fields{"name": "c", "image": "nginx"}
	d.maybe(container, 70, "ports",
		[]any{fields{"name": "web", "containerPort": 8080}}, []any{fields{"name": "web", "containerPort": 9090}}, []any{fields{"name": "web", "containerPort": 53, "protocol": "UDP"}})
	spec := fields{"containers": []any{container}}
	if d.chance(20) {
		spec["hostname"], spec["subdomain"] = name, d.one("s1", "s2")
	}
	d.maybe(spec, 10, "readinessGates", []any{fields{"conditionType": "example.com/open"}})
	if d.chance(15) {
		spec["initContainers"] = []any{fields{"name": "i", "image": "nginx", "restartPolicy": "Always", "ports": []any{fields{"name": "web", "containerPort": 7070}}}}
	}
	a := manifest("pods", name, spec)
	meta := a.body["metadata"].(fields)
	meta["labels"] = fields{"app": d.one("a", "b")}
	if d.chance(15) {
		meta["finalizers"] = []any{"example.com/wait"}
	} else { // one that never had a node would wait for the garbage collector of pods
		d.maybe(spec, 10, "nodeSelector", fields{"kubernetes.io/hostname": "nowhere"})
	}
	if spec["nodeSelector"] == nil {
		spec["nodeSelector"] = fields{"kubernetes.io/hostname": strings.Replace(name, "p", "node-", 1)}
	}
	d.maybe(meta, 20, "annotations", fields{"simulated.kubelite.io/ready": "false"})
	return a
}

func (d *lot) networkService(name string) act {
	spec := fields{"ports": d.servicePorts()}
	d.maybe(spec, 75, "selector", fields{"app": "a"}, fields{"app": "b"}, fields{})
	switch {
	case d.chance(30):
		spec["clusterIP"] = "None"
		if d.chance(20) {
			delete(spec, "ports")
		}
	case d.chance(10):
		spec["type"], spec["externalName"] = "ExternalName", "example.com"
	}
	d.maybe(spec, 20, "publishNotReadyAddresses", true)
	a := manifest("services", name, spec)
	if d.chance(60) {
		a.body["metadata"] = d.labelled()
		a.body["metadata"].(fields)["name"] = name
	}
	return a
}

func (d *lot) servicePorts() []any {
	web := fields{"name": "web", "port": 80}
	d.maybe(web, 60, "targetPort", "web", 8080, "other")
	d.maybe(web, 20, "protocol", "UDP")
	d.maybe(web, 20, "appProtocol", "kubernetes.io/h2c")
	if d.chance(40) {
		return []any{web, fields{"name": "more", "port": 81, "targetPort": d.number("web", 8081)}}
	}
	return []any{web}
}

// networkChange is what a patch changes in a Service.
func (d *lot) networkChange() fields {
	f := fields{}
	d.maybe(f, 40, "selector", nil, fields{"app": "a"}, fields{"app": "b"})
	if d.chance(40) {
		f["ports"] = d.servicePorts()
	}
	d.maybe(f, 20, "publishNotReadyAddresses", true, false)
	d.maybe(f, 20, "trafficDistribution", "PreferSameNode", "PreferSameZone", nil)
	d.maybe(f, 10, "internalTrafficPolicy", "Local", "Cluster")
	if d.chance(10) {
		f["type"], f["externalName"] = "ExternalName", "example.com"
	}
	return f
}

// networkEndpoints are Endpoints that somebody made by hand, for a Service without a selector perhaps.
func (d *lot) networkEndpoints(name string) act {
	a := manifest("endpoints", name, nil)
	a.body["subsets"] = d.subsets()
	a.body["metadata"] = d.labelled()
	a.body["metadata"].(fields)["name"] = name
	return a
}

func (d *lot) subsets() []any {
	address := func() fields {
		f := fields{"ip": fmt.Sprintf("10.9.0.%d", 1+d.IntN(4))}
		d.maybe(f, 20, "hostname", "h1", "h2")
		d.maybe(f, 20, "targetRef", fields{"kind": "Pod", "name": "p1", "namespace": "$NS"})
		return f
	}
	subsets := []any{}
	for range d.IntN(3) {
		subset := fields{"addresses": []any{address()}}
		d.maybe(subset, 40, "notReadyAddresses", []any{address()})
		d.maybe(subset, 85, "ports", []any{fields{"port": 80}}, []any{fields{"name": "web", "port": 8080}}, []any{fields{"name": "web", "port": 80}, fields{"name": "dns", "port": 53, "protocol": "UDP"}})
		subsets = append(subsets, subset)
	}
	return subsets
}
