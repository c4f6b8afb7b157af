package controllers

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
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
	// Lease makes Run wait until this process holds it: two processes that both create the missing pod would create two. nil:
	// there is no other copy.
	Lease *client.LeaseConfig
	// Controllers says which loops run, by upstream's names. Empty: all.
	Controllers api.ControllerSelection
	// OwnCredentials has the loops act in the name of this process. Otherwise each acts as a service account of its own, which has
	// just the rights that the loop needs; reading is shared, and always done in the process's name.
	OwnCredentials bool
	// RootCA is the certificate, in PEM, that every namespace gets in its ConfigMap kube-root-ca.crt. nil: none does.
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
	// LegacyTokenCleanUpPeriod is after how long without use a token in a secret is forgotten. 0: upstream's year.
	LegacyTokenCleanUpPeriod time.Duration
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

// loop is one of the control loops, by upstream's name. Some that upstream has as one are several here.
type loop struct {
	name string
	runner
}

// Run starts the loops and returns when they have ended, because ctx ended or one of them could not go on.
//
// The caches fill while the election is still going on: whoever wins starts with a warm copy.
func Run(ctx context.Context, cfg Config) error {
	caches := NewCaches(cfg.Client)
	loops, err := newLoops(cfg, caches)
	if err != nil {
		return fmt.Errorf("controllers: %w", err)
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
		return client.Lead(running, cfg.Client, cfg.Lease, lead)
	})
	if err := group.Wait(); err != nil && ctx.Err() == nil {
		return fmt.Errorf("controllers: %w", err)
	}
	return nil // whatever a loop returned after ctx ended, it was told to end
}

