//go:build !linux

package proxy

import (
	"context"
	"errors"
	"log/slog"

	"kubelite/api"
)

// FindNetwork fails: packet rules are Linux's. On other systems the proxy runs in Docker's virtual machine.
func FindNetwork(n Network) (Network, error) {
	return n, errors.New("packet rules are written on Linux alone")
}

func forgetStale(Network, *api.Service, []*api.EndpointSlice) error { return nil }

func prepareBridge(context.Context, Network, *slog.Logger) error { return nil }
