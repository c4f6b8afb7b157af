package apiserver

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// What the standards are is compared with upstream's in test/compat; this is what follows from them.
func TestPodSecurity(t *testing.T) {
	h := newHarness(t)
	const merge = "application/merge-patch+json"
	h.must("POST", pods, podJSON("shared", "", `,"hostNetwork":true`))
	h.must("POST", pods, podJSON("fine", "", ""))
	require.Equal(t, `Namespace "strict" is invalid: metadata.labels[pod-security.kubernetes.io/enforce]: Invalid value: "strict": must be one of privileged, baseline, restricted`,
		h.fails(422, "Invalid", "POST", "/api/v1/namespaces", `{"metadata":{"name":"strict","labels":{"pod-security.kubernetes.io/enforce":"strict"}}}`))

	// A namespace becomes stricter: its pods stay, and whoever does it hears of them.
	changed := h.must("PATCH", "/api/v1/namespaces/default", `{"metadata":{"labels":{"pod-security.kubernetes.io/enforce":"baseline"}}}`, "Content-Type", merge)
	require.Equal(t, []string{
		`299 - "existing pods in namespace \"default\" violate the new PodSecurity enforce level \"baseline:latest\""`,
		`299 - "shared: host namespaces"`,
	}, changed.header.Values("Warning"))

	// From now on no such pod can be made, though what exists can be changed.
	require.Equal(t, `pods "next" is forbidden: violates PodSecurity "baseline:latest": host namespaces (hostNetwork=true)`,
		h.fails(403, "Forbidden", "POST", pods, podJSON("next", "", `,"hostNetwork":true`)))
	h.must("PATCH", pods+"/shared", `{"metadata":{"labels":{"a":"b"}}}`, "Content-Type", merge)
	require.Contains(t, h.fails(403, "Forbidden", "PATCH", pods+"/shared", `{"spec":{"containers":[{"name":"c","image":"other"}]}}`,
		"Content-Type", "application/strategic-merge-patch+json"), "violates PodSecurity")
	require.Contains(t, h.fails(403, "Forbidden", "PATCH", pods+"/shared/ephemeralcontainers", `{"spec":{"ephemeralContainers":[{"name":"d","image":"i"}]}}`,
		"Content-Type", "application/strategic-merge-patch+json"), "violates PodSecurity")

	// What makes pods is only warned of.
	deployment := `{"metadata":{"name":"web"},"spec":{"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},
		"spec":{"hostPID":true,"containers":[{"name":"c","image":"i"}]}}}}`
	made := h.must("POST", "/apis/apps/v1/namespaces/default/deployments", deployment)
	require.Equal(t, []string{`299 - "would violate PodSecurity \"baseline:latest\": host namespaces (hostPID=true)"`}, made.header.Values("Warning"))

	h.must("PATCH", "/api/v1/namespaces/default", `{"metadata":{"labels":{"pod-security.kubernetes.io/enforce":null,"pod-security.kubernetes.io/warn":"restricted"}}}`, "Content-Type", merge)
	warned := h.must("POST", pods, podJSON("warned", "", ""))
	require.Contains(t, warned.header.Get("Warning"), `would violate PodSecurity \"restricted:latest\": allowPrivilegeEscalation != false (container \"c\" must set securityContext.allowPrivilegeEscalation=false)`)
}
