package controllers

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"time"

	"golang.org/x/sync/errgroup"

	"kubelite/api"
	"kubelite/api/tokens"
	"kubelite/client"
)

// Config is what Run needs.
type Config struct {
	Client *client.Client
	Logger *slog.Logger
	// LeaderElect makes Run wait until this process holds the lease kube-system/kube-controller-manager, under the
	// name Identity. Two processes that both create the missing pod would create two.
	LeaderElect bool
	Identity    string
	// RootCA is the certificate, in PEM, that every namespace gets in its ConfigMap kube-root-ca.crt.
	RootCA []byte
	// Autoscaler is how HorizontalPodAutoscalers measure and how fast they react.
	Autoscaler AutoscalerConfig
	// SigningKey is the key of that certificate, in PEM: requests for certificates are signed with it. nil: none are.
	SigningKey []byte
	// TokenKey is the key that the API server signs the tokens of service accounts with: secrets for such tokens are filled by
	// it. nil: none are.
	TokenKey *tokens.Key
	// NodeMonitorGracePeriod is how long a node may be silent before it counts as dead. 0: upstream's 50 seconds.
	NodeMonitorGracePeriod time.Duration
	// VolumeDir is where the directories are that claims of LocalProvisioner get. "": none are made.
	VolumeDir string
	// ClusterCIDRs are the ranges of all pods' addresses, of which each node gets a part: one, or one of each IP family. None:
	// nodes get none. NodeCIDRMaskSize is the length of a part's prefix; 0: 24, or 64 for IPv6.
	ClusterCIDRs     []netip.Prefix
	NodeCIDRMaskSize int
	// ServiceCIDR is where no pod's address may be, for the case that it overlaps the former.
	ServiceCIDR netip.Prefix
	// LoadBalancers is where the addresses of Services of type LoadBalancer come from. The zero range: they get none.
	LoadBalancers netip.Prefix
}

// runner is anything that works until its context ends.
type runner interface {
	Run(ctx context.Context) error
}

