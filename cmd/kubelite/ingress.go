package main

import (
	"context"
	"fmt"
	"log/slog"
	"strings"

	"github.com/spf13/cobra"

	"kubelite/api"
	"kubelite/client"
	"kubelite/proxy/ingress"
)

func ingressCommand() *cobra.Command {
	var cfg ingress.Config
	var service string
	cmd := clientCommand("ingress", "Lead HTTP requests from outside to pods, as Ingresses say (upstream: ingress-nginx)", always("ingress"), func(ctx context.Context, c *client.Client, log *slog.Logger) error {
		namespace, name, ok := strings.Cut(service, "/")
		if !ok {
			return fmt.Errorf("--publish-service %q: must be NAMESPACE/NAME", service)
		}
		cfg.Client, cfg.Logger, cfg.Service = c, log, api.Key{Namespace: namespace, Name: name}
		return ingress.Run(ctx, cfg)
	})
	f := cmd.Flags()
	f.StringVar(&cfg.Addresses.HTTP, "http", ":80", "address for plain requests")
	f.StringVar(&cfg.Addresses.HTTPS, "https", ":443", "address for requests over TLS")
	f.StringVar(&cfg.Addresses.Healthz, "healthz-bind-address", ":10254", "address that answers /healthz")
	f.StringVar(&service, "publish-service", "ingress-nginx/ingress-nginx-controller", "service whose addresses Ingresses are reached at")
	f.BoolVar(&cfg.Classless, "watch-ingress-without-class", false, "serve Ingresses without a class, too")
	return cmd
}
