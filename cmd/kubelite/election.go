package main

import (
	"os"

	"github.com/spf13/cobra"

	"kubelite/client"
)

// election is what a component is told about the Lease that lets one of several copies work.
type election struct {
	elect bool
	lease client.LeaseConfig
}

func (e *election) flags(cmd *cobra.Command, lease string) {
	cmd.Flags().BoolVar(&e.elect, "leader-elect", true, "work only while holding a Lease, so that one of several copies does")
	cmd.Flags().StringVar(&e.lease.Namespace, "leader-elect-resource-namespace", "kube-system", "namespace of the Lease")
	cmd.Flags().StringVar(&e.lease.Name, "leader-elect-resource-name", lease, "its name")
	cmd.Flags().StringVar(&e.lease.Identity, "leader-elect-identity", identity(), "who holds it: copies on one machine need a name each")
	cmd.Flags().DurationVar(&e.lease.Duration, "leader-elect-lease-duration", client.LeaseDuration, "for how long the others wait for one that does not renew it")
	cmd.Flags().DurationVar(&e.lease.RenewDeadline, "leader-elect-renew-deadline", client.RenewDeadline, "for how long its holder tries to renew it before it stops")
	cmd.Flags().DurationVar(&e.lease.RetryPeriod, "leader-elect-retry-period", client.RetryPeriod, "time between attempts to get or renew it")
}

// config is the Lease, nil for a component that has no other copies.
func (e *election) config() *client.LeaseConfig {
	if !e.elect {
		return nil
	}
	return &e.lease
}

// identity is who holds a leader Lease: this machine. One supervisor runs one process of a component, so a restarted
// one may take the Lease of its predecessor over at once.
func identity() string {
	host, err := os.Hostname()
	if err != nil {
		return "localhost"
	}
	return host
}
