package clients

import (
	"fmt"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

const (
	// nodeGrace is how long a node may be silent on both sides. The cluster's own nodes, which renew their leases every 10 seconds, live.
	nodeGrace = 16 * time.Second
	// beating is the label of leases of nodes that are alive.
	beating = "beating"
)

// beat renews the leases of the nodes that are alive, until the test ends.
func (s *side) beat(t *testing.T) {
	leases := of(s.client, where("leases"), "")
	ctx := t.Context()
	go func() {
		for ticker := time.NewTicker(3 * time.Second); ctx.Err() == nil; <-ticker.C {
			list, err := leases.List(ctx, metav1.ListOptions{LabelSelector: beating + "=yes"})
			if err != nil {
				continue // the test is over
			}
			for _, l := range list.Items {
				now := time.Now().UTC().Format(metav1.RFC3339Micro)
				_, _ = leases.Patch(ctx, l.GetName(), types.MergePatchType, encode(fields{"spec": fields{"renewTime": now}}), metav1.PatchOptions{}) // it may be gone
			}
		}
	}()
}

// nodeLife is that of two nodes that have a zone of their own and no kubelet, and of pods there: nodes fall silent and speak again, are tainted,
// say that something is wrong with them, and go; what kubelets say of pods is said for them, while their nodes speak.
func (d *lot) nodeLife() life {
	node := func() string { return d.one("$NS-1", "$NS-2") }
	silent, unready := map[string]bool{}, map[string]bool{} // by node
	var places []string                                     // of pods
	ended := map[int]bool{}
	pod := func() (n int, name string) {
		n = 1 + d.IntN(max(len(places), 1))
		return n, fmt.Sprintf("p%d", n)
	}
	status := func(node string) fields {
		ready := d.one("True", "True", "False")
		unready[node] = ready != "True"
		return fields{
			"conditions": []any{
				fields{"type": "Ready", "status": ready, "reason": "KubeletSays", "message": "it is " + ready, "lastHeartbeatTime": "2026-01-01T00:00:00Z", "lastTransitionTime": "2026-01-01T00:00:00Z"},
				fields{"type": "DiskPressure", "status": d.one("False", "False", "True"), "reason": "KubeletSays", "lastHeartbeatTime": "2026-01-01T00:00:00Z", "lastTransitionTime": "2026-01-01T00:00:00Z"},
			},
			"capacity": fields{"cpu": "4", "memory": "8Gi", "pods": "20"}, "allocatable": fields{"cpu": "4", "memory": "8Gi", "pods": "20"},
		}
	}
	beats := func(name string) act {
		silent[name] = !silent[name] && !unready[name] // upstream says nothing of the pods of a node that was not ready before
		return act{verb: "patch", resource: "leases", name: name, body: fields{"metadata": fields{"labels": fields{beating: map[bool]string{true: "no", false: "yes"}[silent[name]]}}}}
	}
	taints := func() []any {
		taints := []any{}
		for _, key := range []string{"example.com/a", "example.com/b", "node.kubernetes.io/out-of-service"} {
			if d.chance(35) {
				taints = append(taints, fields{"key": key, "value": d.one("x", "y"), "effect": d.one("NoExecute", "NoExecute", "NoSchedule")})
			}
		}
		return taints
	}
	tolerations := func() []any {
		list := []any{}
		for _, key := range []string{"example.com/a", "example.com/b", "node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable", ""} {
			if d.chance(70) {
				continue
			}
			toleration := fields{"operator": "Exists", "effect": "NoExecute"}
			if key != "" {
				toleration["key"] = key
			}
			if d.chance(60) {
				toleration["tolerationSeconds"] = []int{0, 2, 5}[d.IntN(3)]
			}
			list = append(list, toleration)
		}
		return list
	}
	create := func(name string) []act { // says how it is at once, as a kubelet does
		l := manifest("leases", name, fields{"holderIdentity": name, "leaseDurationSeconds": 40, "renewTime": "2026-01-01T00:00:00.000000Z"})
		l.rest, l.body["metadata"].(fields)["labels"] = noRest, fields{beating: "yes"}
		n := manifest("nodes", name, fields{})
		n.body["metadata"].(fields)["labels"] = fields{"home": "$NS", "topology.kubernetes.io/zone": "$NS"}
		n.body["status"] = status(name)
		if d.chance(20) {
			n.body["spec"] = fields{"taints": taints()}
		}
		return []act{l, n}
	}
	newPod := func() act {
		places = append(places, node())
		spec := fields{
			"containers": []any{fields{"name": "c", "image": "nginx"}}, "nodeName": places[len(places)-1], "tolerations": tolerations(),
			"terminationGracePeriodSeconds": 30 * d.IntN(2),
		}
		a := manifest("pods", fmt.Sprintf("p%d", len(places)), spec)
		a.body["metadata"].(fields)["labels"] = fields{"app": "w"}
		d.maybe(a.body["metadata"].(fields), 20, "finalizers", []any{"example.com/wait"})
		return a
	}
	runs := func() act {
		n, name := pod()
		phase := d.one("Running", "Running", "Succeeded", "Failed")
		if ended[n] || len(places) < n || silent[places[n-1]] {
			return newPod()
		}
		ended[n] = phase != "Running"
		return act{verb: "say", resource: "pods", name: name, body: fields{"status": fields{
			"phase": phase, "podIP": "10.0.0.1", "podIPs": []any{fields{"ip": "10.0.0.1"}},
			"conditions": []any{fields{"type": "Ready", "status": map[bool]string{true: "True", false: "False"}[phase == "Running"], "lastTransitionTime": "2026-01-01T00:00:00Z"}},
		}}}
	}
	steps := append(create("$NS-1"), create("$NS-2")...)
	steps[1].rest = noRest
	if d.chance(50) {
		steps = append(steps, manifest("daemonsets", "d", fields{
			"selector": fields{"matchLabels": fields{"app": "d"}},
			"template": fields{"metadata": fields{"labels": fields{"app": "d"}}, "spec": fields{
				"nodeSelector": fields{"home": "$NS"}, "containers": []any{fields{"name": "c", "image": "nginx"}}, "tolerations": tolerations(),
			}},
		}))
	}
	if d.chance(50) {
		steps = append(steps, manifest("services", "s", fields{"selector": fields{"app": "w"}, "ports": []any{fields{"port": 80}}}))
	}
	for range 2 {
		steps = append(steps, newPod(), runs())
	}
	for i := 3; i < len(steps); i++ {
		steps[i].rest = 9 * time.Second // the longest toleration has passed
	}
	for range 8 {
		switch n := d.IntN(24); {
		case n < 4:
			steps = append(steps, newPod())
		case n < 6:
			steps = append(steps, runs())
		case n < 11:
			steps = append(steps, beats(node()))
		case n < 14:
			name := node()
			steps = append(steps, act{verb: "say", resource: "nodes", name: name, body: fields{"status": status(name)}})
		case n < 18:
			steps = append(steps, act{verb: "patch", resource: "nodes", name: node(), body: fields{"spec": fields{"taints": taints()}}})
		case n < 19:
			steps = append(steps, act{verb: "patch", resource: "nodes", name: node(), body: fields{"spec": fields{"unschedulable": d.chance(50)}}})
		case n < 21:
			_, name := pod()
			steps = append(steps, act{verb: "delete", resource: "pods", name: name})
		case n < 22:
			_, name := pod()
			steps = append(steps, act{verb: "patch", resource: "pods", name: name, body: fields{"metadata": fields{"finalizers": nil}}})
		case n < 23:
			steps = append(steps, act{verb: "delete", resource: "nodes", name: node(), rest: 90 * time.Second}) // the pods are looked for after a while
		default:
			steps = append(steps, create(node())...)
		}
	}
	return life{steps: steps, rest: nodeGrace + 8*time.Second}
}
