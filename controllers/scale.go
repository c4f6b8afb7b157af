package controllers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"kubelite/api"
	"kubelite/client"
)

// scaleFinder tells how many pods the controller of a pod wants. It knows the kinds that the loops have caches of, and
// asks the scale subresource about all others.
type scaleFinder struct {
	client       *client.Client
	replicaSets  *client.Informer[*api.ReplicaSet]
	deployments  *client.Informer[*api.Deployment]
	controllers  *client.Informer[*api.ReplicationController]
	statefulSets *client.Informer[*api.StatefulSet]
}

func newScaleFinder(c *client.Client, caches *Caches) *scaleFinder {
	return &scaleFinder{
		client: c, replicaSets: caches.ReplicaSets, deployments: caches.Deployments,
		controllers: caches.ReplicationControllers, statefulSets: caches.StatefulSets,
	}
}

func (f *scaleFinder) waitForSync(ctx context.Context) error {
	return waitForSync(ctx, f.replicaSets, f.deployments, f.controllers, f.statefulSets)
}

// find follows a controller reference: a Deployment is what wants the pods of its ReplicaSets. owner is empty if there
// is no such object.
func (f *scaleFinder) find(ctx context.Context, namespace string, ref *api.OwnerReference) (owner api.UID, scale int32, err error) {
	key := api.Key{Namespace: namespace, Name: ref.Name}
	switch group := api.ParseGroupVersion(ref.APIVersion).Group; {
	case group == "apps" && ref.Kind == "ReplicaSet":
		rs, ok := f.replicaSets.Get(key)
		if !ok || rs.UID != ref.UID {
			return "", 0, nil
		}
		if up := api.ControllerOf(rs); up != nil && up.Kind == "Deployment" {
			if d, ok := f.deployments.Get(api.Key{Namespace: namespace, Name: up.Name}); ok && d.UID == up.UID {
				return d.UID, api.Deref(d.Spec.Replicas, 1), nil
			}
		}
		return rs.UID, replicas(rs), nil
	case group == "apps" && ref.Kind == "StatefulSet":
		set, ok := f.statefulSets.Get(key)
		if !ok || set.UID != ref.UID {
			return "", 0, nil
		}
		return set.UID, api.Deref(set.Spec.Replicas, 1), nil
	case group == "" && ref.Kind == "ReplicationController":
		rc, ok := f.controllers.Get(key)
		if !ok || rc.UID != ref.UID {
			return "", 0, nil
		}
		return rc.UID, api.Deref(rc.Spec.Replicas, 1), nil
	}
	return f.ask(ctx, namespace, ref)
}

// ask reads the scale subresource of an object of any kind.
func (f *scaleFinder) ask(ctx context.Context, namespace string, ref *api.OwnerReference) (api.UID, int32, error) {
	kinds, err := f.client.Discover(ctx)
	if err != nil {
		return "", 0, err
	}
	for _, r := range kinds {
		if r.Kind != ref.Kind || r.APIVersion() != ref.APIVersion {
			continue
		}
		answer, err := f.client.Do(ctx, client.Request{Method: http.MethodGet, Path: r.Path(namespace, ref.Name) + "/scale"})
		var status *api.StatusError
		if errors.As(err, &status) && api.IsNotFound(err) {
			if d := status.ErrStatus.Details; d != nil && d.Name == ref.Name {
				return "", 0, nil // the object is gone
			}
			return "", 0, fmt.Errorf("%s does not implement the scale subresource", r.Resource())
		}
		if err != nil {
			return "", 0, err
		}
		var scale api.Scale
		if err := json.Unmarshal(answer.Body, &scale); err != nil {
			return "", 0, err
		}
		if scale.UID != ref.UID {
			return "", 0, nil
		}
		return scale.UID, scale.Spec.Replicas, nil
	}
	return "", 0, nil
}
