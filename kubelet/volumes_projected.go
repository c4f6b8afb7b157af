package kubelet

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"

	"kubelite/api"
)

// volumeSources returns what a volume is made from, nil if it is not made from objects. A configMap, secret or
// downwardAPI volume is a projected volume with one source.
func volumeSources(v *api.Volume) ([]api.VolumeProjection, int32) {
	switch {
	case v.Projected != nil:
		sources := v.Projected.Sources
		if sources == nil {
			sources = []api.VolumeProjection{}
		}
		return sources, api.Deref(v.Projected.DefaultMode, 0o644)
	case v.ConfigMap != nil:
		s := v.ConfigMap
		return []api.VolumeProjection{{ConfigMap: &api.ConfigMapProjection{
			LocalObjectReference: s.LocalObjectReference, Items: s.Items, Optional: s.Optional,
		}}}, api.Deref(s.DefaultMode, 0o644)
	case v.Secret != nil:
		s := v.Secret
		return []api.VolumeProjection{{Secret: &api.SecretProjection{
			LocalObjectReference: api.LocalObjectReference{Name: s.SecretName}, Items: s.Items, Optional: s.Optional,
		}}}, api.Deref(s.DefaultMode, 0o644)
	case v.DownwardAPI != nil:
		return []api.VolumeProjection{{DownwardAPI: &api.DownwardAPIProjection{Items: v.DownwardAPI.Items}}},
			api.Deref(v.DownwardAPI.DefaultMode, 0o644)
	}
	return nil, 0
}

// volumeFile is one file of a volume that is made from objects.
type volumeFile struct {
	data  []byte
	mode  os.FileMode
	owner *int64 // a user; nil is the kubelet's
}

// project adds one source's files.
func (k *Kubelet) project(ctx context.Context, pod *api.Pod, s *api.VolumeProjection, defaultMode int32, files map[string]volumeFile) error {
	switch {
	case s.ConfigMap != nil:
		cm, err := k.objects.configMap(ctx, pod.Namespace, s.ConfigMap.Name)
		if err != nil {
			return unlessOptional(err, s.ConfigMap.Optional)
		}
		data := map[string][]byte{}
		for key, value := range cm.Data {
			data[key] = []byte(value)
		}
		for key, value := range cm.BinaryData {
			data[key] = value
		}
		return addItems(files, data, s.ConfigMap.Items, defaultMode, s.ConfigMap.Optional, "configmap references non-existent config key: ")
	case s.Secret != nil:
		secret, err := k.objects.secret(ctx, pod.Namespace, s.Secret.Name)
		if err != nil {
			return unlessOptional(err, s.Secret.Optional)
		}
		return addItems(files, secret.Data, s.Secret.Items, defaultMode, s.Secret.Optional, "references non-existent secret key: ")
	case s.ServiceAccountToken != nil:
		text, err := k.tokens.get(ctx, pod, s.ServiceAccountToken)
		if err != nil {
			return err
		}
		token := volumeFile{data: []byte(text), mode: os.FileMode(defaultMode), owner: onlyUser(pod)}
		if token.owner != nil || fsGroup(pod) != nil {
			token.mode = 0o600 // for the pod's user, or for its group, which giveToGroup lets in, and nobody else
		}
		files[path.Clean(s.ServiceAccountToken.Path)] = token
		return nil
	case s.DownwardAPI != nil:
		for i := range s.DownwardAPI.Items {
			item := &s.DownwardAPI.Items[i]
			var value string
			var err error
			switch {
			case item.FieldRef != nil:
				value, err = fieldValue(pod, item.FieldRef.FieldPath, pod.Status.PodIP, k.cfg.NodeIP)
			case item.ResourceFieldRef != nil:
				c := findContainer(pod, item.ResourceFieldRef.ContainerName)
				if c == nil {
					return fmt.Errorf("container %s not found", item.ResourceFieldRef.ContainerName)
				}
				value, err = k.resourceValue(pod, c, item.ResourceFieldRef)
			}
			if err != nil {
				return err
			}
			files[path.Clean(item.Path)] = volumeFile{data: []byte(value), mode: os.FileMode(api.Deref(item.Mode, defaultMode))}
		}
		return nil
	}
	return errors.New("this kind of volume projection is not supported by kubelite")
}

// addItems adds all keys of a ConfigMap or Secret, or those that the items name.
func addItems(files map[string]volumeFile, data map[string][]byte, items []api.KeyToPath, defaultMode int32, optional *bool, missing string) error {
	if items == nil {
		for key, value := range data {
			files[key] = volumeFile{data: value, mode: os.FileMode(defaultMode)}
		}
		return nil
	}
	for _, item := range items {
		value, ok := data[item.Key]
		if !ok {
			if api.Deref(optional, false) {
				continue
			}
			return errors.New(missing + item.Key)
		}
		files[path.Clean(item.Path)] = volumeFile{data: value, mode: os.FileMode(api.Deref(item.Mode, defaultMode))}
	}
	return nil
}
