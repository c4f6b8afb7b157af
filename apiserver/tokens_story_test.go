package apiserver

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"kubelite/api/tokens"
)

const (
	tokenPath   = "/api/v1/namespaces/default/serviceaccounts/default/token"
	tokenReview = "/apis/authentication.k8s.io/v1/tokenreviews"
	selfReview  = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
)

func token(h *harness, spec string) string {
	h.t.Helper()
	return h.must("POST", tokenPath, `{"spec":`+spec+`}`).at("status.token").(string)
}

func TestServiceAccountTokens(t *testing.T) {
	h := newHarness(t)
	admin := h.token
	plain := h.must("POST", tokenPath, `{}`)
	require.Equal(t, "TokenRequest", plain.at("kind"))
	require.EqualValues(t, 3600, plain.at("spec.expirationSeconds"))
	require.Equal(t, "https://kubernetes.default.svc.cluster.local", plain.at("spec.audiences.0"))
	require.Contains(t, h.fails(422, "Invalid", "POST", tokenPath, `{"spec":{"expirationSeconds":10}}`), "may not specify a duration less than 10 minutes")
	require.Equal(t, `serviceaccounts "nobody" not found`, h.fails(404, "NotFound", "POST", strings.Replace(tokenPath, "/default/token", "/nobody/token", 1), `{}`))

	// It is somebody, in the groups of its kind and namespace.
	h.token = plain.at("status.token").(string)
	me := h.must("POST", selfReview, `{}`)
	require.Equal(t, "system:serviceaccount:default:default", me.at("status.userInfo.username"))
	require.Equal(t, []any{"system:serviceaccounts", "system:serviceaccounts:default", "system:authenticated"}, me.at("status.userInfo.groups"))
	require.Contains(t, h.fails(403, "Forbidden", "GET", configMaps, ""), `User "system:serviceaccount:default:default" cannot list resource "configmaps"`)

	// For others only.
	h.token = admin
	other := token(h, `{"audiences":["vault"]}`)
	h.token = other
	h.fails(401, "Unauthorized", "POST", selfReview, `{}`)
	h.token = admin
	review := h.must("POST", tokenReview, `{"spec":{"token":"`+other+`","audiences":["vault","bank"]}}`)
	require.Equal(t, true, review.at("status.authenticated"))
	require.Equal(t, []any{"vault"}, review.at("status.audiences"))
	review = h.must("POST", tokenReview, `{"spec":{"token":"`+other+`"}}`)
	require.Nil(t, review.at("status.authenticated"))
	require.Contains(t, review.at("status.error"), "is invalid for the target audiences")
	require.Equal(t, "invalid bearer token", h.must("POST", tokenReview, `{"spec":{"token":"nonsense"}}`).at("status.error"))

	// With its pod.
	pod := h.must("POST", pods, podJSON("web", "", `,"nodeName":"n1"`))
	uid := pod.at("metadata.uid").(string)
	require.Contains(t, h.fails(409, "Conflict", "POST", tokenPath, `{"spec":{"boundObjectRef":{"kind":"Pod","apiVersion":"v1","name":"web","uid":"other"}}}`), "The object might have been deleted and then recreated")
	bound := token(h, `{"boundObjectRef":{"kind":"Pod","apiVersion":"v1","name":"web","uid":"`+uid+`"}}`)
	h.token = bound
	me = h.must("POST", selfReview, `{}`)
	extra := me.at("status.userInfo.extra").(tree)
	require.Equal(t, []any{"web"}, extra["authentication.kubernetes.io/pod-name"])
	require.Equal(t, []any{"n1"}, extra["authentication.kubernetes.io/node-name"])
	require.NotEmpty(t, extra["authentication.kubernetes.io/credential-id"])
	h.token = admin
	h.must("DELETE", pods+"/web?gracePeriodSeconds=0", "")
	h.token = bound
	h.fails(401, "Unauthorized", "POST", selfReview, `{}`)
	h.token = admin
	require.Contains(t, h.must("POST", tokenReview, `{"spec":{"token":"`+bound+`"}}`).at("status.error"), "service account token has been invalidated")

	// A changed token is none, whichever part is changed and however it says it is signed.
	parts := strings.Split(plain.at("status.token").(string), ".")
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." + parts[1] + "."
	for _, forged := range []string{none, parts[0] + "." + parts[1] + "." + base64.RawURLEncoding.EncodeToString(make([]byte, 64)), parts[0] + "." + parts[1]} {
		h.token = forged
		h.fails(401, "Unauthorized", "POST", selfReview, `{}`)
	}

	// With its account, even if another of the same name comes.
	h.token = admin
	h.must("DELETE", "/api/v1/namespaces/default/serviceaccounts/default", "")
	h.must("POST", "/api/v1/namespaces/default/serviceaccounts", `{"metadata":{"name":"default"}}`)
	h.token = plain.at("status.token").(string)
	h.fails(401, "Unauthorized", "POST", selfReview, `{}`)
}

