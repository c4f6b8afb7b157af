package apiserver

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"testing"

	"github.com/stretchr/testify/require"
)

// Every cluster has the classes, levels and schemas that upstream makes at its start.
func TestClusterWideObjectsAreThere(t *testing.T) {
	h := newHarness(t)
	require.EqualValues(t, 2000001000, h.must("GET", "/apis/scheduling.k8s.io/v1/priorityclasses/system-node-critical", "").at("value"))
	require.Len(t, h.must("GET", "/apis/flowcontrol.apiserver.k8s.io/v1/prioritylevelconfigurations", "").at("items"), 8)
	require.Len(t, h.must("GET", "/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas", "").at("items"), 11)
	schemas := "/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas"
	w := h.watch(schemas + "?watch=1&fieldSelector=metadata.name=lost")
	h.must("POST", schemas, `{"metadata":{"name":"lost"},"spec":{"priorityLevelConfiguration":{"name":"none"}}}`)
	w.sees("ADDED lost")
	dangling := at(w.sees("MODIFIED lost"), "object.status.conditions.0").(tree)
	require.Equal(t, []any{"Dangling", "True", "NotFound", `This FlowSchema references the PriorityLevelConfiguration object named "none" but there is no such object`},
		[]any{dangling["type"], dangling["status"], dangling["reason"], dangling["message"]})
	h.must("POST", "/apis/flowcontrol.apiserver.k8s.io/v1/prioritylevelconfigurations", `{"metadata":{"name":"none"},"spec":{"type":"Limited","limited":{"limitResponse":{"type":"Reject"}}}}`)
	require.Equal(t, "Found", at(w.sees("MODIFIED lost"), "object.status.conditions.0.reason"))
	exempt := "/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas/exempt"
	require.Contains(t, h.fails(422, "Invalid", "PATCH", exempt, `{"spec":{"matchingPrecedence":2}}`, "Content-Type", "application/merge-patch+json"),
		"spec of 'exempt' must equal the fixed value")
}

const priorityClasses = "/apis/scheduling.k8s.io/v1/priorityclasses"

func priorityClass(name, more string) string {
	return `{"apiVersion":"scheduling.k8s.io/v1","kind":"PriorityClass","metadata":{"name":"` + name + `"},` + more + `}`
}

func somePod(name, spec string) string {
	return `{"metadata":{"name":"` + name + `"},"spec":{` + spec + `"containers":[{"name":"c","image":"web"}]}}`
}

// A pod has the number of its class, or of the default class, and nobody writes the number by hand.
func TestPriorityOfPods(t *testing.T) {
	h := newHarness(t)
	const pods = "/api/v1/namespaces/default/pods"
	h.must("POST", priorityClasses, priorityClass("high", `"value":1000,"preemptionPolicy":"Never"`))
	pod := h.must("POST", pods, somePod("one", `"priorityClassName":"high",`))
	require.EqualValues(t, 1000, pod.at("spec.priority"))
	require.Equal(t, "Never", pod.at("spec.preemptionPolicy"))
	pod = h.must("POST", pods, somePod("two", ""))
	require.EqualValues(t, 0, pod.at("spec.priority"))
	require.Nil(t, pod.at("spec.priorityClassName"))
	require.Contains(t, h.fails(403, "Forbidden", "POST", pods, somePod("three", `"priorityClassName":"none",`)), "no PriorityClass with name none was found")
	require.Contains(t, h.fails(403, "Forbidden", "POST", pods, somePod("three", `"priorityClassName":"high","priority":5,`)),
		"the integer value of priority (5) must not be provided in pod spec; priority admission controller computed 1000 from the given PriorityClass name")

	h.must("POST", priorityClasses, priorityClass("usual", `"value":7,"globalDefault":true`))
	pod = h.must("POST", pods, somePod("four", ""))
	require.EqualValues(t, 7, pod.at("spec.priority"))
	require.Equal(t, "usual", pod.at("spec.priorityClassName"))
	require.Contains(t, h.fails(403, "Forbidden", "POST", priorityClasses, priorityClass("other", `"value":8,"globalDefault":true`)),
		"PriorityClass usual is already marked as default. Only one default can exist")
	h.must("DELETE", priorityClasses+"/usual", "")
	require.EqualValues(t, 0, h.must("POST", pods, somePod("five", "")).at("spec.priority"), "the default class is gone")

	require.Contains(t, h.fails(422, "Invalid", "POST", priorityClasses, priorityClass("system-mine", `"value":8`)),
		"priority class names with 'system-' prefix are reserved for system use only. error: system-mine is not a known system priority class")
	require.Contains(t, h.fails(422, "Invalid", "POST", priorityClasses, priorityClass("huge", `"value":1000000001`)),
		"maximum allowed value of a user defined priority is 1000000000")
}

