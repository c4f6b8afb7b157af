package cluster

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"

	"kubelite/api"
	"kubelite/client"
)

// metricsServer is the name of the component and of everything in the API that belongs to it.
const metricsServer = "metrics-server"

// metricsServerUser is the identity of the metrics-server: the service account that it has as a pod in other clusters. Here
// it is a process of the supervisor's, and proves itself with a certificate of that name.
const metricsServerUser = "system:serviceaccount:kube-system:" + metricsServer

// metricsServerObjects are what the API must know of the metrics-server: what it may do, and who serves metrics.k8s.io. On
// simulated nodes no pod could serve it; so it is a process of this machine everywhere, and its Service is one of type
// ExternalName.
func metricsServerObjects(ca []byte, port int) []api.Object {
	labels := map[string]string{"k8s-app": metricsServer}
	meta := func(namespace, name string) api.ObjectMeta {
		return api.ObjectMeta{Namespace: namespace, Name: name, Labels: labels}
	}
	subjects := []api.Subject{{Kind: "ServiceAccount", Namespace: "kube-system", Name: metricsServer}}
	role := func(kind, name string) api.RoleRef {
		return api.RoleRef{APIGroup: "rbac.authorization.k8s.io", Kind: kind, Name: name}
	}
	return []api.Object{
		&api.ServiceAccount{ObjectMeta: meta("kube-system", metricsServer)},
		&api.ClusterRole{ObjectMeta: meta("", "system:"+metricsServer), Rules: []api.PolicyRule{
			{Verbs: []string{"get"}, APIGroups: []string{""}, Resources: []string{"nodes/metrics", "nodes/proxy"}},
			{Verbs: []string{"get", "list", "watch"}, APIGroups: []string{""}, Resources: []string{"pods", "nodes"}},
		}},
		&api.ClusterRole{ObjectMeta: api.ObjectMeta{Name: "system:aggregated-metrics-reader", Labels: map[string]string{
			"k8s-app": metricsServer, "rbac.authorization.k8s.io/aggregate-to-admin": "true",
			"rbac.authorization.k8s.io/aggregate-to-edit": "true", "rbac.authorization.k8s.io/aggregate-to-view": "true",
		}}, Rules: []api.PolicyRule{
			{Verbs: []string{"get", "list", "watch"}, APIGroups: []string{"metrics.k8s.io"}, Resources: []string{"pods", "nodes"}},
		}},
		&api.ClusterRoleBinding{ObjectMeta: meta("", "system:"+metricsServer), Subjects: subjects, RoleRef: role("ClusterRole", "system:"+metricsServer)},
		&api.RoleBinding{ObjectMeta: meta("kube-system", metricsServer+"-auth-reader"), Subjects: subjects, RoleRef: role("Role", "extension-apiserver-authentication-reader")},
		&api.Service{ObjectMeta: meta("kube-system", metricsServer), Spec: api.ServiceSpec{Type: api.ServiceTypeExternalName, ExternalName: "localhost"}},
		&api.APIService{ObjectMeta: meta("", "v1beta1.metrics.k8s.io"), Spec: api.APIServiceSpec{
			Group: "metrics.k8s.io", Version: "v1beta1", GroupPriorityMinimum: 100, VersionPriority: 100, CABundle: ca,
			Service: &api.APIRegistrationServiceReference{Namespace: "kube-system", Name: metricsServer, Port: api.Ptr(int32(port))},
		}},
	}
}

// ensureMetricsServer makes each of these unless there is one of its name. What a user has changed of it stays.
func ensureMetricsServer(ctx context.Context, c *client.Client, config *Config, p Profile) error {
	ca, err := os.ReadFile(p.Path("pki", "ca.crt"))
	if err != nil {
		return err
	}
	ctx = client.Because(client.WithTimer(ctx, "kubelite start"), "a cluster has a metrics-server")
	for _, obj := range metricsServerObjects(ca, config.MetricsPort) {
		api.SetTypeMeta(obj)
		body, err := api.MarshalJSON(obj)
		if err != nil {
			return err
		}
		path := api.KindFor(obj).Path(obj.GetObjectMeta().Namespace, "")
		if _, err := c.Do(ctx, client.Request{Method: http.MethodPost, Path: path, Body: body}); err != nil && !api.IsAlreadyExists(err) {
			return fmt.Errorf("create %s: %w", api.Describe(obj), err)
		}
	}
	return nil
}

// removeMetricsServer takes them away, so that nobody asks a server that is not there.
func removeMetricsServer(ctx context.Context, c *client.Client, _ *Config) error {
	ctx = client.Because(ctx, "addon %s is disabled", metricsServer)
	var errs []error
	for _, obj := range slices.Backward(metricsServerObjects(nil, 0)) {
		path := api.KindFor(obj).Path(obj.GetObjectMeta().Namespace, obj.GetObjectMeta().Name)
		if _, err := c.Do(ctx, client.Request{Method: http.MethodDelete, Path: path}); !api.IsNotFound(err) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