func TestTokensExpire(t *testing.T) {
	h := newHarness(t)
	text := token(h, `{"expirationSeconds":600}`)
	_, _, err := h.server.tokenUser(t.Context(), text, h.server.tokens.audiences, time.Now())
	require.NoError(t, err)
	_, _, err = h.server.tokenUser(t.Context(), text, h.server.tokens.audiences, time.Now().Add(12*time.Minute))
	require.EqualError(t, err, "[invalid bearer token, service account token has expired]")
}

func TestPodsGetATokenVolume(t *testing.T) {
	h := newHarness(t)
	pod := h.must("POST", pods, podJSON("one", "", ""))
	name := pod.at("spec.volumes.0.name").(string)
	require.Regexp(t, `^kube-api-access-[a-z0-9]{5}$`, name)
	require.Equal(t, name, pod.at("spec.containers.0.volumeMounts.0.name"))
	require.Equal(t, "/var/run/secrets/kubernetes.io/serviceaccount", pod.at("spec.containers.0.volumeMounts.0.mountPath"))
	require.EqualValues(t, 3607, pod.at("spec.volumes.0.projected.sources.0.serviceAccountToken.expirationSeconds"))
	require.Equal(t, "kube-root-ca.crt", pod.at("spec.volumes.0.projected.sources.1.configMap.name"))
	require.Nil(t, h.must("POST", pods, podJSON("two", "", `,"automountServiceAccountToken":false`)).at("spec.volumes"))
	h.must("POST", "/api/v1/namespaces/default/serviceaccounts", `{"metadata":{"name":"quiet"},"automountServiceAccountToken":false}`)
	require.Nil(t, h.must("POST", pods, podJSON("three", "", `,"serviceAccountName":"quiet"`)).at("spec.volumes"))
	require.NotNil(t, h.must("POST", pods, podJSON("four", "", `,"serviceAccountName":"quiet","automountServiceAccountToken":true`)).at("spec.volumes"))
}

// A node gets tokens for its own pods and no others.
func TestNodesGetTokensForTheirPods(t *testing.T) {
	h := newHarness(t)
	mine := h.must("POST", pods, podJSON("mine", "", `,"nodeName":"n1"`)).at("metadata.uid").(string)
	other := h.must("POST", pods, podJSON("other", "", `,"nodeName":"n2"`)).at("metadata.uid").(string)
	h.must("POST", "/api/v1/namespaces/default/serviceaccounts", `{"metadata":{"name":"elsewhere"}}`)
	h.token = "node1"
	bind := func(name, uid, more string) string {
		return `{"spec":{"boundObjectRef":{"kind":"Pod","apiVersion":"v1","name":"` + name + `","uid":"` + uid + `"}` + more + `}}`
	}
	h.must("POST", tokenPath, bind("mine", mine, ""))
	require.Contains(t, h.fails(403, "Forbidden", "POST", tokenPath, bind("other", other, "")), "bound to a pod scheduled on a different node")
	require.Contains(t, h.fails(403, "Forbidden", "POST", tokenPath, `{}`), "node requested token not bound to a pod")
	require.Contains(t, h.fails(403, "Forbidden", "POST", tokenPath, bind("mine", "", "")), "without a uid")
	require.Contains(t, h.fails(403, "Forbidden", "POST", tokenPath, bind("mine", mine, `,"audiences":["vault"]`)), `audience "vault" not found in pod spec volume`)
	require.Contains(t, h.fails(403, "Forbidden", "POST", strings.Replace(tokenPath, "/default/token", "/elsewhere/token", 1), bind("mine", mine, "")), "no relationship found between node 'n1' and this object")
}

