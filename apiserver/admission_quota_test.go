package apiserver

import (
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

const quotas = "/api/v1/namespaces/default/resourcequotas"

// counted makes a quota whose usage has been counted, as the quota controller would.
func (h *harness) counted(name, hard, used, rest string) {
	h.t.Helper()
	h.must("POST", quotas, `{"metadata":{"name":"`+name+`"},"spec":{"hard":`+hard+rest+`}}`)
	h.must("PATCH", quotas+"/"+name+"/status", `{"status":{"hard":`+hard+`,"used":`+used+`}}`, "Content-Type", "application/merge-patch+json")
}

// A quota is charged with what an object uses, and refuses what is too much, in upstream's words.
func TestQuota(t *testing.T) {
	h := newHarness(t)
	h.counted("q", `{"pods":"2","requests.cpu":"1","count/configmaps":"1"}`, `{"pods":"0","requests.cpu":"0","count/configmaps":"0"}`, "")
	used := func(name string) any { return h.must("GET", quotas+"/q", "").at("status.used." + name) }
	pod := func(name, cpu string) string {
		return `{"metadata":{"name":"` + name + `"},"spec":{"containers":[{"name":"c","image":"i","resources":{"requests":{"cpu":"` + cpu + `"}}}]}}`
	}

	require.Equal(t, `pods "bare" is forbidden: failed quota: q: must specify requests.cpu for: c`,
		h.fails(403, "Forbidden", "POST", pods, podJSON("bare", "", "")))
	h.must("POST", pods+"?dryRun=All", pod("dry", "600m"))
	require.Equal(t, "0", used("pods"), "a dry run is not charged")
	h.must("POST", pods, pod("a", "600m"))
	require.Equal(t, "1", used("pods"))
	require.Equal(t, `pods "b" is forbidden: exceeded quota: q, requested: requests.cpu=600m, used: requests.cpu=600m, limited: requests.cpu=1`,
		h.fails(403, "Forbidden", "POST", pods, pod("b", "600m")))
	require.Equal(t, "600m", h.must("GET", quotas+"/q", "").tree()["status"].(tree)["used"].(tree)["requests.cpu"])
	h.must("POST", pods, pod("b", "400m"))

	h.must("POST", configMaps, configMap("one", ""))
	require.Equal(t, `configmaps "two" is forbidden: exceeded quota: q, requested: count/configmaps=1, used: count/configmaps=1, limited: count/configmaps=1`,
		h.fails(403, "Forbidden", "POST", configMaps, configMap("two", "")))

	h.must("POST", quotas, `{"metadata":{"name":"new"},"spec":{"hard":{"secrets":"1"}}}`)
	h.must("PATCH", quotas+"/new/status", `{"status":{"hard":{"secrets":"1"}}}`, "Content-Type", "application/merge-patch+json")
	require.Contains(t, h.fails(403, "Forbidden", "POST", "/api/v1/namespaces/default/secrets", `{"metadata":{"name":"s"}}`),
		"status unknown for quota: new, resources: secrets", "nobody has counted yet")
}

// Writers that race for the last place do not both get it.
func TestQuotaIsNotOverdrawn(t *testing.T) {
	h := newHarness(t)
	h.counted("q", `{"configmaps":"5"}`, `{"configmaps":"0"}`, "")
	var made sync.Map
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			if a := h.do("POST", configMaps, configMap(fmt.Sprint("c", i), "")); a.code == 201 {
				made.Store(i, true)
			}
		})
	}
	all.Wait()
	n := 0
	made.Range(func(any, any) bool { n++; return true })
	require.Equal(t, 5, n)
	require.Equal(t, "5", h.must("GET", quotas+"/q", "").at("status.used.configmaps"))
}

