package clients

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	appsapply "k8s.io/client-go/applyconfigurations/apps/v1"
	coreapply "k8s.io/client-go/applyconfigurations/core/v1"
	metaapply "k8s.io/client-go/applyconfigurations/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// TestApply: two managers share one Deployment by server-side apply, each owning its fields.
func TestApply(t *testing.T) {
	client, err := kubernetes.NewForConfig(shared.config(t))
	require.NoError(t, err)
	ctx := t.Context()
	namespace, err := client.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "apply-"}}, metav1.CreateOptions{})
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, client.CoreV1().Namespaces().Delete(context.Background(), namespace.Name, metav1.DeleteOptions{}))
	})
	deployments := client.AppsV1().Deployments(namespace.Name)
	container := func(c *coreapply.ContainerApplyConfiguration) *appsapply.DeploymentApplyConfiguration {
		return appsapply.Deployment("web", namespace.Name).WithSpec(appsapply.DeploymentSpec().
			WithSelector(metaapply.LabelSelector().WithMatchLabels(map[string]string{"app": "web"})).
			WithTemplate(coreapply.PodTemplateSpec().WithLabels(map[string]string{"app": "web"}).
				WithSpec(coreapply.PodSpec().WithContainers(c))))
	}
	developer := metav1.ApplyOptions{FieldManager: "developer"}
	scaler := metav1.ApplyOptions{FieldManager: "scaler"}
	replicas := func(n int32) *appsapply.DeploymentApplyConfiguration {
		return appsapply.Deployment("web", namespace.Name).WithSpec(appsapply.DeploymentSpec().WithReplicas(n))
	}

	check(t, "client-go apply", "two managers own different fields of one object", func(t *testing.T) {
		_, err := deployments.Apply(ctx, container(coreapply.Container().WithName("web").WithImage("nginx:1.27").
			WithEnv(coreapply.EnvVar().WithName("A").WithValue("1"))), developer)
		require.NoError(t, err)
		d, err := deployments.Apply(ctx, replicas(3), scaler)
		require.NoError(t, err)
		require.EqualValues(t, 3, *d.Spec.Replicas)
		require.Equal(t, "nginx:1.27", d.Spec.Template.Spec.Containers[0].Image)
	})
	check(t, "client-go apply", "a conflict names the manager and the field; force takes it", func(t *testing.T) {
		_, err := deployments.Apply(ctx, replicas(1), developer)
		require.True(t, apierrors.IsConflict(err), "%v", err)
		status := err.(apierrors.APIStatus).Status()
		require.Equal(t, []metav1.StatusCause{{Type: metav1.CauseTypeFieldManagerConflict, Message: `conflict with "scaler"`, Field: ".spec.replicas"}}, status.Details.Causes)
		d, err := deployments.Apply(ctx, replicas(1), metav1.ApplyOptions{FieldManager: "scaler", Force: true})
		require.NoError(t, err)
		require.EqualValues(t, 1, *d.Spec.Replicas)
	})
	check(t, "client-go apply", "a field that its only owner leaves out is removed", func(t *testing.T) {
		d, err := deployments.Apply(ctx, container(coreapply.Container().WithName("web").WithImage("nginx:1.28")), developer)
		require.NoError(t, err)
		require.Empty(t, d.Spec.Template.Spec.Containers[0].Env)
		require.EqualValues(t, 1, *d.Spec.Replicas, "the other manager's field stays")
	})
	check(t, "client-go apply", "what was read can be extracted and applied again", func(t *testing.T) {
		d, err := deployments.Get(ctx, "web", metav1.GetOptions{})
		require.NoError(t, err)
		mine, err := appsapply.ExtractDeployment(d, "developer")
		require.NoError(t, err)
		require.Nil(t, mine.Spec.Replicas)
		again, err := deployments.Apply(ctx, mine, developer)
		require.NoError(t, err)
		require.Equal(t, d.Generation, again.Generation, "nothing changed")
		require.Equal(t, d.Spec, again.Spec)
	})
}