// newLoops makes the loops that are to run. Those that are not have been made, too: what they would have to do collects in their
// queues, and nobody looks.
func newLoops(cfg Config, caches *Caches) ([]loop, error) {
	if err := cfg.Controllers.Check(); err != nil {
		return nil, err
	}
	as := func(account string) *client.Client {
		if cfg.OwnCredentials {
			return cfg.Client
		}
		return cfg.Client.As(api.ServiceAccountUser("kube-system", account))
	}
	loops := []loop{
		{"bootstrap-signer-controller", NewBootstrapSigner(as("bootstrap-signer"), caches, cfg.Logger)},
		{"serviceaccount-controller", NewServiceAccountController(as("service-account-controller"), caches, cfg.Logger)}, // first: no pod starts without it
		{"deployment-controller", NewDeploymentController(as("deployment-controller"), caches, cfg.Logger)},
		{"replicaset-controller", NewReplicaSetController(as("replicaset-controller"), caches, cfg.Logger)},
		{"replicationcontroller-controller", NewReplicationControllerController(as("replication-controller"), caches, cfg.Logger)},
		{"statefulset-controller", NewStatefulSetController(as("statefulset-controller"), caches, cfg.Logger)},
		{"daemonset-controller", NewDaemonSetController(as("daemon-set-controller"), caches, cfg.Logger)},
		{"job-controller", NewJobController(as("job-controller"), caches, cfg.Logger)},
		{"ttl-after-finished-controller", NewTTLController(as("ttl-after-finished-controller"), caches, cfg.Logger)},
		{"token-cleaner-controller", NewBootstrapTokenCleaner(as("token-cleaner"), caches, cfg.Logger)},
		{"cronjob-controller", NewCronJobController(as("cronjob-controller"), caches, cfg.Logger)},
		{"horizontal-pod-autoscaler-controller", NewHorizontalPodAutoscalerController(as("horizontal-pod-autoscaler"), caches, cfg.Autoscaler, cfg.Logger)},
		{"disruption-controller", NewDisruptionController(as("disruption-controller"), caches, cfg.Logger)},
		{"disruption-controller", NewStaleDisruptions(as("disruption-controller"), caches, cfg.Logger)},
		{"endpoints-controller", NewEndpointsController(as("endpoint-controller"), caches, cfg.Logger)},
		{"endpointslice-controller", NewEndpointSliceController(as("endpointslice-controller"), caches, cfg.Logger)},
		{"endpointslice-mirroring-controller", NewEndpointSliceMirror(as("endpointslicemirroring-controller"), caches, cfg.Logger)},
		{"persistentvolumeclaim-protection-controller", NewClaimProtection(as("pvc-protection-controller"), caches, cfg.Logger)},
		{"persistentvolume-protection-controller", NewVolumeProtection(as("pv-protection-controller"), caches, cfg.Logger)},
		{"volumeattributesclass-protection-controller", NewAttributesClassProtection(as("volumeattributesclass-protection-controller"), caches, cfg.Logger)},
		{"persistentvolume-binder-controller", NewClaimBinder(as("persistent-volume-binder"), caches, cfg.Logger)},
		{"persistentvolume-binder-controller", NewVolumeReclaimer(as("persistent-volume-binder"), caches, cfg.Logger)},
		{"ephemeral-volume-controller", NewEphemeralVolumes(as("ephemeral-volume-controller"), caches, cfg.Logger)},
		{"resourceclaim-controller", NewResourceClaims(as("resource-claim-controller"), caches, cfg.Logger)},
		{"resourceclaim-controller", NewResourceClaimRelease(as("resource-claim-controller"), caches, cfg.Logger)},
		{"service-cidr-controller", NewServiceCIDRController(as("service-cidrs-controller"), caches, cfg.Logger)},
		{"resourcequota-controller", NewResourceQuotaController(as("resourcequota-controller"), caches, cfg.Logger)},
		{"node-lifecycle-controller", NewNodeTaints(as("node-controller"), caches, cfg.Logger)},
		{"node-lifecycle-controller", NewNodeLabels(as("node-controller"), caches, cfg.Logger)},
		{"node-lifecycle-controller", NewNodeLifecycle(as("node-controller"), caches, cfg.NodeMonitorGracePeriod, cfg.Logger)},
		{"ttl-controller", NewNodeTTL(as("ttl-controller"), caches, cfg.Logger)},
		{"taint-eviction-controller", NewTaintEviction(as("node-controller"), caches, cfg.Logger)},
		{"device-taint-eviction-controller", NewDeviceTaintEviction(as("device-taint-eviction-controller"), caches, cfg.Logger)},
		{"pod-garbage-collector-controller", NewPodGC(as("pod-garbage-collector"), caches, cfg.Logger)},
		{"legacy-serviceaccount-token-cleaner-controller", NewLegacyTokenCleaner(as("legacy-service-account-token-cleaner"), caches, cfg.LegacyTokenCleanUpPeriod, cfg.Logger)},
		{"namespace-controller", NewNamespaceController(as("namespace-controller"), caches, cfg.Logger)},
		{"clusterrole-aggregation-controller", NewClusterRoleAggregator(as("clusterrole-aggregation-controller"), caches, cfg.Logger)},
		{"garbage-collector-controller", NewGarbageCollector(as("generic-garbage-collector"), caches, cfg.Logger)},
	}
	if len(cfg.RootCA) > 0 {
		loops = append(loops, loop{"root-ca-certificate-publisher-controller", NewRootCAPublisher(as("root-ca-cert-publisher"), caches, cfg.RootCA, cfg.Logger)})
	}
	if len(cfg.SigningKey) > 0 {
		signer, err := NewCertificateSigner(as("certificate-controller"), caches, cfg.RootCA, cfg.SigningKey, cfg.Logger)
		if err != nil {
			return nil, err
		}
		loops = append(loops, loop{"certificatesigningrequest-signing-controller", signer})
	}
	if len(cfg.ClusterCIDRs) > 0 {
		ipam, err := NewNodeIPAM(as("node-controller"), caches, cfg.ClusterCIDRs, cfg.NodeCIDRMaskSize, cfg.ServiceCIDR, cfg.Logger)
		if err != nil {
			return nil, err
		}
		loops = append(loops, loop{"node-ipam-controller", ipam})
	}
	if cfg.TokenKey != nil { // in the process's own name, as in real Kubernetes
		loops = append(loops, loop{"serviceaccount-token-controller", NewTokenController(cfg.Client, caches, cfg.TokenKey, cfg.RootCA, cfg.Logger)})
	}
	if cfg.VolumeDir != "" {
		loops = append(loops, loop{"persistentvolume-binder-controller", NewDirectoryProvisioner(as("persistent-volume-binder"), caches, cfg.VolumeDir, cfg.Logger)})
	}
	if cfg.LoadBalancers.IsValid() {
		loops = append(loops, loop{"service-lb-controller", NewLoadBalancerController(as("service-controller"), caches, cfg.LoadBalancers, cfg.Logger)})
	}
	return slices.DeleteFunc(loops, func(l loop) bool { return !cfg.Controllers.Has(l.name) }), nil
}

// runAll runs the loops until ctx ends or the first of them fails, and waits for all.
func runAll(ctx context.Context, loops []loop) error {
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
