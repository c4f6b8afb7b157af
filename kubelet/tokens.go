package kubelet

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"kubelite/api"
	"kubelite/client"
)

// tokenCache holds the service account tokens that are in pods' volumes: when the volume is set up again a token that is
// still fresh is not asked for anew. A token is bound to its pod, so that it is worth nothing once the pod is gone.
type tokenCache struct {
	client *client.Client

	mu     sync.Mutex
	issued map[api.UID][]issuedToken // by pod, of which nearly all have one; guarded by mu
}

// tokenKey is what a token was asked for with.
type tokenKey struct {
	audience string
	seconds  int64
}

type issuedToken struct {
	key     tokenKey
	token   string
	renewAt time.Time
}

// maxTokenAge is when a token is renewed at the latest, however long it would be good for.
const maxTokenAge = 24 * time.Hour

// get returns the token for one source of a volume.
func (c *tokenCache) get(ctx context.Context, pod *api.Pod, source *api.ServiceAccountTokenProjection) (string, error) {
	key := keyOfToken(source)
	c.mu.Lock()
	have := c.find(pod.UID, key)
	c.mu.Unlock()
	now := time.Now()
	if now.Before(have.renewAt) {
		return have.token, nil
	}
	request := &api.TokenRequest{Spec: api.TokenRequestSpec{
		ExpirationSeconds: &key.seconds,
		BoundObjectRef:    &api.BoundObjectReference{Kind: "Pod", APIVersion: "v1", Name: pod.Name, UID: pod.UID},
	}}
	if key.audience != "" {
		request.Spec.Audiences = []string{key.audience}
	}
	answer, err := c.client.CreateToken(ctx, pod.Namespace, pod.Spec.ServiceAccountName, request)
	if err != nil {
		return "", fmt.Errorf("failed to fetch token: %w", err)
	}
	have = issuedToken{key, answer.Status.Token, renewal(now, answer.Status.ExpirationTimestamp.Time)}
	c.mu.Lock()
	defer c.mu.Unlock()
	others := slices.DeleteFunc(c.issued[pod.UID], func(old issuedToken) bool { return old.key == key })
	c.issued[pod.UID] = append(others, have)
	return have.token, nil
}

// find returns a token that was issued, the zero one if there is none. The caller holds mu.
func (c *tokenCache) find(pod api.UID, key tokenKey) issuedToken {
	for _, have := range c.issued[pod] {
		if have.key == key {
			return have
		}
	}
	return issuedToken{}
}

// renewal is when a token should be replaced: after four fifths of its life, or after a day.
func renewal(issued, expires time.Time) time.Time {
	return issued.Add(min(expires.Sub(issued)*4/5, maxTokenAge))
}

// renewAt is when a pod's tokens should next be looked at; zero if it has none. A kubelet that has just been started
// knows of none, and renews them all.
func (c *tokenCache) renewAt(pod *api.Pod) (at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range pod.Spec.Volumes {
		projected := pod.Spec.Volumes[i].Projected
		if projected == nil {
			continue
		}
		for _, source := range projected.Sources {
			if source.ServiceAccountToken == nil {
				continue
			}
			have := c.find(pod.UID, keyOfToken(source.ServiceAccountToken))
			if have.renewAt.IsZero() {
				return time.Now()
			}
			if at.IsZero() || have.renewAt.Before(at) {
				at = have.renewAt
			}
		}
	}
	return at
}

// forget drops the tokens of a pod that is gone.
func (c *tokenCache) forget(pod api.UID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.issued, pod)
}

func keyOfToken(source *api.ServiceAccountTokenProjection) tokenKey {
	return tokenKey{source.Audience, api.Deref(source.ExpirationSeconds, 3600)}
}
