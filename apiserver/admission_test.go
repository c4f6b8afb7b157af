package apiserver

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNamespaceLifecycle(t *testing.T) {
	h := newHarness(t)
	require.Equal(t, `namespaces "nowhere" not found`, h.fails(404, "NotFound", "POST", "/api/v1/namespaces/nowhere/configmaps", configMap("x", "")))
	require.Equal(t, `namespaces "default" is forbidden: this namespace may not be deleted`, h.fails(403, "Forbidden", "DELETE", "/api/v1/namespaces/default", ""))

	h.must("POST", "/api/v1/namespaces", `{"metadata":{"name":"going"}}`)
	h.must("POST", "/api/v1/namespaces/going/configmaps", configMap("x", ""))
	h.must("DELETE", "/api/v1/namespaces/going", "")
	refused := h.do("POST", "/api/v1/namespaces/going/configmaps", configMap("y", ""))
	require.Equal(t, 403, refused.code)
	require.Equal(t, `configmaps "y" is forbidden: unable to create new content in namespace going because it is being terminated`, refused.at("message"))
	require.Equal(t, "NamespaceTerminating", refused.at("details.causes.0.reason"))
	// What is there can still be changed, and must be, to be deleted.
	h.must("PATCH", "/api/v1/namespaces/going/configmaps/x", `{"data":{"k":"w"}}`, "Content-Type", "application/merge-patch+json")
	h.must("DELETE", "/api/v1/namespaces/going/configmaps/x", "")
}

func TestServiceAccountAdmission(t *testing.T) {
	h := newHarness(t)
	pod := h.must("POST", pods, podJSON("one", "", ""))
	require.Equal(t, "default", pod.at("spec.serviceAccountName"))
	require.Equal(t, "default", pod.at("spec.serviceAccount"))
	require.Equal(t, `pods "two" is forbidden: error looking up service account default/robot: serviceaccount "robot" not found`,
		h.fails(403, "Forbidden", "POST", pods, podJSON("two", "", `,"serviceAccountName":"robot"`)))

	h.must("POST", "/api/v1/namespaces/default/serviceaccounts", `{"metadata":{"name":"robot"},"imagePullSecrets":[{"name":"registry"}]}`)
	pod = h.must("POST", pods, podJSON("two", "", `,"serviceAccountName":"robot"`))
	require.Equal(t, "registry", pod.at("spec.imagePullSecrets.0.name"))

	// The default account of a new namespace is made by a controller, a moment later: the pod waits for it.
	h.must("POST", "/api/v1/namespaces", `{"metadata":{"name":"fresh"}}`)
	created := make(chan answer)
	go func() { created <- h.do("POST", "/api/v1/namespaces/fresh/pods", podJSON("early", "", "")) }()
	h.must("POST", "/api/v1/namespaces/fresh/serviceaccounts", `{"metadata":{"name":"default"}}`)
	require.Equal(t, 201, (<-created).code)
}

func TestDefaultTolerations(t *testing.T) {
	h := newHarness(t)
	pod := h.must("POST", pods, podJSON("one", "", `,"tolerations":[{"key":"node.kubernetes.io/not-ready","operator":"Exists","effect":"NoExecute","tolerationSeconds":5}]`))
	require.EqualValues(t, 5, pod.at("spec.tolerations.0.tolerationSeconds"))
	require.Equal(t, "node.kubernetes.io/unreachable", pod.at("spec.tolerations.1.key"))
	require.EqualValues(t, 300, pod.at("spec.tolerations.1.tolerationSeconds"))
	require.Nil(t, pod.at("spec.tolerations.2"))
}

func TestPriority(t *testing.T) {
	h := newHarness(t)
	pod := h.must("POST", pods, podJSON("one", "", ""))
	require.EqualValues(t, 0, pod.at("spec.priority"))
	require.Equal(t, "PreemptLowerPriority", pod.at("spec.preemptionPolicy"))
	pod = h.must("POST", pods, podJSON("two", "", `,"priorityClassName":"system-node-critical"`))
	require.EqualValues(t, 2_000_001_000, pod.at("spec.priority"))
	require.Equal(t, `pods "three" is forbidden: no PriorityClass with name gold was found`,
		h.fails(403, "Forbidden", "POST", pods, podJSON("three", "", `,"priorityClassName":"gold"`)))
	require.Contains(t, h.fails(403, "Forbidden", "POST", pods, podJSON("three", "", `,"priority":7`)), "the integer value of priority (7) must not be provided")
}

