package kubelet

import (
	"context"

	"kubelite/api"
	"kubelite/client"
)

// objectReader fetches the ConfigMaps and Secrets that pods refer to, when a container is about to start. It keeps
// none: a kubelet must not hold secrets of pods that it does not run, and a start is rare enough to ask each time.
type objectReader struct{ client *client.Client }

func (r objectReader) configMap(ctx context.Context, namespace, name string) (*api.ConfigMap, error) {
	return client.Of[*api.ConfigMap](r.client).Get(ctx, namespace, name)
}

func (r objectReader) secret(ctx context.Context, namespace, name string) (*api.Secret, error) {
	return client.Of[*api.Secret](r.client).Get(ctx, namespace, name)
}