// Scopes choose which pods count.
func TestQuotaScopes(t *testing.T) {
	h := newHarness(t)
	h.counted("ending", `{"pods":"1"}`, `{"pods":"0"}`, `,"scopes":["Terminating"]`)
	h.must("POST", pods, podJSON("a", "", ""))
	h.must("POST", pods, podJSON("b", "", `,"activeDeadlineSeconds":60`))
	require.Contains(t, h.fails(403, "Forbidden", "POST", pods, podJSON("c", "", `,"activeDeadlineSeconds":60`)), "exceeded quota: ending")
	require.Contains(t, h.fails(403, "Forbidden", "PATCH", pods+"/a", `{"spec":{"activeDeadlineSeconds":60}}`, "Content-Type", "application/merge-patch+json"),
		"exceeded quota: ending", "a pod that gets a deadline counts from then on")
}

// LimitRanges fill in what containers leave out, then look at the bounds.
func TestLimitRange(t *testing.T) {
	h := newHarness(t)
	h.must("POST", "/api/v1/namespaces/default/limitranges", `{"metadata":{"name":"l"},"spec":{"limits":[
		{"type":"Container","min":{"cpu":"50m"},"max":{"cpu":"1"},"default":{"cpu":"200m"},"defaultRequest":{"cpu":"100m"},"maxLimitRequestRatio":{"cpu":"4"}},
		{"type":"Pod","max":{"memory":"1Gi"}},
		{"type":"PersistentVolumeClaim","min":{"storage":"1Gi"},"max":{"storage":"2Gi"}}]}}`)
	pod := func(resources string) string {
		return `{"metadata":{"generateName":"p-"},"spec":{"containers":[{"name":"c","image":"i","resources":` + resources + `}]}}`
	}
	made := h.must("POST", pods, pod(`{"limits":{"memory":"1Gi"}}`))
	require.Equal(t, tree{"cpu": "200m", "memory": "1Gi"}, made.at("spec.containers.0.resources.limits"))
	require.Equal(t, tree{"cpu": "100m", "memory": "1Gi"}, made.at("spec.containers.0.resources.requests"))
	require.Equal(t, "LimitRanger plugin set: cpu request for container c; cpu limit for container c",
		made.tree()["metadata"].(tree)["annotations"].(tree)[limitRangerAnnotation])
	made = h.must("POST", pods, `{"metadata":{"name":"whole"},"spec":{"resources":{"limits":{"memory":"1Gi"}},"containers":[{"name":"c","image":"i"}]}}`)
	require.Equal(t, tree{"cpu": "100m", "memory": "1Gi"}, made.at("spec.resources.requests"), "what a container got, its pod has")

	for resources, want := range map[string]string{
		`{"limits":{"memory":"2Gi"}}`:           "maximum memory usage per Pod is 1Gi, but limit is 2Gi",
		`{}`:                                    "maximum memory usage per Pod is 1Gi.  No limit is specified",
		`{"limits":{"cpu":"2","memory":"1Gi"}}`: "maximum cpu usage per Container is 1, but limit is 2",
		`{"limits":{"memory":"1Gi"},"requests":{"cpu":"10m"}}`:         "[minimum cpu usage per Container is 50m, but request is 10m, cpu max limit to request ratio per Container is 4, but provided ratio is 20.000000]",
		`{"limits":{"memory":"1Gi","cpu":"1"},"requests":{"cpu":"0"}}`: "[minimum cpu usage per Container is 50m, but request is 0, cpu max limit to request ratio per Container is 4, but no request is specified or request is 0]",
	} {
		require.Contains(t, h.fails(403, "Forbidden", "POST", pods, pod(resources)), want)
	}
	require.Contains(t, h.fails(403, "Forbidden", "POST", "/api/v1/namespaces/default/persistentvolumeclaims",
		`{"metadata":{"name":"c"},"spec":{"accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"5Gi"}}}}`),
		"maximum storage usage per PersistentVolumeClaim is 2Gi, but request is 5Gi")
}