// A pod of a runtime class gets its overhead, node selector and tolerations.
func TestRuntimeClassOfPods(t *testing.T) {
	h := newHarness(t)
	const pods = "/api/v1/namespaces/default/pods"
	h.must("POST", "/apis/node.k8s.io/v1/runtimeclasses", `{"metadata":{"name":"vm"},"handler":"vm","overhead":{"podFixed":{"memory":"64Mi"}},
		"scheduling":{"nodeSelector":{"vm":"yes"},"tolerations":[{"key":"vm","operator":"Exists"}]}}`)
	pod := h.must("POST", pods, somePod("one", `"runtimeClassName":"vm","nodeSelector":{"disk":"ssd"},`))
	require.Equal(t, "64Mi", pod.at("spec.overhead.memory"))
	require.Equal(t, tree{"disk": "ssd", "vm": "yes"}, pod.at("spec.nodeSelector"))
	require.Contains(t, string(pod.body), `{"key":"vm","operator":"Exists"}`)
	require.Contains(t, h.fails(403, "Forbidden", "POST", pods, somePod("two", `"runtimeClassName":"vm","nodeSelector":{"vm":"no"},`)),
		"conflict: runtimeClass.scheduling.nodeSelector[vm] = yes; pod.spec.nodeSelector[vm] = no")
	require.Contains(t, h.fails(403, "Forbidden", "POST", pods, somePod("two", `"runtimeClassName":"none",`)), `pod rejected: RuntimeClass "none" not found`)
	require.Contains(t, h.fails(403, "Forbidden", "POST", pods, somePod("two", `"overhead":{"memory":"1Mi"},`)),
		"pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead")
	require.Contains(t, h.fails(403, "Forbidden", "POST", pods, somePod("two", `"runtimeClassName":"vm","overhead":{"memory":"1Mi"},`)),
		"pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead")
}

func certificateRequest(t *testing.T, organization string) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: pkix.Name{CommonName: "jane", Organization: []string{organization}}}, key)
	require.NoError(t, err)
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der})
	return `{"metadata":{"name":"one"},"spec":{"username":"liar","signerName":"kubernetes.io/kube-apiserver-client","usages":["client auth"],
		"request":"` + base64.StdEncoding.EncodeToString(text) + `"}}`
}

// Who asks for a certificate is noted by the server; decision and certificate come through the subresources.
func TestCertificateSigningRequest(t *testing.T) {
	h := newHarness(t)
	const csrs = "/apis/certificates.k8s.io/v1/certificatesigningrequests"
	require.Contains(t, h.fails(403, "Forbidden", "POST", csrs, certificateRequest(t, "system:masters")),
		"use of kubernetes.io/kube-apiserver-client signer with system:masters group is not allowed")
	require.Contains(t, h.fails(422, "Invalid", "POST", csrs, `{"metadata":{"name":"x"},"spec":{"request":"bm8=","signerName":"nobody","usages":["fun"]}}`),
		"PEM block type must be CERTIFICATE REQUEST")
	csr := h.must("POST", csrs, certificateRequest(t, "users"))
	require.Equal(t, "admin", csr.at("spec.username"))
	require.Contains(t, csr.at("spec.groups"), "system:masters")

	merge := []string{"Content-Type", "application/merge-patch+json"}
	h.must("PATCH", csrs+"/one", `{"status":{"certificate":"eA=="}}`, merge...)
	require.Nil(t, h.must("GET", csrs+"/one", "").at("status.certificate"), "only the signer writes it")
	require.Contains(t, h.fails(422, "Invalid", "PATCH", csrs+"/one/status", `{"status":{"conditions":[{"type":"Approved","status":"True"}]}}`, merge...),
		`updates may not add a condition of type "Approved"`)
	approved := h.must("PATCH", csrs+"/one/approval", `{"status":{"conditions":[{"type":"Approved","status":"True","reason":"Fine"}]}}`, merge...)
	require.NotEmpty(t, approved.at("status.conditions.0.lastUpdateTime"))
	require.Contains(t, h.fails(422, "Invalid", "PATCH", csrs+"/one/approval", `{"status":{"conditions":[]}}`, merge...),
		`updates may not remove a condition of type "Approved"`)
	require.Contains(t, h.fails(422, "Invalid", "PATCH", csrs+"/one/status", `{"status":{"certificate":"eA=="}}`, merge...),
		"must contain at least one CERTIFICATE PEM block")
}

// A claim's status is the scheduler's and the drivers'; what they say of a device goes when the device goes.
func TestResourceClaimStatus(t *testing.T) {
	h := newHarness(t)
	const claims = "/apis/resource.k8s.io/v1/namespaces/default/resourceclaims"
	claim := h.must("POST", claims, `{"metadata":{"name":"one"},"spec":{"devices":{"requests":[{"name":"gpu","exactly":{"deviceClassName":"gpu.example.com"}}]}}}`)
	require.EqualValues(t, 1, claim.at("spec.devices.requests.0.exactly.count"))
	merge := []string{"Content-Type", "application/merge-patch+json"}
	require.Contains(t, h.fails(422, "Invalid", "PATCH", claims+"/one/status", `{"status":{"reservedFor":[{"resource":"pods","name":"p","uid":"1"}]}}`, merge...),
		"may not be specified when `allocated` is not set")
	device := `"driver":"gpu.example.com","pool":"n1","device":"gpu-0"`
	h.must("PATCH", claims+"/one/status", `{"status":{"allocation":{"devices":{"results":[{"request":"gpu",`+device+`}]}},
		"devices":[{`+device+`,"conditions":[]}]}}`, merge...)
	claim = h.must("PATCH", claims+"/one/status", `{"status":{"allocation":null}}`, merge...)
	require.Nil(t, claim.at("status.devices"))
	require.Contains(t, h.fails(422, "Invalid", "POST", claims, `{"metadata":{"name":"two"},"spec":{"devices":{"requests":[{"name":"gpu","exactly":{"deviceClassName":"gpu.example.com","adminAccess":true}}]}}}`),
		"admin access to devices requires the `resource.kubernetes.io/admin-access: true` label on the containing namespace")
}
