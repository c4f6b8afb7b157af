package kubelet

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"kubelite/api"
)

func TestTokensAreRenewedInTime(t *testing.T) {
	now := time.Now()
	require.Equal(t, now.Add(48*time.Minute), renewal(now, now.Add(time.Hour)))
	require.Equal(t, now.Add(24*time.Hour), renewal(now, now.Add(365*24*time.Hour)))

	pod := testPod("a")
	c := &tokenCache{issued: map[api.UID][]issuedToken{}}
	require.True(t, c.renewAt(pod).IsZero(), "no token, nothing to renew")
	source := func(audience string) api.VolumeProjection {
		return api.VolumeProjection{ServiceAccountToken: &api.ServiceAccountTokenProjection{Audience: audience, ExpirationSeconds: api.Ptr(int64(600))}}
	}
	pod.Spec.Volumes = []api.Volume{{Name: "t", VolumeSource: api.VolumeSource{Projected: &api.ProjectedVolumeSource{
		Sources: []api.VolumeProjection{source(""), source("vault")},
	}}}}
	require.False(t, c.renewAt(pod).After(time.Now()), "a kubelet that knows of no token renews it")
	c.issued[pod.UID] = []issuedToken{{key: tokenKey{"", 600}, renewAt: now.Add(time.Hour)}, {key: tokenKey{"vault", 600}, renewAt: now.Add(time.Minute)}}
	require.Equal(t, now.Add(time.Minute), c.renewAt(pod), "the first that is due")
	c.forget(pod.UID)
	require.Empty(t, c.issued)
}
