package cluster

import (
	"context"
	"fmt"

	"kubelite/api"
	"kubelite/client"
)

// standardClass is the class of claims that name none, by the name that kind and minikube give theirs. A volume is made
// when it is known on which node its pod will be. If somebody deletes the class, it is back after the next start.
func standardClass() *api.StorageClass {
	return &api.StorageClass{
		ObjectMeta:        api.ObjectMeta{Name: "standard", Annotations: map[string]string{api.AnnotationDefaultStorageClass: "true"}},
		Provisioner:       "kubelite.io/local-path",
		ReclaimPolicy:     api.Ptr(api.PersistentVolumeReclaimDelete),
		VolumeBindingMode: api.Ptr(api.VolumeBindingWaitForFirstConsumer),
	}
}

// ensureStorageClass makes the class unless there is one of its name.
func ensureStorageClass(ctx context.Context, c *client.Client) error {
	ctx = client.Because(client.WithTimer(ctx, "kubelite start"), "a cluster has a default StorageClass")
	if _, err := client.Of[*api.StorageClass](c).Create(ctx, standardClass()); err != nil && !api.IsAlreadyExists(err) {
		return fmt.Errorf("create the default StorageClass: %w", err)
	}
	return nil
}