// A node reaches its own objects and those that its pods need, and no others.
func TestNodeIsRestricted(t *testing.T) {
	h := newHarness(t)
	h.must("POST", "/api/v1/namespaces/default/secrets", `{"metadata":{"name":"used"}}`)
	h.must("POST", "/api/v1/namespaces/default/secrets", `{"metadata":{"name":"private"}}`)
	h.must("POST", pods, podJSON("mine", "", `,"nodeName":"n1","volumes":[{"name":"v","secret":{"secretName":"used"}}]`))
	h.must("POST", pods, podJSON("other", "", `,"nodeName":"n2","volumes":[{"name":"v","secret":{"secretName":"private"}}]`))
	h.must("POST", "/api/v1/nodes", `{"metadata":{"name":"n2"}}`)
	h.token = "node1"

	h.must("POST", "/api/v1/nodes", `{"metadata":{"name":"n1","labels":{"kubernetes.io/hostname":"n1","disk":"ssd"}}}`)
	require.Contains(t, h.fails(403, "Forbidden", "POST", "/api/v1/nodes", `{"metadata":{"name":"n3"}}`), `node "n1" is not allowed to modify node "n3"`)
	status := `{"status":{"phase":"Running"}}`
	const merge = "application/merge-patch+json"
	h.must("PATCH", "/api/v1/nodes/n1/status", `{"status":{"nodeInfo":{"kubeletVersion":"v1"}}}`, "Content-Type", merge)
	h.fails(403, "Forbidden", "PATCH", "/api/v1/nodes/n2/status", `{"status":{}}`, "Content-Type", merge)
	require.Contains(t, h.fails(403, "Forbidden", "PATCH", "/api/v1/nodes/n1", `{"metadata":{"labels":{"node-role.kubernetes.io/control-plane":""}}}`, "Content-Type", merge),
		"is not allowed to modify labels: node-role.kubernetes.io/control-plane")
	require.Contains(t, h.fails(403, "Forbidden", "PATCH", "/api/v1/nodes/n1", `{"spec":{"taints":[{"key":"a","effect":"NoSchedule"}]}}`, "Content-Type", merge),
		`node "n1" is not allowed to modify taints`)

	h.must("GET", pods+"/mine", "")
	require.Contains(t, h.fails(403, "Forbidden", "GET", pods+"/other", ""), "no relationship found between node 'n1' and this object")
	list := h.must("GET", "/api/v1/pods?fieldSelector=spec.nodeName%3Dn1", "")
	require.Equal(t, "mine", list.at("items.0.metadata.name"))
	require.Nil(t, list.at("items.1"))

	h.must("GET", "/api/v1/namespaces/default/secrets/used", "")
	h.fails(403, "Forbidden", "GET", "/api/v1/namespaces/default/secrets/private", "")
	h.fails(403, "Forbidden", "GET", "/api/v1/namespaces/default/secrets", "")

	h.must("PATCH", pods+"/mine/status", status, "Content-Type", merge)
	require.Contains(t, h.fails(403, "Forbidden", "PATCH", pods+"/other/status", status, "Content-Type", merge),
		`node "n1" can only update pod status for pods with spec.nodeName set to itself`)
	require.Contains(t, h.fails(403, "Forbidden", "POST", pods, podJSON("new", "", `,"nodeName":"n1"`)), "can only create mirror pods")
	h.fails(403, "Forbidden", "DELETE", pods+"/other?gracePeriodSeconds=0", "")
	h.must("DELETE", pods+"/mine", "") // a node may ask for it to be stopped ...
	h.must("DELETE", pods+"/mine?gracePeriodSeconds=0", "")

	slices := "/apis/resource.k8s.io/v1/resourceslices"
	slice := func(name, node string) string {
		return `{"metadata":{"name":"` + name + `"},"spec":{"driver":"d.example.com","nodeName":"` + node + `","pool":{"name":"p","resourceSliceCount":1}}}`
	}
	h.must("POST", slices, slice("s1", "n1"))
	require.Contains(t, h.fails(403, "Forbidden", "POST", slices, slice("s2", "n2")), "can only create ResourceSlice with the same NodeName as the requesting node")

	leases := "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"
	h.must("POST", leases, `{"metadata":{"name":"n1"},"spec":{"holderIdentity":"n1"}}`)
	h.fails(403, "Forbidden", "POST", leases, `{"metadata":{"name":"n2"},"spec":{}}`)
	h.fails(403, "Forbidden", "GET", leases+"/n2", "")
}