// Claims get the default class and stay while they may be in use; they grow where their class allows it.
func TestClaims(t *testing.T) {
	h := newHarness(t)
	const claims, classes = "/api/v1/namespaces/default/persistentvolumeclaims", "/apis/storage.k8s.io/v1/storageclasses"
	h.must("POST", classes, `{"metadata":{"name":"slow","annotations":{"storageclass.kubernetes.io/is-default-class":"true"}},"provisioner":"example.com/p"}`)
	claim := h.must("POST", claims, `{"metadata":{"name":"c"},"spec":{"accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"1Gi"}}}}`)
	require.Equal(t, "slow", claim.at("spec.storageClassName"))
	require.Equal(t, "Pending", claim.at("status.phase"))
	require.Equal(t, "kubernetes.io/pvc-protection", claim.at("metadata.finalizers.0"))

	const merge = "application/merge-patch+json"
	grow := `{"spec":{"resources":{"requests":{"storage":"2Gi"}}}}`
	// Validation has its say before admission's last word.
	require.Contains(t, h.fails(422, "Invalid", "PATCH", claims+"/c", grow, "Content-Type", merge), "spec is immutable after creation except")
	h.must("PATCH", claims+"/c/status", `{"status":{"phase":"Bound"}}`, "Content-Type", merge)
	require.Contains(t, h.fails(403, "Forbidden", "PATCH", claims+"/c", grow, "Content-Type", merge), "the storageclass that provisions the pvc must support resize")
	h.must("PATCH", classes+"/slow", `{"allowVolumeExpansion":true}`, "Content-Type", merge)
	h.must("PATCH", claims+"/c", grow, "Content-Type", merge)

	h.must("DELETE", claims+"/c", "")
	require.NotEmpty(t, h.must("GET", claims+"/c", "").at("metadata.deletionTimestamp"))
	h.must("PATCH", claims+"/c", `{"metadata":{"finalizers":null}}`, "Content-Type", merge)
	h.fails(404, "NotFound", "GET", claims+"/c", "")

	const ingresses = "/apis/networking.k8s.io/v1/namespaces/default/ingresses"
	backend := `"spec":{"defaultBackend":{"service":{"name":"web","port":{"number":80}}}}`
	h.must("POST", "/apis/networking.k8s.io/v1/ingressclasses", `{"metadata":{"name":"ic","annotations":{"ingressclass.kubernetes.io/is-default-class":"true"}},"spec":{"controller":"example.com/c"}}`)
	require.Equal(t, "ic", h.must("POST", ingresses, `{"metadata":{"name":"i"},`+backend+`}`).at("spec.ingressClassName"))
	require.Nil(t, h.must("POST", ingresses, `{"metadata":{"name":"j","annotations":{"kubernetes.io/ingress.class":"other"}},`+backend+`}`).at("spec.ingressClassName"))
}

// Addresses of Services are objects too; one that somebody else holds is not given away.
func TestIPAddresses(t *testing.T) {
	h := newHarness(t)
	const addresses, services = "/apis/networking.k8s.io/v1/ipaddresses", "/api/v1/namespaces/default/services"
	require.Equal(t, "10.96.0.0/16", h.must("GET", "/apis/networking.k8s.io/v1/servicecidrs/kubernetes", "").at("spec.cidrs.0"))
	require.Equal(t, "kubernetes", h.must("GET", addresses+"/10.96.0.1", "").at("spec.parentRef.name"))
	body := func(ip string) string {
		return `{"metadata":{"name":"web"},"spec":{"clusterIP":"` + ip + `","ports":[{"port":80}]}}`
	}
	ip := h.must("POST", services, body("")).at("spec.clusterIP").(string)
	require.Equal(t, "web", h.must("GET", addresses+"/"+ip, "").at("spec.parentRef.name"))
	h.must("DELETE", services+"/web", "")
	h.fails(404, "NotFound", "GET", addresses+"/"+ip, "")

	h.must("POST", addresses, `{"metadata":{"name":"10.96.7.7"},"spec":{"parentRef":{"group":"example.com","resource":"gateways","name":"g"}}}`)
	require.Contains(t, h.fails(422, "Invalid", "POST", services, body("10.96.7.7")), "provided IP is already allocated")
	h.must("DELETE", addresses+"/10.96.7.7", "")
	h.must("POST", services, body("10.96.7.7"))
}
