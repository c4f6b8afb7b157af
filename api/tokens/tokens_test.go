package tokens

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The old kind has claims of its own names, as upstream writes them, and reads like the new kind.
func TestLegacyToken(t *testing.T) {
	key, err := NewKey("https://example.com")
	require.NoError(t, err)
	token, err := key.SignLegacy("system:serviceaccount:default:robot", "default", Ref{"robot", "1-2"}, "robot-token")
	require.NoError(t, err)
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	require.NoError(t, err)
	var says map[string]string
	require.NoError(t, json.Unmarshal(payload, &says))
	require.Equal(t, map[string]string{
		"iss": "kubernetes/serviceaccount", "sub": "system:serviceaccount:default:robot",
		"kubernetes.io/serviceaccount/namespace":            "default",
		"kubernetes.io/serviceaccount/secret.name":          "robot-token",
		"kubernetes.io/serviceaccount/service-account.name": "robot",
		"kubernetes.io/serviceaccount/service-account.uid":  "1-2",
	}, says)

	claims, err := key.Read(token, time.Now().AddDate(100, 0, 0))
	require.NoError(t, err)
	require.True(t, claims.Legacy)
	require.Equal(t, Kubernetes{Namespace: "default", Secret: &Ref{Name: "robot-token"}, ServiceAccount: Ref{"robot", "1-2"}}, claims.Kubernetes)

	for want, damaged := range map[string]string{
		"secretName claim is missing": must(key.SignLegacy("system:serviceaccount:default:robot", "default", Ref{"robot", "1-2"}, "")),
		"sub claim is missing":        must(key.SignLegacy("", "default", Ref{"robot", "1-2"}, "robot-token")),
		"invalid signature":           token[:len(token)-8] + "AAAAAAAA",
	} {
		_, err := key.Read(damaged, time.Now())
		require.EqualError(t, err, want)
	}
	// Who has another key, or gives themselves away as another issuer, gets nowhere with the old claims.
	other, err := NewKey("https://example.com")
	require.NoError(t, err)
	_, err = other.Read(token, time.Now())
	require.EqualError(t, err, "invalid signature")
}

func must(token string, err error) string {
	if err != nil {
		panic(err)
	}
	return token
}

func TestSignDetached(t *testing.T) {
	require.Equal(t, "eyJhbGciOiJIUzI1NiIsImtpZCI6IjA3NDAxYiJ9..hpv41U2mednuIclhnsPUsE11N7zkiGpLQRM9vWfdBXA",
		SignDetached("a kubeconfig", "07401b", []byte("f395accd246ae52d")), "as HMAC-SHA256 by Python's hmac")
}
