package metrics

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"time"

	"golang.org/x/sync/errgroup"

	"kubelite/api"
	"kubelite/client"
)

// Config is what Run needs.
type Config struct {
	Client *client.Client
	Logger *slog.Logger
	// Listen is the address of the HTTPS server, with the certificate and key in these files.
	Listen            string
	CertFile, KeyFile string
	// Resolution is the time between two readings of each kubelet. Zero: 15 seconds.
	Resolution time.Duration
}

// Run reads and serves until ctx ends.
func Run(ctx context.Context, cfg Config) error {
	if cfg.Resolution == 0 {
		cfg.Resolution = 15 * time.Second
	}
	s := &server{
		cfg: cfg, usage: &usage{nodes: map[string]*history{}},
		nodes: client.NewInformer[*api.Node](cfg.Client, client.InformerOptions{}),
	}
	listener, err := net.Listen("tcp", cfg.Listen)
	if err != nil {
		return fmt.Errorf("listen for the API server: %w", err)
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return s.nodes.Run(ctx) })
	group.Go(func() error { return s.scrapeAll(ctx) })
	group.Go(func() error { return s.serve(ctx, listener) })
	return group.Wait()
}

// scrapeAll reads all kubelets now and then. A node that joins is read when it is seen first.
func (s *server) scrapeAll(ctx context.Context) error {
	if err := s.nodes.WaitForSync(ctx); err != nil {
		return err
	}
	joined := make(chan struct{}, 1)
	s.nodes.OnChange(func(old, node *api.Node, _ int64) {
		if old == nil && node != nil {
			select {
			case joined <- struct{}{}:
			default: // somebody is told already
			}
		}
	})
	tick := time.NewTicker(s.cfg.Resolution)
	defer tick.Stop()
	for {
		s.scrapeOnce(ctx)
		select {
		case <-tick.C:
		case <-joined:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (s *server) scrapeOnce(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, s.cfg.Resolution)
	defer cancel()
	names := map[string]bool{}
	var group errgroup.Group
	group.SetLimit(16)
	for _, node := range s.nodes.List("", nil) {
		names[node.Name] = true
		group.Go(func() error {
			readings, err := scrape(ctx, s.cfg.Client, node.Name)
			if err != nil {
				if ctx.Err() == nil {
					s.cfg.Logger.WarnContext(ctx, "kubelet not read", "node", node.Name, "error", err)
				}
				return nil // the others are read all the same
			}
			s.usage.observe(node.Name, readings)
			return nil
		})
	}
	_ = group.Wait() // none returns an error
	s.usage.keep(names)
}
