package main

import (
	"context"
	"log/slog"
	"time"

	"github.com/spf13/cobra"

	"kubelite/client"
	"kubelite/metrics"
)

func metricsCommand() *cobra.Command {
	var cfg metrics.Config
	cmd := clientCommand("metrics-server", "Serve metrics.k8s.io from what the kubelets measure", always("metrics-server"), func(ctx context.Context, c *client.Client, log *slog.Logger) error {
		cfg.Client, cfg.Logger = c, log
		return metrics.Run(ctx, cfg)
	})
	f := cmd.Flags()
	f.StringVar(&cfg.Listen, "listen", "127.0.0.1:10250", "address to serve the API server on")
	f.StringVar(&cfg.CertFile, "tls-cert-file", "", "certificate to serve with")
	f.StringVar(&cfg.KeyFile, "tls-private-key-file", "", "its key")
	f.DurationVar(&cfg.Resolution, "metric-resolution", 15*time.Second, "how often every kubelet is read")
	return cmd
}
