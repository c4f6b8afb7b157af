package metrics

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
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
		due:   client.NewQueue("kubelets"),
	}
	s.nodes.OnChange(func(old, node *api.Node, _ int64) {
		switch {
		case old == nil: // of many nodes, some are read at once and others later, and so they go on
			s.due.AddAfter(node.Key(), rand.N(turn(s.nodes.Len())), "node-seen")
		case node == nil:
			s.due.Add(old.Key())
		}
	})
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

const (
	// scrapers is how many kubelets are read side by side.
	scrapers = 16
	// maxReadings is how many kubelets are read a second at most. Every reading costs the API server, which passes it on, more than
	// a kubelet's Lease does: in a cluster of a thousand nodes each is read every 20 seconds.
	maxReadings = 50
	// maxPause is the longest time between two readings of a kubelet that has never answered.
	maxPause = 2 * time.Minute
)

// scrapeAll reads every kubelet when its node is seen first, and then again and again until the node is gone. One that has never
// answered is asked half as often each time: thousands of nodes may be objects without a kubelet.
func (s *server) scrapeAll(ctx context.Context) error {
	return s.due.Run(ctx, scrapers, func(ctx context.Context, key api.Key) error {
		if _, there := s.nodes.Get(key); !there {
			s.usage.forget(key.Name)
			return nil
		}
		pause, began := max(s.cfg.Resolution, turn(s.nodes.Len())), time.Now()
		defer func() { s.due.AddAfter(key, pause-time.Since(began), "metric-resolution") }()
		ctx, cancel := context.WithTimeout(ctx, s.cfg.Resolution)
		defer cancel()
		readings, err := scrape(ctx, s.cfg.Client, key.Name)
		if err != nil {
			s.cfg.Logger.WarnContext(ctx, "kubelet not read", "node", key.Name, "error", err)
			pause = pauseAfter(pause, s.usage.miss(key.Name))
			return nil // it will be asked again
		}
		s.usage.observe(key.Name, readings)
		return nil
	}, s.cfg.Logger)
}

// turn is how long it takes to read the kubelets of so many nodes.
func turn(nodes int) time.Duration { return time.Duration(nodes) * time.Second / maxReadings }

// pauseAfter is how long a kubelet is left alone that has not answered so many times and never before; 0 for one that has.
func pauseAfter(resolution time.Duration, missed int) time.Duration {
	const enough = 8 // doublings
	return min(resolution<<min(max(missed-1, 0), enough), max(maxPause, resolution))
}