// A pod on a node carries the node's zone and region; and it grows no further than its node.
func TestPodsFollowTheirNode(t *testing.T) {
	h := newHarness(t)
	h.must("POST", "/api/v1/nodes", `{"metadata":{"name":"n1","labels":{"topology.kubernetes.io/zone":"z1","kubernetes.io/os":"linux"}},"status":{"allocatable":{"cpu":"2","memory":"1Gi"}}}`)
	h.must("POST", pods, podJSON("p", "", ""))
	h.must("POST", pods+"/p/binding", `{"metadata":{"name":"p"},"target":{"kind":"Node","name":"n1"}}`)
	require.Equal(t, "z1", h.must("GET", pods+"/p", "").at("metadata.labels").(tree)["topology.kubernetes.io/zone"])

	h.must("POST", pods, `{"metadata":{"name":"r"},"spec":{"nodeName":"n1","containers":[{"name":"c","image":"i","resources":{"requests":{"cpu":"1"}}}]}}`)
	h.must("PATCH", pods+"/r/resize", `{"spec":{"containers":[{"name":"c","resources":{"requests":{"cpu":"2"}}}]}}`, "Content-Type", "application/strategic-merge-patch+json")
	tooMuch := h.do("PATCH", pods+"/r/resize", `{"spec":{"containers":[{"name":"c","resources":{"requests":{"cpu":"3"}}}]}}`, "Content-Type", "application/strategic-merge-patch+json")
	require.Equal(t, 403, tooMuch.code)
	require.Equal(t, `pods "r" is forbidden: node didn't have enough allocatable resources: cpu, requested: 3000, allocatable: 2000`, tooMuch.at("message"))
	require.Equal(t, "NodeCapacity", tooMuch.at("details.causes.0.reason"))
}

func TestBootstrapIsRepeatable(t *testing.T) {
	h := newHarness(t)
	for _, name := range []string{"default", "kube-system", "kube-public", "kube-node-lease"} {
		require.Equal(t, "Active", h.must("GET", "/api/v1/namespaces/"+name, "").at("status.phase"))
	}
	svc := h.must("GET", "/api/v1/namespaces/default/services/kubernetes", "")
	require.Equal(t, "10.96.0.1", svc.at("spec.clusterIP"))
	require.EqualValues(t, 443, svc.at("spec.ports.0.port"))
	require.EqualValues(t, 6443, svc.at("spec.ports.0.targetPort"))

	before := h.store.Revision()
	require.NoError(t, h.server.bootstrap(context.Background()))
	require.Equal(t, before, h.store.Revision(), "nothing is written the second time")

	h.server.config.AdvertiseAddress = "192.0.2.7:6443"
	require.NoError(t, h.server.bootstrap(context.Background()))
	h.server.config.AdvertiseAddress = "192.0.2.8:6443"
	require.NoError(t, h.server.bootstrap(context.Background()))
	endpoints := h.must("GET", "/api/v1/namespaces/default/endpoints/kubernetes", "")
	require.Equal(t, "192.0.2.8", endpoints.at("subsets.0.addresses.0.ip"), "the address that it has now")
}

// Addresses are allocated by writes, and survive the allocator: it reads them from the Services.
func TestServiceAddressesInTheAPI(t *testing.T) {
	h := newHarness(t)
	const services = "/api/v1/namespaces/default/services"
	body := func(name, ip string) string {
		return `{"metadata":{"name":"` + name + `"},"spec":{"clusterIP":"` + ip + `","selector":{"app":"web"},"ports":[{"port":80}]}}`
	}
	ip := h.must("POST", services, body("one", "")).at("spec.clusterIP").(string)
	require.NotEmpty(t, ip)
	require.Contains(t, h.fails(422, "Invalid", "POST", services, body("two", ip)), "provided IP is already allocated")
	h.must("POST", services+"?dryRun=All", body("dry", "10.96.9.9"))

	var err error
	h.server.services, err = newServiceAllocator(nil)
	require.NoError(t, err)
	require.NoError(t, h.server.loadServices())
	require.Contains(t, h.fails(422, "Invalid", "POST", services, body("two", ip)), "provided IP is already allocated")

	require.Contains(t, h.fails(422, "Invalid", "PATCH", services+"/one", `{"spec":{"clusterIP":"10.96.9.9"}}`, "Content-Type", "application/merge-patch+json"), "may not change once set")
	h.must("DELETE", services+"/one", "")
	require.Equal(t, ip, h.must("POST", services, body("two", ip)).at("spec.clusterIP"))
	require.Equal(t, "10.96.9.9", h.must("POST", services, body("three", "10.96.9.9")).at("spec.clusterIP"), "a dry run holds nothing")
}
