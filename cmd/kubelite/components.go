package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"kubelite/api"
	"kubelite/api/tokens"
	"kubelite/client"
	"kubelite/controllers"
	"kubelite/scheduler"
)

// newLogger writes what a component has to say to stderr, which the cluster's supervisor keeps in a file.
func newLogger(verbose bool) *slog.Logger {
	level := slog.LevelInfo
	if verbose {
		level = slog.LevelDebug
	}
	return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level}))
}

// clientCommand makes the subcommand of a component that is a client of the API server. agent is called when the flags are
// known and tells what the component calls itself.
func clientCommand(use, short string, agent func() string, run func(ctx context.Context, c *client.Client, log *slog.Logger) error) *cobra.Command {
	var kubeconfig string
	var verbose bool
	cmd := &cobra.Command{Use: use, Short: short, Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error {
		cfg, err := client.LoadKubeconfig(kubeconfig, "")
		if err != nil {
			return err
		}
		log := newLogger(verbose)
		cfg.Agent, cfg.Logger, cfg.Multiplex = agent(), log, true
		c, err := client.New(cfg)
		if err != nil {
			return err
		}
		return ended(run(cmd.Context(), c, log))
	}}
	cmd.Flags().StringVar(&kubeconfig, "kubeconfig", "", "how to reach the API server (default: $KUBECONFIG, else ~/.kube/config, else by the service account of the pod)")
	cmd.Flags().BoolVarP(&verbose, "verbose", "v", false, "log every step of every loop")
	return cmd
}

func always(s string) func() string { return func() string { return s } }