func TestAccessReviews(t *testing.T) {
	h := newHarness(t)
	const reviews = "/apis/authorization.k8s.io/v1/"
	answer := h.must("POST", reviews+"subjectaccessreviews", `{"spec":{"user":"root","groups":["system:masters"],"resourceAttributes":{"verb":"delete","resource":"nodes"}}}`)
	require.Equal(t, 201, answer.code)
	require.Equal(t, true, answer.at("status.allowed"))
	answer = h.must("POST", reviews+"subjectaccessreviews", `{"spec":{"user":"system:kube-scheduler","resourceAttributes":{"verb":"create","resource":"pods","subresource":"binding","namespace":"a"}}}`)
	require.Equal(t, `RBAC: allowed by ClusterRoleBinding "system:kube-scheduler" of ClusterRole "system:kube-scheduler" to User "system:kube-scheduler"`, answer.at("status.reason"))
	answer = h.must("POST", reviews+"subjectaccessreviews", `{"spec":{"user":"system:node:n1","groups":["system:nodes"],"resourceAttributes":{"verb":"get","resource":"secrets","namespace":"a","name":"x"}}}`)
	require.Equal(t, false, answer.at("status.allowed"))
	require.Equal(t, "no relationship found between node 'n1' and this object", answer.at("status.reason"))
	require.Contains(t, h.fails(422, "Invalid", "POST", reviews+"subjectaccessreviews", `{"spec":{}}`), "at least one of user or group must be specified")
	require.Contains(t, h.fails(422, "Invalid", "POST", reviews+"namespaces/default/localsubjectaccessreviews", `{"spec":{"user":"x","resourceAttributes":{"namespace":"other"}}}`), "must match metadata.namespace")

	h.token = "somebody"
	h.fails(403, "Forbidden", "POST", reviews+"subjectaccessreviews", `{"spec":{"user":"x","resourceAttributes":{"verb":"get","resource":"pods"}}}`)
	require.Equal(t, false, h.must("POST", reviews+"selfsubjectaccessreviews", `{"spec":{"resourceAttributes":{"verb":"get","resource":"pods"}}}`).at("status.allowed"))
	require.Equal(t, true, h.must("POST", reviews+"selfsubjectaccessreviews", `{"spec":{"nonResourceAttributes":{"verb":"get","path":"/version"}}}`).at("status.allowed"))
	require.Equal(t, "no namespace on request", h.fails(400, "BadRequest", "POST", reviews+"selfsubjectrulesreviews", `{"spec":{}}`))
	rules := h.must("POST", reviews+"selfsubjectrulesreviews", `{"spec":{"namespace":"default"}}`)
	require.Equal(t, false, rules.at("status.incomplete"))
	require.Contains(t, string(rules.body), "selfsubjectaccessreviews")
	require.Equal(t, "jane", h.must("POST", selfReview, `{}`).at("status.userInfo.username"))
}

