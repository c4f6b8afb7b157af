package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"

	"kubelite/api"
	"kubelite/client"
)

// metricsServer is the name of the component and of everything in the API that belongs to it.
const metricsServer = "metrics-server"

// metricsServerUser is the identity of the metrics-server: the service account that it has as a pod in other clusters. Here
// it is a process of the supervisor's, and proves itself with a certificate of that name.
const metricsServerUser = "system:serviceaccount:kube-system:" + metricsServer

// ensureMetricsServer makes what the API must know of the metrics-server, unless it is there: what it may do, and who
// serves metrics.k8s.io. On simulated nodes no pod could serve it; so it is a process of this machine everywhere, and its
// Service is one of type ExternalName.
func ensureMetricsServer(ctx context.Context, c *client.Client, config *Config, p Profile) error {
	ca, err := os.ReadFile(p.Path("pki", "ca.crt"))
	if err != nil {
		return err
	}
	ctx = client.Because(client.WithTimer(ctx, "kubelite start"), "a cluster has a metrics-server")
	labels := map[string]string{"k8s-app": metricsServer}
	meta := func(namespace, name string) api.ObjectMeta {
		return api.ObjectMeta{Namespace: namespace, Name: name, Labels: labels}
	}
	subjects := []api.Subject{{Kind: "ServiceAccount", Namespace: "kube-system", Name: metricsServer}}
	role := func(kind, name string) api.RoleRef {
		return api.RoleRef{APIGroup: "rbac.authorization.k8s.io", Kind: kind, Name: name}
	}
	return ensureAll(
		ensure(ctx, c, &api.ServiceAccount{ObjectMeta: meta("kube-system", metricsServer)}),
		ensure(ctx, c, &api.ClusterRole{ObjectMeta: meta("", "system:"+metricsServer), Rules: []api.PolicyRule{
			{Verbs: []string{"get"}, APIGroups: []string{""}, Resources: []string{"nodes/metrics", "nodes/proxy"}},
			{Verbs: []string{"get", "list", "watch"}, APIGroups: []string{""}, Resources: []string{"pods", "nodes"}},
		}}),
		ensure(ctx, c, &api.ClusterRole{ObjectMeta: api.ObjectMeta{Name: "system:aggregated-metrics-reader", Labels: map[string]string{
			"k8s-app": metricsServer, "rbac.authorization.k8s.io/aggregate-to-admin": "true",
			"rbac.authorization.k8s.io/aggregate-to-edit": "true", "rbac.authorization.k8s.io/aggregate-to-view": "true",
		}}, Rules: []api.PolicyRule{
			{Verbs: []string{"get", "list", "watch"}, APIGroups: []string{"metrics.k8s.io"}, Resources: []string{"pods", "nodes"}},
		}}),
		ensure(ctx, c, &api.ClusterRoleBinding{ObjectMeta: meta("", "system:"+metricsServer), Subjects: subjects, RoleRef: role("ClusterRole", "system:"+metricsServer)}),
		ensure(ctx, c, &api.RoleBinding{ObjectMeta: meta("kube-system", metricsServer+"-auth-reader"), Subjects: subjects, RoleRef: role("Role", "extension-apiserver-authentication-reader")}),
		ensure(ctx, c, &api.Service{ObjectMeta: meta("kube-system", metricsServer), Spec: api.ServiceSpec{Type: api.ServiceTypeExternalName, ExternalName: "localhost"}}),
		ensure(ctx, c, &api.APIService{ObjectMeta: meta("", "v1beta1.metrics.k8s.io"), Spec: api.APIServiceSpec{
			Group: "metrics.k8s.io", Version: "v1beta1", GroupPriorityMinimum: 100, VersionPriority: 100, CABundle: ca,
			Service: &api.APIRegistrationServiceReference{Namespace: "kube-system", Name: metricsServer, Port: api.Ptr(int32(config.MetricsPort))},
		}}),
	)
}

// removeMetricsServer takes that back, so that nobody asks a server that is not there.
func removeMetricsServer(ctx context.Context, c *client.Client, _ *Config) error {
	ctx = client.Because(ctx, "addon %s is disabled", metricsServer)
	return errors.Join(
		gone(client.Of[*api.APIService](c).Delete(ctx, "", "v1beta1.metrics.k8s.io", api.DeleteOptions{})),
		gone(client.Of[*api.Service](c).Delete(ctx, "kube-system", metricsServer, api.DeleteOptions{})),
		gone(client.Of[*api.RoleBinding](c).Delete(ctx, "kube-system", metricsServer+"-auth-reader", api.DeleteOptions{})),
		gone(client.Of[*api.ClusterRoleBinding](c).Delete(ctx, "", "system:"+metricsServer, api.DeleteOptions{})),
		gone(client.Of[*api.ClusterRole](c).Delete(ctx, "", "system:aggregated-metrics-reader", api.DeleteOptions{})),
		gone(client.Of[*api.ClusterRole](c).Delete(ctx, "", "system:"+metricsServer, api.DeleteOptions{})),
		gone(client.Of[*api.ServiceAccount](c).Delete(ctx, "kube-system", metricsServer, api.DeleteOptions{})),
	)
}

// gone drops the error of an object that was not there.
func gone(err error) error {
	if api.IsNotFound(err) {
		return nil
	}
	return err
}

// ensure makes an object unless there is one of its name. What a user has changed of it stays.
func ensure[T api.Object](ctx context.Context, c *client.Client, obj T) func() error {
	return func() error {
		if _, err := client.Of[T](c).Create(ctx, obj); err != nil && !api.IsAlreadyExists(err) {
			return fmt.Errorf("create %s %s: %w", api.KindFor(obj).Kind, obj.GetObjectMeta().Name, err)
		}
		return nil
	}
}

func ensureAll(steps ...func() error) error {
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}
