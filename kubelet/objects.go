package kubelet

import (
	"context"
	"errors"
	"fmt"

	"kubelite/api"
	"kubelite/client"
)

// objectReader fetches the ConfigMaps and Secrets that pods refer to, when a container is about to start. It keeps
// none: a kubelet must not hold secrets of pods that it does not run, and a start is rare enough to ask each time.
type objectReader struct{ client *client.Client }

func (r objectReader) configMap(ctx context.Context, namespace, name string) (*api.ConfigMap, error) {
	cm, err := client.Of[*api.ConfigMap](r.client).Get(ctx, namespace, name)
	return cm, missing(err, "configmap", name)
}

func (r objectReader) secret(ctx context.Context, namespace, name string) (*api.Secret, error) {
	secret, err := client.Of[*api.Secret](r.client).Get(ctx, namespace, name)
	return secret, missing(err, "secret", name)
}

// missing words a not-found error as the kubelet does, which reaches users in events and in waiting messages.
func missing(err error, kind, name string) error {
	var status *api.StatusError
	if !api.IsNotFound(err) || !errors.As(err, &status) {
		return err
	}
	worded := *status
	worded.ErrStatus.Message = fmt.Sprintf("%s %q not found", kind, name)
	return &worded
}
