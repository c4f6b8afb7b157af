package main

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	k8slabels "k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"
)

func main() {
	image := flag.String("image", "postgres", "the image of the database without its tag, which is the version")
	probes := flag.String("health-probe-bind-address", ":8081", "where /healthz and /readyz are served")
	metrics := flag.String("metrics-bind-address", "0", "where metrics are served; 0: nowhere")
	namespace := flag.String("leader-election-namespace", "", "where the Lease is, outside a cluster")
	flag.Parse()
	ctrl.SetLogger(logr.FromSlogHandler(slog.NewTextHandler(os.Stderr, nil)))
	if err := run(ctrl.SetupSignalHandler(), *image, *probes, *metrics, *namespace); err != nil {
		fmt.Fprintln(os.Stderr, "database-operator:", err)
		os.Exit(1)
	}
}

// run looks after databases until ctx ends.
func run(ctx context.Context, image, probes, metrics, namespace string) error {
	scheme := runtime.NewScheme()
	if err := clientgoscheme.AddToScheme(scheme); err != nil {
		return err
	}
	addToScheme(scheme)
	// In a pod this is the service account's token, elsewhere $KUBECONFIG or --kubeconfig.
	config, err := ctrl.GetConfig()
	if err != nil {
		return err
	}
	config.UserAgent = manager // who the API server's logs say it was
	mgr, err := ctrl.NewManager(config, ctrl.Options{
		Scheme:                 scheme,
		HealthProbeBindAddress: probes,
		Metrics:                server.Options{BindAddress: metrics},
		// Several may run, and one at a time works: who holds the Lease. It lets go of it when it ends, so the next need not wait.
		LeaderElection:                true,
		LeaderElectionID:              manager,
		LeaderElectionNamespace:       namespace,
		LeaderElectionReleaseOnCancel: true,
		// Secrets of others are none of our business, and should not lie in our memory.
		Cache: cache.Options{ByObject: map[client.Object]cache.ByObject{
			&corev1.Secret{}: {Label: k8slabels.SelectorFromSet(k8slabels.Set{managedBy: manager})},
		}},
	})
	if err != nil {
		return err
	}
	r := &reconciler{Client: mgr.GetClient(), events: mgr.GetEventRecorder(manager), image: image}
	if err := r.watch(mgr); err != nil {
		return err
	}
	if err := mgr.AddHealthzCheck("ping", healthz.Ping); err != nil {
		return err
	}
	if err := mgr.AddReadyzCheck("ping", healthz.Ping); err != nil {
		return err
	}
	return mgr.Start(ctx)
}