// ended drops the error of a context that was cancelled: being told to stop is no failure.
func ended(err error) error {
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

func controllersCommand() *cobra.Command {
	var rootCA, signingKey, tokenKey, volumeDir, balancers, services string
	var pods []string
	var nodeMask int
	var nodeGrace, tokenPeriod time.Duration
	var autoscaler controllers.AutoscalerConfig
	var selection []string
	var election election
	ownAccounts := true
	cmd := clientCommand("controllers", "Run the control loops (upstream: kube-controller-manager)", always("controllers"), func(ctx context.Context, c *client.Client, log *slog.Logger) error {
		var ca, key []byte
		var err error
		if rootCA != "" {
			if ca, err = os.ReadFile(rootCA); err != nil {
				return err
			}
		}
		if signingKey != "" {
			if key, err = os.ReadFile(signingKey); err != nil {
				return err
			}
		}
		var signer *tokens.Key
		if tokenKey != "" {
			if signer, err = tokens.LoadKey("", tokenKey); err != nil {
				return err
			}
		}
		cfg := controllers.Config{
			Client: c, Logger: log, Lease: election.config(),
			Controllers: selection, OwnCredentials: !ownAccounts, RootCA: ca, NodeMonitorGracePeriod: nodeGrace, LegacyTokenCleanUpPeriod: tokenPeriod, SigningKey: key, TokenKey: signer,
			VolumeDir: volumeDir, Autoscaler: autoscaler, NodeCIDRMaskSize: nodeMask,
		}
		for _, text := range pods {
			cidr, err := netip.ParsePrefix(text)
			if err != nil {
				return fmt.Errorf("--cluster-cidr: %w", err)
			}
			cfg.ClusterCIDRs = append(cfg.ClusterCIDRs, cidr)
		}
		if services != "" {
			if cfg.ServiceCIDR, err = netip.ParsePrefix(services); err != nil {
				return fmt.Errorf("--service-cluster-ip-range: %w", err)
			}
		}
		if balancers != "" {
			if cfg.LoadBalancers, err = netip.ParsePrefix(balancers); err != nil {
				return fmt.Errorf("--load-balancer-range: %w", err)
			}
		}
		return controllers.Run(ctx, cfg)
	})
	cmd.Flags().StringVar(&rootCA, "root-ca-file", "", "certificate authority that is published to every namespace (default: none is)")
	cmd.Flags().StringVar(&signingKey, "cluster-signing-key-file", "", "key of that authority, to sign requests for certificates with (default: none are signed)")
	cmd.Flags().StringVar(&tokenKey, "service-account-private-key-file", "", "key that the API server signs tokens with, to fill secrets of type kubernetes.io/service-account-token with (default: none are filled)")
	cmd.Flags().StringVar(&volumeDir, "volume-dir", "", "where the directories of claims with provisioner kubelite.io/local-path are made (default: none are)")
	cmd.Flags().StringSliceVar(&pods, "cluster-cidr", nil, "addresses of all pods, of which each node gets its part: one range, or one of each IP family (default: nodes get none)")
	cmd.Flags().IntVar(&nodeMask, "node-cidr-mask-size", 0, "prefix length of a node's part (default 24 for IPv4, 64 for IPv6)")
	cmd.Flags().StringVar(&services, "service-cluster-ip-range", "", "addresses of services, which no node gets a part of")
	cmd.Flags().StringVar(&balancers, "load-balancer-range", "", "where the addresses of Services of type LoadBalancer come from (default: they get none)")
	cmd.Flags().DurationVar(&autoscaler.SyncPeriod, "horizontal-pod-autoscaler-sync-period", 15*time.Second, "how often autoscalers measure")
	cmd.Flags().DurationVar(&autoscaler.DownscaleStabilization, "horizontal-pod-autoscaler-downscale-stabilization", 5*time.Minute, "for how long the highest recommendation holds, where an autoscaler does not say so itself")
	cmd.Flags().DurationVar(&autoscaler.CPUInitializationPeriod, "horizontal-pod-autoscaler-cpu-initialization-period", 5*time.Minute, "for how long after its start a pod's CPU counts only while it is ready")
	cmd.Flags().DurationVar(&autoscaler.InitialReadinessDelay, "horizontal-pod-autoscaler-initial-readiness-delay", 30*time.Second, "within which time after its start a pod that turns unready counts as never having been ready")
	cmd.Flags().Float64Var(&autoscaler.Tolerance, "horizontal-pod-autoscaler-tolerance", 0.1, "how far from its target a metric may be without anything being done")
	cmd.Flags().DurationVar(&nodeGrace, "node-monitor-grace-period", 50*time.Second, "how long a node may give no sign of life before it counts as dead")
	cmd.Flags().DurationVar(&tokenPeriod, "legacy-service-account-token-clean-up-period", 365*24*time.Hour, "after how long without use a token in a secret that an account lists is made invalid, and then deleted")
	cmd.Flags().StringSliceVar(&selection, "controllers", []string{"*"}, "which loops run: '*' is all, '-NAME' not that one, NAME that one\nAll: "+strings.Join(api.ControllerNames(), ", "))
	cmd.Flags().BoolVar(&ownAccounts, "use-service-account-credentials", true, "have each loop act as a service account of its own, with just its rights; else all of them act as this process")
	election.flags(cmd, "kube-controller-manager")
	return cmd
}

func schedulerCommand() *cobra.Command {
	var election election
	var file string
	var config *scheduler.Configuration
	cmd := clientCommand("scheduler", "Assign pods to nodes (upstream: kube-scheduler)", always("scheduler"), func(ctx context.Context, c *client.Client, log *slog.Logger) error {
		return scheduler.Run(ctx, scheduler.Config{Client: c, Logger: log, Lease: election.config(), Profiles: config})
	})
	cmd.Flags().StringVar(&file, "config", "", "file of kind KubeSchedulerConfiguration: profiles by spec.schedulerName, their plugins and arguments, extenders, and what these flags say")
	election.flags(cmd, "kube-scheduler")
	cmd.PreRunE = func(*cobra.Command, []string) (err error) {
		if file == "" {
			return nil
		}
		if config, err = scheduler.LoadConfiguration(file); err != nil {
			return err
		}
		for name, value := range config.Flags() {
			if value == "" || cmd.Flags().Changed(name) {
				continue // what is said on the command line counts
			}
			if err := cmd.Flags().Set(name, value); err != nil {
				return fmt.Errorf("%s: %w", file, err)
			}
		}
		return nil
	}
	return cmd
}

// examples are what -h shows of each component. The supervisor's log and `ps` have the whole lines of a cluster.
var examples = map[string]string{
	"apiserver":       "kubelite apiserver --listen 127.0.0.1:6443 --data-dir /tmp/store --tls-cert-file api.crt --tls-private-key-file api.key --client-ca-file ca.crt",
	"controllers":     "kubelite controllers --kubeconfig controllers.conf --root-ca-file ca.crt --service-account-private-key-file sa.key",
	"dns":             "kubelite dns --kubeconfig admin.conf",
	"ingress":         "kubelite ingress --kubeconfig admin.conf",
	"kubelet":         "kubelite kubelet --kubeconfig kubelet.conf --node-name node-1 --runtime simulated --root-dir /tmp/node-1",
	"metrics-server":  "kubelite metrics-server --kubeconfig metrics.conf --listen 127.0.0.1:4443 --tls-cert-file metrics.crt --tls-private-key-file metrics.key",
	"proxy":           "kubelite proxy --kubeconfig proxy.conf --cluster-cidr 10.244.0.0/16 --gateway 10.244.0.1",
	"scheduler":       "kubelite scheduler --kubeconfig scheduler.conf",
	"simulated-nodes": "kubelite simulated-nodes --kubeconfig fleet.conf --first 1 --count 1000 --root-dir /tmp/fleet",
}
