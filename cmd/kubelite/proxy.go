package main

import (
	"context"
	"log/slog"
	"net/netip"

	"github.com/spf13/cobra"

	"kubelite/client"
	"kubelite/proxy"
)

func proxyCommand() *cobra.Command {
	var cfg proxy.Config
	var gateway, pods, services, balancers string
	var clean bool
	cmd := clientCommand("proxy", "Lead packets for services to pods, and enforce network policies (upstream: kube-proxy and a network plugin)", always("proxy"), func(ctx context.Context, c *client.Client, log *slog.Logger) (err error) {
		cfg.Client, cfg.Logger = c, log
		if cfg.Network.Gateway, err = netip.ParseAddr(gateway); err != nil {
			return err
		}
		if cfg.Network.Pods, err = netip.ParsePrefix(pods); err != nil {
			return err
		}
		for _, text := range []string{services, balancers} {
			r, err := netip.ParsePrefix(text)
			if err != nil {
				return err
			}
			cfg.Network.Virtual = append(cfg.Network.Virtual, r)
		}
		if cfg.Network, err = proxy.FindNetwork(cfg.Network); err != nil {
			return err
		}
		return proxy.Run(ctx, cfg)
	})
	run := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if clean {
			return proxy.Clean(cfg.Table)
		}
		return run(cmd, args)
	}
	f := cmd.Flags()
	f.StringVar(&cfg.Table, "table", "kubelite", "name of the tables in the kernel")
	f.StringVar(&gateway, "gateway", "10.244.0.1", "address of this machine on the pods' network")
	f.StringVar(&pods, "cluster-cidr", "10.244.0.0/16", "addresses of pods")
	f.StringVar(&services, "service-cluster-ip-range", "10.96.0.0/16", "addresses of services")
	f.StringVar(&balancers, "load-balancer-range", "10.104.0.0/16", "addresses of load balancers")
	f.StringVar(&cfg.Healthz, "healthz-bind-address", "", "address and port that answer /healthz once the rules are in force")
	f.BoolVar(&clean, "clean", false, "remove the tables and exit")
	return cmd
}