func TestOpenIDDiscovery(t *testing.T) {
	h := newHarness(t)
	doc := h.must("GET", "/.well-known/openid-configuration", "")
	require.Equal(t, "https://kubernetes.default.svc.cluster.local", doc.at("issuer"))
	keys := h.must("GET", "/openid/v1/jwks", "")
	require.Equal(t, "application/jwk-set+json", keys.header.Get("Content-Type"))
	require.Equal(t, "ES256", keys.at("keys.0.alg"))
	h.token = token(h, `{}`)
	h.must("GET", "/openid/v1/jwks", "")
	h.token = "somebody"
	h.fails(403, "Forbidden", "GET", "/openid/v1/jwks", "")
}

// Tokens that stand in secrets are checked against them on each use, and who uses one that nobody asked for is told.
func TestLegacyTokens(t *testing.T) {
	h := newHarness(t)
	const path = "/api/v1/namespaces/default/secrets"
	require.Equal(t, time.Now().UTC().Format(time.DateOnly),
		h.must("GET", "/api/v1/namespaces/kube-system/configmaps/kube-apiserver-legacy-service-account-token-tracking", "").at("data.since"))
	uid := h.must("GET", "/api/v1/namespaces/default/serviceaccounts/default", "").at("metadata.uid").(string)
	sign := func(uid string) string {
		token, err := h.server.tokens.key.SignLegacy("system:serviceaccount:default:default", "default", tokens.Ref{Name: "default", UID: uid}, "old")
		require.NoError(t, err)
		return token
	}
	review := func(token string) answer { return h.must("POST", tokenReview, `{"spec":{"token":"`+token+`"}}`) }
	hold := func(token string) string {
		return `{"metadata":{"name":"old","annotations":{"kubernetes.io/service-account.name":"default"}},"type":"kubernetes.io/service-account-token",
			"data":{"token":"` + base64.StdEncoding.EncodeToString([]byte(token)) + `"}}`
	}
	token := sign(uid)
	require.Equal(t, "[invalid bearer token, Token has been invalidated]", review(token).at("status.error"), "there is no such secret")
	h.must("POST", path, hold("other"))
	require.Equal(t, "[invalid bearer token, Token does not match server's copy]", review(token).at("status.error"))
	h.must("PUT", path+"/old", hold(token))
	good := review(token)
	require.Equal(t, true, good.at("status.authenticated"), "%s", good.body)
	require.Equal(t, []any{"https://kubernetes.default.svc.cluster.local"}, good.at("status.audiences"))
	require.Empty(t, good.header.Get("Warning"))
	secret := h.must("GET", path+"/old", "")
	require.Equal(t, time.Now().UTC().Format(time.DateOnly), secret.at("metadata.labels").(tree)["kubernetes.io/legacy-token-last-used"])

	revision := secret.at("metadata.resourceVersion")
	admin := h.token
	h.token = token
	require.Equal(t, "system:serviceaccount:default:default", h.must("POST", selfReview, `{}`).at("status.userInfo.username"))
	h.token = admin
	require.Equal(t, revision, h.must("GET", path+"/old", "").at("metadata.resourceVersion"), "once a day is enough")

	merge := []string{"Content-Type", "application/merge-patch+json"}
	h.must("PATCH", "/api/v1/namespaces/default/serviceaccounts/default", `{"secrets":[{"name":"old"}]}`, merge...)
	require.Equal(t, `299 - "Use tokens from the TokenRequest API or manually created secret-based tokens instead of auto-generated secret-based tokens."`, review(token).header.Get("Warning"))
	h.must("PATCH", path+"/old", `{"metadata":{"labels":{"kubernetes.io/legacy-token-invalid-since":"2026-01-01"}}}`, merge...)
	require.Contains(t, review(token).at("status.error"), "the token in secret default/old for service account default/default has been marked invalid.")

	stranger := sign("another")
	h.must("PUT", path+"/old", hold(stranger))
	require.Equal(t, "[invalid bearer token, ServiceAccount UID ("+uid+") does not match claim (another)]", review(stranger).at("status.error"))
}
