package apiserver

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"kubelite/api"
)

// serviceAccountAdmission gives every pod the identity that its processes will have, and sees that it exists.
// Upstream's admission plugin ServiceAccount.
type serviceAccountAdmission struct {
	server *Server
	// accounts are those that pods have asked for, decoded: many pods are made for one account.
	accounts *lastDecoded[*api.ServiceAccount]
}

const defaultServiceAccount = "default"

// serviceAccountWait is how long a pod may wait for the default service account of a namespace that has only just
// been made: a controller creates it, and scripts make namespace and pod in one breath.
const serviceAccountWait = 2 * time.Second

// Mutate names the default account where the pod names none, and takes over the account's pull secrets.
func (p serviceAccountAdmission) Mutate(ctx context.Context, req *Request, obj, old api.Object) error {
	pod, ok := obj.(*api.Pod)
	if !ok || old != nil || req.Subresource != "" {
		return nil
	}
	if _, mirror := pod.Annotations[mirrorPodAnnotation]; mirror {
		if pod.Spec.ServiceAccountName != "" {
			return errors.New("a mirror pod may not reference service accounts")
		}
		return nil
	}
	if pod.Spec.ServiceAccountName == "" {
		pod.Spec.ServiceAccountName = defaultServiceAccount
	}
	pod.Spec.DeprecatedServiceAccount = pod.Spec.ServiceAccountName
	account, err := p.account(ctx, req.Namespace, pod.Spec.ServiceAccountName)
	if err != nil {
		return fmt.Errorf("error looking up service account %s/%s: %w", req.Namespace, pod.Spec.ServiceAccountName, err)
	}
	if automounts(account, pod) {
		mountToken(pod)
	}
	if len(pod.Spec.ImagePullSecrets) == 0 {
		pod.Spec.ImagePullSecrets = slices.Clone(account.ImagePullSecrets)
	}
	return nil
}

// automounts tells whether the pod's containers get a token. The pod's own word counts before the account's.
func automounts(account *api.ServiceAccount, pod *api.Pod) bool {
	if pod.Spec.AutomountServiceAccountToken != nil {
		return *pod.Spec.AutomountServiceAccountToken
	}
	return api.Deref(account.AutomountServiceAccountToken, true)
}

// Where programs look for their token, the cluster's certificate and the name of their namespace.
const (
	tokenMountPath    = "/var/run/secrets/kubernetes.io/serviceaccount"
	tokenVolumePrefix = "kube-api-access-"
)

// mountToken gives every container that has nothing else in its place a volume with token, certificate and namespace.
func mountToken(pod *api.Pod) {
	name := ""
	for i := range pod.Spec.Volumes {
		if strings.HasPrefix(pod.Spec.Volumes[i].Name, tokenVolumePrefix) {
			name = pod.Spec.Volumes[i].Name
			break
		}
	}
	there := name != ""
	if !there {
		name = generateName(tokenVolumePrefix)
	}
	mounted := false
	mount := func(containers []api.Container) {
		for i := range containers {
			c := &containers[i]
			if slices.ContainsFunc(c.VolumeMounts, func(m api.VolumeMount) bool { return m.MountPath == tokenMountPath }) {
				continue
			}
			c.VolumeMounts = append(c.VolumeMounts, api.VolumeMount{Name: name, ReadOnly: true, MountPath: tokenMountPath})
			mounted = true
		}
	}
	mount(pod.Spec.InitContainers)
	mount(pod.Spec.Containers)
	if there || !mounted {
		return
	}
	pod.Spec.Volumes = append(pod.Spec.Volumes, api.Volume{Name: name, VolumeSource: api.VolumeSource{Projected: &api.ProjectedVolumeSource{
		DefaultMode: api.Ptr(int32(0o644)),
		Sources: []api.VolumeProjection{
			{ServiceAccountToken: &api.ServiceAccountTokenProjection{Path: "token", ExpirationSeconds: api.Ptr(int64(usualTokenSeconds))}},
			{ConfigMap: &api.ConfigMapProjection{
				LocalObjectReference: api.LocalObjectReference{Name: "kube-root-ca.crt"}, Items: []api.KeyToPath{{Key: "ca.crt", Path: "ca.crt"}}}},
			{DownwardAPI: &api.DownwardAPIProjection{Items: []api.DownwardAPIVolumeFile{
				{Path: "namespace", FieldRef: &api.ObjectFieldSelector{APIVersion: "v1", FieldPath: "metadata.namespace"}}}}},
		},
	}}})
}

// account finds a service account; for the default one it waits a little.
func (p serviceAccountAdmission) account(ctx context.Context, namespace, name string) (*api.ServiceAccount, error) {
	if account := p.accounts.get(p.server, namespace, name); account != nil {
		return account, nil
	}
	account, err := read[*api.ServiceAccount](ctx, p.server, namespace, name)
	if !api.IsNotFound(err) {
		return account, err
	}
	// Upstream says the singular here.
	notFound := api.NewNotFound(&api.Kind{Plural: "serviceaccount"}, name)
	if name != defaultServiceAccount {
		return nil, notFound
	}
	ctx, cancel := context.WithTimeout(ctx, serviceAccountWait)
	defer cancel()
	s := p.server
	// Watch from before the first look, so that one created in between is not missed.
	revision := s.store.Revision()
	events, err := s.store.Watch(ctx, resourceOf[*api.ServiceAccount](s).key(namespace, name), revision)
	if err != nil {
		return nil, err
	}
	for {
		account, err := read[*api.ServiceAccount](ctx, s, namespace, name)
		if err == nil {
			return account, nil
		}
		if !api.IsNotFound(err) && ctx.Err() == nil {
			return nil, err
		}
		if _, ok := <-events; !ok { // the time is up
			return nil, notFound
		}
	}
}

// Validate does nothing: an account that goes away while the pod is created goes away for a running pod too.
func (serviceAccountAdmission) Validate(context.Context, *Request, api.Object, api.Object) error {
	return nil
}
