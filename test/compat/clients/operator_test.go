package clients

import (
	"context"
	"os/exec"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"
)

// Website is the custom resource of the operator: so many pods of one image.
type Website struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`
	Spec              WebsiteSpec   `json:"spec,omitempty"`
	Status            WebsiteStatus `json:"status,omitempty"`
}

// WebsiteSpec is what a Website should be like.
type WebsiteSpec struct {
	Image    string `json:"image"`
	Replicas int32  `json:"replicas,omitempty"`
}

// WebsiteStatus is what the operator last saw.
type WebsiteStatus struct {
	Ready int32 `json:"ready"`
}

// WebsiteList is a list of Websites.
type WebsiteList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []Website `json:"items"`
}

// DeepCopyObject implements runtime.Object.
func (w *Website) DeepCopyObject() runtime.Object {
	c := *w
	w.ObjectMeta.DeepCopyInto(&c.ObjectMeta)
	return &c
}

// DeepCopyObject implements runtime.Object.
func (l *WebsiteList) DeepCopyObject() runtime.Object {
	c := *l
	c.Items = make([]Website, len(l.Items))
	for i := range l.Items {
		c.Items[i] = *l.Items[i].DeepCopyObject().(*Website)
	}
	return &c
}

// reconciler makes a Deployment of every Website, and says in its status how many pods are ready.
type reconciler struct{ client.Client }

const finalizer = "house.example/cleanup"

func (r *reconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	site := &Website{}
	if err := r.Get(ctx, req.NamespacedName, site); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if !site.DeletionTimestamp.IsZero() {
		controllerutil.RemoveFinalizer(site, finalizer)
		return ctrl.Result{}, r.Update(ctx, site)
	}
	if controllerutil.AddFinalizer(site, finalizer) {
		if err := r.Update(ctx, site); err != nil {
			return ctrl.Result{}, err
		}
	}
	child := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Name: site.Name, Namespace: site.Namespace}}
	_, err := controllerutil.CreateOrUpdate(ctx, r.Client, child, func() error {
		labels := map[string]string{"site": site.Name}
		child.Spec.Replicas = &site.Spec.Replicas
		child.Spec.Selector = &metav1.LabelSelector{MatchLabels: labels}
		child.Spec.Template.Labels = labels
		if len(child.Spec.Template.Spec.Containers) == 0 {
			child.Spec.Template.Spec.Containers = []corev1.Container{{Name: "web"}}
		}
		child.Spec.Template.Spec.Containers[0].Image = site.Spec.Image
		return controllerutil.SetControllerReference(site, child, r.Scheme())
	})
	if err != nil {
		return ctrl.Result{}, err
	}
	if site.Status.Ready != child.Status.ReadyReplicas {
		site.Status.Ready = child.Status.ReadyReplicas
		return ctrl.Result{}, r.Status().Update(ctx, site)
	}
	return ctrl.Result{}, nil
}

// TestOperator: an operator built on controller-runtime, which speaks protobuf for built-in kinds and JSON for its own.
func TestOperator(t *testing.T) {
	log.SetLogger(logr.Discard())
	require.NoError(t, output(exec.Command(shared.kubectl, "apply", "-f", "testdata/website.yaml", "--kubeconfig", shared.kubeconfig)))
	t.Cleanup(func() {
		require.NoError(t, output(exec.Command(shared.kubectl, "delete", "-f", "testdata/website.yaml", "--kubeconfig", shared.kubeconfig)))
	})
	require.NoError(t, output(exec.Command(shared.kubectl, "wait", "--for=condition=Established", "crd/websites.house.example", "--timeout=10s", "--kubeconfig", shared.kubeconfig)))

	scheme := runtime.NewScheme()
	require.NoError(t, clientgoscheme.AddToScheme(scheme))
	group := schema.GroupVersion{Group: "house.example", Version: "v1"}
	scheme.AddKnownTypes(group, &Website{}, &WebsiteList{})
	metav1.AddToGroupVersion(scheme, group)
	manager, err := ctrl.NewManager(shared.config(t), ctrl.Options{Scheme: scheme, Metrics: server.Options{BindAddress: "0"}, LeaderElection: true,
		LeaderElectionID: "websites.house.example", LeaderElectionNamespace: "default", LeaderElectionReleaseOnCancel: true})
	require.NoError(t, err)
	require.NoError(t, ctrl.NewControllerManagedBy(manager).For(&Website{}).Owns(&appsv1.Deployment{}).Complete(&reconciler{manager.GetClient()}))
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- manager.Start(ctx) }()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-ended)
	})

	c, err := client.New(shared.config(t), client.Options{Scheme: scheme})
	require.NoError(t, err)
	site := &Website{ObjectMeta: metav1.ObjectMeta{Name: "home", Namespace: "default"}, Spec: WebsiteSpec{Image: "nginx:1.27", Replicas: 2}}
	key := client.ObjectKeyFromObject(site)
	eventually := func(t *testing.T, obj client.Object, ok func() bool) {
		t.Helper()
		require.Eventually(t, func() bool { return c.Get(ctx, key, obj) == nil && ok() }, 30*time.Second, 20*time.Millisecond)
	}
	child := &appsv1.Deployment{}

	check(t, "controller-runtime", "an operator makes a Deployment of a custom resource", func(t *testing.T) {
		require.NoError(t, c.Create(ctx, site))
		eventually(t, child, func() bool { return metav1.IsControlledBy(child, site) && *child.Spec.Replicas == 2 })
		eventually(t, site, func() bool { return site.Status.Ready == 2 })
	})
	check(t, "controller-runtime", "a changed spec reaches the child; a changed child is put right", func(t *testing.T) {
		patch := client.MergeFrom(site.DeepCopyObject().(*Website))
		site.Spec.Replicas = 3
		require.NoError(t, c.Patch(ctx, site, patch))
		eventually(t, site, func() bool { return site.Status.Ready == 3 })
		eventually(t, child, func() bool { return true })
		before := child.DeepCopy()
		child.Spec.Template.Spec.Containers[0].Image = "nginx:wrong"
		require.NoError(t, c.Patch(ctx, child, client.MergeFrom(before)))
		eventually(t, child, func() bool { return child.Spec.Template.Spec.Containers[0].Image == "nginx:1.27" })
	})
	check(t, "controller-runtime", "deletion waits for the finalizer and takes the child along", func(t *testing.T) {
		require.NoError(t, c.Delete(ctx, site))
		require.Eventually(t, func() bool {
			return client.IgnoreNotFound(c.Get(ctx, key, site)) == nil && c.Get(ctx, key, site) != nil
		}, 30*time.Second, 20*time.Millisecond)
		// The garbage collector looks for new kinds every 30 seconds, as upstream's does.
		require.Eventually(t, func() bool { return c.Get(ctx, key, child) != nil }, 90*time.Second, 20*time.Millisecond)
	})
}