// Run starts all loops and returns when they have ended, because ctx ended or one of them could not go on.
//
// The caches fill while the election is still going on: whoever wins starts with a warm copy.
func Run(ctx context.Context, cfg Config) error {
	caches := NewCaches(cfg.Client)
	// Each loop acts on behalf of a service account of its own, which has just the rights that the loop needs. Reading is
	// shared, and done under this process's own name.
	as := func(account string) *client.Client {
		return cfg.Client.As(api.ServiceAccountUser("kube-system", account))
	}
	loops := []runner{
		NewServiceAccountController(as("service-account-controller"), caches, cfg.Logger), // first: no pod starts without it
		NewRootCAPublisher(as("root-ca-cert-publisher"), caches, cfg.RootCA, cfg.Logger),
		NewDeploymentController(as("deployment-controller"), caches, cfg.Logger),
		NewReplicaSetController(as("replicaset-controller"), caches, cfg.Logger),
		NewReplicationControllerController(as("replication-controller"), caches, cfg.Logger),
		NewStatefulSetController(as("statefulset-controller"), caches, cfg.Logger),
		NewDaemonSetController(as("daemon-set-controller"), caches, cfg.Logger),
		NewJobController(as("job-controller"), caches, cfg.Logger),
		NewTTLController(as("ttl-after-finished-controller"), caches, cfg.Logger),
		NewCronJobController(as("cronjob-controller"), caches, cfg.Logger),
		NewHorizontalPodAutoscalerController(as("horizontal-pod-autoscaler"), caches, cfg.Autoscaler, cfg.Logger),
		NewDisruptionController(as("disruption-controller"), caches, cfg.Logger),
		NewStaleDisruptions(as("disruption-controller"), caches, cfg.Logger),
		NewEndpointsController(as("endpoint-controller"), caches, cfg.Logger),
		NewEndpointSliceController(as("endpointslice-controller"), caches, cfg.Logger),
		NewEndpointSliceMirror(as("endpointslicemirroring-controller"), caches, cfg.Logger),
		NewClaimProtection(as("pvc-protection-controller"), caches, cfg.Logger),
		NewVolumeProtection(as("pv-protection-controller"), caches, cfg.Logger),
		NewClaimBinder(as("persistent-volume-binder"), caches, cfg.Logger),
		NewVolumeReclaimer(as("persistent-volume-binder"), caches, cfg.Logger),
		NewEphemeralVolumes(as("ephemeral-volume-controller"), caches, cfg.Logger),
		NewServiceCIDRController(as("service-cidrs-controller"), caches, cfg.Logger),
		NewResourceQuotaController(as("resourcequota-controller"), caches, cfg.Logger),
		NewNodeTaints(as("node-controller"), caches, cfg.Logger),
		NewNodeLabels(as("node-controller"), caches, cfg.Logger),
		NewNodeLifecycle(as("node-controller"), caches, cfg.NodeMonitorGracePeriod, cfg.Logger),
		NewTaintEviction(as("node-controller"), caches, cfg.Logger),
		NewPodGC(as("pod-garbage-collector"), caches, cfg.Logger),
		NewNamespaceController(as("namespace-controller"), caches, cfg.Logger),
		NewClusterRoleAggregator(as("clusterrole-aggregation-controller"), caches, cfg.Logger),
		NewGarbageCollector(as("generic-garbage-collector"), caches, cfg.Logger),
	}
	if len(cfg.SigningKey) > 0 {
		signer, err := NewCertificateSigner(as("certificate-controller"), caches, cfg.RootCA, cfg.SigningKey, cfg.Logger)
		if err != nil {
			return err
		}
		loops = append(loops, signer)
	}
	if len(cfg.ClusterCIDRs) > 0 {
		ipam, err := NewNodeIPAM(as("node-controller"), caches, cfg.ClusterCIDRs, cfg.NodeCIDRMaskSize, cfg.ServiceCIDR, cfg.Logger)
		if err != nil {
			return err
		}
		loops = append(loops, ipam)
	}
	if cfg.TokenKey != nil { // in the process's own name, as in real Kubernetes
		loops = append(loops, NewTokenController(cfg.Client, caches, cfg.TokenKey, cfg.RootCA, cfg.Logger))
	}
	if cfg.VolumeDir != "" {
		loops = append(loops, NewDirectoryProvisioner(as("persistent-volume-binder"), caches, cfg.VolumeDir, cfg.Logger))
	}
	if cfg.LoadBalancers.IsValid() {
		loops = append(loops, NewLoadBalancerController(as("service-controller"), caches, cfg.LoadBalancers, cfg.Logger))
	}
	group, running := errgroup.WithContext(ctx)
	for _, cache := range caches.all {
		group.Go(func() error { return cache.Run(running) })
	}
	lead := func(ctx context.Context) error {
		cfg.Logger.InfoContext(ctx, "controllers started")
		return runAll(ctx, loops)
	}
	group.Go(func() error {
		if !cfg.LeaderElect {
			return lead(running)
		}
		lease := client.LeaseConfig{Namespace: "kube-system", Name: "kube-controller-manager", Identity: cfg.Identity}
		return client.Lead(running, cfg.Client, lease, lead)
	})
	if err := group.Wait(); err != nil && ctx.Err() == nil {
		return fmt.Errorf("controllers: %w", err)
	}
	return nil // whatever a loop returned after ctx ended, it was told to end
}

// runAll runs the loops until ctx ends or the first of them fails, and waits for all.
func runAll(ctx context.Context, loops []runner) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, loop := range loops {
		group.Go(func() error { return loop.Run(ctx) })
	}
	return group.Wait()
}

// tell records in the ledger a decision that writes nothing, for those who ask why nothing happens. The reason is in
// ctx. If the ledger cannot be reached, the loop goes on: what it does matters more than what it says.
func tell(ctx context.Context, c *client.Client, log *slog.Logger, obj api.Object) {
	if err := c.Decide(ctx, obj, nil); err != nil && ctx.Err() == nil {
		log.DebugContext(ctx, "could not record a decision", "kind", api.KindFor(obj).Kind, "namespace", obj.GetObjectMeta().Namespace, "name", obj.GetObjectMeta().Name, "error", err)
	}
}
