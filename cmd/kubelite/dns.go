package main

import (
	"context"
	"log/slog"

	"github.com/spf13/cobra"

	"kubelite/client"
	"kubelite/proxy/dns"
)

func dnsCommand() *cobra.Command {
	cfg := dns.Config{ResolvConf: "/etc/resolv.conf"}
	cmd := clientCommand("dns", "Answer the names of services (upstream: CoreDNS)", always("dns"), func(ctx context.Context, c *client.Client, log *slog.Logger) error {
		cfg.Client, cfg.Logger = c, log
		return dns.Run(ctx, cfg)
	})
	f := cmd.Flags()
	f.StringVar(&cfg.Domain, "cluster-domain", "cluster.local", "domain of the cluster's names")
	f.StringVar(&cfg.Listen, "listen", ":53", "address for questions, over UDP and TCP")
	f.StringVar(&cfg.Ready, "ready", ":8181", "address that answers /ready")
	return cmd
}
